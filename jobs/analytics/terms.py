"""What a text model counts in a text; standard library only, so that any process may ask for it."""

from __future__ import annotations

import re
from functools import lru_cache
from math import log2

from crm_store.words import fold, is_cjk, split

LENGTH = 2_000  # characters of a text that are read: what a ticket is about stands at its beginning
MARKS = re.compile(r"[^\w\s]+")
PIECES = (3, 4)  # characters in the pieces of words
CHINESE = 2  # characters in a row, at most: segmenting words gives nothing, three in a row neither
EDGE = "^"  # begins what says how a text begins and ends
SIZE = "#"  # begins what says how long it is
SIZES = 2  # steps of the length to its double
# Addresses and long numbers: often personal, and never what a text is about.
PERSONAL = re.compile(r"\S+@\S+|https?://\S+|www\.\S+|\+?\d[\d\s()./-]{4,}\d", re.ASCII)


def impersonal(text: str) -> str:
    """Leave out the addresses and the long numbers of a text, as nothing is learnt from them."""
    return PERSONAL.sub(" ", text)


def terms(text: str, *, pieces: bool) -> list[str]:
    """Cut a text into what a model counts: words, pairs of words, Chinese characters and pairs.

    Marks in a row (!!!) count as people set them, and so does how a Chinese text begins and ends.
    With `pieces`, for few texts, also the pieces of the words, blanks at their ends; without, about
    how long the text is, which few texts tell by chance alone.
    """
    words = split(text[:LENGTH])
    found: list[str] = MARKS.findall(text[:LENGTH])
    if words:
        found += _edges(text) if any(map(is_cjk, words)) else ()
        found += () if pieces else (f"{SIZE}{int(SIZES * log2(len(text)))}",)
    before = ""
    for word in words:
        if is_cjk(word):
            found += _in_a_row(word)
            before = ""
            continue
        found.append(word)
        if before:
            found.append(f"{before} {word}")
        if pieces:
            found += _pieces(word)
        before = word
    return found


def says_something(term: str) -> bool:
    """Tell whether a term stands for what a text says and not for how it looks."""
    return term[0] not in (EDGE, SIZE)


def _edges(text: str) -> list[str]:
    """Give the first and the last character of a text, and the pairs there."""
    said = fold(text[:LENGTH]).strip()
    return [EDGE + part for part in (said[:1], said[:2], EDGE + said[-1:], EDGE + said[-2:])]


def _in_a_row(run: str) -> list[str]:
    return [
        run[at : at + size] for size in range(1, CHINESE + 1) for at in range(len(run) - size + 1)
    ]


# Texts of one shop use the same few thousand words again and again.
@lru_cache(maxsize=50_000)
def _pieces(word: str) -> list[str]:
    """Cut one word; a piece begins with a mark so that it is never taken for a word."""
    padded = f" {word} "
    return [f"~{padded[at : at + size]}" for size in PIECES for at in range(len(padded) - size + 1)]
