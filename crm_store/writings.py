"""What customers wrote and what was noted about them in a time, as plain columns; names that people have.

Not here: what the texts are about (`jobs/analytics/themes.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_store.conversations import Reference
from crm_store.labels import whole
from crm_store.models import (
    Activity,
    ActivityKind,
    Company,
    Contact,
    Ticket,
    TicketKind,
    User,
)
from crm_store.purchases import code
from crm_store.words import fold, is_cjk, split

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

TICKETS, NOTES, FEEDBACK = "tickets", "notes", "feedback"
MOST = 10_000  # texts of a table, the newest
REACH = (
    500_000  # rows of a table that are looked at, the newest: older ones are older than any period
)
NAMES_PAGE = 20_000
_NOTES = (ActivityKind.NOTE, ActivityKind.CALL, ActivityKind.MEETING, ActivityKind.VISIT)
_FEEDBACK = (TicketKind.FEEDBACK, TicketKind.SUGGESTION, TicketKind.COMPLAINT, TicketKind.CLAIM)
# A dot within an address or after a title ends no sentence.
_SENTENCE = re.compile(
    r"\S.*?(?:(?<!\bmr)(?<!\bms)(?<!\bdr)(?<!\bmrs)[.!?]+(?=\s|$)|[。！？]+|$)",
    re.IGNORECASE | re.MULTILINE,
)
_SHORT_NAME = 3  # characters of a Chinese name, of which the last two are what friends say
_EXAMPLE = 200


@dataclass(frozen=True, slots=True)
class Writing:
    """A text: the record it stands on, `ticket:7` or `activity:9`, and whose it is.

    `customer` is the code of the company, else of the person, None for nobody's.
    """

    record: str
    source: str
    text: str
    at: datetime
    customer: int | None


def read(session: Session, since: datetime, until: datetime) -> list[Writing]:
    """Return the newest texts of living customers' tickets and of notes of [since, until), oldest first."""
    found = [*_tickets(session, since, until), *_entries(session, since, until)]
    return sorted(found, key=lambda each: (each.at, each.record))


def _tickets(session: Session, since: datetime, until: datetime) -> list[Writing]:
    columns = (Ticket.subject, Ticket.text, Ticket.kind, Ticket.created_at)
    return [
        Writing(
            f"ticket:{row[0]}",
            FEEDBACK if row[3] in _FEEDBACK else TICKETS,
            whole(row[1], row[2]),
            row[4],
            _customer(row[5], row[6]),
        )
        for row in _newest(session, Ticket, columns, _within(Ticket.created_at, since, until))
    ]


def _entries(session: Session, since: datetime, until: datetime) -> list[Writing]:
    wanted = sa.and_(
        _within(Activity.at, since, until),
        Activity.kind.in_((*_NOTES, ActivityKind.MESSAGE)),
    )
    columns = (Activity.text, Activity.kind, Activity.at)
    return [
        Writing(
            f"activity:{row[0]}",
            NOTES if row[2] in _NOTES else TICKETS,
            row[1],
            row[3],
            _customer(row[4], row[5]),
        )
        for row in _newest(session, Activity, columns, wanted)
    ]


def _newest(
    session: Session,
    model: type[Ticket | Activity],
    columns: Sequence[Any],
    wanted: sa.ColumnElement[bool],
) -> list[Any]:
    last = session.scalar(sa.select(sa.func.max(model.id))) or 0
    query = (
        _living(sa.select(model.id, *columns, model.company_id, model.contact_id), model)
        .where(model.id > last - REACH, wanted)
        .order_by(model.id.desc())
        .limit(MOST)
    )
    return list(session.execute(query))


def _living(query: sa.Select[Any], model: type[Ticket | Activity]) -> sa.Select[Any]:
    """Keep what was not deleted, nor the customer it stands on."""
    return (
        query.outerjoin(Company, Company.id == model.company_id)
        .outerjoin(Contact, Contact.id == model.contact_id)
        .where(
            model.deleted_at.is_(None), Company.deleted_at.is_(None), Contact.deleted_at.is_(None)
        )
    )


def _within(at: Any, since: datetime, until: datetime) -> sa.ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    return sa.and_(at >= since, at < until)


def _customer(company: int | None, contact: int | None) -> int | None:
    if company is not None:
        return code(Reference("company", company))
    return code(Reference("contact", contact)) if contact is not None else None


def read_names(session: Session, into: set[str], after: int) -> int | None:
    """Add the folded words of a page of people's names, deleted ones too; return where the next begins.

    The colleagues come with the first page, for which `after` is 0; None follows the last.
    """
    if after == 0:
        for name in session.scalars(sa.select(User.name)):
            into.update(_name_words(name))
    query = sa.select(Contact.id, Contact.name).where(Contact.id > after)
    rows = session.execute(query.order_by(Contact.id).limit(NAMES_PAGE)).all()
    for _id, name in rows:
        into.update(_name_words(name))
    return rows[-1][0] if len(rows) == NAMES_PAGE else None


def _name_words(name: str) -> list[str]:
    words = split(name)
    given = [word[1:] for word in words if is_cjk(word) and len(word) == _SHORT_NAME]
    return [*(word for word in words if len(word) > 1), *given]


def sentence(session: Session, record: str, words: Sequence[str]) -> str:
    """Return the first sentence of a text with one of the words.

    Empty when the text was changed, or the text or the customer is gone.
    """
    kind, _colon, number = record.partition(":")
    model: type[Ticket | Activity] = Ticket if kind == "ticket" else Activity
    text = session.scalar(_living(sa.select(model.text), model).where(model.id == int(number)))
    for each in _SENTENCE.findall(text or ""):
        said = " ".join(each.split())
        if any(word in fold(said) for word in words):
            return said if len(said) <= _EXAMPLE else f"{said[: _EXAMPLE - 1]}…"
    return ""
