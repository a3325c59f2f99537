"""A stranger who asks without end gets some answers, is told once, and fills nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from bot.clock import FixedClock
from bot.intake import PER_MINUTE, Intake
from bot.worker import Worker
from crm_store import users
from crm_store.models import InboxRow, InboxState, User
from crm_store.store import Store
from handlers.subjects import load
from tests.bot.surfaces import MemorySurface
from tests.desk import Desk
from tests.fakes.clock import Hands

load()
CLOCK = FixedClock(datetime(2026, 11, 16, 9, 0, tzinfo=UTC))


def asked(desk: Desk, sender: str, times: int, hands: Hands, pauses: int = 1) -> list[str]:
    """What somebody reads who types `help` so many times, and again after a minute."""
    router = desk.router
    router.intake = Intake(lambda: hands.now)
    slack = MemorySurface("slack", CLOCK)

    async def run() -> None:
        worker = Worker(
            desk.store,
            {"slack": slack},
            router.carry_out,
            lambda _: CLOCK.now(),
            is_shut=router.intake.is_shut,
        )
        for turn in range(pauses):
            for number in range(times):
                key = f"{turn}-{number}"
                body = {"key": key, "sender": sender, "text": "help"}
                await worker.receive("slack", key, sender, body)
                await worker.settle()
            hands.now += 60
        await worker.stop()

    asyncio.run(run())
    return [post.text for post in slack.posts]


def test_a_stranger_is_told_once_and_then_nothing_is_kept(store: Store) -> None:
    said = asked(Desk(store), "U0STRANGER", 3 * PER_MINUTE, Hands(0.0), pauses=2)
    assert len(said) == 2 * (PER_MINUTE + 1)
    assert [n for n, text in enumerate(said) if "wait a minute" in text] == [
        PER_MINUTE,
        2 * PER_MINUTE + 1,
    ]
    with store.reading() as session:
        states = [row.state for row in session.query(InboxRow)]
    assert states == [InboxState.ANSWERED] * len(said)


def test_a_colleague_is_never_held_off(store: Store) -> None:
    desk = Desk(store)
    with desk.session() as session:
        rep = session.get_one(User, desk.rep.id)
        users.add_identity(session, rep, "slack", "U0REP", "slack:U0REP", CLOCK.now())
    said = asked(desk, "U0REP", 3 * PER_MINUTE, Hands(0.0))
    assert len(said) == 3 * PER_MINUTE
    assert not any("wait a minute" in text for text in said)
