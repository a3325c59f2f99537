"""How well an entry of the search index fits what was typed, and what a slip of the hand may hide.

Nothing here reads the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

from crm_store.words import is_cjk, needed_tokens

_ID_BITS = 48
# What one word is worth by where it stands; the whole title and its beginning are worth more.
_TITLE_WORD, _TITLE_START, _TITLE_PART = 0.9, 0.8, 0.6
_BODY_WORD, _BODY_START, _BODY_PART = 0.7, 0.65, 0.5
_WHOLE_TITLE, _TITLE_BEGINS, _TOGETHER = 1.0, 0.95, 0.04
_NEAR = 0.45
_MAX_EDITS = 2
_TWO_EDITS_FROM = 6  # letters
_ONE_EDIT_FROM = 3
_NEAR_LENGTH = 32
_TWO_PLACES_LENGTH = 16


class Entry(NamedTuple):
    """A row of the index; `id` is the place of the kind times 2**48 plus the id of the record."""

    id: int
    open: int
    title: str
    body: str


def matches(
    ways: list[list[str]], entries: Iterable[Entry], *, title_only: bool
) -> dict[Entry, float]:
    """Return the entries that hold all words of one of the ways to read a query, with scores."""
    found = {}
    for entry in entries:
        score = max(_score(words, entry, title_only=title_only) for words in ways)
        if score:
            found[entry] = score
    return found


def in_order(scored: dict[Entry, float]) -> list[tuple[Entry, float]]:
    """Return the entries, the best first, in the same order on every database."""
    return sorted(
        scored.items(),
        key=lambda pair: (-pair[1], -pair[0].open, pair[0].id >> _ID_BITS, -pair[0].id),
    )


def near_matches(
    words: list[str], entries: Iterable[Entry], *, title_only: bool
) -> dict[Entry, float]:
    """Return the entries within two edits of the words; fewer for short words, none below three.

    An edit is a letter too many, too few or wrong, or two swapped (optimal string alignment).
    """
    found = {}
    length = sum(map(len, words))
    for entry in entries:
        edits = _edits(words, entry, title_only=title_only)
        if edits <= _MAX_EDITS:
            found[entry] = round(_NEAR * (1 - edits / (length + 1)), 4)
    return found


def typo_tokens(words: list[str]) -> Iterator[list[list[str]]]:
    """Yield what to look for when a word has an edit in one place, then in two places.

    Each item is a list of alternatives; each alternative keeps the tokens that an edit in that
    place leaves whole, so nothing within reach is missed as long as any token is left.
    """
    length = sum(map(len, words))
    if length > _NEAR_LENGTH:
        return
    places = [
        (number, start) for number, word in enumerate(words) for start in _window_starts(word)
    ]
    for edits in range(1, _MAX_EDITS + 1 if length <= _TWO_PLACES_LENGTH else _MAX_EDITS):
        if kept := _alternatives(words, list(combinations(places, edits))):
            yield kept


def _score(words: list[str], entry: Entry, *, title_only: bool) -> float:
    whole = " ".join(words)
    if entry.title == whole:
        return _WHOLE_TITLE
    if entry.title.startswith(whole):
        return _TITLE_BEGINS
    title, body = f" {entry.title} ", "" if title_only else f" {entry.body} "
    total = 0.0
    for word in words:
        worth = _worth(word, title, body)
        if not worth:
            return 0
        total += worth
    together = len(words) > 1 and (whole in title or whole in body)
    return round(total / len(words) + _TOGETHER * together, 4)


def _worth(word: str, title: str, body: str) -> float:
    if word in title:
        return _by_place(word, title, (_TITLE_WORD, _TITLE_START, _TITLE_PART))
    if word in body:
        return _by_place(word, body, (_BODY_WORD, _BODY_START, _BODY_PART))
    return 0


def _by_place(word: str, text: str, worth: tuple[float, float, float]) -> float:
    if f" {word}" not in text:
        return worth[2]
    return worth[0] if f" {word} " in text else worth[1]


def _edits(words: list[str], entry: Entry, *, title_only: bool) -> int:
    from rapidfuzz.distance import OSA

    whole = " ".join(words)
    best = OSA.distance(whole, entry.title, score_cutoff=_allowed(whole))
    if best <= _allowed(whole):
        return best
    text = entry.title if title_only else f"{entry.title} {entry.body}"
    there = text.split()
    total = 0
    for word in words:
        allowed = _allowed(word)
        edits = min(OSA.distance(word, other, score_cutoff=allowed) for other in there or [""])
        total += edits if edits <= allowed else _MAX_EDITS + 1
    return total


def _allowed(word: str) -> int:
    if len(word) < _ONE_EDIT_FROM:
        return 0
    return 1 if len(word) < _TWO_EDITS_FROM else _MAX_EDITS


def _window_starts(word: str) -> range:
    # A window of three letters, moved by two, covers every letter and every pair of neighbours.
    if len(word) < _ONE_EDIT_FROM:
        return range(0)
    return range(0, len(word), 1 if is_cjk(word) else 2)


def _alternatives(words: list[str], choices: list[tuple[tuple[int, int], ...]]) -> list[list[str]]:
    kept = []
    for places in choices:
        damaged = dict.fromkeys(number for number, _ in places)
        left = [
            token
            for number, word in enumerate(words)
            for token in (
                _left_whole(word, [start for other, start in places if other == number])
                if number in damaged
                else needed_tokens(word)
            )
        ]
        if left and left not in kept:
            kept.append(left)
    return kept


def _left_whole(word: str, starts: list[int]) -> list[str]:
    width = 1 if is_cjk(word) else 3
    hit = {place for start in starts for place in range(start, start + width)}
    spans = _spans(word)
    return [token for token, span in spans if hit.isdisjoint(span)]


def _spans(word: str) -> list[tuple[str, range]]:
    if is_cjk(word):
        return [(char, range(at, at + 1)) for at, char in enumerate(word)]
    beginnings = [("^" + word[:1], range(1)), ("^" + word[:2], range(2))]
    return beginnings + [(word[at : at + 3], range(at, at + 3)) for at in range(len(word) - 2)]
