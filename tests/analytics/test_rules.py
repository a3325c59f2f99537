"""Frequent sets and rules: three algorithms that agree with counting by hand, and thresholds that are met exactly."""

from __future__ import annotations

import gzip
import json
from dataclasses import asdict
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.analytics.rules import (
    ALGORITHMS,
    BITSET_BYTES,
    BLOCK,
    ECLAT,
    FP_GROWTH,
    MIN_BASKETS,
    PAIRS,
    Baskets,
    Rule,
    Thresholds,
    TooManySetsError,
    frequent_sets,
    least_count,
    mine,
    read_baskets,
    rules_of,
    suitable,
    thresholds_for,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

SET = Path(__file__).parents[3] / "shared" / "data" / "groceries.csv.gz"
SMALL = st.lists(st.frozensets(st.integers(0, 6)), max_size=25)
SHARES = st.fractions(0, 1, max_denominator=20)


def shop(baskets: Iterable[Iterable[int | str]]) -> Baskets:
    """Write down what was bought together."""
    lines = [(number, item) for number, basket in enumerate(baskets) for item in basket]
    return read_baskets(pd.DataFrame(lines, columns=["basket", "item"]))


def by_hand(baskets: Baskets, minimum: int, longest: int) -> dict[tuple[int, ...], int]:
    """Count every set there is."""
    places = range(len(baskets.items))
    every = (each for size in range(1, longest + 1) for each in combinations(places, size))
    counted = {each: sum(set(each) <= set(row) for row in baskets.rows) for each in every}
    return {each: count for each, count in counted.items() if count >= minimum}


def rules_by_hand(
    baskets: Baskets, counts: dict[tuple[int, ...], int], confidence: Fraction, lift: Fraction
) -> set[tuple[tuple[int | str, ...], tuple[int | str, ...], int]]:
    """Try every split of every set."""
    found = set()
    for whole, together in counts.items():
        for size in range(1, len(whole)):
            for then in combinations(whole, size):
                first = tuple(sorted(set(whole) - set(then)))
                sure = Fraction(together, counts[first])
                if sure >= confidence and sure * len(baskets.rows) / counts[then] >= lift:
                    names = [
                        tuple(baskets.items[place] for place in side) for side in (first, then)
                    ]
                    found.add((names[0], names[1], together))
    return found


@pytest.mark.parametrize("method", ALGORITHMS)
@given(baskets=SMALL.map(shop), minimum=st.integers(1, 6), longest=st.integers(1, 7))
def test_every_algorithm_finds_what_counting_by_hand_finds(
    method: str, baskets: Baskets, minimum: int, longest: int
) -> None:
    found = frequent_sets(baskets, minimum, longest=longest, method=method)
    assert found == by_hand(baskets, minimum, longest)


@given(baskets=SMALL.map(shop), confidence=SHARES, lift=SHARES.map(lambda share: share * 3))
def test_the_rules_are_those_that_trying_every_split_finds(
    baskets: Baskets, confidence: Fraction, lift: Fraction
) -> None:
    counts = frequent_sets(baskets, 1)
    thresholds = Thresholds(confidence=confidence, lift=lift, consequents=None)
    found = rules_of(baskets, counts, thresholds)
    expected = rules_by_hand(baskets, counts, confidence, lift)
    assert {(rule.given, rule.then, rule.together) for rule in found} == expected
    assert len(found) == len(expected)
    lifts = [rule.lift for rule in found]
    assert lifts == sorted(lifts, reverse=True)


@given(baskets=SMALL.map(shop))
def test_one_consequent_gives_the_rules_of_any_with_one(baskets: Baskets) -> None:
    counts = frequent_sets(baskets, 1)
    one = rules_of(baskets, counts, Thresholds(confidence=0.5))
    every = rules_of(baskets, counts, Thresholds(confidence=0.5, consequents=None))
    assert one == tuple(rule for rule in every if len(rule.then) == 1)


@given(share=SHARES, size=st.integers(1, 500))
def test_the_least_count_is_the_first_that_reaches_the_share(share: Fraction, size: int) -> None:
    least = least_count(share, size)
    assert Fraction(least, size) >= share
    assert least == 1 or Fraction(least - 1, size) < share


def test_many_items_are_counted_alike_by_bits_and_by_the_tree() -> None:
    rng = np.random.default_rng(0)
    baskets = shop(
        set((rng.pareto(1, 9) * 20).astype(int).clip(0, 699).tolist()) for _ in range(2000)
    )
    assert len(baskets.items) > 2 * BLOCK
    found = frequent_sets(baskets, 3, method=ECLAT)
    assert found == frequent_sets(baskets, 3, method=FP_GROWTH)
    assert max(max(places) for places in found if len(places) > 1) > BLOCK


def test_a_threshold_exactly_met_is_met() -> None:
    baskets = shop([["bread", "butter"]] * 16 + [["bread"]] * 4 + [["butter"]] * 4)
    counts = frequent_sets(baskets, least_count(16 / 24, 24))
    (rule,) = (
        each
        for each in rules_of(baskets, counts, Thresholds(confidence=0.8))
        if each.given == ("bread",)
    )
    assert (rule.together, rule.with_given, rule.with_then, rule.baskets) == (16, 20, 20, 24)
    assert (rule.support, rule.confidence, rule.lift) == (16 / 24, 0.8, 0.96)
    assert rules_of(baskets, counts, Thresholds(confidence=0.8, lift=0.96))
    assert not rules_of(baskets, counts, Thresholds(confidence=0.8001))
    assert not rules_of(baskets, counts, Thresholds(confidence=0.8, lift=0.9601))


@pytest.mark.parametrize(
    ("share", "size", "least"), [(0.07, 100, 7), (0.29, 100, 29), (0.8, 20, 16)]
)
def test_a_share_of_baskets_is_not_rounded_up_by_its_float(
    share: float, size: int, least: int
) -> None:
    assert least_count(share, size) == least


def test_an_item_twice_in_a_basket_counts_once_and_what_is_missing_does_not() -> None:
    lines = [("a", "tea"), ("a", "tea"), ("b", "tea"), ("b", None), (None, "milk")]
    baskets = read_baskets(pd.DataFrame(lines, columns=["basket", "item"]))
    assert baskets == Baskets(("tea",), ((0,), (0,)))


def test_no_baskets_have_no_rules() -> None:
    empty = shop([])
    for method in ALGORITHMS:
        assert frequent_sets(empty, 1, method=method) == {}
    assert mine(empty, Thresholds()).sets == ()


@pytest.mark.parametrize("method", ALGORITHMS)
def test_the_bound_on_sets_is_kept(method: str) -> None:
    baskets = shop([range(12)] * 10)
    with pytest.raises(TooManySetsError):
        frequent_sets(baskets, 1, method=method, limit=1000)
    assert len(frequent_sets(baskets, 1, longest=2, method=method, limit=1000)) == 12 + 66


def test_a_support_that_would_give_too_many_sets_is_raised_and_said() -> None:
    baskets = shop([*[range(10)] * 12, *[[20, 21]] * 300])
    found = mine(baskets, Thresholds(support=0), limit=500)
    assert (found.asked, found.minimum) == (5, 20)
    assert [one.items for one in found.sets] == [(20,), (21,), (20, 21)]


def test_a_planted_habit_is_told_and_a_coincidence_is_not() -> None:
    rng = np.random.default_rng(0)
    baskets = [
        {f"item {number}" for number in rng.choice(30, 3, replace=False)} for _ in range(2000)
    ]
    for basket in baskets[::10]:
        basket |= {"printer", "toner"}
    found = mine(shop(baskets), Thresholds(support=0.01, confidence=0.5, lift=2))
    assert found.method == ECLAT
    assert {(rule.given, rule.then) for rule in found.rules if len(rule.given) == 1} == {
        (("printer",), ("toner",)),
        (("toner",), ("printer",)),
    }
    assert all(rule.lift == 10 for rule in found.rules if len(rule.given) == 1)


def test_few_baskets_give_pairs_and_no_rules() -> None:
    few = [["desk", "chair"], ["desk", "chair"], ["desk", "lamp"]]
    found = mine(shop(few), Thresholds())
    assert (found.method, found.rules) == (PAIRS, ())
    assert [(one.items, one.together) for one in found.sets] == [(("chair", "desk"), 2)]
    assert mine(shop([["desk", "chair"]] * MIN_BASKETS), Thresholds()).method == ECLAT


def test_the_bits_give_way_to_the_tree_before_they_fill_the_memory() -> None:
    assert suitable(1000, BITSET_BYTES * 8 // 1000) == ECLAT
    assert suitable(1001, BITSET_BYTES * 8 // 1000) == FP_GROWTH


def test_of_several_rules_over_the_same_items_only_what_says_more_is_told() -> None:
    surest = Rule(("lamp",), ("desk",), 40, 50, 200, 1000)
    other_way = Rule(("desk",), ("lamp",), 40, 200, 50, 1000)
    longer = Rule(("chair", "lamp"), ("desk",), 17, 20, 200, 1000)
    much_surer = Rule(("chair", "lamp"), ("cable",), 18, 20, 60, 1000)
    shorter = Rule(("lamp",), ("cable",), 25, 50, 60, 1000)
    assert told((other_way, longer, much_surer, shorter, surest)) == (surest, shorter, much_surer)


def test_a_longer_rule_is_measured_by_a_shorter_one_that_is_itself_told_the_other_way_round() -> (
    None
):
    told_one = Rule(("tea",), ("milk",), 60, 86, 100, 1000)
    other_way = Rule(("milk",), ("tea",), 60, 100, 86, 1000)
    hardly_surer = Rule(("cup", "milk"), ("tea",), 31, 50, 86, 1000)
    assert told((told_one, other_way, hardly_surer)) == (told_one,)


@pytest.mark.parametrize(("baskets", "least"), [(0, 5), (200, 7), (10_000, 50), (1_000_000, 500)])
def test_more_baskets_ask_for_more_of_them(baskets: int, least: int) -> None:
    support = thresholds_for(baskets).support
    assert max(5, least_count(support, baskets)) == least


def test_rules_can_be_kept_as_json() -> None:
    found = mine(shop([["desk", "chair"]] * MIN_BASKETS), Thresholds())
    assert json.loads(json.dumps(asdict(found)))["rules"][0]["together"] == MIN_BASKETS


@pytest.mark.skipif(
    not SET.exists(), reason="groceries do not lie in shared/data beside the checkout"
)
@pytest.mark.parametrize(
    ("support", "confidence", "sets", "one", "every"),
    [(0.01, 0.2, 333, 231, 234), (0.001, 0.8, 13492, 410, 413)],
)
def test_a_grocers_month_has_exactly_these_sets_and_rules(
    support: float, confidence: float, sets: int, one: int, every: int
) -> None:
    with gzip.open(SET, "rt", encoding="utf-8") as file:
        baskets = shop(line.strip().split(",") for line in file)
    minimum = least_count(support, len(baskets.rows))
    found = [frequent_sets(baskets, minimum, method=method) for method in ALGORITHMS]
    assert len(found[0]) == sets
    assert all(other == found[0] for other in found)
    for consequents, rules in ((1, one), (None, every)):
        thresholds = Thresholds(support, confidence, consequents=consequents)
        assert len(rules_of(baskets, found[0], thresholds)) == rules
