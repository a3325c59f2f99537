"""Moments and days as people type them: `next tue 15:00`, `in 3 days`, `2026-12-01`, `下周二下午3点`.

The words stand in `calendar_days`, `clock_times` and `spans`; recurring times are read in `schedules`.

A day without a time is meant at `day_start`; `today` alone at the first of `day_start`, 18:00 and 23:59 that is still
to come. A time without a day is the next such time. `in 3 days` is a day, `in 3 hours` an exact length of time. Reading
is by the wall clock of `now`, or of a zone written at the end; a time that the clocks skip becomes the first one after.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from crm_store.schedules import instant_of
from handlers.errors import UserError
from handlers.reading.calendar_days import FIRST_YEAR, LAST_YEAR, Day, match_day, too_far
from handlers.reading.characters import EDGES, plain, shown
from handlers.reading.clock_times import Clock, match_clock, match_part, settle
from handlers.reading.spans import Span, match_span
from handlers.wording import _

DAY_START = time(9)
_LATER_TODAY = (time(18), time(23, 59))
_LONGEST = 80
_MOST_WORDS = 12
_GAP = re.compile(r"[\s,、]*(?:的(?!\S))?[\s,、]*|的")
_TONIGHT = re.compile(r"tonight\b", re.ASCII | re.IGNORECASE)
_ZONE = re.compile(
    r"(?:[A-Z][A-Za-z_]*(?:/[A-Z][A-Za-z0-9_+-]*){1,2}|UTC|GMT|Z)(?![\w/.+-])", re.ASCII
)
_ZONE_LIKE = re.compile(r"\S*(?:/|\.\.|UTC|GMT)\S*")
_REGIONS = frozenset(
    [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Brazil",
        "Canada",
        "Chile",
        "Etc",
        "Europe",
        "Indian",
        "Mexico",
        "Pacific",
        "US",
    ]
)


class _Found(NamedTuple):
    """What a text has named so far."""

    day: Callable[[date], Day] | None = None
    clock: Clock | None = None
    part: str = ""
    span: Span | None = None
    zone: ZoneInfo | None = None


_NOTHING = _Found()


def read_moment(
    text: str, now: datetime, *, day_start: time = DAY_START, future: bool = False
) -> datetime:
    """Read a moment and return it as aware UTC, a whole minute unless it is a length of time from now.

    Args:
        text: what was typed, and nothing else.
        now: the moment of reading, aware, in the reader's zone.
        day_start: the time of a day that is written without one.
        future: refuse a moment that is not after `now`.

    Raises:
        UserError: it cannot be read, is not on the calendar, or is past and must not be.
    """
    moment = _resolve(_whole(text), now, day_start)
    if future and moment <= now:
        raise _past(text)
    return moment


def read_day(text: str, today: date, *, future: bool = False) -> date:
    """Read a calendar day; `today` is the day of reading on the reader's calendar.

    Raises:
        UserError: it cannot be read, has a time, or is before `today` and must not be.
    """
    found = _whole(text)
    if found.clock or found.part or found.zone or (found.span and found.span.minutes):
        raise UserError(
            _("“{text}” names a time, but only a day is wanted.", text=shown(text)),
            _("Leave the time out, for example: friday or 2026-12-01"),
        )
    day = _day_of(found, today)
    on = day.on + timedelta(days=7) if day.coming and day.on == today else day.on
    if future and on < today:
        raise _past(text)
    return on


def take_moment(
    words: Sequence[str], now: datetime, *, day_start: time = DAY_START, future: bool = False
) -> tuple[datetime | None, int]:
    """Read the longest moment that the leading `words` make, and return it with their number.

    Returns:
        The moment as `read_moment` gives it and how many words it took; None and 0 when there is none.

    Raises:
        UserError: there is one, but it is not on the calendar, or is past and must not be.
    """
    count = leading(words)
    if not count:
        return None, 0
    return read_moment(" ".join(words[:count]), now, day_start=day_start, future=future), count


def leading(words: Sequence[str]) -> int:
    """Return how many of the leading words make the longest moment or day; 0 when none do.

    Raises:
        UserError: they name a time that no clock shows, or a length of time that is not ahead.
    """
    text = " ".join(words[:_MOST_WORDS])[:_LONGEST]
    ends, length = {}, -1
    for count, word in enumerate(words[:_MOST_WORDS], start=1):
        length += len(word) + 1
        ends[length] = count
    found = [ends[end] for end, _state in _scan(text) if end in ends]
    return found[-1] if found else 0


def leading_characters(text: str) -> int:
    """Return how many of the leading characters make the longest moment, for text that has no spaces between words.

    Raises:
        UserError: as `leading`.
    """
    states = _scan(text[:_LONGEST])
    return states[-1][0] if states else 0


def prefix(text: str) -> int:
    """Return how many characters the longest moment or day at the beginning of `text` has; 0 when there is none.

    Raises:
        UserError: it names a time that no clock shows, or a length of time that is not ahead.
    """
    return max((end for end, _state in _scan(text[:_LONGEST])), default=0)


def _whole(text: str) -> _Found:
    written = plain(text).strip(EDGES)
    states = _scan(written) if len(written) <= _LONGEST else []
    if not states or states[-1][0] != len(written):
        raise _unreadable(written, states[-1][0] if states else 0)
    return states[-1][1]


def _scan(text: str) -> list[tuple[int, _Found]]:
    """Return what is named after each word that adds something, with where that word and the gap behind it end."""
    text = plain(text)
    states: list[tuple[int, _Found]] = []
    position, found = _skip(text, 0), _NOTHING
    while position < len(text) and (step := _step(text, position, found)):
        found, end = step
        position = _skip(text, end)
        states.append((end + len(text[end:position].rstrip(" \t\n")), found))
    return states


def _step(text: str, position: int, found: _Found) -> tuple[_Found, int] | None:
    """Read one more thing at `position`; None when there is none or `found` already has one of its kind."""
    if span := match_span(text, position):
        return None if found != _NOTHING else (found._replace(span=span[0]), span[1])
    timed = bool(found.span and found.span.minutes)
    if not (timed or found.clock) and (clock := match_clock(text, position)):
        return found._replace(clock=clock[0]), clock[1]
    if not (found.day or found.span) and (day := _day_at(text, position, found)):
        return day
    if not (timed or found.part) and (part := match_part(text, position)):
        return found._replace(part=part[0]), part[1]
    return _zone_at(text, position, found)


def _day_at(text: str, position: int, found: _Found) -> tuple[_Found, int] | None:
    if day := match_day(text, position):
        return found._replace(day=day[0]), day[1]
    if tonight := _TONIGHT.match(text, position):
        return found._replace(day=Day, part="evening"), tonight.end()
    return None


def _zone_at(text: str, position: int, found: _Found) -> tuple[_Found, int] | None:
    written = _ZONE.match(text, position)
    if not written or found.zone or found == _NOTHING:
        return None
    zone = _zone(written.group())
    return (found._replace(zone=zone), written.end()) if zone else None


def _skip(text: str, position: int) -> int:
    gap = _GAP.match(text, position)
    return gap.end() if gap else position


def _zone(name: str) -> ZoneInfo | None:
    """Return the zone called `name`; None for what may be a word of the text behind the moment."""
    try:
        return ZoneInfo("UTC" if name == "Z" else name)
    except (OSError, ValueError, KeyError):
        if name.split("/", maxsplit=1)[0] in _REGIONS:
            raise _no_such_zone(name) from None
        return None


def _resolve(found: _Found, now: datetime, day_start: time) -> datetime:
    zone = found.zone or now.tzinfo
    local = now.astimezone(zone)
    if found.span and found.span.minutes:
        moment = _after_span(found.span, local)
    elif found.day or found.span:
        moment = _on_day(_day_of(found, local.date()), found, local, day_start)
    else:
        moment = _at(local.date(), found, local, day_start)
        moment = (
            moment
            if moment > now
            else _at(local.date() + timedelta(days=1), found, local, day_start)
        )
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise too_far()
    return moment


def _after_span(span: Span, local: datetime) -> datetime:
    day = span.day_after(local.date())
    try:
        start = datetime.combine(day, local.time())
        base = local.astimezone(UTC) if day == local.date() else _instant(start, local)
        return base + timedelta(minutes=span.minutes)
    except OverflowError:
        raise too_far() from None


def _day_of(found: _Found, today: date) -> Day:
    if found.day:
        return found.day(today)
    return Day(found.span.day_after(today)) if found.span else Day(today)


def _on_day(day: Day, found: _Found, local: datetime, day_start: time) -> datetime:
    today = day.on == local.date()
    timed = bool(found.clock or found.part)
    if day.coming and today:
        moment = _at(day.on, found, local, day_start)
        return (
            moment
            if timed and moment > local
            else _at(day.on + timedelta(days=7), found, local, day_start)
        )
    if today and not timed:
        usual = (day_start, *_LATER_TODAY)
        at = next((at for at in usual if at > local.time()), usual[-1])
        return _at(day.on, found, local, at)
    return _at(day.on, found, local, day_start)


def _at(day: date, found: _Found, local: datetime, day_start: time) -> datetime:
    days, at = settle(found.clock, found.part, day_start)
    return _instant(datetime.combine(day + timedelta(days=days), at), local)


def _instant(wall: datetime, local: datetime) -> datetime:
    if isinstance(local.tzinfo, ZoneInfo):
        return instant_of(wall, local.tzinfo)
    return wall.replace(tzinfo=local.tzinfo).astimezone(UTC)


def _past(text: str) -> UserError:
    return UserError(
        _("“{text}” is already past.", text=shown(text)),
        _("Write a moment to come, for example: tomorrow 15:00"),
    )


def _no_such_zone(name: str) -> UserError:
    return UserError(
        _("“{zone}” is not a time zone.", zone=shown(name)),
        _("Write its name as in Europe/Berlin, or leave it out."),
    )


def _unreadable(written: str, read: int) -> UserError:
    hint = _("Write it like tomorrow 15:00, next tue, in 3 days or 2026-12-01.")
    if not written:
        return UserError(_("A day or time is missing."), hint)
    left = written[read:].strip()
    if read and _ZONE_LIKE.fullmatch(left):
        return _no_such_zone(left)
    return UserError(
        _("“{text}” is not a day or time that can be read.", text=shown(written)), hint
    )
