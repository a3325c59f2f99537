"""Fields that cannot be learnt from: filled after the fact, names of rows, kept out by choice.

A field that was written when the outcome was known already gives it away in one of four ways; each
has a test here. A field that passes all of them may still be one: only someone who knows how it is
filled can tell, and names it in the configuration. Not here: learning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from jobs.analytics import encoding

if TYPE_CHECKING:
    from jobs.analytics.features import Flags, Floats

NAMES_EACH_ROW = "names_each_row"
ALONE = "decides_alone"
BOTH_WAYS = "decides_both_ways"
FILLED = "filled_by_outcome"
TOGETHER = "filled_with_such_a_field"

SURE = 0.95  # area under the curve of a single field that no honest one reaches
BINS = 20  # parts into which a number is cut, as if each were a level
CERTAIN = 2.5  # log-odds from the base rate at which a level has all but decided the outcome,
CERTAIN_ROWS = 0.01  # in so many of the rows on either side,
DECIDED = 0.1  # and on both sides together
FILLED_ROWS = 0.1  # of the rows of one outcome are filled
NEVER = 0.005  # of the rows of the other
SAME_HAND = 0.8  # correlation of the gaps of two fields that are filled on one occasion


def find_leaks(frame: pd.DataFrame, outcomes: Flags) -> dict[str, str]:
    """Name the fields that give the outcome away, each with the code of how.

    Args:
        frame: the fields as they were read.
        outcomes: what happened, one per row.
    """
    codes = {str(name): _leak(frame[name], outcomes) for name in frame.columns}
    found = {name: code for name, code in codes.items() if code}
    gaps = pd.DataFrame({str(name): _is_filled(frame[name]) for name in frame.columns})
    written = [
        name for name in found if found[name] != NAMES_EACH_ROW and 0 < gaps[name].mean() < 1
    ]
    for name in gaps.columns.difference([*found], sort=False):
        if any(_together(gaps[name], gaps[other]) for other in written):
            found[name] = TOGETHER
    return found


def _is_filled(column: pd.Series) -> Flags:
    return (encoding.texts(column) != encoding.MISSING).to_numpy(dtype=np.bool_)


def _together(one: pd.Series, other: pd.Series) -> bool:
    """Tell whether two fields are filled in the same rows, by the correlation of their gaps."""
    return 0 < one.mean() < 1 and float(np.corrcoef(one, other)[0, 1]) >= SAME_HAND


def _leak(column: pd.Series, outcomes: Flags) -> str:
    dated = pd.api.types.is_datetime64_any_dtype(column)
    if not dated and encoding.names_each_row(column):
        return NAMES_EACH_ROW
    if _is_filled_by_outcome(column, outcomes):
        return FILLED
    numeric = dated or encoding.is_number(column)
    levels = _bins(column) if numeric else _levels(column)
    if roc_auc_score(outcomes, _rates_without(levels, outcomes)) >= SURE:
        return ALONE
    return "" if numeric or not _decides_both_ways(levels, outcomes) else BOTH_WAYS


def _is_filled_by_outcome(column: pd.Series, outcomes: Flags) -> bool:
    """Tell whether one outcome has hardly a value (or hardly a gap), and the other often has."""
    filled = _is_filled(column)
    for present in (filled, ~filled):
        shares = sorted((present[outcomes].mean(), present[~outcomes].mean()))
        if shares[0] <= NEVER and shares[1] >= FILLED_ROWS:
            return True
    return False


def _bins(column: pd.Series) -> pd.Series:
    """Cut a number or a date into parts of equal size; what is missing or very common stays apart."""
    numbers = pd.Series(encoding.floats(encoding.values(column, None)))
    counts = numbers.map(numbers.value_counts()).fillna(0)
    common = (counts >= len(numbers) / BINS) | numbers.isna()
    parts = pd.qcut(numbers.mask(common), BINS, labels=False, duplicates="drop")
    apart = pd.Series(pd.factorize(numbers)[0]) + BINS
    return pd.Series(np.where(common, apart, parts.fillna(0)), dtype=np.int64)


def _levels(column: pd.Series) -> pd.Series:
    """Give a choice's levels as numbers, the rare ones together."""
    written = encoding.texts(column)
    counts = written.map(written.value_counts())
    common = written.where(counts >= encoding.LEVEL_ROWS, encoding.OTHER)
    return pd.Series(pd.factorize(common)[0], index=column.index)


def _rates_without(levels: pd.Series, outcomes: Flags) -> Floats:
    """Give each row the rate of its level among the other rows, drawn to the base rate by one."""
    code, yes = levels.to_numpy(dtype=np.int64) + 1, outcomes.astype(np.float64)
    sums, sizes = np.bincount(code, weights=yes), np.bincount(code)
    rate = yes.mean()
    return np.asarray((sums[code] - yes + rate) / sizes[code], dtype=np.float64)


def _decides_both_ways(levels: pd.Series, outcomes: Flags) -> bool:
    """Tell whether some levels all but mean yes and others all but mean no, in many rows."""
    code = levels.to_numpy(dtype=np.int64) + 1
    sizes = np.bincount(code)
    yes = np.bincount(code, weights=outcomes)
    rate = outcomes.mean()
    # Half a row of each outcome is added, shared as the base rate is, so that few rows say little.
    odds = np.log((yes + rate) / (sizes - yes + 1 - rate)) - np.log(rate / (1 - rate))
    shares = [sizes[odds >= CERTAIN].sum(), sizes[odds <= -CERTAIN].sum()]
    rows = len(outcomes)
    return bool(min(shares) >= CERTAIN_ROWS * rows and sum(shares) >= DECIDED * rows)
