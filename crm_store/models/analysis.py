"""What was learned and said of records, how that came about, what people thought of it, and what they asked for."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_store.models.base import Base, BigId, choice
from crm_store.models.people import User


class Receipt(Base):
    """How a set of scores was made: model, data, period and its quality on data it had not seen."""

    __tablename__ = "receipts"

    kind: Mapped[str] = mapped_column(index=True)
    made_at: Mapped[datetime]
    data: Mapped[dict[str, Any]]


class Score(Base):
    """What an analysis says of one customer in one period; `reasons` are codes and numbers, words come later."""

    __tablename__ = "scores"
    __table_args__ = (
        UniqueConstraint("kind", "subject_kind", "subject_id", "period"),
        Index("ix_scores_kind_period_value", "kind", "period", "value"),
    )

    kind: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigId)
    period: Mapped[str]
    value: Mapped[float]
    label: Mapped[str]
    reasons: Mapped[list[Any]]
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipts.id"))


class ModelState(enum.StrEnum):
    """Whether a model is the one in use, was replaced by a better one, lost against it, or was taken back."""

    USED = "used"
    REPLACED = "replaced"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Learned(Base):
    """A model: how it was made in `data`, what is needed to use it again in `body`, if anything."""

    __tablename__ = "models"
    __table_args__ = (Index("ix_models_kind_made_at", "kind", "made_at"),)

    kind: Mapped[str]
    made_at: Mapped[datetime]
    method: Mapped[str]
    quality: Mapped[float | None]
    state: Mapped[ModelState] = mapped_column(choice(ModelState))
    data: Mapped[dict[str, Any]]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)


class Verdict(enum.StrEnum):
    """What a person thought of a score."""

    USEFUL = "useful"
    WRONG = "wrong"
    HANDLED = "handled"


class Feedback(Base):
    """What one person thought of one score; the last word counts."""

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("kind", "subject_kind", "subject_id", "period", "user_id"),
        Index("ix_feedback_kind_at", "kind", "at"),
    )

    kind: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int] = mapped_column(BigId)
    period: Mapped[str]
    verdict: Mapped[Verdict] = mapped_column(choice(Verdict))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class JobRequest(Base):
    """A job that a person asked for; the answer goes to them when it is done.

    `resumed` says that a process died over it once; after a second time it is given up.
    """

    __tablename__ = "job_requests"
    __table_args__ = (Index("ix_job_requests_finished_at", "finished_at"),)

    job: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    failed: Mapped[bool] = mapped_column(default=False)
    resumed: Mapped[bool] = mapped_column(default=False, server_default=false())
    progress: Mapped[str] = mapped_column(server_default="")

    user: Mapped[User] = relationship()
