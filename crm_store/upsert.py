"""INSERT that tolerates a row that is there already: the form both databases share.

What is inserted and what a conflict means is decided by the modules that keep promises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crm_store.models import Base


def insert(session: Session, kind: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT of the session's dialect, which knows `on_conflict_do_…`."""
    if is_postgresql(session):
        return postgresql.insert(kind)
    return sqlite.insert(kind)


def is_postgresql(session: Session) -> bool:
    """Tell whether the session talks to PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"
