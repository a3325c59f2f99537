"""From what Slack sends to what a person did; nothing here reaches the network.

Sending lives in `bot/slack/sending.py`, the connection in `bot/slack/adapter.py`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from slack_sdk.signature import SignatureVerifier

from bot.slack.forms import MODAL, initially, read_form
from bot.slack.render import read_press
from bot.surface import Incoming
from crm_store.addresses import Address

Body: TypeAlias = dict[str, Any]

PLATFORM = "slack"
# What is known of an event besides what Slack says, kept with it.
BOUND, OUTSIDE, MAKES, TEXT, THREAD = (
    f"rapport_{name}" for name in ("bound", "outside", "makes", "text", "thread")
)
# What a message can become, by a shortcut or by an emoji.
MADE: Mapping[str, str] = {"ticket": "ticket new", "note": "note add", "task": "task add"}
STORED = "\x01"  # a line that begins so is the key of a stored one
# What reading an event raises that has another form than Slack's.
MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)
_ENTITY = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_SUBTYPES = frozenset({None, "file_share", "thread_broadcast"})


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the answer to an event goes.

    Attributes:
        channel: the channel, or the direct message.
        thread: the thread in it; empty for none.
        user: who asked.
        response_url: answers that only this person sees, five times within 30 minutes; empty where there is none.
        message: the message that the pressed button stands on, to be replaced; empty for none.
    """

    channel: str
    thread: str
    user: str
    response_url: str = ""
    message: str = ""

    @property
    def address(self) -> Address:
        """The place as the rest of Rapport names it."""
        return Address(PLATFORM, self.channel, self.thread)


def is_event(text: str, content_type: str) -> bool:
    """Tell whether a posted text holds an object: as JSON, or in the `payload` of a form."""
    payloads = [text] if "json" in content_type else parse_qs(text).get("payload", ["{}"])
    try:
        found = [json.loads(payload) for payload in payloads]
    except (ValueError, RecursionError):
        return False
    return all(
        isinstance(each, dict)
        and isinstance(each.get("type", ""), str)
        and isinstance(each.get("event", {}), dict)
        for each in found
    )


def is_signed(raw: bytes, secret: str, stamp: str, signature: str) -> bool:
    """Tell whether Slack posted this, within the last five minutes."""
    # slack_sdk raises instead of refusing when one of these is not plain ASCII of the right form.
    if not secret or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):  # noqa: PLR2004
        return False
    try:
        return SignatureVerifier(secret).is_valid(raw.decode(), stamp, signature)
    except (UnicodeDecodeError, TypeError):
        return False


def key_of(body: Body) -> str | None:
    """Return what names the event for good, however often it is delivered; None for what we do not handle.

    A mention that also arrives as a message has two event ids, but one channel and time stamp.
    """
    if body.get("type") == "event_callback":
        return _key_of_event(body)
    made = body.get("type") == "message_action" and body.get("callback_id") in MADE
    if made or ("command" in body and "trigger_id" in body):
        return str(body["trigger_id"])
    if body.get("type") in {"block_actions", "view_submission"}:
        return str(body.get("trigger_id") or f"{body['view']['id']}:{body['view'].get('hash', '')}")
    return None


def _key_of_event(body: Body) -> str | None:
    event = body.get("event") or {}
    if event.get("type") == "app_home_opened" and event.get("tab") == "home":
        return f"home:{event['user']}:{event['event_ts']}"
    if event.get("type") == "reaction_added" and MAKES in body:
        # Of each person, and each time: one who was refused must not stand in the way of others.
        item, put = event["item"], (event["reaction"], event["user"], event["event_ts"])
        return ":".join(("reaction", item["channel"], item["ts"], *put))
    if event.get("type") in {"message", "app_mention"} and "channel" in event and "ts" in event:
        return f"{event['channel']}:{event['ts']}"
    return None


def sender_of(body: Body) -> str:
    """Return the id of the person."""
    event = body.get("event") or {}
    user = body.get("user_id") or event.get("user") or (body.get("user") or {}).get("id")
    return str(user or "")


def is_for_us(body: Body, bot_user: str) -> bool:
    """Tell whether the event is a line for the bot: a direct message, a mention, a reply in its thread."""
    if body.get("type") != "event_callback":
        return True
    event = body["event"]
    if event.get("type") in {"app_home_opened", "reaction_added"}:
        return True
    if event.get("bot_id") or event.get("user") in {None, bot_user} or event.get("hidden"):
        return False
    if event["type"] == "app_mention":
        return True
    if event.get("subtype") not in _SUBTYPES:
        return False
    mentioned = bool(bot_user) and f"<@{bot_user}>" in event.get("text", "")
    in_thread = _is_in_our_thread(event, bot_user) or BOUND in body
    return event.get("channel_type") == "im" or mentioned or in_thread


def is_thread_talk(body: Body) -> bool:
    """Tell whether somebody wrote in a thread; only the store knows whether it belongs to a record."""
    event = body.get("event") or {}
    plain = event.get("subtype") in _SUBTYPES and not event.get("bot_id")
    return bool(plain and event.get("type") == "message" and event.get("thread_ts"))


def _is_in_our_thread(event: Body, bot_user: str) -> bool:
    return bool(bot_user) and event.get("parent_user_id") == bot_user


def destination(body: Body) -> Destination:
    """Return where the answer goes."""
    user = sender_of(body)
    if is_home(body):
        return Destination(user, "", user)
    if body.get("type") == "message_action":
        message = body["message"]
        return Destination(body["channel"]["id"], message.get("thread_ts") or message["ts"], user)
    if body.get("type") == "event_callback":
        return _beside(body, user)
    if "command" in body:
        return Destination(body["channel_id"], "", user, body.get("response_url", ""))
    if body["type"] == "view_submission":
        return Destination(**json.loads(body["view"]["private_metadata"])["to"])
    container = body.get("container") or {}
    channel = container.get("channel_id") or (body.get("channel") or {}).get("id", "")
    message = str(container.get("message_ts", ""))
    hidden = bool(container.get("is_ephemeral"))
    thread = container.get("thread_ts") or ("" if hidden or channel.startswith("D") else message)
    url = body.get("response_url", "") if hidden else ""
    return Destination(channel, thread, user, url, message)


def _beside(body: Body, user: str) -> Destination:
    event = body["event"]
    if MAKES in body:
        return Destination(event["item"]["channel"], body[THREAD], user)
    direct = event.get("channel_type") == "im"
    thread = event.get("thread_ts") or ("" if direct else event["ts"])
    return Destination(event["channel"], thread, user)


def channel_of(body: Body) -> str:
    """Return the channel in which others will read the answer; empty where nobody does."""
    event = body.get("event") or {}
    if event.get("type") == "reaction_added":
        return str(event["item"].get("channel", ""))
    if "command" in body or is_home(body) or key_of(body) is None:
        return ""
    to = destination(body)
    return to.channel if is_channel(to.channel) and not to.response_url else ""


def is_channel(chat: str) -> bool:
    """Tell whether a conversation is one that others may read: a channel or a group message."""
    return chat.startswith(("C", "G"))


def asked(body: Body) -> tuple[str, str, str, str]:
    """Return who types into a select of a modal, its command, its field, and what is typed."""
    command = json.loads(body["view"]["private_metadata"])["command"]
    return sender_of(body), str(command), str(body["block_id"]), str(body.get("value") or "")


def is_home(body: Body) -> bool:
    """Tell whether a person opened the home tab, or used something on it or on a modal over it."""
    event = body.get("event") or {}
    view = body.get("view") or {}
    over = view.get("callback_id") in {"card", "notice"} or view.get("type") == "home"
    return event.get("type") == "app_home_opened" or (body.get("type") == "block_actions" and over)


def begins(body: Body) -> bool:
    """Tell whether a person opened the conversation with the bot."""
    event = body.get("event") or {}
    return event.get("type") == "app_home_opened" and event.get("tab") == "messages"


def publishes(body: Body) -> bool:
    """Tell whether the answer is the home tab itself."""
    if body.get("type") == "event_callback":
        return is_home(body)
    return is_home(body) and bool(body["actions"][0].get("selected_user"))


def modal_metadata(command: str, to: Destination, *, binds: bool = False) -> str:
    """Return what a modal carries: its command, where its answer goes, whether the thread is its record's then."""
    place = {name: getattr(to, name) for name in ("channel", "thread", "user", "response_url")}
    return json.dumps({"command": command, "to": place} | ({"binds": True} if binds else {}))


def read(body: Body, bot_user: str, commands: tuple[str, ...]) -> Incoming | None:
    """Return what the person did, None when it is nothing for us."""
    key = key_of(body)
    if key is None or not is_for_us(body, bot_user):
        return None
    to = destination(body)
    what = _what(body, bot_user, commands)
    if what is None:
        return None
    return Incoming(
        platform=PLATFORM,
        key=key,
        sender=to.user,
        name=(body.get("user_name") or (body.get("user") or {}).get("name") or to.user),
        place=to.address,
        private=bool(to.response_url) or to.channel.startswith(("D", "U", "W")),
        message_id=to.message,
        replaces=replaces(body),
        outside=bool(body.get(OUTSIDE)),
        **what,
    )


def plain_text(text: str, bot_user: str = "") -> str:
    """Return what a person wrote: Slack's links, mentions and entities as they were typed."""

    def typed(found: re.Match[str]) -> str:
        target, label = found[1], found[2]
        if target == f"@{bot_user}":
            return ""
        if target.startswith("@"):
            return f"<{target}>"  # kept: `handlers.arguments` finds the colleague behind it
        if target.startswith(("!", "#")):
            return (label or "") if target.startswith("!subteam") else _sign(target, label)
        return label if label and label in target else target

    return html.unescape(_ENTITY.sub(typed, text)).strip()


def _sign(target: str, label: str | None) -> str:
    return f"#{label or target[1:]}" if target.startswith("#") else f"@{label or target[1:]}"


def _what(body: Body, bot_user: str, commands: tuple[str, ...]) -> Mapping[str, Any] | None:
    if body.get("type") == "event_callback":
        return _said(body, bot_user)
    if body.get("type") == "message_action":
        text = plain_text(body["message"].get("text", ""))
        made = {"line": MADE[body["callback_id"]], "values": {"text": text}}
        return {**made, "asks": True, "binds": True}
    if "command" in body:
        name = body["command"].removeprefix("/")
        text = plain_text(body.get("text", ""))
        return {"text": text if name in commands[:1] else f"{name} {text}"}
    if body["type"] == "view_submission":
        if body["view"].get("callback_id") != MODAL:
            return None
        carried = json.loads(body["view"]["private_metadata"])
        form = {
            "values": read_form(body["view"]["state"]),
            "shown": initially(body["view"].get("blocks", [])),
        }
        return {"line": carried["command"], "binds": "binds" in carried, **form}
    person = body["actions"][0].get("selected_user")
    press = read_press(body["actions"][0])
    line = STORED + press.value if press.kind == "key" else press.value
    line = f"day for=<@{person}>" if person else line
    return {"line": line, "pressed": True} if line.strip(STORED) else None


def _said(body: Body, bot_user: str) -> Mapping[str, Any]:
    event = body["event"]
    if is_home(body):
        return {"line": "day"}
    if MAKES in body:
        values = {"text": plain_text(body[TEXT])}
        return {"line": MADE[body[MAKES]], "values": values, "binds": True}
    text = event.get("text", "")
    aside = is_thread_talk(body) and event.get("channel_type") != "im"
    aside = aside and f"<@{bot_user}>" not in text
    overheard = aside and not _is_in_our_thread(event, bot_user)
    return {"text": plain_text(text, bot_user), "unaddressed": aside, "overheard": overheard}


def replaces(body: Body) -> bool:
    """Tell whether the answer takes the place of the message with the pressed button."""
    return body.get("type") == "block_actions" and read_press(body["actions"][0]).replaces
