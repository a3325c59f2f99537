"""What people thought of scores, and how often scores of a month were right by their word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crm_store.conversations import Reference
from crm_store.models import Feedback, Score, Verdict
from crm_store.upsert import insert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Precision:
    """How people judged the scores of one kind: how many were useful or handled, and how many wrong."""

    kind: str
    right: int
    wrong: int

    @property
    def share(self) -> float:
        """The share that was right."""
        return self.right / (self.right + self.wrong)


def is_scored(session: Session, kind: str, record: Reference, period: str) -> bool:
    """Tell whether there is such a score."""
    query = sa.select(Score.id).where(
        Score.kind == kind,
        Score.subject_kind == record.kind,
        Score.subject_id == record.id,
        Score.period == period,
    )
    return session.execute(query).first() is not None


def give(
    session: Session,
    kind: str,
    record: Reference,
    period: str,
    verdict: Verdict,
    user_id: int,
    now: datetime,
) -> None:
    """Note what one person thinks of a score, in place of what they thought before."""
    values = {
        "kind": kind,
        "subject_kind": record.kind,
        "subject_id": record.id,
        "period": period,
        "user_id": user_id,
    }
    statement = insert(session, Feedback).values(**values, verdict=verdict, at=now)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=list(values), set_={"verdict": verdict, "at": now}
        )
    )


def precision(session: Session, since: datetime, until: datetime) -> Sequence[Precision]:
    """Return how the feedback given in [since, until) judged each kind, most feedback first."""
    wrong = sa.func.sum(sa.case((Feedback.verdict == Verdict.WRONG, 1), else_=0))
    count = sa.func.count()
    query = (
        sa.select(Feedback.kind, count - wrong, wrong)
        .where(Feedback.at >= since, Feedback.at < until)
        .group_by(Feedback.kind)
        .order_by(count.desc(), Feedback.kind)
    )
    return [Precision(kind, int(right), int(no)) for kind, right, no in session.execute(query)]
