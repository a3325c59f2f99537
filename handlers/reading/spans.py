"""Lengths of time ahead as people type them: `in 3 days`, `2h`, `in half an hour`, `三天后`, `一个半小时后`.

Days live in `calendar_days`; both are put together in `moments`. All text here is in its plain form.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import NamedTuple

from handlers.errors import UserError
from handlers.reading.calendar_days import add_months, too_far
from handlers.reading.characters import NUMERAL, numeral, shown
from handlers.wording import _

_FLAGS = re.ASCII | re.IGNORECASE
_MOST_DIGITS = 5
_COUNTS = {"a": 1, "an": 1} | {
    word: number
    for number, word in enumerate(
        [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ],
        start=1,
    )
}
_UNIT = (
    r"(?:minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|wks?|w|months?|mo|years?|yrs?|y)(?![a-z])"
)
_HALF = r"half\s+an\s+hour\b"
_MORE = rf"(?:\s*(?:,|and\b)?\s*(?:\d+\s*{_UNIT}|{_HALF}))*"
_AHEAD = r"(?:\s+(?:from\s+now|later)\b)?"
_ENGLISH = re.compile(
    rf"(?:in\s+(?:(?:\d+|{'|'.join(_COUNTS)})\s*{_UNIT}|{_HALF})|\d+\s*{_UNIT}){_MORE}{_AHEAD}",
    _FLAGS,
)
_ENGLISH_PART = re.compile(
    rf"(?P<half>{_HALF})|(?P<count>\d+|{'|'.join(_COUNTS)})\s*(?P<unit>{_UNIT})", _FLAGS
)
_CHINESE = re.compile(
    rf"(?P<count>\d+|{NUMERAL}|半(?=个?(?:小时|钟头)))个?(?:(?P<half>半)(?=小时|钟头))?"
    r"(?P<unit>分钟|小时|钟头|天|日|周|星期|礼拜|月|年)(?:之|以)?后",
    re.ASCII,
)
_BEHIND = re.compile(rf"in\s+-\s*\d+(?:\s*{_UNIT})?", _FLAGS)


class Span(NamedTuple):
    """A length of time: months, then days, then minutes."""

    months: int
    days: int
    minutes: int

    def day_after(self, today: date) -> date:
        """Return the day that is so many months and days after `today`.

        Raises:
            UserError: it is too far ahead.
        """
        try:
            return add_months(today, self.months) + timedelta(days=self.days)
        except (OverflowError, ValueError):
            raise too_far() from None


_UNITS = {
    "m": Span(0, 0, 1),
    "h": Span(0, 0, 60),
    "分": Span(0, 0, 1),
    "小": Span(0, 0, 60),
    "钟": Span(0, 0, 60),
    "d": Span(0, 1, 0),
    "天": Span(0, 1, 0),
    "日": Span(0, 1, 0),
    "w": Span(0, 7, 0),
    "周": Span(0, 7, 0),
    "星": Span(0, 7, 0),
    "礼": Span(0, 7, 0),
    "mo": Span(1, 0, 0),
    "月": Span(1, 0, 0),
    "y": Span(12, 0, 0),
    "年": Span(12, 0, 0),
}


def match_span(text: str, position: int = 0) -> tuple[Span, int] | None:
    """Return the length of time at `position` and where it ends; None when there is none.

    Raises:
        UserError: it is not ahead, or too far ahead.
    """
    if found := _BEHIND.match(text, position):
        raise _not_ahead(found.group())
    if found := _ENGLISH.match(text, position):
        parts = [_english(part) for part in _ENGLISH_PART.finditer(found.group())]
    elif found := _CHINESE.match(text, position):
        parts = [_chinese(found)]
    else:
        return None
    span = Span(*(sum(values) for values in zip(*parts, strict=True)))
    if not any(span):
        raise _not_ahead(found.group())
    return span, found.end()


def _english(found: re.Match[str]) -> Span:
    if found["half"]:
        return Span(0, 0, 30)
    unit = found["unit"].lower()
    return _times(found["count"].lower(), _UNITS["mo" if unit.startswith("mo") else unit[0]])


def _chinese(found: re.Match[str]) -> Span:
    whole = (
        Span(0, 0, 0)
        if found["count"] == "半"
        else _times(found["count"], _UNITS[found["unit"][0]])
    )
    half = 30 if found["half"] or found["count"] == "半" else 0
    return whole._replace(minutes=whole.minutes + half)


def _times(count: str, unit: Span) -> Span:
    if len(count) > _MOST_DIGITS:
        raise too_far()
    number = _COUNTS[count] if count in _COUNTS else numeral(count)
    return Span(*(number * value for value in unit))


def _not_ahead(written: str) -> UserError:
    return UserError(
        _("“{text}” is not ahead of now.", text=shown(written)),
        _("Write how long from now, for example: in 3 days"),
    )
