"""The Telegram surface: what it draws and how it talks to Telegram."""
