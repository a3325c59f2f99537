"""People in Telegram chats, served by a whole running Rapport, polled and by webhook."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from bot.app import App
from bot.config import Config, load
from bot.leadership import Leadership
from bot.surface import DeliveryError
from bot.telegram.adapter import LEASE, SECRET_HEADER, Telegram
from crm_store import notices, users
from crm_store.addresses import Address
from crm_store.models import Contact, Identity, InboxRow, InboxState, Notice, Role, Ticket
from crm_store.store import Session
from handlers.reply import Chart, ChartKind, Reply, Series
from tests.fakes.telegram import FakeTelegram, TelegramMessage
from tests.fakes.telegram_world import Webhook
from tests.outage import bring_back, take_away

AGNES, RITA, MONA, SAM = 7, 8, 9, 10
GROUP, FORUM, TOPIC = -50, -1001, 77
PEOPLE = {AGNES: ("Agnes", Role.AGENT), RITA: ("Rita", Role.REP), MONA: ("Mona", Role.MANAGER)}
SECRET = "s3cret"
NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
PATIENCE = 20.0  # real seconds until a test gives up

Scene = Callable[[App], Awaitable[None]]


class Office:
    """A store with colleagues in it and a Telegram with their chats."""

    def __init__(self, telegram: FakeTelegram, config: Config) -> None:
        self.telegram = telegram
        self.config = config

    @asynccontextmanager
    async def opened(self, app: App | None = None) -> AsyncIterator[App]:
        """Run the program until the block ends."""
        app = app or App(self.config)
        stop = asyncio.Event()
        running = asyncio.create_task(app.run(stop))
        try:
            yield app
        finally:
            stop.set()
            await running

    def play(self, scene: Scene, app: App | None = None) -> None:
        """Run the program while a scene is played."""

        async def played() -> None:
            async with self.opened(app) as running:
                await scene(running)

        asyncio.run(played())

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for what a call to Telegram brings about."""
        await asyncio.to_thread(self.telegram.wait_until, condition, PATIENCE)

    def answers(self, chat: int) -> list[TelegramMessage]:
        """What we wrote in a chat."""
        return [m for m in self.telegram.messages(chat) if m.user == self.telegram.bot_id]

    async def answer(self, chat: int, words: str) -> TelegramMessage:
        """Wait until a message of ours in the chat has these words."""

        def found() -> list[TelegramMessage]:
            return [m for m in self.answers(chat) if words in m.text]

        await self.until(found)
        return found()[-1]

    def stored(self, model: type[Any]) -> list[Any]:
        """All rows of a table."""
        engine = sa.create_engine(self.config.store.url)
        with sa.orm.Session(engine) as session:
            rows = list(session.scalars(sa.select(model)))
        engine.dispose()
        return rows


def people(session: Session) -> None:
    """Put the colleagues into a fresh store."""
    for account, (name, role) in PEOPLE.items():
        user = users.add(
            session,
            f"{name}@rapport.example",
            name,
            role,
            language="en",
            time_zone="Europe/Berlin",
            now=NOW,
        )
        users.add_identity(session, user, "telegram", str(account), f"telegram:{account}", NOW)


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    # Privacy off, the harder case: the bot hears everything that is said in a group.
    with FakeTelegram(privacy=False) as fake:
        for account, (name, _role) in PEOPLE.items():
            fake.add_user(account, name)
        fake.add_user(SAM, "Sam", language_code="zh-hans")
        fake.add_chat(GROUP, "Sales", members=(AGNES, RITA, SAM))
        fake.add_chat(FORUM, "Desk", members=(AGNES,), forum=True)
        fake.chats[FORUM].topics[TOPIC] = {"name": "Invoices", "closed": False}
        yield fake


@pytest.fixture
def polled(telegram: FakeTelegram, sqlite_template: Path, tmp_path: Path) -> Office:
    shutil.copy(sqlite_template, tmp_path / "rapport.db")
    file = tmp_path / "config.toml"
    file.write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/rapport.db"\n[web]\nport = 0\n'
        f'[telegram]\nenabled = true\napi_base_url = "{telegram.base_url}"\n'
    )
    names = {"TELEGRAM_BOT_TOKEN": telegram.token, "TELEGRAM_WEBHOOK_SECRET": SECRET}
    office = Office(telegram, load(file, names))
    App(office.config).transact(people)
    return office


@pytest.fixture
def posted(polled: Office) -> Office:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/telegram/webhook"
    hook = dataclasses.replace(polled.config.telegram, mode="webhook", webhook_url=url)
    web = dataclasses.replace(polled.config.web, port=port)
    config = dataclasses.replace(polled.config, telegram=hook, web=web)
    return Office(polled.telegram, config)


@pytest.fixture(params=["polled", "posted"])
def office(request: pytest.FixtureRequest) -> Office:
    fixture: Office = request.getfixturevalue(request.param)
    return fixture


def test_an_agent_opens_a_ticket_from_a_private_chat(office: Office) -> None:
    async def scene(_: App) -> None:
        office.telegram.message(AGNES, AGNES, "/ticket new The invoice is wrong")
        card = await office.answer(AGNES, "Ticket #1 opened.")
        assert "The invoice is wrong" in card.text
        assert card.reply_to is None
        await office.until(lambda: not office.telegram.pending)

    office.play(scene)
    assert [ticket.subject for ticket in office.stored(Ticket)] == ["The invoice is wrong"]


def test_plain_words_and_crm_are_commands_in_a_private_chat(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "ticket new One")
        await polled.answer(AGNES, "Ticket #1 opened.")
        polled.telegram.message(AGNES, AGNES, "/crm ticket new Two")
        await polled.answer(AGNES, "Ticket #2 opened.")

    polled.play(scene)


def test_in_a_group_only_what_is_meant_for_us_is_kept(polled: Office) -> None:
    async def scene(_: App) -> None:
        telegram = polled.telegram
        for talk in ("just talk", "ticket new Lunch?", "/ticket@other_bot new Lunch", "@rapport"):
            telegram.message(GROUP, AGNES, talk)
        asked = telegram.message(GROUP, AGNES, "@Rapport_Bot ticket new The printer")
        card = await polled.answer(GROUP, "Ticket #1 opened.")
        assert card.reply_to == asked.message_id
        telegram.message(GROUP, AGNES, "/ticket@rapport_bot show 1")
        await polled.until(lambda: len(polled.answers(GROUP)) == 2)
        telegram.message(GROUP, AGNES, "ticket new Another", reply_to=card)
        await polled.answer(GROUP, "Ticket #2 opened.")

    polled.play(scene)
    assert len(polled.stored(InboxRow)) == 3


def test_an_answer_stays_in_its_topic(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(FORUM, AGNES, "/ticket new The printer", topic=TOPIC)
        card = await polled.answer(FORUM, "Ticket #1 opened.")
        assert card.topic == TOPIC
        polled.telegram.press(card, "Close", AGNES)
        await polled.until(lambda: polled.answers(FORUM)[0].edited_at)

    polled.play(scene)


def test_a_button_changes_the_card_it_stands_on(office: Office) -> None:
    async def scene(_: App) -> None:
        office.telegram.message(AGNES, AGNES, "ticket new The printer")
        card = await office.answer(AGNES, "opened.")
        assert await toast(office, office.telegram.press(card, "Close", AGNES)) == ""
        await office.until(lambda: "Reopen" in str(office.answers(AGNES)[0].keyboard))
        assert len(office.answers(AGNES)) == 1

    office.play(scene)


def test_a_card_that_stands_no_more_is_sent_anew(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "ticket new The printer")
        card = await polled.answer(AGNES, "opened.")
        with polled.telegram.changed:
            polled.telegram.chats[AGNES].messages.clear()
        polled.telegram.callback(card, "s:ticket close 1", AGNES)
        assert (await polled.answer(AGNES, "Ticket #1")).message_id > card.message_id

    polled.play(scene)


def test_a_button_pressed_for_nothing_new_is_no_failure(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "whoami")
        card = await polled.answer(AGNES, "Agnes")
        polled.telegram.callback(card, "s:whoami", AGNES)
        await polled.until(lambda: len(polled.telegram.calls("editMessageText")) == 1)
        await polled.until(lambda: not polled.telegram.pending)
        assert len(polled.answers(AGNES)) == 1

    polled.play(scene)
    assert {row.state for row in polled.stored(InboxRow)} == {InboxState.ANSWERED}


def test_a_stranger_is_refused_in_his_language_and_changes_nothing(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(SAM, SAM, "/ticket new Let me in")
        await polled.until(lambda: polled.answers(SAM))

    polled.play(scene)
    assert polled.stored(Ticket) == []


def test_a_deep_link_links_an_account_and_start_alone_is_help(polled: Office) -> None:
    async def scene(app: App) -> None:
        def issue(session: Session) -> str:
            rita = users.by_account(session, "telegram", str(RITA))
            assert rita
            return users.issue_code(session, rita, app.clock.now())

        code = app.transact(issue)
        polled.telegram.message(SAM, SAM, "/start")
        await polled.until(lambda: polled.answers(SAM))
        polled.telegram.message(SAM, SAM, f"/start {code}")
        await polled.answer(SAM, "Rita")

    polled.play(scene)
    assert str(SAM) in {identity.external_id for identity in polled.stored(Identity)}


def test_an_edited_message_runs_nothing_again(polled: Office) -> None:
    async def scene(_: App) -> None:
        asked = polled.telegram.message(AGNES, AGNES, "ticket new One")
        await polled.answer(AGNES, "Ticket #1 opened.")
        polled.telegram.edited_message(asked, "ticket new Won")
        polled.telegram.message(AGNES, AGNES, "whoami")
        await polled.answer(AGNES, "Agnes")

    polled.play(scene)
    assert len(polled.stored(Ticket)) == 1


# -------------------------------------------------------------------------- questions


def test_a_question_survives_a_restart(polled: Office) -> None:
    async def asked(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "/ticket new")
        await polled.answer(AGNES, "Open a ticket.")

    async def answered(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "The invoice is wrong")
        await polled.answer(AGNES, "Ticket #1 opened.")

    polled.play(asked)
    polled.play(answered)


@pytest.mark.parametrize("by", ["typing", "pressing"])
def test_a_question_can_be_left(polled: Office, by: str) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "/ticket new")
        card = await polled.answer(AGNES, "Open a ticket.")
        if by == "typing":
            polled.telegram.message(AGNES, AGNES, "/cancel")
        else:
            polled.telegram.press(card, "Cancel", AGNES)
        await polled.answer(AGNES, "Cancelled")
        polled.telegram.message(AGNES, AGNES, "The invoice is wrong")
        await polled.answer(AGNES, "I do not know the command")

    polled.play(scene)
    assert polled.stored(Ticket) == []


def test_a_button_answers_a_question(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "ticket new The printer")
        await polled.answer(AGNES, "Ticket #1 opened.")
        polled.telegram.message(AGNES, AGNES, "ticket priority 1")
        question = await polled.answer(AGNES, "Usage: ticket priority")
        label = next(b["text"] for b in question.buttons if b["callback_data"] == "r:urgent")
        polled.telegram.press(question, label, AGNES)
        await polled.until(lambda: len(polled.answers(AGNES)) == 3)

    polled.play(scene)
    assert [ticket.priority.value for ticket in polled.stored(Ticket)] == ["urgent"]


def test_in_a_group_a_question_says_how_to_answer(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(GROUP, AGNES, "/ticket new")
        card = await polled.answer(GROUP, "replying to this message")
        polled.telegram.message(GROUP, AGNES, "The invoice is wrong", reply_to=card)
        await polled.answer(GROUP, "Ticket #1 opened.")

    polled.play(scene)


async def toast(office: Office, query: str) -> str:
    """Wait until a pressed button stops waiting, and return what it showed."""
    await office.until(lambda: "answer" in office.telegram.callbacks[query])
    return str(office.telegram.callbacks[query]["answer"]["text"])


async def card_of_ann(office: Office) -> TelegramMessage:
    office.telegram.message(RITA, RITA, "contact add Ann Lee email=ann@example.com")
    await office.until(lambda: office.answers(RITA))
    office.telegram.message(RITA, RITA, "contact show 1")
    await office.until(lambda: len(office.answers(RITA)) == 2)
    return office.answers(RITA)[-1]


def test_what_cannot_be_taken_back_is_asked_first(polled: Office) -> None:
    async def scene(_: App) -> None:
        card = await card_of_ann(polled)
        polled.telegram.press(card, "Delete", RITA)
        question = await polled.answer(RITA, "Delete the contact Ann Lee?")
        assert polled.stored(Contact)[0].deleted_at is None
        polled.telegram.press(question, "Delete", RITA)
        await polled.until(
            lambda: not any("Delete the contact" in m.text for m in polled.answers(RITA))
        )

    polled.play(scene)
    assert polled.stored(Contact)[0].deleted_at is not None


def test_a_question_that_is_cancelled_loses_its_buttons(polled: Office) -> None:
    async def scene(_: App) -> None:
        card = await card_of_ann(polled)
        polled.telegram.press(card, "Delete", RITA)
        question = await polled.answer(RITA, "Delete the contact Ann Lee?")
        assert "Cancelled" in await toast(polled, polled.telegram.press(question, "Cancel", RITA))
        assert (await polled.answer(RITA, "Delete the contact")).keyboard == []

    polled.play(scene)
    assert polled.stored(Contact)[0].deleted_at is None


def test_a_forged_question_says_that_the_button_is_too_old(polled: Office) -> None:
    async def scene(app: App) -> None:
        card = await card_of_ann(polled)
        for data in ("c:nothing", f"c:{app.shorten('deal list')}"):
            assert "too old" in await toast(polled, polled.telegram.callback(card, data, SAM))

    polled.play(scene)


# -------------------------------------------------------------------------- nothing is lost


class Killed(Exception):
    """The process died here."""


def test_a_kill_between_keeping_and_confirming_runs_a_command_once(polled: Office) -> None:
    app = App(polled.config)
    keeping: list[bool] = []

    async def keep_and_die(*event: Any) -> bool:
        keeping.append(await app.worker.receive(*event))
        if len(keeping) == 1:
            raise Killed
        return keeping[-1]

    leadership = Leadership(app.store, LEASE, app.store.now)
    app.surfaces["telegram"] = Telegram(
        app.config, keep_and_die, app.shorten, app.transact, leadership
    )

    async def scene(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "ticket new One")
        await polled.until(lambda: not polled.telegram.pending)
        await polled.answer(AGNES, "Ticket #1 opened.")

    polled.play(scene, app)
    assert keeping == [True, False]
    assert len(polled.stored(Ticket)) == 1
    assert len(polled.answers(AGNES)) == 1


@pytest.mark.parametrize("how", ["duplicate", "reorder"])
def test_updates_that_come_twice_or_out_of_order_run_once(polled: Office, how: str) -> None:
    async def scene(_: App) -> None:
        for subject in ("One", "Two"):
            polled.telegram.message(AGNES, AGNES, f"ticket new {subject}")
        await polled.until(lambda: len(polled.answers(AGNES)) == 2)

    polled.telegram.fail_next("getUpdates", how)
    polled.play(scene)
    assert [ticket.subject for ticket in polled.stored(Ticket)] == ["One", "Two"]


def test_while_the_store_is_away_nothing_is_confirmed(office: Office) -> None:
    telegram = office.telegram
    refused = "503" if office.config.telegram.mode == "webhook" else ""

    def waits() -> bool:
        if refused:
            return bool(telegram.webhook and refused in telegram.webhook.last_error)
        return len({str(call.params) for call in telegram.calls("getUpdates")[-2:]}) == 1

    async def scene(app: App) -> None:
        telegram.message(AGNES, AGNES, "whoami")
        await office.answer(AGNES, "Agnes")
        await office.until(lambda: not telegram.pending)
        await asyncio.to_thread(take_away, app.store)
        telegram.message(AGNES, AGNES, "ticket new One")
        polls = len(telegram.calls("getUpdates"))
        await office.until(lambda: refused or len(telegram.calls("getUpdates")) > polls + 1)
        await office.until(waits)
        assert telegram.pending == 1
        await asyncio.to_thread(bring_back, app.store)
        await office.answer(AGNES, "Ticket #1 opened.")
        await office.until(lambda: not telegram.pending)

    office.play(scene)
    assert len(office.stored(Ticket)) == 1


def test_an_update_that_nobody_understands_stops_nothing(
    polled: Office, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(_: App) -> None:
        polled.telegram.queue("message", {"from": {"id": 1}, "chat": 5, "text": "hello"})
        polled.telegram.message(AGNES, AGNES, "whoami")
        await polled.answer(AGNES, "Agnes")

    polled.play(scene)
    assert "update not understood" in caplog.text


def test_a_telegram_that_is_away_is_tried_again(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "whoami")
        await polled.answer(AGNES, "Agnes")

    polled.telegram.fail_next("getMe", "500")
    polled.telegram.fail_next("deleteWebhook", "429", retry_after=1)
    polled.telegram.fail_next("getUpdates", "drop_before")
    polled.play(scene)


def test_one_of_two_processes_polls_and_the_other_takes_over(polled: Office) -> None:
    async def both() -> None:
        telegram = polled.telegram
        async with polled.opened():
            async with polled.opened():
                telegram.message(AGNES, AGNES, "ticket new One")
                await polled.answer(AGNES, "Ticket #1 opened.")
                polls = len(telegram.calls("getUpdates"))
                await polled.until(lambda: len(telegram.calls("getUpdates")) > polls + 1)
            telegram.message(AGNES, AGNES, "ticket new Two")
            await polled.answer(AGNES, "Ticket #2 opened.")

    asyncio.run(both())
    assert not any("Conflict" in call.outcome for call in polled.telegram.log)


def test_a_poller_waits_while_somebody_else_takes_the_updates(
    polled: Office, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(_: App) -> None:
        await polled.until(lambda: polled.telegram.calls("getUpdates"))
        polled.telegram.webhook = Webhook("https://elsewhere.example/")
        await polled.until(lambda: "Conflict" in polled.telegram.log[-1].outcome)
        polled.telegram.webhook = None
        polled.telegram.message(AGNES, AGNES, "whoami")
        await polled.answer(AGNES, "Agnes")

    polled.play(scene)
    assert "another poller or a webhook takes the updates" in caplog.text


def test_what_waited_while_a_webhook_was_set_is_not_dropped(polled: Office) -> None:
    async def scene(_: App) -> None:
        await polled.answer(AGNES, "Ticket #1 opened.")

    polled.telegram.webhook = Webhook("https://old.example/")
    polled.telegram.message(AGNES, AGNES, "ticket new One")
    polled.play(scene)
    asked = {name for call in polled.telegram.log for name in call.params}
    assert "drop_pending_updates" not in asked


def test_a_refused_token_is_told_once_and_ends_the_polling(
    polled: Office, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(app: App) -> None:
        await polled.until(lambda: polled.telegram.calls("getMe"))
        running = app.surfaces["telegram"]._running  # type: ignore[attr-defined]  # noqa: SLF001
        await asyncio.wait([running], timeout=PATIENCE)
        assert running.done()

    polled.telegram.token = "4242:CHANGED"
    polled.play(scene)
    assert caplog.text.count("telegram refuses the token") == 1
    assert len(polled.telegram.log) == 1


def test_the_menu_is_shown_in_both_languages(polled: Office) -> None:
    async def scene(_: App) -> None:
        await polled.until(lambda: len(polled.telegram.commands) == 6)

    polled.telegram.fail_next("setMyCommands", "500")
    polled.telegram.fail_next("setMyCommands", "429")

    async def spoilt(_: App) -> None:
        await polled.until(lambda: len(polled.telegram.calls("setMyCommands")) == 6)

    polled.play(spoilt)
    polled.play(scene)
    for (scope, language), menu in polled.telegram.commands.items():
        assert scope in {'{"type": "default"}', '{"type": "all_private_chats"}'}
        assert language in {"", "en", "zh"}
        assert {"ticket", "deal", "help", "cancel"} <= {entry["command"] for entry in menu}


# -------------------------------------------------------------------------- the webhook's door


async def post(app: App, data: bytes, headers: dict[str, str]) -> int:
    url = f"http://127.0.0.1:{app.web.port}/telegram/webhook"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=data, headers=headers) as got,
    ):
        return got.status


@pytest.mark.parametrize("secret", [None, "", "wrong", "s3cre", "s3crets", "sécret"])
def test_without_the_secret_nothing_comes_in(posted: Office, secret: str | None) -> None:
    async def scene(app: App) -> None:
        await posted.until(lambda: posted.telegram.webhook)
        headers = {} if secret is None else {SECRET_HEADER: secret}
        assert await post(app, b'{"update_id": 1}', headers) == 403

    posted.play(scene)
    assert posted.stored(InboxRow) == []


def test_what_is_no_update_is_refused(posted: Office) -> None:
    async def scene(app: App) -> None:
        await posted.until(lambda: posted.telegram.webhook)
        for body in (
            b"",
            b"no json",
            b"\xff\xfe\x00",
            b"[1]",
            b"{}",
            b'{"update_id": "1"}',
            b"[" * 9_999,
        ):
            assert await post(app, body, {SECRET_HEADER: SECRET}) == 400
        assert await post(app, b'{"update_id": 1, "poll": {}}', {SECRET_HEADER: SECRET}) == 200

    posted.play(scene)
    assert posted.stored(InboxRow) == []


def test_of_two_processes_one_sets_the_webhook(posted: Office) -> None:
    second = Office(
        posted.telegram,
        dataclasses.replace(posted.config, web=dataclasses.replace(posted.config.web, port=0)),
    )

    async def both() -> None:
        async with posted.opened(), second.opened() as other:
            await posted.until(lambda: posted.telegram.webhook)
            posted.telegram.message(AGNES, AGNES, "ticket new One")
            await posted.answer(AGNES, "Ticket #1 opened.")
            assert await post(other, b'{"update_id": 1}', {SECRET_HEADER: SECRET}) == 200

    asyncio.run(both())
    assert len(posted.telegram.calls("setWebhook")) == 1


# -------------------------------------------------------------------------- what we send


def test_a_colleague_is_told_and_a_closed_account_is_noted(polled: Office) -> None:
    def agnes() -> bool:
        found = polled.stored(Identity)
        return any(account.reachable for account in found if account.external_id == str(AGNES))

    async def scene(_: App) -> None:
        telegram = polled.telegram
        telegram.message(MONA, MONA, "ticket new The printer")
        await polled.answer(MONA, "Ticket #1 opened.")
        telegram.message(MONA, MONA, "ticket assign 1 Agnes")
        await polled.answer(AGNES, "#1")
        telegram.block(AGNES)
        await polled.until(lambda: not telegram.pending and not agnes())
        telegram.unblock(AGNES)
        await polled.until(lambda: not telegram.pending and agnes())
        telegram.deactivate(AGNES)
        telegram.message(MONA, MONA, "ticket new The phone")
        await polled.answer(MONA, "Ticket #2 opened.")
        telegram.message(MONA, MONA, "ticket assign 2 Agnes")
        await polled.until(lambda: not agnes())

    polled.play(scene)


def test_a_group_that_moved_keeps_its_messages_and_its_answers(polled: Office) -> None:
    def owe(session: Session) -> None:
        notices.owe(
            session,
            kind="folded",
            key="later",
            payload={"notices": []},
            due_at=datetime(2099, 1, 1, tzinfo=UTC),
            now=NOW,
            priority=notices.ALERT,
            address=f"telegram:{GROUP}",
        )

    async def scene(app: App) -> None:
        app.transact(owe)
        telegram = polled.telegram
        telegram.message(GROUP, AGNES, "/ticket new The printer")
        await polled.answer(GROUP, "opened.")
        body = polled.stored(InboxRow)[0].body
        new = telegram.migrate(GROUP, AGNES)
        await polled.until(lambda: not telegram.pending)
        assert [n.address for n in polled.stored(Notice)] == [f"telegram:{new}"]
        surface = app.surfaces["telegram"]
        speech = {"language": "en", "zone": "UTC", "again": False}
        sent = await surface.answer(body, Reply(text="Late"), **speech)  # type: ignore[arg-type]
        assert sent
        assert sent.address == Address("telegram", str(new))
        assert (await polled.answer(new, "Late")).text == "Late"
        with pytest.raises(DeliveryError) as failed:
            await say(app, "Later", chat=GROUP)
        assert failed.value.moved_to == Address("telegram", str(new))

    polled.play(scene)


def test_a_flood_limit_is_obeyed(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.fail_next("sendMessage", "429", retry_after=2)
        polled.telegram.message(AGNES, AGNES, "ticket new One")
        await polled.answer(AGNES, "Ticket #1 opened.")

    polled.play(scene)
    assert polled.telegram.early_calls() == []
    assert len(polled.stored(Ticket)) == 1


def test_hostile_text_comes_out_as_it_went_in(polled: Office) -> None:
    name = "<b>Acme</b> & <a href='tg://user?id=8'>@ann_lee</a>"

    async def scene(_: App) -> None:
        polled.telegram.message(RITA, RITA, f'company add "{name}"')
        assert (await polled.answer(RITA, "Acme")).text.count(name) >= 1
        polled.telegram.message(RITA, RITA, "/" * 4_096)
        await polled.until(lambda: len(polled.answers(RITA)) == 2)

    polled.play(scene)


async def say(
    app: App, reply: Reply | str, *, chat: int = AGNES, topic: str = "", again: bool = False
) -> str:
    reply = Reply(text=reply) if isinstance(reply, str) else reply
    sent = await app.surfaces["telegram"].send(
        Address("telegram", str(chat), topic),
        reply,
        key="k",
        language="en",
        zone="UTC",
        again=again,
    )
    return sent.message_id


def test_refused_markup_is_sent_as_plain_words_that_call_nobody(polled: Office) -> None:
    async def scene(app: App) -> None:
        refusal = "error:Bad Request: can't parse entities: Unsupported start tag"
        polled.telegram.fail_next("sendMessage", refusal)
        await say(app, "1 < 2 for @ann_lee")
        (message,) = polled.answers(AGNES)
        assert message.text == "1 < 2 for @\u2060ann_lee"
        assert message.html == ""

    polled.play(scene)


def test_a_repeat_says_so_in_its_first_line(polled: Office) -> None:
    async def scene(app: App) -> None:
        await say(app, Reply(title="Call Ann", text="now"), again=True)
        (message,) = polled.answers(AGNES)
        assert message.text.splitlines()[:2] == ["(may be a repeat)", "Call Ann"]
        assert await app.surfaces["telegram"].find(Address("telegram", "7"), "k") is None

    polled.play(scene)


def test_a_living_message_is_edited(polled: Office) -> None:
    async def scene(app: App) -> None:
        surface = app.surfaces["telegram"]
        speech = {"language": "en", "zone": "UTC"}
        address = Address("telegram", str(AGNES))
        sent = await surface.send(address, Reply(text="1"), key="k", again=False, **speech)
        for text in ("2", "2"):
            assert await surface.edit(sent, Reply(text=text), **speech) == sent
        assert [m.text for m in polled.answers(AGNES)] == ["2"]

    polled.play(scene)


def test_a_chart_follows_its_message(polled: Office) -> None:
    chart = Chart(ChartKind.BARS, "Tickets", ("Mon", "Tue"), (Series("open", (1.0, 2.0)),))

    async def scene(app: App) -> None:
        await say(app, Reply(title="Tickets", chart=chart), chat=FORUM, topic=str(TOPIC))
        polled.telegram.fail_next("sendPhoto", "500")
        await say(app, Reply(title="Tickets", chart=chart), chat=FORUM)

    polled.play(scene)
    shown = [(message.kind, message.topic) for message in polled.answers(FORUM)]
    assert shown == [("text", TOPIC), ("photo", TOPIC), ("text", None)]


@pytest.mark.parametrize(
    ("how", "meaning"),
    [
        ("error:Forbidden: bot was blocked by the user", {"permanent"}),
        ("error:Forbidden: bot was kicked from the group chat", {"permanent"}),
        ("error:Bad Request: chat not found", {"permanent"}),
        ("error:Bad Request: message thread not found", {"permanent"}),
        ("error:Bad Request: message is too long", {"permanent", "refused"}),
        ("error:Unauthorized", set()),
        ("500", {"in_doubt"}),
        ("drop_before", {"in_doubt"}),
        ("drop_after", {"in_doubt"}),
        ("drop_mid_body", {"in_doubt"}),
        ("429", {"retry_after"}),
    ],
)
def test_every_failure_is_told_apart(polled: Office, how: str, meaning: set[str]) -> None:
    async def scene(app: App) -> None:
        polled.telegram.fail_next("sendMessage", how, retry_after=3)
        with pytest.raises(DeliveryError) as failed:
            await say(app, "hello")
        facts = ("permanent", "refused", "in_doubt", "retry_after", "moved_to")
        assert {fact for fact in facts if getattr(failed.value, fact)} == meaning
        assert failed.value.retry_after in {None, 3.0}

    polled.play(scene)


def test_what_never_left_us_is_not_in_doubt(polled: Office) -> None:
    async def scene(app: App) -> None:
        with pytest.raises(DeliveryError) as failed:
            await say(app, "hello")
        assert not failed.value.in_doubt
        assert not failed.value.permanent

    polled.telegram.down()  # before a connection is open: one that breaks leaves a doubt
    polled.play(scene)


def test_the_token_never_stands_in_the_log(
    polled: Office, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(app: App) -> None:
        polled.telegram.fail_next("sendMessage", "500")
        polled.telegram.message(AGNES, AGNES, "whoami")
        await polled.until(lambda: polled.telegram.calls("sendMessage"))

    with caplog.at_level(logging.WARNING):
        polled.play(scene)
    assert polled.telegram.token not in caplog.text
