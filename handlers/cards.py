"""Pieces of replies that several subjects share: paged lists and what was changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from handlers.command import line_of
from handlers.reply import Action, Reply, Row, Table
from handlers.request import Call, Request
from handlers.wording import _, number, plural

PAGE_SIZE = 10


def page(reply: Reply, line: str, page_number: int, total: int, size: int = PAGE_SIZE) -> Reply:
    """Add the count and the buttons to the other pages; `line` is the list's command without `page=`.

    A page behind the last one says how many there are.
    """
    pages = max(1, -(-total // size))
    if total and page_number > pages:
        return _behind_the_last(reply.title, line, pages)
    buttons = []
    if page_number > 1:
        buttons.append(Action(_("Previous"), f"{line} page={page_number - 1}", replaces=True))
    if page_number < pages:
        buttons.append(Action(_("Next"), f"{line} page={page_number + 1}", replaces=True))
    footer = _(
        "{total} in all, page {page} of {pages}", total=number(total), page=page_number, pages=pages
    )
    return replace(
        reply, actions=(*reply.actions, *buttons), footer=footer if total else reply.footer
    )


def _behind_the_last(title: str, line: str, pages: int) -> Reply:
    return Reply(
        title=title,
        text=plural("There is only {count} page.", "There are only {count} pages.", pages),
        actions=(Action(_("Last page"), f"{line} page={pages}", replaces=True),),
    )


def listing(
    title: str, columns: Sequence[str], rows: Sequence[Row], empty: str, numeric: Sequence[int] = ()
) -> Reply:
    """Return a table, or the sentence `empty` when there are no rows."""
    if not rows:
        return Reply(title=title, text=empty)
    return Reply(title=title, table=Table(tuple(columns), tuple(rows), tuple(numeric)))


def again(request: Request) -> str:
    """Return the line of a list as it was asked for, without its page."""
    values = {name: value for name, value in request.call.values.items() if name != "page"}
    return line_of(Call(request.call.command, values))
