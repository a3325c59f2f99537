"""The manifest keeps Slack's limits and asks for what the code calls, no more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import bot
from bot.slack.manifest import SCOPES
from tests.cli.program import Program

# What each Web API method needs (https://docs.slack.dev/reference/methods); any one of a group is
# needed per kind of conversation, so all of them are.
NEEDS = {
    "auth_test": set(),
    "views_open": set(),
    "apps_connections_open": set(),
    "chat_postMessage": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_update": {"chat:write"},
    "chat_delete": {"chat:write"},
    "conversations_open": {"im:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations_replies": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations_info": {"channels:read", "groups:read"},
    "files_upload_v2": {"files:write"},
    "users_info": {"users:read", "users:read.email"},
}
EVENTS = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
}


def manifest(rapport: Program, more: str = "") -> dict[str, Any]:
    """The manifest that the command prints."""
    rapport.configure(more)
    done = rapport("slack-manifest")
    assert (done.code, done.err) == (0, "")
    made: dict[str, Any] = json.loads(done.out)
    return made


def test_over_a_socket_no_address_is_needed(rapport: Program) -> None:
    made = manifest(rapport)
    assert made["settings"]["socket_mode_enabled"] is True
    assert "url" not in json.dumps(made)


def test_over_http_every_address_is_the_one_that_is_served(rapport: Program) -> None:
    made = manifest(rapport, '[slack]\nmode = "http"\ncommands = ["crm", "deal"]')
    addresses = set(re.findall(r"https://[^\"]*", json.dumps(made)))
    assert addresses == {"https://YOUR-HOST/slack/events"}
    assert made["settings"]["socket_mode_enabled"] is False
    first, second = made["features"]["slash_commands"]
    assert (first["command"], second["command"]) == ("/crm", "/deal")
    assert "deal" in first["usage_hint"]
    assert "move" in second["usage_hint"]


def test_a_direct_message_can_be_written(rapport: Program) -> None:
    home = manifest(rapport)["features"]["app_home"]
    assert home["messages_tab_enabled"] is True
    assert home["messages_tab_read_only_enabled"] is False


@pytest.mark.parametrize("count", [1, 50])
def test_the_published_limits_are_kept(rapport: Program, count: int) -> None:
    names = ", ".join(f'"{"x" * 28}{n}"' for n in range(count))
    made = manifest(rapport, f'[slack]\nmode = "http"\ncommands = [{names}]')
    assert len(made["display_information"]["name"]) <= 35
    assert len(made["display_information"]["description"]) <= 140
    assert len(made["features"]["bot_user"]["display_name"]) <= 80
    assert len(made["features"]["slash_commands"]) <= 50
    for command in made["features"]["slash_commands"]:
        assert len(command["command"]) <= 32
        assert 0 < len(command["description"]) <= 2_000
        assert 0 < len(command["usage_hint"]) <= 1_000
    assert len(made["oauth_config"]["scopes"]["bot"]) <= 255
    assert len(made["settings"]["event_subscriptions"]["bot_events"]) <= 100


def test_exactly_the_scopes_are_asked_for_that_calls_and_events_need(rapport: Program) -> None:
    made = manifest(rapport)
    events = made["settings"]["event_subscriptions"]["bot_events"]
    files = [*Path(bot.__file__).parent.rglob("slack/*.py")]
    files.append(Path(bot.__file__).parent / "cli" / "platform_checks.py")
    called = {
        name
        for file in files
        for name in re.findall(r"client\.([a-z]+_\w+)\(", file.read_text(encoding="utf-8"))
    }
    needed = {"commands", *(EVENTS[event] for event in events)}
    needed = needed.union(*(NEEDS[name] for name in called))
    assert set(made["oauth_config"]["scopes"]["bot"]) == needed == set(SCOPES)
