"""What the analyses reach on real data, beside what the field reaches, in one run with one thread.

    python benchmarks/analytics.py [FOLDER] [SECTION …]

FOLDER holds the data sets (shared/data beside the checkout). A section is left out where its set is
missing. mlxtend and lifetimes are run beside ours where they can be imported; the floor is the
figure of the field's survey, or the published one. To add a job, write a function that takes the
folder and gives lines, and put it into SECTIONS.
"""

from __future__ import annotations

import gzip
import importlib.util
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from jobs.analytics import rules, value, value_models
from jobs.analytics.threads import one_thread

T = TypeVar("T")
FOLDER = Path(__file__).parents[2] / "shared" / "data"
ROUNDS = 3
EXACT, MOST, LEAST = "exact", "at least", "at most"
HELD = {True: "yes", False: "**no**"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, the CPU seconds it took (None: it came with the one before) and whose it is."""

    number: float
    seconds: float | None = None
    of: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of ours beside the peer's in this run and the floor; `digits` of it count."""

    job: str
    figure: str
    ours: Figure
    peer: Figure | None = None
    floor: float | None = None
    aim: str = EXACT
    digits: int = 0

    def holds(self) -> bool | None:
        """Tell whether ours is at or beyond the floor, to the digits shown."""
        if self.floor is None:
            return None
        ours = round(self.ours.number, self.digits)
        return {EXACT: ours == self.floor, MOST: ours >= self.floor, LEAST: ours <= self.floor}[
            self.aim
        ]


Section = Callable[[Path], Iterator[Line]]


def main() -> None:
    """Run the sections and print one table."""
    arguments = sys.argv[1:]
    folder = Path(arguments.pop(0)) if arguments and Path(arguments[0]).is_dir() else FOLDER
    unknown = [name for name in arguments if name not in SECTIONS]
    if unknown:
        sys.exit(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    print("| job | figure | Rapport | CPU s | another in this run | CPU s | floor | held |")
    print("|---|---|--:|--:|--:|--:|--:|---|")
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers use what their libraries call out of date
        for name in arguments or SECTIONS:
            _print(name, SECTIONS[name], folder)


def _print(name: str, section: Section, folder: Path) -> None:
    """Print a section's lines as they come."""
    try:
        for line in section(folder):
            print(_row(line), flush=True)
    except FileNotFoundError as missing:
        print(f"| {name} | {Path(missing.filename).name} is missing | | | | | | |", flush=True)


def _row(line: Line) -> str:
    held = line.holds()
    cells = [
        line.job,
        line.figure,
        f"{line.ours.number:,.{line.digits}f}",
        _seconds(line.ours),
        f"{line.peer.of} {line.peer.number:,.{line.digits}f}" if line.peer else "–",
        _seconds(line.peer),
        f"{line.aim} {line.floor:,.{line.digits}f}" if line.floor is not None else "–",
        "–" if held is None else HELD[held],
    ]
    return f"| {' | '.join(cells)} |"


def _seconds(figure: Figure | None) -> str:
    return "" if figure is None or figure.seconds is None else f"{figure.seconds:.3f}"


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Do the work ROUNDS times; give its result and the least CPU seconds."""
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        done = work()
        taken.append(time.process_time() - began)
    return done, min(taken)


def there_is(library: str) -> bool:
    """Tell whether a peer can be run beside ours."""
    return importlib.util.find_spec(library) is not None


# ------------------------------------------------------------------------------- association rules
def association_rules(folder: Path) -> Iterator[Line]:
    """Groceries: the counts are exact, only the time differs."""
    with gzip.open(folder / "groceries.csv.gz", "rt", encoding="utf-8") as file:
        lists = [line.strip().split(",") for line in file]
    lines = [(number, item) for number, basket in enumerate(lists) for item in basket]
    baskets = rules.read_baskets(pd.DataFrame(lines, columns=["basket", "item"]))
    for support, confidence, floors in (
        (0.01, 0.2, (333, 231, 234)),
        (0.001, 0.8, (13492, 410, 413)),
    ):
        job = f"rules, groceries, support {support}, confidence {confidence}"
        peer = _mlxtend(lists, support, confidence) if there_is("mlxtend") else [None] * 3
        minimum = rules.least_count(support, len(baskets.rows))
        for method in rules.ALGORITHMS:
            counts, seconds = timed(
                lambda method=method, minimum=minimum: rules.frequent_sets(
                    baskets, minimum, method=method
                )
            )
            yield Line(job, f"sets, {method}", Figure(len(counts), seconds), peer[0], floors[0])
        for consequents, name, other, floor in (
            (1, "rules, one consequent", peer[1], floors[1]),
            (None, "rules, any consequent", peer[2], floors[2]),
        ):
            asked = rules.Thresholds(support, confidence, consequents=consequents)
            found, seconds = timed(
                lambda asked=asked, counts=counts: rules.rules_of(baskets, counts, asked)
            )
            yield Line(job, name, Figure(len(found), seconds), other, floor)


def _mlxtend(lists: list[list[str]], support: float, confidence: float) -> list[Figure]:
    """Give the sets, the rules with one consequent and all rules of mlxtend."""
    from mlxtend.frequent_patterns import association_rules, fpgrowth
    from mlxtend.preprocessing import TransactionEncoder

    encoder = TransactionEncoder().fit(lists)
    table = pd.DataFrame(encoder.transform(lists), columns=encoder.columns_)
    sets, seconds = timed(lambda: fpgrowth(table, min_support=support, use_colnames=True))
    found, more = timed(lambda: association_rules(sets, min_threshold=confidence))
    one = int((found["consequents"].map(len) == 1).sum())
    name = "mlxtend"
    return [
        Figure(len(sets), seconds, name),
        Figure(one, more, name),
        Figure(len(found), None, name),
    ]


# ----------------------------------------------------------------------------------- customer value
def purchases_to_come(folder: Path) -> Iterator[Line]:
    """CDNOW: the parameters published for its first 39 weeks, and the error in the next 39."""
    columns = ["master", "customer", "on", "discs", "amount"]
    bought = pd.read_csv(folder / "cdnow_sample.txt.gz", sep=r"\s+", header=None, names=columns)
    bought["at"] = pd.to_datetime(bought["on"].astype(str), utc=True)
    start = datetime(1997, 10, 1, tzinfo=UTC)
    summary = value.summarize(bought, start)
    x, last, seen = (
        summary[name].to_numpy() for name in ("frequency", "recency_weeks", "tenure_weeks")
    )
    model, seconds = timed(lambda: value_models.fit_purchases(x, last, seen))
    held_back = value.back_test(bought, start, 273)
    peers = _lifetimes_purchases(bought, summary, start) if there_is("lifetimes") else [None] * 6
    ours = (model.r, model.alpha, model.a, model.b, model.log_likelihood, held_back.purchases_error)
    names = ("r", "α", "a", "b", "log-likelihood", "mean absolute error, next 39 weeks")
    floors = ((0.243, 3), (4.414, 3), (0.793, 3), (2.426, 3), (-9582.4, 1), (0.7855, 4))
    for number, name, peer, (floor, digits) in zip(ours, names, peers, floors, strict=True):
        mine = Figure(number, seconds if name == "r" else None)
        aim = LEAST if name == names[-1] else EXACT
        yield Line("BG/NBD, CDNOW, 39 weeks", name, mine, peer, floor, aim, digits)
    yield from _amounts(summary)


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
    bought = _invoices(folder)
    end = bought["at"].max().normalize() + pd.Timedelta(days=1)
    span = (end - bought["at"].min().normalize()).days
    years = span > 1.5 * value.YEAR_DAYS
    held_back = min(value.YEAR_DAYS, span // 2)
    start = (end - pd.Timedelta(days=held_back)).to_pydatetime()
    told, seconds = timed(lambda: value.back_test(bought, start, held_back))
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


def _invoices(folder: Path) -> pd.DataFrame:
    """Read every year there is: one row per customer and invoice."""
    files = sorted(folder.glob("online_retail_*.csv.gz")) or [
        folder / "online_retail_2009_2010.csv.gz"
    ]
    columns = ["Invoice", "StockCode", "Quantity", "InvoiceDate", "Price", "Customer ID"]
    lines = pd.concat([pd.read_csv(file, usecols=columns) for file in files]).drop_duplicates()
    lines = lines.dropna(subset=["Customer ID"])
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


SECTIONS: dict[str, Section] = {
    "rules": association_rules,
    "purchases": purchases_to_come,
    "money": money_to_come,
}

if __name__ == "__main__":
    main()
