"""Slack as a surface, over HTTP or Socket Mode: every event is kept before it is acknowledged.

What an event means is read in `bot/slack/events.py`, replies are drawn in `bot/slack/render.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
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

from bot.cards import for_audience
from bot.config import Config
from bot.lookups import Lookups
from bot.slack import events, forms, home, previews, sending
from bot.slack.agent import Agent
from bot.slack.channels import Channels
from bot.slack.events import Body, Destination
from bot.slack.guests import Guests
from bot.slack.messages import Messages
from bot.slack.modals import Modals
from bot.slack.profiles import Profiles
from bot.slack.render import render
from bot.surface import DeliveryError, Incoming, Profile, Sent
from crm_store.addresses import Address
from crm_store.models import Role
from crm_store.store import StoreUnavailable
from handlers.forms import opens_form
from handlers.reply import Reply
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
        self._channels = Channels(self._ask)
        self._guests = Guests(self._ask)
        self._agent = Agent(self._call, self._language)
        self._modals = Modals(self._call, self._language)
        self._secrets = config.secrets
        self._receive = receive
        self._shorten = shorten
        self._bot_user = ""
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
        self._messages = Messages(self.client, self._session)
        self._bolt = self._application()
        self._begin(self._guests.watch())
        if not await self._connect():
            self._begin(self._connect_for_ever())

    async def stop(self) -> None:
        """Disconnect."""
        for task in list(self._tasks):
            task.cancel()
        for part in (self._modals, self._agent, self._channels, self._guests):
            part.stop()
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
            key = f"answer:{events.key_of(body)}"
            swap = reply.replaces and events.replaces(body)
            sent = await self._messages.put(to, message, key=key, swap=swap, again=again)
            if message.chart:
                place = sent.address if sent else Address(self.name, to.user)
                await self._messages.upload(message.chart, place, language)
        return sent

    async def send(  # noqa: PLR0913 - the protocol of the surfaces
        self, address: Address, reply: Reply, *, key: str, language: str, zone: str, again: bool
    ) -> Sent:
        """Post one message; a user's id as the chat means the direct message with them."""
        del again  # delivery has looked the key up before
        with speaking(language, zone):
            reply = await self._for_readers(address.chat, reply)
            message = await asyncio.to_thread(render, forms.fillable(reply), self._shorten)
            sent = await self._messages.post(address, message, key)
            if message.chart:
                await self._messages.upload(message.chart, sent.address, language)
        return sent

    async def _answer_home(self, body: Body, reply: Reply, to: Destination) -> Sent | None:
        """Publish the home tab, or show over it what a button of it was answered."""
        place = Sent(home.PUBLISHED, Address(self.name, to.user))
        if events.publishes(body):
            await self._publish(place, reply)
            return place
        view = await asyncio.to_thread(home.modal, reply, self._shorten)
        on_top = (body.get("view") or {}).get("type") == "modal"
        if await self._modals.show(body, view, instead=body["view"]["id"] if on_top else ""):
            return None
        message = await asyncio.to_thread(render, reply, self._shorten)
        return await self._messages.post(place.address, message, f"answer:{events.key_of(body)}")

    async def _publish(self, place: Sent, reply: Reply) -> None:
        role, _language = await asyncio.to_thread(
            self._lookups.role_of, self.name, place.address.chat
        )
        switch = role.may(Role.MANAGER)
        view = await asyncio.to_thread(home.home, reply, self._shorten, switch=switch)
        await self._call("views.publish", {"user_id": place.address.chat, "view": view})

    async def find(self, address: Address, key: str) -> Sent | None:
        """Look a message up by the key it was posted with."""
        return await self._messages.find(address, key)

    async def edit(self, sent: Sent, reply: Reply, *, language: str, zone: str) -> Sent:
        """Put a reply in the place of a message, or of the home tab."""
        with speaking(language, zone):
            if sent.message_id == home.PUBLISHED:
                await self._publish(sent, reply)
                return sent
            reply = await self._for_readers(sent.address.chat, reply)
            message = await asyncio.to_thread(render, forms.fillable(reply), self._shorten)
        await self._messages.update(sent.address.chat, sent.message_id, message)
        return sent

    async def _for_readers(self, chat: str, reply: Reply) -> Reply:
        """Return what may be shown in a conversation.

        Raises:
            DeliveryError: other companies are in it, and we are to be silent there.
        """
        if not events.is_channel(chat):
            return reply
        shows = await self._shows_all(chat)
        if shows is None:
            raise DeliveryError("shared_channel", permanent=True)
        return reply if shows else for_audience(reply, "outside")

    async def _shows_all(self, channel: str, said: object = None) -> bool | None:
        """Tell whether what is internal may be shown in a channel, no while it cannot be known; None: nothing may.

        `said` is what an event says of the channel's being shared.
        """
        shared, guests = await asyncio.gather(
            self._channels.is_shared(channel, said), self._guests.are_in(channel)
        )
        if shared and not self._config.shared_channels:
            return None
        return shared is False and guests is False

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
        arrived = asyncio.get_running_loop().time()
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
            return await self._read(body, arrived)
        except events.MALFORMED as error:
            log.warning("event not understood reason=%s", type(error).__name__)
            return BoltResponse(status=200)

    async def _read(self, body: Body, arrived: float) -> BoltResponse:
        told = await self._told(body)
        if told is None:
            return BoltResponse(status=503)
        body = body | told
        incoming = events.read(body, self._bot_user, self._config.commands)
        if incoming is None:
            return BoltResponse(status=200)
        if channel := events.channel_of(body):
            shows = await self._shows_all(channel, body.get("is_ext_shared_channel"))
            if shows is None:
                return BoltResponse(status=200)
            body[events.OUTSIDE] = not shows
            incoming = replace(incoming, outside=not shows)
        return await self._take(body, incoming, arrived)

    async def _preview(self, body: Body) -> None:
        """Show what links lead to; a preview that is lost costs nothing, so nothing is kept."""
        event, settings = body["event"], self._config
        if event.get("channel") not in settings.preview_channels or not settings.link_domain:
            return
        if not await self._shows_all(event["channel"], body.get("is_ext_shared_channel")):
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

    async def _told(self, body: Body) -> Body | None:
        """Return what is to be kept besides what Slack says; None when it cannot be told, so that it comes again."""
        event = body.get("event") or {}
        made = dict(self._config.reactions).get(str(event.get("reaction")))
        if event.get("type") == "reaction_added" and made and event["item"]["type"] == "message":
            silent = await self._shows_all(event["item"]["channel"]) is None
            return {} if silent else await self._reacted(event["item"], made)
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

    async def _take(self, body: Body, incoming: Incoming, arrived: float) -> BoltResponse:
        submitted = body.get("type") == "view_submission"
        if submitted and (wrong := await self._mistakes(body, incoming)):
            return BoltResponse(status=200, body=wrong)
        kept = body | {"rapport_bot": self._bot_user}
        expected: list[Modals | Agent] = []
        if not submitted and opens_form(incoming.line or incoming.text):
            expected += [self._modals] if self._modals.expect(body, arrived) else []
        if self._config.agent:
            expected += [self._agent] if self._agent.expect(body, arrived) else []
        is_new = False
        try:
            is_new = await self._receive(self.name, incoming.key, incoming.sender, kept)
        except StoreUnavailable:
            return self._not_kept(body)
        finally:
            # What an earlier delivery of the same event began goes on.
            for part in expected if not is_new else ():
                part.forget(body)
        return BoltResponse(status=200)

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

    async def _ask(self, method: str, arguments: Body) -> Body:
        answer: Any = await sending.call(self.client.api_call(method, params=arguments))
        return dict(answer.data)

    async def _call(self, method: str, arguments: Body) -> Body:
        answer: Any = await sending.call(self.client.api_call(method, json=arguments))
        return dict(answer.data)
