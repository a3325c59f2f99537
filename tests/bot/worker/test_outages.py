"""The store goes away, or somebody else was faster: nothing is lost, doubled or out of order."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest

from bot.surface import Incoming
from bot.worker import Worker
from crm_store import inbox
from crm_store.models import InboxRow
from crm_store.store import Conflict, Store, StoreUnavailable
from tests.bot.worker.office import ACTOR, LEASE, NOW, Office, play, receive, recover
from tests.outage import bring_back, take_away


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
