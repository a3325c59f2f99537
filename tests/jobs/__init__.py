"""Tests of the jobs, each run against a real store."""
