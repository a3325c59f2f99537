"""Who changed what of one record: its audit rows in a form that can be put into words.

Keeping the audit, and taking changes back, is `crm_store/audit.py`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_store import audit, records
from crm_store.models import AuditRow, Company, Contact, Stage, Team, User
from crm_store.models.base import Amount, UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from crm_store.records import Model

# Tables whose rows belong to a contact, and the column that a person means by them.
_OF_CONTACT = {"contact_emails": "email", "contact_phones": "phone", "consents": "purpose"}
_HIDDEN = frozenset(
    {
        "id",
        "name_key",
        "created_at",
        "external_id",
        "import_id",
        "last_activity_at",
        "reminded_for",
        "due_local",  # `due_at` is the same moment
        "due_zone",
        "version",
    }
)
# Columns that hold values by their name: a setting and its value, or the names that are locked.
_BY_NAME = frozenset({"custom", "settings", "locked"})
_NAMES: dict[str, Any] = {
    "users": User.name,
    "companies": Company.name,
    "contacts": Contact.name,
    "stages": Stage.name,
    "teams": Team.name,
}

_KINDS = {model.__tablename__: kind for kind, model in records.MODELS.items()}


@dataclass(frozen=True, slots=True)
class Difference:
    """What a field held before and after; a reference to another record is given by its name.

    `field` is the column without `_id`; of an added field it is `custom.<name>`, of a setting
    `settings.<name>` or `locked.<name>`. An e-mail, phone, tag or consent that came has no `before`,
    one that went has no `after`.
    """

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the audit; `added` says that the record itself came into being."""

    at: datetime
    who: str | None
    command: str
    undone: bool
    added: bool
    differences: tuple[Difference, ...]


def of(session: Session, record: Model, offset: int, limit: int) -> tuple[list[Change], int]:
    """Return one page of the changes of a record, newest first, and how many there are.

    The e-mails, phones, consents and tags of a contact count as its own.
    """
    mine = _rows_of(record)
    total = session.scalar(sa.select(sa.func.count()).select_from(AuditRow).where(mine)) or 0
    query = sa.select(AuditRow).where(mine).order_by(AuditRow.id.desc())
    return changes(session, session.scalars(query.offset(offset).limit(limit)).all()), total


def changes(session: Session, rows: Sequence[AuditRow]) -> list[Change]:
    """Return what each of some rows of the audit says."""
    names = _names(session, rows)
    return [_change(row, names) for row in rows]


def unsaved(session: Session) -> list[tuple[str, int | None, Change]]:
    """Return what the open transaction has changed so far: the kind and number of each record, and the change.

    A record that came into being has no number that will stay, so it has none here.
    """
    session.flush()
    rows = [
        AuditRow(
            kind=row.__tablename__,
            record_id=row.id,
            action=action,
            before=before,
            after=after,
            actor_id=None,
            command="",
        )
        for row, action, before, after in session.info.get("audit", [])
    ]
    names = _names(session, rows)
    made = {(row.kind, row.record_id) for row in rows if row.action == audit.CREATED}
    return [
        (
            _KINDS.get(row.kind, row.kind),
            None if (row.kind, row.record_id) in made else row.record_id,
            _change(row, names),
        )
        for row in rows
    ]


def _rows_of(record: Model) -> sa.ColumnElement[bool]:
    kind = records.kind_of(record)
    own = sa.and_(AuditRow.kind == record.__tablename__, AuditRow.record_id == record.id)
    of_record = [
        sa.and_(part["kind"].as_string() == kind, part["record_id"].as_integer() == record.id)
        for part in (AuditRow.before, AuditRow.after)
    ]
    parts = [own, sa.and_(AuditRow.kind == "tags", sa.or_(*of_record))]
    if isinstance(record, Contact):
        parts.extend(_rows_of_points(record, table) for table in _OF_CONTACT)
    return sa.or_(*parts)


def _rows_of_points(contact: Contact, table: str) -> sa.ColumnElement[bool]:
    """Return what selects the rows of one table that belongs to a contact.

    A changed row names the contact in neither part, so it is known by its number: of a row that is
    there, or that came or went. Bulk imports leave nothing of these tables in the audit, so it is
    small in them.
    """
    model = audit.model(table).__table__
    there = sa.select(model.c.id).where(model.c.contact_id == contact.id)
    named = [
        part["contact_id"].as_integer() == contact.id for part in (AuditRow.before, AuditRow.after)
    ]
    came_or_went = sa.select(AuditRow.record_id).where(AuditRow.kind == table, sa.or_(*named))
    mine = AuditRow.record_id.in_(there), AuditRow.record_id.in_(came_or_went)
    return sa.and_(AuditRow.kind == table, sa.or_(*mine))


def _names(session: Session, rows: Sequence[AuditRow]) -> dict[tuple[str, int], str]:
    """Return the names of everything that the rows refer to, with one query per table."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        if row.actor_id is not None:
            wanted["users"].add(row.actor_id)
        targets = _targets(row.kind)
        for part in (row.before, row.after):
            for column, table in targets.items():
                if part.get(column) is not None:
                    wanted[table].add(part[column])
    return {
        (table, number): name
        for table, numbers in wanted.items()
        for number, name in session.execute(
            sa.select(_NAMES[table].class_.id, _NAMES[table]).where(
                _NAMES[table].class_.id.in_(numbers)
            )
        )
    }


def _targets(kind: str) -> dict[str, str]:
    """Return the columns of a table that refer to a record with a name, and that record's table."""
    found = {
        column.name: key.column.table.name
        for column in audit.model(kind).__table__.columns
        for key in column.foreign_keys
    }
    return {column: table for column, table in found.items() if table in _NAMES}


def _change(row: AuditRow, names: dict[tuple[str, int], str]) -> Change:
    point = "name" if row.kind == "tags" else _OF_CONTACT.get(row.kind)
    added = row.action == audit.CREATED and not point
    return Change(
        at=row.at,
        who=names.get(("users", row.actor_id)) if row.actor_id is not None else None,
        command=row.command,
        undone=row.undoes is not None,
        added=added,
        differences=() if added else tuple(_differences(row, point, names)),
    )


def _differences(
    row: AuditRow, point: str | None, names: dict[tuple[str, int], str]
) -> list[Difference]:
    if point:
        return [_point(row, point)]
    targets = _targets(row.kind)
    found = []
    for column in row.after:
        before, after = row.before.get(column), row.after[column]
        if column in _BY_NAME:
            found.extend(_by_name(column, _named(before), _named(after)))
        elif column in targets:
            table = targets[column]
            before = names.get((table, before)) if before is not None else None
            after = names.get((table, after)) if after is not None else None
            found.append(Difference(column.removesuffix("_id"), before, after))
        elif column not in _HIDDEN:
            kind = audit.model(row.kind)
            found.append(
                Difference(column, _decode(kind, column, before), _decode(kind, column, after))
            )
    return found


def _point(row: AuditRow, column: str) -> Difference:
    field = {"tags": "tag", "consents": "consent"}.get(row.kind, column)
    before, after = row.before.get(column), row.after.get(column)
    if row.kind == "consents":
        before = (before, row.before["granted"]) if before is not None else None
        after = (after, row.after["granted"]) if after is not None else None
    return Difference(field, before, after)


def fields_of(kind: str) -> dict[str, sa.ColumnElement[Any]]:
    """Return the columns of a table whose differences are told, by the name of the field."""
    columns = audit.model(kind).__table__.columns
    return {
        column.name.removesuffix("_id"): column
        for column in columns
        if column.name not in _HIDDEN | _BY_NAME
    }


def _named(held: dict[str, Any] | list[str] | None) -> dict[str, Any]:
    return dict.fromkeys(held, True) if isinstance(held, list) else held or {}


def _by_name(column: str, before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    names = [*before, *(name for name in after if name not in before)]
    return [
        Difference(f"{column}.{name}", before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _decode(kind: Any, column: str, value: Any) -> Any:  # noqa: ANN401 - any column value
    if value is None:
        return None
    type_ = kind.__table__.columns[column].type
    if isinstance(type_, Amount):
        return Decimal(value)
    if isinstance(type_, UtcDateTime):
        return datetime.fromisoformat(value)
    if isinstance(type_, sa.Enum):
        return type_.python_type(value)
    return date.fromisoformat(value) if type_.python_type is date else value
