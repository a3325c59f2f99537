"""A job that is run by hand keeps to the bounds that it has at night."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import Program

ROOT = Path(__file__).parents[2]
# `rapport job planted`, where the timetable has nothing but one planted job.
PROGRAM = """
import sys
from datetime import timedelta
from bot import __main__, app
from bot.cli import job
from jobs.schedule import Job
from tests import planted
work = getattr(planted, sys.argv[1])
app.SCHEDULE = job.SCHEDULE = (Job("planted", timedelta(hours=1), work, timedelta(0), heavy=True),)
sys.exit(__main__.main(["job", "planted", "--json"]))
"""


def by_hand(rapport: Program, work: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if "THREADS" not in name}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, work],
        cwd=rapport.folder,
        env=inherited | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds what a process maps")
def test_a_job_that_takes_too_much_memory_is_refused(rapport: Program) -> None:
    done = by_hand(rapport, "hogs")
    last = done.stderr.splitlines()[-1]
    assert (done.returncode, last) == (1, "The job failed: out of memory. The log says more.")


def test_it_runs_in_that_very_process_with_one_numerical_thread(rapport: Program) -> None:
    done = by_hand(rapport, "found")
    told = json.loads(json.loads(done.stdout)["summary"])
    assert set(told["threads"]) <= {1}
    assert told["arguments"][1] == "-c"
