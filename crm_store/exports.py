"""The records of a kind as rows of text for a CSV file, read page by page.

How a cell is kept from being computed is `crm_store/spreadsheets.py`; files are written by `bot/cli/export.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload, raiseload

from crm_store.models import Company, Contact, CustomField, Deal, Order, Tag, Ticket
from crm_store.spreadsheets import guarded

_PAGE = 500
# The columns of each kind; after `=` stands the way from the record to a value that is not its own.
_COLUMNS: Mapping[str, tuple[type[Any], str]] = MappingProxyType(
    {
        "companies": (Company, "id name industry city country website source owner=owner.email"),
        "contacts": (
            Contact,
            (
                "id name title company=company.name email=emails.email phone=phones.phone address"
                " source owner=owner.email"
            ),
        ),
        "deals": (
            Deal,
            (
                "id title company=company.name contact=contact.name stage=stage.name amount currency"
                " opened_on close_on closed_at reason source owner=owner.email"
            ),
        ),
        "tickets": (
            Ticket,
            (
                "id subject text kind status priority queue channel company=company.name"
                " contact=contact.name assignee=assignee.email first_reply_at closed_at satisfaction"
            ),
        ),
        "orders": (
            Order,
            "id company=company.name contact=contact.name ordered_at total currency",
        ),
    }
)
KINDS = tuple(_COLUMNS)
SINGULAR = {
    "companies": "company",
    "contacts": "contact",
    "deals": "deal",
    "tickets": "ticket",
    "orders": "order",
}
_SHARED = ("external_id", "created_at")


def rows(session: Session, kind: str) -> Iterator[list[str]]:
    """Yield the titles and then each record that is not deleted, by number, ready for a CSV writer.

    Several values in one cell stand with `; ` between them. Times are ISO 8601 in UTC, amounts
    plain decimals.
    """
    model, shape = _COLUMNS[kind]
    columns = {name: way or name for name, _, way in (w.partition("=") for w in shape.split())}
    # An order has no tags and no fields of one's own.
    singular = "" if model is Order else SINGULAR[kind]
    added = _added_fields(session, singular)
    yield [*columns, *_SHARED, *(["tags"] if singular else []), *map(guarded, added)]
    for records in _pages(session, model, columns):
        tags = _tags(session, singular, [record.id for record in records]) if singular else {}
        for record in records:
            values = [_value(record, way) for way in (*columns.values(), *_SHARED)]
            if singular:
                values.append("; ".join(tags.get(record.id, ())))
            yield [_cell(value) for value in (*values, *map(record.custom.get, added))]
        session.expunge_all()


def _pages(
    session: Session, model: type[Any], columns: Mapping[str, str]
) -> Iterator[Sequence[Any]]:
    related = {way.partition(".")[0] for way in columns.values() if "." in way}
    single = [getattr(model, name) for name in related - {"emails", "phones"}]
    options = [*(joinedload(each) for each in single), *_unneeded(model, related)]
    last = 0
    while True:
        query = sa.select(model).where(model.id > last, model.deleted_at.is_(None))
        query = query.options(*options).order_by(model.id).limit(_PAGE)
        records = session.scalars(query).all()
        if not records:
            return
        last = records[-1].id
        yield records


def _unneeded(model: type[Any], related: set[str]) -> list[Any]:
    names = [each.key for each in sa.inspect(model).relationships if each.key not in related]
    return [raiseload(getattr(model, name)) for name in names]


def _value(record: Any, way: str) -> Any:  # noqa: ANN401 - any column value
    name, _dot, field = way.partition(".")
    value = getattr(record, name)
    if not field or value is None:
        return value
    if isinstance(value, list):
        return "; ".join(getattr(each, field) for each in value)
    return getattr(value, field)


def _cell(value: Any) -> str:  # noqa: ANN401 - any column value
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | float() | Decimal():
            return str(value)  # a number is not computed, however it begins
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
    return guarded(str(value))


def _added_fields(session: Session, kind: str) -> list[str]:
    query = sa.select(CustomField.name).where(CustomField.kind == kind).order_by(CustomField.id)
    return list(session.scalars(query))


def _tags(session: Session, kind: str, ids: Sequence[int]) -> dict[int, list[str]]:
    query = sa.select(Tag.record_id, Tag.name).where(Tag.kind == kind, Tag.record_id.in_(ids))
    found: dict[int, list[str]] = {}
    for record_id, name in session.execute(query.order_by(Tag.record_id, Tag.name)):
        found.setdefault(record_id, []).append(name)
    return found
