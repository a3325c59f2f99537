"""Customers unlike all others: planted ones are found with the numbers that make them so, and nobody in a crowd."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jobs.analytics import outliers
from jobs.analytics.outliers import DBSCAN, FAR_RULE, MOST, TOO_FEW_CUSTOMERS, find_outliers
from tests.analytics.histories import features_of
from tests.analytics.worlds import NOW, purchases


def crowd(count: int = 400, seed: int = 0) -> pd.DataFrame:
    """Give customers 1, 2, … of one kind, spread by about a quarter."""
    rng = np.random.default_rng(seed)
    frequency = np.ceil(8 * rng.lognormal(0, 0.25, count))
    mean = 100 * rng.lognormal(0, 0.25, count)
    return pd.DataFrame(
        {
            "customer": np.arange(1, count + 1),
            "recency_days": 20 * rng.lognormal(0, 0.25, count),
            "frequency": frequency,
            "value": frequency * mean,
            "mean_value": mean,
            "gap_days": 30 * rng.lognormal(0, 0.25, count),
            "trend": rng.normal(0, 0.3, count),
            "tickets_90": 0.0,
            "complaints_90": 0.0,
            "value_365": frequency * mean,
        }
    )


def changed(frame: pd.DataFrame, customer: int, **numbers: float) -> pd.DataFrame:
    """Give one customer other numbers."""
    frame = frame.copy()
    frame.loc[frame["customer"] == customer, list(numbers)] = list(numbers.values())
    return frame


def test_who_is_unlike_all_others_is_found_with_the_reason() -> None:
    shop = changed(crowd(), 7, mean_value=40_000.0, value=320_000.0)
    shop = changed(shop, 9, tickets_90=30.0)
    found = find_outliers(shop)
    assert (found.method, found.why) == (DBSCAN, "")
    told = {each.customer: each for each in found.found}
    assert {7, 9} <= set(told)
    assert found.found[0].customer == 7
    assert told[7].distance > told[9].distance > 1
    dear, loud = told[7].reasons, told[9].reasons
    assert [each.feature for each in dear] == ["mean_value", "value"]
    assert dear[0].value == 40_000
    assert dear[0].typical == pytest.approx(100, rel=0.1)
    assert dear[0].deviations > 10
    assert (loud[0].feature, loud[0].value, loud[0].typical) == ("tickets_90", 30, 0)
    assert len(found.found) == found.total <= 12


def test_a_small_number_is_told_as_below_and_counted_with_its_like() -> None:
    shop = crowd()
    for customer in (3, 4):
        shop = changed(shop, customer, mean_value=1.0 + customer / 10, value=10.0)
    found = find_outliers(shop)
    told = {each.customer: each for each in found.found}
    assert told[3].reasons[0].deviations < 0
    assert next(iter(found.common().items())) == (("value", False), 2)


def test_a_second_crowd_is_not_unlike_all_others() -> None:
    rich = crowd(60, seed=1).assign(customer=np.arange(1001, 1061))
    rich[["value", "mean_value"]] *= 1000
    found = find_outliers(pd.concat([crowd(), rich], ignore_index=True))
    assert sum(each.customer > 1000 for each in found.found) <= 5


@pytest.mark.parametrize("count", [0, 1, 49])
def test_few_customers_are_judged_by_a_plain_rule(count: int) -> None:
    found = find_outliers(crowd(count))
    assert (found.method, found.why, found.reach) == (FAR_RULE, TOO_FEW_CUSTOMERS, None)
    assert (found.total, found.customers) == (0, count)


def test_the_plain_rule_finds_who_is_far_out_in_one_number() -> None:
    found = find_outliers(changed(crowd(40), 5, frequency=2_000.0))
    assert [each.customer for each in found.found] == [5]
    assert found.found[0].reasons[0].feature == "frequency"


def test_customers_who_are_all_alike_have_no_outlier() -> None:
    frame = crowd(60)
    alike = pd.concat([frame.head(1)] * 60, ignore_index=True).assign(customer=frame["customer"])
    assert find_outliers(alike).total == 0


def test_the_frame_of_the_features_is_what_it_takes() -> None:
    rows = [(number, NOW - pd.Timedelta(days=number % 50 + 1), 10.0) for number in range(80)]
    found = find_outliers(features_of(purchases(rows), None, NOW))
    assert (found.total, found.customers) == (0, 80)


def test_many_customers_are_measured_against_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = changed(crowd(3_000), 2_345, mean_value=40_000.0, value=320_000.0)
    whole = find_outliers(shop)
    monkeypatch.setattr(outliers, "SAMPLE", 1_000)
    monkeypatch.setattr(outliers, "CHUNK", 700)
    found = find_outliers(shop)
    assert found.found[0].customer == whole.found[0].customer == 2_345
    assert found.total < 60
    assert find_outliers(shop) == found


def test_at_most_so_many_are_named_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outliers, "MOST", 1)
    shop = changed(crowd(), 7, mean_value=40_000.0)
    found = find_outliers(changed(shop, 9, tickets_90=30.0))
    assert len(found.found) == 1
    assert found.total >= 2
    assert MOST == 200
