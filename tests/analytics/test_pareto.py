"""Pareto/NBD: the published figures, what integrals taken the long way give, and no surprise at the ends."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln

from jobs.analytics.pareto import (
    REACH,
    ParetoNbd,
    fit_leaving,
    pareto_alive,
    pareto_likelihood,
    pareto_purchases,
)
from tests.analytics.histories import summary_of
from tests.analytics.test_value import CDNOW, record_shop

MODELS = (
    ParetoNbd(0.9, 6.0, 0.7, 9.0, 0.0, 1),
    ParetoNbd(0.6, 12.0, 1.0, 5.0, 0.0, 1),  # alpha above beta; s = 1 divides by nought
)
BUYERS = ((0, 0.0, 20.0), (3, 12.0, 30.0), (9, 29.0, 30.0))


def rates(model: ParetoNbd) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Give the four parameters."""
    return np.array([model.r, model.alpha, model.s, model.beta])


def long_way(model: ParetoNbd, x: int, last: float, seen: float) -> tuple[float, float]:
    """Give the likelihood of having stayed, and that of having left at some time since the last purchase.

    Both rates are integrated out by hand: the pace given the time of leaving is a gamma integral.
    """
    r, alpha, s, beta = rates(model)
    pace = gammaln(r + x) - gammaln(r) + r * np.log(alpha)

    def until(time: float) -> float:
        return float(np.exp(pace - (r + x) * np.log(alpha + time)))

    def leaving(time: float) -> float:
        return float(s * beta**s / (beta + time) ** (s + 1))

    stayed = until(seen) * (beta / (beta + seen)) ** s
    left = quad(lambda time: until(time) * leaving(time), last, seen)[0]
    return stayed, left


@pytest.mark.parametrize(("model", "buyer"), list(product(MODELS, BUYERS)))
def test_likelihood_and_being_a_customer_are_what_the_integrals_say(
    model: ParetoNbd, buyer: tuple[int, float, float]
) -> None:
    stayed, left = long_way(model, *buyer)
    columns = [np.array([float(each)]) for each in buyer]
    assert pareto_likelihood(rates(model), *columns)[0][0] == pytest.approx(np.log(stayed + left))
    assert pareto_alive(model, *columns)[0] == pytest.approx(stayed / (stayed + left))


@pytest.mark.parametrize("model", MODELS)
def test_purchases_to_come_are_the_pace_while_the_customer_stays(model: ParetoNbd) -> None:
    x, last, seen = 3, 12.0, 30.0
    stayed, left = long_way(model, x, last, seen)
    staying = quad(lambda t: ((model.beta + seen) / (model.beta + seen + t)) ** model.s, 0, 26)[0]
    expected = stayed / (stayed + left) * (model.r + x) / (model.alpha + seen) * staying
    columns = [np.array([float(each)]) for each in (x, last, seen)]
    alive = pareto_alive(model, *columns)
    told = pareto_purchases(model, columns[0], columns[2], alive, 26.0)
    assert told[0] == pytest.approx(expected, rel=1e-4)


def test_the_likelihood_is_finite_wherever_the_search_may_go() -> None:
    x, last, seen = np.array([[0, 0, 0], [0, 0, 39], [1, 3, 39], [40, 38, 39], [300, 100, 104.0]]).T
    for logs in product((-REACH, -1.0, 0.5, REACH), repeat=4):
        assert np.isfinite(pareto_likelihood(np.exp(logs), x, last, seen)[0]).all()


@pytest.mark.skipif(not CDNOW.exists(), reason="CDNOW does not lie in shared/data")
def test_a_record_shop_has_the_published_parameters() -> None:
    summary = summary_of(record_shop(), datetime(1997, 10, 1, tzinfo=UTC))
    columns = [summary[name].to_numpy() for name in ("frequency", "recency_weeks", "tenure_weeks")]
    published = pareto_likelihood(np.array([0.553, 10.578, 0.606, 11.669]), *columns)[0].sum()
    assert round(float(published), 1) == -9595.0
    model = fit_leaving(*columns)
    assert rates(model) == pytest.approx([0.553, 10.578, 0.606, 11.669], rel=1e-3)
    assert round(model.log_likelihood, 1) == -9595.0
