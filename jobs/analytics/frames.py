"""The store's plain columns as frames, and labelled customers as plain rows again.

Not here: queries, analyses.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

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
