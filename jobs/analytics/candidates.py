"""The six ways of learning a yes or no from a matrix: fitting, log-odds, each column's part in them.

A matrix has NaN where a number is missing. Not here: how a table becomes a matrix (`encoding.py`),
which of the six is taken (`outcomes.py`, `churn.py`).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import SplineTransformer
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

if TYPE_CHECKING:
    from jobs.analytics.features import Flags, Floats

LINEAR = "logistic_regression"
TREE = "entropy_tree"
VECTORS = "support_vectors"
NETWORK = "neural_network"
BOOSTED = "gradient_boosting"
MEAN = "mean_of_boosting_and_regression"
CANDIDATES = (LINEAR, TREE, VECTORS, NETWORK, BOOSTED, MEAN)

SEED = 0
FAR = 8.0  # standard deviations: one typing error must not carry a row beyond all others
KNOTS = 5  # at the fifths of a number, so that a line bends where the customers are
NEAR = 0.02  # standard deviations between two knots: closer ones bend without limit
CURVED_ROWS = 4_000  # a radial kernel costs the square of the rows: beyond, vectors draw a plane
SLOW_ROWS = 20_000  # vectors and networks learn from at most so many rows, drawn at random
CERTAIN = 1e-6  # probabilities are kept so far from 0 and 1 before they become log-odds


@dataclass(frozen=True, slots=True)
class Before:
    """The methods of the models before: the one in use, and those that may not come again."""

    used: str = ""
    barred: frozenset[str] = frozenset()

    def allowed(self, ranked: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
        """Leave out the barred ones, unless there are no others."""
        return tuple(each for each in ranked if each[0] not in self.barred) or ranked


class Model(Protocol):
    """A fitted candidate: rows of a matrix in, log-odds out (of vectors, a distance)."""

    def log_odds(self, rows: Floats) -> Floats:
        """Give the log-odds of each row."""
        ...


class _Classifier(Protocol):
    def predict_proba(self, rows: Floats) -> Floats: ...


class _Separator(Protocol):
    def decision_function(self, rows: Floats) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Standard:
    """Columns less their mean over their deviation; a missing number counts as the mean.

    Nothing lies beyond the least and the most that were learnt from: a record older than all of
    those is taken for as old as the oldest, not judged by a line drawn on to where nobody was.
    """

    mean: Floats
    scale: Floats
    low: Floats
    high: Floats

    def __call__(self, rows: Floats) -> Floats:
        """Give the standardised rows."""
        known = np.clip(rows, self.low, self.high)
        return np.nan_to_num(np.clip((known - self.mean) / self.scale, -FAR, FAR), nan=0.0)


@dataclass(frozen=True, slots=True)
class Additive:
    """Logistic regression on each column and, for the smooth ones, on splines of it.

    A row's log-odds are a sum over columns, so that what a column adds is exact.
    """

    standard: Standard
    smooth: Flags
    splines: SplineTransformer | None
    weights: Floats
    bends: Floats
    intercept: float

    def log_odds(self, rows: Floats) -> Floats:
        """Give the log-odds of each row."""
        return np.asarray(self.parts(rows).sum(axis=1) + self.intercept, dtype=np.float64)

    def parts(self, rows: Floats) -> Floats:
        """Give what each column adds to each row's log-odds, rows x columns."""
        standard = self.standard(rows)
        found = standard * self.weights
        if self.splines is not None:
            bent = self.splines.transform(standard[:, self.smooth]) * self.bends
            count = int(self.smooth.sum())
            found[:, self.smooth] += bent.reshape(len(rows), count, -1).sum(axis=2)
        return found


@dataclass(frozen=True, slots=True)
class Judged:
    """A classifier of scikit-learn that gives probabilities."""

    standard: Standard | None
    classifier: _Classifier

    def log_odds(self, rows: Floats) -> Floats:
        """Give the log-odds of each row."""
        seen = rows if self.standard is None else self.standard(rows)
        chance = np.clip(self.classifier.predict_proba(seen)[:, 1], CERTAIN, 1 - CERTAIN)
        return np.asarray(np.log(chance / (1 - chance)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Separated:
    """Support vectors: the distance from the border, which calibration turns into log-odds."""

    standard: Standard
    separator: _Separator

    def log_odds(self, rows: Floats) -> Floats:
        """Give the distance of each row from the border."""
        return np.asarray(self.separator.decision_function(self.standard(rows)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Leaves:
    """A pruned entropy tree; a leaf's log-odds count one more of each outcome than it holds."""

    tree: DecisionTreeClassifier

    def log_odds(self, rows: Floats) -> Floats:
        """Give the log-odds of each row."""
        chance = self.tree.predict_proba(rows)[:, 1]
        size = self.tree.tree_.n_node_samples[self.tree.apply(rows)]
        return np.asarray(np.log((chance * size + 1) / ((1 - chance) * size + 1)))


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of two models' log-odds."""

    one: Model
    other: Model

    def log_odds(self, rows: Floats) -> Floats:
        """Give the log-odds of each row."""
        return (self.one.log_odds(rows) + self.other.log_odds(rows)) / 2


def standard_of(rows: Floats) -> Standard:
    """Take the columns' means and deviations, 0 and 1 where there is nothing to take."""
    filled = np.where(np.isnan(rows).all(axis=0), 0.0, rows)
    scale = np.nanstd(filled, axis=0)
    low, high = np.nanmin(filled, axis=0), np.nanmax(filled, axis=0)
    return Standard(np.nanmean(filled, axis=0), np.where(scale > 0, scale, 1.0), low, high)


def fit(name: str, rows: Floats, outcomes: Flags, smooth: Flags) -> Model:
    """Fit a candidate; `smooth` tells along which columns a line may bend.

    Where there is no column, which a part of few rows may come to, every row has the base rate.
    """
    if not rows.shape[1]:
        return _constant(outcomes)
    if name == LINEAR:
        return fit_additive(rows, outcomes, smooth)
    if name == BOOSTED:
        return fit_boosted(rows, outcomes)
    if name == MEAN:
        return Mean(fit_boosted(rows, outcomes), fit_additive(rows, outcomes, smooth))
    return fit_other(name, rows, outcomes)


def fit_all(rows: Floats, outcomes: Flags, smooth: Flags) -> dict[str, Model]:
    """Fit every candidate; the mean is that of the two already fitted."""
    found = {name: fit(name, rows, outcomes, smooth) for name in CANDIDATES if name != MEAN}
    return {**found, MEAN: Mean(found[BOOSTED], found[LINEAR])}


def _constant(outcomes: Flags) -> Additive:
    nothing, rate = np.zeros(0), float(outcomes.mean())
    odds = float(np.log(rate / (1 - rate)))
    standard = Standard(nothing, nothing, nothing, nothing)
    return Additive(standard, nothing > 0, None, nothing, nothing, odds)


def fit_additive(rows: Floats, outcomes: Flags, smooth: Flags) -> Additive:
    """Fit the regression with a light penalty, which the splines need."""
    standard = standard_of(rows)
    seen = standard(rows)
    smooth = smooth & (seen.std(axis=0) > 0)
    splines = None
    design = seen
    if smooth.any():
        splines = SplineTransformer(knots=_knots(seen[:, smooth]), extrapolation="linear")
        design = np.hstack([seen, splines.fit_transform(seen[:, smooth])])
    found = LogisticRegression(C=0.1, max_iter=1000).fit(design, outcomes)
    weights, bends = np.split(found.coef_[0], [rows.shape[1]])
    return Additive(standard, smooth, splines, weights, bends, float(found.intercept_[0]))


def _knots(columns: Floats) -> Floats:
    """Put the knots at quantiles, or evenly where many equal values would bring two together."""
    shares = np.linspace(0, 1, KNOTS)
    found = np.quantile(columns, shares, axis=0)
    low, high = columns.min(axis=0), columns.max(axis=0)
    even = low + shares[:, None] * (high - low)
    return np.where(np.diff(found, axis=0).min(axis=0) >= NEAR, found, even)


def fit_boosted(rows: Floats, outcomes: Flags, signs: list[int] | None = None) -> Judged:
    """Fit small boosted trees, a third of the columns at a split; a missing value has its branch."""
    trees = HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=150,
        max_leaf_nodes=8,
        max_features=0.3,
        early_stopping=False,
        monotonic_cst=signs,
        random_state=SEED,
    )
    known = np.where(np.isnan(rows).all(axis=0), 0.0, rows)  # it refuses empty columns
    return Judged(None, trees.fit(known, outcomes))


def fit_other(name: str, rows: Floats, outcomes: Flags) -> Model:
    """Fit the tree, the vectors or the network."""
    if name == TREE:
        return _fit_tree(rows, outcomes)
    if len(rows) > SLOW_ROWS:
        drawn = np.random.default_rng(SEED).choice(len(rows), SLOW_ROWS, replace=False)
        rows, outcomes = rows[drawn], outcomes[drawn]
    standard = standard_of(rows)
    if name == NETWORK:
        return Judged(standard, _fit_network(standard(rows), outcomes))
    return Separated(standard, _fit_vectors(standard(rows), outcomes))


def _fit_tree(rows: Floats, outcomes: Flags) -> Leaves:
    """Fit a tree of at most 32 leaves, pruned where a split gains less than a thousandth."""
    tree = DecisionTreeClassifier(
        criterion="entropy",
        max_leaf_nodes=32,
        min_samples_leaf=max(10, len(rows) // 150),
        ccp_alpha=0.001,
        random_state=SEED,
    )
    return Leaves(tree.fit(rows, outcomes))


def _fit_network(rows: Floats, outcomes: Flags) -> MLPClassifier:
    """Fit sixteen units, stopped when a tenth of the rows no longer gains."""
    network = MLPClassifier(
        (16,),
        alpha=1.0,
        learning_rate_init=0.003,
        early_stopping=True,
        n_iter_no_change=8,
        random_state=SEED,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 200 rounds are enough, done or not
        return network.fit(rows, outcomes)


def _fit_vectors(rows: Floats, outcomes: Flags) -> _Separator:
    """Fit a radial border, or a plane where the rows are too many for it."""
    if len(rows) <= CURVED_ROWS:
        found: _Separator = SVC(C=0.3, gamma=0.4 / max(1, rows.shape[1])).fit(rows, outcomes)
        return found
    plane: _Separator = LinearSVC(C=0.01, random_state=SEED).fit(rows, outcomes)
    return plane


def platt(log_odds: Floats, outcomes: Flags) -> tuple[float, float]:
    """Fit slope and shift (Platt 1999); a falling slope means no knowledge: the base rate."""
    found = LogisticRegression(C=1e6, max_iter=500).fit(log_odds.reshape(-1, 1), outcomes)
    slope = float(found.coef_[0, 0])
    if slope > 0:
        return slope, float(found.intercept_[0])
    rate = float(outcomes.mean())
    return 0.0, float(np.log(rate / (1 - rate)))
