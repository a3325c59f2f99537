"""Tests of the queries and of the tables that keep promises."""
