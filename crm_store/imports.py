"""Imported files: what is known already, the rows of a run, and taking a whole run back.

What a file says is read in `handlers/importing/`. Imported rows do not pass the audit one by one:
an import and its revert leave one row each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm_store import audit, bulk, search
from crm_store.models import (
    Activity,
    AuditRow,
    Base,
    Company,
    Contact,
    ContactEmail,
    ContactPhone,
    Deal,
    ImportRun,
    Order,
    OrderLine,
    Product,
    Task,
    Ticket,
    User,
)

IMPORTED, REVERTED, RESTORED = "imported", "reverted", "restored"
_PAGE = 5_000
# Children first: a company is kept while something that is kept refers to it.
_KINDS: Mapping[str, Any] = {
    "activity": Activity,
    "order": Order,
    "ticket": Ticket,
    "deal": Deal,
    "contact": Contact,
    "company": Company,
    "product": Product,
}
_INDEXED = frozenset(search.KINDS)

T = TypeVar("T")


class Known(NamedTuple):
    """A record that is there, and the run that brought it."""

    id: int
    import_id: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of a file: `rows` is the sum of the others."""

    rows: int
    created: int
    unchanged: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Reverted:
    """How many records of each kind a revert removed, and how many it kept and why."""

    removed: Mapping[str, int]
    changed: Mapping[str, int]
    in_use: Mapping[str, int]


def begin(session: Session, file_name: str, file_hash: str, kind: str, now: datetime) -> ImportRun:
    """Start a run; its id goes on every row that it creates."""
    run = ImportRun(file_name=file_name, file_hash=file_hash, kind=kind, started_at=now)
    session.add(run)
    session.flush()
    return run


def finish(session: Session, run: ImportRun, counts: Counts, now: datetime) -> None:
    """Note what became of the rows, also in the audit."""
    run.rows, run.created = counts.rows, counts.created
    run.unchanged, run.rejected = counts.unchanged, counts.rejected
    run.finished_at = now
    session.flush()
    told = {"file": run.file_name, "kind": run.kind, "rows": run.rows, "created": run.created}
    told |= {"unchanged": run.unchanged, "rejected": run.rejected}
    audit.note(session, run, IMPORTED, told)


def settle(session: Session) -> None:
    """Let the database count again after many rows."""
    bulk.analyze(session)


def find(session: Session, run_id: int) -> ImportRun | None:
    """Return a run by its number."""
    return session.get(ImportRun, run_id)


def earlier(session: Session, file_hash: str, kind: str) -> ImportRun | None:
    """Return the newest run of the very same file that still stands."""
    query = sa.select(ImportRun).where(
        ImportRun.file_hash == file_hash,
        ImportRun.kind == kind,
        ImportRun.finished_at.is_not(None),
        ImportRun.reverted_at.is_(None),
    )
    return session.scalars(query.order_by(ImportRun.id.desc()).limit(1)).first()


def list_page(session: Session, offset: int, limit: int) -> tuple[Sequence[ImportRun], int]:
    """Return one page of the runs, newest first, and how many there are."""
    total = session.scalar(sa.select(sa.func.count()).select_from(ImportRun)) or 0
    query = sa.select(ImportRun).order_by(ImportRun.id.desc()).offset(offset).limit(limit)
    return session.scalars(query).all(), total


def brought(session: Session, run: ImportRun) -> dict[str, int]:
    """Return how many records of each kind a run created and are there."""
    found = {}
    for kind, model in _KINDS.items():
        query = sa.select(sa.func.count()).select_from(model)
        count = session.scalar(query.where(model.import_id == run.id, model.deleted_at.is_(None)))
        if count:
            found[kind] = count
    return found


def insert(session: Session, kind: str, rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert records of one kind, each with the same columns, and return their ids in the same order."""
    return bulk.insert(session, _KINDS[kind], rows)


def index(session: Session, kind: str, ids: Sequence[int]) -> None:
    """Let search find these records, and what was added to them."""
    search.index_rows(session, kind, ids)


def by_external_id(session: Session, kind: str, values: Iterable[str]) -> dict[str, Known]:
    """Return the records of one kind that bear these identifiers of another program."""
    return _by(session, _KINDS[kind], _KINDS[kind].external_id, values)


def by_name(session: Session, kind: str, keys: Iterable[str]) -> dict[str, Known]:
    """Return the oldest company or contact of each folded name."""
    return _by(session, _KINDS[kind], _KINDS[kind].name_key, keys)


def contacts_by_email(session: Session, values: Iterable[str]) -> dict[str, Known]:
    """Return the oldest contact of each e-mail address."""
    found: dict[str, Known] = {}
    for page in _pages(values):
        query = (
            sa.select(ContactEmail.email, Contact.id, Contact.import_id)
            .join(Contact, Contact.id == ContactEmail.contact_id)
            .where(ContactEmail.email.in_(page), Contact.deleted_at.is_(None))
            .order_by(Contact.id.desc())
        )
        found.update((row[0], Known(row[1], row[2])) for row in session.execute(query))
    return found


def contacts_by_name(session: Session, names: Iterable[str]) -> dict[tuple[str, int | None], Known]:
    """Return the oldest contact of each folded name and company."""
    found: dict[tuple[str, int | None], Known] = {}
    for page in _pages(names):
        query = (
            sa.select(Contact.name_key, Contact.company_id, Contact.id, Contact.import_id)
            .where(Contact.name_key.in_(page), Contact.deleted_at.is_(None))
            .order_by(Contact.id.desc())
        )
        rows = session.execute(query)
        found.update(((row[0], row[1]), Known(row[2], row[3])) for row in rows)
    return found


def products_by_code(session: Session, codes: Iterable[str], run_id: int) -> dict[str, int]:
    """Return the products of these codes; a deleted one comes back as one of this run."""
    found: dict[str, int] = {}
    for page in _pages(codes):
        query = sa.select(Product.code, Product.id, Product.deleted_at).where(
            Product.code.in_(page)
        )
        rows = session.execute(query).all()
        found.update((row.code, row.id) for row in rows)
        gone = [row.id for row in rows if row.deleted_at is not None]
        if gone:
            back = sa.update(Product).where(Product.id.in_(gone))
            session.execute(back.values(deleted_at=None, import_id=run_id))
    return found


def contact_companies(session: Session, ids: Iterable[int]) -> dict[int, int | None]:
    """Return the company of each contact."""
    found: dict[int, int | None] = {}
    for page in _pages(ids):
        query = sa.select(Contact.id, Contact.company_id).where(Contact.id.in_(page))
        found.update((row.id, row.company_id) for row in session.execute(query))
    return found


def add_to_totals(session: Session, more: Mapping[int, Any]) -> None:
    """Raise the totals of orders whose later lines have come."""
    for order_id, total in more.items():
        query = sa.update(Order).where(Order.id == order_id)
        session.execute(query.values(total=Order.total + total))


def colleagues(session: Session) -> dict[str, int]:
    """Return the active users by folded name and by e-mail; a name that two bear is left out."""
    rows = session.execute(sa.select(User.id, User.name, User.email).where(User.active)).all()
    names = [search.key(row.name) for row in rows]
    unique = {name: row.id for name, row in zip(names, rows, strict=True) if names.count(name) == 1}
    return unique | {row.email: row.id for row in rows}


def revert(session: Session, run: ImportRun, now: datetime) -> Reverted:
    """Delete softly what a run created, but not what was changed since or what others refer to."""
    removed: dict[str, int] = {}
    changed: dict[str, int] = {}
    in_use: dict[str, int] = {}
    for kind, model in _KINDS.items():
        there = sa.and_(model.import_id == run.id, model.deleted_at.is_(None))
        kept = _count(session, model, there, _changed(model))
        used = _count(session, model, there, sa.not_(_changed(model)), _in_use(model))
        gone = sa.select(model.id).where(there, sa.not_(_changed(model)), sa.not_(_in_use(model)))
        ids = session.scalars(gone).all()
        for page in _pages(ids):
            session.execute(
                sa.update(model.__table__).where(model.id.in_(page)).values(deleted_at=now)
            )
        if kind in _INDEXED:
            search.index_rows(session, kind, ids)
        for counts, count in ((removed, len(ids)), (changed, kept), (in_use, used)):
            if count:
                counts[kind] = count
    session.expire_all()
    run.reverted_at = now
    told = {"file": run.file_name, "removed": removed, "changed": changed, "in_use": in_use}
    session.flush()
    audit.note(session, run, REVERTED, told)
    return Reverted(removed, changed, in_use)


def restore(session: Session, run: ImportRun) -> dict[str, int]:
    """Bring back what `revert` deleted, but not what was deleted otherwise; return how many of each kind."""
    found: dict[str, int] = {}
    for kind, model in _KINDS.items():
        removed = sa.and_(model.import_id == run.id, model.deleted_at == run.reverted_at)
        ids = session.scalars(sa.select(model.id).where(removed)).all()
        for page in _pages(ids):
            session.execute(
                sa.update(model.__table__).where(model.id.in_(page)).values(deleted_at=None)
            )
        if kind in _INDEXED:
            search.index_rows(session, kind, ids)
        if ids:
            found[kind] = len(ids)
    session.expire_all()
    run.reverted_at = None
    session.flush()
    audit.note(session, run, RESTORED, {"file": run.file_name, "restored": found})
    return found


def _by(
    session: Session,
    model: Any,  # noqa: ANN401 - a class of records
    column: InstrumentedAttribute[Any],
    values: Iterable[str],
) -> dict[str, Known]:
    found: dict[str, Known] = {}
    for page in _pages(values):
        query = (
            sa.select(column, model.id, model.import_id)
            .where(column.in_(page), model.deleted_at.is_(None))
            .order_by(model.id.desc())
        )
        found.update((value, Known(*known)) for value, *known in session.execute(query))
    return found


def _pages(values: Iterable[T]) -> Iterable[list[T]]:
    every = list(dict.fromkeys(values))
    return (every[start : start + _PAGE] for start in range(0, len(every), _PAGE))


def _count(session: Session, model: type[Base], *conditions: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(model).where(*conditions)
    return session.scalar(query) or 0


def _changed(model: Any) -> sa.ColumnElement[bool]:  # noqa: ANN401 - a class of records
    """Whether somebody changed the record since: an imported row is in no line of the audit."""
    touched = sa.exists().where(
        AuditRow.kind == model.__tablename__, AuditRow.record_id == model.id
    )
    if model is not Contact:
        return touched
    points = [
        sa.exists().where(
            point.contact_id == Contact.id,
            AuditRow.kind == point.__tablename__,
            AuditRow.record_id == point.id,
        )
        for point in (ContactEmail, ContactPhone)
    ]
    return sa.or_(touched, *points)


def _in_use(model: Any) -> sa.ColumnElement[bool]:  # noqa: ANN401 - a class of records
    """Whether a record that is there refers to this one."""
    if model is Product:
        return sa.exists().where(
            OrderLine.product_id == Product.id,
            OrderLine.order_id == Order.id,
            Order.deleted_at.is_(None),
        )
    column = {
        Company: "company_id",
        Contact: "contact_id",
        Deal: "deal_id",
        Ticket: "ticket_id",
    }.get(model)
    referring = [
        sa.exists().where(getattr(other, column) == model.id, other.deleted_at.is_(None))
        for other in (Contact, Deal, Ticket, Order, Activity, Task)
        if column and hasattr(other, column)
    ]
    return sa.or_(sa.false(), *referring)
