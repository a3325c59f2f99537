"""How an amount, or the chance of an outcome, goes with chosen fields: linear and logistic regression.

Each figure holds with the other fields at rest, and is no cause. Intervals are 95 %: for amounts
with the HC3 errors of MacKinnon and White (1985), which hold where large amounts vary more than
small ones, and Student's t; for outcomes those of Wald. Words are compared with the most common word.

Frames in, frozen values out; the words for people stand in the handlers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy.special import expit, stdtrit

from jobs.analytics.quality import Quality, measure

if TYPE_CHECKING:
    import pandas as pd

Numbers: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"
MIN_ROWS, MIN_CLASS = 30, 15
ROWS_EACH = 10  # rows, or rows of the rarer outcome, for each figure that is estimated
LEAST_KNOWN = 0.8  # the share of rows in which a field must be known
ALIKE = 0.9  # R² by the fields before it from which a field says nothing of its own: a VIF of 10
MOST_FIELDS = 6  # that are taken where nobody chose
PERSISTENT = 0.5  # of what one period leaves unexplained, in the next: from there chance looks like an effect
UNKNOWN = ""
_SURE = 0.975
_CLEARLY = 2.33  # standard errors: chance alone passes once in a hundred
_SKEWED = 1.0
_FOLDS = 5
_STEPS = 50
_BOUNDLESS = 12.0  # a log-odds of one standard deviation beyond which an outcome is parted for good

_CERTAIN = 30.0  # log-odds that are told, at most


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients of least squares, with the classical and the HC3 standard errors."""

    coefficients: Numbers
    classical: Numbers
    robust: Numbers
    freedom: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What goes with a field: `step` more of a number, or the word `level` in place of `reference`.

    Attributes:
        estimate: the difference in the target; a factor minus 1 where `log`, a factor of the odds
            for outcomes.
        low: of the 95 % interval, as `estimate`.
        high: of the 95 % interval, as `estimate`.
        clear: whether the interval leaves no doubt about the direction.
        rows: with this word; all for a number.
    """

    feature: str
    step: float
    level: str | None
    reference: str | None
    estimate: float
    low: float
    high: float
    clear: bool
    rows: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """A field that was not used, and why.

    `hardly_known`, `same_as` (it says what `other` says), `too_few_rows`, `always_alike`, or
    `parts_all` (the outcome is certain by it).
    """

    feature: str
    why: str
    other: str = ""


@dataclass(frozen=True, slots=True)
class Regression:
    """What goes with the target, or the reason why nothing can be said.

    Attributes:
        why: empty, `too_few_rows`, `too_few_of_a_class`, `no_fields`,
            `not_better_than_average` (on rows that were held back), or `follow_each_other` (what
            is left unexplained lasts from period to period).
        log: effects are shares of the amount, for amounts that are skewed.
        rows: that were used; rows with an unknown number are not.
        average: of the target; of a skewed one the geometric mean.
        effects: in the order of the fields, clear ones first.
        error: mean absolute error on rows held back, None for outcomes.
        average_error: that of always saying the average.
        quality: of the chances on rows held back, None for amounts.
        chosen: whether the fields were picked by the data, on rows that the figures do not come from.
    """

    why: str
    log: bool
    rows: int
    average: float
    effects: tuple[Effect, ...]
    dropped: tuple[Dropped, ...]
    error: float | None
    average_error: float | None
    quality: Quality | None
    chosen: bool

    @property
    def usable(self) -> bool:
        """Whether the fields say more than the average does."""
        return not self.why


def linear(
    frame: pd.DataFrame, target: np.ndarray, *, chosen: bool, in_order: bool = False
) -> Regression:
    """Regress an amount on fields.

    Args:
        frame: float columns with NaN where unknown, object columns of words with None.
        target: an amount or a count per row.
        chosen: whether a person chose the fields; else those that go with the target most are
            taken, judged by every third row, and the figures come from the others.
        in_order: whether the rows are periods that follow each other. Two amounts that drift each by
            itself seem to go together (Granger and Newbold 1974, Spurious regressions in
            econometrics); that shows in what is left unexplained, and then no figures are given.
    """
    return _regress(frame, target.astype(np.float64), _Amounts(in_order=in_order), chosen)


def logistic(frame: pd.DataFrame, outcomes: np.ndarray, *, chosen: bool) -> Regression:
    """Regress the chance of an outcome on fields; the arguments are those of `linear`."""
    return _regress(frame, outcomes.astype(np.float64), _Outcomes(), chosen)


def ols(design: Numbers, target: Numbers) -> Fit:
    """Fit ordinary least squares; `design` holds the column of ones."""
    rows, count = design.shape
    q, r = np.linalg.qr(design)
    coefficients = np.linalg.solve(r, q.T @ target)
    residuals = target - design @ coefficients
    inverse = np.linalg.inv(r)
    bread = inverse @ inverse.T
    variance = float(residuals @ residuals) / (rows - count)
    leverage = np.minimum((q**2).sum(axis=1), 1 - 1e-9)
    scaled = q * (residuals / (1 - leverage))[:, None]
    half = inverse @ scaled.T
    return Fit(
        coefficients=coefficients,
        classical=np.sqrt(variance * np.diag(bread)),
        robust=np.sqrt((half**2).sum(axis=1)),
        freedom=rows - count,
    )


def logit(design: Numbers, outcomes: Numbers) -> tuple[Numbers, Numbers]:
    """Fit a logistic regression by Newton's method; return the coefficients and their standard errors.

    Where an outcome is parted for good they grow without bound; the caller looks for that.
    """
    found = np.zeros(design.shape[1])
    information = np.eye(design.shape[1])
    for _step in range(_STEPS):
        chances = expit(design @ found)
        information = design.T @ (design * (chances * (1 - chances))[:, None])
        information += 1e-9 * np.trace(information) * np.eye(len(found)) / len(found)
        change = np.linalg.solve(information, design.T @ (outcomes - chances))
        found = np.clip(found + change, -1e4, 1e4)
        if np.abs(change).max() < 1e-9:  # noqa: PLR2004 - settled
            break
    return found, np.sqrt(np.diag(np.linalg.inv(information)))


@dataclass(frozen=True, slots=True)
class _Term:
    """One column of the design: a number in steps, or whether a word stands there."""

    feature: str
    step: float
    level: str | None
    reference: str | None
    rows: int


class _Design:
    """Fields as columns of numbers, the column of ones first."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.terms: list[_Term] = []
        columns = [np.ones(len(frame))]
        for name in frame.columns:
            for term, column in _columns(name, frame[name]):
                self.terms.append(term)
                columns.append(column)
        self.matrix = np.column_stack(columns)

    def without(self, feature: str) -> np.ndarray:
        """Tell which columns are left without a field."""
        return np.array([True, *(term.feature != feature for term in self.terms)])


class _Amounts:
    """Least squares, on logarithms where the amounts are skewed."""

    def __init__(self, *, in_order: bool) -> None:
        self.log = False
        self.in_order = in_order

    def prepare(self, target: Numbers) -> Numbers:
        self.log = bool((target > 0).all()) and _skew(target) > max(
            _SKEWED, abs(_skew(np.log(np.where(target > 0, target, 1.0))))
        )
        return np.log(target) if self.log else target

    def too_few(self, target: Numbers) -> str:
        return "too_few_rows" if len(target) < MIN_ROWS else ""

    def room(self, target: Numbers) -> int:
        return len(target) // ROWS_EACH

    def boundless(self, _design: _Design, _target: Numbers) -> list[str]:
        return []

    def effects(self, design: _Design, target: Numbers) -> list[tuple[float, float, float]]:
        fit = ols(design.matrix, target)
        reach = float(stdtrit(fit.freedom, _SURE))
        found = [
            (each, each - reach * error, each + reach * error)
            for each, error in zip(fit.coefficients[1:], fit.robust[1:], strict=True)
        ]
        if self.log:
            return [tuple(map(_share, each)) for each in found]  # type: ignore[misc]
        return found

    def average(self, target: Numbers) -> float:
        return float(np.exp(target.mean()) if self.log else target.mean())

    def judged(self, matrix: Numbers, target: Numbers, result: Regression) -> Regression:
        guess = np.zeros(len(target))
        plain = np.zeros(len(target))
        for test in _folds(len(target)):
            guess[test] = matrix[test] @ np.linalg.lstsq(matrix[~test], target[~test])[0]
            plain[test] = target[~test].mean()
        better = (target - plain) ** 2 - (target - guess) ** 2
        spread = float(better.std(ddof=1)) / np.sqrt(len(better))
        sure = float(better.mean()) > _CLEARLY * spread
        why = "" if sure else "not_better_than_average"
        if self.in_order and _persistence(matrix, target) > PERSISTENT:
            why = "follow_each_other"
        seen, said, mean = (np.exp(each) if self.log else each for each in (target, guess, plain))
        return replace(
            result,
            why=why,
            error=float(np.abs(seen - said).mean()),
            average_error=float(np.abs(seen - mean).mean()),
        )


class _Outcomes:
    """The logarithm of the odds."""

    log = False

    def prepare(self, target: Numbers) -> Numbers:
        return target

    def too_few(self, target: Numbers) -> str:
        if len(target) < MIN_ROWS:
            return "too_few_rows"
        return "too_few_of_a_class" if self._rarer(target) < MIN_CLASS else ""

    def room(self, target: Numbers) -> int:
        return self._rarer(target) // ROWS_EACH

    def boundless(self, design: _Design, target: Numbers) -> list[str]:
        """Return the fields that part the outcomes for good, so that their odds have no bound."""
        found, _errors = logit(design.matrix, target)
        spread = np.maximum(design.matrix.std(axis=0), 1e-12)
        large = np.abs(found * spread)[1:] > _BOUNDLESS / 2
        return [term.feature for term, big in zip(design.terms, large, strict=True) if big]

    def effects(self, design: _Design, target: Numbers) -> list[tuple[float, float, float]]:
        found, errors = logit(design.matrix, target)
        reach = 1.959964 * errors
        # The odds of a rare word whose rows all ended alike have no bound, but must stay numbers.
        told = (
            np.exp(np.clip(each, -_CERTAIN, _CERTAIN))[1:].tolist()
            for each in (found, found - reach, found + reach)
        )
        return list(zip(*told, strict=True))

    def average(self, target: Numbers) -> float:
        return float(target.mean())

    def judged(self, matrix: Numbers, target: Numbers, result: Regression) -> Regression:
        chances = np.zeros(len(target))
        for test in _folds(len(target)):
            found, _errors = logit(matrix[~test], target[~test])
            chances[test] = expit(matrix[test] @ found)
        quality = measure(target.astype(bool), chances)
        why = "" if quality.usable else "not_better_than_average"
        return replace(result, why=why, quality=quality)

    def _rarer(self, target: Numbers) -> int:
        positives = int(target.sum())
        return min(positives, len(target) - positives)


_Model: TypeAlias = _Amounts | _Outcomes


def _regress(frame: pd.DataFrame, target: Numbers, model: _Model, chosen: bool) -> Regression:  # noqa: FBT001
    kept, dropped = _known(frame)
    whole = kept.notna().all(axis=1).to_numpy() & np.isfinite(target)
    kept, target = kept[whole].reset_index(drop=True), target[whole]
    none = Regression(
        why=model.too_few(target),
        log=False,
        rows=len(target),
        average=float(target.mean()) if len(target) else 0.0,
        effects=(),
        dropped=tuple(dropped),
        error=None,
        average_error=None,
        quality=None,
        chosen=not chosen,
    )
    if none.why:
        return none
    target = model.prepare(target)
    if not chosen:
        judging = np.arange(len(target)) % 3 == 0
        kept = kept[_strongest(kept[judging], target[judging])][~judging].reset_index(drop=True)
        target = target[~judging]
    kept, more = _fitting(kept, target, model)
    none = replace(
        none,
        rows=len(target),
        log=model.log,
        average=model.average(target),
        dropped=(*dropped, *more),
    )
    if kept.columns.empty:
        return replace(none, why="no_fields")
    design = _Design(kept)
    judged = model.judged(design.matrix, target, none)
    if judged.why:
        return judged
    return replace(judged, effects=_effects(design, target, model))


def _effects(design: _Design, target: Numbers, model: _Model) -> tuple[Effect, ...]:
    middle = 1.0 if isinstance(model, _Outcomes) else 0.0
    found = [
        Effect(
            term.feature, term.step, term.level, term.reference,
            estimate, low, high, clear=not low <= middle <= high, rows=term.rows,
        )
        for term, (estimate, low, high) in zip(
            design.terms, model.effects(design, target), strict=True
        )
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda effect: not effect.clear))


def _persistence(matrix: Numbers, target: Numbers) -> float:
    """Return the correlation of what a row leaves unexplained with what the next one does, 0 for nothing left."""
    left = target - matrix @ np.linalg.lstsq(matrix, target)[0]
    whole = float(left @ left)
    rounding = 1e-9 * float(target @ target)
    return float(left[1:] @ left[:-1]) / whole if whole > rounding else 0.0


def _known(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[Dropped]]:
    """Leave out the numbers that are not known in most rows; a word that is not known is one of its own."""
    dropped = [
        Dropped(name, "hardly_known")
        for name in frame.columns
        if frame[name].dtype.kind == "f" and frame[name].notna().mean() < LEAST_KNOWN
    ]
    kept = frame.drop(columns=[each.feature for each in dropped])
    words = [name for name in kept.columns if kept[name].dtype.kind != "f"]
    return kept.fillna(dict.fromkeys(words, UNKNOWN)), dropped


def _strongest(frame: pd.DataFrame, target: Numbers) -> list[str]:
    """Return the fields that explain most of the target each by itself, for the figures they need."""
    shares = {name: _explained(frame[[name]], target) for name in frame.columns}
    ranked = sorted(shares, key=lambda name: (-shares[name], name))
    return [name for name in ranked if shares[name] > 0][:MOST_FIELDS]


def _explained(frame: pd.DataFrame, target: Numbers) -> float:
    """Return the adjusted share of the variance that a field explains."""
    matrix = _Design(frame).matrix
    freedom = len(target) - matrix.shape[1]
    if freedom <= 0 or matrix.shape[1] == 1:
        return 0.0
    left = target - matrix @ np.linalg.lstsq(matrix, target)[0]
    around = target - target.mean()
    whole = float(around @ around)
    return 1 - float(left @ left) / freedom * (len(target) - 1) / whole if whole else 0.0


def _fitting(
    frame: pd.DataFrame, target: Numbers, model: _Model
) -> tuple[pd.DataFrame, list[Dropped]]:
    """Leave out the fields that say what others say, that there are too few rows for, or that part all."""
    kept: list[str] = []
    dropped = []
    room = model.room(target)
    for name in frame.columns:
        size = len(_columns(name, frame[name]))
        other = _same_as(frame, kept, name) if size else ""
        if not size:
            dropped.append(Dropped(name, "always_alike"))
        elif other:
            dropped.append(Dropped(name, "same_as", other))
        elif len(_Design(frame[kept]).terms) + size > room:
            dropped.append(Dropped(name, "too_few_rows"))
        else:
            kept.append(name)
    if kept:
        boundless = set(model.boundless(_Design(frame[kept]), target))
        dropped += [Dropped(name, "parts_all") for name in kept if name in boundless]
        kept = [name for name in kept if name not in boundless]
    return frame[kept], dropped


def _same_as(frame: pd.DataFrame, kept: Sequence[str], name: str) -> str:
    """Return the field that says most of what a field says, if those before it say nearly all."""
    if not kept:
        return ""
    before = _Design(frame[list(kept)])
    for _term, column in _columns(name, frame[name]):
        left = column - before.matrix @ np.linalg.lstsq(before.matrix, column)[0]
        around = column - column.mean()
        if float(left @ left) < (1 - ALIKE) * float(around @ around):
            likeness = [abs(np.corrcoef(column, other)[0, 1]) for other in before.matrix.T[1:]]
            return before.terms[int(np.argmax(likeness))].feature
    return ""


def _columns(name: str, values: pd.Series) -> list[tuple[_Term, Numbers]]:
    """Return a number in readable steps, or a column for each word but the most common one."""
    if values.dtype.kind == "f":
        numbers = values.to_numpy()
        if np.ptp(numbers) == 0:
            return []
        step = _step(float(numbers.std()))
        return [(_Term(name, step, None, None, len(numbers)), numbers / step)]
    counts = values.value_counts()
    reference = min(counts.index, key=lambda level: (-counts[level], level))
    return [
        (
            _Term(name, 1.0, level, reference, int(counts[level])),
            (values == level).to_numpy().astype(np.float64),
        )
        for level in sorted(counts.index)
        if level != reference
    ]


def _step(spread: float) -> float:
    """Return the power of ten in which a number is read: 1 for visits, 1,000 for large amounts."""
    return 1.0 if 0.2 <= spread < 20 else float(10.0 ** np.floor(np.log10(spread)))  # noqa: PLR2004


def _share(logarithm: float) -> float:
    return float(np.expm1(logarithm))


def _skew(values: Numbers) -> float:
    around = values - values.mean()
    spread = float(values.std())
    return float((around**3).mean()) / spread**3 if spread else 0.0


def _folds(rows: int) -> list[np.ndarray]:
    places = np.random.default_rng(0).permutation(rows) % _FOLDS
    return [places == fold for fold in range(_FOLDS)]
