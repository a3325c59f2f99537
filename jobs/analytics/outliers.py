"""Customers unlike all others, found by DBSCAN, and in which numbers they differ.

On the same numbers DBSCAN finds one crowd and what lies outside it: bad as segments, which
`segments.py` finds, and good for this. Not here: words, and what to do about them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from jobs.analytics.threads import one_thread

if TYPE_CHECKING:
    import pandas as pd

    from jobs.analytics.features import Flags, Floats

DBSCAN, FAR_RULE = "dbscan", "far_rule"
TOO_FEW_CUSTOMERS = "too_few_customers"
# Money, counts and days differ by factors and are taken as logarithms; `trend` is one already.
LOGGED = (
    "recency_days",
    "frequency",
    "value",
    "mean_value",
    "gap_days",
    "tickets_90",
    "complaints_90",
)
COLUMNS = (*LOGGED, "trend")
MIN_CUSTOMERS = 50
NEIGHBOURS = 10  # with oneself: who has so many within reach stands in a crowd
FENCE = 1.5  # times the middle half's width beyond it: Tukey's fence
LEAST_REACH = 1.0  # standard deviation: among customers who are alike a little is not unlike
LEAST_SCALE = 0.5  # of a logarithm: a spread of less than a factor of 1.6 is none
FAR = 6.0  # robust deviations in one number, for the rule
NAMED = 2.5  # robust deviations that are worth a word
REASONS = 3
SAMPLE = 20_000
MOST = 200  # the farthest; who reads more than that reads none
ROBUST = 1.4826  # makes the median deviation of a normal spread its standard deviation
CHUNK = 100_000
SEED = 0


@dataclass(frozen=True, slots=True)
class Peculiarity:
    """One number of a customer, the middle one of all, and how many robust deviations lie between."""

    feature: str
    value: float
    typical: float
    deviations: float


@dataclass(frozen=True, slots=True)
class Outlier:
    """A customer unlike the others; `distance` is in reaches from the nearest crowd, above 1.

    By the rule it is the largest of the deviations in multiples of FAR.
    """

    customer: int
    distance: float
    revenue_365: float
    reasons: tuple[Peculiarity, ...]


@dataclass(frozen=True, slots=True)
class Outliers:
    """The farthest MOST of `total` customers unlike the others, farthest first, and how they were found.

    `reach` is DBSCAN's eps, None for the rule, which `why` then explains by a code.
    """

    found: tuple[Outlier, ...]
    total: int
    customers: int
    method: str
    why: str
    reach: float | None

    def common(self) -> dict[tuple[str, bool], int]:
        """Count the strongest reasons, by feature and whether it is above the typical one, most first."""
        counts: dict[tuple[str, bool], int] = {}
        for each in self.found:
            first = each.reasons[0]
            kind = (first.feature, first.deviations > 0)
            counts[kind] = counts.get(kind, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def find_outliers(frame: pd.DataFrame) -> Outliers:
    """Find the customers of `customer_features` who are unlike all others.

    DBSCAN (Ester, Kriegel, Sander and Xu 1996) on standardised logarithms, with NEIGHBOURS as the
    least size. Its reach is Tukey's fence of the distances to the last of the NEIGHBOURS, so that
    only who is farther from others than nearly everybody stands alone. Of many customers a sample
    of SAMPLE makes the crowds, and everybody is measured against them. Below MIN_CUSTOMERS, by a
    plain rule: FAR robust deviations in one number.
    """
    points = _points(frame)
    deviations = _deviations(points)
    if len(frame) < MIN_CUSTOMERS:
        distance = np.abs(deviations).max(axis=1, initial=0.0) / FAR
        return _told(frame, deviations, distance, FAR_RULE, None)
    with one_thread():
        scaled = points / np.maximum(points.std(axis=0), LEAST_SCALE)
        rng = np.random.default_rng(SEED)
        sample = scaled
        if len(scaled) > SAMPLE:
            sample = scaled[rng.choice(len(scaled), SAMPLE, replace=False)]
        reach, cores = _crowds(sample)
        distance = _from_crowds(scaled, cores, reach)
    return _told(frame, deviations, distance / reach, DBSCAN, reach)


def _points(frame: pd.DataFrame) -> Floats:
    """Give customers x COLUMNS; without an own rhythm the gap is the middle one, which says nothing."""
    values = frame[list(COLUMNS)].to_numpy(dtype=np.float64, copy=True)
    logged = len(LOGGED)
    values[:, :logged] = np.log1p(np.maximum(values[:, :logged], 0.0))
    return np.where(np.isnan(values), _middle(values), values)


def _middle(values: Floats) -> Floats:
    """Give each column's median of what is known, 0 where nothing is."""
    known = [column[~np.isnan(column)] for column in values.T]
    return np.array([np.median(column) if len(column) else 0.0 for column in known])


def _deviations(points: Floats) -> Floats:
    """Measure every number from its median in median absolute deviations, in the unit of a normal spread."""
    away = points - _middle(points)
    return np.asarray(away / np.maximum(ROBUST * _middle(np.abs(away)), LEAST_SCALE))


def _crowds(sample: Floats) -> tuple[float, KDTree]:
    """Give DBSCAN's reach and its core points: those with NEIGHBOURS within it."""
    own = KDTree(sample).query(sample, k=[NEIGHBOURS])[0][:, 0]
    low, high = np.quantile(own, (0.25, 0.75))
    reach = float(max(high + FENCE * (high - low), LEAST_REACH))
    return reach, KDTree(sample[own <= reach])


def _from_crowds(scaled: Floats, cores: KDTree, reach: float) -> Floats:
    """Measure from everybody to the nearest core; 0 for all who are within its reach."""
    distance = np.zeros(len(scaled))
    for start in range(0, len(scaled), CHUNK):
        part = scaled[start : start + CHUNK]
        near = cores.query(part, distance_upper_bound=reach)[0]
        alone = np.flatnonzero(np.isinf(near))
        distance[start + alone] = cores.query(part[alone])[0]
    return distance


def _told(
    frame: pd.DataFrame, deviations: Floats, distance: Floats, method: str, reach: float | None
) -> Outliers:
    """Name the farthest and in what they differ."""
    # Who is odd only in how ordinary numbers come together could be named with no reason.
    unlike: Flags = (distance > 1) & (np.abs(deviations).max(axis=1, initial=0.0) >= NAMED)
    total = int(unlike.sum())
    places = np.argsort(np.where(unlike, -distance, 0.0), kind="stable")[: min(total, MOST)]
    values = frame[list(COLUMNS)].to_numpy(dtype=np.float64)
    typical = _middle(values)
    customers = frame["customer"].to_numpy(dtype=np.int64)
    revenue = frame["value_365"].to_numpy(dtype=np.float64)
    found = tuple(
        Outlier(
            int(customers[place]),
            float(distance[place]),
            float(revenue[place]),
            _peculiar(deviations[place], values[place], typical),
        )
        for place in places
    )
    why = TOO_FEW_CUSTOMERS if method == FAR_RULE else ""
    return Outliers(found, total, len(frame), method, why, reach)


def _peculiar(deviations: Floats, values: Floats, typical: Floats) -> tuple[Peculiarity, ...]:
    """Give the strongest reason, and at most two more that are worth a word."""
    order = np.argsort(-np.abs(deviations), kind="stable")[:REASONS]
    told = [place for place in order if place == order[0] or abs(deviations[place]) >= NAMED]
    return tuple(
        Peculiarity(
            COLUMNS[place], float(values[place]), float(typical[place]), float(deviations[place])
        )
        for place in told
    )
