"""A local HTTP server in its own thread, with a call log and faults on demand.

What a platform accepts or refuses lives in the subclasses, not here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
import threading
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar

from aiohttp import web

Json = dict[str, Any]
Clock = Callable[[], float]
T = TypeVar("T")

FAULTS = (
    "drop_before",
    "drop_after",
    "drop_mid_body",
    "drop_after_body",
    "stall",
    "stall_before",
)
_STATUS = re.compile(r"[45]\d\d")


@dataclass(frozen=True)
class Fault:
    """How one coming call goes wrong; see `FakeServer.fail_next`."""

    how: str
    retry_after: int = 1
    seconds: float = 30.0

    @property
    def error(self) -> str | None:
        """The platform's error name or description when the fault is a refusal."""
        return self.how.removeprefix("error:") if self.how.startswith("error:") else None

    @property
    def status(self) -> int | None:
        """The HTTP status when the fault is a bare status."""
        return int(self.how) if _STATUS.fullmatch(self.how) else None


@dataclass
class Call:
    """One request that reached the fake, and what came of it.

    `at` is the fake's clock in seconds. `outcome` is "ok", the platform's error name or
    description, an HTTP status, or the fault's name; it is "" while the call is being answered.
    """

    at: float
    method: str
    params: Json
    outcome: str = ""
    retry_after: int | None = None

    @property
    def channel(self) -> str:
        """The chat it is about, as text, or ""."""
        for name in ("channel", "channel_id", "chat_id"):
            if self.params.get(name) is not None:
                return str(self.params[name])
        return ""


class Refused(Exception):
    """The platform says no: `error` is its error name (Slack) or description (Telegram)."""

    def __init__(self, error: str, *details: str, code: int = 400, **extra: Any) -> None:
        """Details are Slack's response_metadata messages; `code` and `extra` are Telegram's."""
        super().__init__(error)
        self.error = error
        self.details = details
        self.code = code
        self.extra = extra


def refuse(error: str, *details: str, code: int = 400, **extra: Any) -> NoReturn:
    """Raise `Refused`."""
    raise Refused(error, *details, code=code, **extra)


def cannot(what: str) -> NoReturn:
    """Raise AssertionError for what a person could not do or a test did not see."""
    raise AssertionError(what)


@dataclass
class _Faults:
    """Faults waiting for their calls, first in first out for each method."""

    waiting: list[tuple[str, Fault]] = field(default_factory=list)

    def take(self, method: str) -> Fault | None:
        """Remove and return the oldest fault meant for `method`."""
        for index, (wanted, fault) in enumerate(self.waiting):
            if wanted in {method, "*"}:
                del self.waiting[index]
                return fault
        return None


class FakeServer:
    """Base of the fakes: a context manager that listens on 127.0.0.1 while it is open.

    All state may be read and changed from any thread while `changed` (a Condition over a
    re-entrant lock) is held; every public method takes it itself. Leaving the context raises
    AssertionError when `violations` is not empty, so a live mention fails the test by itself.
    """

    SENDING: frozenset[str] = frozenset()
    TWISTS: frozenset[str] = frozenset()

    def __init__(self, clock: Clock = time.time) -> None:
        """`clock` gives the platform's time in seconds since 1970."""
        self.clock = clock
        self.log: list[Call] = []
        self.violations: list[str] = []
        self.changed = threading.Condition(threading.RLock())
        self._faults = _Faults()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run_loop, name=type(self).__name__)
        self._thread.daemon = True
        self._runner: web.AppRunner | None = None
        self._site: web.SockSite | None = None
        self._holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._holder.bind(("127.0.0.1", 0))
        self.port: int = self._holder.getsockname()[1]

    @property
    def origin(self) -> str:
        """Scheme, address and port, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        """Start listening."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, then raise AssertionError for violations unless an error is already on its way."""
        self.stop()
        if error is None and self.violations:
            raise AssertionError("; ".join(self.violations))

    def start(self) -> Self:
        """Start the thread and listen; returns self."""
        self._thread.start()
        self._in_loop(self._start())
        return self

    def stop(self) -> None:
        """Close every connection and end the thread; safe to call twice."""
        if not self._thread.is_alive():
            self._holder.close()
            return
        self._in_loop(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._holder.close()

    def down(self) -> None:
        """Refuse every connection and cut the open ones; the port stays ours."""
        self._in_loop(self._close_site())

    def up(self) -> None:
        """Listen again on the same port after `down`."""
        self._in_loop(self._open_site())

    def fail_next(
        self, method: str, how: str, times: int = 1, *, retry_after: int = 1, seconds: float = 30.0
    ) -> None:
        """Make the next `times` calls of `method` ("*" for any) go wrong.

        `how` is one of: an HTTP status such as "429" (with `retry_after` seconds) or "500";
        "error:NAME" for the platform's own refusal; "drop_before" (the connection dies and
        nothing was accepted); "drop_after" (accepted, no answer); "drop_mid_body" (accepted,
        half an answer); "drop_after_body" (accepted, whole answer, connection closed);
        "stall" and "stall_before" (accepted or not, silence for `seconds` of real time, then
        the connection dies). The Telegram fake also knows "duplicate" and "reorder".
        """
        known = how in FAULTS or how in self.TWISTS
        if not (known or how.startswith("error:") or _STATUS.fullmatch(how)):
            problem = f"unknown fault {how!r}"
            raise ValueError(problem)
        with self.changed:
            fault = Fault(how, retry_after, seconds)
            self._faults.waiting.extend([(method, fault)] * times)

    def calls(self, method: str) -> list[Call]:
        """Return the logged calls of one method, oldest first."""
        with self.changed:
            return [call for call in self.log if call.method == method]

    def busiest(self, channel: str | int, seconds: float) -> int:
        """Return the most sends to one chat that fall into any window of `seconds`."""
        with self.changed:
            times = sorted(
                call.at
                for call in self.log
                if call.method in self.SENDING and call.channel == str(channel)
            )
        ends = (bisect_left(times, start + seconds) for start in times)
        return max((end - first for first, end in enumerate(ends)), default=0)

    def max_per_second(self, channel: str | int) -> int:
        """Return the most sends to one chat within any second of the fake's clock."""
        return self.busiest(channel, 1.0)

    def early_calls(self) -> list[Call]:
        """Return sends that came before the Retry-After of an earlier 429 to the same chat."""
        until: dict[tuple[str, str], float] = {}
        early = []
        with self.changed:
            for call in self.log:
                key = (call.method, call.channel)
                if call.at < until.get(key, float("-inf")):
                    early.append(call)
                if call.retry_after is not None:
                    until[key] = call.at + call.retry_after
        return early

    def wait_until(self, condition: Callable[[], Any], timeout: float = 5.0) -> None:
        """Block until `condition()` is true, looking after every call; else AssertionError.

        `timeout` is real seconds. From async code: `await asyncio.to_thread(fake.wait_until, …)`.
        """
        with self.changed:
            if not self.changed.wait_for(lambda: bool(condition()), timeout):
                cannot(f"not seen within {timeout} s")

    def violate(self, what: str) -> None:
        """Record something we must never send, or that a person could not have done."""
        with self.changed:
            self.violations.append(what)

    # For subclasses ------------------------------------------------------------------------

    def routes(self) -> list[web.RouteDef]:
        """Return the platform's routes."""
        raise NotImplementedError

    def refusal(self, refused: Refused) -> web.Response:
        """Word a refusal as the platform does."""
        raise NotImplementedError

    def failure(self, status: int, retry_after: int) -> web.Response:
        """Word a 429 or a server error as the platform does."""
        raise NotImplementedError

    def twist(self, method: str, fault: Fault, response: web.Response) -> web.Response:
        """Make one of the `TWISTS` of a good answer."""
        raise NotImplementedError

    async def closing(self) -> None:
        """Release what the subclass holds; runs in the server's loop before it stops."""

    async def answer(
        self, request: web.Request, method: str, params: Json, perform: Callable[[], web.Response]
    ) -> web.StreamResponse:
        """Log the call, then perform it, or make it go wrong as `fail_next` asked."""

        async def performed() -> web.Response:
            return perform()

        return await self.answer_slowly(request, method, params, performed)

    async def answer_slowly(
        self,
        request: web.Request,
        method: str,
        params: Json,
        perform: Callable[[], Awaitable[web.Response]],
    ) -> web.StreamResponse:
        """Do as `answer` does, for a `perform` that waits."""
        call = Call(self.clock(), method, params)
        with self.changed:
            self.log.append(call)
            fault = self._faults.take(method)
            self.changed.notify_all()
        try:
            return await self._answer(request, call, fault, perform)
        except Refused as refused:
            call.outcome = refused.error
            return self.refusal(refused)
        finally:
            with self.changed:
                call.outcome = call.outcome or "ok"
                self.changed.notify_all()

    async def _answer(
        self,
        request: web.Request,
        call: Call,
        fault: Fault | None,
        perform: Callable[[], Awaitable[web.Response]],
    ) -> web.StreamResponse:
        if fault is None:
            return await perform()
        if fault.how in self.TWISTS:
            return self.twist(call.method, fault, await perform())
        call.outcome = fault.error or fault.how
        if fault.error:
            refuse(fault.error, code=_code_of(fault.error))
        if fault.status:
            call.retry_after = fault.retry_after if fault.status == 429 else None
            return self.failure(fault.status, fault.retry_after)
        if fault.how in {"drop_before", "stall_before"}:
            return await self._break_off(request, fault)
        return await self._answer_badly(request, fault, await perform())

    async def _answer_badly(
        self, request: web.Request, fault: Fault, response: web.Response
    ) -> web.StreamResponse:
        if fault.how == "drop_after_body":
            response.force_close()
            return response
        if fault.how == "drop_mid_body":
            return await _send_half(request, response)
        return await self._break_off(request, fault)

    async def _break_off(self, request: web.Request, fault: Fault) -> web.Response:
        with self.changed:
            self.changed.notify_all()
        if fault.how.startswith("stall"):
            await self.pause(fault.seconds)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def pause(self, seconds: float) -> None:
        """Wait real seconds, or less when the server stops."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    def take_fault(self, method: str) -> Fault | None:
        """Remove and return the next fault for something that is not a call to us."""
        with self.changed:
            return self._faults.take(method)

    def put_fault_back(self, method: str, fault: Fault) -> None:
        """Keep a fault for the next time, as this time there was nothing to spoil."""
        with self.changed:
            self._faults.waiting.insert(0, (method, fault))

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        # What waits for a client that has left.
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    def _in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _start(self) -> None:
        app = web.Application(client_max_size=60 * 2**20, middlewares=[_part])
        app.add_routes(self.routes())
        logger = logging.getLogger("tests.fakes")
        self._runner = web.AppRunner(app, access_log=None, logger=logger, shutdown_timeout=0.2)
        await self._runner.setup()
        await self._open_site()

    async def _stop(self) -> None:
        self._stopping.set()
        await self.closing()
        await self._close_site()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _open_site(self) -> None:
        if self._site is not None or self._runner is None:
            return
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.port))
        self._site = web.SockSite(self._runner, listening)
        await self._site.start()

    async def _close_site(self) -> None:
        if self._site is not None:
            await self._site.stop()
            self._site = None
        if self._runner is not None and self._runner.server is not None:
            for connection in self._runner.server.connections:
                if connection.transport is not None:
                    connection.transport.abort()


@web.middleware
async def _part(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Serve a client that may leave at any time: that is no fault of the fake, and nothing to log."""
    try:
        return await handler(request)
    except ConnectionError:
        return web.Response()


async def _send_half(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Send the headers and half of the body, then close the connection."""
    body = bytes(response.body) if isinstance(response.body, bytes | bytearray) else b""
    half = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return half


def _code_of(error: str) -> int:
    """Return the Telegram status that goes with a description; Slack does not look at it."""
    for start, code in (("Forbidden", 403), ("Unauthorized", 401), ("Conflict", 409)):
        if error.startswith(start):
            return code
    return 400


async def read_params(request: web.Request) -> Json:
    """Return query, form, multipart and JSON arguments of a request as one dict.

    Uploaded files come as bytes under `files` → name → (file name, content).
    """
    params: Json = dict(request.query)
    if request.content_type == "application/json":
        body = await request.json()
        params.update(body if isinstance(body, dict) else {})
        return params
    files: Json = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = (value.filename, value.file.read())
        else:
            params[name] = value
    if files:
        params["files_sent"] = files
    return params


def decoded(value: Any) -> Any:
    """Read JSON from a form field; what is no text is returned as it is."""
    return json.loads(value) if isinstance(value, str) and value else value
