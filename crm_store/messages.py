"""Queries about the messages of tickets: who wrote, where each stands, which topic a ticket has.

A message is an activity; how one is shown and sent is `handlers/rooms.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from crm_store import contacts
from crm_store.addresses import Address
from crm_store.models import (
    Activity,
    Contact,
    ContactAccount,
    MessageLink,
    Notice,
    NoticeState,
    Ticket,
    TicketRoom,
)
from crm_store.tickets import UNFINISHED

# Long enough to see a slip and press Cancel, short enough that the customer does not wait for it.
HOLD = timedelta(seconds=10)
_WITHDRAWN = "withdrawn"


def account(session: Session, platform: str, external_id: str) -> ContactAccount | None:
    """Return the account of a customer whose contact stands."""
    query = (
        sa.select(ContactAccount)
        .join(Contact)
        .where(
            ContactAccount.platform == platform,
            ContactAccount.external_id == external_id,
            Contact.deleted_at.is_(None),
        )
    )
    return session.scalars(query).one_or_none()


def add_account(
    session: Session, name: str, external_id: str, address: Address, language: str, now: datetime
) -> ContactAccount:
    """Make a contact for a customer who writes for the first time, with the account.

    An account whose contact was deleted gets a new contact.
    """
    contact = contacts.add(
        session, Contact(name=name, source=address.platform, created_at=now, custom={})
    )
    query = sa.select(ContactAccount).where(
        ContactAccount.platform == address.platform, ContactAccount.external_id == external_id
    )
    found = session.scalars(query).one_or_none()
    if found is None:
        found = ContactAccount(platform=address.platform, external_id=external_id, created_at=now)
        session.add(found)
    found.reachable = True
    found.contact, found.address, found.language = contact, str(address), language
    session.flush()
    return found


def account_of(session: Session, contact_id: int | None) -> ContactAccount | None:
    """Return the account that a contact wrote from last, None when there is none."""
    if contact_id is None:
        return None
    query = sa.select(ContactAccount).where(ContactAccount.contact_id == contact_id)
    return session.scalars(query.order_by(ContactAccount.id.desc()).limit(1)).first()


def set_reachable(
    session: Session, platform: str, external_id: str, *, reachable: bool
) -> ContactAccount | None:
    """Note whether a customer lets us write, and return the account if that is news."""
    found = account(session, platform, external_id)
    if found is None or found.reachable is reachable:
        return None
    found.reachable = reachable
    return found


def ticket_at(session: Session, address: Address) -> Ticket | None:
    """Return the newest unfinished ticket that is talked about in a private chat with a customer.

    One whose contact was deleted is left alone: no answer reaches anybody.
    """
    query = (
        sa.select(Ticket)
        .join(MessageLink)
        .join(Ticket.contact)
        .where(
            MessageLink.address == str(address),
            Contact.deleted_at.is_(None),
            Ticket.status.in_(UNFINISHED),
            Ticket.deleted_at.is_(None),
        )
        .order_by(Ticket.id.desc())
    )
    return session.scalars(query.limit(1)).first()


def link(
    session: Session,
    ticket_id: int,
    activity_id: int | None,
    address: Address,
    message_id: str,
    *,
    written: bool,
    files: int,
    album: str = "",
) -> None:
    """Remember in which message of a platform an entry stands, or, without one, a ticket's card."""
    session.add(
        MessageLink(
            ticket_id=ticket_id,
            activity_id=activity_id,
            address=str(address),
            message_id=message_id,
            written=written,
            files=files,
            album=album,
        )
    )
    session.flush()


def entry_at(session: Session, address: Address, message_id: str) -> MessageLink | None:
    """Return what stands in one message."""
    query = sa.select(MessageLink).where(
        MessageLink.address == str(address), MessageLink.message_id == message_id
    )
    query = query.options(joinedload(MessageLink.activity), joinedload(MessageLink.ticket))
    return session.scalars(query).one_or_none()


def entry_of_album(session: Session, address: Address, album: str) -> Activity | None:
    """Return the entry that the first part of an album made."""
    query = (
        sa.select(Activity)
        .join(MessageLink)
        .where(MessageLink.address == str(address), MessageLink.album == album)
        .order_by(MessageLink.id)
    )
    return session.scalars(query.limit(1)).first() if album else None


def links(session: Session, activity_id: int, address: Address) -> Sequence[MessageLink]:
    """Return the messages at one address in which an entry stands, in their order."""
    query = sa.select(MessageLink).where(
        MessageLink.activity_id == activity_id, MessageLink.address == str(address)
    )
    return session.scalars(query.order_by(MessageLink.id)).all()


def talks_at(session: Session, ticket_id: int, address: str) -> bool:
    """Tell whether a ticket was talked about at an address."""
    query = sa.select(MessageLink.id).where(
        MessageLink.ticket_id == ticket_id, MessageLink.address == address
    )
    return session.execute(query.limit(1)).first() is not None


def room_of(session: Session, ticket_id: int) -> TicketRoom | None:
    """Return where a ticket is talked about."""
    query = sa.select(TicketRoom).where(TicketRoom.ticket_id == ticket_id)
    return session.scalars(query).one_or_none()


def hold_room(session: Session, ticket_id: int) -> TicketRoom | None:
    """Return where a ticket is talked about; nobody else holds it until the transaction ends.

    Without this an entry that is written while the topic opens would be sent by nobody.
    """
    query = sa.select(TicketRoom).where(TicketRoom.ticket_id == ticket_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def room_at(session: Session, address: Address) -> TicketRoom | None:
    """Return the room that is a topic, by its address."""
    if not address.thread:
        return None
    query = sa.select(TicketRoom).where(TicketRoom.address == str(address), TicketRoom.ready)
    return session.scalars(query.limit(1)).first()


def open_room(session: Session, ticket: Ticket, address: Address, *, ready: bool) -> TicketRoom:
    """Give a ticket its room; one that is not `ready` waits for a topic."""
    room = TicketRoom(ticket_id=ticket.id, address=str(address), ready=ready, name="", closed=False)
    session.add(room)
    session.flush()
    return room


def entries_of(session: Session, ticket_id: int) -> Sequence[Activity]:
    """Return the entries of a ticket, oldest first."""
    query = sa.select(Activity).where(
        Activity.ticket_id == ticket_id, Activity.deleted_at.is_(None)
    )
    return session.scalars(query.order_by(Activity.at, Activity.id)).all()


def withdraw(session: Session, prefix: str) -> bool:
    """Take back the notices whose key begins so; False when one may have left already."""
    ours = Notice.key.startswith(prefix, autoescape=True)
    statement = (
        sa.update(Notice)
        .where(ours, Notice.state == NoticeState.WAITING)
        .values(state=NoticeState.SENT, reason=_WITHDRAWN)
    )
    session.execute(statement, execution_options={"synchronize_session": False})
    left = Notice.state.in_([NoticeState.SENDING, NoticeState.SENT, NoticeState.UNKNOWN])
    gone = sa.select(Notice.id).where(ours, left, Notice.reason.is_distinct_from(_WITHDRAWN))
    return session.execute(gone.limit(1)).first() is None
