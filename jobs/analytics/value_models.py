"""How often customers will buy and for how much: BG/NBD and Gamma-Gamma, as plain numbers to keep and use again.

Times are weeks, counted in whole UTC days. Not here: purchases, money that refunds took back, and
which model is used (`value.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammaln, hyp2f1

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobs.analytics.features import Floats

BOUND = 9.0  # of the logarithm of a parameter: a spread below e⁻⁹ or above e⁹ is none
LEAST_TAIL = 1.05  # of q: at 1 the mean of all customers' amounts is infinite
LEAVING_GAIN = 3.0  # half the 95 % point of chi-squared with the two parameters that leaving adds
SINGULAR = 1e-6  # a and a + b at 1 and 0 divide by nought; so near to them the result is theirs
WEEK_DAYS = 7.0
EVEN = 0.5  # as likely as not


@dataclass(frozen=True, slots=True)
class BgNbd:
    """Customers buy at rates spread as Gamma(r, alpha per week) and leave after a purchase with Beta(a, b).

    Where nobody was seen to leave, a and b are 0 and nobody does.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    customers: int

    @property
    def leaves(self) -> bool:
        """Tell whether customers were seen to leave at all."""
        return self.a > 0


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """Amounts per purchase spread as Gamma(p, ν) around each customer's mean, with ν as Gamma(q, v).

    `correlation` is Pearson's between the number and the mean amount of repeat purchases, which the
    model takes for none.
    """

    p: float
    q: float
    v: float
    correlation: float
    log_likelihood: float
    customers: int

    @property
    def mean(self) -> float:
        """What a purchase of a customer about whom nothing is known is expected to bring."""
        return self.p * self.v / (self.q - 1)


def fit_purchases(frequency: Floats, recency: Floats, tenure: Floats) -> BgNbd:
    """Fit BG/NBD by maximum likelihood (Fader, Hardie and Lee 2005, Marketing Science 24, eq. 6).

    Leaving is believed where it explains the purchases better than the same model without it, which
    is the NBD, by LEAVING_GAIN.

    Args:
        frequency: repeat purchases (days with a purchase after the first) of each customer.
        recency: weeks from the first to the last purchase, 0 with one.
        tenure: weeks from the first purchase to the end of what is known.
    """
    rows, weights = np.unique(
        np.column_stack([frequency, recency, tenure]), axis=0, return_counts=True
    )
    count, last, seen = rows.T
    size = len(frequency)

    def leaving(logs: Floats) -> tuple[float, Floats]:
        each, slopes = bg_nbd_likelihood(np.exp(logs), count, last, seen)
        return -float(weights @ each) / size, -np.exp(logs) * (slopes @ weights) / size

    def staying(logs: Floats) -> tuple[float, Floats]:
        each, slopes = nbd_likelihood(np.exp(logs), count, seen)
        return -float(weights @ each) / size, -np.exp(logs) * (slopes @ weights) / size

    short, short_likelihood = _climb(staying, np.zeros(2), size)
    long, likelihood = _climb(leaving, np.zeros(4), size)
    if likelihood < short_likelihood + LEAVING_GAIN:
        return BgNbd(short[0], short[1], 0.0, 0.0, short_likelihood, size)
    return BgNbd(long[0], long[1], long[2], long[3], likelihood, size)


def _climb(
    slope: Callable[[Floats], tuple[float, Floats]], start: Floats, size: int
) -> tuple[list[float], float]:
    """Find the parameters and the log-likelihood of all `size` customers at the least mean loss."""
    low, high = start - BOUND, start + BOUND
    found = minimize(
        slope,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(low, high, strict=True)),
        options={"ftol": 1e-13, "gtol": 1e-8},
    )
    return np.exp(found.x).tolist(), float(-found.fun * size)


def bg_nbd_likelihood(
    parameters: Floats, x: Floats, last: Floats, seen: Floats
) -> tuple[Floats, Floats]:
    """Give the log-likelihood of each row, and its slopes in r, alpha, a and b."""
    r, alpha, a, b = parameters
    stayed = -(r + x) * np.log(alpha + seen)
    once = np.maximum(b + x - 1, np.finfo(float).tiny)
    left = np.where(x > 0, np.log(a) - np.log(once) - (r + x) * np.log(alpha + last), -np.inf)
    each = (
        gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        + np.logaddexp(stayed, left)
    )  # fmt: skip
    gone = np.where(x > 0, expit(left - stayed), 0.0)
    clock = (1 - gone) * np.log(alpha + seen) + gone * np.log(alpha + last)
    pace = (1 - gone) / (alpha + seen) + gone / (alpha + last)
    both = digamma(a + b) - digamma(a + b + x)
    slopes = [
        digamma(r + x) - digamma(r) + np.log(alpha) - clock,
        r / alpha - (r + x) * pace,
        both + gone / a,
        both + digamma(b + x) - digamma(b) - gone / once,
    ]
    return each, np.array(slopes)


def nbd_likelihood(parameters: Floats, x: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """Give the log-likelihood of each row if nobody leaves, and its slopes in r and alpha."""
    r, alpha = parameters
    total = np.log(alpha + seen)
    each = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * total
    slopes = [
        digamma(r + x) - digamma(r) + np.log(alpha) - total,
        r / alpha - (r + x) / (alpha + seen),
    ]
    return each, np.array(slopes)


def probability_alive(model: BgNbd, frequency: Floats, recency: Floats, tenure: Floats) -> Floats:
    """Give the probability that each customer has not left (Fader, Hardie and Lee 2008, a note on it).

    With one purchase it is 1, because the model lets customers leave only after a repeat purchase.
    """
    if not model.leaves:
        return np.ones(len(frequency))
    repeated = frequency > 0
    once = np.where(repeated, model.b + frequency - 1, 1.0)
    silence = np.log(model.alpha + tenure) - np.log(model.alpha + recency)
    odds = np.log(model.a) - np.log(once) + (model.r + frequency) * silence
    return np.where(repeated, expit(-odds), 1.0)


def expected_purchases(
    model: BgNbd, frequency: Floats, recency: Floats, tenure: Floats, weeks: float
) -> Floats:
    """Give the purchases expected of each customer in the next `weeks` (Fader, Hardie and Lee 2005, eq. 10).

    The hypergeometric function is taken in Euler's other form, (1 - z)^(c-a-b) ₂F₁(c-a, c-b; c; z),
    whose parameters do not grow with the purchases on record.
    """
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    if not model.leaves:
        return (r + frequency) / (alpha + tenure) * weeks
    a = 1 + SINGULAR if abs(a - 1) < SINGULAR else a
    z = weeks / (alpha + tenure + weeks)
    both = a + b + frequency - 1
    both = np.where(np.abs(both) < SINGULAR, SINGULAR, both)
    never = (1 - z) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, both, z)
    alive = probability_alive(model, frequency, recency, tenure)
    return np.asarray(both / (a - 1) * (1 - never) * alive, dtype=np.float64)


def weeks_to_next(model: BgNbd, frequency: Floats, recency: Floats, tenure: Floats) -> Floats:
    """Give the weeks after which a further purchase is as likely as not.

    Who is alive buys within t with probability 1 - ((α + T) / (α + T + t))^(r + x), the rate being
    spread as Gamma(r + x, α + T). NaN where a customer has left as likely as not: no wait is then
    long enough.
    """
    alive = probability_alive(model, frequency, recency, tenure)
    half = np.divide(EVEN, alive, out=np.full(len(alive), np.nan), where=alive > EVEN)
    rising = np.expm1(-np.log1p(-half) / (model.r + frequency))
    return np.asarray((model.alpha + tenure) * rising, dtype=np.float64)


def fit_amounts(frequency: Floats, mean_value: Floats) -> GammaGamma:
    """Fit Gamma-Gamma by maximum likelihood (Fader, Hardie and Lee 2005b; Fader and Hardie 2013, eq. 1a).

    Args:
        frequency: repeat purchases, 1 or more.
        mean_value: what they brought on average, above 0.
    """
    scale = float(mean_value.mean())
    x, z = frequency, mean_value / scale

    def loss(logs: Floats) -> tuple[float, Floats]:
        each, slopes = gamma_gamma_likelihood(np.exp(logs), x, z)
        return -float(each.mean()), -np.exp(logs) * slopes.mean(axis=1)

    bounds = [(-BOUND, BOUND), (float(np.log(LEAST_TAIL)), BOUND), (-BOUND, BOUND)]
    found = minimize(
        loss,
        np.array([0.0, 1.0, 0.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-13, "gtol": 1e-8},
    )
    p, q, v = np.exp(found.x).tolist()
    spread = min(float(x.std()), float(z.std()))
    return GammaGamma(
        p=p,
        q=q,
        v=v * scale,
        correlation=float(np.corrcoef(x, z)[0, 1]) if spread > 0 else 0.0,
        log_likelihood=float(-found.fun * len(x) - len(x) * np.log(scale)),
        customers=len(x),
    )


def gamma_gamma_likelihood(parameters: Floats, x: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Give the log-likelihood of each customer's mean, and its slopes in p, q and v."""
    p, q, v = parameters
    all_of_it = np.log(v + x * z)
    each = (
        gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
        + (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * all_of_it
    )  # fmt: skip
    rest = digamma(p * x + q)
    slopes = [
        x * (rest - digamma(p * x) + np.log(z) + np.log(x) - all_of_it),
        rest - digamma(q) + np.log(v) - all_of_it,
        q / v - (p * x + q) / (v + x * z),
    ]
    return each, np.array(slopes)


def expected_amount(model: GammaGamma, frequency: Floats, mean_value: Floats) -> Floats:
    """Give what a purchase of each customer is expected to bring (Fader and Hardie 2013, eq. 5).

    It lies between the own mean and that of all, the nearer to the own the more purchases there
    are; with none (a NaN mean) it is that of all.
    """
    own = np.where(frequency > 0, np.nan_to_num(mean_value), 0.0)
    return np.asarray(
        model.p * (model.v + frequency * own) / (model.p * frequency + model.q - 1),
        dtype=np.float64,
    )
