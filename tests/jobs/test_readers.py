"""At which hour a reader is told, and who is."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crm_store.models import User
from jobs import readers
from tests.desk import Desk
from tests.jobs.shops import context


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("Europe/Berlin", "2026-11-16T06:30", "2026-11-16T08:00"),
        (
            "America/Los_Angeles",
            "2026-11-16T06:30",
            "2026-11-16T17:00",
        ),  # there it is Sunday night still
        ("Asia/Shanghai", "2026-11-16T06:30", "2026-11-16T06:30"),  # half past two: at once
        ("Pacific/Auckland", "2026-11-16T06:30", "2026-11-16T20:00"),  # evening: next morning
        ("Europe/Berlin", "2026-11-16T12:00", "2026-11-16T12:00"),  # made up for, late
        ("Europe/Berlin", "2026-11-17T01:00", "2026-11-17T08:00"),
    ],
)
def test_a_reader_is_told_at_nine_of_their_own(zone: str, now: str, due: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    told = readers.due_at(ZoneInfo(zone), moment)
    assert told == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_without_a_route_every_active_manager_and_admin_is_told(desk: Desk) -> None:
    with desk.session() as session:
        session.get_one(User, desk.admin.id).active = False
        found = readers.of_topic(session, context(desk), "churn")
    assert [reader.user_id for reader in found] == [desk.manager.id]


def test_a_route_is_told_once_however_often_it_is_written(desk: Desk) -> None:
    with desk.session() as session:
        routes = {"churn": ("slack:C1", "slack:C1", "telegram:-2")}
        found = readers.of_topic(session, context(desk, routes=routes), "churn")
    assert [reader.address for reader in found] == ["slack:C1", "telegram:-2"]
