"""Trees against the books they come from, and what they may say of rows they have not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jobs.analytics import trees
from jobs.analytics.trees import ID3, Condition, Options

# Quinlan 1986, table 1; the numbers of C4.5's own example data (golf) beside the words.
WEATHER = [
    ("sunny", "hot", "high", "false", 85, 85, 0),
    ("sunny", "hot", "high", "true", 80, 90, 0),
    ("overcast", "hot", "high", "false", 83, 78, 1),
    ("rain", "mild", "high", "false", 70, 96, 1),
    ("rain", "cool", "normal", "false", 68, 80, 1),
    ("rain", "cool", "normal", "true", 65, 70, 0),
    ("overcast", "cool", "normal", "true", 64, 65, 1),
    ("sunny", "mild", "high", "false", 72, 95, 0),
    ("sunny", "cool", "normal", "false", 69, 70, 1),
    ("rain", "mild", "normal", "false", 75, 80, 1),
    ("sunny", "mild", "normal", "true", 75, 70, 1),
    ("overcast", "mild", "high", "true", 72, 90, 1),
    ("overcast", "hot", "normal", "false", 81, 75, 1),
    ("rain", "mild", "high", "true", 71, 80, 0),
]
NAMES = ["outlook", "temperature", "humidity", "windy", "degrees", "percent", "play"]


def weather(*names: str) -> tuple[pd.DataFrame, np.ndarray]:
    rows = pd.DataFrame(WEATHER, columns=NAMES)
    rows = rows.astype({"degrees": "float64", "percent": "float64"})
    for name in NAMES[:4]:
        rows[name] = rows[name].astype(object)
    return rows[list(names)], rows["play"].to_numpy().astype(bool)


WORDS = ("outlook", "temperature", "humidity", "windy")


def test_the_gains_of_the_weather_are_those_of_the_paper() -> None:
    frame, play = weather(*WORDS)
    found = {name: split.gain for name, split in trees.gains(frame, play).items()}
    assert found == pytest.approx(
        {"outlook": 0.2467, "temperature": 0.0292, "humidity": 0.1518, "windy": 0.0481}, abs=5e-5
    )
    ratios = {name: split.gain_ratio for name, split in trees.gains(frame, play).items()}
    assert ratios["outlook"] == pytest.approx(0.156, abs=5e-4)  # C4.5, page 24


def test_id3_grows_the_tree_of_the_paper() -> None:
    frame, play = weather(*WORDS)
    root = trees.grow(frame, play, ID3)
    assert root.split
    assert (root.split.feature, root.split.levels) == ("outlook", ("overcast", "rain", "sunny"))
    overcast, rain, sunny = root.children
    assert (overcast.share, overcast.split) == (1.0, None)
    assert rain.split
    assert rain.split.feature == "windy"
    assert sunny.split
    assert sunny.split.feature == "humidity"
    assert [leaf.share for leaf in root.leaves()] == [1, 1, 0, 0, 1]


def test_c45_grows_the_tree_of_the_book_with_numbers() -> None:
    frame, play = weather("outlook", "degrees", "percent", "windy")
    root = trees.grow(frame, play, Options(prune=False))
    assert root.split
    assert root.split.feature == "outlook"
    assert [
        child.split and (child.split.feature, child.split.threshold) for child in root.children
    ] == [
        None,
        ("windy", None),
        ("percent", 75.0),
    ]


def test_an_unknown_value_lowers_the_gain_as_in_the_book() -> None:
    """C4.5, page 29: the outlook of one of the cases is lost."""
    frame, play = weather("outlook")
    frame = frame.copy()
    frame.loc[11, "outlook"] = None
    split = trees.gains(frame, play)["outlook"]
    assert split.gain == pytest.approx(0.199, abs=5e-4)
    assert split.gain_ratio == pytest.approx(0.199 / 1.809, abs=1e-3)


def test_a_row_with_an_unknown_value_goes_down_all_branches() -> None:
    frame, play = weather("outlook", "percent", "windy")
    frame = frame.copy()
    frame.loc[11, "outlook"] = None
    root = trees.grow(frame, play, Options(prune=False))
    assert [round(child.rows, 3) for child in root.children] == [3.231, 5.385, 5.385]
    unknown = pd.DataFrame({"outlook": [None], "percent": [np.nan], "windy": [None]}, dtype=object)
    unknown["percent"] = unknown["percent"].astype("float64")
    assert trees.probabilities(root, unknown)[0] == pytest.approx(play.mean(), abs=0.05)


@pytest.mark.parametrize(
    ("rows", "errors", "rate"), [(6, 0, 0.206), (9, 0, 0.143), (1, 0, 0.750), (16, 1, 0.157)]
)
def test_pessimistic_errors_are_those_of_the_book(rows: int, errors: int, rate: float) -> None:
    """C4.5, page 41 and following: U25%(0, 6), U25%(0, 9), U25%(0, 1) and U25%(1, 16)."""
    assert (errors + trees.extra_errors(rows, errors)) / rows == pytest.approx(rate, abs=0.006)


def crowd(rows: int = 600, seed: int = 3) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Customers with a planted rule: 8 in 10 with two complaints or more on a monthly contract leave."""
    dice = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "complaints": dice.integers(0, 5, rows).astype(float),
            "contract": dice.choice(np.array(["monthly", "yearly"], dtype=object), rows),
            "noise": dice.normal(size=rows),
            "colour": dice.choice(np.array(["red", "green", "blue"], dtype=object), rows),
        }
    )
    risky = (frame["complaints"] >= 2) & (frame["contract"] == "monthly")
    left = dice.random(rows) < np.where(risky, 0.8, 0.15)
    return frame, left, np.arange(rows)


def test_a_planted_rule_is_found_first_and_counted_exactly() -> None:
    frame, left, moments = crowd()
    found = trees.learn(frame, left, moments)
    assert found.usable
    assert found.by_time
    first = found.rules[0]
    assert set(first.conditions) == {
        Condition("complaints", low=1.0), Condition("contract", level="monthly")
    }  # fmt: skip
    risky = (frame["complaints"] > 1) & (frame["contract"] == "monthly")
    assert (first.rows, first.positives) == (int(risky.sum()), int(left[risky].sum()))
    assert {name for name, _share in found.importance} == {"complaints", "contract"}
    assert sum(share for _name, share in found.importance) == pytest.approx(1.0)


def test_rules_part_all_rows_whose_values_are_known() -> None:
    frame, left, moments = crowd()
    found = trees.learn(frame, left, moments)
    assert sum(rule.rows for rule in found.rules) == len(frame)
    assert sum(rule.positives for rule in found.rules) == left.sum()


def test_shuffled_outcomes_give_no_tree() -> None:
    frame, left, moments = crowd()
    for seed in range(5):
        found = trees.learn(frame, np.random.default_rng(seed).permutation(left), moments)
        assert not found.usable
        assert found.rules == ()
        assert found.why in {"nothing_found", "not_better_than_base_rate"}


def test_where_all_were_seen_at_one_moment_rows_are_held_back_at_random() -> None:
    frame, left, moments = crowd()
    found = trees.learn(frame, left, np.zeros_like(moments))
    assert found.usable
    assert not found.by_time


def test_missing_values_do_not_hide_a_rule() -> None:
    frame, left, moments = crowd()
    dice = np.random.default_rng(1)
    frame.loc[dice.random(len(frame)) < 0.2, "contract"] = None
    frame.loc[dice.random(len(frame)) < 0.2, "complaints"] = np.nan
    found = trees.learn(frame, left, moments)
    assert found.usable
    assert {condition.feature for condition in found.rules[0].conditions} == {
        "complaints",
        "contract",
    }


@pytest.mark.parametrize(
    ("rows", "positives", "why"), [(39, 20, "too_few_rows"), (200, 9, "too_few_of_a_class")]
)
def test_too_little_data_is_named(rows: int, positives: int, why: str) -> None:
    frame, _left, moments = crowd(rows)
    found = trees.learn(frame, np.arange(rows) < positives, moments)
    assert (found.why, found.root.split, found.quality) == (why, None, None)


def test_a_frame_without_fields_gives_no_tree() -> None:
    _frame, left, moments = crowd()
    assert trees.learn(pd.DataFrame(index=range(len(left))), left, moments).why == "nothing_found"


def test_the_same_rows_give_the_same_tree() -> None:
    assert trees.learn(*crowd()) == trees.learn(*crowd())
