"""Groups of customers by recency, frequency and value (RFM), their names, and who moved between them.

Not here: saved queries, words for names, the memory of last week's model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from jobs.analytics import spread
from jobs.analytics.threads import one_thread

if TYPE_CHECKING:
    import numpy.typing as npt

    from jobs.analytics.features import Floats, Ints

KMEANS, TERTILES = "kmeans", "tertiles"
OUTSIDE = "outside"  # in a move: not a customer at that moment
RFM = ("recency_days", "frequency", "value")
MIN_CUSTOMERS = 50  # with different numbers; below it tertiles of recency and frequency
K_RANGE = range(3, 7)
K_TIE = 0.05  # of stability: what two draws of the samples may differ by
BOOTSTRAPS = 20
STABILITY_ROWS = 5_000
FIT_ROWS = 50_000
STARTS = 5
SEED = 0
MIN_SPREAD = 1.0  # standard deviations between the extreme centroids below which a dimension does not tell them apart

# Where each name would like its group to lie between the lowest centroid (0) and the highest (1) in
# how recent, how frequent and how valuable its customers are.
IDEALS = {
    "champions": (1.0, 1.0, 1.0),
    "loyal": (0.8, 0.7, 0.65),
    "big_spenders": (0.6, 0.45, 0.9),
    "promising": (0.85, 0.35, 0.35),
    "new": (1.0, 0.0, 0.0),
    "needs_attention": (0.55, 0.4, 0.4),
    "at_risk": (0.25, 0.55, 0.65),
    "hibernating": (0.25, 0.25, 0.3),
    "lost": (0.0, 0.0, 0.0),
}
# By tertile of recency (2 = most recent) and of frequency (2 = most frequent).
TERTILE_NAMES = {
    (2, 2): "champions",
    (1, 2): "loyal",
    (0, 2): "at_risk",
    (2, 1): "promising",
    (1, 1): "needs_attention",
    (0, 1): "hibernating",
    (2, 0): "new",
    (1, 0): "promising",
    (0, 0): "lost",
}


@dataclass(frozen=True, slots=True)
class SegmentModel:
    """How customers are put into groups: plain numbers, so that it can be kept as JSON and used again next week.

    With the method `kmeans`: `names` and `centroids` (standardised log-RFM) in the same order, the
    `mean` and `scale` of log-RFM, the chosen number's `stability` (mean adjusted Rand index), all
    of them in `stabilities`, and how far apart its groups lie (`silhouette`). With `tertiles`:
    `cuts`, two each of recency and frequency.
    """

    method: str
    customers: int
    names: tuple[str, ...] = ()
    centroids: tuple[tuple[float, ...], ...] = ()
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    stability: float | None = None
    stabilities: tuple[tuple[int, float], ...] = ()
    silhouette: float | None = None
    cuts: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """One group at one moment: size, net revenue of its customers, and its means."""

    name: str
    size: int
    revenue_90: float
    revenue_365: float
    mean_recency_days: float
    mean_frequency: float
    mean_value: float


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Every customer's group; `labels` has customer, segment, value_90 and value_365."""

    labels: pd.DataFrame
    segments: tuple[Segment, ...]
    model: SegmentModel


@dataclass(frozen=True, slots=True)
class Move:
    """The customers who went from one group to another, and the revenue that moved with them.

    `origin` is OUTSIDE for customers who were not there before, `target` for those who are no
    longer there. The revenue is the net one of the 90 and 365 days before the later moment (the
    earlier one for those who are gone). `customers` begins with those of the most yearly revenue.
    """

    origin: str
    target: str
    customers: tuple[int, ...]
    revenue_90: float
    revenue_365: float


@dataclass(frozen=True, slots=True)
class Drift:
    """What changed between two moments: the moves, most yearly revenue first, and all counts, origin x target."""

    moves: tuple[Move, ...]
    counts: pd.DataFrame


def rfm_scores(frame: pd.DataFrame, groups: int = 5) -> pd.DataFrame:
    """Score recency, frequency and value from 1 (worst) to `groups` by the share of customers.

    Customers with the same value share the score of their middle rank, so a column without
    differences scores the middle throughout. Returns customer, r, f, m.
    """
    ranked = {
        "r": frame["recency_days"].rank(ascending=False),
        "f": frame["frequency"].rank(),
        "m": frame["value"].rank(),
    }
    size = max(len(frame), 1)
    scores = {
        name: (np.floor((rank - 0.5) / size * groups) + 1).astype(np.int64)
        for name, rank in ranked.items()
    }
    return pd.DataFrame({"customer": frame["customer"], **scores})


def segment(frame: pd.DataFrame, model: SegmentModel | None = None) -> Segmentation:
    """Put every customer of `customer_features` into a group.

    Args:
        frame: the customers at one moment.
        model: last time's groups; None finds new ones. Compare two moments under the same model
            only, or customers will seem to move because the borders did.
    """
    with one_thread():
        used = find_segments(frame) if model is None else model
        names = _assign(frame, used)
    labels = frame[["customer", "value_90", "value_365"]].assign(segment=names)
    labels = labels[["customer", "segment", "value_90", "value_365"]].reset_index(drop=True)
    return Segmentation(labels, _summaries(frame, names), used)


def find_segments(frame: pd.DataFrame) -> SegmentModel:
    """Find the groups: K-means on standardised log-RFM, or tertiles below MIN_CUSTOMERS.

    The number of groups is the one in K_RANGE that bootstrap samples agree on most (mean adjusted
    Rand index of their labels with those of the whole sample). Of those within K_TIE of it, the one
    whose groups lie farthest apart (silhouette). Not by silhouette alone: on raw amounts it chose
    two groups, outliers and the rest.
    """
    points = _log_rfm(frame)
    if len(np.unique(points, axis=0)) < MIN_CUSTOMERS:
        return _tertiles(frame)
    rng = np.random.default_rng(SEED)
    mean, scale = points.mean(axis=0), points.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    sample = _draw((points - mean) / scale, FIT_ROWS, rng)
    drawn = _draw(sample, STABILITY_ROWS, rng)
    stabilities = _stabilities(drawn, rng)
    least = max(stabilities.values()) - K_TIE
    stable = [number for number, value in stabilities.items() if value >= least]
    apart = {number: _apart(drawn, number) for number in stable}
    count = max(apart, key=apart.__getitem__)
    centroids = _fit(sample, count).cluster_centers_
    names = name_groups(centroids)
    order = sorted(range(count), key=lambda place: list(IDEALS).index(names[place]))
    return SegmentModel(
        method=KMEANS,
        customers=len(frame),
        names=tuple(names[place] for place in order),
        centroids=tuple(tuple(centroids[place].tolist()) for place in order),
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        stability=stabilities[count],
        stabilities=tuple(stabilities.items()),
        silhouette=apart[count],
    )


def name_groups(centroids: Floats) -> tuple[str, ...]:
    """Name groups by where their centroids lie among each other, each name at most once.

    Each centroid's place in recency (turned so that recent is high), frequency and value is
    measured from the lowest centroid, 0, to the highest, 1, and the names of IDEALS are dealt out
    so that the squared distances add up to the least. Places rather than ranks, because two close
    centroids that swap ranks must not swap names.

    Args:
        centroids: groups x (recency, frequency, value), standardised logarithms; at most as many as
            IDEALS.
    """
    high = centroids * np.array([-1.0, 1.0, 1.0])
    low, top = high.min(axis=0), high.max(axis=0)
    middle = (low + top) / 2
    places = 0.5 + (high - middle) / np.maximum(top - low, MIN_SPREAD)
    ideals = np.array(list(IDEALS.values()))
    distances = ((places[:, None, :] - ideals[None, :, :]) ** 2).sum(axis=2)
    _, chosen = linear_sum_assignment(distances)
    return tuple(list(IDEALS)[place] for place in chosen)


def drift(before: Segmentation, after: Segmentation) -> Drift:
    """Tell who changed groups between two moments and what revenue moved with them.

    Raises:
        ValueError: the two were labelled by different models.
    """
    if before.model != after.model:
        message = "label both moments with the same model"
        raise ValueError(message)
    both = before.labels.merge(
        after.labels, on="customer", how="outer", suffixes=("_before", "_after")
    )
    table = pd.DataFrame(
        {
            "customer": both["customer"],
            "origin": both["segment_before"].fillna(OUTSIDE),
            "target": both["segment_after"].fillna(OUTSIDE),
            "value_90": both["value_90_after"].fillna(both["value_90_before"]),
            "value_365": both["value_365_after"].fillna(both["value_365_before"]),
        }
    )
    moved = table[table["origin"] != table["target"]]
    moved = moved.sort_values(["value_365", "customer"], ascending=[False, True])
    moves = [
        Move(
            origin=str(origin),
            target=str(target),
            customers=tuple(rows["customer"].tolist()),
            revenue_90=float(rows["value_90"].sum()),
            revenue_365=float(rows["value_365"].sum()),
        )
        for (origin, target), rows in moved.groupby(["origin", "target"])
    ]
    moves.sort(key=lambda move: (-abs(move.revenue_365), move.origin, move.target))
    return Drift(tuple(moves), pd.crosstab(table["origin"], table["target"]))


def standardised(frame: pd.DataFrame, model: SegmentModel) -> Floats:
    """Give the customers where a `kmeans` model sees them, customers x 3."""
    return np.asarray((_log_rfm(frame) - np.array(model.mean)) / np.array(model.scale))


def _log_rfm(frame: pd.DataFrame) -> Floats:
    """Give log(1 + x) of recency, frequency and value (below zero as zero), customers x 3."""
    values = frame[list(RFM)].to_numpy(dtype=np.float64)
    return np.asarray(np.log1p(np.maximum(values, 0.0)), dtype=np.float64)


def _draw(points: Floats, size: int, rng: np.random.Generator) -> Floats:
    """Draw that many rows without putting any back, or give all."""
    return points if len(points) <= size else points[rng.choice(len(points), size, replace=False)]


def _fit(points: Floats, count: int) -> KMeans:
    """Fit K-means from a fixed seed."""
    return KMeans(count, n_init=STARTS, random_state=SEED).fit(points)


def _stabilities(points: Floats, rng: np.random.Generator) -> dict[int, float]:
    """Give for each number of groups how far bootstrap samples agree with the whole, 1 at most."""
    size = len(points)
    drawn = [[rng.integers(0, size, size) for _ in range(BOOTSTRAPS)] for _ in K_RANGE]
    agreed = spread.over(_stability, points, list(zip(K_RANGE, drawn, strict=True)))
    return dict(zip(K_RANGE, agreed, strict=True))


def _stability(points: Floats, item: tuple[int, list[Ints]]) -> float:
    """Give how far the samples drawn agree with the whole about so many groups."""
    count, drawn = item
    whole = _fit(points, count).labels_
    agreed = [
        adjusted_rand_score(whole, _fit(points[rows], count).predict(points)) for rows in drawn
    ]
    return float(np.mean(agreed))


def _apart(points: Floats, count: int) -> float:
    """Give the mean silhouette of so many groups: 1 far apart, 0 touching; 0 where one took all."""
    found = _fit(points, count).labels_
    return (
        float(silhouette_score(points, found)) if 1 < len(set(found.tolist())) < len(found) else 0.0
    )


def _tertiles(frame: pd.DataFrame) -> SegmentModel:
    """Cut recency and frequency into thirds."""
    cuts: list[tuple[float, float]] = []
    for name in ("recency_days", "frequency"):
        values = frame[name].to_numpy(dtype=np.float64)
        low, high = np.quantile(values, (1 / 3, 2 / 3)) if len(values) else (0.0, 0.0)
        cuts.append((float(low), float(high)))
    names = tuple(name for name in IDEALS if name in TERTILE_NAMES.values())
    return SegmentModel(method=TERTILES, customers=len(frame), names=names, cuts=tuple(cuts))


def _assign(frame: pd.DataFrame, model: SegmentModel) -> npt.NDArray[np.object_]:
    """Name each customer's group: that of the nearest centroid, or of the two tertiles."""
    if model.method == KMEANS:
        points = standardised(frame, model)
        distances = [((points - np.array(centre)) ** 2).sum(axis=1) for centre in model.centroids]
        nearest = np.argmin(distances, axis=0)
        return np.asarray(np.array(model.names, dtype=object)[nearest], dtype=object)
    recent = 2 - _third(frame["recency_days"], model.cuts[0])
    # A single purchase is never frequent, also when most customers have but one.
    often = np.where(frame["frequency"] > 1, _third(frame["frequency"], model.cuts[1]), 0)
    table = np.array([[TERTILE_NAMES[r, f] for f in range(3)] for r in range(3)], dtype=object)
    return np.asarray(table[recent, often], dtype=object)


def _third(values: pd.Series, cuts: tuple[float, float]) -> Ints:
    """Give 0 below the first cut, 2 above the second, else 1: equal values share a third."""
    found = values.to_numpy(dtype=np.float64)
    return 1 + (found > cuts[1]).astype(np.int64) - (found < cuts[0]).astype(np.int64)


def _summaries(frame: pd.DataFrame, names: npt.NDArray[np.object_]) -> tuple[Segment, ...]:
    """Sum up each group, the one with the most revenue in 365 days first."""
    found = [
        Segment(
            name=str(name),
            size=len(rows),
            revenue_90=float(rows["value_90"].sum()),
            revenue_365=float(rows["value_365"].sum()),
            mean_recency_days=float(rows["recency_days"].mean()),
            mean_frequency=float(rows["frequency"].mean()),
            mean_value=float(rows["value"].mean()),
        )
        for name, rows in frame.groupby(names)
    ]
    return tuple(sorted(found, key=lambda each: (-each.revenue_365, each.name)))
