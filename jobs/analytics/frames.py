"""Labelled customers as plain rows again.

Not here: queries, analyses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobs.analytics.segments import Segmentation


def members(segmentation: Segmentation) -> Iterator[tuple[int, str, float]]:
    """Give every customer's code, segment and net revenue of the last 365 days."""
    labels = segmentation.labels
    return zip(
        *(labels[name].tolist() for name in ("customer", "segment", "value_365")), strict=True
    )
