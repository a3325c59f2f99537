"""What was done is answered once, whatever the platform says."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from bot.surface import DeliveryError
from bot.worker import Worker
from crm_store import halts, inbox
from crm_store.models import InboxRow, InboxState
from crm_store.store import Store
from tests.bot.surfaces import always, failing
from tests.bot.worker.office import ACTOR, LEASE, NOW, Office, event, play, receive, recover
from tests.outage import bring_back, take_away


def stored_replies(office: Office) -> list[dict[str, Any] | None]:
    with office.store.reading() as session:
        return [row.reply for row in session.query(InboxRow)]


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
