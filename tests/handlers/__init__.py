"""Tests of the commands, as people would use them."""
