"""Reads tables for the jobs that analyse them, a short transaction per page.

The queries stand in `crm_store/tables.py`; the analyses, in `jobs/analytics/`.
"""

from __future__ import annotations

from crm_store import tables
from crm_store.table_rows import Rows
from crm_store.tables import Table
from jobs.schedule import JobContext


def read(context: JobContext, rows: Rows) -> Table:
    """Read the rows in the currency of the job, without the fields that nobody may analyse.

    A transaction per page: on SQLite a transaction keeps every writer waiting.
    """
    with context.transaction() as session:
        draft = tables.open_table(session, rows, context.currency, context.excluded)
    after: int | None = 0
    while after is not None:
        with context.transaction() as session:
            after = tables.read_page(session, draft, after)
        context.progress(f"{len(draft.ids)} rows read")
    return draft.table()
