"""The market by industry, country, product and segment: size, share, demand, trend and what comes next.

Part of the nightly `jobs/trends.py`; told by `handlers/markets.py`.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crm_store import markets, scores
from crm_store.markets import Market, Part, Share
from crm_store.schedules import instant_of
from crm_store.series import MARKET, Days
from jobs import customers
from jobs.schedule import JobContext

MOST = 50  # parts that are named
YEAR = 12
MONTHS = 2 * YEAR
AHEAD = 3  # months
# Customers stand in a segment of today by what they bought lately: its past rises, or falls, by that alone.
OF_TODAY = frozenset({Part.SEGMENT})


def divide(context: JobContext, revenue: Days) -> None:
    """Keep a receipt for each way to divide the revenue, whose first day and currency are given."""
    day = customers.local_day(context)
    borders = _borders(day, ZoneInfo(context.time_zone))
    known = min(MONTHS, _month(day) - _month(revenue.days[0]) - (revenue.days[0].day > 1))
    if known < 1:
        return
    for part in Part:
        with context.reading() as session:
            found = markets.read(session, part, borders, revenue.currency, MOST)
        data = {
            **_receipt(found, date(day.year, day.month, 1), known, part not in OF_TODAY),
            "currency": revenue.currency,
            "left_out": dict(revenue.left_out),
        }
        with context.transaction() as session:
            scores.replace(session, f"{MARKET}{part}", day.isoformat(), context.now, data, ())
        context.progress(f"market by {part}")


def _borders(day: date, zone: ZoneInfo) -> list[datetime]:
    """Give the moments at which the last MONTHS full months begin and end."""
    last = _month(day)
    return [
        instant_of(datetime.combine(_first(number), time()), zone)
        for number in range(last - MONTHS, last + 1)
    ]


def _month(day: date) -> int:
    return day.year * YEAR + day.month - 1


def _first(month: int) -> date:
    return date(month // YEAR, month % YEAR + 1, 1)


def _receipt(found: Market, this_month: date, known: int, followed: bool) -> dict[str, Any]:  # noqa: FBT001
    """Give the receipt; only parts that are `followed` have a change, a trend and a forecast."""
    from jobs.analytics.series import MIN_PERIODS

    first = _first(_month(this_month) - known)
    return {
        "model": "theil_sen",
        "why": "" if known >= MIN_PERIODS else "too_few_periods",
        "usable": bool(found.shares),
        "features": [],
        "excluded": [],
        "rows_trained": known,
        "trained_from": first.isoformat(),
        "trained_to": (this_month - timedelta(days=1)).isoformat(),
        "quality": None,
        "next_on": None,
        "least": {"periods": MIN_PERIODS},
        "total": round(found.total, 2),
        "parts": found.parts,
        "shares": [_share(each, found.total, first, known, followed) for each in found.shares],
    }


def _share(each: Share, total: float, first: date, known: int, followed: bool) -> dict[str, Any]:  # noqa: FBT001
    from jobs.analytics.forecasts import forecast
    from jobs.analytics.series import Series, Unit, shape

    line = Series(Unit.MONTH, first, each.months[-known:])
    usual, steps = (shape(line), forecast(line, AHEAD).steps) if followed else (None, ())
    year, before = sum(each.months[-YEAR:]), sum(each.months[:YEAR])
    compared = followed and known == MONTHS and before > 0
    return {
        "name": each.name,
        "sum": round(year, 2),
        "share": round(year / total, 4) if total > 0 else None,
        "change": round(year / before - 1, 4) if compared else None,
        "units": each.units,
        "customers": each.customers,
        "monthly": round(usual.change_share, 4)
        if usual and usual.trending and usual.change_share is not None
        else None,
        "next": round(sum(step.value for step in steps), 2) if steps else None,
    }
