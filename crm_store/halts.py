"""How long to wait before a platform is asked again: after a failure, or because it said so.

What a process sends per second is paced in memory, in `bot/delivery.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_store.models import Halt
from crm_store.upsert import insert

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=10)


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after `attempts` earlier failures: 5 s, 10 s, 20 s … 10 min."""
    doubled: int = 2 ** min(attempts, 16)
    return min(FIRST_DELAY * doubled, LONGEST_DELAY)


def stop(session: Session, bucket: str, until: datetime) -> None:
    """Let nothing go to `bucket` before `until`, whatever process asks; a later end wins.

    A bucket is a platform (`slack`) or one chat of it (`slack:C0123`).
    """
    statement = insert(session, Halt).values(bucket=bucket, until=until)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["bucket"],
            set_={"until": statement.excluded.until},
            where=Halt.until < statement.excluded.until,
        )
    )


def active(session: Session, now: datetime) -> dict[str, datetime]:
    """Return the stopped buckets and when each may be used again."""
    query = sa.select(Halt.bucket, Halt.until).where(Halt.until > now)
    return {row.bucket: row.until for row in session.execute(query)}


def purge(session: Session, before: datetime) -> None:
    """Forget the halts that ended before `before`."""
    session.execute(sa.delete(Halt).where(Halt.until < before))
