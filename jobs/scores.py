"""Every night: each customer's risk of leaving, segment and value, kept with a receipt of how they came about.

Telling people of them is the work of `jobs/churn_alerts.py` and `jobs/segment_summary.py`, which run
this job themselves when it did not. Done twice for one moment it leaves the same scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crm_store import models_kept, scores
from crm_store.purchases import customer
from crm_store.scores import CHURN, SEGMENT, WEEK, Scored
from crm_store.store import Session
from jobs import customers, values
from jobs.keeping import keep, prune
from jobs.schedule import JobContext

if TYPE_CHECKING:
    from crm_store.models import Receipt as StoredReceipt
    from jobs.analytics.churn import Alerts, ChurnResult, Reason, Receipt
    from jobs.analytics.moments import Season, Tables
    from jobs.analytics.segments import Move, Segmentation, SegmentModel

MODEL_LIFE = timedelta(weeks=13)  # for so long the borders of the segments stay where they are
NAMED = 20  # customers of a move that the receipt names, those with the most revenue
LEARN_EVERY = timedelta(weeks=1)
_PLACES = 4


def run(context: JobContext) -> str:
    """Score every customer for today and for this week."""
    recipe = _recipe(context)
    found = customers.read(context, recipe.seasons)
    if found.tables.now.empty:
        return "no orders yet, nothing scored"
    day = customers.local_day(context)
    risks = _score_churn(context, day, found, recipe)
    groups = _score_segments(context, day, found)
    worth = values.score(context, day, found)
    for kind in (CHURN, SEGMENT, *values.KINDS):
        prune(context, kind, day)
    return f"{risks}; {groups}; {worth}"


def ensure(context: JobContext) -> None:
    """Score today's customers unless that was done today."""
    day = customers.local_day(context)
    with context.transaction() as session:
        risks = scores.receipt(session, CHURN, day.isoformat())
        groups = scores.receipt(session, SEGMENT, scores.week_of(day))
    if risks is None or groups is None or groups.data["on"] != day.isoformat():
        run(context)


@dataclass(frozen=True, slots=True)
class _Recipe:
    """The model in use: its method and the moments it learned from; without them it is time to learn anew.

    `barred` are the methods that may not come again.
    """

    used: str
    seasons: tuple[datetime, ...]
    learned_at: datetime
    barred: frozenset[str] = frozenset()


def _recipe(context: JobContext) -> _Recipe:
    """Return how the model of risks is made, the same one for LEARN_EVERY.

    Risks of different days can then be compared.
    """
    with context.reading() as session:
        used = models_kept.used(session, CHURN)
        newest = models_kept.list_models(session, CHURN)[:1]
        barred = models_kept.barred(session, CHURN, context.now)
    if used is None:
        return _Recipe("", (), context.now)
    learned_at = newest[0].made_at
    if not context.now - LEARN_EVERY < learned_at <= context.now:
        return _Recipe(used.method, (), context.now, barred)
    moments = (datetime.fromisoformat(each) for each in used.data.get("moments", ()))
    return _Recipe(used.method, tuple(moments), learned_at, barred)


def _score_churn(
    context: JobContext, day: date, found: customers.Customers, recipe: _Recipe
) -> str:
    from jobs.analytics.candidates import Before
    from jobs.analytics.churn import score_churn

    settled = bool(recipe.seasons)
    seasons = found.tables.seasons
    before = Before(recipe.used, recipe.barred)
    result = score_churn(found.tables.now, seasons, context.now, before, settled=settled)
    learned_on = recipe.learned_at.astimezone(ZoneInfo(context.time_zone)).date()
    next_in = LEARN_EVERY if result.receipt.usable else timedelta(days=1)
    period = day.isoformat()
    data = {
        **_churn_data(result.receipt),
        "excluded": sorted(context.excluded),
        "next_on": max(learned_on + next_in, day + timedelta(days=1)).isoformat(),
        "threshold": result.threshold,
        "currency": found.currency,
        "left_out": dict(found.left_out),
    }
    with context.reading() as session:
        data |= _told_today(session, period, result)
    keep(context, CHURN, period, data, _risk_rows(result))
    if result.receipt.usable and not settled:
        with context.transaction() as session:
            _keep_model(session, context.now, result.receipt, seasons)
    return f"risk of {len(result.scores)} customers by {result.receipt.model}"


def _keep_model(
    session: Session, now: datetime, receipt: Receipt, seasons: Sequence[Season]
) -> None:
    """Keep how the model was made, and first the one that it was measured beside if that is the new one."""
    moments = [season.at.isoformat() for season in seasons[: len(receipt.snapshots)]]
    data = {"moments": moments, "features": receipt.features}
    used = models_kept.used(session, CHURN)
    for method, auc in receipt.refused:
        if used is not None and method != used.method:
            models_kept.keep(session, CHURN, now, method=method, quality=auc, data={}, worse=True)
    quality = receipt.quality.auc if receipt.quality else None
    models_kept.keep(session, CHURN, now, method=receipt.model, quality=quality, data=data)


def _told_today(session: Session, period: str, result: ChurnResult) -> dict[str, Any]:
    """Keep who crossed the threshold between two scorings of a day that people were told of.

    Tomorrow's alert compares with today's scores and would never name them.
    """
    finished = scores.receipt(session, CHURN, period)
    old = finished or scores.unfinished(session, CHURN, period)
    if old is None or not old.data["told"]:
        return {"told": False, "untold": []}
    untold = set(old.data["untold"])
    if old.data["model"] == result.receipt.model:
        from jobs.analytics.churn import crossings

        before = scores.values(session, CHURN, period)
        untold |= crossings(before, result.risks(), result.threshold).keys()
    return {"told": True, "untold": sorted(untold)}


def _churn_data(receipt: Receipt) -> dict[str, Any]:
    from jobs.analytics import churn

    return {
        **asdict(receipt),
        "as_of": receipt.as_of.isoformat(),
        "snapshots": [day.isoformat() for day in receipt.snapshots],
        "trained_from": min(receipt.snapshots).isoformat() if receipt.snapshots else None,
        "trained_to": receipt.as_of.date().isoformat() if receipt.snapshots else None,
        "drift": {name: round(index, _PLACES) for name, index in receipt.drift.items()},
        "alerts": _alerts_data(receipt.alerts),
        "held_back_on": receipt.held_back_on.isoformat() if receipt.held_back_on else None,
        "rule": {
            "gaps": churn.RULE_GAPS,
            "days": churn.RULE_DAYS,
            "orders": churn.RULE_ORDERS,
        },
        "least": {"customers": churn.MIN_CUSTOMERS, "of_a_class": churn.MIN_CLASS},
    }


def _alerts_data(alerts: Alerts | None) -> dict[str, Any] | None:
    return None if alerts is None else {**asdict(alerts), "on": alerts.on.isoformat()}


def _risk_rows(result: ChurnResult) -> Iterator[Scored]:
    for each in chain.from_iterable(result.batches(scores.BATCH)):
        reasons = [_reason(reason) for reason in each.reasons]
        yield Scored(customer(each.customer), each.risk, each.level, reasons)


def _reason(reason: Reason) -> dict[str, Any]:
    part = reason.contribution
    return {
        "feature": reason.feature,
        "value": round(reason.value, _PLACES),
        "typical": round(reason.typical, _PLACES),
        "direction": reason.direction,
        "contribution": None if part is None else round(part, _PLACES),
    }


def _score_segments(context: JobContext, day: date, found: customers.Customers) -> str:
    from jobs.analytics.segments import drift

    with context.transaction() as session:
        last = scores.receipt(session, SEGMENT)
    kept = _kept_model(last, day)
    before, after = _segmented(found.tables, kept)
    model_on = last.data["model_on"] if last and after.model == kept else day.isoformat()
    data = {
        **_segment_data(after),
        "moves": _moves_data(drift(before, after).moves),
        "on": day.isoformat(),
        "before_on": (day - WEEK).isoformat(),
        "model_on": model_on,
        "as_of": context.now.isoformat(),
        "currency": found.currency,
        "left_out": dict(found.left_out),
    }
    keep(context, SEGMENT, scores.week_of(day), data, _segment_rows(after))
    return f"{len(after.segments)} segments by {after.model.method}"


def _kept_model(last: StoredReceipt | None, day: date) -> SegmentModel | None:
    """Return the borders used last, unless they have grown too old."""
    from jobs.analytics.segments import SegmentModel

    if last is None or day - date.fromisoformat(last.data["model_on"]) > MODEL_LIFE:
        return None
    return SegmentModel(**{name: _tuples(value) for name, value in last.data["model"].items()})


def _tuples(value: Any) -> Any:  # noqa: ANN401 - JSON
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _segmented(tables: Tables, kept: SegmentModel | None) -> tuple[Segmentation, Segmentation]:
    """Segment a week before and now by the same borders.

    The kept ones are used while the customers still allow the method that drew them.
    """
    from jobs.analytics.segments import KMEANS, MIN_CUSTOMERS, segment

    model = kept
    if kept is None or kept.method != KMEANS or len(tables.now) < MIN_CUSTOMERS:
        drawn = segment(tables.now).model
        model = kept if kept is not None and kept.method == drawn.method else drawn
    return segment(tables.week_before, model), segment(tables.now, model)


def _segment_data(found: Segmentation) -> dict[str, Any]:
    from jobs.analytics.segments import MIN_CUSTOMERS

    return {
        "model": asdict(found.model),
        "customers_scored": len(found.labels),
        "segments": [
            {**asdict(each), **_revenues(each.revenue_90, each.revenue_365)}
            for each in found.segments
        ],
        "least": {"customers": MIN_CUSTOMERS},
    }


def _moves_data(moves: Sequence[Move]) -> list[dict[str, Any]]:
    return [
        {
            "origin": move.origin,
            "target": move.target,
            "size": len(move.customers),
            **_revenues(move.revenue_90, move.revenue_365),
            "customers": [str(customer(number)) for number in move.customers[:NAMED]],
        }
        for move in moves
    ]


def _revenues(quarter: float, year: float) -> dict[str, str]:
    """Write two sums of floats as the decimals that they stand for."""
    return {"revenue_90": f"{quarter:.2f}", "revenue_365": f"{year:.2f}"}


def _segment_rows(found: Segmentation) -> Iterator[Scored]:
    from jobs.analytics.frames import members

    for number, name, revenue in members(found):
        yield Scored(customer(number), round(revenue, 2), name, [])
