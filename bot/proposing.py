"""A change that a sentence asks for: shown as before and after, and done only when its own author confirms it.

Which change a sentence means is found in `bot/understanding`; a rehearsal is rolled back by `bot/router.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from crm_store import audit, history, proposals, records
from crm_store.channels import PLACE
from crm_store.models import Stage, User
from crm_store.money import Money
from crm_store.proposals import Proposal
from crm_store.store import Actor
from handlers import differences
from handlers.command import Command, commands, match
from handlers.errors import UserError
from handlers.forms import Missing, bind
from handlers.naming import KIND_NAMES
from handlers.reply import Action, Field, FieldKind, Reply, Sensitivity, Style
from handlers.request import Request
from handlers.wording import _, day, moment, money

VALID = timedelta(minutes=15)
Changed: TypeAlias = tuple[str, int | None, history.Change]
CONFIRM, DISMISS, PROPOSE = "confirm ", "cancel ", "propose "


class Proposed(Exception):
    """A rehearsed change: everything it did is rolled back, and its card is shown.

    Attributes:
        card: what would change; its buttons are added when the proposal is kept.
        proposal: what Confirm does.
    """

    def __init__(self, card: Reply, proposal: Proposal) -> None:
        """Keep the card and the proposal."""
        super().__init__(proposal.command)
        self.card = card
        self.proposal = proposal


def pinned(command: Command, request: Request, bound: Mapping[str, Any]) -> dict[str, str]:
    """Write the values so that they mean the same in a quarter of an hour: records by number, moments by date."""
    values = dict(request.call.values)
    for parameter in command.parameters:
        if parameter.keyword in bound:
            value = bound[parameter.keyword]
            if isinstance(value, str) and parameter.argument.kind is FieldKind.RECORD:
                values[parameter.name] = value.removeprefix(PLACE)
            else:
                values[parameter.name] = _pinned(value, values[parameter.name], request)
    if command.name == "undo" and not values.get("call"):
        values["call"] = audit.last_call(request.session, request.colleague.id) or ""
    return values


def versions(bound: Mapping[str, Any]) -> dict[str, int]:
    """Return the version of every record among the arguments of a call."""
    return {
        str(records.reference(value)): value.version
        for value in bound.values()
        if isinstance(value, records.Model)
    }


def before(changes: Sequence[Changed]) -> list[list[str]]:
    """Return what was changed, as it was."""
    return sorted(
        [kind, str(number), each.field, str(each.before)]
        for kind, number, change in changes
        if number is not None
        for each in change.differences
    )


def check(request: Request, proposal: Proposal | None) -> None:
    """See to it that a call changed what was shown, if a proposal of it was confirmed.

    Raises:
        UserError: what it changes was another when it was proposed; the transaction must not be committed.
    """
    if proposal and before(history.unsaved(request.session)) != proposal.before:
        raise _changed_since(proposal, _("This was changed since, so nothing was done."))


def asked_for(
    command: Command, request: Request, bound: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """Return the arguments that were given, each as its name, its label and its value."""
    return [
        (p.name, _(p.label), _shown(bound[p.keyword], request.call.values.get(p.name, "")))
        for p in command.parameters
        if p.keyword in bound
    ]


def card(
    command: Command,
    request: Request,
    given: Sequence[tuple[str, str, str]],
    changes: Sequence[Changed],
    done: Reply,
) -> Reply:
    """Return what was asked for, and what a rehearsed call has changed, as before and after.

    What only some may read is marked as on the record's own card.
    """
    own = {field.label: field.sensitivity for field in done.fields}
    asked = tuple(
        Field(label, value, own.get(label, differences.sensitivity_of(name)))
        for name, label, value in given
    )
    fields = tuple(
        Field(
            _label(kind, number),
            differences.told(each, known),
            differences.sensitivity_of(each.field),
        )
        for kind, number, change in changes
        if number is not None
        for known in [differences.labels(request.session, kind)]
        for each in change.differences
    )
    outcome = "\n".join(part for part in _outcome(done) if part)
    # What a command says of its own work repeats what it was given.
    secret = next((f.sensitivity for f in asked if f.sensitivity is not Sensitivity.PUBLIC), None)
    told = (Field(_("Change"), outcome, secret),) if secret and outcome else ()
    return Reply(
        title=_("Shall I do this?"),
        text="\n".join(part for part in (does(command), "" if secret else outcome) if part),
        fields=asked + fields + told,
        footer=_("Nothing is changed until you press Confirm; it is kept for 15 minutes."),
    )


def does(command: Command) -> str:
    """Say what a command does, without what its help says of typing it."""
    return re.split("[;；]", _(command.help), maxsplit=1)[0].rstrip(".。")


def buttons(reply: Reply, key: str) -> Reply:
    """Put Confirm and Cancel under a card."""
    confirm = Action(_("Confirm"), CONFIRM + key, Style.PRIMARY, replaces=True)
    return replace(reply, actions=(confirm, Action(_("Cancel"), DISMISS + key, replaces=True)))


def rehearsed(request: Request, command: Command, actor: Actor) -> Proposed:
    """Run a call that will be rolled back, and return what it would change.

    Raises:
        UserError: it cannot be done; the buttons propose what they would change.
    """
    request.reads = True  # a single similar name will do: the card shows whom it means
    try:
        values = bind(command, request)
        fixed, kept = pinned(command, request, values), versions(values)
        asked = asked_for(command, request, values)
        request.session.info["actor"] = replace(actor, command=command.name, at=request.now)
        done: Reply = command.handler(request, **values)
        changes = history.unsaved(request.session)
        shown = card(command, request, asked, changes, done)
    except Missing as missing:
        missing.rehearsed = True
        raise
    except UserError as error:
        asked_first(error)
        raise
    proposal = Proposal(command.name, fixed, _person(request), kept, before(changes))
    return Proposed(shown, proposal)


def confirmed(request: Request, key: str) -> Proposal:
    """Use up a proposal and return it.

    Raises:
        UserError: it is too old, used, another person's, or a record was changed since.
    """
    session = request.session
    proposal = proposals.look(session, key, request.now - VALID)
    if proposal is None:
        raise UserError(
            _("This was confirmed or cancelled already, or is older than 15 minutes."),
            _("Say it again to see the change as it would be now."),
        )
    if proposal.person != _person(request):
        raise UserError(
            _("Only who asked for this change can confirm it."), _("Ask for it yourself.")
        )
    stale = proposals.changed(session, proposal)
    if stale:
        raise _changed_since(
            proposal,
            _(
                "{kind} #{id} was changed since, so nothing was done.",
                kind=_(KIND_NAMES[stale.kind]).capitalize(),
                id=stale.id,
            ),
        )
    proposals.take(session, key)
    return proposal


def _changed_since(proposal: Proposal, what: str) -> UserError:
    line = PROPOSE + commands()[proposal.command].line(proposal.values)
    again = Action(_("Look again"), line, replaces=True)
    return UserError(what, _("Look at the change again before you confirm it."), (again,))


def dismissed(request: Request, key: str) -> Reply:
    """Use up a proposal without doing it.

    Raises:
        UserError: it is another person's.
    """
    proposal = proposals.look(request.session, key, request.now - VALID)
    if proposal and proposal.person != _person(request):
        raise UserError(
            _("Only who asked for this change can confirm it."), _("Ask for it yourself.")
        )
    if proposal:
        proposals.take(request.session, key)
    return Reply(text=_("Cancelled; nothing was changed."))


def asked_first(error: UserError) -> None:
    """Let the buttons of a mistake propose what they would change, too."""
    error.actions = tuple(
        replace(action, line=PROPOSE + action.line) if _writes(action.line) else action
        for action in error.actions
    )


def _person(request: Request) -> str:
    return f"{request.platform}:{request.person}"


def _writes(line: str) -> bool:
    found = match(line)
    return found is not None and not found[0].reads


def _pinned(value: object, written: str, request: Request) -> str:
    if isinstance(value, records.Model):
        return str(records.reference(value))
    if isinstance(value, User):
        return value.email
    if isinstance(value, datetime):
        return value.astimezone(request.zone).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Money):
        return f"{value.amount} {value.currency}"
    return written


def _shown(value: object, written: str) -> str:  # noqa: PLR0911 - one case for each type of value
    if isinstance(value, records.Model):
        return records.name_of(value)
    match value:
        case User():
            return value.name
        case Stage():
            return _(value.name)
        case Money():
            return money(value)
        case datetime():
            return moment(value)
        case date():
            return day(value)
        case StrEnum():
            return _(value.value.replace("_", " "))
        case bool():
            return _("yes") if value else _("no")
        case list() | tuple() | frozenset():
            return ", ".join(map(str, value))
    return written


def _label(kind: str, number: int | None) -> str:
    name = _(KIND_NAMES[kind]).capitalize() if kind in KIND_NAMES else _("Change")
    return _("{kind} #{id}", kind=name, id=number) if number else name


def _outcome(done: Reply) -> tuple[str, ...]:
    return (_("Afterwards: {title}", title=done.title), done.text) if done.title else (done.text,)
