"""Each planned run happens once: on time, on return, and whoever leads."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, time, timedelta

import pytest

from bot.clock import FixedClock
from bot.leadership import Leadership
from bot.scheduler import Scheduler
from crm_store import leases, occurrences
from crm_store.models import Lease
from crm_store.schedules import Rule, Schedule
from crm_store.store import Session, Store
from jobs.schedule import Job
from tests.bot.hall import ACTOR, BERLIN, DAILY, FAULTY, HEAVY, HOUR, NOW, OFTEN, Hall, never


def lapse(session: Session) -> None:
    """Let every lease lapse, as a pause longer than its life does."""
    for lease in session.query(Lease):
        lease.expires_at = NOW - HOUR
    session.flush()


@pytest.fixture
def hall(store: Store) -> Hall:
    return Hall(store)


def test_a_job_runs_at_its_wall_clock_time_and_only_then(hall: Hall) -> None:
    scheduler = hall.scheduler(DAILY)
    hall.tick(scheduler)
    hall.pass_by(scheduler, timedelta(days=2), HOUR / 2)
    assert [at.astimezone(BERLIN).hour for _, at in hall.runs] == [9, 9]
    assert hall.planned("scores") == ["2026-11-16T09:00", "2026-11-17T09:00"]
    hall.close(scheduler)


def test_a_job_between_two_runs_of_which_some_time_passes_runs_once_in_each(hall: Hall) -> None:
    scheduler = hall.scheduler(OFTEN)
    hall.tick(scheduler)
    hall.pass_by(scheduler, timedelta(minutes=2), timedelta(seconds=10))
    assert len(hall.runs) == 5
    hall.close(scheduler)


def test_a_first_start_at_noon_does_not_run_what_was_planned_for_the_morning(hall: Hall) -> None:
    hall.clock.set(NOW + 4 * HOUR)
    scheduler = hall.scheduler(DAILY)
    hall.pass_by(scheduler, HOUR, HOUR / 2)
    assert hall.runs == []
    hall.close(scheduler)


@pytest.mark.parametrize(
    ("down", "runs"), [(timedelta(seconds=4), 1), (HOUR * 2, 1), (HOUR * 8, 0)]
)
def test_what_was_missed_runs_once_on_return_unless_it_is_too_late(
    hall: Hall, down: timedelta, runs: int
) -> None:
    first = hall.scheduler(DAILY)
    hall.tick(first)
    hall.close(first)
    hall.clock.set(NOW + HOUR + down)
    second = hall.scheduler(DAILY)
    hall.tick(second)
    hall.tick(second)
    assert len(hall.runs) == runs
    hall.close(second)


def test_after_a_week_away_a_job_catches_up_once(hall: Hall) -> None:
    first = hall.scheduler(DAILY, OFTEN)
    hall.tick(first)
    hall.close(first)
    hall.runs.clear()
    hall.clock.set(NOW + timedelta(days=7, hours=2))
    second = hall.scheduler(DAILY, OFTEN)
    hall.tick(second)
    assert sorted(name for name, _ in hall.runs) == ["reminders", "scores"]
    hall.close(second)


def test_two_schedulers_that_both_believe_they_lead_run_each_occurrence_once(hall: Hall) -> None:
    clocks = [FixedClock(NOW), FixedClock(NOW + timedelta(seconds=20))]
    schedulers = [hall.scheduler(DAILY, OFTEN, clock=clock) for clock in clocks]
    for _ in range(40):
        for clock, scheduler in zip(clocks, schedulers, strict=True):
            # Each takes the lease from the other, whose clock is behind: the worst of elections.
            with hall.store.transaction(ACTOR) as session:
                lapse(session)
            scheduler.leadership.release()
            hall.tick(scheduler)
            clock.advance(timedelta(minutes=3))
    assert hall.planned("scores") == ["2026-11-16T09:00"]
    assert [name for name, _ in hall.runs].count("scores") == 1
    assert len(hall.planned("reminders")) == [name for name, _ in hall.runs].count("reminders")
    hall.close(*schedulers)


def test_only_the_leader_runs_jobs_and_another_takes_over_when_it_is_killed(hall: Hall) -> None:
    first, second = hall.scheduler(DAILY), hall.scheduler(DAILY)
    hall.tick(first)
    hall.tick(second)
    assert first.leadership.held
    assert not second.leadership.held
    hall.clock.set(NOW + HOUR)  # the first hears nothing of it: it was killed
    hall.tick(second)
    assert len(hall.runs) == 1
    hall.tick(first)
    assert not first.leadership.held
    assert len(hall.runs) == 1
    hall.close(first, second)


def test_a_leader_that_stops_makes_room_at_once(hall: Hall) -> None:
    first, second = hall.scheduler(DAILY), hall.scheduler(DAILY)
    hall.tick(first)
    hall.close(first)
    hall.tick(second)
    assert second.leadership.held
    hall.close(second)


def test_a_job_that_fails_leaves_a_reference_and_the_others_run(
    hall: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    scheduler = hall.scheduler(FAULTY, DAILY)
    hall.tick(scheduler)
    hall.clock.advance(HOUR)
    hall.tick(scheduler)
    assert [name for name, _ in hall.runs] == ["scores"]
    with hall.store.reading() as session:
        last = occurrences.last(session, "faulty")
        assert last
        assert last.failed
        assert last.summary
        assert last.summary.removeprefix("reference ") in caplog.text
    hall.close(scheduler)


def test_a_run_broken_off_by_the_database_or_a_kill_is_resumed(hall: Hall) -> None:
    scheduler = hall.scheduler(DAILY)
    hall.tick(scheduler)
    hall.clock.advance(HOUR)
    hall.away = True
    hall.tick(scheduler)
    hall.away = False
    assert hall.runs == []
    hall.clock.advance(timedelta(minutes=11))
    hall.tick(scheduler)
    hall.tick(scheduler)
    assert len(hall.runs) == 1
    assert hall.planned("scores") == ["2026-11-16T09:00"]
    hall.close(scheduler)


@pytest.mark.parametrize(
    "jump", [HOUR, -HOUR, timedelta(days=1), timedelta(days=400, hours=7), -timedelta(days=20000)]
)
def test_a_wall_clock_that_jumps_and_returns_repeats_nothing_and_loses_nothing(
    hall: Hall, jump: timedelta
) -> None:
    scheduler = hall.scheduler(DAILY)
    hall.tick(scheduler)
    hall.clock.advance(HOUR)
    hall.tick(scheduler)
    hall.clock.advance(jump)
    hall.tick(scheduler)
    hall.clock.set(NOW + timedelta(days=1, hours=1))
    hall.tick(scheduler)
    hall.clock.advance(timedelta(days=1))
    hall.tick(scheduler)
    planned = ["2026-11-16T09:00", "2026-11-17T09:00", "2026-11-18T09:00"]
    assert hall.planned("scores") == planned
    assert len(hall.runs) == 3
    hall.close(scheduler)


def test_a_time_that_the_clocks_repeat_or_skip_is_kept_once(hall: Hall) -> None:
    night = Job("night", Schedule(Rule.DAILY, (time(2, 30),)), never, HOUR)
    hall.clock.set(datetime(2027, 10, 30, 12, 0, tzinfo=UTC))
    scheduler = hall.scheduler(night)
    hall.tick(scheduler)
    hall.pass_by(scheduler, timedelta(days=1), HOUR / 4)
    hall.clock.set(datetime(2028, 3, 25, 12, 0, tzinfo=UTC))
    hall.tick(scheduler)
    hall.pass_by(scheduler, timedelta(days=1), HOUR / 4)
    assert hall.planned("night") == ["2027-10-31T02:30", "2028-03-26T02:30"]
    hall.close(scheduler)


def test_one_job_can_be_run_by_name_whatever_its_times(hall: Hall) -> None:
    scheduler = hall.scheduler(DAILY, FAULTY)
    assert scheduler.run_once("scores", NOW).summary == "ran"
    assert scheduler.run_once("faulty", NOW).failed
    with pytest.raises(KeyError):
        scheduler.run_once("unheard of", NOW)
    assert hall.planned("scores") == []
    hall.close(scheduler)


def test_a_started_scheduler_ticks_and_stops(hall: Hall) -> None:
    async def run() -> None:
        scheduler = hall.scheduler(OFTEN)
        await scheduler.start()
        await scheduler.tick()
        await scheduler.stop()

    asyncio.run(run())
    assert len(hall.runs) == 1


def test_a_stop_lets_a_tick_that_runs_end_first(hall: Hall) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def clock(_: object) -> datetime:
        begun.set()
        assert go_on.wait(10)
        return hall.clock.now()

    async def run() -> None:
        scheduler = Scheduler(hall.store, [OFTEN], clock, BERLIN, hall)
        await scheduler.start()
        assert await asyncio.to_thread(begun.wait, 10)
        stopping = asyncio.create_task(scheduler.stop())
        await asyncio.sleep(0)
        go_on.set()
        await stopping

    asyncio.run(run())
    assert len(hall.runs) == 1


def leader(hall: Hall) -> Leadership:
    return Leadership(
        hall.store,
        "poller",
        lambda _: hall.clock.now(),
        monotonic=lambda: hall.clock.now().timestamp(),
    )


def test_a_leader_stops_a_second_before_its_lease_lapses(hall: Hall) -> None:
    first, second = leader(hall), leader(hall)
    assert first.ensure()
    hall.clock.advance(timedelta(seconds=13.9))
    assert first.held
    hall.clock.advance(timedelta(seconds=0.1))
    assert not first.held
    assert not second.ensure()
    hall.clock.advance(timedelta(seconds=1))
    assert second.ensure()
    assert not first.ensure()


def test_a_leader_that_renews_in_time_stays(hall: Hall) -> None:
    first, second = leader(hall), leader(hall)
    for _ in range(10):
        assert first.ensure()
        assert not second.ensure()
        hall.clock.advance(timedelta(seconds=6))


def test_a_slow_renewal_does_not_stretch_the_trust(hall: Hall) -> None:
    slow = FixedClock(NOW)

    def clock(_: object) -> datetime:
        slow.advance(timedelta(seconds=20))  # the database takes its time
        return hall.clock.now()

    holder = Leadership(hall.store, "poller", clock, monotonic=lambda: slow.now().timestamp())
    assert not holder.ensure()


def test_who_cannot_reach_the_database_does_not_lead(hall: Hall) -> None:
    holder = Leadership(
        Store("postgresql+psycopg://nobody@127.0.0.1:9/none"), "poller", lambda _: NOW
    )
    assert not holder.ensure()
    assert not holder.held


def test_a_lease_lost_to_another_term_is_noticed(hall: Hall) -> None:
    holder = leader(hall)
    assert holder.ensure()
    with hall.store.transaction(ACTOR) as session:
        lapse(session)
        leases.acquire(session, "poller", "other", NOW, HOUR)
    hall.clock.advance(timedelta(seconds=6))
    assert not holder.ensure()


def test_of_several_heavy_jobs_one_runs_at_a_time_and_none_is_lost(hall: Hall) -> None:
    scheduler = hall.scheduler(*HEAVY, OFTEN)
    hall.tick(scheduler)
    hall.clock.advance(HOUR)
    hall.tick(scheduler)
    assert [name for name, _ in hall.runs].count("values") == 1
    assert "trends" not in dict(hall.runs)
    hall.tick(scheduler)
    assert hall.planned("trends") == hall.planned("values") == ["2026-11-16T09:00"]
    hall.close(scheduler)
