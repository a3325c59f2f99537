"""Asking for what tells an outcome, and what an amount goes with, and the words of the answers."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from crm_store import fields
from crm_store.fields import FieldType
from crm_store.models import JobRequest
from crm_store.questions import DEMAND
from handlers.pattern_answers import regression, tree
from handlers.reply import ChartKind, Tone
from handlers.wording import speaking
from tests.bot.accepted import within_limits
from tests.desk import Desk


def requests(desk: Desk) -> list[tuple[str, dict[str, Any]]]:
    with desk.session() as session:
        found = session.scalars(sa.select(JobRequest).order_by(JobRequest.id))
        return [(each.job, each.arguments) for each in found]


def test_a_tree_is_asked_for_with_its_fields_and_period(desk: Desk) -> None:
    reply = desk.manager.says("tree won fields=source, Days since the opening period=2026-Q3")
    assert reply.title == "I am looking into it."
    assert requests(desk) == [
        (
            "tree",
            {
                "code": "won", "name": "won", "of": "deal", "fields": ["source", "days_open"],
                "since": "2026-06-30T22:00:00+00:00", "until": "2026-09-30T22:00:00+00:00",
            },
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "code", "of"),
    [
        ("tree churn", "left", "company"),
        ("tree left of=contact", "left", "contact"),
        ("tree complaints", "complaint", "ticket"),
        ("tree 赢单", "won", "deal"),
        ("regression deal size by=visits", "amount", "deal"),
        ("regression demand of=month", "demand", "month"),
        ("regression demand by=calls", "demand", "week"),
        ("regression reopened", "reopened", "ticket"),
    ],
)
def test_words_of_people_are_known(desk: Desk, line: str, code: str, of: str) -> None:
    assert desk.manager.says(line).title == "I am looking into it."
    ((_job, arguments),) = requests(desk)
    assert (arguments["code"], arguments["of"]) == (code, of)


def test_an_unknown_outcome_is_named_with_the_nearest(desk: Desk) -> None:
    reply = desk.manager.says("tree reopend")
    assert reply.title == "Nothing can be looked into under “reopend”."
    assert "won, left us" in reply.text
    assert reply.tone is Tone.WARNING
    assert desk.manager.presses(reply, "reopened").title == "I am looking into it."


def test_an_unknown_field_is_named_with_the_nearest(desk: Desk) -> None:
    reply = desk.manager.says("tree won fields=sorce,visits")
    assert reply.title == "There is no field “sorce” to look at."
    assert "source" in reply.text
    assert desk.manager.presses(reply, "source").title == "I am looking into it."
    assert requests(desk)[0][1]["fields"] == ["source", "visits"]


def test_what_cannot_be_asked_of_a_kind_is_told_with_what_can(desk: Desk) -> None:
    reply = desk.manager.says("tree won of=ticket")
    assert reply.title == "“won” can be looked into for: deal."
    assert desk.manager.presses(reply, "deal").title == "I am looking into it."


def test_an_added_field_of_several_kinds_asks_for_the_kind(desk: Desk) -> None:
    with desk.session() as session:
        for kind in ("company", "contact"):
            fields.define(session, kind, "renewed", "Has renewed", FieldType.YES_NO, [])
    reply = desk.manager.says("tree has renewed")
    assert reply.title == "“Has renewed” can be looked into for: company, contact."
    assert desk.manager.presses(reply, "contact").title == "I am looking into it."
    assert requests(desk)[0][1]["of"] == "contact"


def test_an_added_number_is_an_amount_and_no_outcome(desk: Desk) -> None:
    with desk.session() as session:
        fields.define(session, "deal", "margin", "Margin", FieldType.NUMBER, [])
    assert desk.manager.says("regression margin").title == "I am looking into it."
    assert desk.manager.says("tree margin").tone is Tone.WARNING


@pytest.mark.parametrize("fields_", [",", " , ", ",".join(f"f{n}" for n in range(21))])
def test_too_many_fields_or_none_are_refused(desk: Desk, fields_: str) -> None:
    assert desk.manager.says(f'tree won fields="{fields_}"').tone is Tone.WARNING
    assert requests(desk) == []


def test_only_managers_ask(desk: Desk) -> None:
    for line in ("tree won", "regression amount"):
        assert desk.rep.says(line).tone is Tone.WARNING
    assert requests(desk) == []


def test_the_form_offers_what_there_is(desk: Desk) -> None:
    with desk.session() as session:
        fields.define(session, "company", "renewed", "Renewed", FieldType.YES_NO, [])
    reply = desk.manager.says("tree")
    assert reply.form
    choices = {choice.value for choice in reply.form.fields[0].choices}
    assert {"won", "left", "customer", "renewed"} <= choices


STRANGE = "<!channel> <b>*_~`"
PAYLOAD: dict[str, Any] = {
    "code": "won", "name": "won", "of": "deal", "fields": [], "since": None, "until": None,
    "on": "2026-11-16", "rows": 100, "positives": 40, "currency": "EUR", "features": ["source"],
    "labels": {"custom.tier": STRANGE}, "excluded": ["Gender", "city"], "late": 3, "skipped": 2, "unfit": ["source"],
    "other_currency": 1, "from": "2026-01-01", "to": "2026-10-01", "why": "", "more": 2,
    "importance": [["custom.tier", 0.7], ["amount", 0.3]], "by_time": False,
    "least": {"rows": 40, "of_a_class": 10}, "quality": {"lift_top_tenth": 2.0},
    "rules": [
        {
            "conditions": [
                {"feature": "custom.tier", "level": STRANGE, "low": None, "high": None},
                {"feature": "amount", "level": None, "low": 1000.0, "high": 5000.0},
                {"feature": "visits", "level": None, "low": None, "high": 0.0},
            ],
            "rows": 15, "positives": 12,
        }
    ],
    "nodes": [
        {"parent": None, "answer": {}, "rows": 100, "share": 0.4},
        {
            "parent": 0, "rows": 15, "share": 0.8,
            "answer": {"feature": "custom.tier", "level": STRANGE, "low": None, "high": None},
        },
    ],
}  # fmt: skip


def test_a_rule_is_said_in_one_sentence() -> None:
    reply = tree(PAYLOAD)
    assert reply.text.splitlines() == [
        "Of all 100 deals 40 were won (40%).",
        f"{STRANGE}: {STRANGE}, amount above €1,000, at most €5,000, no visits: 12 of 15 were won (80%).",
        "2 weaker rules are left out.",
    ]
    assert reply.chart
    assert reply.chart.kind is ChartKind.TREE
    assert reply.chart.series[0].values == (None, 1.0)
    assert "Gender, city" in str(reply)
    within_limits(reply)


EFFECT = {
    "feature": "visits", "step": 1.0, "level": None, "reference": None,
    "estimate": 1200.4, "low": 800.2, "high": 1600.1, "clear": True, "rows": 100,
}  # fmt: skip
REGRESSED: dict[str, Any] = {
    **PAYLOAD, "code": "amount", "name": "amount", "log": False, "average": 6000.0,
    "effects": [EFFECT], "dropped": [], "error": 500.0, "average_error": 900.0, "quality": None,
    "chosen": False, "chances": False,
}  # fmt: skip
del REGRESSED["rules"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Each further visit paid goes with €1,200 more, likely between €800 and €1,600."),
        (
            {"estimate": -1200.4, "low": -1600.1, "high": -800.2},
            "Each further visit paid goes with €1,200 less, likely between €800 and €1,600.",
        ),
        (
            {"feature": "amount", "step": 1000.0},
            "Each further €1,000 in amount goes with €1,200 more, likely between €800 and €1,600.",
        ),
        (
            {"feature": "source", "level": "partner", "reference": "web"},
            "Where it is source: partner, it is €1,200 more than with web, likely between €800 and €1,600.",
        ),
    ],
)
def test_an_effect_is_said_in_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    reply = regression({**REGRESSED, "effects": [{**EFFECT, **changes}]})
    assert sentence in reply.text.splitlines()


def test_one_more_of_something_has_its_measure_word_in_chinese() -> None:
    def told(feature: str, of: str) -> str:
        effect = {**EFFECT, "feature": feature}
        return regression({**REGRESSED, "of": of, "effects": [effect]}).text

    with speaking("zh", "UTC"):
        assert "每多一次拜访，" in told("visits", "deal")
        assert "每多一周，" in told("time", "week")


def test_no_average_of_no_rows_is_promised() -> None:
    few = {**REGRESSED, "why": "too_few_rows", "rows": 0}
    told = regression({**few, "least": {"rows": 30, "of_a_class": 10}})
    assert told.text == "Too few to learn from: there are 0, and it takes 30."
    some = regression({**few, "rows": 1, "least": {"rows": 30, "of_a_class": 10}})
    assert "So only the average is told.\nThe average of 1 row is €6,000." in some.text


def test_rows_of_one_day_name_it_once() -> None:
    same = {"from": "2026-08-11", "to": "2026-08-11", "on": "2026-11-09"}
    how = str(regression({**REGRESSED, **same}).fields)
    assert "Aug 11, 2026 to" not in how
    assert "Worked out on Mon, Nov 9, 2026." in how


def test_shares_and_chances_are_said_in_per_cent() -> None:
    effect = {**EFFECT, "estimate": 0.25, "low": 0.1, "high": 0.4}
    told = regression({**REGRESSED, "log": True, "effects": [effect]})
    assert "Each further visit paid goes with 25% more, likely between 10% and 40%." in told.text
    chance = {**EFFECT, "estimate": 2.0, "low": 1.5, "high": 3.0}
    won = {"code": "won", "name": "won", "chances": True, "average": 0.4, "effects": [chance]}
    told = regression({**REGRESSED, **won, "quality": {"lift_top_tenth": 1.5}})
    assert (
        "With each further visit paid a chance of 40% becomes 57%, likely between 50% and 67%."
        in told.text
    )


def test_what_was_left_out_of_a_regression_is_said() -> None:
    dropped = [
        {"feature": "calls", "why": why, "other": "visits"}
        for why in ("hardly_known", "same_as", "too_few_rows", "always_alike", "parts_all")
    ]
    told = str(regression({**REGRESSED, "dropped": dropped, "chosen": True}))
    assert "calls says what visits says." in told
    assert "With calls the outcome is certain" in told


@pytest.mark.parametrize("answer", [lambda: tree(PAYLOAD), lambda: regression(REGRESSED)])
def test_it_is_said_in_chinese_as_well(answer: Any) -> None:
    with speaking("zh", "Asia/Shanghai"):
        said = answer()
    assert "拜访" in said.text
    assert "Each" not in said.text


def test_every_reason_has_words() -> None:
    for why in ("gone", "excluded", "no_fields", "nothing_found", "not_better_than_base_rate",
                "too_few_rows", "too_few_of_a_class"):  # fmt: skip
        assert tree({**PAYLOAD, "why": why}).text
    for why in ("gone", "no_fields", "not_better_than_average", "too_few_rows"):
        assert regression({**REGRESSED, "why": why}).text


def test_every_spelling_leads_to_one_target(desk: Desk) -> None:
    from handlers.pattern_words import SPELLED

    ways = [way for each in SPELLED.values() for way in each.split("|")]
    assert len(ways) == len(set(ways))
    assert DEMAND in SPELLED
