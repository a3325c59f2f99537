"""Updates as they come in, whoever fetches them: none is lost, none is carried out twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.app import App
from bot.leadership import Leadership
from bot.telegram.adapter import LEASE, Telegram
from crm_store.models import Ticket
from tests.bot.telegram.office import AGNES, PATIENCE, Office
from tests.fakes.telegram_world import Webhook
from tests.outage import bring_back, take_away


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
        app.config,
        keep_and_die,
        app.shorten,
        app.transact,
        leadership,
        look=app.lookups.find,
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
