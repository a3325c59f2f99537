"""What customers write, and how they are answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.app import App
from crm_store import messages
from crm_store.models import (
    Activity,
    ActivityKind,
    AuditRow,
    ContactAccount,
    Ticket,
    TicketStatus,
)
from tests.bot.telegram.office import AGNES, RITA, Office
from tests.bot.telegram_customers.desk import (
    CLARA,
    DESK,
    PNG,
    WANG,
    quiet,
    shown,
    topic,
)
from tests.fakes.telegram import TelegramMessage


def test_a_customers_first_message_opens_a_ticket_and_the_next_joins_it(forum: Office) -> None:
    async def scene(_: App) -> None:
        telegram = forum.telegram
        telegram.message(CLARA, CLARA, "The printer <b>burns</b>\nHelp!")
        await forum.answer(CLARA, "This is request #1")
        await topic(forum, "🟢 #1 Clara: The printer <b>burns</b>")
        telegram.message(CLARA, CLARA, "deal list")
        await shown(forum, "deal list")
        await quiet(forum)
        assert len(forum.answers(CLARA)) == 1

    forum.play(scene)
    (ticket,) = forum.stored(Ticket)
    assert (ticket.subject, ticket.channel) == ("The printer <b>burns</b>", "telegram")
    said = [(entry.kind, entry.text) for entry in forum.stored(Activity)]
    assert said == [
        (ActivityKind.MESSAGE, "The printer <b>burns</b>\nHelp!"),
        (ActivityKind.MESSAGE, "deal list"),
    ]
    assert [account.external_id for account in forum.stored(ContactAccount)] == [str(CLARA)]


def test_the_topic_shows_the_card_and_every_message_in_order(forum: Office) -> None:
    async def scene(_: App) -> None:
        for words in ("One", "Two", "Three"):
            forum.telegram.message(CLARA, CLARA, words)
        await shown(forum, "Three")
        number = await topic(forum, "🟢 #1 Clara: One")
        texts = [message.text for message in forum.telegram.messages(DESK, topic=number)]
        assert texts[0].startswith("#1 One\n")
        assert texts[1:] == ["#1 · Clara\nOne", "#1 · Clara\nTwo", "#1 · Clara\nThree"]

    forum.play(scene)
    assert len(forum.telegram.chats[DESK].topics) == 1


def test_what_colleagues_say_in_the_topic_is_internal_until_it_is_sent(forum: Office) -> None:
    async def scene(_: App) -> None:
        telegram = forum.telegram
        telegram.message(CLARA, CLARA, "Help")
        number = await topic(forum, "🟢 #1 Clara: Help")
        await shown(forum, "#1 · Clara")
        telegram.message(DESK, AGNES, "Is it plugged in?", topic=number)
        kept = await shown(forum, "Internal note.")
        assert len(forum.answers(CLARA)) == 1
        telegram.press(kept, "Send to customer", AGNES)
        await forum.answer(CLARA, "Is it plugged in?")
        await topic(forum, "🟡 #1 Clara: Help")

    forum.play(scene)
    entries = forum.stored(Activity)
    assert [entry.kind for entry in entries] == [ActivityKind.MESSAGE, ActivityKind.REPLY]
    assert forum.stored(Ticket)[0].first_reply_at


def test_a_reply_can_be_cancelled_while_it_is_on_hold(
    forum: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "HOLD", timedelta(hours=1))

    async def scene(_: App) -> None:
        telegram = forum.telegram
        telegram.message(CLARA, CLARA, "Help")
        number = await topic(forum, "🟢 #1 Clara: Help")
        telegram.message(DESK, AGNES, "reply You idiot", topic=number)
        held = await shown(forum, "Goes to the customer in")
        telegram.press(held, "Cancel", AGNES)
        await shown(forum, "Not sent")
        await quiet(forum)
        assert len(forum.answers(CLARA)) == 1

    forum.play(scene)
    assert forum.stored(Activity)[-1].kind is ActivityKind.NOTE
    assert forum.stored(Activity)[-1].text == "You idiot"


def test_what_is_on_its_way_is_not_taken_back(forum: Office) -> None:
    async def scene(_: App) -> None:
        telegram = forum.telegram
        telegram.message(CLARA, CLARA, "Help")
        number = await topic(forum, "🟢 #1 Clara: Help")
        telegram.message(DESK, AGNES, "/reply We come at noon", topic=number)
        held = await shown(forum, "Goes to the customer in")
        await forum.answer(CLARA, "We come at noon")
        await quiet(forum)
        telegram.press(held, "Cancel", AGNES)
        await shown(forum, "It is too late")

    forum.play(scene)
    assert forum.stored(Activity)[-1].kind is ActivityKind.REPLY


def test_only_agents_answer_customers_and_strangers_keep_nothing(forum: Office) -> None:
    async def scene(_: App) -> None:
        telegram = forum.telegram
        telegram.message(CLARA, CLARA, "Help")
        number = await topic(forum, "🟢 #1 Clara: Help")
        telegram.message(DESK, RITA, "reply Buy a new one", topic=number)
        await shown(forum, "You may not do this here")
        telegram.message(DESK, RITA, "He called me too", topic=number)
        await quiet(forum)

    forum.play(scene)
    kinds = [entry.kind for entry in forum.stored(Activity)]
    assert kinds == [ActivityKind.MESSAGE, ActivityKind.NOTE]


def test_photos_documents_voices_and_albums_go_both_ways(forum: Office) -> None:
    async def scene(_: App) -> None:
        telegram = forum.telegram
        telegram.photo(CLARA, CLARA, PNG, "It looks so")
        number = await topic(forum, "🟢 #1 Clara: It looks so")
        telegram.document(CLARA, CLARA, "invoice.pdf", b"%PDF")
        telegram.voice(CLARA, CLARA, b"OggS")
        telegram.album(CLARA, CLARA, [PNG, PNG + b"2", PNG + b"3"], "All three")
        await forum.until(lambda: len(_files(forum, DESK)) == 6)
        assert {message.topic for message in _files(forum, DESK)} == {number}
        telegram.album(DESK, AGNES, [PNG, PNG + b"5"], "reply Like this", topic=number)
        await forum.until(lambda: len(_files(forum, CLARA)) == 2)
        telegram.document(DESK, AGNES, "manual.pdf", b"%PDF", "reply Read it", topic=number)
        await forum.answer(CLARA, "Read it")
        await quiet(forum)

    forum.play(scene)
    kinds = [[file["kind"] for file in entry.files] for entry in forum.stored(Activity)]
    assert kinds == [
        ["photo"],
        ["document"],
        ["voice"],
        ["photo"] * 3,
        ["photo"] * 2,
        ["document"],
    ]
    texts = [message.text for message in _files(forum, CLARA)]
    assert texts == ["Like this", "", "Read it"]


def _files(office: Office, chat: int) -> list[TelegramMessage]:
    return [message for message in office.answers(chat) if message.file]


def test_edits_are_followed_both_ways_and_the_old_text_stays_in_the_audit(forum: Office) -> None:
    async def scene(_: App) -> None:
        telegram = forum.telegram
        asked = telegram.message(CLARA, CLARA, "Order 41 is late")
        number = await topic(forum, "🟢 #1 Clara: Order 41 is late")
        await shown(forum, "#1 · Clara\nOrder 41 is late")
        telegram.edited_message(asked, "Order 42 is late")
        await shown(forum, "#1 · Clara\nOrder 42 is late (edited)")
        await topic(forum, "🟢 #1 Clara: Order 42 is late")
        answer = telegram.message(DESK, AGNES, "reply It comes monday", topic=number)
        await forum.answer(CLARA, "It comes monday")
        telegram.edited_message(answer, "reply It comes tuesday")
        await forum.answer(CLARA, "It comes tuesday (edited)")
        picture = telegram.photo(CLARA, CLARA, PNG, "broken")
        await shown(forum, "broken")
        telegram.edited_message(picture, "broken here")
        await shown(forum, "broken here (edited)")
        await quiet(forum)
        assert "monday" not in str([message.text for message in forum.answers(CLARA)])

    forum.play(scene)
    before = [row.before.get("text") for row in forum.stored(AuditRow) if row.kind == "activities"]
    assert {"Order 41 is late", "It comes monday", "broken"} <= set(before)


def test_a_closed_request_is_told_in_the_customers_language_and_the_next_is_new(
    forum: Office,
) -> None:
    async def scene(_: App) -> None:
        telegram = forum.telegram
        telegram.message(WANG, WANG, "打印机坏了")
        await forum.answer(WANG, "#1")
        number = await topic(forum, "🟢 #1 王芳: 打印机坏了")
        telegram.message(DESK, AGNES, "/ticket close it", topic=number)
        await topic(forum, "⚫ #1 王芳: 打印机坏了")
        assert "#1" in (await forum.answer(WANG, "打印机坏了")).text
        await forum.until(lambda: telegram.chats[DESK].topics[number]["closed"])
        telegram.message(WANG, WANG, "又坏了")
        await topic(forum, "🟢 #2 王芳: 又坏了")
        telegram.message(WANG, WANG, "/close")
        await topic(forum, "⚫ #2 王芳: 又坏了")
        await quiet(forum)
        assert not any("request" in message.text for message in forum.answers(WANG))

    forum.play(scene)
    assert {ticket.status for ticket in forum.stored(Ticket)} == {TicketStatus.CLOSED}


def test_a_customer_can_ask_for_something_else_meanwhile(forum: Office) -> None:
    async def scene(_: App) -> None:
        telegram = forum.telegram
        telegram.message(CLARA, CLARA, "/start")
        await forum.answer(CLARA, "Hello!")
        telegram.message(CLARA, CLARA, "One thing")
        await forum.answer(CLARA, "request #1")
        telegram.message(CLARA, CLARA, "/new Another thing")
        await forum.answer(CLARA, "request #2")
        telegram.message(CLARA, CLARA, "/whoami")
        await forum.answer(CLARA, "I do not know you yet")

    forum.play(scene)
    assert [ticket.subject for ticket in forum.stored(Ticket)] == ["One thing", "Another thing"]
