"""A reply as Slack blocks and a form as a Slack modal; pure: the same reply draws the same.

Nothing is sent and nothing is stored here; the sensitivity of a field is settled before a reply
comes here.

Everything that comes from people stands in `plain_text`, `rich_text` and `raw_text` elements, in
which Slack reads no markup, so it comes out letter by letter. Only the fallback `text` is mrkdwn;
`&`, `<` and `>` are escaped in it.

| part | drawn as | degraded |
|---|---|---|
| title | header | over 150 characters or lines: bold rich text |
| tone | `✓`, `!` or `✗` before the title, also in the notification | without a title before the text |
| text | rich text | cut at 3,000 |
| fields | one line each in rich text, label in bold | those past 2,000 characters are counted |
| table | table block, numbers to the right | 99 rows, 20 columns, 10,000 characters; rest counted |
| row.opens | one select “Open…” | 100 rows; a line over 150 characters is left out |
| chart | carried along for the adapter to upload | |
| form | the question asked next, its choices as buttons; `bot/slack/forms.py` for the modal | |
| actions | buttons with style and confirmation | long lines by key; past 1,500 characters counted |
| footer | context | cut at 300 |
| files | | named in the text |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.visible import (
    NOTHING,
    SIGNS,
    Press,
    choices,
    columns,
    line,
    more_buttons,
    more_columns,
    more_fields,
    more_rows,
    open_question,
    padded,
    paragraph,
    row_label,
    units,
    with_files_named,
)
from handlers.reply import Action, Reply, Style, Tone
from handlers.wording import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from handlers.reply import Chart, Field, Form, Row, Table

Block = dict[str, Any]

# Slack refuses somewhere between 11,000 and 13,200 characters over all blocks and does not say how
# it counts (slackapi/bolt-js#2509, #2867): texts and values both count here, in UTF-16 units.
TOTAL = 10_000
FALLBACK = 3_000
_HEADER = 150
_COLUMNS = 20
_BUTTONS = 100
_FALLBACK_ROWS = 20
_LONG_LINE = 400
OPTION_VALUE = 150


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """The `text` and `blocks` of a message, and the chart to upload beside it.

    Post it with `mrkdwn`, `unfurl_links` and `unfurl_media` off and without `parse` and
    `link_names`.
    """

    text: str
    blocks: list[Block]
    chart: Chart | None = None


def render(
    reply: Reply, shorten: Callable[[str], str], *, inline_choices: bool = True
) -> SlackMessage:
    """Draw `reply` within Slack's limits, whatever is in it.

    `shorten` keeps a line that is too long for a button and returns a key of at most 64 characters
    for it. `inline_choices` puts the choices of an open form question under it as buttons, for
    where no modal can be opened.
    """
    reply = with_files_named(reply, "slack")
    offered = (choices(reply.form) if inline_choices else ()) + reply.actions
    footer = note(paragraph(reply.footer, 300))
    above = [*_mention(reply), *_title(reply), *_text(reply), *_fields(reply.fields)]
    below = [*_question(reply.form), *_buttons(offered, shorten), *footer]
    blocks = [*above, *_table(reply.table, TOTAL - weight(above) - weight(below)), *below]
    return SlackMessage(_fallback(reply), blocks, reply.chart)


def read_press(action: dict[str, Any]) -> Press:
    """Read one of the `actions` of a `block_actions` payload that this renderer drew."""
    kind, _colon, rest = action["action_id"].partition(":")
    chosen = action.get("selected_option") or action
    return Press(
        "key" if rest.endswith(":key") else "line", chosen.get("value", ""), kind == "swap"
    )


def escape(text: str) -> str:
    """Escape the three characters that are markup in mrkdwn."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def weight(part: object) -> int:
    """Count the UTF-16 units of every text and value in blocks, which is how `TOTAL` is meant."""
    if isinstance(part, dict):
        return sum(
            units(value) if isinstance(value, str) and key in {"text", "value"} else weight(value)
            for key, value in part.items()
        )
    return sum(weight(item) for item in part) if isinstance(part, list) else 0


def _mention(reply: Reply) -> list[Block]:
    account = reply.account("slack")
    return [rich([{"type": "user", "user_id": account}])] if account else []


def _title(reply: Reply) -> list[Block]:
    if not reply.title.strip():
        return []
    title = paragraph(SIGNS[reply.tone] + reply.title.strip(), 600)
    if "\n" in title or units(title) > _HEADER:
        return [rich([run(title, bold=True)])]
    return [{"type": "header", "text": plain(title)}]


def _text(reply: Reply) -> list[Block]:
    if not reply.text.strip():
        return []
    sign = "" if reply.title.strip() else SIGNS[reply.tone]
    return [rich([run(paragraph(sign + reply.text.strip(), 3_000))])]


def _fields(fields: tuple[Field, ...]) -> list[Block]:
    runs: list[Block] = []
    room = 2_000
    for index, field in enumerate(fields):
        label = _("{label}: ", label=line(field.label, 100))
        value = paragraph(field.value.strip(), 1_000) or NOTHING
        room -= units(label) + units(value) + 1
        if room < 0:
            return [*_filled(runs), *note(more_fields(len(fields) - index))]
        runs += [run(label, bold=True), run(value + "\n" * (index + 1 < len(fields)))]
    return _filled(runs)


def _filled(runs: list[Block]) -> list[Block]:
    return [rich(runs)] if runs else []


def _table(table: Table | None, room: int) -> list[Block]:
    wide = columns(table)
    if table is None or not wide:
        return []
    room = min(room, 9_000) - 300  # for the notes below the table and the label of the select
    head = [[_cell(column, 75) for column in table.columns[:_COLUMNS]]] if table.columns else []
    room -= weight(head)
    drawn: list[list[Block]] = []
    opening = _Opening()
    for row in table.rows[:99]:
        cut = [_cell(cell, 300) for cell in padded(row.cells, min(wide, _COLUMNS))]
        room -= weight(cut) + opening.cost(row)
        if room < 0:
            break
        drawn.append(cut)
        opening.add(row)
    return [
        *_grid(table, head + drawn),
        *note(more_rows(len(table.rows) - len(drawn))),
        *note(more_columns(wide - _COLUMNS)),
        *opening.block(),
    ]


def _grid(table: Table, rows: list[list[Block]]) -> list[Block]:
    if not rows:
        return []
    settings = [
        {"align": "right" if index in table.numeric else "left", "is_wrapped": True}
        for index in range(len(rows[0]))
    ]
    return [{"type": "table", "column_settings": settings, "rows": rows}]


class _Opening:
    """The select that opens the rows of a table."""

    def __init__(self) -> None:
        self._options: dict[str, str] = {}

    def cost(self, row: Row) -> int:
        return units(line(row_label(row), 75)) + units(row.opens) if self._fits(row) else 0

    def add(self, row: Row) -> None:
        if self._fits(row):
            self._options[row.opens] = line(row_label(row), 75)

    def block(self) -> list[Block]:
        if not self._options:
            return []
        options = [{"text": plain(label), "value": opens} for opens, label in self._options.items()]
        select = {
            "type": "static_select",
            "action_id": "run:open",
            "placeholder": plain(_("Open…")),
            "options": options,
        }
        return [{"type": "actions", "elements": [select]}]

    def _fits(self, row: Row) -> bool:
        return (
            bool(row.opens) and units(row.opens) <= OPTION_VALUE and row.opens not in self._options
        )


def _question(form: Form | None) -> list[Block]:
    field = open_question(form) if form else None
    if form is None or field is None:
        return []
    runs = [run(line(form.title, 150) + "\n", bold=True)] if form.title.strip() else []
    if field.error:
        runs.append(run(SIGNS[Tone.BAD] + paragraph(field.error, 300) + "\n"))
    runs.append(run(line(field.label or field.name, 200)))
    return [rich(runs), *note(paragraph(field.hint, 300))]


def _buttons(actions: tuple[Action, ...], shorten: Callable[[str], str]) -> list[Block]:
    buttons: list[Block] = []
    room = 1_500
    for index, action in enumerate(actions[:_BUTTONS]):
        drawn = button(action, index, shorten)
        room -= weight(drawn)
        if room < 0:
            break
        buttons.append(drawn)
    groups = [
        {"type": "actions", "elements": buttons[at : at + 25]} for at in range(0, len(buttons), 25)
    ]
    return [*groups, *note(more_buttons(len(actions) - len(buttons)))]


def button(action: Action, index: int, shorten: Callable[[str], str]) -> Block:
    """Draw a button; `index` tells it from the others of the message."""
    stored = units(action.line) > _LONG_LINE
    drawn: Block = {
        "type": "button",
        "action_id": ("swap:" if action.replaces else "run:")
        + str(index)
        + (":key" if stored else ""),
        "text": plain(line(action.label, 75)),
    }
    if action.line:
        drawn["value"] = shorten(action.line) if stored else action.line
    if action.style is not Style.PLAIN:
        drawn["style"] = action.style.value
    if action.confirm.strip():
        drawn["confirm"] = {
            "title": plain(line(action.label, 75)),
            "text": plain(paragraph(action.confirm, 300)),
            "confirm": plain(line(action.label, 30)),
            "deny": plain(line(_("Cancel"), 30)),
        }
    return drawn


def _fallback(reply: Reply) -> str:
    text = "\n".join(part for part in _spoken(reply) if part.strip()) or _("Done.")
    return escape(paragraph(text, FALLBACK, lambda part: units(escape(part))))


def _spoken(reply: Reply) -> Iterator[str]:
    yield SIGNS[reply.tone] + (reply.title.strip() or reply.text.strip())
    if reply.title.strip():
        yield reply.text.strip()
    for field in reply.fields:
        yield _("{label}: ", label=field.label.strip()) + field.value.strip()
    if reply.table:
        for row in reply.table.rows[:_FALLBACK_ROWS]:
            yield " · ".join(cell for cell in row.cells if cell.strip())
    field_asked = open_question(reply.form) if reply.form else None
    if field_asked:
        yield field_asked.label.strip()
    yield reply.footer.strip()


def plain(text: str) -> Block:
    """Draw a text in which nothing is markup."""
    return {"type": "plain_text", "text": text, "emoji": False}


def run(text: str, *, bold: bool = False) -> Block:
    """Draw a part of rich text."""
    return (
        {"type": "text", "text": text, "style": {"bold": True}}
        if bold
        else {"type": "text", "text": text}
    )


def rich(runs: list[Block]) -> Block:
    """Draw a paragraph of rich text."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": runs}]}


def _cell(text: str, limit: int) -> Block:
    return {"type": "raw_text", "text": line(text, limit)}


def note(text: str) -> list[Block]:
    """Draw a line in small print, nothing for an empty one."""
    return [{"type": "context", "elements": [plain(text.strip())]}] if text.strip() else []
