"""The table of the cards that stand in chats, so that they stay true when their record changes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_store.models.base import Base
from crm_store.models.people import User


class Posting(Base):
    """One message that shows a record: which, where, and for whom it was drawn.

    `chat` is `platform:chat`, in which `message_id` is unique; `record` is `kind:id`; `face` is the hash of what the
    message showed of it at `shown_at`; `edits` counts the edits that were owed. `audience` says who reads along with
    `user`: `self` nobody, `team` colleagues, `outside` others too.
    """

    __tablename__ = "postings"
    __table_args__ = (
        UniqueConstraint("chat", "message_id"),
        Index("ix_postings_record_id", "record", "id"),
        Index("ix_postings_shown_at", "shown_at"),
    )

    chat: Mapped[str]
    message_id: Mapped[str]
    record: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    audience: Mapped[str]
    face: Mapped[str]
    shown_at: Mapped[datetime]
    edits: Mapped[int] = mapped_column(default=0, server_default="0")

    user: Mapped[User] = relationship()
