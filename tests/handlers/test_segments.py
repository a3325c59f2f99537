"""The report of the segments."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs import scores as scoring
from tests.desk import Desk
from tests.jobs.shops import MORNING, Buyer, context, crowd, every, stock


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A shop of 121 customers; Back AG came back this week."""
    back = Buyer("Back AG", [*every(30, since=480, until=200), 3.0, 2.0, 1.0])
    with desk.session() as session:
        stock(session, [*crowd(120), back])
    scoring.run(context(desk))
    return desk


def test_the_table_the_chart_and_the_moves_tell_the_same_numbers(shop: Desk) -> None:
    reply = shop.rep.says("report segments")
    assert reply.table
    assert reply.chart
    names = tuple(row.cells[0] for row in reply.table.rows)
    assert reply.chart.labels == names
    assert "Champions" in names
    drawn = reply.chart.series[0].values
    for row, value in zip(reply.table.rows, drawn, strict=True):
        assert row.cells[3] == f"€{value:,.0f}"
    assert reply.chart.unit == "EUR"
    assert sum(int(row.cells[1]) for row in reply.table.rows) == 121
    assert "Back AG" in reply.text


def test_how_the_groups_were_found_is_told(shop: Desk) -> None:
    how = shop.rep.says("report segments").fields[0].value
    assert how.startswith("Groups found by K-means, which puts customers together that are alike,")
    assert "for how much 121 of them ordered" in how
    assert how.endswith("Nov 16, 2026, with the borders between the groups drawn anew on that day.")
    scoring.run(context(shop, MORNING + timedelta(days=7)))
    later = shop.rep.says("report segments").fields[0].value
    assert later.endswith(
        "with the borders between the groups as they were drawn on Mon, Nov 16, 2026."
    )


def test_an_earlier_week_is_asked_for_by_its_number(shop: Desk) -> None:
    scoring.run(context(shop, MORNING + timedelta(days=7)))
    assert shop.rep.says("report segments").title == "Customer segments, week 2026-W48"
    for week in ("2026-W47", "2026w47", "2026-w47"):
        told = shop.rep.says(f"report segments period={week}")
        assert told.title == "Customer segments, week 2026-W47"


@pytest.mark.parametrize("week", ["2026-W54", "0000-W01", "46", "2026-11-16", "W46"])
def test_what_is_not_a_week_is_refused_with_an_example(desk: Desk, week: str) -> None:
    reply = desk.rep.says(f"report segments period={week}")
    assert reply.title == "This is not a week."
    assert reply.text.startswith("Write the year and the week, such as 2026-W47.")


def test_a_week_without_segments_offers_the_newest(shop: Desk) -> None:
    reply = shop.rep.says("report segments period=2025-W01")
    assert reply.title == "There are no segments of 2025-W01."
    assert shop.rep.presses(reply, "Newest").title == "Customer segments, week 2026-W47"


def test_before_the_first_night_the_report_says_what_makes_the_segments(desk: Desk) -> None:
    reply = desk.rep.says("report segments")
    assert reply.title == "No segments have been made yet."
    assert "`rapport job scores`" in reply.text


def test_few_customers_are_parted_in_thirds_and_it_says_so(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, crowd(20))
    scoring.run(context(desk))
    how = desk.rep.says("report segments").fields[0].value
    assert how.startswith("Thirds of 20 customers by how recently and how often they ordered;")


def test_a_week_without_moves_says_so(desk: Desk) -> None:
    with desk.session() as session:
        days = (10.0, 11.0, 200.0, 201.0, 400.0, 401.0)
        stock(session, [Buyer(f"Customer {day}", [day]) for day in days])
    scoring.run(context(desk))
    assert desk.rep.says("report segments").text == "Nobody moved since Mon, Nov 9, 2026."


def test_a_first_time_customer_is_told_with_what_they_bought(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, [Buyer("Acme", [100.0]), Buyer("Fresh", [2.0], 70)])
    scoring.run(context(desk))
    told = desk.rep.says("report segments").text
    assert (
        "1 first-time customer came to “New customers”, with €70 in the last 12 months: Fresh."
        in told
    )


def test_of_many_who_moved_those_who_bought_most_are_named(desk: Desk) -> None:
    newcomers = [Buyer(f"Fresh {place}", [2.0], place) for place in range(1, 31)]
    with desk.session() as session:
        stock(session, [Buyer("Acme", [100.0]), *newcomers])
    scoring.run(context(desk))
    told = desk.rep.says("report segments").text
    assert "€465 in the last 12 months: Fresh 30, Fresh 29, Fresh 28, Fresh 27 and 26 more." in told


def test_a_stranger_learns_nothing(shop: Desk) -> None:
    assert shop.stranger.says("report segments").table is None


def test_a_segment_without_anybody_leads_on_to_those_that_have_some(shop: Desk) -> None:
    reply = shop.rep.says("segment promising")
    assert reply.text == "No customer is in it in week 2026-W47."
    assert shop.rep.presses(reply, "Customer segments").table
    assert shop.rep.presses(reply, "At risk of leaving").title


def test_a_segment_is_asked_for_by_the_name_that_people_read(shop: Desk) -> None:
    assert shop.rep.says('segment "lost customers"').title == "Segment: Lost customers"
    shop.rep.says("settings language=zh")
    form = shop.rep.says("segment").form
    assert form
    names = {choice.value: choice.label for choice in form.fields[0].choices}
    assert (names["lost"], names["new"]) == ("流失客户", "新客户")
    assert shop.rep.says("segment 流失客户").title == "客群：流失客户"
