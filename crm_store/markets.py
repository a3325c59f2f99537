"""What each industry, country, product or segment of customers brought in: sums by month, share, customers.

Trends are worked out from the months in `jobs/trends.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm_store.models import Company, Contact, Order, OrderLine, Product, Receipt, Score
from crm_store.scores import SEGMENT
from crm_store.series import hundredths, living

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_Rows: TypeAlias = sa.Select[Any, Any, Any, Any, Any]
_Employer = aliased(Company)


class Part(StrEnum):
    """What the market is divided by."""

    INDUSTRY = "industry"
    COUNTRY = "country"
    PRODUCT = "product"
    SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class Share:
    """What one part brought in over some months, oldest first.

    Attributes:
        name: of the part; empty where nothing is filled in.
        months: the revenue of each month.
        units: pieces sold of a product, else orders, in the last 12 months.
        customers: who ordered in the last 12 months.
    """

    name: str
    months: tuple[float, ...]
    units: int
    customers: int


@dataclass(frozen=True, slots=True)
class Market:
    """The largest parts, and the revenue of all of them in the last 12 months, of `parts` parts."""

    total: float
    parts: int
    shares: tuple[Share, ...]


def read(
    session: Session, part: Part, borders: Sequence[datetime], currency: str, most: int
) -> Market:
    """Divide the revenue of the months between `borders` (aware, ascending, 12 months or more).

    Only orders in `currency` count. A contact's orders are those of the living company the contact belongs to. The
    `most` parts with the highest revenue in the last 12 months are given.
    """
    rows = _rows(part, currency)
    year = _between(rows, borders[-13], borders[-1]).subquery()
    amount = sa.func.sum(year.c.amount)
    sums = (
        sa.select(
            year.c.part,
            sa.func.sum(year.c.units),
            sa.func.count(year.c.customer.distinct()),
            sa.func.sum(amount).over(),
            sa.func.count().over(),
        )
        .group_by(year.c.part)
        .order_by(amount.desc(), year.c.part)
        .limit(most)
    )
    found = session.execute(sums).all()
    if not found:
        return Market(0.0, 0, ())
    months = _by_month(session, rows, borders, [row[0] for row in found])
    *_first, total, parts = found[0]
    return Market(
        int(total) / 100,
        parts,
        tuple(
            Share(name, tuple(months[name]), int(units or 0), customers)
            for name, units, customers, *_whole in found
        ),
    )


def _by_month(
    session: Session, rows: _Rows, borders: Sequence[datetime], parts: Collection[str]
) -> dict[str, list[float]]:
    """Give the revenue of each of these parts in each month."""
    every = _between(rows, borders[0], borders[-1]).subquery()
    ends = enumerate(borders[1:])
    month = sa.case(*((every.c.at < end, place) for place, end in ends)).label("month")
    placed = (
        sa.select(every.c.part, month, every.c.amount).where(every.c.part.in_(parts)).subquery()
    )
    query = sa.select(placed.c.part, placed.c.month, sa.func.sum(placed.c.amount))
    found = {part: [0.0] * (len(borders) - 1) for part in parts}
    for part, place, amount in session.execute(query.group_by(placed.c.part, placed.c.month)):
        found[part][place] = int(amount) / 100
    return found


def _between(rows: _Rows, since: datetime, until: datetime) -> _Rows:
    return rows.where(Order.ordered_at >= since, Order.ordered_at < until)


def _rows(part: Part, currency: str) -> _Rows:
    """Select part, moment, amount, units and customer of living orders in a currency, or of their lines."""
    company = sa.func.coalesce(Order.company_id, _Employer.id)
    customer = sa.case((company.is_not(None), company * 2), else_=Order.contact_id * 2 + 1)
    by_line = part is Part.PRODUCT
    columns = (
        sa.func.coalesce(_part(part), "").label("part"),
        Order.ordered_at.label("at"),
        hundredths(OrderLine.amount if by_line else Order.total).label("amount"),
        (OrderLine.quantity if by_line else sa.literal(1)).label("units"),
        customer.label("customer"),
    )
    rows = living(sa.select(*columns).select_from(Order), Order).where(Order.currency == currency)
    employed = sa.and_(Contact.company_id == _Employer.id, _Employer.deleted_at.is_(None))
    rows = rows.outerjoin(_Employer, employed)
    if by_line:
        rows = rows.join(OrderLine, OrderLine.order_id == Order.id)
        return rows.outerjoin(Product, OrderLine.product_id == Product.id)
    if part is Part.SEGMENT:
        return rows.outerjoin(Score, _of_newest_segments())
    return rows


def _part(part: Part) -> Any:  # noqa: ANN401 - a column or a function of some
    return {
        Part.INDUSTRY: sa.func.coalesce(Company.industry, _Employer.industry),
        Part.COUNTRY: sa.func.coalesce(Company.country, _Employer.country),
        Part.PRODUCT: sa.func.coalesce(Product.name, OrderLine.description),
        Part.SEGMENT: Score.label,
    }[part]


def _of_newest_segments() -> sa.ColumnElement[bool]:
    period = Receipt.data["period"].as_string()
    newest = sa.select(sa.func.max(period)).where(Receipt.kind == SEGMENT).scalar_subquery()
    company = Order.company_id
    kind = sa.case((company.is_not(None), "company"), else_="contact")
    return sa.and_(
        Score.kind == SEGMENT,
        Score.period == newest,
        Score.subject_kind == kind,
        Score.subject_id == sa.func.coalesce(company, Order.contact_id),
    )
