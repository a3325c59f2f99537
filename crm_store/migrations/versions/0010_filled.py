"""Indexes of links and outside numbers hold the rows that have one: most have none, which misleads SQLite's planner."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

IMPORTED = (("external_id",), ("import_id",))
CUSTOMER = (("company_id",), ("contact_id",))
INDEXES = {
    "companies": IMPORTED,
    "contacts": (*IMPORTED, ("company_id",)),
    "deals": (*IMPORTED, *CUSTOMER),
    "orders": (*IMPORTED, ("company_id", "ordered_at", "total"), ("contact_id", "ordered_at")),
    "tickets": (*IMPORTED, *CUSTOMER),
    "activities": (
        ("import_id",),
        *((link, "at") for link in ("company_id", "contact_id", "deal_id", "ticket_id")),
    ),
    "tasks": (("import_id",), *CUSTOMER, ("deal_id",), ("ticket_id",)),
}


def upgrade() -> None:
    """Make them anew for the filled rows."""
    _make(filled=True)


def downgrade() -> None:
    """Make them anew for all rows."""
    _make(filled=False)


def _make(*, filled: bool) -> None:
    for table, indexes in INDEXES.items():
        for columns in indexes:
            name = f"ix_{table}_{'_'.join(columns)}"
            where = sa.text(f"{columns[0]} IS NOT NULL") if filled else None
            op.drop_index(name, table)
            op.create_index(name, table, [*columns], sqlite_where=where, postgresql_where=where)
