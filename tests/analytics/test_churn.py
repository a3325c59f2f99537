"""Who is about to stop buying: planted leavers, nothing to learn, the rule, the receipt."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from jobs.analytics.candidates import Before
from jobs.analytics.churn import ChurnResult, Receipt, crossings, score_churn
from jobs.analytics.features import bought_between
from tests.analytics.histories import churn_of, histories_of, riskiest, tables_of
from tests.analytics.worlds import (
    NOW,
    events,
    memoryless_shop,
    purchases,
    shop_with_complaints,
    shop_with_leavers,
    shuffled_seasons,
)


def ago(days: float) -> datetime:
    """Give the moment so many days before NOW."""
    return NOW - timedelta(days=days)


@pytest.fixture(scope="module")
def learnt() -> ChurnResult:
    """The scores of the shop whose leavers are known."""
    return churn_of(shop_with_leavers()[0], None, NOW)


def test_planted_leavers_are_ranked_on_top(learnt: ChurnResult) -> None:
    truth = shop_with_leavers()[1]
    scores = learnt.scores.sort_values("customer")
    assert roc_auc_score(truth, scores["probability"]) > 0.95
    top = riskiest(learnt)[:50]
    assert all(truth[score.customer - 1] for score in top)
    assert {score.level for score in top} == {"high"}


def test_probabilities_lie_in_0_to_1_and_fit_the_rate_of_leaving(learnt: ChurnResult) -> None:
    probability = learnt.scores["probability"]
    assert probability.between(0, 1).all()
    quality = learnt.receipt.quality
    assert quality is not None
    assert quality.brier < quality.base_brier / 2


def test_the_receipt_says_what_was_done(learnt: ChurnResult) -> None:
    receipt = learnt.receipt
    assert receipt.usable
    assert receipt.why == ""
    assert receipt.model == receipt.candidates[0][0]
    assert receipt.snapshots == tuple(ago(90 * number).date() for number in range(1, 6))
    assert receipt.held_back_on == ago(90).date()
    assert receipt.customers_scored == len(learnt.scores) == 800
    assert receipt.rows_trained > 2000
    assert "recency_days" in receipt.features or "silence_ratio" in receipt.features
    assert asdict(receipt)["quality"]["rows"] > 700


def test_the_quality_is_that_of_rows_the_model_has_not_seen() -> None:
    """Whoever changes the held-back season's outcomes changes its quality but not the choice."""
    bought = shop_with_leavers()[0]
    season = bought["at"] >= pd.Timestamp(ago(90))
    rng = np.random.default_rng(0)
    dealt = bought["customer"].where(~season, rng.integers(1, 801, len(bought)))
    before, after = (
        churn_of(frame, None, NOW).receipt for frame in (bought, bought.assign(customer=dealt))
    )
    assert before.candidates == after.candidates
    assert before.quality is not None
    assert after.quality is not None
    assert before.quality.auc > after.quality.auc + 0.2


def test_the_receipt_looks_back_at_whom_alerts_would_have_named() -> None:
    """Whom it would have named 90 days ago is worked out from what was known 90 days ago."""
    bought = shop_with_leavers()[0]
    alerts = churn_of(bought, None, NOW).receipt.alerts
    assert alerts is not None
    assert (alerts.on, alerts.customers) == (ago(90).date(), 800)
    assert alerts.all_left / alerts.customers < 0.7
    assert alerts.left / alerts.marked > 0.9
    later = bought["at"] >= pd.Timestamp(ago(90))
    silent = churn_of(bought[~later], None, NOW).receipt.alerts
    assert silent is not None
    assert silent.marked == silent.left
    assert silent.all_left == 800


def test_the_rule_looks_back_too() -> None:
    regular = [(1, ago(day), 9.0) for day in range(5, 300, 10)]
    gone = [(2, ago(day), 9.0) for day in range(200, 300, 10)]
    late = [(3, ago(day), 9.0) for day in (1, 200, 210, 220, 290)]
    alerts = churn_of(purchases(regular + gone + late), None, NOW).receipt.alerts
    assert alerts is not None
    assert (alerts.customers, alerts.marked, alerts.left, alerts.all_left) == (3, 2, 1, 1)


def test_the_one_in_use_stays_unless_the_new_one_is_better_where_neither_has_learned() -> None:
    bought, said = shop_with_complaints(700)
    tables = tables_of(bought, said, NOW)

    def scored(used: str, *barred: str, settled: bool = False) -> Receipt:
        before = Before(used, frozenset(barred))
        return score_churn(tables.now, tables.seasons, NOW, before, settled=settled).receipt

    first = scored("")
    best, *others = [name for name, _auc in first.candidates]
    assert (first.model, first.refused) == (best, ())
    again = scored(others[-1])
    assert again.quality is not None
    measured = {**dict(again.refused), again.model: again.quality.auc}
    assert measured.keys() == {best, others[-1]}
    assert measured[again.model] == max(measured.values())
    settled = scored(others[-1], settled=True)
    assert (settled.model, settled.candidates, settled.refused) == (others[-1], (), ())
    assert scored("gone", settled=True) == first
    assert best not in dict(scored("", best).candidates)


def test_the_strongest_reason_of_a_long_silence_is_the_silence(learnt: ChurnResult) -> None:
    score = riskiest(learnt)[0]
    assert 1 <= len(score.reasons) <= 3
    reason = score.reasons[0]
    assert reason.feature in {"recency_days", "silence_ratio"}
    assert reason.direction == "raises"
    assert reason.value > 5 * reason.typical
    assert reason.contribution is not None
    assert reason.contribution > 0


def test_a_fresh_complaint_is_given_as_the_reason_where_complaints_make_people_leave() -> None:
    bought, said = shop_with_complaints()
    result = churn_of(bought, said, NOW)
    assert result.receipt.usable
    assert "complaints_90" in result.receipt.features
    fresh = said["customer"][said["at"] > pd.Timestamp(ago(10))]
    first = [
        score.reasons[0]
        for score in riskiest(result)
        if score.customer in set(fresh) and score.reasons[0].feature == "complaints_90"
    ]
    assert len(first) > 0.8 * len(fresh)
    assert {(reason.value, reason.typical, reason.direction) for reason in first} == {
        (1.0, 0.0, "raises")
    }


@pytest.mark.parametrize("bought", [memoryless_shop(), shuffled_seasons(shop_with_leavers()[0])])
def test_where_nothing_can_be_foretold_the_rule_is_used_and_says_why(bought: pd.DataFrame) -> None:
    result = churn_of(bought, None, NOW)
    assert result.receipt.model == "silence_rule"
    assert result.receipt.why == "not_better_than_base_rate"
    assert not result.receipt.usable
    assert result.receipt.quality is not None
    assert result.receipt.quality.auc < 0.57
    assert {score.probability for score in riskiest(result)[:20]} == {None}


def test_what_happens_after_the_moment_changes_no_score() -> None:
    bought, said = shop_with_complaints(600)
    at = ago(40)
    known = churn_of(bought[bought["at"] < at], said[said["at"] < at], at)
    wild = bought["at"] >= at
    altered = bought.assign(
        customer=bought["customer"].where(~wild, 1), amount=bought["amount"].where(~wild, 1e6)
    )
    again = churn_of(altered, said.assign(kind=said["kind"].where(said["at"] < at, "x")), at)
    pd.testing.assert_frame_equal(known.scores, again.scores)
    pd.testing.assert_frame_equal(known.reasons, again.reasons)
    assert known.receipt == again.receipt


def test_a_customer_has_churned_when_no_purchase_lies_within_the_horizon() -> None:
    frame = pd.DataFrame({"customer": [1, 2, 3, 4, 5]})
    bought = purchases(
        [
            (1, ago(90), 5.0),  # the first moment of the horizon
            (2, ago(0), 5.0),  # the first moment after it
            (3, ago(90.1), 5.0),  # before it
            (4, ago(50), -5.0),  # a refund
        ]
    )
    past = histories_of(bought, None, [ago(90), ago(0), NOW + timedelta(days=9)])
    stayed = bought_between(past, frame["customer"].to_numpy(), ago(90), ago(0))
    assert stayed.tolist() == [True, False, False, False, False]


def test_the_rule_looks_at_the_own_gap_from_three_purchase_days_on() -> None:
    steady = [(1, ago(25 + 10 * step), 9.0) for step in range(3)]  # limit 20 days
    late = [(2, ago(15 + 10 * step), 9.0) for step in range(3)]
    twice = [(3, ago(91), 9.0), (3, ago(99), 9.0)]  # limit 90 days
    fresh = [(4, ago(30), 9.0)]
    result = churn_of(purchases(steady + late + twice + fresh), None, NOW)
    found = {score.customer: score for score in riskiest(result)}
    assert {who: score.level for who, score in found.items()} == {
        1: "high",
        2: "medium",
        3: "high",
        4: "low",
    }
    assert found[1].risk == pytest.approx(1.25)
    assert found[3].reasons[0].typical == 90
    assert found[1].reasons[0].contribution is None
    assert [score.customer for score in riskiest(result)[:2]] == [1, 3]
    assert result.threshold == 1.0


@pytest.mark.parametrize(
    ("bought", "why"),
    [
        (purchases([]), "too_few_customers"),
        (purchases([(1, ago(300), 5.0)]), "too_few_customers"),
        (shop_with_leavers(150)[0], "too_few_customers"),
        (shop_with_leavers(800)[0][lambda rows: rows["at"] > ago(200)], "too_little_history"),
        (
            purchases([(n, ago(d), 5.0 + n) for n in range(300) for d in range(1, 400, 30)]),
            "too_few_of_a_class",
        ),
    ],
)
def test_too_little_data_gives_the_rule_and_the_receipt_says_which(
    bought: pd.DataFrame, why: str
) -> None:
    result = churn_of(bought, events([]), NOW)
    assert (result.receipt.model, result.receipt.why) == ("silence_rule", why)
    assert result.receipt.customers_scored == len(result.scores)
    assert result.receipt.quality is None
    assert result.scores["probability"].isna().all()


def test_a_single_customer_is_scored_by_the_rule() -> None:
    result = churn_of(purchases([(5, ago(100), 5.0)]), None, NOW)
    assert [(score.customer, score.level) for score in riskiest(result)[:9]] == [(5, "high")]


def test_purchases_without_amount_or_time_do_not_disturb_a_model() -> None:
    bought = shop_with_leavers()[0]
    some = bought.head(40)
    holes = [some.assign(amount=np.nan), some.assign(at=some["at"].shift(40))]
    result = churn_of(pd.concat([bought, *holes], ignore_index=True), None, NOW)
    assert result.receipt.usable
    assert result.scores["probability"].notna().all()


def test_equal_data_give_equal_scores_whatever_the_order_of_the_rows(learnt: ChurnResult) -> None:
    shuffled = shop_with_leavers()[0].sample(frac=1, random_state=5)
    again = churn_of(shuffled, None, NOW)
    pd.testing.assert_frame_equal(again.scores, learnt.scores)


def test_only_customers_who_rose_over_the_threshold_have_crossed() -> None:
    before = {1: 0.5, 2: 0.7, 3: 0.2, 4: 0.59}
    now = {1: 0.6, 2: 0.9, 3: 0.3, 4: 0.95, 5: 0.99}
    assert crossings(before, now, 0.6) == {1: 0.6, 4: 0.95}


def test_risks_of_two_weeks_can_be_compared(learnt: ChurnResult) -> None:
    risks = learnt.risks()
    assert len(risks) == 800
    assert crossings(risks, risks, learnt.threshold) == {}
    assert crossings(dict.fromkeys(risks, 0.0), risks, 0.6).keys() == set(
        learnt.scores["customer"][learnt.scores["level"] == "high"]
    )
