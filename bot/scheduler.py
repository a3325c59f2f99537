"""Runs the jobs of the timetable at their times: one leader, each occurrence once.

Here stands the third of the three error boundaries, around one run of one job. The timetable is
`jobs/schedule.py`; APScheduler is only the clock that ticks.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.asked import Requests
from bot.leadership import Leadership
from bot.runner import BUG, OUT_OF_MEMORY, Broken, Failure, Interrupted
from crm_store import occurrences
from crm_store.schedules import instant_of
from crm_store.store import Actor, Conflict, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from zoneinfo import ZoneInfo

    from bot.runner import Runs
    from crm_store.store import Session, Store
    from jobs.schedule import Job

__all__ = ["Leadership", "Outcome", "Scheduler"]

log = logging.getLogger(__name__)

T = TypeVar("T")

TICK = 2.0
RESUME_AFTER = timedelta(minutes=10)
_THREADS = 4
_SHORTEST_CATCH_UP = timedelta(minutes=1)
_LEASE = "scheduler"
_ASKED = "asked"  # the name under which a request runs
# A machine without a battery starts in 1970; what was "planned" then is nobody's plan.
_CLOCKS_ARE_SET = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run of a job ended: its own summary, or what to look for in the log."""

    summary: str
    failed: bool


@dataclass(frozen=True, slots=True)
class _Run:
    job: Job
    planned_local: str


_Begun: TypeAlias = "tuple[str, Callable[[], None]]"


class Scheduler:
    """The timetable and what people ask for at work, carried out by `runner`; one heavy job at a time.

    `clock` is the clock the processes agree on: `store.now` outside of tests. `zone` is the one
    whose wall clock the timetable is on.
    """

    def __init__(  # noqa: PLR0913 - what it is built from, once
        self,
        store: Store,
        jobs: Iterable[Job],
        clock: Callable[[Session], datetime],
        zone: ZoneInfo,
        runner: Runs,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.leadership = Leadership(store, _LEASE, clock, monotonic=monotonic)
        self._store = store
        self._jobs = {job.name: job for job in jobs}
        self._clock = clock
        self._zone = zone
        self._runner = runner
        self._requests = Requests(store, clock, runner)
        self._running: dict[str, asyncio.Future[None]] = {}
        self._heavy: str | None = None
        self._look_at: dict[str, datetime] = {}
        self._looked_at = datetime.min.replace(tzinfo=UTC)
        self._ticking = asyncio.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="job")
        self._ticker = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )

    async def start(self) -> None:
        """Begin to tick."""
        self._ticker.add_job(self.tick, "interval", seconds=TICK)
        self._ticker.start()

    async def stop(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - a bound, not a failure
        """Tick no more, interrupt heavy jobs, give others some seconds, and let another process lead."""
        if self._ticker.running:
            self._ticker.pause()
            async with self._ticking:  # cut short, it would leave begun what it had claimed
                self._ticker.shutdown(wait=False)
        self._runner.stop()
        if self._running:
            await asyncio.wait(self._running.values(), timeout=timeout)
        await asyncio.to_thread(self.leadership.release)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def tick(self) -> None:
        """Begin every job that is due or asked for, if this process leads."""
        loop = asyncio.get_running_loop()
        async with self._ticking:
            for name, work in await asyncio.to_thread(self._begin_due):
                future = loop.run_in_executor(self._threads, work)
                self._running[name] = future
                future.add_done_callback(partial(self._ended, name))

    async def settle(self) -> None:
        """Wait until no job runs."""
        while self._running:
            await asyncio.wait(list(self._running.values()))

    def run_once(self, name: str, now: datetime) -> Outcome:
        """Run one job for a moment in this process, whatever its times; this is no planned occurrence.

        Raises:
            KeyError: no job has that name.
            StoreUnavailable: the database is away.
            Conflict: somebody else changed the same rows; running it again helps.
        """
        job = self._jobs[name]
        return self._outcome(name, lambda: self._runner.run_here(job, now))

    def _ended(self, name: str, _future: asyncio.Future[None]) -> None:
        del self._running[name]
        if name == self._heavy:
            self._heavy = None

    def _begin_due(self) -> list[_Begun]:
        if not self.leadership.ensure():
            self._look_at.clear()
            return []
        begun: list[_Begun] = []
        try:
            with self._store.reading() as session:
                now = self._clock(session)
            if now < _CLOCKS_ARE_SET:
                log.error("the clock says %s, no job is begun", now.date())
                return []
            begun.extend(self._begin_requests())
            begun.extend(self._begin_planned(now))
            begun.extend(self._resume(now))
        except (StoreUnavailable, Conflict) as error:
            log.warning("not every job was begun reason=%s", type(error).__name__)
        return begun

    def _begin_requests(self) -> Iterator[_Begun]:
        claim = self._requests.take() if self._heavy is None else None
        if claim is not None:
            self._heavy = _ASKED
            yield _ASKED, partial(self._requests.carry_out, claim, self._bounded)

    def _begin_planned(self, now: datetime) -> Iterator[_Begun]:
        if now < self._looked_at:  # the wall clock went back: what is cached may be far ahead
            self._look_at.clear()
        self._looked_at = now
        waiting = [
            job
            for name, job in self._jobs.items()
            if name not in self._running and now >= self._look_at.get(name, now)
        ]
        for job in waiting:
            run = self._begin(job, now) if self._has_room(job) else None
            if run:
                yield self._begun(run)

    def _has_room(self, job: Job) -> bool:
        return not job.heavy or self._heavy is None

    def _begun(self, run: _Run) -> _Begun:
        if run.job.heavy:
            self._heavy = run.job.name
        return run.job.name, partial(self._carry_out, run)

    def _begin(self, job: Job, now: datetime) -> _Run | None:
        with self._store.reading() as session:
            last = occurrences.last(session, job.name)
        planned = self._newest(job, last.planned_local if last else None, now)
        begun = False
        if last is None and not isinstance(job.when, timedelta):
            # Remember when the job was first seen, so that a start at noon does not run what was
            # planned for nine, but a stop from eight to ten does not lose it either.
            self._note_first_sight(job, now)
        elif planned is not None and self.leadership.held:
            actor = Actor(None, "schedule", job.name, f"{job.name}:{planned}")
            with self._store.transaction(actor) as session:
                begun = occurrences.begin(session, job.name, planned, now)
        self._look_at[job.name] = self._next(job, now)
        return _Run(job, planned) if begun and planned is not None else None

    def _note_first_sight(self, job: Job, now: datetime) -> None:
        local = now.astimezone(self._zone).replace(tzinfo=None).isoformat(timespec="seconds")
        with self._store.transaction(Actor(None, "schedule", job.name, "")) as session:
            occurrences.begin(session, job.name, local, now)
            occurrences.finish(session, job.name, local, now, summary="", failed=False)

    def _newest(self, job: Job, last: str | None, now: datetime) -> str | None:
        if isinstance(job.when, timedelta):
            return _text(_slot(job.when, now))
        since: datetime = now - max(job.catch_up, _SHORTEST_CATCH_UP)
        if last is not None:
            last_local = datetime.fromisoformat(last.removesuffix("Z"))
            if since < instant_of(last_local, self._zone) <= now:
                since = last_local
        newest = None
        found = job.when.next_after(since, self._zone)
        while found and found.instant <= now:
            newest = found.planned_local
            found = job.when.next_after(newest, self._zone)
        return None if newest is None else newest.isoformat(timespec="minutes")

    def _next(self, job: Job, now: datetime) -> datetime:
        if isinstance(job.when, timedelta):
            return _slot(job.when, now) + job.when
        found = job.when.next_after(now, self._zone)
        return found.instant if found else datetime.max.replace(tzinfo=UTC)

    def _resume(self, now: datetime) -> Iterator[_Begun]:
        with self._store.reading() as session:
            left = occurrences.unfinished(session, now - RESUME_AFTER)
        for row in left:
            job = self._jobs.get(row.schedule)
            if job is None or job.name in self._running or not self.leadership.held:
                continue
            if not self._has_room(job):
                continue
            actor = Actor(None, "schedule", job.name, f"{job.name}:{row.planned_local}")
            with self._store.transaction(actor) as session:
                resumed = occurrences.resume(session, row.id)
            if resumed:
                yield self._begun(_Run(job, row.planned_local))

    def _carry_out(self, run: _Run) -> None:
        job, planned = run.job, run.planned_local
        actor = Actor(None, "schedule", job.name, f"{job.name}:{planned}")
        note = partial(self._note_progress, actor, run)
        try:
            with self._store.reading() as session:
                begun_at = self._clock(session)
            outcome = self._outcome(job.name, lambda: self._runner.run(job, begun_at, note))
            with self._store.transaction(actor) as session:
                now = self._clock(session)
                occurrences.finish(
                    session,
                    job.name,
                    planned,
                    now,
                    summary=outcome.summary,
                    failed=outcome.failed,
                )
        except Interrupted:
            self._put_back(actor, run)
        except (StoreUnavailable, Conflict) as error:
            # Left unfinished, so that it is resumed.
            log.warning("job broken off name=%s reason=%s", job.name, type(error).__name__)

    def _put_back(self, actor: Actor, run: _Run) -> None:
        try:
            with self._store.transaction(actor) as session:
                occurrences.put_back(session, run.job.name, run.planned_local)
        except (StoreUnavailable, Conflict):
            log.warning("job left unfinished name=%s", run.job.name)

    def _note_progress(self, actor: Actor, run: _Run, words: str) -> None:
        log.info("job name=%s progress=%s", run.job.name, words)
        try:
            with self._store.transaction(actor) as session:
                occurrences.note_progress(session, run.job.name, run.planned_local, words)
        except (StoreUnavailable, Conflict):
            log.info("progress not noted name=%s", run.job.name)

    def _outcome(self, name: str, work: Callable[[], str]) -> Outcome:
        found = self._bounded(name, work)
        if isinstance(found, Failure):
            return Outcome(str(found), failed=True)
        log.info("job done name=%s summary=%s", name, found)
        return Outcome(found, failed=False)

    def _bounded(self, name: str, work: Callable[[], T]) -> T | Failure:
        try:
            return work()
        except (StoreUnavailable, Conflict, Interrupted):
            raise
        except MemoryError:
            log.warning("job ran out of memory name=%s", name)
            return Failure(OUT_OF_MEMORY)
        except Broken as broken:
            return Failure(BUG, broken.reference)
        except Exception:
            reference = secrets.token_hex(3).upper()
            log.exception("bug reference=%s job=%s", reference, name)
            return Failure(BUG, reference)


def _slot(every: timedelta, now: datetime) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (now - epoch) // every * every


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
