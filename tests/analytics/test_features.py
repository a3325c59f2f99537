"""What is known about a customer at a moment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.analytics.features import (
    Histories,
    bought_between,
    customer_features,
    feature_borders,
)
from tests.analytics.histories import features_of, histories_of
from tests.analytics.worlds import NOW, events, purchases, shop_with_complaints


def ago(days: float) -> datetime:
    """Give the moment so many days before NOW."""
    return NOW - timedelta(days=days)


def only(frame: pd.DataFrame) -> dict[str, float]:
    """Give the single row of a frame."""
    assert len(frame) == 1
    return {str(name): float(value) for name, value in frame.iloc[0].items()}


def test_one_customers_numbers_are_what_one_counts_by_hand() -> None:
    bought = purchases([(7, ago(130), 100.0), (7, ago(30), 300.0), (7, ago(10), 200.0)])
    said = events([(7, ago(100), "complaint"), (7, ago(20), "complaint"), (7, ago(4), "ticket")])
    row = only(features_of(bought, said, NOW))
    assert row == pytest.approx(
        {
            "customer": 7,
            "recency_days": 10,
            "frequency": 3,
            "value": 600,
            "mean_value": 200,
            "tenure_days": 130,
            "gap_days": 60,
            "trend": np.log((500 + 200) / (100 + 200)),
            "silence_ratio": 10 / 60,
            "value_90": 500,
            "value_365": 600,
            "tickets_90": 1,
            "complaints_90": 1,
            "silence_days": 4,
        }
    )


def test_a_refund_lowers_the_value_and_is_no_purchase() -> None:
    bought = purchases([(1, ago(50), 80.0), (1, ago(5), -30.0), (2, ago(5), -30.0)])
    row = only(features_of(bought, None, NOW))
    assert (row["value"], row["frequency"], row["recency_days"]) == (50.0, 1.0, 50.0)


def test_two_orders_on_one_day_are_one_purchase_day_and_one_purchase_has_no_gap() -> None:
    morning = ago(20).replace(hour=8)
    bought = purchases([(1, morning, 10.0), (1, morning + timedelta(hours=3), 10.0)])
    row = only(features_of(bought, None, NOW))
    assert row["frequency"] == 1
    assert np.isnan(row["gap_days"])
    assert np.isnan(row["silence_ratio"])


def test_rows_that_lack_a_customer_a_time_or_an_amount_are_left_out() -> None:
    good = purchases([(1, ago(9), 5.0)])
    bad = pd.DataFrame(
        {
            "customer": [np.nan, 1.0, 1.0, 1.0],
            "at": [ago(1), pd.NaT, ago(2), ago(3)],
            "amount": [9.0, 9.0, np.nan, np.inf],
        }
    )
    together = pd.concat([good, bad], ignore_index=True)
    said = events([(1, ago(9), "ticket")]).assign(customer=np.nan)
    expected = features_of(good, None, NOW)
    pd.testing.assert_frame_equal(features_of(together, said, NOW), expected)


def test_nobody_bought_so_nobody_is_described() -> None:
    frame = features_of(purchases([]), events([]), NOW)
    assert frame.empty
    assert "silence_ratio" in frame.columns


def test_a_stranger_with_a_ticket_is_not_a_customer() -> None:
    frame = features_of(purchases([(2, ago(3), 1.0)]), events([(1, ago(1), "ticket")]), NOW)
    assert frame["customer"].tolist() == [2]
    assert frame["silence_days"].tolist() == [3.0]


def test_naive_times_are_utc_and_the_moment_may_stand_in_any_zone() -> None:
    bought = purchases([(1, ago(9), 5.0), (1, ago(2), 5.0)])
    naive = bought.assign(at=bought["at"].dt.tz_localize(None))
    elsewhere = NOW.astimezone(timezone(timedelta(hours=8)))
    expected = features_of(bought, None, NOW)
    pd.testing.assert_frame_equal(features_of(naive, None, elsewhere), expected)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        features_of(purchases([]), None, NOW.replace(tzinfo=None))


def test_a_mistyped_far_future_changes_nothing() -> None:
    bought = purchases([(1, ago(9), 5.0), (1, datetime(9999, 12, 30, tzinfo=UTC), 5.0)])
    assert only(features_of(bought, None, NOW))["frequency"] == 1


@settings(max_examples=25, deadline=None)
@given(
    later=st.lists(
        st.tuples(
            st.integers(1, 6),
            st.floats(0, 400),
            st.sampled_from([-900.0, 0.0, 50.0, float("nan")]),
            st.sampled_from(["ticket", "complaint", "activity"]),
        )
    )
)
def test_what_happens_at_the_moment_or_after_it_is_not_known(
    later: list[tuple[int, float, float, str]],
) -> None:
    before = [(number, ago(7.0 * number + step), 40.0) for number in range(1, 5) for step in (0, 9)]
    said = [(1, ago(3), "ticket"), (2, ago(400), "complaint")]
    bought_later = [(who, NOW + timedelta(days=day), amount) for who, day, amount, _ in later]
    said_later = [(who, NOW + timedelta(days=day), kind) for who, day, _, kind in later]
    pd.testing.assert_frame_equal(
        features_of(purchases(before + bought_later), events(said + said_later), NOW),
        features_of(purchases(before), events(said), NOW),
    )


Table = Callable[[Histories, datetime], pd.DataFrame]


def leaks(table: Table, bought: pd.DataFrame, said: pd.DataFrame, at: datetime) -> list[str]:
    """Name the columns that differ when what happened from the moment on is not there at all."""
    borders = [*feature_borders(at), *feature_borders(at + timedelta(days=60))]
    whole = table(histories_of(bought, said, borders), at)
    early = bought[bought["at"] < at], said[said["at"] < at]
    truncated = table(histories_of(*early, borders), at)
    assert whole["customer"].tolist() == truncated["customer"].tolist()
    return [str(name) for name in whole if not whole[name].equals(truncated[name])]


def test_no_column_knows_what_came_after_the_moment() -> None:
    bought, said = shop_with_complaints(300)
    assert leaks(customer_features, bought, said, ago(60)) == []


def with_a_leak(past: Histories, at: datetime) -> pd.DataFrame:
    """Describe customers with a planted leak: whether they bought after the moment too."""
    frame = customer_features(past, at)
    far = max(past.borders)
    return frame.assign(loyal=bought_between(past, frame["customer"].to_numpy(), at, far))


def test_a_column_that_knows_it_is_caught() -> None:
    bought, said = shop_with_complaints(300)
    assert leaks(with_a_leak, bought, said, ago(60)) == ["loyal"]


def test_the_package_itself_loads_no_numerical_library() -> None:
    code = (
        "import sys, jobs.analytics; "
        "sys.exit(bool({'numpy', 'pandas', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
