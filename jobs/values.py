"""Every night, within `jobs/scores.py`: what each customer is likely to bring, and who is unlike all others.

Both are kept by week, so that a card can tell what changed since the last.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from crm_store import scores
from crm_store.purchases import customer
from crm_store.scores import OUTLIER, VALUE, Scored
from jobs.customers import Customers
from jobs.keeping import keep
from jobs.schedule import JobContext

if TYPE_CHECKING:
    from jobs.analytics.moments import Tables
    from jobs.analytics.outliers import Outliers
    from jobs.analytics.value import Valuation

KINDS = (VALUE, OUTLIER)
_DAY = timedelta(days=1)
_TOLD = (
    "customer",
    "value",
    "next_on",
    "history_value",
    "purchases",
    "amount",
    "alive",
    "r",
    "f",
    "m",
    "total",
)
_FEATURES = ("frequency", "recency_weeks", "tenure_weeks", "mean_value", "value_365")


def score(context: JobContext, day: date, found: Customers) -> str:
    """Keep this week's values and outliers."""
    from jobs.analytics.outliers import find_outliers
    from jobs.analytics.value import value_of

    tables, week = found.tables, scores.week_of(day)
    context.progress("working out what customers are worth")
    valued = value_of(tables.summary, tables.held_back, context.now)
    unlike = find_outliers(tables.now)
    common = {
        "excluded": sorted(context.excluded),
        "on": day.isoformat(),
        "trained_to": day.isoformat(),
        "next_on": (day + _DAY).isoformat(),
        "currency": found.currency,
        "left_out": dict(found.left_out),
    }
    data = _value_data(valued, tables, day) | common
    keep(context, VALUE, week, data, _value_rows(valued, tables))
    with context.transaction() as session:
        data = _outlier_data(unlike, tables, day) | common
        scores.replace(session, OUTLIER, week, context.now, data, _outlier_rows(unlike))
    return (
        f"value of {len(valued.table)} customers by {valued.model.method}, {unlike.total} outliers"
    )


def _value_data(valued: Valuation, tables: Tables, day: date) -> dict[str, Any]:
    from jobs.analytics import value

    model = valued.model
    tenure = tables.summary["tenure_weeks"]
    weeks = float(tenure.max()) if len(tenure) else 0.0
    return {
        "model": model.method,
        "counted": model.counted,
        "why": model.why,
        "usable": model.method != value.HISTORICAL,
        "features": list(_FEATURES),
        "rows_trained": model.customers if model.purchases else 0,
        "trained_from": (day - timedelta(weeks=weeks)).isoformat(),
        "quality": _plain(asdict(valued.quality)) if valued.quality else None,
        "least": {
            "customers": value.MIN_CUSTOMERS,
            "repeaters": value.MIN_REPEATERS,
            "days": value.MIN_HISTORY_DAYS,
        },
        "repeaters": model.repeaters,
        "history_days": model.history_days,
        "horizon_days": valued.horizon_days,
        "parameters": _plain(asdict(model)),
        "customers_scored": len(valued.table),
        "sum": f"{valued.table['value'].sum():.2f}",
        "sum_before": f"{valued.table['history_value'].sum():.2f}",
    }


def _value_rows(valued: Valuation, tables: Tables) -> Iterator[Scored]:
    """Give each customer's value, with the day of the next purchase as the label, and what it rests on."""
    from jobs.analytics.segments import rfm_scores

    ranks = rfm_scores(tables.now).assign(total=tables.now["value"].to_numpy())
    table = valued.table.merge(ranks, on="customer", how="left")
    days = table["next_on"].dt.strftime("%Y-%m-%d").fillna("")
    columns = (table.assign(next_on=days)[name].tolist() for name in _TOLD)
    for number, worth, on, history, count, amount, alive, r, f, m, total in zip(
        *columns, strict=True
    ):
        told = {
            "history": _rounded(history),
            "purchases": _rounded(count),
            "amount": _rounded(amount),
            "alive": _rounded(alive, 3),
            "rfm": None if math.isnan(r) else [int(r), int(f), int(m)],
            "total": _rounded(total),
        }
        yield Scored(customer(number), round(worth, 2), on, [told])


def _outlier_data(unlike: Outliers, tables: Tables, day: date) -> dict[str, Any]:
    from jobs.analytics import outliers

    tenure = tables.now["tenure_days"]
    longest = float(tenure.max()) if len(tenure) else 0.0
    return {
        "model": unlike.method,
        "why": unlike.why,
        "usable": True,
        "features": list(outliers.COLUMNS),
        "rows_trained": min(unlike.customers, outliers.SAMPLE) if unlike.reach else 0,
        "trained_from": (day - timedelta(days=longest)).isoformat(),
        "quality": None,
        "least": {"customers": outliers.MIN_CUSTOMERS, "neighbours": outliers.NEIGHBOURS},
        "reach": unlike.reach,
        "customers_scored": unlike.customers,
        "total": unlike.total,
        "kept": len(unlike.found),
        "common": [
            {"feature": feature, "above": above, "count": count}
            for (feature, above), count in unlike.common().items()
        ],
    }


def _outlier_rows(unlike: Outliers) -> Iterator[Scored]:
    for each in unlike.found:
        reasons = [_plain(asdict(reason)) for reason in each.reasons]
        label = each.reasons[0].feature
        yield Scored(customer(each.customer), round(each.distance, 4), label, reasons)


def _plain(values: Any) -> Any:  # noqa: ANN401 - JSON
    """Write NaN, which JSON has not, as null, and shorten what no one reads to the end."""
    if isinstance(values, dict):
        return {name: _plain(value) for name, value in values.items()}
    return _rounded(values, 6) if isinstance(values, float) else values


def _rounded(value: float, places: int = 2) -> float | None:
    return round(value, places) if math.isfinite(value) else None
