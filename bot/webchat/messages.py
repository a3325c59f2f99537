"""What a browser posts and what stands on a page: reading the one, keeping and sending the other.

Who may post stands in `adapter.py`; how a reply looks in `render.py`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from bot.surface import Incoming
from bot.webchat.page import Guest
from bot.webchat.render import Spot, render, tone_of
from crm_store import users, webchat
from crm_store.addresses import Address
from crm_store.models import User, WebMessage
from crm_store.store import Session
from handlers.reply import Reply
from handlers.wording import speaking, zone

PLATFORM = "web"
_NOT_KEPT = re.compile("[\x00\ud800-\udfff]")  # what no database takes

Body: TypeAlias = dict[str, Any]


def kept(given: Mapping[str, Any], guest: Guest, longest: int, most: int) -> Body | None:
    """Return the event to keep of what a browser posted; None when it makes no sense.

    `longest` is what one text may have of characters, `most` how many fields a form may have.
    """
    texts = {name: given.get(name, "") for name in ("text", "line", "asked")}
    values = given.get("values", {})
    if not isinstance(values, dict) or len(values) > most:
        return None
    if not all(_is_text(t, longest) for t in (*texts.values(), *values, *values.values())):
        return None
    if not (texts["text"].strip() or texts["line"].strip()):
        return None
    if not is_number(given.get("message", 0)):
        return None
    return {
        **texts,
        "values": values,
        "person": guest.account,
        "name": guest.name,
        "key": f"{guest.id}:{given['key']}",
        "replaces": bool(given.get("replaces")),
        "pressed": bool(texts["line"]) and not values,
        "message": given.get("message", 0),
    }


def read(body: Body) -> Incoming:
    """Return what a kept event means."""
    return Incoming(
        platform=PLATFORM,
        key=body["key"],
        sender=body["person"],
        name=body["name"],
        place=Address(PLATFORM, body["person"]),
        private=True,
        text=body["text"] if not body["line"] else "",
        line=body["line"],
        values=body["values"],
        shown=body.get("shown", {}),
        pressed=body["pressed"],
        message_id=str(body["message"] or ""),
    )


def shown(session: Session, body: Body) -> dict[str, str]:
    """Return what the fields of the form that a kept event fills in held when it was first shown."""
    old = webchat.get(session, body["person"], body["message"]) if body["values"] else None
    return _held(old.body) if old else {}


def said(reply: Reply, language: str, zone: str) -> Body:
    """Return a reply as it is kept."""
    return {"reply": reply.to_dict(), "language": language, "zone": zone}


def answer(session: Session, body: Body, said: Body, now: datetime) -> int:
    """Keep an answer and return the number of its message.

    The answer to a form takes its place; a refusal leaves the form there, as it was filled in,
    with the reason above it.
    """
    person, key = body["person"], body["key"]
    old = webchat.get(session, person, body["message"]) if body["message"] else None
    if old is not None and not webchat.find(session, person, key):
        new = _instead(old, body, said)
        if new is not None:
            webchat.replace(session, old, key, new)
            return old.id
    return webchat.put(session, person, key, body["asked"] or body["text"], said, now)


def event(message: WebMessage, guest: Guest) -> dict[str, Any]:
    """Return what the page is sent of a message."""
    body = message.body
    reply = Reply.from_dict(body["reply"])
    wrong = Reply.from_dict(body["wrong"]) if body.get("wrong") else None
    spot = Spot(
        f"m{message.id}-{message.version}",
        f"/chat/picture/{guest.id}/{message.id}?version={message.version}",
    )
    with speaking(body["language"], body["zone"]):
        drawn = render(reply, spot, wrong)
        at = message.sent_at.astimezone(zone())
    return {
        "person": guest.id,
        "id": message.id,
        "version": message.version,
        "key": message.key.removeprefix(f"{guest.id}:"),
        "asked": message.asked,
        "language": body["language"],
        "tone": tone_of(reply),
        "time": f"{at:%H:%M}",
        "at": at.isoformat(timespec="minutes"),
        "html": drawn,
    }


def enrol(session: Session, user: User, now: datetime) -> None:
    """Give a person the account of the web chat, if they have none."""
    if users.by_account(session, PLATFORM, user.email) is None:
        users.add_identity(session, user, PLATFORM, user.email, f"{PLATFORM}:{user.email}", now)


def is_number(given: object) -> bool:
    """Tell whether a message may have this number; a larger one no database takes."""
    return type(given) is int and 0 <= given < 2**63


def _is_text(given: object, longest: int) -> bool:
    return isinstance(given, str) and len(given) <= longest and not _NOT_KEPT.search(given)


def _instead(old: WebMessage, body: Body, new: Body) -> Body | None:
    """Return what takes the place of a message; None when the answer stands below."""
    may = new["reply"]["replaces"]
    form = old.body["reply"]["form"]
    if body["values"] and form:
        return new if may else _refused(old, body, Reply.from_dict(new["reply"]))
    return new if may and body["replaces"] else None


def _refused(old: WebMessage, body: Body, why: Reply) -> Body:
    """Return the form as it was filled in, and what was wrong with it."""
    reply = Reply.from_dict(old.body["reply"])
    if reply.form is None:
        return old.body
    fields = tuple(
        dataclasses.replace(
            field,
            value=body["values"].get(field.name, ""),
            error=why.wrong.error if why.wrong and why.wrong.field == field.name else "",
        )
        for field in reply.form.fields
    )
    form = dataclasses.replace(reply.form, fields=fields)
    filled = dataclasses.replace(reply, form=form)
    return {
        **old.body,
        "reply": filled.to_dict(),
        "wrong": why.to_dict(),
        "held": _held(old.body),
    }


def _held(body: Body) -> dict[str, str]:
    form = Reply.from_dict(body["reply"]).form
    held: dict[str, str] = body.get("held") or {}
    return held or {field.name: field.value for field in (form.fields if form else ())}
