"""Alerts about customers at risk, in shops whose leavers were planted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from crm_store import scores
from crm_store.models import Company, Notice, Order, Receipt, Score
from crm_store.scores import CHURN
from jobs import churn_alerts
from jobs import scores as scoring
from tests.desk import START, Desk
from tests.jobs.shops import MORNING, Buyer, context, crowd, every, owed, stock, words

SILENT = Buyer("Silent GmbH", every(7, since=480, until=60), 1_000)
FADING = Buyer("Fading AG", every(7, since=480, until=3), 900)
FEW = [Buyer(f"Small {place}", every(10, since=100, until=1)) for place in range(5)]


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A shop of 322 customers: Silent GmbH has left, Fading AG has just begun to be silent."""
    with desk.session() as session:
        stock(session, [*crowd(), SILENT, FADING])
    return desk


def after(days: float) -> datetime:
    return MORNING + timedelta(days=days)


def run(desk: Desk, days: float = 0) -> str:
    return churn_alerts.run(context(desk, after(days)))


def test_the_first_run_looks_at_the_most_valuable_and_says_why_they_are_at_risk(shop: Desk) -> None:
    run(shop)
    told = words(shop, owed(shop, "churn_alert")[0])
    assert told.title.startswith("A first look: ")
    assert "From now on you are told only of those who newly come to be at risk." in told.text
    assert "Here are the 10 who bought most in the last 12 months." in told.text
    block = told.text.split("\n\n")[1].splitlines()
    assert block[0].startswith("1. Silent GmbH: 9")
    assert block[0].endswith("%; €43,000 in the last 12 months")
    assert block[1].startswith("• Silent for 9.6 times the usual time between their orders;")
    assert block[-1].startswith("Next: call, ask what has changed")
    assert len(block) == 5
    assert "Fading AG" not in told.text


def test_the_alert_carries_its_receipt(shop: Desk) -> None:
    run(shop)
    told = words(shop, owed(shop, "churn_alert")[0])
    how = {field.label: field.value for field in told.fields}
    assert how["Worked out on"].startswith("Mon, Nov 16, 2026, from what 322 customers")
    assert how["How"].startswith("By logistic regression, which weighs")
    assert "Tested on 322 customers at a moment it had not learnt from" in how["How"]
    assert "Looked back on Tue, Aug 18, 2026: of 322 customers it would have marked " in how["How"]
    assert "times as many left as on average." in how["How"]


def test_the_managers_are_told_at_nine_of_their_morning_and_only_once(shop: Desk) -> None:
    run(shop)
    first = owed(shop, "churn_alert")
    assert {notice.user_id for notice in first} == {shop.manager.id, shop.admin.id}
    assert {notice.due_at for notice in first} == {START - timedelta(hours=1)}
    run(shop, 0.1)
    assert len(owed(shop, "churn_alert")) == len(first)


def test_a_routed_channel_is_told_instead_of_the_managers(shop: Desk) -> None:
    churn_alerts.run(context(shop, routes={"churn": ("slack:C7",)}))
    assert [(n.address, n.user_id) for n in owed(shop, "churn_alert")] == [("slack:C7", None)]


def test_running_twice_on_a_day_leaves_the_scores_as_they_are(shop: Desk) -> None:
    def state() -> list[object]:
        with shop.session() as session:
            query = sa.select(Score.id, Score.value, Score.label).order_by(Score.id)
            return [tuple(row) for row in session.execute(query)]

    run(shop)
    before = state()
    run(shop, 0.2)
    assert state() == before


def test_later_only_those_are_told_who_crossed_the_threshold(shop: Desk) -> None:
    run(shop)
    run(shop, 1)
    count = len(owed(shop, "churn_alert"))
    run(shop, 30)
    last = owed(shop, "churn_alert")[-1]
    told = words(shop, last)
    assert len(owed(shop, "churn_alert")) == count + 2
    assert "1. Fading AG: " in told.text
    assert "Silent GmbH" not in told.text
    assert told.title == f"{last.payload['total']} more customers are at risk of leaving"


def test_a_day_without_a_crossing_is_a_day_without_a_message(shop: Desk) -> None:
    run(shop)
    assert run(shop, 0.9) == "nobody crossed the threshold"  # the next day, 21 hours later
    assert len(owed(shop, "churn_alert")) == 2


def test_the_change_since_about_a_week_ago_is_told(shop: Desk) -> None:
    run(shop, 22)
    run(shop, 30)
    told = words(shop, owed(shop, "churn_alert")[-1])
    first = told.text.splitlines()[0]
    assert first.startswith("1. Fading AG: ")
    assert "%, up from " in first
    assert ("Compared with", "Risks of Tue, Dec 8, 2026") in [
        (f.label, f.value) for f in told.fields
    ]


def test_who_crossed_between_two_scorings_of_a_day_is_told_the_next_day(shop: Desk) -> None:
    run(shop)
    with shop.session() as session:  # the afternoon's scoring has Fading AG cross
        session.execute(
            sa.delete(Order).where(
                Order.company_id == sa.select(sa.func.max(Order.company_id)).scalar_subquery(),
                Order.ordered_at > START - timedelta(days=50),
            )
        )
    scoring.run(context(shop, after(0.3)))
    run(shop, 1)
    assert "Fading AG" in words(shop, owed(shop, "churn_alert")[-1]).text


def test_scores_that_nobody_was_told_of_do_not_hide_a_crossing(shop: Desk) -> None:
    run(shop)
    scoring.run(context(shop, after(30)))  # at night; then the alert of that morning is missed
    run(shop, 31)
    assert "Fading AG" in words(shop, owed(shop, "churn_alert")[-1]).text


def test_another_method_gives_a_first_look_that_says_so(shop: Desk) -> None:
    run(shop)
    with shop.session() as session:
        receipt = session.scalars(sa.select(Receipt).where(Receipt.kind == CHURN)).one()
        receipt.data = {**receipt.data, "model": "silence_rule"}
    run(shop, 1)
    told = words(shop, owed(shop, "churn_alert")[-1])
    assert told.text.startswith("The method is not that of last time")


def test_risks_of_another_method_are_not_compared_with(shop: Desk) -> None:
    run(shop)
    with shop.session() as session:
        receipt = session.scalars(sa.select(Receipt).where(Receipt.kind == CHURN)).one()
        receipt.data = {**receipt.data, "model": "silence_rule"}
    scoring.run(context(shop, after(7)))
    reply = shop.rep.says("report churn")
    assert "up from" not in reply.text
    assert any(field.value.startswith("Nothing: there are no risks") for field in reply.fields)


def test_below_the_minimum_a_plain_rule_is_used_and_says_so(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [*FEW, Buyer("Quiet Ltd", [160.0, 150.0, 140.0], 70)])
    run(desk)
    told = words(desk, owed(desk, "churn_alert")[0])
    assert told.title == "A first look: 1 customer is at risk of leaving"
    assert "1. Quiet Ltd: at risk; €210 in the last 12 months" in told.text
    assert "• No order for 140 days; for this customer the rule allows 20." in told.text
    how = next(field.value for field in told.fields if field.label == "How")
    assert how == (
        "By a plain rule, not by a model: at risk after 2 times the customer's own usual time "
        "between orders, or after 90 days with fewer than 3 days of ordering. A rule because a model "
        "needs 200 customers, now and at every past moment that it learns from; there are 6."
    )
    assert "%" not in told.text


def test_an_empty_store_tells_nobody(desk: Desk) -> None:
    assert run(desk) == "no orders yet, nobody told"
    assert owed(desk, "churn_alert") == []


def test_a_store_in_which_nobody_can_be_told_keeps_the_first_look(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Quiet Ltd", [160.0, 150.0, 140.0])])
        session.execute(sa.text("UPDATE users SET active = :no"), {"no": False})
    assert run(desk) == "nobody to tell: no route `churn` and no manager"
    churn_alerts.run(context(desk, after(1), routes={"churn": ("slack:C1",)}))
    assert owed(desk, "churn_alert")[0].payload["look"] == "first_look"


@pytest.mark.parametrize(
    "change",
    [
        sa.update(Score).where(Score.kind == CHURN).values(value=0.1),
        sa.update(Company).values(deleted_at=START),
    ],
    ids=["cleared", "deleted"],
)
def test_an_alert_with_nobody_left_is_not_told(desk: Desk, change: sa.Update) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Quiet Ltd", [160.0, 150.0, 140.0])])
    run(desk)
    with desk.session() as session:
        session.execute(change)
        notice = session.scalars(sa.select(Notice)).first()
        assert notice
        notice.sent_to = "test:manager"
        assert desk.router.tell(session, notice) is None


def test_the_newest_two_scores_stay_and_the_first_of_each_week_for_60_days(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, FEW)
    for days in (0, 1, 9, 10, 61, 64, 65, 66, 71, 72):
        run(desk, days)
    kept = ["2027-01-16", "2027-01-19", "2027-01-26", "2027-01-27"]
    with desk.session() as session:
        found = session.scalars(sa.select(Score.period).where(Score.kind == CHURN).distinct())
        assert sorted(found) == kept
        receipts = session.scalars(sa.select(Receipt).where(Receipt.kind == CHURN))
        assert sorted(each.data["period"] for each in receipts) == kept
    reply = desk.rep.says("report churn period=2026-11-17")
    assert "The newest two are kept and, for 60 days, the first of each week." in reply.text


def test_scores_that_people_were_told_of_stay_until_they_are_told_of_others(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, FEW)
    run(desk, 1)
    for days in (2, 3, 4, 70, 71):
        scoring.run(context(desk, after(days)))
    with desk.session() as session:
        found = session.scalars(sa.select(Score.period).where(Score.kind == CHURN).distinct())
        assert sorted(found) == ["2026-11-17", "2027-01-25", "2027-01-26"]
    run(desk, 72)
    scoring.run(context(desk, after(73)))
    with desk.session() as session:
        assert scores.receipt(session, CHURN, "2026-11-17") is None
