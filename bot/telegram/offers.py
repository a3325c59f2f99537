"""Inline mode: records offered to one person who types our name in any chat.

What may be found is decided by the router with the rights of that person.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from telegram import Bot, InlineQueryResultArticle, InputTextMessageContent

from bot.visible import line
from handlers.reply import Reply, Row

MOST = 50  # https://core.telegram.org/bots/api#answerinlinequery
_TITLE = 100
_TEXT = 300
_PAGES = 1_000


def page_of(query: dict[str, Any]) -> int:
    """Return which page is asked for: Telegram sends back what the page before called the next."""
    offset = str(query.get("offset") or "")
    digits = offset.isascii() and offset.isdigit()
    return min(max(int(offset), 1), _PAGES) if digits and len(offset) <= len(str(_PAGES)) else 1


def answer(bot: Bot, query_id: str, found: Reply | None, page: int) -> Awaitable[bool]:
    """Return the call that offers the rows of `found`; nobody else is ever shown them.

    Telegram would keep an answer for five minutes and give it to everybody who types the same.
    """
    rows = found.table.rows[:MOST] if found and found.table else ()
    pages = [action.line for action in found.actions] if found else []
    more = any(f"page={page + 1}" in line_.split() for line_ in pages)
    return bot.answer_inline_query(
        query_id,
        [_article(row) for row in rows],
        cache_time=0,
        is_personal=True,
        next_offset=str(page + 1) if more and rows else "",
    )


def _article(row: Row) -> InlineQueryResultArticle:
    kind, number, name, more = (*row.cells, "", "", "", "")[:4]
    title = line(name, _TITLE)
    hint = " · ".join(part for part in (kind, number, more) if part.strip())
    # A name that somebody gave a record must not call anybody: no markup, no mention.
    text = line(f"{name} ({hint})", _TEXT).replace("@", "@\u2060")
    return InlineQueryResultArticle(
        id=row.opens[:64],
        title=title,
        description=line(hint, _TITLE),
        input_message_content=InputTextMessageContent(text),
    )
