"""Who a person is on Slack: language, time zone and e-mail, asked once and remembered for a day.

The e-mail needs the scope `users:read.email`; without it Slack leaves it out.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.slack import sending
from bot.surface import DeliveryError, Profile

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

log = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds that an answer may wait for a profile
_FRESH = 24 * 3600.0
_RETRY = 600.0  # seconds until a person is asked for again of whom nothing was learnt
_MANY = 10_000


class Profiles:
    """The profiles of one workspace."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._known: dict[str, tuple[float, Profile]] = {}

    async def get(self, client: AsyncWebClient, user: str) -> Profile:
        """Return what is known of a person; an empty profile where Slack does not answer soon."""
        until, profile = self._known.get(user, (0.0, Profile()))
        now = self._monotonic()
        if now < until:
            return profile
        if len(self._known) >= _MANY:
            self._known.clear()
        try:
            async with asyncio.timeout(PATIENCE):
                call = client.users_info(user=user, include_locale=True)
                found = _profile((await sending.call(call))["user"])
        except (DeliveryError, aiohttp.ClientError, TimeoutError) as error:
            log.info("profile not read reason=%s", type(error).__name__)
            self._known[user] = now + _RETRY, profile
            return profile
        self._known[user] = now + _FRESH, found
        return found


def _profile(user: dict[str, Any]) -> Profile:
    return Profile(
        language=user.get("locale") or "",
        time_zone=user.get("tz") or "",
        email=(user.get("profile") or {}).get("email") or "",
    )
