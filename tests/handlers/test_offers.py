"""What is bought together, and what to offer whom, as people are told."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from crm_store.models import Company, Deal, Order, Product
from jobs import baskets
from jobs.analytics import suggestions
from tests.desk import START, Desk
from tests.jobs.goods import OFFICE, company, crowd, products, sell
from tests.jobs.shops import context


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A shop of 160 companies: half buy for the office, half for the garden."""
    with desk.session() as session:
        crowd(session)
    baskets.run(context(desk))
    return desk


def test_the_rules_are_told_in_words_with_their_counts(shop: Desk) -> None:
    reply = shop.rep.says("report baskets")
    assert "rules of what is bought together" in reply.title
    first = reply.text.splitlines()[0]
    assert first.startswith("• Of ")
    assert first.endswith("times as often as usual.")
    assert "From 640 orders: products that 13 orders or more hold together" in reply.fields[0].value
    second = shop.rep.presses(reply, "Next")
    assert second.text.splitlines()[0] != first


def test_few_orders_are_only_counted_and_that_is_said(desk: Desk) -> None:
    with desk.session() as session:
        numbers = products(session, OFFICE)
        buyer = company(session, "Acme")
        for day in (40, 30):
            sell(session, buyer, day, [numbers["Lamp"], numbers["Folder"]])
    baskets.run(context(desk))
    reply = desk.rep.says("report baskets")
    assert (reply.title, reply.text) == (
        "Bought together so far",
        "• Folder + Lamp: together in 2 orders.",
    )
    assert "these need 200 orders with products, there are 2." in reply.fields[0].value


def test_before_the_first_night_the_job_is_named(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    for line in ("report baskets", "offers Acme"):
        assert "`rapport job baskets`" in desk.rep.says(line).text


def test_the_card_says_what_to_offer_next_and_why_explains_it(shop: Desk) -> None:
    card = shop.rep.says('company show "Office 0"')
    told = {field.label: field.value for field in card.fields}["Offer next"]
    assert "; then " in told
    why = shop.rep.presses(card, "Why?")
    assert "Offer next: " in why.text
    assert "buyers of " in why.text
    assert re.search(r"Tested on a day it had not seen, .* each of \d+ customers", why.text)
    assert "Useful: Offer next" in [action.label for action in why.actions]


def test_a_manager_asks_what_to_offer_to_one_customer(shop: Desk) -> None:
    reply = shop.manager.says('offers "Office 0"')
    assert reply.title == "What to offer Office 0 next"
    assert reply.text.startswith("1. ")
    assert "Toner X: " in reply.text
    assert shop.manager.presses(reply, "Why?").title == "Why: Office 0"


def test_what_is_beyond_the_limit_is_not_called_unwanted(
    shop: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggestions, "MOST_ITEMS", 5)
    baskets.run(context(shop))
    how = shop.manager.says('offers "Office 0"').fields[0].value
    assert re.search(r"\d+ products are left out, as fewer customers bought them", how)


def test_the_same_in_chinese(shop: Desk) -> None:
    shop.rep.says("settings language=zh")
    assert "最近" in shop.rep.says('offers "Office 0"').text
    assert "倍" in shop.rep.says("report baskets").text


def test_a_deal_has_its_own_suggestions(shop: Desk) -> None:
    shop.rep.says('deal add "Seats for all" company="Office 0" amount=100')
    baskets.run(context(shop))
    assert "Toner X" in shop.rep.says('offers "Seats for all"').text


def test_what_was_deleted_since_is_offered_no_more(shop: Desk) -> None:
    with shop.session() as session:
        for product in session.query(Product).filter(Product.name == "Toner X"):
            product.deleted_at = START
    assert "Toner X" not in shop.rep.says('offers "Office 0"').text
    assert "Toner X" not in shop.rep.says("report baskets").text
    card = shop.rep.says('company show "Office 0"')
    assert all("Toner X" not in field.value for field in card.fields)


def test_what_is_due_is_told_with_its_rhythm(desk: Desk) -> None:
    with desk.session() as session:
        (number,) = products(session, ["Coffee"]).values()
        buyer = company(session, "Acme")
        for day in (125, 95, 65, 35):
            sell(session, buyer, day, [number])
    baskets.run(context(desk))
    reply = desk.rep.says("offers Acme")
    assert "1. Coffee: usually re-ordered every 30 days, last bought 35 days ago." in reply.text
    assert "Next: ask whether it is time for Coffee again." in reply.text
    assert "A rule because a model needs 100 customers" in reply.fields[0].value


def test_nothing_to_suggest_is_said_with_what_it_needs(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    baskets.run(context(desk))
    reply = desk.rep.says("offers Acme")
    assert reply.title == "There is nothing to suggest for Acme yet."
    assert "becomes a reason once at least 5 customers did" in reply.text
    assert not [f for f in desk.rep.says("company show Acme").fields if f.label == "Offer next"]


def test_a_ticket_is_refused_with_what_there_is(desk: Desk) -> None:
    desk.rep.says("ticket new Broken box")
    assert "companies, contacts and deals" in desk.rep.says("offers ticket:1").title


def test_names_that_look_like_markup_stay_what_they_are(desk: Desk) -> None:
    hostile = "<b>{0}</b> <!channel> *x* %s"
    with desk.session() as session:
        (number,) = products(session, [hostile]).values()
        buyer = company(session, "Acme")
        for day in (95, 65, 35):
            sell(session, buyer, day, [number])
    baskets.run(context(desk))
    assert f"1. {hostile}: usually re-ordered every 30 days" in desk.rep.says("offers Acme").text
    assert f"ask whether it is time for {hostile} again." in desk.rep.says("why Acme").text


def test_of_a_deleted_customer_nothing_is_learned_or_left(shop: Desk) -> None:
    with shop.session() as session:
        session.query(Company).filter(Company.name != "Office 0").update({"deleted_at": START})
        assert session.query(Deal).count() == 0
        assert session.query(Order).count() == 640
    baskets.run(context(shop, START + timedelta(days=1)))
    assert "A rule because" in shop.rep.says('offers "Office 0"').fields[0].value
