"""Periods that reports cover, as people type them: `month`, `last quarter`, `30d`, `2026-Q3`, `本季度`.

Moments to come are read in `handlers/reading/moments.py`.
"""

from __future__ import annotations

import calendar
import enum
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

from crm_store.schedules import instant_of
from handlers.arguments import Argument, Asked
from handlers.errors import UserError
from handlers.reading.calendar_days import FIRST_YEAR, LAST_YEAR
from handlers.reading.characters import plain
from handlers.reply import Action
from handlers.wording import _, language

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

MOST_DAYS = 730
_WEEK = timedelta(days=7)
_YEAR_MONTHS = 12
_QUARTER_MONTHS = 3
_GAP = re.compile(r"[\s_-]+")
_FLAGS = re.ASCII | re.IGNORECASE
_RECENT = re.compile(r"(?:last|past|最近|过去|近)?(?P<days>\d{1,4})(?:d|days?|天|日)", _FLAGS)
_QUARTER = re.compile(r"(?P<year>\d{4})(?:年第?|-)?(?:q(?P<a>[1-4])|(?P<b>[1-4])季度?)", _FLAGS)
_ISO_WEEK = re.compile(r"(?P<year>\d{4})(?:年第?|-)?(?:w(?P<a>\d{1,2})|(?P<b>\d{1,2})周)", _FLAGS)
_MONTH = re.compile(r"(?P<year>\d{4})(?:-|/|年)(?P<month>\d{1,2})月?", _FLAGS)
_YEAR = re.compile(r"(?P<year>\d{4})年?", _FLAGS)


class Unit(enum.StrEnum):
    """What a period is one of."""

    DAYS = "days"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_CURRENT = {
    Unit.WEEK: "week thisweek 本周 这周 这个星期 本星期",
    Unit.MONTH: "month thismonth 本月 这个月 当月",
    Unit.QUARTER: "quarter thisquarter 本季度 本季 这个季度",
    Unit.YEAR: "year thisyear 今年 本年 本年度",
}
_LAST = {
    Unit.WEEK: "lastweek 上周 上星期 上个星期",
    Unit.MONTH: "lastmonth 上月 上个月",
    Unit.QUARTER: "lastquarter 上季度 上季 上个季度",
    Unit.YEAR: "lastyear 去年 上年度",
}
_WORDS = {
    word: (unit, back)
    for back, table in enumerate((_CURRENT, _LAST))
    for unit, words in table.items()
    for word in words.split()
}


@dataclass(frozen=True, slots=True)
class Period:
    """Some whole days on the wall clock of `zone`, with what they are compared to.

    Attributes:
        first: the first day.
        end: the day after the last.
        now: the moment of the question; a period that still runs is compared with as much of the one before.
    """

    unit: Unit
    first: date
    end: date
    zone: ZoneInfo
    now: datetime

    @property
    def since(self) -> datetime:
        """The moment it begins, aware UTC."""
        return _midnight(self.first, self.zone)

    @property
    def until(self) -> datetime:
        """The moment after it, aware UTC."""
        return _midnight(self.end, self.zone)

    @property
    def running(self) -> bool:
        """Whether it has begun and is not over."""
        return self.since <= self.now < self.until

    @property
    def name(self) -> str:
        """The period in the reader's words, such as `Q4 2026`."""
        if self.unit is Unit.DAYS:
            return _("the last {count} days", count=(self.end - self.first).days)
        return _name(self.unit, self.first)

    @property
    def before(self) -> Period:
        """The period of the same kind before it."""
        if self.unit is Unit.DAYS:
            first = self.first - (self.end - self.first)
        else:
            first = _start(self.unit, self.first - timedelta(days=1))
        return Period(self.unit, first, self.first, self.zone, self.now)

    @property
    def before_name(self) -> str:
        """What it is compared with, in the reader's words."""
        if self.unit is Unit.DAYS:
            return _("the {count} days before", count=(self.end - self.first).days)
        before = _name(self.unit, self.before.first)
        return _("{period} up to the same day", period=before) if self.running else before

    @property
    def before_until(self) -> datetime:
        """Where the comparison ends: after as much of the period before as has passed of this one."""
        before = self.before
        if not self.running:
            return before.until
        passed = self.now.astimezone(self.zone).replace(tzinfo=None) - _naive(self.first)
        return min(instant_of(_naive(before.first) + passed, self.zone), before.until)


def current(unit: Unit, now: datetime, zone: ZoneInfo) -> Period:
    """Return the week, month, quarter or year that `now` is in."""
    return _holding(unit, now.astimezone(zone).date(), now, zone)


def read_period(text: str, now: datetime, zone: ZoneInfo) -> Period | None:
    """Read a period; None when it is none."""
    typed = plain(text).strip().casefold()
    word = _WORDS.get(_GAP.sub("", typed))
    if word:
        unit, back = word
        period = current(unit, now, zone)
        return period.before if back else period
    recent = _RECENT.fullmatch(_GAP.sub("", typed))
    if recent:
        return _recent(int(recent["days"]), now, zone)
    try:
        written = _written(typed.replace(" ", ""))
    except ValueError:
        return None
    if written is None or not FIRST_YEAR <= written[1].year <= LAST_YEAR:
        return None
    return _holding(*written, now, zone)


class PeriodArgument(Argument[Period]):
    """A period of the person's own calendar."""

    spreads = True

    def read(self, text: str, asked: Asked) -> Period:
        """Return the period."""
        request = asked.request
        period = read_period(text, request.now, request.zone)
        if period is None:
            raise UserError(
                _("This is not a period."),
                _(
                    "Write for example {examples}.",
                    examples="`month`, `last-quarter`, `30d`, `2026`, `2026-Q3`, `2026-10`, `2026-W46`",
                ),
                _suggestions(asked),
            )
        return period


TimeSpan = Annotated[Period, PeriodArgument()]


def _suggestions(asked: Asked) -> tuple[Action, ...]:
    return (
        asked.button(_("This month"), "month"),
        asked.button(_("This quarter"), "quarter"),
        asked.button(_("Last quarter"), "last-quarter"),
    )


def _written(text: str) -> tuple[Unit, date] | None:
    if found := _QUARTER.fullmatch(text):
        quarter = int(found["a"] or found["b"])
        return Unit.QUARTER, date(int(found["year"]), quarter * _QUARTER_MONTHS, 1)
    if found := _ISO_WEEK.fullmatch(text):
        week = int(found["a"] or found["b"])
        return Unit.WEEK, date.fromisocalendar(int(found["year"]), week, 4)
    if found := _MONTH.fullmatch(text):
        return Unit.MONTH, date(int(found["year"]), int(found["month"]), 1)
    if found := _YEAR.fullmatch(text):
        return Unit.YEAR, date(int(found["year"]), 1, 1)
    return None


def _recent(days: int, now: datetime, zone: ZoneInfo) -> Period | None:
    if not 1 <= days <= MOST_DAYS:
        return None
    end = now.astimezone(zone).date() + timedelta(days=1)
    return Period(Unit.DAYS, end - timedelta(days=days), end, zone, now)


def _holding(unit: Unit, day: date, now: datetime, zone: ZoneInfo) -> Period:
    first = _start(unit, day)
    return Period(unit, first, _end(unit, first), zone, now)


def _start(unit: Unit, day: date) -> date:
    match unit:
        case Unit.WEEK:
            return day - timedelta(days=day.weekday())
        case Unit.MONTH:
            return day.replace(day=1)
        case Unit.QUARTER:
            return day.replace(month=day.month - (day.month - 1) % _QUARTER_MONTHS, day=1)
        case _:
            return day.replace(month=1, day=1)


def _end(unit: Unit, first: date) -> date:
    match unit:
        case Unit.WEEK:
            return first + _WEEK
        case Unit.MONTH:
            return months_after(first, 1)
        case Unit.QUARTER:
            return months_after(first, _QUARTER_MONTHS)
        case _:
            return months_after(first, _YEAR_MONTHS)


def months_after(first: date, months: int) -> date:
    """Return the first day of the month `months` after that of `first`; a negative number goes back."""
    count = first.year * _YEAR_MONTHS + first.month - 1 + months
    return date(count // _YEAR_MONTHS, count % _YEAR_MONTHS + 1, 1)


def month_name(first: date) -> str:
    """Return a month in the reader's words, such as `November 2026`."""
    if language() == "zh":
        return f"{first.year}年{first.month}月"
    return f"{calendar.month_name[first.month]} {first.year}"


def _name(unit: Unit, first: date) -> str:
    match unit:
        case Unit.WEEK:
            year, week, _day = first.isocalendar()
            return _("week {week} of {year}", week=week, year=year)
        case Unit.MONTH:
            return month_name(first)
        case Unit.QUARTER:
            quarter = (first.month + 2) // _QUARTER_MONTHS
            return _("Q{quarter} {year}", quarter=quarter, year=first.year)
        case _:
            return _("the year {year}", year=first.year)


def _naive(day: date) -> datetime:
    return datetime.combine(day, time())


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return instant_of(_naive(day), zone).astimezone(UTC)
