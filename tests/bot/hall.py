"""A store, clocks and a timetable whose jobs only note that they ran, for the tests of the scheduler."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.clock import FixedClock
from bot.runner import Interrupted, Progress
from bot.scheduler import Scheduler
from crm_store.asked import Claim
from crm_store.models import Occurrence
from crm_store.schedules import Rule, Schedule
from crm_store.store import Actor, Store, StoreUnavailable
from jobs.asked import Answer
from jobs.schedule import Job, JobContext

NOW = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)  # a Monday, 08:00 in Berlin
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
ACTOR = Actor(None, "test", "", "")


def never(_: JobContext) -> str:
    raise AssertionError


DAILY = Job("scores", Schedule(Rule.DAILY, (time(9, 0),)), never, timedelta(hours=6))
HEAVY = tuple(
    Job(name, Schedule(Rule.DAILY, (time(9, 0),)), never, timedelta(hours=6), heavy=True)
    for name in ("values", "trends")
)
OFTEN = Job("reminders", timedelta(seconds=30), never, timedelta(minutes=1))
FAULTY = Job("faulty", Schedule(Rule.DAILY, (time(9, 0),)), never, timedelta(hours=6))


class Hall:
    """A store, clocks and a list of the runs of all schedulers."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = FixedClock(NOW)
        self.runs: list[tuple[str, datetime]] = []
        self.away = False
        self.interrupted = False
        self.answers: list[Answer | Exception] = []

    def run(self, job: Job, now: datetime, progress: Progress) -> str:
        """Do a job: note it, or fail as told."""
        if self.interrupted:
            raise Interrupted
        progress(f"{job.name} begins")
        if self.away:
            raise StoreUnavailable
        if job is FAULTY:
            raise ZeroDivisionError
        self.runs.append((job.name, now))
        return "ran"

    def run_here(self, job: Job, now: datetime) -> str:
        """Do a job in this process."""
        return self.run(job, now, lambda _words: None)

    def answer(self, claim: Claim, now: datetime, progress: Progress) -> Answer:
        """Answer a request as told."""
        progress("half of it")
        self.runs.append((claim.job, now))
        told = self.answers.pop(0)
        if isinstance(told, Answer):
            return told
        raise told

    def scheduler(self, *jobs: Job, clock: FixedClock | None = None) -> Scheduler:
        """Return the scheduler of one more process."""
        own = clock or self.clock
        return Scheduler(
            self.store,
            jobs,
            lambda _: own.now(),
            BERLIN,
            self,
            monotonic=lambda: own.now().timestamp(),
        )

    def tick(self, scheduler: Scheduler) -> None:
        """Let a scheduler look once and end what it began."""

        async def run() -> None:
            await scheduler.tick()
            await scheduler.settle()

        asyncio.run(run())

    def pass_by(self, scheduler: Scheduler, length: timedelta, every: timedelta) -> None:
        """Let a time go by with a look every so often."""
        end = self.clock.now() + length
        while self.clock.now() < end:
            self.clock.advance(every)
            self.tick(scheduler)

    def stop(self) -> None:
        """Begin no more."""

    def close(self, *schedulers: Scheduler) -> None:
        """Stop schedulers as a process does that ends well."""
        for scheduler in schedulers:
            asyncio.run(scheduler.stop())

    def planned(self, name: str) -> list[str]:
        """Return the planned times that were run."""
        with self.store.reading() as session:
            rows = session.query(Occurrence).filter_by(schedule=name, summary="ran")
            return sorted(row.planned_local for row in rows)
