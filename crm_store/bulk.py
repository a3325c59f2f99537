"""Many rows at once, past the audit: for imports and sample data, which keep one line for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm_store import upsert
from crm_store.models import Base


def insert(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert records, each with the same columns, and return their ids in the same order.

    The ids are taken beforehand: rows that have them go in as one statement, several times as fast
    as rows whose ids are asked back.
    """
    ids = _take_ids(session, model, len(rows))
    add(session, model, [{**row, "id": id_} for id_, row in zip(ids, rows, strict=True)])
    return ids


def add(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, each with the same columns, whose ids nobody asks for."""
    if rows:
        # The bare table, not the class: inserts through the class cost half as much again.
        session.execute(sa.insert(cast("sa.Table", model.__table__)), rows)


def analyze(session: Session) -> None:
    """Let the database count its rows again, so that its plans fit what was inserted."""
    session.execute(sa.text("ANALYZE"))


def _take_ids(session: Session, model: type[Base], count: int) -> list[int]:
    if upsert.is_postgresql(session):
        sequence = sa.func.pg_get_serial_sequence(model.__tablename__, "id")
        query = sa.select(sa.func.nextval(sequence)).select_from(sa.func.generate_series(1, count))
        return list(session.scalars(query))
    # On SQLite a transaction that writes is alone, so nobody takes the same numbers.
    first = (session.scalar(sa.select(sa.func.max(model.id))) or 0) + 1
    return list(range(first, first + count))
