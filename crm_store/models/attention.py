"""What people want to hear and when: defaults by role, mutes, holidays, leave, channels, what was acknowledged.

A person's own settings stand in `User.settings`; what is made of all this, in `crm_store/attention.py`.
"""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_store.models.base import NEVER_REUSED, Base, choice
from crm_store.models.people import Role, User


class RoleSettings(Base):
    """What a role starts with: `settings` by name, and in `locked` the names that nobody may set otherwise."""

    __tablename__ = "role_settings"
    __table_args__ = (NEVER_REUSED,)
    audited: ClassVar[bool] = True

    role: Mapped[Role] = mapped_column(choice(Role), unique=True)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    locked: Mapped[list[Any]] = mapped_column(default=list)


class Mute(Base):
    """Silence about a subject until a moment, for one person or, where `user_id` is None, for everyone.

    `subject` is a record (`ticket:42`), a customer (`company:7`), a kind of notice (`kind:task_due`)
    or a channel (`place:slack:C0123`). `ended_at` is set when somebody ends it before its time.
    """

    __tablename__ = "mutes"
    __table_args__ = (Index("ix_mutes_until", "until"), NEVER_REUSED)
    audited: ClassVar[bool] = True

    subject: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    made_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str]
    until: Mapped[datetime]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    made_by: Mapped[User] = relationship(foreign_keys=[made_by_id])


class Holiday(Base):
    """A day on which nobody who follows `calendar` is disturbed."""

    __tablename__ = "holidays"
    __table_args__ = (UniqueConstraint("calendar", "on"), NEVER_REUSED)
    audited: ClassVar[bool] = True

    calendar: Mapped[str]
    on: Mapped[date]
    name: Mapped[str]


class Leave(Base):
    """Days on which a person is away, first and last included, on their own calendar."""

    __tablename__ = "leaves"
    __table_args__ = (Index("ix_leaves_user_id_until_on", "user_id", "until_on"), NEVER_REUSED)
    audited: ClassVar[bool] = True

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    from_on: Mapped[date]
    until_on: Mapped[date]


class Mode(enum.StrEnum):
    """What a channel does with the second message about a record."""

    THREAD = "thread"
    EDIT = "edit"
    SEPARATE = "separate"


class ChannelMode(Base):
    """How one channel wants the updates of a record; `channel` is `platform:chat`."""

    __tablename__ = "channel_modes"
    __table_args__ = (NEVER_REUSED,)
    audited: ClassVar[bool] = True

    channel: Mapped[str] = mapped_column(unique=True)
    mode: Mapped[Mode] = mapped_column(choice(Mode))


class Acknowledgement(Base):
    """Somebody has seen to a matter, so it is not told again; see `Notice.matter`."""

    __tablename__ = "acknowledgements"
    __table_args__ = (NEVER_REUSED,)
    audited: ClassVar[bool] = True

    matter: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]

    user: Mapped[User] = relationship()
