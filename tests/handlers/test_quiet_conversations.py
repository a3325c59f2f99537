"""What is said between customers and colleagues, where somebody asked for silence or for fewer messages."""

from __future__ import annotations

import itertools

import pytest

from bot.surface import Incoming
from crm_store import attention, notices
from crm_store.addresses import Address
from crm_store.messages import HOLD
from crm_store.models import MessageLink
from crm_store.store import Store
from handlers.notices import notices as kinds
from handlers.reply import Tone
from handlers.request import Defaults, Said
from tests.mailroom import Mailroom

STREAM = "telegram:-100"
CARL = "telegram:777"
_numbers = itertools.count(1)


@pytest.fixture
def room(store: Store) -> Mailroom:
    """A desk that takes customers and talks about their tickets in one stream."""
    return Mailroom(store, Defaults(customers=True, tickets_chat=STREAM, tickets_topics=False))


def writes(room: Mailroom, text: str) -> None:
    """Let Carl, a customer, write a message; the desk delivers what comes of it."""
    number = str(next(_numbers))
    room.router.take(
        Incoming(
            platform="telegram",
            key=f"carl-{number}",
            sender="777",
            name="Carl",
            place=Address.parse(CARL),
            private=True,
            text=text,
            language="en",
            message_id=number,
            said=Said(number, text, name="Carl"),
        )
    )
    room.deliver()


def answered(room: Mailroom) -> list[str]:
    """What colleagues wrote to Carl, once it can be taken back no more."""
    room.clock.advance(HOLD)
    room.deliver()
    return [post.reply.text for post in room.in_channel(CARL)]


@pytest.mark.parametrize("what", ["ticket:1", "contact:1"])
def test_muted_for_everyone_the_customer_gets_the_answer_all_the_same(
    room: Mailroom, what: str
) -> None:
    writes(room, "My printer burns")
    line = f'mute {what} until="tomorrow 9:00" reason="too noisy" for=everyone'
    assert "for everyone until" in room.manager.says(line).title
    room.agent.says("ticket reply 1 We come at once.")
    assert answered(room)[-1] == "We come at once."


def test_what_people_say_to_each_other_is_no_kind_of_message_to_mute(room: Mailroom) -> None:
    assert set(kinds()) >= notices.CONVERSATION
    assert attention.ALWAYS >= notices.CONVERSATION
    line = 'mute ticket_reply until="tomorrow 9:00" reason="noise" for=everyone'
    assert room.manager.says(line).tone is Tone.WARNING
    table = room.agent.says("preference list").table
    assert table
    assert "Ticket reply" not in {row.cells[0] for row in table.rows}


@pytest.mark.parametrize("mode", ["edit", "thread", "separate"])
def test_each_message_of_a_customer_is_one_in_the_stream(room: Mailroom, mode: str) -> None:
    room.manager.says(f"channel mode {mode} address={STREAM}")
    writes(room, "My printer burns")
    writes(room, "Now the desk burns too")
    room.owe("alert", address=STREAM, priority=notices.ALERT, payload={"ticket_id": 1})
    room.plain = True
    room.deliver()
    said = [post.reply.text for post in room.in_channel(STREAM)]
    assert said[1:] == ["My printer burns", "Now the desk burns too", "alert"]
    assert room.surfaces["telegram"].edits == []
    with room.session() as session:
        assert session.query(MessageLink).filter_by(written=False).count() == len(said) - 1
