"""The candidates for a forecast, each run from many past moments at once.

Every candidate is a function of (values, season, origins, horizon) that gives origins x horizon
numbers: row i foretells `values[o : o + horizon]` for o = `origins[i]` from `values[:o]` alone.
`values` have no gaps, `season` is the number of periods after which a pattern repeats (1: none),
`origins` ascend. Not here: which candidate is used (`forecasts.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jobs.analytics.features import Floats, Ints

    Forecaster = Callable[[Floats, int, Sequence[int], int], Floats]

RECENT_MEAN = "recent_mean"
NAIVE = "naive"
SEASONAL_NAIVE = "seasonal_naive"
DRIFT = "drift"
THETA = "theta"
SMOOTHING = "smoothing"
SMOOTHING_ADDED = "seasonal_smoothing"
SMOOTHING_TIMES = "seasonal_smoothing_in_percent"

RECENT = 3  # periods in the recent mean
WARM = 10  # values from which smoothing without a season begins
SEASON_TEST = 1.645  # standard errors, 90 %, of the autocorrelation at one season: as in Theta
# Smoothing constants that are tried. One pass over the values carries all of them, and the best by
# squared one-step error up to an origin foretells from there: no optimiser, no local minimum.
ALPHAS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 0.95)
BETAS = (0.0, 0.02, 0.05, 0.1, 0.2)
GAMMAS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
DAMPINGS = (0.0, 0.9, 0.98, 1.0)  # 0 is a level without a trend, 1 a trend that never fades
THETA_ALPHAS = np.linspace(0.02, 1.0, 50)
TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Candidate:
    """A forecaster and what it needs: whole seasons before an origin, and numbers above zero."""

    run: Forecaster
    seasons: int = 0
    positive: bool = False


def recent_mean(values: Floats, _season: int, origins: Sequence[int], horizon: int) -> Floats:
    """Repeat the mean of the last RECENT values."""
    means = [values[max(0, origin - RECENT) : origin].mean() for origin in origins]
    return np.repeat(np.array(means)[:, None], horizon, axis=1)


def naive(values: Floats, _season: int, origins: Sequence[int], horizon: int) -> Floats:
    """Repeat the last value (Hyndman and Athanasopoulos, Forecasting 3rd ed., section 5.2)."""
    return seasonal_naive(values, 1, origins, horizon)


def seasonal_naive(values: Floats, season: int, origins: Sequence[int], horizon: int) -> Floats:
    """Repeat the last season (the same, section 5.2)."""
    ahead = np.arange(horizon) % season
    return np.asarray([values[origin - season + ahead] for origin in origins], dtype=np.float64)


def drift(values: Floats, _season: int, origins: Sequence[int], horizon: int) -> Floats:
    """Go on from the last value along the line from the first to it (the same, section 5.2)."""
    last = values[np.array(origins) - 1]
    slope = (last - values[0]) / np.maximum(np.array(origins) - 1, 1)
    return np.asarray(last[:, None] + slope[:, None] * np.arange(1, horizon + 1), dtype=np.float64)


def theta(values: Floats, season: int, origins: Sequence[int], horizon: int) -> Floats:
    """Run the Theta method (Assimakopoulos and Nikolopoulos 2000).

    The mean of two lines: the straight one through the values (theta 0), and the one bent twice as
    much (theta 2), which simple exponential smoothing continues. A season that the autocorrelation
    shows is taken out before and put back after, as a factor where all values are above zero.
    """
    return np.array([_theta(values[:origin], season, horizon) for origin in origins])


def _theta(values: Floats, season: int, horizon: int) -> Floats:
    size = len(values)
    times = bool((values > 0).all())
    factors = np.ones(1) if times else np.zeros(1)
    if has_season(values, season):
        factors = seasonal_factors(values, season, times=times)
    now = factors[np.arange(size) % len(factors)]
    adjusted = values / now if times else values - now
    slope, start = np.polyfit(np.arange(size), adjusted, 1)
    straight = start + slope * np.arange(size + horizon)
    level = _smoothed_level(2 * adjusted - straight[:size])
    found = (straight[size:] + level) / 2
    later = factors[np.arange(size, size + horizon) % len(factors)]
    return np.asarray(found * later if times else found + later, dtype=np.float64)


def _smoothed_level(values: Floats) -> float:
    """Give the last level of simple exponential smoothing, its constant the best of THETA_ALPHAS."""
    level = np.full(len(THETA_ALPHAS), values[0])
    squares = np.zeros(len(THETA_ALPHAS))
    for value in values[1:].tolist():
        error = value - level
        squares += error * error
        level += THETA_ALPHAS * error
    return float(level[np.argmin(squares)])


def has_season(values: Floats, season: int) -> bool:
    """Tell whether the autocorrelation at one season stands out (Bartlett's error, 90 %).

    Two full seasons are needed; with fewer, or without any variation, the answer is no.
    """
    if season == 1 or len(values) < 2 * season:
        return False
    away = values - values.mean()
    total = float(away @ away)
    if total <= 0:
        return False
    shown = np.array([float(away[lag:] @ away[:-lag]) / total for lag in range(1, season + 1)])
    limit = SEASON_TEST * np.sqrt((1 + 2 * float((shown[:-1] ** 2).sum())) / len(values))
    return bool(abs(shown[-1]) > limit)


def seasonal_factors(values: Floats, season: int, *, times: bool) -> Floats:
    """Give each place in the season its usual share of (or distance from) the moving average.

    Classical decomposition (Hyndman and Athanasopoulos, section 3.4): the mean, at each place, of
    what a centred average over one season leaves; the shares average 1, the distances 0.
    `values[0]` is place 0; at least two seasons.
    """
    rest, place = unlevelled(values, season, times=times)
    found = np.bincount(place, rest, season) / np.maximum(np.bincount(place, minlength=season), 1)
    centred = found / found.mean() if times else found - found.mean()
    return np.asarray(centred, dtype=np.float64)


def unlevelled(values: Floats, season: int, *, times: bool) -> tuple[Floats, Ints]:
    """Give the values as shares of (or distances from) the centred average, and their places.

    The average does not reach the half season at either end. A share where it is not above zero
    means nothing, as in the weeks that a shop is closed, and is left out.
    """
    weights = np.full(season, 1.0 / season)
    if season % 2 == 0:
        weights = np.concatenate([[0.5], np.ones(season - 1), [0.5]]) / season
    level = np.convolve(values, weights, mode="valid")
    edge = len(weights) // 2
    middle = values[edge : len(values) - edge]
    place = (np.arange(len(middle)) + edge) % season
    if not times:
        return np.asarray(middle - level, dtype=np.float64), place
    open_ = level > TINY
    return np.asarray(middle[open_] / level[open_], dtype=np.float64), place[open_]


def smoothing(values: Floats, _season: int, origins: Sequence[int], horizon: int) -> Floats:
    """Smooth level and trend: Holt's method, also damped or without the trend (section 8.2)."""
    return _smoothing(values, np.zeros(1), origins, horizon, times=False)


def seasonal_smoothing(values: Floats, season: int, origins: Sequence[int], horizon: int) -> Floats:
    """Smooth level, trend and season: Holt-Winters, the season added (section 8.3)."""
    first = seasonal_factors(values[: 2 * season], season, times=False)
    return _smoothing(values, first, origins, horizon, times=False)


def seasonal_smoothing_times(
    values: Floats, season: int, origins: Sequence[int], horizon: int
) -> Floats:
    """Smooth level, trend and season: Holt-Winters, the season as a factor (section 8.3)."""
    first = seasonal_factors(values[: 2 * season], season, times=True)
    return _smoothing(values, np.maximum(first, TINY), origins, horizon, times=True)


def _smoothing(
    values: Floats, first: Floats, origins: Sequence[int], horizon: int, *, times: bool
) -> Floats:
    """Carry every combination of constants through the values and foretell from each origin.

    `first` is the season to begin with. Level and trend begin on the line through the first two
    seasons, or the first WARM values where there is no season.
    """
    season = len(first)
    grid = np.meshgrid(ALPHAS, BETAS, GAMMAS if season > 1 else (0.0,), DAMPINGS, indexing="ij")
    alpha, beta, gamma, damping = (each.ravel() for each in grid)
    warm = min(2 * season if season > 1 else WARM, origins[0])
    start, mean, slope = _begun(values[:warm], first, times=times)
    level, trend = np.where(damping > 0, start, mean), np.where(damping > 0, slope, 0.0)
    seasons = np.repeat(first[:, None], len(alpha), axis=1)
    squares = np.zeros(len(alpha))
    found: list[Floats] = []
    asked = set(origins)
    for period in range(origins[-1] + 1):
        if period in asked:
            best = int(np.argmin(squares))
            later = seasons[np.arange(period, period + horizon) % season, best]
            grown = level[best] + trend[best] * np.cumsum(
                damping[best] ** np.arange(1, horizon + 1)
            )
            found.append(grown * later if times else grown + later)
        if period == origins[-1]:
            break
        expected = level + damping * trend
        if times:
            expected = np.maximum(expected, TINY)
        usual = seasons[period % season]
        error = values[period] - (expected * usual if times else expected + usual)
        squares += error * error
        moved = expected + alpha * (error / usual if times else error)
        trend = (1 - beta) * damping * trend + beta * (moved - level)
        level = moved
        usual += gamma * (error / expected if times else error)
        if times:
            np.maximum(usual, TINY, out=usual)
    return np.array(found)


def _begun(values: Floats, first: Floats, *, times: bool) -> tuple[float, float, float]:
    """Give the level before the first value where there is a trend, that without, and the trend."""
    now = first[np.arange(len(values)) % len(first)]
    calm = values / now if times else values - now
    slope, start = np.polyfit(np.arange(len(calm)), calm, 1)
    return float(start - slope), float(calm.mean()), float(slope)


# In the order of simplicity: of two that are equally good the first is used.
CANDIDATES = {
    SEASONAL_NAIVE: Candidate(seasonal_naive, seasons=1),
    NAIVE: Candidate(naive),
    DRIFT: Candidate(drift),
    THETA: Candidate(theta),
    SMOOTHING: Candidate(smoothing),
    SMOOTHING_ADDED: Candidate(seasonal_smoothing, seasons=2),
    SMOOTHING_TIMES: Candidate(seasonal_smoothing_times, seasons=2, positive=True),
}
