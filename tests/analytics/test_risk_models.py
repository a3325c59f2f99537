"""The candidates: known weights come back, contributions add up, signs hold, calibration holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from jobs.analytics import risk_models
from jobs.analytics.candidates import BOOSTED, CANDIDATES, LINEAR, MEAN
from jobs.analytics.risk_models import Sample, fit, fit_calibrated, sigmoid


def sample_of(count: int = 4000, seed: int = 0, *, rising: float = 1.5) -> Sample:
    """Give customers whose log-odds are `rising` x log(1 + recency) - 2 x log(1 + frequency)."""
    rng = np.random.default_rng(seed)
    recency, frequency = rng.exponential(30, count), 1.0 + rng.poisson(4, count)
    log_odds = rising * np.log1p(recency) - 2 * np.log1p(frequency) - 1
    frame = pd.DataFrame(
        {
            "customer": np.arange(count),
            "recency_days": recency,
            "frequency": frequency,
            "value": rng.lognormal(5, 1, count),
            "mean_value": 7.0,
            "tenure_days": rng.uniform(0, 700, count),
            "gap_days": np.where(rng.random(count) < 0.3, np.nan, rng.exponential(20, count)),
            "trend": rng.normal(0, 1, count),
            "tickets_90": 0.0,
            "complaints_90": 0.0,
            "silence_days": recency,
            "silence_ratio": np.where(frequency > 1, recency, np.nan),
        }
    )
    outcomes = np.asarray(rng.random(count) < sigmoid(log_odds - log_odds.mean()), dtype=np.bool_)
    return Sample(frame, outcomes, np.zeros(count, dtype=np.int64))


def test_constant_missing_and_copied_columns_are_left_out() -> None:
    frame = sample_of(400).frame.assign(gap_days=np.nan)
    assert risk_models.varying(frame, risk_models.BOOSTED_COLUMNS) == (
        "recency_days",
        "frequency",
        "value",
        "tenure_days",
        "trend",
        "silence_ratio",
    )


def test_the_linear_model_finds_the_planted_weights() -> None:
    columns = ("recency_days", "frequency", "trend")
    model = fit(LINEAR, sample_of(20_000), columns)
    assert isinstance(model, risk_models.LinearModel)
    assert model.weights / model.scale == pytest.approx([1.5, -2.0, 0.0], abs=0.1)


def test_linear_contributions_add_up_to_the_distance_from_the_typical_customer() -> None:
    sample = sample_of()
    columns = ("recency_days", "frequency", "value", "trend")
    model = fit(LINEAR, sample, columns)
    rows = risk_models.transformed(sample.frame, columns)
    typical = np.median(rows, axis=0)
    parts = model.contributions(rows, typical)
    expected = model.log_odds(rows) - model.log_odds(typical.reshape(1, -1))
    assert parts.sum(axis=1) == pytest.approx(expected)


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_missing_or_typical_value_contributes_nothing(name: str) -> None:
    sample = sample_of(1000)
    columns = ("recency_days", "frequency", "gap_days")
    rows = risk_models.transformed(sample.frame, columns)
    typical = np.array([rows[0, 0], rows[0, 1], np.nan])
    parts = fit(name, sample, columns).contributions(rows, typical)
    assert parts[0].tolist() == [0.0, 0.0, 0.0]
    assert not parts[:, 2].any()
    assert parts[:, 0].any()


def test_a_boosted_contribution_is_the_change_from_replacing_one_value() -> None:
    sample = sample_of(1000)
    columns = ("recency_days", "frequency")
    model = fit(BOOSTED, sample, columns)
    rows = risk_models.transformed(sample.frame, columns)
    typical = np.array([1.0, 2.0])
    usual = rows.copy()
    usual[:, 1] = 2.0
    parts = model.contributions(rows, typical)
    assert parts[:, 1] == pytest.approx(model.log_odds(rows) - model.log_odds(usual))


@pytest.mark.parametrize("name", [LINEAR, BOOSTED, MEAN])
def test_no_model_lets_a_longer_silence_lower_the_risk(name: str) -> None:
    sample = sample_of(rising=-1.5)
    model = fit(name, sample, ("recency_days", "trend"))
    days = np.column_stack([np.linspace(0, 5, 50), np.zeros(50)])
    assert (np.diff(model.log_odds(days)) >= 0).all()


@pytest.mark.parametrize("name", [LINEAR, BOOSTED, MEAN])
def test_no_model_lets_having_bought_more_lately_raise_the_risk(name: str) -> None:
    sample = sample_of()
    rising = sample.frame["trend"] + 2 * sample.outcomes
    sample = replace(sample, frame=sample.frame.assign(trend=rising))
    model = fit(name, sample, ("recency_days", "trend"))
    trend = np.column_stack([np.ones(50), np.linspace(-3, 3, 50)])
    assert (np.diff(model.log_odds(trend)) <= 0).all()


@pytest.mark.parametrize("name", CANDIDATES)
def test_without_columns_everyone_has_the_base_rate(name: str) -> None:
    sample = sample_of(400)
    odds = fit(name, sample, ()).log_odds(np.zeros((3, 0)))
    assert sigmoid(odds) == pytest.approx([sample.outcomes.mean()] * 3)


@pytest.mark.parametrize("name", CANDIDATES)
def test_probabilities_fit_the_latest_season_also_when_its_base_rate_is_another(name: str) -> None:
    older, latest = sample_of(3000, 1), sample_of(3000, 2)
    kept = latest.outcomes & (np.random.default_rng(0).random(3000) < 0.4)
    both = Sample(
        pd.concat([latest.frame, older.frame.assign(customer=lambda x: x["customer"] + 9000)]),
        np.concatenate([kept, older.outcomes]),
        np.repeat([0, 1], 3000),
    )
    found = fit_calibrated(name, both).probabilities(latest.frame)
    assert found.mean() == pytest.approx(kept.mean(), abs=0.02)


def test_log_odds_of_any_size_become_probabilities() -> None:
    assert sigmoid(np.array([-1e9, 0.0, 1e9])).tolist() == [0.0, 0.5, 1.0]
