"""What an import of contacts costs beside its floor: reading the file, and bare inserts of the same cells.

    python benchmarks/imports.py 100000 [sqlite:///FILE | postgresql+psycopg://…]

The database must be empty. The import checks every cell, finds what is there already, creates the
companies and makes everything findable; the floors do none of it. The file is then imported again.
"""

from __future__ import annotations

import csv
import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from crm_store.store import Actor, Store
from handlers.importing.columns import Kind
from handlers.importing.running import Order, run
from handlers.request import Defaults

SEED = 7
HEADER = ("name", "email", "phone", "company", "job title")
ACTOR = Actor(None, "benchmark", "import", "import")


def main() -> None:
    """Write the file, measure and print."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contacts.csv"
        _write(path, size)
        url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{Path(folder) / 'imports.db'}"
        store = Store(url)
        store.upgrade()
        _measure("csv.reader alone", size, lambda: _read(path))
        _measure("sqlite3 executemany", size, lambda: _insert(path, Path(folder) / "floor.db"))
        _measure("import", size, lambda: _import(store, path))
        _measure("the same again", size, lambda: _import(store, path))
        store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak of the whole run {peak:,.0f} MiB")


def _write(path: Path, size: int) -> None:
    chance = random.Random(SEED)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(size):
            name = "".join(chance.choices("abdeiklmnorstu", k=7)).title()
            phone = f"+49{chance.randrange(10**9, 10**10)}"
            firm = f"Firm {number % 500}"
            writer.writerow(
                (f"Ann {name}", f"u{number}@firm{number % 500}.example", phone, firm, "Buyer")
            )


def _measure(what: str, size: int, work: Callable[[], None]) -> None:
    began, used = time.perf_counter(), time.process_time()
    work()
    seconds, busy = time.perf_counter() - began, time.process_time() - used
    print(
        f"{what:<22} {size / seconds:>12,.0f} rows/s {1e6 * busy / size:>8.1f} µs of processor a row"
    )


def _read(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        assert sum(len(row) for row in csv.reader(file))


def _insert(path: Path, database: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file, sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE contacts (id INTEGER PRIMARY KEY, a, b, c, d, e)")
        statement = "INSERT INTO contacts (a, b, c, d, e) VALUES (?, ?, ?, ?, ?)"
        connection.executemany(statement, csv.reader(file))


def _import(store: Store, path: Path) -> None:
    order = Order(path, Kind.CONTACTS, {})
    with store.transaction(ACTOR) as session:
        tally = run(session, order, Defaults(), datetime.now(UTC), lambda _rows: None).tally
    assert tally.rejected == 0


if __name__ == "__main__":
    main()
