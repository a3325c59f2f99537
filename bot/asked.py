"""Picks up what people asked for, one at a time, and owes each the answer, also after a crash.

The requests stand in `crm_store/asked.py`, what they do in `jobs/asked.py`; the scheduler calls this while it leads,
and stands around each run as the error boundary.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from bot.runner import BROKEN_OFF, Failure, Interrupted, Runs
from crm_store import asked
from crm_store.asked import Claim
from crm_store.store import Actor, Conflict, Session, Store, StoreUnavailable
from jobs.asked import Answer

log = logging.getLogger(__name__)

T = TypeVar("T")

_TAKING = Actor(None, "schedule", "asked", "")


class Bounded(Protocol):
    """The error boundary: runs some work and returns what it found, or why it failed."""

    def __call__(self, name: str, work: Callable[[], T], /) -> T | Failure:
        """Run it."""


class Requests:
    """What people asked for, on one store."""

    def __init__(self, store: Store, clock: Callable[[Session], datetime], runner: Runs) -> None:
        self._store = store
        self._clock = clock
        self._runner = runner

    def take(self) -> Claim | None:
        """Take the next request; to be called by the leader while it carries out none.

        So what is begun and not ended was left by a process that is gone: it is resumed once. What two processes
        left is given up, as it may be what they died of.

        Raises:
            StoreUnavailable: the database is away.
            Conflict: another process was at the same rows.
        """
        with self._store.reading() as session:
            if not asked.is_any_open(session):
                return None
        with self._store.transaction(_TAKING) as session:
            now = self._clock(session)
            for left in asked.unfinished(session):
                resumed = asked.resume(session, left, now)
                if resumed is not None:
                    return resumed
                _finish(session, left, now, Failure(BROKEN_OFF))
            return asked.claim(session, now)

    def carry_out(self, claim: Claim, bounded: Bounded) -> None:
        """Do what was asked for and owe the answer, in one transaction with its end."""
        actor = Actor(claim.user_id, "schedule", claim.job, f"{asked.KEY}{claim.id}")
        note = partial(self._note_progress, actor, claim)
        try:
            with self._store.reading() as session:
                begun_at = self._clock(session)
            found = bounded(claim.job, lambda: self._runner.answer(claim, begun_at, note))
            with self._store.transaction(actor) as session:
                _finish(session, claim, self._clock(session), found)
        except Interrupted:
            self._put_back(actor, claim)
        except (StoreUnavailable, Conflict) as error:
            # Left unfinished, so that it is resumed.
            log.warning("request broken off id=%s reason=%s", claim.id, type(error).__name__)

    def _put_back(self, actor: Actor, claim: Claim) -> None:
        try:
            with self._store.transaction(actor) as session:
                asked.put_back(session, claim)
        except (StoreUnavailable, Conflict):
            log.warning("request left unfinished id=%s", claim.id)

    def _note_progress(self, actor: Actor, claim: Claim, words: str) -> None:
        try:
            with self._store.transaction(actor) as session:
                asked.note_progress(session, claim, words)
        except (StoreUnavailable, Conflict):
            log.info("progress not noted request=%s", claim.id)


def _finish(session: Session, claim: Claim, now: datetime, found: Answer | Failure) -> None:
    failed = isinstance(found, Failure)
    if isinstance(found, Failure):
        told = {"why": found.why, "reference": found.reference}
        found = Answer(asked.FAILED, {"job": claim.job, "arguments": dict(claim.arguments), **told})
    asked.finish(session, claim, now, kind=found.kind, payload=found.payload, failed=failed)
    log.info("request ended id=%s job=%s failed=%s", claim.id, claim.job, failed)
