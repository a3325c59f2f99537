"""The whole program in a thread, and how it is configured."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from bot.app import App
from bot.config import Config, load
from bot.demo import sample
from crm_store.store import Actor, Store
from jobs.schedule import JobContext

PATIENCE = 60.0  # real seconds until a test gives up


class Running:
    """The whole program in a thread of its own, from `start` to `stop`."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="rapport")

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that the program runs in."""
        assert self._loop
        return self._loop

    def start(self) -> None:
        """Return when every part has started."""
        self._thread.start()
        assert self._ready.wait(PATIENCE), "the program does not start"
        if self._error:
            raise self._error

    def settle(self) -> None:
        """Wait until what is being sent is noted as sent."""
        settling = self.app.delivery.settle()
        asyncio.run_coroutine_threadsafe(settling, self.loop).result(PATIENCE)

    def stop(self) -> None:
        """Stop as a signal would, and wait."""
        if self._loop and self._stop:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._error:
            raise self._error

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to the thread of the test
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = _Bell(self._ready)
        await self.app.run(self._stop)


class _Bell(asyncio.Event):
    """The program waits for its end only once all parts run: that is when it rings."""

    def __init__(self, ready: threading.Event) -> None:
        super().__init__()
        self._ready = ready

    async def wait(self) -> Any:
        """Ring, then wait."""
        self._ready.set()
        return await super().wait()


def configured(folder: Path, platforms: str, port: int = 0, **secrets: str) -> Config:
    """The configuration of a program on the store in `folder`."""
    file = folder / "config.toml"
    file.write_text(
        f'[store]\nurl = "sqlite:///{folder}/rapport.db"\n[web]\nport = {port}\n'
        f'[defaults]\ncurrency = "EUR"\ntime_zone = "{sample.ZONE.key}"\n{platforms}'
    )
    return load(file, secrets)


def reconfigured(old: Config, platforms: str, port: int, secrets: Mapping[str, str]) -> Config:
    """The configuration `old` with platforms, on the same store."""
    folder = Path(old.store.url.removeprefix("sqlite:///")).parent
    return configured(folder, platforms, port, **secrets)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def jobs_context(store: Store, now: datetime) -> JobContext:
    """What the scheduler would give a job at `now`."""
    actor = Actor(None, "schedule", "test", f"test:{now.isoformat()}")
    return JobContext(
        transaction=partial(store.transaction, actor),
        reading=store.reading,
        now=now,
        routes={},
        time_zone=sample.ZONE.key,
        currency=sample.CURRENCY,
        working_hours="09:00-18:00",
        progress=lambda _text: None,
    )
