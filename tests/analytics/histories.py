"""Made-up and real histories as the sums that the store would give of them.

The store's own sums are compared with these in `tests/jobs/test_customers.py`.
"""

from __future__ import annotations

from array import array
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from crm_store.features import NEVER, EventSums, OrderSums, Sums
from jobs.analytics import moments
from jobs.analytics.churn import ChurnResult, ChurnScore, score_churn
from jobs.analytics.features import (
    DAY,
    Histories,
    brought_between,
    customer_features,
    feature_borders,
    histories,
    microseconds,
    purchase_summary,
    summary_borders,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

Columns = TypeVar("Columns", OrderSums, EventSums)


def sums_of(
    purchases: pd.DataFrame, events: pd.DataFrame | None, borders: Iterable[datetime]
) -> Sums:
    """Sum up purchases (customer, at, amount) and events (customer, at, kind) between the borders.

    Rows whose customer, time or amount is missing or not finite are left out: the store has none.
    """
    ordered = tuple(sorted(borders))
    edges = np.array([microseconds(each) for each in ordered])
    bought = _cut(purchases.assign(amount=purchases["amount"].replace(np.inf, np.nan)), edges)
    orders = _filled(OrderSums(), _orders(bought))
    if events is None:
        return Sums(ordered, orders)
    return Sums(ordered, orders, _filled(EventSums(), _events(_cut(events, edges))))


def histories_of(
    purchases: pd.DataFrame, events: pd.DataFrame | None, borders: Iterable[datetime]
) -> Histories:
    """Give the histories that `customer_features` and `purchase_summary` look at."""
    return histories(sums_of(purchases, events, borders))


def features_of(purchases: pd.DataFrame, events: pd.DataFrame | None, at: datetime) -> pd.DataFrame:
    """Describe the customers of one moment."""
    return customer_features(histories_of(purchases, events, feature_borders(at)), at)


def summary_of(purchases: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """Reduce the customers of one moment to what the models of value look at."""
    return purchase_summary(histories_of(purchases, None, summary_borders(at)), at)


def held_back_of(purchases: pd.DataFrame, at: datetime, days: int) -> moments.HeldBack:
    """Give what was known at a moment, and what came in the days after it."""
    end = at + timedelta(days=days)
    past = histories_of(purchases, None, summary_borders(at) | {end})
    summary = purchase_summary(past, at)
    after = brought_between(past, summary["customer"].to_numpy(), at, end)
    return moments.HeldBack(at, days, summary, after)


def tables_of(
    purchases: pd.DataFrame, events: pd.DataFrame | None, now: datetime
) -> moments.Tables:
    """Make the tables that the nightly job makes."""
    known = purchases[purchases["at"].notna() & (pd.to_datetime(purchases["at"], utc=True) < now)]
    firsts = (_first(known[known["amount"] > 0]), _first(known[known["amount"] >= 0]))
    wanted = moments.plan(now, firsts, known["customer"].nunique())
    return moments.compose(wanted, sums_of(purchases, events, wanted.borders))


def churn_of(purchases: pd.DataFrame, events: pd.DataFrame | None, now: datetime) -> ChurnResult:
    """Score the customers' risk of leaving as the nightly job does."""
    tables = tables_of(purchases, events, now)
    return score_churn(tables.now, tables.seasons, now)


def riskiest(result: ChurnResult) -> list[ChurnScore]:
    """Give all customers' risks with their reasons, the highest first."""
    found = [score for batch in result.batches(100) for score in batch]
    return sorted(found, key=lambda score: (-score.risk, score.customer))


def _first(purchases: pd.DataFrame) -> datetime | None:
    if purchases.empty:
        return None
    first: datetime = pd.to_datetime(purchases["at"], utc=True).min().to_pydatetime()
    return first


def _cut(frame: pd.DataFrame, edges: np.ndarray[Any, Any]) -> pd.DataFrame:
    """Add bucket, stamp and day to the complete rows before the last border."""
    whole = frame.dropna()
    at = pd.to_datetime(whole["at"], utc=True).dt.as_unit("us").astype("int64")
    cut = whole.assign(
        customer=whole["customer"].astype("int64"),
        stamp=at,
        day=at // DAY,
        bucket=np.searchsorted(edges, at, side="right"),
    )
    early: pd.DataFrame = cut[cut["stamp"] < edges[-1]]
    return early


def _orders(rows: pd.DataFrame) -> pd.DataFrame:
    # A real set has amounts of more places; the store keeps hundredths.
    cents = (rows["amount"].astype(float) * 100).round().astype("int64")
    bought, came = rows["amount"] > 0, rows["amount"] >= 0
    opened = rows["day"].where(came).groupby(rows["customer"]).transform("min")
    whole = rows.assign(net=cents, gross=cents.where(bought, 0))
    whole["opening"] = whole["gross"].where(whole["day"] == opened, 0)
    for name, counted in (("", bought), ("came_", came)):
        whole[f"{name}days"] = whole["day"].where(counted)
        whole[f"{name}first"] = whole[f"{name}last"] = whole["stamp"].where(counted)
    ways = {each.name: "sum" for each in fields(OrderSums)[2:]}
    for name in ("", "came_"):
        ways |= {f"{name}days": "nunique", f"{name}first": "min", f"{name}last": "max"}
    return whole.groupby(["customer", "bucket"]).agg(ways)


def _events(rows: pd.DataFrame) -> pd.DataFrame:
    whole = rows.assign(
        tickets=(rows["kind"] == "ticket").astype(int),
        complaints=(rows["kind"] == "complaint").astype(int),
        last=rows["stamp"],
    )
    ways = {"tickets": "sum", "complaints": "sum", "last": "max"}
    return whole.groupby(["customer", "bucket"]).agg(ways)


def _filled(into: Columns, rows: pd.DataFrame) -> Columns:
    whole = rows.reset_index().rename(columns={"customer": "customers", "bucket": "buckets"})
    for each in fields(into):
        values = whole[each.name].fillna(NEVER).astype("int64")
        setattr(into, each.name, array("q", values.tolist()))
    return into
