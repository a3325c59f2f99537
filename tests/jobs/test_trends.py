"""What the nightly look at the series keeps and tells, in shops whose ups and downs were planted."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from crm_store import scores, series
from crm_store.models import Notice, Order, Receipt, Ticket
from jobs import trends
from tests.desk import START, Desk
from tests.jobs.shops import BERLIN, MORNING, context, owed, words

MARKETS = ["market:country", "market:industry", "market:product", "market:segment"]
LAST_WEEK = date(2026, 11, 9)
Amount = Callable[[date, random.Random], float]


def level(_day: date, dice: random.Random) -> float:
    """A shop without trend and season: 900 to 1,100 a day."""
    return dice.uniform(900, 1_100)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(BERLIN))


def sell(desk: Desk, days: int, amount: Amount = level, currency: str = "EUR") -> None:
    """An order a day up to the day before START."""
    dice, today = random.Random(3), START.date()
    rows = [
        {
            "ordered_at": noon(day),
            "total": Decimal(str(round(amount(day, dice), 2))),
            "currency": currency,
            "created_at": noon(day),
            "custom": {},
        }
        for day in (today - timedelta(days=back) for back in range(days, 0, -1))
    ]
    with desk.session() as session:
        session.execute(sa.insert(Order), rows)


def run(desk: Desk, days: float = 0, **more: Any) -> str:
    return trends.run(context(desk, MORNING + timedelta(days=days), **more))


def receipt(desk: Desk, name: str = "revenue") -> Mapping[str, Any]:
    with desk.session() as session:
        found = scores.receipt(session, f"{series.KIND}{name}")
        assert found
        return found.data


def spike(day: date, amount: float = 9_000) -> Amount:
    return lambda on, dice: amount if on == day else level(on, dice)


def test_the_receipt_says_what_was_looked_at_and_how_good_it_is(desk: Desk) -> None:
    sell(desk, 300)
    assert run(desk) == "1 series, 0 messages"
    data = receipt(desk)
    assert data["usable"]
    assert (data["shown"], data["currency"], data["left_out"]) == ("week", "EUR", {})
    assert data["trained_from"] == "2026-01-26"
    assert data["trained_to"] == "2026-11-15"
    assert data["rows_trained"] == 42
    assert data["next_on"] == "2026-11-17"
    assert data["least"] == {"periods": 4}
    assert (data["features"], data["excluded"]) == ([], [])
    assert 0 < data["quality"]["share"] < 0.1


def test_whole_weeks_and_months_of_the_zone_are_added_up(desk: Desk) -> None:
    sell(desk, 300, lambda _day, _dice: 10)
    with desk.session() as session:
        at = datetime(2026, 10, 31, 23, 30, tzinfo=ZoneInfo("UTC"))  # November in Berlin
        session.add(Order(ordered_at=at, total=Decimal(500), currency="EUR", created_at=at))
    run(desk)
    every = receipt(desk)["every"]
    assert every["week"]["drawn"][-3:] == [570.0, 70.0, 70.0]
    assert every["month"]["latest"] == "2026-10-01"
    assert every["month"]["drawn"][-1] == 310.0
    assert every["day"]["latest"] == "2026-11-15"


def test_december_is_known_for_what_it_is_after_three_years(desk: Desk) -> None:
    def year(day: date, dice: random.Random) -> float:
        return level(day, dice) * (1.6 if day.month == 12 else 1.0)

    sell(desk, 4 * 365, year)
    run(desk)
    data = receipt(desk)
    assert data["shown"] == "month"
    season = dict(data["every"]["month"]["shape"]["season"])
    top = max(season, key=lambda on: season[on])
    assert date.fromisoformat(top).month == 12
    assert season[top] == pytest.approx(1.53, abs=0.06)
    steps = data["every"]["month"]["forecast"]["steps"]
    assert [step["on"] for step in steps] == ["2026-11-01", "2026-12-01", "2027-01-01"]
    assert steps[1]["value"] > 1.35 * steps[0]["value"]


def test_done_twice_it_leaves_the_same(desk: Desk) -> None:
    sell(desk, 100, spike(date(2026, 11, 15)))
    run(desk)
    before = receipt(desk)
    run(desk)
    assert receipt(desk) == before
    assert len(owed(desk, "series_alert")) == 2  # the manager and the admin, of one day
    with desk.session() as session:
        kinds = session.scalars(sa.select(Receipt.kind).order_by(Receipt.kind)).all()
    assert kinds == [*MARKETS, "series:revenue"]


def test_an_outlier_of_yesterday_is_told_once_and_not_again_the_day_after(desk: Desk) -> None:
    sell(desk, 100, spike(date(2026, 11, 15)))
    run(desk)
    (told, _other) = owed(desk, "series_alert")
    assert told.payload == {"topic": "revenue", "every": "day", "on": "2026-11-15"}
    assert told.matter == "series_alert:revenue:day:2026-11-15"
    said = words(desk, told)
    assert said.title == "Revenue: more than usual"
    assert said.text.startswith("Revenue, Sun, Nov 15, 2026: €9,000. Usually it is between €")
    assert said.tone == "good"
    assert said.chart
    sell_more(desk, START.date())
    run(desk, 1)
    assert len(owed(desk, "series_alert")) == 2


def sell_more(desk: Desk, day: date) -> None:
    with desk.session() as session:
        at = noon(day)
        session.add(Order(ordered_at=at, total=Decimal(1_000), currency="EUR", created_at=at))


def test_a_bad_week_is_told_on_any_day_of_the_next_and_only_once(desk: Desk) -> None:
    def bad(day: date, dice: random.Random) -> float:
        return level(day, dice) * (0.2 if day >= LAST_WEEK else 1.0)

    sell(desk, 300, bad)
    run(desk, 2)
    week = [each for each in owed(desk, "series_alert") if each.payload["every"] == "week"]
    assert [each.payload["on"] for each in week] == ["2026-11-09"] * 2
    said = words(desk, week[0])
    assert said.title == "Revenue: less than usual"
    assert said.text.startswith("Revenue, week of Mon, Nov 9, 2026: €1,4")
    assert said.tone == "warning"
    run(desk, 3)
    again = [each for each in owed(desk, "series_alert") if each.payload["every"] == "week"]
    assert len(again) == 2


def test_a_week_is_not_told_of_when_one_of_its_days_was(desk: Desk) -> None:
    sell(desk, 300, spike(date(2026, 11, 11)))
    run(desk, -4)
    run(desk)
    told = {(each.payload["every"], each.payload["on"]) for each in owed(desk, "series_alert")}
    assert told == {("day", "2026-11-11")}
    assert receipt(desk)["every"]["week"]["outliers"][-1]["on"] == "2026-11-09"


def test_an_alert_goes_where_the_configuration_routes_trends(desk: Desk) -> None:
    sell(desk, 100, spike(date(2026, 11, 15)))
    run(desk, routes={"trends": ("telegram:-7",)})
    assert [each.address for each in owed(desk, "series_alert")] == ["telegram:-7"]


def test_an_alert_says_nothing_when_the_order_turns_out_to_be_a_typing_error(desk: Desk) -> None:
    sell(desk, 100, spike(date(2026, 11, 15)))
    run(desk)
    with desk.session() as session:
        wrong = session.scalars(sa.select(Order).where(Order.total == Decimal(9_000))).one()
        wrong.total = Decimal(1_000)
    run(desk)
    number = owed(desk, "series_alert")[0].id
    with desk.session() as session:
        told = session.get_one(Notice, number)
        told.sent_to = "test:somebody"
        assert desk.router.tell(session, told) is None
        session.expire(told)


def test_noise_alarms_nobody(desk: Desk) -> None:
    sell(desk, 400)
    for day in range(5):
        run(desk, -day)
    assert owed(desk, "series_alert") == []


def test_more_tickets_are_no_good_news(desk: Desk) -> None:
    days = [START.date() - timedelta(days=back) for back in range(60, 0, -1)]
    with desk.session() as session:
        for day in days:
            for _ticket in range(40 if day == days[-1] else 3):
                session.add(Ticket(subject="Help", text="", created_at=noon(day)))
    run(desk)
    said = words(desk, owed(desk, "series_alert")[0])
    assert said.text.startswith(
        "New tickets, Sun, Nov 15, 2026: 40 tickets. Usually it is between 0 and "
    )
    assert said.tone == "warning"
    with desk.session() as session:
        kept = scores.receipt(session, "series:tickets")
        assert kept
        assert kept.data["currency"] == ""


def test_three_days_are_too_few_and_nothing_is_foretold(desk: Desk) -> None:
    sell(desk, 3)
    run(desk)
    data = receipt(desk)
    assert not data["usable"]
    assert (data["shown"], data["why"], data["quality"]) == ("day", "too_few_periods", None)
    assert data["every"]["week"]["periods"] == 0


def test_old_receipts_are_forgotten_and_others_stay(desk: Desk) -> None:
    sell(desk, 30)
    run(desk)
    with desk.session() as session:
        scores.replace(session, "rules", "2026-11-16", START, {}, ())
    run(desk, 61)
    with desk.session() as session:
        kinds = session.scalars(sa.select(Receipt.kind).order_by(Receipt.kind)).all()
    assert kinds == [*MARKETS, "rules", "series:revenue"]


def test_an_empty_store_has_nothing_to_follow(desk: Desk) -> None:
    assert run(desk) == "nothing to follow yet"
