"""Every change of a record, kept in the same transaction: who, what before, what after; and how to take it back.

Changes are seen by the session's own events, so a handler cannot forget them. Bulk imports do not pass here: they
leave one row for the whole import, see `crm_store/imports.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event, inspect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session, sessionmaker

from crm_store.models import AuditRow, Base
from crm_store.models.base import Amount, UtcDateTime

CREATED, CHANGED, DELETED = "created", "changed", "deleted"
_ENDS = ("deleted_at", "ended_at")  # what of a record says that it is no more
_UNTRACKED = frozenset({"version"})
_CHAIN_LOCK = (
    7_201_801  # any constant: the advisory lock that puts appends to the chain in one order
)
_PAGE = 1_000


class ReadOnly(RuntimeError):
    """A command that declared to read only has changed a record; this is a bug in the command."""


class ChangedSince(Exception):
    """A record was changed after the call that should be undone.

    Attributes:
        row: the later change.
    """

    def __init__(self, row: AuditRow) -> None:
        """Keep the later change."""
        super().__init__(f"{row.kind} {row.record_id} was changed since")
        self.row = row


class InUse(Exception):
    """What a call made is used by other records, so it cannot go.

    Attributes:
        kind: the table of what cannot go.
        record_id: its number there.
        by: the table and the number of one that uses it; None when only the database knows.
    """

    def __init__(self, kind: str, record_id: int, by: tuple[str, int] | None = None) -> None:
        """Keep which one: a row cannot be read any more once the database has refused."""
        super().__init__(f"{kind} {record_id} is in use")
        self.kind = kind
        self.record_id = record_id
        self.by = by


class _Unreadable(Exception):
    """A row holds what no row of ours holds."""

    def __init__(self, row_id: int) -> None:
        super().__init__(f"row {row_id}")
        self.row_id = row_id


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the chain does not hold.

    Attributes:
        unsealed: how many rows at the beginning were written without a key, where that is all that
            is wrong; whoever can write the store can have written them.
    """

    row_id: int
    reason: str
    unsealed: int = 0


def listen(sessions: sessionmaker[Session]) -> None:
    """Keep the audit of every session that `sessions` makes."""
    event.listen(sessions, "after_flush", _collect)
    event.listen(sessions, "before_commit", _write)


def note(session: Session, row: Base, action: str, after: dict[str, Any]) -> None:
    """Keep one line for many changes that do not pass the session's events; it cannot be undone.

    `row` stands for all of them and has its number already; `after` says what was done.
    """
    session.info.setdefault("audit_notes", []).append((row, action, {}, after))


def model(kind: str) -> type[Base]:
    """Return the class of the table that an audit row names.

    Raises:
        KeyError: no table has that name.
    """
    return _MODELS()[kind]


def last_call(session: Session, actor_id: int) -> str | None:
    """Return the key of the newest call of a person that changed something, was not undone and is not an undo."""
    undone = sa.select(AuditRow.undoes).where(AuditRow.undoes.is_not(None))
    query = (
        sa.select(AuditRow.call)
        .where(
            AuditRow.actor_id == actor_id, AuditRow.undoes.is_(None), AuditRow.call.not_in(undone)
        )
        .order_by(AuditRow.id.desc())
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()


def rows_of_call(session: Session, call: str) -> Sequence[AuditRow]:
    """Return the changes of one call, oldest first."""
    return session.scalars(
        sa.select(AuditRow).where(AuditRow.call == call).order_by(AuditRow.id)
    ).all()


def history(session: Session, kind: str, record_id: int, limit: int = 20) -> Sequence[AuditRow]:
    """Return the newest changes of one record, newest first."""
    query = sa.select(AuditRow).where(AuditRow.kind == kind, AuditRow.record_id == record_id)
    return session.scalars(query.order_by(AuditRow.id.desc()).limit(limit)).all()


def since(session: Session, row_id: int, limit: int) -> Sequence[AuditRow]:
    """Return the changes after row `row_id`, oldest first; in this order they were committed."""
    query = sa.select(AuditRow).where(AuditRow.id > row_id).order_by(AuditRow.id)
    return session.scalars(query.limit(limit)).all()


def hold(session: Session) -> None:
    """Let nobody else commit a change until this transaction ends; SQLite lets only one write anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN_LOCK)))


def begin_undo(session: Session, call: str) -> None:
    """Note all that this transaction changes as the undo of `call`.

    Raises:
        LookupError: it was undone already.
    """
    already = sa.select(AuditRow.id).where(AuditRow.undoes == call).limit(1)
    if session.execute(already).first():
        raise LookupError(call)
    session.info["undoes"] = call


def undo(session: Session, call: str, at: datetime) -> list[AuditRow]:
    """Write back what the records held before `call`, newest change first; a created record is deleted softly.

    Raises:
        ChangedSince: somebody changed one of the fields afterwards; nothing is written back.
        InUse: what was made is in use; the transaction must not commit.
        LookupError: the call changed nothing, or was undone already.
    """
    rows = list(rows_of_call(session, call))
    if not rows:
        raise LookupError(call)
    begin_undo(session, call)
    for row, after in _left(rows):
        _refuse_later_change(session, row, after)
    own = {(row.kind, row.record_id) for row in rows}
    for row in rows:
        if row.action == CREATED:
            _refuse_use(session, row, own)
    for row in reversed(rows):
        kind, record_id = row.kind, row.record_id
        try:
            _take_back(session, row, at)
            session.flush()
        except IntegrityError as error:
            raise InUse(kind, record_id) from error
    return rows


def verify(session: Session, key: bytes, anchor: tuple[int, str] | None = None) -> Break | None:
    """Walk the whole chain and return the first row that was altered, removed or moved, or None.

    A cut-off end cannot be seen from inside: `anchor` is the number of a row and the beginning of
    its mac as `head` gave them earlier, kept where the store's owner cannot write. It also vouches
    for rows before it that were written without a key.
    """
    try:
        return _walk(session, key, anchor, _PAGE)
    except _Unreadable:
        try:
            # A page is read as a whole: one by one shows which row it was.
            return _walk(session, key, anchor, 1)
        except _Unreadable as found:
            return Break(found.row_id, "the row cannot be read")


def head(session: Session) -> tuple[int, str]:
    """Return the number and the mac of the newest row, the anchor of `verify`; 0 when there is none."""
    query = sa.select(AuditRow.id, AuditRow.mac).order_by(AuditRow.id.desc()).limit(1)
    row = session.execute(query).first()
    return (row.id, row.mac) if row else (0, "")


def kinds() -> frozenset[str]:
    """Return the names of all tables."""
    return frozenset(_MODELS())


def _walk(session: Session, key: bytes, anchor: tuple[int, str] | None, page: int) -> Break | None:
    query = sa.select(AuditRow.__table__).order_by(AuditRow.id)
    mac, previous, unsealed = "", 0, 0
    with session.connection().execute(query, execution_options={"yield_per": page}) as rows:
        try:
            for row in rows:
                if unsealed == previous and key and _is_next(b"", mac, previous, row):
                    unsealed = row.id
                    reason = _unlike(row, anchor)
                else:
                    reason = _wrong(key, mac, previous, row) or _unlike(row, anchor)
                if reason:
                    return Break(previous + 1, reason)
                mac, previous = row.mac, row.id
        except (TypeError, ValueError, AttributeError) as error:
            raise _Unreadable(previous + 1) from error
    if anchor and previous < anchor[0]:
        return Break(previous + 1, "the end was cut off here")
    if unsealed > (anchor[0] if anchor else 0):
        return Break(1, "the log was begun without a key", unsealed)
    return None


def _wrong(key: bytes, mac: str, previous: int, row: sa.Row[Any]) -> str:
    if row.id != previous + 1:
        return "rows are missing here"
    if not _is_next(key, mac, previous, row):
        return "the row or the one before it was altered"
    return ""


def _is_next(key: bytes, mac: str, previous: int, row: sa.Row[Any]) -> bool:
    sealed = _mac(key, mac, _content(row))
    return row.id == previous + 1 and hmac.compare_digest(sealed, row.mac)


def _unlike(row: sa.Row[Any], anchor: tuple[int, str] | None) -> str:
    noted = not anchor or row.id != anchor[0] or row.mac.startswith(anchor[1])
    return "" if noted else "the row is not the one that was noted"


def _collect(session: Session, _context: object) -> None:
    entries = session.info.setdefault("audit", [])
    for row in session.new:
        if _is_audited(row):
            entries.append((row, CREATED, {}, _values(row)))
    for row in session.dirty:
        if _is_audited(row):
            before, after = _difference(row)
            if after:
                entries.append((row, CHANGED, before, after))
    for row in session.deleted:
        if _is_audited(row):
            entries.append((row, DELETED, _values(row), {}))


def _write(session: Session) -> None:
    session.flush()
    entries = session.info.pop("audit", []) + session.info.pop("audit_notes", [])
    undoes = session.info.pop("undoes", None)
    if not entries:
        return
    if session.info.get("read_only"):
        raise ReadOnly
    actor = session.info["actor"]
    hold(session)
    number, mac = head(session)
    at = actor.at or datetime.now(UTC)
    rows = []
    for row, action, before, after in entries:
        number += 1
        content = {
            "id": number,
            "at": at,
            "actor_id": actor.user_id,
            "surface": actor.surface,
            "command": actor.command,
            "call": actor.call,
            "kind": row.__tablename__,
            "record_id": row.id,
            "action": action,
            "before": before,
            "after": after,
            "undoes": undoes,
        }
        mac = _mac(session.info["audit_key"], mac, content)
        rows.append({**content, "mac": mac})
    session.execute(sa.insert(AuditRow), rows)


def _content(row: sa.Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "mac"}  # noqa: SLF001


def _mac(key: bytes, previous: str, content: dict[str, Any]) -> str:
    text = json.dumps(
        {**content, "at": content["at"].isoformat()}, sort_keys=True, ensure_ascii=False
    )
    return hmac.new(key, (previous + text).encode(), hashlib.sha256).hexdigest()


def _is_audited(row: object) -> bool:
    return isinstance(row, Base) and row.audited


def _columns(row: Base) -> list[str]:
    mapper = cast("Mapper[Any]", inspect(type(row)))
    return [column.key for column in mapper.column_attrs if column.key not in _UNTRACKED]


def _values(row: Base) -> dict[str, Any]:
    return {name: _encode(getattr(row, name)) for name in _columns(row)}


def _difference(row: Base) -> tuple[dict[str, Any], dict[str, Any]]:
    before, after = {}, {}
    for name in _columns(row):
        change = inspect(row).attrs[name].history
        if change.has_changes():
            old = _encode(change.deleted[0]) if change.deleted else None
            new = _encode(change.added[0]) if change.added else None
            if old != new:
                before[name], after[name] = old, new
    return before, after


def _encode(value: Any) -> Any:  # noqa: ANN401 - any column value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _decode(kind: type[Base], name: str, value: Any) -> Any:  # noqa: ANN401 - any column value
    if value is None:
        return None
    column = sa.inspect(kind).columns[name].type
    # Our own types name no Python type.
    if isinstance(column, Amount):
        return Decimal(value)
    if isinstance(column, UtcDateTime):
        return datetime.fromisoformat(value)
    python_type = column.python_type
    if python_type is date:
        return date.fromisoformat(value)
    return python_type(value) if issubclass(python_type, str) else value


def _left(rows: Sequence[AuditRow]) -> list[tuple[AuditRow, dict[str, Any]]]:
    """Return the last row of each record with what the whole call left in its fields."""
    found: dict[tuple[str, int], tuple[AuditRow, dict[str, Any]]] = {}
    for row in rows:
        record = row.kind, row.record_id
        earlier = found[record][1] if record in found else {}
        found[record] = row, {**earlier, **row.after}
    return list(found.values())


def _refuse_later_change(session: Session, row: AuditRow, after: dict[str, Any]) -> None:
    kind = model(row.kind)
    record = session.get(kind, row.record_id)
    if row.action == DELETED:
        changed = [] if record is None else ["id"]
    elif record is None:
        changed = ["id"]
    else:
        changed = [
            name
            for name, value in after.items()
            if getattr(record, name) != _decode(kind, name, value)
        ]
    if changed:
        raise ChangedSince(_culprit(session, row, changed))


def _refuse_use(session: Session, row: AuditRow, own: Collection[tuple[str, int]]) -> None:
    """Refuse when a record that was not made by the same call refers to this one and is not deleted."""
    for other, column in _referring(row.kind):
        alive = other.deleted_at.is_(None) if hasattr(other, "deleted_at") else sa.true()
        mine = [record_id for kind, record_id in own if kind == other.__tablename__]
        query = sa.select(other.id).where(column == row.record_id, other.id.not_in(mine), alive)
        found = session.scalar(query.order_by(other.id).limit(1))
        if found is not None:
            raise InUse(row.kind, row.record_id, (other.__tablename__, found))


def _referring(kind: str) -> Iterator[tuple[Any, sa.Column[Any]]]:
    """Return the classes of what people keep and their columns that refer to a table."""
    for other in _MODELS().values():
        for column in sa.inspect(other).columns if other.audited else ():
            if any(key.column.table.name == kind for key in column.foreign_keys):
                yield other, column


def _culprit(session: Session, row: AuditRow, names: Sequence[str]) -> AuditRow:
    query = sa.select(AuditRow).where(
        AuditRow.kind == row.kind, AuditRow.record_id == row.record_id, AuditRow.call != row.call
    )
    later = session.scalars(query.order_by(AuditRow.id.desc())).all()
    return next((each for each in later if set(each.after) & set(names)), row)


def _take_back(session: Session, row: AuditRow, at: datetime) -> None:
    kind = model(row.kind)
    if row.action == DELETED:
        session.add(
            kind(**{name: _decode(kind, name, value) for name, value in row.before.items()})
        )
        return
    record = session.get_one(kind, row.record_id)
    if row.action == CREATED:
        end = next((name for name in _ENDS if hasattr(record, name)), None)
        if end:
            setattr(record, end, at)
        else:
            session.delete(record)
        return
    for name, value in row.before.items():
        setattr(record, name, _decode(kind, name, value))


def _MODELS() -> dict[str, type[Base]]:  # noqa: N802 - the mapping is a constant once the tables are known
    return {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
