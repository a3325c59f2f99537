"""Our trees beside scikit-learn's on a real telephone company, where the data lie beside the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from jobs.analytics import trees

SET = Path(__file__).parents[3] / "shared" / "data" / "telco_churn.csv.gz"

pytestmark = pytest.mark.skipif(
    not SET.exists(), reason=f"{SET.name} does not lie in shared/data beside the checkout"
)


@pytest.fixture(scope="module")
def customers() -> tuple[pd.DataFrame, np.ndarray]:
    rows = pd.read_csv(SET).drop(columns="customerID")
    left = (rows.pop("Churn") == "Yes").to_numpy()
    rows["TotalCharges"] = pd.to_numeric(rows["TotalCharges"], errors="coerce")
    numbers = rows.select_dtypes("number").columns
    return rows.astype({n: "float64" if n in numbers else object for n in rows.columns}), left


def test_our_tree_is_about_as_good_as_theirs_with_fewer_leaves(
    customers: tuple[pd.DataFrame, np.ndarray],
) -> None:
    rows, left = customers
    dummies = pd.get_dummies(rows).fillna(0).astype(float)
    ours, theirs = np.zeros(len(left)), np.zeros(len(left))
    leaves = []
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(rows, left):
        options = trees.Options(least=len(train) / 100)
        root = trees.grow(rows.iloc[train], left[train], options)
        ours[test] = trees.probabilities(root, rows.iloc[test])
        tree = DecisionTreeClassifier(
            criterion="entropy", max_depth=5, min_samples_leaf=len(train) // 100, random_state=0
        ).fit(dummies.iloc[train], left[train])
        theirs[test] = tree.predict_proba(dummies.iloc[test])[:, 1]
        leaves.append((sum(1 for _ in root.leaves()), tree.get_n_leaves()))
    assert roc_auc_score(left, ours) > roc_auc_score(left, theirs) - 0.01
    assert roc_auc_score(left, ours) > 0.815
    assert brier_score_loss(left, ours) < brier_score_loss(left, theirs) + 0.003
    assert all(few < many for few, many in leaves)


def test_the_strongest_rule_is_a_short_contract(
    customers: tuple[pd.DataFrame, np.ndarray],
) -> None:
    rows, left = customers
    found = trees.learn(rows, left, np.zeros(len(left)))
    assert found.usable
    assert found.importance[0][0] == "Contract"
    assert ("Contract", "Month-to-month") in {
        (condition.feature, condition.level) for condition in found.rules[0].conditions
    }


def test_shuffled_leavers_give_no_tree(customers: tuple[pd.DataFrame, np.ndarray]) -> None:
    rows, left = customers
    shuffled = np.random.default_rng(0).permutation(left)
    assert not trees.learn(rows, shuffled, np.zeros(len(left))).usable
