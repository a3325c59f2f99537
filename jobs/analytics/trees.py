"""Decision trees by entropy, of the family of ID3 and C4.5, and the rules that can be read from them.

ID3 (Quinlan, Induction of Decision Trees, 1986) takes the split with the largest gain of information;
C4.5 (Quinlan, C4.5: Programs for Machine Learning, 1993) takes the largest gain ratio among those
with at least the average gain, sends a row whose value is not known down all branches by their
weight, and prunes what a pessimistic estimate of the errors does not justify. Words are split into
as many branches as there are, numbers into two.

Frames in, frozen values out; the words for people stand in the handlers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from jobs.analytics.quality import Quality, measure

if TYPE_CHECKING:
    import pandas as pd

Numbers: TypeAlias = "np.ndarray[tuple[int], np.dtype[Any]]"
MIN_ROWS, MIN_CLASS = 40, 10
MAX_DEPTH = 5
CONFIDENCE = 0.25  # of C4.5's pessimistic errors
SMOOTHING = 10.0  # rows by which a leaf is drawn towards the share above it
HELD_BACK = 1 / 3
_FOLDS = 3
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Condition:
    """What is asked of one field: a word, or a number above `low` and at most `high`."""

    feature: str
    level: str | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """A question: is `feature` at most `threshold` or above it, or which of `levels` is it.

    `gain` is in bits; `gain_ratio` is it over the information of the split itself.
    """

    feature: str
    threshold: float | None
    levels: tuple[str, ...]
    gain: float
    gain_ratio: float

    def answers(self) -> list[Condition]:
        """Return what holds down each branch."""
        if self.threshold is None:
            return [Condition(self.feature, level=level) for level in self.levels]
        low, high = (
            Condition(self.feature, high=self.threshold),
            Condition(self.feature, low=self.threshold),
        )
        return [low, high]


@dataclass(frozen=True, slots=True)
class Node:
    """Some of the rows, by weight, and the question that parts them, with a child per answer."""

    rows: float
    positives: float
    split: Split | None = None
    children: tuple[Node, ...] = ()

    @property
    def share(self) -> float:
        """How many of the rows have the outcome."""
        return self.positives / self.rows if self.rows else 0.0

    def leaves(self) -> Iterator[Node]:
        """Yield the nodes that ask nothing."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


@dataclass(frozen=True, slots=True)
class Rule:
    """The rows for which all conditions are known to hold, and how many of them have the outcome."""

    conditions: tuple[Condition, ...]
    rows: int
    positives: int


@dataclass(frozen=True, slots=True)
class Options:
    """How a tree is grown: `ratio` and `prune` make it C4.5, without both it is ID3.

    `least` rows must go down at least two branches.
    """

    least: float = 2.0
    ratio: bool = True
    prune: bool = True
    depth: int = MAX_DEPTH


ID3 = Options(least=1.0, ratio=False, prune=False, depth=100)


@dataclass(frozen=True, slots=True)
class Learnt:
    """A tree, or the reason why there is none.

    Attributes:
        why: empty, `too_few_rows`, `too_few_of_a_class`, `nothing_found` (no question is worth
            asking) or `not_better_than_base_rate` (on rows that the tree had not seen).
        root: the tree over all rows; without questions where `why` is not empty.
        rules: strongest and largest first; empty where `why` is not.
        importance: share of all information gained, by field.
        quality: on rows held back.
        by_time: whether these were the latest rows, else random ones.
    """

    why: str
    root: Node
    rules: tuple[Rule, ...]
    importance: tuple[tuple[str, float], ...]
    quality: Quality | None
    by_time: bool

    @property
    def usable(self) -> bool:
        """Whether the tree says more than the average does."""
        return not self.why


def learn(frame: pd.DataFrame, outcomes: np.ndarray, moments: np.ndarray) -> Learnt:
    """Grow a pruned tree, if there are rows enough and it says more than the average of rows it has not seen.

    Args:
        frame: float columns with NaN where unknown, object columns of words with None.
        outcomes: bools, one per row.
        moments: when each row was looked at; where they differ the latest third is held back, else
            every third of the rows in turn, parted at random with a fixed seed.
    """
    outcomes = outcomes.astype(bool)
    rows, positives = len(outcomes), int(outcomes.sum())
    none = Learnt("", Node(rows, positives), (), (), None, by_time=False)
    if rows < MIN_ROWS:
        return replace(none, why="too_few_rows")
    if min(positives, rows - positives) < MIN_CLASS:
        return replace(none, why="too_few_of_a_class")
    options = Options(least=max(5.0, rows / 100))
    quality, by_time = _held_back(frame, outcomes, moments, options)
    tried = replace(none, quality=quality, by_time=by_time)
    root = grow(frame, outcomes, options)
    if root.split is None:
        return replace(tried, why="nothing_found")
    if quality is None or not quality.usable:
        return replace(tried, why="not_better_than_base_rate")
    found = rules(root, frame, outcomes)
    return replace(tried, root=root, rules=found, importance=importance(root))


def grow(frame: pd.DataFrame, outcomes: np.ndarray, options: Options) -> Node:
    """Grow a tree over all rows."""
    columns = [_Column.of(name, frame[name]) for name in frame.columns]
    return _Growing(columns, outcomes.astype(np.float64), options).node(
        np.arange(len(outcomes)), np.ones(len(outcomes)), options.depth
    )


def gains(frame: pd.DataFrame, outcomes: np.ndarray) -> dict[str, Split]:
    """Return the best split of all rows by each field; a field that cannot part them has none."""
    growing = _Growing(
        [_Column.of(name, frame[name]) for name in frame.columns],
        outcomes.astype(np.float64),
        ID3,
    )
    return {
        found.feature: found
        for found in growing.splits(np.arange(len(outcomes)), np.ones(len(outcomes)))
    }


def probabilities(root: Node, frame: pd.DataFrame) -> Numbers:
    """Return the chance of the outcome for each row, each leaf drawn a little towards what stands above it."""
    columns = {name: frame[name].to_numpy() for name in frame.columns}
    return _reach(root, root.share, columns, np.ones(len(frame)))


def rules(root: Node, frame: pd.DataFrame, outcomes: np.ndarray) -> tuple[Rule, ...]:
    """Read the leaves as rules, those first that differ most from the average of all for their size."""
    base = float(outcomes.mean())
    found = []
    for conditions in _paths(root, ()):
        holds = np.ones(len(frame), dtype=bool)
        for condition in conditions:
            holds &= _holds(condition, frame[condition.feature].to_numpy())
        if holds.any():
            found.append(Rule(conditions, int(holds.sum()), int(outcomes[holds].sum())))
    return tuple(sorted(found, key=lambda rule: -_strength(rule, base)))


def importance(root: Node) -> tuple[tuple[str, float], ...]:
    """Return the share of the information gained that each field brought, the largest first."""
    total: dict[str, float] = {}
    for node in _inner(root):
        assert node.split  # noqa: S101 - an inner node asks
        total[node.split.feature] = total.get(node.split.feature, 0.0) + node.rows * node.split.gain
    whole = sum(total.values())
    shares = ((name, float(gained / whole)) for name, gained in total.items())
    return tuple(sorted(shares, key=lambda each: (-each[1], each[0])))


def extra_errors(rows: float, errors: float, confidence: float = CONFIDENCE) -> float:
    """Return how many errors more than seen C4.5 expects of a leaf: the upper end of a one-sided interval.

    Quinlan's `AddErrs`: exact for no error, the normal approximation with continuity correction
    from one error on, straight between.
    """
    if errors < 1:
        none = rows * (1 - math.pow(confidence, 1 / rows))
        if errors == 0 or rows <= 1:
            return none
        return none + errors * (extra_errors(rows, 1, confidence) - none)
    if errors + 0.5 >= rows:
        return max(rows - errors, 0.0)
    z = NormalDist().inv_cdf(1 - confidence)
    seen = (errors + 0.5) / rows
    spread = z * math.sqrt(seen / rows - seen**2 / rows + z**2 / (4 * rows**2))
    upper = (seen + z**2 / (2 * rows) + spread) / (1 + z**2 / rows)
    return upper * rows - errors


def entropy(positives: Numbers | float, rows: Numbers | float) -> Numbers:
    """Return the entropy in bits of groups with so many positives among so many rows; 0 for none."""
    share = np.divide(positives, rows, out=np.zeros(np.shape(rows)), where=np.asarray(rows) > 0)
    share = np.clip(share, _EPSILON / 10, 1 - _EPSILON / 10)
    bits: Numbers = -(share * np.log2(share) + (1 - share) * np.log2(1 - share))
    return np.where(bits < _EPSILON, 0.0, bits)


@dataclass(frozen=True, slots=True)
class _Column:
    """A field of all rows; words as codes, -1 where not known, with `levels` in alphabetical order."""

    name: str
    levels: tuple[str, ...]
    cells: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, name: str, values: pd.Series) -> _Column:
        if values.dtype.kind == "f":
            numbers = values.to_numpy()
            return cls(name, (), numbers, ~np.isnan(numbers))
        levels = tuple(sorted(values.dropna().unique()))
        place = {level: code for code, level in enumerate(levels)}
        codes = np.asarray([place.get(value, -1) for value in values.to_numpy()], dtype=np.int64)
        return cls(name, levels, codes, codes >= 0)


class _Growing:
    """A tree while it grows; rows are indices with a weight each."""

    def __init__(self, columns: Sequence[_Column], outcomes: Numbers, options: Options) -> None:
        self.columns = columns
        self.outcomes = outcomes
        self.options = options
        share = min(max(float(outcomes.mean()), _EPSILON), 1 - _EPSILON)
        # Errors count as if both outcomes were equally frequent: with 1 leaver in 10 nearly every
        # leaf would stay, and what tells 3 in 10 from 1 in 20 would be pruned.
        self.costs = (0.5 / (1 - share), 0.5 / share)

    def node(self, rows: np.ndarray, weights: Numbers, depth: int) -> Node:
        leaf = Node(float(weights.sum()), float(weights @ self.outcomes[rows]))
        if depth == 0 or min(leaf.positives, leaf.rows - leaf.positives) < _EPSILON:
            return leaf
        split = self._choose(rows, weights)
        if split is None:
            return leaf
        children = tuple(
            self.node(rows[part > _EPSILON], part[part > _EPSILON], depth - 1)
            for part in self._parts(split, rows, weights)
        )
        grown = replace(leaf, split=split, children=children)
        if self.options.prune and self._pessimistic(leaf) <= self._below(grown) + 0.1:
            return leaf
        return grown

    def splits(self, rows: np.ndarray, weights: Numbers) -> Iterator[Split]:
        for column in self.columns:
            found = self._split(column, rows, weights)
            if found is not None and found.gain > _EPSILON:
                yield found

    def _choose(self, rows: np.ndarray, weights: Numbers) -> Split | None:
        found = list(self.splits(rows, weights))
        if not found:
            return None
        if not self.options.ratio:
            return max(found, key=_gain)
        average = sum(split.gain for split in found) / len(found)
        worthy = [split for split in found if split.gain >= average - _EPSILON]
        return max(worthy, key=_ratio)

    def _split(self, column: _Column, rows: np.ndarray, weights: Numbers) -> Split | None:
        known = column.known[rows]
        if not known.any():
            return None
        values, weight = column.cells[rows][known], weights[known]
        outcome = self.outcomes[rows][known]
        missing = float(weights.sum() - weight.sum())
        if column.levels:
            return self._by_word(column, values, weight, outcome, missing)
        return self._by_number(column, values, weight, outcome, missing)

    def _by_word(
        self, column: _Column, codes: np.ndarray, weight: Numbers, outcome: Numbers, missing: float
    ) -> Split | None:
        size = len(column.levels)
        sizes = np.bincount(codes, weight, size)
        positives = np.bincount(codes, weight * outcome, size)
        if (sizes >= self.options.least).sum() < 2:  # noqa: PLR2004 - a split has two sides
            return None
        levels = tuple(
            level for level, rows in zip(column.levels, sizes, strict=True) if rows > _EPSILON
        )
        gain, ratio = _worth(positives[sizes > _EPSILON], sizes[sizes > _EPSILON], missing)
        return Split(column.name, None, levels, gain, ratio)

    def _by_number(
        self, column: _Column, values: Numbers, weight: Numbers, outcome: Numbers, missing: float
    ) -> Split | None:
        order = np.argsort(values, kind="stable")
        values, weight, outcome = values[order], weight[order], outcome[order]
        below, positive = np.cumsum(weight), np.cumsum(weight * outcome)
        whole, positives = below[-1], positive[-1]
        least = self.options.least - _EPSILON
        cuts = (values[:-1] < values[1:]) & (below[:-1] >= least) & (whole - below[:-1] >= least)
        at = np.flatnonzero(cuts)
        if not len(at):
            return None
        after = below[at] * entropy(positive[at], below[at])
        after += (whole - below[at]) * entropy(positives - positive[at], whole - below[at])
        best = int(at[np.argmin(after)])
        sizes = np.array([below[best], whole - below[best]])
        hits = np.array([positive[best], positives - positive[best]])
        # A number can be cut in many places; C4.5 (release 8) charges for the choice among them.
        price = math.log2(len(at)) / (whole + missing) if self.options.ratio else 0.0
        gain, ratio = _worth(hits, sizes, missing, price)
        return Split(
            column.name, self._cut(column, values[best], values[best + 1]), (), gain, ratio
        )

    def _cut(self, column: _Column, low: float, high: float) -> float:
        """Return the largest number that occurs anywhere up to the middle of the gap, as C4.5 does."""
        numbers = column.cells[column.known]
        return float(numbers[numbers <= (low + high) / 2].max())

    def _parts(self, split: Split, rows: np.ndarray, weights: Numbers) -> list[Numbers]:
        """Return the weights that go down each branch; unknown rows go down all, by their weight."""
        column = next(column for column in self.columns if column.name == split.feature)
        known, values = column.known[rows], column.cells[rows]
        if split.threshold is not None:
            low = known & (values <= split.threshold)
            masks = [low, known & ~low]
        else:
            masks = [values == column.levels.index(level) for level in split.levels]
        whole = float(weights[known].sum())
        shares = [float(weights[mask].sum()) / whole for mask in masks]
        return [
            np.where(known, weights * mask, weights * share)
            for mask, share in zip(masks, shares, strict=True)
        ]

    def _pessimistic(self, leaf: Node) -> float:
        wrong_no = leaf.positives * self.costs[1]
        wrong_yes = (leaf.rows - leaf.positives) * self.costs[0]
        errors, rows = min(wrong_no, wrong_yes), wrong_no + wrong_yes
        return errors + extra_errors(rows, errors)

    def _below(self, node: Node) -> float:
        return sum(self._pessimistic(leaf) for leaf in node.leaves())


def _gain(split: Split) -> float:
    return split.gain


def _ratio(split: Split) -> float:
    return split.gain_ratio


def _worth(
    positives: Numbers, sizes: Numbers, missing: float, price: float = 0.0
) -> tuple[float, float]:
    """Return gain and gain ratio of a split into groups, with `missing` rows of unknown value beside them."""
    known = float(sizes.sum())
    whole = known + missing
    before = float(entropy(float(positives.sum()), known))
    after = float((sizes * entropy(positives, sizes)).sum()) / known
    gain = known / whole * (before - after) - price
    parts = np.append(sizes, missing)
    parts = parts[parts > _EPSILON] / whole
    information = float(-(parts * np.log2(parts)).sum())
    return gain, gain / information if information > _EPSILON else 0.0


def _reach(node: Node, above: float, columns: dict[str, np.ndarray], weights: Numbers) -> Numbers:
    """Return what a node adds to the chance of each row, of which so much arrives there."""
    share = (node.positives + SMOOTHING * above) / (node.rows + SMOOTHING)
    if node.split is None:
        return weights * share
    values = columns[node.split.feature]
    masks = [_holds(condition, values) for condition in node.split.answers()]
    lost = ~np.logical_or.reduce(masks)
    found = np.zeros(len(weights))
    for child, mask in zip(node.children, masks, strict=True):
        part = np.where(lost, weights * child.rows / node.rows, weights * mask)
        found += _reach(child, share, columns, part)
    return found


def _holds(condition: Condition, values: np.ndarray) -> np.ndarray:
    if condition.level is not None:
        return np.asarray(values == condition.level, dtype=bool)
    numbers = values.astype(np.float64)
    holds = ~np.isnan(numbers)
    if condition.low is not None:
        holds &= numbers > condition.low
    if condition.high is not None:
        holds &= numbers <= condition.high
    return holds


def _paths(node: Node, above: tuple[Condition, ...]) -> Iterator[tuple[Condition, ...]]:
    if node.split is None:
        if above:
            yield above
        return
    for answer, child in zip(node.split.answers(), node.children, strict=True):
        yield from _paths(child, _joined(above, answer))


def _joined(above: tuple[Condition, ...], new: Condition) -> tuple[Condition, ...]:
    """Add a condition; two about one number become one."""
    old = next((each for each in above if each.feature == new.feature), None)
    if old is None or new.level is not None:
        return (*above, new)
    lows = [low for low in (old.low, new.low) if low is not None]
    highs = [high for high in (old.high, new.high) if high is not None]
    joined = replace(old, low=max(lows, default=None), high=min(highs, default=None))
    return tuple(joined if each is old else each for each in above)


def _strength(rule: Rule, base: float) -> float:
    return abs(rule.positives / rule.rows - base) * math.sqrt(rule.rows)


def _inner(node: Node) -> Iterator[Node]:
    if node.split is not None:
        yield node
    for child in node.children:
        yield from _inner(child)


def _held_back(
    frame: pd.DataFrame, outcomes: np.ndarray, moments: np.ndarray, options: Options
) -> tuple[Quality | None, bool]:
    """Measure trees on rows that they had not seen."""
    order = np.argsort(moments, kind="stable")
    start = int(len(order) * (1 - HELD_BACK))
    late = moments >= moments[order[start]]
    if _both(outcomes[late]) and _both(outcomes[~late]):
        root = grow(frame[~late], outcomes[~late], options)
        return measure(outcomes[late], probabilities(root, frame[late])), True
    folds = np.random.default_rng(0).permutation(len(outcomes)) % _FOLDS
    found = np.zeros(len(outcomes))
    for fold in range(_FOLDS):
        test = folds == fold
        if not _both(outcomes[~test], 1):
            return None, False
        root = grow(frame[~test], outcomes[~test], options)
        found[test] = probabilities(root, frame[test])
    return measure(outcomes, found), False


def _both(outcomes: np.ndarray, least: int = 5) -> bool:
    positives = int(outcomes.sum())
    return min(positives, len(outcomes) - positives) >= least
