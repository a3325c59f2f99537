"""A Telegram with its chats, and the program that serves them, polled or by webhook."""

from __future__ import annotations

import dataclasses
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import App
from bot.config import load
from tests.bot.telegram.office import (
    AGNES,
    FORUM,
    GROUP,
    PEOPLE,
    RITA,
    SAM,
    SECRET,
    TOPIC,
    Office,
    people,
)
from tests.fakes.telegram import FakeTelegram


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    # Privacy off, the harder case: the bot hears everything that is said in a group.
    with FakeTelegram(privacy=False) as fake:
        for account, (name, _role) in PEOPLE.items():
            fake.add_user(account, name)
        fake.add_user(SAM, "Sam", language_code="zh-hans")
        fake.add_chat(GROUP, "Sales", members=(AGNES, RITA, SAM))
        fake.add_chat(FORUM, "Desk", members=(AGNES,), forum=True)
        fake.chats[FORUM].topics[TOPIC] = {"name": "Invoices", "closed": False}
        yield fake


@pytest.fixture
def polled(telegram: FakeTelegram, sqlite_template: Path, tmp_path: Path) -> Office:
    shutil.copy(sqlite_template, tmp_path / "rapport.db")
    file = tmp_path / "config.toml"
    file.write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/rapport.db"\n[web]\nport = 0\n'
        f'[telegram]\nenabled = true\napi_base_url = "{telegram.base_url}"\n'
    )
    names = {"TELEGRAM_BOT_TOKEN": telegram.token, "TELEGRAM_WEBHOOK_SECRET": SECRET}
    office = Office(telegram, load(file, names))
    App(office.config).transact(people)
    return office


@pytest.fixture
def posted(polled: Office) -> Office:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/telegram/webhook"
    hook = dataclasses.replace(polled.config.telegram, mode="webhook", webhook_url=url)
    web = dataclasses.replace(polled.config.web, port=port)
    config = dataclasses.replace(polled.config, telegram=hook, web=web)
    return Office(polled.telegram, config)


@pytest.fixture(params=["polled", "posted"])
def office(request: pytest.FixtureRequest) -> Office:
    fixture: Office = request.getfixturevalue(request.param)
    return fixture
