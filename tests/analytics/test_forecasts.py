"""Forecasts: published series, no look ahead, honest intervals, plain rules, outliers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.analytics import forecasters
from jobs.analytics.forecasters import CANDIDATES
from jobs.analytics.forecasts import anomalies, forecast
from jobs.analytics.series import Series, Unit
from tests.analytics.passengers import PASSENGERS, monthly

AIR = np.array(PASSENGERS, dtype=np.float64)


def weekdays(values: object, *, counted: bool = False) -> Series:
    """Give a daily series."""
    return Series(Unit.DAY, date(2026, 1, 5), tuple(np.asarray(values, float).tolist()), counted)


def percent_off(found: np.ndarray, happened: np.ndarray) -> float:
    """Give the mean absolute error in percent."""
    return float(np.mean(np.abs(found / happened - 1)) * 100)


@pytest.mark.parametrize("name", [*CANDIDATES])
def test_no_method_looks_behind_its_origin(name: str) -> None:
    wild = AIR.copy()
    wild[100:] = np.random.default_rng(0).uniform(1, 1e6, 44)
    here, there = (CANDIDATES[name].run(each, 12, [30, 99, 100], 12) for each in (AIR, wild))
    assert here.tolist() == there.tolist()
    alone = CANDIDATES[name].run(AIR[:100], 12, [100], 12)
    assert alone[0] == pytest.approx(here[2])


def test_smoothing_does_not_begin_with_what_comes_after_an_early_origin() -> None:
    wild = np.concatenate([AIR[:5], AIR[5:] ** 2])
    here, there = (CANDIDATES["smoothing"].run(each, 12, [5], 3) for each in (AIR, wild))
    assert here.tolist() == there.tolist()


@pytest.mark.parametrize("name", [*CANDIDATES])
def test_every_method_goes_on_with_a_constant(name: str) -> None:
    found = CANDIDATES[name].run(np.full(30, 7.0), 12, [24, 30], 5)
    assert found == pytest.approx(np.full((2, 5), 7.0))


@pytest.mark.parametrize("name", ["drift", "theta", "smoothing", "seasonal_smoothing"])
def test_a_straight_line_is_followed(name: str) -> None:
    """Theta by design follows half the slope."""
    line = np.arange(10.0, 130.0, 2.0)
    found = CANDIDATES[name].run(line, 12, [60], 3)[0]
    expected = line[-1] + np.array([1, 2, 3]) * (1 if name == "theta" else 2)
    assert found == pytest.approx(expected, abs=0.6)


@pytest.mark.parametrize(
    ("name", "times"), [("seasonal_smoothing", False), ("seasonal_smoothing_in_percent", True)]
)
def test_an_exact_season_is_foretold_exactly(name: str, times: bool) -> None:  # noqa: FBT001
    season = np.array([0.5, 1.0, 1.5, 1.0])
    place = np.arange(24)
    values = 100 * season[place % 4] if times else 100 + season[place % 4]
    found = CANDIDATES[name].run(values[:18], 4, [18], 6)[0]
    assert found == pytest.approx(values[18:], rel=1e-6)


def test_the_published_seasonal_naive_and_drift_values() -> None:
    snaive = CANDIDATES["seasonal_naive"].run(AIR, 12, [144], 14)[0]
    assert snaive.tolist() == [*AIR[132:].tolist(), 417, 391]
    drifted = CANDIDATES["drift"].run(AIR, 12, [144], 2)[0]
    assert drifted == pytest.approx([432 + 320 / 143, 432 + 640 / 143])


def test_theta_is_simple_smoothing_with_half_the_slope() -> None:
    """Hyndman and Billah (2003) show the identity; here with a constant of 1 on a random walk."""
    walk = 1000 + np.cumsum(np.random.default_rng(4).normal(0.4, 1, 200))
    slope = np.polyfit(np.arange(200), walk, 1)[0]
    found = CANDIDATES["theta"].run(walk, 1, [200], 3)[0]
    assert np.diff(found) == pytest.approx([slope / 2] * 2)
    assert found[0] == pytest.approx(walk[-1] + slope / 2, abs=0.6)


def test_the_last_year_of_passengers_is_foretold_from_the_eleven_before() -> None:
    found = forecast(monthly(PASSENGERS[:132]), 12)
    assert found.why == "best_in_back_test"
    values = np.array([step.value for step in found.steps])
    assert percent_off(values, AIR[132:]) < 3.0
    assert [step.starts_on for step in found.steps][::11] == [date(1960, 1, 1), date(1960, 12, 1)]
    inside = [
        step.low <= value <= step.high
        for step, value in zip(found.steps, PASSENGERS[132:], strict=True)
        if step.low is not None and step.high is not None
    ]
    assert len(inside) == 12
    assert sum(inside) >= 9
    assert found.error is not None
    assert found.error.tests == 24
    assert found.error.mape == pytest.approx(0.041, abs=0.005)
    assert found.error.mase < 0.6
    assert dict(found.candidates)["seasonal_naive"] > 1.0
    assert found.candidates[0][0] == found.method


def test_with_less_than_two_years_of_months_last_year_is_repeated() -> None:
    shop = np.array([80, 62, 53, 77, 59, 62, 68, 58, 66, 85, 105, 142] * 2) * np.repeat(
        [1.0, 1.03], 12
    )
    for known in (21, 22, 23):
        found = forecast(monthly(tuple(shop[:known].tolist())), 3)
        assert (found.method, found.why) == ("seasonal_naive", "less_than_two_seasons")
        values = np.array([step.value for step in found.steps])
        assert percent_off(values[: 24 - known], shop[known:]) < 4.5


def test_a_young_shop_that_grows_is_not_told_last_year_again() -> None:
    """Of methods that repeat the past, the one that repeats last month misses least there."""
    found = forecast(monthly(tuple(100 * 1.08**month for month in range(22))), 3)
    assert (found.method, found.why) == ("naive", "less_than_two_seasons")
    assert found.error is not None
    assert found.beside is not None
    assert found.beside[0] == "seasonal_naive"
    assert found.beside[1].off > 3 * found.error.off


@pytest.mark.parametrize(
    ("size", "method", "why"),
    [
        (3, "recent_mean", "too_few_periods"),
        (4, "recent_mean", "less_than_one_season"),
        (11, "recent_mean", "less_than_one_season"),
        (12, "seasonal_naive", "less_than_two_seasons"),
        (24, "seasonal_naive", "too_few_back_tests"),
        (29, "naive", "too_few_back_tests"),
    ],
)
def test_too_little_history_gives_a_plain_rule_that_is_named(
    size: int, method: str, why: str
) -> None:
    found = forecast(monthly(PASSENGERS[:size]), 2)
    assert (found.method, found.why) == (method, why)
    assert len(found.steps) == (0 if size == 3 else 2)


def test_without_enough_past_forecasts_no_error_and_no_interval_is_claimed() -> None:
    found = forecast(monthly(PASSENGERS[:15]), 2)
    assert found.error is None
    assert {(step.low, step.high) for step in found.steps} == {(None, None)}


def test_the_past_error_is_that_of_hyndman_and_koehler() -> None:
    """Year two is year one and 6: each of 8 tests is 6 off; the first year moves by 20 a month."""
    first = [10, 30] * 6
    found = forecast(monthly((*first, *(value + 6 for value in first[:8]))), 1).error
    assert found is not None
    assert found.tests == 8
    assert found.mase == pytest.approx(6 / 20)
    assert found.mape == pytest.approx(np.mean([6 / (value + 6) for value in first[:8]]))


def test_the_seasonal_naive_method_is_in_every_race() -> None:
    for series in (monthly(PASSENGERS[:40]), weekdays(np.arange(40) % 7 + 1.0)):
        found = forecast(series, 3)
        assert found.why == "best_in_back_test"
        assert "seasonal_naive" in dict(found.candidates)


def test_a_week_that_repeats_itself_is_repeated() -> None:
    week = [5.0, 9.0, 8.0, 7.0, 6.0, 0.0, 0.0]
    found = forecast(weekdays(week * 8), 9)
    assert [step.value for step in found.steps] == pytest.approx([*week, 5.0, 9.0])
    assert found.error is not None
    assert found.error.mase == 0


def test_what_never_fell_below_zero_is_not_foretold_to() -> None:
    found = forecast(weekdays(np.maximum(60.0 - np.arange(60), 0)), 30)
    assert min(step.value for step in found.steps) >= 0
    assert min(step.low for step in found.steps if step.low is not None) >= 0


@pytest.mark.parametrize("noise", ["independent", "walk", "seasonal"])
def test_intervals_hold_what_they_promise(noise: str) -> None:
    """Over 120 made-up histories about 80 % of the outcomes lie within the 80 % interval."""
    rng = np.random.default_rng(7)
    inside: list[bool] = []
    for _ in range(120):
        steps = rng.normal(0, 10, 70)
        values = 500 + (np.cumsum(steps) if noise == "walk" else steps)
        if noise == "seasonal":
            values += 50 * np.sin(2 * np.pi * np.arange(70) / 7)
        for step, value in zip(forecast(weekdays(values[:63]), 7).steps, values[63:], strict=True):
            assert step.low is not None
            assert step.high is not None
            inside.append(step.low <= value <= step.high)
    assert np.mean(inside) == pytest.approx(0.8, abs=0.07)


@given(
    st.lists(
        st.floats(-1e9, 1e9, allow_nan=False) | st.just(float("nan")) | st.just(0.0), max_size=60
    ),
    st.sampled_from(Unit),
    st.integers(1, 20),
)
def test_any_series_gets_a_finite_forecast_or_none(
    values: list[float], unit: Unit, horizon: int
) -> None:
    series = Series(unit, date(2026, 1, 1), tuple(values))
    found = forecast(series, horizon)
    known = np.isfinite(np.asarray(values, dtype=np.float64)).sum()
    assert len(found.steps) == (horizon if known >= 4 else 0)
    for step in found.steps:
        assert np.isfinite(step.value)
        if step.low is not None and step.high is not None:
            assert step.low <= step.value <= step.high
    assert all(np.isfinite(mase) for _, mase in found.candidates)
    for each in anomalies(series):
        assert each.value < each.low or each.value > each.high


def test_a_month_with_a_quarter_less_passengers_is_out_of_line() -> None:
    assert anomalies(monthly(PASSENGERS)) == ()
    lost = (*PASSENGERS[:130], 270, *PASSENGERS[131:])
    found = anomalies(monthly(lost))
    assert [each.starts_on for each in found] == [date(1959, 11, 1)]
    assert found[0].score < -3.5
    assert found[0].value < found[0].low < found[0].expected


def test_a_planted_outlier_is_found_once_and_the_return_to_normal_is_none() -> None:
    rng = np.random.default_rng(2)
    values = 200 + rng.normal(0, 5, 60)
    values[50] = 320
    found = anomalies(weekdays(values))
    assert [each.starts_on for each in found] == [date(2026, 2, 24)]
    assert found[0].expected == pytest.approx(200, abs=10)


def test_noise_is_hardly_ever_out_of_line() -> None:
    rng = np.random.default_rng(3)
    found = [anomalies(weekdays(rng.normal(200, 10, 63))) for _ in range(60)]
    assert sum(map(len, found)) < 0.01 * 60 * 49


def test_a_lasting_change_is_reported_and_then_learnt() -> None:
    rng = np.random.default_rng(5)
    values = np.where(np.arange(90) < 60, 100.0, 160.0) + rng.normal(0, 4, 90)
    found = [each.starts_on for each in anomalies(weekdays(values))]
    assert date(2026, 3, 6) in found
    assert max(found) < date(2026, 3, 26)


def test_a_few_tickets_more_are_chance_and_an_amount_that_never_moved_is_not() -> None:
    tickets = [1.0] * 59 + [3.0]
    assert len(anomalies(weekdays(tickets))) == 1
    assert anomalies(weekdays(tickets, counted=True)) == ()
    assert len(anomalies(weekdays([*tickets[:-1], 12.0], counted=True))) == 1


def test_sales_on_few_days_are_not_out_of_line_each_time() -> None:
    rng = np.random.default_rng(9)
    sales = np.where(rng.random(120) < 0.2, rng.uniform(3_000, 6_000, 120), 0.0)
    assert len(anomalies(weekdays(sales))) <= 1


def test_a_season_shows_only_where_there_is_one() -> None:
    rng = np.random.default_rng(8)
    assert forecasters.has_season(AIR, 12)
    assert not forecasters.has_season(AIR[:23], 12)
    assert not forecasters.has_season(np.full(40, 3.0), 12)
    shown = [forecasters.has_season(rng.normal(0, 1, 60), 12) for _ in range(100)]
    assert sum(shown) <= 15


def test_what_falls_to_nothing_is_not_said_to_lie_below_nothing() -> None:
    found = forecast(weekdays([max(0.0, 200 - 3.4 * day + day % 3) for day in range(58)]), 14)
    ends = [(step.low, step.value, step.high) for step in found.steps]
    assert ends[-1] == (0, 0, 0)
    assert all(low <= value <= high for low, value, high in ends)  # type: ignore[operator]


def test_after_outliers_of_a_wild_series_nothing_below_zero_is_called_usual() -> None:
    """Sums of a few large orders, told as shares: a pulled-in past may foretell less than nothing."""
    for seed in (20, 27, 48):
        wild = np.exp(np.random.default_rng(seed).normal(8, 1.5, 73))
        found = anomalies(weekdays(wild))
        assert len(found) < 10
        assert all(each.expected > 0 and each.low < each.high for each in found)
