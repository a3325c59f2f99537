"""A linear model that tells one of several labels from features: a support vector machine for each against all others.

A feature counts by how rare it is, and a row of them has the length 1 (tf-idf). A command also learns from those with
the same first or last word: the model is the sum of one of commands, one of subjects and one of verbs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.svm import LinearSVC

from bot.understanding.weights import SCALE, Linear

_LEAST_SEEN = 2
_LEAST = 0.11  # weights that are smaller than this are left out
_STRENGTH = 1.0
_OF_RELATIVES = 0.5

Array = np.ndarray[Any, Any]


def learnt_linear(
    rows: Sequence[Sequence[str]],
    labels: Sequence[str],
    counts: Sequence[float],
    relatives: Sequence[Callable[[str], str]] = (),
) -> Linear:
    """Return the model that tells the labels of rows of features best, without what weighs next to nothing.

    Args:
        rows: the features of each example, each once.
        labels: its label.
        counts: how much it counts.
        relatives: what labels have in common; what tells one tells the others as well.
    """
    seen = Counter(feature for row in rows for feature in row)
    kept = sorted(f for f, count in seen.items() if count >= _LEAST_SEEN)
    rarity = np.array([np.log((1 + len(rows)) / (1 + seen[f])) + 1 for f in kept])
    matrix = _matrix(rows, {f: i for i, f in enumerate(kept)}, rarity)
    names = sorted(set(labels))
    weights, bias = _separated(matrix, labels, counts, names)
    for related in relatives:
        common = [related(label) for label in labels]
        groups = sorted(set(common))
        held, offset = _separated(matrix, common, counts, groups)
        places = [groups.index(related(name)) for name in names]
        weights += _OF_RELATIVES * held[places]
        bias += _OF_RELATIVES * offset[places]
    weights[np.abs(weights) < _LEAST] = 0
    found = dict(_used(kept, rarity, np.rint(weights * SCALE).astype(int)))
    return Linear(tuple(names), tuple(round(float(each) * SCALE) for each in bias), found)


def _matrix(rows: Sequence[Sequence[str]], numbers: dict[str, int], rarity: Array) -> sp.csr_matrix:
    listed = [[numbers[f] for f in row if f in numbers] for row in rows]
    ends = np.cumsum([0, *map(len, listed)])
    places = np.fromiter((place for row in listed for place in row), dtype=np.int32)
    matrix = sp.csr_matrix((rarity[places], places, ends), shape=(len(rows), len(numbers)))
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1
    return sp.diags(1 / np.maximum(lengths, 1e-9)) @ matrix


def _separated(
    matrix: sp.csr_matrix, labels: Sequence[str], counts: Sequence[float], names: Sequence[str]
) -> tuple[Array, Array]:
    """Return a row of weights and a bias for each name."""
    model = LinearSVC(C=_STRENGTH, max_iter=300)
    model.fit(matrix, labels, sample_weight=counts)
    if len(names) == 1 + len(model.coef_):
        return np.vstack([-model.coef_, model.coef_]), np.array(
            [-model.intercept_[0], model.intercept_[0]]
        )
    return model.coef_.copy(), model.intercept_.copy()


def _used(
    kept: Sequence[str], rarity: Array, whole: Array
) -> Iterator[tuple[str, tuple[float, tuple[tuple[int, int], ...]]]]:
    for column, feature in enumerate(kept):
        used = np.flatnonzero(whole[:, column])
        if used.size:
            pairs = tuple((int(label), int(whole[label, column])) for label in used)
            yield feature, (round(float(rarity[column]), 1), pairs)
