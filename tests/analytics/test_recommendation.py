"""What is offered next and why: by others, by words, by habit, and by a plain rule where nothing is surer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jobs.analytics import affinity
from jobs.analytics.bought import Bought, matrix, read_bought
from jobs.analytics.held_back import hold_back, judge
from jobs.analytics.named import Names
from jobs.analytics.recommendation import (
    AGAIN,
    ALSO,
    BLEND,
    MOST_BOUGHT,
    NOT_BETTER,
    POPULAR_WITH,
    SELLING,
    SIMILAR,
    TOO_FEW_CUSTOMERS,
    Asked,
    Offer,
    Recommendation,
    recommend,
)

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
ITEMS = 40
Line = tuple[int, int, int, int]  # customer, item, days ago, quantity


def lines_of(rows: Iterable[Line]) -> pd.DataFrame:
    """Write order lines down."""
    table = pd.DataFrame(list(rows), columns=["customer", "item", "ago", "quantity"])
    at = [NOW - timedelta(days=int(ago)) for ago in table["ago"]]
    return table.assign(at=pd.to_datetime(at, utc=True))


def catalogue(names: Mapping[int, str] | None = None, fresh: Sequence[int] = ()) -> pd.DataFrame:
    """Make products without a word in common, but for those named."""
    named = {item: f"thing{item}" for item in range(ITEMS)} | dict(names or {})
    ago = [5 if item in fresh else 900 for item in sorted(named)]
    return pd.DataFrame(
        {
            "item": sorted(named),
            "name": [named[item] for item in sorted(named)],
            "price": np.nan,
            "traits": [()] * len(named),
            "at": pd.to_datetime([NOW - timedelta(days=days) for days in ago], utc=True),
        }
    )


def two_tastes(customers: int = 300, seed: int = 0) -> list[Line]:
    """Half of the customers buy among the first twenty items, half among the others, once a month."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        mine = rng.permutation(20) + 20 * (customer % 2)
        for month in range(4):
            ago = 100 - 30 * month + int(rng.integers(3))
            taken = mine[3 * month : 3 * month + 3].tolist()
            rows += [(customer, item, ago, 1) for item in taken]
    return rows


def learnt(
    rows: Iterable[Line],
    products: pd.DataFrame | None = None,
    groups: Mapping[int, Sequence[tuple[str, str]]] | None = None,
) -> Recommendation:
    """Learn from lines."""
    return recommend(
        lines_of(rows), catalogue() if products is None else products, groups or {}, NOW
    )


def asked(
    *customers: int, groups: Sequence[Any] | None = None, titles: Sequence[str] | None = None
) -> Asked:
    """Ask for customers, or for a deal of each where there are titles."""
    size = len(customers)
    deals = np.arange(size) if titles else np.full(size, -1)
    return Asked(np.asarray(customers), deals, groups or [()] * size, titles or [""] * size)


def one(found: Recommendation, customer: int, **more: Any) -> Offer:
    """Give a single offer."""
    (offer,) = found.offers(asked(customer, **more))
    return offer


@pytest.fixture(scope="module")
def tastes() -> Recommendation:
    """What is learnt from customers of two tastes."""
    return learnt(two_tastes())


def test_each_is_offered_what_others_of_their_taste_bought(tastes: Recommendation) -> None:
    assert (tastes.receipt.model, tastes.receipt.why) == (BLEND, "")
    owned = {(row[0], row[1]) for row in two_tastes()}
    for offer in tastes.offers(asked(*range(300))):
        for each in offer.suggestions:
            assert each.item // 20 == offer.customer % 2
            assert (offer.customer, each.item) not in owned


def test_the_counts_of_a_reason_are_those_that_anybody_can_count(tastes: Recommendation) -> None:
    buyers: dict[int, set[int]] = {}
    for customer, item, _ago, _quantity in two_tastes():
        buyers.setdefault(item, set()).add(customer)
    told = [
        (each.item, each.because)
        for offer in tastes.offers(asked(*range(50)))
        for each in offer.suggestions
        if each.because["code"] == ALSO
    ]
    assert told
    for item, because in told:
        given = buyers[because["item"]]
        assert because["together"] == len(given & buyers[item])
        assert because["buyers"] == len(given)
        assert (because["usual"], because["customers"]) == (len(buyers[item]), 300)


def test_who_takes_an_item_every_day_is_counted_as_one_customer() -> None:
    """One customer knows all but the new item; three others took it each day, or six of both tastes."""
    for takers, told in (((0, 2, 4), None), ((0, 1, 4, 5, 8, 9), 6)):
        every_day = [(customer, ITEMS, day, 1) for customer in takers for day in range(1, 5)]
        knows_all = [(300, item, 50, 1) for item in range(20)]
        found = learnt([*two_tastes(), *every_day, *knows_all], catalogue({ITEMS: "novelty"}))
        suggested = {each.item: each.because for each in one(found, 300).suggestions}
        reason = {"code": SELLING, "buyers": told, "days": 14} if told else None
        assert suggested.get(ITEMS) == reason


def test_the_quality_is_told_beside_what_sold_best(tastes: Recommendation) -> None:
    quality = tastes.receipt.quality
    assert quality is not None
    assert quality.new.ndcg > quality.popular.ndcg + 0.1
    assert quality.new.customers == 300


def test_where_customers_differ_by_chance_alone_no_model_pretends() -> None:
    rng = np.random.default_rng(1)
    rows = [
        (customer, int(item), 100 - 30 * month + int(rng.integers(3)), 1)
        for customer in range(300)
        for month in range(4)
        for item in rng.choice(ITEMS, 3, replace=False)
    ]
    found = learnt(rows)
    assert (found.receipt.model, found.receipt.why) == (MOST_BOUGHT, NOT_BETTER)
    codes = {
        each.because["code"] for o in found.offers(asked(*range(30))) for each in o.suggestions
    }
    assert codes <= {POPULAR_WITH, AGAIN}


def test_few_customers_get_the_plain_rule_and_no_chance_is_claimed() -> None:
    found = learnt([(customer, customer % 3, 30, 1) for customer in range(30)])
    assert (found.receipt.model, found.receipt.why) == (MOST_BOUGHT, TOO_FEW_CUSTOMERS)
    assert found.receipt.quality is None
    offer = one(found, 0)
    assert [each.item for each in offer.suggestions] == [1, 2]
    assert all(each.chance is None for each in offer.suggestions)
    assert offer.suggestions[0].because == {
        "code": POPULAR_WITH,
        "by": "everybody",
        "of": "",
        "buyers": 10,
        "customers": 30,
        "days": 365,
    }


def test_nobody_is_offered_anything_where_nothing_was_bought() -> None:
    found = learnt([])
    assert list(found.offers(asked(1, 2))) == []
    assert (found.receipt.first, found.receipt.last) == (-1, -1)


def test_what_is_bought_every_month_is_offered_when_it_is_due_and_not_just_after() -> None:
    due = [(1, 7, ago, 1) for ago in (118, 88, 58, 28)]
    fresh = [(2, 7, ago, 1) for ago in (95, 65, 35, 5)]
    found = learnt(due + fresh)
    assert one(found, 1).suggestions[0].because == {
        "code": AGAIN,
        "every": 30,
        "since": 28,
        "days": 4,
    }
    assert list(found.offers(asked(2))) == []


def test_what_nobody_ever_bought_twice_is_no_reorder() -> None:
    found = learnt([(customer, 7, 60, 1) for customer in range(9)])
    assert list(found.offers(asked(1))) == []


def test_what_was_bought_once_is_a_reorder_where_others_buy_it_again() -> None:
    others = [(customer, 7, ago, 1) for customer in range(10, 15) for ago in (90, 50, 10)]
    (again,) = one(learnt([(1, 7, 35, 1), *others]), 1).suggestions
    assert again.because == {"code": AGAIN, "every": 40, "since": 35, "days": 1}


def test_what_was_given_back_was_not_bought() -> None:
    rows = [(1, 7, 40, 5), (1, 7, 39, -5), (1, 8, 40, 5), (1, 8, 39, -2), (1, 9, 40, 0)]
    bought = read_bought(lines_of(rows), np.arange(ITEMS), 0, 10**6)
    assert bought.item.tolist() == [8]


def test_newcomers_are_offered_what_is_bought_most_by_those_like_them() -> None:
    groups = {c: [("industry", "retail" if c < 20 else "catering")] for c in range(40)}
    rows = [(customer, 1 if customer < 20 else 2, 30, 1) for customer in range(40)]
    rows += [(customer, 3, 30, 1) for customer in range(20, 40)]
    found = learnt(rows, groups=groups)
    offer = one(found, 99, groups=[[("industry", "retail")]])
    assert [each.item for each in offer.suggestions] == [1]
    assert offer.suggestions[0].because["of"] == "retail"
    unknown = one(found, 99, groups=[[("industry", "mining")]])
    assert [each.item for each in unknown.suggestions] == [1, 2, 3]
    assert unknown.suggestions[0].because["by"] == "everybody"


def test_a_new_product_is_offered_to_those_who_buy_what_is_like_it() -> None:
    names = {item: f"small ceramic bowl number{item}" for item in range(20)}
    names |= {item: f"long linen apron number{item}" for item in range(20, 40)}
    products = catalogue({**names, 40: "small ceramic bowl extra"}, fresh=[40])
    found = learnt([*two_tastes(), (0, 40, 3, 1)], products)
    assert found.receipt.left_out == 0
    told = {
        offer.customer: each.because
        for offer in found.offers(asked(*range(300)))
        for each in offer.suggestions
        if each.item == 40
    }
    assert told
    assert all(customer % 2 == 0 for customer in told)
    assert {because["code"] for because in told.values()} == {SIMILAR}


def test_a_deal_is_offered_what_goes_with_the_product_that_it_names(
    tastes: Recommendation,
) -> None:
    offer = one(tastes, -1, titles=["Order of THING25 for spring"])
    assert (offer.customer, offer.deal) == (-1, 0)
    assert all(each.item >= 20 and each.item != 25 for each in offer.suggestions)
    assert {each.because.get("item") for each in offer.suggestions} == {25}


def test_older_purchases_than_two_years_are_not_looked_at() -> None:
    assert learnt([(customer, 1, 800, 1) for customer in range(30)]).receipt.purchases == 0


def test_the_weights_are_not_chosen_on_the_day_that_judges_them() -> None:
    bought = read_bought(lines_of(two_tastes()), np.arange(ITEMS), 0, 10**6)
    left, held = hold_back(bought, 0)
    before, chosen_on = hold_back(left, 1)
    assert (chosen_on.on < held.on).all()
    assert len(before.row) < len(left.row) < len(bought.row)
    assert not held.taken.multiply(held.known).nnz


def test_the_pull_of_items_is_the_least_error_without_themselves() -> None:
    rng = np.random.default_rng(0)
    owned = (rng.random((50, 8)) < 0.3).astype(float)
    pairs = [(row, item, 1, 1) for row, item in zip(*owned.nonzero(), strict=True)]
    bought = read_bought(lines_of(pairs), np.arange(8), 0, 10**6)
    counts = affinity.together(matrix(bought.pairs(), (len(bought.customers), 8)))
    found = affinity.pull(counts, 3.0)
    for item in range(8):
        others = [each for each in range(8) if each != item]
        x = owned[:, others]
        best = np.linalg.solve(x.T @ x + 3 * np.eye(7), x.T @ owned[:, item])
        assert found[others, item] == pytest.approx(best, abs=1e-4)
        assert found[item, item] == 0


def test_the_figures_are_what_counting_by_hand_gives() -> None:
    suggested = np.array([[3, 1, 2], [0, 1, -1], [0, 1, 2]])
    taken = matrix(
        Bought(
            np.arange(3), np.arange(5), np.array([0, 0, 1]), np.array([1, 4, 3]), np.ones(3, int)
        ).pairs(),
        (3, 5),
    )
    figures = judge(suggested, taken).figures
    assert (figures.customers, figures.hit) == (2, 0.5)
    assert figures.precision == pytest.approx(0.05)
    ideal = 1 + 1 / np.log2(3)
    assert figures.ndcg == pytest.approx((1 / np.log2(3)) / ideal / 2)
    assert figures.by_place[:3] == pytest.approx((0, 1 / 3, 0))


def test_products_are_found_in_titles_by_their_whole_names() -> None:
    names = Names(["Printer Y", "Printer", "Ink", "蓝色 碗", "Box"])
    assert names.found("Two PRINTER-Y and paper") == [0]
    assert names.found("Printers and a printer, inkless") == [1]
    assert names.found("采购蓝色碗二十个") == [3]
    assert names.found("Ink box") == []
