"""The real Slack SDK pointed at FakeSlack, and the blocks that tests of the fake send.

Tests of Rapport do not need it: they look at what the app sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import aiohttp.web
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.clock import Hands
from tests.fakes.slack import FakeSlack


@contextmanager
def workspace(clock: Hands) -> Iterator[FakeSlack]:
    """Serve a workspace with Ann (U1) in #sales (C1), and Bob (U2) in no channel."""
    with FakeSlack(clock) as fake:
        fake.add_user("U1", "Ann", email="ann@acme.test", tz="Europe/Berlin", locale="de-DE")
        fake.add_user("U2", "Bob")
        fake.add_channel("C1", "sales", members=("U1",))
        yield fake


@asynccontextmanager
async def client_of(slack: FakeSlack, token: str = "") -> AsyncIterator[AsyncWebClient]:
    """Give a client without retries and, as the SDK ignores NO_PROXY, without a proxy."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        client = AsyncWebClient(
            token=token or slack.bot_token,
            base_url=slack.base_url,
            session=session,
            retry_handlers=[],
        )
        client.proxy = None
        yield client


def use(slack: FakeSlack, work: Callable[[AsyncWebClient], Awaitable[Any]], token: str = "") -> Any:
    """Run `work` with a client and return what it returns."""

    async def run() -> Any:
        async with client_of(slack, token) as client:
            return await work(client)

    return asyncio.run(run())


def refused(
    slack: FakeSlack, work: Callable[[AsyncWebClient], Awaitable[Any]], token: str = ""
) -> str:
    """Return the error name with which Slack refuses `work`."""
    with pytest.raises(SlackApiError) as caught:
        use(slack, work, token)
    return str(caught.value.response["error"])


def post(slack: FakeSlack, text: str = "hello", **more: Any) -> str:
    """Post to C1 and return the ts."""
    done = use(slack, lambda client: client.chat_postMessage(channel="C1", text=text, **more))
    return str(done["ts"])


def section(text: str) -> dict[str, Any]:
    """Return a section of mrkdwn."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(label: str, action_id: str, **more: Any) -> dict[str, Any]:
    """Return a button."""
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "text": text, "action_id": action_id, **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    """Return an actions block."""
    return {"type": "actions", "elements": list(elements)}


def modal(**more: Any) -> dict[str, Any]:
    """Return a modal that asks for an amount."""
    field = {"type": "plain_text_input", "action_id": "amount"}
    label = {"type": "plain_text", "text": "Amount"}
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Deal"},
        "submit": {"type": "plain_text", "text": "Save"},
        "blocks": [{"type": "input", "block_id": "b_amount", "label": label, "element": field}],
    }
    return {**view, **more}
