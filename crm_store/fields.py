"""The fields that an admin adds to a kind of record, and their values in the record's `custom`.

Reading a value from what was typed, and showing it, is the work of `handlers/fields.py`.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_store.models import CustomField

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from crm_store.records import Model

_OPTIONS = ":"
_OPTION = "|"


class RecordKind(enum.StrEnum):
    """The kinds of records that people look up and that may have added fields."""

    COMPANY = "company"
    CONTACT = "contact"
    DEAL = "deal"
    TICKET = "ticket"


class FieldType(enum.StrEnum):
    """What a custom field holds.

    In `custom` a text and a choice are strings, a number is an int or a float, a date is an ISO
    day, and a yes or no is a bool; an empty field is absent.
    """

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    CHOICE = "choice"


def type_of(field: CustomField) -> FieldType:
    """Return what a field holds."""
    return FieldType(field.type.partition(_OPTIONS)[0])


def options_of(field: CustomField) -> list[str]:
    """Return what may be chosen for a field of the type choice."""
    options = field.type.partition(_OPTIONS)[2]
    return options.split(_OPTION) if options else []


def define(
    session: Session, kind: str, name: str, label: str, type_: FieldType, options: Sequence[str]
) -> CustomField:
    """Add a field to every record of a kind; the options of a choice must not hold `|`."""
    stored = type_.value + (_OPTIONS + _OPTION.join(options) if options else "")
    field = CustomField(kind=kind, name=name, label=label, type=stored)
    session.add(field)
    session.flush()
    return field


def find(session: Session, kind: str, name: str) -> CustomField | None:
    """Return the field of this name on a kind of record."""
    query = sa.select(CustomField).where(CustomField.kind == kind, CustomField.name == name)
    return session.scalars(query).one_or_none()


def list_fields(session: Session, kind: str | None = None) -> Sequence[CustomField]:
    """Return the fields of one kind of record, or of all kinds, in the order they were added."""
    query = sa.select(CustomField)
    if kind is not None:
        query = query.where(CustomField.kind == kind)
    return session.scalars(query.order_by(CustomField.kind, CustomField.id)).all()


def remove(session: Session, field: CustomField) -> None:
    """Take a field away; the values stay in the records and are back when it is added again."""
    session.delete(field)


def put(record: Model, field: CustomField, value: Any) -> None:  # noqa: ANN401 - a JSON value
    """Fill a field of a record; None empties it."""
    others = {name: kept for name, kept in record.custom.items() if name != field.name}
    record.custom = others if value is None else {**others, field.name: value}
