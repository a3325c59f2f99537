"""What the analyses said of each customer, period by period, and how it was worked out.

Not here: the analyses (`jobs/analytics/`), when they run (`jobs/scores.py`), their words
(`handlers/risks.py`, `handlers/segments.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm_store import upsert
from crm_store.conversations import Reference
from crm_store.models import Receipt, Score
from crm_store.purchases import code

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

CHURN, SEGMENT = "churn", "segment"
WIN, LEAD, CONTRACT = "win", "lead", "contract_churn"
RULES, OFFER = "rules", "offer"
VALUE, OUTLIER = "value", "outlier"
QUEUE, PRIORITY, TICKET_KIND, MOOD = "ticket_queue", "ticket_priority", "ticket_kind", "mood"
THEMES, TOPICS = "themes", "topics"
MADE_AT, CHANCES_AT = time(3, 30), time(3, 50)  # on the wall clock of the default zone
KEEP = timedelta(days=60)
WEEK = timedelta(days=7)
ABOUT = timedelta(days=3)  # how far from a week ago "last week" may lie
BATCH = (
    50_000  # rows of one transaction: each writes every page of an index that is not in their order
)
_UNSYNCHRONISED = {"synchronize_session": False}
_UNFINISHED = "unfinished:"  # before the kind of a receipt whose scores are still being written


@dataclass(frozen=True, slots=True)
class Scored:
    """One customer in one period: a risk and its level, or a revenue and its segment."""

    customer: Reference
    value: float
    label: str
    reasons: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class AtRisk:
    """A scored customer with the net revenue of the last 365 days, None where no segment was made."""

    scored: Scored
    revenue: float | None


def week_of(day: date) -> str:
    """Return the ISO week of a day, such as `2026-W46`."""
    year, week, _weekday = day.isocalendar()
    return f"{year}-W{week:02}"


def replace(
    session: Session,
    kind: str,
    period: str,
    now: datetime,
    data: Mapping[str, Any],
    rows: Iterable[Scored],
) -> Receipt:
    """Write the scores of a period with their receipt in place of those that stand there.

    `data` is kept with `period` added. It is one transaction, so a reader sees all of the old
    scores or all of the new ones.
    """
    _delete(session, kind, Score.period == period, _period() == period)
    receipt = Receipt(kind=kind, made_at=now, data={**data, "period": period})
    session.add(receipt)
    session.flush()
    statement = sa.insert(Score)
    for batch in _batches(_row(kind, period, receipt.id, each) for each in rows):
        session.execute(statement, batch)
    return receipt


def begin(
    session: Session, kind: str, period: str, now: datetime, data: Mapping[str, Any]
) -> Receipt:
    """Start to write the scores of a period in several transactions, in place of those that stand there.

    The period's receipt is not found before `finish`, so that nobody reads what is half written.
    """
    receipt = _receipt_of(session, (kind, _unfinished(kind)), period)
    if receipt is None:
        receipt = Receipt()
        session.add(receipt)
    receipt.kind, receipt.made_at = _unfinished(kind), now
    receipt.data = {**data, "period": period}
    session.flush()
    return receipt


def clear(session: Session, kind: str, period: str) -> bool:
    """Delete some thousand scores of a period and tell whether there may be more."""
    some = sa.select(Score.id).where(Score.kind == kind, Score.period == period).limit(BATCH)
    statement = sa.delete(Score).where(Score.id.in_(some))
    # Nobody holds a score of these, so there is nothing to bring up to date.
    found = session.execute(statement, execution_options=_UNSYNCHRONISED)
    return cast("sa.CursorResult[Any]", found).rowcount > 0


def add(session: Session, receipt: Receipt, rows: Iterable[Scored]) -> None:
    """Add scores of the period that `begin` gave the receipt of; what another process wrote, stays."""
    kind, period = receipt.kind.removeprefix(_UNFINISHED), receipt.data["period"]
    batch = [_row(kind, period, receipt.id, each) for each in rows]
    session.execute(upsert.insert(session, Score).on_conflict_do_nothing(), batch)


def finish(session: Session, receipt: Receipt) -> None:
    """Let the receipt be found: all scores of its period are there."""
    kind = receipt.kind.removeprefix(_UNFINISHED)
    session.execute(sa.update(Receipt).where(Receipt.id == receipt.id).values(kind=kind))


def unfinished(session: Session, kind: str, period: str) -> Receipt | None:
    """Return the receipt of scores that a process did not come to the end of."""
    return _receipt_of(session, (_unfinished(kind),), period)


def outdated(session: Session, kind: str, today: date) -> list[Receipt]:
    """Return the receipts of the scores that reports do not need, unfinished ones among them.

    Of a period that is a day are needed: the newest, the one before it, the last that people were
    told of by each model, and for KEEP the first of each week. A period that is a week is needed
    for KEEP. A set a day would be too much: at a million customers it is half a gigabyte.
    """
    kinds = (kind, _unfinished(kind))
    found = session.scalars(sa.select(Receipt).where(Receipt.kind.in_(kinds)))
    made = sorted(found, key=lambda each: each.data["period"], reverse=True)
    if made and "W" in made[0].data["period"]:
        oldest = week_of(today - KEEP)
        return [each for each in made if each.data["period"] < oldest]
    whole = [each for each in made if each.kind == kind]
    told = {each.data["model"]: each for each in reversed(whole) if each.data.get("told")}
    weekly = {week_of(_day(each)): each for each in whole if _day(each) >= today - KEEP}
    needed = {each.id for each in (*whole[:2], *told.values(), *weekly.values())}
    newest = today.isoformat()  # another process may be writing it
    return [each for each in made if each.id not in needed and each.data["period"] != newest]


def forget(session: Session, receipt: Receipt) -> None:
    """Delete the receipt of scores that are gone, unless it is of a week.

    Receipts of weeks stay: they are small and tell all that a report needs.
    """
    if "W" not in receipt.data["period"]:
        session.execute(sa.delete(Receipt).where(Receipt.id == receipt.id))


def drop_before(session: Session, kind: str, period: str) -> None:
    """Delete the scores of a kind that are older than a period, and their receipts."""
    _delete(session, kind, Score.period < period, _period() < period)


def receipt(session: Session, kind: str, period: str | None = None) -> Receipt | None:
    """Return how the scores of a period were made; without one, those of the newest."""
    query = sa.select(Receipt).where(Receipt.kind == kind)
    if period is not None:
        query = query.where(_period() == period)
    return session.scalars(query.order_by(_period().desc()).limit(1)).one_or_none()


def newest(session: Session) -> list[Receipt]:
    """Return the newest receipt of every kind."""
    made = sa.select(sa.func.max(Receipt.id)).group_by(Receipt.kind)
    return list(session.scalars(sa.select(Receipt).where(Receipt.id.in_(made))))


def told_before(session: Session, period: str) -> list[Receipt]:
    """Return the risks before `period` that people were told of, newest first."""
    told = Receipt.data["told"].as_boolean()
    query = sa.select(Receipt).where(Receipt.kind == CHURN, _period() < period, told)
    return list(session.scalars(query.order_by(_period().desc())))


def of_record(
    session: Session, record: Reference, kinds: Collection[str]
) -> list[tuple[Scored, Receipt]]:
    """Return what the newest analysis of each kind says of a record, with how it was worked out."""
    newest = (
        sa.select(Receipt.kind, sa.func.max(Receipt.made_at).label("made_at"))
        .where(Receipt.kind.in_(kinds))
        .group_by(Receipt.kind)
        .subquery()
    )
    query = (
        sa.select(Score, Receipt)
        .join(Receipt, Score.receipt_id == Receipt.id)
        .join(newest, sa.and_(newest.c.kind == Receipt.kind, newest.c.made_at == Receipt.made_at))
        .where(
            Score.kind.in_(kinds),
            Score.subject_kind == record.kind,
            Score.subject_id == record.id,
        )
    )
    return [
        (Scored(record, score.value, score.label, score.reasons), made)
        for score, made in session.execute(query)
    ]


def newest_period(session: Session, kind: str, record: Reference) -> str | None:
    """Return the period of the newest score of a kind that a record has."""
    query = sa.select(sa.func.max(Score.period)).where(
        Score.kind == kind, Score.subject_kind == record.kind, Score.subject_id == record.id
    )
    return session.scalar(query)


def week_before(session: Session, day: date, model: str, kind: str = CHURN) -> Receipt | None:
    """Return the scores nearest to a week before `day`, by the same model, at most ABOUT from it."""
    wanted = day - WEEK
    near = _period().between((wanted - ABOUT).isoformat(), (wanted + ABOUT).isoformat())
    found = session.scalars(sa.select(Receipt).where(Receipt.kind == kind, near))
    same = [each for each in found if each.data["model"] == model]
    return min(same, key=lambda each: abs(_day(each) - wanted), default=None)


def ranking(
    session: Session, kind: str, period: str, offset: int, limit: int, label: str | None = None
) -> list[Scored]:
    """Return one page of a period's scores, highest first; with a label, of those only.

    How many there are stands on the receipt: counting a million of them takes longer than a reader waits.
    """
    wanted = [Score.kind == kind, Score.period == period]
    if label is not None:
        wanted.append(Score.label == label)
    # As the index has them backwards: the other way round, a million rows are sorted for a page.
    order = sa.select(Score).where(*wanted).order_by(Score.value.desc(), Score.id.desc())
    return [_scored(each) for each in session.scalars(order.offset(offset).limit(limit))]


def of_some(
    session: Session, kind: str, period: str, subjects: Collection[Reference]
) -> dict[Reference, Scored]:
    """Return a period's scores of these records."""
    wanted = (Score.kind == kind, Score.period == period, _is_one_of(subjects))
    found = map(_scored, session.scalars(sa.select(Score).where(*wanted)))
    return {each.customer: each for each in found}


def periods(session: Session, kind: str, until: str, limit: int) -> list[Receipt]:
    """Return the receipts of the last periods up to `until`, oldest first."""
    query = sa.select(Receipt).where(Receipt.kind == kind, _period() <= until)
    found = session.scalars(query.order_by(_period().desc()).limit(limit))
    return list(found)[::-1]


def values(session: Session, kind: str, period: str) -> dict[int, float]:
    """Return the value of every customer of a period by the customer's code."""
    query = sa.select(Score.subject_kind, Score.subject_id, Score.value)
    rows = session.execute(query.where(Score.kind == kind, Score.period == period))
    return {code(Reference(row[0], row[1])): row[2] for row in rows}


def count(session: Session, receipt: Receipt) -> int:
    """Return how many scores a receipt has."""
    query = sa.select(sa.func.count()).select_from(Score)
    wanted = (Score.kind == receipt.kind, Score.period == receipt.data["period"])
    return session.scalar(query.where(*wanted)) or 0


def list_at_risk(
    session: Session, day: date, threshold: float, offset: int, limit: int
) -> tuple[list[AtRisk], int]:
    """Return one page of a day's customers at risk, most revenue first, and how many there are."""
    wanted = (
        Score.kind == CHURN,
        Score.period == day.isoformat(),
        Score.value >= threshold,
    )
    total = session.scalar(sa.select(sa.func.count()).select_from(Score).where(*wanted)) or 0
    query = _with_revenue(day).where(*wanted).offset(offset).limit(limit)
    return _at_risk(session, query), total


def of_customers(session: Session, day: date, customers: Collection[Reference]) -> list[AtRisk]:
    """Return a day's risks of these customers, most revenue first."""
    query = _with_revenue(day).where(
        Score.kind == CHURN, Score.period == day.isoformat(), _is_one_of(customers)
    )
    return _at_risk(session, query)


def _with_revenue(day: date) -> sa.Select[Score, float | None]:
    segment = aliased(Score)
    same = sa.and_(
        segment.kind == SEGMENT,
        segment.period == week_of(day),
        segment.subject_kind == Score.subject_kind,
        segment.subject_id == Score.subject_id,
    )
    order = (sa.func.coalesce(segment.value, 0).desc(), Score.value.desc(), Score.id)
    return sa.select(Score, segment.value).outerjoin(segment, same).order_by(*order)


def _at_risk(session: Session, query: sa.Select[Score, float | None]) -> list[AtRisk]:
    return [
        AtRisk(
            Scored(
                Reference(score.subject_kind, score.subject_id),
                score.value,
                score.label,
                score.reasons,
            ),
            revenue,
        )
        for score, revenue in session.execute(query)
    ]


def _scored(score: Score) -> Scored:
    subject = Reference(score.subject_kind, score.subject_id)
    return Scored(subject, score.value, score.label, score.reasons)


def _is_one_of(subjects: Collection[Reference]) -> sa.ColumnElement[bool]:
    kinds = {each.kind for each in subjects}
    one_of = (
        sa.and_(
            Score.subject_kind == kind,
            Score.subject_id.in_([each.id for each in subjects if each.kind == kind]),
        )
        for kind in sorted(kinds)
    )
    return sa.or_(sa.false(), *one_of)


def _unfinished(kind: str) -> str:
    return _UNFINISHED + kind


def _receipt_of(session: Session, kinds: Collection[str], period: str) -> Receipt | None:
    query = sa.select(Receipt).where(Receipt.kind.in_(kinds), _period() == period)
    return session.scalars(query).one_or_none()


def _period() -> sa.ColumnElement[str]:
    period: sa.ColumnElement[str] = Receipt.data["period"].as_string()
    return period


def _day(made: Receipt) -> date:
    return date.fromisoformat(made.data["period"])


def _row(kind: str, period: str, receipt_id: int, scored: Scored) -> dict[str, Any]:
    return {
        "kind": kind,
        "subject_kind": scored.customer.kind,
        "subject_id": scored.customer.id,
        "period": period,
        "value": scored.value,
        "label": scored.label,
        "reasons": scored.reasons,
        "receipt_id": receipt_id,
    }


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _delete(
    session: Session,
    kind: str,
    rows: sa.ColumnElement[bool],
    receipts: sa.ColumnElement[bool],
) -> None:
    for statement in (
        sa.delete(Score).where(Score.kind == kind, rows),
        sa.delete(Receipt).where(Receipt.kind == kind, receipts),
    ):
        session.execute(statement, execution_options=_UNSYNCHRONISED)
