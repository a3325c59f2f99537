"""What Slack has to know of the app: its commands, and the scopes and events that its features use.

The limits are those of https://docs.slack.dev/reference/app-manifest; nothing here calls Slack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.config import SlackConfig
from bot.slack import agent
from bot.visible import fit
from crm_store.models import Role
from handlers.command import commands
from handlers.wording import speaking

HOST = "https://YOUR-HOST"
PATH = "/slack/events"
_HINT, _DESCRIPTION = 1_000, 2_000
# Each scope with what needs it, so that none outlives its reason.
SCOPES: Mapping[str, str] = {
    "app_mentions:read": "lines that mention the bot in a channel",
    "channels:history": "replies in the bot's threads, and finding a message that may be there",
    "channels:read": "who else is in a channel; `rapport doctor`: is the bot in those of [routes]",
    "chat:write": "answers and messages",
    "commands": "slash commands and shortcuts",
    "files:write": "charts",
    "groups:history": "as channels:history, in private channels",
    "groups:read": "as channels:read, in private channels",
    "im:history": "lines in the direct message",
    "im:write": "opening a direct message with a colleague",
    "mpim:history": "as channels:history, in group messages",
    "mpim:read": "as channels:read, in group messages",
    "users:read": "language and time zone of a person at the first contact; who is a guest",
    "users:read.email": "a hint to who a stranger may be; nobody is linked by it",
}
EVENTS = (
    "app_mention",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
)


@dataclass(frozen=True, slots=True)
class Feature:
    """What can be switched on, and what it needs besides."""

    is_on: Callable[[SlackConfig], bool]
    scopes: Mapping[str, str]
    events: tuple[str, ...]


FEATURES = (
    Feature(lambda config: config.home, {}, ("app_home_opened",)),
    Feature(
        lambda config: config.agent,
        {"assistant:write": "prompts to begin a conversation with"},
        ("app_home_opened",),
    ),
    Feature(
        lambda config: bool(config.reactions),
        {"reactions:read": "emoji that make tickets, notes and tasks"},
        ("reaction_added",),
    ),
    Feature(
        lambda config: bool(config.link_domain and config.preview_channels),
        {"links:read": "links to records", "links:write": "previews of links to records"},
        ("link_shared",),
    ),
)
# The name of each shortcut under a message, which Slack shows in its menu: at most 24 characters.
SHORTCUTS = {
    "ticket": ("Make a ticket", "Open a ticket with the words of this message"),
    "note": ("Add a note to a record", "Keep this message on a customer, deal or ticket"),
    "task": ("Make a task", "Write down something to do about this message"),
}


def manifest(config: SlackConfig) -> dict[str, Any]:
    """Return the manifest of the app for this configuration; `handlers.subjects.load` goes before."""
    over_http = config.mode == "http"
    features = [feature for feature in FEATURES if feature.is_on(config)]
    scopes = sorted({*SCOPES, *(scope for feature in features for scope in feature.scopes)})
    events = sorted({*EVENTS, *(event for feature in features for event in feature.events)})
    options = {"message_menu_options_url": HOST + PATH} if over_http else {}
    address = {"request_url": HOST + PATH} if over_http else {}
    return {
        # The older schema, which holds where none is named, knows no agents.
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Rapport",
            "description": "The CRM that a team talks to",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": config.home,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            **({"agent_view": _agent()} if config.agent else {}),
            "bot_user": {"display_name": "rapport", "always_online": True},
            "slash_commands": [_slash_command(config, name, address) for name in config.commands],
            **({"shortcuts": _shortcuts()} if config.shortcuts else {}),
            **({"unfurl_domains": [config.link_domain]} if "link_shared" in events else {}),
        },
        "oauth_config": {"scopes": {"bot": scopes}},
        "settings": {
            "event_subscriptions": {**address, "bot_events": events},
            "interactivity": {"is_enabled": True, **address, **options},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not over_http,
            "token_rotation_enabled": False,
        },
    }


def _agent() -> dict[str, Any]:
    with speaking("en", "UTC"):
        return {
            "agent_description": agent.DESCRIPTION,
            "suggested_prompts": agent.prompts(Role.REP),
        }


def _shortcuts() -> list[dict[str, str]]:
    return [
        {"type": "message", "callback_id": made, "name": name, "description": about}
        for made, (name, about) in SHORTCUTS.items()
    ]


def _slash_command(config: SlackConfig, name: str, address: Mapping[str, str]) -> dict[str, Any]:
    takes_all = name in config.commands[:1]
    own = [each.removeprefix(name).strip() for each in commands() if each.split()[0] == name]
    subjects = list(dict.fromkeys(each.split()[0] for each in commands()))
    hint = " | ".join(subjects if takes_all else filter(None, own)) or "help"
    about = "Talk to Rapport" if takes_all else f"Rapport: {name}"
    return {
        "command": f"/{name}",
        "description": fit(about, _DESCRIPTION, len),
        "usage_hint": fit(hint, _HINT, len),
        # A colleague who is mentioned arrives with their id.
        "should_escape": True,
        **({"url": address["request_url"]} if address else {}),
    }
