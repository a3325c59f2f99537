"""Learning a yes or no from a table: which candidate, how good it is on unseen rows, why per row.

Not here: the candidates (`candidates.py`), where a table and its outcome come from, words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold, train_test_split

from crm_store.exclusions import is_excluded
from jobs.analytics import candidates, encoding, leaks
from jobs.analytics.candidates import Before
from jobs.analytics.encoding import Encoding, Field
from jobs.analytics.quality import Quality, measure
from jobs.analytics.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobs.analytics.features import Flags, Floats, Ints

MIN_ROWS = 200  # decided rows; below, a model is beaten by a plain rule or by nothing
MIN_CLASS = 40  # of each outcome among them
MIN_HELD = 15  # of each outcome among the rows that are held back
FIT_ROWS = 50_000  # the latest; boosted trees of 8 leaves learn nothing from more
FOLDS, REPEATS = 5, 3
REPEATED_ROWS = 10_000  # beyond, one round of folds tells the candidates apart
MIN_ASKED = 5  # of each outcome in every part of a validation
STEPS = 3  # validations in the order of time, each on the rows after those learnt from
HELD_BACK = 3  # a third of the rows is held back: the latest, or drawn with the outcome's shares
REASONS = 3
TOLD = 0.05  # log-odds: about a hundredth of a chance of one half

BY_TIME, BY_CHANCE = "latest_third", "random_third"
NONE = "none"

TOO_FEW_ROWS = "too_few_rows"
TOO_FEW_OF_A_CLASS = "too_few_of_a_class"
NO_FIELDS = "no_usable_fields"
NOT_BETTER = "not_better_than_base_rate"
RAISES, LOWERS = "raises", "lowers"
PRIVATE = "kept_out"

Value = float | str | None


@dataclass(frozen=True, slots=True)
class Reason:
    """One field's part in one row's chance, in log-odds, beside the commonest or middle value.

    A date is given in days, see `encoding.values`; None and "" are a gap.
    """

    field: str
    value: Value
    typical: Value
    direction: str
    contribution: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """How it came about. `why` is empty where a model can be used, else the code of why not.

    `quality` is that of the procedure on the third that was held back, also where it was too poor;
    the model that scores has learnt from that third too. `candidates` are names with their area
    under the curve in the choice; `refused` is a method, with its area on the held-back third, that
    was worse there than the one in use. `excluded` are fields with the code of what is the matter.
    """

    model: str
    usable: bool
    why: str
    split: str
    rows: int
    positives: int
    rows_trained: int
    trained_from: str | None
    trained_to: str | None
    features: tuple[str, ...]
    excluded: tuple[tuple[str, str], ...]
    candidates: tuple[tuple[str, float], ...]
    quality: Quality | None
    refused: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A fitted candidate with its calibration: log-odds x slope + shift."""

    name: str
    code: Encoding
    model: candidates.Model
    slope: float
    shift: float

    def probabilities(self, frame: pd.DataFrame, at: pd.Series | None = None) -> Floats:
        """Give each row's chance of yes, in 0..1."""
        return self._chances(self.model.log_odds(self.code.matrix(frame, at)))

    def unseen(self, frame: pd.DataFrame, outcomes: Flags) -> Floats:
        """Give the chances of the rows without moments that were learnt from, each by a model that has not seen it.

        The model itself knows the outcomes of these, and would tell those of no that they are safe.
        """
        fields = [field.name for field in self.code.fields]
        rows = Rows(frame[fields].reset_index(drop=True), outcomes, None)
        found = np.zeros(len(outcomes))
        for known, asked in _rounds(rows, 1):
            found[asked.frame.index] = _unseen(self.name, _latest(known), asked)
        return self._chances(found)

    def _chances(self, log_odds: Floats) -> Floats:
        return np.asarray(0.5 * (1 + np.tanh(0.5 * (self.slope * log_odds + self.shift))))

    def contributions(self, frame: pd.DataFrame, at: pd.Series | None = None) -> Floats:
        """Give what each field adds to each row's log-odds, rows x fields.

        For the regression it is exact: the field's terms less their mean over typical values. For
        the others it is the row's log-odds less their mean when only this field is replaced by each
        of its typical values (an interventional background), which need not add up.
        """
        rows = self.code.matrix(frame, at)
        parts = self._exact if isinstance(self.model, candidates.Additive) else self._replaced
        return np.asarray(self.slope * parts(rows), dtype=np.float64)

    def explain(self, frame: pd.DataFrame, at: pd.Series | None = None) -> list[tuple[Reason, ...]]:
        """Give each row's strongest reasons, at most REASONS and none too weak to tell."""
        parts = self.contributions(frame, at)
        fields = self.code.fields
        shown = [self._shown(field, frame, at) for field in fields]
        strongest = np.argsort(-np.abs(parts), axis=1, kind="stable")[:, :REASONS]
        return [
            tuple(
                Reason(
                    fields[place].name,
                    shown[place][row],
                    fields[place].typical,
                    RAISES if parts[row, place] > 0 else LOWERS,
                    float(parts[row, place]),
                )
                for place in places
                if abs(parts[row, place]) >= TOLD
            )
            for row, places in enumerate(strongest.tolist())
        ]

    def _shown(self, field: Field, frame: pd.DataFrame, at: pd.Series | None) -> list[Value]:
        column = encoding.read(frame, field.name, at)
        if field.kind == encoding.CHOICE:
            return list(encoding.texts(column))
        return [None if np.isnan(each) else each for each in encoding.floats(column).tolist()]

    def _exact(self, rows: Floats) -> Floats:
        assert isinstance(self.model, candidates.Additive)  # noqa: S101 - for the type checker
        here = self.model.parts(rows)
        found = np.zeros((len(rows), len(self.code.fields)))
        for place, columns, background in self._places():
            own = here[:, columns].sum(axis=1)
            usual = np.zeros(rows.shape[1])
            base = 0.0
            for weight, block in background:
                usual[columns] = block
                base += weight * float(self.model.parts(usual[None, :])[0, columns].sum())
            found[:, place] = own - base
        return found

    def _replaced(self, rows: Floats) -> Floats:
        here = self.model.log_odds(rows)
        found = np.zeros((len(rows), len(self.code.fields)))
        for place, columns, background in self._places():
            changed = rows.copy()
            for weight, block in background:
                changed[:, columns] = block
                found[:, place] += weight * (here - self.model.log_odds(changed))
        return found

    def _places(self) -> Iterator[tuple[int, Ints, list[tuple[float, Floats]]]]:
        owners = self.code.owners
        for place in range(len(self.code.fields)):
            yield place, np.flatnonzero(owners == place), self.code.background(place)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was learnt; `model` is None where the receipt says why not."""

    receipt: Receipt
    model: Calibrated | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Decided cases in the order of their moments, or in any order without moments."""

    frame: pd.DataFrame
    outcomes: Flags
    at: pd.Series | None

    def take(self, keep: Ints) -> Rows:
        """Give the rows at these places."""
        at = None if self.at is None else self.at.iloc[keep]
        return Rows(self.frame.iloc[keep], self.outcomes[keep], at)


def learn(
    frame: pd.DataFrame,
    outcomes: Flags,
    at: pd.Series | None = None,
    excluded: frozenset[str] = frozenset(),
    before: Before | None = None,
) -> Outcome:
    """Learn the outcome from the fields, or say why that is of no use.

    With moments the latest third is held back and candidates are chosen on later rows than they
    learnt from; without, a random third is, and they are chosen by repeated cross-validation.

    Args:
        frame: one row per decided case; numbers, dates, choices, yes or no, with gaps.
        outcomes: what happened.
        at: the moment of each row (or its place in an order); dates count back from it.
        excluded: folded names of fields that are never read (`crm_store.exclusions.folded`).
        before: the methods of earlier models; the one in use stays unless the new one is at least
            as good on the rows held back, which neither has seen.
    """
    private = [str(name) for name in frame.columns if is_excluded(str(name), excluded)]
    rows = _latest(Rows(frame.drop(columns=private), np.asarray(outcomes, dtype=np.bool_), at))
    blank = _blank(rows, private)
    if blank.why:
        return Outcome(blank, None)
    with one_thread():
        return _learn(rows, blank, before or Before())


def _latest(rows: Rows) -> Rows:
    """Put the rows into the order of time and keep at most FIT_ROWS, the latest or drawn ones."""
    count = len(rows.outcomes)
    if rows.at is not None:
        order = np.argsort(rows.at.to_numpy(), kind="stable")
        return rows.take(order[-FIT_ROWS:])
    if count > FIT_ROWS:
        drawn = np.random.default_rng(candidates.SEED).choice(count, FIT_ROWS, replace=False)
        return rows.take(np.sort(drawn))
    return rows


def _blank(rows: Rows, private: list[str]) -> Receipt:
    """Give the receipt of nothing learnt, with what is short."""
    positives = int(rows.outcomes.sum())
    count = len(rows.outcomes)
    why = ""
    if count < MIN_ROWS:
        why = TOO_FEW_ROWS
    elif min(positives, count - positives) < MIN_CLASS:
        why = TOO_FEW_OF_A_CLASS
    return Receipt(
        model=NONE,
        usable=False,
        why=why,
        split=BY_CHANCE if rows.at is None else BY_TIME,
        rows=count,
        positives=positives,
        rows_trained=0,
        trained_from=_day(rows.at, 0),
        trained_to=_day(rows.at, -1),
        features=(),
        excluded=tuple((name, PRIVATE) for name in private),
        candidates=(),
        quality=None,
    )


def _day(at: pd.Series | None, place: int) -> str | None:
    """Give a row's moment as an ISO day, None without moments."""
    if at is None or at.empty or not pd.api.types.is_datetime64_any_dtype(at):
        return None
    return str(at.iloc[place].date().isoformat())


def _learn(rows: Rows, blank: Receipt, before: Before) -> Outcome:
    """Find the leaks and choose on the older part, measure on the held back, learn from all."""
    past, held = _split(rows)
    yes = int(held.outcomes.sum())
    if min(yes, len(held.outcomes) - yes) < MIN_HELD or not list(_rounds(past, 1)):
        return Outcome(replace(blank, why=TOO_FEW_OF_A_CLASS), None)
    found = leaks.find_leaks(past.frame, past.outcomes)
    known = replace(blank, excluded=(*blank.excluded, *found.items()))
    rows, past, held = (
        Rows(part.frame.drop(columns=[*found]), part.outcomes, part.at)
        for part in (rows, past, held)
    )
    if not encoding.learn(past.frame, past.at).fields:
        return Outcome(replace(known, why=NO_FIELDS), None)
    tried = before.allowed(choose(past))
    name, quality, refused = better(before.used, tried[0][0], past, held)
    known = replace(known, candidates=tried, quality=quality, refused=refused)
    if not quality.usable:
        return Outcome(replace(known, why=NOT_BETTER), None)
    model = fit_calibrated(name, rows)
    features = tuple(field.name for field in model.code.fields)
    done = replace(known, model=name, usable=True, rows_trained=len(rows.outcomes))
    return Outcome(replace(done, features=features), model)


def better(
    used: str, name: str, past: Rows, held: Rows
) -> tuple[str, Quality, tuple[str, float] | None]:
    """Give the method that is better on the rows held back, and the new one if it was worse."""

    def told(method: str) -> Quality:
        fitted = fit_calibrated(method, past)
        return measure(held.outcomes, fitted.probabilities(held.frame, held.at))

    quality = told(name)
    if used in {"", name}:
        return name, quality, None
    kept = told(used)
    if kept.auc <= quality.auc:
        return name, quality, None
    return used, kept, (name, quality.auc)


def _split(rows: Rows) -> tuple[Rows, Rows]:
    """Hold back the latest third, or a random one with the shares of the outcome."""
    places = np.arange(len(rows.outcomes))
    if rows.at is not None:
        cut = len(places) - len(places) // HELD_BACK
        return rows.take(places[:cut]), rows.take(places[cut:])
    past, held = train_test_split(
        places,
        test_size=1 / HELD_BACK,
        stratify=rows.outcomes,
        random_state=candidates.SEED,
    )
    return rows.take(np.sort(past)), rows.take(np.sort(held))


def choose(rows: Rows) -> tuple[tuple[str, float], ...]:
    """Rank the candidates, the winner first, by the mean area under the curve on unseen rows."""
    found: dict[str, list[float]] = {name: [] for name in candidates.CANDIDATES}
    for known, asked in _rounds(rows, REPEATS if len(rows.outcomes) <= REPEATED_ROWS else 1):
        code = encoding.learn(known.frame, known.at)
        models = candidates.fit_all(code.matrix(known.frame, known.at), known.outcomes, code.smooth)
        seen = code.matrix(asked.frame, asked.at)
        for name, model in models.items():
            found[name].append(float(roc_auc_score(asked.outcomes, model.log_odds(seen))))
    means = {name: float(np.mean(each)) for name, each in found.items() if each}
    return tuple(sorted(means.items(), key=lambda each: -each[1]))


def _rounds(rows: Rows, repeats: int) -> Iterator[tuple[Rows, Rows]]:
    """Give pairs of rows to learn from and rows to be asked of that have both outcomes."""
    count = len(rows.outcomes)
    if rows.at is None:
        folds = RepeatedStratifiedKFold(
            n_splits=FOLDS, n_repeats=repeats, random_state=candidates.SEED
        )
        pairs = folds.split(np.zeros(count), rows.outcomes)
    else:
        edges = np.linspace(0, count, STEPS + 2).astype(np.int64)
        pairs = (
            (np.arange(edges[step]), np.arange(edges[step], edges[step + 1]))
            for step in range(1, STEPS + 1)
        )
    for known, asked in pairs:
        yes = [rows.outcomes[part].sum() for part in (known, asked)]
        no = [len(part) - positive for part, positive in zip((known, asked), yes, strict=True)]
        if min(*yes, *no) >= MIN_ASKED:
            yield rows.take(known), rows.take(asked)


def fit_calibrated(name: str, rows: Rows) -> Calibrated:
    """Fit a candidate on all rows and calibrate it on rows as seen by models without them.

    In the order of time these are the latest quarter's, because rates move with the season.
    """
    pairs = list(_rounds(rows, 1))
    asked = pairs if rows.at is None else pairs[-1:] or [_split(rows)]
    seen = np.concatenate([_unseen(name, *pair) for pair in asked])
    happened = np.concatenate([part.outcomes for _known, part in asked])
    slope, shift = candidates.platt(seen, happened)
    code = encoding.learn(rows.frame, rows.at)
    matrix = code.matrix(rows.frame, rows.at)
    model = candidates.fit(name, matrix, rows.outcomes, code.smooth)
    return Calibrated(name, code, model, slope, shift)


def _unseen(name: str, known: Rows, asked: Rows) -> Floats:
    """Give log-odds of rows from a candidate fitted on others."""
    code = encoding.learn(known.frame, known.at)
    model = candidates.fit(name, code.matrix(known.frame, known.at), known.outcomes, code.smooth)
    return model.log_odds(code.matrix(asked.frame, asked.at))
