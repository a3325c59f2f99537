"""A desk on a store of 10,000 generated records whose texts are as bad as texts get. No test stands here."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from crm_store import bulk, deals, search, users
from crm_store.models import (
    Activity,
    ActivityKind,
    Base,
    ChannelMode,
    Company,
    Contact,
    ContactAccount,
    ContactEmail,
    ContactPhone,
    CustomField,
    Deal,
    Digest,
    Holiday,
    ImportRun,
    Leave,
    Mode,
    Mute,
    Notice,
    NoticeState,
    Order,
    Priority,
    Role,
    StageKind,
    Tag,
    Task,
    TaskStatus,
    Ticket,
    TicketKind,
    TicketStatus,
)
from crm_store.store import Session, Store
from jobs import scores
from tests.bot.replies import HOSTILE
from tests.desk import START, Desk, Person
from tests.jobs.shops import context

SEED = 16
COUNTS = {Company: 1_500, Contact: 2_000, Deal: 1_500, Ticket: 1_500, Task: 1_500, Activity: 2_000}
FIRST = 1  # the company, contact, deal and ticket that a third of everything belongs to
NAME, TEXT, IMPORTED = 200, 3_000, 20_000  # what is typed and what an import brings, in characters
BUYERS = 150
CUSTOM = 12
CURRENCIES = ("EUR", "USD", "CNY", "JPY")
PIECES = (
    *HOSTILE,
    "مرحبا بالعالم \u202b",
    "שלום עולם\u200f",
    "上海张江高科技园区有限公司",
    "客户要求尽快回复，否则取消订单。",
    "\u200b\u200b\u2060\ufeff\u00ad",
    "👩🏽‍🚀" * 12,
    "🇨🇳🇩🇪" * 9,
    "Donaudampfschifffahrtsgesellschaftskapitän" * 3,
    "Z̸̛̫a̷l̶g̴o̵" * 6,
    "\U0001f9ff\U000e0067\U000e007f",
    "&amp;&lt;" * 20,
    "`" * 30,
    "a b " * 40,
    "\t tab",
    "'; DROP TABLE deals; --",
    "=HYPERLINK(1)",
    "ﷺ" * 20,
    "꧅" * 10,
)


class Dice(random.Random):
    """Draws texts of every length, of pieces that renderers get wrong."""

    def text(self, most: int = TEXT) -> str:
        """Draw up to `most` characters, often exactly so many, with line feeds among them."""
        size = self.choice((1, 20, 60, most // 2, most))
        pieces: list[str] = []
        while sum(map(len, pieces)) < size:
            pieces += self.choice(PIECES), self.choice((" ", "\n", "", ", "))
        return f"A{''.join(pieces)}"[:size]

    def name(self) -> str:
        """Draw one line."""
        return " ".join(self.text(NAME).split())

    def maybe(self, value: Any) -> Any:
        """Return the value or None."""
        return value if self.random() < 0.8 else None

    def one(self, model: type[Base]) -> int:
        """Draw the number of a record, often the first."""
        return FIRST if self.random() < 0.3 else self.randint(1, COUNTS[model])


def crowded(store: Store) -> tuple[Desk, Person]:
    """Fill a store, and return its desk and an admin who reads Chinese."""
    desk, dice = Desk(store), Dice(SEED)
    with desk.session() as session:
        chinese = _colleagues(session, dice, desk)
        people = [each.id for each in desk.people.values() if each.id]
        _customers(session, dice, people)
        _sales(session, dice, people)
        _support(session, dice, people)
        _reach(session, dice)
        _machinery(session, dice, people)
        search.rebuild(session, lambda _done, _total: None)
        bulk.analyze(session)
    for number in range(12):
        for kind, what in (("company", "city"), ("contact", "title"), ("deal", "title")):
            line = f"{kind} edit {kind}:{FIRST} {what}={number}{dice.choice(('长文本' * 60, 'x' * 190))}"
            desk.admin.says(line)
    scores.run(context(desk))
    return desk, chinese


def _colleagues(session: Session, dice: Dice, desk: Desk) -> Person:
    for number in range(30):
        users.add(
            session,
            f"{'x' * 180}{number}@rapport.example",
            dice.name(),
            Role.REP,
            language="en",
            time_zone="America/Argentina/ComodRivadavia",
            now=START,
        )
    user = users.add(
        session,
        "zh@x.example",
        "张伟",
        Role.ADMIN,
        language="zh",
        time_zone="Asia/Shanghai",
        now=START,
    )
    users.add_identity(session, user, "test", "zh", "test:zh", START)
    return Person(desk, "zh", user.id, user.name)


def _record(dice: Dice) -> dict[str, Any]:
    return {
        "created_at": START - timedelta(minutes=dice.randint(0, 900_000)),
        "custom": {},
        "version": 1,
    }


def _custom(dice: Dice, number: int) -> dict[str, Any]:
    return {
        **_record(dice),
        "custom": {f"f{n}": dice.name() for n in range(CUSTOM)} if number < 50 else {},
    }


def _customers(session: Session, dice: Dice, people: list[int]) -> None:
    companies, contacts = [], []
    for number in range(COUNTS[Company]):
        name = dice.name()
        facts = {
            what: dice.maybe(dice.name()) for what in ("industry", "city", "country", "source")
        }
        who = {"name": name, "name_key": search.key(name), "owner_id": dice.choice(people)}
        website = f"https://{'x' * dice.randint(1, 180)}.example"
        companies.append({**_custom(dice, number), **facts, **who, "website": website})
    bulk.insert(session, Company, companies)
    for number in range(COUNTS[Contact]):
        name = dice.name()
        facts = {what: dice.maybe(dice.name()) for what in ("title", "address", "source")}
        who = {"name": name, "name_key": search.key(name), "owner_id": dice.choice(people)}
        contacts.append({**_custom(dice, number), **facts, **who, "company_id": dice.one(Company)})
    bulk.insert(session, Contact, contacts)
    kinds = ("company", "contact", "deal", "ticket")
    bulk.add(
        session,
        CustomField,
        [
            {"kind": kind, "name": f"f{n}", "label": dice.name(), "type": "text"}
            for kind in kinds
            for n in range(CUSTOM)
        ],
    )
    tags = {(dice.choice(kinds), dice.choice((FIRST, 2)), dice.name()) for _tag in range(400)}
    tags |= {("contact", number, "everyone") for number in range(1, 500)}
    bulk.add(session, Tag, [{"kind": k, "record_id": r, "name": n} for k, r, n in sorted(tags)])


def _reach(session: Session, dice: Dice) -> None:
    contacts = [dice.one(Contact) for _number in range(900)]
    bulk.add(
        session,
        ContactEmail,
        [
            {"contact_id": c, "email": f"{'m' * dice.randint(1, 150)}{n}@x.example"}
            for n, c in enumerate(contacts)
        ],
    )
    bulk.add(
        session,
        ContactPhone,
        [{"contact_id": c, "phone": f"+4930{n:07}"} for n, c in enumerate(contacts)],
    )
    bulk.add(
        session,
        ContactAccount,
        [
            {
                "contact_id": c,
                "platform": "telegram",
                "external_id": str(n),
                "address": f"telegram:{n}",
                "language": "en",
                "created_at": START,
            }
            for n, c in enumerate(contacts[:100])
        ],
    )


def _sales(session: Session, dice: Dice, people: list[int]) -> None:
    stages = deals.stages(session)
    rows, orders = [], []
    for number in range(COUNTS[Deal]):
        stage = dice.choice(stages)
        made = _custom(dice, number)
        begun = made["created_at"]
        closed = None if stage.kind is StageKind.OPEN else min(START, begun + timedelta(days=9))
        rows.append(
            made
            | {
                "title": dice.name(),
                "company_id": dice.maybe(dice.one(Company)),
                "contact_id": dice.maybe(dice.one(Contact)),
                "owner_id": dice.maybe(dice.choice(people)),
                "stage_id": stage.id,
                "amount": dice.maybe(Decimal(dice.choice((*[10**6] * 40, 1, 10**15 - 1)))),
                "currency": dice.choice(CURRENCIES),
                "opened_on": begun.date(),
                "close_on": dice.maybe((START + timedelta(days=dice.randint(-60, 60))).date()),
                "closed_at": closed,
                "reason": dice.maybe(dice.text()),
                "source": dice.maybe(dice.name()),
                "last_activity_at": begun,
            }
        )
    bulk.insert(session, Deal, rows)
    for company in range(1, BUYERS + 1):
        for day in range(dice.randint(0, 120), 500, dice.randint(10, 40)):
            sold = {"company_id": company, "ordered_at": START - timedelta(days=day)}
            money = {"total": Decimal(dice.choice((5, 90, 10**9))), "currency": "EUR"}
            orders.append(_record(dice) | sold | money)
    bulk.insert(session, Order, orders)


def _about(dice: Dice) -> dict[str, Any]:
    return {
        "company_id": dice.maybe(dice.one(Company)),
        "contact_id": dice.maybe(dice.one(Contact)),
        "deal_id": dice.maybe(dice.one(Deal)),
        "ticket_id": dice.maybe(dice.one(Ticket)),
    }


def _support(session: Session, dice: Dice, people: list[int]) -> None:
    tickets, tasks, log = [], [], []
    for number in range(COUNTS[Ticket]):
        who = {"author_id": dice.choice(people), "assignee_id": dice.maybe(dice.choice(people))}
        about = {"company_id": dice.one(Company), "contact_id": dice.maybe(dice.one(Contact))}
        choices = {
            "kind": dice.choice(list(TicketKind)),
            "status": dice.choice(list(TicketStatus)),
            "priority": dice.choice(list(Priority)),
        }
        words = {"subject": dice.name(), "text": dice.text(IMPORTED if number % 50 == 0 else TEXT)}
        tickets.append(_custom(dice, number) | who | about | choices | words)
    bulk.insert(session, Ticket, tickets)
    for _number in range(COUNTS[Task]):
        due = dice.maybe(START + timedelta(minutes=dice.randint(-90_000, 90_000)))
        local = due and due.strftime("%Y-%m-%dT%H:%M")
        who = {"owner_id": dice.choice(people), "author_id": dice.choice(people)}
        when = {"due_at": due, "due_local": local, "due_zone": due and "UTC"}
        words = {"text": dice.text(), "status": dice.choice(list(TaskStatus))}
        tasks.append(_record(dice) | _about(dice) | who | when | words)
    bulk.insert(session, Task, tasks)
    for number in range(COUNTS[Activity]):
        entry: dict[str, Any] = {
            "kind": dice.choice(list(ActivityKind)),
            "author_id": dice.maybe(people[0]),
        }
        size = IMPORTED if number % 50 == 0 else TEXT
        said: dict[str, Any] = {"text": dice.text(size), "files": []}
        made = _record(dice)
        log.append(made | _about(dice) | entry | said | {"at": made["created_at"]})
    bulk.insert(session, Activity, log)


def _machinery(session: Session, dice: Dice, people: list[int]) -> None:
    """Add what the house itself keeps: digests, messages owed, imports, mutes, holidays, leave."""
    days = [START.date() + timedelta(days=n) for n in range(60)]
    since = {"created_at": START}
    rows: dict[type[Base], list[dict[str, Any]]] = {
        Digest: [
            {"line": f"find A{dice.name()}", "schedule": "weekly mon 09:00", "time_zone": "UTC"}
            | {"address": "test:admin", "owner_id": dice.choice(people)}
            | since
            for _day in days
        ],
        Notice: [
            {"kind": "task_due", "key": f"k{n}", "payload": {"task_id": n + 1, "due_at": ""}}
            | {"user_id": user, "priority": 1, "due_at": START, "reason": dice.text(500)}
            | {"state": dice.choice(list(NoticeState)), "attempts": 1}
            | since
            for n, user in enumerate(people * 40)
        ],
        ImportRun: [
            {"file_name": f"{dice.name()}.csv", "file_hash": str(n), "kind": "contact"}
            | {"started_at": START, "rows": 10**6, "created": 1, "unchanged": 2, "rejected": 3}
            for n, _day in enumerate(days)
        ],
        Mute: [
            {"subject": f"company:{n + 1}", "user_id": dice.maybe(people[-1])}
            | {"made_by_id": people[-1], "reason": dice.text(500), "until": START + timedelta(9)}
            | since
            for n, _day in enumerate(days)
        ],
        Holiday: [{"calendar": "", "on": day, "name": dice.name()} for day in days],
        Leave: [{"user_id": dice.choice(people), "from_on": day, "until_on": day} for day in days],
        ChannelMode: [{"channel": f"slack:C{n}", "mode": Mode.EDIT} for n, _day in enumerate(days)],
    }
    for model, made in rows.items():
        bulk.add(session, model, made)
