"""What the demo's customers order: four ranges of a wholesaler, where some things go together."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crm_store import bulk
from crm_store.models import OrderLine, Product
from crm_store.store import Session

SEED = 11
HABIT = 0.7  # how often the second product of a range comes with the first
RANGES: dict[str, tuple[tuple[str, int], ...]] = {
    "Coffee": (
        ("Espresso cups, set of 6", 24), ("Espresso saucers, set of 6", 15), ("Milk jug", 12),
        ("Coffee beans, 1 kg", 14), ("Filter papers, 200", 4), ("Sugar sticks, 1,000", 9),
    ),
    "Table": (
        ("Dinner plates, set of 12", 48), ("Soup bowls, set of 12", 39), ("Blue bowl, large", 11),
        ("Cutlery for 12", 55), ("Linen napkins, 20", 26), ("Water glasses, 12", 18),
    ),
    "Gifts": (
        ("Gift boxes, 50", 22), ("Satin ribbon, 100 m", 8), ("Pillar candles, 12", 19),
        ("Greeting cards, 40", 16), ("Tissue paper, 500", 7), ("Wooden tray", 13),
    ),
    "Garden": (
        ("Terracotta pots, 10", 21), ("Plant labels, 100", 5), ("Watering can", 17),
        ("Herb seeds, assorted", 6), ("Garden twine, 200 m", 4), ("Work gloves, 10", 12),
    ),
}  # fmt: skip
NEW = ("Table", "Blue bowl, small", 9)  # came in lately; nobody bought it yet


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The numbers and prices of the products, by range."""

    ranges: dict[str, tuple[tuple[int, int], ...]]


def add_products(session: Session, now: datetime, currency: str) -> Catalogue:
    """Put the products into the store."""
    listed = [(kind, *each) for kind, goods in RANGES.items() for each in goods]
    rows = [
        {
            "code": f"{kind[:2].upper()}-{place:03}",
            "name": name,
            "price": Decimal(price),
            "currency": currency,
            "created_at": now - timedelta(days=20 if (kind, name, price) == NEW else 800),
        }
        for place, (kind, name, price) in enumerate([*listed, NEW], 101)
    ]
    numbers = bulk.insert(session, Product, rows)
    found: dict[str, tuple[tuple[int, int], ...]] = dict.fromkeys(RANGES, ())
    for number, (kind, _name, price) in zip(numbers, listed, strict=False):
        found[kind] += ((number, price),)
    return Catalogue(found)


def add_lines(
    session: Session, catalogue: Catalogue, orders: list[int], rows: list[dict[str, Any]]
) -> None:
    """Say what each order was for; what the products do not come to is its delivery."""
    rng = random.Random(SEED)  # noqa: S311 - made-up data, no secret
    tastes: dict[int, list[str]] = {}
    lines: list[dict[str, Any]] = []
    for order, row in zip(orders, rows, strict=True):
        taste = tastes.setdefault(
            row["company_id"], rng.sample(list(RANGES), rng.choice((1, 1, 2)))
        )
        left: Decimal = row["total"]
        for number, price in _chosen(catalogue.ranges[rng.choice(taste)], rng):
            quantity = int(left // (price * 3))
            if quantity:
                left -= quantity * price
                lines.append(_line(order, number, "", quantity, Decimal(price)))
        lines.append(_line(order, None, "Delivery", 1, left))
    bulk.add(session, OrderLine, lines)


def _chosen(goods: tuple[tuple[int, int], ...], rng: random.Random) -> list[tuple[int, int]]:
    first, second, *others = goods
    chosen = rng.sample(others, rng.choice((1, 1, 2)))
    if rng.random() < HABIT:
        chosen.append(first)
        if rng.random() < HABIT:
            chosen.append(second)
    return chosen


def _line(
    order: int, product: int | None, text: str, quantity: int, price: Decimal
) -> dict[str, Any]:
    return {
        "order_id": order,
        "product_id": product,
        "description": text,
        "quantity": quantity,
        "unit_price": price,
        "amount": quantity * price,
    }
