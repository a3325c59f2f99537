"""A reply as HTML: what stands inside one message of the page.

Nothing is read or written here. Every text is made visible (control characters become marks) and
escaped in `markup.py`.

| part | drawn as |
|---|---|
| title, tone | a heading with `✓`, `!` or `✗` before it and a coloured edge |
| text, footer | paragraphs; line feeds stay; what stands between backticks is set as code |
| fields | a description list |
| table | a table; numbers to the right; the first cell of a row opens its record |
| chart | a picture with a description, and its numbers as a table to unfold |
| form | a form with labels and hints; errors stand at their field; the text, how to type it, below |
| actions | buttons; `confirm` is asked in a dialog first |
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from bot.visible import NOTHING, SIGNS, columns, more_rows, padded, visible
from bot.webchat.markup import Html, el, join
from handlers.reply import FieldKind, Style, Tone
from handlers.wording import _, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handlers.reply import Action, Chart, Field, Form, FormField, Reply, Row, Table

ROWS = 200
_QUOTED = re.compile(r"`([^`\n]+)`")  # a command inside of a sentence
_LONGEST_NUMBER = 1e15  # beyond, the digits of a float say nothing
_KEYBOARDS = {FieldKind.NUMBER: "decimal", FieldKind.MONEY: "decimal"}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a message stands: what its elements are called, and where its picture comes from."""

    name: str
    picture: str


def render(reply: Reply, spot: Spot, wrong: Reply | None = None) -> Html:
    """Draw a reply; `wrong` is what was refused of its form: told at its field, else above all."""
    parts = (
        *_heading(replace(reply, text="") if reply.form else reply),
        _fields(reply.fields),
        _table(reply.table),
        _chart(reply.chart, spot),
        *_rest(reply, spot, wrong),
        _text(reply.footer, "footer"),
    )
    return join(*parts) or el("p", _("Done."))


def _rest(reply: Reply, spot: Spot, wrong: Reply | None) -> tuple[Html, ...]:
    if reply.form:
        return _form(reply, reply.form, spot, wrong), _text(reply.text, "footer")
    return (_actions(reply.actions),)


def _heading(reply: Reply) -> Iterator[Html]:
    sign = SIGNS[reply.tone].strip()
    mark = el("span", sign, class_="sign", aria_hidden="true") if sign else Html()
    title, text = reply.title.strip(), reply.text.strip()
    if title:
        yield el("h3", mark, visible(title))
        yield _text(text)
    elif text:
        yield el("p", mark, _quoted(text), class_="text")


def _text(text: str, kind: str = "text") -> Html:
    return el("p", _quoted(text.strip()), class_=kind) if text.strip() else Html()


def _quoted(text: str) -> Html:
    # Every second piece stood between backticks.
    pieces = enumerate(_QUOTED.split(visible(text)))
    return join(*(el("code", piece) if place % 2 else join(piece) for place, piece in pieces))


def _fields(fields: tuple[Field, ...]) -> Html:
    if not fields:
        return Html()
    pairs = (
        join(
            el("dt", visible(field.label)),
            el("dd", visible(field.value.strip()) or NOTHING),
        )
        for field in fields
    )
    return el("dl", *pairs)


def _table(table: Table | None) -> Html:
    count = columns(table)
    if table is None or not count:
        return Html()
    aligned = [_side(index, table.numeric) for index in range(count)]
    titles = (
        el("th", visible(title), scope="col", class_=side)
        for title, side in zip(table.columns, aligned, strict=False)
    )
    head = el("thead", el("tr", *titles)) if table.columns else Html()
    rows = (_row(row, count, aligned) for row in table.rows[:ROWS])
    left = _text(more_rows(len(table.rows) - ROWS), "footer")
    return join(_scrolling(el("table", head, el("tbody", *rows))), left)


def _side(index: int, numeric: tuple[int, ...]) -> str | None:
    return "number" if index in numeric else None


def _scrolling(table: Html) -> Html:
    # Reached by the keyboard, so that a wide table can be scrolled without a mouse.
    return el("div", table, class_="table", tabindex="0", role="group", aria_label=_("Table"))


def _row(row: Row, count: int, aligned: list[str | None]) -> Html:
    cells = [join(visible(cell)) for cell in padded(row.cells, count)]
    if row.opens:
        # A number alone is a small target and names nothing: the cell after it opens as well.
        named = [index for index, cell in enumerate(cells) if cell.strip()][:2] or [0]
        for index in named:
            label = cells[index] if cells[index].strip() else join(row.opens)
            cells[index] = el(
                "button",
                label,
                type="button",
                class_="open",
                data_line=row.opens,
                tabindex=None if index == named[-1] else "-1",
            )
    return el("tr", *(el("td", c, class_=s) for c, s in zip(cells, aligned, strict=True)))


def _chart(chart: Chart | None, spot: Spot) -> Html:
    if chart is None or not chart.series or not chart.labels:
        return Html()
    unit = f" ({chart.unit.strip()})" if chart.unit.strip() else ""
    title = visible(chart.title.strip() + unit)
    described = _("Chart: {title}. Its numbers stand below.", title=title)
    picture = el("img", src=spot.picture, alt=described, width="1200", height="675", loading="lazy")
    head = ("", *(visible(series.name) for series in chart.series))
    titles = el("thead", el("tr", *(el("th", name, scope="col") for name in head)))
    body = el("tbody", *_numbers(chart))
    numbers = el("details", el("summary", _("Numbers")), _scrolling(el("table", titles, body)))
    return join(el("figure", picture), numbers)


def _numbers(chart: Chart) -> Iterator[Html]:
    values = zip_longest(*(series.values[: len(chart.labels)] for series in chart.series))
    for label, row in zip_longest(chart.labels, values, fillvalue=()):
        cells = (el("td", _figure(value), class_="number") for value in row)
        yield el("tr", el("th", visible(str(label)), scope="row"), *cells)


def _figure(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return NOTHING
    if abs(value) >= _LONGEST_NUMBER:
        return f"{value:.2e}"
    return number(value, 0 if value == int(value) else 2)


def _form(reply: Reply, form: Form, spot: Spot, wrong: Reply | None) -> Html:
    told = _wrong(reply, form, wrong) if wrong else Html()
    fields = (_field(field, f"{spot.name}-{index}") for index, field in enumerate(form.fields))
    send = el("button", _("Send"), type="submit", class_="primary")
    buttons = el("p", send, *map(_button, reply.actions), class_="actions")
    return el("form", told, *fields, buttons, data_command=form.command, aria_label=form.title)


def _wrong(reply: Reply, form: Form, wrong: Reply) -> Html:
    """Draw what no field says: a reason that is about none, and the best guesses as buttons."""
    at_field = any(field.error.strip() for field in form.fields)
    reason = join() if at_field else join(*_heading(wrong))
    guesses = _actions(tuple(action for action in wrong.actions if action not in reply.actions))
    if not (reason or guesses):
        return Html()
    role = "alert" if reason else "group"
    return el("div", reason, guesses, role=role, class_=f"wrong {wrong.tone}")


def _field(field: FormField, name: str) -> Html:
    label = visible(field.label or field.name)
    needed = el("span", " *", aria_hidden="true") if field.required else Html()
    hint = el("small", visible(field.hint), id=f"{name}-h") if field.hint.strip() else Html()
    error = el("small", visible(field.error), id=f"{name}-e", class_="error")
    described = " ".join(
        [f"{name}-h"] * bool(field.hint.strip()) + [f"{name}-e"] * bool(field.error.strip())
    )
    return el(
        "div",
        el("label", label, needed, for_=name),
        _control(field, name, described or None),
        hint,
        error if field.error.strip() else Html(),
        class_="field",
    )


def _control(field: FormField, name: str, described: str | None) -> Html:
    shared: dict[str, str | bool | None] = {
        "id": name,
        "name": field.name,
        "required": field.required,
        "aria_invalid": "true" if field.error.strip() else None,
        "aria_describedby": described,
    }
    if field.kind is FieldKind.LONG_TEXT:
        return el("textarea", field.value, rows="3", **shared)
    if field.choices and field.kind is FieldKind.CHOICE:
        return _select(field, shared)
    offered = f"{name}-l" if field.choices else None
    keyboard = _KEYBOARDS.get(field.kind)
    box = el("input", value=field.value, inputmode=keyboard, list=offered, **shared)
    options = (el("option", visible(c.label), value=c.value) for c in field.choices)
    return join(box, el("datalist", *options, id=offered) if offered else Html())


def _select(field: FormField, shared: dict[str, str | bool | None]) -> Html:
    known = any(choice.value == field.value for choice in field.choices)
    empty = [el("option", "", value="")] if not (field.required and known) else []
    other = [el("option", field.value, selected=True)] if field.value and not known else []
    options = (
        el("option", visible(c.label), value=c.value, selected=c.value == field.value)
        for c in field.choices
    )
    return el("select", *empty, *other, *options, **shared)


def _actions(actions: tuple[Action, ...]) -> Html:
    return el("p", *map(_button, actions), class_="actions") if actions else Html()


def _button(action: Action) -> Html:
    return el(
        "button",
        visible(action.label.strip()) or NOTHING,
        type="button",
        class_=None if action.style is Style.PLAIN else str(action.style),
        data_line=action.line,
        data_confirm=visible(action.confirm.strip()) or None,
        data_replaces=action.replaces,
    )


def tone_of(reply: Reply) -> str:
    """Return the class that colours the edge of a message; empty when it has none."""
    return "" if reply.tone is Tone.NEUTRAL else str(reply.tone)
