"""The door to the database: engine, transactions, migrations.

Queries stand in the module of their subject. A transaction is opened by `bot/` and `jobs` runners only; nobody else
commits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from crm_store import audit, postings, search

__all__ = ["Actor", "Conflict", "Duplicate", "Session", "Store", "StoreUnavailable"]

SQLITE_BUSY_MS = 15_000
_UNIQUE_VIOLATION = "23505"  # PostgreSQL, appendix A


class StoreUnavailable(Exception):
    """The database cannot be reached; nothing was changed."""


class Conflict(Exception):
    """Somebody else changed the same rows at the same time; nothing was changed and trying again helps."""


class Duplicate(Exception):
    """A unique row is there that was not there when it was looked for; nothing was changed.

    Somebody else made it at the same time, and trying again finds it; if it does not, this is a bug. SQLite has one
    writer at a time, who looks and writes without another in between.
    """


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something and through what; stands on each audit row of the transaction.

    `call` is the key that ties the changes of one call together; `at` is its moment, the present when None.
    """

    user_id: int | None
    surface: str
    command: str
    call: str
    at: datetime | None = None


class Store:
    """One database; safe to share between threads."""

    def __init__(self, url: str | URL, audit_key: bytes = b"", pool_size: int = 10) -> None:
        """Prepare the engine; nothing is connected before the first use.

        `audit_key` keys the chain of the audit log; without one the chain finds accidents but not a forger.
        """
        self.url = make_url(url)
        self.engine = (
            _sqlite_engine(self.url) if self.is_sqlite else _postgresql_engine(self.url, pool_size)
        )
        self._sessions = sessionmaker(
            self.engine, expire_on_commit=False, info={"audit_key": audit_key}
        )
        audit.listen(self._sessions)
        search.listen(self._sessions)
        postings.listen(self._sessions)

    @property
    def is_sqlite(self) -> bool:
        """Tell whether the store is a SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def is_in_memory(self) -> bool:
        """Tell whether no other process can reach what this one keeps."""
        return self.is_sqlite and self.url.database in {None, "", ":memory:"}

    @contextmanager
    def transaction(self, actor: Actor) -> Iterator[Session]:
        """Open a transaction that commits when the block ends well and changes nothing when it does not.

        Raises:
            StoreUnavailable: the database is away.
            Conflict: a deadlock, a serialisation failure or a lost race on a record's version.
            Duplicate: on PostgreSQL, a unique row was there after all.
        """
        with self._translated(), self._sessions() as session, session.begin():
            session.info["actor"] = actor
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction in which nothing may be changed; it never waits for a writer.

        Raises:
            StoreUnavailable: the database is away.
        """
        with (
            self._translated(),
            self._sessions(bind=self.engine.execution_options(reading=True)) as session,
        ):
            session.info["read_only"] = True
            yield session

    def upgrade(self) -> None:
        """Bring the tables to the newest form; safe when several processes start at once."""
        from crm_store.migrations import upgrade

        with self._translated():
            upgrade(self.engine)

    def now(self, session: Session) -> datetime:
        """Return the database's clock on PostgreSQL, so that several processes agree, and ours on SQLite."""
        if self.is_sqlite:
            return datetime.now(UTC)
        now: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except StaleDataError as error:
            raise Conflict from error
        except exc.DBAPIError as error:
            if _is_race(error):
                raise Conflict from error
            if _state(error) == _UNIQUE_VIOLATION:
                raise Duplicate from error
            if _is_away(error):
                raise StoreUnavailable from error
            raise


def _is_race(error: exc.DBAPIError) -> bool:
    # 40001 serialization_failure, 40P01 deadlock_detected, 55P03 lock_not_available (PostgreSQL, appendix A).
    return _state(error) in {"40001", "40P01", "55P03"}


def _state(error: exc.DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _is_away(error: exc.DBAPIError) -> bool:
    if error.connection_invalidated or isinstance(error, exc.InterfaceError):
        return True
    if isinstance(error.orig, sqlite3.OperationalError):
        # A wrong statement is an OperationalError too; what is left is locks, full disks and lost files.
        return error.orig.sqlite_errorcode & 0xFF != sqlite3.SQLITE_ERROR
    state = _state(error)
    # Class 08: broken connection, 53: lacking resources, 57P: a server going down; no state: none was reached.
    return isinstance(error, exc.OperationalError) and (
        state is None or state[:2] in {"08", "53"} or state[:3] == "57P"
    )


def _postgresql_engine(url: URL, pool_size: int) -> Engine:
    return sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5, "options": "-c timezone=UTC -c lock_timeout=10s"},
    )


def _sqlite_engine(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": SQLITE_BUSY_MS / 1000})
    event.listen(engine, "do_connect", _sqlite_make_private)
    event.listen(engine, "connect", _sqlite_connect)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _sqlite_make_private(
    _dialect: object, _record: object, arguments: Sequence[str], _options: object
) -> None:
    # SQLite gives the files that it puts beside this one the same mode.
    if arguments[0] != ":memory:" and not Path(arguments[0]).exists():
        Path(arguments[0]).touch(mode=0o600)


def _sqlite_connect(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's hook
    connection.isolation_level = None
    # FULL, not NORMAL: an acknowledged command must survive a power cut, and NORMAL may lose the last commits.
    pragmas = (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={SQLITE_BUSY_MS}",
    )
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    # A transaction that reads before it writes fails at once with "database is locked" unless it begins as a writer.
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
