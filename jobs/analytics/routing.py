"""Labels for texts (the kind, queue or priority of a ticket, the mood of feedback), or silence.

A model that is no better than the commonest label, or a text that it is not sure of, gets no label.
Not here: the model itself (`text_models.py`), words, where labels come from.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from jobs.analytics import spread, text_models
from jobs.analytics.answering import Answerer
from jobs.analytics.risk_models import sigmoid
from jobs.analytics.terms import impersonal
from jobs.analytics.text_models import TextModel
from jobs.analytics.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import numpy.typing as npt

    from jobs.analytics.features import Flags, Floats, Ints

SILENCE = "silence"  # the plain rule where there is no model
CONFIDENCE = 0.7  # of being right, from which a label is told
MIN_TEXTS = 100
MIN_PER_LABEL = 10  # rarer labels are not learnt
FIT_ROWS = 60_000
HELD_BACK = 5  # one part in so many
FOLDS = 3
ONE_FOLD_FROM = 10_000  # texts: one fold is enough to calibrate on
STRANGE = (
    0.02  # of the right answers say so little for their label that a text is taken for strange
)
GUESSES = 0.05  # beside the texts that a confidence is fitted to
EMPHASIS = 3.0  # of a text whose label a person put right: there the model was wrong
MARGIN_OF_ERROR = 3.0  # standard errors above the commonest label's share
RETRAIN_CORRECTIONS = 20
RETRAIN_GROWTH = 1.2
MIN_COMPARED = 20  # texts, for calling one router worse than another
SEED = 0

TOO_FEW_TEXTS = "too_few_texts"
TOO_FEW_LABELS = "too_few_labels"
NOT_BETTER = "not_better_than_commonest_label"


@dataclass(frozen=True, slots=True)
class RoutingQuality:
    """How good labels are on texts that were held back.

    `base_rate` is the share of the commonest label among them; `told_share` the share that is sure
    enough to be told, and `told_accuracy` how many of these are right (None without any).
    """

    rows: int
    accuracy: float
    macro_f1: float
    base_rate: float
    told_share: float
    told_accuracy: float | None
    usable: bool


@dataclass(frozen=True, slots=True)
class RoutingReceipt:
    """How a router came about. `why` is empty for a model and a code for SILENCE.

    `labels` has each learnt label with its texts, `left_out` those with fewer than MIN_PER_LABEL.
    `held_back_from` is the time of the first held-back text, None where texts have no times and
    were drawn. `candidates` have their accuracy in the choice, the winner first.
    """

    model: str
    as_of: datetime
    rows_trained: int
    corrections: int
    labels: tuple[tuple[str, int], ...]
    left_out: tuple[tuple[str, int], ...]
    held_back_from: datetime | None
    quality: RoutingQuality | None
    usable: bool
    why: str
    candidates: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Router:
    """A text model and its calibration: the odds of being right from the lead over the next label.

    A text whose best score is below `floor` is unlike all that was learnt from.
    """

    model: TextModel
    slope: float
    shift: float
    floor: float
    threshold: float

    def answerer(self) -> Answerer:
        """Give it as it answers, without numerical libraries."""
        model = self.model
        return Answerer(
            labels=model.labels,
            places=model.places,
            idf=array("f", model.idf.tobytes()),
            weights=array("f", np.ascontiguousarray(model.weights).tobytes()),
            bias=tuple(model.bias.tolist()),
            pieces=model.pieces,
            slope=self.slope,
            shift=self.shift,
            floor=self.floor,
            threshold=self.threshold,
        )


@dataclass(frozen=True, slots=True)
class Before:
    """The router in use, and the moment from which it has not seen any text."""

    router: Router
    learnt_at: datetime


@dataclass(frozen=True, slots=True)
class Learnt:
    """A router, None where there is nothing to learn, and its receipt.

    `worse` says that the router in use is better on texts that neither of both had seen.
    """

    router: Router | None
    receipt: RoutingReceipt
    worse: bool = False


def router_of(answerer: Answerer) -> Router:
    """Give a kept router as it is measured."""
    model = TextModel(
        labels=answerer.labels,
        places=answerer.places,
        idf=np.array(answerer.idf, dtype=np.float32),
        weights=np.array(answerer.weights, dtype=np.float32).reshape(-1, len(answerer.labels)),
        bias=np.array(answerer.bias),
        pieces=answerer.pieces,
    )
    return Router(model, answerer.slope, answerer.shift, answerer.floor, answerer.threshold)


def examples_frame(
    rows: Iterable[tuple[str, str, datetime, bool]],
) -> pd.DataFrame:
    """Build what `learn` wants from texts, labels, moments, and whether a person looked at the label.

    Addresses and long numbers are left out of the texts.
    """
    found = [(impersonal(text), label, at, looked) for text, label, at, looked in rows]
    return pd.DataFrame(found, columns=["text", "label", "at", "corrected"])


def learn(examples: pd.DataFrame, as_of: datetime, before: Before | None = None) -> Learnt:
    """Learn labels from labelled texts, if there is anything in the texts to tell them by.

    The latest fifth is held back (a drawn one where texts have no times, the same text never on
    both sides). On the others the candidates are compared and the winner is calibrated, out of
    fold; its quality is measured on the held-back fifth. If that is better than the commonest label
    it is fitted again on everything.

    Args:
        examples: columns text and label; at (aware UTC) where it is known; corrected (true or
            false) where people put labels right. Rows without a text or a label are left out.
        as_of: the aware moment, for the receipt; texts from it on are left out.
        before: the router in use, to be compared with, where there is one.
    """
    rows = _usable_rows(examples, as_of)
    counts = rows["label"].value_counts(sort=True)
    learnt = counts[counts >= MIN_PER_LABEL]
    kept = rows[rows["label"].isin(learnt.index)].reset_index(drop=True)
    receipt = RoutingReceipt(
        model=SILENCE,
        as_of=as_of,
        rows_trained=0,
        corrections=int(kept["corrected"].sum()),
        labels=_pairs(learnt),
        left_out=_pairs(counts[counts < MIN_PER_LABEL]),
        held_back_from=None,
        quality=None,
        usable=False,
        why=TOO_FEW_TEXTS if len(kept) < MIN_TEXTS else "" if len(learnt) > 1 else TOO_FEW_LABELS,
        candidates=(),
    )
    if receipt.why:
        return Learnt(None, receipt)
    with one_thread():
        return _learn(kept, receipt, before)


def _pairs(counts: pd.Series) -> tuple[tuple[str, int], ...]:
    return tuple((str(label), int(count)) for label, count in counts.items())


def _usable_rows(examples: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Give FIT_ROWS rows with a text and a label: the latest in order, or drawn ones without times."""
    rows = examples.dropna(subset=["text", "label"])
    rows = rows.assign(text=rows["text"].astype(str), label=rows["label"].astype(str))
    rows = rows[rows["text"].str.strip() != ""]
    if "corrected" not in rows:
        rows = rows.assign(corrected=False)
    if "at" in rows:
        rows = rows.assign(at=pd.to_datetime(rows["at"], utc=True)).dropna(subset=["at"])
        return rows[rows["at"] < as_of].sort_values("at", kind="stable").tail(FIT_ROWS)
    return rows.sample(min(len(rows), FIT_ROWS), random_state=SEED)


def _parts(rows: pd.DataFrame, count: int) -> Ints:
    """Put each row into one of `count` parts, the last one latest; equal texts stay together."""
    if "at" in rows:
        return np.asarray(np.arange(len(rows)) * count // len(rows), dtype=np.int64)
    text = pd.factorize(rows["text"])[0]
    drawn = np.random.default_rng(SEED).permutation(text.max() + 1)
    return np.asarray(drawn[text] * count // (text.max() + 1), dtype=np.int64)


def _learn(rows: pd.DataFrame, blank: RoutingReceipt, before: Before | None) -> Learnt:
    """Choose, calibrate, measure, and fit on everything if that is of use."""
    held = _parts(rows, HELD_BACK) == HELD_BACK - 1
    past, latest = rows[~held], rows[held]
    if past["label"].nunique() < 2:  # noqa: PLR2004 - nothing to tell apart
        return Learnt(None, replace(blank, why=TOO_FEW_LABELS))
    chosen = _choose(past)
    if chosen is None:
        return Learnt(None, replace(blank, why=NOT_BETTER))
    name, slope, shift, floor, candidates = chosen
    router = Router(_fit(past)[name], slope, shift, floor, CONFIDENCE)
    quality = evaluate(router, latest)
    receipt = replace(
        blank,
        held_back_from=latest["at"].iloc[0].to_pydatetime() if "at" in latest else None,
        quality=quality,
        candidates=candidates,
    )
    worse = before is not None and _is_worse(router, before, latest)
    if not quality.usable:
        return Learnt(None, replace(receipt, why=NOT_BETTER), worse)
    router = replace(router, model=_fit(rows)[name])
    return Learnt(router, replace(receipt, model=name, rows_trained=len(rows), usable=True), worse)


def _is_worse(router: Router, before: Before, latest: pd.DataFrame) -> bool:
    """Compare on what neither had seen: nothing is worse where that is too little to tell."""
    unseen = latest[latest["at"] >= before.learnt_at] if "at" in latest else latest.head(0)
    if len(unseen) < MIN_COMPARED:
        return False
    return evaluate(router, unseen).accuracy < evaluate(before.router, unseen).accuracy


def _fit(rows: pd.DataFrame) -> dict[str, TextModel]:
    emphasis = np.where(rows["corrected"].to_numpy(dtype=bool), EMPHASIS, 1.0)
    return text_models.fit(rows["text"].tolist(), rows["label"].tolist(), emphasis)


def _choose(
    rows: pd.DataFrame,
) -> tuple[str, float, float, float, tuple[tuple[str, float], ...]] | None:
    """Compare the candidates on texts that they have not seen, and calibrate the better one.

    None where so few texts differ that no part of them can be told from the others.
    """
    part = _parts(rows.drop(columns="at", errors="ignore"), FOLDS)
    asked = range(1 if len(rows) >= ONE_FOLD_FROM else FOLDS)
    tops: dict[str, list[Floats]] = {}
    leads: dict[str, list[Floats]] = {}
    rights: dict[str, list[Flags]] = {}
    answers = chain.from_iterable(spread.over(_of_part, (rows, part), asked))
    for name, top, lead, right in answers:
        tops.setdefault(name, []).append(top)
        leads.setdefault(name, []).append(lead)
        rights.setdefault(name, []).append(right)
    if not rights:
        return None
    accuracy = {name: float(np.concatenate(each).mean()) for name, each in rights.items()}
    candidates = tuple(sorted(accuracy.items(), key=lambda each: -each[1]))
    name = candidates[0][0]
    top, lead = np.concatenate(tops[name]), np.concatenate(leads[name])
    right = np.concatenate(rights[name])
    slope, shift = _platt(lead, right, rows["label"].nunique())
    floor = float(np.quantile(top[right], STRANGE)) if right.any() else float(top.max())
    return name, slope, shift, floor, candidates


def _of_part(
    shared: tuple[pd.DataFrame, Ints], number: int
) -> list[tuple[str, Floats, Floats, Flags]]:
    """Give each candidate's best scores and leads on one part of the texts, and where it is right."""
    rows, part = shared
    seen, unseen = rows[part != number], rows[part == number]
    if unseen.empty or seen["label"].nunique() < 2:  # noqa: PLR2004 - the same
        return []
    truth = unseen["label"].to_numpy(dtype=object)
    found = []
    for name, model in _fit(seen).items():
        best, top, lead = _answers(model, model.scores(unseen["text"]))
        found.append((name, top, lead, np.asarray(best == truth, dtype=np.bool_)))
    return found


def _answers(model: TextModel, scores: Floats) -> tuple[npt.NDArray[np.object_], Floats, Floats]:
    """Give each row's best label, its score and its lead over the next."""
    order = np.sort(scores, axis=1)
    best = np.array(model.labels, dtype=object)[scores.argmax(axis=1)]
    return best, order[:, -1], np.asarray(order[:, -1] - order[:, -2], dtype=np.float64)


def _platt(lead: Floats, right: Flags, labels: int) -> tuple[float, float]:
    """Fit the odds of being right to the lead (Platt 1999), with his softened targets.

    Each row counts as right with the share (r + 1) / (r + 2) or 1 / (w + 2), for r right and w
    wrong ones, so that few rows give no certainty. To them are added GUESSES rows without a lead
    that are right as often as a guess: a model that was always right on what it knows would else be
    as sure of what it does not.
    """
    good, bad = int(right.sum()), int((~right).sum())
    soft = np.where(right, (good + 1) / (good + 2), 1 / (bad + 2))
    share = np.append(soft, 1 / labels)
    count = np.append(np.ones(len(lead)), GUESSES * len(lead))
    rows = np.tile(np.append(lead, 0.0), 2).reshape(-1, 1)
    truth = np.repeat([True, False], len(share))
    found = LogisticRegression(C=1e6, max_iter=500)
    found.fit(rows, truth, sample_weight=np.concatenate([count * share, count * (1 - share)]))
    slope = float(found.coef_[0, 0])
    if slope > 0:
        return slope, float(found.intercept_[0])
    return 0.0, float(np.log((good + 1) / (bad + 1)))


def evaluate(router: Router, rows: pd.DataFrame) -> RoutingQuality:
    """Compare a router's labels with the right ones, columns text and label, unseen by it.

    Usable means right more often than the commonest label by MARGIN_OF_ERROR standard errors of
    that share, with equal texts counted once.
    """
    truth = rows["label"].to_numpy(dtype=object)
    best, top, lead = _answers(router.model, router.model.scores(rows["text"]))
    right = np.asarray(best == truth, dtype=np.bool_)
    told = sigmoid(router.slope * lead + router.shift) >= router.threshold
    told &= top >= router.floor
    base = float(rows["label"].value_counts(normalize=True).iloc[0])
    error = float(np.sqrt(base * (1 - base) / rows["text"].nunique()))
    return RoutingQuality(
        rows=len(rows),
        accuracy=float(right.mean()),
        macro_f1=float(f1_score(truth.astype(str), best.astype(str), average="macro")),
        base_rate=base,
        told_share=float(told.mean()),
        told_accuracy=float(right[told].mean()) if told.any() else None,
        usable=bool(right.mean() > base + MARGIN_OF_ERROR * error),
    )


def retraining_due(before: int, texts: int, corrections: int) -> bool:
    """Tell whether to learn again: from enough corrections since, or clearly more labelled texts than before."""
    return corrections >= RETRAIN_CORRECTIONS or texts >= max(MIN_TEXTS, RETRAIN_GROWTH * before)
