"""Days and times as people type them become moments in UTC, by the reader's own wall clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.errors import UserError
from handlers.reading.moments import leading, leading_characters, read_day, read_moment, take_moment

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 10, 20, tzinfo=BERLIN)  # a Wednesday


def local(typed: str, now: datetime = NOW) -> str:
    """Read a moment and write it on the reader's wall clock."""
    return f"{read_moment(typed, now).astimezone(now.tzinfo):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("today", "2026-11-18 18:00"),
        ("tomorrow", "2026-11-19 09:00"),
        ("the day after tomorrow", "2026-11-20 09:00"),
        ("yesterday", "2026-11-17 09:00"),
        ("tonight", "2026-11-18 19:00"),
        ("tonight at 8", "2026-11-18 20:00"),
        ("tomorrow morning", "2026-11-19 09:00"),
        ("tomorrow at 8 in the evening", "2026-11-19 20:00"),
        ("this afternoon", "2026-11-18 14:00"),
        ("friday", "2026-11-20 09:00"),
        ("Friday,", "2026-11-20 09:00"),
        ("by friday", "2026-11-20 09:00"),
        ("this friday", "2026-11-20 09:00"),
        ("next friday", "2026-11-27 09:00"),
        ("next tue 15:00", "2026-11-24 15:00"),
        ("tue 3pm", "2026-11-24 15:00"),
        ("15:00 on tuesday", "2026-11-24 15:00"),
        ("wed", "2026-11-25 09:00"),
        ("wed 15:00", "2026-11-18 15:00"),
        ("wed 9:00", "2026-11-25 09:00"),
        ("at 3", "2026-11-18 15:00"),
        ("at 9", "2026-11-19 09:00"),
        ("03:00", "2026-11-19 03:00"),
        ("12am", "2026-11-19 00:00"),
        ("12pm", "2026-11-18 12:00"),
        ("3:30 p.m.", "2026-11-18 15:30"),
        ("noon", "2026-11-18 12:00"),
        ("in 3 days", "2026-11-21 09:00"),
        ("in 3 days at 15:00", "2026-11-21 15:00"),
        ("in 2 h", "2026-11-18 12:20"),
        ("in an hour", "2026-11-18 11:20"),
        ("in half an hour", "2026-11-18 10:50"),
        ("in 1 day 3 hours", "2026-11-19 13:20"),
        ("in 2 weeks", "2026-12-02 09:00"),
        ("in two weeks", "2026-12-02 09:00"),
        ("in 3 months", "2027-02-18 09:00"),
        ("2 weeks from now", "2026-12-02 09:00"),
        ("90m", "2026-11-18 11:50"),
        ("3d", "2026-11-21 09:00"),
        ("2026-12-01", "2026-12-01 09:00"),
        ("2026-12-01 15:00", "2026-12-01 15:00"),
        ("2026-12-01T15:00:59", "2026-12-01 15:00"),
        ("2026/12/01", "2026-12-01 09:00"),
        ("1.12.2026", "2026-12-01 09:00"),
        ("13/02/2027", "2027-02-13 09:00"),
        ("02/02/2027", "2027-02-02 09:00"),
        ("1 Dec", "2026-12-01 09:00"),
        ("1st of December", "2026-12-01 09:00"),
        ("1 Nov", "2027-11-01 09:00"),
        ("18 Nov", "2026-11-18 18:00"),
        ("Dec 1 2027", "2027-12-01 09:00"),
        ("Dec 1st, 2027 at 15:30", "2027-12-01 15:30"),
        ("29 Feb", "2028-02-29 09:00"),
        ("end of day", "2026-11-18 18:00"),
        ("end of week", "2026-11-20 09:00"),
        ("end of month", "2026-11-30 09:00"),
        ("eom", "2026-11-30 09:00"),
        ("end of next month", "2026-12-31 09:00"),
        ("end of quarter", "2026-12-31 09:00"),
        ("end of the year", "2026-12-31 09:00"),
        ("weekend", "2026-11-21 09:00"),
        ("next week", "2026-11-23 09:00"),
        ("next month", "2026-12-01 09:00"),
        ("next year", "2027-01-01 09:00"),
        ("今天", "2026-11-18 18:00"),
        ("明天", "2026-11-19 09:00"),
        ("后天", "2026-11-20 09:00"),
        ("大后天", "2026-11-21 09:00"),
        ("明早", "2026-11-19 09:00"),
        ("今晚", "2026-11-18 19:00"),
        ("今晚8点", "2026-11-18 20:00"),
        ("晚上12点", "2026-11-19 00:00"),
        ("凌晨3点", "2026-11-19 03:00"),
        ("中午", "2026-11-18 12:00"),
        ("明天中午1点", "2026-11-19 13:00"),
        ("上午9点", "2026-11-19 09:00"),
        ("下午三点半", "2026-11-18 15:30"),
        ("3点一刻", "2026-11-18 15:15"),
        ("十五点二十分", "2026-11-18 15:20"),
        ("下周二下午3点", "2026-11-24 15:00"),
        ("下周二15：00", "2026-11-24 15:00"),
        ("下下周二", "2026-12-01 09:00"),
        ("下个星期天", "2026-11-29 09:00"),
        ("周五", "2026-11-20 09:00"),
        ("本周五", "2026-11-20 09:00"),
        ("周三下午三点", "2026-11-18 15:00"),
        ("三天后", "2026-11-21 09:00"),
        ("３天后", "2026-11-21 09:00"),
        ("两小时后", "2026-11-18 12:20"),
        ("半小时后", "2026-11-18 10:50"),
        ("一个半小时后", "2026-11-18 11:50"),
        ("两周之后", "2026-12-02 09:00"),
        ("三个月后", "2027-02-18 09:00"),
        ("下个月1号", "2026-12-01 09:00"),
        ("下个月1号上午10点", "2026-12-01 10:00"),
        ("20号", "2026-11-20 09:00"),
        ("1号", "2026-12-01 09:00"),
        ("31号", "2026-12-31 09:00"),
        ("12月1日", "2026-12-01 09:00"),
        ("明年3月1日", "2027-03-01 09:00"),
        ("2027年2月1日下午两点", "2027-02-01 14:00"),
        ("二〇二七年二月一日", "2027-02-01 09:00"),
        ("月底", "2026-11-30 09:00"),
        ("下个月底", "2026-12-31 09:00"),
        ("年底", "2026-12-31 09:00"),
        ("下周", "2026-11-23 09:00"),
        ("下个月", "2026-12-01 09:00"),
    ],
)
def test_a_moment_is_read(typed: str, expected: str) -> None:
    assert local(typed) == expected


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "missing"),
        ("soon", "not a day or time"),
        ("tomorrow tomorrow", "not a day or time"),
        ("next next friday", "not a day or time"),
        ("friday at the office", "not a day or time"),
        ("in 1e10h", "not a day or time"),
        ("1800000000", "not a day or time"),
        ("x" * 100, "not a day or time"),
        ("01/02/2027", "two ways"),
        ("01/02", "two ways"),
        ("01/02/27", "two ways"),
        ("2027-02-29", "not a day of the calendar"),
        ("2027-02-30 09:00", "not a day of the calendar"),
        ("13/13/2027", "not a day of the calendar"),
        ("Feb 30", "not a day of the calendar"),
        ("45号", "not a day of the calendar"),
        ("2月30日", "not a day of the calendar"),
        ("24:00", "not a time of day"),
        ("25:61", "not a time of day"),
        ("13pm", "not a time of day"),
        ("25点", "not a time of day"),
        ("2027-06-30 23:59:60 UTC", "not a time of day"),
        ("in -5m", "not ahead"),
        ("in 0m", "not ahead"),
        ("in 99999999999 days", "too far"),
        ("in 99999 years", "too far"),
        ("in 99999 weeks", "too far"),
        ("0000-01-01", "too far"),
        ("1969-12-31", "too far"),
        ("10000-01-01", "too far"),
        ("9999-12-31 23:59", "too far"),
        ("UTC", "not a day or time"),
        ("09:00 Mars/Phobos", "not a time zone"),
        ("09:00 Europe/Nowhere", "not a time zone"),
        ("09:00 ../../etc/passwd", "not a time zone"),
        ("09:00 UTC+25", "not a time zone"),
        ("09:00 Europe", "not a day or time"),
        ("09:00 EST5EDT,M3.2.0", "not a day or time"),
    ],
)
def test_anything_else_is_refused_with_the_reason_and_an_example(typed: str, reason: str) -> None:
    with pytest.raises(UserError) as refused:
        read_moment(typed, NOW)
    assert reason in refused.value.what
    assert refused.value.hint


def test_a_day_that_can_be_read_in_two_ways_is_asked_for_with_the_year_first() -> None:
    with pytest.raises(UserError) as refused:
        read_moment("01/02/2027", NOW)
    assert "2027-02-01" in refused.value.hint


@pytest.mark.parametrize(
    "typed", ["yesterday", "2026-11-18 10:20", "monday 2026", "1970-01-01", "today 9:00", "本周一"]
)
def test_a_past_moment_is_refused_where_one_to_come_is_wanted(typed: str) -> None:
    with pytest.raises(UserError):
        read_moment(typed, NOW, future=True)


@pytest.mark.parametrize(
    ("hour", "expected"),
    [(8, "2026-11-18 09:00"), (9, "2026-11-18 18:00"), (18, "2026-11-18 23:59")],
)
def test_today_alone_is_the_first_usual_time_still_to_come(hour: int, expected: str) -> None:
    assert local("today", NOW.replace(hour=hour, minute=0)) == expected


def test_the_day_begins_when_the_reader_says() -> None:
    moment = read_moment("friday", NOW, day_start=time(7, 30))
    assert moment == datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


def test_a_time_that_the_clocks_skip_is_the_first_after_the_gap() -> None:
    assert local("2027-03-28 02:30") == "2027-03-28 03:00"


def test_a_time_that_the_clocks_repeat_is_the_first() -> None:
    assert read_moment("2027-10-31 02:30", NOW) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_a_length_in_hours_is_exact_across_a_change_of_the_clocks() -> None:
    evening = datetime(2027, 3, 27, 22, tzinfo=BERLIN)
    assert read_moment("in 10 hours", evening) - evening.astimezone(UTC) == timedelta(hours=10)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("09:00 UTC", "2026-11-19T09:00"),
        ("2026-12-01T15:00Z", "2026-12-01T15:00"),
        ("2026-12-01 15:00 Europe/Berlin", "2026-12-01T14:00"),
        ("tomorrow 9:00 America/New_York", "2026-11-19T14:00"),
        ("tomorrow Pacific/Auckland", "2026-11-18T20:00"),
    ],
)
def test_a_zone_at_the_end_is_the_one_that_counts(typed: str, expected: str) -> None:
    assert f"{read_moment(typed, NOW):%Y-%m-%dT%H:%M}" == expected


def test_a_fixed_offset_will_do_for_the_reader() -> None:
    now = NOW.astimezone(timezone(timedelta(hours=1)))
    assert read_moment("tomorrow", now) == read_moment("tomorrow", NOW)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("friday", date(2026, 11, 20)),
        ("wednesday", date(2026, 11, 25)),
        ("today", date(2026, 11, 18)),
        ("in 2 weeks", date(2026, 12, 2)),
        ("end of month", date(2026, 11, 30)),
        ("下个月1号", date(2026, 12, 1)),
        ("2025-01-31", date(2025, 1, 31)),
    ],
)
def test_a_day_is_read(typed: str, expected: date) -> None:
    assert read_day(typed, NOW.date()) == expected


@pytest.mark.parametrize(
    "typed", ["friday 15:00", "in 2 h", "noon", "tomorrow morning", "friday UTC", "tonight"]
)
def test_a_time_is_refused_where_a_day_is_wanted(typed: str) -> None:
    with pytest.raises(UserError, match="only a day"):
        read_day(typed, NOW.date())


def test_a_past_day_is_refused_where_one_to_come_is_wanted() -> None:
    assert read_day("today", NOW.date(), future=True) == NOW.date()
    with pytest.raises(UserError, match="already past"):
        read_day("yesterday", NOW.date(), future=True)


@pytest.mark.parametrize(
    ("typed", "count"),
    [
        ("friday call Ann", 1),
        ("friday, call Ann", 1),
        ("in 3 days send the offer", 3),
        ("next tue 15:00 call", 3),
        ("friday at the office", 1),
        ("friday at 3 pm at the office", 4),
        ("tomorrow tomorrow call", 1),
        ("friday 24/7 support", 1),
        ("friday 15:00 Sales/Marketing sync", 2),
        ("friday 15:00 Europe/Berlin sync", 3),
        ("2028-02-29 09:00 every year call", 2),
        ("下周二下午3点 打电话", 1),
        ("明天 下午 3点 打电话", 3),
        ("明天下午3点给张三打电话", 0),
        ("may call him", 0),
        ("call Ann friday", 0),
        ("at 25 Main St", 0),
        ("at", 0),
        ("", 0),
    ],
)
def test_the_longest_moment_is_taken_from_the_words_before_a_text(typed: str, count: int) -> None:
    words = typed.split(" ")
    moment, taken = take_moment(words, NOW)
    assert (taken, leading(words)) == (count, count)
    assert moment == (read_moment(" ".join(words[:count]), NOW) if count else None)


def test_a_quoted_word_with_spaces_is_taken_whole_or_not_at_all() -> None:
    assert leading(["next tue 15:00", "call"]) == 1
    assert leading(["next tue call", "Ann"]) == 0


def test_a_moment_longer_than_can_be_read_is_not_taken() -> None:
    assert leading(["next", " " * 100 + "tue"]) == 0


@pytest.mark.parametrize(
    "typed", ["25:61 call", "in -5m call", "01/02/2027 call", "2027-02-30 call", "9:00 Europe/X y"]
)
def test_an_impossible_moment_before_a_text_is_not_taken_for_text(typed: str) -> None:
    with pytest.raises(UserError):
        take_moment(typed.split(), NOW)


def test_a_past_moment_before_a_text_is_refused_where_one_to_come_is_wanted() -> None:
    with pytest.raises(UserError, match="already past"):
        take_moment(["yesterday", "call"], NOW, future=True)


def test_a_moment_is_found_before_a_text_without_spaces() -> None:
    text = "明天下午3点给张三打电话"
    assert text[: leading_characters(text)] == "明天下午3点"
    assert leading_characters("给张三打电话") == 0


@given(
    st.datetimes(
        NOW.replace(tzinfo=None), NOW.replace(tzinfo=None, year=2100), timezones=st.just(BERLIN)
    )
)
def test_a_written_date_is_read_back(moment: datetime) -> None:
    moment = moment.replace(second=0, microsecond=0, fold=0)
    read = read_moment(f"{moment:%Y-%m-%d %H:%M}", NOW)
    assert read == moment.astimezone(UTC) or read.astimezone(BERLIN).time() == time(3)
    chinese = f"{moment.year}年{moment.month}月{moment.day}日{moment:%H:%M}"
    assert read_moment(chinese, NOW) == read


@given(st.dates(date(1970, 1, 1), date(2100, 12, 31)))
def test_a_written_day_is_read_back(day: date) -> None:
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%b %d, %Y"):
        assert read_day(day.strftime(form), NOW.date()) == day
