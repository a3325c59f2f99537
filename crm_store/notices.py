"""Messages that are owed to somebody: unique by key, claimed before they are sent, never forgotten.

How they are paced and sent is `bot/delivery.py`; how they are said, `handlers/notices.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from crm_store import moves
from crm_store.addresses import Address
from crm_store.models import Identity, Notice, NoticeState, User
from crm_store.upsert import insert

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.orm import Session

URGENT, REPLY, ALERT, REMINDER, DIGEST, EDIT = range(-1, 5)
FOLDED = "folded"
# Why a notice is not sent as it was owed; `handlers/notices.py` says it. After some stands what they are about.
FOLDED_INTO, MENTIONED = f"{FOLDED} into ", "mentioned in "
MUTED, ACKNOWLEDGED = "muted by #", "acknowledged by "
QUIET, BUDGET, UNWANTED = "quiet", "budget", "not wanted"
UNREACHABLE, EXPIRED, IN_DOUBT = "no reachable account", "expired", "in doubt"
NOTHING_LEFT = "nothing left to say"
DAY = f"{FOLDED}:day:"  # begins the key of what the day's budget left over
ACCOUNT_CHECK, MENTION = "account_check", "mention"
# What a conversation about a ticket consists of, with colleagues and with its customer: `handlers/rooms.py` says it.
CONVERSATION = frozenset(
    {"ticket_room", "ticket_entry", "ticket_reply", "ticket_closed", "ticket_reach"}
)
FOLD_ABOVE = 5
EXPIRY = timedelta(hours=24)

# Written out, not bound: SQLite uses a partial index only where the text of its condition stands.
_OPEN = sa.text("notices.state IN ('waiting', 'sending')")
_UNSYNCHRONISED = {"synchronize_session": False}
_NAMED = tuple((k, f"{k}_id") for k in ("ticket", "task", "deal", "contact", "company"))
MEMBER = (
    Notice.id, Notice.kind, Notice.key, Notice.payload, Notice.due_at, Notice.matter,
)  # fmt: skip
_FOLDABLE = (ALERT, REMINDER)


@dataclass(frozen=True, slots=True)
class Due:
    """A notice whose time has come.

    Attributes:
        target: the address it goes to: its own, or the reader's first reachable account among the
            platforms asked for; None when the reader has no reachable account anywhere.
        tried_at: the address of the attempt that is in doubt.
        in_doubt: an earlier attempt may have arrived.
        attempts: how often it was claimed before.
        about: the record it tells of, such as `ticket:42`.
        matter: what it has in common with its repeats and with what others get of the same.
    """

    id: int
    kind: str
    key: str
    priority: int
    user_id: int | None
    target: str | None
    tried_at: str | None
    in_doubt: bool
    attempts: int
    due_at: datetime
    about: str | None
    matter: str | None


def owe(
    session: Session,
    *,
    kind: str,
    key: str,
    payload: Mapping[str, Any],
    due_at: datetime,
    now: datetime,
    priority: int,
    user_id: int | None = None,
    address: Address | str | None = None,
    about: str | None = None,
    matter: str | None = None,
    edits: int | None = None,
) -> bool:
    """Promise a message to a user or to an address; False when `key` was promised before.

    The record that it is about is read from the payload (`ticket_id`, `deal_id` …) where it is not
    given; a notice without a `matter` is a matter of its own.

    Raises:
        ValueError: not exactly one of `user_id` and `address` is given, or it is no address.
    """
    if (user_id is None) is (address is None):
        message = f"notice {key!r} needs either a user or an address"
        raise ValueError(message)
    place = None if address is None else moves.current(session, Address.parse(str(address)))
    statement = insert(session, Notice).values(
        kind=kind,
        key=key,
        payload=dict(payload),
        user_id=user_id,
        address=None if place is None else str(place),
        priority=priority,
        due_at=due_at,
        created_at=now,
        about=about or about_of(payload),
        matter=matter or key,
        edits=edits,
    )
    statement = statement.on_conflict_do_nothing(index_elements=["key"])
    return session.execute(statement.returning(Notice.id)).first() is not None


def about_of(payload: Mapping[str, Any]) -> str | None:
    """Return the record that a payload names, such as `ticket:42`; the most particular one of several."""
    return next((f"{kind}:{payload[name]}" for kind, name in _NAMED if payload.get(name)), None)


def due(
    session: Session,
    now: datetime,
    limit: int,
    platforms: Collection[str],
    halted: Collection[str] = (),
) -> list[Due]:
    """Return what can be sent over `platforms` now, the most urgent first.

    Besides notices that wait, these are the ones whose sender went away before it noted the
    outcome. What would go over a `halted` platform is left out; notices for readers whom no
    platform reaches come with no target.
    """
    targets = _targets(now, platforms)
    ours = [targets.c.target.startswith(f"{name}:") for name in set(platforms) - set(halted)]
    query = sa.select(targets).where(sa.or_(targets.c.nowhere, *ours))
    order = (targets.c.priority, targets.c.due_at, targets.c.id)
    return [_due(row) for row in session.execute(query.order_by(*order).limit(limit))]


def claim(
    session: Session, found: Sequence[Due], owner: str, now: datetime, lease: timedelta
) -> list[Due]:
    """Mark notices as being sent to their target and return those that nobody else took first."""
    return [notice for notice in found if _claim_one(session, notice, owner, now, lease)]


def sent(
    session: Session,
    notice_id: int,
    address: Address,
    message_id: str,
    now: datetime,
    *,
    said: Mapping[str, Any] | None = None,
) -> None:
    """Note that the platform has the message; `said` is kept in the payload, to compare the next one with."""
    if said is not None:
        notice = session.get_one(Notice, notice_id)
        notice.payload = {**notice.payload, "said": dict(said)}
    _update(
        session,
        [notice_id],
        state=NoticeState.SENT,
        sent_to=str(address),
        message_id=message_id,
        sent_at=now,
        reason=None,
    )


def drop(session: Session, ids: Collection[int], reason: str) -> None:
    """Settle notices that need not be sent any more."""
    _update(session, ids, state=NoticeState.SENT, reason=reason)


def postpone(session: Session, notice_id: int, until: datetime, reason: str) -> None:
    """Try a notice again later; it has certainly not arrived."""
    _update(
        session,
        [notice_id],
        state=NoticeState.WAITING,
        claimed_by=None,
        claimed_until=until,
        reason=reason,
    )


def hold(session: Session, notice_id: int, until: datetime, reason: str) -> None:
    """Let a notice that nobody has claimed be due later; it is not late before that."""
    _update_waiting(session, [notice_id], due_at=until, reason=reason)


def withdraw(session: Session, notice_id: int, reason: str) -> None:
    """Settle a notice that nobody has claimed and nobody wants."""
    _update_waiting(session, [notice_id], state=NoticeState.SENT, reason=reason)


def doubt(session: Session, notice_id: int, until: datetime, reason: str) -> None:
    """Look at a notice again later; it may have arrived."""
    _update(session, [notice_id], claimed_until=until, reason=reason)


def unknown(session: Session, notice_id: int, reason: str) -> None:
    """Leave a notice that may have arrived and must not be repeated."""
    _update(session, [notice_id], state=NoticeState.UNKNOWN, reason=reason)


def dead(session: Session, ids: Collection[int], reason: str) -> None:
    """Give notices up; they are listed with the reason."""
    _update(session, ids, state=NoticeState.DEAD, reason=reason)


def revive(session: Session, notice_id: int, now: datetime) -> bool:
    """Send a notice that was given up or left in doubt after all; False when there is none."""
    given_up = Notice.state.in_([NoticeState.DEAD, NoticeState.UNKNOWN])
    statement = (
        sa.update(Notice)
        .where(Notice.id == notice_id, given_up)
        .values(
            state=NoticeState.WAITING,
            due_at=now,
            attempts=0,
            claimed_by=None,
            claimed_until=None,
            reason=None,
        )
        .returning(Notice.id)
    )
    return session.execute(statement, execution_options=_UNSYNCHRONISED).first() is not None


def fold(session: Session, now: datetime) -> int:
    """Merge what waits for one reader into one notice where it is more than five; return how many.

    Only alerts and reminders are merged, each with their own kind. The merged notice is of kind
    `folded` and holds in `notices` the kind, key, payload and due time of each, in order.
    """
    crowds = session.execute(
        sa.select(Notice.user_id, Notice.address, Notice.priority)
        .where(*_foldable(now))
        .group_by(Notice.user_id, Notice.address, Notice.priority)
        .having(sa.func.count() > FOLD_ABOVE)
    ).all()
    for user_id, address, priority in crowds:
        _fold_one(session, user_id, address, priority, now)
    return len(crowds)


def is_crowded(session: Session, now: datetime) -> bool:
    """Tell whether `fold` would merge anything."""
    query = (
        sa.select(Notice.priority)
        .where(*_foldable(now))
        .group_by(Notice.user_id, Notice.address, Notice.priority)
        .having(sa.func.count() > FOLD_ABOVE)
    )
    return session.execute(query.limit(1)).first() is not None


def lose_touch(session: Session, user_id: int, address: str) -> bool:
    """Mark a reader's accounts at `address` as unreachable and return whether others are left."""
    identities = session.scalars(
        sa.select(Identity).where(Identity.user_id == user_id, Identity.reachable)
    ).all()
    for identity in identities:
        if identity.address == address:
            identity.reachable = False
    return any(identity.reachable for identity in identities)


def waiting_for(
    session: Session,
    now: datetime,
    *,
    user_id: int | None = None,
    address: Address | str | None = None,
) -> Sequence[Notice]:
    """Return what is due for a user or an address and not sent, in the order it will be sent."""
    reader = Notice.user_id == user_id if address is None else Notice.address == str(address)
    query = sa.select(Notice).where(_OPEN, Notice.due_at <= now, reader)
    return session.scalars(query.order_by(Notice.priority, Notice.due_at, Notice.id)).all()


def find(session: Session, notice_id: int) -> Notice | None:
    """Return a notice by its number."""
    return session.get(Notice, notice_id)


def standing(session: Session, about: str, chat: str, message_id: str) -> Notice | None:
    """Return what a message of `chat` (`platform:chat`) told of a record; None for one that answered somebody."""
    query = sa.select(Notice).where(
        Notice.about == about,
        Notice.message_id == message_id,
        Notice.state == NoticeState.SENT,
        Notice.edits.is_(None),
        sa.or_(Notice.sent_to == chat, Notice.sent_to.startswith(f"{chat}:", autoescape=True)),
    )
    return session.scalars(query.order_by(Notice.id).limit(1)).first()


def told(session: Session, user_id: int, offset: int, limit: int) -> tuple[Sequence[Notice], int]:
    """Return what a user was told, newest first, and how much that is; what was emptied is left out.

    What became part of another message, or was said in a channel, was told as well; what nobody wanted was not.
    """
    elsewhere = [Notice.reason.startswith(start) for start in (FOLDED, MENTIONED)]
    reached = sa.or_(Notice.message_id.is_not(None), *elsewhere)
    known = (
        Notice.user_id == user_id,
        Notice.state == NoticeState.SENT,
        Notice.payload != {},
        reached,
    )
    query = sa.select(Notice).where(*known).order_by(Notice.id.desc())
    total = session.scalar(sa.select(sa.func.count(Notice.id)).where(*known)) or 0
    return session.scalars(query.offset(offset).limit(limit)).all(), total


def counts(session: Session) -> dict[NoticeState, int]:
    """Return how many notices stand in each state."""
    query = sa.select(Notice.state, sa.func.count()).group_by(Notice.state)
    found = {row[0]: row[1] for row in session.execute(query)}
    return {state: found.get(state, 0) for state in NoticeState}


def oldest_due_at(session: Session, now: datetime) -> datetime | None:
    """Return since when the oldest due notice has been waiting."""
    query = sa.select(sa.func.min(Notice.due_at)).where(_OPEN, Notice.due_at <= now)
    return session.execute(query).scalar_one_or_none()


def list_failed(session: Session, limit: int = 50) -> Sequence[Notice]:
    """Return what was given up or is in doubt for good, newest first."""
    failed = Notice.state.in_([NoticeState.DEAD, NoticeState.UNKNOWN])
    query = sa.select(Notice).where(failed).order_by(Notice.id.desc()).limit(limit)
    return session.scalars(query).all()


def purge(session: Session, before: datetime) -> int:
    """Empty the payloads of notices that were sent before a moment and return how many."""
    statement = (
        sa.update(Notice)
        .where(Notice.state == NoticeState.SENT, Notice.created_at < before, Notice.payload != {})
        .values(payload={})
    )
    result = session.execute(statement, execution_options=_UNSYNCHRONISED)
    return cast("sa.CursorResult[Any]", result).rowcount


def _targets(now: datetime, platforms: Collection[str]) -> sa.Subquery:
    reachable = (
        sa.select(Identity.address)
        .join(User)
        .where(Identity.user_id == Notice.user_id, Identity.reachable, User.active)
    )
    account = reachable.where(Identity.platform.in_(platforms)).order_by(Identity.id).limit(1)
    free = sa.or_(Notice.claimed_until.is_(None), Notice.claimed_until <= now)
    query = sa.select(
        Notice.id,
        Notice.kind,
        Notice.key,
        Notice.priority,
        Notice.user_id,
        Notice.state,
        Notice.attempts,
        Notice.due_at,
        Notice.sent_to,
        Notice.about,
        Notice.matter,
        sa.func.coalesce(Notice.address, account.scalar_subquery()).label("target"),
        sa.and_(Notice.address.is_(None), ~reachable.exists()).label("nowhere"),
    )
    return query.where(_OPEN, Notice.due_at <= now, free).subquery()


def _due(row: sa.Row[Any]) -> Due:
    in_doubt = row.state is NoticeState.SENDING
    return Due(
        id=row.id,
        kind=row.kind,
        key=row.key,
        priority=row.priority,
        user_id=row.user_id,
        target=row.target,
        tried_at=row.sent_to if in_doubt else None,
        in_doubt=in_doubt,
        attempts=row.attempts,
        due_at=row.due_at,
        about=row.about,
        matter=row.matter,
    )


def _claim_one(session: Session, notice: Due, owner: str, now: datetime, lease: timedelta) -> bool:
    free = sa.or_(Notice.claimed_until.is_(None), Notice.claimed_until <= now)
    state = NoticeState.SENDING if notice.in_doubt else NoticeState.WAITING
    statement = (
        sa.update(Notice)
        .where(Notice.id == notice.id, Notice.state == state, free)
        .values(
            state=NoticeState.SENDING,
            attempts=Notice.attempts + 1,
            claimed_by=owner,
            claimed_until=now + lease,
            sent_to=notice.target,
        )
        .returning(Notice.id)
    )
    return session.execute(statement, execution_options=_UNSYNCHRONISED).first() is not None


def _foldable(now: datetime) -> tuple[sa.ColumnElement[bool] | sa.TextClause, ...]:
    late = sa.and_(Notice.priority == REMINDER, Notice.due_at < now - EXPIRY)
    return (
        _OPEN,
        Notice.state == NoticeState.WAITING,
        Notice.due_at <= now,
        Notice.priority.in_(_FOLDABLE),
        sa.not_(late),
    )


def _fold_one(
    session: Session, user_id: int | None, address: str | None, priority: int, now: datetime
) -> None:
    taken = sa.update(Notice).where(
        *_foldable(now),
        Notice.priority == priority,
        Notice.user_id.is_not_distinct_from(user_id),
        Notice.address.is_not_distinct_from(address),
    )
    statement = taken.values(state=NoticeState.SENT, reason=FOLDED).returning(*MEMBER)
    rows = session.execute(statement, execution_options=_UNSYNCHRONISED).all()
    if not rows:
        return
    members = in_order(rows)
    key = f"{FOLDED}:{max(row.id for row in rows)}"
    owe(
        session,
        kind=FOLDED,
        key=key,
        payload={"notices": members},
        due_at=max(row.due_at for row in rows),
        now=now,
        priority=priority,
        user_id=user_id,
        address=address,
    )
    _update(session, [row.id for row in rows], reason=f"{FOLDED_INTO}{key}")


def in_order(rows: Sequence[sa.Row[Any]]) -> list[dict[str, Any]]:
    """Return rows of the columns `MEMBER` as the members of a folded notice, the earliest first."""
    found = (member for row in rows for member in _members(row))
    return sorted(found, key=lambda member: (member["due_at"], member["key"]))


def _members(row: sa.Row[Any]) -> list[dict[str, Any]]:
    if row.kind == FOLDED:
        return list(row.payload["notices"])
    due_at = row.due_at.isoformat()
    return [
        {
            "id": row.id,
            "matter": row.matter,
            "kind": row.kind,
            "key": row.key,
            "payload": row.payload,
            "due_at": due_at,
        }
    ]


def _update(session: Session, ids: Collection[int], **values: Any) -> None:  # noqa: ANN401 - columns
    statement = sa.update(Notice).where(Notice.id.in_(ids)).values(**values)
    session.execute(statement, execution_options=_UNSYNCHRONISED)


def _update_waiting(session: Session, ids: Collection[int], **values: Any) -> None:  # noqa: ANN401 - columns
    waiting = Notice.state == NoticeState.WAITING
    statement = sa.update(Notice).where(Notice.id.in_(ids), waiting).values(**values)
    session.execute(statement, execution_options=_UNSYNCHRONISED)
