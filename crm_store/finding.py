"""Loads what a search has found, with what its list shows of each record.

The search itself is `crm_store/search.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload

from crm_store.conversations import Reference
from crm_store.models import Company, Contact, Deal, Ticket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from crm_store.records import Model

_LOADS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "company": (Company, ()),
    "contact": (
        Contact,
        (joinedload(Contact.company), lazyload(Contact.emails), lazyload(Contact.phones)),
    ),
    "deal": (Deal, (joinedload(Deal.company), joinedload(Deal.stage))),
    "ticket": (Ticket, (joinedload(Ticket.company),)),
}


def load(session: Session, references: Sequence[Reference]) -> dict[Reference, Model]:
    """Return the records behind `references` with the company and the stage that a hint names.

    One query per kind; records that are deleted are left out.
    """
    found: dict[Reference, Model] = {}
    for kind, (model, options) in _LOADS.items():
        ids = [reference.id for reference in references if reference.kind == kind]
        if ids:
            query = sa.select(model).where(model.id.in_(ids), model.deleted_at.is_(None))
            for record in session.scalars(query.options(*options)):
                found[Reference(kind, record.id)] = record
    return found
