"""The same analyses here and on a Dask cluster of two workers on this machine, in one run.

    python -m benchmarks.spread [CUSTOMERS]

Needs the extra: pip install 'rapport-crm[dask]'. The data are made up. Two workers on two cores gain little: the table
is about the numbers, which have to be the same to the last digit; what travels and how long it takes is what it costs.
"""

from __future__ import annotations

import logging
import sys
import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from jobs.analytics import churn, routing, segments, spread
from jobs.analytics.threads import one_thread
from tests.analytics.histories import churn_of
from tests.analytics.test_routing import tickets
from tests.analytics.test_segments import crowd
from tests.analytics.worlds import NOW, shop_with_leavers

CUSTOMERS = 10_000
TEXTS = 4_000


def risks(count: int) -> object:
    """Learn and score who leaves; the probability and the reasons of every customer."""
    found = churn_of(shop_with_leavers(count)[0], None, NOW)
    return found.scores.to_dict("records"), found.reasons.to_dict("records"), found.receipt


def groups(count: int) -> object:
    """Draw the borders of the segments."""
    return segments.find_segments(crowd(count // 5)[0])


def queues(count: int) -> object:
    """Learn the queues of texts."""
    return routing.learn(tickets(count), NOW + timedelta(days=1)).receipt


def timed(work: Callable[[], object]) -> tuple[object, float]:
    """Run something and return what it found and the seconds that passed."""
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def main() -> None:
    """Run each analysis in both ways and print the table."""
    from distributed import LocalCluster

    count = int(sys.argv[1]) if len(sys.argv) > 1 else CUSTOMERS
    churn.CHUNK = max(1, count // 4)  # several chunks also of few customers
    works = {
        f"risk of {count:,} customers": partial(risks, count),
        f"segments of {count:,} customers": partial(groups, count),
        f"queues from {TEXTS:,} texts": partial(queues, TEXTS),
    }
    print("| analysis | here, s | two workers, s | the same numbers |")
    print("|---|--:|--:|---|")
    with (
        one_thread(),
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=logging.ERROR
        ) as cluster,
    ):
        for name, work in works.items():
            alone, seconds = timed(work)
            with spread.opened(cluster.scheduler_address):
                together, shared = timed(work)
            print(f"| {name} | {seconds:.1f} | {shared:.1f} | {alone == together} |", flush=True)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
