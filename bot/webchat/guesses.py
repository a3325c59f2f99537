"""How often somebody may try a code that does not sign in: counted per network address, in memory.

A code has 40 bits and lives for 15 minutes, so this is about noise more than about luck. What a
code is stands in `crm_store/users.py`.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta

LIMIT = 10
WINDOW = timedelta(minutes=15)
_ADDRESSES = 10_000  # remembered at once; the one that was quiet for longest is forgotten


class Guesses:
    """The wrong codes of one process."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, deque[datetime]] = OrderedDict()

    def exhausted(self, address: str, now: datetime) -> bool:
        """Tell whether an address has had its ten tries within 15 minutes."""
        wrong = self._wrong.get(address, deque())
        while wrong and wrong[0] <= now - WINDOW:
            wrong.popleft()
        return len(wrong) >= LIMIT

    def note(self, address: str, now: datetime) -> None:
        """Count a wrong code."""
        self._wrong.setdefault(address, deque()).append(now)
        self._wrong.move_to_end(address)
        if len(self._wrong) > _ADDRESSES:
            self._wrong.popitem(last=False)
