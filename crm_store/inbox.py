"""Events as the platforms sent them: kept before they are acknowledged, carried out exactly once.

An event is NEW until the transaction that carries it out marks it DONE with its reply, and DONE
until the reply was sent and is forgotten. Who runs it is `bot/worker.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from crm_store.halts import backoff
from crm_store.models import InboxRow, InboxState
from crm_store.store import Conflict
from crm_store.upsert import insert, is_postgresql

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.orm import Session

MAX_FAILURES = 5
# A kill is mostly not the fault of the event that was running, so more of them are forgiven.
MAX_CRASHES = 20

# Written out, not bound: SQLite uses a partial index only where the text of its condition stands.
_OPEN = sa.text("inbox.state IN ('new', 'done')")
_UNSYNCHRONISED = {"synchronize_session": False}


class AlreadyDone(Conflict):
    """Somebody else carried the event out meanwhile; the transaction must not commit."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event that belongs to the claiming process for a while.

    Attributes:
        reply: what the handler answered; None while the event is NEW.
        again: the reply may have been sent before: the process died or the platform fell silent.
        suspect: a process died that held it; it runs alone and after `begin`, which counts.
    """

    id: int
    platform: str
    key: str
    sender: str
    body: dict[str, Any]
    state: InboxState
    reply: dict[str, Any] | None
    attempts: int
    received_at: datetime
    again: bool
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Admitted:
    """A kept event; not `claimed` when an earlier event of the sender is in other hands."""

    id: int
    claimed: bool


def receive(
    session: Session, platform: str, key: str, sender: str, body: Mapping[str, Any], now: datetime
) -> int | None:
    """Keep an event for whoever claims it and return its id, None when it is a duplicate."""
    statement = (
        insert(session, InboxRow)
        .values(platform=platform, key=key, sender=sender, body=body, received_at=now)
        .on_conflict_do_nothing(index_elements=["platform", "key"])
        .returning(InboxRow.id)
    )
    return session.execute(statement).scalar_one_or_none()


def admit(
    session: Session,
    platform: str,
    key: str,
    sender: str,
    body: Mapping[str, Any],
    now: datetime,
    *,
    owner: str,
    lease: timedelta,
) -> Admitted | None:
    """Keep an event and claim it for `owner` in one statement; None when it is a duplicate.

    It is left for `claim` when an earlier event of the same sender is not done and not `owner`'s.
    """
    others = _earlier_open(platform, sender, now).where(
        sa.func.coalesce(InboxRow.claimed_by, "") != owner
    )
    waits = others.exists()
    statement = (
        insert(session, InboxRow)
        .values(
            platform=platform,
            key=key,
            sender=sender,
            body=body,
            received_at=now,
            claimed_by=sa.case((waits, sa.null()), else_=sa.literal(owner)),
            claimed_until=sa.case((waits, sa.null()), else_=_moment(now + lease)),
        )
        .on_conflict_do_nothing(index_elements=["platform", "key"])
        .returning(InboxRow.id, InboxRow.claimed_by)
    )
    row = session.execute(statement).one_or_none()
    return Admitted(row.id, row.claimed_by == owner) if row else None


def claim(
    session: Session,
    owner: str,
    now: datetime,
    limit: int,
    lease: timedelta,
    platforms: Collection[str] | None = None,
) -> list[Claimed]:
    """Take over open events that nobody holds, oldest first, never two of one sender at a time.

    An event found in the hands of a process that died is suspect from then on: once it has begun
    `MAX_CRASHES` times (the first time is not told apart from waiting) it is dead.
    """
    query = _claimable(now, platforms).limit(limit)
    if is_postgresql(session):
        query = query.with_for_update(skip_locked=True, of=InboxRow)
    rows = session.execute(query).all()
    doomed = [row.id for row in rows if _crashed(row) and row.attempts >= MAX_CRASHES]
    if doomed:
        _update(session, doomed, state=InboxState.DEAD, **_unclaimed())
    taken = [row for row in rows if row.id not in doomed]
    if taken:
        _take(session, [row.id for row in taken], owner, now + lease)
    return [_claimed(row) for row in taken]


def begin(session: Session, row_id: int) -> None:
    """Count that a suspect event begins, in a transaction before that which carries it out."""
    _update(session, [row_id], attempts=InboxRow.attempts + 1)


def renew(session: Session, owner: str, ids: Collection[int], until: datetime) -> None:
    """Hold claims longer, for events that are still being worked on."""
    statement = sa.update(InboxRow).where(InboxRow.id.in_(ids), InboxRow.claimed_by == owner)
    session.execute(statement.values(claimed_until=until), execution_options=_UNSYNCHRONISED)


def release(session: Session, owner: str, ids: Collection[int]) -> None:
    """Give back events that were claimed but not begun."""
    statement = sa.update(InboxRow).where(InboxRow.id.in_(ids), InboxRow.claimed_by == owner)
    session.execute(statement.values(**_unclaimed()), execution_options=_UNSYNCHRONISED)


def done(session: Session, row_id: int, reply: dict[str, Any] | None) -> None:
    """Mark an event as carried out, inside the transaction that carries it out.

    With no reply there is nothing left to answer and the event is closed.

    Raises:
        AlreadyDone: it was carried out before; let the transaction fail.
    """
    state = InboxState.ANSWERED if reply is None else InboxState.DONE
    statement = (
        sa.update(InboxRow)
        .where(InboxRow.id == row_id, InboxRow.state == InboxState.NEW)
        .values(state=state, reply=sa.null() if reply is None else reply, attempts=0)
        .returning(InboxRow.id)
    )
    if session.execute(statement, execution_options=_UNSYNCHRONISED).first() is None:
        raise AlreadyDone(row_id)


def answered(session: Session, row_id: int) -> None:
    """Mark the reply of an event as sent and forget it: it may hold a code that links an account."""
    _update(session, [row_id], state=InboxState.ANSWERED, reply=sa.null(), **_unclaimed())


def failed(session: Session, row_id: int, now: datetime) -> bool:
    """Note that an event failed and return whether it will be tried again; what was done stays done.

    It is tried after 5 s, 10 s, 20 s, 40 s, and is dead at the fifth failure.
    """
    attempts = session.execute(
        sa.select(InboxRow.attempts).where(InboxRow.id == row_id)
    ).scalar_one()
    again = attempts + 1 < MAX_FAILURES
    state = {} if again else {"state": InboxState.DEAD}
    until = now + backoff(attempts)
    _update(session, [row_id], attempts=attempts + 1, claimed_by=None, claimed_until=until, **state)
    return again


def postpone_answer(session: Session, row_id: int, until: datetime, *, in_doubt: bool) -> None:
    """Keep the reply for later; a reply in doubt keeps its claim, by which `claim` knows it."""
    values: dict[str, Any] = {} if in_doubt else {"claimed_by": None}
    _update(session, [row_id], attempts=InboxRow.attempts + 1, claimed_until=until, **values)


def give_up(session: Session, row_id: int) -> None:
    """Mark an event as dead; `revive` brings it back."""
    _update(session, [row_id], state=InboxState.DEAD, **_unclaimed())


def revive(session: Session, row_id: int) -> bool:
    """Bring a dead event back, False when there is none; what was carried out is not redone."""
    state = sa.case(
        (InboxRow.reply.is_(sa.null()), InboxState.NEW.value), else_=InboxState.DONE.value
    )
    statement = (
        sa.update(InboxRow)
        .where(InboxRow.id == row_id, InboxRow.state == InboxState.DEAD)
        .values(state=state, attempts=0, **_unclaimed())
        .returning(InboxRow.id)
    )
    return session.execute(statement, execution_options=_UNSYNCHRONISED).first() is not None


def counts(session: Session) -> dict[InboxState, int]:
    """Return how many events stand in each state."""
    query = sa.select(InboxRow.state, sa.func.count()).group_by(InboxRow.state)
    found = {row[0]: row[1] for row in session.execute(query)}
    return {state: found.get(state, 0) for state in InboxState}


def oldest_open_at(session: Session) -> datetime | None:
    """Return when the oldest event that is not answered came in."""
    query = sa.select(InboxRow.received_at).where(_OPEN).order_by(InboxRow.id).limit(1)
    return session.execute(query).scalar_one_or_none()


def list_dead(session: Session, limit: int = 50) -> Sequence[InboxRow]:
    """Return the events that were given up, newest first."""
    query = sa.select(InboxRow).where(InboxRow.state == InboxState.DEAD)
    return session.scalars(query.order_by(InboxRow.id.desc()).limit(limit)).all()


def purge(session: Session, before: datetime) -> int:
    """Empty the bodies and replies of answered events and return how many; the keys stay."""
    statement = (
        sa.update(InboxRow)
        .where(
            InboxRow.state == InboxState.ANSWERED,
            InboxRow.received_at < before,
            InboxRow.body != {},
        )
        .values(body={}, reply=sa.null())
    )
    result = session.execute(statement, execution_options=_UNSYNCHRONISED)
    return cast("sa.CursorResult[Any]", result).rowcount


def _earlier_open(platform: str, sender: str, now: datetime) -> sa.Select[int]:
    return sa.select(InboxRow.id).where(
        _unindexed(InboxRow) == platform,
        InboxRow.sender == sender,
        InboxRow.state.in_([InboxState.NEW, InboxState.DONE]),
        _blocks(InboxRow, now),
    )


def _blocks(row: type[InboxRow], now: datetime) -> sa.ColumnElement[bool]:
    # A reply that only waits for its next try holds nobody up: its effects are done.
    waits = sa.and_(row.claimed_by.is_(None), row.claimed_until > now)
    done = sa.and_(row.state == InboxState.DONE, sa.not_(sa.func.coalesce(waits, sa.false())))
    return sa.or_(row.state == InboxState.NEW, done)


def _claimable(now: datetime, platforms: Collection[str] | None) -> sa.Select[Any]:
    earlier = aliased(InboxRow)
    blocked = (
        sa.select(earlier.id)
        .where(
            _unindexed(earlier) == InboxRow.platform,
            earlier.sender == InboxRow.sender,
            earlier.state.in_([InboxState.NEW, InboxState.DONE]),
            earlier.id < InboxRow.id,
            _blocks(earlier, now),
        )
        .exists()
    )
    free = sa.or_(InboxRow.claimed_until.is_(None), InboxRow.claimed_until <= now)
    query = sa.select(
        InboxRow.id,
        InboxRow.platform,
        InboxRow.key,
        InboxRow.sender,
        InboxRow.body,
        InboxRow.state,
        InboxRow.reply,
        InboxRow.attempts,
        InboxRow.received_at,
        InboxRow.claimed_by,
    ).where(_OPEN, free, ~blocked)
    if platforms is not None:
        query = query.where(_unindexed(InboxRow).in_(platforms))
    return query.order_by(InboxRow.id)


def _unindexed(row: type[InboxRow]) -> sa.ColumnElement[str]:
    # Keeps SQLite from walking the whole history of a platform by the index of its keys.
    return row.platform.concat("")


def _crashed(row: sa.Row[Any]) -> bool:
    return row.state is InboxState.NEW and row.claimed_by is not None


def _take(session: Session, ids: list[int], owner: str, until: datetime) -> None:
    crashed = sa.and_(InboxRow.state == InboxState.NEW, InboxRow.claimed_by.is_not(None))
    _update(
        session,
        ids,
        claimed_by=owner,
        claimed_until=until,
        attempts=sa.case((sa.and_(crashed, InboxRow.attempts == 0), 1), else_=InboxRow.attempts),
    )


def _claimed(row: sa.Row[Any]) -> Claimed:
    return Claimed(
        id=row.id,
        platform=row.platform,
        key=row.key,
        sender=row.sender,
        body=row.body,
        state=row.state,
        reply=row.reply,
        attempts=max(row.attempts, int(_crashed(row))),
        received_at=row.received_at,
        again=row.state is InboxState.DONE and row.claimed_by is not None,
        suspect=_crashed(row),
    )


def _update(session: Session, ids: Collection[int], **values: Any) -> None:  # noqa: ANN401 - columns
    statement = sa.update(InboxRow).where(InboxRow.id.in_(ids)).values(**values)
    session.execute(statement, execution_options=_UNSYNCHRONISED)


def _unclaimed() -> dict[str, Any]:
    return {"claimed_by": None, "claimed_until": None}


def _moment(value: datetime) -> sa.BindParameter[datetime]:
    return sa.literal(value, InboxRow.__table__.c.claimed_until.type)
