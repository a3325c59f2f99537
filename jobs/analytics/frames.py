"""The store's plain columns as frames, and labelled customers as plain rows again.

Not here: queries, analyses.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator
    from datetime import tzinfo

    from crm_store.baskets import Goods, Lines
    from crm_store.series import Days
    from jobs.analytics.segments import Segmentation


def days_frame(days: Days, zone: tzinfo) -> pd.DataFrame:
    """Give what came in by day as `regular` wants it: at (noon of the day in `zone`, UTC) and amount."""
    noon = (datetime.combine(day, time(12), zone) for day in days.days)
    return pd.DataFrame(
        {
            "at": pd.DatetimeIndex([each.astimezone(UTC) for each in noon], tz="UTC"),
            "amount": np.asarray(days.amounts, dtype=np.float64),
        }
    )


def members(segmentation: Segmentation) -> Iterator[tuple[int, str, float]]:
    """Give every customer's code, segment and net revenue of the last 365 days."""
    labels = segmentation.labels
    return zip(
        *(labels[name].tolist() for name in ("customer", "segment", "value_365")), strict=True
    )


def baskets_frame(lines: Lines) -> pd.DataFrame:
    """Give what was ordered, and not given back at once, as `rules.read_baskets` wants it."""
    kept = np.asarray(lines.quantities) > 0
    return pd.DataFrame(
        {"basket": np.asarray(lines.orders)[kept], "item": np.asarray(lines.products)[kept]}
    )


def lines_frame(lines: Lines) -> pd.DataFrame:
    """Give order lines as `bought.read_bought` wants them."""
    return pd.DataFrame(
        {
            "customer": np.asarray(lines.customers),
            "item": np.asarray(lines.products),
            "at": _moments(lines.moments),
            "quantity": np.asarray(lines.quantities),
        }
    )


def goods_frame(goods: Goods) -> pd.DataFrame:
    """Give products as `recommendation.recommend` wants them."""
    return pd.DataFrame(
        {
            "item": np.asarray(goods.products, np.int64),
            "name": pd.Series(goods.names, dtype=object),
            "price": pd.Series(goods.prices, dtype=np.float64),
            "traits": pd.Series(goods.traits, dtype=object),
            "at": _moments(goods.moments),
        }
    )


def days_of(lines: Lines) -> tuple[str | None, str | None]:
    """Give the first and the last day of the orders, None without any."""
    if not lines.moments:
        return None, None
    moments = _moments(lines.moments)
    return moments.min().date().isoformat(), moments.max().date().isoformat()


def _moments(microseconds: array[int]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(np.asarray(microseconds).astype("datetime64[us]"), tz="UTC")
