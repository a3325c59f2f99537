"""What a sentence asks for by the evidence of its words: a linear model for each language, read by additions.

Where in it the values stand is found in `places`; the weights come from `benchmarks/learn.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from bot.understanding.tokens import Token, stem
from bot.understanding.weights import SCALE, Linear

NOTHING = "-"
_FIRST = 3
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LEAST_TYPED = 4
_GRAMS = (3, 4)
_FAR = 3
_STEEP = 4.0  # how fast a share grows with the margin


def ranked(model: Linear, found: Iterable[str]) -> list[tuple[str, float]]:
    """Return the labels with their shares, which make 1, the likeliest first.

    Args:
        model: a linear model.
        found: the features of what is read, each once.
    """
    scores = [0.0] * len(model.labels)
    square = 0.0
    for feature in found:
        held = model.weights.get(feature)
        if held:
            rarity, pairs = held
            square += rarity * rarity
            for label, weight in pairs:
                scores[label] += rarity * weight
    length = math.sqrt(square) or 1.0
    margins = [
        (score / length + bias) / SCALE for score, bias in zip(scores, model.bias, strict=True)
    ]
    top = max(margins)
    shares = [math.exp(_STEEP * (margin - top)) for margin in margins]
    whole = sum(shares)
    order = sorted(range(len(scores)), key=lambda place: -margins[place])
    return [(model.labels[place], shares[place] / whole) for place in order]


def features(said: Sequence[Token], known: frozenset[str]) -> Iterator[str]:
    """Yield what a sentence is weighed by, each once: words, neighbours, parts of words, what is named.

    Args:
        said: the parts of a sentence.
        known: the English words by which mistyped ones are mended.
    """
    words = [spelled(_digits(token), known) for token in said]
    stems = [stem(word) for word in words]
    found = {"*", *stems, *words}
    padded = ["^", *stems, "$"]
    found.update(f"{a} {b}" for a, b in pairwise(padded))
    found.update(f"{a} {b} {c}" for a, b, c in zip(padded, padded[1:], padded[2:], strict=False))
    found.update(f"{a} _ {b}" for a, b in zip(padded, padded[2:], strict=False))
    found.update(f"^{word}" for word in stems[:_FIRST])
    found.update(f"{word}$" for word in stems[-_FIRST:])
    if any(not word.isascii() for word in words):
        found.update("".join(four) for four in zip(*(stems[i:] for i in range(4)), strict=False))
    found.update(gram for word in set(words) for gram in _parts(word))
    kinds = sorted({word for word in words if word.startswith("@")})
    found.add("&".join(kinds) or "&none")
    found.update(f"{kind}|{word}" for kind in kinds for word in set(stems) if word != kind)
    found.update(f"#{word}" for word in kinds if words.count(word) > 1)
    found.add(f"long{min(len(words) // 4, 4)}")
    if ":" in words:
        found.update(f"{word}<:" for word in stems[: words.index(":")])
    yield from sorted(found)


def _digits(token: Token) -> str:
    return "0" if token.said[0].isdigit() else token.said


def _parts(word: str) -> Iterator[str]:
    """Yield groups of letters of an English word, by which one that is mistyped or bent is still known."""
    if len(word) > _FAR and word.isascii() and word.isalpha():
        whole = f"<{word}>"
        for size in _GRAMS:
            for place in range(len(whole) - size + 1):
                yield f"~{whole[place : place + size]}"


def spelled(word: str, known: frozenset[str]) -> str:
    """Return a mistyped English word as one that is known and one slip away; another stays."""
    if len(word) < _LEAST_TYPED or not (word.isascii() and word.isalpha()):
        return word
    if word in known or stem(word) in known:
        return word
    cuts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    swapped = (a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1)
    shorter = (a + b[1:] for a, b in cuts[1:] if b)
    longer = (a + letter + b for a, b in cuts[1:] for letter in _LETTERS)
    other = (a + letter + b[1:] for a, b in cuts[1:] if b for letter in _LETTERS)
    for edited in (swapped, shorter, longer, other):
        for each in edited:
            if each in known:
                return each
    return word
