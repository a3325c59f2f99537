"""Jobs that a process of its own is told to do: one that works, and each way in which one may end."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from crm_store.models import Company
from crm_store.store import StoreUnavailable
from jobs.schedule import JobContext

HUGE = 8 << 30
LONG = 600.0
MUCH = 1 << 20


def found(context: JobContext) -> str:
    """Tell what the process is: its settings, its bounds, what it has imported and what it was started with."""
    import numpy as np
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

    context.progress("numpy is here")
    with context.transaction() as session:
        companies = session.query(Company).count()
    return json.dumps(
        {
            "number": os.getpid(),
            "companies": companies,
            "now": context.now.isoformat(),
            "zone": context.time_zone,
            "routes": context.routes,
            "sum": float(np.ones(10).sum()),
            "threads": [each["num_threads"] for each in threadpool_info()],
            "niceness": os.nice(0),
            "arguments": sys.orig_argv,
            "platforms": sorted({"slack_bolt", "telegram", "starlette"} & sys.modules.keys()),
            "secrets": sorted({"SLACK_BOT_TOKEN", "RAPPORT_KEY"} & os.environ.keys()),
        }
    )


def talks(_context: JobContext) -> str:
    """Print what looks like an answer, as a chatty library might."""
    sys.stdout.write('{"done": "printed"}\n')
    sys.stdout.flush()
    os.write(1, b'{"done": "written"}\n')
    return "returned"


def hogs(_context: JobContext) -> str:
    """Take more memory than there may be."""
    taken = [bytearray(HUGE)]
    return str(len(taken))


def fails(_context: JobContext) -> str:
    """Have a bug."""
    message = "the secret of dora@example.org"
    raise ValueError(message)


def is_cut_off(_context: JobContext) -> str:
    """Lose the database."""
    raise StoreUnavailable


def is_killed(_context: JobContext) -> str:
    """End as what the system kills for its memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


def is_cut_short(_context: JobContext) -> str:
    """End as what is killed while it tells its answer."""
    os.write(_mouth(), b'{"done": "hal')
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


def answers_at_length(context: JobContext) -> str:
    """Say more than a pipe holds, on the way and at the end."""
    context.progress("p" * MUCH)
    return "a" * MUCH


def is_told_to_end(_context: JobContext) -> str:
    """Get the signals that a terminal and a service manager send to every process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
    return "went on"


def lasts(context: JobContext) -> str:
    """Load a numerical library, tell its number, and work until it is ended."""
    import numpy  # noqa: F401, ICN001 - what a heavy job does

    context.progress(str(os.getpid()))
    threading.Event().wait(LONG)
    return "never"


def counts(context: JobContext) -> str:
    """Tell of its progress far too often, for two seconds and a half."""
    end, number = time.monotonic() + 2.5, 0
    while time.monotonic() < end:
        number += 1
        context.progress(f"{number}")
    context.progress("all")
    threading.Event().wait(1.5)
    return f"{number}"


def _mouth() -> int:
    """Return the descriptor on which this process answers: its only pipe above the standard three."""
    found = (int(each.name) for each in Path("/dev/fd").iterdir() if each.is_fifo())
    return min(number for number in found if number > sys.stderr.fileno())
