"""When a person is left in peace: quiet hours, weekends, holidays and leave, on their own wall clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm_store import paging
from crm_store.models import Holiday, Leave, User
from crm_store.schedules import instant_of

_MOST_DAYS = 366  # who is away for longer is told after a year all the same
WORK_BEGINS = time(9)  # where nobody says otherwise; `working_hours` of the configuration does


@dataclass(frozen=True, slots=True)
class Rest:
    """The silence of one person.

    Attributes:
        hours: local start and end; where the end is not later than the start it lies on the next day.
        weekdays: days of silence, 0 is Monday.
        days: single days of silence.
        spans: first and last days of absence.
        begins: when work begins after days off, where the quiet hours do not say it.
    """

    zone: ZoneInfo
    hours: tuple[time, time] | None = None
    weekdays: frozenset[int] = frozenset()
    days: frozenset[date] = frozenset()
    spans: tuple[tuple[date, date], ...] = ()
    begins: time = WORK_BEGINS

    def wakes_at(self, now: datetime) -> datetime:
        """Return `now`, or the end of the silence that it lies in; the clocks may change in between."""
        moment, last = now, now + timedelta(days=_MOST_DAYS)
        while moment < last:
            local = moment.astimezone(self.zone)
            end = self._end_of_silence(local.replace(tzinfo=None))
            if end is None:
                return moment
            moment = instant_of(end, self.zone)
        return last

    def _end_of_silence(self, local: datetime) -> datetime | None:
        day = local.date()
        if self._is_off(day):
            return datetime.combine(day + timedelta(days=1), time.min)
        at, morning = local.time(), self._morning
        if at < morning and self._is_off(day - timedelta(days=1)):
            return datetime.combine(day, morning)
        if self.hours is None:
            return None
        start, end = self.hours
        if start < end:
            return datetime.combine(day, end) if start <= at < end else None
        if at >= start:
            return datetime.combine(day + timedelta(days=1), end)
        return datetime.combine(day, end) if at < end else None

    @property
    def _morning(self) -> time:
        """When a day begins after one of silence."""
        if self.hours is None:
            return self.begins
        start, end = self.hours
        return end if end < start or start == time.min else self.begins

    def _is_off(self, day: date) -> bool:
        away = any(first <= day <= last for first, last in self.spans)
        return away or day.weekday() in self.weekdays or day in self.days


def add_leave(session: Session, user: User, first: date, last: date) -> Leave:
    """Keep that a person is away."""
    leave = Leave(user_id=user.id, from_on=first, until_on=last)
    session.add(leave)
    session.flush()
    return leave


def leaves_of(session: Session, user_ids: Iterable[int], since: date) -> Sequence[Leave]:
    """Return the absences of some people that are not over at `since`, the first to come first."""
    return session.scalars(_leaves(user_ids, since)).all()


def leaves_page(
    session: Session, user: User, since: date, offset: int, limit: int
) -> tuple[Sequence[Leave], int]:
    """Return one page of the absences of a person that are not over at `since`, and how many they are."""
    return paging.page(session, _leaves([user.id], since), offset, limit)


def find_leave(session: Session, leave_id: int) -> Leave | None:
    """Return an absence by its number."""
    return session.get(Leave, leave_id)


def add_holiday(session: Session, calendar: str, on: date, name: str) -> Holiday:
    """Keep a day of a calendar, under another name if it is known already."""
    query = sa.select(Holiday).where(Holiday.calendar == calendar, Holiday.on == on)
    holiday = session.scalars(query).one_or_none()
    if holiday is None:
        holiday = Holiday(calendar=calendar, on=on, name=name)
        session.add(holiday)
    holiday.name = name
    session.flush()
    return holiday


def holidays(session: Session, since: date) -> Sequence[Holiday]:
    """Return the holidays of all calendars from a day on, in order."""
    return session.scalars(_holidays(since).limit(1_000)).all()


def holidays_page(
    session: Session, since: date, calendar: str | None, offset: int, limit: int
) -> tuple[Sequence[Holiday], int]:
    """Return one page of the holidays from a day on, of one calendar or of all, and how many they are."""
    query = _holidays(since)
    if calendar is not None:
        query = query.where(Holiday.calendar == calendar)
    return paging.page(session, query, offset, limit)


def find_holiday(session: Session, calendar: str, on: date) -> Holiday | None:
    """Return a holiday by its calendar and day."""
    query = sa.select(Holiday).where(Holiday.calendar == calendar, Holiday.on == on)
    return session.scalars(query).one_or_none()


def calendars(session: Session) -> list[str]:
    """Return the names of the holiday calendars."""
    return list(session.scalars(sa.select(Holiday.calendar).distinct().order_by(Holiday.calendar)))


def _leaves(user_ids: Iterable[int], since: date) -> sa.Select[Leave]:
    query = sa.select(Leave).where(Leave.user_id.in_(list(user_ids)), Leave.until_on >= since)
    return query.order_by(Leave.from_on, Leave.id)


def _holidays(since: date) -> sa.Select[Holiday]:
    return sa.select(Holiday).where(Holiday.on >= since).order_by(Holiday.on, Holiday.calendar)
