"""Cards that stand in chats: noted when they are sent, owed an edit when their record changes.

How an edit is said is `handlers/postings.py`; how it is sent, `bot/delivery.py`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, cast

import sqlalchemy as sa
from sqlalchemy import event, inspect
from sqlalchemy.orm import Session, joinedload, sessionmaker

from crm_store import audit, notices, records
from crm_store.conversations import Reference
from crm_store.models import AuditRow, Base, Notice, NoticeState, Posting, Tag
from crm_store.records import MODELS
from crm_store.upsert import insert

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from crm_store.addresses import Address

KIND = "card_changed"
# Nobody scrolls back further, and a workspace may forbid later edits (Slack's `edit_window_closed`).
KEPT = timedelta(days=30)
# Each change of a record costs one edit per card of it, and Slack takes about fifty a minute.
MOST = 20
_KINDS = {model.__tablename__: kind for kind, model in MODELS.items()}
_LINKS = {f"{kind}_id": kind for kind in ("company", "contact", "deal", "ticket")}
# The day of who owns a task or a deal, or is given a ticket, shows them.
_LINKS |= {"owner_id": "day", "assignee_id": "day"}
_AT_ONCE = 500  # names in one IN
_LOOKED_AT = 100  # changes: with more of them the card is drawn anew without a look


@dataclass(frozen=True, slots=True)
class Card:
    """What a message shows: `record` is `deal:42`, or `day:7` for the day of a colleague.

    `face` is what `face_of` made of its content. It was drawn by `call` when the audit ended with row `seen`.
    """

    record: str
    user_id: int
    audience: str
    face: str
    shown_at: datetime
    seen: int = 0
    call: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**dataclasses.asdict(self), "shown_at": self.shown_at.isoformat()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a card from what `to_dict` returned."""
        return cls(**{**data, "shown_at": datetime.fromisoformat(data["shown_at"])})


def listen(sessions: sessionmaker[Session]) -> None:
    """Owe the edits of every session that `sessions` makes; to be called after the audit listens."""
    event.listen(sessions, "after_flush", _collect)
    event.listen(sessions, "before_commit", _owe)


def begin(session: Session) -> None:
    """Remember which changes will certainly show on what is drawn from now on."""
    session.info["seen"] = audit.head(session)[0]


def face_of(session: Session, record: str, content: Sequence[object]) -> str | None:
    """Return the hash of what a card shows of a record, its name included; None when it is gone."""
    reference = Reference.parse(record)
    name = ""
    if reference.kind in MODELS:
        found = records.find(session, reference.kind, reference.id, deleted=True)
        if found is None:
            return None
        name = records.name_of(found)
    text = json.dumps([name, *content], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def note(session: Session, address: Address, message_id: str, card: Card) -> None:
    """Remember that a message shows a record; the oldest beyond `MOST` are forgotten.

    A change that was committed between the drawing and this is owed here; a later one finds the card.
    """
    # Before the first write: who commits a change holds it while they look for cards.
    audit.hold(session)
    shown = {field.name: getattr(card, field.name) for field in dataclasses.fields(card)}
    row = {"chat": _chat(address), "message_id": message_id, **shown}
    del row["seen"], row["call"]
    statement = insert(session, Posting).values(row)
    statement = statement.on_conflict_do_update(index_elements=["chat", "message_id"], set_=row)
    session.execute(statement)
    kept = sa.select(Posting.id).where(Posting.record == card.record)
    kept = kept.order_by(Posting.id.desc()).limit(MOST)
    session.execute(
        sa.delete(Posting).where(Posting.record == card.record, Posting.id.not_in(kept))
    )
    if _was_changed_since(session, card):
        _owe_for(session, [card.record], datetime.now(UTC), None)


def _was_changed_since(session: Session, card: Card) -> bool:
    changes = audit.since(session, card.seen, _LOOKED_AT)
    others = [row for row in changes if row.call != card.call]
    return len(changes) == _LOOKED_AT or any(card.record in _named(session, row) for row in others)


def _named(session: Session, row: AuditRow) -> set[str]:
    """Return the records whose cards a change may show on, as `_records_of` does before it is kept."""
    named = {str(Reference(_KINDS[row.kind], row.record_id))} if row.kind in _KINDS else set()
    found = session.get(audit.model(row.kind), row.record_id)
    for column, kind in _LINKS.items():
        numbers = row.before.get(column), row.after.get(column), getattr(found, column, None)
        named |= {str(Reference(kind, number)) for number in numbers if number is not None}
    return named


def forget(session: Session, address: Address, message_id: str) -> None:
    """Forget a message that shows something else now, or can be edited no more."""
    session.execute(
        sa.delete(Posting).where(Posting.chat == _chat(address), Posting.message_id == message_id)
    )


def of_message(session: Session, address: Address, message_id: str) -> Posting | None:
    """Return what a message shows."""
    query = sa.select(Posting).filter_by(chat=_chat(address), message_id=message_id)
    return session.scalars(query).one_or_none()


def purge(session: Session, before: datetime) -> int:
    """Forget what was shown before a moment and return how many."""
    result = session.execute(sa.delete(Posting).where(Posting.shown_at < before))
    return cast("sa.CursorResult[Any]", result).rowcount


def leave_alone(session: Session, address: Address, message_id: str) -> None:
    """Owe no edit of a message in this transaction: its answer takes the message's place."""
    session.info["answered_in_place"] = (_chat(address), message_id)


def _collect(session: Session, _context: object) -> None:
    touched: set[str] = session.info.setdefault("touched", set())
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, Base) and row.audited and _has_changed(session, row):
            touched.update(_records_of(row))


def _has_changed(session: Session, row: Base) -> bool:
    return row not in session.dirty or any(
        attribute.history.has_changes() for attribute in inspect(row).attrs
    )


def _records_of(row: Base) -> Iterable[str]:
    """Yield the records whose cards a row may stand on: itself, and those it belongs or belonged to."""
    if row.__tablename__ in _KINDS:
        yield str(Reference(_KINDS[row.__tablename__], row.id))
    if isinstance(row, Tag):
        yield str(Reference(row.kind, row.record_id))
    for column, kind in _LINKS.items():
        if hasattr(row, column):
            history = inspect(row).attrs[column].history
            for number in (*history.unchanged, *history.added, *history.deleted):
                if number is not None:
                    yield str(Reference(kind, number))


def _owe(session: Session) -> None:
    session.flush()
    touched = sorted(session.info.pop("touched", ()))
    skipped = session.info.pop("answered_in_place", None)
    if touched:
        now = session.info["actor"].at or datetime.now(UTC)
        for at in range(0, len(touched), _AT_ONCE):
            _owe_for(session, touched[at : at + _AT_ONCE], now, skipped)


def _owe_for(
    session: Session, names: Collection[str], now: datetime, skipped: tuple[str, str] | None
) -> None:
    query = sa.select(Posting).options(joinedload(Posting.user)).where(Posting.record.in_(names))
    found = [
        posting
        for posting in session.scalars(query.order_by(Posting.id)).all()
        if posting.user.active and (posting.chat, posting.message_id) != skipped
    ]
    waiting = _waiting(session, [_key(posting) for posting in found]) if found else set()
    for posting in found:
        if _key(posting) not in waiting:
            posting.edits += 1
            _owe_one(session, posting, now)


def refresh(session: Session, names: Collection[str], now: datetime) -> None:
    """Owe the edits of the cards of records of which something else is known now."""
    _owe_for(session, names, now, None)


def _waiting(session: Session, keys: Sequence[str]) -> set[str]:
    """Return the edits that nobody has begun: they will draw what this transaction leaves.

    The rows are locked: on PostgreSQL nobody begins before this transaction ends.
    """
    query = sa.select(Notice.key).where(Notice.key.in_(keys), Notice.state == NoticeState.WAITING)
    return set(session.scalars(query.order_by(Notice.id).with_for_update()).all())


def _owe_one(session: Session, posting: Posting, now: datetime) -> None:
    notices.owe(
        session,
        kind=KIND,
        key=_key(posting),
        payload={
            "posting_id": posting.id,
            "message_id": posting.message_id,
            "owner_id": posting.user_id,
            "audience": posting.audience,
            "language": posting.user.language,
            "zone": posting.user.time_zone,
        },
        due_at=now,
        now=now,
        priority=notices.EDIT,
        address=posting.chat,
    )


def _key(posting: Posting) -> str:
    # The moment tells it from a row that had the number before: SQLite gives numbers again.
    return f"{KIND}:{posting.id}:{posting.shown_at.isoformat()}:{posting.edits}"


def _chat(address: Address) -> str:
    return f"{address.platform}:{address.chat}"
