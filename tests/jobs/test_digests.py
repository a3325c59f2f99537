"""Digests fall due on the wall clock of who set them up, each planned time once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.delivery import Delivery
from crm_store import notices
from crm_store.models import DigestDue, NoticeState, User
from jobs import digests
from tests.bot.surfaces import MemorySurface
from tests.desk import START, Desk
from tests.jobs.shops import context, owed


def add(desk: Desk, every: str, to: str = "slack:C7") -> None:
    reply = desk.manager.says(f'digest add report pipeline every="{every}" to={to}')
    assert reply.title.endswith("is set up."), reply


def test_a_digest_comes_once_however_often_the_job_runs(desk: Desk) -> None:
    add(desk, "day 10:30")
    now = START + timedelta(minutes=30)
    assert digests.run(context(desk, now)) == "1 digests"
    assert digests.run(context(desk, now)) == "0 digests"
    assert [n.key for n in owed(desk, "digest")] == ["digest:1:2026-11-16T10:30:00"]
    assert [(n.address, n.user_id) for n in owed(desk, "digest")] == [("slack:C7", None)]


def test_two_schedulers_that_both_think_they_lead_owe_one_delivery(desk: Desk) -> None:
    add(desk, "day 10:30")
    now = START + timedelta(minutes=30)
    with desk.session() as session:
        waiting = session.scalars(sa.select(DigestDue)).one()
        before = waiting.planned_local, waiting.due_at
    digests.run(context(desk, now))
    with desk.session() as session:
        waiting = session.scalars(sa.select(DigestDue)).one()
        waiting.planned_local, waiting.due_at = before
    digests.run(context(desk, now))
    assert len(owed(desk, "digest")) == 1


def test_nothing_comes_before_its_time(desk: Desk) -> None:
    add(desk, "day 10:30")
    digests.run(context(desk, START + timedelta(minutes=29)))
    assert owed(desk, "digest") == []


def test_after_three_days_without_a_scheduler_it_comes_once(desk: Desk) -> None:
    add(desk, "day 10:30")
    digests.run(context(desk, START + timedelta(days=3, hours=1)))
    assert len(owed(desk, "digest")) == 1
    digests.run(context(desk, START + timedelta(days=4, hours=1)))
    assert [n.key for n in owed(desk, "digest")] == [
        "digest:1:2026-11-16T10:30:00",
        "digest:1:2026-11-20T10:30:00",
    ]


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("Europe/Berlin", datetime(2027, 3, 27, 9, 30), datetime(2027, 3, 28, 8, 30)),  # noqa: DTZ001
        ("America/New_York", datetime(2027, 3, 13, 15, 30), datetime(2027, 3, 14, 14, 30)),  # noqa: DTZ001
        ("Asia/Shanghai", datetime(2027, 3, 27, 2, 30), datetime(2027, 3, 28, 2, 30)),  # noqa: DTZ001
    ],
)
def test_it_stays_at_its_hour_when_the_clocks_change(
    desk: Desk, zone: str, before: datetime, after: datetime
) -> None:
    with desk.session() as session:
        session.get_one(User, desk.manager.id).time_zone = zone
    desk.clock.set(before.replace(tzinfo=UTC) - timedelta(hours=1))
    add(desk, "day 10:30")
    for moment in (before, after):
        digests.run(context(desk, moment.replace(tzinfo=UTC)))
        digests.run(context(desk, moment.replace(tzinfo=UTC)))
    assert [n.due_at for n in owed(desk, "digest")] == [
        before.replace(tzinfo=UTC),
        after.replace(tzinfo=UTC),
    ]


def test_a_personal_digest_is_owed_to_the_person(desk: Desk) -> None:
    add(desk, "day 10:30", "me")
    digests.run(context(desk, START + timedelta(hours=1)))
    [notice] = owed(desk, "digest")
    assert (notice.user_id, notice.address) == (desk.manager.id, None)
    assert notice.priority == notices.DIGEST


def test_one_that_came_for_the_last_time_waits_no_more(desk: Desk) -> None:
    add(desk, "2026-11-17 09:00")
    digests.run(context(desk, START + timedelta(days=2)))
    with desk.session() as session:
        assert session.scalars(sa.select(DigestDue)).all() == []
    assert len(owed(desk, "digest")) == 1
    assert "last time" in str(desk.manager.says("digest why 1"))


def test_the_owner_is_told_once_that_a_delivery_failed(desk: Desk) -> None:
    add(desk, "day 10:30")
    digests.run(context(desk, START + timedelta(hours=1)))
    with desk.session() as session:
        notices.dead(session, [owed(desk, "digest")[0].id], "not_in_channel")
    for _run in range(2):
        digests.run(context(desk, START + timedelta(days=1, hours=1)))
    assert [n.user_id for n in owed(desk, "digest_failed")] == [desk.manager.id]


def test_what_really_arrived_is_kept_to_compare_the_next_one_with(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    desk.manager.says('digest add company list every="day 10:30" to=slack:C7')
    now = START + timedelta(hours=1)
    digests.run(context(desk, now))
    slack = MemorySurface("slack", desk.clock)
    deliver(desk, slack, now)
    [notice] = owed(desk, "digest")
    assert notice.state is NoticeState.SENT
    assert [row["cells"][1] for row in notice.payload["said"]["rows"]] == ["Acme"]
    assert len(slack.posts) == 1


def deliver(desk: Desk, surface: MemorySurface, now: datetime) -> None:
    desk.clock.set(now)

    async def run() -> None:
        delivery = Delivery(
            desk.store,
            {surface.name: surface},
            desk.router.tell,
            lambda _session: desk.clock.now(),
            lambda: desk.clock.now().timestamp(),
        )
        await delivery.step()
        await delivery.settle()
        await delivery.stop()

    asyncio.run(run())
