"""What the night finds in the products of orders: rules, and offers to customers and deals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from crm_store import baskets, scores
from crm_store.conversations import Reference
from crm_store.models import (
    Company,
    Contact,
    CustomField,
    Deal,
    Order,
    Product,
    Receipt,
    Score,
    Stage,
    StageKind,
)
from crm_store.scores import OFFER, RULES
from jobs import baskets as job
from tests.desk import START, Desk
from tests.jobs.goods import OFFICE, company, crowd, products, sell
from tests.jobs.shops import context


def offers(desk: Desk) -> dict[str, list[dict[str, Any]]]:
    """What is offered to whom."""
    with desk.session() as session:
        rows = session.scalars(sa.select(Score).where(Score.kind == OFFER))
        return {f"{each.subject_kind}:{each.subject_id}": each.reasons for each in rows}


def kept(desk: Desk, kind: str) -> dict[str, Any]:
    """The newest receipt of a kind."""
    with desk.session() as session:
        found = scores.receipt(session, kind)
        assert found
        return found.data


def deal(desk: Desk, title: str, kind: StageKind = StageKind.OPEN, **fields: int) -> str:
    """Add a deal and return its reference."""
    with desk.session() as session:
        stage = session.scalars(sa.select(Stage).where(Stage.kind == kind)).first()
        assert stage
        row = Deal(
            title=title,
            stage_id=stage.id,
            currency="EUR",
            opened_on=START.date(),
            last_activity_at=START,
            created_at=START,
            **fields,
        )
        session.add(row)
        session.flush()
        return str(Reference("deal", row.id))


def test_rules_and_offers_are_kept_with_their_receipts(desk: Desk) -> None:
    with desk.session() as session:
        numbers = crowd(session)
    assert job.run(context(desk)).endswith("offers to 160 customers by ease_content_habit")
    rules = kept(desk, RULES)
    assert (rules["rows_trained"], rules["usable"], rules["why"]) == (640, True, "")
    pairs = {(each["given"][0], each["then"][0]) for each in rules["rules"]}
    office = {numbers[name] for name in OFFICE}
    assert all((given in office) == (then in office) for given, then in pairs)
    receipt = kept(desk, OFFER)
    assert (receipt["customers"], receipt["usable"]) == (160, True)
    assert receipt["quality"]["new"]["ndcg"] > receipt["quality"]["popular"]["ndcg"]
    toner = next(
        each for each in offers(desk)["company:1"] if each["product"] == numbers["Toner X"]
    )
    assert toner["code"] == "also"
    assert toner["together"] <= toner["buyers"] <= 80


def test_done_twice_the_same_is_there(desk: Desk) -> None:
    with desk.session() as session:
        crowd(session)
    job.run(context(desk))
    first = offers(desk)
    job.run(context(desk))
    assert offers(desk) == first
    with desk.session() as session:
        kinds = list(session.scalars(sa.select(Receipt.kind).order_by(Receipt.kind)))
    assert kinds == [OFFER, RULES]


def test_an_empty_store_gives_no_offers_and_says_so(desk: Desk) -> None:
    assert job.run(context(desk)) == (
        "0 rules from 0 baskets by pairs; offers to 0 customers by most_bought"
    )
    assert offers(desk) == {}


def test_deleted_products_orders_and_customers_are_not_learned_from_nor_offered(desk: Desk) -> None:
    with desk.session() as session:
        numbers = crowd(session)
        session.get_one(Product, numbers["Toner X"]).deleted_at = START
        session.get_one(Company, 3).deleted_at = START
        gone = session.scalars(sa.select(Order).where(Order.company_id == 4)).all()
        for order in gone:
            order.deleted_at = START
    job.run(context(desk))
    found = offers(desk)
    told = {reason["product"] for reasons in found.values() for reason in reasons}
    assert numbers["Toner X"] not in told
    assert "company:3" not in found
    assert {each["code"] for each in found["company:4"]} == {"popular"}
    assert kept(desk, RULES)["rows_trained"] == 640 - 8


def test_open_deals_are_offered_what_fits_their_customer_and_the_product_they_name(
    desk: Desk,
) -> None:
    with desk.session() as session:
        numbers = crowd(session)
    open_deal = deal(desk, "More seats", company_id=1)
    named = deal(desk, "Order of a PRINTER Y")
    closed = deal(desk, "Old", StageKind.WON, company_id=1)
    job.run(context(desk))
    found = offers(desk)
    assert found[open_deal] == found["company:1"]
    assert closed not in found
    office = {numbers[name] for name in OFFICE}
    told = {each["product"] for each in found[named]}
    assert told < office - {numbers["Printer Y"]}
    assert {each["item"] for each in found[named] if "item" in each} == {numbers["Printer Y"]}


def test_a_company_without_orders_gets_what_its_industry_buys(desk: Desk) -> None:
    with desk.session() as session:
        numbers = crowd(session)
        newcomer = company(session, "New", industry="garden")
    job.run(context(desk))
    (first, *_) = offers(desk)[f"company:{newcomer}"]
    assert (first["code"], first["by"], first["of"]) == ("popular", "industry", "garden")
    assert (first["product"], first["buyers"], first["customers"]) == (numbers["Spade"], 80, 80)


def test_a_return_is_no_purchase_and_an_order_of_a_person_is_theirs(desk: Desk) -> None:
    with desk.session() as session:
        numbers = products(session, OFFICE)
        buyer = company(session, "Acme")
        person = Contact(name="Ann", name_key="ann", created_at=START)
        session.add(person)
        session.flush()
        sell(session, buyer, 40, {numbers["Lamp"]: 2})
        sell(session, buyer, 39, {numbers["Lamp"]: -2})
        sell(session, person.id, 38, {numbers["Folder"]: 1}, column="contact_id")
        lines = baskets.Lines()
        baskets.read_lines(session, lines, START - timedelta(days=90), START, None)
    assert sorted(zip(lines.customers, lines.quantities, strict=True)) == [
        (2 * buyer, -2),
        (2 * buyer, 2),
        (2 * person.id + 1, 1),
    ]
    job.run(context(desk))
    assert kept(desk, OFFER)["rows_trained"] == 1
    assert kept(desk, RULES)["rows_trained"] == 2


def test_pages_end_where_the_next_begins(desk: Desk, monkeypatch: Any) -> None:
    with desk.session() as session:
        numbers = products(session, OFFICE)
        buyer = company(session, "Acme")
        placed = [sell(session, buyer, 40, [numbers["Lamp"]]) for _ in range(5)]
        placed += [sell(session, buyer, day, [numbers["Folder"]]) for day in (30, 50, 10)]
    monkeypatch.setattr(baskets, "ORDERS", 2)
    lines = baskets.Lines()
    after = None
    with desk.session() as session:
        for _ in range(5):
            after = baskets.read_lines(session, lines, START - timedelta(days=45), START, after)
            if after is None:
                break
    assert sorted(lines.orders) == [*placed[:6], placed[7]]


def test_excluded_fields_are_not_read_and_named_on_the_receipt(desk: Desk) -> None:
    with desk.session() as session:
        crowd(session)
        for name, label in (("category", "Category"), ("for_gender", "Gender")):
            session.add(CustomField(kind="product", name=name, label=label, type="text"))
        session.flush()
        fields, left_out = baskets.fields_read(session, context(desk).excluded)
    assert (fields, left_out) == (frozenset({"category"}), ["Gender"])
    job.run(context(desk))
    assert kept(desk, OFFER)["excluded"] == ["Gender"]
    assert "category" in kept(desk, OFFER)["features"]
