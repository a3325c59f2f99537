"""Tests of customers who write to the bot on Telegram, and of the groups where they are answered."""
