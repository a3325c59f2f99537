"""Tickets, and what happened with a customer: notes, calls, meetings, visits and replies; tasks and follow-ups."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_store.models.base import Base, Record, choice, filled
from crm_store.models.customers import Company, Contact
from crm_store.models.people import User
from crm_store.models.sales import Deal


class TicketKind(enum.StrEnum):
    """Why the customer wrote: 咨询, 反馈, 建议, 投诉, 维权."""

    QUESTION = "question"
    FEEDBACK = "feedback"
    SUGGESTION = "suggestion"
    COMPLAINT = "complaint"
    CLAIM = "claim"


class TicketStatus(enum.StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    SOLVED = "solved"
    CLOSED = "closed"


class Priority(enum.StrEnum):
    """How soon a ticket wants an answer."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Ticket(Record, Base):
    """A matter of a customer that somebody handles; its number is its id."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index("ix_tickets_status_created_at", "status", "created_at"),
        Index("ix_tickets_assignee_id_status", "assignee_id", "status"),
        filled("external_id"),
        filled("import_id"),
        filled("company_id"),
        filled("contact_id"),
    )

    subject: Mapped[str]
    text: Mapped[str]
    kind: Mapped[TicketKind] = mapped_column(choice(TicketKind), default=TicketKind.QUESTION)
    status: Mapped[TicketStatus] = mapped_column(choice(TicketStatus), default=TicketStatus.NEW)
    priority: Mapped[Priority] = mapped_column(choice(Priority), default=Priority.NORMAL)
    queue: Mapped[str | None]
    channel: Mapped[str | None]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    first_reply_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    satisfaction: Mapped[int | None]

    contact: Mapped[Contact | None] = relationship()
    company: Mapped[Company | None] = relationship()
    assignee: Mapped[User | None] = relationship(foreign_keys=[assignee_id])
    author: Mapped[User | None] = relationship(foreign_keys=[author_id])


class ActivityKind(enum.StrEnum):
    """What happened; a message came from the customer, a reply goes there, a note stays inside."""

    NOTE = "note"
    CALL = "call"
    MEETING = "meeting"
    VISIT = "visit"
    EMAIL = "email"
    MESSAGE = "message"
    REPLY = "reply"


class Activity(Record, Base):
    """One entry of the communication log; it stands on every record whose column is filled.

    `files` are what a message carries, each a dictionary of `crm_store.files.File`: the bytes
    stay with the platform. The text before an edit is in the audit.
    """

    __tablename__ = "activities"
    __table_args__ = (
        filled("company_id", "at"),
        filled("contact_id", "at"),
        filled("deal_id", "at"),
        filled("ticket_id", "at"),
        filled("import_id"),
    )

    kind: Mapped[ActivityKind] = mapped_column(choice(ActivityKind))
    text: Mapped[str]
    files: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    edited_at: Mapped[datetime | None]
    at: Mapped[datetime]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deals.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))

    author: Mapped[User | None] = relationship()


class TaskKind(enum.StrEnum):
    """A task somebody wrote down, or the follow-up date of a record (one open follow-up per record and person)."""

    TASK = "task"
    FOLLOW_UP = "follow_up"


class TaskStatus(enum.StrEnum):
    """Whether a task still waits."""

    OPEN = "open"
    DONE = "done"


class Task(Record, Base):
    """Something to do, for whom, about what.

    `due_local` is the wall-clock time that was asked for (`YYYY-MM-DDTHH:MM`) in `due_zone`; `due_at` is computed
    from them. `reminded_for` is the due time a reminder was already made for.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_status_due_at", "status", "due_at"),
        Index("ix_tasks_owner_id_status_due_at", "owner_id", "status", "due_at"),
        filled("import_id"),
        filled("company_id"),
        filled("contact_id"),
        filled("deal_id"),
        filled("ticket_id"),
    )

    text: Mapped[str]
    kind: Mapped[TaskKind] = mapped_column(choice(TaskKind), default=TaskKind.TASK)
    status: Mapped[TaskStatus] = mapped_column(choice(TaskStatus), default=TaskStatus.OPEN)
    due_local: Mapped[str | None]
    due_zone: Mapped[str | None]
    due_at: Mapped[datetime | None]
    reminded_for: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deals.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))

    owner: Mapped[User] = relationship(foreign_keys=[owner_id])
    author: Mapped[User | None] = relationship(foreign_keys=[author_id])
    company: Mapped[Company | None] = relationship()
    contact: Mapped[Contact | None] = relationship()
    deal: Mapped[Deal | None] = relationship()
    ticket: Mapped[Ticket | None] = relationship()
