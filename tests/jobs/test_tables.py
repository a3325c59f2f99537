"""Tables read for analysis beside people who write."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace

from crm_store import table_rows
from crm_store.store import Session
from jobs import tables
from tests.desk import START, Desk
from tests.jobs.markets import pipeline
from tests.jobs.shops import context


def test_a_table_is_read_without_keeping_a_writer_waiting(desk: Desk) -> None:
    def writing() -> AbstractContextManager[Session]:
        raise AssertionError

    pipeline(desk, 30)
    reader = replace(context(desk), transaction=writing)
    assert len(tables.read(reader, table_rows.open_deals(START)).ids) == 2
