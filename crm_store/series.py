"""What came in on each local day: revenue, deals won, tickets, complaints and leads, added up by the database.

Weeks, months and what is seen in them are worked out from the days in `jobs/analytics/series.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from crm_store.models import (
    Company,
    Contact,
    Deal,
    ImportRun,
    Notice,
    Order,
    Receipt,
    Stage,
    StageKind,
    Ticket,
    TicketKind,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from sqlalchemy.sql.compiler import SQLCompiler

KIND, MARKET = "series:", "market:"  # receipts are kept as `series:revenue` and `market:industry`
MADE_AT = time(4, 30)  # on the wall clock of the default zone
KEEP = timedelta(days=60)
IMPORTED = "imported"
_DAY = 24 * 60 * 60
_EPOCH = date(1970, 1, 1)
_COMPLAINTS = (TicketKind.COMPLAINT, TicketKind.CLAIM)
_Column: TypeAlias = Any  # a mapped column
_Rows: TypeAlias = sa.Select[Any, Any, Any]


class Topic(StrEnum):
    """What is followed over time."""

    REVENUE = "revenue"
    WON = "won"
    TICKETS = "tickets"
    COMPLAINTS = "complaints"
    LEADS = "leads"


class Every(StrEnum):
    """How long the periods of a series are; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


MONEY = frozenset({Topic.REVENUE, Topic.WON})


@dataclass(frozen=True, slots=True)
class Span:
    """The moments from `since` up to `until`, aware, and the zone whose midnights part the days."""

    since: datetime
    until: datetime
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Days:
    """The days on which something came in, ascending, and how much.

    Attributes:
        currency: ISO 4217 code of the amounts, empty where they are counts.
        left_out: how many rows are in no amount, by currency, or as IMPORTED: what came in by a file
            that did not say when.
    """

    currency: str
    left_out: Mapping[str, int]
    days: tuple[date, ...]
    amounts: tuple[float, ...]


def by_day(session: Session, topic: Topic, span: Span, currency: str) -> Days:
    """Add up what came in day by day, of living records of living customers.

    Revenue is the sum of orders, returns among them as they are; deals won count on the day of their
    closing. Both are in `currency` if there is anything in it, else in the most used; sums in others
    stay out. Leads are companies, and contacts who belong to none. Every row is read, so an index
    over the moment helps only where the rows reach back further than the span.
    """
    match topic:
        case Topic.REVENUE:
            return _sums(session, _orders(span), currency)
        case Topic.WON:
            return _sums(session, _won(span), currency)
        case Topic.LEADS:
            return _counts(session, (_companies(span), _contacts(span)))
        case Topic.TICKETS:
            return _counts(session, (_tickets(span),))
        case Topic.COMPLAINTS:
            return _counts(session, (_tickets(span).where(Ticket.kind.in_(_COMPLAINTS)),))


def told(session: Session, matters: Iterable[str]) -> bool:
    """Tell whether anybody is owed or was told a notice of one of these matters."""
    query = sa.select(Notice.id).where(Notice.matter.in_(list(matters)))
    return session.scalars(query.limit(1)).first() is not None


def forget(session: Session, today: date) -> None:
    """Delete what was seen in the series and the market more than KEEP ago."""
    old = Receipt.data["period"].as_string() < (today - KEEP).isoformat()
    session.execute(
        sa.delete(Receipt).where(
            sa.or_(Receipt.kind.startswith(KIND), Receipt.kind.startswith(MARKET)), old
        ),
        execution_options={"synchronize_session": False},
    )


def _orders(span: Span) -> _Rows:
    rows = _within(Order.ordered_at, span, Order.currency, hundredths(Order.total))
    return living(rows, Order)


def _won(span: Span) -> _Rows:
    rows = _within(Deal.closed_at, span, Deal.currency, hundredths(Deal.amount))
    return living(rows.join(Stage, Deal.stage_id == Stage.id), Deal).where(
        Stage.kind == StageKind.WON, Deal.amount.is_not(None)
    )


def _tickets(span: Span) -> _Rows:
    return living(_dated(Ticket, span), Ticket)


def _companies(span: Span) -> _Rows:
    return _dated(Company, span).where(Company.deleted_at.is_(None))


def _contacts(span: Span) -> _Rows:
    return _dated(Contact, span).where(Contact.deleted_at.is_(None), Contact.company_id.is_(None))


def _dated(model: type[Ticket | Company | Contact], span: Span) -> _Rows:
    """Select what was created, marked where only the moment of an import is known."""
    imported = sa.case((ImportRun.started_at <= model.created_at, IMPORTED), else_="")
    rows = _within(model.created_at, span, imported, sa.literal(1))
    return rows.outerjoin(ImportRun, model.import_id == ImportRun.id)


def _within(at: _Column, span: Span, group: _Column, amount: _Column) -> _Rows:
    columns = (_day_number(at, span).label("day"), group.label("group"), amount.label("amount"))
    return sa.select(*columns).where(at >= span.since, at < span.until)


def hundredths(amount: _Column) -> _Column:
    """Give an amount as the whole number that the database adds up."""
    return sa.type_coerce(amount, sa.BigInteger)


def living(rows: _Rows, model: type[Order | Deal | Ticket]) -> _Rows:
    """Keep what was not deleted, nor the company it belongs to, nor, without one, the contact."""
    company, person = model.company_id, model.contact_id
    return (
        rows.outerjoin(Company, company == Company.id)
        .outerjoin(Contact, sa.and_(company.is_(None), person == Contact.id))
        .where(
            model.deleted_at.is_(None), Company.deleted_at.is_(None), Contact.deleted_at.is_(None)
        )
    )


def _day_number(at: _Column, span: Span) -> sa.ColumnElement[Any]:
    """Give the local day of a moment as days since 1970.

    The offsets of the zone come from here: SQLite knows no zones, and both shall agree.
    """
    *changes, (_until, last) = _offsets(span)
    offset = sa.case(*((at < until, sa.literal(here)) for until, here in changes), else_=last)
    seconds = sa.extract("epoch", _WholeSeconds(at)) + (offset if changes else last)
    return sa.func.floor(seconds / _DAY)


class _WholeSeconds(FunctionElement[datetime]):
    """A moment to be read as seconds: SQLite would round the last half millisecond up to the next day."""

    inherit_cache = True


@compiles(_WholeSeconds)
def _as_it_is(element: _WholeSeconds, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return compiler.process(element.clauses, **options)


@compiles(_WholeSeconds, "sqlite")
def _cut_off(element: _WholeSeconds, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return (
        f"substr({compiler.process(element.clauses, **options)}, 1, {len('2026-11-16 09:00:00')})"
    )


def _offsets(span: Span) -> list[tuple[datetime, int]]:
    """Give each offset from UTC in seconds that holds within the span, and the moment that it ends at."""
    found = []
    here, step = span.since.astimezone(UTC), timedelta(days=1)
    while here < span.until:
        then = min(here + step, span.until.astimezone(UTC))
        if _offset(then, span.zone) != _offset(here, span.zone):
            found.append((_change(here, then, span.zone), _offset(here, span.zone)))
        here = then
    return [*found, (span.until, _offset(span.until, span.zone))]


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Find the first second of the new offset between two moments."""
    old = _offset(before, zone)
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        same = _offset(datetime.fromtimestamp(middle, UTC), zone) == old
        low, high = (middle, high) if same else (low, middle)
    return datetime.fromtimestamp(high, UTC)


def _offset(moment: datetime, zone: tzinfo) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _grouped(session: Session, rows: _Rows) -> Iterable[tuple[int, str, int, int]]:
    """Give day, group, sum and number of the rows of each."""
    each = rows.subquery()
    query = sa.select(each.c.day, each.c.group, sa.func.sum(each.c.amount), sa.func.count())
    for day, group, amount, count in session.execute(query.group_by(each.c.day, each.c.group)):
        yield int(day), group, int(amount), count


def _sums(session: Session, rows: _Rows, currency: str) -> Days:
    sums: dict[str, Counter[int]] = {}
    counts = Counter[str]()
    for day, group, amount, count in _grouped(session, rows):
        sums.setdefault(group, Counter())[day] += amount
        counts[group] += count
    if counts and currency not in counts:
        currency = min(counts, key=lambda each: (-counts[each], each))
    left_out = {group: count for group, count in sorted(counts.items()) if group != currency}
    found = {day: amount / 100 for day, amount in sums.get(currency, Counter()).items()}
    return _days(currency, left_out, found)


def _counts(session: Session, sources: Iterable[_Rows]) -> Days:
    found, imported = Counter[int](), 0
    for rows in sources:
        for day, group, amount, _count in _grouped(session, rows):
            if group == IMPORTED:
                imported += amount
            else:
                found[day] += amount
    return _days("", {IMPORTED: imported} if imported else {}, found)


def _days(currency: str, left_out: Mapping[str, int], found: Mapping[int, float]) -> Days:
    days = sorted(found)
    return Days(
        currency,
        left_out,
        tuple(_EPOCH + timedelta(days=day) for day in days),
        tuple(float(found[day]) for day in days),
    )
