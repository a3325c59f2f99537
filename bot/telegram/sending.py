"""Calls to Telegram's Bot API, each made once, with every failure told apart: refused, in doubt, or for good.

When to try again is decided in `bot/delivery.py` and `bot/worker.py`.
"""

from __future__ import annotations

import html
import logging
import os
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import httpx

os.environ.setdefault("PTB_TIMEDELTA", "1")  # else the library warns on every flood limit

from telegram import Bot, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from bot.surface import DeliveryError
from bot.telegram.events import PLATFORM
from bot.telegram.render import TelegramMessage
from crm_store.addresses import Address

log = logging.getLogger(__name__)

T = TypeVar("T")

TIMEOUT = 10.0  # seconds for one call

# The place is gone or closed to us: trying again is useless until somebody changes something.
_GONE = (
    "chat not found",
    "chat_restricted",
    "chat_write_forbidden",
    "group chat was deactivated",
    "have no rights",
    "message thread not found",
    "need administrator rights",
    "not enough rights",
    "peer_id_invalid",
    "topic_closed",
    "topic_deleted",
    "user not found",
)
# The message stands no more, or in a form that cannot be changed.
_FIXED = (
    "message can't be edited",
    "message to edit not found",
    "message_id_invalid",
    "there is no caption in the message to edit",
)
_CAPTIONED = "there is no text in the message to edit"
_UNCHANGED = "message is not modified"
_BAD_MARKUP = "can't parse entities"


def client(token: str, api_base_url: str) -> Bot:
    """Return the Bot API client; close it with `bot.request.shutdown()`.

    It is not to be initialised: that would ask Telegram, which may be away.
    """
    transport = HTTPXRequest(read_timeout=TIMEOUT, write_timeout=TIMEOUT, connect_timeout=TIMEOUT)
    base = api_base_url.rstrip("/")
    return Bot(
        token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=transport,
        get_updates_request=transport,
    )


async def call(sending: Awaitable[T]) -> T:
    """Await one call.

    Raises:
        DeliveryError: it failed.
    """
    try:
        return await sending
    except TelegramError as error:
        raise failure(error) from error


async def post(bot: Bot, to: Address, message: TelegramMessage, reply_to: int | None = None) -> int:
    """Send a message and return its id; as a reply if the message it replies to still stands.

    Raises:
        DeliveryError: it was not taken, or may not have been.
    """
    answers = ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None
    sent = await _worded(
        message.html,
        lambda text, mode: bot.send_message(
            chat_id=to.chat,
            text=text,
            parse_mode=mode,
            message_thread_id=topic(to),
            reply_markup=_markup(message),
            reply_parameters=answers,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        ),
    )
    return sent.message_id


async def replace(bot: Bot, to: Address, number: int, message: TelegramMessage) -> bool:
    """Put a message in the place of another; False when that one can be changed no more.

    Raises:
        DeliveryError: it failed; to be tried again unless permanent.
    """
    try:
        await _worded(
            message.html,
            lambda text, mode: bot.edit_message_text(
                chat_id=to.chat,
                message_id=number,
                text=text,
                parse_mode=mode,
                reply_markup=_markup(message),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            ),
        )
    except DeliveryError as error:
        if _CAPTIONED in error.reason:
            return await _recaption(bot, to, number, message)
        if any(word in error.reason for word in _FIXED):
            return False
        if _UNCHANGED not in error.reason:
            raise
    return True


async def _recaption(bot: Bot, to: Address, number: int, message: TelegramMessage) -> bool:
    """Put words below a file in the place of those that stand there."""
    try:
        await _worded(
            message.html,
            lambda text, mode: bot.edit_message_caption(
                chat_id=to.chat,
                message_id=number,
                caption=text,
                parse_mode=mode,
                reply_markup=_markup(message),
            ),
        )
    except DeliveryError as error:
        if _UNCHANGED not in error.reason:
            raise
    return True


async def post_picture(bot: Bot, to: Address, picture: bytes) -> None:
    """Send a PNG.

    Raises:
        DeliveryError: it was not taken, or may not have been.
    """
    await call(
        bot.send_photo(
            chat_id=to.chat, photo=picture, filename="chart.png", message_thread_id=topic(to)
        )
    )


def failure(error: TelegramError) -> DeliveryError:
    """Return what a failed call means for the message."""
    reason = str(error).casefold()
    match error:
        case RetryAfter():
            return DeliveryError("flood limit", retry_after=_seconds(error.retry_after))
        case ChatMigrated():
            return DeliveryError("moved", moved_to=Address(PLATFORM, str(error.new_chat_id)))
        case Forbidden():
            return DeliveryError(reason, permanent=True)
        case BadRequest():
            gone = any(word in reason for word in _GONE)
            return DeliveryError(reason, permanent=True, refused=not gone)
        case InvalidToken() | Conflict():
            return DeliveryError(reason)
    cause = error.__cause__
    # Only these say that nothing left us; every other silence may hide a message that arrived.
    unsent = isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return DeliveryError(type(cause or error).__name__, in_doubt=not unsent)


async def _worded(text: str, send: Callable[[str, str | None], Awaitable[T]]) -> T:
    """Send HTML, and the bare words if Telegram cannot read it: better a plain message than none."""

    async def tried() -> T:
        try:
            return await send(text, ParseMode.HTML)
        except BadRequest as error:
            if _BAD_MARKUP not in str(error).casefold():
                raise
        log.error("markup refused, sent as plain text")
        return await send(plain(text), None)

    return await call(tried())


def plain(markup: str) -> str:
    """Return the words of a message without their markup; a name in them calls nobody."""
    words = html.unescape(re.sub(r"<[^>]*>", "", markup))
    return re.sub(r"@(?=\w)", "@\u2060", words)  # without <code> a name would call its bearer


def _markup(message: TelegramMessage) -> InlineKeyboardMarkup | None:
    keyboard: dict[str, Any] = {"inline_keyboard": message.keyboard}
    return InlineKeyboardMarkup.de_json(keyboard) if message.keyboard else None


def topic(to: Address) -> int | None:
    """Return the topic that an address names."""
    return int(to.thread) if to.thread else None


def _seconds(wait: float | timedelta) -> float:
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
