"""What the forecast of past months would have said on their first day, beside what was won in them.

The forecast of the months to come is `crm_store/deals.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm_store import audit
from crm_store.models import AuditRow, Deal, Stage, StageChange, StageKind

_FIELDS = ("amount", "currency", "close_on")


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month: its days from `first` up to `end`, and the moments they begin at."""

    first: date
    end: date
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Hindsight:
    """One month in one currency: the weighted sum forecast on its first day, and the sum won in it."""

    month: date
    currency: str
    forecast: Decimal
    won: Decimal


@dataclass(frozen=True, slots=True)
class _Edit:
    deal_id: int
    at: datetime
    before: dict[str, Any]


def hindsight(session: Session, months: Sequence[Month]) -> list[Hindsight]:
    """Return the forecast and the outcome of past months, oldest first, for months that had either.

    A deal counts with the stage, amount, currency and close day that it had when the month began, as
    its stage changes and the audit tell.
    """
    if not months:
        return []
    edits = _edits(session, min(month.since for month in months))
    found = []
    for month in months:
        sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
        for currency, weighted in _forecast(session, month, edits):
            sums[currency][0] += weighted
        for currency, amount in _won(session, month):
            sums[currency][1] += amount
        found += [Hindsight(month.first, currency, *pair) for currency, pair in sums.items()]
    return sorted(found, key=lambda each: (each.month, each.currency))


def _edits(session: Session, since: datetime) -> list[_Edit]:
    """Return what the edits since a moment replaced, the newest first."""
    text = sa.cast(AuditRow.before, sa.String)
    query = (
        sa.select(AuditRow.record_id, AuditRow.at, AuditRow.before)
        .where(
            AuditRow.kind == Deal.__tablename__,
            AuditRow.action == audit.CHANGED,
            AuditRow.at > since,
            sa.or_(*(text.contains(f'"{field}"') for field in _FIELDS)),
        )
        .order_by(AuditRow.id.desc())
    )
    return [_Edit(row.record_id, row.at, row.before) for row in session.execute(query)]


def _forecast(
    session: Session, month: Month, edits: Sequence[_Edit]
) -> Iterator[tuple[str, Decimal]]:
    replaced: dict[int, dict[str, Any]] = defaultdict(dict)
    for edit in edits:
        if edit.at > month.since:
            replaced[edit.deal_id].update(edit.before)
    for row in _open_at(session, month.since):
        then = replaced.get(row.id, {})
        amount = Decimal(then["amount"] or 0) if "amount" in then else row.amount
        close_on = _day(then["close_on"]) if "close_on" in then else row.close_on
        if amount and close_on and month.first <= close_on < month.end:
            yield then.get("currency", row.currency), amount * row.probability / 100


def _open_at(session: Session, moment: datetime) -> Collection[Any]:
    latest = (
        sa.select(StageChange.deal_id, sa.func.max(StageChange.at).label("at"))
        .where(StageChange.at <= moment)
        .group_by(StageChange.deal_id)
        .subquery()
    )
    query = (
        sa.select(Deal.id, Deal.amount, Deal.currency, Deal.close_on, Stage.probability)
        .join(StageChange, StageChange.deal_id == Deal.id)
        .join(
            latest, sa.and_(latest.c.deal_id == StageChange.deal_id, latest.c.at == StageChange.at)
        )
        .join(Stage, Stage.id == StageChange.stage_id)
        .where(Stage.kind == StageKind.OPEN, Deal.deleted_at.is_(None), Deal.created_at <= moment)
        .order_by(StageChange.id)
    )
    # Two changes of one moment: the later row is where the deal stood.
    by_deal: dict[int, Any] = {row.id: row for row in session.execute(query)}
    return by_deal.values()


def _won(session: Session, month: Month) -> list[tuple[str, Decimal]]:
    query = (
        sa.select(Deal.currency, sa.func.sum(Deal.amount))
        .join(Deal.stage)
        .where(
            Stage.kind == StageKind.WON,
            Deal.deleted_at.is_(None),
            Deal.closed_at >= month.since,
            Deal.closed_at < month.until,
        )
        .group_by(Deal.currency)
    )
    return [(currency, amount or Decimal(0)) for currency, amount in session.execute(query)]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
