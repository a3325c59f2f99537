"""Times of day as people type them: `15:00`, `3pm`, `at 3`, `noon`, `下午3点半`, and parts of a day such as `evening`.

Days live in `calendar_days`; both are put together in `moments` and `schedules`. All text here is in its plain form.
"""

from __future__ import annotations

import re
from datetime import time
from typing import NamedTuple

from handlers.errors import UserError
from handlers.reading.characters import NUMERAL, numeral, shown
from handlers.wording import _

_FLAGS = re.ASCII | re.IGNORECASE
_LEAD = r"(?:(?:at|by|from)\s+|在|于)?"
_DIGITAL = re.compile(
    rf"{_LEAD}(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::(?P<second>\d{{2}}))?(?![\d:])(?:\s*(?P<half>[ap])\.?m\b\.?)?",
    _FLAGS,
)
_HALVED = re.compile(rf"{_LEAD}(?P<hour>\d{{1,2}})\s*(?P<half>[ap])\.?m\b\.?", _FLAGS)
_BARE = re.compile(r"at\s+(?P<hour>2[0-4]|1\d|0?\d)(?:\s*o'?clock\b)?(?![\w:./-])", _FLAGS)
_NOON = re.compile(rf"{_LEAD}(?:noon|midday)\b", _FLAGS)
_CHINESE = re.compile(
    rf"{_LEAD}(?P<hour>{NUMERAL})\s*[点點时時]"
    rf"(?:(?P<half>半)|(?P<quarters>[一二三123])刻|(?P<minute>{NUMERAL})分?|钟|鐘|整)?",
    re.ASCII,
)
_PARTS = (
    (
        "morning",
        re.compile(r"(?:(?:in\s+the|this)\s+)?morning\b|早上|早晨|清晨|凌晨|上午|早(?!点)", _FLAGS),
    ),
    ("noon", re.compile(r"中午|正午", _FLAGS)),
    ("afternoon", re.compile(r"(?:(?:in\s+the|this)\s+)?afternoon\b|下午|午后", _FLAGS)),
    (
        "evening",
        re.compile(
            r"(?:(?:in\s+the|this|at)\s+)?(?:evening|night)\b|晚上|晚间|傍晚|夜里|晚(?!点)", _FLAGS
        ),
    ),
)
_MIDNIGHT_WORD = "凌晨"
_HALF_DAY = 12
_NOT_MOVED = range(0)
_WORKING_AFTERNOON = range(1, 7)  # the bare hours that nobody means in the night
_MOVED = {
    "afternoon": range(12),
    "evening": range(12),
    "noon": range(4),
}  # hours that the part puts after noon
_USUAL = {"night": time(1), "noon": time(12), "afternoon": time(14), "evening": time(19)}


class Clock(NamedTuple):
    """A time of day as written; `exact` unless it is a bare hour, which a part of the day may still move."""

    hour: int
    minute: int
    exact: bool


def match_clock(text: str, position: int = 0) -> tuple[Clock, int] | None:
    """Return the time of day that stands at `position` and where it ends; None when there is none.

    Raises:
        UserError: there is one, but no clock shows it.
    """
    if found := _DIGITAL.match(text, position) or _HALVED.match(text, position):
        return _digital(found), found.end()
    if found := _BARE.match(text, position):
        return _checked(Clock(int(found["hour"]), 0, exact=False), found.group()), found.end()
    if found := _NOON.match(text, position):
        return Clock(12, 0, exact=True), found.end()
    if found := _CHINESE.match(text, position):
        return _chinese(found), found.end()
    return None


def match_part(text: str, position: int = 0) -> tuple[str, int] | None:
    """Return the part of a day that stands at `position` and where it ends; None when there is none."""
    for part, pattern in _PARTS:
        if found := pattern.match(text, position):
            return "night" if found.group() == _MIDNIGHT_WORD else part, found.end()
    return None


def settle(clock: Clock | None, part: str, day_start: time) -> tuple[int, time]:
    """Return the days to add and the time that a clock time and a part of the day mean together.

    A bare hour from 1 to 6 is in the afternoon unless a part of the day says otherwise. An hour from 12 to 4 in the
    evening belongs to the next day. Without a clock time the usual one of the part is meant, else `day_start`.
    """
    if clock is None:
        return 0, _USUAL.get(part, day_start)
    hour, minute, exact = clock
    if part == "evening" and hour in {12, 0, 1, 2, 3, 4}:
        return 1, time(hour % _HALF_DAY, minute)
    if part == "night":
        return 0, time(0 if hour == _HALF_DAY else hour, minute)
    late = hour in _MOVED.get(part, _NOT_MOVED) or (
        not part and not exact and hour in _WORKING_AFTERNOON
    )
    return 0, time(hour + _HALF_DAY if late else hour, minute)


def _digital(found: re.Match[str]) -> Clock:
    groups = found.groupdict()
    hour, minute, half = int(groups["hour"]), int(groups.get("minute") or 0), groups["half"]
    if int(groups.get("second") or 0) not in range(60) or (half and hour not in range(1, 13)):
        raise _impossible(found.group())
    if half:
        hour = hour % _HALF_DAY + (_HALF_DAY if half in "pP" else 0)
    return _checked(Clock(hour, minute, exact=True), found.group())


def _chinese(found: re.Match[str]) -> Clock:
    minute = 30 if found["half"] else 0
    if found["quarters"]:
        minute = 15 * numeral(found["quarters"])
    elif found["minute"]:
        minute = numeral(found["minute"])
    return _checked(Clock(numeral(found["hour"]), minute, exact=False), found.group())


def _checked(clock: Clock, written: str) -> Clock:
    if clock.hour not in range(24) or clock.minute not in range(60):
        raise _impossible(written)
    return clock


def _impossible(written: str) -> UserError:
    return UserError(
        _("“{time}” is not a time of day.", time=shown(written)),
        _("Write a time from 00:00 to 23:59, for example: 15:00"),
    )
