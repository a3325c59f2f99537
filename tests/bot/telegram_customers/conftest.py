"""A running Rapport that serves customers, in topics or in one stream."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import App
from bot.config import load
from crm_store import messages
from tests.bot.telegram.office import AGNES, RITA, Office, people
from tests.bot.telegram_customers.desk import (
    CLARA,
    DESK,
    STREAM,
    WANG,
    Opener,
)
from tests.fakes.telegram import FakeTelegram


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold replies for a second only: long enough for a test to press Cancel."""
    monkeypatch.setattr(messages, "HOLD", timedelta(seconds=1))


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        for account, name, language in (
            (AGNES, "Agnes", "en"),
            (RITA, "Rita", "en"),
            (CLARA, "Clara", "en"),
            (WANG, "王芳", "zh-hans"),
        ):
            fake.add_user(account, name, language_code=language)
        fake.add_chat(DESK, "Desk", members=(AGNES, RITA), forum=True, bot="administrator")
        fake.add_chat(STREAM, "Stream", members=(AGNES, RITA))
        yield fake


@pytest.fixture
def opens(telegram: FakeTelegram, sqlite_template: Path, tmp_path: Path) -> Opener:
    """Make an office whose `[telegram]` has these lines more."""

    def make(*lines: str) -> Office:
        shutil.copy(sqlite_template, tmp_path / "rapport.db")
        file = tmp_path / "config.toml"
        settings = "\n".join(lines)
        file.write_text(
            f'[store]\nurl = "sqlite:///{tmp_path}/rapport.db"\n[web]\nport = 0\n'
            f'[telegram]\nenabled = true\napi_base_url = "{telegram.base_url}"\n{settings}\n'
        )
        office = Office(telegram, load(file, {"TELEGRAM_BOT_TOKEN": telegram.token}))
        App(office.config).transact(people)
        return office

    return make


@pytest.fixture
def forum(opens: Opener) -> Office:
    return opens("customers = true", f"tickets_chat = {DESK}")


@pytest.fixture
def stream(opens: Opener) -> Office:
    return opens("customers = true", f"tickets_chat = {STREAM}", "tickets_topics = false")
