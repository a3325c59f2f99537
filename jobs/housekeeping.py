"""Forgets what is no longer needed: every retention stands here.

Records of customers and the audit are not touched.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from crm_store import asked, cleaning, halts, inbox, notices, occurrences, postings, webchat
from crm_store.store import Session
from jobs.schedule import JobContext

EVENTS = timedelta(days=30)  # bodies and answers; the keys stay, so a repeat is still known
MESSAGES = timedelta(days=100)  # a quarterly digest compares itself with the one before
RUNS = timedelta(days=90)
HALTS = timedelta(days=1)
CONVERSATIONS = timedelta(days=90)
BUTTONS = timedelta(days=90)
LINK_CODES = timedelta(days=1)
PAGES = timedelta(days=90)
BROWSERS = timedelta(days=1)

_STEPS: tuple[tuple[str, Callable[[Session, datetime], int | None], timedelta], ...] = (
    ("events", inbox.purge, EVENTS),
    ("messages", notices.purge, MESSAGES),
    ("runs", occurrences.purge, RUNS),
    ("requests", asked.purge, RUNS),
    ("halts", halts.purge, HALTS),
    ("conversations", cleaning.purge_conversations, CONVERSATIONS),
    ("buttons", cleaning.purge_short_lines, BUTTONS),
    ("cards", postings.purge, postings.KEPT),
    ("link codes", cleaning.purge_link_codes, LINK_CODES),
    ("pages", webchat.purge_messages, PAGES),
    ("browsers", webchat.purge_sessions, BROWSERS),
)


def run(context: JobContext) -> str:
    """Forget each kind in a transaction of its own."""
    done = []
    for name, purge, kept in _STEPS:
        with context.transaction() as session:
            count = purge(session, context.now - kept)
        context.progress(name)
        if count is not None:
            done.append(f"{count} {name}")
    return ", ".join(done)
