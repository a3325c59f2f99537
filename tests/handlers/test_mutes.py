"""Mutes: muted stays muted until its end, and a mute for everyone is seen by everyone."""

from __future__ import annotations

import pytest

from crm_store import notices
from crm_store.models import NoticeState
from crm_store.store import Store
from handlers.reply import Tone
from tests.mailroom import ROUTED, Mailroom
from tests.statements import counted

REASON = 'reason="they are moving house"'


@pytest.fixture
def room(store: Store) -> Mailroom:
    made = Mailroom(store)
    made.plain = True
    made.rep.says("company add Acme")
    made.rep.says('contact add "Jane Doe" company=Acme')
    made.rep.says("deal add Spring company=Acme amount=10")
    made.rep.says('ticket new It is late contact="Jane Doe"')
    return made


def test_muted_stays_muted_and_ends_at_its_end(room: Mailroom) -> None:
    made = room.rep.says(f"mute ticket:1 until=2026-12-20 {REASON}")
    assert "ticket #1 It is late is muted for you" in made.title
    for day in ("2026-11-17", "2026-12-01", "2026-12-19"):
        room.at(f"{day} 10:00+01:00")
        room.owe(day, payload={"ticket_id": 1})
        room.deliver()
    assert room.got("rep") == []
    assert room.state("2026-12-19") == (NoticeState.SENT, "muted by #1")
    room.at("2026-12-21 10:00+01:00")
    room.owe("over", payload={"ticket_id": 1})
    room.deliver()
    assert room.got("rep") == ["over"]
    assert room.rep.says("mutes").text == "Nothing is muted."


def test_a_mute_for_me_is_not_one_for_others(room: Mailroom) -> None:
    room.rep.says(f"mute ticket:1 until=friday {REASON}")
    for who in ("rep", "mate"):
        room.owe(who, who, payload={"ticket_id": 1})
    room.owe("other", payload={"ticket_id": 2})
    room.deliver()
    assert (room.got("rep"), room.got("mate")) == (["other"], ["mate"])


@pytest.mark.parametrize(
    "payload", [{"ticket_id": 1}, {"deal_id": 1}, {"contact_id": 1}, {"company_id": 1}]
)
def test_a_muted_customer_is_not_heard_of_through_any_record(
    room: Mailroom, payload: dict[str, int]
) -> None:
    room.rep.says(f"mute company:1 until=friday {REASON}")
    room.owe("n", payload=payload)
    room.deliver()
    assert room.got("rep") == []


def test_a_task_about_a_muted_deal_is_muted_with_it(room: Mailroom) -> None:
    room.rep.says("task add call them about=deal:1")
    room.rep.says(f"mute deal:1 until=friday {REASON}")
    room.owe("n", payload={"task_id": 1})
    room.deliver()
    assert room.got("rep") == []


def test_a_mute_needs_an_end_and_a_reason(room: Mailroom) -> None:
    asked = room.rep.says("mute ticket:1")
    assert asked.form
    assert {f.name for f in asked.form.fields if f.required} == {"what", "until", "reason"}
    late = room.rep.says(f'mute ticket:1 until="yesterday 9:00" {REASON}')
    assert late.tone is Tone.WARNING


def test_a_mute_for_everyone_is_a_managers_and_is_announced_in_the_channels(room: Mailroom) -> None:
    line = f'mute churn_alert until="friday 18:00" {REASON} for=everyone'
    assert "Only a manager" in room.rep.says(line).title
    room.plain = False
    made = room.manager.says(line)
    room.deliver()
    told = room.in_channel(ROUTED)[-1].reply
    assert "Mona Manager muted Churn alert for everyone until Fri, Nov 20, 2026" in told.title
    assert told.fields[0].value == "they are moving house"
    assert [action.line for action in told.actions] == ["unmute 1"]
    assert "everyone" in str(room.rep.says("mutes").table)
    room.manager.presses(made, "Unmute")
    room.deliver()
    assert room.in_channel(ROUTED)[-1].reply.title == "Churn alert is heard again."


def test_what_is_undone_of_a_mute_for_everyone_is_said_where_it_was_announced(
    room: Mailroom,
) -> None:
    room.plain = False
    made = room.manager.says(f'mute company:1 until="friday 18:00" {REASON} for=everyone')
    room.deliver()
    undone = room.manager.presses(made, "Undo")
    assert undone.fields[0].value == "company #1 Acme"
    room.deliver()
    assert room.in_channel(ROUTED)[-1].reply.title == "company #1 Acme is heard again."
    again = room.manager.says(f'mute company:1 until="friday 18:00" {REASON} for=everyone')
    room.deliver()
    ended = room.manager.presses(again, "Unmute")
    room.deliver()
    room.manager.presses(ended, "Undo")
    room.deliver()
    said = [post.reply.title[:27] for post in room.in_channel(ROUTED)]
    assert said[2:] == [
        "Mona Manager muted company ",
        "company #1 Acme is heard ag",
        "Mona Manager muted company ",
    ]


def test_a_muted_channel_hears_that_it_is_muted_and_nothing_else(room: Mailroom) -> None:
    line = f"mute here until=friday {REASON}"
    made = room.manager.says(line, private=False, place="slack:C1:171.5")
    assert "channel slack:C1" in made.title  # said in the channel itself, so not said again
    room.owe("n", address="slack:C1", priority=notices.URGENT)
    room.owe("there", address="slack:C2")
    room.deliver()
    assert [post.key for post in room.surfaces["slack"].posts] == ["there"]


def test_a_mute_is_undone_by_its_button_and_nobody_ends_that_of_another(room: Mailroom) -> None:
    made = room.rep.says(f"mute ticket:1 until=friday {REASON}")
    assert room.mate.says("unmute 1").tone is Tone.WARNING
    room.rep.presses(made, "Undo")
    assert room.rep.says("mutes").text == "Nothing is muted."
    room.manager.says(f"mute ticket:1 until=friday {REASON} for=everyone")
    assert "Only a manager ends" in room.rep.says("unmute 2").title


def test_what_was_folded_for_later_leaves_out_what_was_muted_since(room: Mailroom) -> None:
    room.rep.says("preference set budget 1")
    for key, ticket in (("a", 1), ("b", 1), ("c", 2)):
        room.owe(key, payload={"ticket_id": ticket})
    room.deliver()
    room.rep.says(f"mute ticket:1 until=friday {REASON}")
    room.at("2026-11-16 17:01+01:00")
    room.deliver()
    assert room.last("rep").text == "c"


def test_a_muted_customer_is_left_out_of_a_message_about_many(room: Mailroom) -> None:
    room.plain = False
    room.rep.says("company add Beta")
    room.rep.says("deal add Autumn company=Beta amount=20")
    room.rep.says(f"mute company:1 until=2026-12-30 {REASON}")
    room.at("2026-12-10 10:00+01:00")
    room.owe("n", kind="deals_idle", payload={"deal_ids": [1, 2], "days": 14})
    room.deliver()
    told = room.last("rep").reply
    assert told.title == "1 deal has gone quiet"
    assert "Autumn" in str(told.table)
    room.owe("all", kind="deals_idle", payload={"deal_ids": [1], "days": 14})
    room.deliver()
    assert len(room.got("rep")) == 1


def test_a_longer_list_takes_no_more_statements(room: Mailroom) -> None:
    room.rep.says(f"mute company:1 until=2026-12-20 {REASON}")
    with counted(room.store) as short:
        room.rep.says("mutes")
    for number in range(2, 7):
        room.rep.says(f"company add Company{number}")
        room.rep.says(f"mute company:{number} until=2026-12-20 {REASON}")
    room.rep.says("company delete 6")
    with counted(room.store) as long:
        table = room.rep.says("mutes").table
    assert table
    assert [row.cells[1] for row in table.rows][-1] == "company #6 Company6"
    assert len(long) == len(short)


def test_many_mutes_are_listed_page_by_page(room: Mailroom) -> None:
    for day in range(11, 22):
        room.rep.says(f"mute ticket:1 until=2026-12-{day} {REASON}")
        room.mate.says(f"mute deal:1 until=2026-12-{day} {REASON}")
    first = room.rep.says("mutes")
    assert first.table
    assert len(first.table.rows) == 10
    assert first.footer == "11 in all, page 1 of 2"
    second = room.rep.presses(first, "Next")
    assert second.table
    assert [row.cells[3] for row in second.table.rows] == ["2026-12-21 09:00"]
    assert second.actions[0].label == "Unmute #21"
