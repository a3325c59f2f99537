"""A mixed table (numbers, dates, choices, yes and no, gaps) as a matrix that any candidate reads.

Not here: the candidates, which fields may be used (`leaks.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from jobs.analytics.features import Flags, Floats, Ints

NUMBER, DATE, CHOICE = "number", "date", "choice"
LEVEL_ROWS = 20  # a level, or a gap, of fewer rows teaches nothing: it is folded or left unmarked
LEVELS = 40  # of one field, the commonest; a list that a person picks from is hardly longer
NUMERIC = 0.95  # of the filled texts of a field that must read as numbers for it to be one
SMOOTH = 8  # different values from which a number may bend a line
SKEWED = 2.0  # skewness of amounts, head counts and the like: they enter as log(1 + x)
DISTINCT = 0.5  # of the rows: a text that differs in more of them is a name or a number plate
BACKGROUND = 5  # values of a field that stand for all customers' in a reason
DAY = pd.Timedelta(days=1)
MISSING, OTHER = "", "…"  # no level is called so: levels are stripped, and these two reserved


@dataclass(frozen=True, slots=True)
class Field:
    """One column of the table as it was learnt.

    `levels` of a choice, commonest first, with MISSING and OTHER where they are frequent enough;
    `curved` numbers enter as log(1 + x); `gaps` says that a flag tells where a number is missing.
    `background` are typical values, of which the shares are `weights`; `typical` is the one to name.
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    curved: bool = False
    smooth: bool = False
    gaps: bool = False
    background: tuple[float | str, ...] = ()
    weights: tuple[float, ...] = ()
    typical: float | str | None = None

    @property
    def width(self) -> int:
        """How many columns of the matrix the field takes."""
        return len(self.levels) if self.kind == CHOICE else 1 + self.gaps


@dataclass(frozen=True, slots=True)
class Encoding:
    """The fields of a table in the order of their columns in the matrix."""

    fields: tuple[Field, ...]

    def matrix(self, frame: pd.DataFrame, at: pd.Series | None = None) -> Floats:
        """Give rows x columns; a missing number is NaN, a level that is not known is OTHER."""
        blocks = [self._block(field, read(frame, field.name, at)) for field in self.fields]
        return np.hstack([np.empty((len(frame), 0)), *blocks])

    def _block(self, field: Field, column: pd.Series) -> Floats:
        if field.kind == CHOICE:
            return _flags(field, texts(column))
        return _numbers(field, floats(column))

    @property
    def owners(self) -> Ints:
        """Give for each column of the matrix the place of its field."""
        return np.repeat(np.arange(len(self.fields)), [field.width for field in self.fields])

    @property
    def smooth(self) -> Flags:
        """Tell which columns of the matrix a line may bend along."""
        marks = [[field.smooth, *[False] * (field.width - 1)] for field in self.fields]
        return np.array([mark for each in marks for mark in each], dtype=np.bool_)

    def background(self, place: int) -> list[tuple[float, Floats]]:
        """Give the typical values of a field, as shares and as their columns of the matrix."""
        field = self.fields[place]
        column = pd.Series(list(field.background), dtype=object)
        return list(zip(field.weights, self._block(field, column), strict=True))


def read(frame: pd.DataFrame, name: str, at: pd.Series | None) -> pd.Series:
    """Give a column as `values` does; one that the table lacks is missing throughout."""
    if name not in frame:
        return pd.Series(np.nan, index=frame.index)
    return values(frame[name], at)


def values(column: pd.Series, at: pd.Series | None) -> pd.Series:
    """Give a column with dates as days: before each row's moment, else since the epoch.

    A date that lies after the row's moment was not known at it and counts as missing.
    """
    if not pd.api.types.is_datetime64_any_dtype(column):
        return column
    moment = pd.to_datetime(column, utc=True)
    if at is None or not pd.api.types.is_datetime64_any_dtype(at):
        return (moment - pd.Timestamp(0, tz="UTC")) / DAY
    days = (pd.to_datetime(at, utc=True) - moment) / DAY
    return days.where(days >= 0)


def texts(column: pd.Series) -> pd.Series:
    """Give the levels as stripped texts, MISSING where nothing stands."""
    places, different = pd.factorize(column)  # the missing have the place -1, which is the last
    levels = np.array([*(str(each).strip() for each in different), MISSING], dtype=object)
    return pd.Series(levels[places], index=column.index)


def floats(column: pd.Series) -> Floats:
    """Give the numbers, NaN where none or no finite one stands."""
    found = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(found), found, np.nan)


def _flags(field: Field, written: pd.Series) -> Floats:
    known = written.where(written.isin(field.levels), OTHER).to_numpy(dtype=object)
    return np.column_stack([known == level for level in field.levels]).astype(np.float64)


def _numbers(field: Field, numbers: Floats) -> Floats:
    bent = np.log1p(np.maximum(numbers, 0.0)) if field.curved else numbers
    columns = [bent, np.isnan(numbers).astype(np.float64)] if field.gaps else [bent]
    return np.column_stack(columns)


def learn(frame: pd.DataFrame, at: pd.Series | None = None) -> Encoding:
    """Find out what each column is, and leave out those that are constant, copies or name each row."""
    found: list[Field] = []
    for name in map(str, frame.columns):
        field = _field(name, frame[name], at)
        if field and not any(frame[name].equals(frame[other.name]) for other in found):
            found.append(field)
    return Encoding(tuple(found))


def is_number(column: pd.Series) -> bool:
    """Tell whether a column holds numbers, perhaps written as texts."""
    if pd.api.types.is_bool_dtype(column):
        return False
    if pd.api.types.is_numeric_dtype(column):
        return True
    written = texts(column)
    filled = written[written != MISSING]
    return bool(len(filled) and pd.to_numeric(filled, errors="coerce").notna().mean() >= NUMERIC)


def names_each_row(column: pd.Series) -> bool:
    """Tell whether a column is a name, a number plate or a long text rather than a property."""
    filled = column.dropna()
    if len(filled) < 2 * LEVEL_ROWS:
        return False
    if is_number(column):
        numbers = floats(filled)
        whole = bool((np.floor(numbers) == numbers).all())
        # Amounts in whole units may all differ too, but they crowd at the low end.
        return whole and len(np.unique(numbers)) == len(numbers) and _skewness(numbers) <= SKEWED
    return bool(filled.astype(str).nunique() > DISTINCT * len(filled))


def _field(name: str, column: pd.Series, at: pd.Series | None) -> Field | None:
    dated = pd.api.types.is_datetime64_any_dtype(column)
    if not dated and names_each_row(column):
        return None
    if dated or is_number(column):
        return _number_field(name, DATE if dated else NUMBER, floats(values(column, at)))
    return _choice_field(name, texts(column))


def _number_field(name: str, kind: str, numbers: Floats) -> Field | None:
    filled = numbers[~np.isnan(numbers)]
    missing = len(numbers) - len(filled)
    gaps = missing >= LEVEL_ROWS and len(filled) >= LEVEL_ROWS
    if not len(filled) or (filled.min() == filled.max() and not gaps):
        return None
    different = len(np.unique(filled))
    shares = (np.arange(BACKGROUND) + 0.5) / BACKGROUND
    usual = np.quantile(filled, shares, method="inverted_cdf").tolist()
    return Field(
        name=name,
        kind=kind,
        curved=bool(filled.min() >= 0 and different > SMOOTH and _skewness(filled) > SKEWED),
        smooth=different > SMOOTH,
        gaps=gaps,
        background=tuple(usual),
        weights=(1 / BACKGROUND,) * BACKGROUND,
        typical=float(np.median(filled)),
    )


def _skewness(numbers: Floats) -> float:
    spread = numbers.std()
    return float(np.mean(((numbers - numbers.mean()) / spread) ** 3)) if spread > 0 else 0.0


def _choice_field(name: str, written: pd.Series) -> Field | None:
    counts = written.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    frequent = [str(level) for level in counts.index[counts >= LEVEL_ROWS]][:LEVELS]
    folded = int(counts.sum() - counts[frequent].sum())
    levels = (*frequent, OTHER) if folded >= LEVEL_ROWS else tuple(frequent)
    if not frequent or len(levels) == 1:
        return None
    shown = frequent[:BACKGROUND]
    weights = counts[shown].to_numpy(dtype=np.float64)
    return Field(
        name=name,
        kind=CHOICE,
        levels=levels,
        background=tuple(shown),
        weights=tuple((weights / weights.sum()).tolist()),
        typical=next((level for level in frequent if level != MISSING), None),
    )
