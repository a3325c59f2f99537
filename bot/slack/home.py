"""Draws a reply on Slack's home tab, and as a modal over it, where there are no tables.

| part | drawn as | degraded |
|---|---|---|
| title | header | |
| table | a section per row with its buttons, under a line for each new first cell | 40 rows; the rest counted |
| day of somebody | a picker of people, for those who may look at others | |
| the rest | as in messages | |
"""

from __future__ import annotations

import dataclasses
from itertools import count
from typing import TYPE_CHECKING

from bot.slack.render import Block, button, note, plain, render, rich, run
from bot.visible import line, more_rows
from handlers.reply import Action
from handlers.wording import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from handlers.reply import Reply, Row

PERSON = "day:person"
PUBLISHED = "home"  # what stands for the id of a message
_ROWS = 40  # two blocks a row and a hundred in a view
_CELL = 300
_TITLE = 24


def home(reply: Reply, shorten: Callable[[str], str], *, switch: bool) -> Block:
    """Draw the home tab; `switch` adds the picker of people."""
    return {"type": "home", "blocks": _blocks(reply, shorten, _switch() if switch else [])}


def modal(reply: Reply, shorten: Callable[[str], str]) -> Block:
    """Draw the answer to a button of the home tab."""
    return {
        "type": "modal",
        "callback_id": "card",
        "title": plain(_("Rapport")),
        "close": plain(line(_("Close"), _TITLE)),
        "blocks": _blocks(reply, shorten, []) or note(_("Done.")),
    }


def _blocks(reply: Reply, shorten: Callable[[str], str], switch: list[Block]) -> list[Block]:
    above = dataclasses.replace(reply, table=None, chart=None, actions=(), form=None, footer="")
    below = dataclasses.replace(reply, title="", text="", fields=(), table=None, chart=None)
    actions = render(dataclasses.replace(below, form=None, footer=""), shorten).blocks
    rows = list(_rows(reply, shorten))
    return [*render(above, shorten).blocks, *actions, *switch, *rows, *note(reply.footer)]


def _rows(reply: Reply, shorten: Callable[[str], str]) -> Iterator[Block]:
    if reply.table is None:
        return
    group, numbers = "", count()
    for row in reply.table.rows[:_ROWS]:
        if row.cells and row.cells[0] != group:
            group = row.cells[0]
            yield rich([run(line(group, _CELL), bold=True)])
        yield from _row(row, shorten, numbers)
    yield from note(more_rows(len(reply.table.rows) - _ROWS))


def _row(row: Row, shorten: Callable[[str], str], numbers: Iterator[int]) -> Iterator[Block]:
    text = " · ".join(line(cell, _CELL) for cell in row.cells[1:] if cell.strip())
    section: Block = {"type": "section", "text": plain(text or row.opens or "–")}
    yield section
    opens = (Action(_("Open"), row.opens),) if row.opens else ()
    buttons = [button(action, next(numbers), shorten) for action in (*row.actions, *opens)]
    if buttons:
        yield {"type": "actions", "elements": buttons}


def _switch() -> list[Block]:
    picker = {
        "type": "users_select",
        "action_id": PERSON,
        "placeholder": plain(_("Day of…")),
    }
    return [{"type": "actions", "elements": [picker]}]
