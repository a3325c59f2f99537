"""The chats behind the Telegram fake: people, groups, topics, messages, files, waiting updates.

The Bot API methods live in the sibling telegram_… modules.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .server import Clock, FakeServer, Json, refuse
from .telegram_markup import keyboard_buttons, live_mentions

DEFAULT_LEFT_OUT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})

M = TypeVar("M", bound=Callable[..., Any])


def bot_api(name: str) -> Callable[[M], M]:
    """Mark a method of the fake as the Bot API method `name`."""

    def mark(method: M) -> M:
        method.bot_api = name  # type: ignore[attr-defined]
        return method

    return mark


@dataclass
class TelegramMessage:
    """One message as it stands. `user` is the sender's id; `topic` is message_thread_id.

    `text` is the text or caption without markup, `html` what we sent when it was HTML; `kind`
    is text, photo, document, voice, audio, video or animation, `file` the file's id; messages of
    one `album` are shown together.
    """

    chat: int
    message_id: int
    date: int
    user: int
    text: str = ""
    html: str = ""
    entities: list[Json] = field(default_factory=list)
    markup: Json | None = None
    topic: int | None = None
    kind: str = "text"
    file: str | None = None
    album: str = ""
    reply_to: int | None = None
    edited_at: int | None = None
    reactions: list[Json] = field(default_factory=list)

    @property
    def buttons(self) -> list[Json]:
        """The inline buttons, row by row."""
        return list(keyboard_buttons(self.markup or {}))

    @property
    def keyboard(self) -> list[list[str]]:
        """The labels of the inline keyboard."""
        rows = (self.markup or {}).get("inline_keyboard") or []
        return [[button["text"] for button in row] for row in rows]


@dataclass
class Chat:
    """A chat; `kind` is private, group, supergroup or channel.

    `state` is "" or why we cannot write there: blocked, kicked, deactivated, not_started.
    `members` maps a user to "member", "administrator", …; our bot is one of them.
    """

    id: int
    kind: str
    title: str = ""
    forum: bool = False
    state: str = ""
    migrated_to: int | None = None
    members: dict[int, str] = field(default_factory=dict)
    topics: dict[int, Json] = field(default_factory=dict)
    messages: list[TelegramMessage] = field(default_factory=list)


@dataclass
class Webhook:
    """Where updates are posted to, and what went wrong last."""

    url: str
    secret_token: str = ""
    max_connections: int = 40
    last_error_at: int | None = None
    last_error: str = ""


_UNREACHABLE = {
    "blocked": "Forbidden: bot was blocked by the user",
    "deactivated": "Forbidden: user is deactivated",
    "not_started": "Forbidden: bot can't initiate conversation with a user",
}


class TelegramWorld(FakeServer):
    """The state of the fake and the ways to set it up."""

    SENDING = frozenset(
        {
            "sendMessage",
            "sendPhoto",
            "sendDocument",
            "sendVoice",
            "sendAudio",
            "sendVideo",
            "sendAnimation",
            "sendMediaGroup",
        }
    )
    TWISTS = frozenset({"duplicate", "reorder"})

    def __init__(
        self,
        clock: Clock = time.time,
        *,
        token: str = "4242:TEST",
        username: str = "rapport_bot",
        privacy: bool = True,
    ) -> None:
        """`privacy` is the group privacy mode of BotFather, on unless switched off there."""
        super().__init__(clock)
        self.token, self.username, self.privacy = token, username, privacy
        self.bot_id = int(token.partition(":")[0])
        self.allowed: list[str] = [f"@{username}"]
        self.users: dict[int, Json] = {}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, Json] = {}
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.callbacks: dict[str, Json] = {}
        self.inline_queries: dict[str, Json] = {}
        self.actions: list[Json] = []
        self.updates: list[Json] = []
        self.allowed_updates: frozenset[str] | None = None
        self.webhook: Webhook | None = None
        self.arrived = asyncio.Event()
        self._update_ids = itertools.count(700_000_001)
        self._numbers = itertools.count(1)
        me = {"id": self.bot_id, "is_bot": True, "first_name": "Rapport", "username": username}
        self.users[self.bot_id] = me

    @property
    def base_url(self) -> str:
        """What goes into `[telegram] api_base_url`; methods are at {base_url}/bot{token}/."""
        return self.origin

    def add_user(
        self,
        user: int,
        first_name: str = "",
        *,
        username: str = "",
        language_code: str = "en",
        started: bool = True,
    ) -> int:
        """Add a person and the private chat with them; unless `started` we may not write first."""
        with self.changed:
            name = first_name or f"User{user}"
            facts: Json = {"id": user, "is_bot": False, "first_name": name}
            facts["language_code"] = language_code
            if username:
                facts["username"] = username
            self.users[user] = facts
            members = {user: "member", self.bot_id: "member"}
            state = "" if started else "not_started"
            self.chats[user] = Chat(user, "private", name, state=state, members=members)
        return user

    def add_chat(
        self,
        chat: int,
        title: str = "",
        *,
        members: tuple[int, ...] = (),
        forum: bool = False,
        bot: str = "member",
    ) -> int:
        """Add a group (a supergroup when its id begins with -100); `bot` is our status in it."""
        with self.changed:
            kind = "supergroup" if str(chat).startswith("-100") else "group"
            everyone = dict.fromkeys(members, "member") | {self.bot_id: bot}
            self.chats[chat] = Chat(chat, kind, title or f"Chat {chat}", forum, members=everyone)
        return chat

    def messages(self, chat: int, *, topic: int | None = None) -> list[TelegramMessage]:
        """Return copies of the live messages of a chat, oldest first, or of one topic."""
        with self.changed:
            found = copy.deepcopy(self.chats[chat].messages)
        return found if topic is None else [m for m in found if m.topic == topic]

    @property
    def pending(self) -> int:
        """How many updates wait to be fetched or posted."""
        with self.changed:
            return len(self.updates)

    def queue(self, kind: str, body: Json) -> Json | None:
        """Queue an update of a kind, unless allowed_updates leaves the kind out; return it."""
        with self.changed:
            wanted = self.allowed_updates
            if kind not in wanted if wanted is not None else kind in DEFAULT_LEFT_OUT:
                return None
            update: Json = {"update_id": next(self._update_ids), kind: copy.deepcopy(body)}
            self.updates.append(update)
            self.changed.notify_all()
        self.wake()
        return copy.deepcopy(update)

    # For the siblings ----------------------------------------------------------------------

    def wake(self) -> None:
        """Tell waiting polls and the webhook that something happened."""
        self._loop.call_soon_threadsafe(self.arrived.set)

    def number(self) -> int:
        """Return a number not given before."""
        return next(self._numbers)

    def now(self) -> int:
        """Return the time in whole seconds."""
        return int(self.clock())

    def reach(self, chat_id: Any) -> Chat:
        """Return a chat we may write to, or refuse as the Bot API does."""
        if chat_id in {None, ""}:
            refuse("Bad Request: chat_id is empty")
        try:
            chat = self.chats.get(int(chat_id))
        except ValueError:
            chat = None
        if chat is None:
            refuse("Bad Request: chat not found")
        if chat.migrated_to is not None:
            refuse(
                "Bad Request: group chat was upgraded to a supergroup chat",
                parameters={"migrate_to_chat_id": chat.migrated_to},
            )
        if chat.state == "kicked":
            refuse(f"Forbidden: bot was kicked from the {chat.kind} chat", code=403)
        if chat.state:
            refuse(_UNREACHABLE[chat.state], code=403)
        return chat

    def find_message(self, chat: Chat, message_id: Any, doing: str) -> TelegramMessage:
        """Return a live message, or refuse: "message to edit not found"."""
        for message in chat.messages:
            if str(message.message_id) == str(message_id):
                return message
        return refuse(f"Bad Request: message to {doing} not found")

    def keep(self, chat: Chat, **facts: Any) -> TelegramMessage:
        """Put a message into a chat and return it."""
        facts.setdefault("user", self.bot_id)
        number = self.number()
        message = TelegramMessage(chat.id, number, self.now(), **facts)
        chat.messages.append(message)
        return message

    def watch(self, method: str, text: str, entities: list[Json]) -> None:
        """Record a violation for everything in a text of ours that would call somebody."""
        for hit in live_mentions(text, entities, self.allowed):
            self.violate(f"{method}: live mention {hit}")

    def chat_dict(self, chat: Chat) -> Json:
        """Return a chat as messages carry it."""
        if chat.kind == "private":
            person = self.users[chat.id]
            shown = ("first_name", "username")
            return {"id": chat.id, "type": "private"} | {k: person[k] for k in shown if k in person}
        described: Json = {"id": chat.id, "type": chat.kind, "title": chat.title}
        return {**described, "is_forum": True} if chat.forum else described

    def message_dict(self, message: TelegramMessage) -> Json:
        """Return a message as the Bot API sends it."""
        found: Json = {
            "message_id": message.message_id,
            "date": message.date,
            "chat": self.chat_dict(self.chats[message.chat]),
            "from": self.users[message.user],
        }
        words = ("text", "entities") if message.kind == "text" else ("caption", "caption_entities")
        for name, value in zip(words, (message.text, message.entities), strict=True):
            if value:
                found[name] = value
        if message.topic is not None:
            found |= {"message_thread_id": message.topic, "is_topic_message": True}
        if message.edited_at is not None:
            found["edit_date"] = message.edited_at
        if (message.markup or {}).get("inline_keyboard"):
            found["reply_markup"] = message.markup
        return copy.deepcopy(found | self._parts(message))

    def _parts(self, message: TelegramMessage) -> Json:
        parts: Json = {}
        if message.file is not None:
            file = self.files[message.file]
            shown = {k: file[k] for k in ("file_id", "file_unique_id", "file_size")}
            if message.kind == "photo":
                parts["photo"] = [{**shown, "width": 640, "height": 480}]
            else:
                shown |= {"mime_type": file["mime_type"]}
                if message.kind in {"voice", "audio", "video", "animation"}:
                    shown["duration"] = 1
                if message.kind in {"video", "animation"}:
                    shown |= {"width": 640, "height": 480}
                if message.kind != "voice":
                    shown["file_name"] = file["file_name"]
                parts[message.kind] = shown
                if message.kind == "animation":
                    parts["document"] = shown
        if message.album:
            parts["media_group_id"] = message.album
        replied = [m for m in self.chats[message.chat].messages if m.message_id == message.reply_to]
        if replied:
            parts["reply_to_message"] = self.message_dict(replied[0])
        return parts


def nested(params: Json, name: str) -> Any:
    """Return an argument that is JSON, read from its text where it came as a form field."""
    value = params.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        refuse(f"Bad Request: can't parse {name} JSON object")


def whole(params: Json, name: str, default: int = 0) -> int:
    """Return an argument that is a whole number."""
    value = params.get(name)
    if value in {None, ""}:
        return default
    try:
        return int(str(value))
    except ValueError:
        refuse(f"Bad Request: invalid {name} specified")


def flag(params: Json, name: str) -> bool:
    """Return an argument that is true or false."""
    return params.get(name) in {True, "true", "True", "1"}
