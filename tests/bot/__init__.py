"""Tests of the bot package; replies.py has the strategies that others reuse."""
