"""Reads tables for the jobs that analyse them, a short transaction per page.

The queries stand in `crm_store/tables.py`; the analyses, in `jobs/analytics/`.
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_store import tables
from crm_store.table_rows import Rows
from crm_store.tables import Draft, Table
from jobs.schedule import JobContext

PART = 20_000  # rows


def read(context: JobContext, rows: Rows) -> Table:
    """Read the rows in the currency of the job, without the fields that nobody may analyse.

    A transaction per page: a long one keeps the database from tidying up.
    """
    draft = _open(context, rows)
    after: int | None = 0
    while after is not None:
        after = _add(context, draft, after)
    return draft.table()


def parts(context: JobContext, rows: Rows) -> Iterator[Table]:
    """Read the rows as `read` does, PART at a time: a million of them fill gigabytes."""
    after: int | None = 0
    while after is not None:
        draft = _open(context, rows)
        while after is not None and len(draft.ids) < PART:
            after = _add(context, draft, after)
        yield draft.table()


def _open(context: JobContext, rows: Rows) -> Draft:
    with context.reading() as session:
        return tables.open_table(session, rows, context.currency, context.excluded)


def _add(context: JobContext, draft: Draft, after: int) -> int | None:
    with context.reading() as session:
        last = tables.read_page(session, draft, after)
    context.progress(f"{len(draft.ids)} rows read")
    return last
