"""Whether what a model looks at, or how good it is, has moved since it learned.

Not here: the models, who is told, words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from jobs.analytics.features import Floats

BINS = 10
MOVED = (
    0.25  # of the population stability index: a major shift (Siddiqi, Credit Risk Scorecards, 2006)
)
LEAST_SHARE = 1e-3  # of a bin, so that an empty one does not count without bounds
MIN_ROWS = 200  # in both tables: fewer differ by chance
FALL = 0.05  # of a quality between 0 and 1 below the median of the models before
MIN_MODELS = 3  # before, for their median to mean anything


def stability(
    learned: pd.DataFrame, scored: pd.DataFrame, columns: Iterable[str]
) -> dict[str, float]:
    """Give each input's population stability index between the rows learned from and those scored.

    It is the sum over bins of (q - p) ln(q / p), with p the shares of the rows learned from in the
    tenths of their own distribution (equal values share a bin, missing ones have a bin of their
    own) and q those of the rows scored. 0 is no change. Empty with fewer than MIN_ROWS rows.
    """
    if min(len(learned), len(scored)) < MIN_ROWS:
        return {}
    return {
        name: _index(
            learned[name].to_numpy(dtype=np.float64), scored[name].to_numpy(dtype=np.float64)
        )
        for name in columns
    }


def moved(indices: dict[str, float]) -> list[str]:
    """Name the inputs that moved, the most first."""
    found = [name for name, index in indices.items() if index > MOVED]
    return sorted(found, key=lambda name: (-indices[name], name))


def fell(qualities: Sequence[float]) -> float | None:
    """Give how far the last quality lies below the median of those before, None unless it is FALL or more."""
    *before, last = qualities
    if len(before) < MIN_MODELS:
        return None
    below = float(np.median(before)) - last
    return below if below >= FALL else None


def _index(learned: Floats, scored: Floats) -> float:
    known = learned[np.isfinite(learned)]
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else known
    p, q = _shares(learned, cuts), _shares(scored, cuts)
    return float(((q - p) * np.log(q / p)).sum())


def _shares(values: Floats, cuts: Floats) -> Floats:
    bins = np.where(np.isfinite(values), np.searchsorted(cuts, values, side="right"), len(cuts) + 1)
    counts = np.bincount(bins, minlength=len(cuts) + 2)
    return np.maximum(counts / len(values), LEAST_SHARE)
