"""Writes the scores of every customer in short transactions, and deletes those that nobody needs.

On SQLite a transaction keeps every writer waiting, and a million rows take a minute. An analysis
with few rows writes them at once by `crm_store.scores.replace`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import islice
from typing import Any

from crm_store import scores
from crm_store.scores import Scored
from jobs.schedule import JobContext


def keep(
    context: JobContext, kind: str, period: str, data: Mapping[str, Any], rows: Iterable[Scored]
) -> None:
    """Write the scores of a period with their receipt in place of those that stand there.

    A reader finds the receipt when all scores are there. After a kill the next run begins anew.
    """
    with context.transaction() as session:
        receipt = scores.begin(session, kind, period, context.now, data)
    _clear(context, kind, period)
    waiting = iter(rows)
    done = 0
    while batch := list(islice(waiting, scores.BATCH)):
        with context.transaction() as session:
            scores.add(session, receipt, batch)
        done += len(batch)
        context.progress(_share(kind, done, data.get("customers_scored", data.get("scored"))))
    with context.transaction() as session:
        scores.finish(session, receipt)


def _share(kind: str, done: int, total: int | None) -> str:
    if not total:
        return f"{kind}: {done:,} written"
    return f"{kind}: {done / total:.0%}, {done:,} of {total:,} written"


def prune(context: JobContext, kind: str, today: date) -> None:
    """Delete the scores of a kind that reports do not need."""
    with context.reading() as session:
        old = scores.outdated(session, kind, today)
    for receipt in old:
        _clear(context, kind, receipt.data["period"])
        with context.transaction() as session:
            scores.forget(session, receipt)


def _clear(context: JobContext, kind: str, period: str) -> None:
    more = True
    while more:
        with context.transaction() as session:
            more = scores.clear(session, kind, period)
