"""Who is about to stop buying, how sure that is and why, with a receipt of how it was worked out.

A customer who bought before a moment and buys nothing in the `horizon_days` after it has churned.
Not here: the models (`risk_models.py`), words for reasons, the memory of last week's figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from jobs.analytics import risk_models, spread
from jobs.analytics.candidates import LINEAR, Before
from jobs.analytics.moments import HORIZON_DAYS
from jobs.analytics.quality import Quality, measure
from jobs.analytics.threads import one_thread
from jobs.analytics.watch import stability

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from jobs.analytics.features import Flags, Floats
    from jobs.analytics.moments import Season

DEFINITION = "no_purchase_within_horizon"
MIN_CUSTOMERS = 200  # in the moment that is scored and in every labelled one
MIN_CLASS = 40  # of those who left and of those who stayed, in every labelled moment
LINEAR_MARGIN = (
    0.005  # area under the curve by which another must win: the linear model's reasons are exact
)
USED_MARGIN = 0.005  # by which one must win over the one in use, whose risks can be compared

RULE = "silence_rule"
RULE_GAPS = 2.0  # at risk after this many times the own usual gap,
RULE_DAYS = 90.0  # or after so many days while the own gap rests on fewer purchase days than
RULE_ORDERS = 3

# A level begins at its number. Of a probability: .6 is more likely than not with room for the
# calibration's error, .3 is worth a look. Of the rule's silence divided by its limit: 1 is at risk,
# .5 is later than the customer's own gap.
LEVELS = {"high": 0.6, "medium": 0.3, "low": 0.0}
RULE_LEVELS = {"high": 1.0, "medium": 0.5, "low": 0.0}

TOO_FEW_CUSTOMERS = "too_few_customers"
TOO_LITTLE_HISTORY = "too_little_history"
TOO_FEW_OF_A_CLASS = "too_few_of_a_class"
NOT_BETTER = "not_better_than_base_rate"

REASONS = 3
CHUNK = 100_000  # customers who are scored at a time
RAISES, LOWERS = "raises", "lowers"


@dataclass(frozen=True, slots=True)
class Reason:
    """One feature's part in a risk, in log-odds, beside the median of the customers who stayed.

    Under the rule `typical` is the customer's own limit and there is no contribution.
    """

    feature: str
    value: float
    typical: float
    direction: str
    contribution: float | None


@dataclass(frozen=True, slots=True)
class ChurnScore:
    """One customer's risk; the rule gives no probability, only a level."""

    customer: int
    probability: float | None
    risk: float
    level: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Alerts:
    """How alerts would have done at a past moment: of `customers`, those marked at risk, and who of them left.

    `all_left` counts those of all customers.
    """

    on: date
    customers: int
    marked: int
    left: int
    all_left: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a set of scores came about. `why` is empty for a model and a code for the rule.

    `quality` is that of the same procedure one season earlier, on the held-back moment that it had
    not seen. It is also given when it was too poor to use. `alerts` looks back in the same way, by
    the model or by the rule. `drift` is how far each feature has moved since the held-back moment,
    as `watch.stability` gives it. `candidates` are names with their area under the curve in the
    choice; of the one chosen and the one in use, `refused` did worse on the held-back moment.
    """

    model: str
    definition: str
    horizon_days: int
    as_of: datetime
    rows_trained: int
    snapshots: tuple[date, ...]
    held_back_on: date | None
    customers_scored: int
    base_rate: float | None
    quality: Quality | None
    alerts: Alerts | None
    usable: bool
    why: str
    features: tuple[str, ...]
    drift: Mapping[str, float]
    candidates: tuple[tuple[str, float], ...]
    refused: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ChurnResult:
    """Every customer's risk, the highest first.

    `scores` has the columns customer, probability (NaN under the rule), risk (the probability, or
    the rule's silence over its limit) and level; `reasons` has customer, rank (1 = strongest) and
    the fields of Reason. A customer counts as at risk from `threshold` on. Risks of different
    models are not to be compared: look at `receipt.model`.
    """

    scores: pd.DataFrame
    reasons: pd.DataFrame
    threshold: float
    receipt: Receipt

    def risks(self) -> dict[int, float]:
        """Give each customer's risk, for `crossings`."""
        return dict(
            zip(self.scores["customer"].tolist(), self.scores["risk"].tolist(), strict=True)
        )

    def batches(self, size: int) -> Iterator[tuple[ChurnScore, ...]]:
        """Give all customers' risks with their reasons, by customer, so many at a time."""
        scores = self.scores.sort_values("customer", ignore_index=True)
        reasons = self.reasons.sort_values(["customer", "rank"], ignore_index=True)
        starts = range(0, len(scores), size)
        borders = scores["customer"].to_numpy()[list(starts)[1:]]
        edges = [0, *np.searchsorted(reasons["customer"].to_numpy(), borders), len(reasons)]
        for place, start in enumerate(starts):
            rows = reasons.iloc[edges[place] : edges[place + 1]]
            yield _told(scores.iloc[start : start + size], rows)


def _told(scores: pd.DataFrame, reasons: pd.DataFrame) -> tuple[ChurnScore, ...]:
    """Put rows of both frames together, customer by customer, in the order of the scores."""
    found: dict[int, list[Reason]] = {}
    for number, feature, value, typical, direction, contribution in _rows(
        reasons, "customer", "feature", "value", "typical", "direction", "contribution"
    ):
        part = None if math.isnan(contribution) else contribution
        found.setdefault(number, []).append(Reason(feature, value, typical, direction, part))
    return tuple(
        ChurnScore(
            customer=number,
            probability=None if math.isnan(probability) else probability,
            risk=risk,
            level=level,
            reasons=tuple(found.get(number, ())),
        )
        for number, probability, risk, level in _rows(
            scores, "customer", "probability", "risk", "level"
        )
    )


def _rows(frame: pd.DataFrame, *names: str) -> Iterator[tuple[Any, ...]]:
    """Give the rows of some columns as plain values."""
    return zip(*(frame[name].tolist() for name in names), strict=True)


def crossings(
    previous: Mapping[int, float], current: Mapping[int, float], threshold: float
) -> dict[int, float]:
    """Give the customers whose risk was below the threshold and now reaches it, with the new risk.

    A customer without a previous risk has not crossed, so that a first run does not report
    everyone.
    """
    return {
        customer: risk
        for customer, risk in current.items()
        if risk >= threshold and previous.get(customer, threshold) < threshold
    }


def score_churn(
    frame: pd.DataFrame,
    seasons: Sequence[Season],
    as_of: datetime,
    before: Before | None = None,
    *,
    settled: bool = False,
) -> ChurnResult:
    """Score every customer who bought before `as_of`.

    The latest season is held back: the candidate that ranks best in time-ordered validation on the
    others is fitted, calibrated and measured on it, beside the one in use, which stays unless the
    new one is better there. If it is better than the base rate the same procedure runs again with
    the held-back season included and scores the customers; else, or with too little data, the
    silence rule does.

    Args:
        frame: the customers at `as_of`, as `customer_features` gives them.
        seasons: labelled moments a horizon apart, latest first, the last horizon over by `as_of`.
        as_of: the aware moment.
        before: the candidate in use, if any, and those that may not come again.
        settled: take the one in use without looking at others.
    """
    enough, why = _enough(seasons)
    if len(frame) < MIN_CUSTOMERS:
        why = TOO_FEW_CUSTOMERS
    blank = _blank_receipt(as_of, len(frame), why)
    if why:
        told = _looked_back_by_rule(seasons[0]) if seasons else None
        return rule_result(frame, replace(blank, alerts=told))
    with one_thread():
        return _model_result(frame, enough, blank, _Rivals(before or Before(), settled))


def _enough(seasons: Sequence[Season]) -> tuple[list[Season], str]:
    """Take the seasons before the first that lacks something, and why they do not suffice, or an empty code."""
    found: list[Season] = []
    why = TOO_LITTLE_HISTORY
    for season in seasons:
        why = _shortage(season)
        if why:
            break
        found.append(season)
    return found, "" if len(found) > 1 else why or TOO_LITTLE_HISTORY


def _shortage(season: Season) -> str:
    """Say what a labelled moment lacks to be learnt from; empty when it lacks nothing."""
    if len(season.frame) < MIN_CUSTOMERS:
        return TOO_FEW_CUSTOMERS
    left = int(season.churned.sum())
    return TOO_FEW_OF_A_CLASS if min(left, len(season.churned) - left) < MIN_CLASS else ""


def _blank_receipt(as_of: datetime, customers: int, why: str) -> Receipt:
    """Give the receipt of the rule before anything was learnt."""
    return Receipt(
        model=RULE,
        definition=DEFINITION,
        horizon_days=HORIZON_DAYS,
        as_of=as_of,
        rows_trained=0,
        snapshots=(),
        held_back_on=None,
        customers_scored=customers,
        base_rate=None,
        quality=None,
        alerts=None,
        usable=False,
        why=why,
        features=("recency_days", "gap_days"),
        drift={},
        candidates=(),
        refused=(),
    )


def _sample(seasons: list[Season]) -> risk_models.Sample:
    """Stack the seasons, latest first."""
    return risk_models.Sample(
        frame=pd.concat([season.frame for season in seasons], ignore_index=True),
        outcomes=np.concatenate([season.churned for season in seasons]),
        season=np.repeat(np.arange(len(seasons)), [len(season.frame) for season in seasons]),
    )


def _choose(sample: risk_models.Sample) -> tuple[tuple[str, float], ...]:
    """Rank the candidates, the winner first, by area under the curve on the latest season.

    They are fitted on the older seasons; with a single one, on the other customers of it.
    """
    names = tuple(risk_models.COLUMNS)
    found = dict(zip(names, spread.over(_rank, sample, names), strict=True))
    handicap = {LINEAR: LINEAR_MARGIN}
    return tuple(sorted(found.items(), key=lambda each: -each[1] - handicap.get(each[0], 0.0)))


def _rank(sample: risk_models.Sample, name: str) -> float:
    """Give a candidate's area under the curve on the latest season."""
    latest = sample.season == 0
    alone = bool(latest.all())
    older = sample if alone else sample.take(~latest)
    columns = risk_models.varying(older.frame, risk_models.COLUMNS[name])
    if alone:
        log_odds = risk_models.out_of_fold(name, sample, columns)
    else:
        rows = risk_models.transformed(sample.frame[latest], columns)
        log_odds = risk_models.fit(name, older, columns).log_odds(rows)
    return float(roc_auc_score(sample.outcomes[latest], log_odds))


@dataclass(frozen=True, slots=True)
class _Rivals:
    """The candidate in use, those that may not come again, and whether others are looked at at all."""

    before: Before
    settled: bool

    @property
    def used(self) -> str:
        """The candidate in use; empty without one that there still is."""
        return self.before.used if self.before.used in risk_models.COLUMNS else ""

    def names(self, candidates: tuple[tuple[str, float], ...]) -> list[str]:
        """Name those that are measured on the held-back season, the one in use first."""
        chosen = [name for name, _ in candidates[:1]]
        return list(dict.fromkeys([self.used, *chosen] if self.used else chosen))


def _model_result(
    frame: pd.DataFrame, seasons: list[Season], blank: Receipt, rivals: _Rivals
) -> ChurnResult:
    """Choose, measure on the held-back season, then score with the model if it is of use."""
    held, past = seasons[0], _sample(seasons[1:])
    stays_used = rivals.used and rivals.settled
    candidates = () if stays_used else rivals.before.allowed(_choose(past))
    told = {
        name: risk_models.fit_calibrated(name, past).probabilities(held.frame)
        for name in rivals.names(candidates)
    }
    qualities = {name: measure(held.churned, risks) for name, risks in told.items()}
    name = max(qualities, key=lambda each: qualities[each].auc)
    stays = qualities.get(rivals.used)
    if stays is not None and stays.auc > qualities[name].auc - USED_MARGIN:
        name = rivals.used
    known = replace(
        blank,
        held_back_on=held.at.date(),
        base_rate=float(held.churned.mean()),
        quality=qualities[name],
        alerts=_looked_back(held, told[name] >= LEVELS["high"]),
        candidates=candidates,
        refused=tuple((each, found.auc) for each, found in qualities.items() if each != name),
    )
    if not qualities[name].usable:
        alerts = _looked_back_by_rule(held)
        return rule_result(frame, replace(known, why=NOT_BETTER, alerts=alerts))
    learnt = _sample(seasons)
    fitted = risk_models.fit_calibrated(name, learnt)
    receipt = replace(
        known,
        model=name,
        rows_trained=fitted.rows_trained,
        snapshots=tuple(season.at.date() for season in seasons),
        usable=True,
        features=fitted.features(),
        drift=stability(held.frame, frame, fitted.features()),
    )
    return scored(frame, fitted, receipt)


def _looked_back(held: Season, marked: Flags) -> Alerts:
    """Count who would have been marked at risk, and who of them left."""
    return Alerts(
        on=held.at.date(),
        customers=len(marked),
        marked=int(marked.sum()),
        left=int((marked & held.churned).sum()),
        all_left=int(held.churned.sum()),
    )


def _looked_back_by_rule(held: Season) -> Alerts:
    overdue, _limit = _overdue(held.frame)
    return _looked_back(held, overdue >= RULE_LEVELS["high"])


def scored(frame: pd.DataFrame, fitted: risk_models.Calibrated, receipt: Receipt) -> ChurnResult:
    """Score the customers with a fitted model and keep the strongest reasons of each."""
    chunks = [frame.iloc[start : start + CHUNK] for start in range(0, len(frame), CHUNK)]
    found = spread.over(_explained, fitted, chunks)
    probability = np.concatenate([each for each, _reasons in found])
    reasons = pd.concat([each for _probability, each in found], ignore_index=True)
    return ChurnResult(
        _ranked(frame, probability, probability, LEVELS), reasons, LEVELS["high"], receipt
    )


def _explained(fitted: risk_models.Calibrated, frame: pd.DataFrame) -> tuple[Floats, pd.DataFrame]:
    """Give the probabilities of some customers, and the strongest reasons of each."""
    probability = fitted.probabilities(frame)
    parts = fitted.contributions(frame)
    strongest = np.argsort(-np.abs(parts), axis=1, kind="stable")[:, :REASONS]
    picked = np.take_along_axis(parts, strongest, axis=1)
    values = frame[list(fitted.columns)].to_numpy(dtype=np.float64)
    shape = strongest.shape
    reasons = pd.DataFrame(
        {
            "customer": np.repeat(frame["customer"].to_numpy(), shape[1]),
            "rank": np.tile(np.arange(1, shape[1] + 1), shape[0]),
            "feature": np.array(fitted.columns, dtype=object)[strongest].ravel(),
            "value": np.take_along_axis(values, strongest, axis=1).ravel(),
            "typical": fitted.typical[strongest].ravel(),
            "direction": np.where(picked > 0, RAISES, LOWERS).ravel(),
            "contribution": picked.ravel(),
        }
    )
    return probability, reasons[reasons["contribution"] != 0]


def rule_result(frame: pd.DataFrame, receipt: Receipt) -> ChurnResult:
    """Apply the silence rule: the time since the last purchase against the customer's own limit.

    The limit is RULE_GAPS times the own mean gap, or RULE_DAYS with fewer than RULE_ORDERS purchase
    days.
    """
    overdue, limit = _overdue(frame)
    reasons = pd.DataFrame(
        {
            "customer": frame["customer"].to_numpy(),
            "rank": np.ones(len(frame), dtype=np.int64),
            "feature": "recency_days",
            "value": frame["recency_days"].to_numpy(dtype=np.float64),
            "typical": limit,
            "direction": np.where(overdue >= RULE_LEVELS["high"], RAISES, LOWERS),
            "contribution": np.nan,
        }
    )
    scores = _ranked(frame, np.full(len(frame), np.nan), overdue, RULE_LEVELS)
    return ChurnResult(scores, reasons, RULE_LEVELS["high"], receipt)


def _overdue(frame: pd.DataFrame) -> tuple[Floats, Floats]:
    """Give each customer's silence over their own limit, and the limit in days."""
    own = (frame["frequency"] >= RULE_ORDERS).to_numpy(dtype=bool)
    limit = np.where(own, RULE_GAPS * frame["gap_days"].to_numpy(dtype=np.float64), RULE_DAYS)
    return frame["recency_days"].to_numpy(dtype=np.float64) / limit, limit


def _ranked(
    frame: pd.DataFrame, probability: Floats, risk: Floats, levels: Mapping[str, float]
) -> pd.DataFrame:
    """Put the scores in order, the highest risk first, and give each its level."""
    names, starts = zip(*sorted(levels.items(), key=lambda each: each[1]), strict=True)
    places = np.searchsorted(np.array(starts), risk, side="right") - 1
    scores = pd.DataFrame(
        {
            "customer": frame["customer"].to_numpy(dtype=np.int64),
            "probability": probability,
            "risk": risk,
            "level": np.array(names, dtype=object)[places],
        }
    )
    return scores.sort_values(["risk", "customer"], ascending=[False, True], ignore_index=True)
