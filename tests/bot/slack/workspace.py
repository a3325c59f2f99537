"""The people and the channel of a Slack workspace, and what was written and stored there."""

from __future__ import annotations

import re
import threading
from typing import Any

import sqlalchemy as sa

from crm_store.models import Base, InboxRow, InboxState
from crm_store.store import Store
from tests.fakes.slack import Message
from tests.surfaces import Slack as Stage
from tests.surfaces import slack_account

AGNES, RITA, MONA, SAM = (slack_account(short) for short in ("agnes", "rita", "mona", "sam"))
SALES = "C0SALES"


def words(text: str) -> list[re.Pattern[str]]:
    """The pattern of a text as it stands."""
    return [re.compile(re.escape(text))]


def stored(stage: Stage, model: type[Base]) -> list[Any]:
    """All rows of a table."""
    store = Store(stage.config.store.url)
    with store.reading() as session:
        rows = list(session.scalars(sa.select(model)))
    store.close()
    return rows


def answers(stage: Stage, channel: str) -> list[Message]:
    """What we wrote in a channel."""
    return [m for m in stage.slack.messages(channel) if m.user == stage.slack.bot_user]


def answer(stage: Stage, channel: str, words: str) -> Message:
    """Wait until a message of ours in the channel has these words."""

    def found() -> list[Message]:
        return [m for m in answers(stage, channel) if words in m.shown]

    stage.until(found)
    return found()[-1]


def settled(stage: Stage, count: int) -> None:
    """Wait until so many events are carried out and answered."""

    def done() -> bool:
        rows = stored(stage, InboxRow)
        return len(rows) == count and {row.state for row in rows} == {InboxState.ANSWERED}

    waiting = threading.Event()
    for _ in range(400):
        if done():
            return
        waiting.wait(0.05)
    raise AssertionError([(row.key, row.state) for row in stored(stage, InboxRow)])


def carried_out(stage: Stage) -> None:
    """Wait until every event that was kept is carried out and answered."""
    settled(stage, len(stored(stage, InboxRow)))
