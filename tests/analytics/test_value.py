"""What customers will bring: nothing from after the moment, a plain rule for few, and the figures of two real shops."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.analytics.value import (
    BLEND,
    HISTORICAL,
    HISTORY_BETTER,
    HORIZON_DAYS,
    MIN_CUSTOMERS,
    MODEL,
    PARETO_NBD,
    TOO_FEW_CUSTOMERS,
    TOO_FEW_REPEATERS,
    TOO_LITTLE_HISTORY,
    Figures,
    Valuation,
    ValueModel,
    ValueQuality,
    back_test,
    find_value_model,
    value_customers,
    value_of,
)
from tests.analytics.histories import held_back_of, summary_of, tables_of
from tests.analytics.worlds import NOW, leaving_shop, purchases

if TYPE_CHECKING:
    from collections.abc import Sequence

DATA = Path(__file__).parents[3] / "shared" / "data"
CDNOW = DATA / "cdnow_sample.txt.gz"


def day(number: float) -> datetime:
    """Count days back from NOW."""
    return NOW - timedelta(days=number)


def shop(count: int = 1500, seed: int = 5, **world: float) -> pd.DataFrame:
    """Let customers buy up to NOW as BG/NBD says, for amounts around a mean of their own."""
    chosen = {"r": 0.8, "alpha": 4.0, "a": 0.8, "b": 4.0} | world
    frequency, recency, tenure = leaving_shop(count, seed=seed, weeks=104.0, **chosen)
    rng = np.random.default_rng(seed)
    number = np.repeat(np.arange(count), frequency.astype(np.int64))
    weeks = np.concatenate([np.zeros(count), rng.uniform(0, recency[number])])
    number = np.concatenate([np.arange(count), number])
    mean = rng.gamma(5.0, 10.0, count)
    back = pd.to_timedelta(((tenure[number] - weeks) * 7 * 86400).round(), unit="s")
    return pd.DataFrame(
        {
            "customer": number + 1,
            "at": pd.Timestamp(NOW) - pd.to_timedelta(back).as_unit("us"),
            "amount": rng.gamma(6.0, mean[number] / 6.0).round(2) + 0.01,
        }
    )


def record_shop() -> pd.DataFrame:
    """Read CDNOW's sample."""
    columns = ["master", "customer", "on", "discs", "amount"]
    bought = pd.read_csv(CDNOW, sep=r"\s+", header=None, names=columns)
    return bought.assign(at=pd.to_datetime(bought["on"].astype(str), utc=True))


def row(frame: pd.DataFrame, customer: int) -> dict[str, Any]:
    """Take one customer's row."""
    (found,) = frame[frame["customer"] == customer].to_dict("records")
    return {str(name): value for name, value in found.items()}


def valued(bought: pd.DataFrame, horizon_days: int = HORIZON_DAYS) -> Valuation:
    """Value the customers of a shop as the nightly job does."""
    tables = tables_of(bought, None, NOW)
    return value_of(tables.summary, tables.held_back, NOW, horizon_days)


def quality(
    blend: tuple[float, float], model: tuple[float, float], history: tuple[float, float]
) -> ValueQuality:
    """Write down how three ways did: error and share of the best tenth."""
    return ValueQuality(500, 90, Figures(*blend), Figures(*model), Figures(*history), 1, 0, None)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([(1, day(200), 5.0), (1, day(100), 5.0)], TOO_FEW_CUSTOMERS),
        ([(number, day(200), 5.0) for number in range(MIN_CUSTOMERS)], TOO_FEW_REPEATERS),
        (
            [(number, day(back), 0.0) for number in range(400) for back in (200, 9)],
            TOO_FEW_REPEATERS,
        ),
        (
            [(number, day(back), 5.0) for number in range(400) for back in (60, 9)],
            TOO_LITTLE_HISTORY,
        ),
        ([], TOO_FEW_CUSTOMERS),
    ],
)
def test_too_little_gets_the_plain_rule_and_says_why(
    rows: Sequence[tuple[int, datetime, float]], why: str
) -> None:
    found = valued(purchases(rows))
    assert (found.model.method, found.model.why, found.quality) == (HISTORICAL, why, None)
    assert found.model.purchases is None
    assert (found.table["value"] <= found.table["history_value"]).all()
    assert back_test(held_back_of(purchases(rows), NOW, 90)) is None


def test_the_plain_rule_goes_on_as_before() -> None:
    rows = [(1, day(back), 40.0) for back in (199, 159, 119, 79, 39)]
    rows += [(2, day(100), 10.0), (3, day(90), 10.0), (3, day(80), 10.0), (3, day(70), -90.0)]
    found = valued(purchases(rows), 50).table
    regular, refunded = row(found, 1), row(found, 3)
    assert regular["value"] == pytest.approx(200 * 50 / 199)
    assert regular["purchases"] == pytest.approx(5 * 50 / 199)
    assert regular["amount"] == 40
    assert regular["next_on"] == pd.Timestamp(day(-1).date())
    assert found["next_on"].isna().tolist() == [False, True, True]  # bought once; overdue
    assert (refunded["value"], refunded["amount"]) == (0, 0)
    assert found["alive"].isna().all()


def test_the_plain_rule_promises_little_of_who_has_been_silent_for_long() -> None:
    rows = [(1, day(back), 40.0) for back in (300, 290, 280, 270)]  # for 27 times the own gap
    rows += [(2, day(180), 40.0), (3, day(89), 40.0)]
    found = valued(purchases(rows), 300).table
    assert found["value"].tolist() == pytest.approx([160 * 20 / 269, 40 * 90 / 179, 40])
    assert found["purchases"].tolist() == pytest.approx([4 * 20 / 269, 90 / 179, 1])
    assert found["history_value"].tolist() == pytest.approx([160, 40, 40])


def test_a_shop_is_valued_by_the_blend_and_its_dates_are_kept_half_of_the_time() -> None:
    found = valued(shop(), 182)
    assert found.quality is not None
    assert found.model.method == found.quality.best
    assert found.quality.horizon_days == 364
    assert found.quality.model.mean_error < found.quality.history.mean_error
    told = back_test(held_back_of(shop(6000), day(182), 182))
    assert told is not None
    assert told.dated > 500
    assert told.bought_by_date == pytest.approx(0.5, abs=0.06)


def test_values_are_in_order_finite_and_by_the_chosen_way() -> None:
    summary = summary_of(shop(600), NOW)
    model = find_value_model(summary)
    assert (model.method, model.why) == (BLEND, "")
    found = value_customers(summary, model, 365, NOW)
    numbers = found.drop(columns=["customer", "next_on"]).to_numpy()
    assert found["customer"].tolist() == sorted(found["customer"])
    assert np.isfinite(numbers).all()
    assert (numbers >= 0).all()
    assert (found["alive"] <= 1).all()
    assert found["value"].to_numpy() == pytest.approx(
        np.sqrt(found["history_value"] * found["model_value"])
    )
    assert found["model_value"].to_numpy() == pytest.approx(found["purchases"] * found["amount"])
    dated = found["next_on"].dropna()
    assert (dated >= pd.Timestamp(NOW.date())).all()
    assert found.loc[found["alive"] <= 0.5, "next_on"].isna().all()


def test_a_kept_model_gives_the_same_values() -> None:
    summary = summary_of(shop(600), NOW)
    model = find_value_model(summary)
    kept = ValueModel.read(json.loads(json.dumps(asdict(model))))
    assert kept == model
    again = value_customers(summary, kept, 365, NOW)
    pd.testing.assert_frame_equal(again, value_customers(summary, model, 365, NOW))
    plain = find_value_model(summary.head(9))
    assert ValueModel.read(json.loads(json.dumps(asdict(plain)))) == plain


def test_the_blend_gives_way_only_to_what_is_clearly_better() -> None:
    assert quality((100, 0.5), (94, 0.5), (99, 0.6)).best == MODEL
    assert quality((100, 0.5), (94, 0.4), (96, 0.6)).best == BLEND
    assert quality((100, 0.5), (90, 0.5), (80, 0.5)).best == HISTORICAL


def test_where_the_past_repeats_itself_the_past_is_used() -> None:
    """Half buy every month to the day, the others yearly and dear: no model of chance knows that."""
    rows = [
        (number, day(back + number % 28), 10.0 + number)
        for number in range(1, 401)
        for back in range(1, 700, 28 if number % 2 else 350)
    ]
    found = valued(purchases(rows), 300)
    assert found.quality is not None
    assert found.quality.history.mean_error < found.quality.model.mean_error
    assert (found.model.method, found.model.why) == (HISTORICAL, HISTORY_BETTER)
    assert found.table["value"].equals(found.table["history_value"])
    assert found.table["alive"].notna().all()


@settings(max_examples=15)
@given(factor=st.sampled_from([7.0, 100.0, 1e6]))
def test_the_unit_of_the_currency_does_not_matter(factor: float) -> None:
    bought = shop(400)
    plain = valued(bought).table["value"]
    scaled = valued(bought.assign(amount=bought["amount"] * factor)).table["value"]
    assert scaled.to_numpy() == pytest.approx(plain.to_numpy() * factor, rel=1e-3)


@pytest.mark.skipif(not CDNOW.exists(), reason="CDNOW does not lie in shared/data")
def test_a_record_shop_has_the_published_parameters_and_error() -> None:
    bought = record_shop()
    start = datetime(1997, 10, 1, tzinfo=UTC)
    model = find_value_model(summary_of(bought, start))
    found, paid = model.purchases, model.amounts
    assert found is not None
    assert paid is not None
    assert [round(each, 3) for each in (found.r, found.alpha, found.a, found.b)] == [
        0.243,
        4.414,
        0.793,
        2.426,
    ]
    assert (found.customers, round(found.log_likelihood, 1)) == (2357, -9582.4)
    assert (paid.customers, round(paid.p, 2), round(paid.q, 2), round(paid.v, 2)) == (
        946,
        6.25,
        3.74,
        15.44,
    )
    held_back = back_test(held_back_of(bought, start, 39 * 7))
    assert held_back is not None
    assert round(held_back.purchases_error, 4) == 0.7855
    assert held_back.leaving_error is not None
    assert round(held_back.leaving_error, 4) == 0.7545
    assert held_back.counted == PARETO_NBD
