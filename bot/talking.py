"""What is said that is no command: kept, and now and then answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.threads import is_talk
from crm_store import threads
from handlers import consequences, talk

if TYPE_CHECKING:
    from bot.surface import Incoming
    from crm_store.store import Actor
    from handlers.reply import Reply
    from handlers.request import Request


@dataclass(frozen=True, slots=True)
class Heard:
    """What is said to talk; None is silence."""

    reply: Reply | None


def hear(request: Request, incoming: Incoming, actor: Actor) -> Heard | None:
    """Keep what is no command; None when it is one."""
    by = replace(actor, user_id=request.user.id if request.user else None, at=request.now)
    if incoming.unaddressed and is_talk(incoming, request.memory):
        request.session.info["actor"] = replace(by, command="note add")
        threads.keep(request.session, incoming.place, request.user, incoming.text, request.now)
        return Heard(None)
    if not incoming.said:
        return None
    found = talk.find(request)
    if found is None:
        return None if incoming.text or incoming.line else Heard(None)
    request.session.info["actor"] = replace(by, command="talk")
    reply = talk.hear(request, found)
    request.session.flush()
    consequences.follow(request)
    return Heard(reply)
