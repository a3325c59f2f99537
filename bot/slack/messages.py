"""Messages in Slack: posted, put in the place of others, looked up, with a picture beside them.

What they say is drawn in `bot/slack/render.py`; the calls themselves are made in `bot/slack/sending.py`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from bot import charts
from bot.slack import sending
from bot.slack.events import PLATFORM
from bot.surface import DeliveryError, Sent
from crm_store.addresses import Address

if TYPE_CHECKING:
    import aiohttp
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.slack.events import Destination
    from bot.slack.render import SlackMessage
    from handlers.reply import Chart

log = logging.getLogger(__name__)


class Messages:
    """The messages of one workspace."""

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self._client = client
        self._session = session
        self._direct: dict[str, str] = {}

    async def put(
        self, to: Destination, message: SlackMessage, *, key: str, swap: bool, again: bool
    ) -> Sent | None:
        """Answer where a person asked, in the place of a message or beside it; where we may not, in private."""
        if to.response_url:
            return await self._respond(to, message, swap=swap)
        try:
            if swap and to.message and await self._replace(to, message):
                return Sent(to.message, to.address)
            return await self._once(to.address, message, key, again=again)
        except DeliveryError as error:
            if not error.permanent or error.refused:
                raise
            log.info("answered in private reason=%s", error.reason)
            return await self._once(Address(PLATFORM, to.user), message, key, again=again)

    async def post(self, place: Address, message: SlackMessage, key: str) -> Sent:
        """Post one message; a user's id as the chat means the direct message with them."""
        channel = await self.channel(place.chat)
        answer = await sending.call(
            self._client.chat_postMessage(
                channel=channel,
                thread_ts=place.thread or None,
                text=message.text,
                blocks=message.blocks,
                mrkdwn=False,
                metadata=sending.metadata(key) if key else None,
                link_names=False,
                parse="none",
                unfurl_links=False,
                unfurl_media=False,
            )
        )
        return Sent(str(answer["ts"]), Address(PLATFORM, channel, place.thread))

    async def update(self, channel: str, ts: str, message: SlackMessage) -> None:
        """Put a message in the place of another."""
        await sending.call(
            self._client.chat_update(
                channel=channel, ts=ts, text=message.text, blocks=message.blocks, parse="none"
            )
        )

    async def find(self, place: Address, key: str) -> Sent | None:
        """Look a message up by the key it was posted with."""
        channel = await self.channel(place.chat)
        ts = await sending.find(self._client, channel, place.thread, key)
        return Sent(ts, Address(PLATFORM, channel, place.thread)) if ts else None

    async def upload(self, chart: Chart, place: Address, language: str) -> None:
        """Show a chart below a message; whatever fails, the numbers are in the message already."""
        (outcome,) = await asyncio.gather(
            self._upload(chart, place, language), return_exceptions=True
        )
        if isinstance(outcome, DeliveryError | TimeoutError):
            log.warning("chart not uploaded reason=%s", getattr(outcome, "reason", "no answer"))
        elif outcome is not None:
            log.error("bug in a chart", exc_info=outcome)

    async def channel(self, chat: str) -> str:
        """Return the conversation behind an address, opened where it is a person."""
        if not chat.startswith(("U", "W")):
            return chat
        if chat not in self._direct:
            opened = await sending.call(self._client.conversations_open(users=chat))
            self._direct[chat] = opened["channel"]["id"]
        return self._direct[chat]

    async def _once(self, place: Address, message: SlackMessage, key: str, *, again: bool) -> Sent:
        found = await self.find(place, key) if again else None
        return found or await self.post(place, message, key)

    async def _replace(self, to: Destination, message: SlackMessage) -> bool:
        """Put an answer in the place of a message; False where Slack lets nobody change that one any more."""
        try:
            await self.update(to.channel, to.message, message)
        except DeliveryError as error:
            if error.reason not in sending.FIXED:
                raise
            log.info("not replaced reason=%s", error.reason)
            return False
        return True

    async def _respond(self, to: Destination, message: SlackMessage, *, swap: bool) -> Sent | None:
        payload = {"text": message.text, "blocks": message.blocks, "replace_original": swap}
        try:
            await sending.respond(
                self._session, to.response_url, payload | {"response_type": "ephemeral"}
            )
        except DeliveryError as error:
            if not error.permanent:
                raise
            # Used five times or older than half an hour: the same answer in private.
            return await self.post(Address(PLATFORM, to.user), message, "")
        return None

    async def _upload(self, chart: Chart, place: Address, language: str) -> None:
        picture = await asyncio.to_thread(charts.png, chart, language)
        async with asyncio.timeout(sending.TIMEOUT):
            await sending.call(
                self._client.files_upload_v2(
                    channel=await self.channel(place.chat),
                    thread_ts=place.thread or None,
                    content=picture,
                    filename="chart.png",
                    title=chart.title,
                    alt_txt=chart.title,
                )
            )
