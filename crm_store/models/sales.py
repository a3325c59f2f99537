"""Pipelines, stages, deals and their way through the stages; products and orders."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_store.models.base import Base, Record, choice, filled
from crm_store.models.customers import Company, Contact
from crm_store.models.people import User


class StageKind(enum.StrEnum):
    """Whether a deal in the stage is still open, or how it ended."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Pipeline(Base):
    """An ordered set of stages; one is the default."""

    __tablename__ = "pipelines"
    audited: ClassVar[bool] = True

    name: Mapped[str] = mapped_column(unique=True)
    is_default: Mapped[bool] = mapped_column(default=False)

    stages: Mapped[list[Stage]] = relationship(back_populates="pipeline", order_by="Stage.position")


class Stage(Base):
    """A step of a pipeline; `required` names the fields a deal must have to enter, `probability` is in per cent."""

    __tablename__ = "stages"
    __table_args__ = (UniqueConstraint("pipeline_id", "name"),)
    audited: ClassVar[bool] = True

    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipelines.id"))
    name: Mapped[str]
    position: Mapped[int]
    kind: Mapped[StageKind] = mapped_column(choice(StageKind))
    probability: Mapped[int]
    required: Mapped[list[Any]] = mapped_column(default=list)

    pipeline: Mapped[Pipeline] = relationship(back_populates="stages")


class Deal(Record, Base):
    """A possible sale; `amount` is None while nobody has priced it."""

    __tablename__ = "deals"
    __table_args__ = (
        Index("ix_deals_stage_id_close_on", "stage_id", "close_on"),
        Index("ix_deals_owner_id_stage_id", "owner_id", "stage_id"),
        filled("external_id"),
        filled("import_id"),
        filled("company_id"),
        filled("contact_id"),
    )

    title: Mapped[str]
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    stage_id: Mapped[int] = mapped_column(ForeignKey("stages.id"))
    amount: Mapped[Decimal | None]
    currency: Mapped[str]
    opened_on: Mapped[date]
    close_on: Mapped[date | None]
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    reason: Mapped[str | None]
    source: Mapped[str | None]
    last_activity_at: Mapped[datetime] = mapped_column(index=True)

    company: Mapped[Company | None] = relationship()
    contact: Mapped[Contact | None] = relationship()
    owner: Mapped[User | None] = relationship()
    stage: Mapped[Stage] = relationship()


class StageChange(Base):
    """A deal entered a stage; the last one by `at` is where it stands."""

    __tablename__ = "stage_changes"
    __table_args__ = (Index("ix_stage_changes_deal_id_at", "deal_id", "at"),)
    audited: ClassVar[bool] = True

    deal_id: Mapped[int] = mapped_column(ForeignKey("deals.id"))
    stage_id: Mapped[int] = mapped_column(ForeignKey("stages.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]

    stage: Mapped[Stage] = relationship()


class Product(Record, Base):
    """Something we sell."""

    __tablename__ = "products"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    price: Mapped[Decimal | None]
    currency: Mapped[str]


class Order(Record, Base):
    """A purchase or, with a negative total, a return; it belongs to a company, a contact or both."""

    __tablename__ = "orders"
    __table_args__ = (
        filled("company_id", "ordered_at", "total"),
        filled("contact_id", "ordered_at"),
        filled("external_id"),
        filled("import_id"),
    )

    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    ordered_at: Mapped[datetime] = mapped_column(index=True)
    total: Mapped[Decimal]
    currency: Mapped[str]

    company: Mapped[Company | None] = relationship()
    contact: Mapped[Contact | None] = relationship()
    lines: Mapped[list[OrderLine]] = relationship(back_populates="order", order_by="OrderLine.id")


class OrderLine(Base):
    """One product of an order; `amount` is quantity times unit price."""

    __tablename__ = "order_lines"
    audited: ClassVar[bool] = True

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), index=True)
    description: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[Decimal]
    amount: Mapped[Decimal]

    order: Mapped[Order] = relationship(back_populates="lines")
    product: Mapped[Product | None] = relationship()
