"""Silence about a record, a customer, a kind of notice or a channel: until when, why, for whom.

What a mute keeps back is decided in `crm_store/attention.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from crm_store import channels, paging, records
from crm_store.conversations import Reference
from crm_store.models import Mute, User
from crm_store.records import Model

KIND, PLACE = "kind:", channels.PLACE  # before what is no record
_PARENTS = ("company", "contact", "deal", "ticket")  # what a record may belong to
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
    wanted = list(abouts)
    if not muted:
        return wanted
    known = subjects(session, wanted)
    return [about for about in wanted if not muted & known[about]]


def find(session: Session, mute_id: int) -> Mute | None:
    """Return a mute by its number."""
    return session.get(Mute, mute_id)


def subjects(session: Session, abouts: Iterable[str]) -> dict[str, set[str]]:
    """Return records (`deal:42`), each with itself and the customers it belongs to, as mutes name them.

    However many they are, that takes one query per kind and step from a record to its company.
    """
    level = {Reference.parse(about) for about in abouts}
    found = {reference: {reference} for reference in level}
    while level:
        above = {each: _parents(record) for each, record in _load(session, level).items()}
        for known in found.values():
            known.update(*(above[each] for each in known & above.keys()))
        level = {each for parents in above.values() for each in parents}
    return {str(each): {str(one) for one in known} for each, known in found.items()}


def _holding(now: datetime) -> sa.Select[Mute]:
    query = sa.select(Mute).where(Mute.until > now, Mute.ended_at.is_(None))
    return query.options(joinedload(Mute.made_by)).order_by(Mute.until, Mute.id)


def _of(user_id: int | None) -> sa.ColumnElement[bool]:
    return sa.or_(Mute.user_id.is_(None), Mute.user_id == user_id)


def _load(session: Session, level: Collection[Reference]) -> dict[Reference, Model]:
    return records.load(session, sorted(level, key=str), deleted=True)


def _parents(record: Model) -> set[Reference]:
    numbers = {kind: getattr(record, f"{kind}_id", None) for kind in _PARENTS}
    return {Reference(kind, number) for kind, number in numbers.items() if number is not None}
