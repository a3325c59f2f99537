"""Calls to Slack's Web API, each made once, with every failure told apart: refused, in doubt, or for good.

When to try again is decided in `bot/delivery.py` and `bot/worker.py`; the SDK's own retries are off.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from bot.surface import DeliveryError

TIMEOUT = 10.0  # seconds for one call
METADATA = "rapport_message"
_LOOK_BACK = 200  # messages of a channel that a look-up reads

# The place is gone or closed to us. A token that Slack refuses is not among these: every place would seem gone,
# and once the token is mended everything still waits.
_GONE = frozenset(
    {
        "cannot_dm_bot",
        "channel_not_found",
        "is_archived",
        "messages_tab_disabled",
        "no_permission",
        "not_in_channel",
        "restricted_action",
        "user_disabled",
        "user_not_found",
        "user_not_visible",
    }
)
# The message stands as it is, or is gone; another one may be posted.
FIXED = frozenset({"cant_update_message", "edit_window_closed", "message_not_found"})
# The message is at fault and would be again.
_BAD_MESSAGE = FIXED | {
    "invalid_arguments",
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "msg_blocks_too_many",
    "msg_too_long",
    "no_text",
}
# Slack itself stumbled: it may have taken the message before.
_IN_DOUBT = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})


def client(token: str, base_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Return the Web API client; delivery owns every retry, so the client has none."""
    return AsyncWebClient(token=token, base_url=base_url, session=session, retry_handlers=[])


async def call(sending: Awaitable[Any]) -> Any:  # noqa: ANN401 - the answers of Slack are JSON
    """Await one call.

    Raises:
        DeliveryError: it failed.
    """
    try:
        return await sending
    except SlackApiError as error:
        raise _refused(error) from error
    except aiohttp.ClientConnectorError as error:
        raise DeliveryError("not connected") from error
    except (TimeoutError, aiohttp.ClientError, SlackRequestError) as error:
        raise DeliveryError("no answer", in_doubt=True) from error


async def respond(session: aiohttp.ClientSession, url: str, message: dict[str, Any]) -> None:
    """Answer through a response_url.

    Raises:
        DeliveryError: for good when the url is used up or too old.
    """
    try:
        async with session.post(url, json=message) as answer:
            status = answer.status
            retry_after = answer.headers.get("Retry-After")
    except aiohttp.ClientConnectorError as error:
        raise DeliveryError("not connected") from error
    except (TimeoutError, aiohttp.ClientError) as error:
        raise DeliveryError("no answer", in_doubt=True) from error
    if status == 429:  # noqa: PLR2004 - the HTTP status of a rate limit
        raise DeliveryError("ratelimited", retry_after=float(retry_after or 1))
    if status >= 500:  # noqa: PLR2004 - the HTTP statuses of a server error
        raise DeliveryError(f"http_{status}", in_doubt=True)
    if status >= 400:  # noqa: PLR2004 - the HTTP statuses of a refusal
        raise DeliveryError("response_url_used_up", permanent=True)


async def find(client: AsyncWebClient, channel: str, thread: str, key: str) -> str | None:
    """Return the time stamp of the message that was posted with `key`, None when it is not there.

    Raises:
        DeliveryError: the channel cannot be read.
    """
    if thread:
        reading = client.conversations_replies(
            channel=channel, ts=thread, limit=_LOOK_BACK, include_all_metadata=True
        )
    else:
        reading = client.conversations_history(
            channel=channel, limit=_LOOK_BACK, include_all_metadata=True
        )
    answer = await call(reading)
    for message in answer["messages"]:
        metadata = message.get("metadata") or {}
        if (metadata.get("event_payload") or {}).get("key") == key:
            return str(message["ts"])
    return None


def metadata(key: str) -> dict[str, Any]:
    """Return the metadata that `find` looks for."""
    return {"event_type": METADATA, "event_payload": {"key": key}}


def _refused(error: SlackApiError) -> DeliveryError:
    answer: Any = error.response
    status = answer.status_code
    if status == 429:  # noqa: PLR2004 - the HTTP status of a rate limit
        return DeliveryError("ratelimited", retry_after=float(answer.headers.get("Retry-After", 1)))
    if status >= 500:  # noqa: PLR2004 - the HTTP statuses of a server error
        return DeliveryError(f"http_{status}", in_doubt=True)
    reason = str(answer.get("error", "unknown"))
    if reason in {"ratelimited", "rate_limited"}:
        return DeliveryError(reason, retry_after=float(answer.headers.get("Retry-After", 1)))
    return DeliveryError(
        reason,
        permanent=reason in _GONE or reason in _BAD_MESSAGE,
        refused=reason in _BAD_MESSAGE,
        in_doubt=reason in _IN_DOUBT,
    )
