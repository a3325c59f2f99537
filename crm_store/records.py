"""What all kinds of records have in common: a kind, a number, a name, and being deleted softly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_store.conversations import Reference
from crm_store.models import Company, Contact, Deal, Order, Product, Task, Ticket
from crm_store.search import key

Model: TypeAlias = Company | Contact | Deal | Ticket | Task | Order | Product

MODELS: Mapping[str, type[Model]] = MappingProxyType(
    {
        "company": Company,
        "contact": Contact,
        "deal": Deal,
        "ticket": Ticket,
        "task": Task,
        "order": Order,
        "product": Product,
    }
)
_KINDS = {model: kind for kind, model in MODELS.items()}
_NAMES: Mapping[str, InstrumentedAttribute[str]] = {
    "company": Company.name_key,
    "contact": Contact.name_key,
    "deal": Deal.title,
    "ticket": Ticket.subject,
    "task": Task.text,
    "product": Product.name,
}


def kind_of(record: Model) -> str:
    """Return `deal` for a deal."""
    return _KINDS[type(record)]


def reference(record: Model) -> Reference:
    """Return the kind and the number of a record."""
    return Reference(kind_of(record), record.id)


def name_of(record: Model) -> str:
    """Return what a person calls the record."""
    match record:
        case Company() | Contact() | Product():
            return record.name
        case Deal():
            return record.title
        case Ticket():
            return record.subject
        case Task():
            return record.text
        case Order():
            return record.external_id or str(record.id)


def find(session: Session, kind: str, record_id: int, *, deleted: bool = False) -> Model | None:
    """Return a record by its number, a deleted one only when asked for."""
    record: Model | None = session.get(_model(kind), record_id)
    return record if record and (deleted or record.deleted_at is None) else None


def load(
    session: Session, references: Sequence[Reference], *, deleted: bool = False
) -> dict[Reference, Model]:
    """Return the records behind `references`, with one query per kind, deleted ones only when asked for."""
    found: dict[Reference, Model] = {}
    for kind in {reference.kind for reference in references}:
        model = _model(kind)
        ids = [reference.id for reference in references if reference.kind == kind]
        query = sa.select(model).where(model.id.in_(ids))
        for record in session.scalars(
            query if deleted else query.where(model.deleted_at.is_(None))
        ):
            found[Reference(kind, record.id)] = record
    return found


def by_name(session: Session, kind: str, name: str, limit: int = 6) -> Sequence[Model]:
    """Return records that are called exactly `name`; case and spacing do not matter for people and companies."""
    column = _NAMES[kind]
    wanted = key(name) if kind in {"company", "contact"} else name
    model = _model(kind)
    query = (
        sa.select(model)
        .where(column == wanted, model.deleted_at.is_(None))
        .order_by(model.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def _model(kind: str) -> Any:  # noqa: ANN401 - a union of classes; their common columns are those of Record
    return MODELS[kind]
