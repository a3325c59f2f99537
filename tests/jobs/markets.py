"""Made-up deals, leads and contracts in a real store, with a planted reason or none."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from crm_store import deals, fields
from crm_store.fields import FieldType
from crm_store.models import (
    Activity,
    ActivityKind,
    Company,
    Contact,
    Deal,
    Order,
    StageChange,
    StageKind,
)
from crm_store.search import key
from crm_store.store import Session
from tests.desk import START, Desk

DAY = timedelta(days=1)


def deal(session: Session, title: str, opened: float, closed: float | None, **values: Any) -> Deal:
    """Add a deal of so many days ago, open while `closed` is None; `won` says how it ended."""
    won = values.pop("won", False)
    first, *_others = stages = deals.stages(session)
    wanted = StageKind.WON if won else StageKind.LOST
    last = first if closed is None else next(each for each in stages if each.kind is wanted)
    at = START - opened * DAY
    end = None if closed is None else START - closed * DAY
    made = Deal(
        title=title,
        stage=last,
        opened_on=at.date(),
        created_at=at,
        last_activity_at=end or at,
        closed_at=end,
        **{"amount": Decimal(1000), "currency": "EUR", **values},
    )
    session.add(made)
    session.flush()
    session.add(StageChange(deal_id=made.id, stage_id=first.id, at=at))
    if end is not None:
        session.add(StageChange(deal_id=made.id, stage_id=last.id, at=end))
    return made


def visited(session: Session, days: float, **link: int) -> None:
    """Add a visit so many days ago."""
    at = START - days * DAY
    session.add(Activity(kind=ActivityKind.VISIT, text="…", at=at, created_at=at, **link))


def pipeline(desk: Desk, count: int = 420, *, signal: bool = True, seed: int = 3) -> None:
    """Add ended deals: with a signal most of those by recommendation, and visited at once, are won.

    Two are open: “Warm”, recommended and visited, and “Cold”, neither.
    """
    dice = random.Random(seed)
    with desk.session() as session:
        for place in range(count):
            opened = 600 - place * 500 / count + dice.uniform(0, 5)
            source = dice.choice(["recommendation", "fair", "advert"])
            seen = dice.random() < 0.4
            chance = 0.15 + 0.4 * (source == "recommendation") + 0.35 * seen
            won = dice.random() < (chance if signal else 0.4)
            made = deal(
                session,
                f"Deal {place}",
                opened,
                opened - dice.uniform(8, 90),
                won=won,
                source=source,
                amount=Decimal(dice.randint(500, 5000)),
            )
            if seen:
                visited(session, opened - 0.5, deal_id=made.id)
        warm = deal(session, "Warm", 10, None, source="recommendation", amount=Decimal(2000))
        visited(session, 9.5, deal_id=warm.id)
        deal(session, "Cold", 10, None, source="advert", amount=Decimal(2000))


def market(desk: Desk, count: int = 420, *, signal: bool = True, seed: int = 4) -> None:
    """Add leads of the past: with a signal most of the hotels order within weeks, others seldom.

    Two are leads today: “Grand Hotel” and “Corner Shop”; every third is a person.
    """
    dice = random.Random(seed)
    with desk.session() as session:
        for place in range(count):
            entered = 500 - place * 380 / count
            source = dice.choice(["hotel guide", "advert", "fair"])
            lead = _lead(session, f"Lead {place}", entered, person=place % 3 == 0, source=source)
            chance = (0.75 if source == "hotel guide" else 0.12) if signal else 0.35
            if dice.random() < chance:
                at = START - (entered - dice.uniform(61, 85)) * DAY
                order = Order(ordered_at=at, created_at=at, total=Decimal(100), currency="EUR")
                if isinstance(lead, Company):
                    order.company_id = lead.id
                else:
                    order.contact_id = lead.id
                session.add(order)
        _lead(session, "Grand Hotel", 30, source="hotel guide")
        _lead(session, "Corner Shop", 30, source="advert")


def _lead(
    session: Session, name: str, days: float, *, person: bool = False, source: str
) -> Company | Contact:
    model: type[Company | Contact] = Contact if person else Company
    made = model(name=name, name_key=key(name), created_at=START - days * DAY, source=source)
    session.add(made)
    session.flush()
    return made


def contracts(desk: Desk, count: int = 420, seed: int = 5) -> None:
    """Add customers under contract: of those who pay monthly most have cancelled; one field is not to be read."""
    dice = random.Random(seed)
    with desk.session() as session:
        for name, type_, options in (
            ("cancelled", FieldType.YES_NO, []),
            ("plan", FieldType.CHOICE, ["monthly", "yearly"]),
            ("gender", FieldType.TEXT, []),
            ("goodbye", FieldType.TEXT, []),
        ):
            fields.define(session, "company", name, name.capitalize(), type_, options)
        for place in range(count):
            plan = dice.choice(["monthly", "yearly"])
            left = dice.random() < (0.7 if plan == "monthly" else 0.12)
            custom = {"cancelled": left, "plan": plan, "gender": dice.choice("fm")}
            if left:
                custom["goodbye"] = dice.choice(["too dear", "moved"])
            name = f"Subscriber {place}"
            session.add(
                Company(
                    name=name,
                    name_key=key(name),
                    created_at=START - dice.uniform(5, 700) * DAY,
                    custom=custom,
                )
            )
