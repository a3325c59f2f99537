"""Where the boxes of a tree stand in a picture, and how it is drawn as text: no picture is drawn here.

A chart of the kind TREE has a label per box and three series: the place of the box it hangs on
(from 1; none for the first), how many it stands for, and a share in per cent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.reply import Chart

_SERIES = 3


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its column from the left, its height from the top (both from 0 to 1), and what it says."""

    place: int
    parent: int | None
    depth: int
    height: float
    count: float
    share: float


def boxes(chart: Chart, most: int) -> list[Box]:
    """Return at most `most` boxes, each after the one it hangs on; one that hangs on none of them is left out."""
    series = [series.values for series in chart.series[:_SERIES]]
    above, counts, shares = series + [()] * (_SERIES - len(series))
    parents: dict[int, int | None] = {}
    for place in range(min(len(chart.labels), most)):
        value = _value(above, place)
        if place == 0:
            parents[0] = None
        elif math.isfinite(value) and 1 <= value <= place and int(value) - 1 in parents:
            parents[place] = int(value) - 1
    heights = _heights(parents)
    return [
        Box(
            place,
            parent,
            depth(parents, place),
            heights[place],
            _value(counts, place),
            _value(shares, place),
        )
        for place, parent in parents.items()
    ]


def depth(parents: dict[int, int | None], place: int) -> int:
    """Return how many boxes lie above one."""
    above = parents[place]
    return 0 if above is None else 1 + depth(parents, above)


def _heights(parents: dict[int, int | None]) -> dict[int, float]:
    """Put the outermost boxes at equal distances, from the top, and the others amid their own."""
    children: dict[int, list[int]] = {place: [] for place in parents}
    for place, parent in parents.items():
        if parent is not None:
            children[parent].append(place)
    outermost = list(_outermost(children, 0)) if parents else []
    step = 1 / max(1, len(outermost))
    heights = {place: (index + 0.5) * step for index, place in enumerate(outermost)}
    for place in sorted(parents, reverse=True):
        if children[place]:
            inner = [heights[child] for child in children[place]]
            heights[place] = (min(inner) + max(inner)) / 2
    return heights


def _outermost(children: dict[int, list[int]], place: int) -> Iterator[int]:
    if not children[place]:
        yield place
    for child in children[place]:
        yield from _outermost(children, child)


def _value(values: Sequence[float | None], place: int) -> float:
    value = values[place] if place < len(values) else None
    return math.nan if value is None else float(value)
