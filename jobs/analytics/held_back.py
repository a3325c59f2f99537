"""What suggestions would have been worth on a day that was held back: the protocol and its figures.

The protocol is “last day out”: of each tested customer the last day of buying is held back, and what
they took on it is compared with what is suggested from everything they bought before. “New” is what
they had never bought before that day. Purchases of the other customers stay in, also later ones, as
with the figures it is compared with; what sold lately is always counted before the day.
Not here: what is suggested (`suggestions.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jobs.analytics.bought import Bought, Pairs, matrix

if TYPE_CHECKING:
    import numpy.typing as npt

    from jobs.analytics.features import Flags, Floats, Ints

    Bools = npt.NDArray[np.bool_]

TOP = 10
TESTED = 3_000  # customers whose day is held back, at most: ten times more changes the third digit
SURE = 1.64  # standard errors: one chance in twenty that no difference looks like this one


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Some customers' last day and what they took on it.

    Attributes:
        rows: places of the customers.
        on: the day of each.
        taken: customers of `rows` x items, ones.
        known: the same shape: what they had bought before.
    """

    rows: Ints
    on: Ints
    taken: Any
    known: Any

    def new(self) -> Any:  # noqa: ANN401 - as SciPy's
        """Give what was taken and had not been bought before."""
        return self.taken - self.taken.multiply(self.known)

    def again(self) -> Any:  # noqa: ANN401 - as SciPy's
        """Give what was taken and had been bought before."""
        return self.taken.multiply(self.known).tocsr()


@dataclass(frozen=True, slots=True)
class Figures:
    """How good the first ten suggestions were, a mean over the customers who took such an item.

    `precision` is the share of the ten that was taken, `hit` the share of customers who took one of
    them, `ndcg` rewards the early places (1 is best). `by_place` is over all tested customers: how
    often the suggestion at each place was taken.
    """

    customers: int
    precision: float
    ndcg: float
    hit: float
    by_place: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """The figures, each customer's own share of them, and what was taken: customers x TOP."""

    figures: Figures
    ndcg: Floats
    hits: Bools


def hold_back(bought: Bought, seed: int, most: int = TESTED) -> tuple[Bought, HeldBack]:
    """Take the last day from some customers who bought on two days or more.

    Returns:
        What is left to learn from, and what was held back.
    """
    last = np.full(len(bought.customers), np.iinfo(np.int64).min)
    first = np.full(len(bought.customers), np.iinfo(np.int64).max)
    np.maximum.at(last, bought.row, bought.day)
    np.minimum.at(first, bought.row, bought.day)
    rows = np.flatnonzero(last > first)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    tested = np.zeros(len(last), bool)
    tested[rows] = True
    out = tested[bought.row] & (bought.day == last[bought.row])
    left = bought.kept(~out)
    shape = len(bought.customers), len(bought.items)
    taken, known = (matrix(each.pairs(), shape)[rows] for each in (bought.kept(out), left))
    return left, HeldBack(rows, last[rows], taken, known)


def first_places(scores: npt.NDArray[np.float32], count: int) -> Ints:
    """Give the places of the highest scores of each row, highest first; -1 where the score is -inf."""
    count = min(count, scores.shape[1])
    top = np.argpartition(-scores, count - 1, axis=1)[:, :count] if count else scores[:, :0]
    top = np.sort(top, axis=1).astype(np.int64)  # equals in the order of the items
    found = np.take_along_axis(scores, top, axis=1)
    order = np.argsort(-found, axis=1, kind="stable")
    places = np.take_along_axis(top, order, axis=1)
    return np.where(np.isneginf(np.take_along_axis(found, order, axis=1)), -1, places)


def judge(suggested: Ints, taken: Any) -> Judged:  # noqa: ANN401 - as SciPy's
    """Compare suggestions with what was taken.

    Args:
        suggested: customers x places, items; -1 is no suggestion.
        taken: customers x items, ones.
    """
    width = min(TOP, suggested.shape[1])
    hits = np.zeros((suggested.shape[0], TOP), bool)
    first = np.arange(suggested.shape[0]) * taken.shape[1]
    rows, items = taken.nonzero()
    hits[:, :width] = np.isin(first[:, None] + suggested[:, :width], first[rows] + items)
    hits[:, :width] &= suggested[:, :width] >= 0
    count = np.asarray(taken.sum(axis=1)).ravel().astype(np.int64)
    took = count > 0
    discount = 1 / np.log2(np.arange(2, TOP + 2))
    best = np.cumsum(discount)[np.clip(count[took], 1, TOP) - 1]
    ndcg = (hits[took] * discount).sum(axis=1) / best
    return Judged(_figures(hits, took, ndcg), ndcg, hits)


def _figures(hits: Bools, took: Flags, ndcg: Floats) -> Figures:
    by_place = tuple(hits.mean(axis=0).tolist()) if len(hits) else (0.0,) * TOP
    if not took.any():
        return Figures(0, 0.0, 0.0, 0.0, by_place)
    mine = hits[took]
    return Figures(
        int(took.sum()),
        float(mine.mean()),
        float(ndcg.mean()),
        float(mine.any(axis=1).mean()),
        by_place,
    )


def surely_better(one: Judged, other: Judged) -> bool:
    """Tell whether the first ranking was better for the same customers by more than chance gives."""
    gain = one.ndcg - other.ndcg
    if len(gain) < 2:  # noqa: PLR2004 - one customer has no spread
        return False
    return bool(gain.mean() > SURE * gain.std(ddof=1) / np.sqrt(len(gain)))


def ragged(pairs: Pairs, rows: int, scores: Floats, count: int) -> Ints:
    """Give the `count` pairs with the highest scores of each row, as places in `pairs`; -1 is none."""
    order = np.lexsort((pairs.item, -scores, pairs.row))
    row = pairs.row[order]
    starts = np.searchsorted(row, np.arange(rows))
    place = np.arange(len(order)) - starts[row]
    found = np.full((rows, count), -1, np.int64)
    inside = place < count
    found[row[inside], place[inside]] = order[inside]
    return found
