"""Queries about users, their accounts on the platforms, and the codes that link them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, contains_eager
from sqlalchemy.orm.attributes import set_committed_value

from crm_store.models import AccountCode, Identity, Introduction, LinkCode, Role, User

LINK_CODE_LIFE = timedelta(minutes=15)
CHOSEN = "chosen"  # in the place of what a profile said
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # no letters that look like digits


def by_account(session: Session, platform: str, external_id: str) -> User | None:
    """Return the active user behind an account, None for a stranger."""
    query = (
        sa.select(User)
        .join(Identity)
        .where(Identity.platform == platform, Identity.external_id == external_id, User.active)
    )
    return session.scalars(query).one_or_none()


def by_email(session: Session, email: str) -> User | None:
    """Return the user with this e-mail address."""
    return session.scalars(sa.select(User).where(User.email == email.casefold())).one_or_none()


def named(session: Session, words: str, limit: int = 5) -> Sequence[User]:
    """Return active users whose name or e-mail is, or begins with, `words`; exact ones alone when there are any."""
    exact = sa.or_(sa.func.lower(User.name) == words.casefold(), User.email == words.casefold())
    found = session.scalars(
        sa.select(User).where(User.active, exact).order_by(User.id).limit(limit)
    ).all()
    if found:
        return found
    start = sa.or_(
        User.name.istartswith(words, autoescape=True),
        User.email.istartswith(words, autoescape=True),
    )
    return session.scalars(
        sa.select(User).where(User.active, start).order_by(User.id).limit(limit)
    ).all()


def everyone(session: Session, *, limit: int = 200) -> Sequence[User]:
    """Return the users by name, the active ones first."""
    return session.scalars(
        sa.select(User).order_by(User.active.desc(), User.name).limit(limit)
    ).all()


def add(
    session: Session,
    email: str,
    name: str,
    role: Role,
    *,
    language: str,
    time_zone: str,
    now: datetime,
) -> User:
    """Add a user; the e-mail address is kept in lower case."""
    user = User(
        email=email.casefold(),
        name=name,
        role=role,
        language=language,
        time_zone=time_zone,
        created_at=now,
        settings={},
    )
    session.add(user)
    session.flush()
    return user


def languages(session: Session) -> set[str]:
    """Return the languages of those who may use the program."""
    return set(session.scalars(sa.select(User.language).where(User.active).distinct()))


def account(session: Session, platform: str, external_id: str) -> Identity | None:
    """Return an account, whoever it belongs to; None when nobody has it."""
    query = sa.select(Identity).where(
        Identity.platform == platform, Identity.external_id == external_id
    )
    return session.scalars(query).one_or_none()


def count_admins(session: Session) -> int:
    """Return how many active admins there are."""
    return (
        session.scalar(sa.select(sa.func.count()).where(User.active, User.role == Role.ADMIN)) or 0
    )


def add_identity(
    session: Session, user: User, platform: str, external_id: str, address: str, now: datetime
) -> Identity:
    """Link an account to a user; an account that belonged to somebody else moves."""
    found = account(session, platform, external_id)
    if found is None:
        found = Identity(
            platform=platform,
            external_id=external_id,
            address=address,
            created_at=now,
            reachable=True,
        )
        session.add(found)
    found.user, found.address, found.reachable = user, address, True
    return found


def set_reachable(session: Session, platform: str, external_id: str, *, reachable: bool) -> None:
    """Note whether messages arrive at an account; nothing happens when nobody owns it."""
    found = account(session, platform, external_id)
    if found is not None:
        found.reachable = reachable


def accounts_on(session: Session, platform: str, *, limit: int = 500) -> Sequence[Identity]:
    """Return the accounts of active users that can be reached on a platform, with their users."""
    query = (
        sa.select(Identity)
        .join(Identity.user)
        .options(contains_eager(Identity.user))
        .where(Identity.platform == platform, Identity.reachable, User.active)
        .order_by(Identity.id)
    )
    return session.scalars(query.limit(limit)).all()


def issue_code(session: Session, user: User, now: datetime) -> str:
    """Make a one-time code of eight letters and digits (40 bits) that links another account within 15 minutes."""
    code = _code()
    session.add(LinkCode(user_id=user.id, code_hash=_hash(code), expires_at=now + LINK_CODE_LIFE))
    return code


def owner_of_code(session: Session, code: str, now: datetime) -> User | None:
    """Return whose code it is, without using it up; None when it is unknown, used or too old."""
    query = (
        sa.select(User)
        .join(LinkCode)
        .where(
            LinkCode.code_hash == _hash(code), LinkCode.used_at.is_(None), LinkCode.expires_at > now
        )
    )
    return session.scalars(query).one_or_none()


def redeem_code(session: Session, code: str, now: datetime) -> User | None:
    """Use a code up and return its user; None when it is unknown, used or too old."""
    used = (
        sa.update(LinkCode)
        .where(
            LinkCode.code_hash == _hash(code), LinkCode.used_at.is_(None), LinkCode.expires_at > now
        )
        .values(used_at=now)
        .returning(LinkCode.user_id)
    )
    user_id = session.execute(used).scalar_one_or_none()
    return session.get(User, user_id) if user_id is not None else None


def issue_account_code(
    session: Session, platform: str, external_id: str, address: str, now: datetime
) -> str:
    """Make a one-time code with which a colleague may take a stranger's account in, within 15 minutes."""
    code = _code()
    session.add(
        AccountCode(
            code_hash=_hash(code),
            platform=platform,
            external_id=external_id,
            address=address,
            expires_at=now + LINK_CODE_LIFE,
        )
    )
    return code


def account_of_code(session: Session, code: str, now: datetime) -> AccountCode | None:
    """Return the account that a code stands for; None when it is unknown, used or too old."""
    query = sa.select(AccountCode).where(
        AccountCode.code_hash == _hash(code),
        AccountCode.used_at.is_(None),
        AccountCode.expires_at > now,
    )
    return session.scalars(query).one_or_none()


def use_account_code(session: Session, account: AccountCode, now: datetime) -> bool:
    """Use a code up; False when somebody was faster."""
    used = (
        sa.update(AccountCode)
        .where(AccountCode.id == account.id, AccountCode.used_at.is_(None))
        .values(used_at=now)
        .returning(AccountCode.id)
    )
    return session.execute(used).first() is not None


def introduce(session: Session, user: User, language: str, time_zone: str) -> None:
    """Take language and time zone over from a platform's profile, as long as the person has not chosen others.

    The language is taken at the first contact alone; the zone follows the profile, as people travel.
    An empty value says nothing. This is no change that somebody made, so it is not audited.
    """
    if not language and not time_zone:
        return
    known = _introduction(session, user)
    values = {}
    if language and not known.language:
        known.language = values["language"] = language
    if time_zone and known.time_zone not in {CHOSEN, time_zone}:
        known.time_zone = values["time_zone"] = time_zone
    if not values:
        return
    session.execute(
        sa.update(User).where(User.id == user.id).values(**values),
        execution_options={"synchronize_session": False},
    )
    for name, value in values.items():
        set_committed_value(user, name, value)


def choose(
    session: Session, user: User, *, language: str | None = None, time_zone: str | None = None
) -> None:
    """Set the language or the zone that a person chose; no profile changes it from now on."""
    known = _introduction(session, user)
    if language is not None:
        user.language, known.language = language, CHOSEN
    if time_zone is not None:
        user.time_zone, known.time_zone = time_zone, CHOSEN


def _introduction(session: Session, user: User) -> Introduction:
    query = sa.select(Introduction).where(Introduction.user_id == user.id)
    known = session.scalars(query).one_or_none()
    if known is None:
        known = Introduction(user_id=user.id, language="", time_zone="")
        session.add(known)
        session.flush()
    return known


def _code() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


def _hash(code: str) -> str:
    return hashlib.sha256(code.strip().upper().encode()).hexdigest()
