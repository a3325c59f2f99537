"""Commands about tickets, and the words for those who have to know of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from crm_store import labels, messages, notices, records, tickets
from crm_store.models import (
    Activity,
    ActivityKind,
    Company,
    Contact,
    Priority,
    Role,
    Ticket,
    TicketKind,
    TicketStatus,
    User,
)
from handlers import cards, insights, ticket_phrases
from handlers.arguments import Name, NumberArgument, PageNumber, RecordArgument, Text
from handlers.command import command
from handlers.errors import UserError
from handlers.fields import custom_fields
from handlers.forms import editing
from handlers.notices import Telling, notice
from handlers.reply import Action, Field, Reply, Row, Style, Tone
from handlers.request import Call, Request
from handlers.wording import _, moment, plural, stamp

DeletedTicket = Annotated[Ticket, RecordArgument(("ticket",), deleted=True)]
EntryNumber = Annotated[int, NumberArgument(1, 10**15)]
_SHOWN_ENTRIES = 5
_TONES = {Priority.URGENT: Tone.BAD, Priority.HIGH: Tone.WARNING}


@command(
    "ticket new <text...> [contact=] [company=] [priority=] [kind=]",
    role=Role.MEMBER,
    example='ticket new The invoice shows the wrong address company="Acme Ltd" priority=high',
    phrases=ticket_phrases.NEW,
)
def open_ticket(
    request: Request,
    text: Text,
    contact: Contact | None = None,
    company: Company | None = None,
    priority: Priority = Priority.NORMAL,
    kind: TicketKind = TicketKind.QUESTION,
) -> Reply:
    """Open a ticket."""
    ticket = tickets.add(
        request.session,
        text,
        request.colleague,
        request.now,
        contact=contact,
        company=company,
        priority=priority,
        kind=kind,
        channel=request.platform,
    )
    request.about("ticket", ticket.id)
    return _card(request, ticket, _("Ticket #{id} opened.", id=ticket.id))


@command(
    "ticket show <ticket>",
    role=Role.MEMBER,
    reads=True,
    example="ticket show 42",
    phrases=ticket_phrases.SHOW,
)
def show_ticket(request: Request, ticket: Ticket) -> Reply:
    """Show a ticket with its latest notes and replies."""
    request.about("ticket", ticket.id)
    return _card(request, ticket, ticket.subject)


@command(
    "ticket edit <ticket> [subject=] [text=] [kind=] [priority=] [contact=] [company=]",
    role=Role.AGENT,
    example='ticket edit 42 subject="Wrong address on the invoice"',
    phrases=ticket_phrases.EDIT,
)
def edit_ticket(
    request: Request,
    ticket: Ticket,
    subject: Name | None = None,
    text: Text | None = None,
    kind: TicketKind | None = None,
    priority: Priority | None = None,
    contact: Contact | None = None,
    company: Company | None = None,
) -> Reply:
    """Change fields of a ticket; `contact=` empties one, and no field at all opens the form."""
    given: dict[str, Any] = {"subject": subject, "text": text, "kind": kind, "priority": priority}
    given |= {"contact": contact, "company": company}
    changes = {field: value for field, value in given.items() if value is not None}
    changes |= {field: None for field in ("contact", "company") if field in request.cleared}
    request.about("ticket", ticket.id)
    if not changes:
        return _edit_form(request, ticket)
    for field, value in changes.items():
        setattr(ticket, field, value)
    return _card(request, ticket, _("Ticket #{id} changed.", id=ticket.id))


@command(
    "ticket assign <ticket> <person>",
    role=Role.AGENT,
    example="ticket assign 42 me",
    phrases=ticket_phrases.ASSIGN,
)
def assign_ticket(request: Request, ticket: Ticket, person: User) -> Reply:
    """Give a ticket to a colleague, who is told."""
    ticket.assignee = person
    if ticket.status is TicketStatus.NEW:
        ticket.status = TicketStatus.OPEN
    if person.id != request.colleague.id:
        notices.owe(
            request.session,
            kind="ticket_assigned",
            key=f"ticket_assigned:{ticket.id}:{person.id}:{request.now.isoformat()}",
            payload={"ticket_id": ticket.id, "by": request.colleague.name},
            due_at=request.now,
            now=request.now,
            user_id=person.id,
            priority=notices.URGENT if ticket.priority is Priority.URGENT else notices.ALERT,
        )
    request.about("ticket", ticket.id)
    title = _("Ticket #{id} now belongs to {name}.", id=ticket.id, name=person.name)
    return _card(request, ticket, title)


@command(
    "ticket status <ticket> <status>",
    role=Role.AGENT,
    example="ticket status 42 pending",
    phrases=ticket_phrases.STATUS,
)
def set_status(request: Request, ticket: Ticket, status: TicketStatus) -> Reply:
    """Set where a ticket stands."""
    return _set_status(request, ticket, status)


@command(
    "ticket priority <ticket> <priority>",
    role=Role.AGENT,
    example="ticket priority 42 urgent",
    phrases=ticket_phrases.PRIORITY,
)
def set_priority(request: Request, ticket: Ticket, priority: Priority) -> Reply:
    """Set how soon a ticket wants an answer."""
    ticket.priority = priority
    request.about("ticket", ticket.id)
    title = _("Ticket #{id} is {priority} now.", id=ticket.id, priority=_(priority.value))
    return _card(request, ticket, title)


@command(
    "ticket queue <ticket> <queue...>",
    role=Role.AGENT,
    example="ticket queue 42 billing",
    phrases=ticket_phrases.QUEUE,
)
def set_queue(request: Request, ticket: Ticket, queue: Name) -> Reply:
    """Put a ticket into a queue; one that is there already is found whatever its case."""
    ticket.queue = labels.queue_called(request.session, queue)
    request.about("ticket", ticket.id)
    title = _("Ticket #{id} is in the queue {queue} now.", id=ticket.id, queue=ticket.queue)
    return _card(request, ticket, title)


@command(
    "ticket reply <ticket> <text...>",
    role=Role.AGENT,
    example="ticket reply 42 We sent the corrected invoice today.",
    phrases=ticket_phrases.REPLY,
)
def reply_to_ticket(request: Request, ticket: Ticket, text: Text) -> Reply:
    """Answer the customer, where they wrote from if that is known, and keep the answer."""
    entry = tickets.say(
        request.session, ticket, ActivityKind.REPLY, text, request.colleague, request.now
    )
    request.about("ticket", ticket.id)
    account = messages.account_of(request.session, ticket.contact_id)
    if account and account.reachable:
        return on_hold(ticket, entry)
    return _card(request, ticket, _("Reply on ticket #{id} kept.", id=ticket.id))


@command(
    "ticket send <ticket> [entry=]",
    role=Role.AGENT,
    example="ticket send 42",
    phrases=ticket_phrases.SEND,
)
def send_to_customer(request: Request, ticket: Ticket, entry: EntryNumber | None = None) -> Reply:
    """Send an internal note to the customer, the newest one unless told which."""
    note = tickets.entry(request.session, ticket, ActivityKind.NOTE, entry)
    account = messages.account_of(request.session, ticket.contact_id)
    if note is None:
        raise UserError(_("Ticket #{id} has no such note.", id=ticket.id))
    if account is None or not account.reachable:
        raise UserError(_("The customer of ticket #{id} cannot be written to.", id=ticket.id))
    note.kind = ActivityKind.REPLY
    tickets.answered(ticket, request.now)
    request.about("ticket", ticket.id)
    return on_hold(ticket, note)


@command(
    "ticket unsend <ticket> [entry=]",
    role=Role.AGENT,
    example="ticket unsend 42",
    phrases=ticket_phrases.UNSEND,
)
def keep_from_customer(request: Request, ticket: Ticket, entry: EntryNumber | None = None) -> Reply:
    """Keep a reply from the customer while it is on hold; it stays as an internal note."""
    answer = tickets.entry(request.session, ticket, ActivityKind.REPLY, entry)
    if answer is None:
        raise UserError(_("Ticket #{id} has no such reply.", id=ticket.id))
    answer.kind = ActivityKind.NOTE
    tickets.unanswered(request.session, ticket, answer)
    request.about("ticket", ticket.id)
    return Reply(
        text=_("Not sent; it stays an internal note."), actions=(send_button(ticket, answer),)
    )


@command(
    "ticket note <ticket> <text...>",
    role=Role.MEMBER,
    example="ticket note 42 Asked accounting.",
    phrases=ticket_phrases.NOTE,
)
def note_on_ticket(request: Request, ticket: Ticket, text: Text) -> Reply:
    """Add an internal note that the customer never sees."""
    tickets.say(request.session, ticket, ActivityKind.NOTE, text, request.colleague, request.now)
    request.about("ticket", ticket.id)
    return _card(request, ticket, _("Note on ticket #{id} kept.", id=ticket.id))


@command(
    "ticket close <ticket> [text...]",
    role=Role.AGENT,
    example="ticket close 42 solved by phone",
    phrases=ticket_phrases.CLOSE,
)
def close_ticket(request: Request, ticket: Ticket, text: Text = "") -> Reply:
    """Close a ticket, with a last internal note if you like."""
    if text:
        tickets.say(
            request.session, ticket, ActivityKind.NOTE, text, request.colleague, request.now
        )
    return _set_status(request, ticket, TicketStatus.CLOSED)


@command(
    "ticket reopen <ticket>",
    role=Role.AGENT,
    example="ticket reopen 42",
    phrases=ticket_phrases.REOPEN,
)
def reopen_ticket(request: Request, ticket: Ticket) -> Reply:
    """Open a finished ticket again."""
    if ticket.status not in tickets.FINISHED:
        raise UserError(_("Ticket #{id} is not closed.", id=ticket.id))
    return _set_status(request, ticket, TicketStatus.OPEN)


@command(
    "ticket list [assignee=] [status=] [company=] [page=]",
    role=Role.MEMBER,
    reads=True,
    example="ticket list assignee=me",
    phrases=ticket_phrases.LIST,
)
def list_tickets(
    request: Request,
    assignee: User | None = None,
    status: TicketStatus | None = None,
    company: Company | None = None,
    page: PageNumber = 1,
) -> Reply:
    """List unfinished tickets, or those in one status, the most urgent first."""
    wanted = tickets.Filter(
        assignee_id=assignee.id if assignee else None,
        status=status,
        company_id=company.id if company else None,
    )
    offset = (page - 1) * cards.PAGE_SIZE
    found, total = tickets.list_page(request.session, wanted, offset, cards.PAGE_SIZE)
    request.listed("ticket", [ticket.id for ticket in found])
    rows = [Row(_cells(ticket), f"ticket show {ticket.id}") for ticket in found]
    columns = ("#", _("Ticket"), _("Customer"), _("Priority"), _("Status"), _("Assignee"))
    reply = cards.listing(_("Tickets"), columns, rows, _("No tickets here."))
    return cards.page(reply, cards.again(request), page, total)


@command(
    "ticket delete <ticket>",
    role=Role.AGENT,
    example="ticket delete 42",
    phrases=ticket_phrases.DELETE,
)
def delete_ticket(request: Request, ticket: Ticket) -> Reply:
    """Delete a ticket; it can be restored."""
    ticket.deleted_at = request.now
    restore = Action(_("Restore"), f"ticket restore {ticket.id}", replaces=True)
    return Reply(title=_("Ticket #{id} deleted.", id=ticket.id), actions=(restore,))


@command(
    "ticket restore <ticket>",
    role=Role.AGENT,
    example="ticket restore 42",
    phrases=ticket_phrases.RESTORE,
)
def restore_ticket(request: Request, ticket: DeletedTicket) -> Reply:
    """Bring a deleted ticket back."""
    if ticket.deleted_at is None:
        raise UserError(_("Ticket #{id} is not deleted.", id=ticket.id))
    ticket.deleted_at = None
    request.about("ticket", ticket.id)
    return _card(request, ticket, _("Ticket #{id} is back.", id=ticket.id))


@notice("ticket_assigned")
def tell_assigned(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Tell a colleague that a ticket is theirs now, unless it moved on in the meantime."""
    ticket = telling.session.get(Ticket, payload["ticket_id"])
    reader = telling.reader.id if telling.reader else None
    if ticket is None or ticket.deleted_at or ticket.assignee_id != reader:
        return None
    title = _("{name} gave you ticket #{id}.", name=payload["by"], id=ticket.id)
    return Reply(
        title=title,
        text=ticket.text,
        fields=card_fields(ticket),
        actions=card_buttons(ticket, telling.reader),
        tone=_TONES.get(ticket.priority, Tone.NEUTRAL),
        record=str(records.reference(ticket)),
    )


def on_hold(ticket: Ticket, entry: Activity) -> Reply:
    """Say that a reply leaves soon, with the button that stops it."""
    line = f"ticket unsend {ticket.id} entry={entry.id}"
    return Reply(
        text=plural(
            "Goes to the customer in {count} second.",
            "Goes to the customer in {count} seconds.",
            int(messages.HOLD.total_seconds()),
        ),
        actions=(Action(_("Cancel"), line, Style.DANGER, replaces=True),),
    )


def send_button(ticket: Ticket, entry: Activity) -> Action:
    """Return the button that sends an internal note to the customer."""
    line = f"ticket send {ticket.id} entry={entry.id}"
    return Action(_("Send to customer"), line, replaces=True)


def _edit_form(request: Request, ticket: Ticket) -> Reply:
    holds = {
        "subject": ticket.subject,
        "text": ticket.text,
        "kind": ticket.kind.value,
        "priority": ticket.priority.value,
        "contact": f"contact:{ticket.contact_id}" if ticket.contact_id else "",
        "company": f"company:{ticket.company_id}" if ticket.company_id else "",
    }
    call = Call("ticket edit", {"ticket": f"ticket:{ticket.id}"})
    return editing(request, call, _("Edit {name}", name=ticket.subject), holds)


def _set_status(request: Request, ticket: Ticket, status: TicketStatus) -> Reply:
    if ticket.status is status:
        raise UserError(
            _("Ticket #{id} is {status} already.", id=ticket.id, status=_(status.value))
        )
    ticket.status = status
    ticket.closed_at = request.now if status in tickets.FINISHED else None
    request.about("ticket", ticket.id)
    title = _("Ticket #{id} is {status} now.", id=ticket.id, status=_(status.value))
    return _card(request, ticket, title)


def _cells(ticket: Ticket) -> tuple[str, ...]:
    customer = ticket.contact or ticket.company
    return (
        f"#{ticket.id}",
        ticket.subject,
        customer.name if customer else "",
        _(ticket.priority.value),
        _(ticket.status.value),
        ticket.assignee.name if ticket.assignee else _("nobody"),
    )


def card_fields(ticket: Ticket) -> tuple[Field, ...]:
    """Return where a ticket stands, line by line."""
    shown = {
        _("Kind"): _(ticket.kind.value),
        _("Status"): _(ticket.status.value),
        _("Priority"): _(ticket.priority.value),
        _("Queue"): ticket.queue,
        _("Contact"): ticket.contact.name if ticket.contact else None,
        _("Company"): ticket.company.name if ticket.company else None,
        _("Assignee"): ticket.assignee.name if ticket.assignee else _("nobody"),
        _("Opened"): moment(ticket.created_at),
    }
    return tuple(Field(label, value) for label, value in shown.items() if value)


def _card(request: Request, ticket: Ticket, title: str) -> Reply:
    latest = [
        Row(
            (
                stamp(entry.at),
                entry.author.name if entry.author else "",
                _(entry.kind.value),
                entry.text,
            )
        )
        for entry in tickets.entries(request.session, ticket, _SHOWN_ENTRIES)
    ]
    columns = (_("When"), _("Who"), _("What"), _("Text"))
    known = insights.on_card(request, ticket)
    return Reply(
        title=title,
        text="" if title == ticket.text else ticket.text,
        fields=(*card_fields(ticket), *custom_fields(request, ticket), *known.fields),
        table=cards.listing("", columns, latest, "").table,
        actions=(*card_buttons(ticket, request.user), *known.actions),
        record=str(records.reference(ticket)),
        footer=_("Ticket #{id}", id=ticket.id),
        tone=Tone.GOOD if ticket.status in tickets.FINISHED else Tone.NEUTRAL,
    )


def card_buttons(ticket: Ticket, reader: User | None) -> tuple[Action, ...]:
    """Return the next steps of a ticket for who reads its card."""
    if ticket.status in tickets.FINISHED:
        return (Action(_("Reopen"), f"ticket reopen {ticket.id}", replaces=True),)
    take = Action(_("Take it"), f"ticket assign {ticket.id} me", Style.PRIMARY, replaces=True)
    return (
        *(() if reader and ticket.assignee_id == reader.id else (take,)),
        Action(_("Assign"), f"ticket assign {ticket.id}"),
        Action(_("Reply"), f"ticket reply {ticket.id}"),
        Action(_("Note"), f"ticket note {ticket.id}"),
        Action(_("Close"), f"ticket close {ticket.id}", replaces=True),
        Action(_("Edit"), f"ticket edit {ticket.id}"),
    )
