"""What was bought together, by whom, and what else suggestions are made from, as plain columns, page by page.

Only living orders of living customers, living products and open deals. Not here: DataFrames
(`jobs/analytics/`), what is worked out from them (`jobs/baskets.py`).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_store.conversations import Reference
from crm_store.exclusions import is_excluded
from crm_store.models import (
    Company,
    Contact,
    CustomField,
    Deal,
    Order,
    OrderLine,
    Product,
    Stage,
    StageKind,
)
from crm_store.purchases import code

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ORDERS = 5_000  # of a page
PAGE = 20_000
MOST_LINES = 6_000_000  # the newest: five numbers of eight bytes each, 240 MB
GROUPS = ("industry", "country")  # of a company, the narrowest first
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def _integers() -> array[int]:
    return array("q")


@dataclass(slots=True)
class Lines:
    """Products of orders, each product of an order once, page by page from the newest orders back.

    Attributes:
        orders: numbers of the orders.
        customers: codes, see `crm_store.purchases.code`.
        products: numbers of the products.
        moments: microseconds since 1970 UTC.
        quantities: what was ordered less what was given back in the same order.
        complete: whether MOST_LINES sufficed.
    """

    orders: array[int] = field(default_factory=_integers)
    customers: array[int] = field(default_factory=_integers)
    products: array[int] = field(default_factory=_integers)
    moments: array[int] = field(default_factory=_integers)
    quantities: array[int] = field(default_factory=_integers)
    complete: bool = True


@dataclass(slots=True)
class Goods:
    """The products, ascending by number; `prices` are None where there is none in `currency`."""

    currency: str
    products: array[int] = field(default_factory=_integers)
    names: list[str] = field(default_factory=list)
    prices: list[float | None] = field(default_factory=list)
    traits: list[tuple[str, ...]] = field(default_factory=list)
    moments: array[int] = field(default_factory=_integers)


@dataclass(frozen=True, slots=True)
class OpenDeal:
    """A deal that suggestions are made for; `customer` is the code of whom it is with, -1 for nobody."""

    deal: int
    customer: int
    title: str


Place = tuple[datetime, int]  # the moment and the number of the order that a page ended with


def read_lines(
    session: Session, into: Lines, since: datetime, until: datetime, after: Place | None
) -> Place | None:
    """Add the products of the next page of orders, the newest first.

    Args:
        into: the columns they are added to.
        since: orders before it are not read.
        until: orders at or after it are not read.
        after: what the page before gave, None for the first.

    Returns:
        Where this page ends, None when nothing follows or there are MOST_LINES.
    """
    found = session.execute(_orders(since, until, after)).all()
    orders = {row[0]: row for row in found}
    quantity = sa.func.sum(OrderLine.quantity)
    lines = (
        sa.select(OrderLine.order_id, Product.id, quantity)
        .join(Product, OrderLine.product_id == Product.id)
        .where(OrderLine.order_id.in_(orders), Product.deleted_at.is_(None))
        .group_by(OrderLine.order_id, Product.id)
        .order_by(OrderLine.order_id, Product.id)
    )
    for order, product, count in session.execute(lines):
        _id, customer, at = orders[order]
        into.orders.append(order)
        into.customers.append(customer)
        into.products.append(product)
        into.moments.append((at - _EPOCH) // _MICROSECOND)
        into.quantities.append(int(count))
    into.complete = len(into.orders) < MOST_LINES
    if len(found) < ORDERS or not into.complete:
        return None
    return found[-1][2], found[-1][0]


def _orders(since: datetime, until: datetime, after: Place | None) -> sa.Select[Any]:
    number = sa.case((Order.company_id.is_not(None), Order.company_id * 2), else_=_person())
    query = (
        sa.select(Order.id, number, Order.ordered_at)
        .outerjoin(Company, Order.company_id == Company.id)
        .outerjoin(Contact, sa.and_(Order.company_id.is_(None), Order.contact_id == Contact.id))
        .where(
            Order.deleted_at.is_(None),
            Order.ordered_at >= since,
            Order.ordered_at < until,
            sa.or_(Company.id.is_not(None), Contact.id.is_not(None)),
            Company.deleted_at.is_(None),
            Contact.deleted_at.is_(None),
        )
        .order_by(Order.ordered_at.desc(), Order.id.desc())
        .limit(ORDERS)
    )
    if after is not None:
        at, order = after
        query = query.where(Order.ordered_at <= at, sa.or_(Order.ordered_at < at, Order.id < order))
    return query


def _person() -> sa.ColumnElement[Any]:
    number: sa.ColumnElement[Any] = Order.contact_id * 2 + 1
    return number


def open_goods(session: Session, default: str) -> Goods:
    """Return empty columns in the currency to compare prices in: the one that most products have."""
    counted = (
        sa.select(Product.currency, sa.func.count())
        .where(Product.deleted_at.is_(None), Product.price.is_not(None))
        .group_by(Product.currency)
    )
    counts = {row[0]: row[1] for row in session.execute(counted)}
    return Goods(min(counts, key=lambda each: (-counts[each], each), default=default))


def fields_read(session: Session, excluded: frozenset[str]) -> tuple[frozenset[str], list[str]]:
    """Return the added fields of products that may be looked at, and the names of all that may not."""
    query = sa.select(CustomField.name, CustomField.label).where(CustomField.kind == "product")
    left_out = {
        name: label
        for name, label in session.execute(query)
        if is_excluded(name, excluded) or is_excluded(label, excluded)
    }
    read = session.scalars(sa.select(CustomField.name).where(CustomField.kind == "product"))
    names = frozenset(read) - left_out.keys()
    return names, sorted([*left_out.values(), *(n for n in GROUPS if is_excluded(n, excluded))])


def read_goods(session: Session, into: Goods, fields: frozenset[str], after: int) -> int | None:
    """Add the next page of products.

    Args:
        into: the columns they are added to.
        fields: the added fields whose values are traits, such as a category.
        after: the number that the page before ended with, 0 for the first.

    Returns:
        The number that this page ends with, None when nothing follows.
    """
    query = (
        sa.select(
            Product.id,
            Product.name,
            Product.price,
            Product.currency,
            Product.custom,
            Product.created_at,
        )
        .where(Product.deleted_at.is_(None), Product.id > after)
        .order_by(Product.id)
        .limit(PAGE)
    )
    found = session.execute(query).all()
    for product, name, price, currency, custom, at in found:
        into.products.append(product)
        into.names.append(name)
        into.prices.append(_price(price) if currency == into.currency else None)
        into.traits.append(_traits(custom, fields))
        into.moments.append((at - _EPOCH) // _MICROSECOND)
    return found[-1][0] if len(found) == PAGE else None


def _price(price: Decimal | None) -> float | None:
    return None if price is None else float(price)


def _traits(custom: dict[str, Any], fields: Iterable[str]) -> tuple[str, ...]:
    values = ((name, custom.get(name)) for name in sorted(fields))
    return tuple(f"{name}={value}" for name, value in values if value not in (None, "", []))


def read_companies(
    session: Session,
    into: dict[int, tuple[tuple[str, str], ...]],
    after: int,
    left_out: Iterable[str],
) -> int | None:
    """Add the groups of the next page of companies, by their codes.

    The groups are those of GROUPS but for `left_out`, as name and value. The arguments and the
    answer are else those of `read_goods`.
    """
    used = [name for name in GROUPS if name not in left_out]
    columns = [getattr(Company, name) for name in used]
    query = (
        sa.select(Company.id, *columns)
        .where(Company.deleted_at.is_(None), Company.id > after)
        .order_by(Company.id)
        .limit(PAGE)
    )
    found = session.execute(query).all()
    for number, *values in found:
        groups = tuple((name, value) for name, value in zip(used, values, strict=True) if value)
        into[code(Reference("company", number))] = groups
    return found[-1][0] if len(found) == PAGE else None


def read_deals(session: Session, into: list[OpenDeal], after: int) -> int | None:
    """Add the next page of open deals; the arguments and the answer are those of `read_goods`."""
    query = (
        sa.select(Deal.id, Deal.title, Company.id, Contact.id)
        .join(Stage, Deal.stage_id == Stage.id)
        .outerjoin(Company, sa.and_(Deal.company_id == Company.id, Company.deleted_at.is_(None)))
        .outerjoin(Contact, sa.and_(Deal.contact_id == Contact.id, Contact.deleted_at.is_(None)))
        .where(Deal.deleted_at.is_(None), Stage.kind == StageKind.OPEN, Deal.id > after)
        .order_by(Deal.id)
        .limit(PAGE)
    )
    found = session.execute(query).all()
    for number, title, company, contact in found:
        into.append(OpenDeal(number, _code_of(company, contact), title))
    return found[-1][0] if len(found) == PAGE else None


def _code_of(company: int | None, contact: int | None) -> int:
    if company is not None:
        return code(Reference("company", company))
    return -1 if contact is None else code(Reference("contact", contact))
