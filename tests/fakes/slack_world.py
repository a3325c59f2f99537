"""The workspace behind the Slack fake: people, channels, messages, files, views, triggers.

The methods that change it through the Web API live in the sibling slack_… modules.
"""

from __future__ import annotations

import copy
import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

from .server import Clock, FakeServer, Json, refuse
from .slack_limits import live_markup, shown_texts

TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60
RESPONSE_URL_USES = 5

Method = Callable[[Any, Json], Json]
M = TypeVar("M", bound=Callable[..., Json])


def api(name: str, *, form_only: bool = False, app_token: bool = False) -> Callable[[M], M]:
    """Mark a method of the fake as the Web API method `name`."""

    def mark(method: M) -> M:
        method.api = (name, form_only, app_token)  # type: ignore[attr-defined]
        return method

    return mark


def usable(block: Json) -> list[Json]:
    """Return the elements of a block that a person can use."""
    inside = block.get("elements", []) if block["type"] == "actions" else []
    elements = [*inside, block.get("accessory"), block.get("element")]
    return [e for e in elements if isinstance(e, dict) and e.get("type") != "image"]


@dataclass
class Message:
    """One message as it stands; `for_user` is set on ephemeral ones, the only reader they have."""

    ts: str
    channel: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: Json | None = None
    edited: Json | None = None
    ephemeral: bool = False
    for_user: str | None = None
    files: list[Json] = field(default_factory=list)
    reactions: list[tuple[str, str]] = field(default_factory=list)
    bot_id: str | None = None
    broadcast: bool = False
    by: str = ""

    @property
    def shown(self) -> str:
        """What a person reads, one text a line, with Slack's three entities read."""
        text = "\n".join(shown_texts(self.text, self.blocks))
        return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")

    @property
    def elements(self) -> list[tuple[str, Json]]:
        """The interactive elements in order, each with its block_id."""
        return [(block["block_id"], element) for block in self.blocks for element in usable(block)]

    @property
    def buttons(self) -> list[str]:
        """The labels of the buttons, in order."""
        return [e["text"]["text"] for _, e in self.elements if e["type"] == "button"]

    def as_api(self, *, all_metadata: bool = False) -> Json:
        """Return it as conversations.history does.

        Slack leaves out the metadata's event_payload unless include_all_metadata is asked for.
        """
        found: Json = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts}
        optional = ("bot_id", "blocks", "attachments", "thread_ts", "edited", "files")
        found |= {name: value for name in optional if (value := getattr(self, name))}
        if self.metadata:
            kind = {"event_type": self.metadata["event_type"]}
            found["metadata"] = self.metadata if all_metadata else kind
        return copy.deepcopy(found)


@dataclass
class Channel:
    """A conversation; `kind` is channel, group (private) or im."""

    id: str
    name: str
    kind: str = "channel"
    members: list[str] = field(default_factory=list)
    archived: bool = False
    shared: bool = False
    messages: list[Message] = field(default_factory=list)


@dataclass
class Trigger:
    """Permission to open a modal for a person, for three seconds, once."""

    user: str
    made_at: float
    used: bool = False


@dataclass
class ResponseUrl:
    """What a response_url is bound to, and how often it was used."""

    channel: str
    user: str
    made_at: float
    message_ts: str | None = None
    uses: int = 0


class SlackWorld(FakeServer):
    """The state of the fake workspace and the ways to set it up."""

    SENDING = frozenset({"chat.postMessage", "chat.postEphemeral", "files.completeUploadExternal"})

    def __init__(
        self,
        clock: Clock = time.time,
        *,
        bot_token: str = "xoxb-test",
        app_token: str = "xapp-test",
        signing_secret: str = "signing-secret",
    ) -> None:
        """Make an empty workspace T0TEAM with our app A0APP, whose bot user is U0BOT."""
        super().__init__(clock)
        self.bot_token = bot_token
        self.app_token = app_token
        self.signing_secret = signing_secret
        self.trigger_seconds = TRIGGER_SECONDS
        self.team_id, self.app_id, self.bot_user, self.bot_id = "T0TEAM", "A0APP", "U0BOT", "B0BOT"
        self.allowed: list[str] = []
        self.users: dict[str, Json] = {}
        self.channels: dict[str, Channel] = {}
        self.views: list[Json] = []
        self.homes: dict[str, Json] = {}
        self.files: dict[str, Json] = {}
        self.unfurls: list[Json] = []
        self.assistant: dict[tuple[str, str], Json] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self._numbers = itertools.count(1)
        self._last_ts = 0
        self._add_user(self.bot_user, "rapport", is_bot=True)

    @property
    def base_url(self) -> str:
        """What goes into `[slack] api_base_url` or a client's base_url."""
        return f"{self.origin}/api/"

    def add_user(
        self, user: str, name: str = "", *, email: str = "", tz: str = "UTC", locale: str = "en-US"
    ) -> str:
        """Add a person, with e-mail, IANA time zone and locale as users.info shows them."""
        with self.changed:
            self._add_user(user, name or user.lower(), email=email, tz=tz, locale=locale)
        return user

    def make_guest(self, user: str) -> None:
        """Let a person into single channels only."""
        with self.changed:
            self.users[user]["is_restricted"] = True

    def _add_user(self, user: str, name: str, *, is_bot: bool = False, **facts: str) -> None:
        profile = {"real_name": name, "display_name": name, "email": facts.get("email", "")}
        self.users[user] = {
            "id": user,
            "team_id": self.team_id,
            "name": name,
            "real_name": name,
            "deleted": False,
            "is_bot": is_bot,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "tz": facts.get("tz", "UTC"),
            "tz_label": facts.get("tz", "UTC"),
            "tz_offset": 0,
            "locale": facts.get("locale", "en-US"),
            "profile": profile,
        }

    def add_channel(
        self,
        channel: str,
        name: str = "",
        *,
        members: tuple[str, ...] = (),
        private: bool = False,
        bot: bool = True,
        archived: bool = False,
        shared: bool = False,
    ) -> str:
        """Add a channel with these members, and our bot unless `bot` is false.

        A `shared` one has people of another company in it (Slack Connect).
        """
        with self.changed:
            everyone = [*members, self.bot_user] if bot else list(members)
            kind = "group" if private else "channel"
            self.channels[channel] = Channel(
                channel, name or channel.lower(), kind, everyone, archived, shared
            )
        return channel

    def dm(self, user: str) -> str:
        """Return the id of the direct message channel between the bot and a person."""
        with self.changed:
            self.person(user)
            channel = f"D{user[1:]}"
            if channel not in self.channels:
                self.channels[channel] = Channel(channel, user, "im", [user, self.bot_user])
            return channel

    def messages(self, channel: str, *, thread_ts: str | None = None) -> list[Message]:
        """Return copies of the live messages of a channel, oldest first, or of one thread."""
        with self.changed:
            found = copy.deepcopy(self.channels[channel].messages)
        if thread_ts is None:
            return found
        return [message for message in found if thread_ts in {message.ts, message.thread_ts}]

    def trigger(self, user: str) -> str:
        """Return a fresh trigger_id for a person."""
        with self.changed:
            name = f"{self.number()}.{self.number()}.{secrets.token_hex(8)}"
            self.triggers[name] = Trigger(user, self.clock())
            return name

    def response_url(self, channel: str, user: str, message_ts: str | None = None) -> str:
        """Return a fresh response_url bound to a channel, a person and perhaps a message."""
        with self.changed:
            key = f"{self.team_id}/{self.number()}/{secrets.token_hex(8)}"
            self.response_urls[key] = ResponseUrl(channel, user, self.clock(), message_ts)
            return f"{self.origin}/commands/{key}"

    # For the siblings ----------------------------------------------------------------------

    def number(self) -> int:
        """Return a number not given before."""
        return next(self._numbers)

    def stamp(self) -> str:
        """Return a message timestamp: the clock, made unique and rising."""
        micros = max(int(self.clock() * 1_000_000), self._last_ts + 1)
        self._last_ts = micros
        return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"

    def person(self, user: Any, error: str = "user_not_found") -> Json:
        """Return a known user, or refuse."""
        if not isinstance(user, str) or user not in self.users:
            refuse(error)
        return self.users[user]

    def open_channel(self, channel: Any, *, posting: bool = False) -> Channel:
        """Return a channel our bot may read, or post to, or refuse as Slack does."""
        if posting and isinstance(channel, str) and channel in self.users:
            channel = self.dm(channel)
        found = self.channels.get(channel) if isinstance(channel, str) else None
        if found is None:
            refuse("channel_not_found")
        if self.bot_user not in found.members:
            refuse("channel_not_found" if found.kind == "group" else "not_in_channel")
        if posting and found.archived:
            refuse("is_archived")
        return found

    def find_message(self, channel: Channel, ts: Any) -> Message:
        """Return a message that is no ephemeral one, or refuse."""
        for message in channel.messages:
            if message.ts == ts and not message.ephemeral:
                return message
        return refuse("message_not_found")

    def use_trigger(self, name: Any) -> str:
        """Return the person of a trigger_id and use it up, or refuse."""
        trigger = self.triggers.get(name) if isinstance(name, str) else None
        if trigger is None:
            refuse("invalid_trigger_id")
        if trigger.used:
            refuse("exchanged_trigger_id")
        if self.clock() - trigger.made_at > self.trigger_seconds:
            refuse("expired_trigger_id")
        trigger.used = True
        return trigger.user

    def watch(self, where: str, params: Json) -> None:
        """Record a violation for every live mention or link in what we are sending."""
        for hit in live_markup(params, self.allowed):
            self.violate(f"{where}: live markup <{hit}>")

    def post(self, channel: Channel, params: Json, **facts: Any) -> Message:
        """Put a message of our bot into a channel; the limits were checked before."""
        message = Message(
            ts=self.stamp(),
            channel=channel.id,
            user=self.bot_user,
            bot_id=self.bot_id,
            by=self.app_id,
            text=params.get("text") or params.get("markdown_text") or "",
            blocks=self.with_ids(params.get("blocks")),
            attachments=copy.deepcopy(params.get("attachments") or []),
            **facts,
        )
        channel.messages.append(message)
        return message

    def with_ids(self, blocks: Any) -> list[Json]:
        """Return a copy of blocks in which every block and element has its id, as Slack gives."""
        found: list[Json] = copy.deepcopy(blocks or [])
        for block in found:
            block.setdefault("block_id", f"b{self.number()}")
            for element in usable(block):
                element.setdefault("action_id", f"a{self.number()}")
        return found


def answer_ok(**facts: Any) -> Json:
    """Return an ok answer."""
    return {"ok": True, **facts}


def as_response(body: Json) -> web.Response:
    """Return a Web API answer, always with status 200."""
    return web.json_response(body)
