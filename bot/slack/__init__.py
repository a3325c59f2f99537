"""The Slack surface: what it draws and how it talks to Slack."""
