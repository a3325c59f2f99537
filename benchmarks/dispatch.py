"""What one message costs in Rapport, beside bare slack-bolt and bare python-telegram-bot.

    python benchmarks/dispatch.py [ROUNDS]

Ours does the whole way of an event: signature, a durable inbox row, one transaction with effects,
audit and answer on a SQLite file, the rendered answer. The listeners of the peers do nothing, as
this measures their routing. Nothing is sent by anybody: only the last step of ours, the call of
the platform, is left out, and Bolt has its own `authorize`. The variants take turns, the first
round is dropped, and the table is Markdown.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import slack_bolt
import telegram
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Update
from telegram.ext import Application, CommandHandler

from bot.clock import SystemClock
from bot.config import load
from bot.demo import sample
from bot.lookups import Lookups
from bot.router import Answer, Router
from bot.slack.adapter import Slack
from bot.slack.render import render
from bot.surface import Incoming, Sent
from bot.telegram import events as telegram_events
from bot.telegram.render import render as render_telegram
from bot.web import application
from bot.worker import Worker
from crm_store import users
from crm_store.store import Actor, Store
from handlers import subjects
from handlers.command import match
from handlers.reading.line import clean
from handlers.reply import Reply
from handlers.request import Defaults
from handlers.wording import speaking

ROUNDS = 6
MESSAGES = 100  # of each variant in each round
LISTENERS = 60
SECRET = "not-a-secret"
ACCOUNT = "U0RITA"
TELEGRAM_ACCOUNT = 4242
BOT = {"id": 99, "username": "rapport_bot"}
READ = "deal show 1"
WRITES = ("deal move 1 proposal", "deal move 1 negotiation")
BOLT = "slack-bolt, 1 listener, nothing done"
PTB = "python-telegram-bot, 1 handler, nothing done"
BOLT_HTTP = "slack-bolt behind its Starlette handler, 1 listener"
SLACK_WRITE = "**Rapport, Slack, a command that writes**"
HTTP_WRITE = "**Rapport behind `/slack/events`, a command that writes**"
TELEGRAM_WRITE = "**Rapport, Telegram, a command that writes**"
COMPARED = ((SLACK_WRITE, BOLT), (HTTP_WRITE, BOLT_HTTP), (TELEGRAM_WRITE, PTB))
SEEDING = Actor(None, "benchmark", "seed", "seed")

Run = Callable[[], Awaitable[float]]
"""Carries one message out and returns the seconds after which it was acknowledged."""

numbers = itertools.count(1)
writes = itertools.cycle(WRITES)


def main() -> None:
    """Measure and print."""
    logging.disable(logging.WARNING)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), rounds))


async def measure(folder: Path, rounds: int) -> None:
    """Let the variants take turns and print the table."""
    ours = Ours(folder)
    await ours.start()
    telegrams = {count: await _telegram(count) for count in (1, LISTENERS)}
    variants: dict[str, Run] = {
        BOLT: _bolt(1),
        f"slack-bolt, {LISTENERS} listeners, nothing done": _bolt(LISTENERS),
        "slack-bolt, 1 listener, `process_before_response=True`": _bolt(1, waits=True),
        "Rapport, the routing alone, every command known, nothing done": ours.route,
        "**Rapport, Slack, a command that reads**": lambda: ours.slack(READ),
        SLACK_WRITE: lambda: ours.slack(next(writes)),
        BOLT_HTTP: _bolt_http(),
        HTTP_WRITE: lambda: ours.http(_slash("/crm", next(writes))),
        PTB: telegrams[1],
        f"python-telegram-bot, {LISTENERS} handlers, nothing done": telegrams[LISTENERS],
        "**Rapport, Telegram, a command that reads**": lambda: ours.telegram(READ),
        TELEGRAM_WRITE: lambda: ours.telegram(next(writes)),
    }
    seen: dict[str, list[tuple[float, float, float]]] = {name: [] for name in variants}
    for number in range(rounds):
        for name, run in variants.items():
            timed = [await _timed(run) for _message in range(MESSAGES)]
            if number:
                seen[name] += timed
    await ours.stop()
    _print(seen, rounds)


async def _timed(run: Run) -> tuple[float, float, float]:
    began, worked = time.perf_counter(), time.process_time()
    acknowledged = await run()
    return acknowledged, time.perf_counter() - began, time.process_time() - worked


def _print(seen: dict[str, list[tuple[float, float, float]]], rounds: int) -> None:
    print(
        f"{datetime.now(UTC).date()}, Python {sys.version.split()[0]}, slack-bolt"
        f" {slack_bolt.version.__version__}, python-telegram-bot {telegram.__version__};"
        f" medians of {(rounds - 1) * MESSAGES} messages each, one at a time\n"
    )
    print("| one message through | acknowledged after | done after | processor time |")
    print("|---|--:|--:|--:|")
    for name, times in seen.items():
        acknowledged, done, worked = (
            shown(statistics.median(column)) for column in zip(*times, strict=True)
        )
        acknowledged = acknowledged if name.startswith(("**", "slack")) else "–"
        print(f"| {name} | {acknowledged} | {done} | {worked} |")
    print()
    for ours, peer in COMPARED:
        ratio = _done(seen[ours]) / _done(seen[peer])
        print(f"- {ours.strip('*')}: done after {ratio:.2g} times what {peer} takes.")


def shown(seconds: float) -> str:
    """Write a duration with the unit that fits it."""
    return f"{seconds * 1000:.1f} ms" if seconds >= 0.001 else f"{seconds * 1_000_000:.0f} µs"


def _done(times: list[tuple[float, float, float]]) -> float:
    return statistics.median(done for _acknowledged, done, _worked in times)


# ---------------------------------------------------------------------------------------------- ours


class Quiet(Slack):
    """The Slack surface with everything but the last step: the answer is rendered and not sent."""

    async def answer(
        self, body: dict[str, Any], reply: Reply, *, language: str, zone: str, again: bool
    ) -> Sent | None:
        """Render."""
        del body, again
        with speaking(language, zone):
            await asyncio.to_thread(render, reply, self._shorten)
        return None


class QuietTelegram:
    """Reads updates and renders answers as the Telegram surface does, and sends nothing."""

    name = "telegram"
    can_look_up = False
    routes = ()

    def read(self, body: dict[str, Any]) -> Any:  # noqa: ANN401 - the protocol of the surfaces
        """Return what the person did."""
        return telegram_events.read(body)

    async def answer(
        self, body: dict[str, Any], reply: Reply, *, language: str, zone: str, again: bool
    ) -> Sent | None:
        """Render."""
        del body, again
        with speaking(language, zone):
            await asyncio.to_thread(render_telegram, reply, str)
        return None


class Ours:
    """The kernel over a SQLite file with the sample data, and both surfaces in front of it."""

    def __init__(self, folder: Path) -> None:
        subjects.load()
        store = Store(f"sqlite:///{folder / 'dispatch.db'}")
        store.upgrade()
        now = datetime.now(UTC)
        with store.transaction(SEEDING) as session:
            sample.fill(session, now)
            rita = users.by_email(session, "rita@rapport.example")
            assert rita
            for platform, account in (("slack", ACCOUNT), ("telegram", str(TELEGRAM_ACCOUNT))):
                users.add_identity(session, rita, platform, account, f"{platform}:{account}", now)
        file = folder / "config.toml"
        # Port 9 of this machine answers nobody: the surface goes on trying and takes posts meanwhile.
        file.write_text(
            '[slack]\nenabled = true\nmode = "http"\napi_base_url = "http://127.0.0.1:9/"\n'
        )
        config = load(file, {"SLACK_BOT_TOKEN": "xoxb-none", "SLACK_SIGNING_SECRET": SECRET})
        surfaces: dict[str, Any] = {}
        self.router = Router(store, Defaults(), SystemClock())
        self.refused = 0
        self.worker = Worker(store, surfaces, self._handle, store.now)
        self.surface = Quiet(
            config, self.worker.receive, lambda line: f"key-{len(line)}", Lookups(self.router)
        )
        surfaces.update(slack=self.surface, telegram=QuietTelegram())
        self.app = application(store, self.surface.routes)

    async def start(self) -> None:
        """Begin as `rapport run` does."""
        await self.surface.start()
        await self.worker.start()

    async def stop(self) -> None:
        """End; a command that was refused has measured nothing."""
        await self.surface.stop()
        await self.worker.stop()
        assert not self.refused, f"{self.refused} commands were refused"

    async def route(self) -> float:
        """Find a command among all and cut its line, which is what the peers do."""
        found = match(clean(READ))
        assert found
        found[0].parse(found[1])
        return 0.0

    async def slack(self, line: str) -> float:
        """Carry a slash command out that came over Socket Mode."""
        began = time.perf_counter()
        raw = _slash("/crm", line)
        bolt = self.surface._bolt  # noqa: SLF001 - what the socket would call
        await bolt.async_dispatch(AsyncBoltRequest(body=raw))
        return await self._settled(began)

    async def http(self, raw: str) -> float:
        """Carry out what Slack posted."""
        began = time.perf_counter()
        assert await post(self.app, raw) == 200
        return await self._settled(began)

    async def telegram(self, line: str) -> float:
        """Carry an update out."""
        began = time.perf_counter()
        body = json.loads(_update(line)) | {telegram_events.BOT: BOT}
        key = telegram_events.key_of(body)
        assert await self.worker.receive("telegram", key, str(TELEGRAM_ACCOUNT), body)
        return await self._settled(began)

    def _handle(self, incoming: Incoming, inbox_id: int) -> Answer:
        answer = self.router.handle(incoming, inbox_id)
        self.refused += answer.refused
        return answer

    async def _settled(self, began: float) -> float:
        acknowledged = time.perf_counter() - began
        await self.worker.settle()
        return acknowledged


# --------------------------------------------------------------------------------------------- peers


def bolt_app(listeners: int, *, waits: bool = False) -> AsyncApp:
    """Make Bolt with listeners of slash commands that do nothing."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_user_id="UBOT")

    app = AsyncApp(
        client=AsyncWebClient("xoxb-none"),
        authorize=authorize,
        signing_secret=SECRET,
        process_before_response=waits,
    )
    for number in range(listeners):

        @app.command(f"/crm{number}")
        async def listen(ack: Callable[[], Awaitable[Any]]) -> None:
            await ack()

    return app


def _bolt(listeners: int, *, waits: bool = False) -> Run:
    app = bolt_app(listeners, waits=waits)
    targets = itertools.cycle(range(listeners))

    async def run() -> float:
        began = time.perf_counter()
        raw = _slash(f"/crm{next(targets)}", READ)
        headers = {name.decode(): value.decode() for name, value in _signed(raw)}
        answer = await app.async_dispatch(AsyncBoltRequest(body=raw, headers=headers))
        assert answer.status == 200
        return time.perf_counter() - began

    return run


def bolt_web(bolt: AsyncApp) -> Starlette:
    """Put Bolt behind the handler that it brings for Starlette."""
    handler = AsyncSlackRequestHandler(bolt)

    async def endpoint(request: Request) -> Response:
        return await handler.handle(request)

    return Starlette(routes=[Route("/slack/events", endpoint, methods=["POST"])])


def _bolt_http() -> Run:
    app = bolt_web(bolt_app(1))

    async def run() -> float:
        began = time.perf_counter()
        assert await post(app, _slash("/crm0", READ)) == 200
        return time.perf_counter() - began

    return run


async def _telegram(handlers: int) -> Run:
    async def listen(_update: object, _context: object) -> None:
        pass

    app = Application.builder().token("1:none").updater(None).build()
    for number in range(handlers):
        app.add_handler(CommandHandler(f"deal{number}", listen))
    # `initialize` would ask Telegram who the bot is.
    me = telegram.User(BOT["id"], "Bot", is_bot=True, username=str(BOT["username"]))
    app.bot._bot_user = me  # noqa: SLF001
    app._initialized = True  # noqa: SLF001
    targets = itertools.cycle(range(handlers))

    async def run() -> float:
        began = time.perf_counter()
        update = Update.de_json(json.loads(_update(f"deal{next(targets)} show 1")), app.bot)
        await app.process_update(update)
        return time.perf_counter() - began

    return run


# ------------------------------------------------------------------------------------------ messages


def _slash(command: str, text: str) -> str:
    number = next(numbers)
    return urlencode(
        {
            "command": command,
            "text": text,
            "user_id": ACCOUNT,
            "user_name": "rita",
            "team_id": "T1",
            "channel_id": "C1",
            "channel_name": "sales",
            "trigger_id": f"{number}.1.x",
            "response_url": f"http://127.0.0.1:9/{number}",
            "api_app_id": "A1",
        }
    )


def _signed(raw: str) -> Iterator[tuple[bytes, bytes]]:
    stamp = str(int(time.time()))
    digest = hmac.new(SECRET.encode(), f"v0:{stamp}:{raw}".encode(), hashlib.sha256).hexdigest()
    yield b"x-slack-request-timestamp", stamp.encode()
    yield b"x-slack-signature", f"v0={digest}".encode()
    yield b"content-type", b"application/x-www-form-urlencoded"


def _update(line: str) -> str:
    number = next(numbers)
    person = {"id": TELEGRAM_ACCOUNT, "is_bot": False, "first_name": "Rita", "language_code": "en"}
    message = {
        "message_id": number,
        "date": 1_795_000_000,
        "from": person,
        "chat": {"id": TELEGRAM_ACCOUNT, "type": "private", "first_name": "Rita"},
        "text": f"/{line}",
        "entities": [
            {"type": "bot_command", "offset": 0, "length": len(line.partition(" ")[0]) + 1}
        ],
    }
    return json.dumps({"update_id": number, "message": message})


async def post(app: Starlette, raw: str) -> int:
    """Post to an ASGI application without a socket and return the status."""
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw.encode(), "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI
        nonlocal status
        status = message.get("status", status)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/slack/events",
        "raw_path": b"/slack/events",
        "query_string": b"",
        "root_path": "",
        "headers": list(_signed(raw)),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return status


if __name__ == "__main__":
    main()
