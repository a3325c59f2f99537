"""How good probabilities are on outcomes that their model has not seen.

Not here: the models themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

if TYPE_CHECKING:
    from jobs.analytics.features import Flags, Floats

AUC_MARGIN = (
    3.0  # standard errors above a coin's .5: a weekly retrained coin passes once in 14 years
)


@dataclass(frozen=True, slots=True)
class Quality:
    """The figures of one held-back set; `base_brier` is the Brier score of its own base rate."""

    rows: int
    positives: int
    auc: float
    pr_auc: float
    brier: float
    base_brier: float
    lift_top_tenth: float
    usable: bool


def measure(outcomes: Flags, probabilities: Floats) -> Quality:
    """Compare probabilities with what happened.

    Usable means better than the base rate twice over: a Brier score below that of the constant that
    fits the set best (known only afterwards, so it is the strictest constant), and an area under
    the ROC curve that lies AUC_MARGIN standard errors above .5, with the error of the Mann-Whitney
    statistic under the null hypothesis, sqrt((n + 1) / (12 n₁ n₀)).

    Raises:
        ValueError: the outcomes are all alike, so nothing can be told apart.
    """
    rows, positives = len(outcomes), int(outcomes.sum())
    if positives in {0, rows}:
        message = "quality needs both outcomes"
        raise ValueError(message)
    rate = positives / rows
    auc = float(roc_auc_score(outcomes, probabilities))
    brier = float(np.mean((probabilities - outcomes) ** 2))
    error = float(np.sqrt((rows + 1) / (12 * positives * (rows - positives))))
    return Quality(
        rows=rows,
        positives=positives,
        auc=auc,
        pr_auc=float(average_precision_score(outcomes, probabilities)),
        brier=brier,
        base_brier=rate * (1 - rate),
        lift_top_tenth=_lift(outcomes, probabilities, rate),
        usable=brier < rate * (1 - rate) and auc > 0.5 + AUC_MARGIN * error,
    )


def _lift(outcomes: Flags, probabilities: Floats, rate: float) -> float:
    """Divide the rate among the tenth with the highest probabilities by the rate of all."""
    top = np.argsort(-probabilities, kind="stable")[: max(1, len(outcomes) // 10)]
    return float(outcomes[top].mean() / rate)
