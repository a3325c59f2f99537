"""What was known about each customer at one moment, as one row of numbers.

It is composed of sums between moments, which the database made (`crm_store/features.py`): the same
sums and the same code whether a model learns from the moment, is tested on it or tells of it.
Not here: labels, models, names of segments (`churn.py`, `segments.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable

    import numpy.typing as npt

    from crm_store.features import Sums

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

DAY = 86_400_000_000  # microseconds: nanoseconds end in the year 2262, and typing errors do not
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WINDOW_DAYS = 90
YEAR_DAYS = 365
WEEK_DAYS = 7
_HUNDREDTHS = 100
_FAR = 2**62


def microseconds(moment: datetime) -> int:
    """Give an aware moment as microseconds since the epoch.

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        message = "the moment must be timezone-aware"
        raise ValueError(message)
    return (moment - EPOCH) // timedelta(microseconds=1)


def feature_borders(at: datetime) -> set[datetime]:
    """Name the moments between which `customer_features` wants sums."""
    return {at - timedelta(days=days) for days in (0, WINDOW_DAYS, 2 * WINDOW_DAYS, YEAR_DAYS)}


def summary_borders(at: datetime) -> set[datetime]:
    """Name the moments between which `purchase_summary` wants sums."""
    return {at, _year_start(at)}


def _year_start(at: datetime) -> datetime:
    """Give the start of the first of the last 365 UTC days; the last microsecond before `at` lies in the last."""
    today = (microseconds(at) - 1) // DAY
    return EPOCH + timedelta(days=today - YEAR_DAYS + 1)


@dataclass(frozen=True, slots=True)
class _Orders:
    """Sums of orders by customer and then time; `code` is a customer's place in `known`, money is in hundredths."""

    known: Ints
    code: Ints
    bucket: Ints
    net: Ints
    gross: Ints
    opening: Ints
    days: Ints
    first: Ints
    last: Ints

    def between(self, low: int, high: int) -> _Orders:
        """Keep the rows of the buckets above `low` up to and with `high`."""
        keep = (self.bucket > low) & (self.bucket <= high)
        return _Orders(self.known, *(getattr(self, name)[keep] for name in self.__slots__[1:]))

    def of_buyers(self) -> _Orders:
        """Keep the customers who bought, with all of their rows."""
        bought = np.bincount(self.code, weights=self.days, minlength=len(self.known)) > 0
        keep, place = bought[self.code], np.cumsum(bought) - 1
        kept = (getattr(self, name)[keep] for name in self.__slots__[2:])
        return _Orders(self.known[bought], place[self.code[keep]], *kept)

    def money(self, hundredths: Ints) -> Floats:
        """Add up each customer's rows, exactly until the last step."""
        return self._sums(hundredths) / _HUNDREDTHS

    def extremes(self) -> tuple[Ints, Ints]:
        """Find each customer's first and last purchase; far ahead and far past without any."""
        bought = self.days > 0
        first, last = np.full(len(self.known), _FAR), np.full(len(self.known), -_FAR)
        np.minimum.at(first, self.code[bought], self.first[bought])
        np.maximum.at(last, self.code[bought], self.last[bought])
        return first, last

    def distinct_days(self) -> Floats:
        """Count each customer's UTC days with a purchase; a day that a border cuts counts once."""
        bought = self.days > 0
        code = self.code[bought]
        opens, ends = self.first[bought] // DAY, self.last[bought] // DAY
        cut = np.zeros(len(code))
        cut[1:] = (code[1:] == code[:-1]) & (opens[1:] == ends[:-1])
        days = self.days.astype(np.float64)
        days[bought] -= cut
        return self._sums(days)

    def _sums(self, amount: Floats | Ints) -> Floats:
        return np.bincount(self.code, weights=amount, minlength=len(self.known)).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Events:
    """Sums of tickets and activities, in any order."""

    customer: Ints
    bucket: Ints
    tickets: Ints
    complaints: Ints
    last: Ints


@dataclass(frozen=True, slots=True)
class Histories:
    """What customers did between the borders, ready for the questions of any of these moments.

    `bought` counts as a purchase what was over more than nothing, `came` what was no return.
    """

    borders: tuple[datetime, ...]
    bought: _Orders
    came: _Orders
    events: _Events

    def place(self, moment: datetime) -> int:
        """Give the number of the last bucket before a border."""
        return self.borders.index(moment)


def histories(sums: Sums) -> Histories:
    """Put sums in order, by customer and then time."""
    orders = sums.orders
    order = np.lexsort((_column(orders.buckets), _column(orders.customers)))
    known, code = np.unique(_column(orders.customers)[order], return_inverse=True)
    common = [
        _column(each)[order] for each in (orders.buckets, orders.net, orders.gross, orders.opening)
    ]
    bought, came = (
        _Orders(known, code, *common, *(_column(each)[order] for each in columns))
        for columns in (
            (orders.days, orders.first, orders.last),
            (orders.came_days, orders.came_first, orders.came_last),
        )
    )
    events = _Events(*(_column(getattr(sums.events, name)) for name in sums.events.__slots__))
    return Histories(sums.borders, bought, came, events)


def _column(numbers: array[int]) -> Ints:
    return np.asarray(numbers, dtype=np.int64)


def customer_features(past: Histories, at: datetime) -> pd.DataFrame:
    """Describe every customer who bought before `at`, from what had happened before `at`.

    Args:
        past: what the customers did, with `feature_borders(at)` among the borders. A return lowers
            the value and is not a purchase; an order over nothing is neither.
        at: the aware moment; nothing at or after it is looked at.

    Returns:
        One row per customer, ascending, with the columns customer, recency_days, frequency
        (distinct UTC days with a purchase), value and mean_value (net, per purchase day),
        tenure_days (since the first purchase), gap_days (mean between purchase days; NaN with one),
        trend (log ratio of the last 90 days' purchases to the 90 before, each plus one mean
        purchase day so that empty windows stay finite and the currency's unit does not matter),
        tickets_90, complaints_90, silence_days (since a purchase or any event), silence_ratio
        (recency over the own gap; NaN with one purchase day), value_90 and value_365 (net, before
        `at`).
    """
    moment, now = microseconds(at), past.place(at)
    window, window_before, year = (
        past.place(at - timedelta(days=days)) for days in (WINDOW_DAYS, 2 * WINDOW_DAYS, YEAR_DAYS)
    )
    orders = past.bought.between(-1, now).of_buyers()
    first, last = orders.extremes()
    recency, tenure = (moment - last) / DAY, (moment - first) / DAY
    frequency = orders.distinct_days()
    repeated = frequency > 1
    gap = np.full(len(frequency), np.nan)
    # Two purchases around midnight are two purchase days minutes apart: an own gap is at least one
    # day.
    gap[repeated] = np.maximum((tenure - recency)[repeated] / (frequency[repeated] - 1), 1.0)
    value, typical = orders.money(orders.net), orders.money(orders.gross) / frequency
    lately, before = orders.between(window, now), orders.between(window_before, window)
    this_year = orders.between(year, now)
    ratio = (lately.money(lately.gross) + typical) / (before.money(before.gross) + typical)
    columns = {
        "customer": orders.known,
        "recency_days": recency,
        "frequency": frequency,
        "value": value,
        "mean_value": value / frequency,
        "tenure_days": tenure,
        "gap_days": gap,
        "trend": np.log(ratio),
        "silence_ratio": recency / gap,
        "value_90": lately.money(lately.net),
        "value_365": this_year.money(this_year.net),
        **_service(past.events, orders.known, recency, moment, (window, now)),
    }
    return pd.DataFrame(columns)


def _service(
    events: _Events, known: Ints, recency: Floats, moment: int, window: tuple[int, int]
) -> dict[str, Floats]:
    """Give the columns that rest on tickets, complaints and activities."""
    start, now = window
    ours = np.isin(events.customer, known) & (events.bucket <= now)
    code, recent = np.searchsorted(known, events.customer[ours]), events.bucket[ours] > start
    last = np.full(len(known), -_FAR)
    np.maximum.at(last, code, events.last[ours])
    tickets, complaints = (
        np.bincount(code, each[ours] * recent, len(known)).astype(np.float64)
        for each in (events.tickets, events.complaints)
    )
    silence = np.minimum(recency, (moment - last) / DAY)
    return {"tickets_90": tickets, "complaints_90": complaints, "silence_days": silence}


def purchase_summary(past: Histories, at: datetime) -> pd.DataFrame:
    """Reduce each customer to what the models of value look at, from before `at` only.

    Args:
        past: what the customers did, with `summary_borders(at)` among the borders. A return lowers
            what was brought and is not a purchase; an order over nothing is a purchase that brought
            nothing.
        at: the aware moment. Time is counted in UTC days; the last of them is the one in which the
            last microsecond before `at` lies.

    Returns:
        One row per customer who bought, ascending: customer, frequency (days with a purchase after
        the first), recency_weeks (from the first to the last), tenure_weeks (from the first to the
        last day), mean_value (what a repeat purchase day brought on average; NaN without one),
        value_365 (net, in the last 365 days) and days_365 (days with a purchase among them).
    """
    today, now = (microseconds(at) - 1) // DAY, past.place(at)
    orders = past.came.between(-1, now).of_buyers()
    year = orders.between(past.place(_year_start(at)), now)
    first, last = (moments // DAY for moments in orders.extremes())
    repeats = orders.distinct_days() - 1
    later = orders.money(orders.gross - orders.opening)
    mean = np.divide(later, repeats, out=np.full(len(repeats), np.nan), where=repeats > 0)
    columns = {
        "customer": orders.known,
        "frequency": repeats,
        "recency_weeks": (last - first) / WEEK_DAYS,
        "tenure_weeks": (today - first) / WEEK_DAYS,
        "mean_value": mean,
        "value_365": year.money(year.net),
        "days_365": year.distinct_days(),
    }
    return pd.DataFrame(columns)


def bought_between(past: Histories, customers: Ints, start: datetime, end: datetime) -> Flags:
    """Tell of each customer whether a purchase lies in [start, end), both of them borders."""
    orders = past.bought.between(past.place(start), past.place(end))
    return np.isin(customers, orders.known[orders.code[orders.days > 0]])


def brought_between(
    past: Histories, customers: Ints, start: datetime, end: datetime
) -> pd.DataFrame:
    """Tell what customers brought in [start, end), both of them borders.

    Returns:
        One row per customer, in their order: customer, money (net), days (UTC days with a purchase,
        one over nothing too) and first_day (days since 1970 of the first of them; NaN without any).
    """
    orders = past.came.between(past.place(start), past.place(end))
    days, (first, _last) = orders.distinct_days(), orders.extremes()
    found = pd.DataFrame(
        {
            "money": orders.money(orders.net),
            "days": days,
            "first_day": np.where(days > 0, first // DAY, np.nan),
        },
        index=orders.known,
    ).reindex(customers)
    found[["money", "days"]] = found[["money", "days"]].fillna(0.0)
    return found.rename_axis("customer").reset_index()


def stacked(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Put the tables of different customers into one, ascending by customer."""
    table = pd.concat(list(tables), ignore_index=True)
    return table.sort_values("customer", ignore_index=True)
