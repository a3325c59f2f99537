"""Updates of the Telegram fake, driven by the real library: polling, webhook, people.

Sending, limits and faults are in test_telegram.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from telegram import (
    Bot,
)
from telegram.error import (
    Conflict,
)

from tests.fakes.clock import Hands
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram_client import (
    ANN,
    GROUP,
    bot_of,
    keyboard,
    plain_request,
    refused,
    send,
    updates,
    use,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def test_updates_stay_until_the_offset_confirms_them(telegram: FakeTelegram) -> None:
    telegram.message(ANN, ANN, "one")
    telegram.message(ANN, ANN, "two")
    first = updates(telegram)
    assert [u.message.text for u in first if u.message] == ["one", "two"]
    assert len(updates(telegram)) == 2
    assert len(updates(telegram, offset=first[1].update_id)) == 1
    assert updates(telegram, offset=first[1].update_id + 1) == []
    assert telegram.pending == 0


def test_a_long_poll_wakes_when_somebody_writes(telegram: FakeTelegram) -> None:
    async def scene(bot: Bot) -> list[str | None]:
        poll = asyncio.ensure_future(bot.get_updates(timeout=30))
        await asyncio.to_thread(telegram.wait_until, lambda: telegram.calls("getUpdates"))
        telegram.message(ANN, ANN, "now")
        return [u.message.text for u in await poll if u.message]

    assert use(telegram, scene) == ["now"]


def test_a_second_poller_ends_the_first_with_a_conflict(telegram: FakeTelegram) -> None:
    async def scene(bot: Bot) -> list[Any]:
        first = asyncio.ensure_future(bot.get_updates(timeout=30))
        await asyncio.to_thread(telegram.wait_until, lambda: telegram.calls("getUpdates"))
        second = await bot.get_updates(timeout=0)
        return [second, await asyncio.gather(first, return_exceptions=True)]

    second, (first,) = use(telegram, scene)
    assert second == ()
    assert isinstance(first, Conflict)


def test_only_allowed_updates_are_queued_and_the_setting_is_kept(telegram: FakeTelegram) -> None:
    updates(telegram, allowed_updates=["callback_query"])
    telegram.message(ANN, ANN, "unheard")
    assert updates(telegram) == []
    updates(telegram, allowed_updates=[])
    telegram.message(ANN, ANN, "heard")
    assert len(updates(telegram)) == 1


@pytest.mark.parametrize(("how", "seen"), [("duplicate", [0, 0, 1, 1]), ("reorder", [1, 0])])
def test_updates_can_come_twice_or_out_of_order(
    telegram: FakeTelegram, how: str, seen: list[int]
) -> None:
    telegram.fail_next("getUpdates", how)
    assert updates(telegram) == []
    for number in range(2):
        telegram.message(ANN, ANN, f"{number}")
    assert [int(u.message.text or "") for u in updates(telegram) if u.message] == seen


def test_in_groups_privacy_hides_what_is_not_for_the_bot(telegram: FakeTelegram) -> None:
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


def answering(telegram: FakeTelegram, query: str) -> str:
    return refused(telegram, lambda bot: bot.answer_callback_query(query))


def test_a_pressed_button_is_answered_once_and_in_time(
    telegram: FakeTelegram, clock: Hands
) -> None:
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
    assert answering(telegram, query).startswith("query is too old")
    assert answering(telegram, late).startswith("query is too old")
    assert answering(telegram, "unknown").startswith("query is too old")
    with pytest.raises(AssertionError, match="Lost"):
        telegram.press(message, "Lost", ANN)


def test_edits_files_blocks_and_inline_questions_arrive(telegram: FakeTelegram) -> None:
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
    async with bot_of(telegram, "", [plain_request(5), plain_request(5)]) as bot:
        await scene(bot, url)
    await runner.cleanup()


async def all_posted(telegram: FakeTelegram) -> None:
    await asyncio.to_thread(telegram.wait_until, lambda: not telegram.pending)


def test_a_webhook_gets_its_secret_and_a_refused_update_again(telegram: FakeTelegram) -> None:
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


def test_a_webhook_can_get_updates_twice_and_out_of_order(telegram: FakeTelegram) -> None:
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
def test_a_bad_webhook_is_refused(
    telegram: FakeTelegram, webhook: dict[str, str], problem: str
) -> None:
    said = refused(telegram, lambda bot: bot.set_webhook(**webhook))  # type: ignore[arg-type]
    assert problem in said
