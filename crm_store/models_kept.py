"""The models that were learned: the one in use of each kind, those before it, and the way back.

A model that can be learned again in seconds is kept as how it was made, without a body.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from crm_store.models import Learned, ModelState

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

KEPT = 5  # of a kind in each state, besides the one in use
BARRED = timedelta(weeks=13)  # a method that was taken back


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


def barred(session: Session, kind: str, now: datetime) -> frozenset[str]:
    """Return the methods that were taken back so lately that they may not come again by themselves."""
    kept = list_models(session, kind)
    withdrawn = {
        each.method
        for each in kept
        if each.state is ModelState.WITHDRAWN and now - each.made_at < BARRED
    }
    return frozenset(withdrawn - {each.method for each in kept if each.state is ModelState.USED})


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
        body=None if refused else body,
    )
    session.add(made)
    session.flush()
    _prune(session, kind)
    return made


def way_back(kept: Sequence[Learned]) -> Learned | None:
    """Return the newest of the models of a kind, newest first, that was in use and is made in another way.

    A method that is learned again every night stands in several models that are alike.
    """
    used = next((each for each in kept if each.state is ModelState.USED), None)
    if used is None:
        return None
    replaced = (each for each in kept if each.state is ModelState.REPLACED)
    return next((each for each in replaced if _recipe(each) != _recipe(used)), None)


def roll_back(session: Session, kind: str) -> tuple[Learned, Learned] | None:
    """Take the model in use back and return it with the one before it, which is in use again.

    None when there is nothing to go back to.
    """
    kept = list_models(session, kind)
    now_used, before = used(session, kind), way_back(kept)
    if now_used is None or before is None:
        return None
    for each in kept:
        if each.state is not ModelState.REFUSED and _recipe(each) == _recipe(now_used):
            each.state = ModelState.WITHDRAWN
    before.state = ModelState.USED
    return now_used, before


def _recipe(model: Learned) -> tuple[str, dict[str, Any]]:
    return model.method, model.data


def _prune(session: Session, kind: str) -> None:
    """Delete what is neither in use nor among the newest of its state.

    By state, because what is refused night after night must not close the way back.
    """
    query = sa.select(Learned.id, Learned.state).where(Learned.kind == kind)
    order = (Learned.made_at.desc(), Learned.id.desc())
    found = defaultdict[ModelState, list[int]](list)
    for number, state in session.execute(query.order_by(*order)):
        found[state].append(number)
    found.pop(ModelState.USED, None)
    old = [number for numbers in found.values() for number in numbers[KEPT:]]
    session.execute(sa.delete(Learned).where(Learned.id.in_(old)))
