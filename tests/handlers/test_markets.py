"""The market in the store by industry, country, product and segment."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from crm_store import scores
from crm_store.models import Company, Contact, Order, OrderLine, Product
from crm_store.search import key
from crm_store.store import Session
from handlers.reply import Reply
from jobs import scores as scoring
from tests.desk import START, Desk
from tests.jobs.shops import context, crowd, stock
from tests.jobs.test_trends import noon, run


def company(session: Session, name: str, **more: object) -> Company:
    found = Company(name=name, name_key=key(name), created_at=START, **more)
    session.add(found)
    session.flush()
    return found


def buy(session: Session, day: date, total: int, currency: str = "EUR", **whose: object) -> Order:
    order = Order(
        ordered_at=noon(day), total=Decimal(total), currency=currency, created_at=noon(day), **whose
    )
    session.add(order)
    session.flush()
    return order


def month(back: int) -> date:
    """The 10th of the month so many months before November 2026."""
    number = 2026 * 12 + 10 - back
    return date(number // 12, number % 12 + 1, 10)


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """Two years: retail buys 100 and then 150 a month, mining 100 and then 50; somebody unknown once."""
    with desk.session() as session:
        retail = company(session, "Shop AG", industry="Retail", country="DE")
        mining = company(session, "Dig AG", industry="Mining", country="PL")
        jane = {"name": "Jane", "name_key": "jane", "created_at": START}
        person = Contact(company_id=retail.id, **jane)
        session.add(person)
        session.flush()
        for back in range(25, 0, -1):
            grown = 50 if back <= 12 else 0
            buy(session, month(back), 90 + grown, company_id=retail.id)
            buy(session, month(back), 10, contact_id=person.id)
            buy(session, month(back), 100 - grown, company_id=mining.id)
        buy(session, month(3), 500)
        buy(session, month(0), 10**6, company_id=mining.id)
        buy(session, month(2), 10**6, "USD", company_id=mining.id)
        gone = company(session, "Gone AG", industry="Gone", deleted_at=START)
        buy(session, month(2), 10**6, company_id=gone.id)
    run(desk)
    return desk


def cells(reply: Reply) -> dict[str, tuple[str, ...]]:
    assert reply.table
    return {row.cells[0]: row.cells[1:] for row in reply.table.rows}


def test_a_change_is_no_edit_in_chinese(shop: Desk) -> None:
    shop.manager.says("settings language=zh")
    table = shop.manager.says("report market").table
    assert table
    assert table.columns[:4] == ("行业", "最近 12 个月", "占比", "同比变化")


def test_size_share_demand_and_trend_of_each_industry_are_told(shop: Desk) -> None:
    reply = shop.manager.says("report market")
    assert reply.title == "Market by industry"
    assert reply.text.splitlines() == [
        "Last 12 months: €2,900.",
        "The largest part: Retail, 62%.",
        "Growing: Retail (+50%).",
        "Shrinking: Mining (-50%).",
    ]
    told = cells(reply)
    assert list(told) == ["Retail", "Mining", "not filled in"]
    assert told["Retail"][:5] == ("€1,800", "62%", "+50%", "24", "1")
    assert told["Mining"][:5] == ("€600", "21%", "-50%", "12", "1")
    assert told["not filled in"][:5] == ("€500", "17%", "–", "1", "0")
    assert told["Retail"][6] == "€450"
    assert reply.chart
    assert reply.chart.series[0].values == (1800.0, 600.0, 500.0)
    left = next(field.value for field in reply.fields if field.label == "Left out")
    assert left == "1 in another currency than EUR is left out (USD)."


def test_who_worked_for_a_deleted_company_counts_as_a_person(desk: Desk) -> None:
    with desk.session() as session:
        gone = company(session, "Gone AG", industry="Gone", deleted_at=START)
        jane = {"name": "Jane", "name_key": "jane", "created_at": START}
        joe = {"name": "Joe", "name_key": "joe", "created_at": START}
        people = [Contact(company_id=gone.id, **jane), Contact(company_id=gone.id, **joe)]
        session.add_all(people)
        session.flush()
        for person in people:
            buy(session, month(2), 100, contact_id=person.id)
    run(desk)
    told = cells(desk.manager.says("report market"))
    assert list(told) == ["not filled in"]
    assert told["not filled in"][4] == "2"


def test_the_buttons_divide_it_anew(shop: Desk) -> None:
    reply = shop.manager.presses(shop.manager.says("report market"), "Country")
    assert reply.title == "Market by country"
    assert cells(reply)["PL"][0] == "€600"


def test_products_are_told_by_their_lines_and_pieces(desk: Desk) -> None:
    with desk.session() as session:
        chair = Product(code="C1", name="Chair", currency="EUR", created_at=START)
        session.add(chair)
        order = buy(session, date(2026, 9, 1), 130)
        session.flush()
        line = {"order_id": order.id, "unit_price": Decimal(50)}
        session.add_all(
            [
                OrderLine(
                    product_id=chair.id,
                    description="Chair",
                    quantity=2,
                    amount=Decimal(100),
                    **line,
                ),
                OrderLine(description="Delivery", quantity=1, amount=Decimal(30), **line),
            ]
        )
    run(desk)
    reply = desk.rep.says("report market by=product")
    assert reply.table
    assert reply.table.columns[4] == "Pieces"
    told = cells(reply)
    assert told["Chair"][:4] == ("€100", "77%", "–", "2")
    assert told["Delivery"][:4] == ("€30", "23%", "–", "1")


def test_segments_are_those_of_this_week_and_add_up_to_the_revenue(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, crowd(60))
    scoring.run(context(desk))
    run(desk)
    with desk.session() as session:
        kept = scores.receipt(session, "market:segment")
        industry = scores.receipt(session, "market:industry")
        assert kept
        assert industry
        assert sum(each["sum"] for each in kept.data["shares"]) == kept.data["total"]
        assert kept.data["total"] == industry.data["total"]
        assert industry.data["trained_to"] == "2026-10-31"
        moves = {(each["change"], each["monthly"], each["next"]) for each in kept.data["shares"]}
        assert moves == {(None, None, None)}
        assert any(each["next"] is not None for each in industry.data["shares"])
    reply = desk.rep.says("report market by=segment")
    assert "Champions" in cells(reply)
    assert any("no change and no trend is told" in field.value for field in reply.fields)


def test_more_than_a_page_is_paged_and_more_than_fifty_are_counted(desk: Desk) -> None:
    with desk.session() as session:
        for number in range(53):
            one = company(session, f"C{number}", industry=f"Industry {number:02}")
            buy(session, date(2026, 9, 1), 1000 - number, company_id=one.id)
    run(desk)
    first = desk.rep.says("report market")
    assert next(iter(cells(first))) == "Industry 00"
    assert len(cells(first)) == 10
    second = desk.rep.says("report market page=2")
    assert next(iter(cells(second))) == "Industry 10"
    assert any(field.value == "3 smaller parts" for field in first.fields)


def test_without_a_full_month_nothing_is_said(desk: Desk) -> None:
    with desk.session() as session:
        buy(session, START.date() - timedelta(days=3), 100)
    run(desk)
    assert desk.rep.says("report market").title == "Nothing is known of the market yet."


@pytest.mark.parametrize("by", ["continent", "'; --", ""])
def test_what_it_cannot_be_divided_by_is_answered_with_what_it_can(shop: Desk, by: str) -> None:
    reply = shop.rep.says(f'report market by="{by}"')
    if by:
        assert "industry, country, product, segment" in reply.title + reply.text
    else:
        assert reply.title == "Market by industry"
