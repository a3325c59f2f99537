"""How Alembic runs the migrations: on the connection and in the transaction it is given.

It reads no file and opens no database; see `crm_store.migrations`.
"""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy.engine import Connection

from crm_store.models import Base


def _include_name(name: str | None, kind: str, _parents: Any) -> bool:  # noqa: ANN401 - Alembic's
    # The search index differs between the databases and has no model.
    return kind != "table" or not (name or "").startswith("search_")


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=_include_name,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    context.run_migrations()


_run(context.config.attributes["connection"])
