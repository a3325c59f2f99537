"""A heavy job runs in a process of its own, bounded, and the bot outlives whatever becomes of it."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.config import JobsConfig
from bot.runner import Broken, Interrupted, Runner
from crm_store.models import Company
from crm_store.store import Store, StoreUnavailable
from jobs.schedule import SCHEDULE, Job, JobContext
from tests import planted
from tests.desk import SEED

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
SETTINGS = {
    "routes": {"churn": ("slack:C7",)},
    "time_zone": "Europe/Berlin",
    "currency": "EUR",
    "working_hours": "09:00-18:00",
}
ROOT = Path(__file__).parents[2]
NUMERICAL = ("numpy", "pandas", "scipy", "sklearn", "statsmodels")


def runner(store: Store, memory_mb: int = 1024) -> Runner:
    return Runner(store, b"", SETTINGS, JobsConfig(memory_mb=memory_mb))


def heavy(work: Callable[[JobContext], str]) -> Job:
    return Job("planted", timedelta(hours=1), work, timedelta(0), heavy=True)


def run(store: Store, work: Callable[[JobContext], str]) -> str:
    return runner(store).run(heavy(work), NOW, lambda _words: None)


def is_alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{number}/stat").read_text(encoding="ascii").split()[2] != "Z"


def until_gone(number: int) -> None:
    deadline = time.monotonic() + 10
    pause = threading.Event()
    while is_alive(number):
        assert time.monotonic() < deadline, "it lives on"
        pause.wait(0.05)


def test_it_works_on_the_same_store_with_one_thread_and_nothing_of_the_platforms(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-planted")
    with store.transaction(SEED) as session:
        session.add(Company(name="Acme", name_key="acme", created_at=NOW, custom={}))
    said: list[str] = []
    told = json.loads(runner(store).run(heavy(planted.found), NOW, said.append))
    assert told["number"] != os.getpid()
    assert (told["companies"], told["sum"], told["now"]) == (1, 10.0, NOW.isoformat())
    assert (told["zone"], told["routes"]) == ("Europe/Berlin", {"churn": ["slack:C7"]})
    assert set(told["threads"]) <= {1}
    assert told["niceness"] > os.nice(0)
    assert told["platforms"] == []
    assert told["secrets"] == []
    assert all(str(store.url.database) not in word for word in told["arguments"])


def test_what_a_library_prints_is_not_its_answer(sqlite_store: Store) -> None:
    assert run(sqlite_store, planted.talks) == "returned"


def test_a_light_job_runs_here_and_so_does_a_heavy_one_where_nobody_else_sees_the_store(
    sqlite_store: Store,
) -> None:
    def where(_context: JobContext) -> str:
        return str(os.getpid())

    light = Job("light", timedelta(hours=1), where, timedelta(0))
    assert runner(sqlite_store).run(light, NOW, lambda _words: None) == str(os.getpid())
    assert runner(Store("sqlite://")).run(heavy(where), NOW, lambda _words: None) == str(
        os.getpid()
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds what a process maps")
def test_a_job_that_takes_too_much_memory_fails_and_the_bot_lives(sqlite_store: Store) -> None:
    with pytest.raises(MemoryError):
        run(sqlite_store, planted.hogs)
    assert run(sqlite_store, planted.talks) == "returned"


def test_a_bug_is_logged_in_its_process_without_the_data_of_people(
    sqlite_store: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Broken) as broken:
        run(sqlite_store, planted.fails)
    log = capfd.readouterr().err
    assert f"reference={broken.value.reference}" in log
    assert "planted.py" in log
    assert "dora" not in log


def test_a_database_that_is_away_is_no_bug(sqlite_store: Store) -> None:
    with pytest.raises(StoreUnavailable):
        run(sqlite_store, planted.is_cut_off)


def test_a_process_that_is_killed_leaves_a_reference(
    sqlite_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Broken) as broken:
        run(sqlite_store, planted.is_killed)
    assert f"reference={broken.value.reference}" in caplog.text


def test_a_process_that_is_killed_amid_its_answer_is_one_that_was_killed(
    sqlite_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Broken) as broken:
        run(sqlite_store, planted.is_cut_short)
    assert f"reference={broken.value.reference} job=planted ended with code=-9" in caplog.text


def test_an_answer_may_be_longer_than_what_a_pipe_holds(sqlite_store: Store) -> None:
    assert run(sqlite_store, planted.answers_at_length) == "a" * planted.MUCH


def test_a_job_that_hangs_is_ended_and_the_next_one_runs(
    sqlite_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    numbers: list[int] = []
    hasty = Runner(sqlite_store, b"", SETTINGS, JobsConfig(), longest=timedelta(seconds=10))
    with pytest.raises(Broken) as broken:
        hasty.run(heavy(planted.lasts), NOW, lambda words: numbers.append(int(words)))
    assert "job=planted took longer than 0:00:10" in caplog.text
    assert f"reference={broken.value.reference}" in caplog.text
    assert not is_alive(numbers[0])
    assert hasty.run(heavy(planted.talks), NOW, lambda _words: None) == "returned"


def test_only_the_process_that_began_it_ends_it(sqlite_store: Store) -> None:
    assert run(sqlite_store, planted.is_told_to_end) == "went on"


def test_a_stop_interrupts_it_and_nothing_begins_afterwards(sqlite_store: Store) -> None:
    running, numbers = runner(sqlite_store), list[int]()

    def stop(words: str) -> None:
        numbers.append(int(words))
        running.stop()

    with pytest.raises(Interrupted):
        running.run(heavy(planted.lasts), NOW, stop)
    assert not is_alive(numbers[0])
    with pytest.raises(Interrupted):
        running.run(heavy(planted.talks), NOW, stop)


def test_progress_is_told_once_a_second_and_the_newest_is_never_left_out(
    sqlite_store: Store,
) -> None:
    said: list[tuple[float, str]] = []

    def note(words: str) -> None:
        said.append((time.monotonic(), words))

    total = int(runner(sqlite_store).run(heavy(planted.counts), NOW, note))
    assert total > len(said) > 1
    assert said[-1][1] == "all"
    moments = [moment for moment, _words in said]
    assert all(after - before >= 0.99 for before, after in pairwise(moments))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_it_dies_with_the_process_that_began_it(sqlite_store: Store) -> None:
    program = f"""
        import sys
        from tests.bot.test_runner import NOW, Store, heavy, planted, runner
        def tell(words):
            sys.stdout.write(words + "\\n")
            sys.stdout.flush()
        runner(Store({str(sqlite_store.url)!r})).run(heavy(planted.lasts), NOW, tell)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout
        number = int(parent.stdout.readline())
        assert is_alive(number)
        parent.send_signal(signal.SIGKILL)
    until_gone(number)


def test_the_jobs_that_load_numerical_libraries_are_declared_heavy() -> None:
    """Whatever reaches such a library by imports, lazy or not, of the modules of `jobs/`."""
    heavy_names = {job.name for job in SCHEDULE if job.heavy}
    assert heavy_names == {job.name for job in SCHEDULE if reaches(f"jobs.{job.name}", set())}


def reaches(module: str, seen: set[str]) -> bool:
    """Tell whether a module of `jobs/` imports a numerical library, itself or by another one."""
    path = ROOT / f"{module.replace('.', '/')}.py"
    if module in seen or module == "jobs.schedule" or not path.exists():
        return module.partition(".")[0] in NUMERICAL
    seen.add(module)
    return any(reaches(name, seen) for name in imported(ast.parse(path.read_text("utf-8"))))


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the modules that a tree imports when it runs, not only for its types."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from imported(node)
