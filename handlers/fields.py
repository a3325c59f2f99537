"""Commands about the fields that an admin adds to records, and the values that people put into them.

Other cards show the values with `custom_fields`.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from crm_store import fields, records
from crm_store.fields import FieldType, RecordKind
from crm_store.models import CustomField, Role
from crm_store.records import Model
from crm_store.search import key
from handlers import cards
from handlers.arguments import AnyRecord, Argument, Asked, ChoiceArgument, Name, Text
from handlers.command import command, line_of
from handlers.errors import UserError
from handlers.naming import KIND_NAMES
from handlers.reading.characters import plain, shown
from handlers.reading.moments import read_day
from handlers.reply import Action, Field, Reply, Row
from handlers.request import Call, Request
from handlers.wording import _, day, number

_NAME_LIMIT = 40
_OPTION_LIMIT = 20
_VALUE_LIMIT = 500
_DIGITS = 15  # what a 64-bit float keeps exactly
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?")
_YES = frozenset({"yes", "y", "true", "1", "on", "是", "同意"})
_NO = frozenset({"no", "n", "false", "0", "off", "否", "不同意"})


class FieldName(Argument[str]):
    """The name of a custom field, folded: letters and digits of any script, joined by `_`."""

    def read(self, text: str, asked: Asked) -> str:
        """Return the folded name."""
        name = key(text).replace(" ", "_").replace("-", "_")
        if name.replace("_", "").isalnum() and len(name) <= _NAME_LIMIT:
            return name
        raise UserError(
            _("A field's name has letters, digits and “_”, at most {limit}.", limit=_NAME_LIMIT),
            _("Give it another text to show with `label=`."),
        )


class FieldTypeArgument(ChoiceArgument):
    """What a field holds; `yes/no` is written so as well."""

    def read(self, text: str, asked: Asked) -> Any:  # noqa: ANN401 - as the parent
        """Return the type."""
        return super().read(text.replace("/", "_"), asked)


class OptionsArgument(Argument[tuple[str, ...]]):
    """What may be chosen, separated by commas."""

    literal = True
    spreads = True

    def read(self, text: str, asked: Asked) -> tuple[str, ...]:
        """Return the options without doubles."""
        words = [" ".join(word.split()) for word in re.split(r"[,，、;；\n]", text)]
        options = tuple({key(word): word for word in words if word}.values())
        if not options or len(options) > _OPTION_LIMIT or any("|" in word for word in options):
            raise UserError(
                _("Give 1 to {limit} options without “|”.", limit=_OPTION_LIMIT),
                _("Separate them by commas: {example}", example='options="gold, silver"'),
            )
        return options


def read_yes_no(text: str) -> bool:
    """Read an answer.

    Raises:
        UserError: it is neither yes nor no.
    """
    word = text.strip().casefold()
    if word in _YES | _NO:
        return word in _YES
    raise UserError(_("Answer with yes or no."))


@command(
    "field add <kind> <name> <type> [label=] [options=]",
    role=Role.ADMIN,
    example='field add contact tier choice label="Tier" options="gold, silver, bronze"',
    phrases=(
        (
            "~ (CREATE|加|新增|增加|建) <kind> <type> (field|字段|column) [custom|extra|自定义|个|一个|"
            "called|named|for|to|叫] <name>"
        ),
    ),
)
def add_field(
    request: Request,
    kind: RecordKind,
    name: Annotated[str, FieldName()],
    type: Annotated[FieldType, FieldTypeArgument(FieldType)],  # noqa: A002 - the word of the command
    label: Name | None = None,
    options: Annotated[tuple[str, ...], OptionsArgument()] = (),
) -> Reply:
    """Add a field to every company, contact, deal or ticket."""
    if fields.find(request.session, kind, name):
        raise UserError(
            _("There is already a field {name} on this kind of record.", name=name),
            _("Type `field list` to see the fields."),
        )
    if bool(options) != (type is FieldType.CHOICE):
        raise UserError(
            _("A choice needs options, and no other type has any."),
            _(
                "For example: {example}",
                example='field add contact tier choice options="gold, silver"',
            ),
        )
    field = fields.define(
        request.session, kind, name, label or name.replace("_", " ").capitalize(), type, options
    )
    return Reply(
        title=_("Field {label} added.", label=field.label),
        text=_("Fill it with `field set <record> {name} <value>`.", name=name),
        actions=(Action(_("All fields"), "field list"),),
    )


@command(
    "field list [kind=]",
    role=Role.MEMBER,
    reads=True,
    example="field list kind=contact",
    phrases=(
        "LIST [all] [the] [of] [our] (custom fields|added fields|extra fields|fields)",
        "which [custom] fields (do we have|are there)",
        "LIST [所有|全部] (自定义字段|字段)",
        "有哪些[自定义]字段",
        (
            "~ (fields|字段|extra fields|custom fields) (what|which|LIST|custom|extra|哪些|"
            "所有|有|自定义) [LIST|have|extra|custom|added|自定义|我们|of|the|all|所有] <kind?>"
        ),
    ),
)
def list_fields(request: Request, kind: RecordKind | None = None) -> Reply:
    """List the fields that were added to records."""
    found = fields.list_fields(request.session, kind)
    rows = [
        Row((_(KIND_NAMES[field.kind]), field.name, field.label, _type_name(field)))
        for field in found
    ]
    columns = (_("On"), _("Name"), _("Shown as"), _("Holds"))
    empty = _("No fields yet; an admin adds one with `field add contact birthday date`.")
    return cards.listing(_("Fields"), columns, rows, empty)


@command(
    "field remove <kind> <name>",
    role=Role.ADMIN,
    example="field remove contact tier",
    phrases=("~ (DELETE) (field|字段|column) <kind> [custom|extra|自定义|from|the|of|掉] <name>",),
)
def remove_field(request: Request, kind: RecordKind, name: Annotated[str, FieldName()]) -> Reply:
    """Remove a field; what was filled in is back when it is added again."""
    field = fields.find(request.session, kind, name)
    if field is None:
        raise UserError(
            _("There is no field called “{name}” on this kind of record.", name=shown(name)),
            _("Type `field list` to see the fields."),
        )
    fields.remove(request.session, field)
    return Reply(title=_("Field {label} removed.", label=field.label))


@command(
    "field set <record> <field> <value...>",
    role=Role.MEMBER,
    example='field set "Jane Doe" tier gold',
    phrases=(
        "CHANGE [the] [field] <field> field (of|for|on) <record> to <value>",
        "CHANGE [the] field <field> (of|for|on) <record> to <value>",
        "[把] <record> 的 [字段] <field> 字段 CHANGE <value>",
        "[把] <record> 的 字段 <field> CHANGE <value>",
    ),
)
def set_field(request: Request, record: AnyRecord, field: Name, value: Text) -> Reply:
    """Fill a field that was added to this kind of record."""
    found = _field(request, record, field)
    stored = _read(request, found, value)
    fields.put(record, found, stored)
    return _changed(
        request,
        record,
        _("{label}: {value}", label=found.label, value=_show(found, stored)),
    )


@command(
    "field clear <record> <field>",
    role=Role.MEMBER,
    example='field clear "Jane Doe" tier',
    phrases=(
        "(clear|empty|blank|reset|wipe) [the] [field] <field> [field] (of|for|on) <record>",
        "清空 <record> 的 [字段] <field> [字段]",
    ),
)
def clear_field(request: Request, record: AnyRecord, field: Name) -> Reply:
    """Empty a field that was added to this kind of record."""
    found = _field(request, record, field)
    fields.put(record, found, None)
    return _changed(request, record, _("{label} is empty now.", label=found.label))


def custom_fields(request: Request, record: Model) -> tuple[Field, ...]:
    """Return the filled custom fields of a record for its card, in the order they were added."""
    if not record.custom:
        return ()
    defined = fields.list_fields(request.session, records.kind_of(record))
    return tuple(
        Field(field.label, _show(field, record.custom[field.name]))
        for field in defined
        if field.name in record.custom
    )


def _changed(request: Request, record: Model, title: str) -> Reply:
    kind = records.kind_of(record)
    request.about(kind, record.id)
    opens = Action(
        _("Open {name}", name=shown(records.name_of(record))), f"{kind} show {record.id}"
    )
    return Reply(title=title, text=records.name_of(record), actions=(opens,))


def _field(request: Request, record: Model, wanted: str) -> CustomField:
    kind = records.kind_of(record)
    defined = fields.list_fields(request.session, kind)
    names = {key(wanted), key(wanted).replace(" ", "_")}
    found = [field for field in defined if field.name in names or key(field.label) in names]
    if len(found) == 1:
        return found[0]
    kind_name = _(KIND_NAMES[kind])
    if not defined:
        raise UserError(
            _("No field was added to the records of the kind {kind} yet.", kind=kind_name),
            _("An admin adds one with `field add {kind} <name> <type>`.", kind=kind),
        )
    raise UserError(
        _("There is no field called “{name}” on a {kind}.", name=shown(wanted), kind=kind_name),
        actions=tuple(
            Action(field.label, _line(request, field=field.name), replaces=True)
            for field in defined[:_OPTION_LIMIT]
        ),
    )


def _read(request: Request, field: CustomField, text: str) -> str | int | float | bool:
    match fields.type_of(field):
        case FieldType.NUMBER:
            return _read_number(text)
        case FieldType.DATE:
            return read_day(text, request.local_now.date()).isoformat()
        case FieldType.YES_NO:
            return read_yes_no(text)
        case FieldType.CHOICE:
            return _read_option(request, field, text)
        case FieldType.TEXT:
            if len(text) > _VALUE_LIMIT:
                raise UserError(
                    _(
                        "This is too long for a field: at most {limit} characters.",
                        limit=_VALUE_LIMIT,
                    ),
                    _("Write it as a note with `note add`."),
                )
            return text


def _read_number(text: str) -> int | float:
    written = plain(text).strip().replace(" ", "")
    digits = sum(character.isdigit() for character in written)
    if not _NUMBER.fullmatch(written) or digits > _DIGITS:
        raise UserError(
            _("“{text}” is not a number.", text=shown(text)), _("Write it such as 1234.5.")
        )
    value = Decimal(written.replace(",", ""))
    return int(value) if value == value.to_integral_value() else float(value)


def _read_option(request: Request, field: CustomField, text: str) -> str:
    options = fields.options_of(field)
    wanted = key(text)
    found = [option for option in options if key(option) == wanted]
    found = found or [option for option in options if key(option).startswith(wanted)]
    if len(found) == 1:
        return found[0]
    raise UserError(
        _("Choose one of: {options}.", options=", ".join(options)),
        actions=tuple(
            Action(option, _line(request, value=option), replaces=True) for option in options
        ),
    )


def _line(request: Request, **instead: str) -> str:
    return line_of(Call(request.call.command, {**request.call.values, **instead}))


def _show(field: CustomField, value: str | float | bool) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        places = -int(Decimal(str(value)).normalize().as_tuple().exponent)
        return number(value, max(0, places))
    if fields.type_of(field) is FieldType.DATE and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return day(date.fromisoformat(value))
    return value


def _type_name(field: CustomField) -> str:
    names = {
        FieldType.TEXT: _("text"),
        FieldType.NUMBER: _("a number"),
        FieldType.DATE: _("a date"),
        FieldType.YES_NO: _("yes or no"),
        FieldType.CHOICE: _("one of: {options}", options=", ".join(fields.options_of(field))),
    }
    return names[fields.type_of(field)]
