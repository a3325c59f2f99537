"""What time it is: the system's clock, and one that stands still for tests.

Showing a time to a person is the work of `handlers/wording.py`; due times are compared in SQL.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Whatever can tell the time; handed to everything that needs it, never a global."""

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the moment, aware, in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that moves only when told to."""

    def __init__(self, at: datetime) -> None:
        self.set(at)

    def now(self) -> datetime:
        """Return the moment it was set to, in UTC."""
        return self._at

    def set(self, at: datetime) -> None:
        """Show another moment.

        Raises:
            ValueError: the moment has no time zone.
        """
        if at.tzinfo is None:
            message = f"a moment needs a time zone, got {at.isoformat()}"
            raise ValueError(message)
        self._at = at.astimezone(UTC)

    def advance(self, by: timedelta) -> datetime:
        """Move on, and return the new moment."""
        self._at += by
        return self._at
