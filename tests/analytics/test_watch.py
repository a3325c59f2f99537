"""What moved since a model learned."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jobs.analytics.watch import fell, moved, stability

RNG = np.random.default_rng(7)


def test_the_same_customers_on_another_day_have_not_moved() -> None:
    frame = pd.DataFrame({"days": RNG.exponential(30, 4_000), "orders": RNG.poisson(3, 4_000)})
    halves = frame.iloc[:2_000], frame.iloc[2_000:]
    found = stability(*halves, ["days", "orders"])
    assert max(found.values()) < 0.03
    assert moved(found) == []


def test_customers_who_are_silent_twice_as_long_have_moved() -> None:
    then = pd.DataFrame({"days": RNG.exponential(30, 2_000), "orders": RNG.poisson(3, 2_000)})
    now = pd.DataFrame({"days": RNG.exponential(75, 2_000), "orders": RNG.poisson(3, 2_000)})
    assert moved(stability(then, now, ["days", "orders"])) == ["days"]


def test_a_field_that_nobody_fills_in_any_more_has_moved() -> None:
    then = pd.DataFrame({"visits": RNG.poisson(3, 1_000).astype(float)})
    now = then.assign(visits=np.nan)
    assert moved(stability(then, now, ["visits"])) == ["visits"]


def test_the_index_is_the_published_formula() -> None:
    """Half of the rows in each of two bins, then a tenth and nine tenths: .8 ln 9 of a half and half."""
    then = pd.DataFrame({"flag": np.repeat([0.0, 1.0], 500)})
    now = pd.DataFrame({"flag": np.repeat([0.0, 1.0], [100, 900])})
    expected = (0.1 - 0.5) * np.log(0.1 / 0.5) + (0.9 - 0.5) * np.log(0.9 / 0.5)
    assert stability(then, now, ["flag"])["flag"] == pytest.approx(expected, abs=0.01)


def test_a_few_customers_differ_by_chance() -> None:
    few = pd.DataFrame({"days": RNG.exponential(30, 50)})
    assert stability(few, few * 9, ["days"]) == {}


@pytest.mark.parametrize(
    ("qualities", "fallen"),
    [((0.8, 0.79, 0.81, 0.7), 0.1), ((0.8, 0.79, 0.81, 0.78), None), ((0.9, 0.5), None)],
)
def test_a_quality_well_below_the_models_before_is_told(
    qualities: tuple[float, ...], fallen: float | None
) -> None:
    found = fell(qualities)
    assert found == (None if fallen is None else pytest.approx(fallen))
