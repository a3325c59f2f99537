"""What is sent to Telegram, and what is understood when that fails."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest

from bot.app import App
from bot.surface import DeliveryError
from crm_store import notices
from crm_store.addresses import Address
from crm_store.models import Identity, InboxRow, Notice, Ticket
from crm_store.store import Session
from handlers.reply import Chart, ChartKind, Reply, Series
from tests.bot.telegram.office import AGNES, FORUM, GROUP, MONA, NOW, RITA, TOPIC, Office


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
