"""Being the one process that does a thing: takes a lease, keeps it, and stops in time by itself.

The lease rows and their terms stand in `crm_store/leases.py`.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING
from uuid import uuid4

from crm_store import leases
from crm_store.store import Actor, Conflict, Store, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crm_store.store import Session

log = logging.getLogger(__name__)

ACTOR = Actor(None, "leadership", "", "")
_MARGIN = 1.0  # seconds before its deadline at which a holder stops
_RENEWALS = 3  # tries to renew within one life of a lease


class Leadership:
    """A lease that one process holds at a time; safe to share between threads.

    `ttl` is in seconds. `clock` is the clock the processes agree on, the database's; `monotonic`
    measures how long we may trust the lease, so a jump of the wall clock cannot stretch it.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        clock: Callable[[Session], datetime],
        ttl: float = 15.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.owner = uuid4().hex
        self._store = store
        self._clock = clock
        self._ttl = ttl
        self._monotonic = monotonic
        self._lock = Lock()
        self._term: int | None = None
        self._deadline = float("-inf")
        self._renew_at = float("-inf")

    @property
    def held(self) -> bool:
        """Tell whether we lead at this moment; reads no database."""
        return self._monotonic() < self._deadline

    def ensure(self) -> bool:
        """Take or renew the lease when it is time and return whether we lead.

        To be called every second or so while the thing is being done. Not reaching the database
        means that we do not lead.
        """
        with self._lock:
            started = self._monotonic()
            if self.held and started < self._renew_at:
                return True
            try:
                self._term = self._take()
            except (StoreUnavailable, Conflict) as error:
                log.warning("leadership lost name=%s reason=%s", self.name, type(error).__name__)
                self._deadline = float("-inf")
                return False
            # Counted from before the request: a slow answer must not stretch the trust.
            trusted = self._ttl - _MARGIN if self._term is not None else float("-inf")
            self._deadline = started + trusted
            self._renew_at = started + self._ttl / _RENEWALS
            return self.held

    def release(self) -> None:
        """Give the lease up so that another process can go on at once."""
        with self._lock:
            term, self._term, self._deadline = self._term, None, float("-inf")
            if term is None:
                return
            try:
                with self._store.transaction(ACTOR) as session:
                    now = self._clock(session)
                    leases.release(session, self.name, self.owner, term, now)
            except (StoreUnavailable, Conflict):
                log.info("lease left to lapse name=%s", self.name)

    def _take(self) -> int | None:
        ttl = timedelta(seconds=self._ttl)
        with self._store.transaction(ACTOR) as session:
            now = self._clock(session)
            if self._term is not None and leases.renew(
                session, self.name, self.owner, self._term, now, ttl
            ):
                return self._term
            return leases.acquire(session, self.name, self.owner, now, ttl)
