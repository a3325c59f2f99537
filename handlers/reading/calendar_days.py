"""Days as people type them: `tomorrow`, `next tue`, `1 Dec`, `end of month`, `月底`, `下周二`, `12月1日`.

Lengths of time live in `spans`, times of day in `clock_times`; `moments` puts them together. All text here is in its
plain form.

A weekday alone is the next one to come, and today only together with a time that is still ahead. `next friday` and
`下周五` are the Friday of the next week, which begins on Monday. A day without a year is the next such day from today
on.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import NamedTuple

from handlers.errors import UserError
from handlers.reading.characters import NUMERAL, numeral, shown
from handlers.wording import _

FIRST_YEAR, LAST_YEAR = 1970, 2100
_FLAGS = re.ASCII | re.IGNORECASE
_LEAD = r"(?:(?:on|by|until|from|at)\s+|在|于)?"
_WEEK = 7
_YEAR_DIGITS = 4

_WEEKDAY = (
    r"(?P<weekday>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?"
    r"|sun(?:day)?)s?\b"
)
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CHINESE_WEEKDAYS = "一二三四五六日"
_WEEK_WORD = r"(?:周|星期|礼拜)"
_NAMED_DAYS = {
    "today": 0,
    "tomorrow": 1,
    "tmr": 1,
    "tmrw": 1,
    "yesterday": -1,
    "day after tomorrow": 2,
    "大后天": 3,
    "后天": 2,
    "明天": 1,
    "明日": 1,
    "明": 1,
    "今天": 0,
    "今日": 0,
    "今": 0,
    "昨天": -1,
    "前天": -2,
}
_ENDS = {
    **{period: period for period in ("day", "week", "month", "quarter", "year", "weekend")},
    "eod": "day",
    "eow": "week",
    "eom": "month",
    "eoq": "quarter",
    "eoy": "year",
    "月底": "month",
    "月末": "month",
    "年底": "year",
    "年末": "year",
    "季末": "quarter",
    "周末": "weekend",
}


class Day(NamedTuple):
    """A day; `coming` for a weekday alone, whose `on` is today when it is that weekday."""

    on: date
    coming: bool = False


DayReader = Callable[[re.Match[str], date], Day]


def match_day(text: str, position: int) -> tuple[Callable[[date], Day], int] | None:
    """Return what reads the day at `position` once today is known, and where it ends; None when there is none.

    The function raises UserError for a day that no calendar has, or that can be read in two ways.
    """
    for pattern, reader in _PATTERNS:
        if found := pattern.match(text, position):
            return partial(_checked, reader, found), found.end()
    return None


def too_far() -> UserError:
    """Return the refusal of a time outside the years that are kept."""
    return UserError(
        _(
            "This is too far away: years from {first} to {last} can be used.",
            first=FIRST_YEAR,
            last=LAST_YEAR,
        ),
        _("Write a nearer day, for example: 2026-12-01"),
    )


def add_months(day: date, months: int) -> date:
    """Return the same day of another month, or its last day where it is shorter.

    Raises:
        ValueError: the calendar ends before it.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _checked(reader: DayReader, found: re.Match[str], today: date) -> Day:
    try:
        day = reader(found, today)
    except OverflowError:
        raise too_far() from None
    except ValueError:
        raise _no_such_day(found.group()) from None
    if not FIRST_YEAR <= day.on.year <= LAST_YEAR:
        raise too_far()
    return day


def _named_day(found: re.Match[str], today: date) -> Day:
    return Day(today + timedelta(days=_NAMED_DAYS[" ".join(found["named"].lower().split())]))


def _weekday(found: re.Match[str], today: date) -> Day:
    return _in_week(
        (found["which"] or "").lower(), _WEEKDAYS.index(found["weekday"][:3].lower()), today
    )


def _chinese_weekday(found: re.Match[str], today: date) -> Day:
    return _in_week(
        found["which"] or "", _CHINESE_WEEKDAYS.index(found["weekday"].replace("天", "日")), today
    )


def _in_week(which: str, weekday: int, today: date) -> Day:
    if which in {"", "coming"}:
        return Day(today + timedelta(days=(weekday - today.weekday()) % _WEEK), coming=True)
    weeks = {"next": 1, "下": 1, "下下": 2, "上": -1}.get(which, 0)
    return Day(today + timedelta(days=weekday - today.weekday() + weeks * _WEEK))


def _next_period(found: re.Match[str], today: date) -> Day:
    period = found["period"].lower()
    if period in {"week", "周", "星期", "礼拜"}:
        return _in_week("next", 0, today)
    if period in {"month", "月"}:
        return Day(add_months(today.replace(day=1), 1))
    return Day(date(today.year + 1, 1, 1))


def _end_of(found: re.Match[str], today: date) -> Day:
    groups = found.groupdict()
    period = _ENDS[(groups["period"] or groups["short"]).lower()]
    shift = 1 if (groups["which"] or "").lower() in {"next", "下", "下个", "明"} else 0
    if period == "day":
        return Day(today + timedelta(days=shift))
    if period == "week":
        return _in_week("next" if shift else "this", 4, today)
    if period == "weekend":
        return _in_week("next" if shift else "this", 5, today)
    length = {"month": 1, "quarter": 3, "year": 12}[period]
    first = today.replace(month=(today.month - 1) // length * length + 1, day=1)
    return Day(add_months(first, length * (1 + shift)) - timedelta(days=1))


def _iso(found: re.Match[str], _today: date) -> Day:
    year, month, day = found["year"], int(found["month"]), int(found["day"])
    if len(year) != _YEAR_DIGITS or not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise too_far()
    return Day(date(int(year), month, day))


def _slashed(found: re.Match[str], today: date) -> Day:
    one, other, year = int(found["one"]), int(found["other"]), found["year"] or ""
    full, swappable = len(year) == _YEAR_DIGITS, max(one, other) in range(13)
    if full and (one == other or not swappable):
        return Day(date(int(year), min(one, other), max(one, other)))
    day = f"{other:02}-{one:02}" if swappable else "02-01"
    raise UserError(
        _("“{text}” can be read in two ways.", text=shown(found.group())),
        _(
            "Write year-month-day, for example: {example}",
            example=f"{year if full else today.year}-{day}",
        ),
    )


def _written_out(found: re.Match[str], today: date) -> Day:
    month = _MONTHS.index(found["month"][:3].lower()) + 1
    return _on_date(found["year"], month, int(found["day"]), today)


def _chinese_date(found: re.Match[str], today: date) -> Day:
    year = {"今年": str(today.year), "明年": str(today.year + 1)}.get(found["relative"] or "", "")
    if found["year"]:
        year = found["year"] if found["year"].isascii() else str(numeral(found["year"]))
    return _on_date(year, numeral(found["month"]), numeral(found["day"]), today)


def _day_of_month(found: re.Match[str], today: date) -> Day:
    day = numeral(found["day"])
    which = found.groupdict()["which"]
    date(2000, 1, day)  # the longest month there is
    if which:
        first = add_months(today.replace(day=1), {"下下": 2, "下": 1}.get(which, 0))
        return Day(first.replace(day=day))
    months = (add_months(today.replace(day=1), ahead) for ahead in range(12))
    lengths = ((first, calendar.monthrange(first.year, first.month)[1]) for first in months)
    return Day(
        next(
            f.replace(day=day)
            for f, length in lengths
            if day <= length and f.replace(day=day) >= today
        )
    )


def _on_date(year: str | None, month: int, day: int, today: date) -> Day:
    if year:
        return Day(date(int(year), month, day))
    date(2000, month, day)  # a leap year has every day there is
    years = range(today.year, today.year + 9)
    fitting = (y for y in years if (month, day) != (2, 29) or calendar.isleap(y))
    return Day(next(found for y in fitting if (found := date(y, month, day)) >= today))


def _no_such_day(written: str) -> UserError:
    return UserError(
        _("“{text}” is not a day of the calendar.", text=shown(written)),
        _("Write year-month-day, for example: 2026-12-01"),
    )


_YEAR = r"(?:,?\s+(?P<year>\d{4})(?![\d:]))?"
_PATTERNS: tuple[tuple[re.Pattern[str], DayReader], ...] = tuple(
    (re.compile(_LEAD + pattern, _FLAGS), reader)
    for pattern, reader in (
        (
            r"(?P<year>\d{4,9})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?![\d/])(?:T(?=\d))?",
            _iso,
        ),
        (
            r"(?:the\s+)?(?P<named>day\s+after\s+tomorrow|today|tomorrow|tmrw?|yesterday)\b",
            _named_day,
        ),
        (r"(?P<named>大后天|[后明今昨前]天|[今明]日|[今明](?=[早晚]))", _named_day),
        (rf"(?:(?P<which>this|next|coming)\s+)?{_WEEKDAY}", _weekday),
        (
            rf"(?P<which>下下|[下这本上])?个?{_WEEK_WORD}(?P<weekday>[{_CHINESE_WEEKDAYS}天])",
            _chinese_weekday,
        ),
        (
            (
                r"(?:the\s+)?(?:end\s+of\s+(?:(?:the|(?P<which>this|next))\s+)?(?P<period>day|week|month|quarter|year)\b"
                r"|(?P<short>eod|eow|eom|eoq|eoy)\b)"
            ),
            _end_of,
        ),
        (r"(?:(?:the|(?P<which>this|next))\s+)?(?P<period>weekend)\b", _end_of),
        (r"(?P<which>下个?|本|这个?|今|明)?(?P<period>[月年][底末]|季末|周末)", _end_of),
        (r"next\s+(?P<period>week|month|year)\b", _next_period),
        (
            (
                rf"(?:(?P<year>\d{{4}}|[零〇一二三四五六七八九]{{4}})年|(?P<relative>[今明]年))?\s*"
                rf"(?P<month>{NUMERAL})月\s*(?P<day>{NUMERAL})[日号]?"
            ),
            _chinese_date,
        ),
        (rf"(?:(?P<which>下下|[下这本])个?月)?(?P<day>{NUMERAL})号(?!码)", _day_of_month),
        (rf"(?P<which>下下|[下这本])个?月(?P<day>{NUMERAL})日", _day_of_month),
        (r"(?:下个?|明)(?P<period>周|星期|礼拜|月|年)", _next_period),
        (rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}{_YEAR}", _written_out),
        (rf"{_MONTH}\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\w:]){_YEAR}", _written_out),
        (r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})(?!\d)", _iso),
        (r"(?P<one>\d{1,2})/(?P<other>\d{1,2})(?:/(?P<year>\d{2,4}))?(?![\d/])", _slashed),
    )
)
