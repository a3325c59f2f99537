"""The web chat: the messages on people's pages, and the browsers that are signed in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_store.models.base import BigId, Json, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "web_messages",
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_messages")),
        sa.UniqueConstraint("person", "key", name=op.f("uq_web_messages_person_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_web_messages_person", "web_messages", ["person", "id"])
    op.create_index(op.f("ix_web_messages_sent_at"), "web_messages", ["sent_at"])
    op.create_table(
        "web_sessions",
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_web_sessions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_web_sessions_token_hash")),
    )
    op.create_index(op.f("ix_web_sessions_user_id"), "web_sessions", ["user_id"])


def downgrade() -> None:
    """Drop both; the pages are empty then, and everybody is signed out."""
    op.drop_table("web_sessions")
    op.drop_table("web_messages")
