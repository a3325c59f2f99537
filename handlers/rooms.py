"""Where colleagues talk about a ticket, and what goes to its customer: who is told what, and how it is said.

What people write there is heard in `handlers/talk.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from crm_store import messages, moves, notices, tickets
from crm_store.addresses import Address
from crm_store.files import File
from crm_store.models import (
    Activity,
    ActivityKind,
    ContactAccount,
    Ticket,
    TicketRoom,
    TicketStatus,
)
from crm_store.store import Session
from handlers.consequences import Change, consequence
from handlers.errors import UserError
from handlers.notices import Outcome, Telling, notice
from handlers.reply import Reply, Room, Tone
from handlers.request import Defaults, Request
from handlers.tickets import card_buttons, card_fields
from handlers.wording import _

SIGNS = {
    TicketStatus.NEW: "🟢",
    TicketStatus.OPEN: "🔵",
    TicketStatus.PENDING: "🟡",
    TicketStatus.SOLVED: "✅",
    TicketStatus.CLOSED: "⚫",
}
_NAMED = frozenset({"status", "subject", "company_id", "contact_id", "deleted_at"})
_SAID = frozenset({"text", "files", "kind", "deleted_at"})


@consequence(Ticket)
def follow_ticket(request: Request, change: Change) -> None:
    """Give a new ticket its room, keep the room's name right, tell the customer of the end."""
    ticket: Ticket = change.record
    if change.created:
        _room(request, ticket)
        return
    room = messages.hold_room(request.session, ticket.id)
    topical = request.defaults.tickets_topics
    if room and room.ready and topical and _NAMED & set(change.before):
        _owe(request, "ticket_room", {"ticket_id": ticket.id, "opens": False}, room.address)
    if "status" in change.before and ticket.status in tickets.FINISHED:
        _tell_of_the_end(request, ticket)


@consequence(Activity)
def follow_entry(request: Request, change: Change) -> None:
    """Show an entry where the ticket is talked about, and send a reply to the customer."""
    entry: Activity = change.record
    if entry.ticket_id is None or not (change.created or _SAID & set(change.before)):
        return
    ticket = request.session.get_one(Ticket, entry.ticket_id)
    room = _room(request, ticket)
    payload = {"ticket_id": ticket.id, "activity_id": entry.id}
    told = [{**payload, "edited": edited} for edited in _told(change)]
    if room and room.ready:
        for each in told:
            _owe(request, "ticket_entry", each, room.address)
    elif room:
        # Once more: the place may have been closed to us when it should have opened.
        _owe(request, "ticket_room", {"ticket_id": ticket.id, "opens": True}, room.address)
    was = ActivityKind(change.before.get("kind", entry.kind))
    if entry.kind is ActivityKind.REPLY and entry.deleted_at is None:
        new = change.created or was is not ActivityKind.REPLY or "deleted_at" in change.before
        for each in [{**payload, "edited": False}] if new else told:
            _answer(request, ticket, each)
    elif was is ActivityKind.REPLY and not messages.withdraw(
        request.session, f"ticket_reply:{entry.id}:"
    ):
        raise UserError(_("It is too late: the reply is on its way to the customer."))


def _told(change: Change) -> list[bool]:
    """Return what is to be told of an entry: False for what is not shown of it yet, True for its new text.

    The second part of an album may bring both a file and the words.
    """
    edited = "text" in change.before and not change.created
    return [True] * edited + [False] * (not edited or "files" in change.before)


def tell_of_reach(session: Session, account: ContactAccount, now: datetime) -> None:
    """Tell those who talk with a customer that replies arrive no more, or arrive again."""
    ticket = messages.ticket_at(session, Address.parse(account.address))
    if ticket:
        _owe_reach(session, ticket.id, account, now)


def _ended_room(session: Session, outcome: Outcome) -> None:
    """Keep the topic as it stands now; when it has just opened, send there what was said so far."""
    room = messages.hold_room(session, outcome.payload["ticket_id"])
    if room is None or outcome.reply is None or outcome.reply.room is None:
        return
    stands = outcome.reply.room
    room.name, room.closed = stands.name, stands.closed
    if room.ready:
        return
    room.address, room.ready = str(outcome.address), True
    said = messages.entries_of(session, room.ticket_id)
    for number in (None, *(entry.id for entry in said)):
        payload = {"ticket_id": room.ticket_id, "activity_id": number, "edited": False}
        key = f"ticket_entry:{room.ticket_id}:{number}:{room.address}"
        _owe_at(session, "ticket_entry", key, payload, room.address, outcome.now)
    if _wanted(room.ticket, outcome.defaults) != stands:
        payload = {"ticket_id": room.ticket_id, "opens": False}
        key = f"ticket_room:{room.ticket_id}:{room.address}"
        _owe_at(session, "ticket_room", key, payload, room.address, outcome.now)


@notice("ticket_room", ended=_ended_room)
def tell_room(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Open the topic of a ticket, or bring its name up to date."""
    ticket = telling.session.get(Ticket, payload["ticket_id"])
    room = messages.room_of(telling.session, payload["ticket_id"])
    if ticket is None or room is None or payload["opens"] is room.ready:
        return None
    wanted = _wanted(ticket, telling.defaults)
    if room.ready and wanted == Room(room.name, room.closed):
        return None
    return Reply(title=wanted.name, room=wanted)


def _ended_entry(session: Session, outcome: Outcome) -> None:
    """Remember in which message an entry stands; where the topic was deleted, open another."""
    if outcome.gone:
        _open_anew(session, outcome)
    elif outcome.reply and not outcome.reply.edits:
        messages.link(
            session,
            outcome.payload["ticket_id"],
            outcome.payload["activity_id"],
            outcome.address,
            outcome.message_id,
            written=False,
            files=len(outcome.reply.files),
        )


def _open_anew(session: Session, outcome: Outcome) -> None:
    room = messages.hold_room(session, outcome.payload["ticket_id"])
    if room is None or room.address != str(outcome.address) or not outcome.address.thread:
        return
    chat = Address(outcome.address.platform, outcome.address.chat)
    room.address, room.ready, room.name, room.closed = str(chat), False, "", False
    payload = {"ticket_id": room.ticket_id, "opens": True}
    key = f"ticket_room:{room.ticket_id}:{outcome.now.isoformat()}"
    _owe_at(session, "ticket_room", key, payload, room.address, outcome.now)


@notice("ticket_entry", ended=_ended_entry)
def tell_entry(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Show where the ticket is talked about what was said, or the ticket itself."""
    ticket = telling.session.get(Ticket, payload["ticket_id"])
    if ticket is None:
        return None
    if payload["activity_id"] is None:
        return _card(telling, ticket)
    entry = telling.session.get(Activity, payload["activity_id"])
    if entry is None or entry.deleted_at:
        return None
    return _copy(telling, entry, _headed(entry, ticket), edited=payload["edited"])


def _ended_reply(session: Session, outcome: Outcome) -> None:
    """Remember the message that the customer has, or tell the colleagues that none arrived."""
    if outcome.reply:
        _ended_entry(session, outcome)
        return
    ticket = session.get_one(Ticket, outcome.payload["ticket_id"])
    account = messages.account_of(session, ticket.contact_id)
    if account:
        account.reachable = not outcome.gone
        _owe_reach(session, ticket.id, account, outcome.now, refused=not outcome.gone)


@notice("ticket_reply", ended=_ended_reply)
def tell_reply(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Say to the customer what a colleague answered, unless it was taken back in time."""
    entry = telling.session.get(Activity, payload["activity_id"])
    if entry is None or entry.deleted_at or entry.kind is not ActivityKind.REPLY:
        return None
    return _copy(telling, entry, Reply(text=entry.text), edited=payload["edited"])


@notice("ticket_closed")
def tell_closed(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Tell the customer that the request is closed, unless it was opened again."""
    ticket = telling.session.get(Ticket, payload["ticket_id"])
    if ticket is None or ticket.deleted_at or ticket.status not in tickets.FINISHED:
        return None
    return Reply(
        text=_(
            "Your request #{id} “{subject}” is closed. Write again whenever you need us.",
            id=ticket.id,
            subject=ticket.subject,
        )
    )


@notice("ticket_reach")
def tell_reach(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Tell the colleagues whether replies to a customer arrive."""
    account = telling.session.get(ContactAccount, payload["account_id"])
    if account is None:
        return None
    name = account.contact.name
    if payload["refused"]:
        return Reply(text=_("A reply to {name} could not be delivered.", name=name), tone=Tone.BAD)
    if account.reachable:
        return Reply(text=_("{name} can be written to again.", name=name), tone=Tone.GOOD)
    text = _("{name} gets no messages from us any more: the bot is blocked there.", name=name)
    return Reply(text=text, tone=Tone.BAD)


def _room(request: Request, ticket: Ticket) -> TicketRoom | None:
    """Return the room of a ticket, opened if it is missing and there is a place for it."""
    session, defaults = request.session, request.defaults
    found = messages.hold_room(session, ticket.id)
    if found or not defaults.tickets_chat or ticket.deleted_at:
        return found
    address = moves.current(session, Address.parse(defaults.tickets_chat))
    room = messages.open_room(session, ticket, address, ready=not defaults.tickets_topics)
    payload: dict[str, Any] = {"ticket_id": ticket.id}
    if room.ready:
        payload |= {"activity_id": None, "edited": False}
        _owe(request, "ticket_entry", payload, room.address)
    else:
        _owe(request, "ticket_room", {**payload, "opens": True}, room.address)
    return room


def _wanted(ticket: Ticket, defaults: Defaults) -> Room:
    customer = ticket.contact or ticket.company
    name = defaults.topic_name.format(
        sign=SIGNS[ticket.status],
        status=_(ticket.status.value),
        number=ticket.id,
        customer=customer.name if customer else "–",
        subject=ticket.subject,
    )
    return Room(name, closed=ticket.status in tickets.FINISHED or ticket.deleted_at is not None)


def _card(telling: Telling, ticket: Ticket) -> Reply:
    said = messages.entries_of(telling.session, ticket.id)
    shown = any(entry.kind is ActivityKind.MESSAGE for entry in said)
    return Reply(
        title=f"#{ticket.id} {ticket.subject}",
        text="" if shown else ticket.text,
        fields=card_fields(ticket),
        actions=card_buttons(ticket, telling.reader),
    )


def _headed(entry: Activity, ticket: Ticket) -> Reply:
    customer = ticket.contact.name if ticket.contact else _("the customer")
    author = entry.author.name if entry.author else _("somebody")
    titles = {
        ActivityKind.MESSAGE: _("#{id} · {name}", id=ticket.id, name=customer),
        ActivityKind.REPLY: _("#{id} · {name} to the customer", id=ticket.id, name=author),
    }
    internal = _("#{id} · {name}, internal", id=ticket.id, name=author)
    return Reply(title=titles.get(entry.kind, internal), text=entry.text)


def _copy(telling: Telling, entry: Activity, reply: Reply, *, edited: bool) -> Reply | None:
    """Return what is not shown at the address yet: the whole entry, its new text, its later files.

    An entry that was written there, or that has not arrived there yet, is not shown by an edit.
    """
    standing = messages.links(telling.session, entry.id, telling.address)
    files = tuple(File.from_dict(file) for file in entry.files)
    if entry.edited_at:
        reply = replace(reply, text=_("{text} (edited)", text=entry.text))
    if any(message.written for message in standing):
        return None
    if edited:
        return replace(reply, edits=standing[0].message_id) if standing else None
    if not standing:
        return replace(reply, files=files)
    rest = files[sum(message.files for message in standing) :]
    return Reply(files=rest) if rest else None


def _answer(request: Request, ticket: Ticket, payload: dict[str, Any]) -> None:
    """Owe the customer an entry; all but the new text of what they have is held, as long as it can be cancelled."""
    account = messages.account_of(request.session, ticket.contact_id)
    if account and account.reachable:
        due_at = request.now if payload["edited"] else request.now + messages.HOLD
        spoken = {**payload, "language": account.language}
        _owe(request, "ticket_reply", spoken, account.address, due_at)


def _tell_of_the_end(request: Request, ticket: Ticket) -> None:
    account = messages.account_of(request.session, ticket.contact_id)
    if (
        account
        and account.reachable
        and messages.talks_at(request.session, ticket.id, account.address)
    ):
        payload = {"ticket_id": ticket.id, "language": account.language}
        _owe(request, "ticket_closed", payload, account.address, request.now + messages.HOLD)


def _owe_reach(
    session: Session,
    ticket_id: int,
    account: ContactAccount,
    now: datetime,
    *,
    refused: bool = False,
) -> None:
    room = messages.room_of(session, ticket_id)
    if room and room.ready:
        key = f"ticket_reach:{account.id}:{ticket_id}:{now.isoformat()}"
        payload = {"account_id": account.id, "refused": refused}
        _owe_at(session, "ticket_reach", key, payload, room.address, now)


def _owe(
    request: Request,
    kind: str,
    payload: dict[str, Any],
    address: str,
    due_at: datetime | None = None,
) -> None:
    call = request.session.info["actor"].call
    number = payload.get("activity_id") or f"ticket-{payload['ticket_id']}"
    key = f"{kind}:{number}:{call}" + (":edited" if payload.get("edited") else "")
    _owe_at(request.session, kind, key, payload, address, request.now, due_at)


def _owe_at(
    session: Session,
    kind: str,
    key: str,
    payload: dict[str, Any],
    address: str,
    now: datetime,
    due_at: datetime | None = None,
) -> None:
    # As urgent as an answer: what belongs to a conversation is never folded into a summary.
    notices.owe(
        session,
        kind=kind,
        key=key,
        payload=payload,
        due_at=due_at or now,
        now=now,
        priority=notices.REPLY,
        address=address,
    )
