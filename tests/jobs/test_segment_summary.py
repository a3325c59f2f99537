"""The weekly summary of the segments, in shops whose movers were planted."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from crm_store import scores
from crm_store.models import Receipt, Score
from crm_store.scores import SEGMENT
from jobs import schedule, segment_summary
from jobs import scores as scoring
from jobs.scores import MODEL_LIFE
from tests.desk import START, Desk
from tests.jobs.shops import MORNING, Buyer, context, crowd, every, owed, stock, words

MOVER = Buyer("Back AG", [*every(30, since=480, until=200), 3.0, 2.0, 1.0])


@pytest.fixture
def shop(desk: Desk) -> Desk:
    """A shop of 121 customers; Back AG came back this week after 200 days of silence."""
    with desk.session() as session:
        stock(session, [*crowd(120), MOVER])
    return desk


def run(desk: Desk, days: float = 0) -> str:
    return segment_summary.run(context(desk, MORNING + timedelta(days=days)))


def receipt(desk: Desk) -> Receipt:
    with desk.session() as session:
        found = scores.receipt(session, SEGMENT)
        assert found
        return found


def test_the_summary_names_who_moved_and_the_revenue_that_moved_along(shop: Desk) -> None:
    run(shop)
    told = words(shop, owed(shop, "segment_summary")[0])
    assert told.title == "Customer segments, week 2026-W47"
    lines = told.text.splitlines()
    assert lines[0] == "Since Mon, Nov 9, 2026:"
    assert "Back AG" in lines[1]
    assert "moved from “At risk” to “Champions”, with €" in lines[1]


def test_a_manager_reads_whom_to_call_and_why(desk: Desk) -> None:
    """Most of this crowd stop buying one day, so in some weeks a few slip."""
    with desk.session() as session:
        stock(session, crowd(400))
    for week in range(4):
        run(desk, 7 * week)
    reply = next(
        told
        for told in (words(desk, notice) for notice in owed(desk, "segment_summary"))
        if told.text.startswith(
            "To call: customers who slipped, those with the most revenue first."
        )
    )
    called, moved = reply.text.split("\n\n", maxsplit=1)
    lines = called.splitlines()[1:]
    named = [line for line in lines if line[0].isdigit()]
    assert 1 <= len(named) <= 5
    spent = [float(line.split("€")[1].split(" ")[0].replace(",", "")) for line in named]
    assert spent == sorted(spent, reverse=True)
    assert min(spent) > 0
    name = named[0].split(". ")[1].split(":")[0]
    assert "from “Champions” to “At risk”" in named[0]
    assert name in moved.split("from “Champions” to “At risk”")[1].splitlines()[0]
    assert lines[1].startswith("• Silent for ")
    assert lines[2].startswith("Next: call, ask what has changed")
    asked = desk.manager.presses(reply, f"Follow up {name}")
    assert f"Follow up: {name}" in [field.value for field in asked.fields]


def test_the_summary_is_told_once_a_week(shop: Desk) -> None:
    run(shop)
    run(shop, 1)
    assert len(owed(shop, "segment_summary")) == 2  # the manager and the admin
    run(shop, 7)
    assert len(owed(shop, "segment_summary")) == 4


def test_a_routed_channel_is_told_at_nine_of_the_default_zone(shop: Desk) -> None:
    segment_summary.run(context(shop, routes={"segments": ("telegram:-7",)}))
    assert [(notice.address, notice.due_at) for notice in owed(shop, "segment_summary")] == [
        ("telegram:-7", START - timedelta(hours=1))
    ]


def test_running_twice_changes_nothing(shop: Desk) -> None:
    run(shop)
    before = receipt(shop)
    run(shop, 0.2)
    after = receipt(shop)
    assert (after.id, after.data) == (before.id, before.data)


def test_every_customer_stands_in_one_segment_of_the_week(shop: Desk) -> None:
    run(shop)
    with shop.session() as session:
        rows = sa.select(sa.func.count()).select_from(Score).where(Score.kind == SEGMENT)
        assert session.scalar(rows) == 121
    data = receipt(shop).data
    assert sum(each["size"] for each in data["segments"]) == 121


def test_the_borders_stay_for_13_weeks_and_are_drawn_anew_then(shop: Desk) -> None:
    run(shop)
    first = receipt(shop).data["model"]
    run(shop, MODEL_LIFE.days)
    kept = receipt(shop).data
    assert (kept["model"], kept["model_on"]) == (first, "2026-11-16")
    run(shop, MODEL_LIFE.days + 1)
    drawn = receipt(shop).data
    assert drawn["model_on"] == "2027-02-16"
    assert drawn["model"] != first


def test_borders_of_thirds_give_way_to_groups_when_there_are_customers_enough(desk: Desk) -> None:
    with desk.session() as session:
        stock(session, crowd(20))
    run(desk)
    assert receipt(desk).data["model"]["method"] == "tertiles"
    with desk.session() as session:
        stock(session, crowd(100, seed=8))
    run(desk, 7)
    assert receipt(desk).data["model"]["method"] == "kmeans"


def test_the_week_before_knows_nothing_of_this_week(shop: Desk) -> None:
    run(shop)
    moves = receipt(shop).data["moves"]
    moved = [customer for move in moves for customer in move["customers"]]
    assert moved.count("company:81") == 1  # Back AG, still lost a week ago


def test_a_night_of_scores_is_not_computed_again_in_the_morning(shop: Desk) -> None:
    scoring.run(context(shop, MORNING - timedelta(hours=4)))
    made_at = receipt(shop).made_at
    run(shop)
    assert receipt(shop).made_at == made_at


def test_an_empty_store_tells_nobody(desk: Desk) -> None:
    assert run(desk) == "no orders yet, nobody told"


def test_the_timetable_has_the_jobs_under_the_names_that_people_type() -> None:
    times = {job.name: job.when for job in schedule.SCHEDULE}
    shown = {name: getattr(times[name], "to_text", str)() for name in times}
    assert shown["scores"] == "daily 03:30"
    assert shown["churn_alerts"] == "daily 07:30"
    assert shown["segment_summary"] == "weekly mon 07:45"


@pytest.mark.parametrize("name", ["scores", "churn_alerts", "segment_summary"])
def test_a_job_of_the_timetable_runs_on_an_empty_store(desk: Desk, name: str) -> None:
    job = next(job for job in schedule.SCHEDULE if job.name == name)
    assert job.run(context(desk)).startswith("no orders yet")
