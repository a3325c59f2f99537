"""Many messages for one reader at once, told as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.notices import Telling, notice, notices
from handlers.reply import Action, Reply, Row, Table, Tone
from handlers.wording import _, plural

_SHOWN = 20
_BUTTONS = 10


@notice("folded")
def tell_folded(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Tell several notices in one message; those with nothing left to say are left out."""
    told = [_tell(telling, each) for each in payload["notices"]]
    replies = [reply for reply in told if reply is not None]
    if not replies:
        return None
    rows = tuple(Row((reply.title, _first_field(reply))) for reply in replies[:_SHOWN])
    text = ""
    if len(replies) > _SHOWN:
        rest = len(replies) - _SHOWN
        text = plural("{count} more is not shown.", "{count} more are not shown.", rest)
    buttons = [
        _numbered(i, reply.actions[0]) for i, reply in enumerate(replies, 1) if reply.actions
    ]
    return Reply(
        title=plural("{count} message for you", "{count} messages for you", len(replies)),
        text=text,
        table=Table((_("What"), _("About")), rows),
        actions=tuple(buttons[:_BUTTONS]),
        tone=Tone.WARNING,
    )


def _tell(telling: Telling, one: Mapping[str, Any]) -> Reply | None:
    return notices()[one["kind"]](telling, one["payload"])


def _first_field(reply: Reply) -> str:
    return reply.fields[0].value if reply.fields else ""


def _numbered(number: int, action: Action) -> Action:
    return Action(f"{number}: {action.label}", action.line, action.style)
