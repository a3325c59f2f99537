"""A store with colleagues in it and a Telegram with their chats, served by a whole running Rapport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bot.app import App
from bot.config import Config
from crm_store import users
from crm_store.models import Role
from crm_store.store import Session
from tests.fakes.telegram import FakeTelegram, TelegramMessage

AGNES, RITA, MONA, SAM = 7, 8, 9, 10
GROUP, FORUM, TOPIC = -50, -1001, 77
PEOPLE = {AGNES: ("Agnes", Role.AGENT), RITA: ("Rita", Role.REP), MONA: ("Mona", Role.MANAGER)}
SECRET = "s3cret"
NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
PATIENCE = 60.0  # real seconds until a test gives up

Scene = Callable[[App], Awaitable[None]]


class Office:
    """A store with colleagues in it and a Telegram with their chats."""

    def __init__(self, telegram: FakeTelegram, config: Config) -> None:
        self.telegram = telegram
        self.config = config

    @asynccontextmanager
    async def opened(self, app: App | None = None) -> AsyncIterator[App]:
        """Run the program until the block ends."""
        app = app or App(self.config)
        stop = asyncio.Event()
        running = asyncio.create_task(app.run(stop))
        try:
            yield app
        finally:
            stop.set()
            await running

    def play(self, scene: Scene, app: App | None = None) -> None:
        """Run the program while a scene is played."""

        async def played() -> None:
            async with self.opened(app) as running:
                await scene(running)

        asyncio.run(played())

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for what a call to Telegram brings about."""
        await asyncio.to_thread(self.telegram.wait_until, condition, PATIENCE)

    def answers(self, chat: int) -> list[TelegramMessage]:
        """What we wrote in a chat."""
        return [m for m in self.telegram.messages(chat) if m.user == self.telegram.bot_id]

    async def answer(self, chat: int, words: str) -> TelegramMessage:
        """Wait until a message of ours in the chat has these words."""

        def found() -> list[TelegramMessage]:
            return [m for m in self.answers(chat) if words in m.text]

        await self.until(found)
        return found()[-1]

    def stored(self, model: type[Any]) -> list[Any]:
        """All rows of a table."""
        engine = sa.create_engine(self.config.store.url)
        with sa.orm.Session(engine) as session:
            rows = list(session.scalars(sa.select(model)))
        engine.dispose()
        return rows


def people(session: Session) -> None:
    """Put the colleagues into a fresh store."""
    for account, (name, role) in PEOPLE.items():
        user = users.add(
            session,
            f"{name}@rapport.example",
            name,
            role,
            language="en",
            time_zone="Europe/Berlin",
            now=NOW,
        )
        users.add_identity(session, user, "telegram", str(account), f"telegram:{account}", NOW)


async def toast(office: Office, query: str) -> str:
    """Wait until a pressed button stops waiting, and return what it showed."""
    await office.until(lambda: "answer" in office.telegram.callbacks[query])
    return str(office.telegram.callbacks[query]["answer"]["text"])
