"""Models, what people thought of scores, jobs that people ask for, and how far a job is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables, and the column for the progress of a run."""
    op.add_column(
        "occurrences", sa.Column("progress", sa.String(), server_default="", nullable=False)
    )
    op.create_table(
        "models",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("quality", sa.Double(), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("id", BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_models")),
    )
    op.create_index("ix_models_kind_made_at", "models", ["kind", "made_at"])
    op.create_table(
        "feedback",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", BIG_ID, nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_feedback_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint(
            "kind",
            "subject_kind",
            "subject_id",
            "period",
            "user_id",
            name=op.f("uq_feedback_kind_subject_kind_subject_id_period_user_id"),
        ),
    )
    op.create_index("ix_feedback_kind_at", "feedback", ["kind", "at"])
    op.create_table(
        "job_requests",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("arguments", JSON, nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("progress", sa.String(), server_default="", nullable=False),
        sa.Column("id", BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_job_requests_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_requests")),
    )
    op.create_index("ix_job_requests_finished_at", "job_requests", ["finished_at"])


def downgrade() -> None:
    """Drop them: what was learned can be learned again."""
    op.drop_table("job_requests")
    op.drop_table("feedback")
    op.drop_table("models")
    op.drop_column("occurrences", "progress")
