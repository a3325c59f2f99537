"""Carries events out: keeps each before it is acknowledged, runs it once, answers it.

What a call does is decided by the router; messages to others than the sender leave through
`bot/delivery.py`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from bot.surface import DeliveryError, Introducing
from crm_store import halts, inbox, postings
from crm_store.addresses import Address
from crm_store.inbox import AlreadyDone, Claimed
from crm_store.models import InboxState
from crm_store.postings import Card
from crm_store.store import Actor, Conflict, StoreUnavailable
from handlers.reply import Reply

if TYPE_CHECKING:
    from bot.router import Answer
    from bot.surface import Incoming, Sent, Surface
    from crm_store.store import Session, Store

log = logging.getLogger(__name__)

T = TypeVar("T")

ACTOR = Actor(None, "worker", "", "")
ANSWER_FOR = timedelta(hours=24)
SEND_LIMIT = 30.0  # seconds a platform may take for one answer
_RECOVER_EVERY = 2.0
_QUEUED = 500  # events kept in memory; what comes above is left to the database
_DOORS = 2  # threads that only keep events, so that an acknowledgement never waits for a handler
_RENEWALS = 3  # renewals within one life of a claim


class _NotDone(Exception):
    """The store was away or contended: the event took no effect and is to be given back."""


class Worker:
    """The events of one process.

    `run` carries an event out in one transaction, with `inbox.done` in it. `clock` is the clock the
    processes agree on: `store.now` outside of tests. `is_shut` tells whose events are not kept.
    `lease` is how long the events of a dead
    process wait before another takes them over.
    """

    def __init__(  # noqa: PLR0913 - what it is built from, once
        self,
        store: Store,
        surfaces: Mapping[str, Surface],
        run: Callable[[Incoming, int], Answer | None],
        clock: Callable[[Session], datetime],
        threads: int = 4,
        *,
        lease: timedelta = timedelta(seconds=60),
        is_shut: Callable[[tuple[str, str]], bool] = lambda _: False,
    ) -> None:
        self.owner = secrets.token_hex(16)  # new at every start: a host name would be shared
        self._store = store
        self._surfaces = surfaces
        self._run = run
        self._clock = clock
        self._lease = lease
        self._is_shut = is_shut
        self._slots = threads * 2
        self._hands = ThreadPoolExecutor(threads, thread_name_prefix="handler")
        self._door = ThreadPoolExecutor(_DOORS, thread_name_prefix="inbox")
        self._queues: dict[tuple[str, str], deque[Claimed]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # Claimed, not carried out, to be given back; and whose they are.
        self._left: dict[int, tuple[str, str]] = {}
        # Answered while the store was away, to be marked.
        self._unnoted: dict[int, Callable[[Session], None]] = {}
        self._alone = asyncio.Lock()  # suspect events run one at a time, so that one is blamed
        self._loop: asyncio.Task[None] | None = None
        self._renewed_at = float("-inf")
        self._stopping = asyncio.Event()
        self._entering: set[asyncio.Future[None]] = set()  # events that are being kept

    async def start(self) -> None:
        """Take over what dead processes left, now and every few seconds."""
        self._loop = asyncio.create_task(self._recover_for_ever())

    async def stop(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - a bound, not a failure
        """Give what is being carried out some seconds to end and return the rest.

        An event that comes after this is still kept, for the next process.
        """
        self._stopping.set()
        if self._loop:
            await asyncio.wait([self._loop])
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout)
        for task in self._tasks:
            task.cancel()
        if self._entering:
            await asyncio.wait(self._entering, timeout=timeout)
        with suppress(StoreUnavailable, Conflict):
            await self._mark_sent()
            await self._release_left()
        self._hands.shutdown(wait=False, cancel_futures=True)

    async def receive(self, platform: str, key: str, sender: str, body: dict[str, Any]) -> bool:
        """Keep an event; once this returns it may be acknowledged. False when it was not kept anew.

        Raises:
            StoreUnavailable: it is not kept and must not be acknowledged.
        """
        if self._is_shut((platform, sender)):
            return False
        entering = asyncio.get_running_loop().create_future()
        self._entering.add(entering)
        try:
            kept = await self._at(self._door, lambda s: self._keep(s, platform, key, sender, body))
            if kept is None:
                return False
            row, claimed = kept
            if claimed and self._stopping.is_set():
                await self._at(self._door, lambda s: inbox.release(s, self.owner, {row.id}))
            elif claimed:
                self._queue(row)
        except Conflict as error:
            raise StoreUnavailable from error
        finally:
            self._entering.discard(entering)
            entering.set_result(None)
        return True

    async def recover(self) -> int:
        """Take over open events that nobody holds, as many as there are free hands."""
        free = self._slots - len(self._queues)
        if free <= 0 or self._stopping.is_set():
            return 0
        rows = await self._at(self._door, lambda s: self._claim(s, free))
        for row in rows:
            self._queue(row)
        return len(rows)

    async def settle(self) -> None:
        """Wait until nothing is being carried out or answered."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _recover_for_ever(self) -> None:
        while not self._stopping.is_set():
            found, *_ = await asyncio.gather(self._round(), return_exceptions=True)
            if isinstance(found, StoreUnavailable | Conflict):
                log.warning("inbox not read reason=%s", type(found).__name__)
            elif isinstance(found, BaseException):
                log.error("bug in the inbox loop", exc_info=found)
            elif found:
                if self._tasks:
                    await asyncio.wait(
                        self._tasks,
                        timeout=_RECOVER_EVERY,
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _RECOVER_EVERY)

    async def _round(self) -> int:
        await self._mark_sent()
        await self._renew()
        await self._release_left()
        return await self.recover()

    async def _mark_sent(self) -> None:
        for row_id, note in list(self._unnoted.items()):
            await self._at(self._door, note)
            self._unnoted.pop(row_id, None)

    async def _release_left(self) -> None:
        left = list(self._left)
        if not left:
            return
        await self._at(self._door, lambda s: inbox.release(s, self.owner, left))
        if self._entering:
            # One that was claimed before this release must still find that its sender has to wait.
            await asyncio.wait(set(self._entering))
        for row_id in left:
            del self._left[row_id]

    async def _renew(self) -> None:
        ids = [row.id for queue in self._queues.values() for row in queue]
        now = asyncio.get_running_loop().time()
        if not ids or now - self._renewed_at < self._lease.total_seconds() / _RENEWALS:
            return
        await self._at(
            self._door,
            lambda s: inbox.renew(s, self.owner, ids, self._clock(s) + self._lease),
        )
        self._renewed_at = now

    def _keep(
        self, session: Session, platform: str, key: str, sender: str, body: dict[str, Any]
    ) -> tuple[Claimed, bool] | None:
        now = self._clock(session)
        full = self._stopping.is_set() or sum(map(len, self._queues.values())) >= _QUEUED
        if full:
            number = inbox.receive(session, platform, key, sender, body, now)
            kept = None if number is None else inbox.Admitted(number, claimed=False)
        else:
            kept = inbox.admit(
                session, platform, key, sender, body, now, owner=self.owner, lease=self._lease
            )
        if kept is None:
            return None
        row = Claimed(
            kept.id, platform, key, sender, body, InboxState.NEW, None, 0, now, again=False
        )
        return row, kept.claimed

    def _claim(self, session: Session, limit: int) -> list[Claimed]:
        now = self._clock(session)
        return inbox.claim(session, self.owner, now, limit, self._lease, list(self._surfaces))

    def _queue(self, row: Claimed) -> None:
        who = row.platform, row.sender
        if who in self._left.values():
            self._left[row.id] = who
            return
        if who in self._queues:
            self._queues[who].append(row)
            return
        self._queues[who] = deque([row])
        task = asyncio.create_task(self._serve(who))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, who: tuple[str, str]) -> None:
        """Carry out the events of one person, one after the other, until one has to be left."""
        queue = self._queues[who]
        try:
            while queue and not self._stopping.is_set() and await self._guard(queue[0]):
                queue.popleft()
            self._left.update((row.id, who) for row in queue)
        finally:
            del self._queues[who]

    async def _guard(self, row: Claimed) -> bool:
        """Treat an event; False when it is not carried out yet, so that the next one has to wait."""
        outcome, *_ = await asyncio.gather(self._treat(row), return_exceptions=True)
        if outcome is None:
            return True
        if isinstance(outcome, asyncio.CancelledError):
            raise outcome
        if isinstance(outcome, AlreadyDone):
            log.info("carried out elsewhere platform=%s", row.platform)
            return True
        if isinstance(outcome, StoreUnavailable | Conflict):
            # It was not noted what became of the answer: the claim lapses and tells it.
            log.warning("answer left id=%d reason=%s", row.id, type(outcome).__name__)
            return True
        if isinstance(outcome, _NotDone):
            log.warning("event left id=%d reason=%s", row.id, type(outcome.__cause__).__name__)
        else:
            await self._fail(row, outcome)
        return False

    async def _fail(self, row: Claimed, error: BaseException) -> None:
        reference = secrets.token_hex(3).upper()
        log.error("bug reference=%s event=%d", reference, row.id, exc_info=error)
        with suppress(StoreUnavailable, Conflict):
            await self._at(self._door, lambda s: self._note_failure(s, row))

    def _note_failure(self, session: Session, row: Claimed) -> None:
        if not inbox.failed(session, row.id, self._clock(session)):
            log.error("event given up id=%d platform=%s", row.id, row.platform)

    async def _treat(self, row: Claimed) -> None:
        surface = self._surfaces[row.platform]
        reply = row.reply
        if row.state is InboxState.NEW:
            try:
                reply = await self._carry_out(surface, row)
            except AlreadyDone:
                raise
            except (StoreUnavailable, Conflict) as error:
                raise _NotDone from error
        if reply is not None:
            await self._answer(surface, row, reply)

    async def _carry_out(self, surface: Surface, row: Claimed) -> dict[str, Any] | None:
        incoming = surface.read(row.body)
        if incoming is None:
            await self._at(self._door, lambda s: inbox.done(s, row.id, None))
            return None
        if isinstance(surface, Introducing):
            known = await surface.profile(incoming.sender)
            incoming = replace(
                incoming,
                language=incoming.language or known.language,
                time_zone=known.time_zone,
                email=known.email,
            )
        async with self._alone if row.suspect else nullcontext():
            if row.suspect:
                await self._at(self._door, lambda s: inbox.begin(s, row.id))
            answer = await self._call(self._hands, partial(self._run, incoming, row.id))
        return answer.to_dict() if answer else None

    async def _answer(self, surface: Surface, row: Claimed, answer: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(SEND_LIMIT):
                sent = await surface.answer(
                    row.body,
                    Reply.from_dict(answer["reply"]),
                    language=answer["language"],
                    zone=answer["zone"],
                    again=row.again,
                )
        except DeliveryError as error:
            await self._unanswered(surface, row, error)
        except TimeoutError:
            silence = DeliveryError("no answer in time", in_doubt=True)
            await self._unanswered(surface, row, silence)
        else:
            await self._close(row, surface.read(row.body), answer.get("card"), sent)

    async def _close(
        self,
        row: Claimed,
        incoming: Incoming | None = None,
        card: dict[str, Any] | None = None,
        sent: Sent | None = None,
    ) -> None:
        note = partial(_note_answer, row_id=row.id, incoming=incoming, card=card, sent=sent)
        try:
            await self._at(self._door, note)
        except (StoreUnavailable, Conflict) as error:
            log.warning("answer not noted id=%d reason=%s", row.id, type(error).__name__)
            self._unnoted[row.id] = note

    async def _unanswered(self, surface: Surface, row: Claimed, error: DeliveryError) -> None:
        log.warning("not answered id=%d platform=%s reason=%s", row.id, surface.name, error.reason)
        if error.permanent:
            await self._close(row)
            return
        incoming = surface.read(row.body)
        place = incoming.place if incoming else Address(row.platform, row.sender)
        await self._at(self._door, lambda s: self._put_off(s, row, error, place))

    def _put_off(
        self, session: Session, row: Claimed, error: DeliveryError, place: Address
    ) -> None:
        now = self._clock(session)
        if now - row.received_at > ANSWER_FOR:
            inbox.give_up(session, row.id)
            return
        until = now + halts.backoff(row.attempts)
        if error.retry_after is not None:
            until = now + timedelta(seconds=error.retry_after)
            halts.stop(session, f"{place.platform}:{place.chat}", until)
        inbox.postpone_answer(session, row.id, until, in_doubt=error.in_doubt or row.again)

    async def _at(self, pool: ThreadPoolExecutor, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction of its own, in a thread."""

        def transact() -> T:
            with self._store.transaction(ACTOR) as session:
                return work(session)

        return await self._call(pool, transact)

    async def _call(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, work)


def _note_answer(
    session: Session,
    *,
    row_id: int,
    incoming: Incoming | None,
    card: dict[str, Any] | None,
    sent: Sent | None,
) -> None:
    inbox.answered(session, row_id)
    if sent and incoming and incoming.replaces and sent.message_id != incoming.message_id:
        # The answer could not take the place of this one, so nothing else will.
        postings.forget(session, incoming.place, incoming.message_id)
    if sent and card:
        postings.note(session, sent.address, sent.message_id, Card.from_dict(card))
    elif sent:
        # A list may stand now where a card stood.
        postings.forget(session, sent.address, sent.message_id)
