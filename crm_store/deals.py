"""Queries about pipelines, stages and deals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, contains_eager, joinedload

from crm_store.models import Company, Deal, Pipeline, Stage, StageChange, StageKind, User
from crm_store.money import Money


@dataclass(frozen=True, slots=True)
class StageSum:
    """The deals of one stage in one currency; `unpriced` of the `count` have no amount."""

    stage: str
    kind: StageKind
    probability: int
    currency: str
    count: int
    unpriced: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class EndedSum:
    """The deals won, or lost, in one currency; `unpriced` of the `count` have no amount."""

    kind: StageKind
    currency: str
    count: int
    unpriced: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Filter:
    """Which deals a list shows; None means any."""

    owner_id: int | None = None
    stage_id: int | None = None
    company_id: int | None = None
    kind: StageKind | None = StageKind.OPEN


def stages(session: Session) -> Sequence[Stage]:
    """Return the stages of the default pipeline in their order."""
    query = sa.select(Stage).join(Pipeline).where(Pipeline.is_default).order_by(Stage.position)
    return session.scalars(query).all()


def add(
    session: Session,
    title: str,
    company: Company,
    amount: Money,
    stage: Stage,
    owner: User,
    now: datetime,
    today: date,
) -> Deal:
    """Add a deal to a stage; `today` is the owner's calendar day."""
    deal = Deal(
        title=title,
        company=company,
        amount=amount.amount,
        currency=amount.currency,
        stage=stage,
        owner=owner,
        opened_on=today,
        created_at=now,
        last_activity_at=now,
        closed_at=None if stage.kind is StageKind.OPEN else now,
    )
    session.add(deal)
    session.flush()
    session.add(StageChange(deal_id=deal.id, stage_id=stage.id, user_id=owner.id, at=now))
    return deal


def move(
    session: Session, deal: Deal, stage: Stage, user: User, reason: str | None, now: datetime
) -> None:
    """Put a deal into another stage and keep when and by whom."""
    deal.stage = stage
    deal.closed_at = None if stage.kind is StageKind.OPEN else now
    deal.reason = reason
    deal.last_activity_at = now
    session.add(StageChange(deal_id=deal.id, stage_id=stage.id, user_id=user.id, at=now))


def stage_since(session: Session, deal: Deal) -> datetime:
    """Return when the deal entered the stage it is in."""
    query = sa.select(sa.func.max(StageChange.at)).where(StageChange.deal_id == deal.id)
    return session.scalar(query) or deal.created_at


def list_page(
    session: Session, wanted: Filter, offset: int, limit: int
) -> tuple[Sequence[Deal], int]:
    """Return one page of deals, the nearest close day first and unplanned ones last, and how many there are."""
    query = _filtered(sa.select(Deal).join(Deal.stage), wanted)
    total = (
        session.scalar(
            _filtered(sa.select(sa.func.count()).select_from(Deal).join(Deal.stage), wanted)
        )
        or 0
    )
    page = (
        query.options(contains_eager(Deal.stage), joinedload(Deal.company), joinedload(Deal.owner))
        .order_by(Deal.close_on.is_(None), Deal.close_on, Deal.id)
        .offset(offset)
        .limit(limit)
    )
    return session.scalars(page).all(), total


def by_stage(session: Session, owner_id: int | None = None) -> list[StageSum]:
    """Return the open deals per stage, in the order of the stages, and currency."""
    query = (
        sa.select(
            Stage.name,
            Stage.kind,
            Stage.probability,
            Deal.currency,
            sa.func.count(),
            _unpriced(),
            sa.func.sum(Deal.amount),
        )
        .join(Deal.stage)
        .where(Stage.kind == StageKind.OPEN, Deal.deleted_at.is_(None))
        .group_by(
            Stage.id, Stage.name, Stage.kind, Stage.probability, Stage.position, Deal.currency
        )
        .order_by(Stage.position, Stage.id, Deal.currency)
    )
    if owner_id is not None:
        query = query.where(Deal.owner_id == owner_id)
    return [
        StageSum(name, kind, probability, currency, count, int(without), amount or Decimal(0))
        for name, kind, probability, currency, count, without, amount in session.execute(query)
    ]


def ended(
    session: Session, since: datetime, until: datetime, owner_id: int | None = None
) -> list[EndedSum]:
    """Return the deals won and lost from `since` up to `until`, per kind of end and currency."""
    query = (
        sa.select(Stage.kind, Deal.currency, sa.func.count(), _unpriced(), sa.func.sum(Deal.amount))
        .join(Deal.stage)
        .where(
            Stage.kind != StageKind.OPEN,
            Deal.deleted_at.is_(None),
            Deal.closed_at >= since,
            Deal.closed_at < until,
        )
        .group_by(Stage.kind, Deal.currency)
        .order_by(Stage.kind, Deal.currency)
    )
    if owner_id is not None:
        query = query.where(Deal.owner_id == owner_id)
    return [
        EndedSum(kind, currency, count, int(without), amount or Decimal(0))
        for kind, currency, count, without, amount in session.execute(query)
    ]


def went_idle(session: Session, since: datetime, until: datetime, limit: int) -> Sequence[Deal]:
    """Return open, owned deals whose last activity lies from `since` up to `until`, by owner."""
    query = _idle(until).where(Deal.owner_id.is_not(None), Deal.last_activity_at >= since)
    return session.scalars(
        query.order_by(Deal.owner_id, Deal.last_activity_at, Deal.id).limit(limit)
    ).all()


def at_risk(
    session: Session, owner_id: int, before: datetime, today: date, limit: int
) -> tuple[Sequence[Deal], int]:
    """Return a person's open deals without activity since `before`, or past their close day, and how many.

    The latter stand first.
    """
    query = (
        sa.select(Deal)
        .join(Deal.stage)
        .where(
            Deal.owner_id == owner_id,
            Stage.kind == StageKind.OPEN,
            Deal.deleted_at.is_(None),
            sa.or_(Deal.last_activity_at < before, Deal.close_on < today),
        )
    )
    total = session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    query = query.order_by(Deal.close_on.is_(None), Deal.close_on, Deal.id)
    return session.scalars(query.limit(limit)).all(), total


def still_idle(session: Session, ids: Sequence[int], before: datetime) -> Sequence[Deal]:
    """Return those of some deals that are open and without activity since `before`, the longest silent first."""
    query = _idle(before).where(Deal.id.in_(ids))
    return session.scalars(query.order_by(Deal.last_activity_at, Deal.id)).all()


def won_by_owner(
    session: Session, since: datetime, until: datetime, owner_id: int | None = None
) -> list[tuple[str, str, int, Decimal]]:
    """Return owner, currency, count and sum of the deals won from `since` up to `until`.

    Currencies stand in the order of their codes; within one the largest sum is first.
    """
    total = sa.func.coalesce(sa.func.sum(Deal.amount), 0)
    query = (
        sa.select(
            sa.func.coalesce(User.name, ""),
            Deal.currency,
            sa.func.count(),
            sa.func.sum(Deal.amount),
        )
        .join(Deal.stage)
        .outerjoin(Deal.owner)
        .where(
            Stage.kind == StageKind.WON,
            Deal.deleted_at.is_(None),
            Deal.closed_at >= since,
            Deal.closed_at < until,
        )
        .group_by(User.id, User.name, Deal.currency)
        .order_by(Deal.currency, total.desc(), User.name)
    )
    if owner_id is not None:
        query = query.where(Deal.owner_id == owner_id)
    return [
        (name, currency, count, amount or Decimal(0))
        for name, currency, count, amount in session.execute(query)
    ]


def forecast(
    session: Session, since: date, until: date, without: Collection[int] = ()
) -> list[tuple[str, str, int, Decimal, Decimal]]:
    """Return month (`2026-12`), currency, count, sum and probability-weighted sum of the open deals closing then.

    The deals `without` stay out.
    """
    of_month = _month(session, Deal.close_on)
    query = (
        sa.select(
            of_month,
            Deal.currency,
            Stage.probability,
            sa.func.count(),
            sa.func.sum(Deal.amount),
        )
        .join(Deal.stage)
        .where(*_foreseen(since, until), Deal.id.not_in(without))
        .group_by(of_month, Deal.currency, Stage.probability)
        .order_by(of_month, Deal.currency)
    )
    sums: dict[tuple[str, str], tuple[int, Decimal, Decimal]] = {}
    for month, currency, probability, count, amount in session.execute(query):
        total = amount or Decimal(0)
        before = sums.get((month, currency), (0, Decimal(0), Decimal(0)))
        # Weighted here: a product of two columns has no room in the database's integers.
        weighted = before[2] + total * probability / 100
        sums[month, currency] = before[0] + count, before[1] + total, weighted
    return [(month, currency, *summed) for (month, currency), summed in sums.items()]


def largest(session: Session, since: date, until: date, count: int) -> Sequence[Deal]:
    """Return the `count` largest open deals closing then of each currency, the largest of a currency first."""
    place = sa.func.row_number().over(
        partition_by=Deal.currency, order_by=(Deal.amount.desc(), Deal.id)
    )
    ranked = sa.select(Deal.id, place.label("place")).join(Deal.stage)
    placed = ranked.where(*_foreseen(since, until)).subquery()
    query = sa.select(Deal).join(placed, placed.c.id == Deal.id).where(placed.c.place <= count)
    return session.scalars(query.order_by(Deal.currency, placed.c.place)).all()


def _foreseen(since: date, until: date) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Stage.kind == StageKind.OPEN,
        Deal.deleted_at.is_(None),
        Deal.amount.is_not(None),
        Deal.close_on >= since,
        Deal.close_on < until,
    )


def unplanned(session: Session, since: date, until: date) -> tuple[int, int]:
    """Return how many open deals have no amount, and how many no close day between `since` and `until`."""
    outside = sa.or_(Deal.close_on.is_(None), Deal.close_on < since, Deal.close_on >= until)
    query = (
        sa.select(
            sa.func.coalesce(sa.func.sum(sa.case((Deal.amount.is_(None), 1), else_=0)), 0),
            sa.func.coalesce(sa.func.sum(sa.case((outside, 1), else_=0)), 0),
        )
        .join(Deal.stage)
        .where(Stage.kind == StageKind.OPEN, Deal.deleted_at.is_(None))
    )
    row = session.execute(query).one()
    return int(row[0]), int(row[1])


def idle_before(now: datetime, days: int) -> datetime:
    """Return the moment before which a deal's last activity makes it idle."""
    return now - timedelta(days=days)


def _unpriced() -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((Deal.amount.is_(None), 1), else_=0))


def _idle(before: datetime) -> sa.Select[Deal]:
    return (
        sa.select(Deal)
        .join(Deal.stage)
        .where(
            Stage.kind == StageKind.OPEN, Deal.deleted_at.is_(None), Deal.last_activity_at < before
        )
        .options(contains_eager(Deal.stage), joinedload(Deal.owner), joinedload(Deal.company))
    )


def _filtered(query: sa.Select[Any], wanted: Filter) -> sa.Select[Any]:
    conditions: list[sa.ColumnElement[bool]] = [Deal.deleted_at.is_(None)]
    if wanted.owner_id is not None:
        conditions.append(Deal.owner_id == wanted.owner_id)
    if wanted.stage_id is not None:
        conditions.append(Deal.stage_id == wanted.stage_id)
    if wanted.company_id is not None:
        conditions.append(Deal.company_id == wanted.company_id)
    if wanted.kind is not None:
        conditions.append(Stage.kind == wanted.kind)
    return query.where(*conditions)


def _month(session: Session, column: Any) -> sa.ColumnElement[str]:  # noqa: ANN401 - a mapped column
    if session.get_bind().dialect.name == "postgresql":
        return sa.func.to_char(column, "YYYY-MM")
    return sa.func.strftime("%Y-%m", column)
