"""What came in by local day: borders of days, living records, currencies, imports, indexes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from crm_store import series
from crm_store.models import (
    Company,
    Contact,
    Deal,
    ImportRun,
    Order,
    Pipeline,
    Stage,
    StageKind,
    Ticket,
    TicketKind,
)
from crm_store.series import Days, Span, Topic
from crm_store.store import Actor, Store

SEED = Actor(None, "test", "seed", "seed")
NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


def read(store: Store, topic: Topic, zone: str = "Europe/Berlin", currency: str = "EUR") -> Days:
    span = Span(datetime(2017, 1, 1, tzinfo=UTC), NOW, ZoneInfo(zone))
    with store.reading() as session:
        return series.by_day(session, topic, span, currency)


def order(at: datetime, total: str = "10", currency: str = "EUR", **whose: object) -> Order:
    return Order(ordered_at=at, total=Decimal(total), currency=currency, created_at=at, **whose)


def company(name: str = "Acme", **more: object) -> Company:
    return Company(name=name, name_key=name.casefold(), **{"created_at": NOW, **more})


def ticket(at: datetime, kind: TicketKind = TicketKind.QUESTION, **more: object) -> Ticket:
    return Ticket(subject="Help", text="", kind=kind, created_at=at, **more)


def put(store: Store, *rows: object) -> None:
    with store.transaction(SEED) as session:
        for row in rows:
            session.add(row)
            session.flush()


def by_python(moments: list[datetime], zone: ZoneInfo) -> list[date]:
    return sorted(moment.astimezone(zone).date() for moment in moments)


def test_money_is_added_up_by_the_days_of_the_zone_to_the_cent(store: Store) -> None:
    put(
        store,
        order(datetime(2026, 10, 31, 22, 59, 59, 999_999, tzinfo=UTC), "0.10"),
        order(datetime(2026, 10, 31, 23, 0, tzinfo=UTC), "0.20"),  # November in Berlin
        order(datetime(2026, 11, 1, 12, 0, tzinfo=UTC), "0.10"),
        order(datetime(2026, 11, 1, 13, 0, tzinfo=UTC), "-5.05"),
    )
    found = read(store, Topic.REVENUE)
    assert found.days == (date(2026, 10, 31), date(2026, 11, 1))
    assert found.amounts == (0.10, -4.75)
    assert (found.currency, found.left_out) == ("EUR", {})
    assert read(store, Topic.REVENUE, "UTC").amounts == (0.30, -4.95)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"])
def test_every_day_of_two_changes_of_the_clock_begins_at_its_own_midnight(
    store: Store, zone: str
) -> None:
    local = ZoneInfo(zone)
    starts = [datetime(year, month, 20, tzinfo=UTC) for year in (2019, 2026) for month in (3, 10)]
    moments = [start + timedelta(minutes=30 * step) for start in starts for step in range(48 * 16)]
    with store.transaction(SEED) as session:
        rows = [
            {"ordered_at": at, "total": 1, "currency": "EUR", "created_at": at, "custom": {}}
            for at in moments
        ]
        session.execute(sa.insert(Order), rows)
    found = read(store, Topic.REVENUE, zone)
    told = [
        day for day, count in zip(found.days, found.amounts, strict=True) for _ in range(int(count))
    ]
    assert told == by_python(moments, local)


def test_what_lies_in_the_future_does_not_count(store: Store) -> None:
    put(store, order(NOW), order(NOW + timedelta(days=400)), order(NOW - timedelta(seconds=1)))
    assert read(store, Topic.REVENUE).amounts == (10.0,)


def test_what_was_deleted_or_belongs_to_the_deleted_does_not_count(store: Store) -> None:
    gone = company("Gone", deleted_at=NOW)
    left = Contact(name="Left", name_key="left", created_at=NOW, deleted_at=NOW)
    here = company("Here")
    put(store, gone, left, here)
    at = NOW - timedelta(days=3)
    put(
        store,
        order(at, deleted_at=NOW),
        order(at, company_id=gone.id),
        order(at, contact_id=left.id),
        order(at, "7", company_id=here.id, contact_id=left.id),
        ticket(at, company_id=gone.id),
        ticket(at, deleted_at=NOW),
    )
    assert read(store, Topic.REVENUE).amounts == (7.0,)
    assert read(store, Topic.TICKETS).days == ()


def test_currencies_are_never_mixed_and_what_is_left_out_is_named(store: Store) -> None:
    at = NOW - timedelta(days=3)
    put(store, order(at, "5"), order(at, "9", "USD"), order(at, "9", "USD"), order(at, "9", "CHF"))
    found = read(store, Topic.REVENUE)
    assert (found.currency, found.amounts) == ("EUR", (5.0,))
    assert found.left_out == {"CHF": 1, "USD": 2}
    other = read(store, Topic.REVENUE, currency="CNY")
    assert (other.currency, other.amounts, other.left_out) == ("USD", (18.0,), {"CHF": 1, "EUR": 1})


def test_deals_won_count_on_the_day_they_were_closed(store: Store) -> None:
    with store.reading() as session:
        stages = {
            kind: session.scalars(sa.select(Stage.id).where(Stage.kind == kind)).first()
            for kind in StageKind
        }
        assert session.scalars(sa.select(Pipeline.id)).first()
    at = NOW - timedelta(days=9)
    rows = [(StageKind.WON, "100"), (StageKind.WON, None), (StageKind.LOST, "50")]
    put(
        store,
        *(
            Deal(
                title="Deal", stage_id=stages[kind], amount=Decimal(amount) if amount else None,
                currency="EUR", opened_on=at.date(), closed_at=at, created_at=at, last_activity_at=at,
            )
            for kind, amount in rows
        ),
    )  # fmt: skip
    found = read(store, Topic.WON)
    assert (found.days, found.amounts) == ((date(2026, 11, 7),), (100.0,))


def test_complaints_are_some_of_the_tickets(store: Store) -> None:
    at = NOW - timedelta(days=1)
    put(store, ticket(at), ticket(at, TicketKind.COMPLAINT), ticket(at, TicketKind.CLAIM))
    assert read(store, Topic.TICKETS).amounts == (3.0,)
    assert read(store, Topic.COMPLAINTS).amounts == (2.0,)
    assert read(store, Topic.TICKETS).currency == ""


def test_leads_are_new_customers_and_a_file_of_them_is_none(store: Store) -> None:
    at = NOW - timedelta(days=2)
    run = ImportRun(file_name="old.csv", file_hash="x", kind="company", started_at=at)
    put(store, run)
    came = {"created_at": at, "import_id": run.id}
    acme = company("Acme", created_at=at)
    put(store, acme, company("Old 1", **came), company("Old 2", **came))
    people = {"name": "Jane", "name_key": "jane", "created_at": at}
    put(store, Contact(**people), Contact(company_id=acme.id, **people))
    put(
        store,
        ticket(at - timedelta(days=30), import_id=run.id),
        ticket(at, import_id=run.id),
    )
    leads = read(store, Topic.LEADS)
    assert (leads.amounts, leads.left_out) == ((2.0,), {"imported": 2})
    tickets = read(store, Topic.TICKETS)
    assert (tickets.days, tickets.left_out) == ((date(2026, 10, 15),), {"imported": 1})


@pytest.mark.parametrize(
    ("topic", "index"),
    [(Topic.REVENUE, "ix_orders_ordered_at"), (Topic.WON, "ix_deals_closed_at")],
)
def test_a_short_span_is_found_by_the_index(sqlite_store: Store, topic: Topic, index: str) -> None:
    asked: list[tuple[str, Any]] = []
    sa.event.listen(
        sqlite_store.engine, "before_cursor_execute", lambda *call: asked.append(call[2:4])
    )
    span = Span(NOW - timedelta(days=30), NOW, ZoneInfo("Europe/Berlin"))
    with sqlite_store.reading() as session:
        series.by_day(session, topic, span, "EUR")
        line, given = next(pair for pair in asked if "sum(" in pair[0])
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {line}", given)
        assert f"USING INDEX {index}" in "\n".join(str(row) for row in plan)
