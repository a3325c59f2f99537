"""The manifest keeps Slack's limits and asks for what the code calls, no more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import bot
from bot.slack.events import MADE
from bot.slack.manifest import SCOPES
from tests.cli.program import Program
from tests.fakes.slack_manifest import problems

# What each Web API method needs (https://docs.slack.dev/reference/methods); any one of a group is
# needed per kind of conversation, so all of them are.
NEEDS: dict[str, set[str]] = {
    "auth_test": set(),
    "views_open": set(),
    "views_update": set(),
    "views_publish": set(),
    "chat_unfurl": {"links:write"},
    "apps_connections_open": set(),
    "chat_postMessage": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_update": {"chat:write"},
    "chat_delete": {"chat:write"},
    "conversations_open": {"im:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations_replies": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations_info": {"channels:read", "groups:read", "mpim:read"},
    "files_upload_v2": {"files:write"},
    "users_info": {"users:read", "users:read.email"},
    "users_list": {"users:read"},
    "conversations_members": {"channels:read", "groups:read", "mpim:read"},
    "assistant_threads_setStatus": {"chat:write"},
    "assistant_threads_setSuggestedPrompts": {"assistant:write"},
}
KINDS = ("channels", "groups", "im", "mpim")
EVENTS: dict[str, set[str]] = {
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "link_shared": {"links:read"},
    "reaction_added": {"reactions:read"},
    **{f"message.{kind}": {f"{kind}:history"} for kind in KINDS},
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


OFF = "[slack]\nhome = false\nshortcuts = false\n"
ON = """[slack]
agent = true
reactions = { ticket = "ticket" }
link_domain = "crm.example.com"
preview_channels = ["C0123ABCD"]
"""


@pytest.mark.parametrize("mode", ["socket", "http"])
@pytest.mark.parametrize("features", [OFF, "[slack]\n", ON])
@pytest.mark.parametrize("count", [1, 50])
def test_slack_takes_it(rapport: Program, mode: str, features: str, count: int) -> None:
    names = ", ".join(f'"{"x" * 28}{n}"' for n in range(count))
    made = manifest(rapport, f'{features}mode = "{mode}"\ncommands = [{names}]')
    assert problems(made) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"features": {"shortcuts": []}}, "/features/shortcuts"),
        ({"features": {"unfurl_domains": ["CRM.example"]}}, "/features/unfurl_domains/0"),
        ({"oauth_config": {"scopes": {"bot": ["a", "a"]}}}, "/oauth_config/scopes/bot"),
        ({"settings": {"interactivity": {}}}, "/settings/interactivity"),
        ({"more": 1}, "/more"),
        ({"display_information": {"name": "x" * 36}}, "/display_information/name"),
    ],
)
def test_what_slack_does_not_take_is_seen(
    rapport: Program, change: dict[str, Any], told: str
) -> None:
    (problem,) = problems({**manifest(rapport), **change})
    assert problem.startswith(told)


def called() -> set[str]:
    """The Web API methods that the code calls."""
    files = [*Path(bot.__file__).parent.rglob("slack/*.py")]
    files.append(Path(bot.__file__).parent / "cli" / "platform_checks.py")
    texts = [file.read_text(encoding="utf-8") for file in files]
    by_name = {name for text in texts for name in re.findall(r"client\.([a-z]+_\w+)\(", text)}
    by_text = {
        name
        for text in texts
        for name in re.findall(r'(?:_call|_try|_all|_ask)\(\s*"([a-zA-Z.]+)"', text)
    }
    return (by_name | {name.replace(".", "_") for name in by_text}) - {"api_call"}


def test_exactly_the_scopes_are_asked_for_that_calls_and_events_need(rapport: Program) -> None:
    made = manifest(rapport, ON)
    events = made["settings"]["event_subscriptions"]["bot_events"]
    needed = {"commands"}.union(*(EVENTS[event] for event in events))
    needed = needed.union(*(NEEDS[name] for name in called()))
    assert set(made["oauth_config"]["scopes"]["bot"]) == needed
    assert made["features"]["unfurl_domains"] == ["crm.example.com"]


def test_what_is_switched_off_is_not_asked_for(rapport: Program) -> None:
    made = manifest(rapport, OFF)
    events = made["settings"]["event_subscriptions"]["bot_events"]
    assert set(events) == {"app_mention", *(f"message.{kind}" for kind in KINDS)}
    assert set(made["oauth_config"]["scopes"]["bot"]) == set(SCOPES)
    assert made["features"]["app_home"]["home_tab_enabled"] is False
    assert not {"shortcuts", "unfurl_domains"} & set(made["features"])


def test_the_home_tab_needs_its_event_alone(rapport: Program) -> None:
    made = manifest(rapport)
    assert "app_home_opened" in made["settings"]["event_subscriptions"]["bot_events"]
    assert set(made["oauth_config"]["scopes"]["bot"]) == set(SCOPES)


def test_every_shortcut_of_the_manifest_does_something(rapport: Program) -> None:
    made = manifest(rapport)
    assert {each["callback_id"] for each in made["features"]["shortcuts"]} == set(MADE)
