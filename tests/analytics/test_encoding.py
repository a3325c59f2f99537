"""Mixed tables as matrices: kinds are found, rare levels folded, gaps marked, later dates unknown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jobs.analytics import encoding
from jobs.analytics.encoding import CHOICE, DATE, MISSING, NUMBER, OTHER

COUNT = 200


def table() -> pd.DataFrame:
    """One column of each kind; `plan` has a rare level, `seats` and `town` have gaps."""
    rows = np.arange(COUNT)
    return pd.DataFrame(
        {
            "code": [f"C-{row:04}" for row in rows],
            "number": rows,
            "plan": np.where(rows < 3, "rare", np.where(rows % 2 == 0, "basic", "gold ")),
            "seats": np.where(rows % 4 == 0, " ", (rows % 12).astype(str)),
            "town": pd.Series(["Ulm"] * COUNT).where(rows % 5 > 0),
            "agreed": rows % 3 == 0,
            "revenue": 1.05**rows,
            "since": pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(rows, unit="D"),
            "constant": "x",
            "empty": np.nan,
        }
    )


def test_the_kinds_are_found_and_what_is_constant_or_a_name_is_left_out() -> None:
    found = {field.name: field for field in encoding.learn(table()).fields}
    assert {name: field.kind for name, field in found.items()} == {
        "plan": CHOICE,
        "seats": NUMBER,
        "town": CHOICE,
        "agreed": CHOICE,
        "revenue": NUMBER,
        "since": DATE,
    }
    assert found["seats"].gaps
    assert found["revenue"].curved
    assert found["agreed"].levels == ("False", "True")
    assert found["town"].levels == ("Ulm", MISSING)
    assert found["town"].typical == "Ulm"


def test_a_rare_or_unknown_level_is_the_other_one_and_a_gap_is_marked() -> None:
    frame = table().assign(plan=["bronze", *["basic"] * 99, *["gold"] * 80, *["silver"] * 20])
    frame.loc[150:179, "plan"] = [f"one of {n}" for n in range(30)]
    code = encoding.learn(frame[["plan", "seats"]])
    assert code.fields[0].levels == ("basic", "gold", "silver", OTHER)
    asked = pd.DataFrame({"plan": ["gold", "never seen", None], "seats": ["7", "", "many"]})
    assert code.matrix(asked).tolist() == pytest.approx(
        np.array([[0, 1, 0, 0, 7, 0], [0, 0, 0, 1, np.nan, 1], [0, 0, 0, 1, np.nan, 1]]),
        nan_ok=True,
    )
    assert code.owners.tolist() == [0, 0, 0, 0, 1, 1]
    assert code.smooth.tolist() == [False, False, False, False, True, False]


def test_a_date_counts_back_from_the_moment_and_one_after_it_is_not_known() -> None:
    days = pd.Series(pd.to_datetime(["2026-03-01", "2026-03-09", ""], utc=True))
    at = pd.Series(pd.to_datetime(["2026-03-05"] * 3, utc=True))
    assert encoding.values(days, at).tolist() == pytest.approx([4, np.nan, np.nan], nan_ok=True)
    assert encoding.values(days, None).iloc[1] - encoding.values(days, None).iloc[0] == 8


def test_typical_values_stand_for_the_shares_of_the_rows() -> None:
    code = encoding.learn(table()[["seats", "town"]])
    weights, blocks = zip(*code.background(1), strict=True)
    assert weights == (0.8, 0.2)
    assert [block.tolist() for block in blocks] == [[1, 0], [0, 1]]
    middle = [block[0] for _weight, block in code.background(0)]
    assert middle == sorted(middle)
    assert middle[2] == code.fields[0].typical


def test_a_column_that_a_table_lacks_is_missing_throughout() -> None:
    code = encoding.learn(table()[["seats", "town"]])
    asked = code.matrix(pd.DataFrame({"other": ["x", "y"]}))
    assert asked.tolist() == pytest.approx(
        np.array([[np.nan, 1, 0, 1], [np.nan, 1, 0, 1]]), nan_ok=True
    )


def test_a_copy_of_a_column_is_left_out() -> None:
    frame = table()[["seats", "revenue"]].assign(again=lambda rows: rows["revenue"])
    assert [field.name for field in encoding.learn(frame).fields] == ["seats", "revenue"]


def test_amounts_in_whole_units_are_no_numbers_of_rows_though_all_differ() -> None:
    dice = np.random.default_rng(0)
    amounts = np.unique(np.round(dice.lognormal(10, 1, 300)))
    assert not encoding.names_each_row(pd.Series(amounts))
    assert encoding.names_each_row(pd.Series(dice.choice(10**6, 300, replace=False)))
