"""The one web application: what the platforms post to, and how the program feels.

What is done with a posted event stands in the adapter of its platform.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import BaseRoute, Route

from bot.config import WebConfig
from crm_store import inbox, notices
from crm_store.store import Store, StoreUnavailable

if TYPE_CHECKING:
    import uvicorn

MAX_BODY = 1024 * 1024  # bytes; the platforms' events are a few kilobytes
_STOP_SECONDS = 5


class Web:
    """Serves the routes of the surfaces beside `/health`, `/ready` and `/metrics`."""

    def __init__(self, config: WebConfig, store: Store, routes: Sequence[BaseRoute]) -> None:
        self.app = application(store, routes)
        self._config = config
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self.port = config.port

    async def start(self) -> None:
        """Listen; the port is taken when this returns.

        Raises:
            OSError: the port is in use.
        """
        import uvicorn

        bound = socket.create_server((self._config.host, self._config.port))
        self.port = bound.getsockname()[1]
        config = uvicorn.Config(
            self.app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
        self._server = uvicorn.Server(config)
        # uvicorn would raise the signal again after its own shutdown, before ours.
        self._server.capture_signals = contextlib.nullcontext  # type: ignore[assignment,method-assign]
        self._task = asyncio.create_task(self._server.serve([bound]))

    async def stop(self) -> None:
        """Take no more requests and wait for those that run."""
        self.app.state.closing.set()
        if self._server and self._task:
            self._server.should_exit = True
            await self._task


def application(store: Store, routes: Sequence[BaseRoute]) -> Starlette:
    """Return the application; a body over one mebibyte is refused with 413."""

    def health(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    def ready(_request: Request) -> JSONResponse:
        waiting = _asked(lambda: _waiting(store))
        if waiting is None:
            return JSONResponse({"status": "store unavailable"}, status_code=503)
        return JSONResponse({"status": "ok", **waiting})

    def metrics(_request: Request) -> PlainTextResponse:
        waiting = _asked(lambda: _waiting(store)) or {}
        lines = [f"rapport_store_up {int(bool(waiting))}"]
        lines += [f"rapport_{name} {value}" for name, value in sorted(waiting.items())]
        return PlainTextResponse("\n".join(lines) + "\n")

    own = [Route("/health", health), Route("/ready", ready), Route("/metrics", metrics)]
    made = Starlette(routes=[*own, *routes], max_body_size=MAX_BODY)
    made.state.closing = asyncio.Event()  # what streams for ever ends when it is set
    return made


def _asked(question: Callable[[], dict[str, int]]) -> dict[str, int] | None:
    try:
        return question()
    except StoreUnavailable:
        return None


def _waiting(store: Store) -> dict[str, int]:
    with store.reading() as session:
        events = {f"inbox_{state.value}": n for state, n in inbox.counts(session).items()}
        owed = {f"notices_{state.value}": n for state, n in notices.counts(session).items()}
    return events | owed
