"""Queries about contacts: the people at a customer, how they are reached and what they agreed to.

Their tags stand in `crm_store/tags.py`, what happened with them in `crm_store/activities.py`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, lazyload

from crm_store.models import (
    Activity,
    Company,
    Consent,
    Contact,
    ContactEmail,
    ContactPhone,
    Deal,
    Order,
    Stage,
    StageKind,
    Tag,
    Ticket,
    TicketStatus,
)
from crm_store.search import key

if TYPE_CHECKING:
    from collections.abc import Sequence

Point: TypeAlias = ContactEmail | ContactPhone


class Sameness(enum.StrEnum):
    """Why two contacts may be one person."""

    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Twin:
    """Another contact that may be the same person, and the reasons."""

    contact: Contact
    reasons: tuple[Sameness, ...]


@dataclass(frozen=True, slots=True)
class Purchases:
    """The orders of a contact in one currency; returns lower the sum."""

    currency: str
    count: int
    total: Decimal
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which contacts a list holds; None does not restrict it."""

    tag: str | None = None
    company_id: int | None = None
    owner_id: int | None = None


def add(session: Session, contact: Contact) -> Contact:
    """Keep a new contact; its `name_key` is computed here."""
    contact.name_key = key(contact.name)
    session.add(contact)
    session.flush()
    return contact


def rename(contact: Contact, name: str) -> None:
    """Give a contact another name."""
    contact.name, contact.name_key = name, key(name)


def twins(session: Session, contact: Contact, limit: int = 5) -> list[Twin]:
    """Return contacts with the same e-mail, the same phone, or the same name at the same company.

    Two contacts of one name without any company count as being at the same one.
    """
    same = sa.union_all(*_same(contact)).subquery()
    query = (
        sa.select(Contact, same.c.reason)
        .join(same, same.c.id == Contact.id)
        .where(Contact.id != contact.id, Contact.deleted_at.is_(None))
        .order_by(Contact.id, same.c.reason)
    )
    reasons: dict[Contact, list[Sameness]] = {}
    for other, reason in session.execute(query):
        known = reasons.setdefault(other, [])
        if Sameness(reason) not in known:
            known.append(Sameness(reason))
    return [Twin(other, tuple(known)) for other, known in list(reasons.items())[:limit]]


def list_page(
    session: Session, wanted: Filter, offset: int, limit: int
) -> tuple[Sequence[Contact], int]:
    """Return one page of the contacts by name, and how many there are."""
    conditions: list[sa.ColumnElement[bool]] = [Contact.deleted_at.is_(None)]
    if wanted.company_id is not None:
        conditions.append(Contact.company_id == wanted.company_id)
    if wanted.owner_id is not None:
        conditions.append(Contact.owner_id == wanted.owner_id)
    if wanted.tag is not None:
        tagged = sa.select(Tag.record_id).where(Tag.kind == "contact", Tag.name == wanted.tag)
        conditions.append(Contact.id.in_(tagged))
    total = session.scalar(sa.select(sa.func.count()).select_from(Contact).where(*conditions)) or 0
    query = (
        sa.select(Contact)
        .where(*conditions)
        .options(joinedload(Contact.company), joinedload(Contact.owner))
        .options(lazyload(Contact.emails), lazyload(Contact.phones))
        .order_by(Contact.name_key, Contact.id)
    )
    return session.scalars(query.offset(offset).limit(limit)).all(), total


def add_point(session: Session, contact: Contact, point: Point) -> None:
    """Add an e-mail address or a phone number to a contact."""
    if isinstance(point, ContactEmail):
        contact.emails.append(point)
    else:
        contact.phones.append(point)
    session.flush()


def remove_point(session: Session, contact: Contact, point: Point) -> None:
    """Take an e-mail address or a phone number off a contact."""
    session.delete(point)  # taking it out of the list would not pass the audit
    session.flush()
    session.expire(contact, ["emails", "phones"])


def add_consent(session: Session, contact: Contact, consent: Consent) -> None:
    """Keep what a contact agreed to or withdrew; earlier answers stay as the record of it."""
    contact.consents.append(consent)
    session.flush()


def consents(contact: Contact) -> list[Consent]:
    """Return the answer that counts for each purpose: the last one."""
    return list({consent.purpose: consent for consent in contact.consents}.values())


def open_deals(session: Session, contact: Contact) -> list[tuple[str, int, Decimal]]:
    """Return currency, count and sum of the open deals; deals without an amount count as 0."""
    query = (
        sa.select(Deal.currency, sa.func.count(), sa.func.coalesce(sa.func.sum(Deal.amount), 0))
        .join(Stage)
        .where(
            Deal.contact_id == contact.id,
            Deal.deleted_at.is_(None),
            Stage.kind == StageKind.OPEN,
        )
        .group_by(Deal.currency)
        .order_by(Deal.currency)
    )
    return [(row[0], row[1], row[2] or Decimal(0)) for row in session.execute(query)]


def open_tickets(session: Session, contact: Contact) -> int:
    """Return how many tickets of a contact are not finished."""
    query = (
        sa.select(sa.func.count())
        .select_from(Ticket)
        .where(
            Ticket.contact_id == contact.id,
            Ticket.deleted_at.is_(None),
            Ticket.status.not_in((TicketStatus.SOLVED, TicketStatus.CLOSED)),
        )
    )
    return session.scalar(query) or 0


def purchases(session: Session, contact: Contact) -> list[Purchases]:
    """Return what a contact bought, per currency."""
    query = (
        sa.select(
            Order.currency, sa.func.count(), sa.func.sum(Order.total), sa.func.max(Order.ordered_at)
        )
        .where(Order.contact_id == contact.id, Order.deleted_at.is_(None))
        .group_by(Order.currency)
        .order_by(Order.currency)
    )
    return [Purchases(*row) for row in session.execute(query)]


def last_activity_at(session: Session, contact: Contact) -> datetime | None:
    """Return when something was last logged with a contact."""
    query = sa.select(sa.func.max(Activity.at)).where(
        Activity.contact_id == contact.id, Activity.deleted_at.is_(None)
    )
    return session.scalar(query)


def company_named(session: Session, name: str) -> Company | None:
    """Return the oldest company of exactly this name, however it is written."""
    query = sa.select(Company).where(Company.name_key == key(name), Company.deleted_at.is_(None))
    return session.scalars(query.order_by(Company.id).limit(1)).first()


def _same(contact: Contact) -> list[sa.Select[int, str]]:
    emails = [point.email for point in contact.emails]
    phones = [point.phone for point in contact.phones]
    of_email = _reason(ContactEmail.contact_id, Sameness.EMAIL)
    of_phone = _reason(ContactPhone.contact_id, Sameness.PHONE)
    of_name = _reason(Contact.id, Sameness.NAME)
    return [
        of_email.where(ContactEmail.email.in_(emails)),
        of_phone.where(ContactPhone.phone.in_(phones)),
        of_name.where(
            Contact.name_key == contact.name_key,
            Contact.company_id.is_not_distinct_from(contact.company_id),
        ),
    ]


def _reason(
    column: sa.ColumnElement[int] | sa.orm.InstrumentedAttribute[int], reason: Sameness
) -> sa.Select[int, str]:
    return sa.select(column.label("id"), sa.literal(reason.value).label("reason"))
