"""The tables of the web chat: what stands on a person's page, and which browsers are signed in.

The other platforms keep their messages themselves.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_store.models.base import NEVER_REUSED, Base


class WebMessage(Base):
    """A message on a person's page; `version` rises when something else takes its place.

    `key` is that of the event answered last, or of the notice; `asked` is what the person typed.
    """

    __tablename__ = "web_messages"
    __table_args__ = (
        UniqueConstraint("person", "key"),
        Index("ix_web_messages_person", "person", "id"),
        NEVER_REUSED,
    )

    person: Mapped[str]
    key: Mapped[str]
    asked: Mapped[str]
    body: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)
    sent_at: Mapped[datetime] = mapped_column(index=True)


class WebSession(Base):
    """A browser that is signed in; only the hash of its cookie is kept."""

    __tablename__ = "web_sessions"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
