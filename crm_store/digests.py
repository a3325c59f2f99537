"""Queries about digests: read-only lines on a schedule, when each is due, and how its deliveries went.

Which are due is decided in `jobs/digests.py`; what they say, in `handlers/digests.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, contains_eager, joinedload

from crm_store.addresses import Address
from crm_store.models import Digest, DigestDue, Notice, NoticeState, User
from crm_store.schedules import Occurrence, Schedule

NOTICE = "digest"
SAID = "said"
_LOOK_BACK = 10


def add(
    session: Session,
    line: str,
    schedule: Schedule,
    time_zone: str,
    address: Address,
    owner: User,
    first: Occurrence,
    now: datetime,
) -> Digest:
    """Add a digest that comes for the first time at `first`."""
    digest = Digest(
        line=line,
        schedule=schedule.to_text(),
        time_zone=time_zone,
        address=str(address),
        owner=owner,
        created_at=now,
    )
    session.add(digest)
    session.flush()
    session.add(
        DigestDue(
            digest_id=digest.id, planned_local=first.planned_local.isoformat(), due_at=first.instant
        )
    )
    return digest


def find(session: Session, digest_id: int) -> Digest | None:
    """Return a digest that was not removed."""
    query = sa.select(Digest).where(Digest.id == digest_id, Digest.deleted_at.is_(None))
    return session.scalars(query.options(joinedload(Digest.owner))).one_or_none()


def next_at(session: Session, digest: Digest) -> datetime | None:
    """Return when a digest comes next; None when it came for the last time."""
    query = sa.select(DigestDue.due_at).where(DigestDue.digest_id == digest.id)
    return session.scalars(query).one_or_none()


def list_page(
    session: Session, offset: int, limit: int
) -> tuple[list[tuple[Digest, datetime | None]], int]:
    """Return one page of digests, each with when it comes next, the oldest first, and how many there are."""
    kept = Digest.deleted_at.is_(None)
    total = session.scalar(sa.select(sa.func.count()).select_from(Digest).where(kept)) or 0
    query = (
        sa.select(Digest, DigestDue.due_at)
        .join(Digest.owner)
        .outerjoin(DigestDue, DigestDue.digest_id == Digest.id)
        .where(kept)
        .options(contains_eager(Digest.owner))
        .order_by(Digest.id)
    )
    page = session.execute(query.offset(offset).limit(limit))
    return [(digest, due_at) for digest, due_at in page], total


def due(session: Session, now: datetime, limit: int) -> list[tuple[Digest, DigestDue]]:
    """Return the digests whose time has come, removed ones too, the earliest first."""
    query = (
        sa.select(Digest, DigestDue)
        .join(DigestDue, DigestDue.digest_id == Digest.id)
        .where(DigestDue.due_at <= now)
        .order_by(DigestDue.due_at, DigestDue.id)
        .limit(limit)
    )
    return [(digest, waiting) for digest, waiting in session.execute(query)]


def advance(session: Session, digest: Digest, waiting: DigestDue, now: datetime) -> None:
    """Set a digest to its first time after `now`; what was missed until then is not made up for.

    A removed digest goes on ticking, unseen, so that undoing the removal brings no flood.
    """
    schedule = Schedule.from_text(digest.schedule)
    following = schedule.next_after(now, ZoneInfo(digest.time_zone))
    if following is None:
        session.delete(waiting)
        return
    waiting.planned_local = following.planned_local.isoformat()
    waiting.due_at = following.instant


def key(digest_id: int, planned_local: str) -> str:
    """Return the key of the notice that carries one planned delivery."""
    return f"{NOTICE}:{digest_id}:{planned_local}"


def deliveries(session: Session, digest_id: int, limit: int) -> Sequence[Notice]:
    """Return the newest deliveries of a digest, newest first."""
    query = sa.select(Notice).where(*_of(digest_id)).order_by(Notice.due_at.desc())
    return session.scalars(query.limit(limit)).all()


def last_said(session: Session, digest_id: int) -> Notice | None:
    """Return the newest delivery, of the last ten, whose table is kept in its payload under `SAID`."""
    arrived = Notice.state == NoticeState.SENT, Notice.sent_at.is_not(None)
    query = sa.select(Notice).where(*_of(digest_id), *arrived).order_by(Notice.sent_at.desc())
    found = session.scalars(query.limit(_LOOK_BACK))
    return next((notice for notice in found if SAID in notice.payload), None)


def is_superseded(session: Session, digest_id: int, planned_local: str) -> bool:
    """Tell whether a later delivery is promised already, so that an older one need not be sent."""
    planned = sa.select(Notice.due_at).where(Notice.key == key(digest_id, planned_local))
    query = sa.select(Notice.id).where(*_of(digest_id), Notice.due_at > planned.scalar_subquery())
    return session.execute(query.limit(1)).first() is not None


def names(session: Session, user_ids: Sequence[int]) -> dict[int, str]:
    """Return the names of the users that digests go to, by their numbers."""
    query = sa.select(User.id, User.name).where(User.id.in_(user_ids))
    return {row.id: row.name for row in session.execute(query)}


def _of(digest_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    # The bounds let both databases use the index on the key, whatever their collation.
    prefix = key(digest_id, "")
    return (
        Notice.key >= f"{prefix}0",
        Notice.key <= f"{prefix}9999",
        Notice.key.startswith(prefix, autoescape=True),
    )
