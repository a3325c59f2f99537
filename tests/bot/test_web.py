"""What the web application tells of the program itself."""

from __future__ import annotations

import re
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import App
from tests.outage import bring_back, take_away
from tests.surfaces import Running, configured, free_port


@pytest.fixture
def program(sqlite_template: Path, tmp_path: Path) -> Iterator[App]:
    """A program without any platform."""
    shutil.copy(sqlite_template, tmp_path / "rapport.db")
    running = Running(App(configured(tmp_path, "", free_port())))
    running.start()
    yield running.app
    bring_back(running.app.store)
    running.stop()


def get(app: App, path: str) -> tuple[int, str]:
    """Ask the program."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{app.web.port}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_program_that_runs_is_healthy_and_ready(program: App) -> None:
    assert get(program, "/health") == (200, '{"status":"ok"}')
    status, body = get(program, "/ready")
    assert status == 200
    assert '"status":"ok"' in body


def test_without_its_store_it_is_healthy_but_not_ready(program: App) -> None:
    take_away(program.store)
    assert get(program, "/health")[0] == 200
    assert get(program, "/ready") == (503, '{"status":"store unavailable"}')
    status, body = get(program, "/metrics")
    assert (status, "rapport_store_up 0" in body) == (200, True)


def test_the_metrics_are_numbers_by_name(program: App) -> None:
    status, body = get(program, "/metrics")
    assert status == 200
    assert "rapport_store_up 1" in body
    for line in body.splitlines():
        assert re.fullmatch(r"(# .*|rapport_[a-z_]+(\{.*\})? [0-9.e+-]+)", line), line


def test_what_there_is_not_is_not_found(program: App) -> None:
    assert get(program, "/")[0] == 404
    assert get(program, "/slack/events")[0] == 404
    assert get(program, "/telegram/webhook")[0] == 404
