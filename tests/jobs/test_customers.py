"""What the analyses are given of the store."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm_store import purchases
from crm_store.conversations import Reference
from crm_store.models import Activity, ActivityKind, Company, Contact, Order, Ticket, TicketKind
from jobs import customers
from tests.desk import START, Desk
from tests.jobs.shops import MORNING, Buyer, context, stock


def amounts(desk: Desk, currency: str = "EUR") -> dict[Reference, list[float]]:
    found = customers.read(context(desk, currency=currency)).purchases
    told: dict[Reference, list[float]] = {}
    for number, amount in zip(found.customers, found.amounts, strict=True):
        told.setdefault(purchases.customer(number), []).append(amount)
    return told


def test_a_customer_is_the_company_of_an_order_else_its_contact(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Acme", [3.0], 100), Buyer("Ann", [2.0], 50, person=True)])
        session.add(
            Order(
                company_id=1, contact_id=1, ordered_at=START - timedelta(days=1), total=-20,
                currency="EUR", created_at=START,
            )
        )  # fmt: skip
    assert amounts(desk) == {
        Reference("company", 1): [100.0, -20.0],
        Reference("contact", 1): [50.0],
    }


@pytest.mark.parametrize("kind", ["company", "contact"])
def test_a_code_stands_for_one_customer_and_back(kind: str) -> None:
    customer = Reference(kind, 41)
    assert purchases.customer(purchases.code(customer)) == customer


def test_nothing_at_or_after_the_moment_is_read(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Acme", [1.0, 0.0, -1.0, (START - MORNING) / timedelta(days=1)])])
    assert amounts(desk) == {Reference("company", 1): [100.0]}


def test_what_was_deleted_is_not_read_nor_what_a_deleted_customer_bought(desk: Desk) -> None:
    with desk.session() as session:
        stock(
            session, [Buyer("Gone", [3.0]), Buyer("Left", [3.0], person=True), Buyer("Acme", [3.0])]
        )
        session.get_one(Company, 1).deleted_at = START
        session.get_one(Contact, 1).deleted_at = START
        session.get_one(Order, 3).deleted_at = START
    assert amounts(desk) == {}


def test_orders_in_the_default_currency_are_used_and_the_others_counted(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Acme", [3.0, 4.0, 5.0], currency="CHF"), Buyer("Bell", [3.0])])
    found = customers.read(context(desk)).purchases
    assert (found.currency, found.left_out, list(found.amounts)) == ("EUR", {"CHF": 3}, [100.0])


def test_without_orders_in_the_default_currency_the_one_used_most_is(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Acme", [3.0], currency="CHF"), Buyer("Bell", [3.0, 4.0])])
    found = customers.read(context(desk, currency="USD")).purchases
    assert (found.currency, found.left_out) == ("EUR", {"CHF": 1})


def test_a_claim_counts_as_a_complaint_and_a_note_as_nothing(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Acme", [3.0])])
        for kind in TicketKind:
            session.add(
                Ticket(
                    subject="s",
                    text="t",
                    kind=kind,
                    company_id=1,
                    created_at=MORNING - timedelta(1),
                )
            )
        for happened in (ActivityKind.NOTE, ActivityKind.CALL):
            session.add(
                Activity(
                    kind=happened,
                    text="t",
                    at=MORNING - timedelta(1),
                    company_id=1,
                    created_at=START,
                )
            )
    kinds = customers.read(context(desk)).events.kinds
    assert sorted(kinds) == ["activity", "complaint", "complaint", "ticket", "ticket", "ticket"]


def test_a_history_longer_than_a_page_is_read_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purchases, "PAGE", 3)
    with desk.session() as session:
        stock(session, [Buyer("Acme", [float(day) for day in range(1, 10)])])
    assert len(amounts(desk)[Reference("company", 1)]) == 9
