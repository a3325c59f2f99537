"""The one place where everything meets: from a configuration to a program that runs and stops cleanly.

The command line is `bot/__main__.py`; what each part does stands in its own module.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import time
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from bot.clock import Clock, SystemClock
from bot.config import Config
from bot.delivery import Delivery
from bot.leadership import Leadership
from bot.lookups import Lookups
from bot.router import Router
from bot.runner import Runner
from bot.scheduler import Scheduler
from bot.surface import Surface
from bot.understanding.model import Model
from bot.web import Web
from bot.worker import Worker
from crm_store import conversations
from crm_store.exclusions import folded
from crm_store.store import Actor, Session, Store
from handlers import subjects
from handlers.request import Defaults
from jobs.asked import RUNNABLE
from jobs.schedule import SCHEDULE

log = logging.getLogger(__name__)

T = TypeVar("T")

_BUTTONS = Actor(None, "button", "", "")


class Part(Protocol):
    """Something that runs as long as the process does."""

    async def start(self) -> None:
        """Begin."""

    async def stop(self) -> None:
        """End cleanly."""


class App:
    """The parts of one process.

    Attributes:
        surfaces: the platforms that the configuration switches on, by name.
    """

    def __init__(self, config: Config, clock: Clock | None = None) -> None:
        subjects.load()
        self.config = config
        self.clock = clock or SystemClock()
        self.store = open_store(config)
        self.defaults = defaults(config)
        self.router = Router(self.store, self.defaults, self.clock, model(config))
        self.lookups = Lookups(self.router)
        self.surfaces: dict[str, Surface] = {}
        self.worker = Worker(
            self.store,
            self.surfaces,
            self.router.carry_out,
            self.store.now,
            is_shut=self.router.intake.is_shut,
        )
        self.surfaces.update(_surfaces(self))
        self.delivery = Delivery(
            self.store,
            self.surfaces,
            self.router.tell,
            self.store.now,
            ended=self.router.ended,
            begins=time.fromisoformat(self.defaults.working_hours.partition("-")[0]),
        )
        routes = [route for surface in self.surfaces.values() for route in surface.routes]
        self.web = Web(config.web, self.store, routes)
        zone = ZoneInfo(self.defaults.time_zone)
        runner = Runner(self.store, audit_key(config), job_settings(config), config.jobs)
        self.scheduler = Scheduler(self.store, SCHEDULE, self.store.now, zone, runner)

    def shorten(self, line: str) -> str:
        """Keep a line that is too long for a button and return its key."""
        with self.store.transaction(_BUTTONS) as session:
            return conversations.shorten(session, line, self.clock.now())

    def transact(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction of its own: what a surface has to look up or to note."""
        with self.store.transaction(Actor(None, "surface", "", secrets.token_hex(6))) as session:
            return work(session)

    def look(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction that only reads and waits for nobody."""
        with self.store.reading() as session:
            return work(session)

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Run until `stop` is set or the process is told to end; what is in flight gets some seconds."""
        stop = stop or _stop_on_signals()
        self.store.upgrade()
        async with AsyncExitStack() as parts:
            for part in self._parts():
                await part.start()
                parts.push_async_callback(part.stop)
            log.info("running surfaces=%s", ",".join(self.surfaces) or "none")
            await stop.wait()
            log.info("stopping")
        self.store.close()

    def _parts(self) -> tuple[Part, ...]:
        # Stopped in the opposite order: the surfaces last, so that what is in flight still goes out.
        return (*self.surfaces.values(), self.worker, self.delivery, self.web, self.scheduler)


def open_store(config: Config) -> Store:
    """Return the store that the configuration names."""
    return Store(config.store.url, audit_key=audit_key(config))


def audit_key(config: Config) -> bytes:
    """Return what the chain of the audit log is keyed with, empty for nothing."""
    key = config.secrets.rapport_key
    return key.reveal().encode() if key else b""


def job_settings(config: Config) -> dict[str, Any]:
    """Return the plain settings of a `JobContext`; they are handed to other processes, so no secret is among them."""
    given = config.defaults
    return {
        "routes": _routes(config),
        "time_zone": given.time_zone,
        "currency": given.currency,
        "working_hours": given.working_hours,
        "excluded": folded(config.analysis.excluded_fields),
        "contract_field": config.analysis.contract_field,
    }


def _routes(config: Config) -> dict[str, tuple[str, ...]]:
    return {name: tuple(map(str, addresses)) for name, addresses in config.routes.items()}


def model(config: Config) -> Model | None:
    """Return the language model of the configuration, None when there is none."""
    llm = config.llm
    return Model(llm.base_url, llm.model, config.secrets.rapport_llm_key) if llm.base_url else None


def defaults(config: Config) -> Defaults:
    """Return what the handlers need of the configuration."""
    given = config.defaults
    return Defaults(
        language=given.language,
        time_zone=given.time_zone,
        currency=given.currency,
        working_hours=given.working_hours,
        routes=_routes(config),
        customers=config.telegram.customers,
        tickets_chat=config.telegram.tickets_chat,
        tickets_topics=config.telegram.tickets_topics,
        topic_name=config.telegram.topic_name,
        jobs=RUNNABLE,
    )


def _surfaces(app: App) -> dict[str, Surface]:
    surfaces: dict[str, Surface] = {}
    if app.config.slack.enabled:
        from bot.slack.adapter import Slack

        surfaces["slack"] = Slack(app.config, app.worker.receive, app.shorten, app.lookups)
    if app.config.telegram.enabled:
        from bot.telegram.adapter import LEASE, Telegram

        leadership = Leadership(app.store, LEASE, app.store.now)
        surfaces["telegram"] = Telegram(
            app.config,
            app.worker.receive,
            app.shorten,
            app.transact,
            leadership,
            look=app.lookups.find,
        )
    if app.config.web.chat:
        from bot.webchat.adapter import WebChat

        given = app.defaults
        surfaces["web"] = WebChat(
            app.worker.receive,
            app.transact,
            app.look,
            app.clock.now,
            given.language,
            given.time_zone,
        )
    return surfaces


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows has no signal handlers on its loop
            loop.add_signal_handler(number, stop.set)
    return stop
