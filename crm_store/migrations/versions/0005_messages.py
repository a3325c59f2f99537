"""Messages of tickets: their files and edits, where they stand, customers' accounts, topics, moved chats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.String()
INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("contact_accounts", "message_links", "ticket_rooms", "chat_moves")


def upgrade() -> None:
    """Add the columns and the tables."""
    op.add_column("activities", sa.Column("files", JSON, server_default="[]", nullable=False))
    op.add_column("activities", sa.Column("edited_at", INSTANT))
    _create(
        "contact_accounts",
        _reference("contact_accounts", "contact_id", "contacts"),
        *_texts("platform", "external_id", "address", "language"),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        _unique("contact_accounts", "platform", "external_id"),
        again=False,
    )
    _index("contact_accounts", "contact_id")
    _create(
        "message_links",
        _reference("message_links", "ticket_id", "tickets"),
        _reference("message_links", "activity_id", "activities", nullable=True),
        *_texts("address", "message_id", "album"),
        sa.Column("written", sa.Boolean(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        _unique("message_links", "address", "message_id"),
    )
    _index("message_links", "ticket_id")
    _index("message_links", "activity_id")
    _index("message_links", "address", "album")
    _create(
        "ticket_rooms",
        _reference("ticket_rooms", "ticket_id", "tickets"),
        *_texts("address", "name"),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        _unique("ticket_rooms", "ticket_id"),
    )
    _index("ticket_rooms", "address")
    _create("chat_moves", *_texts("old", "new"), _unique("chat_moves", "old"))


def downgrade() -> None:
    """Drop them; the texts of the messages stay as activities."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("activities", "edited_at")
    op.drop_column("activities", "files")


def _create(table: str, *items: sa.schema.SchemaItem, again: bool = True) -> None:
    """Create a table; not `again` gives the number of a row that is gone to no other (SQLite)."""
    key = sa.PrimaryKeyConstraint("id", name=f"pk_{table}")
    number = sa.Column("id", BIG_ID, nullable=False)
    op.create_table(table, number, *items, key, sqlite_autoincrement=not again)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=False) for name in names]


def _reference(table: str, column: str, other: str, *, nullable: bool = False) -> sa.Column[int]:
    key = sa.ForeignKey(f"{other}.id", name=f"fk_{table}_{column}_{other}")
    return sa.Column(column, BIG_ID, key, nullable=nullable)


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name="_".join(("uq", table, *columns)))


def _index(table: str, *columns: str) -> None:
    op.create_index("_".join(("ix", table, *columns)), table, columns)
