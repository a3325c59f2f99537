"""Seeing to a message, putting it off, and looking it up again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crm_store import notices, users
from crm_store.models import Acknowledgement, Task, User
from crm_store.store import Store
from handlers.reply import Tone
from tests.mailroom import Mailroom


@pytest.fixture
def room(store: Store) -> Mailroom:
    made = Mailroom(store)
    made.manager.says("ticket new The invoice is wrong")
    made.manager.says("ticket assign it agnes")
    made.deliver()
    return made


def lines(room: Mailroom, who: str) -> list[str]:
    return [action.line for action in room.last(who).reply.actions]


def test_an_alert_has_the_buttons_and_says_who_sees_to_it(room: Mailroom) -> None:
    alert = room.last("agent").reply
    seen = room.agent.presses(alert, "Got it")
    assert "Agnes Agent has it since Mon, Nov 16, 2026" in seen.footer
    assert "The invoice is wrong" in seen.text
    assert not {"Got it", "Snooze"} & {action.label for action in seen.actions}
    with room.session() as session:
        assert session.query(Acknowledgement).one().user.name == "Agnes Agent"


def test_everybody_who_got_it_sees_who_has_it(room: Mailroom) -> None:
    for who in ("rep", "manager"):
        room.owe(who, who, kind="task_due", payload=a_task(room), matter="fire")
    room.owe("channel", address="slack:C1", payload=a_task(room), matter="fire")
    room.deliver()
    room.manager.presses(room.last("manager").reply, "Got it")
    room.deliver()
    edits = [
        (str(sent.address), reply.footer.splitlines()[-1][:27])
        for name in ("test", "slack")
        for sent, reply in room.surfaces[name].edits
    ]
    assert edits == [
        ("test:rep", "Mona Manager has it since M"),
        ("slack:C1", "Mona Manager has it since M"),
    ]


def seen_by(room: Mailroom, chat: str, platform: str = "test") -> list[str]:
    """The last lines of the edits of somebody's messages."""
    edits = room.surfaces[platform].edits
    return [
        (reply.footer.splitlines() or [""])[-1][:20]
        for sent, reply in edits
        if sent.address.chat == chat
    ]


def test_when_got_it_is_undone_nobodys_card_says_so_any_more(room: Mailroom) -> None:
    for who in ("rep", "manager"):
        room.owe(who, who, payload=a_task(room), matter="fire")
    room.deliver()
    for _turn in range(2):
        seen = room.manager.presses(room.last("manager").reply, "Got it")
        room.deliver()
        undone = room.manager.presses(seen, "Undo")
        room.deliver()
        assert undone.fields[0].value == "Mona Manager"
    assert seen_by(room, "rep") == ["Mona Manager has it ", "Task #1"] * 2
    assert seen_by(room, "manager") == ["Task #1"] * 2
    assert "Got it" in [action.label for action in room.surfaces["test"].edits[-1][1].actions]


def test_who_sees_to_a_folded_message_is_seen_by_those_who_got_one_of_it(room: Mailroom) -> None:
    for number in range(6):
        room.owe(f"f{number}", payload=a_task(room), matter=f"M{number}")
    room.owe("single", "mate", payload=a_task(room), matter="M3")
    room.deliver()
    room.rep.presses(room.last("rep").reply, "Got it")
    room.deliver()
    assert seen_by(room, "mate") == ["Rita Rep has it sinc"]


@pytest.mark.parametrize("many", [1, 6])
def test_what_is_put_off_comes_again_whoever_saw_to_it(room: Mailroom, many: int) -> None:
    for number in range(many):
        room.owe(f"f{number}", payload=a_task(room), matter=f"M{number}")
    room.deliver()
    number = room.notice_of("rep")
    room.rep.says(f"notice ack {number}")
    assert "put this off until" in room.rep.says(f"notice snooze {number} in 1 hour").title
    room.clock.advance(timedelta(hours=2))
    room.deliver()
    assert len(room.got("rep")) == 2
    again = room.last("rep").reply
    assert "Got it" in [action.label for action in again.actions]
    assert many == 1 or again.title == "6 messages for you"


def test_the_edit_goes_where_the_message_stands(room: Mailroom) -> None:
    with room.session() as session:
        user = session.get_one(User, room.rep.id)
        users.add_identity(session, user, "slack", "U1", "slack:D1", room.clock.now())
        users.set_reachable(session, "test", "rep", reachable=False)
    room.rep.says("settings language=zh")
    for who in ("rep", "manager"):
        room.owe(who, who, payload=a_task(room), matter="fire")
    room.deliver()
    room.rep.says("account check test:rep")
    room.deliver()
    room.manager.presses(room.last("manager").reply, "Got it")
    room.deliver()
    assert len(seen_by(room, "D1", "slack")) == 1
    assert "Mona Manager 自" in seen_by(room, "D1", "slack")[0]
    assert seen_by(room, "rep") == []


def test_who_was_first_stays_the_one(room: Mailroom) -> None:
    room.owe("channel", address="slack:C1", payload=a_task(room))
    number = room.notice("channel").id
    room.deliver()
    for who in ("rep", "mate"):
        said = getattr(room, who).says(f"notice ack {number}", private=False, place="slack:C1:17.1")
        assert "Rita Rep has it" in said.footer


def test_a_message_is_put_off_by_a_button_and_comes_again_once(room: Mailroom) -> None:
    asked = room.agent.presses(room.last("agent").reply, "Snooze")
    assert [action.label for action in asked.actions] == [
        "20 minutes", "1 hour", "3 hours", "Tomorrow", "Next week",
    ]  # fmt: skip
    later = room.agent.presses(asked, "Tomorrow")
    assert "Agnes Agent put this off until Tue, Nov 17, 2026, 09:00" in later.title
    before = len(room.got("agent"))
    room.at("2026-11-17 08:59+01:00")
    room.deliver()
    assert len(room.got("agent")) == before
    room.at("2026-11-17 09:01+01:00")
    room.deliver()
    room.deliver()
    assert len(room.got("agent")) == before + 1
    assert "The invoice is wrong" in room.last("agent").text


def test_a_reminder_of_a_task_keeps_its_own_ways_to_put_it_off(room: Mailroom) -> None:
    room.owe("t", payload=a_task(room))
    room.deliver()
    assert [line for line in lines(room, "rep") if "snooze" in line] == [
        "task snooze 1 in 1 hour", "task snooze 1 tomorrow 9:00", "task snooze 1 next monday 9:00",
        "task snooze 1",
    ]  # fmt: skip
    assert any(line.startswith("notice ack ") for line in lines(room, "rep"))


def test_what_somebody_else_was_told_is_not_shown(room: Mailroom) -> None:
    number = room.notice_of("agent")
    for verb in ("show", "ack", "snooze"):
        answer = room.rep.says(f"notice {verb} {number}")
        assert answer.tone is Tone.WARNING
        assert "invoice" not in str(answer)
    assert "The invoice is wrong" in room.agent.says(f"notice show {number}").text


def test_a_message_of_a_channel_is_seen_to_in_that_channel_alone(room: Mailroom) -> None:
    number = room.owe("channel", address="slack:C1", payload=a_task(room))
    room.deliver()
    there, elsewhere = "slack:C1:171.5", "slack:C2"
    refused = room.rep.says(f"notice ack {number}", private=False, place=elsewhere)
    assert refused.tone is Tone.WARNING
    seen = room.rep.says(f"notice ack {number}", private=False, place=there)
    assert "Rita Rep has it" in seen.footer


def test_what_one_was_told_is_listed(room: Mailroom) -> None:
    listed = room.agent.says("notice list")
    assert listed.table
    assert listed.table.rows[0].cells[1] == "Ticket assigned"
    assert listed.table.rows[0].opens == f"notice show {room.notice_of('agent')}"
    assert room.rep.says("notice list").text == "Nothing yet."


def test_what_one_was_not_told_is_not_listed_and_the_rest_is_in_ones_language(
    room: Mailroom,
) -> None:
    room.agent.says("mute ticket_assigned until=friday reason=busy")
    room.manager.says("ticket new Another")
    room.manager.says("ticket assign 2 agnes")
    room.deliver()
    listed = room.agent.says("notice list").table
    assert listed
    assert [row.cells[3] for row in listed.rows] == [""]
    room.mate.says("preference set budget 1")
    for number in (3, 4):
        room.manager.says(f"ticket new Number {number}")
        room.manager.says(f"ticket assign {number} milo")
    room.deliver()
    for code, words in (("en", "in one message with others"), ("zh", "与其他消息合为一条")):
        room.mate.says(f"settings language={code}")
        listed = room.mate.says("notice list").table
        assert listed
        assert [row.cells[3] for row in listed.rows] == [words, ""]


def test_a_digest_carries_no_buttons_to_see_to_it(room: Mailroom) -> None:
    room.manager.says('digest add ticket list every="monday 10:00" to=me')
    room.owe(
        "d",
        "manager",
        kind="digest",
        priority=notices.DIGEST,
        payload={"digest_id": 1, "owner_id": room.manager.id, "planned_local": "2026-11-16T10:00"},
    )
    room.deliver()
    assert not any(line.startswith("notice") for line in lines(room, "manager"))


def a_task(room: Mailroom) -> dict[str, object]:
    """What a reminder of Rita's task tells of."""
    if room.rep.says("task list").table is None:
        room.rep.says('task add Call them due="in 5 minutes"')
    with room.session() as session:
        due_at = session.get_one(Task, 1).due_at
    assert due_at
    return {"task_id": 1, "due_at": due_at.isoformat()}
