"""Every setting holds for every kind of message: one layer reads them, and a new kind is covered at once."""

from __future__ import annotations

import pytest

from crm_store import attention, notices
from crm_store.models import NoticeState
from crm_store.store import Store
from handlers.notices import notices as declared
from handlers.subjects import load
from tests.mailroom import Mailroom

load()
KINDS = sorted(set(declared()) - attention.ALWAYS)


@pytest.fixture
def room(sqlite_store: Store) -> Mailroom:
    made = Mailroom(sqlite_store)
    made.plain = True
    return made


def test_all_kinds_but_those_about_other_messages_can_be_chosen(room: Mailroom) -> None:
    shown = str(room.rep.says("preference list"))
    assert all(kind.replace("_", " ").capitalize() in shown for kind in KINDS)
    assert set(declared()) - set(KINDS) == attention.ALWAYS


def test_what_is_switched_off_does_not_come(room: Mailroom) -> None:
    for kind in KINDS:
        room.rep.says(f"preference set {kind} off")
        room.owe(f"{kind} for Rita", kind=kind, priority=notices.URGENT)
        room.owe(kind, "mate", kind=kind, priority=notices.URGENT)
    room.deliver()
    assert room.got("rep") == []
    assert room.got("mate") == KINDS
    for kind in KINDS:
        assert room.state(f"{kind} for Rita") == (NoticeState.SENT, "not wanted")


@pytest.mark.parametrize(
    "lines",
    [
        ("preference set quiet 10:00-12:00",),
        ("preference set weekend mon",),
        ("leave add 2026-11-16 2026-11-16",),
        ("holiday add 2026-11-16 Founders", "preference set holidays office"),
    ],
)
def test_silence_holds_for_every_kind_but_not_for_what_is_urgent(
    room: Mailroom, lines: tuple[str, ...]
) -> None:
    for line in lines:
        room.admin.says(line)
    for kind in KINDS:
        room.owe(kind, "admin", kind=kind)
        room.owe(f"{kind} now", "admin", kind=kind, priority=notices.URGENT)
    room.deliver()
    assert room.got("admin") == [f"{kind} now" for kind in KINDS]
    assert {room.state(kind) for kind in KINDS} == {(NoticeState.WAITING, "quiet")}
    room.at("2026-11-17 08:00+00:00")
    room.deliver()
    assert room.last("admin").text == ", ".join(KINDS)  # together, as they are more than five


@pytest.mark.parametrize("kind", KINDS)
def test_the_budget_holds_for_it(room: Mailroom, kind: str) -> None:
    room.rep.says("preference set budget 1")
    for number in range(3):
        room.owe(f"n{number}", kind=kind, priority=notices.ALERT)
    room.deliver()
    assert room.got("rep") == ["n0"]
    room.at("2026-11-16 17:01+01:00")
    room.deliver()
    assert room.last("rep").text == "n1, n2"


def test_a_mute_holds_for_every_kind(room: Mailroom) -> None:
    room.manager.says('mute slack:C1 until="tomorrow 9:00" reason="it is being moved"')
    for kind in KINDS:
        room.manager.says(f'mute {kind} until="tomorrow 9:00" reason="we know" for=everyone')
        room.owe(kind, kind=kind, priority=notices.URGENT)
        room.owe(f"{kind} there", kind=kind, priority=notices.URGENT, address="slack:C1")
    room.deliver()
    assert room.got("rep") == []
    assert [post.key.split(":")[0] for post in room.in_channel("slack:C1")] == ["mute_announced"]
    for kind in KINDS:
        assert (room.notice(kind).reason or "").startswith("muted by #")


@pytest.mark.parametrize("mode", ["thread", "edit", "separate"])
def test_the_mode_of_a_channel_holds_for_every_kind(room: Mailroom, mode: str) -> None:
    room.manager.says(f"channel mode {mode} address=slack:C1")
    for place, kind in enumerate(KINDS):
        for key in ("first", "second"):
            room.owe(f"{key} {kind}", kind=kind, address="slack:C1", about=f"ticket:{place}")
            room.deliver()
    slack = room.surfaces["slack"]
    sent = {post.key: (str(place), post.address.thread) for place, post in enumerate(slack.posts)}
    edited = {reply.text: message.message_id for message, reply in slack.edits}
    for kind in KINDS:
        number, thread = sent[f"first {kind}"]
        assert thread == ""
        assert sent.get(f"second {kind}", ("", None))[1] == {"thread": number, "separate": ""}.get(
            mode
        )
        assert edited.get(f"second {kind}") == (number if mode == "edit" else None)


def test_a_matter_that_somebody_sees_to_is_not_repeated(room: Mailroom) -> None:
    numbers = {kind: room.owe(kind, kind=kind, matter=kind) for kind in KINDS}
    room.deliver()
    for kind in KINDS:
        room.rep.says(f"notice ack {numbers[kind]}")
        room.owe(f"{kind} again", kind=kind, matter=kind)
        room.owe(f"{kind} to the boss", "manager", kind=kind, matter=kind)
    room.deliver()
    assert len(room.got("rep")) == 1  # folded, as they are more than five
    assert room.got("manager") == []
    for kind in KINDS:
        seen = NoticeState.SENT, "acknowledged by Rita Rep"
        assert room.state(f"{kind} again") == seen


def test_every_kind_can_be_put_off(room: Mailroom) -> None:
    numbers = {kind: room.owe(kind, kind=kind, priority=notices.URGENT) for kind in KINDS}
    room.deliver()
    before = len(room.got("rep"))
    for number in numbers.values():
        room.rep.says(f"notice snooze {number} in 1 hour")
    room.at("2026-11-16 10:59+01:00")
    room.deliver()
    assert len(room.got("rep")) == before
    room.at("2026-11-16 11:01+01:00")
    room.deliver()
    assert len(room.got("rep")) == 2 * before
