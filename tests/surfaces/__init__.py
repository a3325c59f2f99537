"""The six ways to talk to Rapport, each a whole program with named people on a platform's fake.

What they say to it stands in the tests and in `tests/conversations`. No test stands here.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.surfaces.console import Console
from tests.surfaces.people import morning, slack_account
from tests.surfaces.program import PATIENCE, Running, configured, free_port, jobs_context
from tests.surfaces.slack import Slack, SlackHttp, SlackSocket
from tests.surfaces.stage import Heard, Stage
from tests.surfaces.telegram import TelegramPolled, TelegramPosted
from tests.surfaces.web import WebPage

__all__ = [
    "PATIENCE",
    "STAGES",
    "Console",
    "Heard",
    "Running",
    "Slack",
    "SlackHttp",
    "SlackSocket",
    "Stage",
    "TelegramPolled",
    "configured",
    "free_port",
    "jobs_context",
    "morning",
    "opened",
    "slack_account",
]

STAGES: tuple[type[Stage], ...] = (
    Console,
    SlackHttp,
    SlackSocket,
    TelegramPolled,
    TelegramPosted,
    WebPage,
)


@contextmanager
def opened(kind: type[Stage], template: Path, folder: Path) -> Iterator[Stage]:
    """Run a stage on a copy of the store `template`; the fakes complain at the end."""
    store = folder / "rapport.db"
    shutil.copy(template, store)
    stage = kind(configured(folder, ""))
    with ExitStack() as stack:
        stage.open(stack)
        yield stage
