"""Every night: trend, season, forecast and outliers of revenue, deals won, tickets, complaints and leads.

Kept as a receipt a series and told by `handlers/trends.py`; what was out of line yesterday or last
week is an alert. Done twice for one day it leaves the same receipts and tells nobody twice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crm_store import notices, scores, series
from crm_store.series import MONEY, Days, Every, Span, Topic
from crm_store.store import Session
from jobs import customers, markets, readers
from jobs.schedule import JobContext

if TYPE_CHECKING:
    from jobs.analytics.forecasts import Anomaly, Error, Forecast
    from jobs.analytics.series import Series, Shape

YEARS = 10  # of rows that are read
# Periods that are looked at, foretold and kept for the picture: of days two years, of which the
# methods need not the whole past.
LOOKED_AT = {Every.DAY: 730, Every.WEEK: 260, Every.MONTH: 120}
HORIZONS = {Every.DAY: 14, Every.WEEK: 4, Every.MONTH: 3}
DRAWN = {Every.DAY: 60, Every.WEEK: 52, Every.MONTH: 36}
ALERT = "series_alert"
OUTLIERS = 12  # that a receipt lists, the latest


def run(context: JobContext) -> str:
    """Look at every series; owe an alert of each latest period that was out of line."""
    day = customers.local_day(context)
    looked, alerts = 0, 0
    for topic in Topic:
        found = _read(context, topic)
        if not found.days:
            continue
        data = _studied(topic, found, context)
        with context.transaction() as session:
            kind = f"{series.KIND}{topic}"
            scores.replace(session, kind, day.isoformat(), context.now, data, ())
            alerts += _alert(session, context, topic, data)
        if topic is Topic.REVENUE:
            markets.divide(context, found)
        looked += 1
        context.progress(f"{topic}: {len(found.days)} days")
    with context.transaction() as session:
        series.forget(session, day)
    return f"{looked} series, {alerts} messages" if looked else "nothing to follow yet"


def _read(context: JobContext, topic: Topic) -> Days:
    zone = ZoneInfo(context.time_zone)
    since = context.now - timedelta(days=365 * YEARS)
    with context.reading() as session:
        span = Span(since, context.now, zone)
        return series.by_day(session, topic, span, context.currency)


def _studied(topic: Topic, found: Days, context: JobContext) -> dict[str, Any]:
    """Give the receipt: each length of period with what is seen in it."""
    from jobs.analytics import forecasts
    from jobs.analytics.series import MIN_PERIODS

    every = {each: _seen(topic, found, context, each) for each in Every}
    shown = _to_show(every)
    told = every[shown]
    forecast = told["forecast"]
    first, periods = date.fromisoformat(told["since"]), told["periods"]
    return {
        "model": forecast["method"],
        "why": "" if forecast["why"] == forecasts.RACE else forecast["why"],
        "usable": bool(forecast["steps"]),
        "features": [],
        "excluded": [],
        "rows_trained": periods,
        "trained_from": first.isoformat() if periods else None,
        "trained_to": told["until"],
        "quality": forecast["error"],
        "next_on": (customers.local_day(context) + timedelta(days=1)).isoformat(),
        "least": {"periods": MIN_PERIODS},
        "currency": found.currency,
        "left_out": dict(found.left_out),
        "since": found.days[0].isoformat(),
        "shown": shown,
        "every": every,
    }


def _to_show(every: Mapping[Every, Mapping[str, Any]]) -> Every:
    """Choose the longest periods of which methods raced, else those of which most is known."""
    from jobs.analytics.forecasts import RACE

    foretold = {each: seen["forecast"] for each, seen in every.items()}
    raced = [each for each in (Every.MONTH, Every.WEEK) if foretold[each]["why"] == RACE]
    short = (Every.WEEK, Every.DAY, Every.MONTH)
    tested = [each for each in short if foretold[each]["error"]]
    said = [each for each in short if foretold[each]["steps"]]
    return (raced or tested or said or [Every.DAY])[0]


def _seen(topic: Topic, found: Days, context: JobContext, every: Every) -> dict[str, Any]:
    from jobs.analytics.forecasts import anomalies, forecast
    from jobs.analytics.series import shape

    line = _regular(topic, found, context.now, ZoneInfo(context.time_zone), every)
    foretold = forecast(line, HORIZONS[every])
    usual = shape(line)
    size = len(line.amounts)
    drawn = min(size, DRAWN[every])
    return {
        "periods": size,
        "since": line.first_on.isoformat(),
        "latest": line.starts_on(size - 1).isoformat() if size else None,
        "until": (line.starts_on(size) - timedelta(days=1)).isoformat() if size else None,
        "drawn_on": [line.starts_on(place).isoformat() for place in range(size - drawn, size)],
        "drawn": [_rounded(value) for value in line.amounts[size - drawn :]],
        "shape": _shape_data(usual, line) if usual else None,
        "forecast": _forecast_data(foretold),
        "outliers": [_outlier_data(each, line) for each in anomalies(line)[-OUTLIERS:]],
    }


def _regular(topic: Topic, found: Days, now: datetime, zone: ZoneInfo, every: Every) -> Series:
    """Give whole periods since the first day on which something came in, at most LOOKED_AT."""
    from jobs.analytics.frames import days_frame
    from jobs.analytics.series import Calendar, Unit, regular

    calendar = Calendar(Unit(every), zone, found.days[0])
    line = regular(days_frame(found, zone), calendar, now)
    skipped = max(0, len(line.amounts) - LOOKED_AT[every])
    return replace(
        line,
        first_on=line.starts_on(skipped),
        amounts=line.amounts[skipped:],
        counted=topic not in MONEY,
    )


def _shape_data(usual: Shape, line: Series) -> dict[str, Any]:
    """Give a shape with the season told by the day that each of its places begins on."""
    places = [line.starts_on(place).isoformat() for place in range(len(usual.season))]
    return {
        **asdict(usual),
        "season": [list(pair) for pair in zip(places, usual.season, strict=True)],
    }


def _forecast_data(foretold: Forecast) -> dict[str, Any]:
    return {
        "steps": [
            {
                "on": step.starts_on.isoformat(),
                "value": _rounded(step.value),
                "low": _rounded(step.low),
                "high": _rounded(step.high),
            }
            for step in foretold.steps
        ],
        "level": foretold.level,
        "method": foretold.method,
        "why": foretold.why,
        "error": _error_data(foretold.error),
        "beside": [foretold.beside[0], _error_data(foretold.beside[1])]
        if foretold.beside
        else None,
        "candidates": [[name, round(mase, 4)] for name, mase in foretold.candidates],
    }


def _error_data(error: Error | None) -> dict[str, Any] | None:
    return asdict(error) if error else None


def _outlier_data(each: Anomaly, line: Series) -> dict[str, Any]:
    """Give an outlier; where nothing was ever below zero, what is usual is not either."""
    floor = 0.0 if min(line.amounts) >= 0 else -math.inf
    return {
        "on": each.starts_on.isoformat(),
        "value": _rounded(each.value),
        "expected": _rounded(max(floor, each.expected)),
        "low": _rounded(max(floor, each.low)),
        "high": _rounded(each.high),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 2)


def _alert(session: Session, context: JobContext, topic: Topic, data: Mapping[str, Any]) -> int:
    """Tell of the latest full day and week, where they were out of line; return how many messages are new.

    A week is not told of when one of its days was.
    """
    told = 0
    found = readers.of_topic(session, context, "trends")
    for every in (Every.DAY, Every.WEEK):
        seen = data["every"][every]
        if not seen["outliers"] or seen["outliers"][-1]["on"] != seen["latest"]:
            continue
        on = date.fromisoformat(seen["latest"])
        days = (on + timedelta(days=place) for place in range(7))
        matters = (f"{ALERT}:{_period(topic, Every.DAY, day)}" for day in days)
        if every is Every.WEEK and series.told(session, matters):
            continue
        payload = {"topic": topic.value, "every": every.value, "on": seen["latest"]}
        message = readers.Message(ALERT, _period(topic, every, on), payload, notices.ALERT)
        told += readers.tell(session, context, found, message)
    return told


def _period(topic: Topic, every: Every, on: date) -> str:
    return f"{topic}:{every}:{on.isoformat()}"
