"""Reads what the customers did, a short transaction per page, for the jobs that analyse it.

The queries stand in `crm_store/purchases.py`; the analyses, in `jobs/analytics/`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from crm_store import purchases
from crm_store.purchases import Events, Purchases
from crm_store.store import Session
from jobs.schedule import JobContext


@dataclass(frozen=True, slots=True)
class Customers:
    """The purchases and the events of every living customer before a moment."""

    purchases: Purchases
    events: Events


def local_day(context: JobContext) -> date:
    """Return the day of the job on the wall clock of the default zone."""
    return context.now.astimezone(ZoneInfo(context.time_zone)).date()


def read(context: JobContext) -> Customers:
    """Read everything before the moment of the job.

    A transaction per page: on SQLite a transaction keeps every writer waiting.
    """
    until = context.now
    with context.transaction() as session:
        bought = purchases.open_purchases(session, until, context.currency)
    events = Events()
    _read_pages(context, partial(purchases.read_orders, into=bought, until=until))
    _read_pages(context, partial(purchases.read_tickets, into=events, until=until))
    _read_pages(context, partial(purchases.read_activities, into=events, until=until))
    context.progress(f"{len(bought.amounts)} orders and {len(events.kinds)} events read")
    return Customers(bought, events)


def _read_pages(context: JobContext, read_page: Callable[..., int | None]) -> None:
    after: int | None = 0
    while after is not None:
        after = _read_page(context, read_page, after)


def _read_page(context: JobContext, read_page: Callable[..., int | None], after: int) -> int | None:
    session: Session
    with context.transaction() as session:
        return read_page(session, after=after)
