"""How often customers will buy if they may leave at any moment: Pareto/NBD.

BG/NBD (`value_models.py`) lets them leave only after a repeat purchase, so that who bought once never
left; this model counts them better, and costs more. Times are weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, gammaln, hyp2f1

from jobs.analytics.value_models import SINGULAR

if TYPE_CHECKING:
    from jobs.analytics.features import Floats

REACH = 5.0  # of the logarithm of a parameter: farther out the hypergeometric function fails


@dataclass(frozen=True, slots=True)
class ParetoNbd:
    """Customers buy at rates spread as Gamma(r, alpha per week) and leave at rates spread as Gamma(s, beta)."""

    r: float
    alpha: float
    s: float
    beta: float
    log_likelihood: float
    customers: int


def fit_leaving(frequency: Floats, recency: Floats, tenure: Floats) -> ParetoNbd:
    """Fit Pareto/NBD by maximum likelihood (Schmittlein, Morrison and Colombo 1987).

    The arguments are those of `value_models.fit_purchases`.
    """
    rows, weights = np.unique(
        np.column_stack([frequency, recency, tenure]), axis=0, return_counts=True
    )
    count, last, seen = rows.T
    size = len(frequency)

    def loss(logs: Floats) -> float:
        each, _ = pareto_likelihood(np.exp(logs), count, last, seen)
        return -float(weights @ each) / size

    middle = float(np.log(max(np.median(tenure) / 2, 1.0)))
    found = minimize(
        loss,
        np.array([0.0, middle, 0.0, middle]),
        method="L-BFGS-B",
        bounds=[(-REACH, REACH)] * 4,
        options={"ftol": 1e-12, "gtol": 1e-7},
    )
    r, alpha, s, beta = np.exp(found.x).tolist()
    return ParetoNbd(r, alpha, s, beta, float(-found.fun * size), size)


def pareto_likelihood(
    parameters: Floats, x: Floats, last: Floats, seen: Floats
) -> tuple[Floats, Floats]:
    """Give the log-likelihood of each row, and the log odds that its customer has left.

    Fader and Hardie 2005, A note on deriving the Pareto/NBD model. The hypergeometric functions are
    taken in Euler's other form, with 1 as their first parameter, which does not overflow.
    """
    r, alpha, s, beta = parameters
    both, high = r + s + x, max(alpha, beta)
    second = s + 1 if alpha >= beta else r + x

    def integral(time: Floats) -> Floats:
        z = abs(alpha - beta) / (high + time)
        series = np.log(hyp2f1(1.0, both + 1 - second, both + 1, z))
        return np.asarray(series + (1 - second) * np.log1p(-z) - both * np.log(high + time))

    early, late = integral(last), integral(seen)
    apart = np.minimum(late - early, -np.finfo(float).tiny)
    stayed = -(r + x) * np.log(alpha + seen) - s * np.log(beta + seen)
    left = np.log(s) - np.log(both) + early + np.log(-np.expm1(apart))
    start = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    return start + np.logaddexp(stayed, left), left - stayed


def pareto_alive(model: ParetoNbd, frequency: Floats, recency: Floats, tenure: Floats) -> Floats:
    """Give the probability that each customer has not left."""
    parameters = np.array([model.r, model.alpha, model.s, model.beta])
    odds = pareto_likelihood(parameters, frequency, recency, tenure)[1]
    return np.asarray(expit(-odds), dtype=np.float64)


def pareto_purchases(
    model: ParetoNbd, frequency: Floats, tenure: Floats, alive: Floats, weeks: float
) -> Floats:
    """Give the purchases expected of each customer in the next `weeks` (Fader and Hardie 2005, eq. 41)."""
    tail = model.s - 1
    tail = SINGULAR if abs(tail) < SINGULAR else tail
    fading = np.log1p(weeks / (model.beta + tenure))
    rate = (model.r + frequency) / (model.alpha + tenure)
    reach = (model.beta + tenure) * -np.expm1(-tail * fading) / tail
    return np.asarray(alive * rate * reach, dtype=np.float64)
