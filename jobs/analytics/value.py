"""What every customer is likely to bring in a time to come, how that is worked out, and how good it was before.

Not here: the formulae of the models (`value_models.py`), words, currencies, the memory of last
week's figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jobs.analytics.churn import RULE_DAYS, RULE_GAPS, RULE_ORDERS
from jobs.analytics.features import DAY, YEAR_DAYS, microseconds
from jobs.analytics.pareto import ParetoNbd, fit_leaving, pareto_alive, pareto_purchases
from jobs.analytics.threads import one_thread
from jobs.analytics.value_models import (
    WEEK_DAYS,
    BgNbd,
    GammaGamma,
    expected_amount,
    expected_purchases,
    fit_amounts,
    fit_purchases,
    probability_alive,
    weeks_to_next,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.analytics.features import Flags, Floats, Ints
    from jobs.analytics.moments import HeldBack

HORIZON_DAYS = 365
MIN_CUSTOMERS = 300
MIN_REPEATERS = 100  # with a repeat purchase that brought money
MIN_HISTORY_DAYS = 90  # from the first purchase of all to the moment
FIT_ROWS = 50_000  # four parameters learn nothing from more
LEAVING_ROWS = 5_000  # for Pareto/NBD, a thousand times as dear
MAX_WAIT_DAYS = 730  # a date further away is no date
BETTER = 0.95  # of the blend's error: what is less of a gain may be chance
SEED = 0

BG_NBD, PARETO_NBD = "bg_nbd", "pareto_nbd"
BLEND = "history_and_bg_nbd_gamma_gamma"
MODEL = "bg_nbd_gamma_gamma"
HISTORICAL = "historical_value"

TOO_FEW_CUSTOMERS = "too_few_customers"
TOO_FEW_REPEATERS = "too_few_repeat_customers"
TOO_LITTLE_HISTORY = "too_little_history"
HISTORY_BETTER = "history_was_better"


@dataclass(frozen=True, slots=True)
class ValueModel:
    """How value is worked out: plain numbers, so that it can be kept as JSON and used again.

    `method` is where the money comes from: BLEND, MODEL or HISTORICAL, the plain rule, with the
    code of its reason in `why`. The models are None where there was too little to fit them, and
    Pareto/NBD, `leaving`, where nobody was seen to leave. `counted` tells which of the two counts
    the purchases to come. `history_days` is the time on record, a year at most.
    """

    method: str
    why: str
    customers: int
    repeaters: int
    history_days: int
    purchases: BgNbd | None = None
    amounts: GammaGamma | None = None
    leaving: ParetoNbd | None = None
    counted: str = BG_NBD

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> ValueModel:
        """Read what `dataclasses.asdict` and JSON made of a model."""
        purchases, amounts, leaving = kept["purchases"], kept["amounts"], kept["leaving"]
        return cls(
            **{
                **kept,
                "purchases": purchases and BgNbd(**purchases),
                "amounts": amounts and GammaGamma(**amounts),
                "leaving": leaving and ParetoNbd(**leaving),
            }
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """How near one way came: mean absolute error of the money, and the share of the best tenth that it found."""

    mean_error: float
    top_tenth: float


@dataclass(frozen=True, slots=True)
class ValueQuality:
    """Three ways on a time that was held back: customers known at its start, what they brought in it.

    `purchases_error` is the mean absolute error of the purchases expected by BG/NBD, `leaving_error`
    that of Pareto/NBD where it was fitted; the money is that of the better, `counted`. `dated` are the
    customers who got a date for their next purchase within that time, and `bought_by_date` the
    share of them who had bought by then; half is what the dates promise.
    """

    customers: int
    horizon_days: int
    blend: Figures
    model: Figures
    history: Figures
    purchases_error: float
    dated: int
    bought_by_date: float | None
    leaving_error: float | None = None
    counted: str = BG_NBD

    @property
    def best(self) -> str:
        """The blend, unless another way erred clearly less and found as much of the best tenth."""
        ways = {MODEL: self.model, HISTORICAL: self.history}
        better = [
            name
            for name, way in ways.items()
            if way.mean_error < self.blend.mean_error * BETTER
            and way.top_tenth >= self.blend.top_tenth
        ]
        return min(better, key=lambda name: ways[name].mean_error, default=BLEND)


@dataclass(frozen=True, slots=True)
class Valuation:
    """Every customer's value at a moment, the model, and its quality one horizon earlier.

    `table` is as `value_customers` gives it; `quality` is None where there is not enough history to
    hold anything back.
    """

    table: pd.DataFrame
    model: ValueModel
    quality: ValueQuality | None
    horizon_days: int
    as_of: datetime


def find_value_model(summary: pd.DataFrame) -> ValueModel:
    """Fit both models to the rows of `purchase_summary`, or say why the plain rule is all that they bear."""
    repeaters = _repeaters(summary)
    days = _history_days(summary)
    size, repeated = len(summary), int(repeaters.sum())
    why = ""
    if size < MIN_CUSTOMERS:
        why = TOO_FEW_CUSTOMERS
    elif repeated < MIN_REPEATERS:
        why = TOO_FEW_REPEATERS
    elif days < MIN_HISTORY_DAYS:
        why = TOO_LITTLE_HISTORY
    if why:
        return ValueModel(HISTORICAL, why, size, repeated, days)
    with one_thread():
        bought = fit_purchases(*_behaviour(_draw(summary)))
        paid = _draw(summary[repeaters])
        amounts = fit_amounts(_floats(paid, "frequency"), _floats(paid, "mean_value"))
        leaving = fit_leaving(*_behaviour(_draw(summary, LEAVING_ROWS))) if bought.leaves else None
    return ValueModel(BLEND, "", size, repeated, days, bought, amounts, leaving)


def value_customers(
    summary: pd.DataFrame, model: ValueModel, horizon_days: int, as_of: datetime
) -> pd.DataFrame:
    """Work out what every customer is likely to bring in the `horizon_days` after `as_of`.

    Returns:
        One row per customer, in the order of the summary: customer; history_value (the net revenue
        of the last year, not below 0, for as many days); alive (probability); purchases expected;
        amount of one; model_value (their product); value; next_on (UTC day, NaT where none can be
        named). As BLEND `value` is the geometric mean of history_value and model_value: nothing
        beats last year's revenue on the mean error, and this blend finds more of the best tenth.
        Without fitted models alive and model_value are NaN, value is history_value, less for who has
        been silent for long, and next_on is the last purchase plus the own mean gap, unless that has
        passed.
    """
    history = history_value(summary, model, horizon_days)
    if model.purchases is None or model.amounts is None:
        return _by_rule(summary, model, history, horizon_days, as_of)
    behaviour = _behaviour(summary)
    count, alive = counted_purchases(summary, model, horizon_days)
    amount = expected_amount(
        model.amounts, _floats(summary, "frequency"), _floats(summary, "mean_value")
    )
    ways = {BLEND: np.sqrt(history * count * amount), MODEL: count * amount, HISTORICAL: history}
    wait = weeks_to_next(model.purchases, *behaviour) * WEEK_DAYS
    columns = {
        "customer": summary["customer"].to_numpy(),
        "history_value": history,
        "alive": alive,
        "purchases": count,
        "amount": amount,
        "model_value": ways[MODEL],
        "value": ways[model.method],
        "next_on": _days_on(as_of, wait),
    }
    return pd.DataFrame(columns)


def counted_purchases(
    summary: pd.DataFrame, model: ValueModel, horizon_days: int
) -> tuple[Floats, Floats]:
    """Give the purchases expected of every customer, and the probability of still being one, by `counted`."""
    behaviour, weeks = _behaviour(summary), horizon_days / WEEK_DAYS
    if model.counted == PARETO_NBD and model.leaving is not None:
        frequency, _, tenure = behaviour
        alive = pareto_alive(model.leaving, *behaviour)
        return pareto_purchases(model.leaving, frequency, tenure, alive, weeks), alive
    if model.purchases is None:
        message = "there is no model of purchases"
        raise ValueError(message)
    count = expected_purchases(model.purchases, *behaviour, weeks)
    return count, probability_alive(model.purchases, *behaviour)


def history_value(summary: pd.DataFrame, model: ValueModel, horizon_days: int) -> Floats:
    """Give the net revenue of the last year, or of the time on record, for as many days, not below 0."""
    scale = horizon_days / model.history_days
    return np.maximum(_floats(summary, "value_365"), 0.0) * scale


def _by_rule(
    summary: pd.DataFrame, model: ValueModel, history: Floats, horizon_days: int, as_of: datetime
) -> pd.DataFrame:
    """Value customers by their own history, and by how long they have been silent.

    Who is silent beyond the limit of the rule of `churn.py` counts for as much less as the silence
    is longer than that limit. On CDNOW and Online Retail, with half and a quarter of the time held
    back, this errs 1 to 33 % less than history alone, which tells 1.9 to 2.4 times too much of the
    one and finds as much of the best tenth.
    """
    days, repeats = _floats(summary, "days_365"), _floats(summary, "frequency")
    nothing = np.full(len(summary), np.nan)
    recency, tenure = (
        _floats(summary, f"{name}_weeks") * WEEK_DAYS for name in ("recency", "tenure")
    )
    gap = np.divide(recency, repeats, out=nothing.copy(), where=repeats > 0)
    silence = tenure - recency
    wait = gap - silence
    limit = np.where(repeats + 1 >= RULE_ORDERS, RULE_GAPS * gap, RULE_DAYS)
    left = limit / np.maximum(silence, limit)
    columns = {
        "customer": summary["customer"].to_numpy(),
        "history_value": history,
        "alive": nothing,
        "purchases": left * days * horizon_days / model.history_days,
        "amount": np.divide(
            np.maximum(_floats(summary, "value_365"), 0.0),
            days,
            out=nothing.copy(),
            where=days > 0,
        ),
        "model_value": nothing,
        "value": left * history,
        "next_on": _days_on(as_of, np.where(wait >= 0, wait, np.nan)),
    }
    return pd.DataFrame(columns)


def value_of(
    summary: pd.DataFrame,
    held_back: HeldBack | None,
    as_of: datetime,
    horizon_days: int = HORIZON_DAYS,
) -> Valuation:
    """Value every customer of a summary, after a test of the same procedure on a time it has not seen.

    The way that was best there is used.
    """
    model, quality = find_value_model(summary), None
    if model.method == BLEND and held_back is not None:
        quality = back_test(held_back)
    if quality is not None:
        why = HISTORY_BETTER if quality.best == HISTORICAL else ""
        counted = quality.counted if model.leaving else BG_NBD
        model = replace(model, method=quality.best, why=why, counted=counted)
    values = value_customers(summary, model, horizon_days, as_of)
    return Valuation(values, model, quality, horizon_days, as_of)


def back_test(held_back: HeldBack) -> ValueQuality | None:
    """Compare the values at a past moment with what came in the days after it.

    None where the customers of that moment are too few for the models.
    """
    summary, as_of, horizon_days = held_back.summary, held_back.at, held_back.days
    model = find_value_model(summary)
    if model.method != BLEND:
        return None
    after = held_back.after
    errors = _count_errors(summary, model, _floats(after, "days"), horizon_days)
    counted = min(errors, key=errors.__getitem__)
    values = value_customers(summary, replace(model, counted=counted), horizon_days, as_of)
    dated, kept = _dates(values, _floats(after, "first_day"), microseconds(as_of), horizon_days)
    truth = _floats(after, "money")
    return ValueQuality(
        customers=len(summary),
        horizon_days=horizon_days,
        blend=_figures(truth, _floats(values, "value")),
        model=_figures(truth, _floats(values, "model_value")),
        history=_figures(truth, _floats(values, "history_value")),
        purchases_error=errors[BG_NBD],
        dated=dated,
        bought_by_date=kept / dated if dated else None,
        leaving_error=errors.get(PARETO_NBD),
        counted=counted,
    )


def _count_errors(
    summary: pd.DataFrame, model: ValueModel, bought: Floats, horizon_days: int
) -> dict[str, float]:
    """Give the mean absolute error of the purchases by each model that was fitted."""
    errors = {}
    for name in (BG_NBD, PARETO_NBD) if model.leaving else (BG_NBD,):
        told, _ = counted_purchases(summary, replace(model, counted=name), horizon_days)
        errors[name] = float(np.abs(told - bought).mean())
    return errors


def _dates(values: pd.DataFrame, next_day: Floats, start: int, horizon: int) -> tuple[int, int]:
    """Count the customers with a date within the horizon, and those of them who had bought by then."""
    promised = (values["next_on"] - pd.Timestamp(0)) / pd.Timedelta(days=1)
    on = promised.to_numpy(dtype=np.float64)
    dated = on < (start + horizon * DAY) // DAY
    return int(dated.sum()), int((dated & (next_day <= on)).sum())


def _figures(truth: Floats, told: Floats) -> Figures:
    """Compare the money told with the money brought; equal amounts keep the order of the customers."""
    size = max(1, len(truth) // 10)
    best, named = (set(np.argsort(-each, kind="stable")[:size].tolist()) for each in (truth, told))
    return Figures(float(np.abs(told - truth).mean()), len(best & named) / size)


def _repeaters(summary: pd.DataFrame) -> Flags:
    """Tell who bought again and paid something for it."""
    return np.asarray(summary["mean_value"].fillna(0.0) > 0, dtype=np.bool_)


def _behaviour(summary: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Give repeat purchases, recency and tenure in weeks."""
    return (
        _floats(summary, "frequency"),
        _floats(summary, "recency_weeks"),
        _floats(summary, "tenure_weeks"),
    )


def _floats(frame: pd.DataFrame, name: str) -> Floats:
    return frame[name].to_numpy(dtype=np.float64)


def _draw(frame: pd.DataFrame, rows: int = FIT_ROWS) -> pd.DataFrame:
    """Draw so many rows without putting any back, or give all."""
    if len(frame) <= rows:
        return frame
    return frame.sample(rows, random_state=SEED)


def _span_days(summary: pd.DataFrame) -> int:
    """Give the days on record, the first and the last included."""
    weeks = float(summary["tenure_weeks"].max()) if len(summary) else 0.0
    return round(weeks * WEEK_DAYS) + 1


def _history_days(summary: pd.DataFrame) -> int:
    return min(_span_days(summary), YEAR_DAYS)


def _days_on(as_of: datetime, wait: Floats) -> Ints:
    """Give the UTC day so many days after the last one looked at; NaT where there is none in reach."""
    today = (microseconds(as_of) - 1) // DAY
    reach = wait <= MAX_WAIT_DAYS
    # Rounded first: a wait of two days that was weeks before is a hair more than two.
    whole = np.ceil(np.round(np.where(reach, wait, 0.0), 6)).astype(np.int64) + today
    days = whole.astype("datetime64[D]").astype("datetime64[s]")
    return np.where(reach, days, np.datetime64("NaT", "s"))
