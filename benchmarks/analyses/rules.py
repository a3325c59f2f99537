"""Association rules on the groceries: the counts are exact, only the time differs."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.analyses.table import Figure, Line, there_is, timed
from jobs.analytics import rules


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
