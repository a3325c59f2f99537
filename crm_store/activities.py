"""The communication log, and the timeline that merges it with what else happened with a customer.

Who changed which field of a record is `crm_store/history.py`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import sqlalchemy as sa

from crm_store.conversations import Reference
from crm_store.models import (
    Activity,
    ActivityKind,
    Company,
    Contact,
    Deal,
    Order,
    Stage,
    StageChange,
    Task,
    Ticket,
    User,
)
from crm_store.models.base import Amount
from crm_store.money import Money

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Customer: TypeAlias = Company | Contact | Deal | Ticket
Ids: TypeAlias = list[sa.Select[int]]


class Happening(enum.StrEnum):
    """What stands on a timeline: the kinds of activities, and what other subjects leave behind."""

    NOTE = "note"
    CALL = "call"
    MEETING = "meeting"
    VISIT = "visit"
    EMAIL = "email"
    MESSAGE = "message"
    REPLY = "reply"
    STAGE = "stage"
    TICKET = "ticket"
    ORDER = "order"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline.

    Attributes:
        kind: what happened.
        finished: a ticket was closed, not opened.
        text: what was written: the note, the stage's name, the ticket's subject, the task.
        detail: the outcome of a task.
        who: the name of the colleague.
        about: the record it stands on: the deal or ticket where there is one.
        total: what an order was worth.
    """

    at: datetime
    kind: Happening
    finished: bool
    text: str
    detail: str
    who: str | None
    about: Reference
    total: Money | None


def add(
    session: Session,
    record: Customer,
    kind: ActivityKind,
    text: str,
    author_id: int | None,
    at: datetime,
    now: datetime,
) -> Activity:
    """Log an activity on a record and on the deal's or ticket's customer as well.

    A deal remembers its last activity outside the audit: taking a note back leaves that moment as
    it is, and two notes on one deal can be taken back in any order.
    """
    activity = Activity(
        kind=kind, text=text, author_id=author_id, at=at, created_at=now, **_links(record)
    )
    session.add(activity)
    session.flush()
    if isinstance(record, Deal):
        later = sa.update(Deal).where(Deal.id == record.id, Deal.last_activity_at < at)
        session.execute(later.values(last_activity_at=at))
    return activity


def timeline(
    session: Session,
    record: Customer,
    kind: Happening | None,
    offset: int,
    limit: int,
) -> tuple[list[Entry], int]:
    """Return one page of what happened with a record, newest first, and how much there is.

    A company's timeline has everything of its contacts, deals and tickets.
    """
    scope = _Scope(record)
    sources = [source for kinds, source in _sources(scope) if kind is None or kind in kinds]
    if not sources:
        return [], 0
    merged = sa.union_all(*sources).subquery()
    wanted = merged.c.kind == kind.value if kind else sa.true()
    total = session.scalar(sa.select(sa.func.count()).select_from(merged).where(wanted)) or 0
    query = (
        sa.select(merged, User.name.label("who"))
        .outerjoin(User, User.id == merged.c.user_id)
        .where(wanted)
        .order_by(merged.c.at.desc(), merged.c.row_id.desc(), merged.c.kind)
        .offset(offset)
        .limit(limit)
    )
    return [_entry(row) for row in session.execute(query)], total


def _links(record: Customer) -> dict[str, int | None]:
    match record:
        case Company():
            return {"company_id": record.id}
        case Contact():
            return {"contact_id": record.id, "company_id": record.company_id}
        case Deal():
            links = {"deal_id": record.id}
        case Ticket():
            links = {"ticket_id": record.id}
    return {**links, "company_id": record.company_id, "contact_id": record.contact_id}


class _Scope:
    """Which rows of each table stand on the timeline of one record, as selects of their ids.

    They are lists because SQLite takes no union inside a union; None means no row at all.
    """

    def __init__(self, record: Customer) -> None:
        self._record = record
        self.deals: Ids | None = None
        self.tickets: Ids | None = None
        self.orders: Ids | None = None
        if isinstance(record, Deal):
            self.deals = [sa.select(Deal.id).where(Deal.id == record.id)]
        elif isinstance(record, Ticket):
            self.tickets = [sa.select(Ticket.id).where(Ticket.id == record.id)]
        else:
            self.deals = _of_customer(Deal, record)
            self.tickets = _of_customer(Ticket, record)
            self.orders = _of_customer(Order, record)

    def of(self, model: type[Activity | Task]) -> Ids:
        """Return the activities or tasks on the record itself and on its deals and tickets."""
        parts: Ids = []
        if isinstance(self._record, Company | Contact):
            parts.extend(_of_customer(model, self._record))
        if self.deals is not None:
            parts.append(sa.select(model.id).where(model.deal_id.in_(_either(self.deals))))
        if self.tickets is not None:
            parts.append(sa.select(model.id).where(model.ticket_id.in_(_either(self.tickets))))
        return parts


def _of_customer(model: Any, record: Company | Contact) -> Ids:  # noqa: ANN401 - has both columns
    alive = sa.select(model.id).where(model.deleted_at.is_(None))
    if isinstance(record, Contact):
        return [alive.where(model.contact_id == record.id)]
    # A row that names no company belongs to where its contact works; one that does stays there when
    # the contact moves on. Two selects, because an OR over both would use no index; and `coalesce`,
    # because SQLite would look through all rows without a company by the index on it.
    through = alive.join(Contact, Contact.id == model.contact_id).where(
        sa.func.coalesce(model.company_id, 0) == 0, Contact.company_id == record.id
    )
    return [alive.where(model.company_id == record.id), through]


def _either(ids: Ids) -> Any:  # noqa: ANN401 - a select or a union of several
    return sa.union(*ids) if len(ids) > 1 else ids[0]


def _sources(scope: _Scope) -> list[tuple[frozenset[Happening], Any]]:
    found: list[tuple[frozenset[Happening], Any]] = [
        (frozenset(Happening(kind) for kind in ActivityKind), _activities(scope)),
        (frozenset({Happening.TASK}), _tasks(scope)),
    ]
    if scope.deals is not None:
        found.append((frozenset({Happening.STAGE}), _stages(scope.deals)))
    if scope.tickets is not None:
        found.append((frozenset({Happening.TICKET}), _tickets(scope.tickets, finished=False)))
        found.append((frozenset({Happening.TICKET}), _tickets(scope.tickets, finished=True)))
    if scope.orders is not None:
        found.append((frozenset({Happening.ORDER}), _orders(scope.orders)))
    return found


def _activities(scope: _Scope) -> sa.Select[Any]:
    alive = Activity.id.in_(_either(scope.of(Activity))), Activity.deleted_at.is_(None)
    kind = sa.type_coerce(Activity.kind, sa.String)
    return _row(Activity.at, kind, Activity.id, Activity.text, Activity.author_id, Activity).where(
        *alive
    )


def _tasks(scope: _Scope) -> sa.Select[Any]:
    done = (
        Task.id.in_(_either(scope.of(Task))),
        Task.deleted_at.is_(None),
        Task.done_at.is_not(None),
    )
    kind = sa.literal(Happening.TASK.value)
    return _row(
        Task.done_at, kind, Task.id, Task.text, Task.owner_id, Task, detail=Task.outcome
    ).where(*done)


def _stages(deals: Ids) -> sa.Select[Any]:
    kind = sa.literal(Happening.STAGE.value)
    about = sa.literal("deal"), StageChange.deal_id
    query = _row(StageChange.at, kind, StageChange.id, Stage.name, StageChange.user_id, about)
    return query.join(Stage, Stage.id == StageChange.stage_id).where(
        StageChange.deal_id.in_(_either(deals))
    )


def _tickets(tickets: Ids, *, finished: bool) -> sa.Select[Any]:
    at, who = (
        (Ticket.closed_at, Ticket.assignee_id)
        if finished
        else (Ticket.created_at, Ticket.author_id)
    )
    kind = sa.literal(Happening.TICKET.value)
    about = sa.literal("ticket"), Ticket.id
    query = _row(at, kind, Ticket.id, Ticket.subject, who, about, finished=finished)
    return query.where(Ticket.id.in_(_either(tickets)), at.is_not(None))


def _orders(orders: Ids) -> sa.Select[Any]:
    kind = sa.literal(Happening.ORDER.value)
    text = sa.func.coalesce(Order.external_id, "")
    about = (
        sa.case((Order.contact_id.is_not(None), "contact"), else_="company"),
        sa.func.coalesce(Order.contact_id, Order.company_id),
    )
    nobody = sa.cast(sa.null(), sa.BigInteger)
    query = _row(
        Order.ordered_at, kind, Order.id, text, nobody, about, total=(Order.total, Order.currency)
    )
    return query.where(Order.id.in_(_either(orders)))


def _row(
    at: Any,  # noqa: ANN401 - columns of any kind here and below
    kind: Any,  # noqa: ANN401
    row_id: Any,  # noqa: ANN401
    text: Any,  # noqa: ANN401
    user_id: Any,  # noqa: ANN401
    about: Any,  # noqa: ANN401
    *,
    finished: bool = False,
    detail: Any = None,  # noqa: ANN401
    total: tuple[Any, Any] | None = None,
) -> sa.Select[Any]:
    """Select the columns that every source of a timeline has, in one order and of one type."""
    about_kind, about_id = about if isinstance(about, tuple) else _most_special(about)
    amount, currency = total or (sa.cast(sa.null(), Amount), sa.literal(""))
    return sa.select(
        at.label("at"),
        kind.label("kind"),
        sa.literal(finished).label("finished"),
        row_id.label("row_id"),
        text.label("text"),
        (sa.literal("") if detail is None else sa.func.coalesce(detail, "")).label("detail"),
        user_id.label("user_id"),
        about_kind.label("about_kind"),
        about_id.label("about_id"),
        amount.label("amount"),
        currency.label("currency"),
    )


def _most_special(model: type[Activity | Task]) -> tuple[Any, Any]:
    kind = sa.case(
        (model.deal_id.is_not(None), "deal"),
        (model.ticket_id.is_not(None), "ticket"),
        (model.contact_id.is_not(None), "contact"),
        else_="company",
    )
    number = sa.func.coalesce(model.deal_id, model.ticket_id, model.contact_id, model.company_id)
    return kind, number


def _entry(row: Any) -> Entry:  # noqa: ANN401 - a row of the union
    return Entry(
        at=row.at,
        kind=Happening(row.kind),
        finished=bool(row.finished),
        text=row.text,
        detail=row.detail,
        who=row.who,
        about=Reference(row.about_kind, row.about_id),
        total=Money(row.amount, row.currency) if row.amount is not None else None,
    )
