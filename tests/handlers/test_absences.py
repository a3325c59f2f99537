"""Quiet hours, weekends, holidays and leave on a person's own clock."""

from __future__ import annotations

import pytest

from crm_store.models import Holiday, Leave
from crm_store.store import Store
from handlers.reply import Tone
from tests.mailroom import Mailroom


@pytest.fixture
def room(store: Store) -> Mailroom:
    made = Mailroom(store)
    made.plain = True
    return made


def test_quiet_hours_are_those_of_the_readers_own_zone(room: Mailroom) -> None:
    room.mate.says("settings zone=Asia/Shanghai")
    for who in ("rep", "mate"):
        getattr(room, who).says("preference set quiet 20:00-08:00")
    room.at("2026-11-16 14:00+01:00")  # 21:00 in Shanghai
    room.owe("r", "rep")
    room.owe("m", "mate")
    room.deliver()
    assert (room.got("rep"), room.got("mate")) == (["r"], [])
    room.at("2026-11-17 07:59+08:00")
    room.deliver()
    assert room.got("mate") == []
    room.at("2026-11-17 08:00+08:00")
    room.deliver()
    assert room.got("mate") == ["m"]


@pytest.mark.parametrize(
    ("evening", "before", "morning"),
    [
        ("2027-03-27 22:00+01:00", "2027-03-28 07:59+02:00", "2027-03-28 08:00+02:00"),
        ("2027-10-30 22:00+02:00", "2027-10-31 07:59+01:00", "2027-10-31 08:00+01:00"),
    ],
)
def test_a_night_in_which_the_clocks_change_ends_at_the_same_hour(
    room: Mailroom, evening: str, before: str, morning: str
) -> None:
    room.rep.says("preference set quiet 20:00-08:00")
    room.at(evening)
    room.owe("n")
    room.deliver()
    room.at(before)
    room.deliver()
    assert room.got("rep") == []
    room.at(morning)
    room.deliver()
    assert room.got("rep") == ["n"]


def test_a_friday_evening_waits_for_monday_morning_and_is_not_late(room: Mailroom) -> None:
    room.rep.says("preference set quiet 18:00-09:00")
    room.rep.says("preference set weekend sat sun")
    room.at("2026-11-20 18:30+01:00")
    room.owe("n")
    room.deliver()
    room.at("2026-11-23 08:59+01:00")
    room.deliver()
    assert room.got("rep") == []
    room.at("2026-11-23 09:00+01:00")
    room.deliver()
    assert room.got("rep") == ["n"]


def test_what_came_in_the_night_comes_together_in_the_morning(room: Mailroom) -> None:
    room.rep.says("preference set quiet 20:00-08:00")
    room.at("2026-11-16 21:00+01:00")
    for number in range(7):
        room.owe(f"n{number}")
        room.deliver()
    room.at("2026-11-17 08:00+01:00")
    room.deliver()
    assert room.last("rep").text == "n0, n1, n2, n3, n4, n5, n6"
    assert len(room.got("rep")) == 1


def test_on_leave_nothing_comes_and_a_holiday_after_it_is_kept(room: Mailroom) -> None:
    room.admin.says("holiday add 2026-11-19 Thanks calendar=Berlin")
    room.rep.says("preference set holidays berlin")
    answer = room.rep.says("leave add 2026-11-16 2026-11-18")
    assert "is away from Mon, Nov 16, 2026 until Wed, Nov 18, 2026" in answer.title
    room.owe("n")
    room.at("2026-11-16 12:00+01:00")
    room.deliver()
    room.at("2026-11-19 12:00+01:00")
    room.deliver()
    assert room.got("rep") == []
    room.at("2026-11-20 09:00+01:00")
    room.deliver()
    assert room.got("rep") == ["n"]


def test_a_leave_that_is_cancelled_holds_nothing_back(room: Mailroom) -> None:
    added = room.rep.says("leave add 2026-11-16 2026-11-18")
    assert "2026-11-18" in str(room.rep.says("leave list").table)
    room.rep.presses(added, "Cancel the leave")
    room.owe("n")
    room.deliver()
    assert room.got("rep") == ["n"]
    with room.session() as session:
        assert session.query(Leave).all() == []


def test_leave_is_entered_for_others_by_a_manager_alone(room: Mailroom) -> None:
    line = "leave add 2026-12-21 2027-01-03 for=mate@rapport.example"
    assert "Only a manager" in room.rep.says(line).title
    assert "Milo Mate is away" in room.manager.says(line).title
    assert room.rep.says("leave cancel 1").tone is Tone.WARNING
    assert "cancelled" in room.mate.says("leave cancel 1").title


@pytest.mark.parametrize(
    "days", ["2026-11-18 2026-11-17", "2026-11-01 2026-11-02", "2026-12-01 2028-12-01"]
)
def test_a_leave_that_cannot_be_is_refused(room: Mailroom, days: str) -> None:
    assert room.rep.says(f"leave add {days}").tone is Tone.WARNING
    with room.session() as session:
        assert session.query(Leave).all() == []


def test_a_holiday_is_a_day_of_one_calendar_and_has_one_name(room: Mailroom) -> None:
    room.admin.says("holiday add 2026-12-25 Christmas")
    room.admin.says('holiday add 2026-12-25 "Christmas Day"')
    room.admin.says("holiday add 2026-12-25 Christmas calendar=berlin")
    with room.session() as session:
        assert [
            (day.calendar, day.name) for day in session.query(Holiday).order_by(Holiday.id)
        ] == [
            ("office", "Christmas Day"),
            ("berlin", "Christmas"),
        ]
    assert "berlin" not in str(room.rep.says("holiday list calendar=office").table)
    assert "working day" in room.admin.says("holiday remove 2026-12-25").title
    assert room.admin.says("holiday remove 2026-12-25").tone is Tone.WARNING


def test_many_leaves_and_holidays_are_listed_page_by_page(room: Mailroom) -> None:
    for day in range(11, 22):
        room.mate.says(f"leave add 2027-01-{day} 2027-01-{day}")
        room.admin.says(f"holiday add 2027-01-{day} Carnival calendar=Cologne")
        room.admin.says(f"holiday add 2027-01-{day} Nothing calendar=berlin")
    for line, cell in (("leave list for=Milo", 1), ("holiday list calendar=Cologne", 0)):
        first = room.rep.says(line)
        assert first.table
        assert len(first.table.rows) == 10
        assert first.footer == "11 in all, page 1 of 2"
        second = room.rep.presses(first, "Next")
        assert second.table
        assert [row.cells[cell] for row in second.table.rows] == ["2027-01-21"]


def test_a_manager_takes_back_the_leave_that_he_entered_for_somebody(room: Mailroom) -> None:
    made = room.manager.says('leave add 2026-11-20 2026-11-22 for="Rita Rep"')
    assert made.text == "That is 3 days."
    assert "is cancelled" in room.manager.presses(made, "Cancel the leave").title
    assert room.mate.says("leave cancel 1").tone is Tone.WARNING


@pytest.mark.parametrize(
    ("line", "who"),
    [
        ("preference set weekend sat sun", "rep"),
        ("leave add 2026-11-21 2026-11-22", "rep"),
        ("preference set quiet 12:00-13:00\npreference set weekend sat sun", "rep"),
    ],
)
def test_days_off_end_when_work_begins_not_at_midnight(room: Mailroom, line: str, who: str) -> None:
    for each in line.splitlines():
        room.rep.says(each)
    room.at("2026-11-21 14:00+01:00")
    room.owe("on saturday")
    room.deliver()
    room.at("2026-11-23 00:30+01:00")
    room.owe("at night")
    room.deliver()
    assert room.got(who) == []
    room.at("2026-11-23 08:59+01:00")
    room.deliver()
    assert room.got(who) == []
    room.at("2026-11-23 09:00+01:00")
    room.deliver()
    assert room.got(who) == ["on saturday", "at night"]
    room.at("2026-11-24 00:30+01:00")
    room.owe("after a day of work")
    room.deliver()
    assert room.got(who)[2:] == ["after a day of work"]
