"""What is known of channels: whether people from outside the company read along."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from bot.surface import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.slack.events import Body

log = logging.getLogger(__name__)

_KEPT = 600.0  # seconds: a channel may be shared at any time
_PATIENCE = 1.0  # seconds, of the three in which an event has to be acknowledged


class Channels:
    """The channels of one workspace; `info` asks Slack about one."""

    def __init__(self, info: Callable[[str], Awaitable[Body]]) -> None:
        self._info = info
        self._shared: dict[str, tuple[bool, float]] = {}

    async def is_shared(self, channel: str, said: object = None) -> bool:
        """Tell whether others than the company's own people are in a channel; yes while it cannot be known.

        `said` is what the event says of it itself: true or false.
        """
        if isinstance(said, bool):
            self._shared[channel] = said, time.monotonic()
        known = self._shared.get(channel)
        if known and time.monotonic() - known[1] < _KEPT:
            return known[0]
        try:
            async with asyncio.timeout(_PATIENCE):
                found = (await self._info(channel))["channel"]
        except (TimeoutError, DeliveryError) as error:
            log.warning("channel not known reason=%s", type(error).__name__)
            return True
        shared = bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared"))
        self._shared[channel] = shared, time.monotonic()
        return shared
