"""Jobs that a person asked for in chat: asked once, claimed by one process, answered exactly once.

What each job does stands in `jobs/asked.py`; who picks it up and what happens after a crash, in
`bot/asked.py`; the words of an answer, with its kind of notice in `handlers/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from crm_store import notices
from crm_store.models import JobRequest, User

KEY = "asked:"  # begins the key of the notice that answers
DONE, FAILED = "job_done", "job_failed"
_OPEN = JobRequest.finished_at.is_(None)
_UNSYNCHRONISED = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Claim:
    """A request in the hands of one process.

    Its `started_at` tells this claim from a later one: who was thought dead and comes back late can no
    longer answer.
    """

    id: int
    job: str
    arguments: Mapping[str, Any]
    user_id: int
    started_at: datetime


def ask(
    session: Session, *, job: str, arguments: Mapping[str, Any], user_id: int, now: datetime
) -> JobRequest:
    """Ask for a job; the answer comes as a notice. What the same person still waits for is asked once.

    `arguments` are values of JSON.
    """
    # The person's row is locked, so that of two presses of one button the second finds the first.
    session.get_one(User, user_id, with_for_update={"key_share": True})
    same = sa.select(JobRequest).where(_OPEN, JobRequest.user_id == user_id, JobRequest.job == job)
    for request in session.scalars(same.order_by(JobRequest.id)):
        if request.arguments == arguments:
            return request
    request = JobRequest(
        job=job, arguments=dict(arguments), user_id=user_id, asked_at=now, progress=""
    )
    session.add(request)
    session.flush()
    return request


def is_any_open(session: Session) -> bool:
    """Tell whether anything is asked for and not ended; cheap enough to ask every second."""
    return session.scalars(sa.select(JobRequest.id).where(_OPEN).limit(1)).first() is not None


def claim(session: Session, now: datetime) -> Claim | None:
    """Take the request that has waited longest; None when none waits, or another process was faster."""
    oldest = sa.select(JobRequest.id).where(_OPEN, JobRequest.started_at.is_(None))
    found = oldest.order_by(JobRequest.id).limit(1).scalar_subquery()
    waits = (JobRequest.id == found, JobRequest.started_at.is_(None))
    return _take(session, waits, {"started_at": now})


def unfinished(session: Session) -> Sequence[Claim]:
    """Return what somebody has begun and not ended: it runs, or its process is gone."""
    query = sa.select(JobRequest).where(_OPEN, JobRequest.started_at.is_not(None))
    return [_claimed(row) for row in session.scalars(query.order_by(JobRequest.id))]


def resume(session: Session, left: Claim, now: datetime) -> Claim | None:
    """Take over what its process did not finish; None when it was resumed before, or ended meanwhile."""
    return _take(session, (*_same(left), ~JobRequest.resumed), {"started_at": now, "resumed": True})


def put_back(session: Session, held: Claim) -> None:
    """Let a request wait again, as its process has been told to stop."""
    session.execute(
        sa.update(JobRequest).where(*_same(held)).values(started_at=None, progress=""),
        execution_options=_UNSYNCHRONISED,
    )


def note_progress(session: Session, held: Claim, words: str) -> None:
    """Note how far a request is."""
    statement = sa.update(JobRequest).where(*_same(held)).values(progress=words)
    session.execute(statement, execution_options=_UNSYNCHRONISED)


def finish(
    session: Session,
    held: Claim,
    now: datetime,
    *,
    kind: str,
    payload: Mapping[str, Any],
    failed: bool = False,
) -> bool:
    """End a request and owe its answer to whoever asked; False when the claim is no longer good."""
    statement = (
        sa.update(JobRequest)
        .where(*_same(held))
        .values(finished_at=now, failed=failed)
        .returning(JobRequest.id)
    )
    if session.execute(statement, execution_options=_UNSYNCHRONISED).first() is None:
        return False
    return notices.owe(
        session,
        kind=kind,
        key=f"{KEY}{held.id}",
        payload=payload,
        due_at=now,
        now=now,
        priority=notices.REPLY,
        user_id=held.user_id,
    )


def latest(session: Session, limit: int) -> Sequence[JobRequest]:
    """Return what was asked for last, newest first, with who asked."""
    query = sa.select(JobRequest).options(joinedload(JobRequest.user))
    return session.scalars(query.order_by(JobRequest.id.desc()).limit(limit)).all()


def purge(session: Session, before: datetime) -> None:
    """Delete requests that ended before a moment."""
    statement = sa.delete(JobRequest).where(JobRequest.finished_at < before)
    session.execute(statement, execution_options=_UNSYNCHRONISED)


def _same(held: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    return (JobRequest.id == held.id, JobRequest.started_at == held.started_at, _OPEN)


def _take(
    session: Session, which: tuple[sa.ColumnElement[bool], ...], values: Mapping[str, Any]
) -> Claim | None:
    statement = sa.update(JobRequest).where(*which).values(values).returning(JobRequest)
    row = session.scalars(statement, execution_options=_UNSYNCHRONISED).one_or_none()
    return _claimed(row) if row else None


def _claimed(row: JobRequest) -> Claim:
    begun = cast("datetime", row.started_at)
    return Claim(row.id, row.job, MappingProxyType(row.arguments), row.user_id, begun)
