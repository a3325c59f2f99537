"""How the store's own promises stand: queues, runs, leases, halts, and what failed.

It reads only; reviving is `crm_store.inbox.revive` and `crm_store.notices.revive`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm_store import asked, halts, inbox, notices
from crm_store.models import (
    Halt,
    InboxRow,
    InboxState,
    JobRequest,
    Lease,
    Notice,
    NoticeState,
    Occurrence,
)

_FAILED_SHOWN = 20
_REQUESTS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Health:
    """One look at the store.

    Attributes:
        oldest_event_at: when the oldest event that is not answered came in.
        oldest_notice_at: since when the oldest due notice waits.
        runs: the last run of each scheduled job.
        requests: the jobs that people asked for last, newest first.
        digests: the digests that were sent last.
        leases: the leases that somebody holds.
        halts: the platforms and chats that asked us to wait, and until when.
        dead, failed: the newest events and notices that were given up.
    """

    events: dict[InboxState, int]
    notices: dict[NoticeState, int]
    oldest_event_at: datetime | None
    oldest_notice_at: datetime | None
    runs: Sequence[Occurrence]
    requests: Sequence[JobRequest]
    digests: Sequence[Notice]
    leases: Sequence[Lease]
    halts: dict[str, datetime]
    dead: Sequence[InboxRow]
    failed: Sequence[Notice]


def read(session: Session, now: datetime) -> Health:
    """Look at everything at once."""
    return Health(
        events=inbox.counts(session),
        notices=notices.counts(session),
        oldest_event_at=inbox.oldest_open_at(session),
        oldest_notice_at=notices.oldest_due_at(session, now),
        runs=_last_runs(session),
        requests=asked.latest(session, _REQUESTS_SHOWN),
        digests=_last_digests(session),
        leases=held_leases(session, now),
        halts=halts.active(session, now),
        dead=inbox.list_dead(session, _FAILED_SHOWN),
        failed=notices.list_failed(session, _FAILED_SHOWN),
    )


def held_leases(session: Session, now: datetime) -> Sequence[Lease]:
    """Return the leases that have not lapsed: while there is one, a process works on the store."""
    query = sa.select(Lease).where(Lease.expires_at > now).order_by(Lease.name)
    return session.scalars(query).all()


def is_writable(session: Session) -> bool:
    """Tell whether the database takes changes; a replica and a read-only file do not."""
    nothing = sa.update(Halt).where(sa.false()).values(bucket=Halt.bucket)
    try:
        session.execute(nothing, execution_options={"synchronize_session": False})
    except sa.exc.DBAPIError:
        return False
    return True


def _last_runs(session: Session) -> Sequence[Occurrence]:
    last = sa.select(sa.func.max(Occurrence.id)).group_by(Occurrence.schedule)
    query = sa.select(Occurrence).where(Occurrence.id.in_(last)).order_by(Occurrence.schedule)
    return session.scalars(query).all()


def _last_digests(session: Session) -> Sequence[Notice]:
    query = sa.select(Notice).where(
        Notice.priority == notices.DIGEST, Notice.state == NoticeState.SENT
    )
    return session.scalars(query.order_by(Notice.id.desc()).limit(3)).all()
