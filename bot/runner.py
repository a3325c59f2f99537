"""Where a job runs: a light one here, a heavy one or one that somebody asked for in a process of its own.

That process is `bot/child.py`. When a job runs and what becomes of a failure is decided in `bot/scheduler.py`.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import queue
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import Event, Lock, Thread, Timer
from typing import IO, Any, Protocol, cast

from bot.bounds import ONE_THREAD
from bot.config import SECRETS, JobsConfig
from crm_store.asked import KEY, Claim
from crm_store.store import Actor, Conflict, Store, StoreUnavailable
from jobs import asked
from jobs.analytics import spread
from jobs.asked import Answer
from jobs.schedule import Job, JobContext

log = logging.getLogger(__name__)

PROGRESS_EVERY = 1.0  # seconds between two notes of progress at least
LONGEST = timedelta(hours=4)  # the nightly scores of a million customers take minutes
_BROKEN = {kind.__name__: kind for kind in (StoreUnavailable, Conflict)}

BUG, OUT_OF_MEMORY, BROKEN_OFF = "bug", "out of memory", "broken off"

Progress = Callable[[str], None]


class Interrupted(Exception):
    """The process is told to stop; what was done in finished transactions stays."""


class Broken(Exception):
    """A job failed in its own process; the log tells of `reference`."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job has no result; a bug has a reference in the log."""

    why: str
    reference: str = ""

    def __str__(self) -> str:
        return f"reference {self.reference}" if self.reference else self.why


class Runs(Protocol):
    """What carries out jobs."""

    def run(self, job: Job, now: datetime, progress: Progress) -> str:
        """Run a job for a moment and return what it did."""

    def run_here(self, job: Job, now: datetime) -> str:
        """Run a job in this process, whatever it needs."""

    def answer(self, claim: Claim, now: datetime, progress: Progress) -> Answer:
        """Carry out what a person asked for."""

    def stop(self) -> None:
        """Interrupt what can be interrupted, and begin no more."""


@dataclass(frozen=True, slots=True)
class Order:
    """All that a process needs for one job; `settings` are the plain fields of a `JobContext`."""

    url: str
    audit_key: bytes
    actor: Actor
    now: datetime
    settings: Mapping[str, Any]
    bounds: JobsConfig
    work: Callable[[JobContext], Any]


class Runner:
    """Carries out jobs on one store, with the settings and within the bounds that the configuration gives.

    A process that has not ended after `longest` is killed, as it keeps every other job waiting.
    """

    def __init__(
        self,
        store: Store,
        audit_key: bytes,
        settings: Mapping[str, Any],
        bounds: JobsConfig,
        *,
        longest: timedelta = LONGEST,
    ) -> None:
        self._store = store
        self._audit_key = audit_key
        self._settings = settings
        self._bounds = bounds
        self._longest = longest
        self._stopping = Event()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._lock = Lock()

    def run(self, job: Job, now: datetime, progress: Progress) -> str:
        """Run a job for a moment and return what it did; `progress` is told at most once a second.

        Raises:
            Interrupted: `stop` was called.
            Broken: it failed in a process of its own.
            MemoryError: it needs more than it may have.
            StoreUnavailable: the database is away.
            Conflict: somebody else changed the same rows; running it again helps.
        """
        if not job.heavy:
            return self.run_here(job, now)
        summary: str = self._carry_out(_actor(job, now), now, job.run, progress)
        return summary

    def run_here(self, job: Job, now: datetime) -> str:
        """Run a job in this process, whatever it needs."""
        with spread.opened(self._bounds.dask_scheduler):
            return job.run(self._context(_actor(job, now), now, _logged(job.name)))

    def answer(self, claim: Claim, now: datetime, progress: Progress) -> Answer:
        """Carry out what a person asked for, as `run` does."""
        actor = Actor(claim.user_id, "schedule", claim.job, f"{KEY}{claim.id}")
        work = partial(asked.answer, claim.job, dict(claim.arguments))
        found = self._carry_out(actor, now, work, progress)
        return found if isinstance(found, Answer) else Answer(**found)

    def stop(self) -> None:
        """Interrupt what runs in processes of its own, and begin no more."""
        with self._lock:
            self._stopping.set()
            for process in self._processes:
                process.kill()

    def _carry_out(
        self, actor: Actor, now: datetime, work: Callable[[JobContext], Any], progress: Progress
    ) -> Any:  # noqa: ANN401 - what the work returns
        if self._store.is_in_memory:  # another process would see another database
            return work(self._context(actor, now, _logged(actor.command)))
        order = Order(
            url=self._store.url.render_as_string(hide_password=False),
            audit_key=self._audit_key,
            actor=actor,
            now=now,
            settings=dict(self._settings),
            bounds=self._bounds,
            work=work,
        )
        with self._started(pickle.dumps(order)) as process, self._ended_in_time(process, actor):
            for said in _lines(process, progress):
                return _understood(said)
            process.wait()
        raise self._end(process, actor.command)

    def _context(self, actor: Actor, now: datetime, progress: Progress) -> JobContext:
        transaction = partial(self._store.transaction, actor)
        return JobContext(
            transaction=transaction,
            reading=self._store.reading,
            now=now,
            progress=progress,
            **self._settings,
        )

    @contextmanager
    def _started(self, order: bytes) -> Iterator[subprocess.Popen[bytes]]:
        """Start a process, never a copy of this one, whose threads and connections it would inherit."""
        with self._lock:
            if self._stopping.is_set():
                raise Interrupted
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bot.child"],
                env=_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            self._processes.add(process)
        try:
            _hand_over(process, order)
            yield process
        finally:
            process.kill()
            process.wait()
            with self._lock:
                self._processes.discard(process)
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()

    @contextmanager
    def _ended_in_time(self, process: subprocess.Popen[bytes], actor: Actor) -> Iterator[None]:
        def end() -> None:
            log.error("job=%s took longer than %s", actor.command, self._longest)
            process.kill()

        timer = Timer(self._longest.total_seconds(), end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self, process: subprocess.Popen[bytes], name: str) -> Exception:
        """Return why a process ended without an answer."""
        # The signals reach a process that has not yet begun to ignore them.
        if self._stopping.is_set() or -process.returncode in {signal.SIGINT, signal.SIGTERM}:
            return Interrupted()
        reference = secrets.token_hex(3).upper()
        log.error("bug reference=%s job=%s ended with code=%s", reference, name, process.returncode)
        return Broken(reference)


def _environment() -> dict[str, str]:
    """Return what a process of a job is told by the environment: all but the secrets of the platforms."""
    told = {name: value for name, value in os.environ.items() if name not in SECRETS}
    return {**told, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _actor(job: Job, now: datetime) -> Actor:
    return Actor(None, "schedule", job.name, f"{job.name}:{now.isoformat()}")


def _logged(name: str) -> Progress:
    return partial(log.info, "job name=%s progress=%s", name)


def _hand_over(process: subprocess.Popen[bytes], order: bytes) -> None:
    """Write the order and leave the pipe open: its end is what the process dies of."""
    pipe = cast("IO[bytes]", process.stdin)
    try:
        pipe.write(order)
        pipe.flush()
    except BrokenPipeError:
        log.warning("the process of a job ended before it began")


def _lines(process: subprocess.Popen[bytes], progress: Progress) -> Iterator[dict[str, Any]]:
    """Yield what a process says apart from its progress, of which the newest is told once a second."""
    said: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    Thread(target=_listen, args=(process, said), daemon=True).start()
    newest, told_at = "", -PROGRESS_EVERY
    while True:
        wait = max(0.0, told_at + PROGRESS_EVERY - time.monotonic()) if newest else None
        try:
            line = said.get(timeout=wait)
        except queue.Empty:
            progress(newest)
            newest, told_at = "", time.monotonic()
            continue
        if not line:
            return
        found = json.loads(line)
        if "progress" in found:
            newest = found["progress"]
        else:
            yield found


def _listen(process: subprocess.Popen[bytes], said: queue.SimpleQueue[bytes]) -> None:
    for line in cast("IO[bytes]", process.stdout):
        if line.endswith(b"\n"):  # what was killed amid a line has said nothing
            said.put(line)
    said.put(b"")


def _understood(said: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what the work returned
    """Return what a process found, or raise what stopped it."""
    if "broken" in said:
        raise _BROKEN[said["broken"]]
    if "memory" in said:
        raise MemoryError(said["memory"])
    if "reference" in said:
        raise Broken(said["reference"])
    return said["done"]
