"""A place to work in: a store, a platform, and workers that can be killed. No test stands here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

from bot.clock import FixedClock
from bot.router import Answer
from bot.surface import Incoming
from bot.worker import Worker
from crm_store import inbox
from crm_store.models import InboxRow, InboxState
from crm_store.store import Actor, Store
from handlers.reply import Reply
from tests.bot.surfaces import MemorySurface

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)
ACTOR = Actor(None, "test", "", "")


class Office:
    """A store, a platform and handlers that note what they did in the same transaction."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = FixedClock(NOW)
        self.slack = MemorySurface("slack", self.clock)
        self.effects: list[str] = []
        self.running: dict[str, int] = {}
        self.most = 0
        self.before: Callable[[Incoming], None] = lambda _: None
        self.after: Callable[[Incoming], None] = lambda _: None
        self._lock = Lock()

    def run(self, incoming: Incoming, inbox_id: int) -> Answer | None:
        """Carry an event out and note how many of one sender run at once."""
        with self._lock:
            self.running[incoming.sender] = self.running.get(incoming.sender, 0) + 1
            self.most = max(self.most, self.running[incoming.sender])
        try:
            self.before(incoming)
            answer = Answer(Reply(text=f"done {incoming.text}"), "en", "UTC")
            stored = {"reply": answer.reply.to_dict(), "language": "en", "zone": "UTC"}
            with self.store.transaction(ACTOR) as session:
                inbox.done(session, inbox_id, stored)
            with self._lock:
                self.effects.append(incoming.text)
            self.after(incoming)
            return answer
        finally:
            with self._lock:
                self.running[incoming.sender] -= 1

    def worker(self) -> Worker:
        """Return the worker of one more process."""
        return Worker(self.store, {"slack": self.slack}, self.run, lambda _: self.clock.now())

    def state(self, key: str) -> InboxState:
        """Return how far an event came."""
        with self.store.reading() as session:
            return session.query(InboxRow).filter_by(key=key).one().state

    @property
    def answers(self) -> list[tuple[str, bool]]:
        """Return what the platform got: the text, and whether it was called a repeat."""
        return [(post.text, post.again) for post in self.slack.posts]


def event(key: str, sender: str = "U1", text: str | None = None) -> dict[str, Any]:
    return {"key": key, "sender": sender, "text": key if text is None else text}


async def receive(worker: Worker, key: str, sender: str = "U1", text: str | None = None) -> bool:
    return await worker.receive("slack", key, sender, event(key, sender, text))


def play(office: Office, scene: Callable[[Worker], Coroutine[Any, Any, None]]) -> None:
    """Play a scene with a fresh worker and stop it."""

    async def run() -> None:
        worker = office.worker()
        await scene(worker)
        await worker.settle()
        await worker.stop()

    asyncio.run(run())


def kill(office: Office, key: str, *, done: bool) -> None:
    """Leave an event as a killed process leaves it, before or after its transaction."""
    with office.store.transaction(ACTOR) as session:
        admitted = inbox.admit(
            session, "slack", key, "U1", event(key), NOW, owner="killed", lease=LEASE
        )
        assert admitted
        if done:
            reply = Reply(text=f"done {key}").to_dict()
            inbox.done(session, admitted.id, {"reply": reply, "language": "en", "zone": "UTC"})


async def recover(worker: Worker) -> None:
    while await worker.recover():
        await worker.settle()
