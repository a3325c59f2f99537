"""The reports of chances, the lines on cards, and the honest answer where nothing can be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crm_store.conversations import Reference
from crm_store.models import Company, Deal
from crm_store.scores import WIN, Scored
from handlers import chance_words
from jobs import chances
from tests.desk import START, Desk
from tests.jobs.markets import contracts, deal, market, pipeline
from tests.jobs.shops import context


@pytest.fixture
def selling(desk: Desk) -> Desk:
    """A house in which recommended deals that were visited are won."""
    pipeline(desk)
    chances.run(context(desk))
    return desk


def test_the_likeliest_deals_come_first_with_reasons_and_what_to_do(selling: Desk) -> None:
    reply = selling.rep.says("report chances")
    assert reply.title == "2 open deals, the likeliest to be won first"
    warm, cold = reply.text.split("\n\n")
    assert warm.startswith("1. Warm · €2,000: ")
    assert "• Source: recommendation. This raises it" in warm
    assert warm.endswith("Next: settle the last open point and agree on a date for the order.")
    assert "• Source: advert. This lowers it" in cold
    how = {field.label: field.value for field in reply.fields}["How"]
    assert "The figure is the chance that the deal is won." in how
    assert "Tested on " in how
    assert selling.rep.presses(reply, "Open Warm · €2,000").title == "Warm"
    assert selling.rep.says("deal show second").title == "Cold"


def test_the_card_of_a_deal_shows_its_chance_until_it_is_closed(selling: Desk) -> None:
    with selling.session() as session:
        number = session.query(Deal).filter(Deal.title == "Warm").one().id
    card = selling.rep.says(f"deal show {number}")
    assert "Chance of winning" in [field.label for field in card.fields]
    why = selling.rep.presses(card, "Why?")
    assert "• Source: recommendation. This raises it" in why.text
    assert "Learned from " in why.text
    noted = selling.rep.presses(why, "Useful: Chance of winning")
    assert noted.text == "Chance of winning: 1 of 1 that people judged were right."
    selling.manager.says(f"deal move {number} Won")
    labels = [field.label for field in selling.rep.says(f"deal show {number}").fields]
    assert "Chance of winning" not in labels


def test_the_change_since_last_week_is_told(desk: Desk) -> None:
    pipeline(desk, 30)
    chances.run(context(desk))
    with desk.session() as session:
        number = session.query(Deal).filter(Deal.title == "Warm").one().id
    desk.manager.says(f"deal move {number} Negotiation")
    chances.run(context(desk, START + timedelta(days=7)))
    text = desk.rep.says("report chances").text
    assert "1. Warm · €2,000: 75%, up from 10%" in text
    assert "2. Cold · €2,000: 10%, as a week ago" in text


def test_where_nothing_can_be_told_the_report_and_the_card_say_why(desk: Desk) -> None:
    pipeline(desk, signal=False)
    chances.run(context(desk))
    reply = desk.rep.says("report chances")
    assert reply.title == "Chance of winning: no usable signal"
    assert "told no more about them than the average does" in reply.text
    assert "1. " not in reply.text
    with desk.session() as session:
        number = session.query(Deal).filter(Deal.title == "Warm").one().id
    card = desk.rep.says(f"deal show {number}")
    assert ("Chance of winning", "no usable signal") in [(f.label, f.value) for f in card.fields]
    assert "rather than one that is no better than a guess" in desk.rep.presses(card, "Why?").text


def test_with_few_ended_deals_the_report_names_the_plain_rule_and_the_minimum(desk: Desk) -> None:
    pipeline(desk, 30)
    chances.run(context(desk))
    reply = desk.rep.says("report chances")
    how = {field.label: field.value for field in reply.fields}["How"]
    assert "By a plain rule, not by a model: the chance that is set for the deal's stage." in how
    assert "A model needs 200 decided cases, and 40 that ended each way" in how


def test_the_most_promising_leads_come_first(desk: Desk) -> None:
    market(desk)
    chances.run(context(desk))
    reply = desk.rep.says("report leads")
    assert "the most promising first" in reply.title
    assert reply.text.startswith("1. ")
    assert "• Source: hotel guide. This raises it a lot." in reply.text.split("\n\n")[0]
    how = {field.label: field.value for field in reply.fields}["How"]
    assert "become a customer within 90 days" in how
    card = desk.rep.says("company show Grand Hotel")
    assert "Lead score" in [field.label for field in card.fields]
    with desk.session() as session:
        hotel = session.query(Company).filter(Company.name == "Grand Hotel").one().id
        deal(session, "First order", 5, 0, won=True, company_id=hotel)
    labels = [field.label for field in desk.rep.says("company show Grand Hotel").fields]
    assert "Lead score" not in labels


def test_leads_by_the_rule_are_told_in_words(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    desk.clock.advance(timedelta(minutes=5))
    desk.rep.says("note Acme they asked for a price")
    chances.run(context(desk, desk.clock.now() + timedelta(hours=1)))
    text = desk.rep.says("report leads").text
    assert text.startswith("1. Acme: new, not spoken to yet\n• Nothing was heard of them yet.\n")
    assert text.endswith("Next: call today, ask what they need and offer a first order.")


def test_who_may_end_the_contract_is_told_without_what_followed_from_it(desk: Desk) -> None:
    contracts(desk)
    chances.run(replace(context(desk), contract_field="cancelled"))
    reply = desk.rep.says("report contracts")
    assert "customers under contract, the likeliest to end it first" in reply.title
    assert "• Plan: monthly. This raises it" in reply.text
    how = {field.label: field.value for field in reply.fields}["How"]
    assert "seems to be filled in when the end is known: Goodbye." in how
    assert "Never looked at: Gender." in how
    page = desk.rep.presses(reply, "Next")
    assert page.text.startswith("6. ")


def test_too_few_contracts_give_no_figure_and_say_how_many_it_takes(desk: Desk) -> None:
    contracts(desk, 50)
    chances.run(replace(context(desk), contract_field="cancelled"))
    reply = desk.rep.says("report contracts")
    assert reply.title == "Risk of ending the contract: too little to learn from"
    assert "A model needs 200 decided cases" in reply.text


def test_deals_of_one_title_are_told_apart_by_customer_and_amount(desk: Desk) -> None:
    pipeline(desk, 30)
    desk.rep.says("company add Acme")
    desk.rep.says('deal add "Warm" company=Acme amount="4000 EUR"')
    chances.run(context(desk, desk.clock.now() + timedelta(hours=1)))
    reply = desk.rep.says("report chances")
    assert ". Warm · Acme · €4,000: 10%" in reply.text
    assert desk.rep.presses(reply, "Open Warm · Acme · €4,000").title == "Warm"


def test_a_deal_that_ended_since_the_night_is_not_told_to_be_settled(selling: Desk) -> None:
    selling.manager.says("deal move Warm Won")
    reply = selling.rep.says("report chances")
    assert "Warm" not in reply.text
    assert "Cold" in reply.text


@pytest.mark.parametrize("line", ["report chances", "report leads", "report contracts"])
def test_before_the_first_night_it_is_said_which_job_makes_them(desk: Desk, line: str) -> None:
    reply = desk.rep.says(line)
    assert reply.title == "No chances have been worked out yet."
    assert "`rapport job chances`" in reply.text


def test_a_deal_that_was_deleted_since_is_not_listed(selling: Desk) -> None:
    with selling.session() as session:
        session.query(Deal).filter(Deal.title == "Warm").one().deleted_at = START
    assert "Warm" not in selling.rep.says("report chances").text


def test_a_new_deal_has_no_chance_before_the_next_night(selling: Desk) -> None:
    with selling.session() as session:
        number = deal(session, "Fresh", 0, None).id
    labels = [field.label for field in selling.rep.says(f"deal show {number}").fields]
    assert "Chance of winning" not in labels


@pytest.mark.parametrize(
    ("days", "typical", "silent"), [(40.0, 12.0, True), (None, 12.0, True), (0.2, 12.0, False)]
)
def test_a_deal_is_called_silent_only_after_longer_than_usual(
    days: float | None, typical: float, *, silent: bool
) -> None:
    reason = {"field": "days_since_activity", "direction": "lowers", "contribution": -1.0}
    told = Scored(
        Reference("deal", 1), 0.4, "medium", [{**reason, "value": days, "typical": typical}]
    )
    words = chance_words.suggestion(WIN, told)
    assert ("nothing has happened for a while" in words) == silent
