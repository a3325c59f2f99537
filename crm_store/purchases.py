"""Who a customer is, and which of their orders, tickets and activities the analyses look at.

Not here: what they add up to (`features.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_store.conversations import Reference
from crm_store.models import Activity, Company, Contact, Order, Ticket

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

CUSTOMERS: Mapping[str, type[Company | Contact]] = {"company": Company, "contact": Contact}
Rows = type[Order | Ticket | Activity]
_Expression = sa.SQLColumnExpression[Any]


def code(customer: Reference) -> int:
    """Return a customer as one number: twice the id of a company, twice the id plus 1 of a contact."""
    return 2 * customer.id + (customer.kind == "contact")


def customer(number: int) -> Reference:
    """Return the customer behind a code."""
    return Reference("contact" if number % 2 else "company", number // 2)


def currency_used(session: Session, until: datetime, default: str) -> tuple[str, Mapping[str, int]]:
    """Return the currency to use, and how many orders before `until` there are in each other.

    It is `default` if it has orders, else the one used most.
    """
    counts: dict[str, int] = {}
    for kind in CUSTOMERS:
        rows = of_living(kind, Order, Order.ordered_at, until)
        counted = rows.with_only_columns(Order.currency, sa.func.count()).group_by(Order.currency)
        for currency, count in session.execute(counted):
            counts[currency] = counts.get(currency, 0) + count
    chosen = default
    if counts and default not in counts:
        chosen = min(counts, key=lambda currency: (-counts[currency], currency))
    return chosen, {name: count for name, count in counts.items() if name != chosen}


def first_order(session: Session, until: datetime, currency: str, *, free: bool) -> datetime | None:
    """Return when the first order before `until` that is no return was placed.

    `free` counts orders over nothing too.
    """
    total = hundredths()
    found: list[datetime] = []
    for kind in CUSTOMERS:
        rows = of_living(kind, Order, Order.ordered_at, until).where(
            Order.currency == currency, total >= 0 if free else total > 0
        )
        first = rows.with_only_columns(Order.ordered_at).order_by(Order.ordered_at).limit(1)
        found += session.scalars(first)
    return min(found, default=None)


def count_customers(session: Session, until: datetime, currency: str) -> int:
    """Return how many customers bought anything before `until`; most contacts and companies may be none."""
    found = 0
    for kind in CUSTOMERS:
        rows = of_living(kind, Order, Order.ordered_at, until).where(
            Order.currency == currency, hundredths() > 0
        )
        buyers = sa.func.count(sa.distinct(owner(kind, Order)))
        found += session.execute(rows.with_only_columns(buyers)).scalar_one()
    return found


def hundredths() -> _Expression:
    """Return an order's total as a whole number of hundredths."""
    return sa.type_coerce(Order.total, sa.BigInteger)


def owner(kind: str, model: Rows) -> _Expression:
    """Return the column with the id of the company, or of the contact."""
    return model.company_id if kind == "company" else model.contact_id


def of_living(kind: str, model: Rows, at: _Expression, until: datetime) -> sa.Select[Any]:
    """Select from what happened before `until` with living companies, or living contacts without a company in it."""
    customer_of = CUSTOMERS[kind]
    # Not IS NULL: SQLite would take the index of companies and look at all contacts for each page.
    alone = [sa.func.coalesce(model.company_id, 0) == 0] if kind == "contact" else []
    return (
        sa.select(model.id)
        .join(customer_of, owner(kind, model) == customer_of.id)
        .where(customer_of.deleted_at.is_(None), model.deleted_at.is_(None), at < until, *alone)
    )
