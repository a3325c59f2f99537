"""What a channel does with the updates of a record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.surface import DeliveryError
from crm_store import moves, notices
from crm_store.addresses import Address
from crm_store.models import NoticeState
from crm_store.store import Store
from tests.desk import START
from tests.mailroom import Mailroom


@pytest.fixture
def room(store: Store) -> Mailroom:
    made = Mailroom(store)
    made.plain = True
    return made


def updates(room: Mailroom, address: str, *keys: str, **values: Any) -> None:
    """Owe updates of ticket 42 to a channel, each delivered before the next."""
    for key in keys:
        room.owe(key, address=address, payload={"ticket_id": 42}, **values)
        room.deliver()


def posted(room: Mailroom, platform: str) -> list[tuple[str, str]]:
    """Keys and threads of what a platform was sent."""
    return [(post.key, post.address.thread) for post in room.surfaces[platform].posts]


def test_updates_stand_in_the_thread_of_the_first_where_nobody_said_otherwise(
    room: Mailroom,
) -> None:
    updates(room, "slack:C1", "a", "b", "c")
    room.owe("other", address="slack:C1", payload={"ticket_id": 43})
    room.deliver()
    assert posted(room, "slack") == [("a", ""), ("b", "0"), ("c", "0"), ("other", "")]


def test_a_channel_that_edits_keeps_one_message(room: Mailroom) -> None:
    answer = room.manager.says("channel mode edit", private=False, place="slack:C1:17.1")
    assert "take the place of its last message" in answer.text
    updates(room, "slack:C1", "a", "b", "c")
    assert posted(room, "slack") == [("a", "")]
    edits = room.surfaces["slack"].edits
    assert [(sent.message_id, reply.text) for sent, reply in edits] == [("0", "b"), ("0", "c")]


def test_a_message_that_is_gone_is_followed_by_a_new_one(room: Mailroom) -> None:
    room.manager.says("channel mode edit address=slack:C1")
    updates(room, "slack:C1", "a")

    def gone(what: str) -> None:
        if what.startswith("edit"):
            raise DeliveryError("message_not_found", permanent=True, refused=True)

    room.surfaces["slack"].trouble = gone
    updates(room, "slack:C1", "b")
    assert posted(room, "slack") == [("a", ""), ("b", "")]
    assert room.state("b") == (NoticeState.SENT, None)


def test_an_edit_in_doubt_is_made_again_and_posts_nothing(room: Mailroom) -> None:
    room.manager.says("channel mode edit address=telegram:-5")
    updates(room, "telegram:-5", "a")
    failures = [DeliveryError("timeout", in_doubt=True)]

    def once(what: str) -> None:
        if what.startswith("edit") and failures:
            raise failures.pop()

    room.surfaces["telegram"].trouble = once
    updates(room, "telegram:-5", "b", priority=notices.DIGEST)
    room.at("2026-11-16 10:30+01:00")
    room.deliver()
    assert posted(room, "telegram") == [("a", "")]
    assert len(room.surfaces["telegram"].edits) == 1


def test_telegram_has_no_threads_so_its_updates_are_separate(room: Mailroom) -> None:
    updates(room, "telegram:-5:7", "a", "b")
    updates(room, "telegram:-6", "c", "d")
    assert posted(room, "telegram") == [("a", "7"), ("b", "7"), ("c", ""), ("d", "")]


def test_a_group_that_moves_takes_its_mode_and_its_mute_along(room: Mailroom) -> None:
    room.manager.says("channel mode edit address=telegram:-5")
    room.manager.says('mute telegram:-5 until=friday reason="it is being moved"')
    with room.session() as session:
        moves.move(session, Address("telegram", "-5"), Address("telegram", "-1005"))
    assert "telegram:-1005" in str(room.manager.says("channel list").table)
    assert "telegram:-1005" in str(room.manager.says("mutes").table)


def test_what_stands_in_a_group_that_moved_is_said_anew_in_the_new_one(room: Mailroom) -> None:
    updates(room, "telegram:-5", "a")

    def moved(what: str) -> None:
        # As long as the test may take: the old chat takes nothing any more.
        if what in {"edit 0", "telegram:-5"} and room.clock.now() < START + timedelta(minutes=5):
            raise DeliveryError("moved", moved_to=Address("telegram", "-1005"))

    room.surfaces["telegram"].trouble = moved
    room.owe("b", address="telegram:-5", edits=room.notice("a").id)
    room.deliver()
    assert [post.key for post in room.in_channel("telegram:-1005")] == ["b"]
    assert room.surfaces["telegram"].edits == []


def test_a_private_chat_has_no_mode_and_a_rep_sets_none(room: Mailroom) -> None:
    assert "for channels" in room.manager.says("channel mode edit").title
    assert "not open to your role" in room.rep.says("channel mode edit address=slack:C1").title


def test_an_update_in_doubt_is_looked_up_in_its_thread(room: Mailroom) -> None:
    updates(room, "slack:C1", "a")
    failures = [DeliveryError("timeout", in_doubt=True)]

    def once(_place: str) -> None:
        if failures:
            raise failures.pop()

    room.surfaces["slack"].echo = once
    updates(room, "slack:C1", "b")
    room.at("2026-11-16 10:30+01:00")
    room.deliver()
    assert posted(room, "slack") == [("a", ""), ("b", "0")]
    assert room.state("b")[0] is NoticeState.SENT


def test_many_channels_are_listed_page_by_page(room: Mailroom) -> None:
    for number in range(11):
        room.manager.says(f"channel mode edit address=slack:C{number:02}")
    first = room.manager.says("channel list")
    assert first.footer == "11 in all, page 1 of 2"
    second = room.manager.presses(first, "Next")
    assert second.table
    assert [row.cells[0] for row in second.table.rows] == ["slack:C10"]
