"""Telegram as a surface, polled or by webhook: every update is kept before it is confirmed.

What an update means is read in `bot/telegram/events.py`, replies are drawn in
`bot/telegram/render.py`. The library's own poller is not used: it confirms updates that it still
holds in memory.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hmac
import html
import itertools
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from telegram import error as refusals

from bot import charts
from bot.config import Config
from bot.leadership import Leadership
from bot.surface import DeliveryError, Incoming, Sent
from bot.telegram import attachments, events, menu, offers, sending, topics
from bot.telegram.events import BOT, Body, Destination, Moved, Reached
from bot.telegram.render import TelegramMessage, confirmation, render
from bot.visible import Press
from crm_store import conversations, messages, moves, users
from crm_store.addresses import Address
from crm_store.store import Conflict, Session, StoreUnavailable
from handlers import rooms
from handlers.reply import Chart, Reply
from handlers.wording import _, speaking

log = logging.getLogger(__name__)

LEASE = "telegram:poll"  # held for the webhook too, so that no poller ever removes it
PATH = "/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
_LONG_POLL = 30  # seconds that Telegram holds an empty answer back
_RENEW = 1.0  # seconds between looks at the lease
_RELOOK = 30  # looks at the lease between those at where the group of the tickets is: seldom news
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 30.0
_LAST_WORDS = 2.0  # seconds for what is being said when we stop

Receive = Callable[[str, str, str, Body], Awaitable[bool]]
Transact = Callable[[Callable[[Session], Any]], Any]
Look = Callable[[str, str, str, int], Reply | None]


class Telegram:
    """One bot.

    `transact` runs its argument in a transaction of its own and returns the outcome. `look` finds
    records for an account: platform, account, words and page. Of all the
    processes that share a store, the one with `leadership` polls, or registers the webhook.
    """

    name = events.PLATFORM
    can_look_up = False

    def __init__(  # noqa: PLR0913 - what it is built from, once
        self,
        config: Config,
        receive: Receive,
        shorten: Callable[[str], str],
        transact: Transact,
        leadership: Leadership,
        *,
        look: Look,
    ) -> None:
        self._config = config.telegram
        self._secrets = config.secrets
        self._language = config.defaults.language
        self._receive = receive
        self._shorten = shorten
        self._transact = transact
        self._leadership = leadership
        self._look = look
        self._me: Body | None = None
        self._offset: int | None = None
        self._running: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.routes: Sequence[BaseRoute] = ()
        if self._config.mode == "webhook":
            self.routes = (Route(PATH, self._posted, methods=["POST"]),)

    async def start(self) -> None:
        """Begin to receive; a Telegram that is away is tried again in the background."""
        token = self._secrets.telegram_bot_token
        self._bot = sending.client(token.reveal() if token else "", self._config.api_base_url)
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Receive no more, and let another process receive at once."""
        if self._running:
            self._running.cancel()
            await asyncio.wait([self._running])
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_WORDS)
        for task in self._tasks:
            task.cancel()
        await self._bot.request.shutdown()

    def read(self, body: Body) -> Incoming | None:
        """Return what a kept update means."""
        return events.read(body)

    async def answer(
        self, body: Body, reply: Reply, *, language: str, zone: str, again: bool
    ) -> Sent | None:
        """Answer where the person asked, in the place of the card if the button says so."""
        del again  # Telegram has nothing to look an answer up by: it may come twice
        to = events.destination(body)
        with speaking(language, zone):
            message = await asyncio.to_thread(render, _answerable(reply, to), self._shorten)
        try:
            sent = await self._put(to, message)
        except DeliveryError as error:
            if error.moved_to is None:
                raise
            sent = await self._put(Destination(error.moved_to, to.private, 0), message)
        await self._upload(message.chart, sent.address, language)
        return sent

    async def send(  # noqa: PLR0913 - the protocol of the surfaces
        self, address: Address, reply: Reply, *, key: str, language: str, zone: str, again: bool
    ) -> Sent:
        """Send one message; one that may have arrived before says so in its first line."""
        del key  # Telegram has no place for it
        if reply.room:
            return Sent("", await topics.keep(self._bot, address, reply.room))
        with speaking(language, zone):
            message = await asyncio.to_thread(render, reply, self._shorten)
            if again:
                note = html.escape(_("(may be a repeat)"), quote=False)
                message = dataclasses.replace(message, html=f"<i>{note}</i>\n{message.html}")
        number = await self._post(address, message)
        await self._upload(message.chart, address, language)
        return Sent(str(number), address)

    async def find(self, address: Address, key: str) -> Sent | None:  # noqa: ARG002 - the protocol
        """Return None: a bot cannot read the history of a chat."""
        return None

    async def edit(self, sent: Sent, reply: Reply, *, language: str, zone: str) -> Sent:
        """Put a reply in the place of a message."""
        with speaking(language, zone):
            message = await asyncio.to_thread(render, reply, self._shorten)
        if not await sending.replace(self._bot, sent.address, int(sent.message_id), message):
            raise DeliveryError("message can be edited no more", permanent=True, refused=True)
        return sent

    async def _run(self) -> None:
        try:
            await self._insist(self._introduce)
            await self._lead_for_ever()
        except refusals.InvalidToken:
            log.error(  # noqa: TRY400 - the trace says nothing more
                "telegram refuses the token, nothing is received: mend TELEGRAM_BOT_TOKEN, restart"
            )

    async def _insist(self, step: Callable[[], Awaitable[None]]) -> None:
        """Do a step, again and again with growing pauses until it succeeds.

        Raises:
            InvalidToken: trying again is useless.
        """
        pause = _FIRST_WAIT
        while True:
            wait = pause
            try:
                return await step()
            except refusals.InvalidToken:
                raise
            except refusals.Conflict as error:
                log.warning("another poller or a webhook takes the updates reason=%s", error)
            except refusals.TelegramError as error:
                failed = sending.failure(error)
                wait = max(wait, failed.retry_after or 0)
                log.warning("telegram not reached reason=%s", failed.reason)
            except (StoreUnavailable, Conflict) as error:
                log.warning("update not kept, asked for again reason=%s", type(error).__name__)
            await asyncio.sleep(wait)
            pause = min(pause * 2, _LONGEST_WAIT)

    async def _introduce(self) -> None:
        me = await self._bot.get_me()
        listening = {"customers": self._config.customers, "tickets": ""}
        self._me = {"id": me.id, "username": me.username, **listening}
        await self._find_tickets_chat()
        if self._config.tickets_chat and not me.can_read_all_group_messages:
            log.info("privacy mode is on: without being an admin of the group of the tickets")
        log.info("telegram reached mode=%s", self._config.mode)

    async def _find_tickets_chat(self) -> None:
        """Learn the id that the group of the tickets has by now."""
        if self._me is None or not self._config.tickets_chat:
            return
        named = Address.parse(self._config.tickets_chat)
        chat = await asyncio.to_thread(self._transact, lambda s: moves.current(s, named).chat)
        self._me = {**self._me, "tickets": chat}

    async def _lead_for_ever(self) -> None:
        serving: asyncio.Task[None] | None = None
        try:
            for round_ in itertools.count(1):
                leads = await asyncio.to_thread(self._leadership.ensure)
                if leads and serving is None:
                    serving = asyncio.create_task(self._serve())
                elif serving and not leads:
                    serving.cancel()
                if round_ % _RELOOK == 0:
                    # Not insisted on: the lease has to be looked at all the while.
                    with suppress(StoreUnavailable, Conflict):
                        await self._find_tickets_chat()
                await asyncio.sleep(_RENEW)
                serving = _unless_ended(serving)
        finally:
            if serving:
                serving.cancel()
                await asyncio.wait([serving])
            await asyncio.to_thread(self._leadership.release)

    async def _serve(self) -> None:
        """Fetch updates, or have them posted, for as long as we lead."""
        await self._insist(self._register)
        people = await asyncio.to_thread(self._transact, menu.colleagues)
        self._begin(menu.publish(self._bot, self._language, self._menus(people)))
        while self._config.mode == "polling":
            await self._insist(self._poll)
        await asyncio.Event().wait()

    def _menus(self, people: Sequence[tuple[str, str]]) -> menu.Menus:
        tickets = self._me["tickets"] if self._me else ""
        return menu.Menus(self._config.customers, tickets, people)

    async def _register(self) -> None:
        # Neither call drops what waits: those are commands that people gave while we were away.
        if self._config.mode == "polling":
            await self._bot.delete_webhook()
            return
        secret = self._secrets.telegram_webhook_secret
        await self._bot.set_webhook(
            self._config.webhook_url,
            allowed_updates=events.UPDATES,
            secret_token=secret.reveal() if secret else None,
        )

    async def _poll(self) -> None:
        """Fetch and keep what waits; what is fetched next confirms it."""
        # In lower case, which is the same to Telegram: of its own methods the library warns here,
        # but those refuse a whole batch for one update that they cannot read.
        updates = await self._bot.do_api_request(
            "getupdates",
            {
                "offset": self._offset,
                "timeout": _LONG_POLL,
                "allowed_updates": list(events.UPDATES),
            },
            read_timeout=_LONG_POLL + sending.TIMEOUT,
        )
        for update in sorted(updates, key=lambda update: update["update_id"]):
            await self._take(update)
            self._offset = update["update_id"] + 1
        if not updates:
            # All is confirmed, and after a quiet week Telegram numbers anew, maybe lower.
            self._offset = None

    async def _posted(self, request: Request) -> Response:
        secret = self._secrets.telegram_webhook_secret
        given = request.headers.get(SECRET_HEADER, "").encode()
        if not secret or not hmac.compare_digest(given, secret.reveal().encode()):
            return Response(status_code=403)
        try:
            update = json.loads(await request.body())
        except (ValueError, RecursionError):
            return Response(status_code=400)
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            return Response(status_code=400)
        if self._me is None:
            return Response(status_code=503)  # what is meant for us cannot be told yet
        try:
            await self._take(update)
        except (StoreUnavailable, Conflict):
            return Response(status_code=503)
        return Response(status_code=200)

    async def _take(self, update: Body) -> None:
        """Keep what a person did, and do at once what is no command.

        Raises:
            StoreUnavailable: it has to come again.
        """
        body = update | {BOT: self._me}
        try:
            incoming, press = events.read(body), events.press_of(body)
            change = events.change_of(body)
        except (AttributeError, KeyError, TypeError, ValueError):
            log.exception("update not understood id=%s", update["update_id"])
            return
        if change:
            await asyncio.to_thread(self._transact, lambda session: self._note(session, change))
        if isinstance(change, Moved):
            await self._find_tickets_chat()
        if events.is_ask(body):
            self._begin(self._offer(body["inline_query"]))
        if incoming:
            await self._receive(self.name, incoming.key, incoming.sender, body)
        if press:
            self._begin(self._acknowledge(body, press))

    def _note(self, session: Session, change: Moved | Reached) -> None:
        if isinstance(change, Moved):
            moves.move(session, change.old, change.new)
            return
        users.set_reachable(session, self.name, change.account, reachable=change.reachable)
        customer = messages.set_reachable(
            session, self.name, change.account, reachable=change.reachable
        )
        if customer:
            rooms.tell_of_reach(session, customer, datetime.now(UTC))

    async def _offer(self, query: Body) -> None:
        """Offer records to somebody who types our name in any chat; strangers are offered nothing."""
        words, page = query["query"].strip(), offers.page_of(query)
        try:
            found = None
            if words:
                account = str(query["from"]["id"])
                found = await asyncio.to_thread(self._look, self.name, account, words, page)
            await sending.call(offers.answer(self._bot, query["id"], found, page))
        except (DeliveryError, StoreUnavailable, Conflict) as error:
            # The person has typed on, mostly, and asks anew.
            log.info("inline question not answered reason=%s", type(error).__name__)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _acknowledge(self, body: Body, press: Press) -> None:
        """End the waiting of a pressed button; one that asks or cancels is served here."""
        query = body["callback_query"]
        try:
            toast = await self._asked(body, press) if press.kind in {"confirm", "cancel"} else None
            await sending.call(self._bot.answer_callback_query(query["id"], toast))
        except (DeliveryError, StoreUnavailable, Conflict) as error:
            # Too late, mostly: the button has stopped waiting by itself.
            log.info("press not acknowledged reason=%s", error)

    def _speech(self, person: Body) -> tuple[str, str]:
        user = self._transact(lambda s: users.by_account(s, self.name, str(person["id"])))
        return (user.language, user.time_zone) if user else (self._language, "UTC")

    async def _asked(self, body: Body, press: Press) -> str:
        """Put the question that a button wants, or take the question's buttons away."""
        to = events.destination(body)
        with speaking(*await asyncio.to_thread(self._speech, body["callback_query"]["from"])):
            if press.kind == "cancel":
                await sending.call(self._bot.edit_message_reply_markup(to.address.chat, to.message))
                return _("Cancelled; nothing was changed.")
            question = await asyncio.to_thread(self._question, press.value)
            if question is None:
                return _("This button is too old.")
            await self._put(to, question)
            return ""

    def _question(self, key: str) -> TelegramMessage | None:
        stored = self._transact(lambda session: conversations.lengthen(session, key))
        try:
            return confirmation(stored, self._shorten) if stored else None
        except (TypeError, ValueError):
            return None  # the key of something else: a client may send any data

    async def _put(self, to: Destination, message: TelegramMessage) -> Sent:
        if to.replaces and await sending.replace(self._bot, to.address, to.message, message):
            return Sent(str(to.message), to.address)
        reply_to = None if to.private else to.message
        number = await self._post(to.address, message, reply_to)
        return Sent(str(number), to.address)

    async def _post(
        self, to: Address, message: TelegramMessage, reply_to: int | None = None
    ) -> int:
        post = attachments.post if message.files else sending.post
        return await post(self._bot, to, message, reply_to)

    async def _upload(self, chart: Chart | None, to: Address, language: str) -> None:
        if chart is None:
            return
        picture = await asyncio.to_thread(charts.png, chart, language)
        try:
            await sending.post_picture(self._bot, to, picture)
        except DeliveryError as error:
            # The numbers are in the message already; a missing picture is no reason to send it again.
            log.warning("chart not uploaded reason=%s", error.reason)


def _unless_ended(serving: asyncio.Task[None] | None) -> asyncio.Task[None] | None:
    if serving is None or not serving.done():
        return serving
    error = None if serving.cancelled() else serving.exception()
    if isinstance(error, refusals.InvalidToken):
        raise error
    if error:
        log.error("bug while receiving", exc_info=error)
    return None


def _answerable(reply: Reply, to: Destination) -> Reply:
    """Say in a group how to answer a question: bots see only what is meant for them there."""
    if reply.form is None or to.private:
        return reply
    return dataclasses.replace(reply, footer=_("Answer by replying to this message."))
