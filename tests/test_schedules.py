"""A schedule comes once for each planned local time, in every zone and across every change of the clocks.

Reading one from what people type is tested in `tests/reading/test_schedules.py`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_store.schedules import Rule, Schedule, instant_of

BERLIN = ZoneInfo("Europe/Berlin")
wall = datetime.fromisoformat
ZONES = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Asuncion",
    "America/Havana",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Asia/Shanghai",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Chisinau",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "UTC",
)
ONCE_A_DAY = (
    Schedule(Rule.DAILY, (time(0),)),
    Schedule(Rule.DAILY, (time(1, 45),)),
    Schedule(Rule.DAILY, (time(2, 30),)),
    Schedule(Rule.DAILY, (time(23, 59),)),
    Schedule(Rule.WEEKLY, (time(2),), weekdays=tuple(range(7))),
    Schedule(Rule.HOURS, step=24),
)


@cache
def changes(zone_name: str) -> list[date]:
    """Return the local days from 2026 to 2030 on which the clocks of a zone change."""
    zone = ZoneInfo(zone_name)
    noons = [datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day) for day in range(5 * 365)]
    return [
        later.astimezone(zone).date()
        for earlier, later in pairwise(noons)
        if earlier.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset()
    ]


def planned(schedule: Schedule, after: datetime, zone: ZoneInfo, number: int) -> list[datetime]:
    """Return the planned local times of the next `number` occurrences."""
    found = []
    for _turn in range(number):
        occurrence = schedule.next_after(after, zone)
        assert occurrence
        after = occurrence.planned_local
        found.append(after)
    return found


def test_the_zones_have_many_changes() -> None:
    assert sum(len(changes(zone)) for zone in ZONES) > 150


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("schedule", ONCE_A_DAY, ids=Schedule.to_text)
def test_it_comes_exactly_once_on_each_local_day(zone_name: str, schedule: Schedule) -> None:
    zone = ZoneInfo(zone_name)
    for change in changes(zone_name):
        start = datetime.combine(change - timedelta(days=2), time(23, 59, 30))
        by_name, by_instant = start, instant_of(start, zone)
        for day in range(4):
            named = schedule.next_after(by_name, zone)
            due = schedule.next_after(by_instant, zone)
            assert named == due
            assert due
            assert due.planned_local.date() == change + timedelta(days=day - 1)
            assert due.instant > by_instant
            by_name, by_instant = due.planned_local, due.instant


@pytest.mark.parametrize("zone_name", ZONES)
def test_an_instant_inside_a_repeated_or_skipped_hour_never_brings_an_occurrence_back(
    zone_name: str,
) -> None:
    zone = ZoneInfo(zone_name)
    schedule = Schedule(Rule.MINUTES, step=30)
    for change in changes(zone_name):
        instant = instant_of(datetime.combine(change - timedelta(days=1), time(22)), zone)
        seen: set[datetime] = set()
        for _turn in range(16):
            due = schedule.next_after(instant, zone)
            assert due
            assert due.instant > instant
            assert due.planned_local not in seen
            seen.add(due.planned_local)
            instant = due.instant


def test_a_skipped_time_comes_at_the_first_minute_after_the_gap() -> None:
    due = Schedule(Rule.DAILY, (time(2, 30),)).next_after(wall("2027-03-27T12:00"), BERLIN)
    assert due
    assert due.planned_local == wall("2027-03-28T02:30")
    assert due.instant == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)


def test_a_midnight_that_is_skipped_still_comes_on_its_day() -> None:
    due = Schedule(Rule.DAILY, (time(0),)).next_after(
        wall("2027-04-29T12:00"), ZoneInfo("Africa/Cairo")
    )
    assert due
    assert (
        due.instant.astimezone(ZoneInfo("Africa/Cairo")).isoformat() == "2027-04-30T01:00:00+03:00"
    )


def test_a_repeated_time_comes_at_the_first_of_the_two() -> None:
    schedule = Schedule(Rule.DAILY, (time(2, 30),))
    due = schedule.next_after(wall("2027-10-30T12:00"), BERLIN)
    assert due
    assert due.instant == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    after = schedule.next_after(due.instant + timedelta(minutes=45), BERLIN)
    assert after
    assert after.planned_local == wall("2027-11-01T02:30")


def test_a_gap_that_is_not_a_whole_hour_ends_where_the_clocks_say() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert instant_of(wall("2026-10-04T02:10"), lord_howe).astimezone(lord_howe).time() == time(
        2, 30
    )


def test_a_whole_day_that_was_skipped_becomes_the_next_midnight() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert (
        instant_of(wall("2011-12-30T09:00"), apia).astimezone(apia).isoformat()
        == "2011-12-31T00:00:00+14:00"
    )


def test_several_times_in_one_gap_are_one_occurrence() -> None:
    schedule = Schedule(Rule.MINUTES, step=15)
    assert planned(schedule, wall("2027-03-28T01:30"), BERLIN, 3) == [
        wall("2027-03-28T01:45"),
        wall("2027-03-28T03:00"),
        wall("2027-03-28T03:15"),
    ]


def test_steps_are_counted_from_midnight() -> None:
    schedule = Schedule(Rule.HOURS, step=5)
    assert [at.hour for at in planned(schedule, wall("2026-12-01T09:00"), BERLIN, 5)] == [
        10,
        15,
        20,
        0,
        5,
    ]


def test_the_last_day_of_the_month_follows_the_length_of_the_month() -> None:
    schedule = Schedule(Rule.MONTHLY, (time(17),), day=31)
    days = [at.day for at in planned(schedule, wall("2027-12-31T18:00"), BERLIN, 4)]
    assert days == [31, 29, 31, 30]


def test_the_thirtieth_is_the_last_day_of_february() -> None:
    schedule = Schedule(Rule.MONTHLY, (time(9),), day=30)
    assert planned(schedule, wall("2027-01-30T09:00"), BERLIN, 1) == [wall("2027-02-28T09:00")]


def test_a_leap_day_comes_each_year() -> None:
    schedule = Schedule(Rule.YEARLY, (time(9),), month=2, day=29)
    days = [at.date() for at in planned(schedule, wall("2026-01-01T00:00"), BERLIN, 3)]
    assert days == [date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)]


def test_weekdays_leave_out_the_weekend() -> None:
    schedule = Schedule(Rule.WEEKDAYS, (time(9),))
    assert [at.weekday() for at in planned(schedule, wall("2026-11-18T09:00"), BERLIN, 4)] == [
        3,
        4,
        0,
        1,
    ]


def test_several_times_a_day_come_in_order() -> None:
    schedule = Schedule(Rule.WEEKLY, (time(9), time(18)), weekdays=(0, 3))
    assert planned(schedule, wall("2026-11-16T09:00"), BERLIN, 3) == [
        wall("2026-11-16T18:00"),
        wall("2026-11-19T09:00"),
        wall("2026-11-19T18:00"),
    ]


def test_once_comes_once() -> None:
    schedule = Schedule(Rule.ONCE, (time(9),), on=date(2026, 12, 1))
    due = schedule.next_after(datetime(2026, 11, 18, tzinfo=UTC), BERLIN)
    assert due
    assert due.instant == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert schedule.next_after(due.planned_local, BERLIN) is None
    assert schedule.next_after(due.instant, BERLIN) is None


def test_a_schedule_ends_before_the_calendar_does() -> None:
    assert Schedule(Rule.DAILY, (time(9),)).next_after(wall("9999-12-30T00:00"), BERLIN) is None


STORED = (
    "once 2026-12-01T09:00",
    "every 15 minutes",
    "every 2 hours",
    "daily 09:00,18:00",
    "weekdays 08:30",
    "weekly mon,thu 08:30",
    "monthly 1 09:00",
    "monthly last 17:00",
    "yearly 02-29 09:00",
)


@pytest.mark.parametrize("text", STORED)
def test_the_stored_form_is_kept(text: str) -> None:
    assert Schedule.from_text(text).to_text() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "daily",
        "daily 24:00",
        "daily 18:00,09:00",
        "daily 09:00,09:00",
        "daily 09:00 ",
        "daily ٠٩:٠٠",
        "every 0 minutes",
        "every 25 hours",
        "every 1441 minutes",
        "weekly 09:00",
        "weekly thu,mon 09:00",
        "weekly someday 09:00",
        "monthly 0 09:00",
        "monthly 32 09:00",
        "yearly 02-30 09:00",
        "yearly 13-01 09:00",
        "once 2027-02-29T09:00",
        "* * * * *",
    ],
)
def test_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(
        ValueError,
        match=r"not a stored schedule|not a schedule|out of range|must be in|not in tuple",
    ):
        Schedule.from_text(text)


@pytest.mark.parametrize(
    "parts",
    [
        {"rule": Rule.DAILY},
        {"rule": Rule.DAILY, "times": (time(9),), "step": 2},
        {"rule": Rule.DAILY, "times": (time(9, 0, 30),)},
        {"rule": Rule.HOURS, "step": 2, "times": (time(9),)},
        {"rule": Rule.WEEKLY, "times": (time(9),), "weekdays": (7,)},
        {"rule": Rule.ONCE, "times": (time(9), time(10)), "on": date(2026, 12, 1)},
        {"rule": Rule.YEARLY, "times": (time(9),), "day": 1},
    ],
)
def test_parts_that_do_not_fit_are_refused(parts: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a schedule"):
        Schedule(**parts)  # type: ignore[arg-type]


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Draw any schedule."""
    minute = st.builds(time, st.integers(0, 23), st.integers(0, 59))
    times = tuple(sorted(draw(st.sets(minute, min_size=1, max_size=3))))
    rule = draw(st.sampled_from(Rule))
    parts: dict[Rule, st.SearchStrategy[dict[str, object]]] = {
        Rule.MINUTES: st.fixed_dictionaries({"times": st.just(()), "step": st.integers(15, 1440)}),
        Rule.HOURS: st.fixed_dictionaries({"times": st.just(()), "step": st.integers(1, 24)}),
        Rule.ONCE: st.fixed_dictionaries(
            {"times": st.just(times[:1]), "on": st.dates(date(2026, 1, 1), date(2099, 1, 1))}
        ),
        Rule.WEEKLY: st.fixed_dictionaries(
            {
                "weekdays": st.sets(st.integers(0, 6), min_size=1).map(
                    lambda days: tuple(sorted(days))
                )
            }
        ),
        Rule.MONTHLY: st.fixed_dictionaries({"day": st.integers(1, 31)}),
        Rule.YEARLY: st.fixed_dictionaries(
            {"month": st.integers(1, 12), "day": st.integers(1, 29)}
        ),
    }
    chosen = {"times": times} | draw(parts.get(rule, st.just({})))
    return Schedule(rule, **chosen)  # type: ignore[arg-type]


@given(schedules())
def test_every_schedule_survives_the_store(schedule: Schedule) -> None:
    assert Schedule.from_text(schedule.to_text()) == schedule


@given(
    schedules(),
    st.datetimes(wall("2026-01-01T00:00"), wall("2030-12-31T00:00"), timezones=st.just(UTC)),
    st.sampled_from(ZONES),
)
def test_the_next_occurrence_is_ahead_and_the_first(
    schedule: Schedule, after: datetime, zone_name: str
) -> None:
    zone = ZoneInfo(zone_name)
    due = schedule.next_after(after, zone)
    if due is None:
        assert schedule.rule is Rule.ONCE
        return
    assert due.instant > after
    assert due.instant == instant_of(due.planned_local, zone)
    assert schedule.next_after(due.instant - timedelta(microseconds=1), zone) == due
