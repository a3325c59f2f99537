"""What is known of channels: whether people from outside the company read along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.slack.known import Known

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.slack.events import Body


class Channels:
    """The channels of one workspace; `ask` makes one reading call to the Web API."""

    def __init__(self, ask: Callable[[str, Body], Awaitable[Body]]) -> None:
        self._ask = ask
        self._shared = Known(self._find)

    async def is_shared(self, channel: str, said: object = None) -> bool | None:
        """Tell whether others than the company's own people are in a channel; None when it cannot be known.

        `said` is what the event says of it itself: true or false.
        """
        if isinstance(said, bool):
            self._shared.note(channel, said)
        return await self._shared.get(channel)

    def stop(self) -> None:
        """Ask nothing more."""
        self._shared.stop()

    async def _find(self, channel: str) -> bool:
        found = (await self._ask("conversations.info", {"channel": channel}))["channel"]
        return bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared"))
