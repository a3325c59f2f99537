"""The Telegram fake, driven by the real library: it does and refuses what the Bot API does.

What Rapport does with it is tested elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from telegram import (
    Bot,
    BotCommand,
    InlineQueryResultArticle,
    InputTextMessageContent,
    ReplyParameters,
    Update,
)
from telegram.error import (
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from tests.fakes.server import Refused
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_markup import read_html

NOON = 1_790_000_000.0
ANN, BOB, GROUP, FORUM = 7, 8, -50, -1001
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


@dataclass
class Hands:
    """A clock that a test turns by hand."""

    now: float = NOON

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def telegram(clock: Hands, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTelegram]:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # else the library warns on every 429
    with FakeTelegram(clock) as fake:
        fake.add_user(ANN, "Ann", username="ann_lee")
        fake.add_user(BOB, "Bob", started=False)
        fake.add_chat(GROUP, "Sales", members=(ANN,))
        fake.add_chat(FORUM, "Desk", members=(ANN,), forum=True, bot="administrator")
        yield fake


def plain_request(read_timeout: float) -> HTTPXRequest:
    """Return a transport that loads no certificates, as the fake speaks plain HTTP."""
    return HTTPXRequest(read_timeout=read_timeout, httpx_kwargs={"verify": False})


def bot_of(telegram: FakeTelegram, token: str = "", read_timeout: float = 5) -> Bot:
    return Bot(
        token or telegram.token,
        base_url=f"{telegram.base_url}/bot",
        base_file_url=f"{telegram.base_url}/file/bot",
        request=plain_request(read_timeout),
        get_updates_request=plain_request(read_timeout),
    )


def use(telegram: FakeTelegram, work: Callable[[Bot], Awaitable[Any]], **options: Any) -> Any:
    """Run `work` with a bot and return what it returns."""

    async def run() -> Any:
        bot = bot_of(telegram, **options)
        try:
            return await work(bot)
        finally:
            await bot.shutdown()
            for request in bot._request:
                await request.shutdown()

    return asyncio.run(run())


def refused(telegram: FakeTelegram, work: Callable[[Bot], Awaitable[Any]]) -> str:
    """Return the words with which Telegram refuses `work`; the library changes their case."""
    with pytest.raises(TelegramError):
        use(telegram, work)
    return telegram.log[-1].outcome.removeprefix("Bad Request: ")


def keyboard(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


def send(telegram: FakeTelegram, text: str = "hello", chat: int = ANN, **more: Any) -> int:
    """Send a text and return its message_id."""
    sent = use(telegram, lambda bot: bot.send_message(chat, text, **more))
    return int(sent.message_id)


def updates(telegram: FakeTelegram, **how: Any) -> list[Update]:
    """Poll once."""
    found = use(telegram, lambda bot: bot.get_updates(**how))
    return list(found)


def test_html_is_read_into_text_and_entities(telegram: FakeTelegram):
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
def test_html_that_does_not_parse_is_refused(telegram: FakeTelegram, html: str, problem: str):
    said = refused(telegram, lambda bot: bot.send_message(ANN, html, parse_mode="HTML"))
    assert said == f"can't parse entities: {problem}"


@given(st.text())
def test_escaped_text_is_read_as_it_was(text: str):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert read_html(escaped) == (text, [])


@given(st.text(alphabet="<>/&b;a =\"'x"))
def test_any_html_is_read_or_refused(html: str):
    try:
        text, entities = read_html(html)
    except Refused as refusal:
        assert "can't parse entities" in refusal.error
    else:
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
def test_an_empty_or_long_text_is_refused(telegram: FakeTelegram, text: str, problem: str):
    assert refused(telegram, lambda bot: bot.send_message(ANN, text)) == problem


def test_the_length_counts_after_the_markup_is_read(telegram: FakeTelegram):
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
):
    markup: Any = keyboard(*buttons)
    said = refused(telegram, lambda bot: bot.send_message(ANN, "x", reply_markup=markup))
    assert said == problem


def test_a_text_is_edited_once_and_an_equal_edit_is_refused(telegram: FakeTelegram, clock: Hands):
    number = send(telegram, "old", reply_markup=keyboard({"text": "Won", "callback_data": "w"}))
    clock.now += 5
    use(telegram, lambda bot: bot.edit_message_text("new", ANN, number))
    (message,) = telegram.messages(ANN)
    assert (message.text, message.keyboard, message.edited_at) == ("new", [], int(NOON) + 5)
    again = refused(telegram, lambda bot: bot.edit_message_text("new", ANN, number))
    assert again.startswith("message is not modified")


def test_what_is_not_there_or_not_ours_cannot_be_edited_or_deleted(
    telegram: FakeTelegram, clock: Hands
):
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


def test_a_wrong_token_is_unauthorized(telegram: FakeTelegram):
    with pytest.raises(InvalidToken):
        use(telegram, lambda bot: bot.get_me(), token="4242:WRONG")


def test_chats_that_cannot_be_reached_say_why(telegram: FakeTelegram):
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


def test_we_cannot_write_first_but_after_the_person_did(telegram: FakeTelegram):
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        send(telegram, chat=BOB)
    telegram.message(BOB, BOB, "/start")
    assert send(telegram, chat=BOB)


def test_a_group_that_became_a_supergroup_names_its_new_id(telegram: FakeTelegram):
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
def test_a_live_mention_fails_the_test(hostile: str):
    with pytest.raises(AssertionError, match="live mention"), FakeTelegram() as telegram:
        telegram.add_user(ANN)
        send(telegram, hostile, parse_mode="HTML")


def test_addresses_code_and_our_own_name_are_no_mentions(telegram: FakeTelegram):
    send(telegram, "ann@acme.test <code>@bob_smith</code> /crm@rapport_bot", parse_mode="HTML")
    assert telegram.violations == []


def test_updates_stay_until_the_offset_confirms_them(telegram: FakeTelegram):
    telegram.message(ANN, ANN, "one")
    telegram.message(ANN, ANN, "two")
    first = updates(telegram)
    assert [u.message.text for u in first if u.message] == ["one", "two"]
    assert len(updates(telegram)) == 2
    assert len(updates(telegram, offset=first[1].update_id)) == 1
    assert updates(telegram, offset=first[1].update_id + 1) == []
    assert telegram.pending == 0


def test_a_long_poll_wakes_when_somebody_writes(telegram: FakeTelegram):
    async def scene(bot: Bot) -> list[str | None]:
        poll = asyncio.ensure_future(bot.get_updates(timeout=30))
        await asyncio.to_thread(telegram.wait_until, lambda: telegram.calls("getUpdates"))
        telegram.message(ANN, ANN, "now")
        return [u.message.text for u in await poll if u.message]

    assert use(telegram, scene) == ["now"]


def test_a_second_poller_ends_the_first_with_a_conflict(telegram: FakeTelegram):
    async def scene(bot: Bot) -> list[Any]:
        first = asyncio.ensure_future(bot.get_updates(timeout=30))
        await asyncio.to_thread(telegram.wait_until, lambda: telegram.calls("getUpdates"))
        second = await bot.get_updates(timeout=0)
        return [second, await asyncio.gather(first, return_exceptions=True)]

    second, (first,) = use(telegram, scene)
    assert second == ()
    assert isinstance(first, Conflict)


def test_only_allowed_updates_are_queued_and_the_setting_is_kept(telegram: FakeTelegram):
    updates(telegram, allowed_updates=["callback_query"])
    telegram.message(ANN, ANN, "unheard")
    assert updates(telegram) == []
    updates(telegram, allowed_updates=[])
    telegram.message(ANN, ANN, "heard")
    assert len(updates(telegram)) == 1


@pytest.mark.parametrize(("how", "seen"), [("duplicate", [0, 0, 1, 1]), ("reorder", [1, 0])])
def test_updates_can_come_twice_or_out_of_order(telegram: FakeTelegram, how: str, seen: list[int]):
    telegram.fail_next("getUpdates", how)
    assert updates(telegram) == []
    for number in range(2):
        telegram.message(ANN, ANN, f"{number}")
    assert [int(u.message.text or "") for u in updates(telegram) if u.message] == seen


def test_in_groups_privacy_hides_what_is_not_for_the_bot(telegram: FakeTelegram):
    ours = send(telegram, chat=GROUP)
    telegram.message(GROUP, ANN, "just talk")
    telegram.message(GROUP, ANN, "/crm@other_bot help")
    telegram.message(GROUP, ANN, "/crm help")
    telegram.message(GROUP, ANN, "hey @rapport_bot")
    shown = next(m for m in telegram.messages(GROUP) if m.message_id == ours)
    telegram.message(GROUP, ANN, "yes", reply_to=shown)
    seen = [u.message for u in updates(telegram) if u.message]
    assert [m.text for m in seen] == ["/crm help", "hey @rapport_bot", "yes"]
    assert seen[0].entities[0].type == "bot_command"
    assert seen[2].reply_to_message is not None


def test_a_pressed_button_is_answered_once_and_in_time(telegram: FakeTelegram, clock: Hands):
    send(telegram, reply_markup=keyboard({"text": "Won", "callback_data": "deal move 4 won"}))
    (message,) = telegram.messages(ANN)
    query = telegram.press(message, "Won", ANN)
    (update,) = updates(telegram)
    assert update.callback_query is not None
    assert update.callback_query.data == "deal move 4 won"
    use(telegram, lambda bot: bot.answer_callback_query(query, "Done"))
    assert telegram.callbacks[query]["answer"] == {"text": "Done", "show_alert": False}
    late = telegram.press(message, "deal move 4 won", ANN)
    clock.now += 16
    for stale in (query, late, "unknown"):
        said = refused(telegram, lambda bot, stale=stale: bot.answer_callback_query(stale))
        assert said.startswith("query is too old")
    with pytest.raises(AssertionError, match="Lost"):
        telegram.press(message, "Lost", ANN)


def test_a_keyboard_is_replaced_alone(telegram: FakeTelegram):
    number = send(telegram, reply_markup=keyboard({"text": "A", "callback_data": "a"}))
    markup = keyboard({"text": "B", "callback_data": "b"})
    use(telegram, lambda bot: bot.edit_message_reply_markup(ANN, number, reply_markup=markup))
    assert telegram.messages(ANN)[0].keyboard == [["B"]]


def test_edits_files_blocks_and_inline_questions_arrive(telegram: FakeTelegram):
    message = telegram.message(ANN, ANN, "deal show 1")
    telegram.edited_message(message, "deal show 2")
    telegram.photo(ANN, ANN, PNG, "card")
    telegram.document(ANN, ANN, "deals.csv", b"a,b\n", "import")
    telegram.inline_query(ANN, "acme")
    telegram.block(ANN)
    _, edited, photo, document, inline, blocked = updates(telegram)
    assert edited.edited_message is not None
    assert edited.edited_message.text == "deal show 2"
    assert photo.message is not None
    assert photo.message.caption == "card"
    assert document.message is not None
    assert document.message.document is not None
    assert inline.inline_query is not None
    assert blocked.my_chat_member is not None
    assert blocked.my_chat_member.new_chat_member.status == "kicked"

    async def download(bot: Bot) -> bytes:
        file = await bot.get_file(document.message.document.file_id)  # type: ignore[union-attr]
        return bytes(await file.download_as_bytearray())

    assert use(telegram, download) == b"a,b\n"


def test_pictures_and_files_are_sent_within_their_limits(telegram: FakeTelegram):
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
):
    assert refused(telegram, lambda bot: bot.set_my_commands(commands)) == problem


def test_a_command_menu_is_kept_by_scope_and_language(telegram: FakeTelegram):
    menu = [BotCommand("deal", "Deals")]
    use(telegram, lambda bot: bot.set_my_commands(menu, language_code="de"))
    key = ('{"type": "default"}', "de")
    assert telegram.commands[key] == [{"command": "deal", "description": "Deals"}]


def test_topics_are_opened_closed_and_written_to(telegram: FakeTelegram):
    async def open_topic(bot: Bot) -> int:
        made = await bot.create_forum_topic(FORUM, "Ticket 1")
        return made.message_thread_id

    topic = use(telegram, open_topic)
    send(telegram, chat=FORUM, message_thread_id=topic)
    assert len(telegram.messages(FORUM, topic=topic)) == 1
    use(telegram, lambda bot: bot.close_forum_topic(FORUM, topic))
    closed = refused(telegram, lambda bot: bot.send_message(FORUM, "x", message_thread_id=topic))
    use(telegram, lambda bot: bot.reopen_forum_topic(FORUM, topic))
    use(telegram, lambda bot: bot.edit_forum_topic(FORUM, topic, name="Ticket one"))
    missing = refused(telegram, lambda bot: bot.send_message(FORUM, "x", message_thread_id=99))
    no_forum = refused(telegram, lambda bot: bot.create_forum_topic(GROUP, "x"))
    assert (closed, missing, no_forum) == (
        "TOPIC_CLOSED",
        "message thread not found",
        "the chat is not a forum",
    )


def test_a_reply_needs_its_message_unless_it_may_go_without(telegram: FakeTelegram):
    lost = ReplyParameters(999)
    said = refused(telegram, lambda bot: bot.send_message(ANN, "x", reply_parameters=lost))
    assert said == "message to be replied not found"
    send(telegram, reply_parameters=ReplyParameters(999, allow_sending_without_reply=True))
    assert telegram.messages(ANN)[0].reply_to is None


def test_chats_members_reactions_and_typing(telegram: FakeTelegram):
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
):
    query = telegram.inline_query(ANN, "acme")
    text = InputTextMessageContent("Acme")
    result = InlineQueryResultArticle("1", "Acme", text)
    said = refused(telegram, lambda bot: bot.answer_inline_query(query, [result, result]))
    assert said == "RESULT_ID_DUPLICATE"
    use(telegram, lambda bot: bot.answer_inline_query(query, [result], is_personal=True))
    assert telegram.inline_queries[query]["answer"]["is_personal"] is True


def test_floods_errors_and_dropped_connections_come_as_ordered(telegram: FakeTelegram):
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


def test_silence_after_accepting_times_out(telegram: FakeTelegram):
    telegram.fail_next("sendMessage", "stall")
    with pytest.raises(TimedOut):
        use(telegram, lambda bot: bot.send_message(ANN, "x"), read_timeout=0.1)
    assert len(telegram.messages(ANN)) == 1


def test_while_down_nothing_gets_through(telegram: FakeTelegram):
    telegram.down()
    with pytest.raises(NetworkError):
        send(telegram)
    telegram.up()
    assert send(telegram)


class Receiver:
    """A webhook of ours: keeps what it gets and answers with the next status it was told."""

    def __init__(self) -> None:
        self.seen: list[tuple[str | None, int]] = []
        self.answers: list[int] = []
        self.enough = asyncio.Event()

    async def take(self, request: web.BaseRequest) -> web.Response:
        """Take one update."""
        update = await request.json()
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        self.seen.append((secret, update["update_id"]))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


async def with_webhook(
    telegram: FakeTelegram, receiver: Receiver, scene: Callable[[Bot, str], Awaitable[None]]
) -> None:
    """Serve the receiver while a scene is played."""
    runner = web.ServerRunner(web.Server(receiver.take))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/telegram/webhook"
    async with bot_of(telegram) as bot:
        await scene(bot, url)
    await runner.cleanup()


async def all_posted(telegram: FakeTelegram) -> None:
    await asyncio.to_thread(telegram.wait_until, lambda: not telegram.pending)


def test_a_webhook_gets_its_secret_and_a_refused_update_again(telegram: FakeTelegram):
    receiver = Receiver()
    receiver.answers = [503]

    async def scene(bot: Bot, url: str) -> None:
        await bot.set_webhook(url, secret_token="s3cret")
        with pytest.raises(Conflict):
            await bot.get_updates()
        telegram.message(ANN, ANN, "hello")
        await all_posted(telegram)
        info = await bot.get_webhook_info()
        assert info.last_error_message is not None
        assert "503" in info.last_error_message
        await bot.delete_webhook()
        assert (await bot.get_webhook_info()).url == ""

    asyncio.run(with_webhook(telegram, receiver, scene))
    assert [secret for secret, _ in receiver.seen] == ["s3cret", "s3cret"]
    assert len({number for _, number in receiver.seen}) == 1


def test_a_webhook_can_get_updates_twice_and_out_of_order(telegram: FakeTelegram):
    receiver = Receiver()

    async def scene(bot: Bot, url: str) -> None:
        telegram.fail_next("webhook", "reorder")
        telegram.fail_next("webhook", "duplicate")
        for text in ("one", "two", "three"):
            telegram.message(ANN, ANN, text)
        await bot.set_webhook(url)
        await all_posted(telegram)

    asyncio.run(with_webhook(telegram, receiver, scene))
    first = min(number for _, number in receiver.seen)
    assert [number - first for _, number in receiver.seen] == [1, 0, 2, 2]


@pytest.mark.parametrize(
    ("webhook", "problem"),
    [
        ({"url": "http://crm.test/hook"}, "An HTTPS URL must be provided"),
        ({"url": "https://crm.test/", "secret_token": "no spaces"}, "unallowed characters"),
    ],
)
def test_a_bad_webhook_is_refused(telegram: FakeTelegram, webhook: dict[str, str], problem: str):
    said = refused(telegram, lambda bot: bot.set_webhook(**webhook))  # type: ignore[arg-type]
    assert problem in said


def test_the_rate_is_counted_per_chat(telegram: FakeTelegram, clock: Hands):
    for _ in range(3):
        send(telegram)
        clock.now += 0.6
    send(telegram, chat=GROUP)
    assert (telegram.max_per_second(ANN), telegram.busiest(ANN, 60)) == (2, 3)
