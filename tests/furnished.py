"""A desk on a store that holds what the examples of the commands name. No test stands here."""

from __future__ import annotations

from crm_store import deals, notices, users
from crm_store.models import (
    Activity,
    ActivityKind,
    Company,
    Contact,
    ContactAccount,
    ContactEmail,
    ContactPhone,
    Deal,
    Role,
    Task,
    Ticket,
)
from crm_store.search import key
from crm_store.store import Session, Store
from tests.desk import START, Desk

CANARY = "canary7f3a"  # stands in every field that is not a name


def furnished(store: Store) -> Desk:
    """The people of the desk, and a record at each number that the examples use."""
    desk = Desk(store)
    with desk.session() as session:
        _colleague(session)
        _customers(session, desk.rep.id)
        session.flush()
        _work(session, desk.rep.id)
    _told(desk)
    desk.admin.says('field add contact tier choice label="Tier" options="gold, silver"')
    desk.admin.says("contact tag 7 fair")
    for hour in (7, 8, 9):
        desk.admin.says(f'digest add report pipeline every="monday {hour}:00" to=me')
    return desk


def _told(desk: Desk) -> None:
    """Owe the admin three reminders of the task."""
    with desk.session() as session:
        for number in range(1, 4):
            notices.owe(
                session,
                kind="task_due",
                key=f"task_due:5:{number}",
                payload={"task_id": 5, "due_at": ""},
                due_at=START,
                now=START,
                priority=notices.REMINDER,
                user_id=desk.admin.id,
            )


def _colleague(session: Session) -> None:
    users.add(
        session,
        "jane@rapport.example",
        "Jane Smith",
        Role.REP,
        language="en",
        time_zone="Europe/Berlin",
        now=START,
    )


def _customers(session: Session, owner_id: int | None) -> None:
    who = {"owner_id": owner_id, "created_at": START}
    for number, name in ((7, "Acme Ltd"), (8, "Beta Ltd")):
        session.add(Company(id=number, name=name, name_key=key(name), city=CANARY, **who))
    session.flush()
    jane = {"name": "Jane Doe", "name_key": key("Jane Doe"), "title": CANARY}
    session.add(Contact(id=7, company_id=7, **jane, **who))
    session.flush()
    for email in ("jane@home.example", f"{CANARY}@acme.example"):
        session.add(ContactEmail(contact_id=7, email=email))
    session.add(ContactPhone(contact_id=7, phone="+4930901820"))


def _work(session: Session, owner_id: int | None) -> None:
    since = {"created_at": START, "company_id": 7}
    session.add(
        Deal(
            id=42,
            title=f"Spring order {CANARY}",
            owner_id=owner_id,
            stage_id=deals.stages(session)[0].id,
            currency="EUR",
            opened_on=START.date(),
            last_activity_at=START,
            **since,
        )
    )
    session.add(Ticket(id=42, subject=f"Late {CANARY}", text=CANARY, contact_id=7, **since))
    session.add(
        ContactAccount(
            contact_id=7,
            platform="telegram",
            external_id="77",
            address="telegram:77",
            language="en",
            created_at=START,
        )
    )
    session.add(Activity(kind=ActivityKind.NOTE, text=CANARY, at=START, **since))
    session.add(Task(id=5, text=CANARY, owner_id=owner_id, author_id=owner_id, **since))
