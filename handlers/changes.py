"""What changed between two tables of the same columns, row by row, in words.

Where the earlier table comes from is the business of `handlers/digests.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from handlers.reply import Table
from handlers.wording import _, number, plural

NAMED = 5
_Cells: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """The rows that came, went, and stayed with other cells; `kept` holds before and after."""

    columns: _Cells
    width: int
    new: tuple[_Cells, ...]
    gone: tuple[_Cells, ...]
    kept: tuple[tuple[_Cells, _Cells], ...]

    def lines(self) -> list[str]:
        """Return a sentence for each sort of change; none when nothing changed."""
        lines = []
        if self.new:
            lines.append(
                _(
                    "New ({count}): {names}.",
                    count=number(len(self.new)),
                    names=self._names(self.new),
                )
            )
        if self.gone:
            lines.append(
                _(
                    "Gone ({count}): {names}.",
                    count=number(len(self.gone)),
                    names=self._names(self.gone),
                )
            )
        lines += [self._difference(*pair) for pair in self.kept[:NAMED]]
        if len(self.kept) > NAMED:
            rest = len(self.kept) - NAMED
            lines.append(plural("{count} more row changed.", "{count} more rows changed.", rest))
        return lines

    def _names(self, rows: Sequence[_Cells]) -> str:
        names = ", ".join(self._name(row) for row in rows[:NAMED])
        return _("{names} …", names=names) if len(rows) > NAMED else names

    def _name(self, row: _Cells) -> str:
        # A number alone tells nobody which record it is.
        width = self.width + 1 if row[0].startswith("#") else self.width
        return " ".join(cell for cell in row[:width] if cell)

    def _difference(self, before: _Cells, after: _Cells) -> str:
        cells = [
            _("{column} {before} → {after}", column=column, before=old or "–", after=new or "–")
            for column, old, new in zip(self.columns, before, after, strict=True)
            if old != new
        ]
        return _("{name}: {changes}.", name=self._name(after), changes=", ".join(cells))


def compare(before: Table, after: Table) -> Changes | None:
    """Compare two tables; None when their columns differ, so that nothing can be said.

    A row is known again by its first cell, or by as many of the first cells as make it unique.
    """
    if before.columns != after.columns:
        return None
    width = _key_width(before, after)
    old = {row.cells[:width]: row.cells for row in before.rows}
    new = {row.cells[:width]: row.cells for row in after.rows}
    return Changes(
        columns=after.columns,
        width=width,
        new=tuple(cells for key, cells in new.items() if key not in old),
        gone=tuple(cells for key, cells in old.items() if key not in new),
        kept=tuple(
            (old[key], cells) for key, cells in new.items() if key in old and old[key] != cells
        ),
    )


def _key_width(before: Table, after: Table) -> int:
    for width in range(1, len(after.columns)):
        if all(
            len({row.cells[:width] for row in table.rows}) == len(table.rows)
            for table in (before, after)
        ):
            return width
    return len(after.columns)
