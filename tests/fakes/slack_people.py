"""What people do in the Slack fake: type, mention, press, choose, submit.

Each method returns the payload that Slack would send; send it with `socket_send`, `http_send`
or `signed_request`. A person who could not do it (no such button, a required field left empty)
raises AssertionError.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from .server import Json, cannot
from .slack_files import SlackFiles
from .slack_socket import SlackSocket, kind_of
from .slack_views import public_view
from .slack_world import Message, usable

_ENTITY = re.compile(r"&lt;([@#!][^&\s]*)&gt;")


class SlackPeople(SlackSocket, SlackFiles):
    """The people of the workspace."""

    def slash_command(self, user: str, channel: str, text: str = "", command: str = "/crm") -> Json:
        """Type a slash command; it leaves no message and cannot be typed in a thread."""
        with self.changed:
            self._member(user, channel)
            return {
                "token": "legacy",
                "team_id": self.team_id,
                "team_domain": "team",
                "channel_id": channel,
                "channel_name": self._channel_name(channel),
                "user_id": user,
                "user_name": self.users[user]["name"],
                "command": command,
                "text": text,
                "api_app_id": self.app_id,
                "is_enterprise_install": "false",
                "response_url": self.response_url(channel, user),
                "trigger_id": self.trigger(user),
            }

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Put a person's message into a channel and return it; sends nothing to the app."""
        with self.changed:
            self._member(user, channel)
            message = Message(self.stamp(), channel, user, encoded(text), thread_ts=thread_ts)
            self.channels[channel].messages.append(message)
            self.changed.notify_all()
            return copy.deepcopy(message)

    def message_event(self, message: Message, **more: Any) -> Json:
        """Return the `message` event of a message; twice for one message gives two event_ids."""
        kind = self.channels[message.channel].kind
        return self.event({**self._inner(message, "message"), "channel_type": kind, **more})

    def app_mention(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Json:
        """Say something to the bot in a channel, by mentioning it first."""
        message = self.say(user, channel, f"<@{self.bot_user}> {text}", thread_ts)
        return self.event(self._inner(message, "app_mention"))

    def direct_message(self, user: str, text: str, thread_ts: str | None = None) -> Json:
        """Say something to the bot in a direct message."""
        return self.message_event(self.say(user, self.dm(user), text, thread_ts))

    def thread_reply(self, message: Message, user: str, text: str) -> Json:
        """Reply in the thread of a message."""
        parent = message.thread_ts or message.ts
        return self.message_event(self.say(user, message.channel, text, parent))

    def file_message(
        self, user: str, channel: str, name: str, content: bytes, text: str = ""
    ) -> Json:
        """Send a file, with a text perhaps; its bytes are downloaded with our token."""
        with self.changed:
            message = self.say(user, channel, text)
            file = self.attach_file(user, name, content)
            self.channels[channel].messages[-1].files.append(file)
        return self.message_event(message, subtype="file_share", files=[file])

    def link_shared(self, user: str, channel: str, *urls: str) -> Json:
        """Post links of a domain that we unfurl."""
        message = self.say(user, channel, " ".join(urls))
        links = [{"domain": url.split("/")[2], "url": url} for url in urls]
        inner: Json = {"type": "link_shared", "user": user, "channel": channel, "links": links}
        return self.event({**inner, "message_ts": message.ts, "event_ts": message.ts})

    def react(self, user: str, message: Message, emoji: str) -> Json:
        """Put an emoji under a message."""
        with self.changed:
            self._member(user, message.channel)
            self.find_message(self.channels[message.channel], message.ts).reactions.append(
                (emoji, user)
            )
        item = {"type": "message", "channel": message.channel, "ts": message.ts}
        inner: Json = {"type": "reaction_added", "user": user, "reaction": emoji, "item": item}
        return self.event({**inner, "item_user": message.user, "event_ts": self.stamp()})

    def app_home_opened(self, user: str, tab: str = "home") -> Json:
        """Open the app's home or messages tab."""
        inner: Json = {"type": "app_home_opened", "user": user, "tab": tab}
        if user in self.homes:
            inner["view"] = public_view(self.homes[user])
        return self.event({**inner, "channel": self.dm(user), "event_ts": self.stamp()})

    def event(self, inner: Json) -> Json:
        """Wrap an inner event as the Events API does, with a new event_id."""
        with self.changed:
            team = {"team_id": self.team_id, "user_id": self.bot_user, "is_bot": True}
            place = inner.get("channel") or (inner.get("item") or {}).get("channel")
            channel = self.channels.get(str(place))
            return {
                "type": "event_callback",
                "token": "legacy",
                "team_id": self.team_id,
                "api_app_id": self.app_id,
                "event": inner,
                "event_id": f"Ev{self.number():010d}",
                "event_time": int(self.clock()),
                "authorizations": [{**team, "is_enterprise_install": False}],
                "is_ext_shared_channel": channel is not None and channel.shared,
            }

    def button_press(self, shown: Message | Json, button: str | int, user: str) -> Json:
        """Press a button of a message or view, named by label, action_id or place from 0."""
        block_id, element = _find(shown, button, {"button"})
        pressed = {"text": element["text"]}
        if "value" in element:
            pressed["value"] = element["value"]
        return self._action(shown, user, block_id, element, pressed)

    def select_option(self, shown: Message | Json, menu: str | int, choice: Any, user: str) -> Json:
        """Choose in a menu, date or person field; an option is named by its label or value."""
        block_id, element = _find(shown, menu, None)
        chosen = _state(element, choice)
        return self._action(shown, user, block_id, element, chosen)

    def type_ahead(self, shown: Message | Json, menu: str | int, typed: str, user: str) -> Json:
        """Type into an external_select; the ack carries the options."""
        block_id, element = _find(shown, menu, {"external_select", "multi_external_select"})
        if len(typed) < element.get("min_query_length", 3):
            cannot("Slack asks only from min_query_length letters on")
        facts = {"action_id": element["action_id"], "block_id": block_id, "value": typed}
        return {**self._interaction("block_suggestion", user), **self._where(shown), **facts}

    def view_submission(self, view: Json, values: Mapping[str, Any], user: str) -> Json:
        """Fill in and submit a modal; fields are named by block_id, action_id or label."""
        with self.changed:
            shown = next(v for v in self.views if v["id"] == view["id"])
            if not shown["open"] or shown["user"] != user:
                cannot("this person does not have this modal open")
            sent = {**public_view(shown), "state": {"values": _filled(shown, values)}}
            return {**self._interaction("view_submission", user), "view": sent, "response_urls": []}

    def view_closed(self, view: Json, user: str, *, cleared: bool = False) -> Json:
        """Close a modal without submitting it."""
        with self.changed:
            shown = next(v for v in self.views if v["id"] == view["id"])
            shown["open"] = False
            payload = self._interaction("view_closed", user)
            del payload["trigger_id"]
            return {**payload, "view": public_view(shown), "is_cleared": cleared}

    def message_shortcut(self, message: Message, user: str, callback_id: str = "crm") -> Json:
        """Use our shortcut on a message."""
        payload = self._interaction("message_action", user)
        payload |= {"callback_id": callback_id, "message": message.as_api()}
        payload["action_ts"] = self.stamp()
        payload |= {"channel": self._named(message.channel), "message_ts": message.ts}
        payload["response_url"] = self.response_url(message.channel, user)
        return payload

    def global_shortcut(self, user: str, callback_id: str = "crm") -> Json:
        """Use our shortcut outside any message; it has no response_url."""
        used = {"callback_id": callback_id, "action_ts": self.stamp()}
        return {**self._interaction("shortcut", user), **used}

    def signed_request(
        self, payload: Json | str | bytes, *, at: float | None = None, secret: str | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Return the headers and body with which Slack sends a payload to an HTTP endpoint.

        A str or bytes is signed as it is, as a form. `at` (seconds) and `secret` replace the
        clock and the true signing secret, to forge.
        """
        kind, body = "application/x-www-form-urlencoded", payload
        if isinstance(payload, dict):
            kind, body = _wired(payload)
        raw = body if isinstance(body, bytes) else str(body).encode()
        stamp = str(int(self.clock() if at is None else at))
        key = (secret or self.signing_secret).encode()
        digest = hmac.new(key, b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
        signature = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}
        return {"Content-Type": kind, **signature}, raw

    def http_send(
        self, url: str, payload: Json, *, retry: int = 0, timeout: float = 3.0
    ) -> tuple[int, str]:
        """Post a payload to the app and do with the answer what Slack does; blocks.

        Returns the status and body. `retry` 1..3 marks a redelivery. A status that is no 2xx,
        or silence beyond `timeout`, is returned or raised (OSError) and changes nothing.
        """
        headers, body = self.signed_request(payload)
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
        request = urllib.request.Request(url, body, headers, method="POST")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=timeout) as response:
                status, text = response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        is_json = text.startswith("{")
        self.acknowledge(payload, json.loads(text) if is_json else text)
        return status, text

    def _member(self, user: str, channel: str) -> None:
        if channel not in self.channels or user not in self.users:
            cannot(f"add_user({user!r}) and add_channel({channel!r}) first")
        if user not in self.channels[channel].members:
            cannot(f"{user} is no member of {channel}")

    def _channel_name(self, channel: str) -> str:
        found = self.channels[channel]
        private = {"im": "directmessage", "group": "privategroup"}
        return private.get(found.kind, found.name)

    def _named(self, channel: str) -> Json:
        return {"id": channel, "name": self._channel_name(channel)}

    def _inner(self, message: Message, kind: str) -> Json:
        parent = message.thread_ts and message.thread_ts != message.ts
        above = [m for m in self.channels[message.channel].messages if m.ts == message.thread_ts]
        return {
            **message.as_api(),
            **({"parent_user_id": above[0].user} if parent and above else {}),
            "type": kind,
            "channel": message.channel,
            "event_ts": message.ts,
            "team": self.team_id,
            "client_msg_id": f"msg-{message.channel}-{message.ts}",
        }

    def _interaction(self, kind: str, user: str) -> Json:
        with self.changed:
            name = self.person(user)["name"]
            return {
                "type": kind,
                "token": "legacy",
                "api_app_id": self.app_id,
                "team": {"id": self.team_id, "domain": "team"},
                "enterprise": None,
                "is_enterprise_install": False,
                "user": {"id": user, "name": name, "username": name, "team_id": self.team_id},
                "trigger_id": self.trigger(user),
            }

    def _where(self, shown: Message | Json) -> Json:
        if not isinstance(shown, Message):
            return {
                "container": {"type": "view", "view_id": shown["id"]},
                "view": public_view(shown),
            }
        container: Json = {"type": "message", "message_ts": shown.ts, "channel_id": shown.channel}
        container["is_ephemeral"] = shown.ephemeral
        if shown.thread_ts:
            container["thread_ts"] = shown.thread_ts
        found = {"container": container, "channel": self._named(shown.channel)}
        return found if shown.ephemeral else {**found, "message": shown.as_api()}

    def _action(
        self, shown: Message | Json, user: str, block_id: str, element: Json, done: Json
    ) -> Json:
        with self.changed:
            action = {"type": element["type"], "action_id": element["action_id"], **done}
            action |= {"block_id": block_id, "action_ts": self.stamp()}
            payload = {**self._interaction("block_actions", user), **self._where(shown)}
            payload |= {"state": {"values": {}}, "actions": [action]}
            if isinstance(shown, Message):
                if shown.ephemeral and shown.for_user != user:
                    cannot(f"{user} cannot see this message")
                payload["response_url"] = self.response_url(shown.channel, user, shown.ts)
            return payload


def encoded(text: str) -> str:
    """Return typed text as Slack sends it; mentions such as <@U1> stay as they are."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _ENTITY.sub(r"<\1>", text)


def _wired(payload: Json) -> tuple[str, str]:
    """Return the content type and body of a payload over HTTP."""
    kind = kind_of(payload)
    if kind == "events_api" or payload.get("type") == "url_verification":
        return "application/json", json.dumps(payload)
    form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return "application/x-www-form-urlencoded", urlencode(form)


def _elements(shown: Message | Json) -> Iterator[tuple[str, Json, str]]:
    """Yield the block_id, element and label of everything a person can use."""
    blocks = shown.blocks if isinstance(shown, Message) else shown["blocks"]
    for block in blocks:
        label = (block.get("label") or {}).get("text", "")
        for element in usable(block):
            text = element.get("text") or element.get("placeholder") or {}
            yield block["block_id"], element, label or text.get("text", "")


def _find(shown: Message | Json, name: str | int, kinds: set[str] | None) -> tuple[str, Json]:
    fitting = [item for item in _elements(shown) if kinds is None or item[1]["type"] in kinds]
    if isinstance(name, int) and -len(fitting) <= name < len(fitting):
        return fitting[name][:2]
    for block_id, element, label in fitting:
        if name in {label, element["action_id"]}:
            return block_id, element
    return cannot(f"no {name!r} among {[label for *_, label in fitting]}")


def _filled(view: Json, values: Mapping[str, Any]) -> Json:
    """Return state.values of a view filled in by a person."""
    filled: Json = {}
    unknown = set(values)
    for block_id, element, label in _elements(view):
        names = {block_id, element["action_id"], label} & unknown
        unknown -= names
        given = values[names.pop()] if names else None
        state = _state(element, given) if given is not None else _initial(element)
        filled.setdefault(block_id, {})[element["action_id"]] = {"type": element["type"], **state}
    if unknown:
        cannot(f"the modal has no field {sorted(unknown)}")
    for block in view["blocks"]:
        if block["type"] == "input" and not block.get("optional"):
            state = filled[block["block_id"]][block["element"]["action_id"]]
            if not any(value for key, value in state.items() if key != "type"):
                cannot(f"the field {block['label']['text']!r} is required")
    return filled


_KEYS = {
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}


def _key(element: Json) -> str:
    return _KEYS.get(element["type"], "value")


def _initial(element: Json) -> Json:
    key = _key(element)
    value = element.get(f"initial_{key.removeprefix('selected_')}")
    return {key: value if value is not None else ([] if key == "selected_options" else None)}


def _state(element: Json, given: Any) -> Json:
    """Return what Slack reports of an element in which a person chose or typed `given`."""
    key = _key(element)
    if key == "selected_option":
        return {key: _option(element, given)}
    if key == "selected_options":
        return {key: [_option(element, one) for one in given]}
    return {key: str(given) if key == "value" else given}


def _option(element: Json, given: Any) -> Json:
    if "external" in element["type"]:
        text = {"type": "plain_text", "text": str(given)}
        return dict(given) if isinstance(given, Mapping) else {"text": text, "value": str(given)}
    groups = [group["options"] for group in element.get("option_groups", [])]
    for option in sum(groups, list(element.get("options", []))):
        if given in {option["value"], option["text"]["text"]}:
            return dict(option)
    return cannot(f"{given!r} is no option of {element['action_id']}")
