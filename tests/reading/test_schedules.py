"""Recurring times as people type them become schedules; cron and chatter do not.

When a schedule comes is tested in `tests/test_schedules.py`.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_store.schedules import Schedule
from handlers.errors import UserError
from handlers.reading.schedules import read_schedule
from tests.reading.hostile import anything


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("monday 9:00", "weekly mon 09:00"),
        ("every Monday at 9", "weekly mon 09:00"),
        ("monday", "weekly mon 09:00"),
        ("mon,thu 8:30", "weekly mon,thu 08:30"),
        ("mon and thu 8:30", "weekly mon,thu 08:30"),
        ("thu mon 8:30", "weekly mon,thu 08:30"),
        ("mon–fri 9:00", "weekly mon,tue,wed,thu,fri 09:00"),
        ("sat to mon 9:00", "weekly mon,sat,sun 09:00"),
        ("weekly on fridays 4pm", "weekly fri 16:00"),
        ("week 9:00", "weekly mon 09:00"),
        ("day 18:00", "daily 18:00"),
        ("day 9:00,18:00", "daily 09:00,18:00"),
        ("daily 18:00 9:00", "daily 09:00,18:00"),
        ("every day at 6pm", "daily 18:00"),
        ("weekday 9:00", "weekdays 09:00"),
        ("month 1 9:00", "monthly 1 09:00"),
        ("monthly on the 15th 10:00", "monthly 15 10:00"),
        ("month last 17:00", "monthly last 17:00"),
        ("month last day at 17:00", "monthly last 17:00"),
        ("year 12-01 9:00", "yearly 12-01 09:00"),
        ("yearly dec 1", "yearly 12-01 09:00"),
        ("year 29 February 9:00", "yearly 02-29 09:00"),
        ("2h", "every 2 hours"),
        ("hourly", "every 1 hours"),
        ("every hour", "every 1 hours"),
        ("15 minutes", "every 15 minutes"),
        ("90 min", "every 90 minutes"),
        ("120m", "every 2 hours"),
        ("24 hours", "every 24 hours"),
        ("2026-12-01 9:00", "once 2026-12-01T09:00"),
        ("once 2026-12-01T15:00", "once 2026-12-01T15:00"),
        ("每周一9点", "weekly mon 09:00"),
        ("每周一三五上午9点半", "weekly mon,wed,fri 09:30"),
        ("每周一、周四 ８：３０", "weekly mon,thu 08:30"),
        ("每周一到周五9点", "weekly mon,tue,wed,thu,fri 09:00"),
        ("星期天下午3点", "weekly sun 15:00"),
        ("每天18:00", "daily 18:00"),
        ("每日早上9点和下午6点", "daily 09:00,18:00"),
        ("每天晚上", "daily 19:00"),
        ("每个工作日9点", "weekdays 09:00"),
        ("每月1号", "monthly 1 09:00"),
        ("每个月十五号10点", "monthly 15 10:00"),
        ("每月最后一天17点", "monthly last 17:00"),
        ("每月底", "monthly last 09:00"),
        ("每年12月1日9点", "yearly 12-01 09:00"),
        ("每两小时", "every 2 hours"),
        ("每30分钟", "every 30 minutes"),
        ("每半小时", "every 30 minutes"),
    ],
)
def test_a_schedule_is_read(typed: str, stored: str) -> None:
    assert read_schedule(typed).to_text() == stored


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "missing"),
        ("0 seconds", "most often"),
        ("every 1 second", "most often"),
        ("30秒", "most often"),
        ("14 minutes", "most often"),
        ("0h", "most often"),
        ("day 9:00 9:05", "most often"),
        ("25h", "24 hours"),
        ("99999999999 h", "24 hours"),
        ("* * * * *", "cron"),
        ("*/5 * * * *", "cron"),
        ("0 9 * * mon-fri", "cron"),
        ("0 0 31 2 ?", "cron"),
        ("0 9 1 1 1", "cron"),
        ("daily 24:00", "not a time of day"),
        ("1969-12-01 9:00", "too far"),
        ("2026-02-30 9:00", "not a schedule"),
        ("year 02-30", "not a schedule"),
        ("month 32 9:00", "not a schedule"),
        ("month 0", "not a schedule"),
        ("month 9:00", "not a schedule"),
        ("31st every month", "not a schedule"),
        ("every 2 days", "not a schedule"),
        ("daily 00:00 Africa/Cairo", "not a schedule"),
        ("every", "not a schedule"),
        ("sometimes", "not a schedule"),
        ("mon " * 50, "not a schedule"),
    ],
)
def test_anything_else_is_refused_with_the_reason_and_an_example(typed: str, reason: str) -> None:
    with pytest.raises(UserError) as refused:
        read_schedule(typed)
    assert reason in refused.value.what
    assert refused.value.hint


@given(anything)
def test_what_is_read_can_be_stored(text: str) -> None:
    try:
        schedule = read_schedule(text)
    except UserError:
        return
    assert Schedule.from_text(schedule.to_text()) == schedule


@given(
    st.sampled_from(["day", "weekday", "mon", "sat,sun", "month 1", "month last", "year 12-01"]),
    st.times(),
)
def test_a_written_time_is_read_back(rule: str, at: object) -> None:
    assert read_schedule(f"{rule} {at:%H:%M}").times == (read_schedule(f"day {at:%H:%M}").times[0],)
