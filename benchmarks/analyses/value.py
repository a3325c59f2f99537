"""Purchases and money to come, on CDNOW and Online Retail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.analyses.table import EXACT, LEAST, MOST, Figure, Line, there_is, timed
from jobs.analytics import pareto, value, value_models
from tests.analytics.histories import held_back_of, summary_of

if TYPE_CHECKING:
    from jobs.analytics.features import Floats


def purchases_to_come(folder: Path) -> Iterator[Line]:
    """CDNOW: the parameters published for its first 39 weeks, and the error in the next 39."""
    columns = ["master", "customer", "on", "discs", "amount"]
    bought = pd.read_csv(folder / "cdnow_sample.txt.gz", sep=r"\s+", header=None, names=columns)
    bought["at"] = pd.to_datetime(bought["on"].astype(str), utc=True)
    start = datetime(1997, 10, 1, tzinfo=UTC)
    summary = summary_of(bought, start)
    x, last, seen = (
        summary[name].to_numpy() for name in ("frequency", "recency_weeks", "tenure_weeks")
    )
    model, seconds = timed(lambda: value_models.fit_purchases(x, last, seen))
    held_back = value.back_test(held_back_of(bought, start, 273))
    yield from _leaving(x, last, seen, held_back.leaving_error)
    peers = _lifetimes_purchases(bought, summary, start) if there_is("lifetimes") else [None] * 6
    ours = (model.r, model.alpha, model.a, model.b, model.log_likelihood, held_back.purchases_error)
    names = ("r", "α", "a", "b", "log-likelihood", "mean absolute error, next 39 weeks")
    floors = ((0.243, 3), (4.414, 3), (0.793, 3), (2.426, 3), (-9582.4, 1), (0.7855, 4))
    for number, name, peer, (floor, digits) in zip(ours, names, peers, floors, strict=True):
        mine = Figure(number, seconds if name == "r" else None)
        aim = LEAST if name == names[-1] else EXACT
        yield Line("BG/NBD, CDNOW, 39 weeks", name, mine, peer, floor, aim, digits)
    yield from _amounts(summary)


def _leaving(x: Floats, last: Floats, seen: Floats, error: float | None) -> Iterator[Line]:
    """Pareto/NBD on the same customers."""
    job = "Pareto/NBD, CDNOW, 39 weeks"
    model, seconds = timed(lambda: pareto.fit_leaving(x, last, seen))
    for name, number, floor, digits in (
        ("r", model.r, 0.553, 3),
        ("α", model.alpha, 10.578, 3),
        ("s", model.s, 0.606, 3),
        ("β", model.beta, 11.669, 3),
        ("log-likelihood", model.log_likelihood, -9595.0, 1),
    ):
        mine = Figure(number, seconds if name == "r" else None)
        yield Line(job, name, mine, None, floor, EXACT, digits)
    mine = Figure(error if error is not None else np.nan)
    yield Line(job, "mean absolute error, next 39 weeks", mine, None, 0.7545, LEAST, 4)


def _lifetimes_purchases(
    bought: pd.DataFrame, summary: pd.DataFrame, start: datetime
) -> list[Figure | None]:
    """Give lifetimes' parameters and error on our summary; its own helper fails on pandas 3."""
    from lifetimes import BetaGeoFitter

    columns = [summary[name].to_numpy() for name in ("frequency", "recency_weeks", "tenure_weeks")]
    fitter, seconds = timed(lambda: BetaGeoFitter().fit(*columns))
    told = fitter.conditional_expected_number_of_purchases_up_to_time(39, *columns)
    after = bought[(bought["at"] >= start) & (bought["at"] < start + timedelta(days=273))]
    days = after.groupby("customer")["at"].nunique().reindex(summary["customer"], fill_value=0)
    name, error = "lifetimes", float(np.abs(told - days.to_numpy()).mean())
    r, alpha, a, b = (
        Figure(float(fitter.params_[each]), None, name) for each in fitter.params_.index
    )
    # Its likelihood is that of times divided by a scale of its own, so there is none to compare.
    return [replace(r, seconds=seconds), alpha, a, b, None, Figure(error, None, name)]


def _amounts(summary: pd.DataFrame) -> Iterator[Line]:
    """Gamma-Gamma on those of CDNOW's customers who bought again and paid."""
    paid = summary[summary["mean_value"] > 0]
    x, z = paid["frequency"].to_numpy(), paid["mean_value"].to_numpy()
    model, seconds = timed(lambda: value_models.fit_amounts(x, z))
    peers: list[Figure | None] = [None] * 3
    if there_is("lifetimes"):
        from lifetimes import GammaGammaFitter

        fitter, taken = timed(lambda: GammaGammaFitter().fit(x, z))
        peers = [Figure(float(fitter.params_[name]), None, "lifetimes") for name in "pqv"]
        peers[0] = replace(peers[0], seconds=taken)
    for name, floor, peer in zip("pqv", (6.25, 3.74, 15.44), peers, strict=True):
        mine = Figure(getattr(model, name), seconds if name == "p" else None)
        yield Line("Gamma-Gamma, CDNOW", name, mine, peer, floor, EXACT, 2)


def money_to_come(folder: Path) -> Iterator[Line]:
    """Online Retail: the second year from the first where both are there, else the second half of one."""
    bought = invoices(folder)
    end = bought["at"].max().normalize() + pd.Timedelta(days=1)
    span = (end - bought["at"].min().normalize()).days
    years = span > 1.5 * value.YEAR_DAYS
    held_back = min(value.YEAR_DAYS, span // 2)
    start = (end - pd.Timedelta(days=held_back)).to_pydatetime()
    known = held_back_of(bought, start, held_back)
    told, seconds = timed(lambda: value.back_test(known))
    job = f"money, Online Retail, last {held_back} of {span} days"
    yield Line(
        job,
        "best tenth found, blend",
        Figure(told.blend.top_tenth, seconds),
        Figure(told.history.top_tenth, None, "revenue before"),
        0.609 if years else None,
        MOST,
        3,
    )
    model = Figure(told.model.top_tenth, None, "BG/NBD × Gamma-Gamma")
    yield Line(job, "the same", Figure(told.blend.top_tenth), model, None, MOST, 3)
    yield Line(
        job,
        "mean absolute error, blend",
        Figure(told.blend.mean_error),
        Figure(told.history.mean_error, None, "revenue before"),
        None,
        LEAST,
        1,
    )
    yield Line(
        job,
        "the same",
        Figure(told.blend.mean_error),
        Figure(told.model.mean_error, None, "BG/NBD × Gamma-Gamma"),
        None,
        LEAST,
        1,
    )
    yield Line(
        job,
        f"had bought by the date named, {told.dated} customers (.5 is promised)",
        Figure(told.bought_by_date or 0.0),
        digits=3,
    )


def invoices(folder: Path, *, kept_only: bool = False) -> pd.DataFrame:
    """Read every year there is: one row per customer and invoice, without the cancelled ones if so asked."""
    files = sorted(folder.glob("online_retail_*.csv.gz")) or [
        folder / "online_retail_2009_2010.csv.gz"
    ]
    columns = ["Invoice", "StockCode", "Quantity", "InvoiceDate", "Price", "Customer ID"]
    lines = pd.concat([pd.read_csv(file, usecols=columns) for file in files]).drop_duplicates()
    lines = lines.dropna(subset=["Customer ID"])
    if kept_only:
        lines = lines[(lines["Quantity"] > 0) & (lines["Price"] > 0)]
    table = pd.DataFrame(
        {
            "customer": lines["Customer ID"].astype("int64"),
            "invoice": lines["Invoice"],
            "at": pd.to_datetime(lines["InvoiceDate"], utc=True),
            "amount": lines["Quantity"] * lines["Price"],
        }
    )
    grouped = table.groupby(["customer", "invoice"], as_index=False)
    return grouped.agg({"at": "min", "amount": "sum"})
