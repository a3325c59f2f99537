"""A reply as plain text for a terminal, with colour where the caller says that there is one.

Nothing is read or written here. Control characters never reach the terminal: they are shown as
marks such as `⟨U+001B⟩`, so no text can move the cursor or change a colour.

| part | drawn as | degraded |
|---|---|---|
| title, tone | bold, with `✓`, `!` or `✗` before it; in colour on a terminal | |
| text | wrapped at the width, wide characters counted as two columns | |
| fields | labels in one column, values wrapped beside them | |
| table | aligned columns, numbers to the right | wide ones are cut, else a block per row; 200 rows |
| row.opens | the line of the first row, as an example of what to type | |
| chart | bars of block characters; lines as one spark line per series | 60 labels |
| form | the question asked next, its choices as numbered buttons | |
| actions | `[1] Done  [2] Snooze`; the caller runs the line when the number is typed | |
| action.confirm | the caller asks it: it stands in `actions` | |
| footer | last line, dim on a terminal | |
| files | | named in the text |
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING

from bot.branches import boxes
from bot.visible import (
    NOTHING,
    SIGNS,
    choices,
    clusters,
    columns,
    fit,
    line,
    more_rows,
    open_question,
    padded,
    visible,
    with_files_named,
)
from bot.visible import width as columns_of
from handlers.reply import Action, ChartKind, Reply, Tone
from handlers.wording import _, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from handlers.reply import Chart, Field, Form, Series, Table

    Paint = Callable[[str, str], str]

_GAP = 2
_ROWS = 200
_LABELS = 60
_BOXES = 40
_NARROWEST = 6
_NARROWEST_PAGE = 48
_LABEL = 24
_FIGURE = 12
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_SPARKS = "▁▂▃▄▅▆▇█"
_FILLS = "█▓▒░"
_COLOURS = {Tone.NEUTRAL: "1", Tone.GOOD: "1;32", Tone.WARNING: "1;33", Tone.BAD: "1;31"}
_BOLD, _DIM = "1", "2"


@dataclass(frozen=True, slots=True)
class ConsoleScreen:
    """The text to write, and the numbered buttons in it: `actions[0]` is `[1]`."""

    text: str
    actions: tuple[Action, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The command lines of the buttons, in their order."""
        return tuple(action.line for action in self.actions)


def render(reply: Reply, *, width: int = 80, colour: bool = False) -> ConsoleScreen:
    """Draw `reply` at most `width` columns wide, 48 at least; `colour` is for a terminal."""
    width = max(width, _NARROWEST_PAGE)
    paint = _paint if colour else _leave
    reply = with_files_named(reply, "console")
    buttons = (*choices(reply.form), *reply.actions)
    parts = (
        _heading(reply, width, paint),
        _fields(reply.fields, width, paint),
        _table(reply.table, width, paint),
        _chart(reply.chart, width, paint),
        _question(reply.form, width, paint),
        _buttons(buttons, width),
        paint(_wrapped(reply.footer, width), _DIM),
    )
    return ConsoleScreen("\n\n".join(part for part in parts if part) or _("Done."), buttons)


def wrap(text: str, width: int) -> list[str]:
    """Break `text` into lines of at most `width` columns, at spaces where there are any."""
    return [row for paragraph in text.split("\n") for row in _wrap_line(paragraph, width)]


def _wrap_line(text: str, width: int) -> Iterator[str]:
    row, used = "", 0
    for word in _words(text, width):
        wide = columns_of(word)
        if row and used + wide > width:
            yield row.rstrip()
            row, used, word = "", 0, word.lstrip(" ")  # noqa: PLW2901 - the break takes the place of the space
            wide = columns_of(word)
        row += word
        used += wide
    yield row.rstrip()


def _words(text: str, width: int) -> Iterator[str]:
    """Split before each space, and what is wider than a line between any characters."""
    for index, word in enumerate(text.split(" ")):
        spaced = " " + word if index else word
        if columns_of(spaced) <= width:
            yield spaced
        else:
            yield from clusters(spaced)


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if text else ""


def _leave(text: str, _code: str) -> str:
    return text


def _wrapped(text: str, width: int, indent: str = "") -> str:
    return f"\n{indent}".join(wrap(visible(text.strip()), width - len(indent)))


def _heading(reply: Reply, width: int, paint: Paint) -> str:
    sign, title, text = SIGNS[reply.tone], reply.title.strip(), reply.text.strip()
    if not title:
        return _wrapped(sign + text, width) if text else ""
    above = paint(_wrapped(sign + title, width), _COLOURS[reply.tone])
    return above + ("\n" + _wrapped(text, width) if text else "")


def _fields(fields: tuple[Field, ...], width: int, paint: Paint) -> str:
    labels = [line(field.label, _LABEL, columns_of) for field in fields]
    indent = max((columns_of(label) for label in labels), default=0) + _GAP
    drawn = []
    for label, field in zip(labels, fields, strict=True):
        pad = " " * (indent - columns_of(label))
        value = _wrapped(field.value, width, " " * indent) or NOTHING
        drawn.append(paint(label, _DIM) + pad + value)
    return "\n".join(drawn)


def _table(table: Table | None, width: int, paint: Paint) -> str:
    count = columns(table)
    if table is None or not count:
        return ""
    cut = partial(line, limit=width, measure=columns_of)
    rows = [[cut(cell) for cell in padded(row.cells, count)] for row in table.rows[:_ROWS]]
    head = [cut(title) for title in table.columns]
    widths = _widths([head, *rows] if head else rows, count, width)
    lines = (
        _grid(head, rows, widths, table.numeric, paint)
        if widths
        else _blocks(head, rows, width, paint)
    )
    opens = next((row.opens for row in table.rows if row.opens), "")
    example = _wrapped(_("Open a row, for example: {line}", line=opens), width) if opens else ""
    parts = (*lines, more_rows(len(table.rows) - _ROWS), paint(example, _DIM))
    return "\n".join(part for part in parts if part)


def _widths(rows: list[list[str]], count: int, width: int) -> list[int]:
    """Return the width of each column, the widest narrowed until all fit; else nothing."""
    widths = [max(columns_of(row[index]) for row in rows) for index in range(count)]
    room = width - _GAP * (count - 1)
    if sum(min(wide, _NARROWEST) for wide in widths) > room:
        return []
    while sum(widths) > room:
        widths[widths.index(max(widths))] -= 1
    return widths


def _grid(
    head: list[str],
    rows: list[list[str]],
    widths: list[int],
    numeric: tuple[int, ...],
    paint: Paint,
) -> Iterator[str]:
    if head:
        yield paint(_aligned(head, widths, numeric), _BOLD)
        yield (" " * _GAP).join("─" * wide for wide in widths)
    for row in rows:
        yield _aligned(row, widths, numeric)


def _aligned(row: list[str], widths: list[int], numeric: tuple[int, ...]) -> str:
    drawn = []
    for index, (cell, wide) in enumerate(zip(row, widths, strict=True)):
        shown = fit(cell, wide, columns_of)
        pad = " " * (wide - columns_of(shown))
        drawn.append(pad + shown if index in numeric else shown + pad)
    return (" " * _GAP).join(drawn).rstrip()


def _blocks(head: list[str], rows: list[list[str]], width: int, paint: Paint) -> Iterator[str]:
    for row in rows:
        yield paint(_wrapped(row[0], width), _BOLD)
        for label, cell in list(zip_longest(head, row, fillvalue=""))[1:]:
            labelled = _("{label}: ", label=label) + cell if label else cell
            yield "  " + _wrapped(labelled, width, "  ")


def _chart(chart: Chart | None, width: int, paint: Paint) -> str:
    if chart is None or not chart.series or not chart.labels:
        return ""
    unit = f" ({chart.unit.strip()})" if chart.unit.strip() else ""
    title = _wrapped(chart.title.strip() + unit, width)
    rows = _DRAWN.get(chart.kind, _bars)(chart, width)
    left = more_rows(len(chart.labels) - _LABELS if chart.kind not in _DRAWN else 0)
    return "\n".join(part for part in (paint(title, _BOLD), *rows, left) if part)


def _bars(chart: Chart, width: int) -> Iterator[str]:
    """Draw a bar per label and series, or one of several fillings per label if stacked."""
    several = len(chart.series) > 1
    if several:
        fills = (
            f"{_FILLS[index % len(_FILLS)]} {line(s.name, _LABEL, columns_of)}"
            for index, s in enumerate(chart.series)
        )
        yield "\n".join(wrap("  ".join(fills), width))
    labels = [line(label, min(_LABEL, width // 3), columns_of) for label in chart.labels[:_LABELS]]
    indent = max(columns_of(label) for label in labels) + 1
    bars = [_values(chart.series, index) for index in range(len(labels))]
    stacked = chart.kind is ChartKind.STACKED
    peak = max(
        (sum(v) if stacked else max(v) for v in ([abs(n or 0.0) for n in bar] for bar in bars)),
        default=0.0,
    )
    room = width - indent - 2 - _FIGURE
    for label, bar in zip(labels, bars, strict=True):
        for row, part in enumerate([bar] if stacked else [[value] for value in bar]):
            name = (label if row == 0 else "") + " " * (
                indent - columns_of(label if row == 0 else "")
            )
            yield f"{name}│{_bar(part, peak, room, row)}"


def _bar(values: list[float | None], peak: float, room: int, fill: int) -> str:
    drawn = ""
    for index, value in enumerate(values):
        length = abs(value or 0.0) / peak * room if peak else 0.0
        whole = int(length)
        rest = _EIGHTHS[int((length - whole) * 8)].strip() if len(values) == 1 and fill == 0 else ""
        drawn += _FILLS[(index + fill) % len(_FILLS)] * whole + rest
    known = [value for value in values if value is not None]
    return f"{drawn} {_figure(sum(known)) if known else NOTHING}"


def _sparks(chart: Chart, width: int) -> Iterator[str]:
    """Draw each series as a line of blocks from its lowest to its highest value, the latest ones."""
    names = [line(series.name, width // 4, columns_of) for series in chart.series]
    indent = max(columns_of(name) for name in names) + 1
    labels = chart.labels[-(width - indent - 2 * _FIGURE - 4) :]
    skipped = len(chart.labels) - len(labels)
    for name, series in zip(names, chart.series, strict=True):
        points = [_finite(value) for value in series.values[skipped : len(chart.labels)]]
        yield name + " " * (indent - columns_of(name)) + _spark_line(points)
    first, last = (line(label, _LABEL // 2, columns_of) for label in (labels[0], labels[-1]))
    yield f"{first} … {last}"


def _tree(chart: Chart, width: int) -> Iterator[str]:
    """Write each box of a tree on a line, further in than the one it hangs on."""
    for box in boxes(chart, _BOXES):
        share, count = (_figure(n) if math.isfinite(n) else NOTHING for n in (box.share, box.count))
        figures = f"{share} % · {count}"
        start = "  " * box.depth
        room = max(4, width - columns_of(start) - len(figures) - 2)
        yield f"{start}{line(chart.labels[box.place], room, columns_of)}  {figures}"


def _spark_line(points: list[float | None]) -> str:
    known = [value for value in points if value is not None]
    if not known:
        return NOTHING
    drawn = "".join(_spark(value, min(known), max(known)) for value in points)
    return f"{drawn} {_figure(known[0])} → {_figure(known[-1])}"


def _spark(value: float | None, low: float, high: float) -> str:
    if value is None:
        return " "
    share = value / 2 - low / 2
    span = high / 2 - low / 2
    return _SPARKS[round(share / span * (len(_SPARKS) - 1)) if span else 0]


def _values(series: tuple[Series, ...], index: int) -> list[float | None]:
    return [_finite(one.values[index]) if index < len(one.values) else None for one in series]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _figure(value: float) -> str:
    """Write a number in at most twelve columns."""
    if abs(value) >= 1e9:  # noqa: PLR2004 - the first that takes more than twelve
        return f"{value:.2e}"
    return number(value, 0 if value == int(value) or abs(value) >= 1_000 else 2)  # noqa: PLR2004


def _question(form: Form | None, width: int, paint: Paint) -> str:
    field = open_question(form) if form else None
    if form is None or field is None:
        return ""
    error = _wrapped(SIGNS[Tone.BAD] + field.error.strip(), width) if field.error.strip() else ""
    parts = (
        paint(_wrapped(form.title, width), _BOLD),
        paint(error, _COLOURS[Tone.BAD]),
        _wrapped(field.label or field.name, width),
        paint(_wrapped(field.hint, width), _DIM),
    )
    return "\n".join(part for part in parts if part)


def _buttons(actions: tuple[Action, ...], width: int) -> str:
    lines: list[str] = []
    for index, action in enumerate(actions, 1):
        button = f"[{index}] {line(action.label, width - 10, columns_of)}"
        if lines and columns_of(lines[-1]) + _GAP + columns_of(button) <= width:
            lines[-1] += " " * _GAP + button
        else:
            lines.append(button)
    return "\n".join(lines)


_DRAWN = {ChartKind.LINES: _sparks, ChartKind.TREE: _tree}
