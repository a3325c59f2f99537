"""A reply as Telegram HTML with an inline keyboard; pure but for the keys that `shorten` hands out.

Nothing is sent and nothing is stored here; the sensitivity of a field is settled before a reply
comes here.

Every piece is cut before it is wrapped in a tag, so no cut ever falls inside a tag or an entity.
An `@name` in anybody's text stands in `<code>`, where Telegram finds no mention and notifies
nobody.

| part | drawn as | degraded |
|---|---|---|
| title | bold | cut at 300 |
| tone | `✓`, `!` or `✗` before the title | before the text if there is no title |
| text | plain | cut at what the other parts leave of 4,096 |
| fields | one line each, label in bold | those past 1,200 characters are counted |
| table | monospaced if at most 34 columns wide | else two lines a row: name, labelled cells |
| row.opens | a button per row | the first 24 rows |
| chart | carried along for the adapter to upload | |
| form | the question asked next, its choices as buttons | |
| actions | buttons, up to three side by side, coloured by style | 100, the rest counted; long lines by key |
| action.confirm | | Telegram has none: the press draws a second card, `confirmation` |
| footer | italic | cut at 300 |
| files | carried along for the adapter to send | named in the text if on another platform |
"""

from __future__ import annotations

import dataclasses
import html
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.visible import (
    NOTHING,
    SIGNS,
    Press,
    choices,
    columns,
    fit,
    line,
    more_buttons,
    more_fields,
    more_rows,
    open_question,
    padded,
    paragraph,
    row_label,
    units,
    width,
    with_files_named,
)
from handlers.reply import Action, Reply, Style, Tone
from handlers.wording import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from crm_store.files import File
    from handlers.reply import Chart, Field, Form, Row, Table

LIMIT = 4_096  # UTF-16 units after the markup is read
CALLBACK_BYTES = 64
_NUMBER_WIDTH = 6
_NARROW = 34  # monospaced columns that a phone shows without breaking the line
_GAP = 2
_ROWS = 1_000  # more than a message can hold, at four units a row
_BUTTONS = 100
_OPENING = 24
_ROW_WIDTH = 36
_ABREAST = 3
_BUTTON_TEXT = 64
_NOTES = 80  # room for "and 9,990 more rows" and the line breaks around a part
_MENTION = re.compile(r"((?<![A-Za-z0-9_])(?:@[A-Za-z0-9_]+)+)")
_STYLES = {Style.PRIMARY: "primary", Style.DANGER: "danger"}


@dataclass(frozen=True, slots=True)
class TelegramMessage:
    """The HTML of a message, its keyboard by rows, the chart to upload beside it, and its files.

    Only with files the HTML may be empty.

    Send it with link previews off.
    """

    html: str
    keyboard: list[list[dict[str, Any]]]
    chart: Chart | None = None
    files: tuple[File, ...] = ()


def render(reply: Reply, shorten: Callable[[str], str]) -> TelegramMessage:
    """Draw `reply` within Telegram's limits, whatever is in it.

    `shorten` keeps a text that is too long for a button and returns an ASCII key of at most 62
    characters for it.
    """
    reply = with_files_named(reply, "telegram")
    page = _Page()
    title = reply.title.strip()
    ends = [_form(reply.form), _styled(paragraph(reply.footer.strip(), 300), "i")]
    page.room -= sum(units(_read(end)) + 2 for end in ends)
    page.add(
        _mentioning(reply, _styled(paragraph(SIGNS[reply.tone] + title, 300), "b") if title else "")
    )
    fields = _fields(reply.fields)
    reserved = (
        units(_read(fields)) + (_NOTES if fields else 0) + (800 if columns(reply.table) else 0)
    )
    text = ("" if title else SIGNS[reply.tone]) + reply.text.strip()
    page.add(_styled(paragraph(text, page.room - reserved)) if reply.text.strip() else "", "\n")
    page.add(fields)
    drawn = page.add_table(reply.table)
    buttons = [*choices(reply.form), *reply.actions, *_openings(reply.table, drawn)]
    page.add(_styled(more_buttons(len(buttons) - _BUTTONS)))
    for end in ends:
        page.add(end)
    words = page.text or ("" if reply.files else _styled(_("Done.")))
    keyboard = _keyboard(buttons[:_BUTTONS], shorten)
    return TelegramMessage(words, keyboard, reply.chart, reply.files)


def confirmation(stored: str, shorten: Callable[[str], str]) -> TelegramMessage:
    """Draw the question that a button with `confirm` asks, from the text that `shorten` kept for it.

    The answer of an action that replaces its message takes the place of the question.
    """
    action = Action(**json.loads(stored))
    sure = dataclasses.replace(action, style=Style(action.style), confirm="")
    cancel = {"text": line(_("Cancel"), _BUTTON_TEXT), "callback_data": "x:"}
    return TelegramMessage(
        _styled(paragraph(action.confirm, 1_000)), [[_button(sure, shorten), cancel]]
    )


def read_press(data: str) -> Press:
    """Read the `callback_data` of a button that this renderer drew; anything else is a `cancel`."""
    kind, _colon, value = data.partition(":")
    if kind in {"r", "s"}:
        return Press("line", value, kind == "s")
    if kind in {"k", "l"}:
        return Press("key", value, kind == "l")
    return Press("confirm", value) if kind == "c" else Press("cancel", "")


class _Page:
    """The message so far, and the UTF-16 units that it may still take."""

    def __init__(self) -> None:
        self.text = ""
        self.room = LIMIT - 100

    def add(self, part: str, gap: str = "\n\n") -> None:
        """Put a part below the others; it has been cut to the room before."""
        if part:
            part = (gap if self.text else "") + part
            self.text += part
            self.room -= units(_read(part))

    def add_table(self, table: Table | None) -> int:
        """Put as many rows of `table` as there is room for, and return how many."""
        if table is None or not columns(table):
            return 0
        grid = _monospaced(table)
        rows = self._fitting(grid or _stacked(table))
        body = "\n".join(rows)
        self.add(f"<pre>{body}</pre>" if grid else body)
        drawn = max(len(rows) - (2 if grid and table.columns else 0), 0)
        self.add(_styled(more_rows(len(table.rows) - drawn), "i"), "\n")
        return drawn

    def _fitting(self, lines: Iterable[str]) -> list[str]:
        room = self.room - _NOTES
        kept: list[str] = []
        for text in lines:
            room -= units(_read(text)) + 1
            if room < 0:
                break
            kept.append(text)
        return kept


def _read(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def _mentioning(reply: Reply, title: str) -> str:
    """Make the title a link to who is mentioned: this is how Telegram points a person to a message."""
    account = reply.account("telegram")
    return f'<a href="tg://user?id={account}">{title}</a>' if account.isdigit() and title else title


def _styled(text: str, tag: str = "") -> str:
    """Escape `text` and wrap it in `tag`, mentions in `<code>`, which stands in no other tag."""
    parts = []
    for part in _MENTION.split(text):
        wrap = "code" if _MENTION.fullmatch(part) else tag
        escaped = html.escape(part, quote=False)
        parts.append(f"<{wrap}>{escaped}</{wrap}>" if wrap and part else escaped)
    return "".join(parts)


def _fields(fields: tuple[Field, ...]) -> str:
    drawn: list[str] = []
    room = 1_200
    for index, field in enumerate(fields):
        label = _("{label}: ", label=line(field.label, 100))
        value = paragraph(field.value.strip(), 800) or NOTHING
        room -= units(label) + units(value) + 1
        if room < 0:
            drawn.append(_styled(more_fields(len(fields) - index), "i"))
            break
        drawn.append(_styled(label, "b") + _styled(value))
    return "\n".join(drawn)


def _form(form: Form | None) -> str:
    field = open_question(form) if form else None
    if form is None or field is None:
        return ""
    lines = [
        _styled(paragraph(form.title.strip(), 150), "b"),
        _styled(SIGNS[Tone.BAD] + paragraph(field.error, 300)) if field.error.strip() else "",
        _styled(line(field.label or field.name, 200)),
        _styled(paragraph(field.hint.strip(), 300), "i"),
    ]
    return "\n".join(part for part in lines if part)


def _monospaced(table: Table) -> list[str]:
    """Return the lines of a table that a phone can show side by side, else nothing."""
    count = columns(table)
    if count * (_GAP + 1) > _NARROW + _GAP:
        return []
    head = [table.columns] if table.columns else []
    lines: list[list[str]] = []
    widths = [0] * count
    for row in (*head, *(row.cells for row in table.rows[:_ROWS])):
        lines.append([line(cell, _NARROW + 1, width) for cell in padded(row, count)])
        widths = [max(wide, width(cell)) for wide, cell in zip(widths, lines[-1], strict=True)]
        if sum(widths) + _GAP * (count - 1) > _NARROW:
            return []
    drawn = [_aligned(row, widths, table.numeric) for row in lines]
    rule = ["─" * (sum(widths) + _GAP * (count - 1))] if head else []
    return [*drawn[:1], *rule, *drawn[1:]]


def _aligned(row: list[str], widths: list[int], numeric: tuple[int, ...]) -> str:
    drawn = []
    for index, cell in enumerate(row):
        pad = " " * (widths[index] - width(cell))
        drawn.append(pad + cell if index in numeric else cell + pad)
    return html.escape((" " * _GAP).join(drawn).rstrip(), quote=False)


def _stacked(table: Table) -> Iterator[str]:
    """Write two lines per row: what it is in bold, and its other cells with their labels."""
    count = columns(table)
    labels = [*table.columns, *[""] * (count - len(table.columns))]
    for row in table.rows[:_ROWS]:
        filled = [
            (label, cell)
            for label, cell in zip(labels, padded(row.cells, count), strict=True)
            if cell.strip()
        ]
        # A number alone names nothing to a person: the cell after it does.
        named = 2 if filled and width(filled[0][1]) <= _NUMBER_WIDTH else 1
        name = _styled(line(" · ".join(cell for _label, cell in filled[:named]), 120), "b")
        rest = " · ".join(_labelled(label, cell) for label, cell in filled[named:][:20])
        yield name + ("\n" + _styled(fit(rest, 400, units)) if rest else "")


def _labelled(label: str, cell: str) -> str:
    shown = line(cell, 120)
    return _("{label}: ", label=line(label, 40)) + shown if label.strip() else shown


def _openings(table: Table | None, drawn: int) -> list[Action]:
    rows = table.rows[: min(drawn, _OPENING)] if table else ()
    return [Action(_short_name(row), row.opens) for row in rows if row.opens]


def _short_name(row: Row) -> str:
    """Name a row by its number alone if it has one, so that three buttons stand side by side."""
    first = next((cell for cell in row.cells if cell.strip()), "")
    return first if first and width(first) <= _NUMBER_WIDTH else line(row_label(row), 24, width)


def _keyboard(actions: list[Action], shorten: Callable[[str], str]) -> list[list[dict[str, Any]]]:
    """Lay buttons out in rows of up to three, as many as their labels leave readable on a phone."""
    rows: list[list[dict[str, Any]]] = []
    widest = 0
    for action in actions:
        button = _button(action, shorten)
        widest = max(widest, width(button["text"]))
        abreast = len(rows[-1]) + 1 if rows else 0
        if rows and abreast <= _ABREAST and widest * abreast <= _ROW_WIDTH:
            rows[-1].append(button)
        else:
            rows.append([button])
            widest = width(button["text"])
    return rows


def _button(action: Action, shorten: Callable[[str], str]) -> dict[str, Any]:
    button = {"text": line(action.label, _BUTTON_TEXT), "callback_data": _data(action, shorten)}
    return button | ({"style": _STYLES[action.style]} if action.style in _STYLES else {})


def _data(action: Action, shorten: Callable[[str], str]) -> str:
    if action.confirm.strip():
        return "c:" + shorten(json.dumps(dataclasses.asdict(action)))
    data = ("s:" if action.replaces else "r:") + action.line
    if len(data.encode("utf-8", "surrogatepass")) <= CALLBACK_BYTES:
        return data
    return ("l:" if action.replaces else "k:") + shorten(action.line)
