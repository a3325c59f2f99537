"""Many messages for one reader at once, told as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from handlers.notices import Telling, notice, notices
from handlers.reply import Action, Reply, Row, Table, Tone
from handlers.wording import _, number, plural

_SHOWN = 20
_BUTTONS = 10


@notice("folded")
def tell_folded(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Tell several notices in one message, each to be opened; those with nothing left to say are left out."""
    told = [(each, _tell(telling, each)) for each in payload["notices"]]
    found = [(each, reply) for each, reply in told if reply is not None]
    if not found:
        return None
    rows = tuple(
        Row((reply.title, _first_field(reply)), _opens(each)) for each, reply in found[:_SHOWN]
    )
    buttons = [_numbered(i, each, reply) for i, (each, reply) in enumerate(found, 1)]
    return Reply(
        title=plural("{count} message for you", "{count} messages for you", len(found)),
        text="\n".join(filter(None, (_why(payload), _kinds(found), _rest(len(found))))),
        table=Table((_("What"), _("About")), rows),
        actions=tuple(button for button in buttons if button)[:_BUTTONS],
        tone=Tone.WARNING,
    )


def _tell(telling: Telling, one: Mapping[str, Any]) -> Reply | None:
    return notices()[one["kind"]](telling, one["payload"])


def _why(payload: Mapping[str, Any]) -> str:
    if payload.get("why") != "budget":
        return ""
    return _("This is what came above your number of messages a day; see `preference list`.")


def _kinds(found: Sequence[tuple[Mapping[str, Any], Reply]]) -> str:
    counted = Counter(each["kind"] for each, _reply in found)
    return ", ".join(
        f"{number(count)} × {_(kind.replace('_', ' '))}" for kind, count in counted.items()
    )


def _rest(count: int) -> str:
    rest = count - _SHOWN
    return (
        plural("{count} more is not shown.", "{count} more are not shown.", rest)
        if rest > 0
        else ""
    )


def _opens(one: Mapping[str, Any]) -> str:
    return f"notice show {one['id']}" if "id" in one else ""


def _first_field(reply: Reply) -> str:
    return reply.fields[0].value if reply.fields else ""


def _numbered(place: int, one: Mapping[str, Any], reply: Reply) -> Action | None:
    """Return the button that opens one of them; what was folded by an older version has no number."""
    if "id" in one:
        return Action(_("{number}: Open", number=place), _opens(one))
    first = next(iter(reply.actions), None)
    return Action(f"{place}: {first.label}", first.line, first.style) if first else None
