"""Queries about companies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from crm_store import legal_forms
from crm_store.models import Company, Contact, Deal, Order, Stage, StageKind, Ticket, TicketStatus
from crm_store.search import key, titled

FIELDS = ("industry", "city", "country", "website", "source")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which companies a list holds; None does not restrict it, and the case of letters does not matter."""

    owner_id: int | None = None
    industry: str | None = None
    city: str | None = None
    country: str | None = None


def add(
    session: Session, name: str, owner_id: int | None, now: datetime, **fields: str | None
) -> Company:
    """Add a company; `fields` are some of `FIELDS`."""
    company = Company(name=name, name_key=key(name), owner_id=owner_id, created_at=now, **fields)
    session.add(company)
    session.flush()
    return company


def rename(company: Company, name: str) -> None:
    """Give a company another name."""
    company.name, company.name_key = name, key(name)


def same_name(session: Session, name: str) -> Sequence[Company]:
    """Return the companies that already have this name, however it is written."""
    query = sa.select(Company).where(Company.name_key == key(name), Company.deleted_at.is_(None))
    return session.scalars(query.order_by(Company.id).limit(5)).all()


def same_but_form(session: Session, name: str, limit: int = 6) -> Sequence[Company]:
    """Return the companies of this name but for a legal form that it, or theirs, leaves out."""
    ids = titled(session, "company", legal_forms.titles(name), limit)
    query = sa.select(Company).where(Company.id.in_(ids), Company.deleted_at.is_(None))
    found = session.scalars(query.order_by(Company.id)).all()
    return [company for company in found if legal_forms.same(company.name, name)]


def list_page(
    session: Session, wanted: Filter, offset: int, limit: int
) -> tuple[Sequence[Company], int]:
    """Return one page of the companies by name, and how many there are."""
    conditions: list[sa.ColumnElement[bool]] = [Company.deleted_at.is_(None)]
    if wanted.owner_id is not None:
        conditions.append(Company.owner_id == wanted.owner_id)
    for column, text in (
        (Company.industry, wanted.industry),
        (Company.city, wanted.city),
        (Company.country, wanted.country),
    ):
        if text is not None:
            lower = sa.func.lower(column) == text.lower()
            conditions.append(sa.or_(column == text, lower))
    total = session.scalar(sa.select(sa.func.count()).select_from(Company).where(*conditions)) or 0
    query = (
        sa.select(Company)
        .where(*conditions)
        .options(joinedload(Company.owner))
        .order_by(Company.name_key, Company.id)
    )
    return session.scalars(query.offset(offset).limit(limit)).all(), total


def contacts_of(session: Session, company: Company, limit: int) -> Sequence[Contact]:
    """Return the first contacts of a company."""
    query = sa.select(Contact).where(Contact.company_id == company.id, Contact.deleted_at.is_(None))
    return session.scalars(query.order_by(Contact.id).limit(limit)).all()


def open_deals(session: Session, company: Company) -> list[tuple[str, int, Decimal]]:
    """Return currency, count and sum of the open deals of a company; deals without an amount count as 0."""
    query = (
        sa.select(Deal.currency, sa.func.count(), sa.func.sum(Deal.amount))
        .join(Stage)
        .where(
            Deal.company_id == company.id, Deal.deleted_at.is_(None), Stage.kind == StageKind.OPEN
        )
        .group_by(Deal.currency)
        .order_by(Deal.currency)
    )
    return [
        (currency, count, total or Decimal(0)) for currency, count, total in session.execute(query)
    ]


def open_tickets(session: Session, company: Company) -> int:
    """Return how many tickets of a company are not finished."""
    finished = (TicketStatus.SOLVED, TicketStatus.CLOSED)
    query = sa.select(sa.func.count()).select_from(Ticket)
    return (
        session.scalar(
            query.where(
                Ticket.company_id == company.id,
                Ticket.deleted_at.is_(None),
                Ticket.status.not_in(finished),
            )
        )
        or 0
    )


def purchases(session: Session, company: Company) -> tuple[int, Decimal, str, datetime] | None:
    """Return count, sum, currency and the last day of the orders in the currency used most, None without orders."""
    query = (
        sa.select(
            sa.func.count(), sa.func.sum(Order.total), Order.currency, sa.func.max(Order.ordered_at)
        )
        .where(Order.company_id == company.id, Order.deleted_at.is_(None))
        .group_by(Order.currency)
        .order_by(sa.func.count().desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return (row[0], row[1], row[2], row[3]) if row else None
