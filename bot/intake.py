"""How much somebody whom nobody knows may ask for: their answers are counted and then end.

Colleagues are never held off. What is said and whom it concerns is decided in `bot/router.py`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bot.pacing import Window

if TYPE_CHECKING:
    from collections.abc import Callable

# Enough to ask for help and mistype a code some times; a code has far too many values to be guessed so.
PER_MINUTE = 10
_MINUTE = 60.0
_MANY = 10_000


class Intake:
    """The answers of the last minute by person, in this process; `monotonic` gives seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._windows: dict[tuple[str, str], Window] = {}
        self._told: set[tuple[str, str]] = set()

    def take(self, who: tuple[str, str]) -> bool:
        """Count an answer and return whether it is within the limit."""
        now = self._monotonic()
        if who not in self._windows and len(self._windows) >= _MANY:
            self._windows = {k: w for k, w in self._windows.items() if not w.is_idle(now)}
            self._told &= self._windows.keys()
        window = self._windows.setdefault(who, Window(PER_MINUTE, _MINUTE))
        if window.open_in(now):
            return False
        window.take(now)
        self._told.discard(who)
        return True

    def tell(self, who: tuple[str, str]) -> bool:
        """Hold somebody off, and return whether they have to be told so: once."""
        first = who not in self._told
        self._told.add(who)
        return first

    def is_shut(self, who: tuple[str, str]) -> bool:
        """Return whether somebody was told and must wait still, so that nothing need be kept."""
        window = self._windows.get(who)
        return bool(window and who in self._told and window.open_in(self._monotonic()))
