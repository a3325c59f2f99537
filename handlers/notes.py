"""Commands about what happened with a customer: the log, the timeline and who changed what.

What is still to happen, follow-ups and tasks, is `handlers/tasks.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated

from crm_store import activities, history, records
from crm_store.activities import Entry, Happening
from crm_store.conversations import Reference
from crm_store.history import Change
from crm_store.models import ActivityKind, Company, Contact, Deal, Role, Ticket
from crm_store.records import Model
from handlers import cards, note_phrases
from handlers.arguments import (
    AnyRecord,
    Asked,
    MomentArgument,
    PageNumber,
    RecordArgument,
    Text,
)
from handlers.command import command, line_of
from handlers.differences import in_words, labels, sensitivity
from handlers.errors import UserError
from handlers.reading.moments import read_moment
from handlers.reply import Action, Field, Reply, Row, Tone
from handlers.request import Call, Request
from handlers.wording import _, mark, moment, money

Customer = Company | Contact | Deal | Ticket
Logged = Annotated[Customer, RecordArgument(("company", "contact", "deal", "ticket"))]

_LOGGED = {
    ActivityKind.NOTE: mark("Note added to {name}."),
    ActivityKind.CALL: mark("Call with {name} logged."),
    ActivityKind.MEETING: mark("Meeting with {name} logged."),
    ActivityKind.VISIT: mark("Visit to {name} logged."),
    ActivityKind.EMAIL: mark("E-mail with {name} logged."),
}
_HAPPENED = {
    Happening.NOTE: mark("Note"),
    Happening.CALL: mark("Call"),
    Happening.MEETING: mark("Meeting"),
    Happening.VISIT: mark("Visit"),
    Happening.EMAIL: mark("E-mail"),
    Happening.MESSAGE: mark("Message"),
    Happening.REPLY: mark("Reply"),
    Happening.STAGE: mark("Stage"),
    Happening.TICKET: mark("Ticket opened"),
    Happening.ORDER: mark("Order"),
    Happening.TASK: mark("Task done"),
}


_COMING = re.compile(r"tomorrow|\bnext\b|\bin \S+ \w|明|后天|下个?[周月年星礼]|后$", re.IGNORECASE)


class PastMomentArgument(MomentArgument):
    """A moment that has been."""

    def read(self, text: str, asked: Asked) -> datetime:
        """Return the instant, aware UTC."""
        now = asked.request.local_now
        found = read_moment(text, now)
        if found > asked.request.now and not _COMING.search(text):
            # “this morning” and “friday” are the last ones here.
            found = next((past for past in _before(text, now) if past <= asked.request.now), found)
        if found > asked.request.now:
            raise UserError(
                _("{when} is still to come.", when=moment(found)),
                _('Plan it with `followup`, or write when it was, such as `at="yesterday 15:00"`.'),
            )
        return found


def _before(text: str, now: datetime) -> Iterator[datetime]:
    """Yield what a text means a day and a week earlier."""
    for days in (1, 7):
        yield read_moment(text, now - timedelta(days=days))


At = Annotated[datetime, PastMomentArgument()]


@command(
    "note add <record> <text...>",
    role=Role.MEMBER,
    example='note add "Acme Ltd" prefers calls in the morning',
    phrases=note_phrases.NOTE,
)
def add_note(request: Request, record: Logged, text: Text) -> Reply:
    """Write a note on a company, contact, deal or ticket; it stays inside."""
    return _log(request, ActivityKind.NOTE, record, text, None)


def _declare_log(
    verb: str, kind: ActivityKind, tells: str, example: str, phrases: tuple[str, ...]
) -> None:
    """Declare `<verb> log`, whose help is `tells`."""

    def log(request: Request, record: Logged, text: Text, at: At | None = None) -> Reply:
        return _log(request, kind, record, text, at)

    log.__doc__ = tells
    command(
        f"{verb} log <record> <text...> [at=]", role=Role.MEMBER, example=example, phrases=phrases
    )(log)


_declare_log(
    "call",
    ActivityKind.CALL,
    "Log a call.",
    'call log "Jane Doe" wants the offer by Friday at="yesterday 15:00"',
    note_phrases.CALL,
)
_declare_log(
    "meeting",
    ActivityKind.MEETING,
    "Log a meeting.",
    'meeting log "Acme Ltd" saw the new plant',
    note_phrases.MEETING,
)
_declare_log(
    "visit",
    ActivityKind.VISIT,
    "Log a visit to a customer.",
    'visit log "Acme Ltd" the shelf was empty',
    note_phrases.VISIT,
)
_declare_log(
    "email",
    ActivityKind.EMAIL,
    "Log an e-mail that was written elsewhere.",
    'email log "Jane Doe" sent the price list',
    note_phrases.EMAIL,
)


@command(
    "timeline <record> [kind=] [page=]",
    role=Role.MEMBER,
    reads=True,
    example='timeline "Acme Ltd" kind=call',
    phrases=note_phrases.TIMELINE,
)
def show_timeline(
    request: Request, record: Logged, kind: Happening | None = None, page: PageNumber = 1
) -> Reply:
    """Show what happened with a company, contact, deal or ticket, the newest first."""
    offset = (page - 1) * cards.PAGE_SIZE
    found, total = activities.timeline(request.session, record, kind, offset, cards.PAGE_SIZE)
    name = records.reference(record)
    request.about(name.kind, name.id)
    about = records.load(request.session, [entry.about for entry in found])
    rows = [_row(entry, about) for entry in found]
    columns = (_("When"), _("What"), _("Text"), _("Who"), _("On"))
    empty = _("Nothing yet; write the first line with `note add {record} <text>`.", record=name)
    title = _("Timeline of {name}", name=records.name_of(record))
    values = {"record": str(name)} | ({"kind": kind.value} if kind else {})
    reply = cards.listing(title, columns, rows, empty)
    return cards.page(reply, line_of(Call("timeline", values)), page, total)


@command(
    "history <record> [page=]",
    role=Role.MEMBER,
    reads=True,
    example='history "Acme Ltd"',
    phrases=note_phrases.HISTORY,
)
def show_history(request: Request, record: AnyRecord, page: PageNumber = 1) -> Reply:
    """Show who changed what of a record, the newest first."""
    offset = (page - 1) * cards.PAGE_SIZE
    found, total = history.of(request.session, record, offset, cards.PAGE_SIZE)
    name = records.reference(record)
    request.about(name.kind, name.id)
    known = labels(request.session, name.kind)
    reply = Reply(
        title=_("History of {name}", name=records.name_of(record)),
        text="" if found else _("Nothing was changed through Rapport; it may have been imported."),
        fields=tuple(_changed(change, known) for change in found),
    )
    return cards.page(reply, line_of(Call("history", {"record": str(name)})), page, total)


def _log(
    request: Request, kind: ActivityKind, record: Customer, text: str, at: datetime | None
) -> Reply:
    activities.add(
        request.session, record, kind, text, request.colleague.id, at or request.now, request.now
    )
    name = records.reference(record)
    request.about(name.kind, name.id)
    return Reply(
        title=_(_LOGGED[kind], name=records.name_of(record)),
        text=text,
        fields=(Field(_("When"), moment(at)),) if at else (),
        actions=(
            Action(_("Timeline"), f"timeline {name}"),
            Action(_("Follow up"), f"followup {name}"),
        ),
        tone=Tone.GOOD,
    )


def _row(entry: Entry, about: Mapping[Reference, Model]) -> Row:
    record = about.get(entry.about)
    return Row(
        (
            moment(entry.at),
            _("Ticket closed") if entry.finished else _(_HAPPENED[entry.kind]),
            _text(entry),
            entry.who or "",
            records.name_of(record) if record else "",
        ),
        f"{entry.about.kind} show {entry.about.id}" if record else "",
    )


def _text(entry: Entry) -> str:
    if entry.kind is Happening.STAGE:
        return _("moved to {stage}", stage=_(entry.text))
    if entry.total is not None and entry.text:
        return _("{number} for {sum}", number=entry.text, sum=money(entry.total))
    if entry.total is not None:
        return money(entry.total)
    if entry.detail:
        return _("{task}: {outcome}", task=entry.text, outcome=entry.detail)
    return entry.text


def _changed(change: Change, known: Mapping[str, str]) -> Field:
    who = change.who or _("Rapport")
    label = _("{when}, {name}", when=moment(change.at), name=who)
    if change.undone:
        label = _("{when}, {name}, taking back", when=moment(change.at), name=who)
    return Field(label, "\n".join(in_words(change, known)) or "–", sensitivity(change.differences))
