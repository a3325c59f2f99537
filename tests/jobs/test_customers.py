"""What the analyses are given of the store: sums by the database, tables by one reading of them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from crm_store import bulk, features, purchases
from crm_store.conversations import Reference
from crm_store.models import Activity, ActivityKind, Company, Contact, Order, Ticket, TicketKind
from crm_store.store import Session
from jobs import customers
from jobs.analytics import moments
from jobs.analytics.moments import WEEK, Tables
from tests.analytics import reference
from tests.desk import START, Desk
from tests.jobs.shops import MORNING, Buyer, context, stock

CENT = Decimal("0.01")


def tables(desk: Desk, currency: str = "EUR", now: datetime = MORNING) -> Tables:
    return customers.read(context(desk, now, currency=currency)).tables


def values(desk: Desk, currency: str = "EUR") -> dict[Reference, float]:
    """What each customer has bought."""
    found = tables(desk, currency).now
    return {
        purchases.customer(number): value
        for number, value in zip(found["customer"], found["value"], strict=True)
    }


def test_a_customer_is_the_company_of_an_order_else_its_contact(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Acme", [3.0], 100), Buyer("Ann", [2.0], 50, person=True)])
        session.add(
            Order(
                company_id=1, contact_id=1, ordered_at=START - timedelta(days=1), total=-20,
                currency="EUR", created_at=START,
            )
        )  # fmt: skip
    assert values(desk) == {Reference("company", 1): 80.0, Reference("contact", 1): 50.0}


@pytest.mark.parametrize("kind", ["company", "contact"])
def test_a_code_stands_for_one_customer_and_back(kind: str) -> None:
    customer = Reference(kind, 41)
    assert purchases.customer(purchases.code(customer)) == customer


def test_nothing_at_or_after_the_moment_is_read(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Acme", [1.0, 0.0, -1.0, (START - MORNING) / timedelta(days=1)])])
    assert values(desk) == {Reference("company", 1): 100.0}


def test_what_was_deleted_is_not_read_nor_what_a_deleted_customer_bought(desk: Desk) -> None:
    with desk.session() as session:
        stock(
            session, [Buyer("Gone", [3.0]), Buyer("Left", [3.0], person=True), Buyer("Acme", [3.0])]
        )
        session.get_one(Company, 1).deleted_at = START
        session.get_one(Contact, 1).deleted_at = START
        session.get_one(Order, 3).deleted_at = START
    assert values(desk) == {}


def test_orders_in_the_default_currency_are_used_and_the_others_counted(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Acme", [3.0, 4.0, 5.0], currency="CHF"), Buyer("Bell", [3.0])])
    found = customers.read(context(desk))
    assert (found.currency, found.left_out) == ("EUR", {"CHF": 3})
    assert found.tables.now["value"].tolist() == [100.0]


def test_without_orders_in_the_default_currency_the_one_used_most_is(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Acme", [3.0], currency="CHF"), Buyer("Bell", [3.0, 4.0])])
    found = customers.read(context(desk, currency="USD"))
    assert (found.currency, found.left_out) == ("EUR", {"CHF": 1})


def test_a_claim_counts_as_a_complaint_and_a_note_as_nothing(desk: Desk) -> None:
    at = MORNING - timedelta(days=1)
    with desk.session() as session:
        stock(session, [Buyer("Acme", [3.0])])
        for kind in TicketKind:
            session.add(Ticket(subject="s", text="t", kind=kind, company_id=1, created_at=at))
        for happened, back in ((ActivityKind.NOTE, 0.1), (ActivityKind.CALL, 0.5)):
            when = MORNING - timedelta(days=back)
            session.add(Activity(kind=happened, text="t", at=when, company_id=1, created_at=START))
    (row,) = tables(desk).now.to_dict("records")
    assert (row["tickets_90"], row["complaints_90"], row["silence_days"]) == (3, 2, 0.5)


def test_people_who_never_bought_make_no_season_smaller(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "SEASON_CUSTOMERS", 40)
    with desk.session() as session:
        stock(session, [Buyer(str(n), [400.0, 9.0]) for n in range(40)])
        stock(session, [Buyer(f"P{n}", [], person=True) for n in range(400)])
        stock(session, [Buyer(f"C{n}", [9.0], currency="CHF") for n in range(30)])
    assert [len(each.frame) for each in tables(desk).seasons] == [40, 40, 40]
    with desk.session() as session:
        stock(session, [Buyer(f"B{n}", [400.0, 9.0], person=True) for n in range(40)])
    assert all(30 <= len(each.frame) <= 50 for each in tables(desk).seasons)


def test_more_customers_than_a_page_holds_are_read_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "PAGE", 3)
    with desk.session() as session:
        stock(session, [Buyer(str(n), [400.0, 9.0], n, person=n % 3 == 0) for n in range(1, 12)])
    found = tables(desk).now
    assert sorted(found["value"]) == [2.0 * n for n in range(1, 12)]
    assert found["customer"].is_monotonic_increasing


def borders_of(now: datetime) -> list[datetime]:
    """Moments at which a window of some table begins or ends."""
    days = (0, 7, 90, 97, 180, 187, 270, 365, 372, 450, 455, 540)
    midnight = now.replace(hour=0, minute=0, second=0)
    return [*(now - timedelta(days=each) for each in days), midnight - timedelta(days=364)]


def invent(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders and events of 60 customers, many of them at a border, around midnight, free or returned."""
    dice = random.Random(seed)

    def moment() -> datetime:
        if dice.random() < 0.3:
            return dice.choice(borders_of(MORNING)) + timedelta(
                microseconds=dice.choice([-1, 0, 1])
            )
        if dice.random() < 0.3:
            night = datetime.combine(MORNING.date(), datetime.min.time(), MORNING.tzinfo)
            return night - timedelta(days=dice.randrange(900), microseconds=dice.choice([0, 1]))
        return MORNING - timedelta(seconds=dice.uniform(-30, 900) * 86_400)

    bought, said = [], []
    for number in range(2, 62):
        for _ in range(dice.choice([0, 1, 2, 12])):
            cents = dice.choice([0, -1500, dice.randint(1, 99_999)])
            bought.append((number, moment(), cents / 100))
        said += [
            (number, moment(), dice.choice(["ticket", "complaint", "activity"]))
            for _ in range(dice.choice([0, 1, 5]))
        ]
    return (
        pd.DataFrame(bought, columns=["customer", "at", "amount"]),
        pd.DataFrame(said, columns=["customer", "at", "kind"]),
    )


def put(session: Session, bought: pd.DataFrame, said: pd.DataFrame) -> None:
    """Write invented histories into the store."""
    for kind, model in purchases.CUSTOMERS.items():
        numbers = [n for n in range(2, 62) if purchases.customer(n).kind == kind]
        rows = [
            {"id": n // 2, "name": str(n), "name_key": str(n), "created_at": START, "custom": {}}
            for n in numbers
        ]
        bulk.add(session, model, rows)

    def owned(number: int) -> dict[str, int | None]:
        customer = purchases.customer(number)
        return {
            "company_id": customer.id if customer.kind == "company" else None,
            # The contact of a company's order: the order is the company's.
            "contact_id": customer.id if customer.kind == "contact" else 1,
        }

    orders = [
        {"ordered_at": at, "total": Decimal(str(amount)).quantize(CENT), "currency": "EUR",
         "created_at": START, "custom": {}, **owned(number)}
        for number, at, amount in bought.itertuples(index=False)
    ]  # fmt: skip
    bulk.add(session, Order, orders)
    kinds = {"ticket": TicketKind.QUESTION, "complaint": TicketKind.CLAIM}
    tickets = [
        {"subject": "s", "text": "t", "kind": kinds[kind], "status": "new", "priority": "normal",
         "created_at": at, "custom": {}, **owned(number)}
        for number, at, kind in said.itertuples(index=False) if kind in kinds
    ]  # fmt: skip
    bulk.add(session, Ticket, tickets)
    calls = [
        {"kind": ActivityKind.CALL, "text": "t", "files": [], "at": at, "created_at": START,
         "custom": {}, **owned(number)}
        for number, at, kind in said.itertuples(index=False) if kind not in kinds
    ]  # fmt: skip
    bulk.add(session, Activity, calls)


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_the_tables_are_what_one_finds_order_by_order(
    desk: Desk, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "PAGE", 11)
    bought, said = invent(seed)
    with desk.session() as session:
        put(session, bought, said)
    found = tables(desk)
    same(found.now, reference.customer_features(bought, said, MORNING))
    same(found.week_before, reference.customer_features(bought, said, MORNING - WEEK))
    same(found.summary, reference.summarize(bought, MORNING))
    assert len(found.seasons) == 5
    for season in found.seasons:
        same(season.frame, reference.customer_features(bought, said, season.at))
        end = season.at + timedelta(days=90)
        later = bought[(bought["at"] >= season.at) & (bought["at"] < end) & (bought["amount"] > 0)]
        stayed = season.frame["customer"].isin(later["customer"]).to_numpy()
        np.testing.assert_array_equal(season.churned, ~stayed)
    test = found.held_back
    assert test is not None
    assert test.at == MORNING - timedelta(days=test.days) == MORNING - timedelta(days=365)
    same(test.summary, reference.summarize(bought, test.at))
    same(test.after, reference.brought(bought, test.summary["customer"].tolist(), test.at, MORNING))


@pytest.mark.parametrize("seed", range(2))
def test_what_happens_after_a_moment_is_in_no_table_of_it(desk: Desk, seed: int) -> None:
    """The tables of a past moment are those that the store gave at that moment."""
    bought, said = invent(seed)
    with desk.session() as session:
        put(session, bought, said)
    whole = tables(desk)
    for season in whole.seasons:
        with desk.session() as session:
            for model, at in (
                (Order, Order.ordered_at),
                (Ticket, Ticket.created_at),
                (Activity, Activity.at),
            ):
                session.execute(sa.delete(model).where(at >= season.at))
        truncated = tables(desk, now=season.at)
        pd.testing.assert_frame_equal(season.frame, truncated.now)
