"""Tests of the surface on Slack."""
