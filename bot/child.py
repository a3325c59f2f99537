"""A process of its own for one job: reads an order, does it, says what came out, and is gone.

Started by `bot/runner.py`, in whose words it is told here and there. It knows no platform and no token, and dies with
the process that started it.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import secrets
import signal
import sys
from dataclasses import asdict
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, TextIO

from bot import bounds, logs
from crm_store.store import Conflict, Store, StoreUnavailable
from jobs.analytics import spread
from jobs.schedule import JobContext

if TYPE_CHECKING:
    from types import TracebackType

    from bot.runner import Order

log = logging.getLogger(__name__)


class Mouth:
    """Says what happens, a line of JSON each, to the process that started this one."""

    def __init__(self) -> None:
        # What a library prints must not be taken for an answer: it goes where the log goes.
        self._out: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def say(self, **said: object) -> None:
        """Write one line at once."""
        self._out.write(json.dumps(said, default=asdict) + "\n")
        self._out.flush()

    def bug(
        self, _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> None:
        """Log what nobody foresaw, cleaned, and give its reference."""
        reference = secrets.token_hex(3).upper()
        log.critical("bug reference=%s", reference, exc_info=error)
        self.say(reference=reference)


def main() -> None:
    """Carry out the order that stands on standard input."""
    # A terminal and a service manager signal every process; whether this one ends is for its parent to say.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logs.setup()
    mouth = Mouth()
    sys.excepthook = mouth.bug
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
    Thread(target=_die_with_parent, daemon=True).start()
    bounds.stand_back()
    with bounds.memory(order.bounds.memory_mb):
        _carry_out(order, mouth)


def _carry_out(order: Order, mouth: Mouth) -> None:
    store = Store(order.url, order.audit_key)
    context = JobContext(
        transaction=partial(store.transaction, order.actor),
        reading=store.reading,
        now=order.now,
        progress=lambda words: mouth.say(progress=words),
        **order.settings,
    )
    try:
        with spread.opened(order.bounds.dask_scheduler):
            mouth.say(done=order.work(context))
    except (StoreUnavailable, Conflict) as error:
        mouth.say(broken=type(error).__name__)
    except MemoryError as error:
        log.error("out of memory", exc_info=error)  # noqa: TRY400 - one line, as of every other end
        mouth.say(memory=order.bounds.memory_mb)
    finally:
        store.close()


def _die_with_parent() -> None:
    """End at once when the other end of standard input is closed, which a killed process does as well."""
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()
