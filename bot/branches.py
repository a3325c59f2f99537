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
_EDGE = 0.03
_TOP, _ROOM = 0.88, 0.85
_TALL = 0.1
_FILLED = 0.86  # of the room of a box, the rest is between


@dataclass(frozen=True, slots=True)
class Box:
    """One box and where it stands: all from 0 to 1, from the left and from the bottom.

    Attributes:
        place: of its label in the chart.
        depth: how many boxes it hangs on.
        x: its left side.
        y: its middle.
        wide: how far it reaches to the right.
        tall: its height.
        line: the corners of the line to it from the one it hangs on, empty for the first.
        count: how many it stands for, not a number where that is not known.
        share: in per cent, as `count`.
    """

    place: int
    depth: int
    x: float
    y: float
    wide: float
    tall: float
    line: tuple[tuple[float, float], ...]
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
    if not parents:
        return []
    depths = {place: depth(parents, place) for place in parents}
    heights, outermost = _heights(parents)
    step = (1 - 2 * _EDGE) / (max(depths.values()) + 1)
    wide, tall = step * _FILLED, min(_TALL, _ROOM / outermost) * _FILLED
    spots = {
        place: (_EDGE + depths[place] * step, _TOP - _ROOM * heights[place]) for place in parents
    }
    return [
        Box(
            place, depths[place], *spots[place], wide, tall,
            () if parent is None else _corners(spots[parent], wide, spots[place]),
            _value(counts, place), _value(shares, place),
        )
        for place, parent in parents.items()
    ]  # fmt: skip


def _corners(
    start: tuple[float, float], wide: float, end: tuple[float, float]
) -> tuple[tuple[float, float], ...]:
    """Return a line that leaves the right side of a box, goes up or down half-way, and on to the other."""
    middle = (start[0] + wide + end[0]) / 2
    return (start[0] + wide, start[1]), (middle, start[1]), (middle, end[1]), end


def depth(parents: dict[int, int | None], place: int) -> int:
    """Return how many boxes lie above one."""
    above = parents[place]
    return 0 if above is None else 1 + depth(parents, above)


def _heights(parents: dict[int, int | None]) -> tuple[dict[int, float], int]:
    """Put the outermost boxes at equal distances, from the top, the others amid their own; and count the first."""
    children: dict[int, list[int]] = {place: [] for place in parents}
    for place, parent in parents.items():
        if parent is not None:
            children[parent].append(place)
    outermost = list(_outermost(children, 0))
    step = 1 / len(outermost)
    heights = {place: (index + 0.5) * step for index, place in enumerate(outermost)}
    for place in sorted(parents, reverse=True):
        if children[place]:
            inner = [heights[child] for child in children[place]]
            heights[place] = (min(inner) + max(inner)) / 2
    return heights, len(outermost)


def _outermost(children: dict[int, list[int]], place: int) -> Iterator[int]:
    if not children[place]:
        yield place
    for child in children[place]:
        yield from _outermost(children, child)


def _value(values: Sequence[float | None], place: int) -> float:
    value = values[place] if place < len(values) else None
    return math.nan if value is None else float(value)
