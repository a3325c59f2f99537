"""The analyses on a real wholesaler's year, where the data lie beside the checkout."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jobs.analytics.forecasts import forecast
from jobs.analytics.segments import segment
from jobs.analytics.series import Calendar, Unit, regular, shape
from jobs.analytics.value import BLEND, value_of
from tests.analytics.histories import churn_of, features_of, tables_of
from tests.analytics.worlds import shuffled_seasons

SET = Path(__file__).parents[3] / "shared" / "data" / "online_retail_2009_2010.csv.gz"
END = datetime(2010, 12, 10, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not SET.exists(), reason=f"{SET.name} does not lie in shared/data beside the checkout"
)


@pytest.fixture(scope="module")
def invoices() -> pd.DataFrame:
    """One row per customer and invoice."""
    columns = ["Invoice", "Quantity", "InvoiceDate", "Price", "Customer ID"]
    lines = pd.read_csv(SET, usecols=columns).dropna(subset=["Customer ID"])
    lines = lines.assign(
        customer=lines["Customer ID"].astype("int64"),
        at=pd.to_datetime(lines["InvoiceDate"], utc=True),
        amount=lines["Quantity"] * lines["Price"],
    )
    grouped = lines.groupby(["customer", "Invoice"], as_index=False)
    return grouped.agg({"at": "min", "amount": "sum"})


def test_a_silence_of_90_days_is_foretold_in_a_season_the_model_has_not_seen(
    invoices: pd.DataFrame,
) -> None:
    """With one year of invoices frequency alone reaches .715 there, and the model .73."""
    receipt = churn_of(invoices, None, END).receipt
    assert receipt.usable
    assert receipt.held_back_on == (END - timedelta(days=90)).date()
    quality = receipt.quality
    assert quality is not None
    assert quality.auc > 0.725
    assert quality.pr_auc > 0.61
    assert quality.brier < quality.base_brier - 0.025
    assert quality.lift_top_tenth > 1.5


def test_the_model_finds_nothing_when_the_customers_are_shuffled(invoices: pd.DataFrame) -> None:
    receipt = churn_of(shuffled_seasons(invoices, END), None, END).receipt
    assert not receipt.usable
    assert receipt.why == "not_better_than_base_rate"


def test_the_groups_are_stable_and_keep_their_order_of_value(invoices: pd.DataFrame) -> None:
    found = segment(features_of(invoices, None, END))
    stabilities = dict(found.model.stabilities)
    assert len(found.model.names) == 4
    assert stabilities[4] >= 0.85
    assert next(each.name for each in found.segments) == "champions"


def test_half_a_year_of_money_is_foretold_and_the_dates_are_kept_half_of_the_time(
    invoices: pd.DataFrame,
) -> None:
    """Of the best tenth of customers last half-year's revenue alone finds .615."""
    tables = tables_of(invoices, None, END)
    found = value_of(tables.summary, tables.held_back, END)
    assert found.model.method == BLEND
    assert found.quality is not None
    assert found.quality.horizon_days == 187
    assert found.quality.blend.top_tenth > 0.625
    assert found.quality.blend.top_tenth > found.quality.history.top_tenth
    assert found.quality.blend.mean_error < found.quality.model.mean_error
    assert found.quality.bought_by_date == pytest.approx(0.5, abs=0.03)


def test_weekly_revenue_is_foretold_better_than_by_any_plain_method(
    invoices: pd.DataFrame,
) -> None:
    """The weeks before Christmas cannot be known from one year: Theta misses least there too."""
    weeks = regular(invoices, Calendar(Unit.WEEK, UTC, date(2009, 12, 1)), END)
    found = forecast(weeks, 4)
    assert found.error is not None
    assert found.error.mase < 1.25
    tried = dict(found.candidates)
    assert tried[found.method] < tried["naive"] - 0.1


def test_shuffled_weeks_have_no_trend_no_season_and_no_method_that_foretells_them(
    invoices: pd.DataFrame,
) -> None:
    weeks = regular(invoices, Calendar(Unit.WEEK, UTC, date(2009, 12, 1)), END)
    trending, gains = 0, []
    for seed in range(20):
        mixed = np.random.default_rng(seed).permutation(weeks.amounts)
        line = replace(weeks, amounts=tuple(mixed.tolist()))
        told = shape(line)
        assert told is not None
        assert told.season == ()
        trending += told.trending
        found = forecast(line, 4)
        assert found.error is not None
        mean = [mixed[:origin].mean() for origin in range(28, 52)]
        off = [abs(mixed[28 + row : 32 + row] - value) for row, value in enumerate(mean)]
        gains.append(float(np.concatenate(off).mean()) / found.error.off)
    assert trending <= 2
    assert np.mean(gains) < 1.02


def test_the_shop_sells_on_workdays_and_hardly_on_saturdays(invoices: pd.DataFrame) -> None:
    found = shape(regular(invoices, Calendar(Unit.DAY, UTC, date(2009, 12, 1)), END))
    assert found is not None
    assert found.season[4] < 0.05  # the fifth day from a Tuesday on
    assert min(found.season[:3]) > 1
