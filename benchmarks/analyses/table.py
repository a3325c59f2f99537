"""One table of figures: ours, a peer's in the same run, and the floor.

Sections stand beside this file, a module per analysis; `benchmarks/analytics.py` runs them.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
ROUNDS = 3
EXACT, MOST, LEAST = "exact", "at least", "at most"
HELD = {True: "yes", False: "**no**"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, the CPU seconds it took (None: it came with the one before) and whose it is."""

    number: float
    seconds: float | None = None
    of: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of ours beside the peer's in this run and the floor; `digits` of it count."""

    job: str
    figure: str
    ours: Figure
    peer: Figure | None = None
    floor: float | None = None
    aim: str = EXACT
    digits: int = 0

    def holds(self) -> bool | None:
        """Tell whether ours is at or beyond the floor, to the digits shown."""
        if self.floor is None:
            return None
        ours = round(self.ours.number, self.digits)
        return {EXACT: ours == self.floor, MOST: ours >= self.floor, LEAST: ours <= self.floor}[
            self.aim
        ]


Section = Callable[[Path], Iterator[Line]]


def show(name: str, section: Section, folder: Path) -> None:
    """Print a section's lines as they come."""
    try:
        for line in section(folder):
            print(_row(line), flush=True)
    except FileNotFoundError as missing:
        print(f"| {name} | {Path(missing.filename).name} is missing | | | | | | |", flush=True)


def _row(line: Line) -> str:
    held = line.holds()
    cells = [
        line.job,
        line.figure,
        f"{line.ours.number:,.{line.digits}f}",
        _seconds(line.ours),
        f"{line.peer.of} {line.peer.number:,.{line.digits}f}" if line.peer else "–",
        _seconds(line.peer),
        f"{line.aim} {line.floor:,.{line.digits}f}" if line.floor is not None else "–",
        "–" if held is None else HELD[held],
    ]
    return f"| {' | '.join(cells)} |"


def _seconds(figure: Figure | None) -> str:
    return "" if figure is None or figure.seconds is None else f"{figure.seconds:.3f}"


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Do the work ROUNDS times; give its result and the least CPU seconds."""
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        done = work()
        taken.append(time.process_time() - began)
    return done, min(taken)


def there_is(library: str) -> bool:
    """Tell whether a peer can be run beside ours."""
    return importlib.util.find_spec(library) is not None
