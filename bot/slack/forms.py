"""Draws a form as a modal of Slack, and reads what was filled in.

| question | asked by | degraded |
|---|---|---|
| a record | a select that asks the store while a person types | a value over 150 characters: text |
| a colleague | Slack's own picker of people | one who has no account on Slack: text |
| a day, a moment | Slack's own pickers, in the person's own zone | a value they cannot show: text |
| a choice | a select | over 100, or a value over 150 characters: text |
| a number | a number field | a value it would not accept: text |
| money and words | text | a value over 3,000 characters is left out, since cutting it would lose the rest |
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from bot.slack.render import OPTION_VALUE, Block, note, plain, rich, run
from bot.visible import SIGNS, line, paragraph, units, visible
from handlers.command import commands
from handlers.reply import Action, FieldKind, Tone
from handlers.wording import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handlers.reply import Choice, Form, FormField, Reply

MODAL = "form"
VALUE = "value"  # the action_id of every field; its block_id is the field's name
OPTIONS = 100
_TITLE = 24
_LABEL = 75
_VIEW_BYTES = 200_000  # Slack refuses views above 250 kB
_MODAL_BLOCKS = 100
_INPUT = 3_000
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)
_MINUTE = "%Y-%m-%d %H:%M UTC"
_MINUTE_OF = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d UTC", re.ASCII)
_ACCOUNT = re.compile(r"[UW][A-Z0-9]+", re.ASCII)
_PICKERS = {
    FieldKind.RECORD: ("external_select", "initial_option"),
    FieldKind.PERSON: ("users_select", "initial_user"),
    FieldKind.DATE: ("datepicker", "initial_date"),
    FieldKind.MOMENT: ("datetimepicker", "initial_date_time"),
}
# What an element holds at first, and what Slack calls it in what is submitted.
_HELD = {
    "initial_value": "value",
    "initial_option": "selected_option",
    "initial_user": "selected_user",
    "initial_date": "selected_date",
    "initial_date_time": "selected_date_time",
}
_FACTS: dict[str, Block] = {"external_select": {"min_query_length": 1}}


def render_form(form: Form, line_typed: str) -> Block:
    """Draw `form` as a modal whose `private_metadata` is the line that asked for it.

    A line over 3,000 characters gives way to the form's command: what it said is filled into the
    fields. Questions that would make the view larger than Slack accepts are left out.
    """
    blocks: list[Block] = []
    if units(visible(form.title)) > _TITLE:
        blocks.append(rich([run(line(form.title, 600), bold=True)]))
    size = 0
    for field in (field for field in form.fields if units(field.value) <= _INPUT):
        block = _input(field)
        size += len(json.dumps(block))
        if size > _VIEW_BYTES or len(blocks) == _MODAL_BLOCKS:
            break
        blocks.append(block)
    blocks = blocks or note(_("There is nothing to fill in here."))
    return {
        "type": "modal",
        "callback_id": MODAL,
        "title": plain(line(form.title, _TITLE)),
        "submit": plain(line(_("Save"), _TITLE)),
        "close": plain(line(_("Cancel"), _TITLE)),
        "private_metadata": line_typed if units(line_typed) <= _INPUT else form.command,
        "blocks": blocks,
    }


def read_form(view_state: dict[str, Any]) -> dict[str, str]:
    """Read the `state` of a submitted view: a text per field name, empty where nothing was entered."""
    return {
        name: _entered(element)
        for name, elements in view_state["values"].items()
        for element in elements.values()
    }


def initially(blocks: list[Block]) -> dict[str, str]:
    """Read what the fields of a modal held when it was opened, as `read_form` reads what they hold when submitted."""
    return {
        block["block_id"]: _entered(_as_entered(block["element"]))
        for block in blocks
        if block.get("type") == "input"
    }


def options(found: Iterable[Choice]) -> Block:
    """Draw what a select that asks while a person types is answered."""
    fitting = [choice for choice in found if 0 < units(choice.value) <= OPTION_VALUE]
    return {"options": [_option(choice.label, choice.value) for choice in fitting[:OPTIONS]]}


def errors(blocks: list[Block], mistakes: dict[str, str]) -> Block | None:
    """Draw mistakes beside the fields of a modal's `blocks`; None when none of them stands there."""
    there = {block.get("block_id") for block in blocks if block.get("type") == "input"}
    told = {name: paragraph(what, 300) for name, what in mistakes.items() if name in there}
    return {"response_action": "errors", "errors": told} if told else None


def notice(title: str, text: str) -> Block:
    """Draw a modal that only says something: that an answer is on its way, or what it is."""
    return {
        "type": "modal",
        "callback_id": "notice",
        "title": plain(line(title, _TITLE)),
        "close": plain(line(_("Close"), _TITLE)),
        "blocks": [rich([run(paragraph(text, _INPUT))])],
    }


def _entered(element: dict[str, Any]) -> str:
    chosen = element.get("selected_option") or {}
    if element.get("selected_user"):
        return f"<@{element['selected_user']}>"
    if element.get("selected_date_time"):
        return datetime.fromtimestamp(element["selected_date_time"], UTC).strftime(_MINUTE)
    return element.get("value") or chosen.get("value") or element.get("selected_date") or ""


def _as_entered(element: Block) -> dict[str, Any]:
    held = {key: name for key, name in _HELD.items() if key in element}
    return {name: element[key] for key, name in held.items()}


def _input(field: FormField) -> Block:
    block: Block = {
        "type": "input",
        "block_id": field.name,
        "label": plain(line(field.label or field.name, 150)),
        "element": _element(field) | {"action_id": VALUE},
        "optional": not field.required,
    }
    error = SIGNS[Tone.BAD] + paragraph(field.error, 300) if field.error.strip() else ""
    hint = "\n".join(part for part in (error, paragraph(field.hint, 300)) if part.strip())
    return block | ({"hint": plain(hint)} if hint else {})


def _element(field: FormField) -> Block:
    if field.choices and _fit_a_select(field):
        return _select(field)
    if picker := _picker(field):
        return picker
    if field.kind is FieldKind.NUMBER and (not field.value or _NUMBER.fullmatch(field.value)):
        return {"type": "number_input", "is_decimal_allowed": True} | _initial(
            "initial_value", field.value
        )
    return {
        "type": "plain_text_input",
        "multiline": field.kind is FieldKind.LONG_TEXT,
    } | _initial("initial_value", field.value)


def _picker(field: FormField) -> Block | None:
    """Return Slack's own element for the kind of field, None where it cannot show the value."""
    if field.kind not in _PICKERS:
        return None
    element, initial = _PICKERS[field.kind]
    shown = _initially(field)
    if field.value and shown is None:
        return None
    return {"type": element} | _FACTS.get(element, {}) | ({initial: shown} if shown else {})


def _initially(field: FormField) -> Block | int | str | None:
    shown = field.picked.strip()
    match field.kind:
        case FieldKind.RECORD if 0 < units(field.value) <= OPTION_VALUE:
            return _option(shown, field.value)
        case FieldKind.PERSON if _ACCOUNT.fullmatch(shown):
            return shown
        case FieldKind.DATE:
            return next((day for day in (shown, field.value) if _is_day(day)), None)
        case FieldKind.MOMENT if _MINUTE_OF.fullmatch(shown):
            return int(datetime.strptime(shown, _MINUTE).replace(tzinfo=UTC).timestamp())
        case _:
            return None


def _option(label: str, value: str) -> Block:
    return {"text": plain(line(label or value, _LABEL)), "value": value}


def _fit_a_select(field: FormField) -> bool:
    return len(field.choices) <= OPTIONS and all(
        0 < units(c.value) <= OPTION_VALUE for c in field.choices
    )


def _select(field: FormField) -> Block:
    offered = [_option(choice.label, choice.value) for choice in field.choices]
    chosen = next((option for option in offered if option["value"] == field.value), None)
    return {"type": "static_select", "options": offered} | (
        {"initial_option": chosen} if chosen else {}
    )


def _initial(key: str, value: str) -> Block:
    return {key: value} if value else {}


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def fillable(reply: Reply) -> Reply:
    """Put a button on a form that could not be opened as a modal: pressing it opens it."""
    if reply.form is None:
        return reply
    values = {field.name: field.value for field in reply.form.fields if field.value}
    asks = commands().get(reply.form.command)
    fill = Action(_("Fill in"), asks.line(values) if asks else reply.form.command)
    return replace(reply, actions=(fill, *reply.actions))
