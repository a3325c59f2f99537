"""What people choose to be told, what a role starts with, and what an admin locked."""

from __future__ import annotations

import pytest

from crm_store import notices
from crm_store.models import NoticeState, RoleSettings, Task, User
from crm_store.store import Store
from handlers.reply import Reply, Row, Tone
from tests.mailroom import Mailroom


@pytest.fixture
def room(store: Store) -> Mailroom:
    return Mailroom(store)


def row(reply: Reply, name: str) -> tuple[str, ...]:
    """The value and the origin of one setting."""
    assert reply.table
    return next(each.cells[2:] for each in reply.table.rows if each.cells[0] == name)


def test_what_nobody_has_chosen_is_the_default(room: Mailroom) -> None:
    shown = room.rep.says("preference list")
    assert row(shown, "Task due") == ("on", "the default")
    assert row(shown, "Quiet hours") == ("off", "the default")


def test_a_role_starts_with_what_the_admin_set_until_a_person_chooses(room: Mailroom) -> None:
    room.admin.says("preference role rep quiet 20-8")
    assert row(room.rep.says("preference list"), "Quiet hours") == ("20:00-08:00", "your role")
    room.rep.says("preference set quiet 22:00 to 07:00")
    assert row(room.rep.says("preference list"), "Quiet hours") == ("22:00-07:00", "you set it")
    assert row(room.mate.says("preference list"), "Quiet hours")[0] == "20:00-08:00"
    assert row(room.agent.says("preference list"), "Quiet hours")[0] == "off"
    room.rep.says("preference set quiet default")
    assert row(room.rep.says("preference list"), "Quiet hours") == ("20:00-08:00", "your role")


def test_what_an_admin_locked_nobody_chooses_otherwise(room: Mailroom) -> None:
    room.rep.says("preference set ticket_assigned off")
    room.admin.says("preference role rep ticket_assigned on locked=yes")
    shown = room.rep.says("preference list")
    assert row(shown, "Ticket assigned") == ("on", "locked by an admin")
    told = room.rep.says('preference set "ticket assigned" off')
    assert "An admin has locked “Ticket assigned” for your role: it stays on." in told.title
    room.admin.says("preference role rep ticket_assigned on locked=no")
    assert "off" in room.rep.says('preference set "ticket assigned" off').title


def test_a_locked_setting_is_what_delivery_reads(room: Mailroom) -> None:
    room.plain = True
    room.rep.says("preference set task_due off")
    room.admin.says("preference role rep task_due on locked=yes")
    room.owe("n")
    room.deliver()
    assert room.got("rep") == ["n"]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("quiet 8pm", ""),
        ("quiet 25:00-08:00", ""),
        ("quiet 08:00-08:00", ""),
        ("weekend sat sun", "sat, sun"),
        ("weekend 周六、周日", "sat, sun"),
        ("weekend mon tue wed thu fri sat sun", ""),
        ("holidays mars", ""),
        ("budget 0", ""),
        ("budget ten", ""),
        ("budget 10", "10"),
        ("budget off", "off"),
        ("roundup 5", ""),
        ("roundup 16:30", "16:30"),
        ("roundup off", ""),
        ("through alerts", "alerts"),
        ("through everything", ""),
        ("task_due maybe", ""),
        ("task_due OFF", "off"),
        ("folded off", ""),
        ("nonsense on", ""),
    ],
)
def test_each_setting_takes_its_own_values_and_no_others(
    room: Mailroom, line: str, value: str
) -> None:
    reply = room.rep.says(f"preference set {line}")
    with room.session() as session:
        kept = session.get_one(User, room.rep.id).settings
    if value:
        assert value in str(reply.table)
        assert len(kept) == 1
    else:
        assert reply.tone is Tone.WARNING
        assert kept == {}


def test_only_an_admin_sets_what_a_role_starts_with_and_sees_others(room: Mailroom) -> None:
    refused = room.manager.says("preference role rep task_due off")
    assert "not open to your role" in refused.title
    assert "Only an admin" in room.rep.says("preference list for=mate").title
    assert "Milo" in room.admin.says("preference list for=mate@rapport.example").title
    with room.session() as session:
        assert session.query(RoleSettings).all() == []


def test_a_choice_is_undone(room: Mailroom) -> None:
    chosen = room.rep.says("preference set budget 10")
    room.rep.presses(chosen, "Undo")
    assert row(room.rep.says("preference list"), "Messages a day") == ("off", "the default")


def test_what_breaks_through_is_chosen(room: Mailroom) -> None:
    room.plain = True
    for who, through in (("rep", "urgent"), ("mate", "alerts"), ("agent", "nothing")):
        getattr(room, who).says("preference set quiet 9:00-12:00")
        getattr(room, who).says(f"preference set through {through}")
        room.owe(f"{who} urgent", who, priority=notices.URGENT)
        room.owe(f"{who} alert", who, priority=notices.ALERT)
        room.owe(f"{who} reminder", who, priority=notices.REMINDER)
    room.deliver()
    assert room.got("rep") == ["rep urgent"]
    assert room.got("mate") == ["mate urgent", "mate alert"]
    assert room.got("agent") == []


def test_an_urgent_ticket_is_told_in_quiet_hours(room: Mailroom) -> None:
    room.agent.says("preference set quiet 9:00-12:00")
    room.manager.says("ticket new The server is on fire priority=urgent")
    room.manager.says("ticket assign it agnes")
    room.manager.says("ticket new A question")
    room.manager.says("ticket assign it agnes")
    room.deliver()
    assert [post.reply.text for post in room.surfaces["test"].posts] == ["The server is on fire"]


def test_above_the_budget_the_rest_comes_as_one_message_that_opens_each(room: Mailroom) -> None:
    room.rep.says("preference set budget 2")
    for number in range(5):
        room.rep.says(f'task add Call number {number} due="in 5 minutes"')
        task = reminder(room, number)
        room.owe(f"t{number}", payload=task, due_at=room.clock.now())
    room.deliver()
    assert len(room.got("rep")) == 2
    assert room.state("t4")[0] is NoticeState.SENT
    room.owe("late", payload={"task_id": 1, "due_at": "another time"})
    room.deliver()
    assert len(room.got("rep")) == 2
    room.at("2026-11-16 17:01+01:00")
    room.deliver()
    rest = room.last("rep").reply
    assert rest.title == "3 messages for you"
    assert "above your number of messages a day" in rest.text
    assert "3 × task due" in rest.text
    assert "Call number 3" in str(rest.table)
    opened = room.rep.presses(rest, "1: Open")
    assert "Call number 2" in opened.title
    room.at("2026-11-17 10:00+01:00")
    room.owe("tomorrow", payload={**task})
    room.deliver()
    assert len(room.got("rep")) == 4


def reminder(room: Mailroom, number: int) -> dict[str, object]:
    """What a reminder of the task with this number in its text tells of."""
    with room.session() as session:
        task = session.query(Task).filter_by(text=f"Call number {number}").one()
    assert task.due_at
    return {"task_id": task.id, "due_at": task.due_at.isoformat()}


@pytest.mark.parametrize(
    ("way", "privately", "named"), [("dm", 1, 0), ("mention", 0, 1), ("both", 1, 1)]
)
def test_an_alert_reaches_a_person_as_they_chose(
    room: Mailroom, way: str, privately: int, named: int
) -> None:
    room.admin.says("user edit agent@rapport.example slack=U0AGNES")
    room.agent.says("preference set mention_in here", private=False, place="slack:C1:17.1")
    room.agent.says(f"preference set alerts {way}")
    room.manager.says("ticket new Her salary is late")
    room.manager.says("ticket assign it agnes")
    room.deliver()
    room.deliver()
    assert len(room.got("agent")) == privately
    mentions = room.in_channel("slack:C1")
    assert len(mentions) == named
    for mention in mentions:
        assert mention.reply.title == "Agnes Agent: Ticket assigned, ticket #1"
        assert mention.reply.account("slack") == "U0AGNES"
        assert "salary" not in str(mention.reply)
    assert "Her salary is late" in room.agent.says("notice show 1").text


def test_reminders_have_a_way_of_their_own_and_mentions_need_a_channel(room: Mailroom) -> None:
    room.plain = True
    assert "for a channel" in room.rep.says("preference set mention_in here").title
    room.rep.says("preference set alerts mention")
    room.owe("nowhere", priority=notices.ALERT)
    room.deliver()
    room.rep.says("preference set mention_in here", private=False, place="slack:C1")
    room.owe("alert", priority=notices.ALERT)
    room.owe("reminder")
    room.deliver()
    assert room.got("rep") == ["nowhere", "reminder"]
    assert len(room.in_channel("slack:C1")) == 1


@pytest.mark.parametrize(
    "place", ["telegram:777", "slack:D0MONA", "slack:C1", "web:mona@x.example"]
)
def test_a_member_makes_nothing_appear_in_chats_that_are_not_his(
    room: Mailroom, place: str
) -> None:
    assert room.rep.says(f"preference set mention_in {place}").tone is Tone.WARNING
    with room.session() as session:
        assert session.get_one(User, room.rep.id).settings == {}


@pytest.mark.parametrize("place", ["telegram:777", "slack:D0MONA"])
def test_not_even_a_manager_is_mentioned_in_somebodys_own_chat(room: Mailroom, place: str) -> None:
    assert "for a channel" in room.manager.says(f"preference set mention_in {place}").title
    assert "slack:C1" in room.manager.says("preference set mention_in slack:C1").title
    muted = room.manager.says(f"mute {place} until=friday reason=quiet")
    assert muted.tone is Tone.WARNING


def test_where_the_channel_is_muted_a_mention_comes_as_a_direct_message(room: Mailroom) -> None:
    room.plain = True
    room.rep.says("preference set mention_in here", private=False, place="slack:C1")
    room.rep.says("preference set reminders mention")
    room.manager.says("mute slack:C1 until=friday reason=quiet")
    room.owe("due")
    room.deliver()
    assert room.got("rep") == ["due"]
    assert [post.key for post in room.in_channel("slack:C1") if "mention" in post.key] == []


@pytest.mark.parametrize("name", ["budget", "Messages a day", "messages a day", "每日消息数"])
def test_a_setting_goes_by_its_name_and_by_what_it_is_called(room: Mailroom, name: str) -> None:
    if not name.isascii():
        room.rep.says("settings language=zh")
        name = next(
            c.cells[0] for c in table(room.rep.says("preference list")) if "budget" in c.cells
        )
    room.rep.says(f'preference set "{name}" 5')
    room.rep.says("settings language=en")
    shown = table(room.rep.says("preference list"))
    assert next(each.cells[:3] for each in shown if each.cells[0] == "Messages a day") == (
        "Messages a day",
        "budget",
        "5",
    )


def test_who_wants_mentions_and_said_no_channel_is_told_so(room: Mailroom) -> None:
    warned = room.rep.says("preference set alerts mention")
    assert "type `preference set mention_in here` in the channel" in warned.text
    assert warned.tone is Tone.WARNING
    room.rep.says("preference set mention_in here", private=False, place="slack:C1")
    assert room.rep.says("preference set alerts both").tone is Tone.NEUTRAL


def table(reply: Reply) -> tuple[Row, ...]:
    """The rows of a listing."""
    assert reply.table
    return reply.table.rows
