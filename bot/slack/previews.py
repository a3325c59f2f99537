"""Previews of links to records, where both the poster and the channel may see them.

A link is `https://DOMAIN/KIND/NUMBER`. Whatever else it is, silence is the answer: a refusal would tell that there
is something.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.slack.render import render
from crm_store.records import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.slack.events import Body
    from handlers.reply import Reply

_PATH = re.compile(r"/(?P<kind>[a-z]+)/(?P<number>[0-9]{1,18})/?")
_MOST = 5  # links of one message: more would be a wall of cards


def links(body: Body, domain: str) -> dict[str, str]:
    """Return the links of an event to records, each with the line that shows its record."""
    found = {}
    for link in (body["event"].get("links") or [])[:_MOST]:
        parts = urlsplit(link["url"])
        path = _PATH.fullmatch(parts.path)
        if parts.hostname == domain and path and path["kind"] in MODELS:
            found[link["url"]] = f"{path['kind']} show {path['number']}"
    return found


def unfurl(event: Body, previews: dict[str, Reply], shorten: Callable[[str], str]) -> Body:
    """Return the arguments of `chat.unfurl`; a preview has no buttons, which others could press."""
    drawn = {
        url: {"blocks": render(dataclasses.replace(reply, actions=(), table=None), shorten).blocks}
        for url, reply in previews.items()
    }
    return {"channel": event["channel"], "ts": event["message_ts"], "unfurls": drawn}
