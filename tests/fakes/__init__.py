"""Local servers that stand where Slack and Telegram stand; no part of Rapport is faked here."""
