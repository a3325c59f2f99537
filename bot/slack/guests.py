"""Guests of the workspace: people from outside whom Slack lets into some of its channels.

They are read from the list of its people at the start and every hour: whoever became a guest since then is noticed
within the hour.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from bot.slack.known import Known
from bot.surface import DeliveryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from bot.slack.events import Body

log = logging.getLogger(__name__)

_FRESH = 3600.0  # seconds between two readings of the list
_RETRY = 60.0  # seconds until a list that could not be read is asked for again
_PAGE = 1_000  # people in one answer, the most that Slack gives


class Guests:
    """The guests of one workspace; `ask` makes one reading call to the Web API."""

    def __init__(self, ask: Callable[[str, Body], Awaitable[Body]]) -> None:
        self._ask = ask
        self._guests: frozenset[str] = frozenset()
        self._read = asyncio.Event()
        self._channels = Known(self._has_one)

    async def watch(self) -> None:
        """Read who is a guest, again and again."""
        while True:
            try:
                people = [one async for one in self._all("users.list", {}, "members")]
            except (DeliveryError, TimeoutError) as error:
                log.warning("guests not known reason=%s", type(error).__name__)
                await asyncio.sleep(max(_RETRY, getattr(error, "retry_after", None) or 0.0))
                continue
            self._guests = frozenset(one["id"] for one in people if _is_guest(one))
            self._channels.forget()
            self._read.set()
            await asyncio.sleep(_FRESH)

    async def are_in(self, channel: str) -> bool | None:
        """Tell whether a guest reads along in a channel; None while it cannot be known."""
        return await self._channels.get(channel)

    def stop(self) -> None:
        """Ask nothing more."""
        self._channels.stop()

    async def _has_one(self, channel: str) -> bool:
        await self._read.wait()
        if not self._guests:
            return False
        members = self._all("conversations.members", {"channel": channel}, "members")
        async for member in members:
            if member in self._guests:
                return True
        return False

    async def _all(self, method: str, arguments: Body, name: str) -> AsyncIterator[Any]:
        cursor = ""
        while True:
            page = await self._ask(method, {**arguments, "limit": _PAGE, "cursor": cursor})
            for one in page[name]:
                yield one
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return


def _is_guest(person: Body) -> bool:
    return bool(person.get("is_restricted") or person.get("is_ultra_restricted"))
