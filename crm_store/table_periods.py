"""Weeks or months as rows: what was ordered in each, and what had happened in the one before.

The past week or month is all that is known when the next one is planned. Records as rows are
`crm_store/tables.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa

from crm_store.exclusions import is_excluded
from crm_store.models import (
    Activity,
    ActivityKind,
    Company,
    Contact,
    Deal,
    Order,
    Ticket,
    TicketKind,
)
from crm_store.tables import Column, Kind, Left, Table

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TIME = "time"
_DONE = {
    ActivityKind.CALL: "calls",
    ActivityKind.MEETING: "meetings",
    ActivityKind.VISIT: "visits",
    ActivityKind.EMAIL: "emails",
}
_NEW: dict[str, Any] = {
    "new_companies": Company,
    "new_contacts": Contact,
    "new_deals": Deal,
    "tickets": Ticket,
}
_COMPLAINTS = (TicketKind.COMPLAINT, TicketKind.CLAIM)
FIELDS = (TIME, *_DONE.values(), *_NEW, "complaints")
PARTS = ("orders", "activities", *_NEW, "complaints")
Counts: TypeAlias = dict[str, list[float]]


def count(session: Session, part: str, bounds: Sequence[datetime], currency: str) -> Counts:
    """Count one of PARTS in each period: one statement.

    Args:
        session: a short transaction.
        part: what to count.
        bounds: ascending; the periods lie between two of them.
        currency: of the orders that are summed.
    """
    size = len(bounds) - 1
    found: Counts = {name: [0.0] * size for name in _names(part)}
    for name, place, number in _counted(session, part, bounds, currency):
        found[name][place] = float(number or 0)
    return found


def table(
    of: str, target: str, counts: Mapping[str, list[float]], bounds: Sequence[datetime],
    currency: str, excluded: frozenset[str],
) -> Table:  # fmt: skip
    """Lay the periods but the first out as rows, each with the counts of the period before it.

    `target` is `demand`, the number of orders, or `sales`, their sum.
    """
    outcomes = counts["orders" if target == "demand" else "sales"][1:]
    size = len(outcomes)
    values = {TIME: [float(place) for place in range(size)]}
    values |= {name: counts[name][:-1] for name in FIELDS if name != TIME}
    left = {name: Left.EXCLUDED for name in FIELDS if is_excluded(name, excluded)}
    return Table(
        of=of,
        ids=list(range(size)),
        moments=list(bounds[1:-1]),
        outcomes=list(outcomes),
        columns=tuple(
            Column(name, Kind.NUMBER, list(numbers))
            for name, numbers in values.items()
            if name not in left
        ),
        left=left,
        currency=currency,
        other_currency=0,
        late=0,
        skipped=0,
    )


def first(session: Session) -> datetime | None:
    """Return when the first order was placed."""
    return session.scalar(
        sa.select(sa.func.min(Order.ordered_at)).where(Order.deleted_at.is_(None))
    )


def _names(part: str) -> tuple[str, ...]:
    if part == "orders":
        return "orders", "sales"
    return tuple(_DONE.values()) if part == "activities" else (part,)


def _counted(
    session: Session, part: str, bounds: Sequence[datetime], currency: str
) -> Iterator[tuple[str, int, Any]]:
    if part == "orders":
        hundredths = sa.func.sum(sa.type_coerce(Order.total, sa.BigInteger))
        bought = sa.func.count().filter(Order.total > 0)
        wanted = Order.currency == currency
        rows = _rows(session, Order, Order.ordered_at, bounds, wanted, [bought, hundredths])
        for place, orders, total in rows:
            yield "orders", place, orders
            yield "sales", place, float(total or 0) / 100
    elif part == "activities":
        done = Activity.kind.in_(_DONE)
        rows = _rows(session, Activity, Activity.at, bounds, done, [sa.func.count()], Activity.kind)
        yield from ((_DONE[kind], place, number) for place, number, kind in rows)
    else:
        model = _NEW.get(part, Ticket)
        wanted = sa.true() if part in _NEW else Ticket.kind.in_(_COMPLAINTS)
        rows = _rows(session, model, model.created_at, bounds, wanted, [sa.func.count()])
        yield from ((part, place, number) for place, number in rows)


def _rows(
    session: Session,
    model: Any,  # noqa: ANN401 - a mapped class
    at: Any,  # noqa: ANN401 - a mapped column
    bounds: Sequence[datetime],
    wanted: sa.ColumnElement[bool],
    what: Sequence[Any],
    *by: Any,  # noqa: ANN401 - columns
) -> Sequence[Any]:
    place = _place(at, bounds, 0, len(bounds) - 1).label("place")
    query = sa.select(place, *what, *by).where(
        model.deleted_at.is_(None), at >= bounds[0], at < bounds[-1], wanted
    )
    return session.execute(query.group_by(place, *by)).all()


def _place(at: Any, bounds: Sequence[datetime], low: int, high: int) -> Any:  # noqa: ANN401
    """Return in which period a moment lies, by halves: a few comparisons for each row."""
    if high - low == 1:
        return sa.literal_column(str(low))
    middle = (low + high) // 2
    halves = _place(at, bounds, low, middle), _place(at, bounds, middle, high)
    return sa.case((at < bounds[middle], halves[0]), else_=halves[1])
