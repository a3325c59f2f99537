"""The planned runs of scheduled jobs: one unique row each, so a change of leader repeats nothing.

When a job is due and who runs it is decided in `bot/scheduler.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_store.models import Occurrence
from crm_store.upsert import insert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

RESUMED = "resumed"
_UNSYNCHRONISED = {"synchronize_session": False}


def begin(session: Session, schedule: str, planned_local: str, now: datetime) -> bool:
    """Claim one planned run and return whether it was still free.

    `planned_local` is the wall-clock time that names it, ISO 8601, ascending as text.
    """
    statement = (
        insert(session, Occurrence)
        .values(schedule=schedule, planned_local=planned_local, started_at=now)
        .on_conflict_do_nothing(index_elements=["schedule", "planned_local"])
        .returning(Occurrence.id)
    )
    return session.execute(statement).first() is not None


def finish(
    session: Session,
    schedule: str,
    planned_local: str,
    now: datetime,
    *,
    summary: str,
    failed: bool,
) -> None:
    """Note how a run ended."""
    statement = sa.update(Occurrence).where(*_named(schedule, planned_local))
    session.execute(
        statement.values(finished_at=now, summary=summary, failed=failed),
        execution_options=_UNSYNCHRONISED,
    )


def note_progress(session: Session, schedule: str, planned_local: str, words: str) -> None:
    """Note how far a run is."""
    statement = sa.update(Occurrence).where(*_named(schedule, planned_local))
    session.execute(statement.values(progress=words), execution_options=_UNSYNCHRONISED)


def put_back(session: Session, schedule: str, planned_local: str) -> None:
    """Let a run be begun again, as its process has been told to stop."""
    statement = sa.delete(Occurrence).where(*_named(schedule, planned_local))
    session.execute(statement, execution_options=_UNSYNCHRONISED)


def last(session: Session, schedule: str) -> Occurrence | None:
    """Return the run with the latest planned time."""
    query = sa.select(Occurrence).where(Occurrence.schedule == schedule)
    return session.scalars(query.order_by(Occurrence.planned_local.desc()).limit(1)).one_or_none()


def unfinished(session: Session, started_before: datetime) -> Sequence[Occurrence]:
    """Return the runs that began before a moment, have not ended and were not resumed yet."""
    query = sa.select(Occurrence).where(
        Occurrence.finished_at.is_(None),
        Occurrence.started_at < started_before,
        Occurrence.summary.is_(None),
    )
    return session.scalars(query.order_by(Occurrence.id)).all()


def resume(session: Session, occurrence_id: int) -> bool:
    """Claim a run that its process did not finish; each can be resumed once."""
    statement = (
        sa.update(Occurrence)
        .where(
            Occurrence.id == occurrence_id,
            Occurrence.finished_at.is_(None),
            Occurrence.summary.is_(None),
        )
        .values(summary=RESUMED)
        .returning(Occurrence.id)
    )
    return session.execute(statement, execution_options=_UNSYNCHRONISED).first() is not None


def purge(session: Session, before: datetime) -> None:
    """Delete runs that began before a moment; the last one of each schedule stays."""
    newest = sa.select(sa.func.max(Occurrence.id)).group_by(Occurrence.schedule)
    statement = sa.delete(Occurrence).where(
        Occurrence.started_at < before, Occurrence.id.not_in(newest)
    )
    session.execute(statement, execution_options=_UNSYNCHRONISED)


def _named(schedule: str, planned_local: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (Occurrence.schedule == schedule, Occurrence.planned_local == planned_local)
