"""How long the nightly scores take, and how much memory, by the number of customers.

    python benchmarks/size.py [CUSTOMERS …] [--on sqlite|postgresql]

For each number (10,000 and 100,000 if none is given) and database a shop is made, outside of the
time that is taken, with about ten times as many orders, tickets and activities, whose customers buy
at rates of their own until they leave; two in three are companies under contract. Then, in a process
of its own: features at all moments from sums of the database; risk of leaving with reasons for
every customer, chosen, tested, learnt and written; segments of today and of a week before, their
moves, and written; value and outliers. After these, by themselves, the chances: of leads, and that
contracts end, with reasons for each. The seconds are those of the clock, with one numerical
thread; memory is the peak of that process, and CPU its seconds of work before the chances, both
without the database server's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import repeat
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import sqlalchemy as sa

from crm_store import bulk, fields
from crm_store.fields import FieldType
from crm_store.models import Activity, Company, Contact, Order, Ticket
from crm_store.store import Actor, Store
from jobs import chances, scores
from jobs.schedule import JobContext
from tests.databases import fresh_database, postgresql_server

SIZES = (10_000, 100_000)
NOW = datetime(2026, 11, 16, 2, 30, tzinfo=UTC)
DAYS = 750  # of history
STEPS = ("customers", "churn", "segment", "value")
CHUNK = 20_000  # customers made at once
TEXT = "Asked when the order arrives and whether the other size is there."
ACTOR = Actor(None, "benchmark", "size", "size")
TABLES = (Company, Contact, Order, Ticket, Activity)
Rows = Iterable[Sequence[Any]]


def main() -> None:
    """Make the shops, measure each in a process of its own and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("customers", type=int, nargs="*", default=SIZES)
    parser.add_argument("--on", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(measure(asked.measure, asked.customers[0]))
        return
    print(
        "| database | customers | orders, tickets, activities | features s | risk s | segments s "
        "| value s | all s | CPU s | µs a customer | chances s | peak MiB |"
    )
    print("|---|" + "--:|" * 11)
    for database in asked.on or ("sqlite", "postgresql"):
        for size in asked.customers:
            with shop(database, size) as store:
                command = [sys.executable, __file__, str(size), "--measure"]
                url = store.url.render_as_string(hide_password=False)
                line = subprocess.run(
                    [*command, url],
                    env={**os.environ, "OMP_NUM_THREADS": "1"},
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                ).stdout.strip()
            print(f"| {database} | {line} |", flush=True)


class Watch:
    """Takes the time of each step by what the job tells of its progress, whose first word names it."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STEPS, 0.0)
        self._before = time.monotonic()

    def mark(self, text: str) -> None:
        """Count the time since the mark before to a step."""
        now, step = time.monotonic(), re.split(r"\W", text)[0]
        self.seconds[step] = self.seconds.get(step, 0.0) + now - self._before
        self._before = now


def measure(url: str, size: int) -> str:
    """Run the nightly job and give the cells of a line."""
    store, watch = Store(url), Watch()
    context = JobContext(
        transaction=partial(store.transaction, ACTOR),
        reading=store.reading,
        now=NOW,
        routes={},
        time_zone="Europe/Berlin",
        currency="EUR",
        working_hours="09:00-18:00",
        contract_field="cancelled",
        progress=watch.mark,
    )
    told = scores.run(context)
    watch.mark("rest")
    used = getrusage(RUSAGE_SELF)
    began = time.monotonic()
    foretold = chances.run(replace(context, progress=lambda _text: None))
    ended = time.monotonic()
    print(f"{size:,}: {told}; {foretold}", file=sys.stderr)
    with store.reading() as session:
        happened = sum(
            session.execute(sa.select(sa.func.count()).select_from(model)).scalar_one()
            for model in (Order, Ticket, Activity)
        )
    took = watch.seconds
    whole = sum(took.values())
    seconds = [*(took[step] for step in STEPS), whole, used.ru_utime + used.ru_stime]
    return " | ".join(
        [
            f"{size:,}",
            f"{happened:,}",
            *(f"{each:.1f}" for each in seconds),
            f"{whole / size * 1e6:.0f}",
            f"{ended - began:.1f}",
            f"{getrusage(RUSAGE_SELF).ru_maxrss / 1024:,.0f}",
        ]
    )


@contextmanager
def shop(database: str, size: int) -> Iterator[Store]:
    """Give a store with a shop of so many customers in it."""
    with ExitStack() as stack:
        if database == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            store = Store(f"sqlite:///{folder}/size.db")
        else:
            server = stack.enter_context(postgresql_server(durable=True))
            store = stack.enter_context(fresh_database(server.url("postgres"), "size"))
        store.upgrade()
        fill(store, size)
        yield store
        store.close()


def fill(store: Store, size: int) -> None:
    """Make the shop; indexes are made last, which takes a third of the time."""
    indexes = [index for model in TABLES for index in model.__table__.indexes]  # type: ignore[attr-defined]
    with store.engine.begin() as connection:
        for index in indexes:
            index.drop(connection)
    rng = np.random.default_rng(0)
    chunks = -(-size // CHUNK)
    for start in range(chunks):
        with store.engine.begin() as connection:
            for model, names, rows in chunk(rng, np.arange(start, size, chunks)):
                write(connection, model.__tablename__, names, rows)
    with store.engine.begin() as connection:
        for index in indexes:
            index.create(connection)
    with store.transaction(ACTOR) as session:
        fields.define(session, "company", "cancelled", "Cancelled", FieldType.YES_NO, [])
        fields.define(session, "company", "plan", "Plan", FieldType.CHOICE, ["monthly", "yearly"])
        fields.define(session, "company", "seats", "Seats", FieldType.NUMBER, [])
        bulk.analyze(session)


def chunk(
    rng: np.random.Generator,
    place: Any,  # noqa: ANN401 - an array
) -> Iterator[tuple[type[Any], tuple[str, ...], Rows]]:
    """Make customers with what they bought, asked and said; every third is a person.

    The customers are spread over all ids and the rows in the order of time: as in a store in use, a
    customer's rows do not stand side by side.
    """
    size = len(place)
    person = place % 3 == 2
    number = np.where(person, place // 3, place - place // 3) + 1
    made = str(stamps(np.zeros(1))[0])
    names = ("id", "name", "name_key", "created_at", "custom")
    for model, ids in ((Company, number[~person]), (Contact, number[person])):
        added = contracts(rng, len(ids)) if model is Company else repeat("{}")
        rows = zip(ids.tolist(), added, strict=False)
        yield model, names, ((id_, f"n {id_}", f"n {id_}", made, each) for id_, each in rows)
    born = rng.uniform(0, DAYS - 60, size)
    left = np.minimum(born + rng.exponential(300, size), DAYS)
    rate = rng.gamma(1.5, 0.016, size)
    who, day = visits(rng, rate, born, left)
    who, day = in_time(np.concatenate([np.arange(size), who]), np.concatenate([born, day]))
    cents = (np.exp(rng.normal(4, 0.6, len(who))) * 100).astype(np.int64)
    cents = np.where(rng.random(len(who)) < 0.03, -cents, cents)
    of = partial(owned, person, number)
    names = ("company_id", "contact_id", "ordered_at", "total", "currency", "created_at", "custom")
    yield (
        Order,
        names,
        (
            (*ids, at, total, "EUR", made, "{}")
            for ids, at, total in zip(of(who), stamps(day), cents.tolist(), strict=True)
        ),
    )
    who, day = visits(rng, np.full(size, 0.004), born, np.minimum(left + 30, DAYS))
    kinds = rng.choice(["question", "complaint"], len(who), p=[0.8, 0.2]).tolist()
    names = ("company_id", "contact_id", "subject", "text", "kind", "status", "priority",
             "created_at", "custom")  # fmt: skip
    yield (
        Ticket,
        names,
        (
            (*ids, "A question", TEXT, kind, "closed", "normal", at, "{}")
            for ids, kind, at in zip(of(who), kinds, stamps(day), strict=True)
        ),
    )
    who, day = visits(rng, np.full(size, 0.0085), born, np.full(size, DAYS))
    kinds = rng.choice(["call", "email", "note"], len(who)).tolist()
    names = ("company_id", "contact_id", "kind", "text", "files", "at", "created_at", "custom")
    yield (
        Activity,
        names,
        (
            (*ids, kind, TEXT, "[]", at, made, "{}")
            for ids, kind, at in zip(of(who), kinds, stamps(day), strict=True)
        ),
    )


def contracts(rng: np.random.Generator, size: int) -> Iterator[str]:
    """Write companies' added fields: of those who pay monthly twice in five have cancelled, of others one in ten."""
    monthly = rng.random(size) < 0.5
    cancelled = rng.random(size) < np.where(monthly, 0.4, 0.1)
    seats = rng.integers(1, 50, size)
    for left, often, count in zip(
        cancelled.tolist(), monthly.tolist(), seats.tolist(), strict=True
    ):
        plan = "monthly" if often else "yearly"
        yield json.dumps({"cancelled": left, "plan": plan, "seats": count})


def visits(rng: np.random.Generator, rate: Any, born: Any, left: Any) -> tuple[Any, Any]:  # noqa: ANN401 - arrays
    """Let each customer come at their rate a day between two days; give who came, and when."""
    who = np.repeat(np.arange(len(born)), rng.poisson(rate * (left - born)))
    return in_time(who, rng.uniform(born[who], left[who]))


def in_time(who: Any, day: Any) -> tuple[Any, Any]:  # noqa: ANN401 - arrays
    """Put rows in the order of time."""
    order = np.argsort(day, kind="stable")
    return who[order], day[order]


def owned(person: Any, number: Any, who: Any) -> Iterator[tuple[int | None, int | None]]:  # noqa: ANN401 - arrays
    """Give company and contact of each row."""
    for alone, id_ in zip(person[who].tolist(), number[who].tolist(), strict=True):
        yield (None, id_) if alone else (id_, None)


def stamps(day: Any) -> list[str]:  # noqa: ANN401 - an array
    """Write days since the start as SQLite keeps moments, which PostgreSQL reads too."""
    start = np.datetime64((NOW - timedelta(days=DAYS)).replace(tzinfo=None), "us")
    at = start + (day * 86_400e6).astype("timedelta64[us]")
    return np.char.replace(np.datetime_as_string(at, unit="us"), "T", " ").tolist()


def write(connection: sa.Connection, table: str, names: tuple[str, ...], rows: Rows) -> None:
    """Insert rows the quickest way that the database has."""
    driver: Any = connection.connection.driver_connection
    columns = ", ".join(names)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(names))
        driver.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
        return
    with driver.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


if __name__ == "__main__":
    main()
