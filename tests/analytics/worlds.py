"""Small made-up shops whose truth is known. Not here: real data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobs.analytics.features import Flags, Floats, Ints

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 720
NOW = START + timedelta(days=DAYS)


def purchases(rows: Iterable[tuple[int, datetime, float]]) -> pd.DataFrame:
    """Write purchases as the store gives them."""
    customer, at, amount = zip(*rows, strict=True) if rows else ((), (), ())
    return pd.DataFrame(
        {
            "customer": np.array(customer, dtype=np.int64),
            "at": pd.to_datetime(pd.Series(at, dtype="datetime64[us, UTC]"), utc=True),
            "amount": np.array(amount, dtype=np.float64),
        }
    )


def events(rows: Iterable[tuple[int, datetime, str]]) -> pd.DataFrame:
    """Write tickets, complaints and activities as the store gives them."""
    customer, at, kind = zip(*rows, strict=True) if rows else ((), (), ())
    return pd.DataFrame(
        {
            "customer": np.array(customer, dtype=np.int64),
            "at": pd.to_datetime(pd.Series(at, dtype="datetime64[us, UTC]"), utc=True),
            "kind": pd.Series(kind, dtype=object),
        }
    )


def at_days(days: Floats) -> pd.Series:
    """Turn days since START into moments."""
    whole = pd.to_timedelta(pd.Series(np.round(days * 86_400)), unit="s").dt.as_unit("us")
    return pd.Timestamp(START) + whole


def frame_of(customer: Ints, days: Floats, rng: np.random.Generator) -> pd.DataFrame:
    """Give purchases on these days with amounts that say nothing."""
    amount = rng.lognormal(4.0, 0.3, len(customer)).round(2)
    return pd.DataFrame({"customer": customer, "at": at_days(days), "amount": amount})


def poisson_days(
    rng: np.random.Generator, rate: float, born: Floats, left: Floats
) -> tuple[Ints, Floats]:
    """Let customer 1, 2, … buy on the day it was born and then at a constant rate until it leaves."""
    counts = rng.poisson(rate * (left - born))
    number = np.repeat(np.arange(len(born)), counts)
    days = np.concatenate([born, rng.uniform(born[number], left[number])])
    customer = np.concatenate([np.arange(len(born)), number]) + 1
    return customer.astype(np.int64), days


def shop_with_leavers(count: int = 800, seed: int = 1) -> tuple[pd.DataFrame, Flags]:
    """Give a shop whose customers buy every 15 days until they leave, and who had left by NOW."""
    rng = np.random.default_rng(seed)
    born = rng.uniform(0, 300, count)
    left = np.minimum(born + 60 + rng.exponential(400, count), DAYS)
    customer, days = poisson_days(rng, 1 / 15, born, left)
    return frame_of(customer, days, rng), np.asarray(left < DAYS, dtype=np.bool_)


def memoryless_shop(count: int = 800, seed: int = 2) -> pd.DataFrame:
    """Give a shop whose customers are all alike and forget everything: nothing can be foretold."""
    rng = np.random.default_rng(seed)
    born = rng.uniform(0, 90, count)
    customer, days = poisson_days(rng, 0.9 / 90, born, np.full(count, float(DAYS)))
    return frame_of(customer, days, rng)


def shuffled_seasons(bought: pd.DataFrame, now: datetime = NOW, seed: int = 3) -> pd.DataFrame:
    """Deal the customers' names anew in each season of 90 days before now: none has a history."""
    rng = np.random.default_rng(seed)
    season = (pd.Timestamp(now) - bought["at"]).dt.days.to_numpy(dtype=np.int64) // 90
    known = np.unique(bought["customer"])
    dealt = bought["customer"].to_numpy(dtype=np.int64, copy=True)
    for number in np.unique(season):
        part = season == number
        dealt[part] = rng.permutation(known)[np.searchsorted(known, dealt[part])]
    return bought.assign(customer=dealt)


def shop_with_complaints(count: int = 1200, seed: int = 4) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give a shop of whose customers most complain once, and leave within ten days of it."""
    rng = np.random.default_rng(seed)
    born = rng.uniform(0, 120, count)
    complained = np.where(rng.random(count) < 0.7, rng.uniform(born + 20, DAYS + 90), np.inf)
    left = np.minimum(complained + rng.uniform(0, 10, count), DAYS)
    customer, days = poisson_days(rng, 1 / 25, born, left)
    loud = complained < DAYS
    said = pd.DataFrame(
        {
            "customer": np.flatnonzero(loud) + 1,
            "at": at_days(complained[loud]),
            "kind": "complaint",
        }
    )
    return frame_of(customer, days, rng), said


def leaving_shop(
    count: int, *, r: float, alpha: float, a: float, b: float, weeks: float = 52.0, seed: int = 5
) -> tuple[Floats, Floats, Floats]:
    """Let customers buy and leave as BG/NBD says; give repeat purchases, recency and tenure in weeks.

    With a = 0 nobody leaves.
    """
    rng = np.random.default_rng(seed)
    rate = rng.gamma(r, 1 / alpha, count)
    last_one = rng.beta(a, b, count) if a else np.zeros(count)
    tenure = rng.uniform(weeks / 2, weeks, count)
    frequency, recency = np.zeros(count), np.zeros(count)
    here = np.ones(count, dtype=np.bool_)
    while here.any():
        after = recency + rng.exponential(1 / np.maximum(rate, 1e-9))
        here &= after <= tenure
        frequency, recency = frequency + here, np.where(here, after, recency)
        here &= rng.random(count) >= last_one
    return frequency, recency, tenure
