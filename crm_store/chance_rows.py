"""Which records chances are learned from and worked out for: deals, leads, customers under contract.

A lead is a company, or a contact without one, that has neither ordered nor brought a won deal. What
stands in the columns of a row is `crm_store/tables.py`; what is learned, `jobs/chances.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_store.conversations import Reference
from crm_store.fields import FieldType, RecordKind, find, type_of
from crm_store.models import Activity, ActivityKind, Company, Contact, Deal, Order, Stage, StageKind
from crm_store.table_columns import Kind, built_in
from crm_store.table_rows import Pick, Rows, flagged

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LEADS = (RecordKind.COMPANY, RecordKind.CONTACT)
_MODELS: dict[RecordKind, Any] = {
    RecordKind.COMPANY: Company,
    RecordKind.CONTACT: Contact,
    RecordKind.DEAL: Deal,
}
_PLACES = 2**16
_GOLDEN = 40503  # _PLACES less its golden section


def became_customer(of: RecordKind, until: datetime, wait: timedelta, within: timedelta) -> Rows:
    """Leads as they were `wait` after they were entered; the outcome is a first purchase `within` a time then.

    Left out are those who had bought by then, and those whose time is not over at `until`.
    """
    model = _MODELS[of]
    query = _leads(of).where(model.created_at < until - wait - within)

    def pick(row: sa.Row[Any]) -> Pick | None:
        moment = row.created_at + wait
        first = min((at for at in (row.ordered, row.won) if at is not None), default=None)
        if first is not None and first < moment:
            return None
        return Pick(row.id, moment, first is not None and first < moment + within)

    return Rows(of, query, pick, _bought(of))


def leads(of: RecordKind, moment: datetime) -> Rows:
    """Everyone who is a lead, looked at a moment, without an outcome."""

    def pick(row: sa.Row[Any]) -> Pick | None:
        bought = row.ordered is not None or row.won is not None
        return None if bought else Pick(row.id, moment)

    return Rows(of, _leads(of).where(_MODELS[of].created_at < moment), pick, _bought(of))


def under_contract(session: Session, name: str, now: datetime) -> Rows | None:
    """Companies or contacts of which an added field of yes or no tells whether they left, as they are today.

    Only what stands in the records is looked at: what they did of late may have followed from their
    leaving. None where there is no such field.
    """
    for of in LEADS:
        field = find(session, of, name)
        if field is not None and type_of(field) is FieldType.YES_NO:
            rows = flagged(of, field, now)
            counted = {column for column, kind in built_in(of).items() if kind is Kind.NUMBER}
            return replace(rows, hides=rows.hides | counted)
    return None


def newest(session: Session, rows: Rows, count: int) -> Rows:
    """Keep the rows of the `count` records that were entered last."""
    number = _MODELS[rows.of].id
    query = rows.query.with_only_columns(number).order_by(number.desc())
    before = session.scalar(query.offset(count).limit(1))
    return rows if before is None else replace(rows, query=rows.query.where(number > before))


def some(session: Session, rows: Rows, count: int) -> Rows:
    """Keep about `count` of the rows, the same every time, drawn by a hash of their numbers.

    The hash (Knuth, The Art of Computer Programming 3, 6.4) breaks patterns such as every other one.
    """
    number = _MODELS[rows.of].id
    every = session.scalar(rows.query.with_only_columns(sa.func.count(number)))
    if every <= count:
        return rows
    place = number * _GOLDEN % _PLACES
    return replace(rows, query=rows.query.where(place < _PLACES * count // every))


def stage_chances(session: Session) -> list[tuple[int, int]]:
    """Return every open deal with the probability of its stage, in per cent."""
    query = (
        sa.select(Deal.id, Stage.probability)
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Stage.kind == StageKind.OPEN, Deal.deleted_at.is_(None))
        .order_by(Deal.id)
    )
    return [(row.id, row.probability) for row in session.execute(query)]


def last_heard(
    session: Session, of: RecordKind, now: datetime
) -> list[tuple[int, datetime, datetime | None]]:
    """Return every lead with its entry and its last activity before a moment; a note is ours alone and is none."""
    model = _MODELS[of]
    link = Activity.company_id if of is RecordKind.COMPANY else Activity.contact_id
    heard = (
        sa.select(sa.func.max(Activity.at))
        .where(
            link == model.id,
            Activity.deleted_at.is_(None),
            Activity.at < now,
            Activity.kind != ActivityKind.NOTE,
        )
        .scalar_subquery()
    )
    query = _leads(of).add_columns(heard.label("heard")).where(model.created_at < now)
    rows = session.execute(query.order_by(model.id))
    return [
        (row.id, row.created_at, row.heard)
        for row in rows
        if row.ordered is None and row.won is None
    ]


def is_lead(session: Session, reference: Reference) -> bool:
    """Tell whether a company or contact is one."""
    of = RecordKind(reference.kind)
    row = session.execute(_leads(of).where(_MODELS[of].id == reference.id)).one_or_none()
    return row is not None and row.ordered is None and row.won is None


def _leads(of: RecordKind) -> sa.Select[Any]:
    """Select each living company or contact without one, with its first order and first won deal."""
    model = _MODELS[of]
    ordered, won = (
        query.where(link == model.id).scalar_subquery()
        for query, link in (
            (_first(Order, Order.ordered_at).where(Order.total > 0), _link(Order, of)),
            (
                _first(Deal, Deal.closed_at)
                .join(Stage, Stage.id == Deal.stage_id)
                .where(Stage.kind == StageKind.WON),
                _link(Deal, of),
            ),
        )
    )
    query = sa.select(
        model.id,
        model.created_at,
        ordered.label("ordered"),
        won.label("won"),
    ).where(model.deleted_at.is_(None))
    return query.where(Contact.company_id.is_(None)) if of is RecordKind.CONTACT else query


def _first(model: Any, at: Any) -> sa.Select[Any]:  # noqa: ANN401 - a mapped class and its column
    return sa.select(sa.func.min(at)).where(model.deleted_at.is_(None))


def _link(model: Any, of: RecordKind) -> Any:  # noqa: ANN401 - a mapped class and its column
    return model.company_id if of is RecordKind.COMPANY else model.contact_id


def _bought(of: RecordKind) -> frozenset[str]:
    """Name the columns that nobody has who has not bought."""
    return frozenset({"orders", "revenue", "days_since_order", "deals_won"}) & built_in(of).keys()
