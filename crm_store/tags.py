"""Tags: short words on records of any kind, folded so that `VIP` and `vip` are one.

Which words a person may write as a tag is decided where they are read, in `handlers/contacts.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_store.models import Tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


def of(session: Session, kind: str, record_id: int) -> Sequence[str]:
    """Return the tags of a record in alphabetical order."""
    query = sa.select(Tag.name).where(Tag.kind == kind, Tag.record_id == record_id)
    return session.scalars(query.order_by(Tag.name)).all()


def add(session: Session, kind: str, record_id: int, names: Sequence[str]) -> list[str]:
    """Put tags on a record and return the ones that were not there yet."""
    present = set(of(session, kind, record_id))
    new = [name for name in names if name not in present]
    session.add_all(Tag(kind=kind, record_id=record_id, name=name) for name in new)
    session.flush()
    return new


def remove(session: Session, kind: str, record_id: int, names: Sequence[str]) -> list[str]:
    """Take tags off a record and return the ones that were there."""
    query = sa.select(Tag).where(Tag.kind == kind, Tag.record_id == record_id, Tag.name.in_(names))
    found = session.scalars(query.order_by(Tag.name)).all()
    for tag in found:
        session.delete(tag)
    return [tag.name for tag in found]
