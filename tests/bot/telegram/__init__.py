"""Tests of the surface on Telegram."""
