"""Which records stand in a table for analysis, at which moments, and what became of each after its moment.

When a record is looked at decides what may be learned. A score is wanted while a deal is open, and
nobody knows then how long it will stay so. Looked at in the middle of its life, or some days before
it closed, a deal shows how long it lived: its age, its days in a stage and the number of its calls
are then known only because the end is. So `won` looks at every deal the same time after its opening
(`after`) and leaves out those that had ended by then; `middle` and `before_close` are there for a look back, and
hide what grows with time (`crm_store.table_columns.GROWING`).

Columns that say an outcome in other words are named in `hides` and are not read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_store import audit
from crm_store.fields import FieldType, RecordKind, type_of
from crm_store.models import (
    Activity,
    AuditRow,
    Company,
    Contact,
    CustomField,
    Deal,
    Order,
    Stage,
    StageKind,
    Ticket,
    TicketKind,
)
from crm_store.table_columns import GROWING, opening
from crm_store.tickets import FINISHED, UNFINISHED

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_MODELS: dict[RecordKind, Any] = {
    RecordKind.COMPANY: Company,
    RecordKind.CONTACT: Contact,
    RecordKind.DEAL: Deal,
    RecordKind.TICKET: Ticket,
}
_COMPLAINTS = (TicketKind.COMPLAINT, TicketKind.CLAIM)
_YEAR = timedelta(days=365)
_HOUR = timedelta(hours=1)
_LATEST = 50_000  # of those that ended last: how long they took tells how long others take


@dataclass(frozen=True, slots=True)
class Pick:
    """One row: a record, the moment it is looked at, and what became of it."""

    id: int
    moment: datetime
    outcome: bool | float | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Which records; the first column of `query` is the number that pages go by.

    Attributes:
        of: the kind of the records.
        query: selects living records, without order and limit.
        pick: makes a row of what was selected, None for a record that is left out.
        hides: columns that would tell the outcome.
    """

    of: RecordKind
    query: Any  # a select; its type lists the columns
    pick: Callable[[sa.Row[Any]], Pick | None]
    hides: frozenset[str] = frozenset()

    def page(self, session: Session, after: int, limit: int) -> tuple[list[Pick], int, int | None]:
        """Return the next rows, how many records were left out, and the number they end with.

        That is None when nothing follows.
        """
        number = _MODELS[self.of].id
        query = self.query.where(number > after).order_by(number).limit(limit)
        found = session.execute(query).all()
        picks = [pick for row in found if (pick := self.pick(row)) is not None]
        last = found[-1][0] if len(found) == limit else None
        return picks, len(found) - len(picks), last

    def since(self, start: datetime) -> Rows:
        """Return the rows that are looked at from a moment on."""
        return self._looked_at(lambda moment: moment >= start)

    def until(self, end: datetime) -> Rows:
        """Return the rows that are looked at before a moment."""
        return self._looked_at(lambda moment: moment < end)

    def _looked_at(self, fits: Callable[[datetime], bool]) -> Rows:
        def pick(row: sa.Row[Any]) -> Pick | None:
            found = self.pick(row)
            return found if found is not None and fits(found.moment) else None

        return replace(self, pick=pick)


@dataclass(frozen=True, slots=True)
class Look:
    """When a deal is looked at, from its opening and its end; None leaves it out.

    `tells_end` says that the moment depends on the end.
    """

    at: Callable[[datetime, datetime], datetime | None]
    tells_end: bool


def after(wait: timedelta) -> Look:
    """Look at a deal this long after its opening; one that had ended by then is left out."""
    return Look(lambda opened, end: opened + wait if opened + wait < end else None, tells_end=False)


def middle() -> Look:
    """Look at a deal in the middle of its life."""
    return Look(lambda opened, end: opened + max(end - opened, timedelta(0)) / 2, tells_end=True)


def before_close(ahead: timedelta) -> Look:
    """Look at a deal this long before its end; one that was not open then is left out."""
    return Look(lambda opened, end: end - ahead if end - ahead > opened else None, tells_end=True)


def won(until: datetime, look: Look) -> Rows:
    """Deals that ended before `until`, one row each; the outcome is whether it was won.

    `look` says when each is looked at; where that depends on the end, what grows is hidden.
    """

    def pick(row: sa.Row[Any]) -> Pick | None:
        opened = opening(row.opened_on, row.created_at)
        moment = look.at(opened, row.closed_at)
        return None if moment is None else Pick(row.id, moment, row.kind is StageKind.WON)

    query = (
        sa.select(Deal.id, Deal.opened_on, Deal.created_at, Deal.closed_at, Stage.kind)
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Deal.closed_at < until, Stage.kind != StageKind.OPEN, Deal.deleted_at.is_(None))
    )
    return Rows(RecordKind.DEAL, query, pick, GROWING if look.tells_end else frozenset())


def ended_before(session: Session, now: datetime) -> datetime:
    """Return the moment from which on deals were opened too lately to learn from.

    Of these only the fast ones have ended, and fast deals are won more or less often than others.
    It lies as far back as nine in ten of the `_LATEST` deals that ended last took to end.
    """
    query = (
        sa.select(Deal.opened_on, Deal.created_at, Deal.closed_at)
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Deal.closed_at < now, Stage.kind != StageKind.OPEN, Deal.deleted_at.is_(None))
        .order_by(Deal.closed_at.desc())
        .limit(_LATEST)
    )
    return _settled(
        now,
        [row.closed_at - opening(row.opened_on, row.created_at) for row in session.execute(query)],
    )


def open_deals(moment: datetime) -> Rows:
    """Deals that are open today, looked at a moment, without an outcome."""
    query = (
        sa.select(Deal.id)
        .join(Stage, Stage.id == Deal.stage_id)
        .where(
            Stage.kind == StageKind.OPEN,
            Deal.deleted_at.is_(None),
            _entered(Deal.created_at, moment),
        )
    )
    return Rows(RecordKind.DEAL, query, lambda row: Pick(row[0], moment))


def existing(of: RecordKind, moment: datetime) -> Rows:
    """All records of a kind that were there before a moment, without an outcome.

    A company or contact was there when it was entered or had its first order or activity.
    """
    return Rows(of, _there(of, moment), lambda row: Pick(row[0], moment))


def became_customer(of: RecordKind, until: datetime, wait: timedelta, within: timedelta) -> Rows:
    """Companies or contacts without an order `wait` after they were entered; whether one came `within` a time then.

    One row each, looked at `wait` after its entry; those whose time is not over at `until` are left out.
    """
    model = _MODELS[of]
    first = _first_order(of).scalar_subquery()
    query = sa.select(model.id, model.created_at, first.label("first")).where(
        model.deleted_at.is_(None), model.created_at < until - wait - within
    )

    def pick(row: sa.Row[Any]) -> Pick | None:
        moment = row.created_at + wait
        if row.first is not None and row.first < moment:
            return None
        return Pick(row.id, moment, row.first is not None and row.first < moment + within)

    hides = frozenset({"orders", "revenue", "days_since_order"})
    return Rows(of, query, pick, hides)


def left(of: RecordKind, moment: datetime, within: timedelta) -> Rows:
    """Return customers with an order in the year before a moment; whether none came `within` a time after it."""
    model = _MODELS[of]
    query = sa.select(model.id, _ordered(of, moment, moment + within).label("came")).where(
        model.deleted_at.is_(None), _ordered(of, moment - _YEAR, moment)
    )
    return Rows(of, query, lambda row: Pick(row.id, moment, not row.came))


def solved_in_time(until: datetime, within: timedelta) -> Rows:
    """Tickets looked at when they came; whether they were closed `within` a time.

    Those whose time is not over at `until` are left out.
    """
    query = sa.select(Ticket.id, Ticket.created_at, Ticket.closed_at).where(
        Ticket.deleted_at.is_(None), Ticket.created_at < until - within
    )

    def pick(row: sa.Row[Any]) -> Pick:
        done = row.closed_at is not None and row.closed_at - row.created_at <= within
        return Pick(row.id, row.created_at, done)

    return Rows(RecordKind.TICKET, query, pick)


def complaint(until: datetime) -> Rows:
    """Tickets looked at when they came; whether they are a complaint or a claim."""
    query = sa.select(Ticket.id, Ticket.created_at, Ticket.kind).where(
        Ticket.deleted_at.is_(None), Ticket.created_at < until
    )
    hides = frozenset({"kind", "priority", "queue"})  # people choose these by what it is

    def pick(row: sa.Row[Any]) -> Pick:
        return Pick(row.id, row.created_at, row.kind in _COMPLAINTS)

    return Rows(RecordKind.TICKET, query, pick, hides)


def reopened(until: datetime, within: timedelta) -> Rows:
    """Tickets looked at when they were first solved or closed; whether they were opened again `within` a time.

    The audit tells. Those whose time is not over at `until` are left out.
    """
    status = AuditRow.after["status"].as_string()
    was = AuditRow.before["status"].as_string()
    mine = sa.and_(
        AuditRow.kind == Ticket.__tablename__,
        AuditRow.record_id == Ticket.id,
        AuditRow.action == audit.CHANGED,
        AuditRow.at < until,
    )
    at = sa.select(sa.func.min(AuditRow.at))
    first = at.where(mine, status.in_(FINISHED)).scalar_subquery()
    again = at.where(mine, was.in_(FINISHED), status.in_(UNFINISHED)).scalar_subquery()
    ended = sa.func.coalesce(first, Ticket.closed_at, type_=Ticket.closed_at.type)
    query = sa.select(Ticket.id, ended.label("ended"), again.label("again")).where(
        Ticket.deleted_at.is_(None), ended < until - within
    )

    def pick(row: sa.Row[Any]) -> Pick:
        came = row.again is not None and row.again < row.ended + within
        return Pick(row.id, row.ended, came)

    return Rows(RecordKind.TICKET, query, pick)


def flagged(of: RecordKind, field: CustomField, now: datetime) -> Rows:
    """Return records in which an added field is filled, as they are today; the outcome is what it holds.

    Nobody keeps when the field began to say so, thus nothing is taken back: what followed from the
    outcome can stand in the columns.
    """
    model = _MODELS[of]
    held = model.custom[field.name]
    query = sa.select(model.id, held.as_string().label("held"), model.custom).where(
        model.deleted_at.is_(None), held.as_string().is_not(None)
    )
    wanted: type | tuple[type, ...] = (int, float)
    if type_of(field) is FieldType.YES_NO:
        wanted = bool

    def pick(row: sa.Row[Any]) -> Pick | None:
        value = row.custom.get(field.name)
        fits = isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
        return Pick(row.id, now, value) if fits else None

    return Rows(of, query, pick, frozenset({f"custom.{field.name}"}))


def amounts(until: datetime, currency: str) -> Rows:
    """Deals that were won before `until`, looked at when they were; the outcome is the amount."""
    query = (
        sa.select(Deal.id, Deal.closed_at, Deal.amount)
        .join(Stage, Stage.id == Deal.stage_id)
        .where(
            Deal.closed_at < until,
            Stage.kind == StageKind.WON,
            Deal.deleted_at.is_(None),
            Deal.amount.is_not(None),
            Deal.currency == currency,
        )
    )

    def pick(row: sa.Row[Any]) -> Pick:
        return Pick(row.id, row.closed_at, float(row.amount))

    return Rows(RecordKind.DEAL, query, pick, frozenset({"amount", "currency"}))


def reply_times(until: datetime) -> Rows:
    """Tickets that were answered before `until`, looked at when they came; the hours to the first answer."""
    query = sa.select(Ticket.id, Ticket.created_at, Ticket.first_reply_at).where(
        Ticket.deleted_at.is_(None), Ticket.first_reply_at < until
    )

    def pick(row: sa.Row[Any]) -> Pick:
        return Pick(row.id, row.created_at, (row.first_reply_at - row.created_at) / _HOUR)

    return Rows(RecordKind.TICKET, query, pick)


def answered_before(session: Session, now: datetime) -> datetime:
    """Return the moment from which on tickets came too lately to learn from.

    Of these only the ones with a fast answer are known. It lies as far back as nine in ten of the
    `_LATEST` first answers given last took.
    """
    query = (
        sa.select(Ticket.created_at, Ticket.first_reply_at)
        .where(Ticket.deleted_at.is_(None), Ticket.first_reply_at < now)
        .order_by(Ticket.first_reply_at.desc())
        .limit(_LATEST)
    )
    return _settled(now, [row.first_reply_at - row.created_at for row in session.execute(query)])


def _settled(now: datetime, took: list[timedelta]) -> datetime:
    """Go back for as long as nine in ten took."""
    return now - max(sorted(took)[len(took) * 9 // 10], timedelta(0)) if took else now


def revenues(of: RecordKind, moment: datetime, within: timedelta, currency: str) -> Rows:
    """Companies or contacts that were there before a moment; what they bought `within` a time after it."""
    model = _MODELS[of]
    total = sa.func.sum(sa.type_coerce(Order.total, sa.BigInteger))
    bought = (
        sa.select(total)
        .where(
            _owner_of(of) == model.id,
            Order.deleted_at.is_(None),
            Order.ordered_at >= moment,
            Order.ordered_at < moment + within,
            Order.currency == currency,
        )
        .scalar_subquery()
    )
    query = _there(of, moment).add_columns(bought.label("bought"))
    return Rows(of, query, lambda row: Pick(row[0], moment, float(row.bought or 0) / 100))


def _owner_of(of: RecordKind) -> Any:  # noqa: ANN401 - a mapped column
    return Order.company_id if of is RecordKind.COMPANY else Order.contact_id


def _ordered(of: RecordKind, since: datetime, until: datetime) -> sa.Exists:
    return sa.exists().where(
        _owner_of(of) == _MODELS[of].id,
        Order.deleted_at.is_(None),
        Order.total > 0,
        Order.ordered_at >= since,
        Order.ordered_at < until,
    )


def _first_order(of: RecordKind) -> sa.Select[Any]:
    return sa.select(sa.func.min(Order.ordered_at)).where(
        _owner_of(of) == _MODELS[of].id, Order.deleted_at.is_(None), Order.total > 0
    )


def _entered(column: Any, moment: datetime) -> sa.ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    before: sa.ColumnElement[bool] = column < moment
    return before


def _there(of: RecordKind, moment: datetime) -> sa.Select[Any]:
    model = _MODELS[of]
    there = [_entered(model.created_at, moment)]
    if of in {RecordKind.COMPANY, RecordKind.CONTACT}:
        link = getattr(Activity, f"{of.value}_id")
        there += [
            sa.exists().where(
                _owner_of(of) == model.id, Order.deleted_at.is_(None), Order.ordered_at < moment
            ),
            sa.exists().where(
                link == model.id, Activity.deleted_at.is_(None), Activity.at < moment
            ),
        ]
    return sa.select(model.id).where(model.deleted_at.is_(None), sa.or_(*there))
