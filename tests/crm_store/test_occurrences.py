"""A planned run has one row, whoever begins it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from crm_store import occurrences
from crm_store.store import Actor, Store

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACTOR = Actor(None, "test", "", "")


def begin(store: Store, planned: str, schedule: str = "scores") -> bool:
    with store.transaction(ACTOR) as session:
        return occurrences.begin(session, schedule, planned, NOW)


def test_of_many_that_begin_the_same_run_one_does(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        begun = list(pool.map(lambda _: begin(store, "2026-11-16T09:00"), range(8)))
    assert begun.count(True) == 1


def test_the_last_run_is_the_one_planned_last_and_tells_how_it_ended(store: Store) -> None:
    begin(store, "2026-11-16T09:00")
    begin(store, "2026-11-15T09:00")
    begin(store, "2026-11-17T09:00", schedule="reminders")
    with store.transaction(ACTOR) as session:
        occurrences.finish(
            session, "scores", "2026-11-16T09:00", NOW + HOUR, summary="12 scores", failed=False
        )
    with store.reading() as session:
        last = occurrences.last(session, "scores")
        assert last
        assert (last.planned_local, last.summary) == ("2026-11-16T09:00", "12 scores")
        assert (last.finished_at, last.failed) == (NOW + HOUR, False)
        assert occurrences.last(session, "unheard_of") is None


def test_a_run_that_was_broken_off_is_resumed_once(store: Store) -> None:
    begin(store, "2026-11-16T09:00")
    with store.transaction(ACTOR) as session:
        assert occurrences.unfinished(session, NOW) == []
        (left,) = occurrences.unfinished(session, NOW + HOUR)
        assert occurrences.resume(session, left.id)
        assert not occurrences.resume(session, left.id)
        assert occurrences.unfinished(session, NOW + HOUR) == []


def test_purging_keeps_the_newest_run_of_each_schedule(store: Store) -> None:
    begin(store, "2026-11-15T09:00")
    begin(store, "2026-11-16T09:00")
    with store.transaction(ACTOR) as session:
        occurrences.purge(session, NOW + HOUR)
        assert occurrences.last(session, "scores") is not None
    assert begin(store, "2026-11-15T09:00")
