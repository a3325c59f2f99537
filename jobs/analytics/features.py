"""What was known about each customer at one moment, as one row of numbers.

Not here: labels, models, names of segments (`churn.py`, `segments.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

DAY = 86_400_000_000  # microseconds: nanoseconds end in the year 2262, and typing errors do not
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WINDOW_DAYS = 90
YEAR_DAYS = 365


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of one frame before the moment; `stamp` is in microseconds since the epoch."""

    customer: Ints
    stamp: Ints
    extra: pd.Series


def microseconds(moment: datetime) -> int:
    """Give an aware moment as microseconds since the epoch.

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        message = "the moment must be timezone-aware"
        raise ValueError(message)
    return (moment - EPOCH) // timedelta(microseconds=1)


def customer_features(
    purchases: pd.DataFrame, events: pd.DataFrame | None, as_of: datetime
) -> pd.DataFrame:
    """Describe every customer who bought before `as_of`, from what had happened before `as_of`.

    Args:
        purchases: columns customer (integer), at (UTC, aware or naive) and amount (base currency).
            A negative amount is a refund or cancellation: it lowers the value and is not a
            purchase; zero is neither.
        events: columns customer, at and kind (ticket, complaint, or anything else, which counts as
            activity), or None where nothing of the sort is kept.
        as_of: the aware moment; rows at or after it are not looked at.

    Returns:
        One row per customer, ascending, with the columns customer, recency_days, frequency
        (distinct UTC days with a purchase), value and mean_value (net, per purchase day),
        tenure_days (since the first purchase), gap_days (mean between purchase days; NaN with one),
        trend (log ratio of the last 90 days' purchases to the 90 before, each plus one mean
        purchase day so that empty windows stay finite and the currency's unit does not matter),
        tickets_90, complaints_90, silence_days (since a purchase or any event), silence_ratio
        (recency over the own gap; NaN with one purchase day), value_90 and value_365 (net, before
        `as_of`). Rows whose customer, time or amount is missing or not finite are left out.
    """
    moment = microseconds(as_of)
    rows = _before(purchases, "amount", moment)
    amount = rows.extra.to_numpy(dtype=np.float64)
    finite = np.isfinite(amount)
    customer, at, amount = rows.customer[finite], rows.stamp[finite], amount[finite]
    known = np.unique(customer[amount > 0])
    code = np.searchsorted(known, customer)
    ours = np.isin(customer, known)
    frame = _purchase_columns(known, code[ours], at[ours], amount[ours], moment)
    return _with_events(frame, None if events is None else _before(events, "kind", moment), moment)


def _before(frame: pd.DataFrame, third: str, moment: int) -> _Rows:
    """Take the rows strictly before the moment that name a customer and a time."""
    at = pd.to_datetime(frame["at"], utc=True)
    keep = (at.notna() & frame["customer"].notna()).to_numpy(dtype=bool)
    stamp: Ints = np.asarray(at[keep].dt.as_unit("us").astype("int64"), dtype=np.int64)
    customer: Ints = np.asarray(frame["customer"][keep], dtype=np.int64)
    early: Flags = stamp < moment
    return _Rows(customer[early], stamp[early], frame[third][keep][early])


def _purchase_columns(
    known: Ints, code: Ints, at: Ints, amount: Floats, moment: int
) -> pd.DataFrame:
    """Compute the columns that rest on purchases; `code` is each row's position in `known`."""
    size = len(known)
    bought = amount > 0
    first, last = _extremes(code[bought], at[bought], size, moment)
    frequency = _distinct_days(code[bought], at[bought], size)
    value = _sums(code, amount, size)
    recency, tenure = (moment - last) / DAY, (moment - first) / DAY
    repeated = frequency > 1
    gap = np.full(size, np.nan)
    # Two purchases around midnight are two purchase days minutes apart: an own gap is at least one
    # day.
    gap[repeated] = np.maximum((tenure - recency)[repeated] / (frequency[repeated] - 1), 1.0)
    gross = _sums(code[bought], amount[bought], size)
    age = (moment - at) / DAY
    lately = [
        _sums(code[bought & part], amount[bought & part], size)
        for part in (age <= WINDOW_DAYS, (age > WINDOW_DAYS) & (age <= 2 * WINDOW_DAYS))
    ]
    typical = gross / frequency
    return pd.DataFrame(
        {
            "customer": known,
            "recency_days": recency,
            "frequency": frequency,
            "value": value,
            "mean_value": value / frequency,
            "tenure_days": tenure,
            "gap_days": gap,
            "trend": np.log((lately[0] + typical) / (lately[1] + typical)),
            "silence_ratio": recency / gap,
            "value_90": _sums(code, np.where(age <= WINDOW_DAYS, amount, 0.0), size),
            "value_365": _sums(code, np.where(age <= YEAR_DAYS, amount, 0.0), size),
        }
    )


def _with_events(frame: pd.DataFrame, rows: _Rows | None, moment: int) -> pd.DataFrame:
    """Add the columns that rest on tickets, complaints and activities."""
    known = frame["customer"].to_numpy(dtype=np.int64)
    recency = frame["recency_days"].to_numpy(dtype=np.float64)
    size = len(known)
    if rows is None:
        return frame.assign(
            tickets_90=np.zeros(size), complaints_90=np.zeros(size), silence_days=recency
        )
    ours = np.isin(rows.customer, known)
    code = np.searchsorted(known, rows.customer[ours])
    at, kind = rows.stamp[ours], rows.extra[ours]
    _, last = _extremes(code, at, size, moment)
    seen = np.bincount(code, minlength=size) > 0
    recent = (moment - at) / DAY <= WINDOW_DAYS
    counts = {
        name: _sums(code, ((kind == name).to_numpy(dtype=bool) & recent).astype(np.float64), size)
        for name in ("ticket", "complaint")
    }
    return frame.assign(
        tickets_90=counts["ticket"],
        complaints_90=counts["complaint"],
        silence_days=np.where(seen, np.minimum(recency, (moment - last) / DAY), recency),
    )


def _sums(code: Ints, amount: Floats, size: int) -> Floats:
    """Sum the amounts of each customer."""
    return np.bincount(code, weights=amount, minlength=size).astype(np.float64)


def _extremes(code: Ints, at: Ints, size: int, moment: int) -> tuple[Ints, Ints]:
    """Find each customer's first and last time; without any, the moment and a far past."""
    first = np.full(size, moment, dtype=np.int64)
    last = np.full(size, np.iinfo(np.int64).min // 2, dtype=np.int64)
    np.minimum.at(first, code, at)
    np.maximum.at(last, code, at)
    return first, last


def _distinct_days(code: Ints, at: Ints, size: int) -> Floats:
    """Count the different UTC days on which each customer appears."""
    day = at // DAY
    if not len(day):
        return np.zeros(size)
    start = int(day.min())
    span = int(day.max()) - start + 1
    pairs = np.sort(code * span + (day - start))  # three times as fast as np.unique, which hashes
    fresh = np.append(True, np.diff(pairs) > 0)
    return np.bincount(pairs[fresh] // span, minlength=size).astype(np.float64)
