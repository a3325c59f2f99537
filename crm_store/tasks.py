"""Queries about tasks and follow-up dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from crm_store.conversations import Reference
from crm_store.models import Company, Contact, Deal, Task, TaskKind, TaskStatus, Ticket, User
from crm_store.records import Model, kind_of

_ABOUT = (Task.company, Task.contact, Task.deal, Task.ticket)


def add(
    session: Session,
    text: str,
    owner: User,
    author: User,
    now: datetime,
    about: Model | None = None,
) -> Task:
    """Add a task without a due time."""
    task = Task(
        text=text,
        owner=owner,
        author=author,
        created_at=now,
        status=TaskStatus.OPEN,
        kind=TaskKind.TASK,
    )
    if about is not None:
        setattr(task, kind_of(about), about)
    session.add(task)
    session.flush()
    return task


def set_due(task: Task, due_at: datetime | None, zone: ZoneInfo) -> None:
    """Set when a task is due; the wall-clock time and its zone are kept, so a new zone rule moves the instant."""
    task.due_at = due_at
    task.due_zone = zone.key if due_at else None
    task.due_local = (
        due_at.astimezone(zone).replace(tzinfo=None).isoformat("T", "minutes") if due_at else None
    )


def about(task: Task) -> Company | Contact | Deal | Ticket | None:
    """Return the record a task is about."""
    return task.deal or task.ticket or task.contact or task.company


def set_about(task: Task, record: Model | None) -> None:
    """Make a task about this record alone, or about none."""
    for kind in ("company", "contact", "deal", "ticket"):
        about_it = record is not None and kind_of(record) == kind
        setattr(task, kind, record if about_it else None)


def follow_up_of(session: Session, record: Model, owner: User) -> Task | None:
    """Return the open follow-up of a record and a person."""
    query = sa.select(Task).where(
        Task.kind == TaskKind.FOLLOW_UP,
        Task.status == TaskStatus.OPEN,
        Task.deleted_at.is_(None),
        Task.owner_id == owner.id,
        getattr(Task, f"{kind_of(record)}_id") == record.id,
    )
    return session.scalars(query.order_by(Task.id).limit(1)).first()


def complete(task: Task, outcome: str | None, now: datetime) -> None:
    """Mark a task done."""
    task.status, task.done_at, task.outcome = TaskStatus.DONE, now, outcome


def list_page(
    session: Session, owner: User, status: TaskStatus, offset: int, limit: int
) -> tuple[Sequence[Task], int]:
    """Return one page of a person's tasks, the earliest due first and those without a due time last, and the count."""
    conditions = (Task.owner_id == owner.id, Task.status == status, Task.deleted_at.is_(None))
    total = session.scalar(sa.select(sa.func.count()).select_from(Task).where(*conditions)) or 0
    query = sa.select(Task).where(*conditions).options(*(joinedload(each) for each in _ABOUT))
    query = query.order_by(Task.due_at.is_(None), Task.due_at, Task.id).offset(offset).limit(limit)
    return session.scalars(query).all(), total


def due_until(
    session: Session, owner: User, until: datetime, limit: int
) -> tuple[Sequence[Task], int]:
    """Return a person's open tasks that are due before a moment, the earliest first, and how many there are."""
    wanted = (
        Task.owner_id == owner.id,
        Task.status == TaskStatus.OPEN,
        Task.due_at < until,
        Task.deleted_at.is_(None),
    )
    total = session.scalar(sa.select(sa.func.count()).select_from(Task).where(*wanted)) or 0
    query = sa.select(Task).where(*wanted).order_by(Task.due_at, Task.id)
    return session.scalars(query.limit(limit)).all(), total


def similar(session: Session, owner: User, text: str, limit: int) -> list[Reference]:
    """Return a person's open tasks whose text holds `text`, the earliest due first."""
    query = sa.select(Task.id).where(
        Task.owner_id == owner.id,
        Task.status == TaskStatus.OPEN,
        Task.deleted_at.is_(None),
        Task.text.icontains(text, autoescape=True),
    )
    query = query.order_by(Task.due_at.is_(None), Task.due_at, Task.id).limit(limit)
    return [Reference("task", number) for number in session.scalars(query)]


def due(session: Session, now: datetime, limit: int) -> Sequence[Task]:
    """Return open tasks whose time has come and for which no reminder was made, the earliest first."""
    query = (
        sa.select(Task)
        .where(
            Task.status == TaskStatus.OPEN,
            Task.due_at <= now,
            Task.deleted_at.is_(None),
            sa.or_(Task.reminded_for.is_(None), Task.reminded_for != Task.due_at),
        )
        .order_by(Task.due_at, Task.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def mark_reminded(session: Session, tasks: Sequence[Task]) -> None:
    """Keep that reminders were made; this is no edit, so neither the audit nor the version sees it."""
    ids = [task.id for task in tasks]
    session.execute(
        sa.update(Task)
        .where(Task.id.in_(ids))
        .values(reminded_for=Task.due_at)
        .execution_options(synchronize_session=False)
    )


def with_surroundings(session: Session, task_id: int) -> Task | None:
    """Return a task with its people and records loaded."""
    options: list[Any] = [joinedload(each) for each in (*_ABOUT, Task.owner, Task.author)]
    return session.get(Task, task_id, options=options)
