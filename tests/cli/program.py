"""Runs the command line: in this process, which is quick, or as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.__main__ import main
from crm_store import bulk
from crm_store.models import Company
from crm_store.store import Store
from tests.desk import SEED, START

KEY = "a key for tests, long".replace(" ", "-")


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    code: int
    out: str
    err: str


@dataclass
class Program:
    """`rapport` with one configuration and the secrets of `env`."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    url: str = ""
    env: dict[str, str] = field(default_factory=lambda: {"RAPPORT_KEY": KEY})

    def configure(self, more: str = "") -> None:
        """Write the configuration."""
        url = self.url or f"sqlite:///{self.folder / 'rapport.db'}"
        text = f'[store]\nurl = "{url}"\n{more}'
        (self.folder / "config.toml").write_text(text, encoding="utf-8")

    def __call__(self, *arguments: object) -> Outcome:
        """Run a subcommand here and return how it ended."""
        self.capsys.readouterr()
        with self.monkeypatch.context() as patch:
            patch.chdir(self.folder)
            patch.delenv("RAPPORT_KEY", raising=False)
            for name, value in self.env.items():
                patch.setenv(name, value)
            code = main([str(one) for one in arguments])
        return Outcome(code, *self.capsys.readouterr())

    def process(self, *arguments: object, typed: str = "") -> Outcome:
        """Run a subcommand as a process of its own."""
        root = Path(__file__).parent.parent.parent
        done = subprocess.run(
            [sys.executable, "-m", "bot", *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(root), **self.env},
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)


def add_firms(store: Store, count: int) -> None:
    """Put many companies into the store."""
    values = {"created_at": START, "custom": {}}
    rows = [{**values, "name": f"Firm {n}", "name_key": f"firm {n}"} for n in range(count)]
    with store.transaction(SEED) as session:
        bulk.add(session, Company, rows)
