"""What was seen in a series, in plain words: trend, season, forecast, how far off it was, outliers.

Only wording: the numbers come from `jobs/trends.py`, through the receipts of `crm_store/series.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from crm_store.money import Money
from crm_store.series import IMPORTED, Every, Topic
from handlers.periods import month_name
from handlers.wording import _, day, mark, money, month_of_year, number, percent, plural, weekday

NAMES = {
    Topic.REVENUE: mark("Revenue"),
    Topic.WON: mark("Deals won"),
    Topic.TICKETS: mark("New tickets"),
    Topic.COMPLAINTS: mark("Complaints"),
    Topic.LEADS: mark("New leads"),
}
MEANT = {
    Topic.REVENUE: mark("The sum of the orders, less what was returned."),
    Topic.WON: mark("The amounts of the deals won, on the day they were closed."),
    Topic.TICKETS: mark("Every ticket, on the day it was opened."),
    Topic.COMPLAINTS: mark("Tickets that complain or claim, on the day they were opened."),
    Topic.LEADS: mark("New companies, and new contacts who belong to none."),
}
METHODS = {
    "recent_mean": mark("the mean of the last three"),
    "naive": mark("the same as the one before"),
    "drift": mark("the line from the first to the last, drawn on"),
    "theta": mark("a recent level and half of the long-run rise or fall"),
    "smoothing": mark("level and trend, the recent past counting more"),
    "seasonal_smoothing": mark("level, trend and season, the recent past counting more"),
    "seasonal_smoothing_in_percent": mark(
        "level, trend and season in per cent, the recent past counting more"
    ),
}
SAME_AS = {
    Every.DAY: mark("the same as a week before"),
    Every.WEEK: mark("the same as a year before"),
    Every.MONTH: mark("the same as a year before"),
}
REASONS = {
    "best_in_back_test": mark("It was chosen because it would have missed least in the past."),
    "too_few_periods": mark("Too little is known for a method."),
}
_LONGER = mark("Methods that see a trend or a season need a longer past.")
_OF_TWO = mark(
    "It and “{other}” were tried; methods that see a trend or a season need a longer past."
)
UNITS = {
    Topic.TICKETS: (mark("{amount} ticket"), mark("{amount} tickets")),
    Topic.COMPLAINTS: (mark("{amount} complaint"), mark("{amount} complaints")),
    Topic.LEADS: (mark("{amount} lead"), mark("{amount} leads")),
}
TOO_SHORT = {
    Every.DAY: mark("Season: two full weeks are needed to see one."),
    Every.WEEK: mark("Season: two full years are needed to see one."),
    Every.MONTH: mark("Season: two full years are needed to see one."),
}
NO_SEASON = {
    Every.DAY: mark("Season: no day of the week stands out reliably."),
    Every.WEEK: mark("Season: no week of the year stands out reliably."),
    Every.MONTH: mark("Season: no month of the year stands out reliably."),
}
SEASONS = {Every.DAY: 7, Every.WEEK: 52, Every.MONTH: 12}  # periods
IN_A_MONTH = {Every.DAY: 365.25 / 12, Every.WEEK: 365.25 / 84, Every.MONTH: 1.0}  # periods
YEAR_MONTHS = 12
SLOW = 0.01  # a change in a month below which it is told by the year
STRONG = 0.3  # share of the ups and downs that a season must explain to be told
OUTLIERS = 5
_IN_FULL = 10  # numbers from here on are told without decimals
_Seen: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A series in periods of one length, with how its numbers and periods are written."""

    what: Topic
    every: Every
    currency: str

    def amount(self, value: float) -> str:
        """Write a sum without cents, or a number; small ones with a decimal."""
        if self.currency:
            return money(Money(Decimal(str(value)).quantize(Decimal(1)), self.currency))
        return number(value, 0 if value == int(value) or abs(value) >= _IN_FULL else 1)

    def counted(self, value: float) -> str:
        """Write a sum, or a number with what it counts."""
        if self.what not in UNITS:
            return self.amount(value)
        return plural(*UNITS[self.what], 1 if value == 1 else 2, amount=self.amount(value))

    def period(self, on: str) -> str:
        """Name the period that begins on an ISO day."""
        first = date.fromisoformat(on)
        if self.every is Every.MONTH:
            return month_name(first)
        if self.every is Every.WEEK:
            return _("the week of {day}", day=day(first))
        return day(first)

    def method(self, name: str) -> str:
        """Say how a forecast is made."""
        return _(METHODS.get(name, SAME_AS[self.every]))


def sentences(line: Line, seen: _Seen) -> list[str]:
    """Say the last period, the trend, the season and what comes next, a line each."""
    if not seen["periods"]:
        return [_("Nothing is over yet that could be counted.")]
    latest = _(
        "Latest: {period}, {amount}.",
        period=line.period(seen["latest"]),
        amount=line.counted(seen["drawn"][-1]),
    )
    shape = seen["shape"]
    shaped = [_trend(line, shape), _season(line, shape, seen["periods"])] if shape else []
    return [latest, *shaped, _next(line, seen["forecast"])]


def _trend(line: Line, shape: _Seen) -> str:
    if not shape["trending"]:
        return _("Trend: none that stands out from the ups and downs.")
    up = shape["change"] > 0
    if shape["change_share"] is None:
        much = line.counted(abs(shape["change"]) * IN_A_MONTH[line.every])
    else:
        monthly = abs(shape["change_share"]) * IN_A_MONTH[line.every]
        if monthly < SLOW:
            return _by_year(percent(monthly * YEAR_MONTHS), up=up)
        much = percent(monthly)
    if up:
        return _("Trend: rising by about {much} a month.", much=much)
    return _("Trend: falling by about {much} a month.", much=much)


def _by_year(much: str, *, up: bool) -> str:
    if up:
        return _("Trend: rising by about {much} a year.", much=much)
    return _("Trend: falling by about {much} a year.", much=much)


def _season(line: Line, shape: _Seen, periods: int) -> str:
    if periods < 2 * SEASONS[line.every]:
        return _(TOO_SHORT[line.every])
    if not shape["season"] or shape["season_strength"] < STRONG:
        return _(NO_SEASON[line.every])
    places = sorted(shape["season"], key=lambda pair: pair[1])
    return _(
        "Season: {high} is usually {above} above the average, {low} {below} below.",
        high=_place(line, places[-1][0]),
        above=percent(places[-1][1] - 1),
        low=_place(line, places[0][0]),
        below=percent(1 - places[0][1]),
    )


def _place(line: Line, on: str) -> str:
    first = date.fromisoformat(on)
    if line.every is Every.DAY:
        return weekday(first)
    if line.every is Every.MONTH:
        return month_of_year(first)
    return _("week {week}", week=first.isocalendar().week)


def _next(line: Line, forecast: _Seen) -> str:
    if not forecast["steps"]:
        return _("Forecast: too little is known yet; that needs four periods.")
    step = forecast["steps"][0]
    values = {"period": line.period(step["on"]), "amount": line.counted(step["value"])}
    if step["low"] is None:
        return _(
            "Forecast: {period} about {amount}; how sure that is cannot be said yet.", **values
        )
    return _(
        "Forecast: {period} about {amount}, in {cases} of 10 cases between {low} and {high}.",
        cases=round(10 * forecast["level"]),
        low=line.amount(step["low"]),
        high=line.amount(step["high"]),
        **values,
    )


def how(line: Line, forecast: _Seen) -> str:
    """Say how the forecast is made and why so."""
    method = line.method(forecast["method"])
    if not forecast["steps"]:
        return _(REASONS[forecast["why"]])
    return _("Expected is {method}. {reason}", method=method, reason=_reason(line, forecast))


def _reason(line: Line, forecast: _Seen) -> str:
    if forecast["why"] in REASONS:
        return _(REASONS[forecast["why"]])
    others = [name for name, _mase in forecast["candidates"] if name != forecast["method"]]
    return _(_OF_TWO, other=line.method(others[0])) if others else _(_LONGER)


def past_error(line: Line, forecast: _Seen) -> str:
    """Say how far off such forecasts were, beside those of the plainest method."""
    error = forecast["error"]
    if error is None:
        return _("It cannot be said yet: there is too little past to try it on.")
    told = plural(
        "Tried on {count} moment of the past it was off by {amount} on average.",
        "Tried on {count} moments of the past it was off by {amount} on average.",
        error["tests"],
        amount=_off(line, error),
    )
    if forecast["beside"] is None:
        return told
    name, other = forecast["beside"]
    beside = _(
        "“{method}” would have been off by {amount}.",
        method=line.method(name),
        amount=_off(line, other),
    )
    return f"{told} {beside}"


def _off(line: Line, error: _Seen) -> str:
    if error["share"] is None:
        return line.counted(error["off"])
    return _("{amount} ({share})", amount=line.counted(error["off"]), share=percent(error["share"]))


def outliers(line: Line, seen: _Seen) -> str:
    """List the latest periods that were out of line, the newest first."""
    return "\n".join(
        _(
            "{period}: {amount}, usual is {low} to {high}",
            period=line.period(each["on"]),
            amount=line.counted(each["value"]),
            low=line.amount(each["low"]),
            high=line.amount(each["high"]),
        )
        for each in reversed(seen["outliers"][-OUTLIERS:])
    )


def alarm(line: Line, found: _Seen) -> str:
    """Say that a day or a week was out of line."""
    values = {
        "name": _(NAMES[line.what]),
        "day": day(date.fromisoformat(found["on"])),
        "amount": line.counted(found["value"]),
        "low": line.amount(found["low"]),
        "high": line.amount(found["high"]),
    }
    if line.every is Every.WEEK:
        return _(
            "{name}, week of {day}: {amount}. Usually it is between {low} and {high}.", **values
        )
    return _("{name}, {day}: {amount}. Usually it is between {low} and {high}.", **values)


def left_out(left: Mapping[str, int], currency: str) -> str:
    """Say what is in no amount: other currencies, and imports that do not say when."""
    if not left:
        return ""
    if IMPORTED in left:
        return plural(
            "{count} that came with a file is left out: when it came in is not known.",
            "{count} that came with a file are left out: when they came in is not known.",
            left[IMPORTED],
        )
    return plural(
        "{count} in another currency than {currency} is left out ({others}).",
        "{count} in other currencies than {currency} are left out ({others}).",
        sum(left.values()),
        currency=currency,
        others=", ".join(sorted(left)),
    )
