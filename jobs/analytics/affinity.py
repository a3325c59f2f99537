"""Which items go together: by who buys them (collaborative), and by what they are (content).

Not here: what a customer is offered (`recommendation.py`), rules (`rules.py`).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from jobs.analytics.terms import terms
from jobs.analytics.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jobs.analytics.features import Ints

    Singles = npt.NDArray[np.float32]

DOUBLING = "price~"  # a term for prices within a factor of two; no word has a tilde
TRAIT = "trait~"
ALIKE = 0.25  # of words, 0 to 1, that a reader sees as alike


@dataclass(frozen=True, slots=True)
class Together:
    """How many customers bought each two of some items; on the diagonal, how many bought the one.

    Counts up to 16 million are exact in single precision. `customers` is how many there are in all.
    """

    counts: Singles
    customers: int

    def buyers(self) -> Singles:
        """Give the customers who bought each item."""
        return np.diagonal(self.counts)


def together(owned: Any) -> Together:  # noqa: ANN401 - as SciPy's
    """Count from customers x items of ones. Memory and time: items squared."""
    return Together((owned.T @ owned).toarray().astype(np.float32), owned.shape[0])


def pull(bought: Together, penalty: float) -> Singles:
    """Give how much owning each item (row) speaks for each other one (column).

    The closed form of EASE (Steck 2019): of all linear maps from what a customer owns to what they
    own, without an item speaking for itself, the one with the least squared error and penalty.
    Memory: three times eight bytes per item squared; four thousand items take four seconds.
    """
    if not len(bought.counts):
        return bought.counts
    gram = bought.counts.astype(np.float64)
    np.fill_diagonal(gram, gram.diagonal() + penalty)
    with one_thread():
        inverse = np.linalg.inv(gram)
    weights = (inverse / -inverse.diagonal()).astype(np.float32)
    np.fill_diagonal(weights, 0)
    return weights


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms of the catalogue with what each says: rare ones say more.

    `unknown` is what a term says that no product has.
    """

    places: dict[str, int]
    weights: Singles
    unknown: float

    def vectors(self, texts: Sequence[Sequence[str]]) -> Any:  # noqa: ANN401 - as SciPy's
        """Give texts x terms by TF-IDF, each row of length 1; terms that no product has only shorten it."""
        rows, columns, data = [], [], []
        for row, words in enumerate(texts):
            counts = Counter(words)
            found = {word: (1 + math.log(n)) * self._says(word) for word, n in counts.items()}
            length = math.sqrt(sum(value * value for value in found.values()))
            for word, value in found.items():
                if word in self.places:
                    rows.append(row)
                    columns.append(self.places[word])
                    data.append(value / length)
        shape = (len(texts), max(1, len(self.places)))
        return sparse.csr_array((np.asarray(data, np.float32), (rows, columns)), shape=shape)

    def _says(self, word: str) -> float:
        place = self.places.get(word)
        return self.unknown if place is None else float(self.weights[place])


def vocabulary(texts: Sequence[Sequence[str]]) -> Vocabulary:
    """Weigh the terms by how few products have them."""
    texts_with = Counter(word for words in texts for word in set(words))
    kept = sorted(texts_with)
    counts = np.asarray([texts_with[word] for word in kept], np.float32)
    weights = np.log((1 + len(texts)) / (1 + counts)) + 1
    places = {word: place for place, word in enumerate(kept)}
    return Vocabulary(places, weights.astype(np.float32), math.log(1 + len(texts)) + 1)


def described(name: str, price: float | None, traits: Sequence[str]) -> list[str]:
    """Give a product's terms: words and pairs of words of its name, its traits, the class of its price."""
    found = [*terms(name, pieces=False), *(f"{TRAIT}{trait}" for trait in traits)]
    if price is not None and price > 0:
        found.append(f"{DOUBLING}{int(np.floor(np.log2(price)))}")
    return found


def unit(rows: Any) -> Any:  # noqa: ANN401 - as SciPy's
    """Give rows of length 1; a row of nothing stays one."""
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return (sparse.dia_array((scale[None, :], [0]), shape=(len(scale),) * 2) @ rows).tocsr()


def nearest(some: Any, others: Any, count: int) -> Any:  # noqa: ANN401 - as SciPy's
    """Give others x some: the likeness of the `count` others most like each, from ALIKE on, summing to 1."""
    found = (some @ others.T).tolil()
    for row in range(found.shape[0]):
        pairs = sorted(zip(found.data[row], found.rows[row], strict=True), reverse=True)[:count]
        kept = sorted((column, value) for value, column in pairs if value >= ALIKE)
        total = sum(value for _column, value in kept)
        found.rows[row] = [column for column, _value in kept]
        found.data[row] = [value / total for _column, value in kept]
    return found.tocsr().T.tocsr()


def strongest_link(
    bought: Together,
    owned: Any,  # noqa: ANN401 - as SciPy's
    rows: Ints,
    items: Ints,
    least: int,
) -> Ints:
    """Find for each suggestion the owned item whose buyers most often took it too.

    Args:
        bought: counts of the items.
        owned: customers x items.
        rows: the customer of each suggestion, as a row of `owned`.
        items: what is suggested to them.
        least: customers who took both, at least, and more of them than chance gives.

    Returns:
        The owned item, or -1 where none has such buyers.
    """
    sizes = np.diff(owned.indptr)[rows]
    found = np.full(len(rows), -1, np.int64)
    if not sizes.sum():
        return found
    which = np.repeat(np.arange(len(rows)), sizes)
    offset = np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    given = owned.indices[np.repeat(owned.indptr[rows], sizes) + offset]
    both, buyers = bought.counts[given, items[which]], bought.buyers()
    chance = buyers[given] * buyers[items[which]] / max(1, bought.customers)
    share = np.where((both >= least) & (both > chance), both / buyers[given], 0)
    order = np.lexsort((-share, which))
    first = order[np.flatnonzero(np.diff(which[order], prepend=-1))]
    told = first[share[first] > 0]
    found[which[told]] = given[told]
    return found
