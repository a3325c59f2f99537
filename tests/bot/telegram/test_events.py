"""What a person did, read from the updates that Telegram sends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.surface import Incoming
from bot.telegram.events import Moved, Reached, change_of, destination, key_of, press_of, read
from crm_store.addresses import Address
from crm_store.files import File
from handlers.request import Said

ME = {"id": 42, "username": "rapport_bot"}
ANN = {
    "id": 7,
    "is_bot": False,
    "first_name": "Ann",
    "last_name": "Lee",
    "language_code": "zh-hans",
}
PRIVATE = {"id": 7, "type": "private"}
GROUP = {"id": -100, "type": "supergroup", "title": "Sales"}
SMALL = {"file_unique_id": "u", "file_size": 1, "width": 9, "height": 9}
PHOTO = {**SMALL, "file_id": "p", "file_size": 9, "width": 90, "height": 90}
DOCUMENT = {"file_id": "d", "file_unique_id": "u", "file_name": "a.pdf", "file_size": 3}


def update(**kind: Any) -> dict[str, Any]:
    return {"update_id": 900, **kind, "rapport_bot": ME}


def message(text: str, chat: dict[str, Any] = PRIVATE, **more: Any) -> dict[str, Any]:
    facts = {"message_id": 5, "date": 0, "from": ANN, "chat": chat, "text": text}
    return update(message={**facts, **more})


def press(data: str, chat: dict[str, Any] = PRIVATE, **more: Any) -> dict[str, Any]:
    shown = {"message_id": 6, "date": 0, "chat": chat, **more}
    return update(callback_query={"id": "1", "from": ANN, "message": shown, "data": data})


def text_of(body: dict[str, Any]) -> str | None:
    found = read(body)
    return found.text if found else None


def test_a_message_names_its_sender_its_place_and_its_language() -> None:
    assert read(message("deal list")) == Incoming(
        platform="telegram",
        key="900",
        sender="7",
        name="Ann Lee",
        place=Address("telegram", "7"),
        private=True,
        text="deal list",
        language="zh-hans",
    )


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("deal list", "deal list"),
        ("/deal move 42 won", "deal move 42 won"),
        ("/deal@rapport_bot move 42 won", "deal move 42 won"),
        ("/deal@Rapport_Bot list", "deal list"),
        ("/crm deal list", "deal list"),
        ("/crm@rapport_bot deal list", "deal list"),
        ("/cancel", "cancel"),
        ("/start", "help"),
        ("/start K7XQ2M9P", "link K7XQ2M9P"),
        ("/start@rapport_bot K7XQ2M9P", "link K7XQ2M9P"),
        ("/start\nK7XQ2M9P", "link K7XQ2M9P"),
        ("/started", "started"),
        ("start", "start"),
        ("/deal@other_bot list", None),
        ("@rapport_bot deal list", "deal list"),
        (
            "note add 1 write to ann@rapport_bot.example",
            "note add 1 write to ann@rapport_bot.example",
        ),
    ],
)
def test_a_line_in_private_is_read_without_the_marks_of_a_command(
    typed: str, text: str | None
) -> None:
    assert text_of(message(typed)) == text


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("deal list", None),
        ("/deal list", "deal list"),
        ("/deal@other_bot list", None),
        ("@rapport_bot deal list", "deal list"),
        ("@RAPPORT_bot: deal list", "deal list"),
        ("deal list @rapport_bot", "deal list"),
        ("@rapport_bots deal list", None),
        ("x@rapport_bot deal list", None),
    ],
)
def test_in_a_group_only_commands_and_mentions_are_for_us(typed: str, text: str | None) -> None:
    assert text_of(message(typed, GROUP)) == text


def test_a_reply_to_us_is_for_us_and_one_to_others_is_not() -> None:
    for sender, text in ((ME, "12k"), (ANN, None)):
        replied = {"message_id": 4, "chat": GROUP, "from": sender, "text": "How much?"}
        assert text_of(message("12k", GROUP, reply_to_message=replied)) == text


def test_a_message_in_a_topic_that_we_opened_is_no_reply_to_us() -> None:
    opened = {"message_id": 3, "chat": GROUP, "from": ME, "forum_topic_created": {"name": "Desk"}}
    topic = {"message_thread_id": 3, "is_topic_message": True, "reply_to_message": opened}
    assert read(message("just talk", GROUP, **topic)) is None


def test_the_topic_is_part_of_the_place_and_a_reply_thread_is_not() -> None:
    topic = read(message("/help", GROUP, message_thread_id=3, is_topic_message=True))
    thread = read(message("/help", GROUP, message_thread_id=3))
    assert topic
    assert topic.place == Address("telegram", "-100", "3")
    assert not topic.private
    assert thread
    assert thread.place == Address("telegram", "-100")


@pytest.mark.parametrize(
    "more",
    [
        {"from": {**ANN, "is_bot": True}},
        {"from": None},
        {"forward_origin": {"type": "user", "sender_user": ANN}},
    ],
)
def test_what_no_person_wrote_here_is_no_command(more: dict[str, Any]) -> None:
    assert read(message("deal list", **more)) is None


def test_other_updates_are_nothing_to_us() -> None:
    photo = message("x")
    del photo["message"]["text"]
    edited = update(edited_message=message("deal list")["message"])
    channel = update(channel_post={"message_id": 1, "chat": GROUP, "text": "/deal list"})
    for body in (photo, edited, channel, update(poll={})):
        assert read(body) is None
        assert press_of(body) is None
        assert change_of(body) is None


@pytest.mark.parametrize(
    ("data", "line", "replaces"),
    [
        ("r:deal show 4", "deal show 4", False),
        ("s:deal move 4 won", "deal move 4 won", True),
        ("k:Ab_-9", "\x01Ab_-9", False),
        ("l:Ab_-9", "\x01Ab_-9", True),
    ],
)
def test_a_pressed_button_is_its_line_or_the_key_of_it(
    data: str,
    line: str,
    replaces: bool,  # noqa: FBT001 - a column of the table
) -> None:
    found = read(press(data))
    assert found
    assert (found.line, found.text, found.pressed, found.message_id) == (line, "", True, "6")
    assert destination(press(data)).replaces is replaces


@pytest.mark.parametrize(
    ("data", "kind"), [("c:Ab_-9", "confirm"), ("x:", "cancel"), ("", "cancel"), ("z", "cancel")]
)
def test_asking_and_cancelling_are_no_commands(data: str, kind: str) -> None:
    assert read(press(data)) is None
    found = press_of(press(data))
    assert found
    assert found.kind == kind


def test_a_button_on_a_message_that_is_gone_or_in_another_chat() -> None:
    old = read(press("r:help", GROUP))
    assert old
    assert old.place == Address("telegram", "-100")
    inline = update(
        callback_query={"id": "1", "from": ANN, "inline_message_id": "x", "data": "r:help"}
    )
    assert read(inline) is None
    assert press_of(inline) is None


def test_a_group_that_moved_and_a_person_who_blocked_us_are_noted() -> None:
    moved = message("x", {"id": -5, "type": "group"}, migrate_to_chat_id=-1005)
    assert change_of(moved) == Moved(Address("telegram", "-5"), Address("telegram", "-1005"))
    arrived = message("x", {"id": -1005, "type": "supergroup"}, migrate_from_chat_id=-5)
    assert change_of(arrived) == change_of(moved)
    for status, reachable in (("kicked", False), ("member", True)):
        member = {"chat": PRIVATE, "from": ANN, "new_chat_member": {"status": status}}
        assert change_of(update(my_chat_member=member)) == Reached("7", reachable)
    member = {"chat": GROUP, "from": ANN, "new_chat_member": {"status": "kicked"}}
    assert change_of(update(my_chat_member=member)) is None


LISTENING = {**ME, "customers": True, "tickets": "-100"}


def said(body: dict[str, Any]) -> Said | None:
    found = read({**body, "rapport_bot": LISTENING})
    return found.said if found else None


def test_where_nobody_listens_talk_and_files_are_nothing_to_us() -> None:
    elsewhere = {"id": -7, "type": "supergroup", "title": "Friends"}
    for body in (message("just talk", elsewhere), message("", elsewhere, photo=[PHOTO])):
        assert said(body) is None
        assert read(body) is None


def test_in_the_group_of_the_tickets_everything_is_heard() -> None:
    talk = said(message("It burns", GROUP))
    assert talk == Said("5", "It burns", name="Ann Lee")
    called = said(message("@rapport_bot reply Come", GROUP))
    assert called == Said("5", "reply Come", called=True, name="Ann Lee")
    assert said(message("/reply@other_bot Come", GROUP)) is None


def test_service_messages_are_never_talk() -> None:
    services: tuple[dict[str, Any], ...] = (
        {"forum_topic_created": {"name": "Desk", "icon_color": 1}},
        {"forum_topic_edited": {"name": "Desk"}},
        {"forum_topic_closed": {}},
        {"new_chat_members": [ANN]},
        {"pinned_message": {"message_id": 1}},
    )
    for service in services:
        body = message("x", GROUP, **service)
        del body["message"]["text"]
        assert said(body) is None


@pytest.mark.parametrize(
    ("held", "file", "words"),
    [
        ({"photo": [{**SMALL, "file_id": "s"}, PHOTO]}, File("telegram", "p", "photo", "", 9), ""),
        ({"voice": DOCUMENT}, File("telegram", "d", "voice", "a.pdf", 3), ""),
        (
            {"document": DOCUMENT, "caption": "read"},
            File("telegram", "d", "document", "a.pdf", 3),
            "read",
        ),
        (
            {"animation": DOCUMENT, "document": DOCUMENT},
            File("telegram", "d", "animation", "a.pdf", 3),
            "",
        ),
        ({"sticker": {"file_id": "x", "emoji": "😀"}}, None, "😀"),
        ({"location": {"latitude": 52.5, "longitude": 13.4}}, None, "52.5, 13.4"),
        ({"contact": {"first_name": "Bo", "phone_number": "+49"}}, None, "Bo +49"),
    ],
)
def test_what_a_customer_sends_is_words_and_files(
    held: dict[str, Any], file: File | None, words: str
) -> None:
    body = message("", **held)
    del body["message"]["text"]
    found = said(body)
    assert found
    assert (found.files, found.text) == ((file,) if file else (), words)


def test_an_edit_and_an_album_name_what_they_belong_to() -> None:
    written = message("", photo=[PHOTO], media_group_id="g")["message"]
    found = said(update(edited_message={**written, "caption": "new"}))
    assert found
    assert (found.edited, found.album, found.message_id) == (True, "g", "5")


@given(st.text(max_size=60))
def test_any_text_is_read_and_keeps_its_key(text: str) -> None:
    for chat in (PRIVATE, GROUP):
        body = message(text, chat)
        found = read(body)
        assert found is None or found.key == key_of(body)


@given(st.text(max_size=60))
def test_any_button_data_is_read(data: str) -> None:
    found = read(press(data))
    assert found is None or found.line
