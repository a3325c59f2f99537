"""Slack as a surface, over HTTP or Socket Mode: every event is kept before it is acknowledged.

What an event means is read in `bot/slack/events.py`, replies are drawn in `bot/slack/render.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot import charts
from bot.config import Config
from bot.slack import events, sending
from bot.slack.events import Body, Destination
from bot.slack.profiles import Profiles
from bot.slack.render import SlackMessage, render, render_form
from bot.surface import DeliveryError, Incoming, Profile, Sent
from crm_store.addresses import Address
from crm_store.store import StoreUnavailable
from handlers.reply import Action, Chart, Reply
from handlers.wording import _, speaking

log = logging.getLogger(__name__)

_RECONNECT = 10.0  # seconds between attempts to reach Slack at the start

Receive = Callable[[str, str, str, Body], Awaitable[bool]]


class Slack:
    """One workspace."""

    name = events.PLATFORM
    can_look_up = True

    def __init__(self, config: Config, receive: Receive, shorten: Callable[[str], str]) -> None:
        self._config = config.slack
        self._secrets = config.secrets
        self._receive = receive
        self._shorten = shorten
        self._bot_user = ""
        self._direct: dict[str, str] = {}
        self._profiles = Profiles()
        self._tasks: set[asyncio.Task[None]] = set()
        self._handler: AsyncSocketModeHandler | None = None
        self.routes: Sequence[BaseRoute] = ()
        if self._config.mode == "http":
            self.routes = (Route("/slack/events", self._posted, methods=["POST"]),)

    async def start(self) -> None:
        """Connect; a Slack that is away is tried again in the background."""
        token = self._secrets.slack_bot_token
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sending.TIMEOUT))
        self.client = sending.client(
            token.reveal() if token else "", self._config.api_base_url, self._session
        )
        self._bolt = self._application()
        if not await self._connect():
            task = asyncio.create_task(self._connect_for_ever())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Disconnect."""
        for task in list(self._tasks):
            task.cancel()
        if self._handler:
            await self._handler.close_async()  # type: ignore[no-untyped-call]
        await self._session.close()

    def read(self, body: Body) -> Incoming | None:
        """Return what a kept event means."""
        return events.read(body, body.get("rapport_bot", ""), self._config.commands)

    async def profile(self, sender: str) -> Profile:
        """Return language, time zone and e-mail of a person, from memory where they were asked for."""
        return await self._profiles.get(self.client, sender)

    async def answer(
        self, body: Body, reply: Reply, *, language: str, zone: str, again: bool
    ) -> Sent | None:
        """Answer where the person asked; a form opens as a modal while Slack still allows it."""
        to = events.destination(body)
        with speaking(language, zone):
            if reply.form and not again and await self._open_modal(body, reply, to):
                return None
            reply = _fillable(reply)
            message = await asyncio.to_thread(render, reply, self._shorten)
            swap = reply.replaces and events.replaces(body)
            sent = await self._put(body, to, message, swap=swap, again=again)
            if message.chart:
                await self._upload(message.chart, to, language)
        return sent

    async def send(  # noqa: PLR0913 - the protocol of the surfaces
        self, address: Address, reply: Reply, *, key: str, language: str, zone: str, again: bool
    ) -> Sent:
        """Post one message; a user's id as the chat means the direct message with them."""
        del again  # delivery has looked the key up before
        channel = await self._channel(address.chat)
        with speaking(language, zone):
            message = await asyncio.to_thread(render, _fillable(reply), self._shorten)
            ts = await self._post(channel, address.thread, message, key)
            if message.chart:
                await self._upload(
                    message.chart, Destination(channel, address.thread, ""), language
                )
        return Sent(ts, Address(self.name, channel, address.thread))

    async def find(self, address: Address, key: str) -> Sent | None:
        """Look a message up by the key it was posted with."""
        channel = await self._channel(address.chat)
        ts = await sending.find(self.client, channel, address.thread, key)
        return Sent(ts, Address(self.name, channel, address.thread)) if ts else None

    async def edit(self, sent: Sent, reply: Reply, *, language: str, zone: str) -> Sent:
        """Put a reply in the place of a message."""
        with speaking(language, zone):
            message = await asyncio.to_thread(render, _fillable(reply), self._shorten)
        await self._update(sent.address.chat, sent.message_id, message)
        return sent

    def _application(self) -> AsyncApp:
        # Functions, not methods: Bolt reads the names of their parameters.
        async def authorize() -> AuthorizeResult:
            # Known without asking Slack: an acknowledgement must not wait for the network.
            return AuthorizeResult(enterprise_id=None, team_id=None, bot_user_id=self._bot_user)

        async def keep(body: Body) -> BoltResponse:
            return await self._keep(body)

        bolt_log = logging.getLogger("slack_bolt.rapport")
        bolt_log.setLevel(logging.ERROR)
        bolt = AsyncApp(
            logger=bolt_log,
            client=self.client,
            authorize=authorize,
            request_verification_enabled=False,
            ignoring_self_events_enabled=False,
        )
        bolt.middleware(keep)
        return bolt

    async def _keep(self, body: Body) -> BoltResponse:
        """Keep the event, then let Bolt acknowledge it; what cannot be kept is not acknowledged."""
        if not self._bot_user and body.get("type") == "event_callback":
            # Who is mentioned cannot be told yet; Slack sends the event again.
            return BoltResponse(status=503)
        try:
            incoming = events.read(body, self._bot_user, self._config.commands)
        except events.MALFORMED as error:
            log.warning("event not understood reason=%s", type(error).__name__)
            return BoltResponse(status=200)
        if incoming is None:
            return BoltResponse(status=200)
        kept = body | {"rapport_bot": self._bot_user}
        try:
            await self._receive(self.name, incoming.key, incoming.sender, kept)
        except StoreUnavailable:
            return self._not_kept(body)
        return BoltResponse(status=200)

    def _not_kept(self, body: Body) -> BoltResponse:
        if "command" in body:
            # A slash command is never sent again, so the person has to be told at once.
            with speaking("en", "UTC"):
                text = _(
                    "I cannot reach my store right now; nothing was done. Please try again soon."
                )
            return BoltResponse(status=200, body={"response_type": "ephemeral", "text": text})
        return BoltResponse(status=503)

    async def _posted(self, request: Request) -> Response:
        raw = await request.body()
        if not self._is_signed(raw, request):
            return Response(status_code=401)
        text = raw.decode()
        if not events.is_event(text, request.headers.get("content-type", "")):
            return Response(status_code=400)
        try:
            bolt_request = AsyncBoltRequest(body=text, headers=dict(request.headers))
            events.read(bolt_request.body, self._bot_user, self._config.commands)
            answer = await self._bolt.async_dispatch(bolt_request)
        except events.MALFORMED as error:
            log.warning("event not understood reason=%s", type(error).__name__)
            return Response(status_code=400)
        return Response(answer.body, answer.status, headers=dict(answer.first_headers()))

    def _is_signed(self, raw: bytes, request: Request) -> bool:
        secret = self._secrets.slack_signing_secret
        stamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        # slack_sdk raises instead of refusing when one of these is not plain ASCII of the right form.
        if not secret or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):  # noqa: PLR2004
            return False
        try:
            return SignatureVerifier(secret.reveal()).is_valid(raw.decode(), stamp, signature)
        except (UnicodeDecodeError, TypeError):
            return False

    async def _connect_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_RECONNECT)
            if await self._connect():
                return

    async def _connect(self) -> bool:
        try:
            me = await sending.call(self.client.auth_test())
            self._bot_user = me["user_id"]
            if self._config.mode == "socket":
                await self._connect_socket()
        except (DeliveryError, aiohttp.ClientError, TimeoutError) as error:
            reason = error.reason if isinstance(error, DeliveryError) else type(error).__name__
            log.warning("slack not reached reason=%s", reason)
            return False
        log.info("slack connected mode=%s", self._config.mode)
        return True

    async def _connect_socket(self) -> None:
        token = self._secrets.slack_app_token
        if self._handler is None:
            self._handler = AsyncSocketModeHandler(self._bolt, token.reveal() if token else "")
        await self._handler.connect_async()  # type: ignore[no-untyped-call]

    async def _open_modal(self, body: Body, reply: Reply, to: Destination) -> bool:
        if reply.form is None or "trigger_id" not in body:
            return False
        view = render_form(reply.form, "")
        view["private_metadata"] = events.modal_metadata(reply.form.command, to)
        try:
            await sending.call(self.client.views_open(trigger_id=body["trigger_id"], view=view))
        except DeliveryError as error:
            # Too late or unclear: the card with a button gives a fresh trigger.
            log.info("modal not opened reason=%s", error.reason)
            return False
        return True

    async def _put(
        self, body: Body, to: Destination, message: SlackMessage, *, swap: bool, again: bool
    ) -> Sent | None:
        if to.response_url:
            return await self._respond(to, message, swap=swap)
        if swap and to.message:
            await self._update(to.channel, to.message, message)
            return Sent(to.message, to.address)
        key = f"answer:{events.key_of(body)}"
        ts = await sending.find(self.client, to.channel, to.thread, key) if again else None
        return Sent(ts or await self._post(to.channel, to.thread, message, key), to.address)

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
            channel = await self._channel(to.user)
            ts = await self._post(channel, "", message, "")
            return Sent(ts, Address(self.name, channel))
        return None

    async def _post(self, channel: str, thread: str, message: SlackMessage, key: str) -> str:
        answer = await sending.call(
            self.client.chat_postMessage(
                channel=channel,
                thread_ts=thread or None,
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
        return str(answer["ts"])

    async def _update(self, channel: str, ts: str, message: SlackMessage) -> None:
        await sending.call(
            self.client.chat_update(
                channel=channel, ts=ts, text=message.text, blocks=message.blocks, parse="none"
            )
        )

    async def _upload(self, chart: Chart, to: Destination, language: str) -> None:
        picture = await asyncio.to_thread(charts.png, chart, language)
        channel = await self._channel(to.user) if to.response_url else to.channel
        thread = "" if to.response_url else to.thread
        try:
            await sending.call(
                self.client.files_upload_v2(
                    channel=channel,
                    thread_ts=thread or None,
                    content=picture,
                    filename="chart.png",
                    title=chart.title,
                    alt_txt=chart.title,
                )
            )
        except DeliveryError as error:
            # The numbers are in the message already; a missing picture is no reason to send it again.
            log.warning("chart not uploaded reason=%s", error.reason)

    async def _channel(self, chat: str) -> str:
        if not chat.startswith(("U", "W")):
            return chat
        if chat not in self._direct:
            opened = await sending.call(self.client.conversations_open(users=chat))
            self._direct[chat] = opened["channel"]["id"]
        return self._direct[chat]


def _fillable(reply: Reply) -> Reply:
    """Put a button on a form that could not be opened as a modal: pressing it opens it."""
    if reply.form is None:
        return reply
    from handlers.command import commands

    values = {field.name: field.value for field in reply.form.fields if field.value}
    asks = commands().get(reply.form.command)
    fill = Action(_("Fill in"), asks.line(values) if asks else reply.form.command)
    return replace(reply, actions=(fill, *reply.actions))
