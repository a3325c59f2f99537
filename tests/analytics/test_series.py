"""Dated amounts by period: calendar, zone, gaps, the unfinished period; trend and season."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.analytics.series import Calendar, Series, Unit, regular, shape
from tests.analytics.passengers import PASSENGERS, monthly

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)  # a Monday


def rows(*found: tuple[str, float]) -> pd.DataFrame:
    """Give dated amounts, the dates as texts in UTC."""
    moments = pd.to_datetime(pd.Series([when for when, _ in found], dtype=object), utc=True)
    return pd.DataFrame({"at": moments, "amount": [amount for _, amount in found]})


def test_months_without_revenue_are_zero_and_the_month_that_runs_is_left_out() -> None:
    found = regular(
        rows(("2026-08-03", 10.0), ("2026-08-09", 5.5), ("2026-10-31", 2.0), ("2026-11-01", 99.0)),
        Calendar(Unit.MONTH, UTC),
        NOW,
    )
    assert found == Series(Unit.MONTH, date(2026, 8, 1), (15.5, 0.0, 2.0))
    assert found.starts_on(3) == date(2026, 11, 1)
    assert found.starts_on(5) == date(2027, 1, 1)


def test_periods_that_nobody_measured_are_gaps_where_asked() -> None:
    sales = rows(("2026-08-03", 10.0), ("2026-10-31", 0.0))
    found = regular(sales, Calendar(Unit.MONTH, UTC), NOW, gaps=True)
    assert found.amounts[::2] == (10.0, 0.0)
    assert math.isnan(found.amounts[1])


def test_weeks_begin_on_monday_and_days_are_those_of_the_zone() -> None:
    sales = rows(("2026-11-01 22:59", 1.0), ("2026-11-01 23:00", 2.0), ("2026-11-15 23:30", 7.0))
    weeks = regular(sales, Calendar(Unit.WEEK, BERLIN), NOW)
    assert weeks == Series(Unit.WEEK, date(2026, 10, 26), (1.0, 2.0, 0.0))
    days = regular(sales, Calendar(Unit.DAY, BERLIN), NOW)
    assert days.first_on == date(2026, 11, 1)
    assert days.amounts[:2] == (1.0, 2.0)
    assert len(days.amounts) == 15


def test_a_period_that_began_before_the_records_did_is_left_out() -> None:
    sales = rows(("2026-09-20", 10.0), ("2026-10-20", 20.0))
    since = [date(2026, 9, 1), date(2026, 9, 2), date(2026, 8, 1), date(2026, 12, 1)]
    found = [regular(sales, Calendar(Unit.MONTH, UTC, day), NOW).amounts for day in since]
    assert found == [(10.0, 20.0), (20.0,), (0.0, 10.0, 20.0), ()]


def test_rows_without_amounts_are_counted() -> None:
    tickets = rows(("2026-11-12 10:00", 1.0), ("2026-11-12 11:00", 1.0))[["at"]]
    found = regular(tickets, Calendar(Unit.DAY, UTC), NOW)
    assert found == Series(Unit.DAY, date(2026, 11, 12), (2.0, 0.0, 0.0, 0.0), counted=True)


def test_holes_and_nothing_at_all_do_no_harm() -> None:
    holes = rows(("2026-10-01", math.nan), ("2026-10-02", math.inf), ("2026-10-03", 4.0), ("", 5.0))
    assert regular(holes, Calendar(Unit.MONTH, UTC), NOW).amounts == (4.0,)
    for nothing in (holes.head(0), rows(("2026-11-16 08:00", 3.0))):
        found = regular(nothing, Calendar(Unit.MONTH, UTC), NOW)
        assert found == Series(Unit.MONTH, date(2026, 11, 1), ())
        assert shape(found) is None


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        regular(rows(), Calendar(Unit.DAY, UTC), datetime(2026, 1, 1))  # noqa: DTZ001


@given(
    moments=st.lists(
        st.datetimes(datetime(1999, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        min_size=1,
        max_size=30,
    ),
    unit=st.sampled_from(Unit),
)
def test_every_finished_amount_is_in_exactly_one_period(
    moments: list[datetime], unit: Unit
) -> None:
    amounts = 2.0 ** np.arange(len(moments))
    frame = pd.DataFrame({"at": pd.to_datetime(pd.Series(moments), utc=True), "amount": amounts})
    found = regular(frame, Calendar(unit, BERLIN), NOW)
    for moment, amount in zip(moments, amounts.astype(int).tolist(), strict=True):
        day = moment.astimezone(BERLIN).date()
        holding = [place for place, value in enumerate(found.amounts) if int(value) & amount]
        assert len(holding) == 1
        assert found.starts_on(holding[0]) <= day < found.starts_on(holding[0] + 1)


def test_the_passengers_rise_and_travel_in_summer() -> None:
    found = shape(monthly(PASSENGERS))
    assert found is not None
    assert found.trending
    assert found.change == pytest.approx(2.65, abs=0.1)
    assert np.argmax(found.season) == 6
    assert np.argmin(found.season) == 10
    # The factors of R's decompose(AirPassengers, "multiplicative").
    published = (0.9102, 0.8836, 1.0074, 0.9759, 0.9814, 1.1128)
    assert found.season[:6] == pytest.approx(published, abs=5e-5)
    published = (1.2266, 1.2199, 1.0605, 0.9218, 0.8012, 0.8988)
    assert found.season[6:] == pytest.approx(published, abs=5e-5)
    assert found.season_strength == pytest.approx(0.93, abs=0.02)


def test_a_planted_trend_and_weekday_come_back() -> None:
    rng = np.random.default_rng(0)
    place = np.arange(7 * 20)
    week = np.array([1.5, 1.2, 1.0, 1.0, 1.0, 1.3, 0.0])
    values = (100 + 0.5 * place) * week[place % 7] + rng.normal(0, 2, len(place))
    found = shape(Series(Unit.DAY, date(2026, 1, 1), tuple(values.tolist())))
    assert found is not None
    assert found.season == pytest.approx(week, abs=0.03)
    assert found.change == pytest.approx(0.5, abs=0.05)
    assert found.trending


def test_noise_has_no_season_and_hardly_ever_a_trend() -> None:
    rng = np.random.default_rng(1)
    found = [shape(monthly(tuple(rng.normal(100, 10, 40).tolist()))) for _ in range(100)]
    assert sum(each is not None and each.trending for each in found) <= 4
    assert sum(each is not None and each.season != () for each in found) <= 15


def test_a_constant_series_has_neither_trend_nor_season() -> None:
    for value in (0.0, 5.0, -5.0):
        found = shape(monthly((value,) * 30))
        assert found is not None
        assert (found.change, found.trending, found.season) == (0.0, False, ())


@pytest.mark.parametrize("rise", [0.0, 1.7])
def test_what_rounding_leaves_of_a_straight_line_is_no_season(rise: float) -> None:
    for size in range(14, 100):
        line = tuple(10.3 + rise * day for day in range(size))
        found = shape(Series(Unit.DAY, date(2026, 1, 5), line))
        assert found is not None
        assert found.season == ()


def test_a_long_series_of_days_ends_where_it_should() -> None:
    first = date(2020, 1, 1)
    moments = pd.date_range(first, periods=2000, freq="D", tz="UTC")
    found = regular(pd.DataFrame({"at": moments, "amount": 1.0}), Calendar(Unit.DAY, UTC), NOW)
    assert found.starts_on(1999) == first + timedelta(days=1999)
    assert sum(found.amounts) == 2000
