"""The models that were learned: the one in use of each kind, those before it, and the way back.

A model that can be learned again in seconds is kept as how it was made, without a body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_store.models import Learned, ModelState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

KEPT = 6  # of a kind, the one in use among them


def used(session: Session, kind: str) -> Learned | None:
    """Return the model of a kind that is in use."""
    query = sa.select(Learned).where(Learned.kind == kind, Learned.state == ModelState.USED)
    return session.scalars(query.order_by(Learned.made_at.desc()).limit(1)).one_or_none()


def list_models(session: Session, kind: str | None = None) -> Sequence[Learned]:
    """Return the models of one kind, or of all, the newest first; their bodies are not loaded."""
    query = sa.select(Learned).options(sa.orm.defer(Learned.body))
    if kind is not None:
        query = query.where(Learned.kind == kind)
    order = (Learned.kind, Learned.made_at.desc(), Learned.id.desc())
    return session.scalars(query.order_by(*order)).all()


def keep(
    session: Session,
    kind: str,
    now: datetime,
    *,
    method: str,
    quality: float | None,
    data: Mapping[str, Any],
    body: bytes | None = None,
    worse: bool = False,
) -> Learned:
    """Keep a model that was just learned, and put it into use unless it is `worse` than the one that is.

    Whether it is worse, the one who learned it found out on data that neither of both had seen.
    `quality` is its figure there, as people are told it.
    """
    before = used(session, kind)
    refused = worse and before is not None
    if before is not None and not refused:
        before.state = ModelState.REPLACED
    made = Learned(
        kind=kind,
        made_at=now,
        method=method,
        quality=quality,
        state=ModelState.REFUSED if refused else ModelState.USED,
        data=dict(data),
        body=body,
    )
    session.add(made)
    session.flush()
    _prune(session, kind)
    return made


def roll_back(session: Session, kind: str) -> tuple[Learned, Learned] | None:
    """Take the model in use back and return it with the one before it, which is in use again.

    None when there is nothing to go back to.
    """
    now_used = used(session, kind)
    query = sa.select(Learned).where(Learned.kind == kind, Learned.state == ModelState.REPLACED)
    order = (Learned.made_at.desc(), Learned.id.desc())
    before = session.scalars(query.order_by(*order).limit(1)).one_or_none()
    if now_used is None or before is None:
        return None
    now_used.state = ModelState.WITHDRAWN
    before.state = ModelState.USED
    return now_used, before


def _prune(session: Session, kind: str) -> None:
    """Delete what is neither in use nor among the newest."""
    query = sa.select(Learned.id).where(Learned.kind == kind, Learned.state != ModelState.USED)
    old = session.scalars(query.order_by(Learned.made_at.desc(), Learned.id.desc())).all()[
        KEPT - 1 :
    ]
    session.execute(sa.delete(Learned).where(Learned.id.in_(old)))
