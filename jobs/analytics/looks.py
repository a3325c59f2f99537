"""Tables of the store as rows to learn an outcome from: each record looked at once.

A record that is still open is looked at again every night, at any age. Whoever learns from records
at one age alone knows nothing of the others; whoever learns from each record at several ages meets
the same record with the same outcome among those held back. So each record is looked at once, at
an age that has nothing to do with its end.

Not here: what is learnt (`outcomes.py`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_store.tables import Kind, days_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crm_store.tables import Column, Table
    from jobs.analytics.features import Flags, Ints

RECORD = "record"  # the column that tells companies from contacts where both are leads
YES, NO = "yes", "no"
_SCATTER = 0.6180339887498949  # the golden ratio's: neighbouring numbers, which are of one time, lie far apart


@dataclass(frozen=True, slots=True)
class Looks:
    """Records with their columns, each row at its own moment; `outcomes` is false where none is asked."""

    ids: list[int]
    kinds: list[str]
    frame: pd.DataFrame
    outcomes: Flags
    at: pd.Series

    def take(self, places: Ints) -> Looks:
        """Give the rows at these places."""
        return Looks(
            ids=[self.ids[place] for place in places],
            kinds=[self.kinds[place] for place in places],
            frame=self.frame.iloc[places].reset_index(drop=True),
            outcomes=self.outcomes[places],
            at=self.at.iloc[places].reset_index(drop=True),
        )

    def undecided(self) -> Looks:
        """Give the rows whose outcome is false."""
        return self.take(np.flatnonzero(~self.outcomes))


def looks(tables: Sequence[Table], *, several: bool = False) -> Looks:
    """Put tables together; with `several` kinds of record one more column tells them apart."""
    of = [str(table.of) for table in tables for _id in table.ids]
    frame = pd.concat([_frame(table) for table in tables], ignore_index=True)
    if several:
        frame = frame.assign(**{RECORD: of})
    outcomes = [bool(outcome) for table in tables for outcome in table.outcomes]
    moments = [moment for table in tables for moment in table.moments]
    return Looks(
        ids=[number for table in tables for number in table.ids],
        kinds=of,
        frame=frame,
        outcomes=np.array(outcomes, dtype=np.bool_),
        at=pd.Series(pd.to_datetime(moments, utc=True)),
    )


def once(tables: Sequence[Table], *, several: bool = False) -> Looks:
    """Take each record at the age that its number chose, and leave it out where it stands in no such table.

    Its number alone chooses, not how long it lived: else all that ended early would be looked at
    early, and the young would seem to end as those do. The more rows a table has, the more records
    are looked at in it.
    """
    sizes = Counter[str]()
    for table in tables:
        sizes[table.of] += len(table.ids)
    kept, place, below = [np.arange(0)], 0, Counter[str]()
    for table in tables:
        size = len(table.ids)
        turn = np.array(table.ids, dtype=np.float64) * _SCATTER % 1 * sizes[table.of]
        own = (turn >= below[table.of]) & (turn < below[table.of] + size)
        kept.append(place + np.flatnonzero(own))
        below[table.of] += size
        place += size
    return looks(tables, several=several).take(np.concatenate(kept))


def _frame(table: Table) -> pd.DataFrame:
    columns = {column.name: _values(table, column) for column in table.columns}
    return pd.DataFrame(columns, index=range(len(table.ids)))


def _values(table: Table, column: Column) -> pd.Series:
    cells = column.values  # noqa: PD011 - the store's, not of pandas
    if column.kind is Kind.NUMBER:
        return pd.Series(cells, dtype="float64")
    if column.kind is Kind.MOMENT:
        return pd.Series(days_until(table.moments, cells), dtype="float64")
    if column.kind is Kind.YES_NO:
        return pd.Series(
            [None if cell is None else (YES if cell else NO) for cell in cells], dtype="object"
        )
    return pd.Series(cells, dtype="object")
