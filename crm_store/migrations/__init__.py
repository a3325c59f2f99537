"""Bringing the tables from one form to the next, and back.

The forms themselves stand in `versions/`, one file each. A new one starts as a draft that
`python -m crm_store.migrations "what changes"` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError, ProgrammingError

if TYPE_CHECKING:
    from alembic.config import Config

_HERE = Path(__file__).parent
_LOCK = 7_201_802  # any constant: the advisory lock that lets one process migrate while others wait
_LOCK_TIMEOUT_S = 120


class BrokenReference(RuntimeError):
    """A migration left rows that point to rows which are gone; it was rolled back."""


def upgrade(engine: Engine) -> None:
    """Bring the tables to the newest form; safe when several processes start at once.

    A store that was made by a newer program is left as it is: migrations first add and only a
    later release takes away, so this program still works with it.

    Raises:
        sqlalchemy.exc.OperationalError: another process migrates for longer than two minutes
            (15 seconds on SQLite), or the database is away; nothing was changed.
    """
    newest = head()
    if recorded(engine) >= newest:
        return
    with _alone(engine) as connection:
        if revision(connection) < newest:
            from alembic import command

            command.upgrade(_config(connection), "head")


def build(connection: Connection, revision: str) -> None:
    """Bring the tables to `revision` or "head" inside the caller's transaction; for a restore."""
    from alembic import command

    command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the tables back to `revision`, or to nothing with "base"; the dropped tables' data goes.

    Raises:
        alembic.util.CommandError: there is no such revision.
    """
    from alembic import command

    with _alone(engine) as connection:
        command.downgrade(_config(connection), revision)


def draft(subject: str) -> None:
    """Write a new file in `versions/` from what the models have and the migrations do not yet make.

    The draft wants reading and tidying: it knows no renames and moves no data.
    """
    from alembic import command

    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        config = _config(connection)
        command.upgrade(config, "head")
        command.revision(config, subject, autogenerate=True, rev_id=f"{int(head()) + 1:04}")
    engine.dispose()


def head() -> str:
    """Return the newest form that this program knows."""
    return max(path.name for path in (_HERE / "versions").glob("[0-9]*.py")).partition("_")[0]


def recorded(engine: Engine) -> str:
    """Return the form that the tables have; empty when there are none or the database is away."""
    try:
        with engine.execution_options(reading=True).connect() as connection:
            return _found(connection)
    except (OperationalError, ProgrammingError):
        # No table yet, or no database: what follows finds out which.
        return ""


def revision(connection: Connection) -> str:
    """Return the form that the tables have; empty when there are none."""
    return _found(connection) if sa.inspect(connection).has_table("alembic_version") else ""


def _found(connection: Connection) -> str:
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return str(found or "")


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    # Without a file and without output: the program says what it does itself.
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    return config


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    on_sqlite = engine.dialect.name == "sqlite"
    with (_alone_on_sqlite if on_sqlite else _alone_on_postgresql)(engine) as connection:
        yield connection


@contextmanager
def _alone_on_postgresql(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT_S}s'")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        yield connection


@contextmanager
def _alone_on_sqlite(engine: Engine) -> Iterator[Connection]:
    # The store's connections begin with BEGIN IMMEDIATE, which is the lock. Rebuilding a table
    # drops the old one, and that would empty the tables that refer to it with ON DELETE CASCADE:
    # so references are not enforced meanwhile, but checked before the commit.
    with engine.connect() as connection:
        pragma = _raw_execute(connection)
        pragma("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                _refuse_broken_references(connection)
        finally:
            pragma("PRAGMA foreign_keys=ON")


def _raw_execute(connection: Connection) -> Callable[[str], object]:
    # Past SQLAlchemy, which would begin a transaction: inside one the pragma does nothing.
    driver = connection.connection.driver_connection
    if driver is None:
        message = "the connection is closed"
        raise RuntimeError(message)
    execute: Callable[[str], object] = driver.execute
    return execute


def _refuse_broken_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken:
        message = f"a row of {broken[0]} points to a row of {broken[2]} that does not exist"
        raise BrokenReference(message)
