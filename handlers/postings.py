"""The words of a card that stands in a chat and whose record was changed; where it stands: `crm_store/postings.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm_store import notices, postings, records
from crm_store.conversations import Reference
from crm_store.models import Posting, User
from crm_store.store import Session
from handlers.errors import UserError
from handlers.notices import Outcome, Telling, notice
from handlers.received import dressed
from handlers.reply import Reply
from handlers.wording import _


def _note_failed(session: Session, outcome: Outcome) -> None:
    """Forget a card that can be edited no more."""
    posting = session.get(Posting, outcome.payload["posting_id"])
    if outcome.reply is None and posting is not None:
        session.delete(posting)


@notice(postings.KIND, _note_failed)
def tell_card_changed(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Draw a card anew for whom it was drawn, unless they may not see it any more."""
    posting = telling.session.get(Posting, payload["posting_id"])
    if posting is None:
        return None
    drawn = _drawn(telling, posting)
    if drawn is None:
        return None
    told = notices.standing(telling.session, posting.record, posting.chat, posting.message_id)
    if told:
        drawn = dressed(telling.session, told, drawn)
    return replace(drawn, edits=posting.message_id)


def _drawn(telling: Telling, posting: Posting) -> Reply | None:
    about = Reference.parse(posting.record)
    if about.kind == "day":
        return _day(telling, about.id)
    record = records.find(telling.session, about.kind, about.id, deleted=True)
    if record is None:
        return None
    try:
        # As they may see it now: a deleted record is shown to nobody, but that it was is no secret to them.
        if record.deleted_at is None:
            return telling.run(f"{about.kind} show {about.id}")
        telling.run(f"{about.kind} list")
    except UserError:
        return None
    return Reply(
        title=_("{name} was deleted.", name=records.name_of(record)), record=posting.record
    )


def _day(telling: Telling, user_id: int) -> Reply | None:
    person = telling.session.get_one(User, user_id)
    try:
        return telling.run(f"day for={person.email}")
    except UserError:
        return None
