"""Who is told what an analysis found, and at which hour of their own.

What is found stands in the jobs; how it is said, in `handlers/`; how it is sent, in `bot/delivery.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crm_store import notices, users
from crm_store.models import Role
from crm_store.schedules import instant_of
from crm_store.store import Session
from jobs.schedule import JobContext

TOLD_AT = time(9, 0)
NOT_AFTER = time(18, 0)  # what comes later than this waits for the next morning
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Reader:
    """A channel by its address, or a colleague by number; `zone` is the clock they live by."""

    zone: str
    address: str | None = None
    user_id: int | None = None

    @property
    def name(self) -> str:
        """What tells this reader from all others in the key of a notice."""
        return self.address or f"user:{self.user_id}"


@dataclass(frozen=True, slots=True)
class Message:
    """What everybody is told of one period; `priority` is one of `crm_store.notices`."""

    kind: str
    period: str
    payload: Mapping[str, Any]
    priority: int


def of_topic(session: Session, context: JobContext, topic: str) -> list[Reader]:
    """Return the channels that the configuration routes a topic to, else every manager and admin."""
    routed = context.routes.get(topic, ())
    if routed:
        return [Reader(context.time_zone, address=address) for address in dict.fromkeys(routed)]
    return [
        Reader(user.time_zone, user_id=user.id)
        for user in users.everyone(session, limit=_MOST)
        if user.active and user.role.may(Role.MANAGER)
    ]


def due_at(zone: ZoneInfo, now: datetime) -> datetime:
    """Return when a reader is told: at nine, in the daytime after it at once, else next morning."""
    local = now.astimezone(zone)
    if TOLD_AT <= local.time() < NOT_AFTER:
        return now
    day = local.date() + timedelta(days=local.time() >= NOT_AFTER)
    return instant_of(datetime.combine(day, TOLD_AT), zone)


def tell(session: Session, context: JobContext, found: list[Reader], message: Message) -> int:
    """Owe a message to each reader, once for its kind and period; return how many are new."""
    return sum(
        notices.owe(
            session,
            kind=message.kind,
            key=f"{message.kind}:{message.period}:{reader.name}",
            payload=message.payload,
            due_at=due_at(ZoneInfo(reader.zone), context.now),
            now=context.now,
            priority=message.priority,
            user_id=reader.user_id,
            address=reader.address,
            matter=f"{message.kind}:{message.period}",
        )
        for reader in found
    )
