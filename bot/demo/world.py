"""A temporary store with the sample in it, and its people at their terminals."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TextIO, TypeVar

from bot.clock import FixedClock
from bot.config import JobsConfig
from bot.console.adapter import PLATFORM, ConsoleSurface, Terminal
from bot.delivery import Delivery
from bot.demo import sample
from bot.router import Router
from bot.runner import Runner
from crm_store.schedules import instant_of
from crm_store.store import Actor, Session, Store
from handlers import subjects
from handlers.request import Defaults
from jobs.asked import RUNNABLE
from jobs.readers import TOLD_AT
from jobs.schedule import SCHEDULE

T = TypeVar("T")

_SEEDING = Actor(None, PLATFORM, "demo", "demo")


class World:
    """The demo's store, its clock and its people."""

    def __init__(self, folder: Path, now: datetime, out: TextIO | None = None) -> None:
        subjects.load()
        self.out = out or sys.stdout
        self.clock = FixedClock(now)
        self.store = Store(f"sqlite:///{folder / 'demo.db'}")
        self.store.upgrade()
        with self.store.transaction(_SEEDING) as session:
            sample.fill(session, now)
        self.defaults = Defaults(time_zone=sample.ZONE.key, currency=sample.CURRENCY, jobs=RUNNABLE)
        settings = {
            "routes": {},
            "time_zone": sample.ZONE.key,
            "currency": sample.CURRENCY,
            "working_hours": self.defaults.working_hours,
        }
        self.runner = Runner(self.store, b"", settings, JobsConfig())
        self.router = Router(self.store, self.defaults, self.clock)
        self.terminals = {
            short: Terminal(self.router, f"{short}@rapport.example", self.out)
            for short, _name, _role in sample.TEAM
        }
        self._surface = ConsoleSurface(self.out)

    def run_job(self, name: str, now: datetime | None = None) -> str:
        """Run a scheduled job for a moment, by default the present one."""
        job = next(job for job in SCHEDULE if job.name == name)
        return self.runner.run_here(job, now or self.clock.now())

    def transact(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction of its own."""
        with self.store.transaction(_SEEDING) as session:
            return work(session)

    def look(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction that only reads."""
        with self.store.reading() as session:
            return work(session)

    def deliver(self) -> None:
        """Show every message that is due to its reader, as the messengers would."""
        asyncio.run(self._deliver())

    async def _deliver(self) -> None:
        moment = self.clock.now()
        delivery = Delivery(
            self.store, {PLATFORM: self._surface}, self.router.tell, lambda _session: moment
        )
        while await delivery.step():
            await delivery.settle()
        await delivery.stop()


@contextmanager
def world(now: datetime, out: TextIO | None = None) -> Iterator[World]:
    """Make a world that is gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="rapport-demo-") as folder:
        made = World(Path(folder), now, out)
        try:
            yield made
        finally:
            made.store.close()


def monday_morning(now: datetime) -> datetime:
    """Return five past nine on the Monday of this week in the demo's zone, the moment of the story."""
    today = now.astimezone(sample.ZONE).date()
    monday = today - timedelta(days=today.weekday())
    return instant_of(datetime.combine(monday, time(9, 5)), sample.ZONE)


def last_morning(now: datetime) -> datetime:
    """Return nine o'clock of today in the demo's zone, or of yesterday before that hour."""
    local = now.astimezone(sample.ZONE)
    day = local.date() - timedelta(days=local.time() < TOLD_AT)
    return instant_of(datetime.combine(day, TOLD_AT), sample.ZONE)
