"""Made-up shops in a real store, whose leavers are planted, and what a job is given to work on them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

import sqlalchemy as sa

from crm_store.models import Company, Contact, Notice, Order
from crm_store.search import key
from crm_store.store import Session
from handlers.reply import Reply
from jobs.schedule import JobContext
from tests.desk import SEED, START, Desk

MORNING = START - timedelta(hours=2, minutes=30)  # 07:30 in Berlin
HISTORY = 500
AHEAD = 45  # days after START of which the store knows already what nobody may look at
BERLIN = "Europe/Berlin"


def context(
    desk: Desk,
    now: datetime = MORNING,
    routes: Mapping[str, tuple[str, ...]] | None = None,
    currency: str = "EUR",
) -> JobContext:
    """What the scheduler would give a job at `now`."""
    return JobContext(
        transaction=partial(desk.store.transaction, SEED),
        reading=desk.store.reading,
        now=now,
        routes=routes or {},
        time_zone=BERLIN,
        currency=currency,
        working_hours="09:00-18:00",
        progress=lambda _text: None,
    )


@dataclass(frozen=True)
class Buyer:
    """A customer by name, with the days before START (negative: after) on which they order."""

    name: str
    days: Sequence[float]
    amount: int = 100
    person: bool = False
    currency: str = "EUR"
    fields: Mapping[str, str] = field(default_factory=dict)


def every(step: int, *, since: int, until: int) -> list[float]:
    """Order every `step` days from `since` to `until` days before START."""
    return [float(day) for day in range(since, until, -step)]


def crowd(count: int = 320, seed: int = 7) -> list[Buyer]:
    """Customers who order about every 15 days until most of them leave; every third is a person."""
    dice = random.Random(seed)
    buyers = []
    for place in range(count):
        day = HISTORY - dice.uniform(0, 100)
        leaves = day - 60 - dice.expovariate(1 / 400)
        days = []
        while day > max(leaves, -AHEAD):
            days.append(day)
            day -= dice.expovariate(1 / 15)
        buyers.append(
            Buyer(f"Customer {place:03}", days, dice.randint(50, 150), person=place % 3 == 0)
        )
    return buyers


def stock(session: Session, buyers: Iterable[Buyer]) -> None:
    """Put customers and their orders into the store."""
    for buyer in buyers:
        model = Contact if buyer.person else Company
        customer = model(name=buyer.name, name_key=key(buyer.name), created_at=START)
        session.add(customer)
        session.flush()
        column = "contact_id" if buyer.person else "company_id"
        rows = [
            {
                column: customer.id,
                "ordered_at": START - timedelta(days=day),
                "total": Decimal(buyer.amount),
                "currency": buyer.currency,
                "created_at": START,
                "custom": {},
            }
            for day in buyer.days
        ]
        if rows:
            session.execute(sa.insert(Order), rows)


def owed(desk: Desk, kind: str) -> list[Notice]:
    """The notices of a kind, in the order in which they were owed."""
    with desk.session() as session:
        return list(
            session.scalars(sa.select(Notice).where(Notice.kind == kind).order_by(Notice.id))
        )


def words(desk: Desk, notice: Notice) -> Reply:
    """What a notice says to its reader."""
    with desk.session() as session:
        kept = session.get_one(Notice, notice.id)
        kept.sent_to = kept.address or "test:somebody"
        told = desk.router.tell(session, kept)
        session.expire(kept)
        assert told
        return told[1]
