"""Quality figures on outcomes of which the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.analytics.quality import measure


def test_a_perfect_forecast_has_perfect_figures() -> None:
    outcomes = np.repeat([True, False], 100)
    quality = measure(outcomes, outcomes.astype(np.float64))
    assert (quality.auc, quality.pr_auc, quality.brier) == (1.0, 1.0, 0.0)
    assert quality.base_brier == 0.25
    assert quality.lift_top_tenth == 2.0
    assert quality.usable


def test_the_base_rate_for_everyone_is_not_better_than_the_base_rate() -> None:
    outcomes = np.repeat([True, False], [30, 70])
    quality = measure(outcomes, np.full(100, 0.3))
    assert quality.brier == pytest.approx(quality.base_brier)
    assert quality.auc == 0.5
    assert not quality.usable


def test_a_good_order_with_wrong_probabilities_is_not_usable() -> None:
    outcomes = np.repeat([True, False], 100)
    quality = measure(outcomes, np.where(outcomes, 0.99, 0.98))
    assert quality.auc == 1.0
    assert not quality.usable


def test_coins_are_hardly_ever_taken_for_knowledge() -> None:
    rng = np.random.default_rng(0)
    outcomes = rng.random((200, 300)) < 0.4
    chance = 0.4 + rng.normal(0, 0.01, (200, 300))
    assert sum(measure(*both).usable for both in zip(outcomes, chance, strict=True)) <= 1


def test_one_outcome_alone_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="both outcomes"):
        measure(np.ones(5, dtype=np.bool_), np.full(5, 0.5))
