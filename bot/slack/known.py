"""What Slack was asked about channels, kept for a while: an event cannot wait for every answer.

What is asked stands in `bot/slack/channels.py` and `bot/slack/guests.py`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from bot.surface import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

KEPT = 600.0  # seconds: a channel may be shared, and people may join it, at any time
RETRY = 30.0  # seconds until Slack is asked again after it failed, or while it still answers
PATIENCE = 0.8  # seconds, of the three in which an event has to be acknowledged


class Known:
    """Yes or no for each channel; `find` asks Slack about one."""

    def __init__(self, find: Callable[[str], Awaitable[bool]]) -> None:
        self._find = find
        # With the moment until which it is taken to be so; None: it cannot be known.
        self._found: dict[str, tuple[bool | None, float]] = {}
        self._finding: dict[str, asyncio.Task[None]] = {}

    async def get(self, channel: str) -> bool | None:
        """Return what is known of a channel, soon: what was known before while Slack does not say, None if nothing."""
        before, until = self._found.get(channel, (None, 0.0))
        if time.monotonic() < until:
            return before
        if channel not in self._finding:
            self._finding[channel] = asyncio.create_task(self._ask(channel, before))
        done, _open = await asyncio.wait([self._finding[channel]], timeout=PATIENCE)
        if not done:
            # It goes on, and its answer is kept for the next time.
            self._found[channel] = before, time.monotonic() + RETRY
        return self._found.get(channel, (before, 0.0))[0]

    def note(self, channel: str, found: bool) -> None:  # noqa: FBT001 - it is the thing known
        """Keep what was said without being asked for."""
        self._found[channel] = found, time.monotonic() + KEPT

    def forget(self) -> None:
        """Ask about every channel anew."""
        self._found.clear()

    def stop(self) -> None:
        """Ask nothing more."""
        for task in self._finding.values():
            task.cancel()

    async def _ask(self, channel: str, before: bool | None) -> None:  # noqa: FBT001 - as in `note`
        try:
            self.note(channel, await self._find(channel))
        except (TimeoutError, DeliveryError) as error:
            log.warning("channel not known reason=%s", getattr(error, "reason", "no answer"))
            pause = max(RETRY, getattr(error, "retry_after", None) or 0.0)
            self._found[channel] = before, time.monotonic() + pause
        finally:
            del self._finding[channel]
