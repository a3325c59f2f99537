"""What a store holds, as values that two stores can be compared by. No test stands here."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import sqlalchemy as sa

from crm_store.models import AuditRow, Base
from crm_store.store import Session, Store

Contents: TypeAlias = dict[str, list[dict[str, Any]]]


def contents(session: Session, without: Collection[str] = ()) -> Contents:
    """Every row of every audited table and of the audit, but for the columns named in `without`."""
    found: Contents = {}
    for mapper in sorted(Base.registry.mappers, key=lambda m: m.class_.__tablename__):
        kind: type[Base] = mapper.class_
        if not kind.audited and kind is not AuditRow:
            continue
        names = [c.key for c in mapper.column_attrs if c.key not in without]
        query = sa.select(*(getattr(kind, name) for name in names)).order_by(kind.id)
        rows = session.execute(query).all()
        found[kind.__tablename__] = [
            {name: _plain(value) for name, value in zip(names, row, strict=True)} for row in rows
        ]
    return found


def fingerprint(store: Store) -> str:
    """A hash of all that is audited, and of the audit."""
    with store.reading() as session:
        return hashlib.sha256(repr(contents(session)).encode()).hexdigest()


def texts(store: Store) -> list[str]:
    """Every text in the audited tables, those in added fields too; not the audit."""
    with store.reading() as session:
        found = contents(session)
    found.pop(AuditRow.__tablename__)
    return [text for rows in found.values() for row in rows for text in _texts(row)]


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, datetime | date | Decimal) else value
