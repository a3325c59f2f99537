"""Who leaves, who buys, which deal is won: chances of a yes, and that shuffled outcomes give none."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold

from benchmarks.analyses.table import EXACT, LEAST, MOST, Figure, Line
from benchmarks.analyses.value import invoices
from jobs.analytics import candidates, encoding, leaks
from jobs.analytics.moments import HORIZON_DAYS
from jobs.analytics.outcomes import Outcome, Rows, choose, fit_calibrated, learn
from jobs.analytics.quality import Quality, measure
from tests.analytics.histories import churn_of, features_of

Chances = Callable[[Rows, Rows], "np.ndarray"]
ALONE = "boosting as in the survey"
SEASON = timedelta(days=HORIZON_DAYS)


def contract_churn(folder: Path) -> Iterator[Line]:
    """Telco: the candidate chosen and calibrated within each of the 5 x 3 parts, seed 0."""
    rows = telco(folder)
    found = leaks.find_leaks(rows.frame, rows.outcomes)
    rows = Rows(rows.frame.drop(columns=[*found]), rows.outcomes, None)
    began = time.process_time()
    choices: list[dict[str, float]] = []
    ours = _parts(rows, lambda known, asked: _chosen(known, asked, choices))
    took = time.process_time() - began
    peer = _parts(rows, _surveyed)
    job = f"churn of contracts, Telco, {len(rows.outcomes):,} rows, 5×3 parts, chosen within each"
    for name, floor, aim, digits in (
        ("auc", 0.849, MOST, 3),
        ("pr_auc", 0.667, MOST, 3),
        ("brier", 0.134, LEAST, 3),
        ("lift_top_tenth", 2.88, MOST, 2),
    ):
        mine, theirs = (_mean(each, name) for each in (ours, peer))
        yield Line(job, name, Figure(mine), Figure(theirs, None, ALONE), floor, aim, digits)
    wins = Counter(next(iter(each)) for each in choices)
    for place, name in enumerate(sorted(choices[0], key=lambda name: -wins[name])):
        auc = float(np.mean([each[name] for each in choices]))
        figure = f"auc within the parts, {name}, chosen in {wins[name]}"
        yield Line("the same, choice", figure, Figure(auc, None if place else took), digits=3)


def silence_churn(folder: Path) -> Iterator[Line]:
    """Online Retail: 90 days of silence after the latest labelled moment, which is held back."""
    bought = invoices(folder)
    end = (bought["at"].max().normalize() + pd.Timedelta(days=1)).to_pydatetime()
    years = (bought["at"].max() - bought["at"].min()).days > 500
    began = time.process_time()
    receipt = churn_of(bought, None, end).receipt
    took = time.process_time() - began
    quality = _known(receipt.quality)
    job = f"churn by silence, Online Retail, held back {receipt.held_back_on}, {receipt.model}"
    alone = _log_rfm(bought, end)
    name = "regression on log-RFM, as in the survey"
    floors = (0.79, 0.70) if years else (None, None)
    peers = (Figure(alone.auc, None, name), Figure(alone.pr_auc, None, name))
    yield Line(job, "auc", Figure(quality.auc, took), peers[0], floors[0], MOST, 3)
    yield Line(job, "pr_auc", Figure(quality.pr_auc), peers[1], floors[1], MOST, 3)
    base = round(quality.base_brier, 3)
    peer = Figure(alone.brier, None, name)
    yield Line(job, "brier (floor: the best constant)", Figure(quality.brier), peer, base, LEAST, 3)


def _log_rfm(bought: pd.DataFrame, end: datetime) -> Quality:
    """Measure the survey's recipe on the same held-back moment, learnt one season before."""
    seasons = []
    for number in (2, 1):
        at = end - number * SEASON
        frame = features_of(bought, None, at)
        later = bought[(bought["at"] >= at) & (bought["at"] < at + SEASON) & (bought["amount"] > 0)]
        left = ~frame["customer"].isin(later["customer"]).to_numpy(dtype=bool)
        rfm = frame[["recency_days", "frequency", "value"]].to_numpy(dtype=np.float64)
        seasons.append((np.log1p(np.maximum(rfm, 0.0)), left))
    (past, left_past), (now, left_now) = seasons
    model = LogisticRegression(max_iter=500).fit(past, left_past)
    return measure(left_now, model.predict_proba(now)[:, 1])


def lead_score(folder: Path) -> Iterator[Line]:
    """Leads: the last third by number, without the fields that are filled after the fact."""
    frame, outcomes = _leads(folder)
    number = frame["Lead Number"]
    began = time.process_time()
    found = learn(frame, outcomes, number)
    took = time.process_time() - began
    quality = _known(found.receipt.quality)
    left = sum(code != leaks.NAMES_EACH_ROW for _name, code in found.receipt.excluded)
    job = f"lead score, last third, {found.receipt.model}, without {left} fields found to leak"
    cut = len(frame) - len(frame) // 3
    order = np.argsort(number.to_numpy(), kind="stable")
    rows = Rows(
        frame.iloc[order].drop(columns=[*dict(found.receipt.excluded)]), outcomes[order], None
    )
    places = np.arange(len(frame))
    alone = measure(
        rows.outcomes[cut:], _surveyed(rows.take(places[:cut]), rows.take(places[cut:]))
    )
    peer = Figure(alone.auc, None, ALONE)
    yield Line(job, "auc", Figure(quality.auc, took), peer, 0.896, MOST, 3)
    yield Line(job, "auc (with the leaks it is .98)", Figure(quality.auc), None, 0.95, LEAST, 3)
    base = round(quality.base_brier, 3)
    yield Line(job, "brier (floor: the best constant)", Figure(quality.brier), None, base, LEAST, 3)


def win_chance(folder: Path) -> Iterator[Line]:
    """Opportunities: what was known when each was opened, in the order of time."""
    frame, outcomes, at = opportunities(folder)
    yield from _nothing("win chance, opportunities, last third", learn(frame, outcomes, at))


def negative_controls(folder: Path) -> Iterator[Line]:
    """Shuffle the outcomes: a model that finds signal there is broken."""
    rows = telco(folder)
    frame, outcomes = _leads(folder)
    dealt = np.random.default_rng(candidates.SEED).permutation
    yield from _nothing("Telco, shuffled", learn(rows.frame, dealt(rows.outcomes)))
    yield from _nothing("leads, shuffled", learn(frame, dealt(outcomes), frame["Lead Number"]))


def _nothing(job: str, found: Outcome) -> Iterator[Line]:
    auc = Figure(_known(found.receipt.quality).auc)
    yield Line(
        job, "usable (0: no usable signal)", Figure(float(found.receipt.usable)), None, 0, EXACT
    )
    yield Line(job, "auc", auc, digits=3)


def telco(folder: Path) -> Rows:
    """Read the subscribers and who left."""
    frame = pd.read_csv(folder / "telco_churn.csv.gz")
    return Rows(frame.drop(columns="Churn"), (frame["Churn"] == "Yes").to_numpy(), None)


def opportunities(folder: Path) -> tuple[pd.DataFrame, np.ndarray, pd.Series]:
    """Read the decided opportunities as they were when they were opened, and which were won."""
    tables = {
        path.name.partition(".")[0]: pd.read_csv(path)
        for path in sorted((folder / "crm_opportunities").glob("*.csv*"))
    }
    deals = tables["sales_pipeline"].replace({"product": {"GTXPro": "GTX Pro"}})
    deals = deals[deals["deal_stage"].isin(["Won", "Lost"])]
    for name, on in (
        ("accounts", "account"),
        ("products", "product"),
        ("sales_teams", "sales_agent"),
    ):
        deals = deals.merge(tables[name], on=on, how="left")
    known = deals.drop(columns=["deal_stage", "close_value", "close_date", "engage_date"])
    at = pd.to_datetime(deals["engage_date"], utc=True)
    return known, (deals["deal_stage"] == "Won").to_numpy(), at


def _leads(folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    frame = pd.read_csv(folder / "lead_scoring.csv.gz")
    return frame.drop(columns="Converted"), (frame["Converted"] == 1).to_numpy()


def _parts(rows: Rows, chances: Chances) -> list[Quality]:
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=3, random_state=0)
    found = []
    for known, asked in folds.split(rows.frame, rows.outcomes):
        part = rows.take(asked)
        found.append(measure(part.outcomes, chances(rows.take(known), part)))
    return found


def _chosen(known: Rows, asked: Rows, choices: list[dict[str, float]]) -> np.ndarray:
    """Choose on a part's known rows alone, and note what was tried, the winner first."""
    tried = choose(known)
    choices.append(dict(tried))
    return fit_calibrated(tried[0][0], known).probabilities(asked.frame)


def _surveyed(known: Rows, asked: Rows) -> np.ndarray:
    """Run the simplest thing of the survey on our matrix."""
    code = encoding.learn(known.frame)
    trees = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=150, max_leaf_nodes=8, random_state=0
    ).fit(code.matrix(known.frame), known.outcomes)
    return np.asarray(trees.predict_proba(code.matrix(asked.frame))[:, 1])


def _mean(parts: list[Quality], name: str) -> float:
    return float(np.mean([getattr(each, name) for each in parts]))


def _known(quality: Quality | None) -> Quality:
    assert quality is not None
    return quality
