"""What stands on the pages of the web chat, and which browsers are signed in.

How a message is drawn and who may see it is decided in `bot/webchat`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_store.models import User, WebMessage, WebSession
from crm_store.upsert import insert

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SESSION_LIFE = timedelta(days=14)
SHOWN = 50  # messages that stand on a page


def put(
    session: Session, person: str, key: str, asked: str, body: dict[str, Any], now: datetime
) -> int:
    """Add a message below the others and return its number; one with the same key stays as it is."""
    statement = (
        insert(session, WebMessage)
        .values(person=person, key=key, asked=asked, body=body, version=1, sent_at=now)
        .on_conflict_do_nothing(index_elements=["person", "key"])
        .returning(WebMessage.id)
    )
    number = session.execute(statement).scalar_one_or_none()
    if number is not None:
        return number
    known = find(session, person, key)
    return known.id if known else 0


def replace(session: Session, message: WebMessage, key: str, body: dict[str, Any]) -> None:
    """Put another body in the place of a message; the same key twice changes nothing."""
    if message.key != key:
        message.key, message.body, message.version = key, body, message.version + 1
        session.flush()


def edit(session: Session, person: str, number: int, body: dict[str, Any]) -> None:
    """Put another body in the place of a message and leave its key; safe to repeat."""
    message = get(session, person, number)
    if message is not None and _plain(message.body) != _plain(body):
        message.body, message.version = body, message.version + 1


def get(session: Session, person: str, number: int) -> WebMessage | None:
    """Return a message of this person by its number."""
    query = sa.select(WebMessage).where(WebMessage.person == person, WebMessage.id == number)
    return session.scalars(query).one_or_none()


def find(session: Session, person: str, key: str) -> WebMessage | None:
    """Return the message of this person that was sent with `key`."""
    query = sa.select(WebMessage).where(WebMessage.person == person, WebMessage.key == key)
    return session.scalars(query).one_or_none()


def changed(session: Session, person: str, known: dict[int, int]) -> Sequence[WebMessage]:
    """Return the newest messages, oldest first, whose version is not the one in `known`."""
    newest = (
        sa.select(WebMessage.id, WebMessage.version)
        .where(WebMessage.person == person)
        .order_by(WebMessage.id.desc())
        .limit(SHOWN)
    )
    fresh = [row.id for row in session.execute(newest) if known.get(row.id) != row.version]
    if not fresh:
        return ()
    query = sa.select(WebMessage).where(WebMessage.id.in_(fresh)).order_by(WebMessage.id)
    return session.scalars(query).all()


def sign_in(session: Session, user: User, now: datetime) -> str:
    """Remember a browser for `SESSION_LIFE` and return its token, 256 bits."""
    token = secrets.token_urlsafe(32)
    row = WebSession(user_id=user.id, token_hash=_hash(token), expires_at=now + SESSION_LIFE)
    session.add(row)
    return token


def signed_in(session: Session, token: str, now: datetime) -> User | None:
    """Return the active user of a browser; None when it is signed in no longer."""
    query = (
        sa.select(User)
        .join(WebSession, WebSession.user_id == User.id)
        .where(WebSession.token_hash == _hash(token), WebSession.expires_at > now, User.active)
    )
    return session.scalars(query).one_or_none()


def sign_out(session: Session, token: str) -> None:
    """Forget a browser."""
    session.execute(sa.delete(WebSession).where(WebSession.token_hash == _hash(token)))


def sign_out_everywhere(session: Session, user: User) -> None:
    """Forget every browser of a user."""
    session.execute(sa.delete(WebSession).where(WebSession.user_id == user.id))


def members(session: Session, emails: Collection[str]) -> list[User]:
    """Return the active users with these addresses, in their order."""
    found = session.scalars(sa.select(User).where(User.email.in_(emails), User.active))
    by_email = {user.email: user for user in found}
    return [by_email[email] for email in emails if email in by_email]


def purge_messages(session: Session, before: datetime) -> None:
    """Delete the messages sent before `before`."""
    session.execute(sa.delete(WebMessage).where(WebMessage.sent_at < before))


def purge_sessions(session: Session, before: datetime) -> None:
    """Delete the sessions that ended before `before`."""
    session.execute(sa.delete(WebSession).where(WebSession.expires_at < before))


def _plain(body: dict[str, Any]) -> str:
    # What comes from the store has lists for tuples, and PostgreSQL orders the keys anew.
    return json.dumps(body, sort_keys=True)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
