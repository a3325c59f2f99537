"""What has only served a moment is forgotten after its time, and nothing else is."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from crm_store import conversations, halts, notices, users
from crm_store.models import (
    AccountCode,
    Conversation,
    Halt,
    LinkCode,
    Notice,
    NoticeState,
    ShortLine,
    User,
)
from jobs import housekeeping
from jobs.schedule import SCHEDULE
from tests.desk import START, Desk
from tests.jobs.shops import context

MOMENTARY = (Conversation, ShortLine, LinkCode, AccountCode, Halt)


def count(desk: Desk, model: type) -> int:
    with desk.session() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


@pytest.fixture
def used(desk: Desk) -> Desk:
    """A desk where somebody talked, pressed a long button, linked an account and was told something."""
    desk.rep.says("company add Acme")
    with desk.session() as session:
        conversations.shorten(session, "company show 1", START)
        users.issue_code(session, session.get_one(User, desk.rep.id), START)
        users.issue_account_code(session, "telegram", "5", "telegram:5", START)
        halts.stop(session, "slack", START)
        notices.owe(
            session, kind="digest", key="digest:1:x", payload={"said": "secret"},
            due_at=START, now=START, priority=notices.DIGEST, address="slack:C7",
        )  # fmt: skip
        session.execute(sa.update(Notice).values(state=NoticeState.SENT))
    return desk


def test_what_is_old_is_forgotten(used: Desk) -> None:
    housekeeping.run(context(used, START + timedelta(days=200)))
    assert [count(used, model) for model in MOMENTARY] == [0] * 5
    with used.session() as session:
        assert session.scalars(sa.select(Notice.payload)).all() == [{}]
    assert used.rep.says("company show 1").title == "Acme"


def test_what_is_young_stays(used: Desk) -> None:
    housekeeping.run(context(used, START + timedelta(hours=1)))
    assert [count(used, model) for model in MOMENTARY] == [1] * 5


def test_a_second_run_finds_nothing_more(used: Desk) -> None:
    now = START + timedelta(days=200)
    housekeeping.run(context(used, now))
    assert housekeeping.run(context(used, now)) == (
        "0 events, 0 messages, 0 conversations, 0 buttons, 0 cards, 0 link codes"
    )


def test_every_job_stands_on_the_timetable_once() -> None:
    assert sorted(job.name for job in SCHEDULE) == [
        "baskets",
        "chances",
        "churn_alerts",
        "digests",
        "housekeeping",
        "model_watch",
        "precision_report",
        "reminders",
        "routing",
        "scores",
        "segment_summary",
        "texts",
        "trends",
    ]
