"""Weeks and months as rows: what falls into each, and that a row knows only what came before it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from crm_store import table_periods
from crm_store.exclusions import folded
from crm_store.models import Activity, ActivityKind, Order, Ticket, TicketKind
from tests.desk import Desk
from tests.statements import counted

BERLIN = ZoneInfo("Europe/Berlin")
BOUNDS = [datetime(2026, month, 1, tzinfo=BERLIN) for month in range(5, 10)]


def counts(desk: Desk, bounds: list[datetime] = BOUNDS) -> table_periods.Counts:
    found: table_periods.Counts = {}
    with desk.session() as session:
        for part in table_periods.PARTS:
            found |= table_periods.count(session, part, bounds, "EUR")
    return found


def order(at: datetime, total: int = 100, currency: str = "EUR") -> Order:
    return Order(ordered_at=at, total=Decimal(total), currency=currency, created_at=at)


def test_a_moment_belongs_to_the_month_of_the_wall_clock(desk: Desk) -> None:
    second = timedelta(seconds=1)
    with desk.session() as session:
        session.add_all([order(bound) for bound in BOUNDS])
        session.add(order(BOUNDS[1] - second, 7))
        session.add(order(BOUNDS[0] - second))
        session.add_all([order(BOUNDS[2], -30), order(BOUNDS[2], 50, "USD")])
        gone = order(BOUNDS[3])
        gone.deleted_at = BOUNDS[3]
        session.add(gone)
    found = counts(desk)
    assert found["orders"] == [2, 1, 1, 1]
    assert found["sales"] == [107, 100, 70, 100]


def test_what_was_done_and_what_came_is_counted_by_kind(desk: Desk) -> None:
    at = BOUNDS[1] + timedelta(days=3)
    with desk.session() as session:
        session.add_all(
            Activity(kind=kind, text="x", at=at, created_at=at)
            for kind in (
                ActivityKind.CALL,
                ActivityKind.CALL,
                ActivityKind.VISIT,
                ActivityKind.NOTE,
            )
        )
        session.add_all(
            Ticket(subject="s", text="t", kind=kind, created_at=at)
            for kind in (TicketKind.CLAIM, TicketKind.QUESTION)
        )
    found = counts(desk)
    assert {name: values[1] for name, values in found.items() if any(values)} == {
        "calls": 2, "visits": 1, "tickets": 2, "complaints": 1,
    }  # fmt: skip


@pytest.mark.parametrize("target", ["demand", "sales"])
def test_a_row_knows_only_what_came_before_it(desk: Desk, target: str) -> None:
    with desk.session() as session:
        for place, bound in enumerate(BOUNDS[:-1]):
            session.add_all(order(bound) for _ in range(place + 1))
            session.add_all(
                Activity(kind=ActivityKind.CALL, text="x", at=bound, created_at=bound)
                for _ in range(place)
            )
    table = table_periods.table("month", target, counts(desk), BOUNDS, "EUR", folded(["visits"]))
    factor = 1 if target == "demand" else 100
    assert table.outcomes == [2 * factor, 3 * factor, 4 * factor]
    assert table.moments == BOUNDS[1:-1]
    columns = {column.name: column.values for column in table.columns}
    assert columns["calls"] == [0, 1, 2]
    assert columns["time"] == [0, 1, 2]
    assert table.excluded == ["visits"]
    assert not {"visits", "orders", "sales"} & set(columns)


def test_more_periods_take_no_more_statements(desk: Desk) -> None:
    weeks = [BOUNDS[0] + timedelta(weeks=week) for week in range(105)]
    with counted(desk.store) as few:
        counts(desk)
    with counted(desk.store) as many:
        counts(desk, weeks)
    assert len(many) == len(few)
