"""Deletes what has only served a moment: conversations, stored button lines and link codes.

Notices, the inbox, occurrences and halts are purged by their own modules; how long each is kept is
said in `jobs/housekeeping.py`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm_store.models import AccountCode, Conversation, LinkCode, ShortLine


def purge_conversations(session: Session, before: datetime) -> int:
    """Forget the conversations that were silent since a moment and return how many."""
    return _delete(session, sa.delete(Conversation).where(Conversation.updated_at < before))


def purge_short_lines(session: Session, before: datetime) -> int:
    """Delete the lines of buttons made before a moment and return how many."""
    return _delete(session, sa.delete(ShortLine).where(ShortLine.created_at < before))


def purge_link_codes(session: Session, before: datetime) -> int:
    """Delete the codes that ran out before a moment, used or not, and return how many."""
    return sum(
        _delete(session, sa.delete(codes).where(codes.expires_at < before))
        for codes in (LinkCode, AccountCode)
    )


def _delete(session: Session, statement: sa.Delete) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("sa.CursorResult[Any]", result).rowcount
