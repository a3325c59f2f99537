"""Find the weights by which the values of arguments are found in a sentence: a linear chain, by stochastic gradients.

The step of each weight shrinks with what it has been moved already (AdaGrad: Duchi, Hazan, Singer 2011). What the
marks mean stands in `bot/understanding/places.py`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bot.understanding.places import OWN, keys_of, slots_of
from bot.understanding.weights import SCALE
from handlers.command import Command

_SEED = 11
_STEP = 0.2
_SLOWER = 0.3  # the step becomes smaller from round to round
_DECAY = 2e-5
_LEAST_SEEN = 2
_LEAST = 6  # weights that are smaller than this, in parts of SCALE, are left out

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Marked:
    """One sentence to learn from: what is seen at each part, and where the values stand."""

    command: Command
    seen: Sequence[Sequence[str]]
    spans: Sequence[tuple[str, int, int]]
    weight: float

    @property
    def marks(self) -> list[int]:
        """The mark of each part: 0 outside, odd for the beginning and even for the inside of a value."""
        found = [0] * len(self.seen)
        slots = slots_of(self.command)
        for slot, first, after in self.spans:
            begin = 1 + 2 * slots.index(slot)
            found[first:after] = [begin] + [begin + 1] * (after - first - 1)
        return found


@dataclass(frozen=True, slots=True)
class _Prepared:
    seen: Array
    keys: Array
    marks: Array
    weight: float


def learnt_places(examples: Sequence[Marked], rounds: int) -> dict[str, dict[str, int]]:
    """Return the weights by key and feature, in parts of SCALE."""
    counts = Counter(feature for each in examples for row in each.seen for feature in row)
    numbers = {f: i for i, f in enumerate(sorted(f for f, n in counts.items() if n >= _LEAST_SEEN))}
    keys = sorted(
        {key for each in examples for mark in keys_of(each.command) for key in mark if key}
    )
    places = {key: i for i, key in enumerate(keys)}
    prepared = [_prepared(each, numbers, places) for each in examples]
    weights = np.zeros((len(numbers) + 1) * (len(keys) + 1), dtype=np.float32)
    moved = np.full_like(weights, 1e-6)
    chance = random.Random(_SEED)
    mean = np.zeros_like(weights)
    for turn in range(rounds):
        chance.shuffle(prepared)
        for each in prepared:
            _step(each, weights, moved, len(keys) + 1, _STEP / (1 + turn * _SLOWER))
        if turn >= rounds // 2:
            mean += weights / (rounds - rounds // 2)
    return _written(mean.reshape(len(numbers) + 1, len(keys) + 1), list(numbers), keys)


def _prepared(each: Marked, numbers: dict[str, int], places: dict[str, int]) -> _Prepared:
    width, nothing = max(map(len, each.seen)), len(numbers)
    listed = keys_of(each.command)
    deep = len(listed[0])
    seen = np.full((len(each.seen), width, deep), nothing, dtype=np.int64)
    for place, row in enumerate(each.seen):
        for column, feature in enumerate(row):
            number = numbers.get(feature, nothing)
            seen[place, column, :-1] = number
            seen[place, column, -1] = number if feature[0] in OWN else nothing
    keys = np.array(
        [[places.get(key, len(places)) for key in mark] for mark in listed], dtype=np.int64
    )
    return _Prepared(seen, keys, np.array(each.marks), each.weight)


def _step(each: _Prepared, weights: Array, moved: Array, width: int, step: float) -> None:
    """Move the weights by what one sentence says of them."""
    index = each.seen[:, None] * width + each.keys[None, :, None, :]
    scores = weights[index].sum(axis=(2, 3), dtype=np.float64)
    slope = _expected(scores)
    slope[np.arange(len(scores)), each.marks] -= 1.0
    slope *= each.weight
    rows, columns = np.nonzero(np.abs(slope) > 1e-3)
    if not rows.size:
        return
    at = index[rows, columns]
    change = np.broadcast_to(
        slope[rows, columns][:, None, None].astype(np.float32), at.shape
    ).ravel()
    spots, back = np.unique(at.ravel(), return_inverse=True)
    total = np.bincount(back, weights=change).astype(np.float32)
    total += _DECAY * weights[spots]
    moved[spots] += total * total
    weights[spots] -= step * total / np.sqrt(moved[spots])
    # What was never seen counts nothing, nor does the key that fills up short lists of keys.
    weights[-width:] = 0.0
    weights[spots[spots % width == width - 1]] = 0.0


def _expected(scores: Array) -> Array:
    """Return how likely each mark is at each part, over all chains (forward and backward sums)."""
    length, count = scores.shape
    inside = np.arange(2, count, 2)
    ahead = np.empty_like(scores)
    ahead[0] = scores[0]
    ahead[0, inside] = -1e9
    for place in range(1, length):
        row = ahead[place - 1]
        ahead[place] = _sum(row)
        ahead[place, inside] = np.logaddexp(row[inside], row[inside - 1])
        ahead[place] += scores[place]
    behind = np.zeros_like(scores)
    fresh = np.ones(count, dtype=bool)
    fresh[inside] = False
    for place in range(length - 2, -1, -1):
        following = behind[place + 1] + scores[place + 1]
        behind[place] = _sum(following[fresh])
        goes_on = np.logaddexp(behind[place, inside], following[inside])
        behind[place, inside] = goes_on
        behind[place, inside - 1] = goes_on
    return np.exp(ahead + behind - _sum(ahead[-1]))


def _sum(logarithms: Array) -> float:
    top = float(logarithms.max())
    return top + float(np.log(np.exp(logarithms - top).sum()))


def _written(
    weights: Array, features: Sequence[str], keys: Iterable[str]
) -> dict[str, dict[str, int]]:
    whole = np.rint(weights * SCALE).astype(int)
    found = {}
    for column, key in enumerate(keys):
        used = np.flatnonzero(np.abs(whole[: len(features), column]) >= _LEAST)
        found[key] = {features[row]: int(whole[row, column]) for row in used}
    return found
