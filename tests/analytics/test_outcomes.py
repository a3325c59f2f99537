"""Learning a yes or no: choice, held-back quality, reasons, honesty where there is nothing to learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from crm_store.exclusions import folded
from jobs.analytics import candidates, outcomes
from jobs.analytics.candidates import Before
from jobs.analytics.outcomes import Outcome, Rows, better, fit_calibrated, learn
from tests.analytics.test_leaks import decided

if TYPE_CHECKING:
    from jobs.analytics.features import Flags


@pytest.fixture(scope="module")
def learnt() -> Outcome:
    """What is learnt of the honest fields with two that must not be used."""
    frame, left = decided()
    said = pd.Series(np.where(left, "price", ""), dtype=object)
    return learn(frame.assign(exit_reason=said, Gender="f"), left, excluded=folded(["gender"]))


def test_the_receipt_says_how_it_came_about(learnt: Outcome) -> None:
    receipt = learnt.receipt
    assert receipt.usable
    assert receipt.why == ""
    assert receipt.model == receipt.candidates[0][0]
    assert {name for name, _auc in receipt.candidates} == set(candidates.CANDIDATES)
    assert receipt.split == "random_third"
    assert receipt.features == ("months", "contract", "phone", "city")
    assert receipt.excluded == (("Gender", "kept_out"), ("exit_reason", "filled_by_outcome"))
    assert receipt.rows == receipt.rows_trained == 1200
    quality = receipt.quality
    assert quality is not None
    assert quality.rows == 400
    assert quality.auc > 0.8
    assert quality.brier < 0.75 * quality.base_brier


def test_chances_fit_what_happens_to_others(learnt: Outcome) -> None:
    assert learnt.model is not None
    frame, left = decided(9)
    chance = learnt.model.probabilities(frame)
    assert chance.mean() == pytest.approx(left.mean(), abs=0.04)
    assert left[chance > 0.7].mean() > 0.65
    assert left[chance < 0.2].mean() < 0.25


def test_reasons_name_the_fields_with_direction_and_size(learnt: Outcome) -> None:
    assert learnt.model is not None
    asked = pd.DataFrame(
        {
            "months": [1, 69],
            "contract": ["monthly", "two years"],
            "phone": ["given", None],
            "city": ["Ulm", "Ulm"],
        }
    )
    new, old = learnt.model.explain(asked)
    assert {reason.field: reason.direction for reason in new} == {
        "months": "raises",
        "contract": "raises",
        "phone": "raises",
    }
    assert {reason.field for reason in old if reason.direction == "lowers"} >= {
        "months",
        "contract",
    }
    months = next(reason for reason in new if reason.field == "months")
    assert months.value == 1
    assert 30 < float(months.typical or 0) < 40
    assert 0.8 < months.contribution < 2.2


def test_the_regressions_reasons_are_exact_and_the_others_say_what_replacing_changes() -> None:
    frame, left = decided()
    exact = fit_calibrated(candidates.LINEAR, Rows(frame, left, None))
    two = frame.head(2).assign(city=["Ulm", "Kiel"], months=20, contract="monthly", phone="given")
    parts, chance = exact.contributions(two), exact.probabilities(two)
    odds = np.log(chance / (1 - chance))
    assert (parts[0] - parts[1]).sum() == pytest.approx(odds[0] - odds[1])
    for name in (candidates.TREE, candidates.MEAN):
        other = fit_calibrated(name, Rows(frame, left, None))
        signs = np.sign(other.contributions(frame)[:, 1])
        assert (signs == np.where(frame["contract"] == "monthly", 1, -1)).mean() > 0.95


def shuffled(seed: int) -> tuple[pd.DataFrame, Flags]:
    frame, left = decided(seed)
    return frame, np.random.default_rng(seed).permutation(left)


def test_where_the_outcomes_are_shuffled_there_is_no_usable_signal() -> None:
    frame, left = shuffled(3)
    found = learn(frame, left)
    assert found.model is None
    assert found.receipt.why == "not_better_than_base_rate"
    assert not found.receipt.usable
    assert found.receipt.quality is not None
    assert found.receipt.quality.auc < 0.6


def test_with_moments_the_latest_third_is_held_back() -> None:
    """What held in the first two thirds is turned round in the last: nothing can be used."""
    frame, left = decided()
    at = pd.Series(pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(range(1200), unit="h"))
    fine = learn(frame, left, at)
    assert fine.receipt.usable
    assert fine.receipt.split == "latest_third"
    assert (fine.receipt.trained_from, fine.receipt.trained_to) == ("2025-01-01", "2025-02-19")
    turned = np.where(np.arange(1200) < 800, left, ~left)
    found = learn(frame, turned, at)
    assert found.receipt.why == "not_better_than_base_rate"
    assert found.receipt.quality is not None
    assert found.receipt.quality.auc < 0.3
    assert max(auc for _name, auc in found.receipt.candidates) > 0.75


def test_the_order_of_the_rows_does_not_matter_with_moments() -> None:
    frame, left = decided()
    at = pd.Series(pd.Timestamp("2025-01-01", tz="UTC") + pd.to_timedelta(range(1200), unit="h"))
    order = np.random.default_rng(0).permutation(1200)
    mixed = learn(frame.iloc[order], left[order], at.iloc[order])
    assert mixed.receipt == learn(frame, left, at).receipt


@pytest.mark.parametrize(
    ("rows", "yes", "why"),
    [
        (0, 0, "too_few_rows"),
        (199, 100, "too_few_rows"),
        (900, 39, "too_few_of_a_class"),
        (900, 870, "too_few_of_a_class"),
    ],
)
def test_too_little_to_learn_from_is_said(rows: int, yes: int, why: str) -> None:
    frame, _left = decided()
    found = learn(frame.head(rows), np.arange(rows) < yes)
    assert found.model is None
    assert (found.receipt.why, found.receipt.quality) == (why, None)


def test_one_outcome_that_only_came_lately_is_too_few_to_compare() -> None:
    frame, _left = decided()
    at = pd.Series(np.arange(1200))
    found = learn(frame, np.arange(1200) >= 1100, at)
    assert found.receipt.why == "too_few_of_a_class"


def test_nothing_but_names_is_no_field() -> None:
    names = pd.DataFrame({"name": [f"customer {row}" for row in range(400)]})
    assert learn(names, np.arange(400) % 2 == 0).receipt.why == outcomes.NO_FIELDS


def test_the_method_in_use_stays_where_the_new_one_is_worse_on_what_neither_has_seen() -> None:
    frame, left = decided()
    rows = Rows(frame, left, None)
    past, held = rows.take(np.arange(800)), rows.take(np.arange(800, 1200))
    tree, linear = candidates.TREE, candidates.LINEAR
    name, quality, refused = better(linear, tree, past, held)
    assert name == linear
    assert refused is not None
    assert refused[0] == tree
    assert refused[1] < quality.auc
    assert better(tree, linear, past, held) == (linear, quality, None)
    assert better("", tree, past, held)[0] == tree


def test_a_method_that_was_taken_back_does_not_compete(learnt: Outcome) -> None:
    frame, left = decided()
    taken_back = learnt.receipt.model
    receipt = learn(frame, left, before=Before("", frozenset({taken_back}))).receipt
    assert receipt.model != taken_back
    assert taken_back not in dict(receipt.candidates)


def test_those_learned_from_are_judged_as_strangers_are() -> None:
    frame, left = decided()
    frame, left = frame.head(400), left[:400]
    model = fit_calibrated(candidates.BOOSTED, Rows(frame, left, None))
    strangers, gone = decided(9)
    expected = (model.probabilities(strangers)[~gone] >= 0.6).mean()
    assert expected > 0.05
    assert (model.unseen(frame, left)[~left] >= 0.6).mean() == pytest.approx(expected, abs=0.03)
    assert (model.probabilities(frame)[~left] >= 0.6).mean() < expected * 0.6


@pytest.mark.parametrize("timed", [False, True])
def test_a_part_in_which_no_field_varies_enough_stops_nothing(*, timed: bool) -> None:
    dice = np.random.default_rng(0)
    left = dice.random(210) < 0.4
    late = np.arange(210) > 40
    ulm = late & (dice.random(210) < 0.4) if timed else dice.permutation(210) < 38
    frame = pd.DataFrame({"city": np.where(ulm, "Ulm", "Bonn")})
    at = pd.Series(pd.date_range("2026-01-01", periods=210, tz="UTC")) if timed else None
    assert learn(frame, left, at).receipt.why == outcomes.NOT_BETTER
