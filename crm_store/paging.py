"""Lists that are read a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

T = TypeVar("T")


def page(session: Session, query: sa.Select[T], offset: int, limit: int) -> tuple[Sequence[T], int]:
    """Return what a query finds from `offset` on, at most `limit`, and how much it finds in all."""
    every = query.order_by(None).subquery()
    total = session.scalar(sa.select(sa.func.count()).select_from(every)) or 0
    return session.scalars(query.offset(offset).limit(limit)).all(), total
