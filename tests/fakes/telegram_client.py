"""The real Telegram library pointed at FakeTelegram, for the tests of the fake.

Tests of Rapport do not need it: they look at what the app sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from telegram import (
    Bot,
    Update,
)
from telegram.error import (
    TelegramError,
)
from telegram.request import HTTPXRequest

from tests.fakes.clock import Hands
from tests.fakes.telegram import FakeTelegram

ANN, BOB, GROUP, FORUM = 7, 8, -50, -1001


@contextmanager
def chats(clock: Hands) -> Iterator[FakeTelegram]:
    """Serve Ann, Bob who never wrote to us, a group and a forum that we administer."""
    with FakeTelegram(clock) as fake:
        fake.add_user(ANN, "Ann", username="ann_lee")
        fake.add_user(BOB, "Bob", started=False)
        fake.add_chat(GROUP, "Sales", members=(ANN,))
        fake.add_chat(FORUM, "Desk", members=(ANN,), forum=True, bot="administrator")
        yield fake


def plain_request(read_timeout: float) -> HTTPXRequest:
    """Return a transport that loads no certificates, as the fake speaks plain HTTP."""
    return HTTPXRequest(read_timeout=read_timeout, httpx_kwargs={"verify": False})


def bot_of(telegram: FakeTelegram, token: str, transports: Sequence[HTTPXRequest]) -> Bot:
    """Return a bot that calls the fake."""
    return Bot(
        token or telegram.token,
        base_url=f"{telegram.base_url}/bot",
        base_file_url=f"{telegram.base_url}/file/bot",
        request=transports[0],
        get_updates_request=transports[1],
    )


def use(
    telegram: FakeTelegram,
    work: Callable[[Bot], Awaitable[Any]],
    token: str = "",
    read_timeout: float = 5,
) -> Any:
    """Run `work` with a bot and return what it returns."""

    async def run() -> Any:
        transports = [plain_request(read_timeout), plain_request(read_timeout)]
        bot = bot_of(telegram, token, transports)
        try:
            return await work(bot)
        finally:
            for transport in transports:
                await transport.shutdown()

    return asyncio.run(run())


def refused(telegram: FakeTelegram, work: Callable[[Bot], Awaitable[Any]]) -> str:
    """Return the words with which Telegram refuses `work`; the library changes their case."""
    with pytest.raises(TelegramError):
        use(telegram, work)
    return telegram.log[-1].outcome.removeprefix("Bad Request: ")


def keyboard(*buttons: dict[str, Any]) -> dict[str, Any]:
    """Return an inline keyboard of one row."""
    return {"inline_keyboard": [list(buttons)]}


def send(telegram: FakeTelegram, text: str = "hello", chat: int = ANN, **more: Any) -> int:
    """Send a text and return its message_id."""
    sent = use(telegram, lambda bot: bot.send_message(chat, text, **more))
    return int(sent.message_id)


def updates(telegram: FakeTelegram, **how: Any) -> list[Update]:
    """Poll once."""
    found = use(telegram, lambda bot: bot.get_updates(**how))
    return list(found)
