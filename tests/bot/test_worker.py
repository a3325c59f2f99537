"""A kept event takes effect once and is answered, whatever dies in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from typing import Any

import pytest

from bot.clock import FixedClock
from bot.router import Answer
from bot.surface import DeliveryError, Incoming
from bot.worker import Worker
from crm_store import halts, inbox
from crm_store.models import InboxRow, InboxState
from crm_store.store import Actor, Conflict, Store, StoreUnavailable
from handlers.reply import Reply
from tests.bot.surfaces import MemorySurface, always, failing
from tests.outage import bring_back, take_away

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)
ACTOR = Actor(None, "test", "", "")


class Office:
    """A store, a platform and handlers that note what they did in the same transaction."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = FixedClock(NOW)
        self.slack = MemorySurface("slack", self.clock)
        self.effects: list[str] = []
        self.running: dict[str, int] = {}
        self.most = 0
        self.before: Callable[[Incoming], None] = lambda _: None
        self.after: Callable[[Incoming], None] = lambda _: None
        self._lock = Lock()

    def run(self, incoming: Incoming, inbox_id: int) -> Answer | None:
        """Carry an event out and note how many of one sender run at once."""
        with self._lock:
            self.running[incoming.sender] = self.running.get(incoming.sender, 0) + 1
            self.most = max(self.most, self.running[incoming.sender])
        try:
            self.before(incoming)
            answer = Answer(Reply(text=f"done {incoming.text}"), "en", "UTC")
            stored = {"reply": answer.reply.to_dict(), "language": "en", "zone": "UTC"}
            with self.store.transaction(ACTOR) as session:
                inbox.done(session, inbox_id, stored)
            with self._lock:
                self.effects.append(incoming.text)
            self.after(incoming)
            return answer
        finally:
            with self._lock:
                self.running[incoming.sender] -= 1

    def worker(self) -> Worker:
        """Return the worker of one more process."""
        return Worker(self.store, {"slack": self.slack}, self.run, lambda _: self.clock.now())

    def state(self, key: str) -> InboxState:
        """Return how far an event came."""
        with self.store.reading() as session:
            return session.query(InboxRow).filter_by(key=key).one().state

    @property
    def answers(self) -> list[tuple[str, bool]]:
        """Return what the platform got: the text, and whether it was called a repeat."""
        return [(post.text, post.again) for post in self.slack.posts]


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


def event(key: str, sender: str = "U1", text: str | None = None) -> dict[str, Any]:
    return {"key": key, "sender": sender, "text": key if text is None else text}


async def receive(worker: Worker, key: str, sender: str = "U1", text: str | None = None) -> bool:
    return await worker.receive("slack", key, sender, event(key, sender, text))


def play(office: Office, scene: Callable[[Worker], Coroutine[Any, Any, None]]) -> None:
    """Play a scene with a fresh worker and stop it."""

    async def run() -> None:
        worker = office.worker()
        await scene(worker)
        await worker.settle()
        await worker.stop()

    asyncio.run(run())


def kill(office: Office, key: str, *, done: bool) -> None:
    """Leave an event as a killed process leaves it, before or after its transaction."""
    with office.store.transaction(ACTOR) as session:
        admitted = inbox.admit(
            session, "slack", key, "U1", event(key), NOW, owner="killed", lease=LEASE
        )
        assert admitted
        if done:
            reply = Reply(text=f"done {key}").to_dict()
            inbox.done(session, admitted.id, {"reply": reply, "language": "en", "zone": "UTC"})


async def recover(worker: Worker) -> None:
    while await worker.recover():
        await worker.settle()


def test_an_event_is_carried_out_and_answered(office: Office) -> None:
    async def scene(worker: Worker) -> None:
        assert await receive(worker, "E1")

    play(office, scene)
    assert office.effects == ["E1"]
    assert office.answers == [("done E1", False)]
    assert office.state("E1") is InboxState.ANSWERED


def test_what_was_answered_is_not_kept(office: Office) -> None:
    async def scene(worker: Worker) -> None:
        await receive(worker, "E1", text="a secret")

    office.slack.trouble = always(DeliveryError("internal_error"))
    play(office, scene)
    assert "a secret" in str(stored_replies(office))
    office.slack.trouble = lambda _: None
    office.clock.advance(timedelta(minutes=1))
    play(office, recover)
    assert office.answers == [("done a secret", False)]
    assert stored_replies(office) == [None]


def stored_replies(office: Office) -> list[dict[str, Any] | None]:
    with office.store.reading() as session:
        return [row.reply for row in session.query(InboxRow)]


def test_an_event_that_comes_many_times_at_once_takes_effect_once(office: Office) -> None:
    async def scene(worker: Worker) -> None:
        fresh = await asyncio.gather(*(receive(worker, "E1") for _ in range(12)))
        assert fresh.count(True) == 1

    play(office, scene)
    assert office.effects == ["E1"]


def test_events_of_one_person_keep_their_order_and_never_overlap(office: Office) -> None:
    async def scene(worker: Worker) -> None:
        for number in range(12):
            await receive(worker, f"E{number}", sender=f"U{number % 2}")

    play(office, scene)
    assert office.most == 1
    assert [text for text in office.effects if int(text[1:]) % 2] == [
        f"E{number}" for number in range(1, 12, 2)
    ]


def test_people_do_not_wait_for_each_other(office: Office) -> None:
    other_ran = Event()

    def before(incoming: Incoming) -> None:
        if incoming.sender == "slow":
            assert other_ran.wait(10)
        else:
            other_ran.set()

    office.before = before

    async def scene(worker: Worker) -> None:
        await receive(worker, "E1", sender="slow")
        await receive(worker, "E2", sender="quick")

    play(office, scene)
    assert sorted(office.effects) == ["E1", "E2"]


def test_keeping_an_event_never_waits_for_handlers(office: Office) -> None:
    go_on = Event()
    office.before = lambda _: assert_(go_on.wait(10))

    async def scene(worker: Worker) -> None:
        for number in range(20):
            await receive(worker, f"E{number}", sender=f"U{number}")
        assert office.effects == []
        go_on.set()

    play(office, scene)
    assert len(office.effects) == 20


def assert_(holds: bool) -> None:  # noqa: FBT001 - an assertion as a function
    assert holds


def test_what_a_killed_process_had_not_done_is_done_once_its_claim_lapsed(office: Office) -> None:
    kill(office, "E1", done=False)
    play(office, recover)
    assert office.effects == []
    office.clock.advance(LEASE)
    play(office, recover)
    assert office.effects == ["E1"]
    assert office.state("E1") is InboxState.ANSWERED


def test_what_a_killed_process_had_done_is_only_answered(office: Office) -> None:
    kill(office, "E1", done=True)
    office.clock.advance(LEASE)
    play(office, recover)
    assert office.effects == []
    assert office.answers == [("done E1", True)]


def test_a_long_queue_of_one_person_is_recovered_in_order(office: Office) -> None:
    with office.store.transaction(ACTOR) as session:
        for number in range(10):
            key = f"E{number}"
            inbox.receive(session, "slack", key, "U1", event(key), NOW)
    play(office, recover)
    assert office.effects == [f"E{number}" for number in range(10)]


def test_two_workers_on_one_store_share_the_work_without_repeating_any(office: Office) -> None:
    with office.store.transaction(ACTOR) as session:
        for number in range(30):
            key, sender = f"E{number}", f"U{number % 5}"
            inbox.receive(session, "slack", key, sender, event(key, sender), NOW)

    async def run() -> None:
        workers = [office.worker(), office.worker()]
        while sum(await asyncio.gather(*(worker.recover() for worker in workers))):
            await asyncio.gather(*(worker.settle() for worker in workers))
        for worker in workers:
            await worker.stop()

    asyncio.run(run())
    assert sorted(office.effects) == sorted(f"E{number}" for number in range(30))
    assert office.most == 1
    for remainder in range(5):
        own = [int(text[1:]) for text in office.effects if int(text[1:]) % 5 == remainder]
        assert own == sorted(own)


def test_an_event_with_nothing_to_do_is_closed(office: Office) -> None:
    async def scene(worker: Worker) -> None:
        await receive(worker, "E1", text="")

    play(office, scene)
    assert office.effects == []
    assert office.state("E1") is InboxState.ANSWERED


def test_an_event_that_breaks_its_reader_is_given_up_and_stops_nobody(office: Office) -> None:
    with office.store.transaction(ACTOR) as session:
        inbox.receive(session, "slack", "bad", "U1", {"unheard": "of"}, NOW)
        for number in range(5):
            key = f"E{number}"
            inbox.receive(session, "slack", key, "U2", event(key, "U2"), NOW)
    for _ in range(inbox.MAX_FAILURES):
        play(office, recover)
        office.clock.advance(timedelta(minutes=10))
    assert office.state("bad") is InboxState.DEAD
    assert len(office.effects) == 5


def test_what_a_killed_process_held_runs_one_by_one_and_counts_as_it_begins(
    office: Office,
) -> None:
    keys = [f"E{number}" for number in range(3)]
    with office.store.transaction(ACTOR) as session:
        for key in keys:
            inbox.receive(session, "slack", key, key, event(key, key), NOW)
        inbox.claim(session, "killed", NOW, 9, LEASE)
    office.clock.advance(LEASE)
    seen: list[list[int]] = []

    def before(_: Incoming) -> None:
        assert sum(office.running.values()) == 1
        with office.store.reading() as session:
            seen.append([row.attempts for row in session.query(InboxRow).order_by(InboxRow.id)])

    office.before = before
    play(office, recover)
    assert seen == [[2, 1, 1], [0, 2, 1], [0, 0, 2]]
    assert office.effects == keys


def test_an_answer_that_fails_for_now_is_sent_later_without_doing_it_again(office: Office) -> None:
    office.slack.trouble = failing(
        DeliveryError("timeout", in_doubt=True), DeliveryError("internal_error")
    )

    async def scene(worker: Worker) -> None:
        await receive(worker, "E1")

    play(office, scene)
    for _ in range(2):
        office.clock.advance(timedelta(minutes=1))
        play(office, recover)
    assert office.effects == ["E1"]
    assert office.answers == [("done E1", True)]


def test_a_platform_that_asks_to_wait_is_obeyed_by_answers_and_notices_alike(
    office: Office,
) -> None:
    office.slack.trouble = failing(DeliveryError("ratelimited", retry_after=30))

    async def scene(worker: Worker) -> None:
        await receive(worker, "E1")

    play(office, scene)
    with office.store.reading() as session:
        assert list(halts.active(session, NOW)) == ["slack:U1"]
    office.clock.advance(timedelta(seconds=29))
    play(office, recover)
    assert office.answers == []
    office.clock.advance(timedelta(seconds=1))
    play(office, recover)
    assert office.answers == [("done E1", False)]


def test_an_answer_that_can_never_be_sent_is_let_go(office: Office) -> None:
    office.slack.trouble = always(DeliveryError("channel_not_found", permanent=True))

    async def scene(worker: Worker) -> None:
        await receive(worker, "E1")

    play(office, scene)
    assert office.state("E1") is InboxState.ANSWERED


def test_an_answer_is_owed_for_a_day(office: Office) -> None:
    office.slack.trouble = always(DeliveryError("internal_error"))

    async def scene(worker: Worker) -> None:
        await receive(worker, "E1")

    play(office, scene)
    office.clock.advance(timedelta(hours=25))
    play(office, recover)
    assert office.state("E1") is InboxState.DEAD


@pytest.mark.parametrize("committed", [False, True])
def test_a_database_that_goes_away_and_returns_leaves_one_effect(
    office: Office, *, committed: bool
) -> None:
    errors = [StoreUnavailable()]

    def away(_: Incoming) -> None:
        if errors:
            raise errors.pop()

    if committed:
        office.after = away
    else:
        office.before = away

    async def scene(worker: Worker) -> None:
        await worker.start()
        await receive(worker, "E1")
        await worker.settle()

    play(office, scene)
    play(office, recover)
    assert office.effects == ["E1"]
    assert office.answers == [("done E1", False)]


def test_what_comes_after_an_event_that_was_left_waits_for_it(
    sqlite_store: Store,
) -> None:
    office = Office(sqlite_store)
    kept = Event()

    def away(_: Incoming) -> None:
        assert kept.wait(10)
        take_away(office.store)
        office.before = lambda _: None

    office.before = away

    async def scene(worker: Worker) -> None:
        await receive(worker, "E1")
        await receive(worker, "E2")
        kept.set()
        await worker.settle()
        assert office.effects == []
        bring_back(office.store)
        await receive(worker, "E3")
        await worker.settle()
        assert office.effects == []
        last = asyncio.Event()
        office.slack.echo = lambda _: last.set() if len(office.answers) == 3 else None
        await worker.start()
        await last.wait()

    play(office, scene)
    assert office.effects == ["E1", "E2", "E3"]


def test_what_comes_after_an_event_that_lost_a_race_waits_for_it(office: Office) -> None:
    errors = [Conflict()]

    def before(_: Incoming) -> None:
        if errors:
            raise errors.pop()

    office.before = before

    async def scene(worker: Worker) -> None:
        for number in range(3):
            await receive(worker, f"E{number}")
        await worker.settle()

    play(office, scene)
    assert office.effects == []
    play(office, recover)
    assert office.effects == ["E0", "E1", "E2"]


def test_an_answer_that_was_sent_as_the_store_went_away_is_sent_once(sqlite_store: Store) -> None:
    office = Office(sqlite_store)
    office.slack.echo = lambda _: take_away(office.store)

    async def scene(worker: Worker) -> None:
        await receive(worker, "E1")
        await worker.settle()
        bring_back(office.store)
        assert office.state("E1") is InboxState.DONE
        with office.store.transaction(ACTOR) as session:
            inbox.receive(session, "slack", "E2", "U1", event("E2"), NOW)
        last = asyncio.Event()
        office.slack.echo = lambda _: last.set()
        await worker.start()
        await last.wait()

    play(office, scene)
    office.clock.advance(LEASE)
    play(office, recover)
    assert office.answers == [("done E1", False), ("done E2", False)]
    assert office.state("E1") is InboxState.ANSWERED


def test_an_answer_that_meets_a_bug_is_tried_again_and_done_once(office: Office) -> None:
    bugs = [ZeroDivisionError()]

    def trouble(_: str) -> None:
        if bugs:
            raise bugs.pop()

    office.slack.trouble = trouble

    async def scene(worker: Worker) -> None:
        await receive(worker, "E1")

    play(office, scene)
    office.clock.advance(timedelta(minutes=1))
    play(office, recover)
    assert office.effects == ["E1"]
    assert office.answers == [("done E1", False)]


def test_an_event_that_cannot_be_kept_is_not_acknowledged(office: Office) -> None:
    async def run() -> None:
        worker = Worker(
            Store("postgresql+psycopg://nobody@127.0.0.1:9/none"),  # nothing listens there
            {"slack": office.slack},
            office.run,
            lambda _: NOW,
        )
        with pytest.raises(StoreUnavailable):
            await receive(worker, "E1")
        await worker.stop()

    asyncio.run(run())


def test_stopping_ends_what_is_running_and_gives_the_rest_back(office: Office) -> None:
    begun, go_on = Event(), Event()

    def before(_: Incoming) -> None:
        begun.set()
        assert go_on.wait(10)

    office.before = before

    async def run() -> None:
        worker = office.worker()
        for number in range(3):
            await receive(worker, f"E{number}")
        await asyncio.to_thread(begun.wait, 10)
        stopping = asyncio.create_task(worker.stop())
        await asyncio.sleep(0)
        go_on.set()
        await stopping

    asyncio.run(run())
    assert office.effects == ["E0"]
    play(office, recover)
    assert office.effects == ["E0", "E1", "E2"]


def test_an_event_that_comes_while_the_process_ends_is_kept_for_the_next(office: Office) -> None:
    async def run() -> None:
        worker = office.worker()
        await worker.stop()
        assert await receive(worker, "E1")

    asyncio.run(run())
    assert office.effects == []
    play(office, recover)
    assert office.effects == ["E1"]


def test_an_event_done_by_another_process_meanwhile_is_dropped(office: Office) -> None:
    def before(incoming: Incoming) -> None:
        with office.store.transaction(ACTOR) as session:
            row = session.query(InboxRow).filter_by(key=incoming.key).one()
            inbox.done(session, row.id, None)

    office.before = before

    async def scene(worker: Worker) -> None:
        await receive(worker, "E1")

    play(office, scene)
    assert office.effects == []
    assert office.answers == []


def test_somebody_who_changed_the_same_rows_only_delays_the_event(office: Office) -> None:
    errors = [Conflict()]

    def before(_: Incoming) -> None:
        if errors:
            raise errors.pop()

    office.before = before

    async def scene(worker: Worker) -> None:
        await receive(worker, "E1")

    play(office, scene)
    office.clock.advance(LEASE)
    play(office, recover)
    assert office.effects == ["E1"]
