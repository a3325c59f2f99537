"""The demo's web chat: a rep, an agent and a manager side by side in a browser on this machine.

The timetable runs behind it, so that reminders and digests come while somebody looks.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from bot.config import WebConfig
from bot.delivery import Delivery
from bot.demo import sample
from bot.demo.world import World, last_morning
from bot.router import Answer
from bot.scheduler import Scheduler
from bot.surface import Incoming, Surface
from bot.web import Web
from bot.webchat.adapter import WebChat
from bot.webchat.messages import PLATFORM
from bot.worker import Worker
from crm_store.store import Session
from jobs.schedule import SCHEDULE

PEOPLE = ("rita", "agnes", "mona")
_PATIENCE = 30.0  # seconds until a server that does not start is a failure


class Pages:
    """The web chat of a world, served by a thread while the block lasts.

    `now` is asked before each call, so that the demo's clock goes on.
    """

    def __init__(self, world: World, now: Callable[[], datetime] | None = None) -> None:
        self._world = world
        self._now = now or (lambda: datetime.now(UTC))
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pages", daemon=True)
        self._port = 0

    @property
    def url(self) -> str:
        """Where the chat is."""
        return f"http://127.0.0.1:{self._port}/chat"

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(_PATIENCE):
            message = "the web chat does not start"
            raise TimeoutError(message)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        world, surfaces = self._world, dict[str, Surface]()
        worker = Worker(world.store, surfaces, self._handle, self._clock)
        chat = WebChat(
            worker.receive,
            world.transact,
            world.look,
            self._now,
            world.defaults.language,
            world.defaults.time_zone,
            open_to=[f"{short}@rapport.example" for short in PEOPLE],
        )
        surfaces[PLATFORM] = chat
        delivery = Delivery(world.store, surfaces, world.router.tell, self._clock)
        web = Web(WebConfig(port=0), world.store, chat.routes)
        timetable = Scheduler(world.store, SCHEDULE, self._clock, sample.ZONE, world.runner)
        async with AsyncExitStack() as parts:
            for part in (worker, delivery, web, timetable):
                await part.start()
                parts.push_async_callback(part.stop)
            self._port = web.port
            self._ready.set()
            await asyncio.to_thread(self._first_morning)
            await self._ended.wait()
        await self._loop.shutdown_default_executor()

    def _first_morning(self) -> None:
        # What the morning did before the newcomer came, who may come at night as well.
        morning = last_morning(self._now())
        for name in ("scores", "baskets", "trends", "churn_alerts", "segment_summary"):
            self._world.run_job(name, morning)

    def _clock(self, _session: Session) -> datetime:
        return self._now()

    def _handle(self, incoming: Incoming, inbox_id: int) -> Answer:
        self._world.clock.set(self._now())
        return self._world.router.handle(incoming, inbox_id)
