"""Tests, in files named after what they test; the fakes of the platforms are in `tests/fakes/`."""
