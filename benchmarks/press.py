"""How soon a pressed button is acknowledged, beside bare slack-bolt and bare python-telegram-bot.

    python benchmarks/press.py [ROUNDS]

Slack: from the post of `block_actions` to its 200, over ASGI. Telegram: from the press in a fake of
the platform, over a long poll on loopback, to the `answerCallbackQuery` that the fake took. Ours
keeps the press on the disk before, and carries a command out that writes after it; the listeners of
the peers acknowledge and do nothing. The variants take turns, the first round is dropped.
"""

from __future__ import annotations

import asyncio
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import slack_bolt
import telegram
from dispatch import (
    ACCOUNT,
    ROUNDS,
    SEEDING,
    Ours,
    Run,
    bolt_app,
    bolt_web,
    numbers,
    post,
    shown,
    writes,
)
from telegram import Update
from telegram.ext import Application, CallbackQueryHandler, ContextTypes

sys.path.insert(0, str(Path(__file__).parents[1]))

from bot.app import App
from bot.demo import sample
from crm_store import users
from tests.fakes.telegram import FakeTelegram
from tests.surfaces.program import PATIENCE, configured

PRESSES = 50  # of each variant in each round
RITA = 7


def main() -> None:
    """Measure and print."""
    logging.disable(logging.WARNING)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), rounds))


async def measure(folder: Path, rounds: int) -> None:
    """Let the variants take turns and print the table."""
    async with AsyncExitStack() as stack:
        ours = Ours(folder)
        await ours.start()
        stack.push_async_callback(ours.stop)
        variants: dict[str, Run] = {
            "slack-bolt behind its Starlette handler, `ack()` and nothing done": _bolt(),
            "**Rapport behind `/slack/events`**": lambda: ours.http(_block_actions()),
            "python-telegram-bot, polled, `answer()` and nothing done": (
                await stack.enter_async_context(_ptb())
            ),
            "**Rapport, Telegram polled**": await stack.enter_async_context(_rapport(folder)),
        }
        seen: dict[str, list[float]] = {name: [] for name in variants}
        for number in range(rounds):
            for name, run in variants.items():
                times = [await run() for _press in range(PRESSES)]
                seen[name] += times if number else []
    _print(seen)


def _print(seen: dict[str, list[float]]) -> None:
    presses = min(map(len, seen.values()))
    print(
        f"{datetime.now(UTC).date()}, Python {sys.version.split()[0]}, slack-bolt"
        f" {slack_bolt.version.__version__}, python-telegram-bot {telegram.__version__};"
        f" {presses} presses each, one at a time\n"
    )
    print("| a button pressed | acknowledged after, p50 | p95 | slowest |")
    print("|---|--:|--:|--:|")
    for name, times in seen.items():
        p95 = statistics.quantiles(times, n=20)[-1]
        print(
            f"| {name} | {shown(statistics.median(times))} | {shown(p95)} | {shown(max(times))} |"
        )


# --------------------------------------------------------------------------------------------- Slack


def _bolt() -> Run:
    bolt = bolt_app(0)

    @bolt.action("run:0")
    async def listen(ack: Callable[[], Awaitable[Any]]) -> None:
        await ack()

    app = bolt_web(bolt)

    async def run() -> float:
        began = time.perf_counter()
        assert await post(app, _block_actions()) == 200
        return time.perf_counter() - began

    return run


def _block_actions() -> str:
    number = next(numbers)
    action = {"type": "button", "block_id": "b", "action_id": "run:0", "value": next(writes)}
    payload = {
        "type": "block_actions",
        "api_app_id": "A1",
        "team": {"id": "T1", "domain": "team"},
        "user": {"id": ACCOUNT, "name": "rita", "team_id": "T1"},
        "trigger_id": f"{number}.1.x",
        "channel": {"id": "C1", "name": "sales"},
        "container": {"type": "message", "message_ts": "1.2", "channel_id": "C1"},
        "message": {"ts": "1.2", "text": "Deal"},
        "response_url": f"http://127.0.0.1:9/{number}",
        "actions": [
            action | {"action_ts": f"{number}.1", "text": {"type": "plain_text", "text": "Move"}}
        ],
    }
    return urlencode({"payload": json.dumps(payload)})


# ------------------------------------------------------------------------------------------ Telegram


@asynccontextmanager
async def _ptb() -> AsyncIterator[Run]:
    async def listen(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.callback_query
        await update.callback_query.answer()

    with FakeTelegram() as fake:
        app = Application.builder().token(fake.token).base_url(f"{fake.base_url}/bot").build()
        app.add_handler(CallbackQueryHandler(listen))
        assert app.updater
        async with app:
            await app.start()
            await app.updater.start_polling()
            yield _pressing(fake)
            await app.updater.stop()
            await app.stop()


@asynccontextmanager
async def _rapport(folder: Path) -> AsyncIterator[Run]:
    with FakeTelegram() as fake:
        platform = f'[telegram]\nenabled = true\napi_base_url = "{fake.base_url}"\n'
        app = App(configured(folder, platform, TELEGRAM_BOT_TOKEN=fake.token))
        app.store.upgrade()
        now = app.clock.now()
        with app.store.transaction(SEEDING) as session:
            sample.fill(session, now)
            rita = users.by_email(session, "rita@rapport.example")
            assert rita
            users.add_identity(session, rita, "telegram", str(RITA), f"telegram:{RITA}", now)
        stop = asyncio.Event()
        running = asyncio.create_task(app.run(stop))
        yield _pressing(fake, app.worker.settle)
        assert " → " in fake.messages(RITA)[-1].text
        stop.set()
        await running


def _pressing(fake: FakeTelegram, settle: Callable[[], Awaitable[object]] | None = None) -> Run:
    fake.add_user(RITA, "Rita")
    card = fake.message(RITA, RITA, "/whoami")

    def press() -> float:
        began = time.perf_counter()
        query = fake.callback(card, f"r:{next(writes)}", RITA)
        fake.wait_until(lambda: "answer" in fake.callbacks[query], PATIENCE)
        return time.perf_counter() - began

    async def run() -> float:
        acknowledged = await asyncio.to_thread(press)
        if settle:
            await settle()
        return acknowledged

    return run


if __name__ == "__main__":
    main()
