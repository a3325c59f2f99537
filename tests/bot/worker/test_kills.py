"""What a dead or stopping process held is carried on by the next."""

from __future__ import annotations

import asyncio
from threading import Event

from bot.surface import Incoming
from crm_store import inbox
from crm_store.models import InboxRow, InboxState
from tests.bot.worker.office import ACTOR, LEASE, NOW, Office, event, kill, play, receive, recover


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
