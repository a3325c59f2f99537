"""What would have been offered to a real wholesaler's customers, where the data lie beside the checkout."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.analyses.recommendation import EVERY, Shop, wholesaler
from jobs.analytics import suggestions
from jobs.analytics.bought import Bought
from jobs.analytics.held_back import hold_back, surely_better
from jobs.analytics.suggestions import Trial, Weights
from tests.analytics.test_real_data import SET

pytestmark = pytest.mark.skipif(
    not SET.exists(), reason=f"{SET.name} does not lie in shared/data beside the checkout"
)


@pytest.fixture(scope="module")
def shop() -> Shop:
    """Read the year once."""
    return wholesaler(SET.parent)


def last_day(shop: Shop, bought: Bought) -> tuple[Bought, Trial]:
    """Hold the last day back, with the weights as they are before anything is chosen."""
    left, held = hold_back(bought, 0, EVERY)
    nothing = np.zeros(0, np.int64)
    found = suggestions.sources(left, shop.words, nothing, Weights().penalty)
    return left, suggestions.trial(found, left, held)


def test_what_is_offered_is_taken_as_often_as_in_the_field(shop: Shop) -> None:
    left, test = last_day(shop, shop.bought)
    new = suggestions.new_of(test, Weights())
    assert new.figures.precision >= 0.075
    assert new.figures.ndcg >= 0.101
    assert new.figures.hit >= 0.461
    assert surely_better(new, suggestions.popular_of(test, Weights().window))
    again = suggestions.again_of(test, left, Weights().window)
    assert again.ours.ndcg > again.counts.ndcg > 0.292


def test_purchases_dealt_out_at_random_tell_nothing(shop: Shop) -> None:
    rng = np.random.default_rng(0)
    bought = shop.bought
    dealt = Bought(
        bought.customers, bought.items, rng.permutation(bought.row), bought.item, bought.day
    )
    order = np.lexsort((dealt.day, dealt.item, dealt.row))
    table = np.unique(np.stack([dealt.row[order], dealt.item[order], dealt.day[order]]), axis=1)
    _left, test = last_day(shop, Bought(bought.customers, bought.items, *table))
    new = suggestions.new_of(test, Weights())
    assert not surely_better(new, suggestions.popular_of(test, Weights().window))
