"""The six candidates: each finds what is planted, the regression's parts are exact, all repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from jobs.analytics import candidates
from jobs.analytics.candidates import CANDIDATES, LINEAR, MEAN, TREE, Additive, Leaves, fit

if TYPE_CHECKING:
    from jobs.analytics.features import Flags, Floats


def planted(count: int, seed: int = 0) -> tuple[Floats, Flags, Flags]:
    """Give rows whose outcome rests on a bent number, a flag and a gap; a fourth says nothing."""
    rng = np.random.default_rng(seed)
    bent, flag, idle = rng.normal(size=count), rng.random(count) < 0.4, rng.normal(size=count)
    gap = np.where(rng.random(count) < 0.2, np.nan, rng.normal(size=count))
    log_odds = 3 * np.abs(bent) - 2.4 + 1.5 * flag + 1.0 * np.isnan(gap)
    outcomes = rng.random(count) < 1 / (1 + np.exp(-log_odds))
    rows = np.column_stack([bent, flag, gap, np.isnan(gap), idle]).astype(np.float64)
    return rows, np.asarray(outcomes), np.array([True, False, True, False, True])


@pytest.mark.parametrize("name", CANDIDATES)
def test_each_candidate_finds_what_is_planted_in_rows_it_has_not_seen(name: str) -> None:
    rows, outcomes, smooth = planted(1500)
    asked, happened, _smooth = planted(1500, 1)
    model = fit(name, rows, outcomes, smooth)
    assert roc_auc_score(happened, model.log_odds(asked)) > 0.78
    again = fit(name, rows, outcomes, smooth).log_odds(asked)
    assert again.tolist() == model.log_odds(asked).tolist()


def test_the_parts_of_the_regression_add_up_to_its_log_odds() -> None:
    rows, outcomes, smooth = planted(800)
    model = fit(LINEAR, rows, outcomes, smooth)
    assert isinstance(model, Additive)
    parts = model.parts(rows)
    assert parts.shape == rows.shape
    assert parts.sum(axis=1) + model.intercept == pytest.approx(model.log_odds(rows))
    assert np.abs(parts[:, 4]).mean() < 0.3 * np.abs(parts[:, 0]).mean()


def test_a_leaf_is_never_certain_and_the_tree_is_pruned() -> None:
    rows, outcomes, _smooth = planted(600)
    model = fit(TREE, rows, rows[:, 1] > 0, np.zeros(5, dtype=np.bool_))
    assert isinstance(model, Leaves)
    assert model.tree.get_n_leaves() == 2
    assert np.abs(model.log_odds(rows)).max() < np.log(601)
    idle = fit(TREE, rows[:, 4:], outcomes, np.zeros(1, dtype=np.bool_))
    assert isinstance(idle, Leaves)
    assert idle.tree.get_n_leaves() <= 32


def test_the_mean_lies_between_its_two() -> None:
    rows, outcomes, smooth = planted(600)
    found = candidates.fit_all(rows, outcomes, smooth)
    assert tuple(found) == CANDIDATES
    two = found[candidates.BOOSTED].log_odds(rows) + found[LINEAR].log_odds(rows)
    assert found[MEAN].log_odds(rows) == pytest.approx(two / 2)


def test_many_equal_values_and_an_empty_column_do_no_harm() -> None:
    rows, outcomes, smooth = planted(600)
    rows[:, 0] = np.where(np.arange(600) % 10 == 0, rows[:, 0], 0.0)
    rows[:, 2] = np.nan
    for model in candidates.fit_all(rows, outcomes, smooth).values():
        assert np.isfinite(model.log_odds(rows)).all()


def test_calibration_finds_slope_and_shift_and_gives_the_base_rate_where_nothing_is_known() -> None:
    rng = np.random.default_rng(0)
    log_odds = rng.normal(size=20_000)
    outcomes = rng.random(20_000) < 1 / (1 + np.exp(-(2 * log_odds - 0.5)))
    assert candidates.platt(log_odds, outcomes) == pytest.approx((2, -0.5), abs=0.1)
    assert candidates.platt(-log_odds, outcomes)[0] == 0


@pytest.mark.parametrize("name", CANDIDATES)
def test_what_is_older_than_all_that_were_learned_from_is_judged_as_the_oldest(name: str) -> None:
    rng = np.random.default_rng(5)
    age = rng.choice([1.0, 14.0, 60.0], 400)
    outcomes = rng.random(400) < 0.1 + age / 200
    model = fit(name, age[:, None], outcomes, np.array([False]))
    oldest, older = model.log_odds(np.array([[60.0], [600.0]]))
    assert older == oldest
