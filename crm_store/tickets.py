"""Queries about tickets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from crm_store import audit
from crm_store.files import File
from crm_store.models import (
    Activity,
    ActivityKind,
    Company,
    Contact,
    Priority,
    Ticket,
    TicketKind,
    TicketStatus,
    User,
)

FINISHED = (TicketStatus.SOLVED, TicketStatus.CLOSED)
UNFINISHED = tuple(status for status in TicketStatus if status not in FINISHED)
SUBJECT_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tickets a list shows; None means any, `status` None means the unfinished ones."""

    assignee_id: int | None = None
    unassigned: bool = False
    status: TicketStatus | None = None
    company_id: int | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many tickets stand in one status with one priority."""

    status: TicketStatus
    priority: Priority
    count: int


def add(
    session: Session,
    text: str,
    author: User | None,
    now: datetime,
    *,
    contact: Contact | None,
    company: Company | None,
    priority: Priority,
    kind: TicketKind,
    channel: str,
) -> Ticket:
    """Open a ticket; its subject is the first line of the text, its company that of the contact."""
    ticket = Ticket(
        subject=subject_of(text),
        text=text,
        author=author,
        contact=contact,
        company=company or (contact.company if contact else None),
        priority=priority,
        kind=kind,
        status=TicketStatus.NEW,
        channel=channel,
        created_at=now,
    )
    session.add(ticket)
    session.flush()
    return ticket


def subject_of(text: str) -> str:
    """Return the first line of a text, cut at a word to at most 80 characters."""
    line = text.strip().splitlines()[0]
    if len(line) <= SUBJECT_LENGTH:
        return line
    cut = line[: SUBJECT_LENGTH - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut) + "…"


def say(
    session: Session,
    ticket: Ticket,
    kind: ActivityKind,
    text: str,
    author: User | None,
    now: datetime,
    files: Sequence[File] = (),
) -> Activity:
    """Add a message, a note or a reply to a ticket; the first reply is remembered."""
    entry = Activity(
        kind=kind,
        text=text,
        at=now,
        created_at=now,
        author=author,
        files=[file.to_dict() for file in files],
        ticket_id=ticket.id,
        company_id=ticket.company_id,
        contact_id=ticket.contact_id,
    )
    session.add(entry)
    if kind is ActivityKind.REPLY:
        answered(ticket, now)
    session.flush()
    return entry


def answered(ticket: Ticket, now: datetime) -> None:
    """Note that the customer was answered: it is their turn, and the first time is remembered."""
    if ticket.first_reply_at is None:
        ticket.first_reply_at = now
    if ticket.status in {TicketStatus.NEW, TicketStatus.OPEN}:
        ticket.status = TicketStatus.PENDING


def unanswered(session: Session, ticket: Ticket, entry: Activity) -> None:
    """Take back what `answered` noted for a reply that the customer did not get, if it still stands.

    What other replies or people brought about since is left.
    """
    made = (
        row.call
        for row in audit.history(session, "activities", entry.id)
        if row.after.get("kind") == ActivityKind.REPLY
    )
    call = next(made, None)
    others = sa.select(sa.func.min(Activity.at)).where(
        Activity.ticket_id == ticket.id,
        Activity.kind == ActivityKind.REPLY,
        Activity.id != entry.id,
        Activity.deleted_at.is_(None),
    )
    changes = audit.history(session, "tickets", ticket.id)
    first = next((row for row in changes if "first_reply_at" in row.before), None)
    if first and first.call == call:
        ticket.first_reply_at = session.scalar(others)
    turn = next((row for row in changes if "status" in row.before), None)
    if turn and turn.call == call and not session.scalar(others.where(Activity.at >= turn.at)):
        ticket.status = TicketStatus(turn.before["status"])


def entries(session: Session, ticket: Ticket, limit: int) -> Sequence[Activity]:
    """Return the newest notes and replies of a ticket, newest first."""
    query = sa.select(Activity).where(
        Activity.ticket_id == ticket.id, Activity.deleted_at.is_(None)
    )
    query = query.options(joinedload(Activity.author)).order_by(
        Activity.at.desc(), Activity.id.desc()
    )
    return session.scalars(query.limit(limit)).all()


def entry(
    session: Session, ticket: Ticket, kind: ActivityKind, number: int | None
) -> Activity | None:
    """Return one entry of a ticket by its number, or the newest of its kind."""
    query = sa.select(Activity).where(
        Activity.ticket_id == ticket.id, Activity.kind == kind, Activity.deleted_at.is_(None)
    )
    if number is not None:
        query = query.where(Activity.id == number)
    return session.scalars(query.order_by(Activity.at.desc(), Activity.id.desc()).limit(1)).first()


def list_page(
    session: Session, wanted: Filter, offset: int, limit: int
) -> tuple[Sequence[Ticket], int]:
    """Return one page of tickets, the most urgent and then the oldest first, and how many."""
    conditions = _conditions(wanted)
    total = session.scalar(sa.select(sa.func.count()).select_from(Ticket).where(*conditions)) or 0
    urgency = sa.case(
        {priority.value: -i for i, priority in enumerate(Priority)}, value=Ticket.priority
    )
    query = (
        sa.select(Ticket)
        .where(*conditions)
        .options(
            joinedload(Ticket.contact), joinedload(Ticket.company), joinedload(Ticket.assignee)
        )
        .order_by(urgency, Ticket.created_at, Ticket.id)
    )
    return session.scalars(query.offset(offset).limit(limit)).all(), total


def counts(session: Session) -> list[Count]:
    """Return the number of tickets per status and priority."""
    query = (
        sa.select(Ticket.status, Ticket.priority, sa.func.count())
        .where(Ticket.deleted_at.is_(None))
        .group_by(Ticket.status, Ticket.priority)
    )
    return [Count(status, priority, count) for status, priority, count in session.execute(query)]


def opened_and_closed(session: Session, since: datetime, until: datetime) -> tuple[int, int]:
    """Return how many tickets were opened and how many closed from `since` up to `until`."""
    alive = Ticket.deleted_at.is_(None)
    count = sa.select(sa.func.count()).select_from(Ticket)
    opened = count.where(alive, Ticket.created_at >= since, Ticket.created_at < until)
    closed = count.where(alive, Ticket.closed_at >= since, Ticket.closed_at < until)
    return session.scalar(opened) or 0, session.scalar(closed) or 0


def satisfaction(session: Session, since: datetime, until: datetime) -> tuple[int, float | None]:
    """Return how many tickets closed in the period were rated (1 to 5), and the mean rating."""
    query = sa.select(sa.func.count(Ticket.satisfaction), sa.func.avg(Ticket.satisfaction)).where(
        Ticket.deleted_at.is_(None), Ticket.closed_at >= since, Ticket.closed_at < until
    )
    rated, mean = session.execute(query).one()
    return rated, float(mean) if mean is not None else None


def load_of_agents(session: Session) -> list[tuple[str, int]]:
    """Return the name of each assignee of unfinished tickets and how many they have, most first."""
    query = (
        sa.select(User.name, sa.func.count())
        .join(Ticket, Ticket.assignee_id == User.id)
        .where(Ticket.deleted_at.is_(None), Ticket.status.in_(UNFINISHED))
        .group_by(User.id, User.name)
        .order_by(sa.func.count().desc(), User.name)
    )
    return [(name, count) for name, count in session.execute(query)]


def _conditions(wanted: Filter) -> list[Any]:
    conditions: list[Any] = [Ticket.deleted_at.is_(None)]
    conditions.append(
        Ticket.status == wanted.status if wanted.status else Ticket.status.in_(UNFINISHED)
    )
    if wanted.unassigned:
        conditions.append(Ticket.assignee_id.is_(None))
    elif wanted.assignee_id is not None:
        conditions.append(Ticket.assignee_id == wanted.assignee_id)
    if wanted.company_id is not None:
        conditions.append(Ticket.company_id == wanted.company_id)
    return conditions
