"""The terminal surface: what it draws and how it reads lines."""
