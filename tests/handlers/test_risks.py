"""The report of customers at risk."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crm_store.models import Task
from handlers import reasons
from handlers.wording import speaking
from jobs import scores as scoring
from tests.desk import Desk
from tests.jobs.shops import MORNING, Buyer, context, stock

QUIET = [Buyer(f"Quiet {place}", [160.0, 150.0, 140.0], 100 - place) for place in range(7)]


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """Seven customers who went quiet, and one who did not."""
    with desk.session() as session:
        stock(session, [*QUIET, Buyer("Busy Ltd", [20.0, 10.0, 1.0], 900)])
    scoring.run(context(desk))
    return desk


def test_the_customers_at_risk_are_listed_those_who_bought_most_first(shop: Desk) -> None:
    reply = shop.rep.says("report churn")
    assert reply.title == "7 customers at risk of leaving"
    heads = [block.splitlines()[0] for block in reply.text.split("\n\n")]
    assert heads[0] == "1. Quiet 0: at risk; €300 in the last 12 months"
    assert len(heads) == 5
    assert "Busy Ltd" not in reply.text
    rest = shop.rep.presses(reply, "Next")
    assert rest.text.startswith("6. Quiet 5: ")
    assert rest.footer == "7 in all, page 2 of 2"


def test_a_customer_is_opened_and_followed_up_by_button(shop: Desk) -> None:
    reply = shop.rep.says("report churn")
    assert shop.rep.presses(reply, "Open Quiet 0").title == "Quiet 0"
    shop.rep.presses(reply, "Follow up Quiet 1")
    with shop.session() as session:
        assert session.scalars(sa.select(Task.company_id)).all() == [2]


def test_the_second_of_the_list_is_meant_by_second(shop: Desk) -> None:
    shop.rep.says("report churn")
    assert shop.rep.says("company show second").title == "Quiet 1"


def test_an_earlier_day_is_asked_for_by_its_date(shop: Desk) -> None:
    scoring.run(context(shop, MORNING + timedelta(days=7)))
    newest = shop.rep.says("report churn")
    assert "1. Quiet 0: at risk, as a week ago; " in newest.text
    assert "No order for 147 days" in newest.text
    assert "No order for 140 days" in shop.rep.says("report churn period=2026-11-16").text


def test_a_day_without_scores_says_so_and_offers_the_newest(shop: Desk) -> None:
    reply = shop.rep.says("report churn period=2026-10-01")
    assert reply.title == "There are no risks of Thu, Oct 1, 2026."
    assert shop.rep.presses(reply, "Newest").title == "7 customers at risk of leaving"


def test_before_the_first_night_the_report_says_what_makes_the_scores(desk: Desk) -> None:
    reply = desk.rep.says("report churn")
    assert reply.title == "No customer has been scored yet."
    assert "every night at 03:30 (UTC)" in reply.text
    assert "`rapport job scores`" in reply.text


def test_a_shop_without_risks_says_so(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Busy Ltd", [20.0, 10.0, 1.0])])
    scoring.run(context(desk))
    assert desk.rep.says("report churn").title == "No customer is at risk of leaving"


def test_orders_in_other_currencies_are_named_not_mixed_in(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [*QUIET, Buyer("Swiss AG", [3.0, 2.0], 9_000, currency="CHF")])
    scoring.run(context(desk))
    how = next(f.value for f in desk.rep.says("report churn").fields if f.label == "How")
    assert how.endswith("2 orders in other currencies than EUR are left out (CHF).")


def test_a_stranger_learns_nothing(shop: Desk) -> None:
    assert "Quiet" not in shop.stranger.says("report churn").text


@pytest.mark.parametrize("person", ["rep", "agent", "manager", "admin"])
def test_every_member_may_ask(shop: Desk, person: str) -> None:
    assert getattr(shop, person).says("report churn").title == "7 customers at risk of leaving"


def test_the_report_costs_the_same_queries_for_one_and_for_many(desk: Desk) -> None:
    asked: list[str] = []
    sa.event.listen(desk.store.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    def queries() -> int:
        scoring.run(context(desk))
        desk.rep.says("report churn")
        asked.clear()
        desk.rep.says("report churn")
        return len(asked)

    with desk.session() as session:
        stock(session, QUIET[:1])
    one = queries()
    with desk.session() as session:
        stock(session, QUIET[1:])
    assert queries() == one


@pytest.mark.parametrize("feature", sorted(reasons._FACTS))  # noqa: SLF001 - every code has words
@pytest.mark.parametrize("direction", ["raises", "lowers"])
@pytest.mark.parametrize("value", [-0.4, 1.0, 4.4])
def test_every_reason_is_one_sentence_with_its_numbers(
    feature: str, direction: str, value: float
) -> None:
    reason = {"feature": feature, "value": value, "typical": 25.0, "direction": direction}
    with speaking("en", "UTC"):
        (told,) = reasons.sentences([reason], "logistic_regression", "EUR")
    assert told.endswith(".")
    assert any(character.isdigit() for character in told)
    assert told.startswith("In their favour: ") is (direction == "lowers")


def test_the_words_of_a_silence_are_those_of_the_model() -> None:
    reason = {"feature": "recency_days", "value": 120.2, "typical": 25.0, "direction": "raises"}
    with speaking("en", "UTC"):
        told = reasons.sentences([reason], "logistic_regression", "EUR")
    assert told == ["No order for 120 days; half of the customers who stay ordered in the last 25."]


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ("complaints_90", "open trouble"),
        ("trend", "what they used to order"),
        ("silence_ratio", "date for the next order"),
        ("frequency", "how the last order went"),
    ],
)
def test_the_suggestion_follows_the_strongest_reason_that_raises(feature: str, words: str) -> None:
    found: list[dict[str, Any]] = [
        {"feature": "tenure_days", "direction": "lowers"},
        {"feature": feature, "direction": "raises", "value": -0.5},
    ]
    with speaking("en", "UTC"):
        assert words in reasons.suggestion(found)


def test_who_buys_more_is_not_asked_what_they_buy_elsewhere() -> None:
    more = {"feature": "trend", "direction": "raises", "value": 0.4}
    with speaking("en", "UTC"):
        assert "how the last order went" in reasons.suggestion([more])


@pytest.mark.parametrize(
    ("feature", "value", "direction", "calls"),
    [
        ("recency_days", 90.0, "raises", True),
        ("complaints_90", 2.0, "raises", True),
        ("trend", -0.4, "raises", True),
        ("trend", 0.4, "raises", False),
        ("tenure_days", 529.0, "raises", False),
        ("recency_days", 3.0, "lowers", False),
    ],
)
def test_a_call_has_a_silence_a_fall_or_trouble_as_its_reason(
    feature: str, value: float, direction: str, *, calls: bool
) -> None:
    reason = {"feature": feature, "value": value, "direction": direction}
    assert reasons.calls(reason) is calls


@pytest.mark.parametrize(
    "why",
    ["too_few_customers", "too_little_history", "too_few_of_a_class", "not_better_than_base_rate"],
)
def test_every_cause_of_a_rule_is_told(why: str) -> None:
    data = {
        "model": "silence_rule",
        "rule": {"gaps": 2.0, "days": 90.0, "orders": 3},
        "least": {"customers": 200, "of_a_class": 40},
        "customers_scored": 12,
        "horizon_days": 90,
        "why": why,
        "quality": None,
        "usable": False,
        "left_out": {},
    }
    with speaking("en", "UTC"):
        assert " A rule because " in reasons.made_how(data)


@pytest.mark.parametrize(
    ("lately", "before", "said"),
    [
        (0, 300, "Bought at least 75% less in the last 90 days than in the 90 before."),
        (900, 300, "Bought at least 150% more in the last 90 days than in the 90 before."),
        (300, 300, "Bought about as much in the last 90 days as in the 90 before."),
    ],
)
def test_a_change_is_told_as_the_least_it_can_be(lately: float, before: float, said: str) -> None:
    """What is learned from has an ordinary order, here 100, added to both seasons."""
    with speaking("en", "UTC"):
        assert reasons.trend(math.log((lately + 100) / (before + 100)), 0.0, "EUR") == said


def test_two_seasons_without_an_order_are_no_reason_for_a_risk() -> None:
    same = {"feature": "trend", "value": 0.0, "typical": 0.2, "direction": "raises"}
    silent = {"feature": "recency_days", "value": 183.0, "typical": 14.0, "direction": "raises"}
    with speaking("en", "UTC"):
        (told,) = reasons.sentences([silent, same], "logistic_regression", "EUR")
        assert told.startswith("No order for 183 days")
        assert len(reasons.sentences([same | {"direction": "lowers"}], "", "EUR")) == 1
