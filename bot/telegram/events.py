"""From what Telegram sends to what a person did; nothing here reaches the network.

Sending lives in `bot/telegram/sending.py`, the connection in `bot/telegram/adapter.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.surface import Incoming
from bot.telegram import contents
from bot.telegram.render import read_press
from bot.visible import Press
from crm_store.addresses import Address
from handlers.reading.line import strip_prefix
from handlers.request import Said

Body: TypeAlias = dict[str, Any]

PLATFORM = "telegram"
STORED = "\x01"  # a line that begins so is the key of a stored one
# An edit never runs a command again; it changes what is kept of a ticket's messages.
UPDATES = ("message", "edited_message", "callback_query", "inline_query", "my_chat_member")
# Where a kept update says who we are, `id` and `username`, and what we listen to besides commands:
# strangers in private if `customers`, and everything in the group whose id is `tickets`.
BOT = "rapport_bot"
_CLOSED = frozenset({"kicked", "left"})


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the answer to an update goes.

    Attributes:
        address: the chat and, in a forum, the topic.
        private: nobody else reads along.
        message: the message that was written, or that the pressed button stands on.
        replaces: the answer takes the place of that message.
    """

    address: Address
    private: bool
    message: int
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """A group became a supergroup and has another id since."""

    old: Address
    new: Address


@dataclass(frozen=True, slots=True)
class Reached:
    """A person blocked us, or lets us write again."""

    account: str
    reachable: bool


def key_of(body: Body) -> str:
    """Return what names the update for good, however often it is delivered."""
    return str(body["update_id"])


def read(body: Body) -> Incoming | None:
    """Return what the person did, None when it is nothing for us."""
    event = body.get("callback_query") or _message(body)
    person = event.get("from")
    if person is None or person.get("is_bot"):
        return None
    what = _pressed(event) if "callback_query" in body else _written(body)
    if what is None:
        return None
    to = destination(body)
    return Incoming(
        platform=PLATFORM,
        key=key_of(body),
        sender=str(person["id"]),
        name=" ".join(filter(None, (person.get("first_name"), person.get("last_name")))),
        place=to.address,
        private=to.private,
        language=person.get("language_code") or "",
        message_id=str(to.message) if "callback_query" in body else "",
        replaces=to.replaces,
        **what,
    )


def destination(body: Body) -> Destination:
    """Return where the answer goes."""
    press = press_of(body)
    message = body["callback_query"]["message"] if press else _message(body)
    chat = message["chat"]
    # Other messages carry a thread id too: that of the message they reply to.
    topic = str(message["message_thread_id"]) if message.get("is_topic_message") else ""
    return Destination(
        address=Address(PLATFORM, str(chat["id"]), topic),
        private=chat["type"] == "private",
        message=message["message_id"],
        replaces=press is not None and press.replaces,
    )


def press_of(body: Body) -> Press | None:
    """Return what a pressed button carries, None when no button of a message was pressed."""
    query = body.get("callback_query")
    if query is None or "message" not in query or "data" not in query:
        return None
    return read_press(query["data"])


def change_of(body: Body) -> Moved | Reached | None:
    """Return what a service message says about where people are reached."""
    message = body.get("message") or {}
    if "migrate_to_chat_id" in message:
        old, new = message["chat"]["id"], message["migrate_to_chat_id"]
        return Moved(Address(PLATFORM, str(old)), Address(PLATFORM, str(new)))
    if "migrate_from_chat_id" in message:
        old, new = message["migrate_from_chat_id"], message["chat"]["id"]
        return Moved(Address(PLATFORM, str(old)), Address(PLATFORM, str(new)))
    member = body.get("my_chat_member")
    if member is None or member["chat"]["type"] != "private":
        return None
    reachable = member["new_chat_member"]["status"] not in _CLOSED
    return Reached(str(member["chat"]["id"]), reachable)


def is_ask(body: Body) -> bool:
    """Tell whether somebody types our name in another chat, to find something."""
    query = body.get("inline_query")
    return query is not None and not query["from"].get("is_bot")


def _message(body: Body) -> Body:
    found: Body = body.get("message") or body.get("edited_message") or {}
    return found


def _written(body: Body) -> dict[str, Any] | None:
    message, me = _message(body), body[BOT]
    typed = _typed(message, me) if "message" in body else None
    said = _said(message, me, edited="message" not in body)
    return {**(typed or {}), "said": said} if typed or said else None


def _said(message: Body, me: Body, *, edited: bool) -> Said | None:
    """Return what may be talk with a customer or about a ticket; elsewhere nobody listens."""
    private = message["chat"]["type"] == "private"
    ours = me.get("customers") if private else str(message["chat"]["id"]) == me.get("tickets")
    text, files = contents.words(message), contents.files(message)
    if not ours or not (text or files) or strip_prefix(text, bot=me["username"]) is None:
        return None
    mention = _mention(me)
    called = text.startswith("/") or (not private and bool(mention.search(text)))
    replied = message.get("reply_to_message") or {}
    return Said(
        message_id=str(message["message_id"]),
        text=text if private else mention.sub("", text).strip(),
        files=files,
        album=str(message.get("media_group_id") or ""),
        edited=edited,
        reply_to=str(replied["message_id"]) if _is_reply_to(message, me) else "",
        called=called,
        name=" ".join(filter(None, map(message["from"].get, ("first_name", "last_name")))),
    )


def _pressed(query: Body) -> dict[str, Any] | None:
    press = press_of({"callback_query": query})
    if press is None or not press.value or press.kind not in {"line", "key"}:
        return None
    return {"line": STORED + press.value if press.kind == "key" else press.value, "pressed": True}


def _typed(message: Body, me: Body) -> dict[str, Any] | None:
    # What somebody else wrote is no order, even when a colleague forwards it.
    if "text" not in message or "forward_origin" in message:
        return None
    line = strip_prefix(message["text"], bot=me["username"])
    if line is None:
        return None
    if message["text"].startswith("/"):
        return {"text": _started(line)}
    mention = _mention(me)
    private = message["chat"]["type"] == "private"
    if not (private or mention.search(line) or _is_reply_to(message, me)):
        return None
    return {"text": mention.sub("", line).strip()}


def _mention(me: Body) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)@{re.escape(me['username'])}\b[,:]?", re.IGNORECASE)


def _started(line: str) -> str:
    """Read what Telegram sends for a deep link: `start CODE` links an account."""
    word, code = (*line.split(maxsplit=1), "", "")[:2]
    if word.casefold() != "start":
        return line
    return f"link {code.strip()}" if code else "help"


def _is_reply_to(message: Body, me: Body) -> bool:
    replied = message.get("reply_to_message") or {}
    # In a topic every message replies to the one that opened the topic, maybe ours.
    ours = (replied.get("from") or {}).get("id") == me["id"]
    return bool(ours and "forum_topic_created" not in replied)
