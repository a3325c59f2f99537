"""Who uses Rapport: teams, users, their accounts on the platforms and the codes that link them."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_store.models.base import NEVER_REUSED, Base, choice


class Role(enum.StrEnum):
    """What a person may do; the first two are only asked for, never given."""

    ANYONE = "anyone"
    MEMBER = "member"
    REP = "rep"
    AGENT = "agent"
    MANAGER = "manager"
    ADMIN = "admin"

    def may(self, required: Role) -> bool:
        """Tell whether a person of this role may run what asks for `required`."""
        return required in _GRANTS[self]


_GRANTS: dict[Role, frozenset[Role]] = {
    Role.ANYONE: frozenset({Role.ANYONE}),
    Role.MEMBER: frozenset({Role.ANYONE, Role.MEMBER}),
    Role.REP: frozenset({Role.ANYONE, Role.MEMBER, Role.REP}),
    Role.AGENT: frozenset({Role.ANYONE, Role.MEMBER, Role.AGENT}),
    Role.MANAGER: frozenset(set(Role) - {Role.ADMIN}),
    Role.ADMIN: frozenset(Role),
}


class Team(Base):
    """A group of users that reports are made for."""

    __tablename__ = "teams"
    audited: ClassVar[bool] = True

    name: Mapped[str] = mapped_column(unique=True)


class User(Base):
    """A colleague; `settings` holds personal preferences by name."""

    __tablename__ = "users"
    audited: ClassVar[bool] = True

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(choice(Role))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    language: Mapped[str]
    time_zone: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]

    team: Mapped[Team | None] = relationship()
    identities: Mapped[list[Identity]] = relationship(back_populates="user", order_by="Identity.id")


class Identity(Base):
    """One account of a user on one platform; `address` is the chat where the person is reached in private."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("platform", "external_id"), NEVER_REUSED)
    audited: ClassVar[bool] = True

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    platform: Mapped[str]
    external_id: Mapped[str]
    address: Mapped[str]
    reachable: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]

    user: Mapped[User] = relationship(back_populates="identities")


class LinkCode(Base):
    """A one-time code that links another account to a user; only its hash is kept."""

    __tablename__ = "link_codes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    code_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AccountCode(Base):
    """A one-time code with which a colleague takes a stranger's account in; only its hash is kept."""

    __tablename__ = "account_codes"

    code_hash: Mapped[str] = mapped_column(unique=True)
    platform: Mapped[str]
    external_id: Mapped[str]
    address: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Introduction(Base):
    """What a platform's profile said of a person when they were first heard there; what they chose since stays."""

    __tablename__ = "introductions"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
    language: Mapped[str]
    time_zone: Mapped[str]
