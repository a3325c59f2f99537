"""What somebody asks for is done within seconds, before the housework, and answered once whatever happens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.runner import Broken, Interrupted
from crm_store import asked, occurrences
from crm_store.models import JobRequest, Notice, Role, User
from crm_store.store import Store, StoreUnavailable
from jobs.asked import Answer
from tests.bot.hall import ACTOR, DAILY, HEAVY, HOUR, NOW, Hall


@pytest.fixture
def hall(store: Store) -> Hall:
    return Hall(store)


def ask(hall: Hall) -> None:
    """Let Mona ask for a tree, and for it to be done by `hall.answers`."""
    with hall.store.transaction(ACTOR) as session:
        mona = session.query(User).first() or User(
            name="Mona", role=Role.MANAGER, email="mona@example.org", language="en",
            time_zone="UTC", created_at=NOW,
        )  # fmt: skip
        session.add(mona)
        session.flush()
        asked.ask(session, job="tree", arguments={"of": "won"}, user_id=mona.id, now=NOW)


def told(hall: Hall) -> list[tuple[str, dict[str, object]]]:
    with hall.store.reading() as session:
        return [(each.kind, dict(each.payload)) for each in session.query(Notice)]


def test_what_somebody_asks_for_goes_first_and_is_answered_once(hall: Hall) -> None:
    scheduler = hall.scheduler(*HEAVY)
    hall.tick(scheduler)
    hall.clock.advance(HOUR)
    ask(hall)
    hall.answers = [Answer("tree_done", {"leaves": 4})]
    for _ in range(4):
        hall.tick(scheduler)
    assert [name for name, _ in hall.runs] == ["tree", "values", "trends"]
    assert told(hall) == [("tree_done", {"leaves": 4})]
    hall.close(scheduler)


@pytest.mark.parametrize(
    ("error", "why", "reference"),
    [
        (ZeroDivisionError(), "bug", None),
        (Broken("ABC123"), "bug", "ABC123"),
        (MemoryError(), "out of memory", ""),
    ],
)
def test_who_asked_is_told_of_a_failure(
    hall: Hall, caplog: pytest.LogCaptureFixture, error: Exception, why: str, reference: str | None
) -> None:
    scheduler = hall.scheduler()
    ask(hall)
    hall.answers = [error]
    hall.tick(scheduler)
    hall.tick(scheduler)
    ((kind, payload),) = told(hall)
    assert (kind, payload["why"], payload["job"]) == ("job_failed", why, "tree")
    assert payload["reference"] == reference or f"reference={payload['reference']}" in caplog.text
    hall.close(scheduler)


def test_a_request_broken_off_is_resumed_once_and_then_given_up(hall: Hall) -> None:
    scheduler = hall.scheduler()
    ask(hall)
    hall.answers = [StoreUnavailable(), StoreUnavailable()]
    for _ in range(4):
        hall.clock.advance(timedelta(seconds=2))
        hall.tick(scheduler)
    assert len(hall.runs) == 2
    ((kind, payload),) = told(hall)
    assert (kind, payload["why"]) == ("job_failed", "broken off")
    hall.close(scheduler)


def test_what_a_stop_interrupts_is_begun_again_by_the_next_process(hall: Hall) -> None:
    first = hall.scheduler(DAILY)
    hall.tick(first)
    hall.clock.advance(HOUR)
    ask(hall)
    hall.answers = [Interrupted(), Interrupted(), Answer("tree_done", {})]
    hall.interrupted = True
    hall.tick(first)
    hall.close(first)
    hall.interrupted = False
    second = hall.scheduler(DAILY)
    for _ in range(3):
        hall.tick(second)
    assert hall.planned("scores") == ["2026-11-16T09:00"]
    assert told(hall) == [("tree_done", {})]
    hall.close(second)


def test_how_far_a_job_is_stands_in_the_store_while_it_runs(hall: Hall) -> None:
    scheduler = hall.scheduler(DAILY)
    hall.tick(scheduler)
    hall.clock.advance(HOUR)
    ask(hall)
    hall.answers = [Answer("tree_done", {})]
    hall.tick(scheduler)
    with hall.store.reading() as session:
        last = occurrences.last(session, "scores")
        assert last
        assert last.progress == "scores begins"
        assert session.query(JobRequest).one().progress == "half of it"
    hall.close(scheduler)
