"""From raw arguments to a handler's parameters, and to the form that asks for the ones that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from handlers.arguments import Asked
from handlers.command import Command, Parameter, commands, line_of, match
from handlers.errors import UserError
from handlers.reading.line import clean
from handlers.reply import Action, Form, FormField, Reply
from handlers.request import Call, Request
from handlers.wording import _


class Missing(Exception):
    """Required arguments were not given.

    Attributes:
        form: asks for them, with what was given filled in.
        rehearsed: the call is only to be proposed.
    """

    rehearsed = False

    def __init__(self, form: Form) -> None:
        """Keep the form."""
        super().__init__(form.command)
        self.form = form


def bind(command: Command, request: Request) -> dict[str, Any]:
    """Read the raw arguments of `request.call` and return the handler's keyword arguments.

    Raises:
        Missing: a required argument was not given.
        UserError: one cannot be read, or words are left over; says which and shows the usage.
    """
    raw = request.call.values
    if "" in raw:
        raise _with_usage(
            UserError(_("I do not know what to do with “{words}”.", words=raw[""][:40])), command
        )
    given = [p for p in command.parameters if raw.get(p.name, "").strip()]
    values = {p.keyword: read(command, p, request) for p in given}
    if any(p.required and p.keyword not in values for p in command.parameters):
        raise Missing(form(command, request))
    return values


def read(command: Command, parameter: Parameter, request: Request) -> Any:  # noqa: ANN401 - any argument's value
    """Read one raw argument.

    Raises:
        UserError: it cannot be read.
    """
    raw = request.call.values

    def instead(value: str) -> str:
        return command.line({**raw, parameter.name: value})

    try:
        return parameter.argument.read(raw[parameter.name], Asked(request, instead))
    except UserError as error:
        raise _with_usage(error, command, parameter.name) from error


def form(command: Command, request: Request) -> Form:
    """Return the form of a command: every argument, with the values that were given."""
    raw = request.call.values
    fields = tuple(
        FormField(
            name=p.name,
            label=_(p.label),
            kind=p.argument.kind,
            required=p.required,
            value=raw.get(p.name, ""),
            picked=_picked(p, raw.get(p.name, ""), request),
            choices=p.argument.choices(request),
        )
        for p in command.parameters
    )
    return Form(command.name, _(command.help), fields)


def filled(
    command: Command, rest: str, entered: Mapping[str, str], shown: Mapping[str, str]
) -> Call:
    """Return the call of a line, after its command's name, and of what was entered in the form that carries it.

    A form that changes a record names it in its line and has `shown` what the record held: what was left as it
    was is not said again, since others may have changed it meanwhile; blank is emptied.

    Raises:
        UserError: a form that changes a record was left as it was.
    """
    values = command.parse(rest)
    if not all(p.name in values for p in command.parameters if p.required):
        given = {name: clean(value) for name, value in entered.items() if value.strip()}
        return Call(command.name, {**values, **given})
    given = {
        name: clean(value)
        for name, value in entered.items()
        if name not in shown or clean(value) != clean(shown[name])
    }
    if entered and not given:
        raise UserError(_("The form was left as it was; nothing is changed."))
    return Call(command.name, {**values, **given})


def editing(request: Request, call: Call, title: str, holds: Mapping[str, str]) -> Reply:
    """Return the form that changes a record.

    Args:
        request: whose language and choices the form has.
        call: the command with what names the record.
        title: what is said above the form.
        holds: what the record holds, by the name of the argument; the first one may not be emptied.
    """
    request.call = replace(call, values={**call.values, **holds})
    whole = form(commands()[call.command], request)
    first = next(iter(holds))
    fields = tuple(
        replace(field, required=field.name == first)
        for field in whole.fields
        if field.name in holds
    )
    line = line_of(call)
    return Reply(
        title=title,
        text=_("Without a form, write for example `{line} {name}=…`.", line=line, name=first),
        form=Form(line, title, fields),
    )


def mistakes(command: Command, request: Request) -> dict[str, str]:
    """Return what is wrong with each argument that was given, in one sentence by its name."""
    found = {}
    for parameter in command.parameters:
        if request.call.values.get(parameter.name, "").strip():
            try:
                read(command, parameter, request)
            except UserError as error:
                found[parameter.name] = error.what
    return found


def opens_form(line: str) -> bool:
    """Tell from a line alone whether it will be answered with a form: something is missing in it."""
    found = match(line)
    if found is None:
        return False
    command, rest = found
    try:
        given = {name for name, value in command.parse(rest).items() if value.strip()}
    except UserError:
        return False
    missing = any(p.required and p.name not in given for p in command.parameters)
    record = command.parameters[:1]
    return missing or (command.name.endswith(" edit") and given == {p.name for p in record})


def question(form: Form) -> FormField | None:
    """Return the first required field that has no value, for surfaces that ask step by step."""
    return next(
        (field for field in form.fields if field.required and not field.value.strip()), None
    )


def asking(form: Form, usage: str, example: str) -> Reply:
    """Return the card that shows a form; a surface without forms asks its first question."""
    cancel = Action(_("Cancel"), "cancel", replaces=True)
    return Reply(
        title=form.title,
        text=_("Usage: {usage}\nExample: {example}", usage=usage, example=example),
        form=form,
        actions=(cancel,),
    )


def _picked(parameter: Parameter, value: str, request: Request) -> str:
    if not value.strip():
        return ""
    try:
        return parameter.argument.picked(value, Asked(request, lambda other: other))
    except UserError:
        return ""


def _with_usage(error: UserError, command: Command, field: str = "") -> UserError:
    usage = _("Usage: {usage}\nExample: {example}", usage=command.usage, example=command.example)
    told = UserError(error.what, error.hint, error.actions)
    told.field, told.usage = field, usage
    return told
