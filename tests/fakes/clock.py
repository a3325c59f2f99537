"""A clock that a test turns by hand, for the fakes and for Rapport alike."""

from __future__ import annotations

from dataclasses import dataclass

NOON = 1_790_000_000.0


@dataclass
class Hands:
    """Gives `now` in seconds since 1970; a test adds to it."""

    now: float = NOON

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now
