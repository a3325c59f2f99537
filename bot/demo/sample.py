"""A small made-up wholesaler: its team, its customers, two years of orders, deals, tickets and tasks.

Everything is drawn from one seed and placed around the moment given, so the demo is the same story on any day.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bot.demo import goods
from crm_store import bulk, deals, search, tasks, users
from crm_store.models import (
    Activity,
    ActivityKind,
    Company,
    Contact,
    ContactEmail,
    ContactPhone,
    Deal,
    Order,
    Priority,
    Role,
    StageChange,
    StageKind,
    Ticket,
    TicketKind,
    TicketStatus,
    User,
)
from crm_store.schedules import instant_of
from crm_store.store import Session

SEED = 7
CUSTOMERS = 260
DRIFTING = 0.35  # share of the customers who leave in the two years
FADING_DAYS = 120  # how long before that they order less
ZONE = ZoneInfo("Europe/Berlin")
CURRENCY = "EUR"
TEAM = (
    ("rita", "Rita Reyes", Role.REP),
    ("milo", "Milo Brandt", Role.REP),
    ("agnes", "Agnes Okafor", Role.AGENT),
    ("mona", "Mona Lindqvist", Role.MANAGER),
    ("ada", "Ada Chen", Role.ADMIN),
)

_FIRST = [
    "Alder",
    "Amber",
    "Anker",
    "Birch",
    "Blue",
    "Bright",
    "Cedar",
    "Clear",
    "Copper",
    "Coral",
    "Crown",
    "Delta",
    "East",
    "Ember",
    "Falcon",
    "Fern",
    "Forge",
    "Garnet",
    "Golden",
    "Granite",
    "Green",
    "Harbour",
    "Hazel",
    "Heron",
    "Iron",
    "Ivory",
    "Jade",
    "Juniper",
    "Kestrel",
    "Lake",
    "Linden",
    "Maple",
    "Meadow",
    "Mercer",
    "Nordic",
    "North",
    "Oak",
    "Olive",
    "Onyx",
    "Pearl",
    "Pine",
    "Polar",
    "Quarry",
    "Raven",
    "Red",
    "River",
    "Rowan",
    "Sable",
    "Silver",
    "Sound",
    "South",
    "Spruce",
    "Stone",
    "Summit",
    "Swan",
    "Tern",
    "Terra",
    "Tidal",
    "Union",
    "Vale",
    "West",
    "Willow",
    "Winter",
    "Yarrow",
]
_SECOND = [
    "Coffee",
    "Crafts",
    "Foods",
    "Gardens",
    "Goods",
    "Home",
    "Interiors",
    "Kitchens",
    "Living",
    "Market",
    "Paper",
    "Pottery",
    "Supplies",
    "Trading",
]
_LEGAL = ("Ltd", "GmbH", "AB", "BV", "& Sons", "Co")
_CITIES = (
    ("Berlin", "DE"), ("Hamburg", "DE"), ("Malmö", "SE"), ("Oslo", "NO"), ("Utrecht", "NL"), ("Leeds", "GB"),
    ("Lyon", "FR"), ("Gdańsk", "PL"), ("上海", "CN"), ("杭州", "CN"),
)  # fmt: skip
_INDUSTRIES = ("retail", "hospitality", "wholesale", "catering", "design")
_GIVEN = [
    "Anna",
    "Ben",
    "Carla",
    "David",
    "Elif",
    "Farid",
    "Grace",
    "Hugo",
    "Ines",
    "Jonas",
    "Kaja",
    "Lena",
    "Marco",
    "Nadia",
    "Otto",
    "Priya",
    "Sara",
    "Tomas",
    "Vera",
    "Yusuf",
    "娜",
    "伟",
]
_FAMILY = [
    "Adler",
    "Bauer",
    "Costa",
    "Dahl",
    "Evans",
    "Fischer",
    "Gomez",
    "Haas",
    "Ivanova",
    "Jensen",
    "Klein",
    "Larsen",
    "Moreau",
    "Novak",
    "Okoye",
    "Peters",
    "Rossi",
    "Sato",
    "Weber",
    "王",
    "李",
]
_DEALS = (
    "Spring order",
    "Autumn range",
    "Frame agreement",
    "New branch outfitting",
    "Gift boxes",
    "Tableware refresh",
)
_TICKETS = (
    ("Two boxes arrived broken, please send replacements", TicketKind.COMPLAINT, Priority.HIGH),
    ("Can we change the delivery address for the next order?", TicketKind.QUESTION, Priority.NORMAL),
    ("The invoice shows the wrong VAT number", TicketKind.COMPLAINT, Priority.NORMAL),
    ("Please offer the blue bowls in a smaller size", TicketKind.SUGGESTION, Priority.LOW),
    ("Delivery is three days late and our opening is on Saturday", TicketKind.COMPLAINT, Priority.URGENT),
    ("Loved the new catalogue, thank you", TicketKind.FEEDBACK, Priority.LOW),
)  # fmt: skip
_NOTES = (
    "Asked for samples of the new range.",
    "Prefers deliveries on Tuesdays.",
    "Budget is decided in spring.",
)


@dataclass(frozen=True, slots=True)
class Team:
    """The people of the demo by their short names."""

    members: dict[str, User]

    def __getitem__(self, name: str) -> User:
        return self.members[name]


def fill(session: Session, now: datetime) -> Team:
    """Put the whole sample into an empty, migrated store."""
    rng = random.Random(SEED)  # noqa: S311 - made-up data, no secret
    team = _team(session, now)
    companies = _companies(session, team, now, rng)
    _contacts(session, team, companies, now, rng)
    _orders(session, companies, now, rng)
    _deals(session, team, companies, now, rng)
    _tickets(session, team, companies, now, rng)
    _tasks(session, team, companies, now)
    search.rebuild(session, lambda _done, _total: None)
    bulk.analyze(session)
    return team


def _team(session: Session, now: datetime) -> Team:
    members = {}
    for short, name, role in TEAM:
        email = f"{short}@rapport.example"
        user = users.add(session, email, name, role, language="en", time_zone=ZONE.key, now=now)
        for platform in ("console", "web"):
            users.add_identity(session, user, platform, email, f"{platform}:{email}", now)
        members[short] = user
    return Team(members)


def _companies(session: Session, team: Team, now: datetime, rng: random.Random) -> list[int]:
    names = [f"{first} {second}" for first in _FIRST for second in _SECOND]
    rng.shuffle(names)
    rows = []
    for name in names[:CUSTOMERS]:
        full = f"{name} {rng.choice(_LEGAL)}"
        city, country = rng.choice(_CITIES)
        owner = team[rng.choice(("rita", "rita", "milo"))]
        rows.append(
            {
                "name": full,
                "name_key": search.key(full),
                "industry": rng.choice(_INDUSTRIES),
                "city": city,
                "country": country,
                "owner_id": owner.id,
                "created_at": now - timedelta(days=rng.randrange(200, 800)),
            }
        )
    return bulk.insert(session, Company, rows)


def _contacts(
    session: Session, team: Team, companies: list[int], now: datetime, rng: random.Random
) -> None:
    rows: list[dict[str, Any]] = []
    for company in companies[:120]:
        name = f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}"
        rows.append(
            {
                "name": name,
                "name_key": search.key(name),
                "title": rng.choice(("Head of Purchasing", "Owner", "Buyer", "Shop manager")),
                "company_id": company,
                "owner_id": team["rita"].id,
                "source": rng.choice(("fair", "website", "referral")),
                "created_at": now - timedelta(days=rng.randrange(30, 700)),
            }
        )
    ids = bulk.insert(session, Contact, rows)
    emails = [{"contact_id": each, "email": f"contact{each}@customer.example"} for each in ids]
    bulk.add(session, ContactEmail, emails)
    phones = [{"contact_id": each, "phone": f"+4930555{each:04d}"} for each in ids]
    bulk.add(session, ContactPhone, phones)


def _orders(session: Session, companies: list[int], now: datetime, rng: random.Random) -> None:
    rows = []
    for company in companies:
        gap = rng.choice((14, 21, 30, 45, 60))
        size = rng.choice((120, 300, 700, 2400))
        stops = now - timedelta(days=rng.randrange(10, 500)) if rng.random() < DRIFTING else now
        at = now - timedelta(days=rng.randrange(120, 720))
        while at < stops:
            fading = 1.8 if (stops - at).days < FADING_DAYS and stops < now else 1.0
            total = Decimal(round(size * rng.uniform(0.5, 1.6) / fading, 2)).quantize(
                Decimal("0.01")
            )
            rows.append(
                {
                    "company_id": company,
                    "ordered_at": at,
                    "total": total,
                    "currency": CURRENCY,
                    "created_at": at,
                }
            )
            at += timedelta(days=gap * rng.uniform(0.6, 1.5) * fading, hours=rng.randrange(8))
    catalogue = goods.add_products(session, now, CURRENCY)
    goods.add_lines(session, catalogue, bulk.insert(session, Order, rows), rows)


def _deals(
    session: Session, team: Team, companies: list[int], now: datetime, rng: random.Random
) -> None:
    stages = deals.stages(session)
    rows = []
    for company in companies[:90]:
        stage = rng.choice(stages)
        opened = now - timedelta(days=rng.randrange(5, 150))
        quiet = timedelta(days=rng.choice((1, 2, 3, 4, 5, 7, 9, 12, 14)), hours=3)
        ended = stage.kind is not StageKind.OPEN
        rows.append(
            {
                "title": rng.choice(_DEALS),
                "company_id": company,
                "owner_id": team[rng.choice(("rita", "milo"))].id,
                "stage_id": stage.id,
                "amount": Decimal(rng.randrange(8, 400) * 100),
                "currency": CURRENCY,
                "opened_on": opened.date(),
                "close_on": (now + timedelta(days=rng.randrange(3, 120))).date(),
                "closed_at": now - timedelta(days=rng.randrange(1, 150)) if ended else None,
                "last_activity_at": now - quiet,
                "created_at": opened,
            }
        )
    ids = bulk.insert(session, Deal, rows)
    changes = [
        {
            "deal_id": each,
            "stage_id": row["stage_id"],
            "user_id": row["owner_id"],
            "at": row["created_at"],
        }
        for each, row in zip(ids, rows, strict=True)
    ]
    bulk.add(session, StageChange, changes)


def _tickets(
    session: Session, team: Team, companies: list[int], now: datetime, rng: random.Random
) -> None:
    rows = []
    for index, company in enumerate(companies[20:80]):
        text, kind, priority = rng.choice(_TICKETS)
        opened = now - timedelta(days=rng.randrange(0, 80), hours=rng.randrange(1, 9))
        done = index % 3 != 0
        rows.append(
            {
                "subject": text,
                "text": text,
                "kind": kind,
                "priority": priority,
                "status": TicketStatus.CLOSED if done else TicketStatus.OPEN,
                "company_id": company,
                "assignee_id": team["agnes"].id if index % 2 else None,
                "created_at": opened,
                "closed_at": min(opened + timedelta(hours=rng.randrange(2, 70)), now)
                if done
                else None,
                "satisfaction": rng.choice((3, 4, 5, 5)) if done else None,
                "channel": "telegram",
            }
        )
    bulk.add(session, Ticket, rows)
    notes = [
        {
            "kind": ActivityKind.NOTE,
            "text": rng.choice(_NOTES),
            "at": now - timedelta(days=rng.randrange(1, 90)),
            "created_at": now,
            "author_id": team["rita"].id,
            "company_id": company,
        }
        for company in companies[:60]
    ]
    bulk.add(session, Activity, notes)


def _tasks(session: Session, team: Team, companies: list[int], now: datetime) -> None:
    today = now.astimezone(ZONE).date()
    plan: tuple[tuple[str, str, int, date, time], ...] = (
        ("Call about the spring order", "rita", companies[0], today, time(9, 0)),
        ("Send the frame agreement", "rita", companies[1], today, time(15, 0)),
        ("Ask why the last delivery was late", "agnes", companies[21], today, time(9, 0)),
        (
            "Prepare the quarterly review",
            "mona",
            companies[2],
            today + timedelta(days=2),
            time(10, 0),
        ),
    )
    for text, owner, company, day, at in plan:
        person = team[owner]
        about = session.get_one(Company, company)
        task = tasks.add(session, text, person, person, now - timedelta(days=3), about)
        tasks.set_due(task, instant_of(datetime.combine(day, at), ZONE), ZONE)
