"""A running program and its Slack workspace, over HTTP and over a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bot.slack.workspace import AGNES, MONA, RITA, SALES, SAM
from tests.surfaces import Slack as Stage
from tests.surfaces import SlackHttp, SlackSocket, opened


@pytest.fixture(params=[SlackHttp, SlackSocket], ids=["http", "socket"])
def stage(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Iterator[Stage]:
    """A running program and its workspace, with one channel that everybody is in."""
    with opened(request.param, sqlite_template, tmp_path) as opened_stage:
        furnish(opened_stage)
        assert isinstance(opened_stage, Stage)
        yield opened_stage


@pytest.fixture
def posted(sqlite_template: Path, tmp_path: Path) -> Iterator[SlackHttp]:
    """The same over HTTP alone."""
    with opened(SlackHttp, sqlite_template, tmp_path) as opened_stage:
        furnish(opened_stage)
        assert isinstance(opened_stage, SlackHttp)
        yield opened_stage


def furnish(stage: Any) -> None:
    members = (AGNES, RITA, MONA, SAM)
    stage.slack.add_channel(SALES, "sales", members=members)
