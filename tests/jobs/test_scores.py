"""The nightly scores: which model makes them, for how long, and the way back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from crm_store import models_kept, scores
from crm_store.models import ModelState
from crm_store.scores import CHURN
from jobs import scores as scoring
from tests.desk import Desk
from tests.jobs.shops import MORNING, context, crowd, stock


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A shop of 320 customers, most of whom leave in time."""
    with desk.session() as session:
        stock(session, crowd())
    return desk


def run(desk: Desk, days: float = 0) -> dict[str, Any]:
    """Score at night, so many days on, and give the receipt."""
    scoring.run(context(desk, MORNING + timedelta(days=days)))
    with desk.session() as session:
        receipt = scores.receipt(session, CHURN)
        assert receipt is not None
        return receipt.data


def kept(desk: Desk) -> list[tuple[str, ModelState]]:
    with desk.session() as session:
        return [(each.method, each.state) for each in models_kept.list_models(session, CHURN)]


def test_a_model_is_used_for_a_week_and_then_learned_anew(shop: Desk) -> None:
    first, next_night = run(shop), run(shop, 1)
    assert first["snapshots"] == next_night["snapshots"]
    assert (first["next_on"], next_night["next_on"]) == ("2026-11-23", "2026-11-23")
    assert next_night["quality"] == first["quality"]
    assert [state for _method, state in kept(shop)] == [ModelState.USED]
    later = run(shop, 7)
    assert later["snapshots"] > first["snapshots"]
    assert later["next_on"] == "2026-11-30"
    assert [state for _method, state in kept(shop)][-1] == ModelState.REPLACED


def test_the_receipt_says_what_it_was_learned_from(shop: Desk) -> None:
    data = run(shop)
    assert (data["trained_from"], data["trained_to"]) == ("2026-02-19", "2026-11-16")
    assert data["excluded"] == sorted(context(shop).excluded)
    assert set(data["drift"]) == set(data["features"])


def test_a_model_that_was_taken_back_stays_away_for_a_quarter(shop: Desk) -> None:
    best = run(shop)["model"]
    moments = [datetime(2026, month, 1, tzinfo=MORNING.tzinfo).isoformat() for month in (8, 5)]
    with shop.session() as session:
        (used,) = models_kept.list_models(session, CHURN)
        used.state, used.method = ModelState.REPLACED, "entropy_tree"
        used.data = {"moments": moments}
        models_kept.keep(session, CHURN, MORNING, method=best, quality=0.9, data=used.data)
    assert shop.manager.says("model rollback churn").text.startswith("decision tree (")
    data = run(shop, 1)
    assert data["model"] == "entropy_tree"
    assert data["snapshots"] == ["2026-08-01", "2026-05-01"]
    for days in (8, 16):  # learned anew, as every week
        data = run(shop, days)
        assert best not in {data["model"], *dict(data["candidates"])}
    later = run(shop, 92)
    assert best in dict(later["candidates"])
