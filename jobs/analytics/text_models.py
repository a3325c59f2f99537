"""A linear model from texts to labels, in plain arrays.

Not here: how good it is, when it stays silent (`routing.py`).
"""

from __future__ import annotations

import io
import json
import re
from array import array
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from crm_store.words import is_cjk, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from jobs.analytics.features import Floats

LENGTH = 2_000  # characters of a text that are read: what a ticket is about stands at its beginning
MARKS = re.compile(r"[^\w\s]+")
PIECES = (3, 4)  # characters in the pieces of words
PIECES_BELOW = (
    5_000  # texts; pieces find misspelt and inflected words, which many texts hold anyway
)
CHINESE = 2  # characters in a row, at most: segmenting words gives nothing, three in a row neither
MAX_TERMS = 60_000  # kept, by their largest weight; 300,000 for .1 % of accuracy more
TINY = 1e-9

MARGIN = "support_vectors"
MARGIN_AND_NAIVE = "support_vectors_and_naive_bayes"
C = 0.5
NAIVE_ALPHA = 0.1
NAIVE_SHARE = 0.6  # of the spread of the margins


@dataclass(frozen=True, slots=True)
class TextModel:
    """Weights, terms x labels, on TF-IDF; `places` numbers the terms, in the order of `idf`.

    `pieces` says that terms include pieces of words.
    """

    labels: tuple[str, ...]
    places: dict[str, int]
    idf: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    bias: Floats
    pieces: bool

    def scores(self, texts: Iterable[str]) -> Floats:
        """Give each text's score for each label, texts x labels; the highest is the answer."""
        rows = weighted(_counts(texts, self.places, pieces=self.pieces), self.idf)
        return np.asarray(rows @ self.weights + self.bias, dtype=np.float64)

    def reasons(self, text: str, label: int, other: int, count: int) -> tuple[str, ...]:
        """Give the words that speak most for one label against another, the strongest first.

        Exact for a linear model: a term's share of the difference of the two scores is its value
        times the difference of its weights. Pieces of words, marks, and what overlaps with a
        stronger word are not told.
        """
        found = {
            self.places[term]: term
            for term in terms(text, pieces=False)
            if term in self.places and term[0].isalnum()
        }
        row = weighted(_counts([text], self.places, pieces=self.pieces), self.idf)
        against = self.weights[row.indices, label] - self.weights[row.indices, other]
        parts = dict(zip(row.indices.tolist(), (row.data * against).tolist(), strict=True))
        told: list[str] = []
        for place in sorted(found, key=lambda place: -parts[place]):
            term = found[place]
            if parts[place] > 0 and not any(term in each or each in term for each in told):
                told.append(term)
        return tuple(told[:count])

    def knows(self, text: str) -> bool:
        """Tell whether the text has anything that the model has seen."""
        return any(term in self.places for term in terms(text, pieces=self.pieces))

    def packed(self) -> bytes:
        """Write the model as compressed arrays without any object that must be trusted."""
        names = {"labels": self.labels, "terms": list(self.places), "pieces": self.pieces}
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            names=np.frombuffer(json.dumps(names).encode(), dtype=np.uint8),
            idf=self.idf,
            weights=self.weights,
            bias=self.bias,
        )
        return buffer.getvalue()


def unpacked(data: bytes) -> TextModel:
    """Read a model that `TextModel.packed` wrote.

    Raises:
        ValueError: the bytes hold something else.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        names = json.loads(found["names"].tobytes())
        return TextModel(
            labels=tuple(names["labels"]),
            places={term: place for place, term in enumerate(names["terms"])},
            idf=found["idf"],
            weights=found["weights"],
            bias=found["bias"],
            pieces=names["pieces"],
        )


def terms(text: str, *, pieces: bool) -> list[str]:
    """Cut a text into what a model counts: words, pairs of words, Chinese characters and pairs.

    Marks in a row (!!!) count as people set them. With `pieces` also the pieces of the words, blanks
    at their ends.
    """
    words = split(text[:LENGTH])
    found: list[str] = MARKS.findall(text[:LENGTH])
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


def fit(texts: Sequence[str], labels: Sequence[str], emphasis: Floats) -> dict[str, TextModel]:
    """Fit both candidates: a linear support vector machine, and the same with naive Bayes added.

    Both are linear in TF-IDF, so that their sum is one set of weights (the idea of Wang and Manning
    2012; here with complement naive Bayes, Rennie et al. 2003, its spread NAIVE_SHARE of that of
    the margins). Labels count alike, however rare.

    Args:
        texts: as people wrote them.
        labels: one for each text, two different ones at least.
        emphasis: one weight above zero for each text.
    """
    pieces = len(texts) < PIECES_BELOW
    places: dict[str, int] = {}
    counts = _counts(texts, places, pieces=pieces, grow=True)
    seen = np.bincount(counts.indices, minlength=len(places))
    idf = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)
    rows = weighted(counts, idf)
    names, truth = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
    margin = LinearSVC(C=C, class_weight="balanced", random_state=0)
    margin.fit(rows, truth, sample_weight=emphasis)
    weights, bias = margin.coef_.T, margin.intercept_
    if len(names) == 2:  # noqa: PLR2004 - of two labels scikit-learn fits the second alone
        weights, bias = np.hstack([-weights, weights]) / 2, np.append(-bias, bias) / 2
    naive = ComplementNB(alpha=NAIVE_ALPHA).fit(rows, truth, sample_weight=emphasis)
    likely = naive.feature_log_prob_.T
    likely = likely - likely.mean(axis=1, keepdims=True)
    spread = float((rows @ weights + bias).std()) / max(float((rows @ likely).std()), TINY)
    every = TextModel(
        labels=tuple(names.tolist()),
        places=places,
        idf=idf,
        weights=np.asarray(weights, dtype=np.float32),
        bias=np.asarray(bias, dtype=np.float64),
        pieces=pieces,
    )
    both = np.asarray(weights + NAIVE_SHARE * spread * likely, dtype=np.float32)
    return {MARGIN: _pruned(every), MARGIN_AND_NAIVE: _pruned(replace(every, weights=both))}


def _pruned(model: TextModel) -> TextModel:
    """Keep the MAX_TERMS terms that say most."""
    loudest = np.argsort(-np.abs(model.weights).max(axis=1), kind="stable")
    kept = np.sort(loudest[:MAX_TERMS])
    in_order = list(model.places)
    return replace(
        model,
        places={in_order[place]: number for number, place in enumerate(kept.tolist())},
        idf=model.idf[kept],
        weights=model.weights[kept],
    )


def weighted(counts: Any, idf: npt.NDArray[np.float32]) -> Any:  # noqa: ANN401 - the same
    """Turn counts into TF-IDF, (1 + log count) x idf, each row of length 1."""
    rows = counts.copy()
    rows.data = (1 + np.log(rows.data)) * idf[rows.indices]
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1))).ravel()
    rows.data /= np.repeat(np.maximum(lengths, TINY), np.diff(rows.indptr)).astype(np.float32)
    return rows


def _counts(
    texts: Iterable[str], places: dict[str, int], *, pieces: bool, grow: bool = False
) -> Any:  # noqa: ANN401 - SciPy is published without types
    """Count the terms of each text, a sparse matrix; `grow` takes new terms into `places`."""
    ends, columns, numbers = array("q", [0]), array("q"), array("f")
    for text in texts:
        found: dict[int, int] = {}
        for term in terms(text, pieces=pieces):
            place = places.setdefault(term, len(places)) if grow else places.get(term, -1)
            found[place] = found.get(place, 0) + 1
        found.pop(-1, None)
        columns.extend(found)
        numbers.extend(found.values())
        ends.append(len(columns))
    data = [np.asarray(each) for each in (numbers, columns, ends)]
    return sparse.csr_matrix(tuple(data), shape=(len(ends) - 1, len(places)))
