"""What customers are likely to bring, and who is unlike all others, kept by week with a receipt."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from crm_store import scores
from crm_store.conversations import Reference
from crm_store.models import Company, Receipt, Score
from crm_store.scores import KEEP, OUTLIER, VALUE, Scored
from jobs import scores as scoring
from tests.desk import Desk
from tests.jobs.shops import MORNING, Buyer, context, crowd, every, stock

COMMON = {"model", "why", "usable", "features", "excluded", "rows_trained", "trained_from"} | {
    "trained_to",
    "quality",
    "next_on",
    "least",
}
ODD = Buyer("Odd AG", every(30, since=480, until=3), 90_000)


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A shop of 401 customers, one of whom buys at a thousand times the price."""
    with desk.session() as session:
        stock(session, [*crowd(400), ODD])
    return desk


def run(desk: Desk, days: float = 0) -> str:
    return scoring.run(context(desk, MORNING + timedelta(days=days)))


def receipt(desk: Desk, kind: str) -> Receipt:
    with desk.session() as session:
        found = scores.receipt(session, kind)
        assert found
        return found


def rows(desk: Desk) -> list[tuple[str, int, float, str]]:
    """Every value and outlier that is kept."""
    with desk.session() as session:
        found = session.scalars(sa.select(Score).where(Score.kind.in_((VALUE, OUTLIER))))
        return sorted((each.kind, each.subject_id, each.value, each.label) for each in found)


def of_name(desk: Desk, kind: str, name: str) -> Scored | None:
    with desk.session() as session:
        number = session.scalars(sa.select(Company.id).where(Company.name == name)).one()
        one = Reference("company", number)
        week = scores.week_of(MORNING.date())
        return scores.of_some(session, kind, week, [one]).get(one)


def test_every_customer_is_valued_with_what_the_value_rests_on(shop: Desk) -> None:
    assert "value of 401 customers by history_and_bg_nbd_gamma_gamma" in run(shop)
    found = of_name(shop, VALUE, "Odd AG")
    assert found
    (told,) = found.reasons
    assert found.value == pytest.approx(
        (told["history"] * told["purchases"] * told["amount"]) ** 0.5, rel=0.01
    )
    assert told["rfm"][2] == 5
    assert told["total"] == 16 * 90_000
    assert 0 < told["alive"] <= 1
    assert MORNING.date() <= date.fromisoformat(found.label) < MORNING.date() + timedelta(days=60)


def test_the_receipts_say_what_every_receipt_says_and_how_good_the_values_were(shop: Desk) -> None:
    run(shop)
    data = receipt(shop, VALUE).data
    assert set(data) >= COMMON
    assert set(receipt(shop, OUTLIER).data) >= COMMON
    assert data["usable"] is True
    assert data["trained_to"] == "2026-11-16"
    assert data["next_on"] == "2026-11-17"
    assert data["least"] == {"customers": 300, "repeaters": 100, "days": 90}
    assert "religion" in data["excluded"]
    quality = data["quality"]
    assert quality["horizon_days"] > 200
    assert quality["bought_by_date"] == pytest.approx(0.5, abs=0.1)
    assert quality["blend"]["mean_error"] > 0
    with shop.session() as session:
        total = sa.select(sa.func.sum(Score.value)).where(Score.kind == VALUE)
        assert float(data["sum"]) == pytest.approx(session.scalar(total))


def test_the_one_who_is_unlike_all_others_is_the_first(shop: Desk) -> None:
    run(shop)
    data = receipt(shop, OUTLIER).data
    with shop.session() as session:
        found = scores.ranking(session, OUTLIER, data["period"], 0, 100)
    assert 1 <= len(found) == data["kept"] == data["total"] < 30
    odd = of_name(shop, OUTLIER, "Odd AG")
    assert odd == found[0]
    assert odd.reasons[0]["feature"] == "mean_value"
    assert odd.reasons[0]["value"] == 90_000
    assert odd.reasons[0]["typical"] == pytest.approx(100, abs=15)
    assert odd.value > 1


def test_twice_for_one_moment_leaves_the_same_rows(shop: Desk) -> None:
    run(shop)
    before = rows(shop), receipt(shop, VALUE).data, receipt(shop, OUTLIER).data
    run(shop)
    assert (rows(shop), receipt(shop, VALUE).data, receipt(shop, OUTLIER).data) == before


def test_a_few_customers_are_valued_as_last_year(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Acme", [100.0, 50.0], 40), Buyer("Once", [20.0], 70)])
    run(desk)
    data = receipt(desk, VALUE).data
    assert (data["model"], data["why"]) == ("historical_value", "too_few_customers")
    assert (data["usable"], data["quality"], data["rows_trained"]) == (False, None, 0)
    found = of_name(desk, VALUE, "Acme")
    assert found
    assert found.value == pytest.approx(80 * 365 / data["history_days"], rel=0.001)
    assert found.reasons[0]["alive"] is None
    assert receipt(desk, OUTLIER).data["model"] == "far_rule"


def test_old_weeks_keep_their_receipts_only(shop: Desk) -> None:
    run(shop)
    run(shop, KEEP.days + 8)
    with shop.session() as session:
        weeks = set(session.scalars(sa.select(Score.period).where(Score.kind == VALUE)))
        kept = sa.select(sa.func.count()).select_from(Receipt).where(Receipt.kind == VALUE)
        assert len(weeks) == 1
        assert session.scalar(kept) == 2
