"""The door that Telegram posts updates through."""

from __future__ import annotations

import asyncio
import dataclasses

import aiohttp
import pytest

from bot.app import App
from bot.telegram.adapter import SECRET_HEADER
from crm_store.models import InboxRow
from tests.bot.telegram.office import AGNES, SECRET, Office


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
