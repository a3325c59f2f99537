"""One import from the file to the result, in the transaction of who calls it.

Nothing is committed here: a dry run is the same call in a transaction that is rolled back.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from crm_store import imports
from crm_store.imports import Counts
from crm_store.store import Session
from handlers.errors import UserError
from handlers.importing import files
from handlers.importing.batch import Batch, Cells, Loader, Tally
from handlers.importing.columns import REJECTED_ROW, REJECTED_WHY, Kind, Plan, known_names, plan
from handlers.importing.customers import Companies, Contacts
from handlers.importing.files import Row, Table
from handlers.importing.orders import Orders
from handlers.importing.sales import Deals
from handlers.importing.tickets import Activities, Tickets
from handlers.request import Defaults

CHUNK = 5_000
# A spreadsheet runs what begins so; the full-width signs are taken for the same by some.
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "'", "＝", "＋", "－", "＠")
_LOADERS: Mapping[Kind, Callable[[Batch], Loader[Any]]] = MappingProxyType(
    {
        Kind.CONTACTS: Contacts,
        Kind.COMPANIES: Companies,
        Kind.DEALS: Deals,
        Kind.TICKETS: Tickets,
        Kind.ORDERS: Orders,
        Kind.ACTIVITIES: Activities,
    }
)


@dataclass(frozen=True, slots=True)
class Order:
    """What to import: a file, the kind of its rows, and what its columns mean beyond what is known."""

    path: Path
    kind: Kind
    mapping: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """What an import did.

    Attributes:
        run_id: its number, by which it is taken back.
        encoding: how the text was encoded; `cp1252` was guessed.
        kept: the columns nobody knows, kept as custom values; `ignored` were left out.
        rejected_file: where the rejected rows stand with their reasons; None when there are none.
        earlier: the number of the run that brought the very same file before.
    """

    run_id: int
    tally: Tally
    encoding: str
    delimiter: str
    kept: tuple[str, ...]
    ignored: tuple[str, ...]
    rejected_file: Path | None
    earlier: int | None


def run(
    session: Session,
    order: Order,
    defaults: Defaults,
    now: datetime,
    progress: Callable[[int], None],
) -> Result:
    """Import a file; `progress` is told the number of rows read so far, after each chunk.

    Raises:
        UserError: the file as a whole cannot be used; the transaction must not be committed.
    """
    content = files.examine(order.path)
    earlier = imports.earlier(session, content.hash, order.kind.value)
    with files.opened(content) as lines:
        table = Table(lines, known_names(order.kind, order.mapping))
        places = plan(order.kind, table.header, order.mapping)
        started = imports.begin(session, order.path.name, content.hash, order.kind.value, now)
        with Rejections(order.path, table.header).open() as rejections:
            batch = Batch(
                session,
                started.id,
                now,
                defaults.currency,
                ZoneInfo(defaults.time_zone),
                _region(defaults, places),
                imports.colleagues(session),
                rejections.write,
            )
            _load(batch, _LOADERS[order.kind](batch), table, places, progress)
    tally = batch.tally
    unchanged = tally.known + tally.repeated
    imports.finish(
        session, started, Counts(tally.rows, tally.taken, unchanged, tally.rejected), now
    )
    if tally.taken:
        imports.settle(session)
    return Result(
        started.id,
        tally,
        content.encoding,
        table.delimiter,
        places.kept,
        places.ignored,
        rejections.path if tally.rejected else None,
        earlier.id if earlier else None,
    )


class Rejections:
    """The file beside the imported one that the rejected rows are written to, with number and reason."""

    def __init__(self, source: Path, header: Sequence[str]) -> None:
        self.path = source.with_name(f"{source.name}.rejected.csv")
        self._header = [name for name in header if name not in {REJECTED_ROW, REJECTED_WHY}]
        self._places = [place for place, name in enumerate(header) if name in self._header]
        self._writer: Any = None

    @contextmanager
    def open(self) -> Iterator[Rejections]:
        """Write to a file of another name until the import went well; an old one is replaced or removed."""
        part = self.path.with_name(f"{self.path.name}.part")
        try:
            with part.open("w", encoding="utf-8-sig", newline="") as file:
                self._writer = csv.writer(file)
                self._writer.writerow([*map(guarded, self._header), REJECTED_ROW, REJECTED_WHY])
                empty = file.tell()
                yield self
                written = file.tell() > empty
            if written:
                part.replace(self.path)
            else:
                self.path.unlink(missing_ok=True)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()

    def write(self, row: Row, reason: str) -> None:
        """Write one row as it came, so guarded that a spreadsheet runs nothing of it."""
        fitting = len(row.cells) > max(self._places, default=0)
        cells = [row.cells[place] for place in self._places] if fitting else row.cells
        padding = [""] * (len(self._header) - len(cells))
        self._writer.writerow([*map(guarded, cells), *padding, row.number, reason])


def guarded(text: str) -> str:
    """Return a cell with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_GUARDED) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_GUARDED) else text


def _load(
    batch: Batch, loader: Loader[Any], table: Table, places: Plan, progress: Callable[[int], None]
) -> None:
    ours = REJECTED_WHY in table.header
    for chunk in _chunks(table.rows()):
        items = []
        for row in chunk:
            batch.tally.rows += 1
            if row.problem:
                batch.reject(row, row.problem)
                continue
            cells = [*map(_unguarded, row.cells)] if ours else row.cells
            try:
                items.append((row, loader.read(Cells(places.cells(cells), places.customs(cells)))))
            except UserError as error:
                batch.reject(row, error.what)
        if items:
            loader.keep(items)
        progress(batch.tally.rows)


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _region(defaults: Defaults, places: Plan) -> str:
    """Return the country of numbers without a country code: that of the file's language, else of our time zone."""
    from babel.core import get_global

    if places.chinese:
        return "CN"
    country = get_global("zone_territories").get(defaults.time_zone, "001")
    return str(country) if str(country).isalpha() else "CN" if defaults.language == "zh" else "US"
