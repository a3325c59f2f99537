"""Fields that give the outcome away are found, and honest strong ones are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jobs.analytics import leaks

if TYPE_CHECKING:
    from jobs.analytics.features import Flags

COUNT = 1200


def decided(seed: int = 0) -> tuple[pd.DataFrame, Flags]:
    """Give honest fields, some of them strong, with what happened."""
    rng = np.random.default_rng(seed)
    months = rng.integers(1, 70, COUNT)
    contract = rng.choice(["monthly", "yearly", "two years"], COUNT, p=[0.5, 0.25, 0.25])
    asked = rng.random(COUNT) < 0.3
    log_odds = 1.2 - 0.04 * months + np.where(contract == "monthly", 1.0, -1.5) - 1.0 * ~asked
    outcomes = np.asarray(rng.random(COUNT) < 1 / (1 + np.exp(-log_odds)))
    frame = pd.DataFrame(
        {
            "months": months,
            "contract": contract,
            "phone": pd.Series(["given"] * COUNT).where(asked),
            "city": rng.choice(["Ulm", "Bonn", "Kiel"], COUNT),
        }
    )
    return frame, outcomes


def found_with(**columns: Any) -> dict[str, str]:
    """Find the leaks of the honest fields and these."""
    frame, outcomes = decided()
    return leaks.find_leaks(frame.assign(**columns), outcomes)


def test_honest_fields_are_kept_however_strong() -> None:
    assert found_with() == {}


def test_a_number_that_is_set_when_the_outcome_is_known_decides_alone() -> None:
    _frame, left = decided()
    paid_back = np.where(left, np.random.default_rng(1).uniform(1, 50, COUNT), 0.0)
    assert found_with(paid_back=paid_back) == {"paid_back": "decides_alone"}


def test_a_reason_that_is_asked_of_some_who_left_is_filled_by_the_outcome() -> None:
    _frame, left = decided()
    rng = np.random.default_rng(2)
    asked = left & (rng.random(COUNT) < 0.3)
    said = pd.Series(np.where(asked, rng.choice(["price", "moved"], COUNT), ""), dtype=object)
    assert found_with(exit_reason=said) == {"exit_reason": "filled_by_outcome"}


def test_a_date_of_leaving_is_filled_by_the_outcome() -> None:
    _frame, left = decided()
    day = pd.Series(pd.Timestamp("2026-05-01", tz="UTC"), index=range(COUNT)).where(left)
    assert found_with(left_on=day) == {"left_on": "filled_by_outcome"}


def test_a_remark_that_settles_many_rows_decides_both_ways_and_takes_its_form_along() -> None:
    _frame, left = decided()
    rng = np.random.default_rng(3)
    sure = rng.random(COUNT) < 0.4
    remark = np.where(sure, np.where(left, "goodbye", "signed again"), "no answer")
    written = rng.random(COUNT) < 0.7
    form = pd.Series(rng.choice(["tea", "coffee"], COUNT), dtype=object).where(written)
    assert found_with(remark=pd.Series(remark, dtype=object).where(written), drink=form) == {
        "remark": "decides_both_ways",
        "drink": "filled_with_such_a_field",
    }


def test_a_level_that_is_nearly_sure_one_way_is_no_leak() -> None:
    _frame, left = decided()
    rng = np.random.default_rng(4)
    friend = rng.random(COUNT) < np.where(left, 0.002, 0.12)
    assert found_with(source=np.where(friend, "friend", "advert")) == {}


def test_names_and_numbers_of_rows_are_left_out() -> None:
    rows = np.arange(COUNT)
    assert found_with(id=rows, name=[f"customer {row}" for row in rows]) == {
        "id": "names_each_row",
        "name": "names_each_row",
    }
