"""A made-up shop with products on its orders: printers go with toner, garden tools with gloves."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from crm_store import bulk
from crm_store.models import Company, Order, OrderLine, Product
from crm_store.search import key
from crm_store.store import Session
from tests.desk import START

OFFICE = ("Printer Y", "Toner X", "Paper A4", "Stapler", "Folder", "Marker", "Lamp", "Desk mat")
GARDEN = ("Spade", "Gloves", "Seeds", "Hose", "Rake", "Pot", "Soil", "Trowel")


def products(session: Session, names: Sequence[str], days: int = 900) -> dict[str, int]:
    """Put products into the catalogue `days` before START; return their numbers by name."""
    rows = [
        {
            "code": f"{name}-{place}",
            "name": name,
            "price": Decimal(10),
            "currency": "EUR",
            "created_at": START - timedelta(days=days),
            "custom": {},
        }
        for place, name in enumerate(names)
    ]
    return dict(zip(names, bulk.insert(session, Product, rows), strict=True))


def company(session: Session, name: str, **fields: str) -> int:
    """Add a company and return its number."""
    row = Company(name=name, name_key=key(name), created_at=START, **fields)
    session.add(row)
    session.flush()
    return row.id


def sell(
    session: Session,
    customer: int,
    days: float,
    goods: Mapping[int, int] | Sequence[int],
    column: str = "company_id",
) -> int:
    """Place an order `days` before START with these products, by number or with their quantities."""
    order = Order(
        total=Decimal(10),
        currency="EUR",
        ordered_at=START - timedelta(days=days),
        created_at=START,
        **{column: customer},
    )
    session.add(order)
    session.flush()
    quantities = goods if isinstance(goods, Mapping) else dict.fromkeys(goods, 1)
    for product, quantity in quantities.items():
        session.add(
            OrderLine(
                order_id=order.id,
                product_id=product,
                description="",
                quantity=quantity,
                unit_price=Decimal(10),
                amount=Decimal(10 * quantity),
            )
        )
    session.flush()
    return order.id


def crowd(session: Session, count: int = 160, seed: int = 3) -> dict[str, int]:
    """Fill a shop: half of the companies buy for the office, half for the garden, four orders each.

    The first of each kind, “Office 0” and “Garden 1”, never bought the second product of theirs.
    """
    dice = random.Random(seed)
    numbers = products(session, [*OFFICE, *GARDEN])
    for place in range(count):
        kind, names = (("Garden", GARDEN), ("Office", OFFICE))[place % 2 == 0]
        buyer = company(session, f"{kind} {place}", industry=kind.lower())
        for month in range(4):
            taken = {names[0], *dice.sample(names[2:], 2)}
            if place > 1 and dice.random() < 0.7:
                taken.add(names[1])
            goods = [numbers[name] for name in sorted(taken)]
            sell(session, buyer, 110 - 30 * month + dice.randrange(4), goods)
    return numbers
