"""Threads that belong to a record: bound by what was made from a message, or by the card they hang under."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from crm_store import activities, postings, records, tasks
from crm_store.addresses import Address
from crm_store.conversations import Reference
from crm_store.models import (
    ActivityKind,
    Company,
    Contact,
    Conversation,
    Deal,
    Role,
    Task,
    Ticket,
    User,
)
from crm_store.records import MODELS

_EVERYBODY = "*"  # no platform gives a person this id
_LONGEST = 3_000


def bind(session: Session, place: Address, record: Reference, now: datetime) -> None:
    """Let a thread belong to a record from now on; nothing for a place that is no thread."""
    if not place.thread:
        return
    row = _row(session, place)
    if row is None:
        row = Conversation(place=str(place), person=_EVERYBODY)
        session.add(row)
    row.subject, row.updated_at = str(record), now


def bound(session: Session, place: Address) -> Reference | None:
    """Return the record that a thread belongs to."""
    if not place.thread:
        return None
    row = _row(session, place)
    if row and row.subject:
        return Reference.parse(row.subject)
    card = postings.of_message(session, place, place.thread)
    reference = Reference.parse(card.record) if card else None
    return reference if reference and reference.kind in MODELS else None


def keep(session: Session, place: Address, author: User | None, text: str, now: datetime) -> bool:
    """Write what a colleague said in a bound thread on its record; False when nothing is to be kept."""
    reference = bound(session, place)
    if reference is None or author is None or not author.role.may(Role.MEMBER):
        return False
    record = records.find(session, reference.kind, reference.id)
    about = tasks.about(record) if isinstance(record, Task) else record
    if not isinstance(about, Company | Contact | Deal | Ticket) or not text.strip():
        return False
    said = text.strip()[:_LONGEST]
    activities.add(session, about, ActivityKind.NOTE, said, author.id, now, now)
    row = _row(session, place)
    if row:
        row.updated_at = now
    return True


def _row(session: Session, place: Address) -> Conversation | None:
    return session.query(Conversation).filter_by(place=str(place), person=_EVERYBODY).one_or_none()
