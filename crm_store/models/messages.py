"""Where the messages of a ticket stand on the platforms, and the accounts that customers write from.

The messages themselves are activities: `crm_store/models/support.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_store.models.base import NEVER_REUSED, Base
from crm_store.models.customers import Contact
from crm_store.models.support import Activity, Ticket


class ContactAccount(Base):
    """The account of a customer on one platform; `address` is the chat where we talk in private."""

    __tablename__ = "contact_accounts"
    __table_args__ = (UniqueConstraint("platform", "external_id"), NEVER_REUSED)
    audited: ClassVar[bool] = True

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    platform: Mapped[str]
    external_id: Mapped[str]
    address: Mapped[str]
    language: Mapped[str]
    reachable: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]

    contact: Mapped[Contact] = relationship()


class MessageLink(Base):
    """One message of a platform in which an entry of a ticket stands, or, without one, its card.

    `address` is the chat, with the topic where there is one; `written` says that a person wrote it
    there, else we sent it; `files` counts what it carries; `album` is the platform's name for
    several messages shown as one.
    """

    __tablename__ = "message_links"
    __table_args__ = (
        UniqueConstraint("address", "message_id"),
        Index("ix_message_links_address_album", "address", "album"),
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), index=True)
    activity_id: Mapped[int | None] = mapped_column(ForeignKey("activities.id"), index=True)
    address: Mapped[str]
    message_id: Mapped[str]
    written: Mapped[bool]
    files: Mapped[int] = mapped_column(default=0)
    album: Mapped[str] = mapped_column(default="")

    ticket: Mapped[Ticket] = relationship()
    activity: Mapped[Activity | None] = relationship()


class TicketRoom(Base):
    """Where colleagues talk about one ticket.

    `address` is the chat until the ticket has a topic of its own there; `ready` says that entries
    can be sent to it. `name` and `closed` are the topic as it stands on the platform.
    """

    __tablename__ = "ticket_rooms"
    __table_args__ = (Index("ix_ticket_rooms_address", "address"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), unique=True)
    address: Mapped[str]
    ready: Mapped[bool]
    name: Mapped[str] = mapped_column(default="")
    closed: Mapped[bool] = mapped_column(default=False)

    ticket: Mapped[Ticket] = relationship()


class ChatMove(Base):
    """A chat that has another id since: what the configuration calls `old` is found at `new`."""

    __tablename__ = "chat_moves"

    old: Mapped[str] = mapped_column(unique=True)
    new: Mapped[str]
