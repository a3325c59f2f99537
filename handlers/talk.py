"""What is said to us that is no command: customers in their private chat, colleagues in the room of a ticket.

What becomes of it elsewhere is decided in `handlers/rooms.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from crm_store import contacts, messages, tickets
from crm_store.files import File
from crm_store.models import (
    Activity,
    ActivityKind,
    ContactAccount,
    Priority,
    Role,
    Ticket,
    TicketKind,
    TicketStatus,
)
from handlers.command import match
from handlers.errors import UserError
from handlers.reading.line import strip_prefix
from handlers.reply import Reply
from handlers.request import Request, Said
from handlers.tickets import on_hold, send_button
from handlers.wording import _, language, mark

_REPLY = frozenset({"reply", "回复"})
_NOTE = frozenset({"note", "备注"})
_ALBUM_LIMIT = 10
_OPEN_MOST = 5  # of one customer: anybody may write to a bot, and nobody is to flood the colleagues
_FILES = {
    "photo": mark("photo"),
    "document": mark("document"),
    "voice": mark("voice message"),
    "audio": mark("audio"),
    "video": mark("video"),
    "animation": mark("animation"),
}


@dataclass(frozen=True, slots=True)
class Talk:
    """What a message belongs to: a ticket's room, or, without a ticket, a customer's private chat."""

    ticket: Ticket | None


def find(request: Request) -> Talk | None:
    """Return what the message of the request belongs to, None when it is a command or not for us."""
    said = request.said
    if said is None:
        return None
    if request.private:
        stranger = request.user is None and request.defaults.customers
        return Talk(None) if stranger and not _is_open_command(said) else None
    ticket = _ticket_here(request, said)
    if ticket is None or _answers_question(request, said):
        return None
    request.about("ticket", ticket.id)
    return Talk(ticket) if not said.called or _marked(said)[0] else None


def hear(request: Request, talk: Talk) -> Reply | None:
    """Keep what was said, and return what to say to it; mostly nothing.

    Raises:
        UserError: nothing was kept.
    """
    said = request.said
    if said is None:
        return None
    if said.edited:
        return _edit(request, said)
    album = messages.entry_of_album(request.session, request.place, said.album)
    if album:
        _add_to_album(request, said, album)
        return None
    if talk.ticket is None:
        return _hear_customer(request, said)
    return _hear_colleague(request, said, talk.ticket)


def _hear_customer(request: Request, said: Said) -> Reply | None:
    word, rest = _parted(said.text)
    if word == "/start":
        return Reply(text=_("Hello! Write what we can do for you, and a colleague answers here."))
    ticket = messages.ticket_at(request.session, request.place)
    if word == "/close":
        return _close(request, ticket)
    new = word == "/new"
    text = rest if new else said.text.strip()
    if new and not (text or said.files):
        return Reply(text=_("Write `/new` and what it is about."))
    account = _account(request, said)
    if new and contacts.open_tickets(request.session, account.contact) >= _OPEN_MOST:
        return Reply(text=_("You have many open requests: write on, or `/close` the newest."))
    opened = ticket is None or new
    if ticket is None or new:
        ticket = _open(request, account, text or _named(said.files))
    elif ticket.status is TicketStatus.PENDING:
        ticket.status = TicketStatus.OPEN
    _keep(request, said, ticket, ActivityKind.MESSAGE, text)
    if not opened:
        return None
    return Reply(text=_("Thank you. This is request #{id}; we answer here.", id=ticket.id))


def _hear_colleague(request: Request, said: Said, ticket: Ticket) -> Reply | None:
    kind, text = _marked(said)
    sends = kind is ActivityKind.REPLY
    if not (text or said.files):
        raise UserError(_("There is nothing to keep."), _("Write `reply` and your answer."))
    _permit(request, agent=sends)
    reachable = _reachable(request, ticket, must=sends)
    entry = _keep(request, said, ticket, kind or ActivityKind.NOTE, text)
    if sends:
        return on_hold(ticket, entry)
    if reachable and request.role.may(Role.AGENT):
        return Reply(text=_("Internal note."), actions=(send_button(ticket, entry),))
    return None


def _permit(request: Request, *, agent: bool) -> None:
    if not request.role.may(Role.AGENT if agent else Role.MEMBER):
        raise UserError(
            _("You may not do this here, so nothing was kept."),
            _("Type `whoami` to see who I think you are."),
        )


def _reachable(request: Request, ticket: Ticket, *, must: bool) -> bool:
    account = messages.account_of(request.session, ticket.contact_id)
    reachable = account is not None and account.reachable
    if must and not reachable:
        raise UserError(_("The customer of ticket #{id} cannot be written to.", id=ticket.id))
    return reachable


def _edit(request: Request, said: Said) -> Reply | None:
    """Follow a message that its author changed; the old text stays in the audit."""
    found = messages.entry_at(request.session, request.place, said.message_id)
    entry = found.activity if found and found.written else None
    if found is None or entry is None or entry.deleted_at:
        return None
    ticket = found.ticket
    if entry.kind is not ActivityKind.MESSAGE:
        return _edit_entry(request, said, ticket, entry)
    text, before = said.text.strip(), entry.text
    if _change(request, entry, text) and text and ticket.text == before:
        ticket.text, ticket.subject = text, tickets.subject_of(text)
    return None


def _edit_entry(request: Request, said: Said, ticket: Ticket, entry: Activity) -> Reply | None:
    """Follow what a colleague changed; its first word says anew whether it goes to the customer."""
    marked, text = _marked(said)
    kind = marked or (ActivityKind.NOTE if text else entry.kind)
    if not (text or entry.files) or (kind is entry.kind and text == entry.text):
        return None
    sends, sent = kind is ActivityKind.REPLY, entry.kind is ActivityKind.REPLY
    _permit(request, agent=sends or sent)
    _reachable(request, ticket, must=sends)
    entry.kind = kind
    _change(request, entry, text)
    if sends and not sent:
        tickets.answered(ticket, request.now)
        return on_hold(ticket, entry)
    if sent and not sends:
        tickets.unanswered(request.session, ticket, entry)
    return None


def _change(request: Request, entry: Activity, text: str) -> bool:
    """Give an entry its new text; False when nothing is new, or nothing would be left of it."""
    if text == entry.text or not (text or entry.files):
        return False
    entry.text, entry.edited_at = text, request.now
    return True


def _add_to_album(request: Request, said: Said, entry: Activity) -> None:
    if entry.ticket_id is None or len(entry.files) >= _ALBUM_LIMIT:
        return
    entry.files = [*entry.files, *(file.to_dict() for file in said.files)]
    entry.text = entry.text or said.text.strip()
    _link(request, said, entry.ticket_id, entry)


def _close(request: Request, ticket: Ticket | None) -> Reply | None:
    if ticket is None:
        return Reply(text=_("You have no open request."))
    ticket.status, ticket.closed_at = TicketStatus.CLOSED, request.now
    return None


def _account(request: Request, said: Said) -> ContactAccount:
    account = messages.account(request.session, request.platform, request.person)
    if account is None:
        name = " ".join(said.name.replace("\x00", "").split())[:100] or request.person
        return messages.add_account(
            request.session, name, request.person, request.place, language(), request.now
        )
    account.reachable, account.language = True, language()
    return account


def _open(request: Request, account: ContactAccount, text: str) -> Ticket:
    return tickets.add(
        request.session,
        text,
        None,
        request.now,
        contact=account.contact,
        company=None,
        priority=Priority.NORMAL,
        kind=TicketKind.QUESTION,
        channel=request.platform,
    )


def _keep(request: Request, said: Said, ticket: Ticket, kind: ActivityKind, text: str) -> Activity:
    entry = tickets.say(request.session, ticket, kind, text, request.user, request.now, said.files)
    _link(request, said, ticket.id, entry)
    return entry


def _link(request: Request, said: Said, ticket_id: int, entry: Activity) -> None:
    messages.link(
        request.session,
        ticket_id,
        entry.id,
        request.place,
        said.message_id,
        written=True,
        files=len(said.files),
        album=said.album,
    )


def _ticket_here(request: Request, said: Said) -> Ticket | None:
    """Return the ticket whose topic this is, or whose message is replied to or edited."""
    room = messages.room_at(request.session, request.place)
    if room:
        return room.ticket
    for number in (said.message_id, said.reply_to):
        found = messages.entry_at(request.session, request.place, number) if number else None
        if found:
            return found.ticket
    album = messages.entry_of_album(request.session, request.place, said.album)
    return request.session.get(Ticket, album.ticket_id) if album else None


def _answers_question(request: Request, said: Said) -> bool:
    """Tell whether it replies to what a form asks, and not to what a customer or colleague said."""
    if said.called or not said.reply_to or request.memory.dialog is None:
        return False
    return messages.entry_at(request.session, request.place, said.reply_to) is None


def _is_open_command(said: Said) -> bool:
    """Tell whether it is a command that strangers have too; `/start` with a code links an account."""
    if not said.text.startswith("/") or said.edited:
        return False
    line = strip_prefix(said.text) or ""
    word, rest = _parted(line)
    found = match(line)
    open_to_all = found is not None and found[0].role is Role.ANYONE and word != "help"
    return open_to_all or bool(word == "start" and rest)


def _named(files: tuple[File, ...]) -> str:
    return ", ".join(file.name.strip() or _(_FILES[file.kind]) for file in files)


def _marked(said: Said) -> tuple[ActivityKind | None, str]:
    """Return what a colleague's message is if its first word says so, and the text without it.

    `note` is a word as any other unless it is written as a command.
    """
    word, rest = _parted(strip_prefix(said.text) or "")
    if word.casefold() in _REPLY:
        return ActivityKind.REPLY, rest
    if said.called and word.casefold() in _NOTE:
        return ActivityKind.NOTE, rest
    return None, said.text.strip()


def _parted(text: str) -> tuple[str, str]:
    """Return the first word of a text and what comes after it, maybe on the next line."""
    word, rest = (*text.split(maxsplit=1), "", "")[:2]
    return word, rest.strip()
