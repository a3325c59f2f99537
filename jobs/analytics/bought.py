"""Who bought what on which days, as arrays that all sources of suggestions share.

Not here: baskets (`rules.py`), what is suggested (`recommendation.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

if TYPE_CHECKING:
    from jobs.analytics.features import Flags, Floats, Ints

FADING_DAYS = 120  # after so many days a purchase weighs about a third less
FADED = 0.3  # what a purchase of long ago still weighs, beside 1.3 of one of today


@dataclass(frozen=True, slots=True)
class Bought:
    """Each purchase day of an item by a customer once, ordered by customer, item and day.

    Attributes:
        customers: codes, ascending; `row` gives places in it.
        items: numbers of the catalogue, ascending; `item` gives places in it.
        row: a customer, one entry per purchase day of an item.
        item: the item.
        day: days since 1970.
    """

    customers: Ints
    items: Ints
    row: Ints
    item: Ints
    day: Ints

    def kept(self, which: Flags) -> Bought:
        """Give the same customers and items with only some of the purchases."""
        return Bought(
            self.customers, self.items, self.row[which], self.item[which], self.day[which]
        )

    def pairs(self) -> Pairs:
        """Give each customer's items once."""
        both = self.row * max(1, len(self.items)) + self.item
        starts = np.flatnonzero(np.diff(both, prepend=-1))
        ends = np.append(starts[1:], len(both)) - 1 if len(starts) else starts
        return Pairs(
            self.row[starts],
            self.item[starts],
            ends - starts + 1,
            self.day[starts],
            self.day[ends],
        )


@dataclass(frozen=True, slots=True)
class Pairs:
    """Each customer's items once: on how many days, first and last; ordered by customer and item."""

    row: Ints
    item: Ints
    days: Ints
    first: Ints
    last: Ints

    def kept(self, which: Flags) -> Pairs:
        """Give some of the pairs."""
        return Pairs(
            self.row[which], self.item[which], self.days[which], self.first[which], self.last[which]
        )


def read_bought(lines: pd.DataFrame, items: Ints, since: int, until: int) -> Bought:
    """Read what was bought in a time.

    Args:
        lines: columns customer (integer), item (integer), at (UTC) and quantity, one row per item
            of an order. A quantity of 0 or less is a return or a cancellation and no purchase; an
            item of which a customer gave back all counts as not bought.
        items: the catalogue, ascending; lines of other items are left out.
        since: first day, in days since 1970.
        until: the day after the last.
    """
    known = lines[lines["item"].isin(items)]
    day = _days(known["at"])
    inside = (day >= since) & (day < until)
    known, day = known[inside], day[inside]
    net = known.groupby(["customer", "item"])["quantity"].transform("sum").to_numpy()
    counts = (known["quantity"].to_numpy() > 0) & (net > 0)
    customers, row = np.unique(known["customer"].to_numpy()[counts], return_inverse=True)
    item = np.searchsorted(items, known["item"].to_numpy()[counts])
    table = pd.DataFrame({"row": row, "item": item, "day": day[counts]}, dtype=np.int64)
    table = table.drop_duplicates().sort_values(["row", "item", "day"])
    return Bought(customers, items, *(table[name].to_numpy() for name in ("row", "item", "day")))


def _days(at: pd.Series) -> Ints:
    return pd.DatetimeIndex(at).tz_convert(None).to_numpy().astype("datetime64[D]").astype(np.int64)


def matrix(pairs: Pairs, shape: tuple[int, int], weights: Floats | None = None) -> Any:  # noqa: ANN401 - as SciPy's
    """Give customers x items, 1 or the weight where there is a pair, of single precision."""
    data = np.ones(len(pairs.row)) if weights is None else weights
    return sparse.csr_array((data.astype(np.float32), (pairs.row, pairs.item)), shape=shape)


def faded(last: Ints, on: Ints) -> Floats:
    """Weigh purchases by how many days before `on` they were last repeated."""
    return np.exp(-(on - last) / FADING_DAYS) + FADED


class Sold:
    """On how many days, of any customer, each item was bought before a day. Memory: eight bytes per purchase."""

    def __init__(self, bought: Bought) -> None:
        self._first = int(bought.day.min()) if len(bought.day) else 0
        self._span = int(bought.day.max()) - self._first + 2 if len(bought.day) else 2
        self._keys = np.sort(bought.item * self._span + bought.day - self._first)

    def lately(self, item: Ints, on: Ints, window: int) -> Ints:
        """Count the purchases of an item in the `window` days before a day; each day of a customer is one."""
        return self._before(item, on) - self._before(item, on - window)

    def _before(self, item: Ints, day: Ints) -> Ints:
        places = np.clip(day - self._first, 0, self._span - 1)
        return np.searchsorted(self._keys, item * self._span + places)
