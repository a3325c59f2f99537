"""The database or a platform is away for a while: nothing is lost, nothing floods on return."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.clock import FixedClock, SystemClock
from bot.config import load
from bot.delivery import Delivery
from bot.lookups import Lookups
from bot.router import Router
from bot.slack.adapter import Slack
from crm_store import notices
from crm_store.addresses import Address
from crm_store.models import Notice, NoticeState
from crm_store.store import Session, Store
from handlers.reply import Reply
from handlers.request import Defaults
from tests.databases import GivenServer, OwnServer, postgresql_server
from tests.fakes.clock import Hands
from tests.fakes.slack import FakeSlack

from .office import ACTOR, SLACK_PEOPLE, Office, Team, opened, until

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
REFUSAL = "I cannot reach my store right now; nothing was done. Please try again soon."
CHANNELS = 25
MESSAGES = 500


@pytest.fixture
def server() -> Iterator[GivenServer | OwnServer]:
    """A PostgreSQL that writes to the disk as in production."""
    with postgresql_server(durable=True) as own:
        yield own


@pytest.fixture
def office(server: OwnServer, tmp_path: Path) -> Iterator[Office]:
    store = Store(server.url("postgres"))
    store.upgrade()
    with opened(store, tmp_path) as here:
        yield here
    store.close()


def test_a_database_that_goes_away_loses_nothing_that_was_acknowledged(
    office: Office, server: OwnServer
) -> None:
    begun = time.monotonic()
    team = Team(office, 10_000)
    team.start()
    process = office.start_alone()
    for turn, end in enumerate((server.stop, server.kill)):
        until(lambda: len(office.answered()) > 20 * turn + 20, office)  # noqa: B023 - called here
        end()
        assert refused(office, f"S-{turn}") == REFUSAL
        before = len(team.given)
        server.start()
        until(lambda: len(team.given) > before, office)  # noqa: B023 - called here
        until(lambda: len(office.answered()) > before, office)  # noqa: B023 - called here
    meanwhile = len(office.answered())
    process.signal(signal.SIGTERM)
    assert process.wait(10) == 0, office.tail()
    office.let_claims_lapse()
    process = office.start_alone()
    team.end()
    until(lambda: office.is_up() and office.is_quiet(), office)
    process.signal(signal.SIGTERM)
    assert process.wait(10) == 0, office.tail()
    count = office.count(team.given, meanwhile, Counter(), time.monotonic() - begun)
    assert count.broken == {}, count
    assert set(office.effects()) == set(team.given)


def refused(office: Office, number: str) -> str:
    """Give a slash command and return what its sender reads at once."""
    name = SLACK_PEOPLE[0]
    command = office.slack.slash_command(name, office.slack.dm(name), f'company add "{number}"')
    status, text = office.slack.http_send(office.url, command)
    assert status == 200
    return str(json.loads(text)["text"])


class Clocks:
    """One time for Slack, for the store and for the paces, turned by hand."""

    def __init__(self) -> None:
        self.rapport = FixedClock(NOW)
        self.slack = Hands(NOW.timestamp())

    def advance(self, seconds: float) -> None:
        """Let so many seconds go by."""
        self.rapport.advance(timedelta(seconds=seconds))
        self.slack.now += seconds


def say(session: Session, notice: Notice) -> tuple[Address, Reply, str, str] | None:
    assert notice.sent_to
    return Address.parse(notice.sent_to), Reply(text=notice.key), "en", "UTC"


def test_an_hour_without_slack_loses_nothing_and_returns_at_the_pace_of_each_channel(
    sqlite_store: Store, tmp_path: Path
) -> None:
    clocks = Clocks()
    with FakeSlack(clocks.slack) as slack:
        for number in range(CHANNELS):
            slack.add_channel(f"C{number}")
        asyncio.run(an_hour_without(slack, sqlite_store, clocks, tmp_path))
        texts = [m.text for c in range(CHANNELS) for m in slack.messages(f"C{c}")]
        assert Counter(texts) == {f"word-{number}": 1 for number in range(MESSAGES)}
        assert max(slack.max_per_second(f"C{number}") for number in range(CHANNELS)) == 1
        assert slack.early_calls() == []
    with sqlite_store.reading() as session:
        assert notices.counts(session)[NoticeState.SENT] == MESSAGES


async def an_hour_without(slack: FakeSlack, store: Store, clocks: Clocks, folder: Path) -> None:
    """Owe a message every few seconds while Slack is down, and let it come back."""
    async with sending(slack, store, clocks, folder) as delivery:
        await asyncio.to_thread(slack.down)
        for number in range(MESSAGES):
            owe(store, number, clocks.rapport.now())
            clocks.advance(3600 / MESSAGES)
            if number % CHANNELS == 0:
                await delivery.step()
                await delivery.settle()
        assert not slack.calls("chat.postMessage")
        await asyncio.to_thread(slack.up)
        slack.fail_next("chat.postMessage", "429", times=3, retry_after=7)
        while not is_done(store):
            await delivery.step()
            await delivery.settle()
            clocks.advance(1.0)


@asynccontextmanager
async def sending(slack: FakeSlack, store: Store, clocks: Clocks, folder: Path) -> Any:
    """Give what delivers to Slack, on these clocks."""
    file = folder / "config.toml"
    file.write_text(f'[slack]\nenabled = true\nmode = "http"\napi_base_url = "{slack.base_url}"\n')
    secrets = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_SIGNING_SECRET": slack.signing_secret}

    async def receive(*_given: Any) -> bool:
        return True

    router = Router(store, Defaults(), SystemClock())
    surface = Slack(load(file, secrets), receive, str, Lookups(router))
    await surface.start()
    await asyncio.to_thread(slack.wait_until, lambda: slack.calls("auth.test"))
    delivery = Delivery(
        store,
        {"slack": surface},
        say,
        lambda _: clocks.rapport.now(),
        lambda: clocks.rapport.now().timestamp(),
    )
    yield delivery
    await delivery.stop()
    await surface.stop()


def owe(store: Store, number: int, now: datetime) -> None:
    """Owe a digest to one of the channels: what is not merged on return."""
    with store.transaction(ACTOR) as session:
        notices.owe(
            session,
            kind="word",
            key=f"word-{number}",
            payload={},
            due_at=now,
            now=now,
            priority=notices.DIGEST,
            address=Address("slack", f"C{number % CHANNELS}"),
        )


def is_done(store: Store) -> bool:
    """Tell whether nothing is owed any more."""
    with store.reading() as session:
        owed = notices.counts(session)
    return not owed[NoticeState.WAITING] + owed[NoticeState.SENDING]
