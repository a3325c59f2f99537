"""The command line on an empty folder, and on each database."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_store.store import Store
from tests.cli.program import Program


@pytest.fixture
def rapport(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Program:
    """The program with a SQLite file that is not there yet."""
    program = Program(tmp_path, capsys, monkeypatch)
    program.configure()
    return program


@pytest.fixture
def on(rapport: Program, store: Store) -> Program:
    """The program on the store of the test, once on each database."""
    rapport.url = store.url.render_as_string(hide_password=False)
    rapport.configure()
    return rapport
