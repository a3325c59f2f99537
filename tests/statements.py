"""Counts what reaches the database, for tests that a longer list takes no more statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from crm_store.store import Store


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """Collect the statements that reach the database until the block ends."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(store.engine, "before_cursor_execute", note)
