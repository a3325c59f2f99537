"""Companies and contacts, how they are reached, what they agreed to, and the fields that an admin adds."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_store.models.base import NEVER_REUSED, Base, BigId, Record, filled
from crm_store.models.people import User


class Company(Record, Base):
    """A customer or prospect; `name_key` is the name as `crm_store.search.key` folds it, for exact look-ups."""

    __tablename__ = "companies"
    __table_args__ = (
        Index("ix_companies_name_key_id", "name_key", "id"),
        filled("external_id"),
        filled("import_id"),
    )

    name: Mapped[str]
    name_key: Mapped[str]
    industry: Mapped[str | None]
    city: Mapped[str | None]
    country: Mapped[str | None]
    website: Mapped[str | None]
    source: Mapped[str | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)

    owner: Mapped[User | None] = relationship()
    contacts: Mapped[list[Contact]] = relationship(back_populates="company", order_by="Contact.id")


class Contact(Record, Base):
    """A person at a customer, or a customer on their own."""

    __tablename__ = "contacts"
    __table_args__ = (
        Index("ix_contacts_name_key_id", "name_key", "id"),
        filled("external_id"),
        filled("import_id"),
        filled("company_id"),
    )

    name: Mapped[str]
    name_key: Mapped[str]
    title: Mapped[str | None]
    address: Mapped[str | None]
    source: Mapped[str | None]
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)

    company: Mapped[Company | None] = relationship(back_populates="contacts")
    owner: Mapped[User | None] = relationship()
    emails: Mapped[list[ContactEmail]] = relationship(
        order_by="ContactEmail.id", cascade="all, delete-orphan", lazy="selectin"
    )
    phones: Mapped[list[ContactPhone]] = relationship(
        order_by="ContactPhone.id", cascade="all, delete-orphan", lazy="selectin"
    )
    consents: Mapped[list[Consent]] = relationship(
        order_by="Consent.id", cascade="all, delete-orphan"
    )


class OfContact:
    """What belongs to one contact, and whose changes stand in the audit by themselves."""

    __table_args__ = (NEVER_REUSED,)
    audited: ClassVar[bool] = True

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)


class ContactEmail(OfContact, Base):
    """One e-mail address of a contact, in the form `handlers.reading.contact_points` gives it."""

    __tablename__ = "contact_emails"

    email: Mapped[str] = mapped_column(index=True)


class ContactPhone(OfContact, Base):
    """One phone number of a contact in E.164 form, with `;ext=` where there is an extension."""

    __tablename__ = "contact_phones"

    phone: Mapped[str] = mapped_column(index=True)


class Consent(OfContact, Base):
    """What a contact agreed to or withdrew, for which purpose, and where we heard it."""

    __tablename__ = "consents"

    purpose: Mapped[str]
    granted: Mapped[bool]
    source: Mapped[str]
    at: Mapped[datetime]


class Tag(Base):
    """A word on a record of any kind."""

    __tablename__ = "tags"
    __table_args__ = (
        UniqueConstraint("kind", "record_id", "name"),
        Index("ix_tags_name_kind", "name", "kind"),
        NEVER_REUSED,
    )
    audited: ClassVar[bool] = True

    kind: Mapped[str]
    record_id: Mapped[int] = mapped_column(BigId)
    name: Mapped[str]


class CustomField(Base):
    """A field that an admin added to a kind of record; values stand in the record's `custom` under `name`."""

    __tablename__ = "custom_fields"
    __table_args__ = (UniqueConstraint("kind", "name"), NEVER_REUSED)
    audited: ClassVar[bool] = True

    kind: Mapped[str]
    name: Mapped[str]
    label: Mapped[str]
    type: Mapped[str]
