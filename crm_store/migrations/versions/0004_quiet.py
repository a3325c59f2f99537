"""Who wants to hear what and when: preferences by role, mutes, holidays, leave, channels, acknowledgements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crm_store.models.base import BigId, Json, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    "role_settings",
    "mutes",
    "holidays",
    "leaves",
    "channel_modes",
    "acknowledgements",
    "account_codes",
    "introductions",
)
COLUMNS = ("about", "matter", "edits")
INDEXES = {
    "ix_notices_user_id_sent_at": ["user_id", "sent_at"],
    "ix_notices_about": ["about"],
    "ix_notices_matter": ["matter"],
}


def upgrade() -> None:
    """Create the tables and tell notices what they are about."""
    choices()
    silence()
    days()
    codes()
    op.add_column("notices", sa.Column("about", sa.String(), nullable=True))
    op.add_column("notices", sa.Column("matter", sa.String(), nullable=True))
    op.add_column("notices", sa.Column("edits", BigId, nullable=True))
    for name, columns in INDEXES.items():
        op.create_index(name, "notices", columns)


def choices() -> None:
    """Create what roles and channels start with."""
    op.create_table(
        "role_settings",
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("locked", Json, nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_role_settings"),
        sa.UniqueConstraint("role", name="uq_role_settings_role"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "channel_modes",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("mode", sa.String(32), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channel_modes"),
        sa.UniqueConstraint("channel", name="uq_channel_modes_channel"),
        sqlite_autoincrement=True,
    )


def silence() -> None:
    """Create the mutes, and what was acknowledged."""
    op.create_table(
        "mutes",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("made_by_id", BigId, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_mutes_user_id_users"),
        sa.ForeignKeyConstraint(["made_by_id"], ["users.id"], name="fk_mutes_made_by_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_mutes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mutes_until", "mutes", ["until"])
    op.create_table(
        "acknowledgements",
        sa.Column("matter", sa.String(), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_acknowledgements_user_id_users"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_acknowledgements"),
        sa.UniqueConstraint("matter", name="uq_acknowledgements_matter"),
        sqlite_autoincrement=True,
    )


def days() -> None:
    """Create holidays and leave."""
    op.create_table(
        "holidays",
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_holidays"),
        sa.UniqueConstraint("calendar", "on", name="uq_holidays_calendar_on"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leaves",
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_leaves_user_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_leaves"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_leaves_user_id_until_on", "leaves", ["user_id", "until_on"])


def codes() -> None:
    """Create the one-time codes of accounts that nobody owns yet, and what profiles said."""
    op.create_table(
        "account_codes",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("id", BigId, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account_codes"),
        sa.UniqueConstraint("code_hash", name="uq_account_codes_code_hash"),
    )
    op.create_table(
        "introductions",
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_introductions_user_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_introductions"),
        sa.UniqueConstraint("user_id", name="uq_introductions_user_id"),
    )


def downgrade() -> None:
    """Drop the tables and the columns."""
    for name in INDEXES:
        op.drop_index(name, "notices")
    for column in COLUMNS:
        op.drop_column("notices", column)
    for table in TABLES:
        op.drop_table(table)
