"""A desk with named people who talk to the router as a surface would; the database is real, no platform is involved."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.clock import FixedClock
from bot.router import Router
from bot.surface import Incoming
from crm_store import users
from crm_store.addresses import Address
from crm_store.models import Role
from crm_store.store import Actor, Session, Store
from handlers.reply import Reply
from handlers.request import Defaults
from handlers.subjects import load
from jobs.asked import RUNNABLE

START = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)  # a Monday
SEED = Actor(None, "test", "seed", "seed")
PEOPLE = {
    "rep": ("Rita Rep", Role.REP),
    "mate": ("Milo Mate", Role.REP),
    "agent": ("Agnes Agent", Role.AGENT),
    "manager": ("Mona Manager", Role.MANAGER),
    "admin": ("Ada Admin", Role.ADMIN),
}
_keys = itertools.count(1)


@dataclass
class Person:
    """Somebody at the desk; `id` is None for the stranger."""

    desk: Desk
    account: str
    id: int | None
    name: str

    def says(
        self,
        line: str,
        *,
        private: bool = True,
        outside: bool = False,
        place: str = "",
        key: str = "",
    ) -> Reply:
        """Type a line and return the answer; `outside` is where people of other firms read along."""
        return self._send(text=line, private=private, outside=outside, place=place, key=key)

    def presses(self, reply: Reply, label: str) -> Reply:
        """Press the button called `label` and return the answer."""
        lines = [action.line for action in reply.actions if action.label == label]
        assert lines, f"no button {label!r} among {[action.label for action in reply.actions]}"
        return self._send(line=lines[0], pressed=True)

    def submits(self, reply: Reply, **values: str) -> Reply:
        """Fill a form in and return the answer."""
        assert reply.form, reply
        given = {field.name: field.value for field in reply.form.fields if field.value}
        return self._send(
            line=reply.form.command,
            values={**given, **{k.rstrip("_"): v for k, v in values.items()}},
        )

    def _send(
        self,
        *,
        text: str = "",
        line: str = "",
        values: dict[str, str] | None = None,
        pressed: bool = False,
        private: bool = True,
        outside: bool = False,
        place: str = "",
        key: str = "",
    ) -> Reply:
        incoming = Incoming(
            platform="test",
            key=key or f"test-{next(_keys)}",
            sender=self.account,
            name=self.name,
            place=Address.parse(place or f"test:{self.account}"),
            private=private,
            outside=outside,
            text=text,
            line=line,
            values=values or {},
            language="",
            pressed=pressed,
            message_id="",
        )
        return self.desk.router.handle(incoming).reply


class Desk:
    """A store with people in it, a router and a clock that stands still."""

    def __init__(self, store: Store, defaults: Defaults | None = None) -> None:
        load()
        self.store = store
        self.clock = FixedClock(START)
        self.defaults = defaults or Defaults(jobs=RUNNABLE)
        self.router = Router(store, self.defaults, self.clock)
        self.people = {key: self._person(key, name, role) for key, (name, role) in PEOPLE.items()}
        self.stranger = Person(self, "stranger", None, "Sam Stranger")

    def __getattr__(self, name: str) -> Person:
        people = self.__dict__.get("people", {})
        if name not in people:
            raise AttributeError(name)
        person: Person = people[name]
        return person

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a transaction in which a test prepares or looks at the store."""
        with self.store.transaction(SEED) as session:
            yield session

    def _person(self, key: str, name: str, role: Role) -> Person:
        with self.session() as session:
            email = f"{key}@rapport.example"
            user = users.add(
                session, email, name, role, language="en", time_zone="Europe/Berlin", now=START
            )
            users.add_identity(session, user, "test", key, f"test:{key}", START)
            return Person(self, key, user.id, name)
