"""What every customer did, summed up by the database between chosen moments, a page of customers at a time.

No row per order, ticket or activity leaves the database: what is read of a customer grows with the
number of moments, not with their history. Not here: what is worked out from the sums
(`jobs/analytics/features.py`).
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_store import upsert
from crm_store.models import Activity, ActivityKind, Order, Ticket, TicketKind
from crm_store.purchases import CUSTOMERS, Rows, hundredths, of_living, owner

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PAGE = 20_000  # customers
NEVER = -(2**62)  # in place of a moment that there is not
_COMPLAINTS = (TicketKind.COMPLAINT, TicketKind.CLAIM)
_SECOND = 1_000_000
_Expression = sa.SQLColumnExpression[Any]


def _integers() -> array[int]:
    return array("q")


@dataclass(slots=True)
class OrderSums:
    """Orders of one currency, a row per customer and bucket; moments are microseconds since 1970 UTC.

    Bucket number n holds what happened at or after border n - 1 and before border n, and the first
    everything before border 0.

    Attributes:
        customers: the code of the customer, see `crm_store.purchases.code`.
        buckets: the number of the bucket.
        net: hundredths, returns subtracted.
        gross: hundredths, purchases alone.
        days: different UTC days with a purchase, an order over more than nothing.
        first, last: the first and the last purchase, NEVER without one.
        came_days, came_first, came_last: the same of orders that are not a return, over nothing too.
        opening: what of `gross` was bought on the UTC day of the customer's very first such order.
    """

    customers: array[int] = field(default_factory=_integers)
    buckets: array[int] = field(default_factory=_integers)
    net: array[int] = field(default_factory=_integers)
    gross: array[int] = field(default_factory=_integers)
    days: array[int] = field(default_factory=_integers)
    first: array[int] = field(default_factory=_integers)
    last: array[int] = field(default_factory=_integers)
    came_days: array[int] = field(default_factory=_integers)
    came_first: array[int] = field(default_factory=_integers)
    came_last: array[int] = field(default_factory=_integers)
    opening: array[int] = field(default_factory=_integers)


@dataclass(slots=True)
class EventSums:
    """Tickets and activities, a row per customer, bucket and source, as in OrderSums.

    Attributes:
        tickets: how many tickets that are no complaint.
        complaints: how many complaints and claims.
        last: the last ticket or activity; a note is ours alone and does not count.
    """

    customers: array[int] = field(default_factory=_integers)
    buckets: array[int] = field(default_factory=_integers)
    tickets: array[int] = field(default_factory=_integers)
    complaints: array[int] = field(default_factory=_integers)
    last: array[int] = field(default_factory=_integers)


@dataclass(frozen=True, slots=True)
class Sums:
    """What a page of customers did before the last of the borders, which ascend."""

    borders: tuple[datetime, ...]
    orders: OrderSums = field(default_factory=OrderSums)
    events: EventSums = field(default_factory=EventSums)


def read_page(
    session: Session, kind: str, borders: Sequence[datetime], currency: str, after: int
) -> tuple[Sums, int | None]:
    """Sum up what the next PAGE living companies or contacts did before the last border.

    An order, a ticket or an activity belongs to its company, and to its contact when it has none.

    Args:
        kind: one of CUSTOMERS.
        borders: ascending moments, see OrderSums.
        currency: orders in others are not looked at.
        after: the number that the page before ended with, 0 for the first.

    Returns:
        The sums, and the number that this page ends with, None when nothing follows.
    """
    sums = Sums(tuple(borders))
    until = _page_end(session, kind, after)
    if until is None:
        return sums, None
    span = _Span(kind, after, until, sums.borders, _Dialect(upsert.is_postgresql(session)))
    _fill(session, _orders(span, currency), sums.orders, span)
    _fill(session, _tickets(span), sums.events, span)
    _fill(session, _activities(span), sums.events, span)
    return sums, until


@dataclass(frozen=True, slots=True)
class _Dialect:
    """What the two databases say differently about moments."""

    postgresql: bool

    def day(self, at: _Expression) -> _Expression:
        """Give the UTC day: equal for equal days and rising."""
        if self.postgresql:
            return sa.cast(sa.func.timezone("UTC", at), sa.Date)
        return sa.func.substr(sa.type_coerce(at, sa.String), 1, 10)

    def microseconds(self, at: _Expression) -> _Expression:
        """Give a moment as microseconds since 1970 UTC, NEVER for NULL."""
        if self.postgresql:
            found: _Expression = sa.cast(sa.extract("epoch", at) * _SECOND, sa.BigInteger)
        else:
            # Whole seconds and the rest apart: SQLite itself would round to milliseconds.
            text = sa.type_coerce(at, sa.String)
            seconds = sa.cast(sa.func.strftime("%s", sa.func.substr(text, 1, 19)), sa.BigInteger)
            found = seconds * _SECOND + sa.cast(sa.func.substr(text, 21, 6), sa.BigInteger)
        return sa.func.coalesce(found, NEVER)


@dataclass(frozen=True, slots=True)
class _Span:
    """The customers of one page and the borders of the buckets."""

    kind: str
    after: int
    until: int
    borders: tuple[datetime, ...]
    dialect: _Dialect

    def rows(self, model: Rows, at: _Expression) -> sa.Select[Any]:
        """Select customer and bucket of what the customers of the page did before the last border."""
        number = owner(self.kind, model)
        bucket = _bucket(at, self.borders, 0, len(self.borders) - 1)
        columns: list[_Expression] = [number.label("customer"), bucket.label("bucket")]
        rows: sa.Select[Any] = of_living(self.kind, model, at, self.borders[-1])
        chosen: sa.Select[Any] = rows.with_only_columns(*columns)
        return chosen.where(number > self.after, number <= self.until)


def _bucket(at: _Expression, borders: Sequence[datetime], low: int, high: int) -> _Expression:
    """Give the number of the bucket, known to be one of low … high, in few comparisons."""
    if low == high:
        return sa.literal_column(str(low))
    middle = (low + high) // 2
    below, above = _bucket(at, borders, low, middle), _bucket(at, borders, middle + 1, high)
    return sa.case((at < borders[middle], below), else_=above)


def _orders(span: _Span, currency: str) -> sa.Select[Any]:
    """Sum up orders day by day first, so that days are counted without looking at each order twice."""
    at = Order.ordered_at
    rows = (
        span.rows(Order, at)
        .add_columns(span.dialect.day(at).label("day"), hundredths().label("total"), at.label("at"))
        .where(Order.currency == currency)
        .subquery()
    ).c
    bought = sa.case((rows.total > 0, rows.at))
    came = sa.case((rows.total >= 0, rows.at))
    opened = sa.func.min(sa.case((rows.total >= 0, rows.day)))
    daily = (
        sa.select(
            rows.customer,
            rows.bucket,
            rows.day,
            sa.func.sum(rows.total).label("net"),
            sa.func.sum(sa.case((rows.total > 0, rows.total), else_=0)).label("gross"),
            sa.func.min(bought).label("first"),
            sa.func.max(bought).label("last"),
            sa.func.min(came).label("came_first"),
            sa.func.max(came).label("came_last"),
            sa.func.min(opened).over(partition_by=rows.customer).label("opened_on"),
        )
        .group_by(rows.customer, rows.bucket, rows.day)
        .subquery()
    ).c
    opening = sa.case((daily.day == daily.opened_on, daily.gross), else_=0)
    moment = span.dialect.microseconds
    return sa.select(
        daily.customer,
        daily.bucket,
        _whole(sa.func.sum(daily.net)),
        _whole(sa.func.sum(daily.gross)),
        sa.func.count(daily.first),
        moment(sa.func.min(daily.first)),
        moment(sa.func.max(daily.last)),
        sa.func.count(daily.came_first),
        moment(sa.func.min(daily.came_first)),
        moment(sa.func.max(daily.came_last)),
        _whole(sa.func.sum(opening)),
    ).group_by(daily.customer, daily.bucket)


def _tickets(span: _Span) -> sa.Select[Any]:
    complaint = sa.case((Ticket.kind.in_(_COMPLAINTS), 1), else_=0)
    rows = (
        span.rows(Ticket, Ticket.created_at)
        .add_columns(complaint.label("complaint"), Ticket.created_at.label("at"))
        .subquery()
    ).c
    complaints = _whole(sa.func.sum(rows.complaint))
    last = span.dialect.microseconds(sa.func.max(rows.at))
    counted = (_whole(sa.func.sum(1 - rows.complaint)), complaints, last)
    return sa.select(rows.customer, rows.bucket, *counted).group_by(rows.customer, rows.bucket)


def _activities(span: _Span) -> sa.Select[Any]:
    rows = (
        span.rows(Activity, Activity.at)
        .add_columns(Activity.at.label("at"))
        .where(Activity.kind != ActivityKind.NOTE)
        .subquery()
    ).c
    none: _Expression = sa.literal_column("0")
    counted: list[_Expression] = [none.label("tickets"), none.label("complaints")]
    last = span.dialect.microseconds(sa.func.max(rows.at))
    return sa.select(rows.customer, rows.bucket, *counted, last).group_by(
        rows.customer, rows.bucket
    )


def _fill(
    session: Session, query: sa.Select[Any], into: OrderSums | EventSums, span: _Span
) -> None:
    """Add the rows of a query to the columns, which stand in the same order."""
    odd = int(span.kind == "contact")
    columns = [getattr(into, name) for name in into.__slots__]
    for part in session.execute(query).partitions(PAGE):
        numbers, *others = zip(*part, strict=True)
        columns[0].extend(2 * number + odd for number in numbers)
        for column, values in zip(columns[1:], others, strict=True):
            column.extend(values)


def _page_end(session: Session, kind: str, after: int) -> int | None:
    model = CUSTOMERS[kind]
    ids = sa.select(model.id).where(model.id > after, model.deleted_at.is_(None))
    page = ids.order_by(model.id).limit(PAGE).subquery()
    return session.execute(sa.select(sa.func.max(page.c.id))).scalar_one_or_none()


def _whole(sum_: _Expression) -> _Expression:
    """Keep a sum an integer: PostgreSQL makes a decimal of it."""
    return sa.cast(sum_, sa.BigInteger)
