"""A linear model from texts to labels, in plain arrays.

Not here: how good it is, when it stays silent (`routing.py`).
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from jobs.analytics.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from jobs.analytics.features import Floats

# Texts a label, for eight labels or more: where there are so few, pieces find the misspelt and
# inflected words that many texts hold anyway.
FEW = 625
FEW_LABELS = 8
MANY_LABELS = 20  # have few texts each, which are then believed more
MAX_TERMS = 150_000  # kept, by their largest weight
MAX_WEIGHTS = 6_000_000  # terms times labels: 24 MB
TINY = 1e-9

MARGIN = "support_vectors"
MARGIN_AND_NAIVE = "support_vectors_and_naive_bayes"
C, C_OF_MANY_LABELS = 0.5, 1.0
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
    names, truth = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
    pieces = len(texts) < FEW * max(len(names), FEW_LABELS)
    places: dict[str, int] = {}
    counts = _counts(texts, places, pieces=pieces, grow=True)
    seen = np.bincount(counts.indices, minlength=len(places))
    idf = (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float32)
    rows = weighted(counts, idf)
    cost = C if len(names) < MANY_LABELS else C_OF_MANY_LABELS
    margin = LinearSVC(C=cost, class_weight="balanced", random_state=0)
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
    """Keep the terms that say most."""
    most = min(MAX_TERMS, MAX_WEIGHTS // len(model.labels))
    loudest = np.argsort(-np.abs(model.weights).max(axis=1), kind="stable")
    kept = np.sort(loudest[:most])
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
