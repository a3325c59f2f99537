"""What Slack refuses in a manifest: the rules of its published schema for the parts that we use.

The schema is https://github.com/slackapi/manifest-schema (version 2.0.0, November 2026). What has no rule here is
unknown to it, and refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

URL = r"^https?://"


@dataclass(frozen=True)
class Text:
    """A string of so many characters that matches a pattern."""

    most: int
    least: int = 1
    pattern: str = ""

    def wrong(self, value: Any, where: str) -> Iterator[str]:
        """Yield what is wrong."""
        if not isinstance(value, str):
            yield f"{where}: is no string"
        elif not self.least <= len(value) <= self.most:
            yield f"{where}: has {len(value)} characters"
        elif not re.search(self.pattern, value):
            yield f"{where}: does not match {self.pattern}"


@dataclass(frozen=True)
class Switch:
    """True or false."""

    def wrong(self, value: Any, where: str) -> Iterator[str]:
        """Yield what is wrong."""
        if not isinstance(value, bool):
            yield f"{where}: is neither true nor false"


@dataclass(frozen=True)
class Number:
    """A whole number in a range."""

    least: int
    most: int

    def wrong(self, value: Any, where: str) -> Iterator[str]:
        """Yield what is wrong."""
        if type(value) is not int or not self.least <= value <= self.most:
            yield f"{where}: is no number from {self.least} to {self.most}"


@dataclass(frozen=True)
class Many:
    """A list of so many things, each once."""

    of: Any
    most: int
    least: int = 0

    def wrong(self, value: Any, where: str) -> Iterator[str]:
        """Yield what is wrong."""
        if not isinstance(value, list) or not self.least <= len(value) <= self.most:
            yield f"{where}: must be a list of {self.least} to {self.most}"
            return
        if len({str(one) for one in value}) < len(value):
            yield f"{where}: holds something twice"
        for place, one in enumerate(value):
            yield from self.of.wrong(one, f"{where}/{place}")


@dataclass(frozen=True)
class Group:
    """An object with these members and no others."""

    members: Mapping[str, Any]
    required: tuple[str, ...] = ()

    def wrong(self, value: Any, where: str) -> Iterator[str]:
        """Yield what is wrong."""
        if not isinstance(value, dict):
            yield f"{where}: is no object"
            return
        yield from (f"{where}: lacks {name}" for name in self.required if name not in value)
        for name, inner in value.items():
            if name not in self.members:
                yield f"{where}/{name}: is unknown"
            else:
                yield from self.members[name].wrong(inner, f"{where}/{name}")


_HOME = ("home_tab_enabled", "messages_tab_enabled", "messages_tab_read_only_enabled")
_SHORTCUT = Group(
    {
        "name": Text(24),
        "type": Text(7, pattern="^(message|global)$"),
        "callback_id": Text(255),
        "description": Text(150),
    },
    ("name", "type", "callback_id", "description"),
)
_COMMAND = Group(
    {
        "command": Text(32, 2, "^/"),
        "url": Text(3_000, pattern=URL),
        "description": Text(2_000),
        "usage_hint": Text(1_000),
        "should_escape": Switch(),
    },
    ("command", "description"),
)
_PROMPT = Group({"title": Text(255), "message": Text(1_000)}, ("title", "message"))
_FEATURES = Group(
    {
        "agent_view": Group(
            {"agent_description": Text(300), "suggested_prompts": Many(_PROMPT, 4)},
            ("agent_description",),
        ),
        "app_home": Group({name: Switch() for name in _HOME}),
        "bot_user": Group({"display_name": Text(80), "always_online": Switch()}, ("display_name",)),
        "shortcuts": Many(_SHORTCUT, 10, 1),
        "slash_commands": Many(_COMMAND, 50, 1),
        "unfurl_domains": Many(Text(255, pattern=r"^(?![.-])[-a-z0-9.]+[a-z0-9]$"), 5, 1),
    }
)
_SETTINGS = Group(
    {
        "event_subscriptions": Group(
            {"request_url": Text(3_500, pattern=URL), "bot_events": Many(Text(50), 100)}
        ),
        "interactivity": Group(
            {
                "is_enabled": Switch(),
                "request_url": Text(3_500, pattern=URL),
                "message_menu_options_url": Text(3_500, pattern=URL),
            },
            ("is_enabled",),
        ),
        "org_deploy_enabled": Switch(),
        "socket_mode_enabled": Switch(),
        "token_rotation_enabled": Switch(),
    }
)
_MANIFEST = Group(
    {
        "_metadata": Group({"major_version": Number(2, 2), "minor_version": Number(0, 1)}),
        "display_information": Group({"name": Text(35), "description": Text(140)}, ("name",)),
        "features": _FEATURES,
        "oauth_config": Group({"scopes": Group({"bot": Many(Text(50), 255)})}),
        "settings": _SETTINGS,
    },
    ("_metadata", "display_information"),
)


def problems(manifest: Any) -> list[str]:
    """Return what Slack would refuse in a manifest."""
    return list(_MANIFEST.wrong(manifest, ""))
