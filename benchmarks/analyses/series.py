"""Forecasts of passengers and of a shop's weekly and monthly revenue, beside statsmodels'."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.analyses.table import LEAST, Figure, Line, there_is, timed
from jobs.analytics.forecasters import CANDIDATES, SEASONAL_NAIVE
from jobs.analytics.forecasts import MAX_TESTS, RACE_PERIODS, Forecast, forecast
from jobs.analytics.series import Calendar, Series, Unit, regular
from tests.analytics.passengers import PASSENGERS, monthly

if TYPE_CHECKING:
    from jobs.analytics.features import Floats

PEER = "statsmodels"
WEEKS_AHEAD, MONTHS_AHEAD = 4, 3
TWO_YEARS = 24  # months


def passengers(_folder: Path) -> Iterator[Line]:
    """AirPassengers: the last year from the eleven before."""
    known, happened = PASSENGERS[:-12], np.array(PASSENGERS[-12:], dtype=np.float64)
    found, seconds = timed(lambda: forecast(monthly(known), 12))
    values = np.asarray(known, dtype=np.float64)
    peers = [_holt_winters, _statsmodels_theta] if there_is(PEER) else [None]
    for index, run in enumerate(peers):
        peer = None
        if run is not None:
            told, taken = timed(lambda run=run: run(values, 12, 12))
            name = f"{PEER} {run.__name__.strip('_').removeprefix('statsmodels_')}"
            peer = Figure(_percent_off(told, happened), taken, name)
        ours = Figure(_percent_off(_told(found), happened), None if index else seconds)
        job = "forecast, AirPassengers, last 12 months"
        yield Line(job, f"mean error in %, {found.method}", ours, peer, 3.9, LEAST, 2)
    naive = CANDIDATES[SEASONAL_NAIVE].run(values, 12, [len(values)], 12)[0]
    other = Figure(_percent_off(naive, happened), None, "same as last year")
    ours = Figure(_percent_off(_told(found), happened))
    yield Line("forecast, AirPassengers, last 12 months", "the same", ours, other, None, LEAST, 2)


def weekly_revenue(folder: Path) -> Iterator[Line]:
    """Online Retail: rolling forecasts of four weeks; all methods from the same moments.

    The floor stands for sales alone: the field's other figures on this set are those of the
    invoices without cancellations.
    """
    lines, first, end = _lines(folder)
    for what, chosen, floor in (
        ("sales alone", lines[(lines["Quantity"] > 0) & (lines["Price"] > 0)], 1.20),
        ("net of cancellations", lines, None),
    ):
        weeks = regular(chosen[["at", "amount"]], Calendar(Unit.WEEK, UTC, first), end)
        job = f"forecast, Online Retail, {len(weeks.amounts)} weeks, {what}"
        found, seconds = timed(lambda weeks=weeks: forecast(weeks, WEEKS_AHEAD))
        if found.error is None:
            yield Line(f"{job}: too few to test", "weeks", Figure(len(weeks.amounts)))
            continue
        figure = f"MASE, {found.method}, {found.error.tests} moments, 1 to 4 weeks on"
        yield Line(
            job,
            figure,
            Figure(found.error.mase, seconds),
            _theta_race(weeks, found.error.tests, dict(found.candidates)),
            floor,
            LEAST,
            2,
        )
        yield Line(job, "outcomes within the 80 % range, share", _coverage(weeks), digits=2)


def _theta_race(weeks: Series, tests: int, tried: dict[str, float]) -> Figure:
    """Give the MASE of statsmodels' Theta from the same moments, else that of the naive method."""
    naive = tried["naive"]
    if not there_is(PEER):
        return Figure(naive, None, "same as last week")
    values = np.asarray(weeks.amounts, dtype=np.float64)
    origins = range(len(values) - tests, len(values))
    told, seconds = timed(
        lambda: np.array([_statsmodels_theta(values[:each], 1, WEEKS_AHEAD) for each in origins])
    )
    unit = _mean_off(CANDIDATES["naive"].run(values, 1, list(origins), WEEKS_AHEAD), values)
    return Figure(_mean_off(told, values) / unit * naive, seconds, f"{PEER} theta")


def _mean_off(told: Floats, values: Floats) -> float:
    """Give the mean absolute error of forecasts from the latest moments, by amount."""
    later = np.concatenate([values, np.full(told.shape[1], np.nan)])
    first = len(values) - len(told)
    happened = np.array(
        [later[first + row : first + row + told.shape[1]] for row in range(len(told))]
    )
    return float(np.nanmean(np.abs(happened - told)))


def _coverage(weeks: Series) -> Figure:
    """Count how many of the next four weeks lay within the range that was given before them."""
    inside: list[bool] = []
    for size in range(max(RACE_PERIODS + 6, len(weeks.amounts) - MAX_TESTS), len(weeks.amounts)):
        before = replace(weeks, amounts=weeks.amounts[:size])
        later = weeks.amounts[size : size + WEEKS_AHEAD]
        for step, value in zip(forecast(before, WEEKS_AHEAD).steps, later, strict=False):
            if step.low is not None and step.high is not None:
                inside.append(step.low <= value <= step.high)
    return Figure(float(np.mean(inside)))


def monthly_revenue(folder: Path) -> Iterator[Line]:
    """Online Retail: the last quarter; the floor is that of two years, and one year says little."""
    lines, first, end = _lines(folder)
    months = regular(lines[["at", "amount"]], Calendar(Unit.MONTH, UTC, first), end)
    size = len(months.amounts)
    before = replace(months, amounts=months.amounts[:-MONTHS_AHEAD])
    found, seconds = timed(lambda: forecast(before, MONTHS_AHEAD))
    happened = np.asarray(months.amounts[-MONTHS_AHEAD:])
    enough = size >= TWO_YEARS
    job = f"forecast, Online Retail, last {MONTHS_AHEAD} of {size} months"
    if not enough:
        job += f" (the floor of 4.5 is for {TWO_YEARS}: not to be had here)"
    figure = f"mean error in %, {found.method}"
    floor = 4.5 if enough else None
    ours = Figure(_percent_off(_told(found), happened), seconds)
    for run in (_statsmodels_theta, _damped) if there_is(PEER) else ():
        told = run(np.asarray(before.amounts), 1, MONTHS_AHEAD)
        name = f"{PEER} {run.__name__.strip('_').removeprefix('statsmodels_')}"
        peer = Figure(_percent_off(told, happened), None, name)
        yield Line(job, figure, ours, peer, floor, LEAST, 1)
    if not there_is(PEER):
        yield Line(job, figure, ours, None, floor, LEAST, 1)


def _told(found: Forecast) -> Floats:
    return np.array([step.value for step in found.steps])


def _percent_off(told: Floats, happened: Floats) -> float:
    """Give the mean absolute error in percent of what happened."""
    return float(np.mean(np.abs(told / happened - 1)) * 100)


def _lines(folder: Path) -> tuple[pd.DataFrame, date, datetime]:
    """Read every year there is, each line once, with its first day and the end of its last."""
    columns = ["Invoice", "StockCode", "Quantity", "InvoiceDate", "Price", "Customer ID"]
    files = sorted(folder.glob("online_retail_*.csv.gz")) or [
        folder / "online_retail_2009_2010.csv.gz"
    ]
    lines = pd.concat([pd.read_csv(file, usecols=columns) for file in files]).drop_duplicates()
    lines["at"] = pd.to_datetime(lines["InvoiceDate"], utc=True)
    lines["amount"] = lines["Quantity"] * lines["Price"]
    last = lines["at"].max().date() + timedelta(days=1)
    return lines, lines["at"].min().date(), datetime.combine(last, time(), UTC)


def _statsmodels_theta(values: Floats, season: int, horizon: int) -> Floats:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    return np.asarray(
        ThetaModel(values, period=season, deseasonalize=season > 1).fit().forecast(horizon)
    )


def _holt_winters(values: Floats, season: int, horizon: int) -> Floats:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    model = ExponentialSmoothing(values, trend="add", seasonal="mul", seasonal_periods=season)
    return np.asarray(model.fit().forecast(horizon))


def _damped(values: Floats, _season: int, horizon: int) -> Floats:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    model = ExponentialSmoothing(values, trend="add", damped_trend=True)
    return np.asarray(model.fit().forecast(horizon))
