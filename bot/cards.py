"""What a reply shows of a record: noted beside the message, so that it can be drawn anew when the record changes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from crm_store import postings
from handlers.reply import Sensitivity
from handlers.wording import _

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from crm_store.models import Notice
    from crm_store.postings import Card
    from crm_store.store import Session
    from handlers.reply import Reply, Row

_HIDDEN = {
    "self": frozenset[Sensitivity](),
    "team": frozenset({Sensitivity.PERSONAL}),
    "outside": frozenset({Sensitivity.PERSONAL, Sensitivity.INTERNAL}),
}


def card_of(
    session: Session, reply: Reply, user_id: int | None, now: datetime, audience: str
) -> Card | None:
    """Return what a reply shows to this person and those who read along; None when it is no card.

    What was committed since `postings.begin` may not show on it.
    """
    if not reply.record or user_id is None:
        return None
    parts = reply.to_dict()
    content = parts["text"], parts["fields"], parts["table"]
    face = postings.face_of(session, reply.record, content)
    if face is None:
        return None
    actor = session.info.get("actor")
    call = actor.call if actor else ""
    return postings.Card(
        reply.record, user_id, audience, face, now, session.info.get("seen", 0), call
    )


def audience_of(notice: Notice) -> str:
    """Return who reads what a notice says: its reader alone, or all who are where it goes."""
    return str(notice.payload.get("audience") or ("self" if notice.user_id else "team"))


def for_audience(reply: Reply, audience: str) -> Reply:
    """Return a reply without what those who read along may not see: `team` colleagues, `outside` others too."""
    hidden, instead = _HIDDEN[audience], _("only shown in private")
    if reply.sensitivity in hidden:
        return dataclasses.replace(
            reply, text=instead, fields=(), table=None, chart=None, actions=(), footer=""
        )
    fields = tuple(
        dataclasses.replace(field, value=instead) if field.sensitivity in hidden else field
        for field in reply.fields
    )
    table = reply.table
    if table and Sensitivity.INTERNAL in hidden:
        rows = tuple(_without(row, table.internal, instead) for row in table.rows)
        table = dataclasses.replace(table, rows=rows)
    return dataclasses.replace(reply, fields=fields, table=table)


def _without(row: Row, columns: Collection[int], instead: str) -> Row:
    cells = (instead if at in columns else cell for at, cell in enumerate(row.cells))
    return dataclasses.replace(row, cells=tuple(cells))
