"""Slack as a surface, over HTTP or Socket Mode: every event is kept before it is acknowledged.

What an event means is read in `bot/slack/events.py`, replies are drawn in `bot/slack/render.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot import charts
from bot.config import Config
from bot.lookups import Lookups
from bot.slack import events, forms, home, previews, sending
from bot.slack.agent import Agent
from bot.slack.channels import Channels
from bot.slack.events import Body, Destination
from bot.slack.guests import Guests
from bot.slack.modals import Modals
from bot.slack.profiles import Profiles
from bot.slack.render import SlackMessage, render
from bot.surface import DeliveryError, Incoming, Profile, Sent
from crm_store.addresses import Address
from crm_store.models import Role
from crm_store.store import StoreUnavailable
from handlers.forms import opens_form
from handlers.reply import Chart, Reply
from handlers.wording import _, speaking

log = logging.getLogger(__name__)

_CHECK = 1.0  # seconds for what a person waits for: mistakes in a form, suggestions while typing
_RECONNECT = 10.0  # seconds between attempts to reach Slack at the start

T = TypeVar("T")
Receive = Callable[[str, str, str, Body], Awaitable[bool]]


class Slack:
    """One workspace."""

    name = events.PLATFORM
    can_look_up = True

    def __init__(
        self, config: Config, receive: Receive, shorten: Callable[[str], str], lookups: Lookups
    ) -> None:
        self._config = config.slack
        self._language = config.defaults.language
        self._lookups = lookups
        self._channels = Channels(self._channel_info)
        self._guests = Guests(self._ask)
        self._agent = Agent(self._call, self._language)
        self._modals = Modals(self._call, self._language)
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
        self._begin(self._guests.watch())
        if not await self._connect():
            self._begin(self._connect_for_ever())

    async def stop(self) -> None:
        """Disconnect."""
        for task in list(self._tasks):
            task.cancel()
        self._modals.stop()
        self._agent.stop()
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
        await self._agent.answered(body)
        with speaking(language, zone):
            if events.is_home(body) and not reply.form:
                return await self._answer_home(body, reply, to)
            if reply.form and not again and await self._modals.open(body, reply, to):
                return None
            await self._modals.tell(body, reply)
            reply = forms.fillable(reply)
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
            message = await asyncio.to_thread(render, forms.fillable(reply), self._shorten)
            ts = await self._post(channel, address.thread, message, key)
            if message.chart:
                await self._upload(
                    message.chart, Destination(channel, address.thread, ""), language
                )
        return Sent(ts, Address(self.name, channel, address.thread))

    async def _answer_home(self, body: Body, reply: Reply, to: Destination) -> Sent | None:
        """Publish the home tab, or show over it what a button of it was answered."""
        place = Sent(home.PUBLISHED, Address(self.name, to.user))
        if events.publishes(body):
            await self._publish(place, reply)
            return place
        view = await asyncio.to_thread(home.modal, reply, self._shorten)
        on_top = (body.get("view") or {}).get("type") == "modal"
        try:
            if on_top:
                await self._call("views.update", {"view_id": body["view"]["id"], "view": view})
            else:
                await self._call("views.open", {"trigger_id": body["trigger_id"], "view": view})
        except DeliveryError as error:
            log.info("modal not opened reason=%s", error.reason)
            message = await asyncio.to_thread(render, reply, self._shorten)
            channel = await self._channel(to.user)
            ts = await self._post(channel, "", message, f"answer:{events.key_of(body)}")
            return Sent(ts, Address(self.name, channel))
        return None

    async def _publish(self, place: Sent, reply: Reply) -> None:
        role, _language = await asyncio.to_thread(
            self._lookups.role_of, self.name, place.address.chat
        )
        switch = role.may(Role.MANAGER)
        view = await asyncio.to_thread(home.home, reply, self._shorten, switch=switch)
        await self._call("views.publish", {"user_id": place.address.chat, "view": view})

    async def find(self, address: Address, key: str) -> Sent | None:
        """Look a message up by the key it was posted with."""
        channel = await self._channel(address.chat)
        ts = await sending.find(self.client, channel, address.thread, key)
        return Sent(ts, Address(self.name, channel, address.thread)) if ts else None

    async def edit(self, sent: Sent, reply: Reply, *, language: str, zone: str) -> Sent:
        """Put a reply in the place of a message, or of the home tab."""
        with speaking(language, zone):
            if sent.message_id == home.PUBLISHED:
                await self._publish(sent, reply)
                return sent
            message = await asyncio.to_thread(render, forms.fillable(reply), self._shorten)
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
            if body.get("type") == "block_suggestion":
                return await self._suggest(body)
            if (body.get("event") or {}).get("type") == "link_shared":
                self._begin(self._preview(body))
                return BoltResponse(status=200)
            if self._config.agent and events.begins(body):
                self._begin(self._greet(body["event"]))
                return BoltResponse(status=200)
            return await self._read(body)
        except events.MALFORMED as error:
            log.warning("event not understood reason=%s", type(error).__name__)
            return BoltResponse(status=200)

    async def _read(self, body: Body) -> BoltResponse:
        known = await self._known(body)
        if known is None:
            return BoltResponse(status=503)
        body = body | known
        incoming = events.read(body, self._bot_user, self._config.commands)
        if incoming is None or events.IGNORED in known:
            return BoltResponse(status=200)
        return await self._take(body, incoming)

    async def _preview(self, body: Body) -> None:
        """Show what links lead to; a preview that is lost costs nothing, so nothing is kept."""
        event, settings = body["event"], self._config
        if event.get("channel") not in settings.preview_channels or not settings.link_domain:
            return
        flag = body.get("is_ext_shared_channel")
        if await self._channels.is_shared(event["channel"], flag):
            return
        if await self._guests.are_in(event["channel"]):
            return
        lines = previews.links(body, settings.link_domain)
        person = events.sender_of(body)
        look = partial(self._lookups.preview, self.name, person)
        shown = {
            url: reply
            for url, one in lines.items()
            if (reply := await self._soon(partial(look, one)))
        }
        if shown:
            arguments = await asyncio.to_thread(previews.unfurl, event, shown, self._shorten)
            try:
                await self._call("chat.unfurl", arguments)
            except DeliveryError as error:
                log.info("link not previewed reason=%s", error.reason)

    async def _greet(self, event: Body) -> None:
        """Offer what a conversation can begin with."""
        found = await self._soon(lambda: self._lookups.role_of(self.name, event["user"]))
        if found:
            role, language = found
            await self._agent.greet(event["channel"], role, language or self._language)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _known(self, body: Body) -> Body | None:
        """Return what is to be kept besides what Slack says; None when it cannot be told, so that it comes again."""
        channel = events.channel_of(body)
        if channel and await self._channels.is_shared(channel, body.get("is_ext_shared_channel")):
            if not self._config.shared_channels:
                return {events.IGNORED: True}
            return {**(await self._told(body) or {}), events.OUTSIDE: True}
        told = await self._told(body)
        if told is not None and channel and await self._guests.are_in(channel):
            return {**told, events.OUTSIDE: True}
        return told

    async def _told(self, body: Body) -> Body | None:
        event = body.get("event") or {}
        made = dict(self._config.reactions).get(str(event.get("reaction")))
        if event.get("type") == "reaction_added" and made and event["item"]["type"] == "message":
            return await self._reacted(event["item"], made)
        if events.is_thread_talk(body):
            place = Address(self.name, event["channel"], event["thread_ts"])
            is_bound = await self._soon(lambda: self._lookups.is_bound(place))
            return None if is_bound is None else {events.BOUND: True} if is_bound else {}
        return {}

    async def _reacted(self, item: Body, made: str) -> Body | None:
        """Return the message under which an emoji was put."""
        reading = self.client.conversations_replies(channel=item["channel"], ts=item["ts"], limit=1)
        try:
            async with asyncio.timeout(_CHECK):
                found = await sending.call(reading)
        except (TimeoutError, DeliveryError) as error:
            log.warning("message not read reason=%s", type(error).__name__)
            return None
        messages: list[Body] = [m for m in found["messages"] if m["ts"] == item["ts"]]
        message = messages[0] if messages else {}
        thread = message.get("thread_ts") or item["ts"]
        return {events.MAKES: made, events.TEXT: message.get("text", ""), events.THREAD: thread}

    async def _take(self, body: Body, incoming: Incoming) -> BoltResponse:
        if incoming.values and (wrong := await self._mistakes(body, incoming)):
            return BoltResponse(status=200, body=wrong)
        kept = body | {"rapport_bot": self._bot_user}
        if opens_form(incoming.line or incoming.text):
            self._modals.expect(body)
        if self._config.agent:
            self._agent.expect(body)
        try:
            if not await self._receive(self.name, incoming.key, incoming.sender, kept):
                self._forget(body)
        except StoreUnavailable:
            self._forget(body)
            return self._not_kept(body)
        return BoltResponse(status=200)

    def _forget(self, body: Body) -> None:
        self._modals.forget(body)
        self._agent.forget(body)

    async def _suggest(self, body: Body) -> BoltResponse:
        """Answer what a person types into a select; nothing is kept of it."""
        asked = events.asked(body)
        found = await self._soon(lambda: self._lookups.complete(self.name, *asked))
        return BoltResponse(status=200, body=forms.options(found or ()))

    async def _mistakes(self, body: Body, incoming: Incoming) -> Body | None:
        """Return what stands beside the fields of a form that cannot be read; the form stays open."""
        found = await self._soon(lambda: self._lookups.mistakes(incoming))
        return forms.errors(body["view"].get("blocks", []), found) if found else None

    async def _soon(self, work: Callable[[], T]) -> T | None:
        """Do what only reads while Slack waits; None when it takes too long or the store is away."""
        try:
            async with asyncio.timeout(_CHECK):
                return await asyncio.to_thread(work)
        except (TimeoutError, StoreUnavailable):
            return None

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
        secret, given = self._secrets.slack_signing_secret, request.headers
        if not events.is_signed(
            raw,
            secret.reveal() if secret else "",
            given.get("x-slack-request-timestamp", ""),
            given.get("x-slack-signature", ""),
        ):
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

    async def _channel_info(self, channel: str) -> Body:
        answer: Any = await sending.call(self.client.conversations_info(channel=channel))
        return dict(answer.data)

    async def _ask(self, method: str, arguments: Body) -> Body:
        answer: Any = await sending.call(self.client.api_call(method, params=arguments))
        return dict(answer.data)

    async def _call(self, method: str, arguments: Body) -> Body:
        answer: Any = await sending.call(self.client.api_call(method, json=arguments))
        return dict(answer.data)

    async def _put(
        self, body: Body, to: Destination, message: SlackMessage, *, swap: bool, again: bool
    ) -> Sent | None:
        if to.response_url:
            return await self._respond(to, message, swap=swap)
        channel = await self._channel(to.channel)
        if swap and to.message:
            await self._update(to.channel, to.message, message)
            return Sent(to.message, to.address)
        key = f"answer:{events.key_of(body)}"
        ts = await sending.find(self.client, channel, to.thread, key) if again else None
        ts = ts or await self._post(channel, to.thread, message, key)
        return Sent(ts, Address(self.name, channel, to.thread))

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
