"""The six candidates on what is known of a customer: signs that must hold, calibration, reasons.

Not here: what the risk is and which moments it is learnt from (`churn.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from sklearn.linear_model import LogisticRegression

from jobs.analytics import candidates, spread
from jobs.analytics.candidates import BOOSTED, LINEAR, MEAN, NETWORK, SEED, TREE, VECTORS

if TYPE_CHECKING:
    import pandas as pd

    from jobs.analytics.features import Flags, Floats, Ints

FIT_ROWS = 50_000  # trees of 8 leaves learn nothing from more, and 10 fits are made
FOLDS = 3
LEVEL_COLUMNS = frozenset(
    {"trend"}
)  # a log ratio already; every other feature enters as log(1 + x)

# What a longer silence or a complaint may do to a risk. A coefficient of the other sign is an
# accident of collinear columns, and would give reasons that no one believes, such as "silent for
# 200 days, which lowers the risk".
# So it is with `trend`: newcomers' trends rise by nature and they often leave, so without a sign trees
# and the mean told "bought more lately, which raises the risk" of up to 32 in 49 (CDNOW, Online
# Retail); with it the area under the curve moves by -.0013 to +.0019.
# `tenure_days` has none: a longer one means loyalty, and with as many purchases a slower pace. In both
# sets the regression lets it raise, and a sign that forbids it costs up to .002.
SIGNS = {
    "recency_days": 1,
    "silence_days": 1,
    "silence_ratio": 1,
    "complaints_90": 1,
    "frequency": -1,
    "trend": -1,
}
BOOSTED_COLUMNS = (
    "recency_days",
    "frequency",
    "value",
    "mean_value",
    "tenure_days",
    "gap_days",
    "trend",
    "tickets_90",
    "complaints_90",
    "silence_days",
    "silence_ratio",
)
# In logarithms mean_value = value - frequency and gap_days = recency_days - silence_ratio: a line
# cannot use both.
LINEAR_COLUMNS = tuple(name for name in BOOSTED_COLUMNS if name not in {"mean_value", "gap_days"})
COLUMNS = {
    LINEAR: LINEAR_COLUMNS,
    TREE: BOOSTED_COLUMNS,
    VECTORS: LINEAR_COLUMNS,
    NETWORK: LINEAR_COLUMNS,
    BOOSTED: BOOSTED_COLUMNS,
    MEAN: LINEAR_COLUMNS,
}


class RiskModel(Protocol):
    """A fitted model: rows of transformed features in, log-odds out."""

    def used(self) -> Flags:
        """Tell for each column whether the model looks at it."""
        ...

    def log_odds(self, rows: Floats) -> Floats:
        """Give the log-odds of each row."""
        ...

    def contributions(self, rows: Floats, typical: Floats) -> Floats:
        """Give what each feature adds to each row's log-odds; 0 where it is missing."""
        ...


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Logistic regression on standardised columns; a missing value counts as the mean."""

    mean: Floats
    scale: Floats
    weights: Floats
    intercept: float

    def used(self) -> Flags:
        """Tell for each column whether it has a weight."""
        return np.asarray(self.weights != 0, dtype=np.bool_)

    def log_odds(self, rows: Floats) -> Floats:
        """Give the log-odds of each row."""
        standard = np.nan_to_num((rows - self.mean) / self.scale, nan=0.0)
        return np.asarray(standard @ self.weights + self.intercept, dtype=np.float64)

    def contributions(self, rows: Floats, typical: Floats) -> Floats:
        """Give coefficient x standardised deviation from the typical value, which is exact.

        For rows without missing values the contributions add up to the row's log-odds less those of
        the typical row.
        """
        deviation = (rows - typical) / self.scale * self.weights
        return np.asarray(np.nan_to_num(deviation, nan=0.0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class OtherModel:
    """Any other candidate; how it treats a missing value is its own affair."""

    model: candidates.Model
    width: int

    def used(self) -> Flags:
        """Count every column as looked at."""
        return np.ones(self.width, dtype=np.bool_)

    def log_odds(self, rows: Floats) -> Floats:
        """Give the log-odds of each row."""
        return self.model.log_odds(rows)

    def contributions(self, rows: Floats, typical: Floats) -> Floats:
        """Give the change in log-odds when one feature at a time is replaced by its typical value.

        Each figure answers "what if only this were usual"; unlike the linear model's they need not
        add up.
        """
        here = self.log_odds(rows)
        found = np.zeros_like(rows)
        for column, usual in enumerate(typical):
            other = ~(np.isnan(rows[:, column]) | (rows[:, column] == usual))
            if np.isnan(usual) or not other.any():
                continue
            changed = rows[other]
            changed[:, column] = usual
            found[other, column] = here[other] - self.log_odds(changed)
        return found


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A fitted model, its calibration (log-odds x slope + shift) and who stayed, in medians."""

    name: str
    columns: tuple[str, ...]
    model: RiskModel
    slope: float
    shift: float
    typical: Floats
    rows_trained: int

    def features(self) -> tuple[str, ...]:
        """Name the columns that the model looks at."""
        return tuple(np.array(self.columns)[self.model.used()].tolist())

    def probabilities(self, frame: pd.DataFrame) -> Floats:
        """Give each row's probability, in 0..1."""
        return sigmoid(
            self.slope * self.model.log_odds(transformed(frame, self.columns)) + self.shift
        )

    def contributions(self, frame: pd.DataFrame) -> Floats:
        """Give each feature's part of each row's calibrated log-odds, rows x columns."""
        usual = _curve(self.typical.reshape(1, -1).copy(), self.columns)[0]
        parts = self.model.contributions(transformed(frame, self.columns), usual)
        return np.asarray(self.slope * parts, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Sample:
    """Labelled rows: features, outcomes, and a season number that is 0 for the latest."""

    frame: pd.DataFrame
    outcomes: Flags
    season: Ints

    def take(self, keep: Flags) -> Sample:
        """Give the rows that are kept."""
        return Sample(self.frame[keep], self.outcomes[keep], self.season[keep])


def sigmoid(log_odds: Floats) -> Floats:
    """Turn log-odds into probabilities without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * log_odds)), dtype=np.float64)


def transformed(frame: pd.DataFrame, columns: tuple[str, ...]) -> Floats:
    """Give the columns as a model sees them: log(1 + x), or as they are in LEVEL_COLUMNS."""
    return _curve(frame[list(columns)].to_numpy(dtype=np.float64, copy=True), columns)


def _curve(values: Floats, columns: tuple[str, ...]) -> Floats:
    """Bend the columns of a raw matrix in place and return it."""
    for place, name in enumerate(columns):
        if name not in LEVEL_COLUMNS:
            values[:, place] = np.log1p(np.maximum(values[:, place], 0.0))
    return values


def varying(frame: pd.DataFrame, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out columns that are constant, missing throughout or copies of an earlier one."""
    kept: list[str] = []
    for name in columns:
        if frame[name].min() < frame[name].max() and not any(
            frame[name].equals(frame[other]) for other in kept
        ):
            kept.append(name)
    return tuple(kept)


def fit(name: str, sample: Sample, columns: tuple[str, ...]) -> RiskModel:
    """Fit one candidate on at most FIT_ROWS rows, drawn with a fixed seed."""
    rows, outcomes = transformed(sample.frame, columns), sample.outcomes
    if len(rows) > FIT_ROWS:
        drawn = np.random.default_rng(SEED).choice(len(rows), FIT_ROWS, replace=False)
        rows, outcomes = rows[drawn], outcomes[drawn]
    signs = [SIGNS.get(column, 0) for column in columns]
    if name == LINEAR or not columns:
        return _fit_linear(rows, outcomes, columns)
    if name == BOOSTED:
        model: candidates.Model = candidates.fit_boosted(rows, outcomes, signs)
    elif name == MEAN:
        trees = candidates.fit_boosted(rows, outcomes, signs)
        model = candidates.Mean(trees, _fit_linear(rows, outcomes, columns))
    else:
        model = candidates.fit_other(name, rows, outcomes)
    return OtherModel(model, len(columns))


def _fit_linear(rows: Floats, outcomes: Flags, columns: tuple[str, ...]) -> LinearModel:
    """Fit the regression, again and again without the columns that contradict SIGNS."""
    rows = np.where(np.isnan(rows).all(axis=0), 0.0, rows)
    mean, scale = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    standard = np.nan_to_num((rows - mean) / scale, nan=0.0)
    signs = np.array([SIGNS.get(name, 0) for name in columns])
    kept = np.ones(len(columns), dtype=bool)
    while kept.any():
        found = LogisticRegression(max_iter=500).fit(standard[:, kept], outcomes)
        weights = np.zeros(len(columns))
        weights[kept] = found.coef_[0]
        wrong = weights * signs < 0
        if not wrong.any():
            return LinearModel(mean, scale, weights, float(found.intercept_[0]))
        kept &= ~wrong
    rate = float(np.clip(outcomes.mean(), 1e-6, 1 - 1e-6))
    return LinearModel(mean, scale, np.zeros(len(columns)), float(np.log(rate / (1 - rate))))


def fit_calibrated(name: str, sample: Sample) -> Calibrated:
    """Fit one candidate on every season and calibrate it on the latest.

    The calibration rests on the latest season's customers as seen by models that were fitted
    without them (FOLDS groups of customers), because a model is too sure of the rows that it has
    learnt and the base rate moves with the season.
    """
    columns = varying(sample.frame, COLUMNS[name])
    latest = sample.season == 0
    slope, shift = candidates.platt(out_of_fold(name, sample, columns), sample.outcomes[latest])
    stayed = sample.frame[latest & ~sample.outcomes]
    return Calibrated(
        name=name,
        columns=columns,
        model=fit(name, sample, columns),
        slope=slope,
        shift=shift,
        typical=stayed[list(columns)].median().to_numpy(dtype=np.float64),
        rows_trained=min(len(sample.outcomes), FIT_ROWS),
    )


def out_of_fold(name: str, sample: Sample, columns: tuple[str, ...]) -> Floats:
    """Give the latest season's log-odds, each from a model that has not seen the customer."""
    customer = sample.frame["customer"].to_numpy(dtype=np.int64)
    known = np.unique(customer)
    fold_of: Ints = np.random.default_rng(SEED).permutation(len(known)) % FOLDS
    fold = fold_of[np.searchsorted(known, customer)]
    latest = sample.season == 0
    found = np.zeros(len(customer))
    answers = spread.over(_of_fold, (name, sample, columns, fold), range(FOLDS))
    for number, log_odds in enumerate(answers):
        found[latest & (fold == number)] = log_odds
    held: Floats = found[latest]
    return held


def _of_fold(shared: tuple[str, Sample, tuple[str, ...], Ints], number: int) -> Floats:
    """Give the log-odds of one group's latest rows from a model fitted on the other groups."""
    name, sample, columns, fold = shared
    model = fit(name, sample.take(fold != number), columns)
    asked = (sample.season == 0) & (fold == number)
    return model.log_odds(transformed(sample.frame[asked], columns))
