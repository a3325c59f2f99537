"""Reads what the customers did as tables of the moments that the nightly analyses look at.

The queries stand in `crm_store/features.py`; the tables, in `jobs/analytics/moments.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from crm_store import features, purchases
from jobs.schedule import JobContext

if TYPE_CHECKING:
    from crm_store.features import Sums
    from jobs.analytics.moments import Plan, Tables


@dataclass(frozen=True, slots=True)
class Customers:
    """Every living customer at the moments of the nightly analyses.

    Attributes:
        currency: ISO 4217 code of every amount; orders in others are not mixed in.
        left_out: how many orders there are in each other currency.
        tables: see `jobs.analytics.moments.Tables`.
    """

    currency: str
    left_out: Mapping[str, int]
    tables: Tables


def local_day(context: JobContext) -> date:
    """Return the day of the job on the wall clock of the default zone."""
    return context.now.astimezone(ZoneInfo(context.time_zone)).date()


def read(context: JobContext, seasons: Sequence[datetime] = ()) -> Customers:
    """Sum up everything before the moment of the job, once, a page of customers at a time.

    `seasons` are the past moments to learn from, where they were chosen before.
    """
    from jobs.analytics.moments import compose, joined

    currency, left_out, wanted = _planned(context, seasons)
    pages = [compose(wanted, sums) for sums in _pages(context, wanted, currency)]
    return Customers(currency, left_out, joined(pages))


def _planned(
    context: JobContext, seasons: Sequence[datetime]
) -> tuple[str, Mapping[str, int], Plan]:
    from jobs.analytics import moments

    with context.reading() as session:
        currency, left_out = purchases.currency_used(session, context.now, context.currency)
        bought, came = (
            purchases.first_order(session, context.now, currency, free=free)
            for free in (False, True)
        )
        count = purchases.count_customers(session, context.now, currency)
    wanted = moments.plan(context.now, (bought, came), count, seasons)
    return currency, left_out, wanted


def _pages(context: JobContext, wanted: Plan, currency: str) -> Iterator[Sums]:
    """Read page by page, each in a transaction of its own; the first may be empty."""
    done = 0
    for kind in purchases.CUSTOMERS:
        after: int | None = 0
        while after is not None:
            with context.reading() as session:
                sums, after = features.read_page(session, kind, wanted.borders, currency, after)
            yield sums
            done += features.PAGE
            context.progress(f"customers summed up: {done:,}")
