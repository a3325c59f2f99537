"""Recurring times as people type them: `mon,thu 8:30`, `day 18:00`, `month last 17:00`, `2h`, `每周一9点`.

The value itself and its stored form live in `crm_store/schedules.py`; single moments are read in `moments`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from itertools import pairwise

from crm_store.schedules import LAST_DAY, Rule, Schedule
from handlers.errors import UserError
from handlers.reading.calendar_days import FIRST_YEAR, LAST_YEAR, too_far
from handlers.reading.characters import EDGES, NUMERAL, numeral, plain, shown
from handlers.reading.clock_times import match_clock, match_part, settle
from handlers.wording import _

SHORTEST = 15  # minutes: more often, a chat would only be noise
USUAL_TIME = time(9)
_DAY_MINUTES = 24 * 60
_LONGEST = 80
_LONGEST_COUNT = 5  # digits; more of them are more than a day anyway
_FLAGS = re.ASCII | re.IGNORECASE

_WEEKDAYS = {
    name: day
    for day, names in enumerate(
        (
            "monday mondays mon 一",
            "tuesday tuesdays tues tue 二",
            "wednesday wednesdays wed 三",
            "thursday thursdays thurs thur thu 四",
            "friday fridays fri 五",
            "saturday saturdays sat 六",
            "sunday sundays sun 日 天",
        )
    )
    for name in names.split()
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_RANGES = frozenset({"to", "-", "到", "至"})
_ENGLISH_DAY = rf"(?:{'|'.join(name for name in _WEEKDAYS if name.isascii())})\b"
_CHINESE_DAY = "[一二三四五六日天]"
_WEEK_WORD = "(?:周|星期|礼拜)"
_MONTH_NAME = rf"(?:{'|'.join(_MONTHS)})[a-z]*"

_GAP = re.compile(r"(?:[\s,、;]|and\b|和|及)*", _FLAGS)
_LEAD = re.compile(r"(?:(?:every|each|on)\b\s*|每)?", _FLAGS)
_CRON = re.compile(r".*\*.*|[\d/,-]+\s+[\d/,-]+(?:\s+[\d/,?a-z#-]+){3,5}", _FLAGS)
_SECONDS = re.compile(r"(?:\d+\s*)?(?:seconds?|secs?|s)|\d*秒", _FLAGS)
_INTERVAL = re.compile(
    rf"(?P<count>\d+|{NUMERAL}|an?\b|半(?=个?(?:小时|钟头)))?\s*个?"
    r"(?P<unit>minutes?|mins?|m|hours?|hourly|hrs?|h|分钟|小时|钟头)",
    _FLAGS,
)
_DAILY = re.compile(r"(?:days?|daily)\b|[天日]", _FLAGS)
_WORKDAYS = re.compile(r"(?:weekdays?|workdays?|working\s+days?)\b|个?工作日", _FLAGS)
_WEEKLY = re.compile(
    rf"(?:week(?:ly)?\s+(?:on\s+)?)?{_ENGLISH_DAY}(?:(?:\s*(?:,|-|and\b|to\b)\s*|\s+){_ENGLISH_DAY})*"
    rf"|{_WEEK_WORD}{_CHINESE_DAY}(?:[,、和及到至-]?{_WEEK_WORD}?{_CHINESE_DAY})*"
    rf"|week(?:ly)?\b|{_WEEK_WORD}",
    _FLAGS,
)
_WEEKLY_WORD = re.compile(rf"{_ENGLISH_DAY}|{_CHINESE_DAY}|\bto\b|[到至-]", _FLAGS)
_MONTHLY = re.compile(
    r"month(?:ly)?\s+(?:on\s+)?(?:the\s+)?"
    r"(?:(?P<last>last)(?:\s+day)?\b|(?P<day>\d{1,2})(?:st|nd|rd|th)?(?![\w:.]|\s*[ap]m\b))"
    rf"|个?月(?:(?P<last2>底|末|最后一天)|(?P<day2>{NUMERAL})[号日])",
    _FLAGS,
)
_YEARLY = re.compile(
    r"year(?:ly)?\s+(?:on\s+)?(?:(?P<month>\d{1,2})-(?P<day>\d{1,2})(?![\w:])"
    rf"|(?P<month2>{_MONTH_NAME})\s+(?P<day2>\d{{1,2}})(?![\w:])|(?P<day3>\d{{1,2}})\s+(?P<month3>{_MONTH_NAME})\b)"
    rf"|年(?P<month4>{NUMERAL})月(?P<day4>{NUMERAL})[号日]",
    _FLAGS,
)
_ONCE = re.compile(
    r"(?:once\s+)?(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?!\d)T?", _FLAGS
)


def read_schedule(text: str) -> Schedule:
    """Read a recurring time; 9:00 where no time of day is written, Monday where no day of the week is.

    `day`, `weekday`, days of the week with commas, `month 1`, `month last` and `year 12-01` come before the times; a
    length from 15 minutes to 24 hours stands alone; a date means once.

    Raises:
        UserError: it cannot be read, is more often than every 15 minutes, or is a line of cron.
    """
    written = plain(text).strip(EDGES)
    if len(written) > _LONGEST:
        raise _unreadable(written)
    if _CRON.fullmatch(written):
        raise UserError(
            _("Schedules are not written in the form of cron."),
            _("Write it in words, for example: {example}", example='every="weekday 9:00"'),
        )
    lead = _LEAD.match(written)
    start = lead.end() if lead else 0
    return _interval(written, start) or _on_days(written, start)


def _interval(written: str, start: int) -> Schedule | None:
    if _SECONDS.fullmatch(written, start):
        raise _too_often()
    found = _INTERVAL.fullmatch(written, start)
    if not found:
        return None
    minutes = _minutes(found["count"] or "1", found["unit"].lower())
    if minutes < SHORTEST:
        raise _too_often()
    if minutes > _DAY_MINUTES:
        raise UserError(
            _("A length of time between two runs can be 24 hours at most."),
            _("Name days instead, for example: {example}", example='every="monday 9:00"'),
        )
    if minutes % 60:
        return Schedule(Rule.MINUTES, step=minutes)
    return Schedule(Rule.HOURS, step=minutes // 60)


def _minutes(count: str, unit: str) -> int:
    if count == "半":
        return 30
    number = 1 if count.lower() in {"a", "an"} else numeral(count[:_LONGEST_COUNT])
    return number * (1 if unit[0] in "m分" else 60)


def _on_days(written: str, start: int) -> Schedule:
    for pattern, make in _MAKERS:
        if found := pattern.match(written, start):
            times = _times(written, found.end())
            try:
                return make(found, times)
            except ValueError:
                break
    raise _unreadable(written)


def _times(written: str, position: int) -> tuple[time, ...]:
    """Read the times of day from `position` to the end; a part of the day holds until the next one."""
    times: set[time] = set()
    part = ""
    position = _after_gap(written, position)
    while position < len(written):
        if named := match_part(written, position):
            part, position = named
            times |= (
                set() if match_clock(written, position) else {settle(None, part, USUAL_TIME)[1]}
            )
        elif found := match_clock(written, position):
            clock, position = found
            times.add(settle(clock, part, USUAL_TIME)[1])
        else:
            raise _unreadable(written)
        position = _after_gap(written, position)
    ordered = sorted(times) or [USUAL_TIME]
    minutes = [at.hour * 60 + at.minute for at in ordered]
    if any(later - earlier < SHORTEST for earlier, later in pairwise(minutes)):
        raise _too_often()
    return tuple(ordered)


def _after_gap(written: str, position: int) -> int:
    gap = _GAP.match(written, position)
    return gap.end() if gap else position


def _daily(_found: re.Match[str], times: tuple[time, ...]) -> Schedule:
    return Schedule(Rule.DAILY, times)


def _workdays(_found: re.Match[str], times: tuple[time, ...]) -> Schedule:
    return Schedule(Rule.WEEKDAYS, times)


def _weekly(found: re.Match[str], times: tuple[time, ...]) -> Schedule:
    days: set[int] = set()
    first = last = -1
    for word in _WEEKLY_WORD.findall(re.sub(_WEEK_WORD, "", found.group().lower())):
        if word in _RANGES:
            first = last
            continue
        last = _WEEKDAYS[word]
        days |= (
            {(first + passed) % 7 for passed in range((last - first) % 7 + 1)}
            if first >= 0
            else {last}
        )
        first = -1
    return Schedule(Rule.WEEKLY, times, weekdays=tuple(sorted(days or {0})))


def _monthly(found: re.Match[str], times: tuple[time, ...]) -> Schedule:
    day = LAST_DAY if _written(found, "last") else numeral(_written(found, "day"))
    return Schedule(Rule.MONTHLY, times, day=day)


def _yearly(found: re.Match[str], times: tuple[time, ...]) -> Schedule:
    month = _written(found, "month")
    by_name = month[:3].lower()
    number = _MONTHS.index(by_name) + 1 if by_name in _MONTHS else numeral(month)
    return Schedule(Rule.YEARLY, times, month=number, day=numeral(_written(found, "day")))


def _once(found: re.Match[str], times: tuple[time, ...]) -> Schedule:
    on = date(int(found["year"]), int(found["month"]), int(found["day"]))
    if not FIRST_YEAR <= on.year <= LAST_YEAR:
        raise too_far()
    return Schedule(Rule.ONCE, times, on=on)


def _written(found: re.Match[str], name: str) -> str:
    """Return what the group `name` or one of its doubles `name2`, `name3` … holds."""
    return next(
        (
            value
            for group, value in found.groupdict().items()
            if value and group.rstrip("234") == name
        ),
        "",
    )


_MAKERS: tuple[
    tuple[re.Pattern[str], Callable[[re.Match[str], tuple[time, ...]], Schedule]], ...
] = (
    (_WORKDAYS, _workdays),
    (_WEEKLY, _weekly),
    (_DAILY, _daily),
    (_MONTHLY, _monthly),
    (_YEARLY, _yearly),
    (_ONCE, _once),
)


def _too_often() -> UserError:
    return UserError(
        _("Every {minutes} minutes is the most often that something can come.", minutes=SHORTEST),
        _("Write a longer time, for example: every=2h"),
    )


def _unreadable(written: str) -> UserError:
    hint = _(
        "Write it like monday 9:00, weekday 9:00, day 18:00, month 1 9:00, month last 17:00 or 2h."
    )
    if not written:
        return UserError(_("The schedule is missing."), hint)
    return UserError(_("“{text}” is not a schedule that can be read.", text=shown(written)), hint)
