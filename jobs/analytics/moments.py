"""Which moments the nightly analyses look at, and their tables, made from one reading of the sums.

Tables of different customers are made apart and put together afterwards, so that never more than a
page of sums is in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from jobs.analytics.features import (
    DAY,
    YEAR_DAYS,
    bought_between,
    brought_between,
    customer_features,
    feature_borders,
    histories,
    microseconds,
    purchase_summary,
    stacked,
    summary_borders,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from crm_store.features import Sums
    from jobs.analytics.features import Flags, Histories, Ints

WEEK = timedelta(weeks=1)
HORIZON_DAYS = 90
MAX_SEASONS = 5  # labelled moments looked at, one of them held back: older habits teach little
SEASON_CUSTOMERS = 200_000  # looked at in a past season: a model learns no more from more
_SCATTER = np.uint64(0x9E3779B97F4A7C15)  # Knuth's multiplicative hashing, 2 ** 64 / golden ratio


@dataclass(frozen=True, slots=True)
class Plan:
    """The moments of which tables are wanted.

    Attributes:
        now: the moment of the job.
        seasons: past moments, latest first, a horizon apart; whoever bought before one and not in
            the `horizon_days` after it has left.
        horizon_days: see `seasons`.
        held_back: a past moment at which value is foretold to see how near it comes, with the days
            from there to `now`; None where there is too little history.
        share: of the customers, those looked at in the seasons, in 0..1.
    """

    now: datetime
    seasons: tuple[datetime, ...]
    horizon_days: int
    held_back: datetime | None
    share: float

    @property
    def borders(self) -> tuple[datetime, ...]:
        """All moments between which sums are wanted, in order."""
        found = feature_borders(self.now) | feature_borders(self.now - WEEK)
        found |= summary_borders(self.now)
        for at in self.seasons:
            found |= feature_borders(at) | {self._end(at)}
        if self.held_back is not None:
            found |= summary_borders(self.held_back)
        return tuple(sorted(found))

    def season(self, past: Histories, at: datetime) -> Season:
        """Make the labelled table of one past moment."""
        frame = customer_features(past, at)
        frame = frame[_drawn(frame["customer"].to_numpy(), self.share)].reset_index(drop=True)
        bought = bought_between(past, frame["customer"].to_numpy(), at, self._end(at))
        return Season(at, frame, ~bought)

    def _end(self, at: datetime) -> datetime:
        return at + timedelta(days=self.horizon_days)


@dataclass(frozen=True, slots=True)
class Season:
    """Every customer at one past moment, with whether each bought again within the horizon."""

    at: datetime
    frame: pd.DataFrame
    churned: Flags


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What was known of customers at a past moment, and what they brought from then to now.

    `summary` is as `purchase_summary` gives it, `after` as `brought_between`, row by row of the
    same customers.
    """

    at: datetime
    days: int
    summary: pd.DataFrame
    after: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Tables:
    """Customers at all moments of a plan.

    Attributes:
        now, week_before: as `customer_features` gives them.
        seasons: in the order of the plan.
        summary: as `purchase_summary` gives it, now.
        held_back: None where the plan has none.
    """

    now: pd.DataFrame
    week_before: pd.DataFrame
    seasons: tuple[Season, ...]
    summary: pd.DataFrame
    held_back: HeldBack | None


def plan(
    now: datetime,
    firsts: tuple[datetime | None, datetime | None],
    customers: int,
    seasons: Sequence[datetime] = (),
) -> Plan:
    """Choose the moments for a job at `now`.

    Args:
        now: the moment of the job.
        firsts: when the first purchase of all was made, and when the first order that is no return.
        customers: how many have bought by now.
        seasons: past moments that a model was learned from, to learn it again.

    Returns:
        These, else up to MAX_SEASONS seasons, each with a horizon of history before it, and half of
        the history, at most a year, held back for value.
    """
    bought, came = firsts
    horizon = timedelta(days=HORIZON_DAYS)
    past = (now - number * horizon for number in range(1, MAX_SEASONS + 1))
    return Plan(
        now=now,
        seasons=tuple(
            at for at in seasons or past if bought is not None and at - horizon >= bought
        ),
        horizon_days=HORIZON_DAYS,
        held_back=None if came is None else _held_back(now, came),
        share=min(1.0, SEASON_CUSTOMERS / max(customers, 1)),
    )


def _held_back(now: datetime, came: datetime) -> datetime | None:
    span = (microseconds(now) - 1) // DAY - microseconds(came) // DAY + 1
    days = min(YEAR_DAYS, span // 2)
    return now - timedelta(days=days) if days > 0 else None


def compose(wanted: Plan, sums: Sums) -> Tables:
    """Make the tables of the customers whose sums these are, with the plan's borders."""
    past = histories(sums)
    return Tables(
        now=customer_features(past, wanted.now),
        week_before=customer_features(past, wanted.now - WEEK),
        seasons=tuple(wanted.season(past, at) for at in wanted.seasons),
        summary=purchase_summary(past, wanted.now),
        held_back=None if wanted.held_back is None else _test(past, wanted, wanted.held_back),
    )


def _test(past: Histories, wanted: Plan, at: datetime) -> HeldBack:
    summary = purchase_summary(past, at)
    after = brought_between(past, summary["customer"].to_numpy(), at, wanted.now)
    return HeldBack(at, (wanted.now - at).days, summary, after)


def joined(pages: Sequence[Tables]) -> Tables:
    """Put the tables of different customers together; there is at least one page."""
    tests = [page.held_back for page in pages if page.held_back is not None]
    return Tables(
        now=stacked(page.now for page in pages),
        week_before=stacked(page.week_before for page in pages),
        seasons=tuple(
            _one_season(each) for each in zip(*(page.seasons for page in pages), strict=True)
        ),
        summary=stacked(page.summary for page in pages),
        held_back=_one_test(tests) if tests else None,
    )


def _one_season(parts: Sequence[Season]) -> Season:
    frame = stacked(part.frame.assign(churned=part.churned) for part in parts)
    return Season(parts[0].at, frame.drop(columns="churned"), frame["churned"].to_numpy(dtype=bool))


def _one_test(parts: Sequence[HeldBack]) -> HeldBack:
    summary, after = stacked(part.summary for part in parts), stacked(part.after for part in parts)
    return HeldBack(parts[0].at, parts[0].days, summary, after)


def _drawn(customers: Ints, share: float) -> Flags:
    """Draw about that share of the customers, the same ones every time."""
    scattered = (customers.astype(np.uint64) * _SCATTER) >> np.uint64(32)
    return np.asarray(scattered < np.uint64(round(share * 2**32)), dtype=np.bool_)
