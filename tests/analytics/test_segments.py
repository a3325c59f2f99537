"""Groups of customers: planted ones come back, names are unique and stable, moves are counted with their money."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import adjusted_rand_score

from jobs.analytics.segments import (
    IDEALS,
    SegmentModel,
    drift,
    find_segments,
    name_groups,
    rfm_scores,
    segment,
)
from tests.analytics.histories import features_of
from tests.analytics.worlds import NOW, purchases

if TYPE_CHECKING:
    from collections.abc import Sequence

# What four kinds of customers do: days since the last purchase, purchase days, money.
PLANTED = {
    "champions": (6, 30, 9000),
    "promising": (10, 3, 400),
    "at_risk": (110, 12, 4000),
    "lost": (330, 1.2, 60),
}


def crowd(each: int = 100, seed: int = 0) -> tuple[pd.DataFrame, list[str]]:
    """Give customers of the four planted kinds, spread by about a quarter, and their kinds."""
    rng = np.random.default_rng(seed)
    kinds = [kind for kind in PLANTED for _ in range(each)]
    middle = np.array([PLANTED[kind] for kind in kinds])
    rfm = middle * rng.lognormal(0, 0.25, middle.shape)
    return people(rfm[:, 0].tolist(), np.ceil(rfm[:, 1]).tolist(), rfm[:, 2].tolist()), kinds


def people(
    recency: Sequence[float], frequency: Sequence[float], value: Sequence[float]
) -> pd.DataFrame:
    """Give customers 1, 2, … with these numbers."""
    return pd.DataFrame(
        {
            "customer": np.arange(1, len(recency) + 1),
            "recency_days": np.array(recency, dtype=np.float64),
            "frequency": np.array(frequency, dtype=np.float64),
            "value": np.array(value, dtype=np.float64),
            "value_90": np.array(value, dtype=np.float64) / 10,
            "value_365": np.array(value, dtype=np.float64) / 2,
        }
    )


def test_planted_groups_are_found_and_named() -> None:
    frame, kinds = crowd()
    found = segment(frame)
    assert found.model.method == "kmeans"
    assert adjusted_rand_score(kinds, found.labels["segment"]) > 0.95
    assert set(found.model.names) == set(PLANTED)
    agreed = (found.labels["segment"] == np.array(kinds)).mean()
    assert agreed > 0.95
    assert dict(found.model.stabilities)[4] == found.model.stability


def test_the_groups_add_up_to_all_customers_and_all_revenue() -> None:
    frame, _ = crowd()
    segments = segment(frame).segments
    assert sum(each.size for each in segments) == 400
    assert sum(each.revenue_90 for each in segments) == pytest.approx(frame["value_90"].sum())
    assert next(each.name for each in segments) == "champions"
    assert segments[0].mean_recency_days == pytest.approx(6, rel=0.1)
    revenue = [each.revenue_365 for each in segments]
    assert revenue == sorted(revenue, reverse=True)


def test_the_same_customers_give_the_same_groups() -> None:
    frame, _ = crowd()
    first, second = segment(frame), segment(frame.copy())
    assert first.model == second.model
    pd.testing.assert_frame_equal(first.labels, second.labels)


def test_names_stay_when_the_customers_change_a_little() -> None:
    names = {find_segments(crowd(seed=seed)[0]).names for seed in range(4)}
    assert names == {("champions", "promising", "at_risk", "lost")}


def test_a_model_can_be_kept_as_json_and_used_again() -> None:
    frame, _ = crowd()
    model = find_segments(frame)
    kept = json.loads(json.dumps(asdict(model)))
    again = SegmentModel(
        **{name: _tuples(value) for name, value in kept.items()}  # type: ignore[arg-type]
    )
    assert again == model
    pd.testing.assert_frame_equal(segment(frame, again).labels, segment(frame).labels)


def _tuples(value: object) -> object:
    """Turn JSON's lists back into tuples."""
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, len(IDEALS)), st.just(3)),
        elements=st.floats(-5, 5),
    )
)
def test_no_two_groups_share_a_name(
    centroids: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> None:
    names = name_groups(centroids)
    assert len(set(names)) == len(centroids)
    assert set(names) <= set(IDEALS)


def test_the_best_and_the_worst_group_are_champions_and_lost() -> None:
    centroids = np.array([[1.5, -1, -1], [-1, 1.5, 1.5], [0, 0, 0]])
    assert name_groups(centroids) == ("lost", "champions", "needs_attention")


def test_it_is_told_who_moved_and_how_much_money_moved_with_them() -> None:
    frame, _ = crowd()
    before = segment(frame)
    changed = frame.copy()
    changed.loc[0, ["recency_days", "frequency", "value"]] = PLANTED["at_risk"]
    changed.loc[0, ["value_90", "value_365"]] = [7.0, 900.0]
    changed = changed.drop(index=399)
    newcomer = changed.loc[[150]].assign(customer=5000)
    after = segment(pd.concat([changed, newcomer], ignore_index=True), before.model)
    found = drift(before, after)
    told = {(move.origin, move.target): move for move in found.moves}
    assert set(told) == {
        ("champions", "at_risk"),
        ("outside", "promising"),
        ("lost", "outside"),
    }
    fallen = told["champions", "at_risk"]
    assert (fallen.customers, fallen.revenue_90, fallen.revenue_365) == ((1,), 7.0, 900.0)
    assert told["lost", "outside"].revenue_365 == pytest.approx(frame.loc[399, "value_365"])
    assert found.moves[0] is fallen
    assert found.counts.to_numpy().sum() == 401
    assert found.counts.loc["champions", "at_risk"] == 1


def test_nobody_moves_between_a_moment_and_itself() -> None:
    groups = segment(crowd()[0])
    assert drift(groups, groups).moves == ()


def test_moments_under_different_models_are_not_compared() -> None:
    frame, _ = crowd()
    with pytest.raises(ValueError, match="same model"):
        drift(segment(frame), segment(frame.head(300)))


def test_a_few_customers_are_cut_into_thirds() -> None:
    frame = people([1, 2, 3, 40, 50, 60, 400, 500, 600], [9, 5, 1, 9, 5, 1, 9, 5, 1], [50.0] * 9)
    found = segment(frame)
    assert found.model.method == "tertiles"
    assert found.labels["segment"].tolist() == [
        "champions",
        "promising",
        "new",
        "loyal",
        "needs_attention",
        "promising",
        "at_risk",
        "hibernating",
        "lost",
    ]
    assert sum(each.size for each in found.segments) == 9


def test_fifty_customers_are_clustered_and_49_are_not() -> None:
    frame, _ = crowd(13)
    methods = [find_segments(frame.sample(size, random_state=0)).method for size in (49, 50)]
    assert methods == ["tertiles", "kmeans"]


@pytest.mark.parametrize("count", [1, 2, 300])
def test_customers_who_are_all_alike_are_one_group(count: int) -> None:
    found = segment(people([10.0] * count, [4.0] * count, [100.0] * count))
    assert found.model.method == "tertiles"
    assert [(each.name, each.size) for each in found.segments] == [("needs_attention", count)]


def test_without_customers_there_are_no_groups() -> None:
    empty = features_of(purchases([]), None, NOW)
    found = segment(empty)
    assert found.segments == ()
    assert found.labels.empty
    assert drift(found, found).moves == ()
    assert rfm_scores(empty).empty


def test_a_constant_column_does_not_hide_the_groups_in_the_others() -> None:
    frame, kinds = crowd()
    found = segment(frame.assign(frequency=2.0))
    assert found.model.method == "kmeans"
    assert adjusted_rand_score(kinds, found.labels["segment"]) > 0.8


def test_a_negative_value_counts_as_nothing() -> None:
    frame, _ = crowd()
    frame.loc[5, "value"] = -4000.0
    assert len(segment(frame).labels) == 400


def test_scores_cut_the_customers_into_fifths() -> None:
    numbers = list(range(1, 101))
    scores = rfm_scores(people(numbers, numbers, numbers))
    assert scores["f"].value_counts().to_dict() == dict.fromkeys(range(1, 6), 20)
    assert scores["f"].is_monotonic_increasing
    assert (scores["r"] == 6 - scores["f"]).all()


def test_equal_customers_have_equal_scores() -> None:
    scores = rfm_scores(people([5.0] * 7, [1, 1, 1, 1, 1, 1, 9], [1, 2, 2, 2, 2, 2, 3]))
    assert set(scores["r"]) == {3}
    assert scores["f"].tolist() == [3] * 6 + [5]
    assert scores["m"].nunique() == 3


def test_groups_follow_customers_through_time() -> None:
    early = [
        (n, NOW - timedelta(days=200 + n % 7 + 9 * k), 50.0) for n in range(30) for k in (0, 1)
    ]
    bought = purchases([*early, (3, NOW - timedelta(days=2), 80.0)])
    before = segment(features_of(bought, None, NOW - timedelta(days=7)))
    after = segment(features_of(bought, None, NOW), before.model)
    found = drift(before, after)
    back = [move for move in found.moves if 3 in move.customers]
    assert len(back) == 1
    assert back[0].target == "champions"
    assert back[0].revenue_90 == 80.0


def test_of_numbers_of_groups_as_stable_the_best_parted_one_is_taken() -> None:
    rng = np.random.default_rng(3)
    centres = np.array([(5, 30, 9000), (300, 1.2, 50), (8, 2, 300)])
    rfm = np.repeat(centres, 200, axis=0) * rng.lognormal(0, 0.1, (600, 3))
    found = find_segments(people(*(rfm[:, place].tolist() for place in range(3))))
    assert len(found.names) == 3
    assert found.silhouette is not None
    assert found.silhouette > 0.7


def test_groups_of_shuffled_numbers_tell_nothing_of_the_money_to_come() -> None:
    """The negative control: what a customer brings next has nothing to do with a group dealt at random."""
    frame, _ = crowd()
    rng = np.random.default_rng(1)
    dealt = frame.assign(
        **{
            name: rng.permutation(frame[name].to_numpy())
            for name in ("recency_days", "frequency", "value")
        }
    )
    for table, least, most in ((frame, 50.0, np.inf), (dealt, 0.0, 3.0)):
        means = frame["value"].groupby(segment(table).labels["segment"].to_numpy()).mean()
        assert least < means.max() / means.min() < most
