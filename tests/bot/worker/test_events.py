"""A kept event takes effect once, in its person's order."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from threading import Event

from bot.surface import Incoming
from bot.worker import Worker
from crm_store import inbox
from crm_store.models import InboxState
from tests.bot.worker.office import ACTOR, NOW, Office, event, play, receive, recover


def assert_(holds: bool) -> None:  # noqa: FBT001 - an assertion as a function
    assert holds


def test_an_event_is_carried_out_and_answered(office: Office) -> None:
    async def scene(worker: Worker) -> None:
        assert await receive(worker, "E1")

    play(office, scene)
    assert office.effects == ["E1"]
    assert office.answers == [("done E1", False)]
    assert office.state("E1") is InboxState.ANSWERED


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
