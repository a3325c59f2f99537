"""Segments of Online Retail's customers: how many, how stable, and whether they keep their order afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import silhouette_score

from benchmarks.analyses.table import EXACT, LEAST, MOST, Figure, Line, timed
from benchmarks.analyses.value import invoices
from jobs.analytics import outliers, segments
from tests.analytics.histories import features_of

YEAR_ENDS = datetime(2010, 12, 1, tzinfo=UTC)
HALF_ENDS = datetime(2010, 6, 1, tzinfo=UTC)
ORDER = "rank correlation of a segment's revenue with what it spends next"


def customer_segments(folder: Path) -> Iterator[Line]:
    """Log-RFM of the invoices of the first twelve months, as the field measured it; then half a year held back."""
    bought = invoices(folder, kept_only=True)
    job = "segments, Online Retail, 12 months"
    frame = features_of(bought, None, YEAR_ENDS)
    found, seconds = timed(lambda: segments.segment(frame))
    model = found.model
    yield Line(job, "groups, k by stability", Figure(len(model.names), seconds), None, 4)
    apart = silhouette_score(segments.standardised(frame, model), found.labels["segment"])
    yield Line(job, "silhouette", Figure(apart), None, 0.341, MOST, 3)
    yield Line(job, "bootstrap ARI", Figure(model.stability or 0.0), None, 0.91, MOST, 2)
    yield from _kept(bought)
    unlike, seconds = timed(lambda: outliers.find_outliers(frame))
    yield Line(
        f"outliers, the same {len(frame)} customers", "DBSCAN", Figure(unlike.total, seconds)
    )


def _kept(bought: pd.DataFrame) -> Iterator[Line]:
    """Compare the segments of one half-year with the revenue of the next; dealt anew, nothing is kept."""
    job = "segments of 6 months, the 6 months after"
    frame = features_of(bought, None, HALF_ENDS)
    after = bought[(bought["at"] >= HALF_ENDS) & (bought["at"] < YEAR_ENDS)]
    money = after.groupby("customer")["amount"].sum().reindex(frame["customer"], fill_value=0.0)
    rng = np.random.default_rng(segments.SEED)
    dealt = frame.assign(**{name: rng.permutation(frame[name].to_numpy()) for name in segments.RFM})
    for name, table, floor in (("", frame, 1.0), (", numbers dealt anew", dealt, None)):
        labels = segments.segment(table).labels["segment"].to_numpy()
        means = (
            pd.DataFrame({"now": frame["value"], "next": money.to_numpy()}).groupby(labels).mean()
        )
        kept = float(means["now"].corr(means["next"], method="spearman"))
        ratio = float(means["next"].max() / means["next"].min())
        if floor is not None:
            yield Line(job, ORDER, Figure(kept), None, floor, EXACT, 2)
        yield Line(job, f"best over worst segment{name}", Figure(ratio), None, None, LEAST, 1)
