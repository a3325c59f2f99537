"""The log of changes: one chain however many write, and no change of it that is not found."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from crm_store import audit
from crm_store.models import AuditRow, Company
from crm_store.store import Actor, Session, Store
from tests.desk import START

KEY = b"a key for the chain"
ROWS = 20
TAMPERINGS = 250
ACTOR = Actor(None, "test", "company add", "call")


@pytest.fixture
def keyed(store: Store) -> Iterator[Store]:
    """The store with a key of its own for the chain."""
    keyed = Store(store.url, audit_key=KEY)
    yield keyed
    keyed.close()


def add(store: Store, name: str) -> None:
    """Make one change in one transaction."""
    with store.transaction(ACTOR) as session:
        session.add(Company(name=name, name_key=name, created_at=START, custom={"n": 1}))


def rows(session: Session) -> list[dict[str, object]]:
    """The whole log as it is stored."""
    found = session.execute(sa.select(AuditRow.__table__).order_by(AuditRow.id))
    return [dict(row) for row in found.mappings()]


def other(value: object, dice: random.Random) -> object:
    """A value of the same type that is not the same."""
    match value:
        case None:
            return "" if dice.random() < 0.5 else "x"
        case int():
            return value + dice.randint(1, 9)
        case str():
            place = dice.randrange(len(value)) if value else 0
            return value[:place] + dice.choice("xyz0 ") + value[place:]
        case dict():
            return {**value, dice.choice("abc"): dice.random()}
    return value + dice.choice((1, -1)) * (START - START.replace(year=2025))  # type: ignore[operator]


def tamper(log: list[dict[str, object]], dice: random.Random) -> int:
    """Do one thing to the log that nobody may do, and return the first row it touches."""
    place = dice.randrange(len(log))
    kind = dice.choice(("edit", "edit", "edit", "delete", "swap", "insert", "cut"))
    if kind == "edit":
        column = dice.choice([name for name in log[place] if name not in {"id", "actor_id"}])
        log[place][column] = other(log[place][column], dice)
        return place
    if kind == "delete":
        del log[place]
        return place
    if kind == "cut":
        del log[place:]
        return place
    if kind == "swap":
        place = min(place, len(log) - 2)
        log[place]["id"], log[place + 1]["id"] = log[place + 1]["id"], log[place]["id"]
        log[place : place + 2] = log[place + 1], log[place]
        return place
    for row in log[place:]:
        row["id"] = int(str(row["id"])) + 1
    log.insert(place, {**log[place], "id": place + 1})
    return place


class Back(Exception):
    """Ends a transaction that must leave nothing."""


def test_every_tampering_is_found_with_its_row(keyed: Store) -> None:
    for number in range(ROWS):
        add(keyed, f"firm {number}")
    with keyed.reading() as session:
        whole = rows(session)
        anchor = audit.head(session)
        assert audit.verify(session, KEY, anchor) is None
    dice = random.Random(11)
    for number in range(TAMPERINGS):
        log = [dict(row) for row in whole]
        place = tamper(log, dice)
        with suppress(Back), keyed.transaction(ACTOR) as session:
            session.execute(sa.delete(AuditRow))
            if log:
                session.execute(sa.insert(AuditRow), log)
            found = audit.verify(session, KEY, anchor)
            assert found is not None, number
            assert found.row_id in {place + 1, place + 2}, number
            raise Back
    with keyed.reading() as session:
        assert audit.verify(session, KEY, anchor) is None


def test_another_key_does_not_make_the_chain(keyed: Store) -> None:
    add(keyed, "acme")
    with keyed.reading() as session:
        assert audit.verify(session, b"another key") is not None


def test_a_row_that_cannot_be_read_is_found(sqlite_store: Store) -> None:
    keyed = Store(sqlite_store.url, audit_key=KEY)
    for number in range(5):
        add(keyed, f"firm {number}")
    for spoilt in ("at = 'never'", "before = '{'", "after = x'ff'", "before = '[]'"):
        with suppress(Back), keyed.transaction(ACTOR) as session:
            session.execute(sa.text(f"UPDATE audit SET {spoilt} WHERE id = 4"))
            found = audit.verify(session, KEY)
            assert found is not None, spoilt
            assert found.row_id == 4, spoilt
            raise Back
    keyed.close()


def test_many_who_write_at_once_make_one_chain(keyed: Store) -> None:
    def write(thread: int) -> None:
        for number in range(12):
            add(keyed, f"firm {thread} {number}")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))
    with keyed.reading() as session:
        assert audit.verify(session, KEY) is None
        assert audit.head(session)[0] == 48


def test_a_change_that_cannot_be_logged_is_not_made(keyed: Store) -> None:
    add(keyed, "acme")
    with keyed.transaction(ACTOR) as session:
        session.execute(sa.text("ALTER TABLE audit RENAME TO lost"))
    with pytest.raises(DBAPIError):
        add(keyed, "never")
    with keyed.reading() as session:
        assert list(session.scalars(sa.select(Company.name))) == ["acme"]
