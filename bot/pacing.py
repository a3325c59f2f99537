"""How fast messages may leave: the limits of each platform, kept exactly for every window of time.

What happens when a platform says "too fast" all the same stands in `bot/delivery.py`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crm_store.addresses import Address

# messages and seconds. Slack: 1 per second and channel (docs.slack.dev/apis/web-api/rate-limits);
# Telegram: 1 per second and chat, 20 per minute and group, about 30 per second in all
# (core.telegram.org/bots/faq); 25 leaves room for answers, which are not paced.
_PER_CHAT = {"slack": ((1, 1.0),), "telegram": ((1, 1.0),)}
_PER_GROUP = {"telegram": ((20, 60.0),)}
_PER_PLATFORM = {"telegram": ((25, 1.0),)}
_MANY = 10_000


class Window:
    """At most `limit` messages in any span of `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._times: deque[float] = deque(maxlen=limit)

    def open_in(self, now: float) -> float:
        """Return in how many seconds the next message may leave, 0 for at once."""
        if len(self._times) < self._limit:
            return 0.0
        return max(0.0, self._times[0] + self._seconds - now)

    def is_idle(self, now: float) -> bool:
        """Tell whether nothing left within the last `seconds`."""
        return not self._times or self._times[-1] + self._seconds <= now

    def take(self, now: float) -> None:
        """Count a message that is about to leave."""
        self._times.append(now)

    def leave(self, now: float) -> None:
        """Count the message taken last from the moment it really leaves."""
        self._times[-1] = now


class Paces:
    """The windows of every platform and chat; moments are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._windows: dict[str, list[Window]] = {}

    def take(self, address: Address, now: float) -> bool:
        """Count a message to `address` if it may leave now, and return whether it may."""
        windows = [*self._platform(address), *self._chat(address)]
        if any(window.open_in(now) for window in windows):
            return False
        for window in windows:
            window.take(now)
        return True

    def leave(self, address: Address, now: float) -> None:
        """Count the message that was taken for a chat from now on, as it leaves only now."""
        for window in self._chat(address):
            window.leave(now)

    def forget_idle(self, now: float) -> None:
        """Drop the chats that are free again once there are very many."""
        if len(self._windows) > _MANY:
            kept = {k: v for k, v in self._windows.items() if not all(w.is_idle(now) for w in v)}
            self._windows = kept

    def _platform(self, address: Address) -> list[Window]:
        limits = _PER_PLATFORM.get(address.platform, ())
        return self._get(address.platform, limits)

    def _chat(self, address: Address) -> list[Window]:
        limits: tuple[tuple[int, float], ...] = _PER_CHAT.get(address.platform, ())
        if address.chat.startswith("-"):
            limits += _PER_GROUP.get(address.platform, ())
        return self._get(f"{address.platform}:{address.chat}", limits)

    def _get(self, bucket: str, limits: tuple[tuple[int, float], ...]) -> list[Window]:
        if bucket not in self._windows:
            self._windows[bucket] = [Window(*limit) for limit in limits]
        return self._windows[bucket]
