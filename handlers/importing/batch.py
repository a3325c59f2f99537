"""What the loaders of all kinds share: the run, the moment, the colleagues, and the tally of the rows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar
from zoneinfo import ZoneInfo

from crm_store.imports import Known
from crm_store.search import key
from crm_store.store import Session
from handlers.importing.files import Row

SHOWN = 20

Item = TypeVar("Item")


class Cells(NamedTuple):
    """What a row says: our fields without the empty ones, and the values of columns that nobody knows."""

    fields: Mapping[str, str]
    custom: dict[str, str]


class Problem(NamedTuple):
    """A row that was not taken, and why."""

    row: int
    reason: str


@dataclass
class Tally:
    """What became of the rows: each is taken, known already, repeated in the file, or rejected."""

    rows: int = 0
    taken: int = 0
    known: int = 0
    rejected: int = 0
    repeated: int = 0
    repeated_rows: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    created: Counter[str] = field(default_factory=Counter)


@dataclass
class Batch:
    """One run of an import in its transaction.

    Attributes:
        region: the country of phone numbers that do not name one.
        colleagues: the ids of the active users by folded name and by e-mail.
        refuse: is told each rejected row with the reason, to write it down.
    """

    session: Session
    run_id: int
    now: datetime
    currency: str
    zone: ZoneInfo
    region: str
    colleagues: Mapping[str, int]
    refuse: Callable[[Row, str], None]
    tally: Tally = field(default_factory=Tally)

    def reject(self, row: Row, reason: str) -> None:
        """Count a row that cannot be used."""
        self.tally.rejected += 1
        if len(self.tally.problems) < SHOWN:
            self.tally.problems.append(Problem(row.number, reason))
        self.refuse(row, reason)

    def count(self, row: Row, known: Known | None) -> None:
        """Count a row that was taken, or whose record is there already: from before or from this file."""
        if known is None:
            self.tally.taken += 1
        elif known.import_id == self.run_id:
            self.tally.repeated += 1
            if len(self.tally.repeated_rows) < SHOWN:
                self.tally.repeated_rows.append(row.number)
        else:
            self.tally.known += 1

    def colleague(self, cells: Cells, name: str = "owner") -> int | None:
        """Return the colleague whom a cell names; an unknown one is kept as the custom `owner_name`."""
        written = cells.fields.get(name)
        if not written:
            return None
        found = self.colleagues.get(key(written))
        if found is None:
            cells.custom[f"{name}_name"] = written
        return found

    def columns(self, external_id: str | None, custom: Mapping[str, str]) -> dict[str, Any]:
        """Return the columns that every imported record has."""
        return {
            "external_id": external_id,
            "custom": dict(custom),
            "import_id": self.run_id,
            "created_at": self.now,
        }


class Loader(Protocol[Item]):
    """How the rows of one kind are read and kept."""

    def read(self, cells: Cells) -> Item:
        """Read one row.

        Raises:
            UserError: it cannot be used; the reason is one sentence.
        """

    def keep(self, items: Sequence[tuple[Row, Item]]) -> None:
        """Keep many rows at once and count what became of each."""


@dataclass
class Pending(Generic[Item]):
    """New records of one batch: found again by their keys before they have ids.

    Attributes:
        new: the items to insert, each once.
    """

    run_id: int
    new: list[Item] = field(default_factory=list)

    def add(self, item: Item) -> Known:
        """Note a new record and return a stand-in for it."""
        self.new.append(item)
        return Known(-len(self.new), self.run_id)


def final(known: Known, ids: Sequence[int]) -> int:
    """Return the id of a record, also of one that had a stand-in before the ids were known."""
    return ids[-known.id - 1] if known.id < 0 else known.id


def fingerprint(cells: Cells) -> str:
    """Return an identifier made of what a row says, for records that have none: the same row is the same record."""
    said = repr((sorted(cells.fields.items()), sorted(cells.custom.items())))
    return "csv:" + hashlib.sha256(said.encode()).hexdigest()[:16]
