"""The Telegram fake, driven by the real library: it does and refuses what the Bot API does.

What Rapport does with it is tested elsewhere.
"""

from __future__ import annotations

import functools
import gc
import socket
import struct
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import (
    Bot,
    BotCommand,
    InlineQueryResultArticle,
    InputMediaDocument,
    InputMediaPhoto,
    InputTextMessageContent,
    ReplyParameters,
)
from telegram.error import (
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)

from tests.fakes.clock import NOON, Hands
from tests.fakes.server import Refused
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_client import (
    ANN,
    BOB,
    FORUM,
    GROUP,
    keyboard,
    refused,
    send,
    updates,
    use,
)
from tests.fakes.telegram_markup import read_html

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def test_html_is_read_into_text_and_entities(telegram: FakeTelegram) -> None:
    html = (
        " <b>Müller &amp; Söhne</b> 🚀 <i>won</i>\n<a href='https://crm.test/?a=1&amp;b=2'>42</a> "
    )
    send(telegram, html, parse_mode="HTML")
    (message,) = telegram.messages(ANN)
    assert message.text == "Müller & Söhne 🚀 won\n42"
    assert message.html == html
    assert message.entities == [
        {"type": "bold", "offset": 0, "length": 14},
        {"type": "italic", "offset": 18, "length": 3},
        {"type": "text_link", "offset": 22, "length": 2, "url": "https://crm.test/?a=1&b=2"},
    ]


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("é<br>", 'Unsupported start tag "br" at byte offset 2'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_html_that_does_not_parse_is_refused(
    telegram: FakeTelegram, html: str, problem: str
) -> None:
    said = refused(telegram, lambda bot: bot.send_message(ANN, html, parse_mode="HTML"))
    assert said == f"can't parse entities: {problem}"


@given(st.text())
def test_escaped_text_is_read_as_it_was(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert read_html(escaped) == (text, [])


@given(st.text(alphabet="<>/&b;a =\"'x"))
def test_any_html_is_read_or_refused(html: str) -> None:
    try:
        text, entities = read_html(html)
    except Refused:
        return
    assert all(e["offset"] + e["length"] <= len(text) for e in entities)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "message text is empty"),
        ("  \n ", "message text is empty"),
        ("x" * 4097, "message is too long"),
        ("🚀" * 2049, "message is too long"),
    ],
)
def test_an_empty_or_long_text_is_refused(telegram: FakeTelegram, text: str, problem: str) -> None:
    assert refused(telegram, lambda bot: bot.send_message(ANN, text)) == problem


def test_the_length_counts_after_the_markup_is_read(telegram: FakeTelegram) -> None:
    send(telegram, "<b>" + "&amp;" * 4096 + "</b>", parse_mode="HTML")
    assert len(telegram.messages(ANN)[0].text) == 4096


@pytest.mark.parametrize(
    ("buttons", "problem"),
    [
        ([{"text": "x", "callback_data": "é" * 33}], "BUTTON_DATA_INVALID"),
        ([{"text": "x", "callback_data": ""}], "BUTTON_DATA_INVALID"),
        ([{"text": "x"}], "text buttons are unallowed in the inline keyboard"),
        ([{"text": "x", "callback_data": "x"}] * 101, "reply markup is too long"),
        ([{"text": "", "callback_data": "x"}], "inline keyboard button text must be non-empty"),
        (
            [{"text": "x", "url": "javascript:x"}],
            "inline keyboard button URL 'javascript:x' is invalid",
        ),
    ],
)
def test_a_keyboard_beyond_the_limits_is_refused(
    telegram: FakeTelegram, buttons: list[dict[str, Any]], problem: str
) -> None:
    markup: Any = keyboard(*buttons)
    said = refused(telegram, lambda bot: bot.send_message(ANN, "x", reply_markup=markup))
    assert said == problem


def test_a_text_is_edited_once_and_an_equal_edit_is_refused(
    telegram: FakeTelegram, clock: Hands
) -> None:
    number = send(telegram, "old", reply_markup=keyboard({"text": "Won", "callback_data": "w"}))
    clock.now += 5
    use(telegram, lambda bot: bot.edit_message_text("new", ANN, number))
    (message,) = telegram.messages(ANN)
    assert (message.text, message.keyboard, message.edited_at) == ("new", [], int(NOON) + 5)
    again = refused(telegram, lambda bot: bot.edit_message_text("new", ANN, number))
    assert again.startswith("message is not modified")


def test_what_is_not_there_or_not_ours_cannot_be_edited_or_deleted(
    telegram: FakeTelegram, clock: Hands
) -> None:
    theirs = telegram.message(ANN, ANN, "mine").message_id
    assert (
        refused(telegram, lambda bot: bot.edit_message_text("x", ANN, 999))
        == "message to edit not found"
    )
    assert (
        refused(telegram, lambda bot: bot.edit_message_text("x", ANN, theirs))
        == "message can't be edited"
    )
    assert (
        refused(telegram, lambda bot: bot.delete_message(ANN, 999)) == "message to delete not found"
    )
    ours = send(telegram)
    clock.now += 48 * 3600 + 1
    assert (
        refused(telegram, lambda bot: bot.delete_message(ANN, ours)) == "message can't be deleted"
    )


def test_a_wrong_token_is_unauthorized(telegram: FakeTelegram) -> None:
    with pytest.raises(InvalidToken):
        use(telegram, lambda bot: bot.get_me(), token="4242:WRONG")


def test_chats_that_cannot_be_reached_say_why(telegram: FakeTelegram) -> None:
    assert refused(telegram, lambda bot: bot.send_message(404, "x")) == "chat not found"
    telegram.block(ANN)
    telegram.kick(GROUP, ANN)
    telegram.deactivate(BOB)
    for chat, words in (
        (ANN, "bot was blocked by the user"),
        (GROUP, "bot was kicked from the group chat"),
        (BOB, "user is deactivated"),
    ):
        with pytest.raises(Forbidden, match=words):
            send(telegram, chat=chat)


def test_we_cannot_write_first_but_after_the_person_did(telegram: FakeTelegram) -> None:
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        send(telegram, chat=BOB)
    telegram.message(BOB, BOB, "/start")
    assert send(telegram, chat=BOB)


def test_a_group_that_became_a_supergroup_names_its_new_id(telegram: FakeTelegram) -> None:
    new = telegram.migrate(GROUP, ANN)
    with pytest.raises(ChatMigrated) as caught:
        send(telegram, chat=GROUP)
    assert caught.value.new_chat_id == new
    told = [update.message for update in updates(telegram)]
    assert [(m.migrate_to_chat_id, m.migrate_from_chat_id) for m in told if m] == [
        (new, None),
        (None, GROUP),
    ]
    assert send(telegram, chat=new)


@pytest.mark.parametrize(
    "hostile",
    [
        '<a href="tg://user?id=8">boss</a>',
        "ask @bob_smith",
        "(@channel)",
    ],
)
def test_a_live_mention_fails_the_test(hostile: str) -> None:
    telegram = FakeTelegram().start()
    telegram.add_user(ANN)
    send(telegram, hostile, parse_mode="HTML")
    with pytest.raises(AssertionError, match="live mention"):
        telegram.__exit__(None, None, None)


def test_addresses_code_and_our_own_name_are_no_mentions(telegram: FakeTelegram) -> None:
    send(telegram, "ann@acme.test <code>@bob_smith</code> /crm@rapport_bot", parse_mode="HTML")
    assert telegram.violations == []


def test_a_keyboard_is_replaced_alone(telegram: FakeTelegram) -> None:
    number = send(telegram, reply_markup=keyboard({"text": "A", "callback_data": "a"}))
    markup: Any = keyboard({"text": "B", "callback_data": "b"})
    use(telegram, lambda bot: bot.edit_message_reply_markup(ANN, number, reply_markup=markup))
    assert telegram.messages(ANN)[0].keyboard == [["B"]]


def test_pictures_and_files_are_sent_within_their_limits(telegram: FakeTelegram) -> None:
    use(telegram, lambda bot: bot.send_photo(ANN, PNG, caption="<b>July</b>", parse_mode="HTML"))
    use(telegram, lambda bot: bot.send_document(ANN, b"a,b\n", filename="deals.csv"))
    photo, document = telegram.messages(ANN)
    assert (photo.kind, photo.text, document.kind) == ("photo", "July", "document")
    assert telegram.files[document.file or ""]["content"] == b"a,b\n"
    long = refused(telegram, lambda bot: bot.send_photo(ANN, PNG, caption="x" * 1025))
    broken = refused(telegram, lambda bot: bot.send_photo(ANN, b"no picture"))
    assert (long, broken) == ("message caption is too long", "IMAGE_PROCESS_FAILED")


@pytest.mark.parametrize(
    ("commands", "problem"),
    [
        ([BotCommand("Deal", "x")], "BOT_COMMAND_INVALID"),
        ([BotCommand("x" * 33, "x")], "BOT_COMMAND_INVALID"),
        ([BotCommand("deal", "")], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([BotCommand("deal", "x")] * 101, "BOT_COMMANDS_TOO_MUCH"),
    ],
)
def test_a_bad_command_menu_is_refused(
    telegram: FakeTelegram, commands: list[BotCommand], problem: str
) -> None:
    assert refused(telegram, lambda bot: bot.set_my_commands(commands)) == problem


def test_a_command_menu_is_kept_by_scope_and_language(telegram: FakeTelegram) -> None:
    menu = [BotCommand("deal", "Deals")]
    use(telegram, lambda bot: bot.set_my_commands(menu, language_code="de"))
    key = ('{"type": "default"}', "de")
    assert telegram.commands[key] == [{"command": "deal", "description": "Deals"}]


def test_topics_are_opened_closed_and_written_to(telegram: FakeTelegram) -> None:
    async def open_topic(bot: Bot) -> int:
        made = await bot.create_forum_topic(FORUM, "Ticket 1")
        return made.message_thread_id

    topic = use(telegram, open_topic)
    send(telegram, chat=FORUM, message_thread_id=topic)
    assert len(telegram.messages(FORUM, topic=topic)) == 1
    use(telegram, lambda bot: bot.close_forum_topic(FORUM, topic))
    send(telegram, chat=FORUM, message_thread_id=topic)  # an admin may
    telegram.chats[FORUM].members[telegram.bot_id] = "member"
    closed = refused(telegram, lambda bot: bot.send_message(FORUM, "x", message_thread_id=topic))
    telegram.chats[FORUM].members[telegram.bot_id] = "administrator"
    use(telegram, lambda bot: bot.reopen_forum_topic(FORUM, topic))
    use(telegram, lambda bot: bot.edit_forum_topic(FORUM, topic, name="Ticket one"))
    missing = refused(telegram, lambda bot: bot.send_message(FORUM, "x", message_thread_id=99))
    no_forum = refused(telegram, lambda bot: bot.create_forum_topic(GROUP, "x"))
    assert (closed, missing, no_forum) == (
        "TOPIC_CLOSED",
        "message thread not found",
        "the chat is not a forum",
    )


def test_files_are_sent_again_as_what_they_were_and_albums_within_their_limits(
    telegram: FakeTelegram,
) -> None:
    photo = telegram.photo(ANN, ANN, b"\x89PNG\r\n\x1a\n").file or ""
    paper = telegram.document(ANN, ANN, "a.pdf", b"%PDF").file or ""
    sent = use(telegram, lambda bot: bot.send_photo(ANN, photo, caption="one"))
    use(telegram, lambda bot: bot.edit_message_caption(ANN, sent.message_id, caption="two"))
    assert telegram.messages(ANN)[-1].text == "two"
    wrong = refused(telegram, lambda bot: bot.send_voice(ANN, photo))
    assert wrong == "can't use file of type photo as voice"
    two = [InputMediaPhoto(photo), InputMediaPhoto(photo)]
    album = use(telegram, lambda bot: bot.send_media_group(ANN, two, caption="both"))
    assert len({message.media_group_id for message in album}) == 1
    mixed: list[Any] = [InputMediaPhoto(photo), InputMediaDocument(paper)]
    problems = [
        refused(telegram, functools.partial(Bot.send_media_group, chat_id=ANN, media=media))
        for media in (two[:1], two * 6, mixed)
    ]
    assert problems == [
        "wrong number of media in the group",
        "wrong number of media in the group",
        "wrong type of the media in the group",
    ]


def test_a_reply_needs_its_message_unless_it_may_go_without(telegram: FakeTelegram) -> None:
    lost = ReplyParameters(999)
    said = refused(telegram, lambda bot: bot.send_message(ANN, "x", reply_parameters=lost))
    assert said == "message to be replied not found"
    send(telegram, reply_parameters=ReplyParameters(999, allow_sending_without_reply=True))
    assert telegram.messages(ANN)[0].reply_to is None


def test_chats_members_reactions_and_typing(telegram: FakeTelegram) -> None:
    number = send(telegram)

    async def ask(bot: Bot) -> tuple[str | None, str, str, bool | None]:
        await bot.set_message_reaction(ANN, number, "👍")
        await bot.send_chat_action(ANN, "typing")
        chat = await bot.get_chat(GROUP)
        ours = await bot.get_chat_member(FORUM, telegram.bot_id)
        theirs = await bot.get_chat_member(GROUP, ANN)
        me = await bot.get_me()
        return chat.title, ours.status, theirs.status, me.can_read_all_group_messages

    assert use(telegram, ask) == ("Sales", "administrator", "member", False)
    assert telegram.messages(ANN)[0].reactions == [{"type": "emoji", "emoji": "👍"}]
    bad = refused(telegram, lambda bot: bot.set_message_reaction(ANN, number, "🦖"))
    assert bad == "REACTION_INVALID"


def test_an_inline_answer_has_distinct_results_and_says_whether_it_is_personal(
    telegram: FakeTelegram,
) -> None:
    query = telegram.inline_query(ANN, "acme")
    text = InputTextMessageContent("Acme")
    result = InlineQueryResultArticle("1", "Acme", text)
    said = refused(telegram, lambda bot: bot.answer_inline_query(query, [result, result]))
    assert said == "RESULT_ID_DUPLICATE"
    use(telegram, lambda bot: bot.answer_inline_query(query, [result], is_personal=True))
    assert telegram.inline_queries[query]["answer"]["is_personal"] is True


def test_floods_errors_and_dropped_connections_come_as_ordered(telegram: FakeTelegram) -> None:
    telegram.fail_next("sendMessage", "429", retry_after=9)
    with pytest.raises(RetryAfter) as flood:
        send(telegram)
    assert flood.value.retry_after == timedelta(seconds=9)
    telegram.fail_next("sendMessage", "500")
    with pytest.raises(NetworkError):
        send(telegram)
    telegram.fail_next("sendMessage", "error:Forbidden: bot was blocked by the user")
    with pytest.raises(Forbidden):
        send(telegram)
    for how, kept in (("drop_before", 0), ("drop_after", 1), ("drop_mid_body", 2)):
        telegram.fail_next("sendMessage", how)
        with pytest.raises(NetworkError):
            send(telegram)
        assert len(telegram.messages(ANN)) == kept
    with pytest.raises(ValueError, match="unknown fault"):
        telegram.fail_next("sendMessage", "drop")


def test_a_client_that_leaves_is_no_error_of_the_fake(
    telegram: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    head = (
        f"POST /bot{telegram.token}/sendMessage HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/json\r\nContent-Length: 27\r\n\r\n{"
    )
    with socket.create_connection(("127.0.0.1", telegram.port)) as leaving:
        leaving.sendall(head.encode())
        linger = struct.pack("ii", 1, 0)  # leave by a reset
        leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    assert send(telegram)  # by now the fake has seen it leave
    telegram.stop()
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_silence_after_accepting_times_out(telegram: FakeTelegram) -> None:
    telegram.fail_next("sendMessage", "stall")
    with pytest.raises(TimedOut):
        use(telegram, lambda bot: bot.send_message(ANN, "x"), read_timeout=0.1)
    assert len(telegram.messages(ANN)) == 1


def test_while_down_nothing_gets_through(telegram: FakeTelegram) -> None:
    telegram.down()
    with pytest.raises(NetworkError):
        send(telegram)
    telegram.up()
    assert send(telegram)


def test_the_rate_is_counted_per_chat(telegram: FakeTelegram, clock: Hands) -> None:
    for _ in range(3):
        send(telegram)
        clock.now += 0.6
    send(telegram, chat=GROUP)
    assert (telegram.max_per_second(ANN), telegram.busiest(ANN, 60)) == (2, 3)
