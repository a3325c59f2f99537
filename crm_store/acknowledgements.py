"""Who has seen to a matter, so that it is not told again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from crm_store.models import Acknowledgement, Notice, NoticeState, User
from crm_store.notices import ACKNOWLEDGED

NOTICE = "acknowledged"  # the notice that takes the place of what others were told of the matter


def find(session: Session, matter: str | None) -> Acknowledgement | None:
    """Return who saw to a matter; None while nobody has."""
    query = sa.select(Acknowledgement).where(Acknowledgement.matter == matter)
    return session.scalars(query.options(joinedload(Acknowledgement.user))).one_or_none()


def add(session: Session, matters: Collection[str], user: User, now: datetime) -> None:
    """Note that a person saw to some matters; whoever was first stays."""
    query = sa.select(Acknowledgement.matter).where(Acknowledgement.matter.in_(matters))
    known = set(session.scalars(query))
    for matter in sorted(set(matters) - known):
        session.add(Acknowledgement(matter=matter, user=user, at=now))
    session.flush()


def reasons(session: Session, matters: Collection[str]) -> dict[str | None, str]:
    """Return, for those matters that somebody saw to, who it was."""
    query = sa.select(Acknowledgement).where(Acknowledgement.matter.in_(matters))
    found = session.scalars(query.options(joinedload(Acknowledgement.user)))
    return {each.matter: f"{ACKNOWLEDGED}{each.user.name}" for each in found}


def told(session: Session, matters: Collection[str], besides: int | None) -> Sequence[Notice]:
    """Return the messages about some matters that arrived, but for the notice number `besides`."""
    query = sa.select(Notice).options(joinedload(Notice.user))
    query = query.where(
        Notice.matter.in_(matters),
        Notice.id.is_distinct_from(besides),
        Notice.state == NoticeState.SENT,
        Notice.message_id.is_not(None),
        Notice.edits.is_(None),
    )
    return session.scalars(query.order_by(Notice.id)).all()
