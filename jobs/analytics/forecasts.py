"""What comes next in a series, how sure that is, and which periods were out of line.

Every forecast carries the method's own past errors. Not here: the methods (`forecasters.py`), words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls
from scipy.stats import t

from jobs.analytics import forecasters
from jobs.analytics.series import MIN_PERIODS, SEASONS, Series, filled

if TYPE_CHECKING:
    from datetime import date

    from jobs.analytics.features import Floats

RACE_PERIODS = 26  # before the first back-test where two full seasons are not to be had
MIN_TESTS = 6  # past moments that a race is decided on,
GOOD_TESTS = 12  # better so many: then rather without the methods that need more history
MAX_TESTS = 24
MAX_WATCHED = 104  # periods that are looked through for outliers
# Methods with hardly anything to fit, and the share of their error by which another must beat them:
# among many combinations of constants one does well by chance.
PLAIN = frozenset({forecasters.SEASONAL_NAIVE, forecasters.THETA})
RACE_MARGIN = 0.1
# What repeats the past, the plainest first: all that runs before there are two full seasons.
REPEATING = (forecasters.SEASONAL_NAIVE, forecasters.NAIVE)
LEVEL = 0.8
MIN_ERRORS = 8  # one-step errors below which nothing is called out of line
OUTLIER = 3.5  # robust standard errors (Iglewicz and Hoaglin 1993)
MAD_TO_SIGMA = 1.4826  # of a normal distribution, from the median absolute error
MEAN_TO_SIGMA = 1.2533  # the same from the mean absolute error
TAMED = 2.0  # the same, to which an outlier is pulled in before later periods are foretold
LEAST_SCALE = 0.01  # of the usual value: a series that never moved is not alarmed by a cent

RACE = "best_in_back_test"
TOO_FEW_PERIODS = "too_few_periods"
LESS_THAN_TWO_SEASONS = "less_than_two_seasons"
LESS_THAN_ONE_SEASON = "less_than_one_season"
TOO_FEW_TESTS = "too_few_back_tests"


@dataclass(frozen=True, slots=True)
class Error:
    """How far off past forecasts were: `tests` moments, each asked for the periods of the horizon.

    `mase` is the mean absolute error over that of the naive forecast one season back (one period
    back with fewer than two seasons), within the values before the first test (Hyndman and Koehler
    2006). `mape` is a share, .05 for 5 %; None where a value is zero or below. `off` is the mean
    absolute error itself, in the unit of the series, and `share` the same over the mean of what
    happened, None where that is not above zero.
    """

    tests: int
    mase: float
    mape: float | None
    off: float
    share: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """One period to come; without bounds where there were too few errors to say."""

    starts_on: date
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What comes next, by which method, why that one, and how it would have done before.

    `why` is RACE, or the reason why a plain rule was taken. `candidates` have each method's MASE,
    the best first, without the margin. `beside` is the plainest method that raced, the same as a
    season before or else as the period before, and its error; None where no other raced. `steps` is
    empty with fewer than MIN_PERIODS.
    """

    steps: tuple[Step, ...]
    level: float
    method: str
    why: str
    error: Error | None
    candidates: tuple[tuple[str, float], ...]
    beside: tuple[str, Error] | None = None


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A period that was out of line with what its past foretold; `score` in robust standard errors."""

    starts_on: date
    value: float
    expected: float
    low: float
    high: float
    score: float


@dataclass(frozen=True, slots=True)
class _BackTest:
    """Forecasts and what happened, origins x horizon, NaN where it is not known (yet)."""

    origins: tuple[int, ...]
    foretold: Floats
    happened: Floats


def forecast(series: Series, horizon: int, level: float = LEVEL) -> Forecast:
    """Foretell the next periods by the method that would have done best.

    The methods race from up to MAX_TESTS past moments, each knowing only what came before (rolling
    origin; Hyndman and Athanasopoulos, section 5.10). The least MASE wins, with RACE_MARGIN in
    favour of PLAIN methods. Where a short series has less than two full seasons only the seasonal
    naive method and the naive one race, the former without a race at first, and with less than one
    season it is the mean of the last periods. The interval is that of the method's own past errors,
    see `_spread`. Where no value was ever below zero neither is the forecast.

    Args:
        series: as `regular` gives it.
        horizon: how many periods to foretell, at least 1.
        level: the share of outcomes that should fall within the interval.
    """
    known = np.asarray(series.amounts, dtype=np.float64)
    if np.isfinite(known).sum() < MIN_PERIODS:
        return Forecast((), level, forecasters.RECENT_MEAN, TOO_FEW_PERIODS, None, ())
    season = SEASONS[series.unit]
    names, start, why = _entrants(known, season)
    origins = _origins(start, len(known), MAX_TESTS)
    tests = {name: _back_test(name, known, season, origins, horizon) for name in names}
    errors = {name: _error(test, known, season) for name, test in tests.items()}
    method = min(names, key=lambda name: errors[name].mase * (1 - RACE_MARGIN * (name in PLAIN)))
    values = filled(known)
    found = _run(method, values, season, (len(values),), horizon)[0]
    tested = len(origins) >= MIN_TESTS
    half = _spread(tests[method], found, level) if tested else np.full(horizon, np.nan)
    floor = 0.0 if np.nanmin(known) >= 0 else -np.inf
    return Forecast(
        steps=tuple(
            Step(
                starts_on=series.starts_on(len(values) + ahead),
                value=max(floor, float(value)),
                low=max(floor, float(value - around)) if tested else None,
                high=max(floor, float(value + around)) if tested else None,
            )
            for ahead, (value, around) in enumerate(zip(found, half, strict=True))
        ),
        level=level,
        method=method,
        why=why,
        error=errors[method] if tested else None,
        candidates=tuple(
            sorted(((name, error.mase) for name, error in errors.items()), key=_second)
        ),
        beside=_plainest(errors, method),
    )


def _plainest(errors: dict[str, Error], method: str) -> tuple[str, Error] | None:
    """Give the first of the methods that repeat what was, unless it is the one that is used."""
    raced = (name for name in REPEATING if name in errors)
    name = next(raced, method)
    return None if name == method else (name, errors[name])


def _second(pair: tuple[str, float]) -> float:
    return pair[1]


def _entrants(known: Floats, season: int) -> tuple[tuple[str, ...], int, str]:
    """Give the methods that race, the earliest moment to test them from, and why these.

    A race begins after two full seasons, or earlier but after RACE_PERIODS where the season is
    long. Who needs more than there is at the first of the MAX_TESTS latest moments does not race.
    """
    size = len(known)
    starts = [
        2 * season,
        *(start for start in (season, RACE_PERIODS) if RACE_PERIODS <= start < 2 * season),
    ]
    for least in (GOOD_TESTS, MIN_TESTS):
        for start in starts:
            if size - start >= least:
                return _able(known, season, max(start, size - MAX_TESTS)), start, RACE
    if size < season:
        return (forecasters.RECENT_MEAN,), forecasters.RECENT, LESS_THAN_ONE_SEASON
    why = TOO_FEW_TESTS if size >= 2 * season else LESS_THAN_TWO_SEASONS
    tested = size - season >= MIN_TESTS
    return REPEATING if tested else REPEATING[:1], season, why


def _able(known: Floats, season: int, first: int) -> tuple[str, ...]:
    """Name the methods that can foretell from the first moment of a race."""
    return tuple(
        name
        for name, candidate in forecasters.CANDIDATES.items()
        if candidate.seasons * season <= first
        and not (candidate.positive and np.nanmin(known) <= 0)
    )


def _origins(start: int, size: int, most: int) -> tuple[int, ...]:
    """Give the latest moments, from `start` on, of which the next value is in the series."""
    return tuple(range(max(start, size - most), size))


def _run(name: str, values: Floats, season: int, origins: tuple[int, ...], horizon: int) -> Floats:
    """Let one method foretell from each origin, origins x horizon."""
    if not origins:
        return np.zeros((0, horizon))
    run = (
        forecasters.recent_mean
        if name == forecasters.RECENT_MEAN
        else forecasters.CANDIDATES[name].run
    )
    return run(values, season, origins, horizon)


def _back_test(
    name: str, known: Floats, season: int, origins: tuple[int, ...], horizon: int
) -> _BackTest:
    """Lay a method's past forecasts beside what happened; gaps and the future are NaN."""
    later = np.concatenate([known, np.full(horizon, np.nan)])
    happened = np.array([later[origin : origin + horizon] for origin in origins])
    foretold = _run(name, filled(known), season, origins, horizon)
    return _BackTest(origins, foretold, happened.reshape(foretold.shape))


def _error(test: _BackTest, known: Floats, season: int) -> Error:
    """Sum up how far off a method was."""
    told = np.isfinite(test.happened)
    if not told.any():
        return Error(0, 0.0, None, 0.0, None)
    off = np.abs(test.happened - test.foretold)[told]
    before = known[: test.origins[0]]
    scale = _naive_error(before, season if len(before) >= 2 * season else 1)
    scale = scale or _naive_error(known, 1) or 1.0
    happened = test.happened[told]
    mean = float(off.mean())
    return Error(
        tests=len(test.origins),
        mase=mean / scale,
        mape=float((off / happened).mean()) if happened.min() > 0 else None,
        off=mean,
        share=mean / float(happened.mean()) if happened.mean() > 0 else None,
    )


def _naive_error(values: Floats, lag: int) -> float:
    """Give the mean absolute change over `lag` periods, 0 where there is none."""
    steps = np.abs(values[lag:] - values[:-lag])
    steps = steps[np.isfinite(steps)]
    return float(steps.mean()) if len(steps) else 0.0


def _relative(test: _BackTest) -> bool:
    """Tell whether errors are shares: where nothing foretold or seen was zero or below."""
    return bool(test.foretold.min() > 0 and not (test.happened <= 0).any())


def _spread(test: _BackTest, found: Floats, level: float) -> Floats:
    """Give half the interval's width at each distance.

    The variance of past errors is taken to grow in a straight line with the distance, as that of a
    random walk does, or not at all; both parts are fitted, none below zero. Errors are shares of
    the forecast where all values are above zero. Student's t makes up for few tests.
    """
    relative = _relative(test) and bool(found.min() > 0)
    off = (test.happened - test.foretold) / (test.foretold if relative else 1.0)
    told = np.isfinite(off)
    if not told.any():
        return np.full(len(found), np.nan)
    ahead = np.broadcast_to(np.arange(off.shape[1], dtype=np.float64), off.shape)[told]
    (start, growth), _ = nnls(np.column_stack([np.ones(len(ahead)), ahead]), off[told] ** 2)
    sigma = np.sqrt(start + growth * np.arange(len(found)))
    width = t.ppf((1 + level) / 2, len(test.origins)) * sigma
    return np.asarray(width * found if relative else width, dtype=np.float64)


def anomalies(series: Series) -> tuple[Anomaly, ...]:
    """Find the periods that were out of line with what had been foretold one period before.

    The method is that of `forecast`; the scale is the median absolute error, so that the outliers
    do not hide themselves. An outlier enters the past of later periods pulled in to TAMED scales
    (Gelper, Fried and Croux 2010), so that the return to normal is no second one, while a lasting
    change is learnt. Nothing is called out of line with fewer than MIN_ERRORS errors.
    """
    known = np.asarray(series.amounts, dtype=np.float64)
    if np.isfinite(known).sum() < MIN_PERIODS:
        return ()
    season = SEASONS[series.unit]
    method = forecast(series, 1).method
    start = _entrants(known, season)[1]
    if method in forecasters.CANDIDATES:
        start = max(start, forecasters.CANDIDATES[method].seasons * season)
    origins = _origins(start, len(known), MAX_WATCHED)
    test = _back_test(method, known, season, origins, 1)
    if np.isfinite(test.happened).sum() < MIN_ERRORS:
        return ()
    relative = _relative(test)
    values, found = filled(known), list[Anomaly]()
    unit = _scale(test, relative=relative)
    foretold = test.foretold[:, 0]
    # A past with outliers pulled in may foretell less than what the shares were measured on, even
    # less than nothing, where a share means nothing: then what was foretold before stands.
    least = float(foretold.min()) if relative else -np.inf
    for row, place in enumerate(origins):
        expected = float(foretold[row])
        scale = unit * expected if relative else unit
        if series.counted:
            scale = max(scale, float(np.sqrt(max(expected, 1.0))))
        score = (values[place] - expected) / scale
        if abs(score) <= OUTLIER:
            continue
        found.append(
            Anomaly(
                starts_on=series.starts_on(place),
                value=float(values[place]),
                expected=expected,
                low=expected - OUTLIER * scale,
                high=expected + OUTLIER * scale,
                score=float(score),
            )
        )
        values[place] = expected + float(np.sign(score)) * TAMED * scale
        told = _run(method, values, season, origins, 1)[:, 0]
        foretold = np.where(told > least, told, foretold)
    return tuple(found)


def _scale(test: _BackTest, *, relative: bool) -> float:
    """Give the robust standard error of one-step forecasts, as a share where they are relative.

    Where most errors are zero, as in a series that is mostly zero, their median says nothing and
    their mean is used.
    """
    off = np.abs(test.happened - test.foretold) / (test.foretold if relative else 1.0)
    usual = 1.0 if relative else float(np.nanmedian(np.abs(test.happened)))
    typical = MAD_TO_SIGMA * float(np.nanmedian(off)) or MEAN_TO_SIGMA * float(np.nanmean(off))
    return max(typical, LEAST_SCALE * usual) or 1.0
