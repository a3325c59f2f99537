"""Which products a short text names. Not here: which products are like it (`affinity.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_store.words import is_cjk, split

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_LENGTH = 4  # letters of a name that is one word: shorter ones are words of other things
MIN_CHARACTERS = 2  # of a Chinese name
MOST_WORDS = 12


class Names:
    """The names of the catalogue, to be found in titles as whole words."""

    def __init__(self, names: Iterable[str]) -> None:
        self._places: dict[tuple[str, ...], int] = {}
        for place, name in enumerate(names):
            parts = _parts(name)
            least = MIN_CHARACTERS if is_cjk(parts[0] if parts else "") else MIN_LENGTH
            if sum(map(len, parts)) >= least and len(parts) <= MOST_WORDS:
                self._places.setdefault(parts, place)

    def found(self, text: str) -> list[int]:
        """Give the places of the products that a text names; of names within names the longest."""
        parts = _parts(text)
        found, at = [], 0
        while at < len(parts):
            for size in range(min(MOST_WORDS, len(parts) - at), 0, -1):
                place = self._places.get(parts[at : at + size])
                if place is not None:
                    found.append(place)
                    at += size - 1
                    break
            at += 1
        return sorted(set(found))


def _parts(text: str) -> tuple[str, ...]:
    """Cut a text into words, and Chinese into characters."""
    words = split(text)
    return tuple(part for word in words for part in (word if is_cjk(word) else (word,)))
