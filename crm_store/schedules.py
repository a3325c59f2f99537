"""When something repeats: a rule on the wall clock of a time zone, its stored form and its next occurrence.

Reading a schedule from what people type lives in `handlers/reading/schedules.py`; running one lives in `jobs/`.
"""

from __future__ import annotations

import calendar
import enum
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

LAST_DAY = 31  # shorter months have their last day instead, so this is the last day of every month
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORKDAYS = 5
_DAY_MINUTES = 24 * 60
_LAST_YEAR = 9000  # far enough from the end of the calendar for any time zone
_CLOCK = r"\d\d:\d\d"
_STORED = re.compile(
    rf"every (?P<step>\d+) (?P<unit>minutes|hours)"
    rf"|once (?P<once>\d{{4}}-\d\d-\d\d)T(?P<at>{_CLOCK})"
    rf"|(?:(?P<plain>daily|weekdays)|weekly (?P<days>[a-z,]+)|monthly (?P<monthly>last|\d\d?)"
    rf"|yearly (?P<month>\d\d)-(?P<day>\d\d)) (?P<times>{_CLOCK}(?:,{_CLOCK})*)",
    re.ASCII,
)


class Rule(enum.StrEnum):
    """What a schedule repeats by."""

    ONCE = "once"
    MINUTES = "minutes"
    HOURS = "hours"
    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One planned run: the naive wall-clock time that names it, and the aware UTC instant at which it falls due."""

    planned_local: datetime
    instant: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule with the local times at which it comes.

    Attributes:
        rule: what it repeats by.
        times: local times in ascending order, whole minutes; empty for MINUTES and HOURS.
        step: minutes or hours between two occurrences, counted from each local midnight, so the last step of a day
            is shorter where the number does not divide the day.
        weekdays: for WEEKLY, 0 is Monday, ascending.
        month: for YEARLY, 1 to 12.
        day: for MONTHLY and YEARLY, 1 to 31; where a month is shorter its last day stands for it.
        on: for ONCE.
    """

    rule: Rule
    times: tuple[time, ...] = ()
    step: int = 0
    weekdays: tuple[int, ...] = ()
    month: int = 0
    day: int = 0
    on: date | None = None

    def __post_init__(self) -> None:
        """Refuse a rule whose parts do not fit, so that equal schedules are equal values.

        Raises:
            ValueError: a part is missing, superfluous, out of range or out of order.
        """
        needed = {
            "times": self.rule not in {Rule.MINUTES, Rule.HOURS},
            "step": self.rule in {Rule.MINUTES, Rule.HOURS},
            "weekdays": self.rule is Rule.WEEKLY,
            "month": self.rule is Rule.YEARLY,
            "day": self.rule in {Rule.MONTHLY, Rule.YEARLY},
            "on": self.rule is Rule.ONCE,
        }
        wrong = [name for name, wanted in needed.items() if bool(getattr(self, name)) is not wanted]
        if wrong or not self._in_range():
            message = (
                f"not a schedule: {self.rule} with {', '.join(wrong) or 'a value out of range'}"
            )
            raise ValueError(message)

    def _in_range(self) -> bool:
        exact = all(not (at.second or at.microsecond or at.tzinfo) for at in self.times)
        ordered = self.times == tuple(sorted(set(self.times)))
        longest = 24 if self.rule is Rule.HOURS else _DAY_MINUTES
        single = self.rule is not Rule.ONCE or len(self.times) == 1
        month_length = (
            calendar.monthrange(2000, self.month)[1] if self.month in range(1, 13) else LAST_DAY
        )
        return (
            exact
            and ordered
            and single
            and 0 <= self.step <= longest
            and self.month in range(13)
            and 0 <= self.day <= month_length
            and self.weekdays == tuple(sorted({day % len(WEEKDAYS) for day in self.weekdays}))
        )

    @classmethod
    def from_text(cls, text: str) -> Schedule:
        """Read the stored form.

        Raises:
            ValueError: it is not the stored form of a schedule.
        """
        found = _STORED.fullmatch(text)
        if not found:
            message = f"not a stored schedule: {text[:40]!r}"
            raise ValueError(message)
        if found["step"]:
            return cls(Rule(found["unit"]), step=int(found["step"]))
        if found["once"]:
            return cls(
                Rule.ONCE, (time.fromisoformat(found["at"]),), on=date.fromisoformat(found["once"])
            )
        times = tuple(time.fromisoformat(at) for at in found["times"].split(","))
        if found["days"]:
            return cls(
                Rule.WEEKLY,
                times,
                weekdays=tuple(WEEKDAYS.index(day) for day in found["days"].split(",")),
            )
        if found["monthly"]:
            return cls(
                Rule.MONTHLY,
                times,
                day=LAST_DAY if found["monthly"] == "last" else int(found["monthly"]),
            )
        if found["month"]:
            return cls(Rule.YEARLY, times, month=int(found["month"]), day=int(found["day"]))
        return cls(Rule(found["plain"]), times)

    def to_text(self) -> str:
        """Return the stored form, such as `weekly mon,thu 08:30`; equal schedules have the same."""
        times = ",".join(f"{at:%H:%M}" for at in self.times)
        match self.rule:
            case Rule.MINUTES | Rule.HOURS:
                return f"every {self.step} {self.rule}"
            case Rule.ONCE:
                return f"once {self.on}T{times}"
            case Rule.WEEKLY:
                return f"weekly {','.join(WEEKDAYS[day] for day in self.weekdays)} {times}"
            case Rule.MONTHLY:
                return f"monthly {'last' if self.day == LAST_DAY else self.day} {times}"
            case Rule.YEARLY:
                return f"yearly {self.month:02}-{self.day:02} {times}"
            case _:
                return f"{self.rule} {times}"

    def next_after(self, after: datetime, zone: ZoneInfo) -> Occurrence | None:
        """Return the first occurrence after `after`; None when there is none any more.

        A time that the clocks skip comes at the first valid minute after it, one that they repeat comes once, at the
        first. Times of one schedule that a skipped hour puts on the same instant are one occurrence, the last.

        Args:
            after: a naive `planned_local`, to go from one occurrence to the next, or an aware instant.
            zone: the zone whose wall clock the times are on.
        """
        wall = after.astimezone(zone).replace(tzinfo=None) if after.tzinfo else after
        waiting: Occurrence | None = None
        for planned in self._planned_after(wall):
            instant = instant_of(planned, zone)
            if waiting and waiting.instant < instant:
                break
            if not after.tzinfo or instant > after:
                waiting = Occurrence(planned, instant)
        return waiting

    def _planned_after(self, wall: datetime) -> Iterator[datetime]:
        days = takewhile(lambda day: day.year < _LAST_YEAR, self._days_from(wall.date()))
        planned = (datetime.combine(day, at) for day in days for at in self._times_of_day())
        return (moment for moment in planned if moment > wall)

    def _times_of_day(self) -> tuple[time, ...]:
        if not self.step:
            return self.times
        step = self.step * (60 if self.rule is Rule.HOURS else 1)
        return tuple(time(minute // 60, minute % 60) for minute in range(0, _DAY_MINUTES, step))

    def _days_from(self, start: date) -> Iterator[date]:
        match self.rule:
            case Rule.ONCE:
                return iter([self.on] if self.on else [])
            case Rule.MONTHLY:
                return (_day_in(start.year, month, self.day) for month in count(start.month))
            case Rule.YEARLY:
                return (_day_in(year, self.month, self.day) for year in count(start.year))
            case Rule.WEEKLY:
                return (day for day in _every_day(start) if day.weekday() in self.weekdays)
            case Rule.WEEKDAYS:
                return (day for day in _every_day(start) if day.weekday() < _WORKDAYS)
            case _:
                return _every_day(start)


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the aware UTC instant of a naive wall-clock time.

    A time that the clocks skip becomes the first valid minute after the gap; a repeated one is its first.
    """
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == local:
        return first
    return _end_of_gap(local.replace(tzinfo=zone, fold=1).astimezone(UTC), first, zone)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first minute in (before, after] that has the offset of `after`."""
    before = before.replace(second=0, microsecond=0)
    offset = after.astimezone(zone).utcoffset()
    early, late = 0, int((after - before) / timedelta(minutes=1))
    while late - early > 1:
        middle = (early + late) // 2
        if (before + timedelta(minutes=middle)).astimezone(zone).utcoffset() == offset:
            late = middle
        else:
            early = middle
    return before + timedelta(minutes=late)


def _every_day(start: date) -> Iterator[date]:
    return (start + timedelta(days=passed) for passed in count())


def _day_in(year: int, month: int, day: int) -> date:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
