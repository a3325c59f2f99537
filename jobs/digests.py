"""Digests whose time has come: each is owed once per planned time, and one that is late comes once.

What a digest says is made when it is sent, in `handlers/digests.py`.
"""

from __future__ import annotations

from datetime import datetime

from crm_store import digests, notices
from crm_store.addresses import Address
from crm_store.models import Digest, DigestDue, NoticeState
from crm_store.store import Session
from jobs.schedule import JobContext

BATCH = 100


def run(context: JobContext) -> str:
    """Owe every digest that is due and set each to its next time."""
    owed = 0
    while True:
        with context.transaction() as session:
            found = digests.due(session, context.now, BATCH)
            for digest, waiting in found:
                owed += _owe(session, digest, waiting, context.now)
                digests.advance(session, digest, waiting, context.now)
        context.progress(f"{owed} digests")
        if len(found) < BATCH:
            return f"{owed} digests"


def _owe(session: Session, digest: Digest, waiting: DigestDue, now: datetime) -> bool:
    if digest.deleted_at is not None:
        return False
    _tell_failure(session, digest, now)
    to = Address.parse(digest.address)
    reader = int(to.chat) if to.platform == "user" else None
    return notices.owe(
        session,
        kind=digests.NOTICE,
        key=digests.key(digest.id, waiting.planned_local),
        payload={
            "digest_id": digest.id,
            "owner_id": digest.owner_id,
            "planned_local": waiting.planned_local,
        },
        due_at=waiting.due_at,
        now=now,
        priority=notices.DIGEST,
        user_id=reader,
        address=None if reader else to,
    )


def _tell_failure(session: Session, digest: Digest, now: datetime) -> None:
    """Let the owner know, once, that the delivery before did not arrive."""
    last = digests.deliveries(session, digest.id, 1)
    if last and last[0].state in {NoticeState.DEAD, NoticeState.UNKNOWN}:
        notices.owe(
            session,
            kind="digest_failed",
            key=f"digest_failed:{last[0].id}",
            payload={"digest_id": digest.id},
            due_at=now,
            now=now,
            priority=notices.ALERT,
            user_id=digest.owner_id,
        )
