"""Tasks that are due, follow-up dates that are reached, deals that went quiet: each told once, to its owner.

The words stand in `handlers/tasks.py`; quiet deals are told at nine in the morning of the owner.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from itertools import groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

from crm_store import deals, notices, tasks
from crm_store.models import Deal
from crm_store.schedules import instant_of
from crm_store.store import Session
from jobs.schedule import JobContext

IDLE_DAYS = 14
TOLD_AT = time(9, 0)
LOOK_BACK = timedelta(
    days=1
)  # how long the job may have been down without a quiet deal being missed
BATCH = 200
MOST_IDLE = 1_000


def run(context: JobContext) -> str:
    """Owe a reminder for everything whose time has come."""
    reminded = 0
    while True:
        with context.transaction() as session:
            count = _due_tasks(session, context.now)
        reminded += count
        context.progress(f"{reminded} reminders")
        if count < BATCH:
            break
    with context.transaction() as session:
        owners = _idle_deals(session, context.now)
    return f"{reminded} reminders, {owners} people told about quiet deals"


def _due_tasks(session: Session, now: datetime) -> int:
    found = tasks.due(session, now, BATCH)
    for task in found:
        due = task.due_at.isoformat() if task.due_at else ""
        notices.owe(
            session,
            kind="task_due",
            key=f"task_due:{task.id}:{due}",
            payload={"task_id": task.id, "due_at": due},
            due_at=now,
            now=now,
            user_id=task.owner_id,
            priority=notices.REMINDER,
        )
    tasks.mark_reminded(session, found)
    return len(found)


def _idle_deals(session: Session, now: datetime) -> int:
    until = deals.idle_before(now, IDLE_DAYS)
    found = deals.went_idle(session, until - LOOK_BACK, until, MOST_IDLE)
    told = 0
    for _owner, quiet in groupby(found, key=attrgetter("owner_id")):
        told += _tell_owner(session, list(quiet), now)
    return told


def _tell_owner(session: Session, quiet: Iterable[Deal], now: datetime) -> bool:
    first, *others = quiet
    if first.owner is None or not first.owner.active:
        return False
    zone = ZoneInfo(first.owner.time_zone)
    today = now.astimezone(zone).date()
    due_at = instant_of(datetime.combine(today, TOLD_AT), zone)
    return notices.owe(
        session,
        kind="deals_idle",
        key=f"deals_idle:{first.owner_id}:{today}",
        payload={"deal_ids": [deal.id for deal in (first, *others)], "days": IDLE_DAYS},
        due_at=max(due_at, now),
        now=now,
        user_id=first.owner_id,
        priority=notices.REMINDER,
    )
