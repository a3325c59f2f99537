"""The whole store as one stream of lines that fits both databases, and back.

What is kept is what the database holds, read by reflection and not through the models, so a store
of an older form can be backed up before it is upgraded. The search index is left out: it is built
again. How the stream is sealed stands in `crm_store/sealed.py`, when files change places in
`bot/cli/backup.py`.
"""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from crm_store import audit, migrations, search
from crm_store.models.base import UtcDateTime
from crm_store.sealed import Damaged, SealedReader, SealedWriter
from crm_store.store import Store

__all__ = [
    "Contents",
    "Damaged",
    "Newer",
    "damage",
    "dump",
    "form",
    "is_empty",
    "is_in_use",
    "load",
    "read",
    "settle",
    "wipe",
]

FORMAT = 1
_BATCH = 1_000
_PATIENCE = 2.0  # seconds for a lock on a SQLite file
_LEFT_OUT = ("alembic_version", "search_")
# A store without a row in these was made, but never used.
_TELLING = ("users", "audit", "inbox", "notices", "imports")
_TYPES: dict[str, Any] = {
    "json": sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"),
    "instant": UtcDateTime(),
    "day": sa.Date(),
    "truth": sa.Boolean(),
    "plain": sa.types.NullType(),
}


class Newer(Exception):
    """The backup was made by a newer version of the program."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds: the form of its tables, when it was made, and how many rows of each."""

    revision: str
    made_at: datetime
    rows: dict[str, int]


def dump(session: Session, target: BinaryIO, key: bytes) -> Contents:
    """Write all tables, as they are at one moment, into `target`.

    Has to be the first use of `session`, so that PostgreSQL shows all tables of the same moment.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    revision = migrations.revision(connection)
    made_at = datetime.now(UTC)
    sealed = SealedWriter(target, key)
    # No name and no time in the inner header: the same store gives the same lines.
    with sealed, gzip.GzipFile("", "wb", 6, sealed, 0) as packed, _text(packed) as out:
        _line(out, {"format": FORMAT, "revision": revision, "made_at": made_at.isoformat()})
        rows = {table.name: _dump_table(connection, table, out) for table in _tables(connection)}
        _line(out, {"tables": len(rows)})
    return Contents(revision, made_at, rows)


def read(source: BinaryIO, key: bytes) -> Contents:
    """Read a backup from beginning to end without keeping anything, and return what it holds.

    Raises:
        Damaged: it is no backup, was sealed with another key, or was changed.
        Newer: this program does not know its form.
    """
    lines = _lines(source, key)
    head = _head(lines)
    rows: dict[str, int] = {}
    for name, _columns, values in _parts(lines):
        rows[name] = sum(1 for one in values if isinstance(one, list))
    return Contents(head["revision"], datetime.fromisoformat(head["made_at"]), rows)


def load(session: Session, source: BinaryIO, key: bytes) -> None:
    """Make the tables in the form of the backup, in a database without tables, and fill them.

    Raises:
        Damaged: it is no backup, was sealed with another key, or was changed.
        Newer: this program does not know its form.
    """
    lines = _lines(source, key)
    head = _head(lines)
    connection = session.connection()
    migrations.build(connection, head["revision"])
    parts = list(_tables(connection))
    for table in reversed(parts):
        connection.execute(sa.delete(table))  # what the migrations put in
    for name, columns, values in _parts(lines):
        _load_table(connection, name, columns, values)


def settle(session: Session) -> None:
    """Bring what was loaded to the newest form and build the search index."""
    if session.get_bind().dialect.name == "postgresql":
        migrations.build(session.connection(), "head")
    search.rebuild(session, lambda _done, _total: None)


def wipe(session: Session) -> None:
    """Drop every table of ours, and no other; for PostgreSQL, where it is undone with the transaction."""
    connection = session.connection()
    ours = {*audit.kinds(), "alembic_version", "search_entries"}
    for name in sorted(ours & set(sa.inspect(connection).get_table_names())):
        connection.exec_driver_sql(f'DROP TABLE "{name}" CASCADE')


def is_empty(session: Session) -> bool:
    """Tell whether nobody has used the store yet."""
    connection = session.connection()
    there = set(sa.inspect(connection).get_table_names())
    queries = (sa.select(sa.literal(1)).select_from(sa.table(name)) for name in _TELLING)
    return not any(
        connection.execute(query.limit(1)).first()
        for name, query in zip(_TELLING, queries, strict=True)
        if name in there
    )


def form(store: Store) -> str:
    """Return the form of a store's tables; empty when it has none.

    Raises:
        StoreUnavailable: the database is away.
        Damaged: the file is no database.
    """
    try:
        with store.reading() as session:
            return migrations.revision(session.connection())
    except (sqlite3.DatabaseError, sa.exc.DatabaseError) as error:
        raise Damaged from error


def damage(file: Path) -> str:
    """Return what SQLite finds wrong with a file; nothing when it is sound."""
    try:
        with closing(sqlite3.connect(file, timeout=_PATIENCE)) as connection:
            found = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.OperationalError:
        return ""  # in use, which is not damage
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else found


def is_in_use(file: Path) -> bool:
    """Tell whether another process has a SQLite file open; if none has, its write-ahead log is folded in."""
    try:
        with closing(sqlite3.connect(file, timeout=_PATIENCE)) as connection:
            # Leaving WAL wants the file for itself, so an idle connection elsewhere shows as well.
            return str(connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]) != "delete"
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:
        return False  # damaged: there is nothing to fold


def _tables(connection: Connection) -> list[sa.Table]:
    metadata = sa.MetaData()
    metadata.reflect(connection, only=lambda name, _metadata: not name.startswith(_LEFT_OUT))
    return metadata.sorted_tables


def _dump_table(connection: Connection, table: sa.Table, out: io.TextIOBase) -> int:
    columns = {column.name: _kind(column.type) for column in table.columns}
    _line(out, {"table": table.name, "columns": columns})
    query = sa.select(table).order_by(*table.primary_key.columns)
    rows = 0
    with connection.execute(query, execution_options={"yield_per": _BATCH}) as found:
        for row in found:
            _line(out, [_encode(value) for value in row])
            rows += 1
    _line(out, {"rows": rows, "last": _last_number(connection, table.name)})
    return rows


def _kind(column_type: sa.types.TypeEngine[Any]) -> str:
    match column_type:
        case sa.JSON():
            return "json"
        case sa.DateTime():
            return "instant"
        case sa.Date():
            return "day"
        case sa.Boolean():
            return "truth"
        case _:
            return "plain"


def _encode(value: Any) -> Any:  # noqa: ANN401 - any column value
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _decode(kind: str, value: Any) -> Any:  # noqa: ANN401 - any column value
    if value is None:
        return None
    if kind == "instant":
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if kind == "day" else value


def _last_number(connection: Connection, table: str) -> int:
    """Return the highest id that was ever given, so that no deleted row's id comes again."""
    if connection.dialect.name == "postgresql":
        query = "SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, 'id')::regclass)"
    else:
        query = "SELECT seq FROM sqlite_sequence WHERE name = :table"
    given = connection.execute(sa.text(query), {"table": table}).scalar()
    highest = connection.execute(
        sa.select(sa.func.max(sa.column("id"))).select_from(sa.table(table))
    ).scalar()
    return max(given or 0, highest or 0)


def _continue_numbers(connection: Connection, table: str, last: int) -> None:
    values = {"table": table, "last": last}
    if connection.dialect.name == "postgresql":
        if last:
            query = "SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)"
            connection.execute(sa.text(query), values)
        return
    never_reused = connection.execute(
        sa.text("SELECT 1 FROM sqlite_master WHERE name = :table AND sql LIKE '%AUTOINCREMENT%'"),
        values,
    )
    if never_reused.first():
        for statement in (
            "DELETE FROM sqlite_sequence WHERE name = :table",
            "INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)",
        ):
            connection.execute(sa.text(statement), values)


def _load_table(
    connection: Connection, name: str, columns: dict[str, str], values: Iterator[Any]
) -> None:
    table = sa.table(name, *(sa.column(each, _TYPES[kind]) for each, kind in columns.items()))
    batch: list[dict[str, Any]] = []
    for value in values:
        if isinstance(value, list):
            decoded = map(_decode, columns.values(), value)
            batch.append(dict(zip(columns, decoded, strict=True)))
        if batch and (isinstance(value, dict) or len(batch) == _BATCH):
            connection.execute(sa.insert(table), batch)
            batch = []
        if isinstance(value, dict):
            _continue_numbers(connection, name, value["last"])


def _parts(lines: Iterator[Any]) -> Iterator[tuple[str, dict[str, str], Iterator[Any]]]:
    """Yield each table with its columns, its rows and, last, the line that closes it."""
    for count, line in enumerate(lines):
        if "tables" in line:
            # Read to the very end: only there is the seal of the last chunk checked.
            if line["tables"] != count or next(lines, None) is not None:
                raise Damaged
            return
        yield line["table"], line["columns"], _rows(lines)
    raise Damaged


def _rows(lines: Iterator[Any]) -> Iterator[Any]:
    for count, line in enumerate(lines):
        yield line
        if isinstance(line, dict):
            if line["rows"] != count:
                raise Damaged
            return


def _head(lines: Iterator[Any]) -> dict[str, Any]:
    head: dict[str, Any] = next(lines, {})
    if head.get("format") != FORMAT or head["revision"] > migrations.head():
        raise Newer
    return head


def _lines(source: BinaryIO, key: bytes) -> Iterator[Any]:
    with (
        io.BufferedReader(SealedReader(source, key)) as opened,
        gzip.GzipFile("", "rb", 6, opened) as packed,
    ):
        for line in packed:
            yield json.loads(line)


def _text(packed: gzip.GzipFile) -> io.TextIOWrapper:
    return io.TextIOWrapper(packed, "ascii", newline="\n")


def _line(out: io.TextIOBase, value: Any) -> None:  # noqa: ANN401 - any JSON value
    out.write(json.dumps(value, separators=(",", ":")) + "\n")
