"""Records as plain columns for analysis, each row as it stood at its own moment, page by page.

Which rows there are and what became of them is `crm_store/table_rows.py`; the columns that each kind
of record has, `crm_store/table_columns.py`. Not here: DataFrames and what is worked out from them.

A row is a record at a moment, and nothing from after that moment is in its columns:

- orders, tickets, activities, other deals and contacts count if they happened before it;
- the stage of a deal is the last open one that it had entered before it;
- what stands in the record, in its company and in the added fields is taken back by the audit to
  what it was. Imports only add records and leave no line of the audit, so a record that was
  entered after the moment, with a history from before it, is taken as it was entered: `late` says
  how many these are;
- tags are left out: nobody keeps when one came;
- deleted records are no rows and are not counted.

Amounts are those of one currency; in another currency they are None and counted in `other_currency`.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from crm_store import fields, table_columns
from crm_store.exclusions import is_excluded
from crm_store.fields import FieldType
from crm_store.models import CustomField
from crm_store.table_columns import DAYS, Kind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crm_store.table_rows import Pick, Rows

__all__ = ["Cell", "Column", "Draft", "Kind", "Table", "open_table", "read_page"]

PAGE = 1_000
ADDED = "custom."
Cell: TypeAlias = float | str | bool | datetime | None

_KINDS = {
    FieldType.TEXT: Kind.CATEGORY,
    FieldType.CHOICE: Kind.CATEGORY,
    FieldType.NUMBER: Kind.NUMBER,
    FieldType.YES_NO: Kind.YES_NO,
    FieldType.DATE: Kind.MOMENT,
}


class Left(enum.StrEnum):
    """Why a column that could be there is not."""

    EXCLUDED = "excluded"
    OUTCOME = "outcome"  # it is what is asked about, or says it in other words


@dataclass(frozen=True, slots=True)
class Column:
    """One field of every row; `label` is what an admin called an added field, whose name is `custom.<name>`."""

    name: str
    kind: Kind
    values: list[Cell]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Records at moments.

    Attributes:
        of: the kind of the records.
        ids: their numbers, ascending; one record may stand in several rows.
        moments: the moment of each row; nothing from after it is in the columns.
        outcomes: what became of each after its moment: a bool, a number, or None where nothing is asked.
        columns: numbers are floats, moments aware, what is not known None.
        left: the columns that were not read, by name (the label of an added field), with the reason.
        currency: of every amount.
        other_currency: rows whose amount is of another currency and therefore None.
        late: rows that were entered after their moment.
        skipped: records that are no row, as they were never seen at such a moment.
    """

    of: str
    ids: list[int]
    moments: list[datetime]
    outcomes: list[bool | float | None]
    columns: tuple[Column, ...]
    left: Mapping[str, Left]
    currency: str
    other_currency: int
    late: int
    skipped: int

    @property
    def excluded(self) -> list[str]:
        """The fields that nobody may analyse and that were therefore not read."""
        return sorted(name for name, why in self.left.items() if why is Left.EXCLUDED)


@dataclass(slots=True)
class Draft:
    """A table whose pages are being read."""

    rows: Rows
    currency: str
    columns: dict[str, Column]
    added: list[CustomField]
    left: dict[str, Left]
    people: dict[int, str]
    ids: list[int] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    outcomes: list[bool | float | None] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def table(self) -> Table:
        """Return what was read."""
        return Table(
            of=self.rows.of,
            ids=self.ids,
            moments=self.moments,
            outcomes=self.outcomes,
            columns=tuple(self.columns.values()),
            left=self.left,
            currency=self.currency,
            other_currency=self.counts["other_currency"],
            late=self.counts["late"],
            skipped=self.counts["skipped"],
        )


def open_table(session: Session, rows: Rows, currency: str, excluded: frozenset[str]) -> Draft:
    """Return a table without rows yet.

    Args:
        session: the store.
        rows: which records, at which moments, and what became of them.
        currency: ISO 4217 code of the amounts to read.
        excluded: the fields that must not be read, as `crm_store.exclusions.folded` gives them.
    """
    left: dict[str, Left] = {}
    columns: dict[str, Column] = {}
    for name, kind in table_columns.built_in(rows.of).items():
        if _stays(rows, excluded, left, name, name.replace("_", " ")):
            columns[name] = Column(name, kind, [])
    added = []
    for each in fields.list_fields(session, rows.of):
        name = ADDED + each.name
        if _stays(rows, excluded, left, name, each.name, each.label):
            columns[name] = Column(name, _KINDS[fields.type_of(each)], [], each.label)
            added.append(each)
    return Draft(rows, currency, columns, added, left, table_columns.people(session))


def read_page(session: Session, into: Draft, after: int) -> int | None:
    """Add the next page of rows.

    Args:
        session: one short transaction.
        into: the table they are added to.
        after: the number that the page before ended with, 0 for the first.

    Returns:
        The number that this page ends with, None when nothing follows.
    """
    picks, skipped, last = into.rows.page(session, after, PAGE)
    into.counts["skipped"] += skipped
    if picks:
        reader = table_columns.Reader(session, into.rows.of, picks, into.currency, into.people)
        for pick, values in zip(picks, reader.read(set(into.columns)), strict=True):
            _add(into, pick, values)
    return last


def _stays(
    rows: Rows, excluded: frozenset[str], left: dict[str, Left], name: str, *shown: str
) -> bool:
    if any(is_excluded(each, excluded) for each in shown):
        left[shown[-1]] = Left.EXCLUDED
    elif name in rows.hides:
        left[shown[-1]] = Left.OUTCOME
    return shown[-1] not in left


def _add(into: Draft, pick: Pick, values: Mapping[str, Any]) -> None:
    into.ids.append(pick.id)
    into.moments.append(pick.moment)
    into.outcomes.append(pick.outcome)
    into.counts.update(name for name in ("late", "other_currency") if values[name])
    custom = values["custom"]
    for name, column in into.columns.items():
        if not name.startswith(ADDED):
            value = values.get(name)
            column.values.append(str(value) if isinstance(value, enum.Enum) else value)
    for each in into.added:
        column = into.columns[ADDED + each.name]
        column.values.append(_cell(column.kind, custom.get(each.name)))


def _cell(kind: Kind, value: Any) -> Cell:  # noqa: ANN401 - a JSON value
    """Return a value of an added field; one that was stored under another type of field is not known."""
    if kind is Kind.YES_NO:
        return value if isinstance(value, bool) else None
    if kind is Kind.NUMBER:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if number else None
    if not isinstance(value, str) or not value:
        return None
    return _day(value) if kind is Kind.MOMENT else value


def _day(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def days_until(moments: Iterable[datetime], values: Iterable[Cell]) -> list[Cell]:
    """Return the days from each row's moment to a moment in it, negative for the past."""
    return [
        (value - moment) / DAYS if isinstance(value, datetime) else None
        for moment, value in zip(moments, values, strict=True)
    ]
