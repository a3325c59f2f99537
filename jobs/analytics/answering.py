"""A learnt router as it answers: one text at a time, in plain Python, so that the bot needs no numerical library.

How it is learnt: `routing.py`.
"""

from __future__ import annotations

import json
import math
import sys
import zlib
from array import array
from collections import Counter
from dataclasses import dataclass

from crm_store.words import is_cjk
from jobs.analytics.terms import says_something, terms

REASONS = 3
_TINY = 1e-9
_HEAD = 4  # bytes that give the length of the names


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A label, how likely it is to be right, and the words that spoke for it."""

    label: str
    confidence: float
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answerer:
    """A linear model on TF-IDF and its calibration.

    `places` numbers the terms in the order of `idf`; `weights` has a number per label for each term
    in turn. The odds of being right are `slope` times the lead over the next label, plus `shift`;
    a text whose best score is below `floor` is unlike all that was learnt from.
    """

    labels: tuple[str, ...]
    places: dict[str, int]
    idf: array[float]
    weights: array[float]
    bias: tuple[float, ...]
    pieces: bool
    slope: float
    shift: float
    floor: float
    threshold: float

    def suggest(self, text: str) -> Suggestion | None:
        """Give a text's label; None where the model is not sure enough or knows none of the words."""
        shares = self._shares(text)
        if not any(says_something(term) for term in shares):
            return None
        scores = list(self.bias)
        for term, share in shares.items():
            for label, weight in enumerate(self._weights(term)):
                scores[label] += share * weight
        best, other = sorted(range(len(scores)), key=lambda label: -scores[label])[:2]
        odds = self.slope * (scores[best] - scores[other]) + self.shift
        confidence = 1 / (1 + math.exp(-max(min(odds, 700.0), -700.0)))
        if confidence < self.threshold or scores[best] < self.floor:
            return None
        return Suggestion(self.labels[best], confidence, self._reasons(shares, best, other))

    def _shares(self, text: str) -> dict[str, float]:
        """Give the known terms of a text with their TF-IDF, of length 1."""
        counts = Counter(term for term in terms(text, pieces=self.pieces) if term in self.places)
        found = {
            term: (1 + math.log(count)) * self.idf[self.places[term]]
            for term, count in counts.items()
        }
        length = max(math.sqrt(sum(value * value for value in found.values())), _TINY)
        return {term: value / length for term, value in found.items()}

    def _weights(self, term: str) -> array[float]:
        begin = self.places[term] * len(self.labels)
        return self.weights[begin : begin + len(self.labels)]

    def _reasons(self, shares: dict[str, float], label: int, other: int) -> tuple[str, ...]:
        """Give the words that speak most for one label against another, the strongest first.

        Exact for a linear model: a term's share of the difference of the two scores is its value
        times the difference of its weights. Pieces of words, marks, and what overlaps with a
        stronger word are not told; single Chinese characters only where there is nothing else.
        """
        parts = {
            term: share * (self._weights(term)[label] - self._weights(term)[other])
            for term, share in shares.items()
            if term[0].isalnum()
        }
        told: list[str] = []
        for term in sorted(parts, key=lambda term: (len(term) == 1 and is_cjk(term), -parts[term])):
            if parts[term] > 0 and not any(term in each or each in term for each in told):
                told.append(term)
        return tuple(told[:REASONS])

    def packed(self) -> bytes:
        """Write it as compressed names and numbers, without any object that must be trusted."""
        numbers = {"bias": self.bias, "slope": self.slope, "shift": self.shift, "floor": self.floor}
        names = {"labels": self.labels, "terms": list(self.places), "pieces": self.pieces}
        head = json.dumps({**numbers, **names, "threshold": self.threshold}).encode()
        body = _little(self.idf).tobytes() + _little(self.weights).tobytes()
        return zlib.compress(len(head).to_bytes(_HEAD, "little") + head + body)


def unpacked(data: bytes) -> Answerer:
    """Read what `Answerer.packed` wrote.

    Raises:
        ValueError: the bytes hold something else.
    """
    try:
        plain = zlib.decompress(data)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    end = _HEAD + int.from_bytes(plain[:_HEAD], "little")
    head = json.loads(plain[_HEAD:end])
    count, labels = len(head["terms"]), tuple(head["labels"])
    numbers = array("f")
    numbers.frombytes(plain[end:])
    if len(numbers) != count * (1 + len(labels)):
        message = f"{len(numbers)} numbers for {count} terms and {len(labels)} labels"
        raise ValueError(message)
    numbers = _little(numbers)
    return Answerer(
        labels=labels,
        places={term: place for place, term in enumerate(head["terms"])},
        idf=numbers[:count],
        weights=numbers[count:],
        bias=tuple(head["bias"]),
        pieces=head["pieces"],
        slope=head["slope"],
        shift=head["shift"],
        floor=head["floor"],
        threshold=head["threshold"],
    )


def _little(numbers: array[float]) -> array[float]:
    """Give the numbers in the order of bytes in which they are kept, or back from it."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers
