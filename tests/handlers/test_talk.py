"""What customers and colleagues say about a ticket, on both databases; no platform is involved."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.lookups import Lookups
from bot.surface import Incoming, Sent
from crm_store import messages, moves, notices
from crm_store.addresses import Address
from crm_store.files import File
from crm_store.models import (
    Activity,
    ActivityKind,
    Contact,
    MessageLink,
    Notice,
    NoticeState,
    Ticket,
    TicketRoom,
    TicketStatus,
)
from crm_store.store import Store
from handlers.reply import Reply
from handlers.request import Defaults, Said
from tests.desk import Desk

CHAT = "test:-100"
TOPIC = Address("test", "-100", "5")
PHOTO = File("test", "f1", "photo", "", 10)
_numbers = itertools.count(1)


@pytest.fixture
def desk(store: Store) -> Desk:
    """A desk that takes customers and talks about tickets in topics."""
    return Desk(store, Defaults(customers=True, tickets_chat=CHAT))


def say(
    desk: Desk, sender: str, words: str, place: Address | None = None, **said: Any
) -> Reply | None:
    """Write a message, as a customer in private or as a colleague in a place."""
    number = str(next(_numbers))
    to_us = said.get("reply_to") is not None
    message = Said(**{"message_id": number, "text": words, "name": sender.title(), **said})
    answer = desk.router.take(
        Incoming(
            platform="test",
            key=f"said-{number}",
            sender=sender,
            name=sender,
            place=place or Address("test", sender),
            private=place is None,
            text=words if place is None or to_us else "",
            language="en",
            said=message,
        )
    )
    return answer.reply if answer else None


def rows(desk: Desk, model: type[Any]) -> list[Any]:
    with desk.session() as session:
        return list(session.scalars(sa.select(model).order_by(model.id)))


def send(desk: Desk, kind: str) -> list[Reply]:
    """Send every notice of a kind as delivery would, and return what was said."""
    said = []
    with desk.session() as session:
        waiting = sa.select(Notice).where(Notice.kind == kind, Notice.state == NoticeState.WAITING)
        for notice in session.scalars(waiting.order_by(Notice.due_at, Notice.id)):
            found = desk.router.tell(session, notice)
            notice.state = NoticeState.SENT
            if found:
                place = found[0] if found[0].thread or kind != "ticket_room" else TOPIC
                sent = Sent(str(next(_numbers)), place)
                desk.router.ended(session, notice, sent, found[1])
                said.append(found[1])
    return said


def opened(desk: Desk, words: str = "Help") -> None:
    """A ticket of Clara's with its topic."""
    say(desk, "clara", words, message_id="first")
    send(desk, "ticket_room")
    send(desk, "ticket_entry")


def test_a_stranger_becomes_a_contact_with_one_open_ticket(desk: Desk) -> None:
    thanks = say(desk, "clara", "The lamp is broken")
    assert thanks
    assert "request #1" in thanks.text
    assert say(desk, "clara", "And the switch") is None
    assert [contact.name for contact in rows(desk, Contact)] == ["Clara"]
    assert [ticket.subject for ticket in rows(desk, Ticket)] == ["The lamp is broken"]
    assert [entry.text for entry in rows(desk, Activity)] == [
        "The lamp is broken",
        "And the switch",
    ]
    assert "clara" not in str(desk.rep.says("ticket list").to_dict()["fields"])


def test_a_customer_can_do_nothing_that_colleagues_can(desk: Desk) -> None:
    for line in ("deal list", "/ticket list", "/undo", "/user add x@y.z role=admin", "/help"):
        assert "request #" in str(say(desk, "mallory", f"/new {line}"))
        assert say(desk, "mallory", line) is None
    assert len(rows(desk, Ticket)) == 5
    assert {ticket.status for ticket in rows(desk, Ticket)} == {TicketStatus.NEW}


def test_nobody_opens_tickets_without_end(desk: Desk) -> None:
    for number in range(8):
        say(desk, "clara", f"/new {number}")
    assert len(rows(desk, Ticket)) == 5


def test_a_name_that_is_not_allowed_in_a_database_is_cleaned(desk: Desk) -> None:
    say(desk, "clara", "Hi", name="Cla\x00ra\n  Lee")
    assert rows(desk, Contact)[0].name == "Clara Lee"


def test_a_file_without_words_names_the_ticket_by_what_it_is(desk: Desk) -> None:
    say(desk, "clara", "", files=(PHOTO,))
    assert rows(desk, Ticket)[0].subject == "photo"
    assert rows(desk, Activity)[0].files == [PHOTO.to_dict()]


def test_a_file_with_a_blank_name_is_named_by_what_it_is(desk: Desk) -> None:
    say(desk, "clara", "", files=(replace(PHOTO, kind="document", name="  "),))
    assert rows(desk, Ticket)[0].subject == "document"


def test_a_deleted_customer_who_writes_again_is_answered_in_a_new_ticket(desk: Desk) -> None:
    opened(desk)
    with desk.session() as session:
        messages.set_reachable(session, "test", "clara", reachable=False)
    desk.manager.says("contact delete Clara")
    assert "request #2" in str(say(desk, "clara", "Hello again"))
    desk.agent.says("ticket reply 2 We come")
    assert [reply.text for reply in send(desk, "ticket_reply")] == ["We come"]


def test_the_words_may_begin_on_the_line_after_the_command(desk: Desk) -> None:
    assert "request #1" in str(say(desk, "clara", "/new\nThe lamp"))
    assert rows(desk, Ticket)[0].subject == "The lamp"
    assert "Hello" in str(say(desk, "clara", "/start\n"))
    send(desk, "ticket_room")
    say(desk, "agent", "reply\n\nWe come\nat noon", TOPIC)
    say(desk, "agent", "/note\nHe waits", TOPIC, called=True)
    assert [entry.text for entry in rows(desk, Activity)][1:] == ["We come\nat noon", "He waits"]
    assert [reply.text for reply in send(desk, "ticket_reply")] == ["We come\nat noon"]


def test_a_topic_that_could_not_open_is_tried_again_whatever_is_changed_next(desk: Desk) -> None:
    say(desk, "clara", "Help")
    held = desk.agent.says("ticket reply 1 We come")
    with desk.session() as session:
        session.execute(sa.update(Notice).values(state=NoticeState.DEAD))
    # The status goes back before the reply goes: both have to do with the topic.
    assert desk.agent.presses(held, "Undo").title.startswith("Undone")
    assert [reply.title for reply in send(desk, "ticket_room")] == ["🟢 #1 Clara: Help"]


def test_the_parts_of_an_album_are_one_entry(desk: Desk) -> None:
    for number in range(3):
        say(desk, "clara", "All" if not number else "", files=(PHOTO,), album="a")
    (entry,) = rows(desk, Activity)
    assert (entry.text, len(entry.files)) == ("All", 3)


def test_parts_that_come_late_are_sent_after_the_others(desk: Desk) -> None:
    opened(desk)
    say(desk, "clara", "All", files=(PHOTO,), album="a")
    assert [len(reply.files) for reply in send(desk, "ticket_entry")] == [1]
    say(desk, "clara", "", files=(PHOTO,), album="a")
    say(desk, "clara", "", files=(PHOTO,), album="a")
    assert [len(reply.files) for reply in send(desk, "ticket_entry")] == [2]


def test_an_album_that_is_cancelled_in_time_reaches_nobody(desk: Desk) -> None:
    opened(desk)
    held = say(desk, "agent", "reply Like this", TOPIC, files=(PHOTO,), album="a")
    say(desk, "agent", "", TOPIC, files=(PHOTO,), album="a")
    owed = [n for n in rows(desk, Notice) if n.kind == "ticket_reply"]
    assert {n.due_at for n in owed} == {desk.clock.now() + messages.HOLD}
    assert held
    assert "Not sent" in desk.agent.presses(held, "Cancel").text
    assert send(desk, "ticket_reply") == []


def test_an_album_whose_words_come_with_a_later_part_arrives_whole(desk: Desk) -> None:
    opened(desk)
    say(desk, "clara", "", files=(PHOTO,), album="a")
    assert [len(reply.files) for reply in send(desk, "ticket_entry")] == [1]
    say(desk, "clara", "Look", files=(PHOTO,), album="a")
    told = send(desk, "ticket_entry")
    assert sorted((reply.text, len(reply.files)) for reply in told) == [("", 1), ("Look", 0)]


def test_a_note_goes_nowhere_and_a_reply_waits(desk: Desk) -> None:
    opened(desk)
    note = say(desk, "agent", "He is angry", TOPIC)
    assert note
    assert [action.label for action in note.actions] == ["Send to customer"]
    assert send(desk, "ticket_reply") == []
    say(desk, "agent", "reply We come", TOPIC)
    (owed,) = [n for n in rows(desk, Notice) if n.kind == "ticket_reply"]
    assert owed.due_at == desk.clock.now() + messages.HOLD
    assert [reply.text for reply in send(desk, "ticket_reply")] == ["We come"]
    assert rows(desk, Ticket)[0].status is TicketStatus.PENDING
    assert send(desk, "ticket_entry") == []  # both were written there


def test_undo_takes_a_reply_back_as_long_as_it_waits(desk: Desk) -> None:
    opened(desk)
    held = desk.agent.says("ticket reply 1 We come")
    assert desk.agent.presses(held, "Undo").title.startswith("Undone")
    assert send(desk, "ticket_reply") == []
    held = desk.agent.says("ticket reply 1 We come")
    assert send(desk, "ticket_reply")
    for button in ("Undo", "Cancel"):
        assert "too late" in desk.agent.presses(held, button).title
    assert rows(desk, Activity)[-1].kind is ActivityKind.REPLY


def test_a_reply_that_was_stopped_can_be_sent_after_all(desk: Desk) -> None:
    opened(desk)
    held = desk.agent.says("ticket reply 1 We come")
    kept = desk.agent.presses(held, "Cancel")
    assert [n.reason for n in rows(desk, Notice) if n.kind == "ticket_reply"] == ["withdrawn"]
    desk.agent.presses(kept, "Send to customer")
    assert [reply.text for reply in send(desk, "ticket_reply")] == ["We come"]


def test_a_ticket_whose_reply_was_cancelled_waits_for_an_answer_as_before(desk: Desk) -> None:
    opened(desk)
    for status in (TicketStatus.NEW, TicketStatus.OPEN):
        held = desk.agent.says("ticket reply 1 We come")
        desk.agent.presses(held, "Cancel")
        (ticket,) = rows(desk, Ticket)
        assert (ticket.status, ticket.first_reply_at) == (status, None)
        desk.agent.says("ticket status 1 open")


def test_another_reply_keeps_the_ticket_answered_when_one_is_cancelled(desk: Desk) -> None:
    opened(desk)
    first = desk.agent.says("ticket reply 1 We come")
    desk.clock.advance(timedelta(seconds=5))
    desk.agent.says("ticket reply 1 At noon")
    desk.agent.presses(first, "Cancel")
    (ticket,) = rows(desk, Ticket)
    assert (ticket.status, ticket.first_reply_at) == (TicketStatus.PENDING, desk.clock.now())


def test_a_reply_to_a_question_answers_it_and_one_to_the_customer_is_a_note(desk: Desk) -> None:
    opened(desk)
    with desk.session() as session:
        copy = session.scalars(
            sa.select(MessageLink.message_id).where(
                MessageLink.address == str(TOPIC), MessageLink.activity_id == 1
            )
        ).one()
    asked = desk.agent.says("ticket reply 1", private=False, place=str(TOPIC))
    assert asked.form
    say(desk, "agent", "Strange man", TOPIC, reply_to=copy)
    assert rows(desk, Activity)[-1].kind is ActivityKind.NOTE
    assert send(desk, "ticket_reply") == []
    say(desk, "agent", "We come", TOPIC, reply_to="the question")
    assert [reply.text for reply in send(desk, "ticket_reply")] == ["We come"]


def test_an_edit_before_sending_changes_what_is_sent(desk: Desk) -> None:
    opened(desk)
    say(desk, "agent", "reply We come monday", TOPIC, message_id="m")
    say(desk, "agent", "reply We come tuesday", TOPIC, message_id="m", edited=True)
    texts = [(reply.text, reply.edits) for reply in send(desk, "ticket_reply")]
    assert texts == [("We come tuesday (edited)", "")]
    say(desk, "agent", "reply We come friday", TOPIC, message_id="m", edited=True)
    (edit,) = send(desk, "ticket_reply")
    assert edit.text == "We come friday (edited)"
    assert edit.edits
    assert send(desk, "ticket_entry") == []  # it was edited there


def test_a_reply_that_is_edited_into_a_note_stays_internal(desk: Desk) -> None:
    opened(desk)
    for number, words in enumerate(("/note He is mad", "He is mad")):
        say(desk, "agent", "/reply He is mad", TOPIC, message_id=f"m{number}", called=True)
        edit = {"message_id": f"m{number}", "edited": True, "called": words.startswith("/")}
        assert say(desk, "agent", words, TOPIC, **edit) is None
        assert rows(desk, Activity)[-1].kind is ActivityKind.NOTE
    assert send(desk, "ticket_reply") == []
    (ticket,) = rows(desk, Ticket)
    assert (ticket.status, ticket.first_reply_at) == (TicketStatus.NEW, None)


def test_a_reply_that_arrived_is_no_note_any_more(desk: Desk) -> None:
    opened(desk)
    say(desk, "agent", "/reply We come", TOPIC, message_id="m", called=True)
    assert send(desk, "ticket_reply")
    late = say(desk, "agent", "/note He is mad", TOPIC, message_id="m", edited=True, called=True)
    assert late
    assert "too late" in late.title
    assert rows(desk, Activity)[-1].text == "We come"


def test_a_note_that_is_edited_into_a_reply_waits_for_cancel(desk: Desk) -> None:
    opened(desk)
    say(desk, "agent", "/note We come", TOPIC, message_id="m", called=True)
    held = say(desk, "agent", "/reply We come", TOPIC, message_id="m", edited=True, called=True)
    assert held
    assert [action.label for action in held.actions] == ["Cancel"]
    assert [reply.text for reply in send(desk, "ticket_reply")] == ["We come"]
    assert rows(desk, Ticket)[0].status is TicketStatus.PENDING


@pytest.mark.parametrize("line", ["user edit Agnes role=rep", "user edit Agnes active=no"])
def test_who_may_not_answer_any_more_rewrites_no_answer(desk: Desk, line: str) -> None:
    opened(desk)
    say(desk, "agent", "reply We come", TOPIC, message_id="m")
    assert send(desk, "ticket_reply")
    desk.admin.says(line)
    refused = say(desk, "agent", "reply Get lost", TOPIC, message_id="m", edited=True)
    assert refused
    assert "nothing was kept" in refused.title
    assert rows(desk, Activity)[-1].text == "We come"
    assert send(desk, "ticket_reply") == []


def test_an_edit_that_leaves_nothing_changes_nothing(desk: Desk) -> None:
    opened(desk)
    say(desk, "agent", "reply We come", TOPIC, message_id="m")
    for sender, words, place, number in (
        ("agent", "reply", TOPIC, "m"),
        ("clara", " ", None, "first"),
    ):
        assert say(desk, sender, words, place, message_id=number, edited=True) is None
    assert [entry.text for entry in rows(desk, Activity)] == ["Help", "We come"]
    assert [reply.text for reply in send(desk, "ticket_reply")] == ["We come"]


def test_nobody_edits_what_we_sent_or_what_is_unknown(desk: Desk) -> None:
    opened(desk)
    before = [entry.text for entry in rows(desk, Activity)]
    with desk.session() as session:
        ours = session.scalars(sa.select(MessageLink.message_id)).all()
    for number in (*ours, "never"):
        if number != "first":
            say(desk, "agent", "Ha", TOPIC, message_id=number, edited=True)
    assert [entry.text for entry in rows(desk, Activity)] == before


def test_a_colleague_without_the_role_sends_nothing(desk: Desk) -> None:
    opened(desk)
    for who, words in (("rep", "reply Buy"), ("stranger", "reply Buy"), ("stranger", "A note")):
        refused = say(desk, who, words, TOPIC)
        assert refused
        assert "may not" in refused.title
    assert len(rows(desk, Activity)) == 1
    assert rows(desk, Notice)[-1].kind != "ticket_reply"


def test_a_status_that_changes_while_the_topic_opens_is_not_lost(desk: Desk) -> None:
    say(desk, "clara", "Help")
    with desk.session() as session:
        (opening,) = session.scalars(sa.select(Notice).where(Notice.kind == "ticket_room"))
        told = desk.router.tell(session, opening)
        session.expunge_all()
    assert told
    desk.agent.says("ticket close 1")
    with desk.session() as session:
        notice = session.get_one(Notice, opening.id)
        notice.state = NoticeState.SENT
        desk.router.ended(session, notice, Sent("", TOPIC), told[1])
    (renamed,) = send(desk, "ticket_room")
    assert renamed.room
    assert renamed.room.closed
    assert rows(desk, TicketRoom)[0].name.startswith("⚫ #1 Clara")


def test_undo_of_a_status_renames_the_topic_back(desk: Desk) -> None:
    opened(desk)
    closed = desk.agent.says("ticket close 1")
    assert [reply.title[0] for reply in send(desk, "ticket_room")] == ["⚫"]
    desk.agent.presses(closed, "Undo")
    assert [reply.title[0] for reply in send(desk, "ticket_room")] == ["🟢"]
    assert send(desk, "ticket_closed") == []


def test_a_reply_that_nobody_takes_is_told_apart_from_a_customer_who_is_gone(desk: Desk) -> None:
    opened(desk)
    for gone, words in ((False, "could not be delivered"), (True, "gets no messages from us")):
        desk.agent.says("ticket reply 1 We come")
        desk.clock.advance(timedelta(minutes=1))
        with desk.session() as session:
            waiting = sa.select(Notice).where(
                Notice.kind == "ticket_reply", Notice.state == NoticeState.WAITING
            )
            notice = session.scalars(waiting).one()
            notices.dead(session, [notice.id], "no")
            desk.router.ended(session, notice, None, None, gone=gone)
        assert words in send(desk, "ticket_reach")[0].text
    desk.agent.says("ticket note 1 He is away")
    assert "cannot be written" in desk.agent.says("ticket send 1").title


def test_look_finds_with_the_rights_of_the_person(desk: Desk) -> None:
    for number in range(12):
        desk.rep.says(f"company add Acme {number}")
    found = Lookups(desk.router).find("test", "rep", "acme", 1)
    assert found
    assert found.table
    assert len(found.table.rows) == 10
    assert Lookups(desk.router).find("test", "stranger", "acme", 1) is None
    assert Lookups(desk.router).find("test", "rep", "", 1) is None


def test_a_group_that_moved_counts_its_messages_anew(store: Store) -> None:
    desk = Desk(store, Defaults(customers=True, tickets_chat=CHAT, tickets_topics=False))
    say(desk, "clara", "Help")
    send(desk, "ticket_entry")
    old, new = Address.parse(CHAT), Address("test", "-200")
    with desk.session() as session:
        known = session.scalars(
            sa.select(MessageLink.message_id).where(MessageLink.address == str(old))
        ).all()
        moves.move(session, old, new)
    say(desk, "clara", "Anybody?")
    send(desk, "ticket_entry")
    with desk.session() as session:
        copy = session.scalars(
            sa.select(MessageLink.message_id).where(MessageLink.address == str(new))
        ).all()[-1]
    assert say(desk, "agent", "reply Yes", new, reply_to=copy, message_id=known[0])
    assert [entry.text for entry in rows(desk, Activity)] == ["Help", "Anybody?", "Yes"]


def test_without_customers_a_stranger_stays_a_stranger(store: Store) -> None:
    desk = Desk(store, replace(Defaults(), tickets_chat=CHAT))
    refused = say(desk, "clara", "deal list")
    assert refused
    assert "do not know you" in refused.title
    assert say(desk, "clara", "", files=(PHOTO,)) is None
    assert rows(desk, Ticket) == []
