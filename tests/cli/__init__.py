"""Tests of the `rapport` command line."""
