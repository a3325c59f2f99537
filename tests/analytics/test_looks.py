"""Records looked at once, at an age that has nothing to do with how they ended."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from crm_store.fields import RecordKind
from crm_store.tables import Column, Kind, Table
from jobs.analytics.looks import Looks, once

AGES = (1, 7, 30, 90)
START = datetime(2026, 1, 1, tzinfo=UTC)


def lives(count: int) -> list[tuple[int, bool]]:
    """Days that each deal lived, and whether it was won: two of five are lost within days, of the others half."""
    dice = random.Random(1)
    return [
        (dice.randint(2, 7), False)
        if dice.random() < 0.4
        else (dice.randint(91, 200), dice.random() < 0.5)
        for _deal in range(count)
    ]


def seen_at(age: int, deals: list[tuple[int, bool]], of: RecordKind = RecordKind.DEAL) -> Table:
    """The deals that lived longer than an age, with the age as their only column."""
    rows = [(number, won) for number, (days, won) in enumerate(deals, 1) if days > age]
    return Table(
        of=of,
        ids=[number for number, _won in rows],
        moments=[START + timedelta(days=number + age) for number, _won in rows],
        outcomes=[won for _number, won in rows],
        columns=(Column("days_open", Kind.NUMBER, [float(age)] * len(rows)),),
        left={},
        currency="EUR",
        other_currency=0,
        late=0,
        skipped=0,
    )


def rate(found: Looks, age: int) -> float:
    return float(found.outcomes[(found.frame["days_open"] == age).to_numpy()].mean())


@pytest.mark.parametrize("age", AGES)
def test_a_deal_of_any_age_is_as_likely_won_as_those_that_reached_it(age: int) -> None:
    deals = lives(9000)
    found = once([seen_at(each, deals) for each in AGES])
    reached = [won for days, won in deals if days > age]
    assert rate(found, age) == pytest.approx(sum(reached) / len(reached), abs=0.04)


def test_no_record_is_looked_at_twice_and_most_are_looked_at() -> None:
    deals = lives(1000)
    found = once([seen_at(each, deals) for each in AGES])
    assert len(found.ids) == len({*found.ids})
    assert len(found.ids) > 600


def test_companies_and_contacts_of_one_number_do_not_take_each_others_turn() -> None:
    deals = lives(500)
    kinds = (RecordKind.COMPANY, RecordKind.CONTACT)
    found = once([seen_at(each, deals, of) for of in kinds for each in AGES], several=True)
    alone = once([seen_at(each, deals, RecordKind.COMPANY) for each in AGES])
    pairs = [*zip(found.kinds, found.ids, strict=True)]
    assert len(pairs) == len({*pairs}) == 2 * len(alone.ids)
