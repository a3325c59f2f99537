"""A program that starts `rapport` again and again without importing it again: 0.2 s, not 1.5 s.

It reads one order a line, as JSON, forks a process that does what `python -m bot ARGUMENTS` does,
and writes its number; when the process has ended, its wait status. What the orders are is decided
in `tests/faults/processes.py`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from bot.__main__ import main
from bot.app import App
from bot.cli import run
from bot.web import Web
from tests.faults.failpoints import CHANGES, JOB_POINTS, POINTS, fuse

IMPORTED = (App, Web, run)


def serve() -> None:
    """Carry out orders until there are no more."""
    import uvicorn  # noqa: F401 - imported once, before the forks

    for line in sys.stdin:
        order = json.loads(line)
        number = os.fork()
        if number == 0:
            _live(order)
        _say(number)
        _say(os.waitpid(number, 0)[1])


def _live(order: dict[str, Any]) -> None:
    """Be the process that was ordered, to its end."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.update(order["environment"])
    for change in order["changes"]:
        CHANGES[change]()
    for point, passes in order["points"].items():
        (POINTS | JOB_POINTS)[point](fuse(passes))
    code = 70
    try:
        code = main(order["arguments"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
