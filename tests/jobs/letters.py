"""Made-up tickets whose queue, priority and mood can be told by planted words, in English and Chinese."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from crm_store.models import Company, Priority, Ticket, TicketKind, TicketStatus
from crm_store.search import key
from crm_store.store import Session
from tests.desk import START

SIGNS = {
    "billing": ["invoice", "refund", "charged", "payment", "vat"],
    "access": ["password", "login", "locked", "reset", "account"],
    "物流": ["快递", "包裹", "物流", "派送", "签收"],
}
FILLER = ["hello", "please", "we", "our", "since", "today", "with", "again", "regards", "could"]
GOOD, BAD = ["great", "friendly", "quick", "perfect"], ["slow", "rude", "awful", "broken"]
CUSTOMERS = 12


def letter(dice: random.Random, queue: str) -> str:
    """Write about the matter of a queue."""
    words = [*dice.sample(FILLER, 5), *dice.sample(SIGNS[queue], 2)]
    dice.shuffle(words)
    return " ".join(words)


def companies(session: Session) -> list[int]:
    """Add the customers who write."""
    made = [
        Company(name=f"Firm {n}", name_key=key(f"Firm {n}"), created_at=START)
        for n in range(CUSTOMERS)
    ]
    session.add_all(made)
    session.flush()
    return [each.id for each in made]


def labelled(
    session: Session,
    count: int,
    *,
    seed: int = 0,
    queues: Iterable[str] = SIGNS,
    shuffled: bool = False,
) -> None:
    """Add finished tickets with their queue, one every three hours up to START, of a dozen customers."""
    dice = random.Random(seed)
    who = companies(session)
    chosen = [dice.choice([*queues]) for _ in range(count)]
    shown = dice.sample(chosen, count) if shuffled else chosen
    rows = [
        ticket(
            letter(dice, queue),
            at=START - timedelta(hours=3 * (count - place)),
            company_id=who[place % CUSTOMERS],
            queue=label,
            status=TicketStatus.CLOSED,
        )
        for place, (queue, label) in enumerate(zip(chosen, shown, strict=True))
    ]
    session.execute(sa.insert(Ticket), rows)


def rated(session: Session, count: int, seed: int = 1) -> None:
    """Add complaints and feedback with one star or five."""
    dice = random.Random(seed)
    rows = []
    for place in range(count):
        happy = dice.random() < 0.5
        text = " ".join([*dice.sample(FILLER, 5), dice.choice(GOOD if happy else BAD)])
        at = START - timedelta(hours=3 * (count - place))
        given: dict[str, Any] = {"satisfaction": 5 if happy else 1, "kind": TicketKind.FEEDBACK}
        rows.append(ticket(text, at=at, status=TicketStatus.CLOSED, **given))
    session.execute(sa.insert(Ticket), rows)


def ticket(text: str, **fields: Any) -> Mapping[str, Any]:
    """A ticket as a row, new unless told otherwise."""
    at = fields.pop("at", START - timedelta(minutes=5))
    row: dict[str, Any] = {
        "kind": TicketKind.QUESTION,
        "status": TicketStatus.NEW,
        "priority": Priority.NORMAL,
        "queue": None,
        "company_id": None,
        "satisfaction": None,
        "custom": {},
    }
    return {**row, "subject": text[:60], "text": text, "created_at": at, **fields}
