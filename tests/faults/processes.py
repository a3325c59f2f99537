"""Running `rapport run` as processes of their own: alone, or one after the other from a nursery."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parents[2]
KILLED = -signal.SIGKILL
STARTING = 60.0  # seconds that a process may take to be there on a busy machine


class Process(Protocol):
    """One running program."""

    def wait(self, seconds: float) -> int | None:
        """Wait for its end and return the exit code, minus the signal that ended it, or None."""

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""


class Alone:
    """`python -m bot …` as anybody starts it."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", *arguments],
                cwd=ROOT,
                env=surroundings() | dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def wait(self, seconds: float) -> int | None:
        """Wait for its end and return the exit code, minus the signal that ended it, or None."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)


class Child:
    """A process that the nursery started; only the youngest one can be waited for."""

    def __init__(self, number: int, said: queue.Queue[int]) -> None:
        self._number = number
        self._said = said
        self._code: int | None = None

    def wait(self, seconds: float) -> int | None:
        """Wait for its end and return the exit code, minus the signal that ended it, or None."""
        if self._code is None:
            try:
                self._code = os.waitstatus_to_exitcode(self._said.get(timeout=max(seconds, 0)))
            except queue.Empty:
                return None
        return self._code

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it is known to have ended."""
        if self._code is None:
            os.kill(self._number, number)


class Nursery:
    """Starts processes that die at a named point, one at a time; see `tests/faults/nursery.py`."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self._program = program
        self._said: queue.Queue[int] = queue.Queue()
        self._child: Child | None = None
        threading.Thread(target=self._listen, daemon=True).start()

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        points: Mapping[str, int] | None = None,
        changes: Sequence[str] = (),
    ) -> Child:
        """Start a changed process that kills itself at the n-th pass of a point."""
        assert self._program.stdin is not None
        order = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "log": str(log),
            "points": dict(points or {}),
            "changes": list(changes),
        }
        self._program.stdin.write(json.dumps(order) + "\n")
        self._program.stdin.flush()
        self._child = Child(self._said.get(timeout=STARTING), self._said)
        return self._child

    def end(self) -> None:
        """Kill the process that still runs, if any."""
        if self._child and self._child.wait(0) is None:
            self._child.signal(signal.SIGKILL)
            self._child.wait(STARTING)

    def _listen(self) -> None:
        assert self._program.stdout is not None
        for line in self._program.stdout:
            self._said.put(int(line))


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Give a nursery, and end what it started."""
    command = [sys.executable, "-m", "tests.faults.nursery"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=surroundings(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        young = Nursery(program)
        try:
            yield young
        finally:
            young.end()
            assert program.stdin is not None
            program.stdin.close()
            program.wait(STARTING)


def surroundings() -> dict[str, str]:
    """Return the environment of a process: ours, without the proxies that loopback must not use."""
    return {name: value for name, value in os.environ.items() if "proxy" not in name.casefold()}
