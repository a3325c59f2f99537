"""Sends what is owed: claims due notices, says, paces and sends each once, notes the outcome.

Here stands the second of the three error boundaries. Every retry is decided here: the platforms'
own libraries retry nothing. Answers to commands leave through `bot/worker.py`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from datetime import time as hour
from typing import TYPE_CHECKING, Protocol, TypeVar

from bot.cards import audience_of, card_of
from bot.leadership import Leadership
from bot.pacing import Paces
from bot.surface import DeliveryError, Sent
from crm_store import acknowledgements, attention, channels, halts, moves, notices, postings, rest
from crm_store.addresses import Address
from crm_store.models import Mode, Notice
from crm_store.store import Actor, Conflict, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bot.surface import Surface
    from crm_store.attention import Verdict
    from crm_store.notices import Due
    from crm_store.postings import Card
    from crm_store.store import Session, Store
    from handlers.reply import Reply

log = logging.getLogger(__name__)

T = TypeVar("T")

SEND_LIMIT = 30.0  # seconds one message may take; shorter than the claim on it
_LEASE = timedelta(seconds=60)
_MAX_BUGS = 5
_READ_AT_ONCE = 500
_SENT_AT_ONCE = 16
_THREADS = 2
_IDLE = 1.0
_BUSY = 0.1
_THREADED = frozenset({"slack"})  # elsewhere a thread is separate messages


@dataclass(frozen=True, slots=True)
class _Message:
    address: Address
    reply: Reply
    language: str
    zone: str
    edits: Sent | None = None  # the message that this one takes the place of
    anew: bool = False  # where that one is gone, this one stands on its own
    card: Card | None = None


class Ended(Protocol):
    """Notes how a notice ended: with the message as it stands, or given up; `gone`: the place is."""

    def __call__(
        self,
        session: Session,
        notice: Notice,
        sent: Sent | None,
        reply: Reply | None,
        /,
        *,
        gone: bool = False,
    ) -> None:
        """Note it inside the transaction that settles the notice."""


def _unheard(*_outcome: object, gone: bool = False) -> None:
    """Take no note of how a notice ended."""


class Delivery:
    """The notices of one store on their way out; for each platform one process sends.

    `render` says a notice, inside a reading session: address, reply, language and zone, or None
    when there is nothing left to say. The address it should say it for stands in the notice's
    `sent_to`. `ended` is told in the same transaction when a notice was sent, and without a message
    when it was given up. `clock` is the clock the processes agree on: `store.now` outside of tests.
    `monotonic` measures the paces. `begins` is when work begins for those who had days off.
    """

    def __init__(  # noqa: PLR0913 - what it is built from, once
        self,
        store: Store,
        surfaces: Mapping[str, Surface],
        render: Callable[[Session, Notice], tuple[Address, Reply, str, str] | None],
        clock: Callable[[Session], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        *,
        ended: Ended = _unheard,
        begins: hour = rest.WORK_BEGINS,
    ) -> None:
        self.owner = secrets.token_hex(16)
        self._store = store
        self._surfaces = surfaces
        self._render = render
        self._ended = ended
        self._begins = begins
        self._clock = clock
        self._monotonic = monotonic
        self._paces = Paces()
        self._leaders = {
            name: Leadership(store, f"delivery:{name}", clock, monotonic=monotonic)
            for name in surfaces
        }
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="delivery")
        self._sending: set[int] = set()  # notices that may have arrived if something breaks now
        # What was sent while the store was away: noted before its claim can lapse, it is sent once.
        self._unnoted: deque[Callable[[Session], None]] = deque()
        self._tasks: dict[asyncio.Task[None], tuple[str, str]] = {}
        self._stopping = asyncio.Event()
        self._noting = asyncio.Lock()
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to send what is due."""
        self._loop = asyncio.create_task(self._send_for_ever())

    async def stop(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - a bound, not a failure
        """Begin nothing more, give what is being sent some seconds, let another process send."""
        self._stopping.set()
        if self._loop:
            await asyncio.wait([self._loop])
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout)
        for task in self._tasks:
            task.cancel()
        with suppress(StoreUnavailable, Conflict):
            await self._note_late()
        await self._thread(self._release)
        self._threads.shutdown(wait=False)

    async def step(self) -> int:
        """Begin to send what is due and may leave now; return how many messages that is."""
        await self._note_late()
        room = _SENT_AT_ONCE - len(self._tasks)
        if room <= 0:
            return 0
        found = await self._thread(self._look)
        chosen = self._choose(found, room)
        if not chosen:
            return 0
        claimed = await self._write(
            lambda s: notices.claim(s, chosen, self.owner, self._clock(s), _LEASE)
        )
        for due in claimed:
            task = asyncio.create_task(self._guard(self._deliver(due), due))
            address = _target(due)
            self._tasks[task] = (address.platform, address.chat)
            task.add_done_callback(self._tasks.pop)
        return len(claimed)

    async def settle(self) -> None:
        """Wait until nothing is being sent."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _send_for_ever(self) -> None:
        while not self._stopping.is_set():
            before = len(self._tasks)
            await self._guard(self.step(), None)
            pause = _BUSY if self._tasks or before else _IDLE
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _guard(self, work: Awaitable[object], due: Due | None) -> None:
        """Await a step or one delivery; the boundary that no bug passes."""
        try:
            await work
        except (StoreUnavailable, Conflict) as error:
            # A notice being sent stays claimed; when the claim lapses it is in doubt.
            log.warning("delivery waits reason=%s", type(error).__name__)
        except Exception:
            reference = secrets.token_hex(3).upper()
            kind = due.kind if due else ""
            log.exception("bug reference=%s in delivery kind=%s", reference, kind)
            if due:
                with suppress(StoreUnavailable, Conflict):
                    await self._write(lambda s: self._stumble(s, due, f"reference {reference}"))
        finally:
            if due:
                self._sending.discard(due.id)

    def _release(self) -> None:
        for leader in self._leaders.values():
            leader.release()

    def _look(self) -> list[Due]:
        leading = [name for name, leader in self._leaders.items() if leader.ensure()]
        if not leading:
            return []
        with self._store.reading() as session:
            now = self._clock(session)
            found, untidy = self._due(session, now, leading)
            held = attention.judge(session, now, found, self._begins)
            untidy = untidy or bool(held) or notices.is_crowded(session, now)
        if not untidy:
            return found
        with self._store.transaction(_actor("tidy")) as session:
            self._tidy(session, found, held, now)
            found = self._due(session, now, leading)[0]
            # What was folded just now, or was beyond the first some hundred, is judged before it goes.
            verdicts = attention.judge(session, now, found, self._begins)
            unsent = {verdict.due.id for verdict in verdicts}
            return [due for due in found if due.id not in unsent]

    def _due(self, session: Session, now: datetime, platforms: list[str]) -> tuple[list[Due], bool]:
        stopped = halts.active(session, now)
        whole = [name for name in platforms if name in stopped]
        found = notices.due(session, now, _READ_AT_ONCE, platforms, whole)
        untidy = any(due.target is None or _is_late(due, now) for due in found)
        return [due for due in found if due.target is None or _chat(due) not in stopped], untidy

    def _tidy(self, session: Session, found: list[Due], held: list[Verdict], now: datetime) -> None:
        late = [due.id for due in found if _is_late(due, now)]
        lost = [due.id for due in found if due.target is None and due.id not in late]
        if late:
            notices.dead(session, late, notices.EXPIRED)
        if lost:
            notices.dead(session, lost, notices.UNREACHABLE)
        attention.settle(session, [each for each in held if each.due.id not in late], now)
        merged = notices.fold(session, now)
        log.info(
            "tidied late=%d lost=%d held=%d merged=%d", len(late), len(lost), len(held), merged
        )

    def _choose(self, found: list[Due], room: int) -> list[Due]:
        """Return the first notices whose chat is idle and within its pace."""
        now = self._monotonic()
        self._paces.forget_idle(now)
        busy = set(self._tasks.values())
        chosen: list[Due] = []
        for due in found:
            if due.target is None or len(chosen) == room:
                continue
            address = _target(due)
            chat = address.platform, address.chat
            if chat not in busy and self._paces.take(address, now):
                busy.add(chat)
                chosen.append(due)
        return chosen

    async def _deliver(self, due: Due) -> None:
        message = await self._thread(lambda: self._say(due))
        if message is None:
            await self._write(lambda s: notices.drop(s, [due.id], notices.NOTHING_LEFT))
            return
        surface = self._surfaces[message.address.platform]
        doubtful = due.in_doubt
        try:
            async with asyncio.timeout(SEND_LIMIT):
                if doubtful and message.edits is None and surface.can_look_up:
                    found = await surface.find(_tried(due, message.address), due.key)
                    if found:
                        await self._note_sent(due, message, found)
                        return
                    doubtful = False
                elif doubtful and message.edits is None and due.priority == notices.DIGEST:
                    await self._write(lambda s: notices.unknown(s, due.id, notices.IN_DOUBT))
                    return
                sent = await self._send(surface, due, message, again=doubtful)
        except DeliveryError as error:
            await self._failed(due, message.address, error, doubtful=doubtful)
        except TimeoutError:
            silence = DeliveryError("no answer in time", in_doubt=True)
            await self._failed(due, message.address, silence, doubtful=True)
        else:
            await self._note_sent(due, message, sent)

    async def _send(self, surface: Surface, due: Due, message: _Message, *, again: bool) -> Sent:
        self._paces.leave(message.address, self._monotonic())
        speech = {"language": message.language, "zone": message.zone}
        if message.edits is not None:
            try:
                return await surface.edit(message.edits, message.reply, **speech)
            except DeliveryError as error:
                if not ((error.permanent or error.moved_to) and message.anew):
                    raise
                log.info("not edited, sent anew platform=%s", surface.name)
        self._sending.add(due.id)
        return await surface.send(
            message.address, message.reply, key=due.key, again=again, **speech
        )

    async def _note_sent(self, due: Due, message: _Message, sent: Sent) -> None:
        said = message.reply.to_dict()["table"] if due.priority == notices.DIGEST else None

        def note(session: Session) -> None:
            now = self._clock(session)
            notices.sent(session, due.id, sent.address, sent.message_id, now, said=said)
            if message.card:
                postings.note(session, sent.address, sent.message_id, message.card)
            self._ended(session, session.get_one(Notice, due.id), sent, message.reply)

        try:
            await self._write(note)
        except (StoreUnavailable, Conflict) as error:
            log.warning("sending not noted id=%d reason=%s", due.id, type(error).__name__)
            self._unnoted.append(note)

    async def _note_late(self) -> None:
        while self._unnoted:
            await self._write(self._unnoted[0])
            self._unnoted.popleft()

    async def _failed(
        self, due: Due, address: Address, error: DeliveryError, *, doubtful: bool
    ) -> None:
        log.warning(
            "not delivered id=%d kind=%s platform=%s reason=%s",
            due.id,
            due.kind,
            address.platform,
            error.reason,
        )

        def note(session: Session) -> None:
            if error.moved_to:
                self._move(session, due, address, error)
            elif error.permanent:
                self._give_up(session, due, address, error)
            else:
                self._put_off(session, due, address, error, doubtful=doubtful or error.in_doubt)

        # One after the other: a second chat that has to wait must see the first.
        async with self._noting:
            await self._write(note)

    def _move(self, session: Session, due: Due, address: Address, error: DeliveryError) -> None:
        if error.moved_to is None:
            return
        log.info("a chat of %s has a new address", address.platform)
        moves.move(session, address, error.moved_to)
        notices.postpone(session, due.id, self._clock(session), error.reason)

    def _give_up(self, session: Session, due: Due, address: Address, error: DeliveryError) -> None:
        if due.user_id is not None and not error.refused:
            others = notices.lose_touch(session, due.user_id, str(address))
            if others:
                notices.postpone(session, due.id, self._clock(session), error.reason)
                return
        notices.dead(session, [due.id], error.reason)
        notice = session.get_one(Notice, due.id)
        self._ended(session, notice, None, None, gone=not error.refused)

    def _put_off(
        self,
        session: Session,
        due: Due,
        address: Address,
        error: DeliveryError,
        *,
        doubtful: bool,
    ) -> None:
        now = self._clock(session)
        until = now + halts.backoff(due.attempts)
        if error.retry_after is not None:
            until = now + timedelta(seconds=error.retry_after)
            self._halt(session, address, now, until)
        if doubtful:
            notices.doubt(session, due.id, until, error.reason)
        else:
            notices.postpone(session, due.id, until, error.reason)

    def _halt(self, session: Session, address: Address, now: datetime, until: datetime) -> None:
        """Stop the chat; when another chat of the platform is stopped too, the whole platform."""
        chat = f"{address.platform}:{address.chat}"
        others = [
            bucket
            for bucket in halts.active(session, now)
            if bucket.startswith(f"{address.platform}:") and bucket != chat
        ]
        halts.stop(session, chat, until)
        if others:
            halts.stop(session, address.platform, until)

    def _stumble(self, session: Session, due: Due, reason: str) -> None:
        until = self._clock(session) + halts.backoff(due.attempts)
        if due.attempts + 1 >= _MAX_BUGS:
            notices.dead(session, [due.id], reason)
        elif due.in_doubt or due.id in self._sending:
            notices.doubt(session, due.id, until, reason)
        else:
            notices.postpone(session, due.id, until, reason)

    def _say(self, due: Due) -> _Message | None:
        with self._store.reading() as session:
            postings.begin(session)
            notice = session.get_one(Notice, due.id)
            said = self._render(session, notice)
            if said is None:
                return None
            message = _drawn(session, notice, _Message(*said))
            return _placed(session, notice, message) if message else None

    async def _write(self, work: Callable[[Session], T]) -> T:
        def transact() -> T:
            with self._store.transaction(_actor("deliver")) as session:
                return work(session)

        return await self._thread(transact)

    async def _thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _actor(command: str) -> Actor:
    return Actor(None, "delivery", command, secrets.token_hex(6))


def _drawn(session: Session, notice: Notice, message: _Message) -> _Message | None:
    """Add what a message shows of a record; None for a card on which nothing would change."""
    redraws = notice.kind == postings.KIND
    edits = redraws or notice.kind == acknowledgements.NOTICE
    reader = notice.payload["owner_id"] if edits else notice.user_id
    card = card_of(session, message.reply, reader, notice.created_at, audience_of(notice))
    if redraws and card:
        shown = postings.of_message(session, message.address, message.reply.edits)
        if shown is None or shown.face == card.face:
            return None
    return replace(message, card=card)


def _placed(session: Session, notice: Notice, message: _Message) -> _Message:
    """Return a message where it belongs: on its own, into a thread, or in the place of an earlier one."""
    if notice.edits is not None:
        earlier = session.get(Notice, notice.edits)
        return replace(message, edits=_sent(earlier) if earlier else None, anew=True)
    if message.reply.edits:
        return replace(message, edits=Sent(message.reply.edits, message.address))
    if notice.about is None or notice.kind in notices.CONVERSATION:
        return message
    if notice.user_id is not None or message.address.thread:
        return message
    return _by_mode(session, notice, message, notice.about)


def _by_mode(session: Session, notice: Notice, message: _Message, about: str) -> _Message:
    """Return what tells of a record in a channel, as the channel wants its updates."""
    mode = channels.mode_of(session, message.address)
    newest = mode is Mode.EDIT
    earlier = channels.message_about(session, about, message.address, notice.id, newest=newest)
    if earlier is None or mode is Mode.SEPARATE:
        return message
    if mode is Mode.EDIT:
        return replace(message, edits=_sent(earlier), anew=True)
    if message.address.platform not in _THREADED or earlier.message_id is None:
        return message
    return replace(message, address=replace(message.address, thread=earlier.message_id))


def _tried(due: Due, address: Address) -> Address:
    """Return where an attempt in doubt went: into the thread, if it was for this chat."""
    tried = Address.parse(due.tried_at or "")
    same = (tried.platform, tried.chat) == (address.platform, address.chat)
    return address if same else tried


def _sent(notice: Notice) -> Sent | None:
    """Return the message of a notice that arrived."""
    if notice.message_id is None or notice.sent_to is None:
        return None
    return Sent(notice.message_id, Address.parse(notice.sent_to))


def _target(due: Due) -> Address:
    return Address.parse(due.target or "")


def _chat(due: Due) -> str:
    address = _target(due)
    return f"{address.platform}:{address.chat}"


def _is_late(due: Due, now: datetime) -> bool:
    late = due.due_at < now - notices.EXPIRY
    return due.priority == notices.REMINDER and late and not due.in_doubt
