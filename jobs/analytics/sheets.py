"""A table of the store as a frame: numbers as floats, everything else as words, what is not known as missing.

Not here: what is learnt from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_store.tables import Kind, days_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_store.tables import Column, Table

YES, NO = "yes", "no"
OTHER = (
    "…"  # stands for all rare words of a field together; no field can hold it, texts are stripped
)
MOST_LEVELS = 12
LEAST_ROWS = 5  # of a word that stands for itself
LEAST_KNOWN = 0.2  # the share of rows in which a field must be known


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows to learn from.

    Attributes:
        frame: float columns with NaN, object columns of words with None.
        outcomes: bools or floats, one per row.
        moments: microseconds since 1970 UTC, one per row.
        dropped: fields that cannot tell rows apart: hardly known, always alike, or different in
            nearly every row.
    """

    frame: pd.DataFrame
    outcomes: np.ndarray
    moments: np.ndarray
    dropped: tuple[str, ...]


def sheet(table: Table, only: Sequence[str] = ()) -> Sheet:
    """Lay a table out; `only` names the columns to take, all when empty."""
    columns, dropped = {}, []
    for column in table.columns:
        if only and column.name not in only:
            continue
        values = _values(table, column)
        if _tells(values):
            columns[column.name] = values
        else:
            dropped.append(column.name)
    return Sheet(
        frame=pd.DataFrame(columns, index=range(len(table.ids))),
        outcomes=np.asarray(table.outcomes),
        moments=np.asarray([moment.timestamp() * 1e6 for moment in table.moments], dtype="int64"),
        dropped=tuple(dropped),
    )


def _values(table: Table, column: Column) -> pd.Series:
    cells = column.values  # noqa: PD011 - the store's, not of pandas
    if column.kind is Kind.NUMBER:
        return pd.Series(cells, dtype="float64")
    if column.kind is Kind.MOMENT:
        return pd.Series(days_until(table.moments, cells), dtype="float64")
    if column.kind is Kind.YES_NO:
        words = [None if cell is None else (YES if cell else NO) for cell in cells]
        return pd.Series(words, dtype=object)
    return _common(pd.Series(cells, dtype=object))


def _common(words: pd.Series) -> pd.Series:
    """Put the rare words of a field together, and all but the most frequent where there are many."""
    counts = words.value_counts()
    kept = set(counts[counts >= LEAST_ROWS].index[:MOST_LEVELS])
    return words.where(words.isna() | words.isin(kept), OTHER)


def _tells(values: pd.Series) -> bool:
    known = values.dropna()
    if len(known) < LEAST_KNOWN * len(values) or known.nunique() < 2:  # noqa: PLR2004 - two to tell apart
        return False
    # Nearly all words different: a name or a number of something, put together to nothing.
    return not (known.dtype == object and (known == OTHER).mean() > 0.9)  # noqa: PLR2004
