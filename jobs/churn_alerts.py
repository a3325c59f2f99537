"""Every morning: who came to be at risk of leaving since people were last told.

The scores are made by `jobs/scores.py`; the words stand in `handlers/risks.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from crm_store import notices, scores
from crm_store.models import Receipt
from crm_store.purchases import customer
from crm_store.scores import CHURN, SEGMENT
from crm_store.store import Session
from jobs import customers, readers
from jobs import scores as scoring
from jobs.schedule import JobContext

NAMED = 10
CROSSED, FIRST_LOOK, NEW_METHOD = "crossed", "first_look", "new_method"


def run(context: JobContext) -> str:
    """Owe an alert to whoever is routed, or to the managers, if anybody crossed the threshold.

    The first time, and when another model took over whose risks cannot be compared with the last
    ones, it is a first look at those at risk.
    """
    scoring.ensure(context)
    day = customers.local_day(context)
    with context.transaction() as session:
        receipt = scores.receipt(session, CHURN, day.isoformat())
        if receipt is None:
            return "no orders yet, nobody told"
        return _alert(session, context, day, receipt)


def _alert(session: Session, context: JobContext, day: date, receipt: Receipt) -> str:
    found = readers.of_topic(session, context, "churn")
    if not found:
        return "nobody to tell: no route `churn` and no manager"
    look, new = _new_risks(session, day, receipt)
    receipt.data = {**receipt.data, "told": True}
    if not new:
        return "nobody crossed the threshold"
    payload = {
        "period": day.isoformat(),
        "look": look,
        "total": len(new),
        "customers": _most_valuable(session, day, new),
    }
    message = readers.Message("churn_alert", day.isoformat(), payload, notices.ALERT)
    told = readers.tell(session, context, found, message)
    return f"{len(new)} customers at risk ({look}), {told} messages"


def _new_risks(session: Session, day: date, receipt: Receipt) -> tuple[str, set[int]]:
    """Return why customers are to be told of, and their codes."""
    from jobs.analytics.churn import crossings

    data: dict[str, Any] = receipt.data
    current = scores.values(session, CHURN, day.isoformat())
    told = scores.told_before(session, day.isoformat())
    last = next((each for each in told if each.data["model"] == data["model"]), None)
    threshold = data["threshold"]
    at_risk = {number for number, risk in current.items() if risk >= threshold}
    if last is None:
        return NEW_METHOD if told else FIRST_LOOK, at_risk
    previous = scores.values(session, CHURN, last.data["period"])
    crossed = crossings(previous, current, threshold).keys()
    return CROSSED, set(crossed) | (at_risk & set(last.data["untold"]))


def _most_valuable(session: Session, day: date, found: Iterable[int]) -> list[str]:
    revenue = scores.values(session, SEGMENT, scores.week_of(day))
    order = sorted(found, key=lambda number: (-revenue.get(number, 0.0), number))
    return [str(customer(number)) for number in order[:NAMED]]
