"""The store's plain columns as frames, and labelled customers as plain rows again.

Not here: queries, analyses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from array import array

    from crm_store.purchases import Events, Purchases
    from jobs.analytics.segments import Segmentation


def purchases_frame(purchases: Purchases) -> pd.DataFrame:
    """Give orders as `customer_features` wants them: customer (the code), at (UTC) and amount."""
    return pd.DataFrame(
        {
            "customer": np.asarray(purchases.customers),
            "at": _moments(purchases.moments),
            "amount": np.asarray(purchases.amounts),
        }
    )


def events_frame(events: Events) -> pd.DataFrame:
    """Give events as `customer_features` wants them: customer (the code), at (UTC) and kind."""
    return pd.DataFrame(
        {
            "customer": np.asarray(events.customers),
            "at": _moments(events.moments),
            "kind": pd.Series(events.kinds, dtype=object),
        }
    )


def members(segmentation: Segmentation) -> list[tuple[int, str, float]]:
    """Give every customer's code, segment and net revenue of the last 365 days."""
    labels = segmentation.labels
    columns = (labels[name].tolist() for name in ("customer", "segment", "value_365"))
    return list(zip(*columns, strict=True))


def _moments(microseconds: array[int]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(np.asarray(microseconds).astype("datetime64[us]"), tz="UTC")
