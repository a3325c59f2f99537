"""Who does what only one process may do: a row with an owner, a term and an expiry.

Rows and not advisory locks, which strand behind a transaction pooler. Leadership only saves work;
the unique keys of inbox, notices and occurrences keep the promises. See `Leadership` in
`bot/scheduler.py` for the side that holds a lease.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_store.models import Lease
from crm_store.upsert import insert

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def acquire(session: Session, name: str, owner: str, now: datetime, ttl: timedelta) -> int | None:
    """Take a lease that is free or has lapsed and return its term, None when somebody holds it.

    `owner` is random per process start, never a host name: processes on one host share that.
    """
    statement = insert(session, Lease).values(name=name, owner=owner, term=1, expires_at=now + ttl)
    statement = statement.on_conflict_do_update(
        index_elements=["name"],
        set_={
            "owner": statement.excluded.owner,
            "term": Lease.term + 1,
            "expires_at": statement.excluded.expires_at,
        },
        where=Lease.expires_at <= now,
    )
    return session.execute(statement.returning(Lease.term)).scalar_one_or_none()


def renew(
    session: Session, name: str, owner: str, term: int, now: datetime, ttl: timedelta
) -> bool:
    """Hold a lease longer and return whether it is still this owner's in this term."""
    return _change(session, name, owner, term, now + ttl)


def release(session: Session, name: str, owner: str, term: int, now: datetime) -> bool:
    """Give a lease up, so that the next process need not wait for it to lapse."""
    return _change(session, name, owner, term, now)


def _change(session: Session, name: str, owner: str, term: int, expires_at: datetime) -> bool:
    statement = (
        sa.update(Lease)
        .where(Lease.name == name, Lease.owner == owner, Lease.term == term)
        .values(expires_at=expires_at)
        .returning(Lease.id)
    )
    options = {"synchronize_session": False}
    return session.execute(statement, execution_options=options).first() is not None
