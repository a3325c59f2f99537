"""What customers bought and what happened with them before a moment, as plain columns, page by page.

Not here: DataFrames (`jobs/analytics/frames.py`) and what is worked out from them.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_store.conversations import Reference
from crm_store.models import (
    Activity,
    ActivityKind,
    Company,
    Contact,
    Order,
    Ticket,
    TicketKind,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PAGE = 20_000
TICKET, COMPLAINT, ACTIVITY = "ticket", "complaint", "activity"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COMPLAINTS = frozenset({TicketKind.COMPLAINT, TicketKind.CLAIM})


def _integers() -> array[int]:
    return array("q")


def _floats() -> array[float]:
    return array("d")


@dataclass(slots=True)
class Purchases:
    """Orders of one currency, a column per field.

    Attributes:
        currency: ISO 4217 code of every amount; orders in others are not mixed in.
        left_out: how many orders there are in each other currency.
        customers: the code of the customer, see `code`.
        moments: microseconds since 1970 UTC.
        amounts: the total; a return is negative.
    """

    currency: str
    left_out: Mapping[str, int]
    customers: array[int] = field(default_factory=_integers)
    moments: array[int] = field(default_factory=_integers)
    amounts: array[float] = field(default_factory=_floats)


@dataclass(slots=True)
class Events:
    """Tickets, complaints and activities, a column per field; `kinds` are the constants above."""

    customers: array[int] = field(default_factory=_integers)
    moments: array[int] = field(default_factory=_integers)
    kinds: list[str] = field(default_factory=list)


def code(customer: Reference) -> int:
    """Return a customer as one number: twice the id of a company, twice the id plus 1 of a contact."""
    return 2 * customer.id + (customer.kind == "contact")


def customer(number: int) -> Reference:
    """Return the customer behind a code."""
    return Reference("contact" if number % 2 else "company", number // 2)


def open_purchases(session: Session, until: datetime, default: str) -> Purchases:
    """Return empty columns in the currency to use: `default` if it has orders, else the most used."""
    rows = _rows(Order, Order.ordered_at, until, Order.currency)
    counted = rows.with_only_columns(Order.currency, sa.func.count()).group_by(Order.currency)
    counts = {row[0]: row[1] for row in session.execute(counted)}
    chosen = default
    if counts and default not in counts:
        chosen = min(counts, key=lambda currency: (-counts[currency], currency))
    return Purchases(chosen, {name: count for name, count in counts.items() if name != chosen})


def read_orders(session: Session, into: Purchases, until: datetime, after: int) -> int | None:
    """Add the next page of orders placed before `until`.

    Args:
        into: the columns they are added to.
        until: orders at or after it are not read.
        after: the number that the page before ended with, 0 for the first.

    Returns:
        The number that this page ends with, None when nothing follows.
    """
    hundredths = sa.type_coerce(Order.total, sa.BigInteger)
    rows = _rows(Order, Order.ordered_at, until, hundredths).where(Order.currency == into.currency)
    found = _page(session, rows, Order, after)
    for _id, number, at, total in found:
        into.customers.append(number)
        into.moments.append((at - _EPOCH) // _MICROSECOND)
        into.amounts.append(total / 100)
    return _last(found)


def read_tickets(session: Session, into: Events, until: datetime, after: int) -> int | None:
    """Add the next page of tickets, complaints and claims among them as complaints.

    The arguments and the answer are those of `read_orders`.
    """
    found = _page(session, _rows(Ticket, Ticket.created_at, until, Ticket.kind), Ticket, after)
    for _id, number, at, kind in found:
        _add(into, number, at, COMPLAINT if kind in _COMPLAINTS else TICKET)
    return _last(found)


def read_activities(session: Session, into: Events, until: datetime, after: int) -> int | None:
    """Add the next page of activities with the customer; a note is ours alone and does not count.

    The arguments and the answer are those of `read_orders`.
    """
    rows = _rows(Activity, Activity.at, until, Activity.kind)
    found = _page(session, rows.where(Activity.kind != ActivityKind.NOTE), Activity, after)
    for _id, number, at, _kind in found:
        _add(into, number, at, ACTIVITY)
    return _last(found)


def _add(into: Events, number: int, at: datetime, kind: str) -> None:
    into.customers.append(number)
    into.moments.append((at - _EPOCH) // _MICROSECOND)
    into.kinds.append(kind)


def _rows(
    model: type[Order | Ticket | Activity],
    at: sa.ColumnElement[datetime] | Any,  # noqa: ANN401 - a mapped column
    until: datetime,
    more: sa.ColumnElement[Any] | Any,  # noqa: ANN401 - a mapped column
) -> sa.Select[int, int, datetime, Any]:
    """Select id, customer's code, moment and one field more of what stands before `until` on a living customer."""
    company, person = model.company_id, model.contact_id
    number = sa.case((company.is_not(None), company * 2), else_=person * 2 + 1)
    return (
        sa.select(model.id, number, at, more)
        .outerjoin(Company, company == Company.id)
        .outerjoin(Contact, sa.and_(company.is_(None), person == Contact.id))
        .where(
            model.deleted_at.is_(None),
            at < until,
            sa.or_(Company.id.is_not(None), Contact.id.is_not(None)),
            Company.deleted_at.is_(None),
            Contact.deleted_at.is_(None),
        )
    )


def _page(
    session: Session,
    rows: sa.Select[int, int, datetime, Any],
    model: type[Order | Ticket | Activity],
    after: int,
) -> list[sa.Row[int, int, datetime, Any]]:
    return list(session.execute(rows.where(model.id > after).order_by(model.id).limit(PAGE)))


def _last(found: list[sa.Row[int, int, datetime, Any]]) -> int | None:
    return found[-1][0] if len(found) == PAGE else None
