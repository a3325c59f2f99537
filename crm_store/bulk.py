"""Many rows at once, past the audit: for imports and sample data, which keep one line for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm_store.models import Base

_PAGE = 5_000


def insert(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert rows, each with the same columns, and return their ids in the same order."""
    ids: list[int] = []
    for start in range(0, len(rows), _PAGE):
        statement = sa.insert(model).returning(model.id, sort_by_parameter_order=True)
        ids += session.scalars(statement, rows[start : start + _PAGE])
    return ids


def analyze(session: Session) -> None:
    """Let the database count its rows again, so that its plans fit what was inserted."""
    session.execute(sa.text("ANALYZE"))
