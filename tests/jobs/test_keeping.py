"""Scores written in several transactions: what a reader sees meanwhile, and after a kill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from crm_store import scores
from crm_store.conversations import Reference
from crm_store.models import Receipt, Score
from crm_store.scores import CHURN, Scored
from jobs.keeping import keep
from tests.desk import Desk
from tests.jobs.shops import context

DAY = "2026-11-16"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "BATCH", 3)


def rows(count: int, value: float = 0.5) -> Iterator[Scored]:
    for number in range(1, count + 1):
        yield Scored(Reference("company", number), value, "medium", [])


def values(desk: Desk) -> dict[int, float]:
    with desk.session() as session:
        return scores.values(session, CHURN, DAY)


def test_what_stood_there_is_replaced(desk: Desk) -> None:
    keep(context(desk), CHURN, DAY, {"model": "old"}, rows(10))
    keep(context(desk), CHURN, DAY, {"model": "new"}, rows(7, 0.9))
    assert values(desk) == dict.fromkeys(range(2, 16, 2), 0.9)
    with desk.session() as session:
        receipt = session.scalars(sa.select(Receipt)).one()
        assert (receipt.kind, receipt.data) == (CHURN, {"model": "new", "period": DAY})
        assert set(session.scalars(sa.select(Score.receipt_id))) == {receipt.id}


def test_nobody_finds_scores_that_are_half_written(desk: Desk) -> None:
    found = []

    def watched() -> Iterator[Scored]:
        for each in rows(8):
            with desk.store.reading() as session:
                found.append(scores.receipt(session, CHURN))
            yield each

    keep(context(desk), CHURN, DAY, {"model": "m"}, watched())
    assert found == [None] * 8
    with desk.session() as session:
        assert scores.receipt(session, CHURN) is not None


def test_after_a_kill_the_next_run_begins_anew(desk: Desk) -> None:
    def killed() -> Iterator[Scored]:
        yield from rows(4, 0.1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep(context(desk), CHURN, DAY, {"told": True}, killed())
    assert values(desk) == dict.fromkeys((2, 4, 6), 0.1)
    with desk.session() as session:
        left = scores.unfinished(session, CHURN, DAY)
        assert left is not None
        assert left.data["told"]
    keep(context(desk), CHURN, DAY, {"told": True}, rows(5))
    assert values(desk) == dict.fromkeys(range(2, 12, 2), 0.5)
    with desk.session() as session:
        assert scores.unfinished(session, CHURN, DAY) is None


def test_two_processes_that_write_the_same_scores_leave_each_once(desk: Desk) -> None:
    def overtaken() -> Iterator[Scored]:
        for number, each in enumerate(rows(9), 1):
            if number == 5:
                keep(context(desk), CHURN, DAY, {"by": "other"}, rows(9))
            yield each

    keep(context(desk), CHURN, DAY, {"by": "one"}, overtaken())
    assert values(desk) == dict.fromkeys(range(2, 20, 2), 0.5)
    with desk.session() as session:
        assert session.scalars(sa.select(Receipt)).one().kind == CHURN


def test_how_far_it_is_is_told_in_percent_where_the_receipt_knows_how_many_there_are(
    desk: Desk,
) -> None:
    said: list[str] = []
    watched = replace(context(desk), progress=said.append)
    keep(watched, CHURN, DAY, {"customers_scored": 4}, rows(4))
    keep(watched, CHURN, DAY, {"model": "m"}, rows(2))
    assert said == [
        "churn: 75%, 3 of 4 written",
        "churn: 100%, 4 of 4 written",
        "churn: 2 written",
    ]
