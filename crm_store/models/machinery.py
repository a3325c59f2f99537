"""The tables that keep promises: inbox, notices, leases, occurrences, conversations, digests, audit and imports.

What they promise is written in `crm_store/inbox.py`, `notices.py`, `leases.py`, `audit.py` and beside them.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_store.models.base import Base, BigId, choice
from crm_store.models.people import User


class InboxState(enum.StrEnum):
    """How far an event came: kept, carried out, answered, or given up after too many attempts."""

    NEW = "new"
    DONE = "done"
    ANSWERED = "answered"
    DEAD = "dead"


class InboxRow(Base):
    """An event as the platform sent it; `sender` keeps the order of one person's events."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("platform", "key"),
        Index(
            "ix_inbox_open",
            "state",
            "id",
            sqlite_where=text("state IN ('new', 'done')"),
            postgresql_where=text("state IN ('new', 'done')"),
        ),
        Index("ix_inbox_sender_state_id", "sender", "state", "id"),
    )

    platform: Mapped[str]
    key: Mapped[str]
    sender: Mapped[str]
    body: Mapped[dict[str, Any]]
    state: Mapped[InboxState] = mapped_column(choice(InboxState), default=InboxState.NEW)
    reply: Mapped[dict[str, Any] | None]
    attempts: Mapped[int] = mapped_column(default=0)
    received_at: Mapped[datetime]
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[datetime | None]


class NoticeState(enum.StrEnum):
    """How far a message to somebody came; `unknown` means the platform may or may not have it."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    DEAD = "dead"


class Notice(Base):
    """A message that is owed: `kind` and `payload` say what, `user_id` or `address` says to whom.

    `about` is the record it tells of (`ticket:42`), None where it tells of none or of many.
    `matter` is the same for all messages about one happening, whoever reads them and however often
    they are repeated: who acknowledges one acknowledges them all.
    `edits` is the number of the notice whose message this one takes the place of.
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index(
            "ix_notices_waiting",
            "due_at",
            "id",
            sqlite_where=text("state IN ('waiting', 'sending')"),
            postgresql_where=text("state IN ('waiting', 'sending')"),
        ),
        Index("ix_notices_user_id_sent_at", "user_id", "sent_at"),
        Index("ix_notices_about", "about"),
        Index("ix_notices_matter", "matter"),
    )

    kind: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    payload: Mapped[dict[str, Any]]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    address: Mapped[str | None]
    state: Mapped[NoticeState] = mapped_column(choice(NoticeState), default=NoticeState.WAITING)
    priority: Mapped[int]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    sent_to: Mapped[str | None]
    message_id: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    about: Mapped[str | None]
    matter: Mapped[str | None]
    edits: Mapped[int | None] = mapped_column(BigId)

    user: Mapped[User | None] = relationship()


class Halt(Base):
    """A platform asked us to wait: nothing goes to `bucket` before `until`, whatever process asks."""

    __tablename__ = "halts"

    bucket: Mapped[str] = mapped_column(unique=True)
    until: Mapped[datetime]


class Lease(Base):
    """Who does a job that only one process may do; `term` rises with every change of hands."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(unique=True)
    owner: Mapped[str]
    term: Mapped[int]
    expires_at: Mapped[datetime]


class Occurrence(Base):
    """One planned run of a scheduled job; the unique row is what keeps it from running twice."""

    __tablename__ = "occurrences"
    __table_args__ = (UniqueConstraint("schedule", "planned_local"),)

    schedule: Mapped[str]
    planned_local: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    summary: Mapped[str | None]
    failed: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[str] = mapped_column(server_default="")


class Conversation(Base):
    """What one person and the bot talk about in one place.

    `dialog` is a form in progress, `subject` the last record as `kind:id`, `listing` the records of the last list.
    """

    __tablename__ = "conversations"
    __table_args__ = (UniqueConstraint("place", "person"),)

    place: Mapped[str]
    person: Mapped[str]
    dialog: Mapped[dict[str, Any] | None]
    subject: Mapped[str | None]
    listing: Mapped[list[Any] | None]
    updated_at: Mapped[datetime]


class ShortLine(Base):
    """A command line too long for a button; the button carries the key."""

    __tablename__ = "short_lines"

    key: Mapped[str] = mapped_column(unique=True)
    line: Mapped[str]
    created_at: Mapped[datetime]


class Digest(Base):
    """A read-only command line on a schedule to an address; the times are local to `time_zone`."""

    __tablename__ = "digests"
    audited: ClassVar[bool] = True

    line: Mapped[str]
    schedule: Mapped[str]
    time_zone: Mapped[str]
    address: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    owner: Mapped[User] = relationship()


class DigestDue(Base):
    """When a digest is due next; kept apart from the digest so that the clock's ticks are not edits of it."""

    __tablename__ = "digest_dues"

    digest_id: Mapped[int] = mapped_column(ForeignKey("digests.id"), unique=True)
    planned_local: Mapped[str]
    due_at: Mapped[datetime] = mapped_column(index=True)


class AuditRow(Base):
    """One change of one record: who, through what, before and after; `mac` chains it to the row before."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_kind_record_id_id", "kind", "record_id", "id"),
        Index("ix_audit_call", "call"),
        Index("ix_audit_actor_id_id", "actor_id", "id"),
    )

    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    surface: Mapped[str]
    command: Mapped[str]
    call: Mapped[str]
    kind: Mapped[str]
    record_id: Mapped[int] = mapped_column(BigId)
    action: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    undoes: Mapped[str | None]
    mac: Mapped[str]


class ImportRun(Base):
    """One imported file; records carry its id, so the whole import can be taken back."""

    __tablename__ = "imports"

    file_name: Mapped[str]
    file_hash: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    reverted_at: Mapped[datetime | None]
    rows: Mapped[int] = mapped_column(default=0)
    created: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
