"""The tables of features told the slow way, order by order in plain Python, to compare with.

Written from the definitions of the columns alone; nothing of the product's code is used.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pandas as pd

DAY = timedelta(days=1)
Orders = list[tuple[datetime, float]]
Events = list[tuple[datetime, str]]


def customer_features(purchases: pd.DataFrame, events: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """Describe every customer who bought before the moment, one after the other."""
    happened = _by_customer(events, "kind", at)
    rows = [
        {"customer": number, **_features(orders, happened.get(number, []), at)}
        for number, orders in sorted(_by_customer(purchases, "amount", at).items())
        if any(amount > 0 for _when, amount in orders)
    ]
    return pd.DataFrame(rows)


def _features(orders: Orders, events: Events, at: datetime) -> dict[str, float]:
    bought = [(when, amount) for when, amount in orders if amount > 0]
    first, last = min(when for when, _ in bought), max(when for when, _ in bought)
    days = len({when.astimezone(UTC).date() for when, _ in bought})
    gap = max((last - first) / DAY / (days - 1), 1.0) if days > 1 else math.nan
    typical = sum(amount for _, amount in bought) / days
    lately = sum(amount for when, amount in bought if when >= at - 90 * DAY)
    before = sum(a for when, a in bought if at - 180 * DAY <= when < at - 90 * DAY)
    value = sum(amount for _, amount in orders)
    recent = [kind for when, kind in events if when >= at - 90 * DAY]
    return {
        "recency_days": (at - last) / DAY,
        "frequency": days,
        "value": value,
        "mean_value": value / days,
        "tenure_days": (at - first) / DAY,
        "gap_days": gap,
        "trend": math.log((lately + typical) / (before + typical)),
        "silence_ratio": (at - last) / DAY / gap,
        "value_90": sum(amount for when, amount in orders if when >= at - 90 * DAY),
        "value_365": sum(amount for when, amount in orders if when >= at - 365 * DAY),
        "tickets_90": recent.count("ticket"),
        "complaints_90": recent.count("complaint"),
        "silence_days": (at - max([last, *(when for when, _ in events)])) / DAY,
    }


def summarize(purchases: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """Reduce every customer who bought before the moment to what the models of value look at."""
    today = (at.astimezone(UTC) - timedelta(microseconds=1)).date()
    rows = [
        {"customer": number, **_summary(orders, today.toordinal())}
        for number, orders in sorted(_by_customer(purchases, "amount", at).items())
        if any(amount >= 0 for _when, amount in orders)
    ]
    return pd.DataFrame(rows)


def _summary(orders: Orders, today: int) -> dict[str, float]:
    dated = [(when.astimezone(UTC).date().toordinal(), amount) for when, amount in orders]
    days = sorted({day for day, amount in dated if amount >= 0})
    later = sum(amount for day, amount in dated if amount >= 0 and day > days[0])
    return {
        "frequency": len(days) - 1,
        "recency_weeks": (days[-1] - days[0]) / 7,
        "tenure_weeks": (today - days[0]) / 7,
        "mean_value": later / (len(days) - 1) if len(days) > 1 else math.nan,
        "value_365": sum(amount for day, amount in dated if day > today - 365),
        "days_365": sum(day > today - 365 for day in days),
    }


def brought(
    purchases: pd.DataFrame, customers: list[int], start: datetime, end: datetime
) -> pd.DataFrame:
    """Tell what these customers brought from one moment to another."""
    known = _by_customer(purchases, "amount", end)
    rows = []
    for number in customers:
        orders = [(when, amount) for when, amount in known.get(number, []) if when >= start]
        days = {(when - datetime(1970, 1, 1, tzinfo=UTC)).days for when, a in orders if a >= 0}
        money = sum(amount for _, amount in orders)
        first = min(days, default=math.nan)
        rows.append({"customer": number, "money": money, "days": len(days), "first_day": first})
    return pd.DataFrame(rows)


def _by_customer(frame: pd.DataFrame, third: str, at: datetime) -> dict[int, list]:  # type: ignore[type-arg]
    found: dict[int, list] = {}  # type: ignore[type-arg]
    for number, when, other in zip(frame["customer"], frame["at"], frame[third], strict=True):
        if when < at:
            found.setdefault(int(number), []).append((when, other))
    return found
