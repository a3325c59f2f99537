"""What people think of scores, and the report of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from crm_store.models import Feedback, Verdict
from jobs import precision_report
from jobs import scores as scoring
from tests.desk import START, Desk
from tests.jobs.shops import Buyer, context, owed, stock, words


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """Two customers who went quiet."""
    with desk.session() as session:
        silent = [160.0, 150.0, 140.0]
        stock(session, [Buyer("Quiet Ltd", silent), Buyer("Still AG", silent)])
    scoring.run(context(desk))
    return desk


def verdicts(desk: Desk) -> list[tuple[int, Verdict]]:
    with desk.session() as session:
        rows = session.execute(sa.select(Feedback.subject_id, Feedback.verdict))
        return sorted((number, verdict) for number, verdict in rows)


def test_a_button_under_the_reasons_says_what_one_thinks_of_a_score(shop: Desk) -> None:
    why = shop.rep.says("why Quiet")
    reply = shop.rep.presses(why, "Useful: Risk of leaving")
    assert reply.title == "Noted as useful."
    assert reply.text == "Risk of leaving: 1 of 1 that people judged were right."
    assert verdicts(shop) == [(1, Verdict.USEFUL)]


def test_the_last_word_of_a_person_counts(shop: Desk) -> None:
    shop.rep.says("feedback churn Quiet useful")
    shop.mate.says("feedback churn Quiet useful")
    reply = shop.rep.says("feedback churn Quiet wrong")
    assert reply.text == "Risk of leaving: 1 of 2 that people judged were right."
    assert verdicts(shop) == [(1, Verdict.USEFUL), (1, Verdict.WRONG)]


def test_a_score_that_is_not_there_cannot_be_judged(shop: Desk) -> None:
    shop.rep.says("company add Acme")
    assert shop.rep.says("feedback churn Acme wrong").title == "Acme has no such score any more."
    old = shop.rep.says("feedback churn Quiet wrong on=2020-01-01")
    assert old.title == "Quiet Ltd has no such score any more."
    assert shop.rep.says("feedback horoscope Quiet wrong").title == (
        "There is no analysis of this name."
    )
    assert verdicts(shop) == []


def test_managers_read_every_month_how_right_the_scores_were(shop: Desk) -> None:
    shop.rep.says("feedback churn Quiet useful")
    shop.mate.says("feedback churn Quiet handled")
    shop.rep.says('feedback churn "Still AG" wrong')
    report = shop.manager.says("report precision")
    assert report.text == "Risk of leaving: 2 of 3 that people judged were right."
    assert report.table
    assert report.table.rows[0].cells == ("Risk of leaving", "2", "1", "67%", "–")
    december = START + timedelta(days=15, hours=20)
    assert precision_report.run(context(shop, december)) == "2026-11, 2 messages"
    shop.clock.set(december)
    assert "2 of 3 that" in words(shop, owed(shop, "precision_report")[0]).text
    precision_report.run(context(shop, december))
    assert len(owed(shop, "precision_report")) == 2


def test_a_month_without_feedback_says_how_to_give_it(shop: Desk) -> None:
    assert "Nobody judged a score" in shop.manager.says("report precision period=2026-09").text
    assert shop.rep.says("report precision").title == (
        "`report precision` is not open to your role (rep)."
    )
