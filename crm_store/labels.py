"""Which labels people gave tickets, what was suggested before they did, and how often that was right.

A label that nobody looked at (the priority that every ticket begins with) is nobody's opinion: it
counts only once the ticket is finished, or where it came with an import. Suggestions are scores of
tickets, made where nobody has labelled the ticket yet; an empty label says that none was sure enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_store.models import Company, Contact, Priority, Receipt, Score, Ticket, TicketKind
from crm_store.scores import MOOD, PRIORITY, QUEUE, TICKET_KIND, Scored
from crm_store.tickets import FINISHED, UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

KINDS = (QUEUE, TICKET_KIND, PRIORITY, MOOD)
NEGATIVE, POSITIVE = "negative", "positive"
LOW, HIGH = 2, 4  # of 5: up to it somebody is unhappy, from it on happy
PAGE = 5_000
FRESH = timedelta(days=30)  # older tickets get no suggestion any more
_OPINIONS = (TicketKind.FEEDBACK, TicketKind.SUGGESTION, TicketKind.COMPLAINT, TicketKind.CLAIM)


@dataclass(frozen=True, slots=True)
class Example:
    """A ticket's text and the label that it has by people's will.

    `suggested` is what it was suggested, empty for nothing; `chosen` says that somebody gave the
    label themselves, and did not merely leave what was there.
    """

    ticket: int
    text: str
    label: str
    at: datetime
    suggested: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """How often a label was suggested where people then decided, and how often it was what they chose."""

    label: str
    count: int
    right: int


def _label(kind: str) -> sa.ColumnElement[str]:
    """Return the label as text, NULL for none."""
    if kind == MOOD:
        return sa.case(
            (Ticket.satisfaction <= LOW, NEGATIVE), (Ticket.satisfaction >= HIGH, POSITIVE)
        )
    columns: Mapping[str, Any] = {
        QUEUE: Ticket.queue,
        PRIORITY: Ticket.priority,
        TICKET_KIND: Ticket.kind,
    }
    return sa.type_coerce(columns[kind], sa.String)


def _chosen(kind: str) -> sa.ColumnElement[bool]:
    """Tell whether somebody gave the ticket its label."""
    if kind == PRIORITY:
        return Ticket.priority != Priority.NORMAL
    if kind == TICKET_KIND:
        return Ticket.kind != TicketKind.QUESTION
    return _label(kind).is_not(None)


def _decided(kind: str) -> sa.ColumnElement[bool]:
    """Tell whether the label is somebody's opinion."""
    finished = sa.or_(Ticket.status.in_(FINISHED), Ticket.import_id.is_not(None))
    return sa.and_(_label(kind).is_not(None), sa.or_(_chosen(kind), finished))


def _suggestion(kind: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        Score.kind == kind, Score.subject_kind == "ticket", Score.subject_id == Ticket.id
    )


def read_examples(
    session: Session, kind: str, until: datetime, after: int
) -> tuple[list[Example], int | None]:
    """Return a page of the tickets opened before `until` that people labelled, and where the next begins.

    Tickets of deleted customers are left out. `after` is 0 for the first page; None follows the last.
    """
    query = (
        sa.select(
            Ticket.id,
            Ticket.subject,
            Ticket.text,
            _label(kind),
            Ticket.created_at,
            sa.func.coalesce(Score.label, ""),
            _chosen(kind),
        )
        .outerjoin(Score, _suggestion(kind))
        .outerjoin(Company, Company.id == Ticket.company_id)
        .outerjoin(Contact, Contact.id == Ticket.contact_id)
        .where(
            Ticket.id > after,
            Ticket.created_at < until,
            Ticket.deleted_at.is_(None),
            Company.deleted_at.is_(None),
            Contact.deleted_at.is_(None),
            _decided(kind),
        )
        .order_by(Ticket.id)
        .limit(PAGE)
    )
    found = [
        Example(row[0], whole(row[1], row[2]), row[3], row[4], row[5], bool(row[6]))
        for row in session.execute(query)
    ]
    return found, found[-1].ticket if len(found) == PAGE else None


def first_of(session: Session, kind: str, until: datetime, newest: int) -> int:
    """Return the number before the one of the first of so many newest labelled tickets; 0 for fewer."""
    query = sa.select(Ticket.id).where(
        Ticket.deleted_at.is_(None), Ticket.created_at < until, _decided(kind)
    )
    return session.scalar(query.order_by(Ticket.id.desc()).offset(newest).limit(1)) or 0


def whole(subject: str, text: str) -> str:
    """Return what a ticket says: the text, after its subject where that is not its first line."""
    return text if text.startswith(subject.removesuffix("…")) else f"{subject}\n{text}"


def waiting(session: Session, kind: str, now: datetime, limit: int) -> list[tuple[int, str]]:
    """Return number and text of the newest unfinished tickets that wait for a suggestion."""
    conditions = [
        Ticket.deleted_at.is_(None),
        Ticket.status.in_(UNFINISHED),
        Ticket.created_at >= now - FRESH,
        sa.not_(_chosen(kind)),
        sa.not_(sa.exists().where(_suggestion(kind))),
    ]
    if kind == MOOD:
        conditions += [Ticket.kind.in_(_OPINIONS), Ticket.satisfaction.is_(None)]
    query = sa.select(Ticket.id, Ticket.subject, Ticket.text).where(*conditions)
    rows = session.execute(query.order_by(Ticket.id.desc()).limit(limit))
    return [(row[0], whole(row[1], row[2])) for row in rows]


def suggest(session: Session, made: Receipt, found: Iterable[Scored]) -> None:
    """Keep suggestions beside those that a receipt has already."""
    rows = [
        {
            "kind": made.kind,
            "subject_kind": each.customer.kind,
            "subject_id": each.customer.id,
            "period": made.data["period"],
            "value": each.value,
            "label": each.label,
            "reasons": each.reasons,
            "receipt_id": made.id,
        }
        for each in found
    ]
    if rows:
        session.execute(sa.insert(Score), rows)


def receipt(session: Session, kind: str) -> Receipt | None:
    """Return how the newest suggestions came about."""
    query = sa.select(Receipt).where(Receipt.kind == kind)
    return session.scalars(
        query.order_by(Receipt.made_at.desc(), Receipt.id.desc()).limit(1)
    ).first()


def begin(session: Session, kind: str, period: str, now: datetime, data: Mapping[str, Any]) -> None:
    """Put a receipt in the place of the last one; tickets that nobody labelled yet are suggested anew.

    What was suggested where people have decided since stays: it tells how right the suggestions were.
    """
    undecided = sa.select(Ticket.id).where(Ticket.status.in_(UNFINISHED), sa.not_(_chosen(kind)))
    scored = sa.select(Score.receipt_id).where(Score.kind == kind)
    for statement in (
        sa.delete(Score).where(Score.kind == kind, Score.subject_id.in_(undecided)),
        sa.delete(Receipt).where(Receipt.kind == kind, Receipt.id.not_in(scored)),
    ):
        session.execute(statement, execution_options={"synchronize_session": False})
    session.add(Receipt(kind=kind, made_at=now, data={**data, "period": period}))
    session.flush()


def count_decided(session: Session, kind: str, until: datetime) -> int:
    """Return how many labelled tickets there are to learn from."""
    query = sa.select(sa.func.count()).select_from(Ticket)
    decided = (Ticket.deleted_at.is_(None), Ticket.created_at < until, _decided(kind))
    return session.scalar(query.where(*decided)) or 0


def judged(session: Session, kind: str, since: datetime | None = None) -> Sequence[Judged]:
    """Return how right the suggestions were for tickets opened since, by label, the most frequent first."""
    right = sa.func.sum(sa.case((_label(kind) == Score.label, 1), else_=0))
    count = sa.func.count()
    query = (
        sa.select(Score.label, count, right)
        .join(Ticket, _suggestion(kind))
        .where(Score.label != "", Ticket.deleted_at.is_(None), _decided(kind))
        .group_by(Score.label)
        .order_by(count.desc(), Score.label)
    )
    if since is not None:
        query = query.where(Ticket.created_at >= since)
    return [Judged(row[0], row[1], int(row[2])) for row in session.execute(query)]


def corrections(session: Session, kind: str) -> int:
    """Return how often people chose another label than the one suggested, over all."""
    return sum(each.count - each.right for each in judged(session, kind))


def queue_called(session: Session, name: str) -> str:
    """Return a queue as it is spelt on other tickets, else as it was written."""
    query = sa.select(Ticket.queue).where(sa.func.lower(Ticket.queue) == name.lower())
    return session.scalars(query.order_by(Ticket.id.desc()).limit(1)).first() or name
