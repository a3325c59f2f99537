"""BG/NBD and Gamma-Gamma: the published constants, integrals taken the long way, and worlds whose truth is known."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import check_grad
from scipy.special import beta, betaln

from jobs.analytics.value_models import (
    BgNbd,
    GammaGamma,
    bg_nbd_likelihood,
    expected_amount,
    expected_purchases,
    fit_amounts,
    fit_purchases,
    gamma_gamma_likelihood,
    nbd_likelihood,
    probability_alive,
    weeks_to_next,
)
from tests.analytics.worlds import leaving_shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.analytics.features import Floats

SPREAD = st.floats(0.05, 20)
MODELS = st.builds(
    BgNbd, SPREAD, SPREAD, SPREAD, SPREAD, log_likelihood=st.just(0.0), customers=st.just(1)
)
BUYERS = st.tuples(st.integers(0, 40), st.floats(0.01, 1), st.floats(1, 200)).map(
    lambda one: tuple(
        np.array([number], dtype=np.float64)
        for number in (one[0], one[1] * one[2] if one[0] else 0.0, one[2])
    )
)


def weighed(model: BgNbd, buyer: tuple[Floats, Floats, Floats]) -> float:
    """Weigh having stayed against having left right after the last purchase, by Bayes."""
    x, last, seen = (float(each[0]) for each in buyer)
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    stayed = betaln(a, b + x) - (r + x) * np.log(alpha + seen)
    left = betaln(a + 1, b + x - 1) - (r + x) * np.log(alpha + last) if x > 0 else -np.inf
    return float(np.exp(stayed - np.logaddexp(stayed, left)))


def counted(model: BgNbd, buyer: tuple[Floats, Floats, Floats], weeks: float) -> float:
    """Integrate what a customer buys who is there, over how likely each purchase is the last."""
    x, _, seen = (float(each[0]) for each in buyer)
    r, alpha, a, b = model.r, model.alpha, model.a, model.b

    def density(p: float) -> float:
        bought = -np.expm1(-(r + x) * np.log1p(p * weeks / (alpha + seen))) / p
        return float(bought * p ** (a - 1) * (1 - p) ** (b + x - 1) / beta(a, b + x))

    # Split where the density turns, with the singular ends each in a part of their own.
    parts = np.array([0, 1e-8, 1e-4, 1e-2, 0.1, 0.5, 0.9, 0.99, 1 - 1e-4, 1 - 1e-8, 1])
    return float(sum(quad(density, low, high, limit=200)[0] for low, high in pairwise(parts)))


@given(model=MODELS, buyer=BUYERS)
def test_being_alive_is_what_bayes_says(model: BgNbd, buyer: tuple[Floats, Floats, Floats]) -> None:
    assert probability_alive(model, *buyer)[0] == pytest.approx(weighed(model, buyer), abs=1e-9)


@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@settings(max_examples=60, deadline=None)
@given(model=MODELS, buyer=BUYERS, weeks=st.floats(1, 104))
def test_the_purchases_expected_are_what_integrating_gives(
    model: BgNbd, buyer: tuple[Floats, Floats, Floats], weeks: float
) -> None:
    assume(model.a > 0.3)
    assume(model.b + buyer[0][0] > 0.3)  # the long way is not exact where the density is infinite
    expected = counted(model, buyer, weeks) * weighed(model, buyer)
    assert expected_purchases(model, *buyer, weeks)[0] == pytest.approx(
        expected, rel=1e-4, abs=1e-7
    )


@pytest.mark.parametrize(
    ("a", "b"), [(1.0, 2.0), (0.4, 0.6), (1.0, 0.5), (1e-3, 300.0), (2.0, 1.0)]
)
def test_where_the_formula_divides_by_nought_the_purchases_stay_what_they_are(
    a: float, b: float
) -> None:
    near = BgNbd(0.5, 5.0, a + 1e-3 * a, b, 0.0, 1)
    exact = BgNbd(0.5, 5.0, a, b, 0.0, 1)
    buyers = (np.array([0.0, 1.0, 30.0]), np.array([0.0, 10.0, 38.0]), np.full(3, 39.0))
    found = expected_purchases(exact, *buyers, 39.0)
    assert found == pytest.approx(expected_purchases(near, *buyers, 39.0), rel=5e-3)
    assert (found > 0).all()


@given(model=MODELS, buyer=BUYERS)
def test_more_time_brings_more_purchases_and_never_more_than_staying_would(
    model: BgNbd, buyer: tuple[Floats, Floats, Floats]
) -> None:
    short, long = (expected_purchases(model, *buyer, weeks)[0] for weeks in (10.0, 20.0))
    x, _, seen = (float(each[0]) for each in buyer)
    assert -1e-9 <= short <= long + 1e-9
    assert long <= (model.r + x) / (model.alpha + seen) * 20 * (1 + 1e-6)


@given(model=MODELS, buyer=BUYERS)
def test_the_date_named_is_as_likely_to_be_kept_as_not(
    model: BgNbd, buyer: tuple[Floats, Floats, Floats]
) -> None:
    wait, alive = weeks_to_next(model, *buyer)[0], probability_alive(model, *buyer)[0]
    assert np.isnan(wait) == (alive <= 0.5)
    assume(alive > 0.501)
    assume(np.isfinite(wait))
    x, _, seen = (float(each[0]) for each in buyer)
    waited = (model.r + x) * (np.log(model.alpha + seen) - np.log(model.alpha + seen + wait))
    assert alive * -np.expm1(waited) == pytest.approx(0.5, abs=1e-6)


@given(logs=st.lists(st.floats(-2, 2), min_size=4, max_size=4))
def test_the_slopes_are_those_of_the_likelihoods(logs: list[float]) -> None:
    at = np.exp(logs)
    x, last, seen = (
        np.array([0.0, 1.0, 7.0]),
        np.array([0.0, 3.0, 30.0]),
        np.array([9.0, 8.0, 39.0]),
    )
    z = np.array([0.5, 1.0, 3.0])

    def wrong(likelihood: Callable[..., tuple[Floats, Floats]], size: int, *data: Floats) -> float:
        def value(place: Floats) -> float:
            return float(likelihood(place, *data)[0].sum())

        def slope(place: Floats) -> Floats:
            return np.asarray(likelihood(place, *data)[1].sum(axis=1), dtype=np.float64)

        steepest = float(np.abs(slope(at[:size])).max())
        return float(check_grad(value, slope, at[:size])) / (1 + steepest)

    assert wrong(bg_nbd_likelihood, 4, x, last, seen) < 1e-5
    assert wrong(nbd_likelihood, 2, x, seen) < 1e-5
    assert wrong(gamma_gamma_likelihood, 3, x + 1, z) < 1e-5


def test_a_planted_shop_gives_its_parameters_back() -> None:
    found = fit_purchases(*leaving_shop(20_000, r=0.8, alpha=6.0, a=0.9, b=3.0))
    assert found.leaves
    assert (found.r, found.alpha) == pytest.approx((0.8, 6.0), rel=0.1)
    assert found.a / (found.a + found.b) == pytest.approx(0.9 / 3.9, rel=0.1)


def test_where_nobody_leaves_nobody_is_said_to() -> None:
    shop = leaving_shop(5_000, r=1.5, alpha=8.0, a=0.0, b=1.0)
    found = fit_purchases(*shop)
    assert not found.leaves
    assert (found.r, found.alpha) == pytest.approx((1.5, 8.0), rel=0.1)
    assert (probability_alive(found, *shop) == 1).all()
    assert expected_purchases(found, *shop, 52.0).sum() == pytest.approx(
        2 * expected_purchases(found, *shop, 26.0).sum()
    )


def test_chance_is_hardly_ever_taken_for_leaving() -> None:
    shops = [leaving_shop(300, r=1.5, alpha=8.0, a=0.0, b=1.0, seed=seed) for seed in range(20)]
    assert sum(fit_purchases(*shop).leaves for shop in shops) <= 2


def test_planted_amounts_give_their_parameters_back() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(1, 12, 20_000).astype(np.float64)
    nu = rng.gamma(4.0, 1 / 15.0, len(x))
    z = rng.gamma(6.0 * x, 1 / (nu * x))
    found = fit_amounts(x, z)
    assert (found.p, found.q, found.v) == pytest.approx((6.0, 4.0, 15.0), rel=0.1)
    assert found.mean == pytest.approx(30.0, rel=0.05)
    assert abs(found.correlation) < 0.05


@given(
    model=st.builds(
        GammaGamma, SPREAD, st.floats(1.05, 20), SPREAD, st.just(0.0), st.just(0.0), st.just(1)
    ),
    x=st.integers(1, 100),
    z=st.floats(0.01, 1e6),
)
def test_an_amount_lies_between_the_own_mean_and_that_of_all(
    model: GammaGamma, x: int, z: float
) -> None:
    told = expected_amount(model, np.array([x, 0.0]), np.array([z, np.nan]))
    low, high = sorted([z, model.mean])
    assert low * (1 - 1e-9) <= told[0] <= high * (1 + 1e-9)
    assert told[1] == pytest.approx(model.mean)


def test_one_amount_for_all_and_a_world_without_spread_are_borne() -> None:
    same = fit_amounts(np.full(200, 3.0), np.full(200, 50.0))
    assert expected_amount(same, np.array([3.0]), np.array([50.0]))[0] == pytest.approx(
        50, rel=0.01
    )
    assert same.correlation == 0
    alike = fit_purchases(np.full(200, 5.0), np.full(200, 38.0), np.full(200, 39.0))
    one = np.array([5.0]), np.array([38.0]), np.array([39.0])
    told = expected_purchases(alike, *one, 39.0)
    assert told[0] == pytest.approx(5, rel=0.2)


def test_the_models_can_be_kept_as_json() -> None:
    model = BgNbd(0.243, 4.414, 0.793, 2.426, -9582.4, 2357)
    assert BgNbd(**json.loads(json.dumps(asdict(model)))) == model
