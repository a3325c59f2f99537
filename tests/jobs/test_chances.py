"""The nightly chances: learned from what is decided, silent where nothing can be told, a rule with too little."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crm_store import models_kept, records, scores, table_rows
from crm_store.models import Activity, ActivityKind, Company, Deal
from crm_store.scores import CONTRACT, LEAD, WIN, Scored
from jobs import chances
from tests.desk import START, Desk
from tests.jobs.markets import contracts, deal, market, pipeline, visited
from tests.jobs.shops import MORNING, context


def kept(desk: Desk, kind: str) -> tuple[dict[str, Any], dict[str, Scored]]:
    """The newest receipt of a kind, and what it says, by name of the record."""
    with desk.session() as session:
        receipt = scores.receipt(session, kind)
        assert receipt is not None
        found = scores.ranking(session, receipt.kind, receipt.data["period"], 0, 1000)
        loaded = records.load(session, [each.customer for each in found])
        names = {records.name_of(loaded[each.customer]): each for each in found}
        return receipt.data, names


def test_open_deals_have_a_chance_learned_from_ended_ones_with_reasons(desk: Desk) -> None:
    pipeline(desk)
    done = chances.run(context(desk))
    data, found = kept(desk, WIN)
    assert f"win: by {data['model']}" in done
    assert data["usable"]
    assert data["why"] == ""
    assert data["split"] == "latest_third"
    assert data["quality"]["auc"] > 0.65
    assert data["rows"] == data["rows_trained"] > 380
    assert "source" in data["features"]
    assert found.keys() == {"Warm", "Cold"}
    assert (found["Warm"].label, found["Cold"].label) == ("high", "low")
    told = {each["field"]: each for each in found["Warm"].reasons}
    assert told["source"]["value"] == "recommendation"
    assert told["source"]["direction"] == "raises"


def test_where_ended_deals_tell_nothing_there_is_no_score_and_the_receipt_says_why(
    desk: Desk,
) -> None:
    pipeline(desk, signal=False)
    chances.run(context(desk))
    data, found = kept(desk, WIN)
    assert found == {}
    assert not data["usable"]
    assert data["why"] == "not_better_than_base_rate"
    assert data["quality"]["auc"] < 0.62


def test_with_few_ended_deals_the_chance_is_that_of_the_stage(desk: Desk) -> None:
    pipeline(desk, 30)
    chances.run(context(desk))
    data, found = kept(desk, WIN)
    assert (data["model"], data["why"]) == ("stage_rule", "too_few_rows")
    assert data["least"] == {"rows": 200, "of_a_class": 40}
    with desk.session() as session:
        stage = session.query(Deal).filter(Deal.title == "Warm").one().stage.probability
    assert {each.value for each in found.values()} == {stage / 100}


def test_deals_of_which_only_the_fast_can_have_ended_are_not_learned_from(desk: Desk) -> None:
    with desk.session() as session:
        for place in range(600):
            opened = 600 - place
            won = place % 2 == 0
            ended = opened - (120 if won else 10)
            if ended > 0:
                deal(session, f"Deal {place}", opened, ended, won=won)
    chances.run(context(desk))
    data, _found = kept(desk, WIN)
    assert data["positives"] / data["rows"] == pytest.approx(0.6, abs=0.03)
    with desk.session() as session:
        since = table_rows.ended_before(session, START)
    assert START - since == timedelta(days=120)


def test_leads_have_a_score_and_customers_none(desk: Desk) -> None:
    market(desk)
    with desk.session() as session:
        hotel = session.query(Company).filter(Company.name == "Corner Shop").one().id
        deal(session, "Won once", 20, 5, won=True, company_id=hotel)
    chances.run(context(desk))
    data, found = kept(desk, LEAD)
    assert data["usable"]
    assert data["horizon_days"] == 90
    assert data["quality"]["auc"] > 0.7
    assert found["Grand Hotel"].value > 0.5
    assert found["Grand Hotel"].reasons[0]["field"] == "source"
    assert "Corner Shop" not in found
    assert not {"orders", "revenue"} & {*data["features"]}


def test_what_happens_after_the_moment_changes_no_chance(desk: Desk) -> None:
    pipeline(desk)
    market(desk)
    at = START - timedelta(days=40)
    chances.run(context(desk, at))
    before = {kind: kept(desk, kind) for kind in (WIN, LEAD)}
    with desk.session() as session:
        for each in session.query(Deal).filter(Deal.created_at > at):
            each.deleted_at = START
    chances.run(context(desk, at))
    for kind, (data, found) in before.items():
        again, rows = kept(desk, kind)
        assert again["quality"] == data["quality"]
        assert {name: each.value for name, each in rows.items()} == {
            name: each.value for name, each in found.items()
        }


def test_shuffled_leads_give_no_score(desk: Desk) -> None:
    market(desk, signal=False)
    chances.run(context(desk))
    data, found = kept(desk, LEAD)
    assert found == {}
    assert data["why"] == "not_better_than_base_rate"


def test_with_few_leads_those_heard_of_lately_come_first(desk: Desk) -> None:
    with desk.session() as session:
        for name, days in (("Near", 2), ("Far", 30), ("Lost", 90)):
            company = Company(name=name, name_key=name.lower(), created_at=START - timedelta(200))
            session.add(company)
            session.flush()
            visited(session, days, company_id=company.id)
            at = START - timedelta(1)
            note = Activity(kind=ActivityKind.NOTE, text="No answer.", at=at, created_at=at)
            note.company_id = company.id
            session.add(note)
        for name, days in (("New", 1), ("Left lying", 50)):
            entered = START - timedelta(days)
            session.add(Company(name=name, name_key=name.lower(), created_at=entered))
    chances.run(context(desk))
    data, found = kept(desk, LEAD)
    assert (data["model"], data["why"]) == ("talk_rule", "too_few_rows")
    assert [(name, each.label) for name, each in found.items()] == [
        ("New", "high"),
        ("Near", "high"),
        ("Far", "medium"),
        ("Left lying", "medium"),
        ("Lost", "low"),
    ]


def test_the_risk_of_ending_a_contract_is_worked_out_for_those_who_stay(desk: Desk) -> None:
    contracts(desk)
    chances.run(replace(context(desk), contract_field="cancelled"))
    data, found = kept(desk, CONTRACT)
    assert data["usable"]
    assert data["excluded"] == ["Gender"]
    assert data["unfit"]["custom.goodbye"] == "filled_by_outcome"
    assert data["labels"]["custom.plan"] == "Plan"
    with desk.session() as session:
        custom = {each.name: each.custom for each in session.query(Company)}
    assert found.keys() == {name for name, each in custom.items() if not each["cancelled"]}
    for name, each in found.items():
        assert (each.value > 0.4) == (custom[name]["plan"] == "monthly")
    monthly = next(each for name, each in found.items() if custom[name]["plan"] == "monthly")
    assert monthly.reasons[0]["field"] == "custom.plan"
    assert monthly.reasons[0]["direction"] == "raises"


def test_without_the_named_field_nothing_is_said_of_contracts(desk: Desk) -> None:
    done = chances.run(replace(context(desk), contract_field="cancelled"))
    assert "no added field of yes or no is called cancelled" in done
    with desk.session() as session:
        assert scores.receipt(session, CONTRACT) is None


def test_done_twice_for_one_moment_it_leaves_the_same(desk: Desk) -> None:
    pipeline(desk)
    chances.run(context(desk))
    first = kept(desk, WIN)
    chances.run(context(desk))
    assert kept(desk, WIN) == first


def methods(desk: Desk) -> list[tuple[str, str]]:
    with desk.session() as session:
        found = models_kept.list_models(session, WIN)
        return [(each.method, each.state) for each in reversed(found)]


def test_a_method_that_a_manager_took_back_does_not_come_again_the_next_night(desk: Desk) -> None:
    pipeline(desk)
    with desk.session() as session:
        week_ago = START - timedelta(weeks=1)
        models_kept.keep(session, WIN, week_ago, method="neural_network", quality=0.7, data={})
    chances.run(context(desk))
    first = methods(desk)
    assert [state for _method, state in first] == ["replaced", "used"]
    assert "`job run chances`" in desk.manager.says("model rollback win").text
    assert [state for _method, state in methods(desk)] == ["used", "withdrawn"]
    chances.run(context(desk, MORNING + timedelta(days=1)))
    data, _found = kept(desk, WIN)
    assert data["model"] != first[1][0]


def test_a_method_is_noted_once_a_week_however_often_it_is_learned(desk: Desk) -> None:
    pipeline(desk)
    for day in (0, 0, 1, 8):
        chances.run(context(desk, MORNING + timedelta(days=day)))
    assert [state for _method, state in methods(desk)] == ["replaced", "used"]


def test_a_refused_method_is_noted_once_a_week_however_often_it_is_refused(desk: Desk) -> None:
    pipeline(desk)
    with desk.session() as session:
        week_ago = START - timedelta(weeks=1)
        models_kept.keep(session, WIN, week_ago, method="entropy_tree", quality=0.7, data={})
    for day in (0, 1, 2, 8):
        chances.run(context(desk, MORNING + timedelta(days=day)))
    found = methods(desk)
    assert [method for method, state in found if state == "used"] == ["entropy_tree"]
    refused = [method for method, state in found if state == "refused"]
    assert len(refused) == 2
    assert len({*refused}) == 1
