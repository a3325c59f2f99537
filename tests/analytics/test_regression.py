"""Regressions against published figures, and what they may say of rows they have not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jobs.analytics import regression
from jobs.analytics.regression import Dropped, Regression

# Longley (1967): GNP deflator, GNP, unemployed, armed forces, population, year, employed.
LONGLEY = np.array([
    [83.0, 234289, 2356, 1590, 107608, 1947, 60323], [88.5, 259426, 2325, 1456, 108632, 1948, 61122],
    [88.2, 258054, 3682, 1616, 109773, 1949, 60171], [89.5, 284599, 3351, 1650, 110929, 1950, 61187],
    [96.2, 328975, 2099, 3099, 112075, 1951, 63221], [98.1, 346999, 1932, 3594, 113270, 1952, 63639],
    [99.0, 365385, 1870, 3547, 115094, 1953, 64989], [100.0, 363112, 3578, 3350, 116219, 1954, 63761],
    [101.2, 397469, 2904, 3048, 117388, 1955, 66019], [104.6, 419180, 2822, 2857, 118734, 1956, 67857],
    [108.4, 442769, 2936, 2798, 120445, 1957, 68169], [110.8, 444546, 4681, 2637, 121950, 1958, 66513],
    [112.6, 482704, 3813, 2552, 123366, 1959, 68655], [114.2, 502601, 3931, 2514, 125368, 1960, 69564],
    [115.7, 518173, 4806, 2572, 127852, 1961, 69331], [116.9, 554894, 4007, 2827, 130081, 1962, 70551],
])  # fmt: skip

# Spector and Mazzeo (1980), as in Greene's Econometric Analysis: grade point, test score, new teaching, improved.
SPECTOR = np.array([
    [2.66, 20, 0, 0], [2.89, 22, 0, 0], [3.28, 24, 0, 0], [2.92, 12, 0, 0], [4.00, 21, 0, 1],
    [2.86, 17, 0, 0], [2.76, 17, 0, 0], [2.87, 21, 0, 0], [3.03, 25, 0, 0], [3.92, 29, 0, 1],
    [2.63, 20, 0, 0], [3.32, 23, 0, 0], [3.57, 23, 0, 0], [3.26, 25, 0, 1], [3.53, 26, 0, 0],
    [2.74, 19, 0, 0], [2.75, 25, 0, 0], [2.83, 19, 0, 0], [3.12, 23, 1, 0], [3.16, 25, 1, 1],
    [2.06, 22, 1, 0], [3.62, 28, 1, 1], [2.89, 14, 1, 0], [3.51, 26, 1, 0], [3.54, 24, 1, 1],
    [2.83, 27, 1, 1], [3.39, 17, 1, 1], [2.67, 24, 1, 0], [3.65, 21, 1, 1], [4.00, 23, 1, 1],
    [3.10, 21, 1, 0], [2.39, 19, 1, 1],
])  # fmt: skip


def test_least_squares_give_the_certified_figures_of_longley() -> None:
    """NIST's Statistical Reference Datasets certify them."""
    design = np.column_stack([np.ones(16), LONGLEY[:, :6]])
    fit = regression.ols(design, LONGLEY[:, 6])
    assert fit.coefficients == pytest.approx(
        [-3482258.63459582, 15.0618722713733, -0.0358191792925910, -2.02022980381683,
         -1.03322686717359, -0.0511041056535807, 1829.15146461355],
        rel=1e-6,
    )  # fmt: skip
    assert fit.classical == pytest.approx(
        [890420.383607373, 84.9149257747669, 0.0334910077722432, 0.488399681651699,
         0.214274163161675, 0.226073200069370, 455.478499142212],
        rel=1e-6,
    )  # fmt: skip
    assert fit.freedom == 9


def test_the_robust_errors_are_those_of_leaving_each_row_out() -> None:
    """HC3: the squares are of the residuals against a line drawn without the row."""
    design = np.column_stack([np.ones(16), LONGLEY[:, [2, 3]]])
    target = LONGLEY[:, 6]
    bread = np.linalg.inv(design.T @ design)
    meat = np.zeros((3, 3))
    for row in range(16):
        others = np.arange(16) != row
        line = np.linalg.lstsq(design[others], target[others])[0]
        meat += np.outer(design[row], design[row]) * (target[row] - design[row] @ line) ** 2
    expected = np.sqrt(np.diag(bread @ meat @ bread))
    assert regression.ols(design, target).robust == pytest.approx(expected, rel=1e-6)


def test_logistic_regression_gives_the_published_figures() -> None:
    design = np.column_stack([np.ones(32), SPECTOR[:, :3]])
    found, errors = regression.logit(design, SPECTOR[:, 3])
    assert found == pytest.approx([-13.0213, 2.8261, 0.0952, 2.3787], abs=1e-4)
    assert errors == pytest.approx([4.9313, 1.2629, 0.1416, 1.0646], abs=1e-4)


def deals(rows: int = 300, seed: int = 5) -> tuple[pd.DataFrame, np.ndarray]:
    """Amounts that grow by 1,200 a visit and are 5,000 larger from partners."""
    dice = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "visits": dice.integers(0, 8, rows).astype(float),
            "source": dice.choice(np.array(["web", "web", "partner"], dtype=object), rows),
            "noise": dice.normal(size=rows),
        }
    )
    target = 10_000 + 1_200 * frame["visits"] + 5_000 * (frame["source"] == "partner")
    return frame, (target + dice.normal(0, 2_000, rows)).to_numpy()


def effect(found: Regression, feature: str) -> regression.Effect:
    return next(each for each in found.effects if each.feature == feature)


def test_planted_amounts_lie_within_their_intervals() -> None:
    found = regression.linear(*deals(), chosen=True)
    assert found.usable
    assert not found.log
    visits, partner, noise = (effect(found, name) for name in ("visits", "source", "noise"))
    assert visits.low < 1_200 < visits.high
    assert visits.clear
    assert (partner.level, partner.reference) == ("partner", "web")
    assert partner.low < 5_000 < partner.high
    assert not noise.clear
    assert found.error is not None
    assert found.average_error is not None
    assert found.error < 0.7 * found.average_error


def test_intervals_hold_the_truth_in_about_95_of_100_samples() -> None:
    held = 0
    for seed in range(100):
        each = effect(regression.linear(*deals(80, seed), chosen=True), "visits")
        held += each.low < 1_200 < each.high
    assert 90 <= held <= 99


def test_skewed_amounts_are_told_in_shares() -> None:
    frame, _amounts = deals()
    dice = np.random.default_rng(1)
    target = np.exp(8 + 0.25 * frame["visits"] + dice.normal(0, 0.8, len(frame))).to_numpy()
    found = regression.linear(frame, target, chosen=True)
    assert found.log
    visits = effect(found, "visits")
    assert visits.low < np.expm1(0.25) < visits.high
    assert found.average < target.mean()


def test_without_chosen_fields_the_strongest_are_taken() -> None:
    found = regression.linear(*deals(), chosen=False)
    assert found.chosen
    assert found.rows == 200
    assert {"visits", "source"} <= {each.feature for each in found.effects}


def test_a_field_that_says_what_another_says_is_left_out() -> None:
    frame, target = deals()
    frame["kilometres"] = frame["visits"] * 40 + 3
    found = regression.linear(frame, target, chosen=True)
    assert found.dropped == (Dropped("kilometres", "same_as", "visits"),)


def test_hardly_known_and_constant_fields_are_left_out_by_name() -> None:
    frame, target = deals()
    frame["rare"] = np.where(np.arange(len(frame)) % 2, np.nan, 1.0)
    frame["same"] = 7.0
    found = regression.linear(frame, target, chosen=True)
    assert found.dropped == (Dropped("rare", "hardly_known"), Dropped("same", "always_alike"))


def test_there_are_ten_rows_for_each_figure() -> None:
    frame, target = deals(31)
    frame["colour"] = np.array(["red", "green", "blue", "white"], dtype=object)[np.arange(31) % 4]
    found = regression.linear(frame, target, chosen=True)
    assert Dropped("colour", "too_few_rows") in found.dropped


def test_an_unknown_word_is_a_word_and_an_unknown_number_leaves_the_row_out() -> None:
    frame, target = deals()
    frame.loc[:29, "source"] = None
    frame.loc[290:, "visits"] = np.nan
    found = regression.linear(frame, target, chosen=True)
    assert found.rows == 290
    assert regression.UNKNOWN in {each.level for each in found.effects}


def test_odds_of_a_planted_outcome() -> None:
    frame, _amounts = deals(900)
    dice = np.random.default_rng(2)
    won = dice.random(900) < 1 / (1 + np.exp(1.5 - 0.5 * frame["visits"]))
    found = regression.logistic(frame, won.to_numpy(), chosen=True)
    assert found.usable
    visits = effect(found, "visits")
    assert visits.low < np.exp(0.5) < visits.high
    assert not effect(found, "noise").clear
    assert found.quality
    assert found.quality.auc > 0.65


def test_a_field_that_makes_the_outcome_certain_is_left_out() -> None:
    frame, _amounts = deals(300)
    won = (frame["source"] == "partner").to_numpy()
    found = regression.logistic(frame, won, chosen=True)
    assert Dropped("source", "parts_all") in found.dropped
    assert "source" not in {each.feature for each in found.effects}


def test_a_rare_word_that_always_ends_alike_is_not_clear_and_stays_a_number() -> None:
    frame, _amounts = deals(600)
    dice = np.random.default_rng(3)
    won = dice.random(600) < 1 / (1 + np.exp(1.5 - 0.5 * frame["visits"].to_numpy()))
    frame.loc[:7, "source"] = "board"
    won[:8] = True
    found = regression.logistic(frame, won, chosen=True)
    board = next(each for each in found.effects if each.level == "board")
    assert not board.clear
    assert np.isfinite([board.estimate, board.low, board.high]).all()


def test_shuffled_targets_say_nothing() -> None:
    frame, target = deals()
    told = 0
    for seed in range(20):
        mixed = np.random.default_rng(seed).permutation(target)
        told += regression.linear(frame, mixed, chosen=True).usable
        told += regression.linear(frame, mixed, chosen=False).usable
        told += regression.logistic(frame, mixed > np.median(mixed), chosen=False).usable
    assert told <= 1


def test_weeks_that_drift_each_by_themselves_do_not_seem_to_go_together() -> None:
    """Random walks: as rows without an order half of them would be told, with intervals far from zero."""
    drifting, real = 0, 0
    for seed in range(20):
        dice = np.random.default_rng(seed)
        visits = 20 + np.cumsum(dice.normal(0, 1, 103))
        frame = pd.DataFrame({"time": np.arange(103.0), "visits": visits})
        apart = 200 + np.cumsum(dice.normal(0, 10, 103))
        found = regression.linear(frame, apart, chosen=True, in_order=True)
        drifting += found.usable
        assert found.effects == () or found.usable
        after = 200 + 8 * visits + dice.normal(0, 10, 103)
        real += effect(regression.linear(frame, after, chosen=True, in_order=True), "visits").clear
    assert (drifting, real) == (0, 20)


@pytest.mark.parametrize("rows", [0, 1, 29])
def test_too_few_rows_are_named(rows: int) -> None:
    frame, target = deals(300)
    found = regression.linear(frame[:rows], target[:rows], chosen=True)
    assert (found.why, found.effects) == ("too_few_rows", ())


def test_too_few_of_a_class_are_named() -> None:
    frame, _amounts = deals(300)
    found = regression.logistic(frame, np.arange(300) < 14, chosen=True)
    assert found.why == "too_few_of_a_class"


def test_no_fields_are_named() -> None:
    _frame, target = deals()
    nothing = pd.DataFrame(index=range(len(target)))
    assert regression.linear(nothing, target, chosen=True).why == "no_fields"
    assert regression.linear(nothing, np.full(len(target), 3.0), chosen=False).why == "no_fields"
