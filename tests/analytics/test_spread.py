"""What the workers of a cluster find is what is found here, and a cluster that fails costs nothing but time."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from datetime import timedelta

import pytest

from jobs.analytics import churn, routing, segments, spread
from tests.analytics.histories import churn_of
from tests.analytics.test_routing import tickets
from tests.analytics.test_segments import crowd
from tests.analytics.worlds import NOW, shop_with_leavers

NOBODY = "tcp://127.0.0.1:9"


def double(factor: int, item: int) -> tuple[int, int]:
    """Multiply, and tell in which process."""
    return factor * item, os.getpid()


def divide(number: int, item: int) -> float:
    """Divide, which may fail."""
    return number / item


def leave(_shared: None, item: int) -> int:
    """End the worker without a word, but not the process of the tests."""
    if os.environ.get("RAPPORT_WORKER") == "1":
        os._exit(1)
    return item


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a Dask scheduler with two workers, each a process."""
    if os.environ.get("RAPPORT_REQUIRE_DASK") != "1":
        pytest.importorskip("distributed", reason="Dask is not installed")
    from distributed import LocalCluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=":0",
            silence_logs=logging.ERROR,
            env={"RAPPORT_WORKER": "1"},
        ) as made:
            yield made.scheduler_address


def test_items_are_worked_on_elsewhere_and_come_back_in_order(cluster: str) -> None:
    items = list(range(20))
    with spread.opened(cluster):
        found = spread.over(double, 3, items)
    assert [value for value, _process in found] == [3 * item for item in items]
    assert os.getpid() not in {process for _value, process in found}
    assert len({process for _value, process in found}) == 2
    assert {process for _value, process in spread.over(double, 3, items)} == {os.getpid()}


def test_segments_churn_and_queues_are_the_same_with_two_workers(
    cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(churn, "CHUNK", 300)
    here = _analyses()
    with spread.opened(cluster):
        assert _analyses() == here


def _analyses() -> list[object]:
    risks = churn_of(shop_with_leavers(900)[0], None, NOW)
    assert risks.receipt.usable
    found = segments.find_segments(crowd()[0])
    learnt = routing.learn(tickets(400), NOW + timedelta(days=1))
    rows = [frame.to_dict("records") for frame in (risks.scores, risks.reasons)]
    return [rows, risks.receipt, found, learnt.receipt]


def test_what_fails_there_fails_as_it_does_here(cluster: str) -> None:
    with spread.opened(cluster), pytest.raises(ZeroDivisionError):
        spread.over(divide, 1, [1, 0, 2])


def test_where_the_scheduler_is_away_the_work_is_done_here(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr(spread, "CONNECTING", 0.2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with spread.opened(NOBODY):
            assert spread.over(double, 2, [4]) == [(8, os.getpid())]
    assert "scheduler is away" in caplog.text


def test_without_the_extra_the_work_is_done_here(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with spread.opened(NOBODY):
        assert spread.over(double, 2, [4]) == [(8, os.getpid())]
    assert "rapport-crm[dask]" in caplog.text


def test_workers_that_die_of_it_leave_the_work_to_us(
    cluster: str, caplog: pytest.LogCaptureFixture
) -> None:
    with spread.opened(cluster):
        assert spread.over(leave, None, [1, 2]) == [1, 2]
    assert "the work is done here" in caplog.text


def test_nothing_is_one_item(cluster: str) -> None:
    with spread.opened(cluster):
        assert spread.over(double, 1, []) == []
        assert spread.over(divide, 1, [2]) == [0.5]
