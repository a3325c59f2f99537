"""The cards that stand in chats, to be drawn anew when their record changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table of postings."""
    op.create_table(
        "postings",
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("face", sa.String(), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edits", sa.Integer(), server_default="0", nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_postings_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postings")),
        sa.UniqueConstraint("chat", "message_id", name=op.f("uq_postings_chat_message_id")),
    )
    op.create_index("ix_postings_record_id", "postings", ["record", "id"])
    op.create_index("ix_postings_shown_at", "postings", ["shown_at"])


def downgrade() -> None:
    """Drop it: the cards stay as they are from then on."""
    op.drop_table("postings")
