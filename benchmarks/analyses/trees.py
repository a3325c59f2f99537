"""Trees of the C4.5 family on the telephone company, beside scikit-learn's entropy tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from benchmarks.analyses.table import LEAST, MOST, Figure, Line, timed
from jobs.analytics import trees

_JOB = "tree, telephone company, 5 folds"
_PEER = "scikit-learn"


def telephone_company(folder: Path) -> Iterator[Line]:
    """Churn by a readable tree: about as good as theirs, from fewer leaves."""
    rows, left = read(folder)
    dummies = pd.get_dummies(rows).fillna(0).astype(float)
    folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(rows, left))
    (ours, leaves), seconds = timed(lambda: _chances(_ours(rows, left), left, folds))
    (theirs, many), more = timed(lambda: _chances(_theirs(dummies, left), left, folds))
    for name, measure, aim, floor in (
        ("ROC-AUC", roc_auc_score, MOST, 0.815),
        ("PR-AUC", average_precision_score, MOST, None),
        ("Brier", brier_score_loss, LEAST, 0.145),
    ):
        figure = Figure(float(measure(left, ours)), seconds)
        peer = Figure(float(measure(left, theirs)), more, _PEER)
        yield Line(_JOB, name, figure, peer, floor, aim, 3)
    yield Line(_JOB, "leaves", Figure(leaves), Figure(many, None, _PEER), None, LEAST, 1)


def read(folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the fields of the customers and who left."""
    rows = pd.read_csv(folder / "telco_churn.csv.gz").drop(columns="customerID")
    left = (rows.pop("Churn") == "Yes").to_numpy()
    rows["TotalCharges"] = pd.to_numeric(rows["TotalCharges"], errors="coerce")
    numbers = rows.select_dtypes("number").columns
    return rows.astype({n: "float64" if n in numbers else object for n in rows.columns}), left


_Learner = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, int]]


def _chances(
    learn: _Learner, left: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, float]:
    """Return the chance of each customer by the tree that had not seen them, and the mean number of leaves."""
    found, leaves = np.zeros(len(left)), []
    for train, test in folds:
        found[test], count = learn(train, test)
        leaves.append(count)
    return found, float(np.mean(leaves))


def _ours(rows: pd.DataFrame, left: np.ndarray) -> _Learner:
    def learn(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, int]:
        root = trees.grow(rows.iloc[train], left[train], trees.Options(least=len(train) / 100))
        return trees.probabilities(root, rows.iloc[test]), sum(1 for _ in root.leaves())

    return learn


def _theirs(rows: pd.DataFrame, left: np.ndarray) -> _Learner:
    def learn(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, int]:
        tree = DecisionTreeClassifier(
            criterion="entropy", max_depth=5, min_samples_leaf=len(train) // 100, random_state=0
        ).fit(rows.iloc[train], left[train])
        return tree.predict_proba(rows.iloc[test])[:, 1], tree.get_n_leaves()

    return learn
