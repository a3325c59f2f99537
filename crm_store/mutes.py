"""Silence about a record, a customer, a kind of notice or a channel: until when, why, for whom.

What a mute keeps back is decided in `crm_store/attention.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from crm_store import channels, paging, records
from crm_store.conversations import Reference
from crm_store.models import Company, Contact, Deal, Mute, Task, Ticket, User
from crm_store.records import Model

KIND, PLACE = "kind:", channels.PLACE  # before what is no record
ANNOUNCED = "mute_announced"  # the notice that tells of a mute, which no mute keeps back


def add(
    session: Session,
    subject: str,
    made_by: User,
    *,
    until: datetime,
    reason: str,
    now: datetime,
    everyone: bool,
) -> Mute:
    """Mute a subject for one person or for everyone."""
    mute = Mute(
        subject=subject,
        user_id=None if everyone else made_by.id,
        made_by=made_by,
        reason=reason,
        until=until,
        created_at=now,
    )
    session.add(mute)
    session.flush()
    return mute


def active(session: Session, now: datetime) -> Sequence[Mute]:
    """Return the mutes that hold now, the first to end first."""
    return session.scalars(_holding(now)).all()


def page(
    session: Session, now: datetime, user_id: int, offset: int, limit: int
) -> tuple[Sequence[Mute], int]:
    """Return one page of the mutes that hold for a person, everyone's among them, and how many they are."""
    return paging.page(session, _holding(now).where(_of(user_id)), offset, limit)


def of_reader(session: Session, now: datetime, user_id: int, mute_id: int) -> Mute | None:
    """Return a mute by its number if it holds for this person."""
    query = _holding(now).where(_of(user_id), Mute.id == mute_id)
    return session.scalars(query).one_or_none()


def audible(
    session: Session, now: datetime, abouts: Iterable[str], user_id: int | None
) -> list[str]:
    """Return those of some records (`deal:42`) that a reader has not muted, in their order."""
    muted = {mute.subject for mute in session.scalars(_holding(now).where(_of(user_id)))}
    if not muted:
        return list(abouts)
    return [about for about in abouts if not muted & subjects(session, about)]


def find(session: Session, mute_id: int) -> Mute | None:
    """Return a mute by its number."""
    return session.get(Mute, mute_id)


def subjects(session: Session, about: str | None) -> set[str]:
    """Return the record that a notice is about with the customers it belongs to, as mutes name them."""
    if about is None:
        return set()
    reference = Reference.parse(about)
    record = records.find(session, reference.kind, reference.id, deleted=True)
    return {about, *(str(records.reference(each)) for each in _owners(record))}


def _holding(now: datetime) -> sa.Select[Mute]:
    query = sa.select(Mute).where(Mute.until > now, Mute.ended_at.is_(None))
    return query.options(joinedload(Mute.made_by)).order_by(Mute.until, Mute.id)


def _of(user_id: int | None) -> sa.ColumnElement[bool]:
    return sa.or_(Mute.user_id.is_(None), Mute.user_id == user_id)


def _owners(record: Model | None) -> Iterable[Model]:
    parents: tuple[Model | None, ...] = ()
    match record:
        case Contact():
            parents = (record.company,)
        case Deal() | Ticket():
            parents = (record.company, record.contact)
        case Task():
            parents = (record.company, record.contact, record.deal, record.ticket)
        case Company() | None:
            return
    for parent in parents:
        if parent is not None:
            yield parent
            yield from _owners(parent)
