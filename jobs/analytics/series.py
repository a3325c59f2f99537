"""Dated amounts as one number per period, and the trend and the season in them.

Not here: what comes next (`forecasts.py`), words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import theilslopes

from jobs.analytics import forecasters
from jobs.analytics.features import microseconds

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from jobs.analytics.features import Floats, Ints

MIN_PERIODS = 4  # known values below which nothing is said
TREND_CONFIDENCE = 0.99


class Unit(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


# Periods after which a pattern repeats: the week for days, the year for weeks and months.
SEASONS = {Unit.DAY: 7, Unit.WEEK: 52, Unit.MONTH: 12}
MONDAY = 3  # days from a Monday to the first day of 1970


@dataclass(frozen=True, slots=True)
class Calendar:
    """The periods of a series: how long they are and in whose zone; weeks begin on Monday.

    `since` is the first day from which the rows are complete: a period that began before it is left
    out. With None the series begins with the period of the first row.
    """

    unit: Unit
    zone: tzinfo
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One number for each period from the one that begins on `first_on`; NaN where it is not known.

    `counted` says that the numbers are counts, whose chance error is at least their square root.
    """

    unit: Unit
    first_on: date
    amounts: tuple[float, ...]
    counted: bool = False

    def starts_on(self, place: int) -> date:
        """Give the first day of a period; places after the last are periods to come."""
        return _day_of(_number_of(self.first_on, self.unit) + place, self.unit)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a series does in the long run and within a season.

    `change` is the trend per period and `change_share` the same beside the median of the last
    season (None where that is not above zero); `trending` says that it stands out from chance.
    `season` gives each place's usual value as a share of the level (1.4: 40 % above), the first
    being that of the series' first period, and `season_strength` how much of the ups and downs it
    explains, 0 to 1; empty and None where no season shows in at least two, or the level is not above zero.
    """

    change: float
    change_share: float | None
    trending: bool
    season: tuple[float, ...]
    season_strength: float | None


def regular(
    rows: pd.DataFrame, calendar: Calendar, as_of: datetime, *, gaps: bool = False
) -> Series:
    """Add up dated amounts by period, or count rows, up to the last period that was over.

    Args:
        rows: columns at (UTC, aware or naive) and amount; without the latter the rows are counted.
            Rows without a time or a finite amount are left out.
        calendar: the periods.
        as_of: the aware moment; the period that it lies in is not over and is left out.
        gaps: a period without rows is not known (NaN), as for a mean that nobody measured, instead
            of zero, as for money that nobody spent.
    """
    microseconds(as_of)  # refuses a moment without a zone
    counted = "amount" not in rows
    moment = pd.to_datetime(rows["at"], utc=True)
    amount = np.ones(len(rows)) if counted else rows["amount"].to_numpy(dtype=np.float64)
    keep = moment.notna().to_numpy(dtype=bool) & np.isfinite(amount)
    local = moment[keep].dt.tz_convert(calendar.zone).dt.tz_localize(None)
    unit = calendar.unit
    number = _numbers(np.asarray(local, dtype="datetime64[D]").astype(np.int64), unit)
    now = _number_of(as_of.astimezone(calendar.zone).date(), unit)
    first = _first(number, calendar)
    if first is None or first >= now:
        return Series(unit, _day_of(now, unit), (), counted)
    inside = (number >= first) & (number < now)
    place, size = number[inside] - first, now - first
    values = np.bincount(place, amount[keep][inside], size).astype(np.float64)
    if gaps:
        values[np.bincount(place, minlength=size) == 0] = np.nan
    return Series(unit, _day_of(first, unit), tuple(values.tolist()), counted)


def _first(number: Ints, calendar: Calendar) -> int | None:
    """Give the first period of a series, None where there is nothing to begin with."""
    if calendar.since is None:
        return int(number.min()) if len(number) else None
    first = _number_of(calendar.since, calendar.unit)
    return first if _day_of(first, calendar.unit) == calendar.since else first + 1


def _numbers(days: Ints, unit: Unit) -> Ints:
    """Give the numbers of the periods that days since 1970 lie in; neighbours differ by one."""
    if unit is Unit.MONTH:
        return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return days if unit is Unit.DAY else (days + MONDAY) // 7


def _number_of(day: date, unit: Unit) -> int:
    return int(_numbers(np.array([np.datetime64(day, "D").astype(np.int64)]), unit)[0])


def _day_of(number: int, unit: Unit) -> date:
    """Give the first day of a numbered period."""
    if unit is Unit.MONTH:
        return date(1970 + number // 12, number % 12 + 1, 1)
    return date(1970, 1, 1) + timedelta(days=number if unit is Unit.DAY else 7 * number - MONDAY)


def filled(values: Floats) -> Floats:
    """Draw straight lines over gaps, so that methods that know none can run."""
    known = np.isfinite(values)
    if known.all():
        return values
    places = np.arange(len(values))
    return np.asarray(np.interp(places, places[known], values[known]), dtype=np.float64)


def shape(series: Series) -> Shape | None:
    """Describe trend and season; None with fewer than MIN_PERIODS known values.

    The trend is the median of all slopes between two values (Theil 1950, Sen 1968), after the
    season is taken out; it stands out when its interval at TREND_CONFIDENCE leaves out zero, which
    tells what was, not what will be: a walk at random leaves zero out more often. The
    season's strength is that of Hyndman and Athanasopoulos, Forecasting 3rd ed., section 4.3.
    """
    known = np.asarray(series.amounts, dtype=np.float64)
    if np.isfinite(known).sum() < MIN_PERIODS:
        return None
    values, season = filled(known), SEASONS[series.unit]
    seasonal = forecasters.has_season(_detrended(values), season)
    calm = values
    if seasonal:
        usual = forecasters.seasonal_factors(values, season, times=False)
        calm = values - usual[np.arange(len(values)) % season]
    slope, _, low, high = theilslopes(calm, alpha=TREND_CONFIDENCE)
    lately = float(np.median(values[-season:]))
    factors, strength = _season(values, season) if seasonal else ((), None)
    return Shape(
        change=float(slope),
        change_share=float(slope) / lately if lately > 0 else None,
        trending=bool(low > 0 or high < 0),
        season=factors,
        season_strength=strength,
    )


def _detrended(values: Floats) -> Floats:
    """Take out the straight line, which would hide or feign a season, and what rounding leaves of it."""
    place = np.arange(len(values))
    rest = values - np.polyval(np.polyfit(place, values, 1), place)
    told = np.abs(rest) > forecasters.TINY * np.abs(values).max()
    return np.asarray(np.where(told, rest, 0.0), dtype=np.float64)


def _season(values: Floats, season: int) -> tuple[tuple[float, ...], float | None]:
    """Give the places' shares of the level, and how much of the shares' spread they explain."""
    shares, place = forecasters.unlevelled(values, season, times=True)
    if values.sum() <= 0 or len(np.unique(place)) < season:
        return (), None
    factors = forecasters.seasonal_factors(values, season, times=True)
    rest = shares - factors[place]
    return tuple(factors.tolist()), max(0.0, 1 - float(rest.var()) / float(shares.var()))
