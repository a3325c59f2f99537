"""`rapport import`, as somebody types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.__main__ import main
from bot.cli import imports as command
from crm_store.models import Contact, ImportRun
from crm_store.store import Actor, Store

TEXT = "name,email,Shoe\nAnn,ann@example.com,38\nBob,nowhere,\nAnn,ANN@example.com,\n"


@pytest.fixture
def config(sqlite_store: Store, tmp_path: Path) -> str:
    """A configuration of an empty store."""
    path = tmp_path / "config.toml"
    url = sqlite_store.url.render_as_string(hide_password=False)
    path.write_text(f'[store]\nurl = "{url}"\n[defaults]\ncurrency = "EUR"\n', encoding="utf-8")
    return str(path)


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file with one good row, one bad one and one that is there twice."""
    path = tmp_path / "people.csv"
    path.write_text(TEXT, encoding="utf-8")
    return str(path)


def count(store: Store, *, deleted: bool = False) -> int:
    """How many contacts there are."""
    with store.transaction(Actor(None, "test", "", "")) as session:
        condition = Contact.deleted_at.is_not(None) if deleted else Contact.deleted_at.is_(None)
        query = sa.select(sa.func.count()).select_from(Contact)
        return session.scalar(query.where(condition)) or 0


def test_an_import_says_what_became_of_each_row(
    config: str, file: str, sqlite_store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", file, "--kind", "contacts", "--config", config]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "3 rows read.",
        "1 row taken.",
        "Created: 1 contact.",
        "Repeated in the file and taken once: rows 4.",
        "Kept as custom values: Shoe.",
        "1 row rejected:",
        "  row 3: “nowhere” is not an e-mail address.",
        f"They stand with their reasons in {file}.rejected.csv.",
        "Import #1; `rapport import --revert 1` takes it back.",
    ]
    assert count(sqlite_store) == 1


def test_a_dry_run_finds_the_same_and_changes_nothing(
    config: str, file: str, sqlite_store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["import", file, "--kind", "contacts", "--config", config, "--json"]
    assert main([*line, "--dry-run"]) == 0
    dry = json.loads(capsys.readouterr().out)
    assert count(sqlite_store) == 0
    assert main(line) == 0
    real = json.loads(capsys.readouterr().out)
    assert count(sqlite_store) == 1
    differing = {"dry_run", "import"}
    assert {k: v for k, v in dry.items() if k not in differing} == {
        k: v for k, v in real.items() if k not in differing
    }
    with sqlite_store.transaction(Actor(None, "test", "", "")) as session:
        assert session.query(ImportRun).count() == 1


def test_an_import_is_taken_back_by_its_number(
    config: str, file: str, sqlite_store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["import", file, "--kind", "contacts", "--config", config])
    assert main(["import", "--revert", "1", "--config", config]) == 0
    assert "Deleted: 1 contact." in capsys.readouterr().out
    assert (count(sqlite_store), count(sqlite_store, deleted=True)) == (0, 1)
    assert main(["import", "--revert", "1", "--config", config]) == 1


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        (
            ["import", "missing.csv", "--kind", "contacts"],
            1,
            "The file missing.csv cannot be read.",
        ),
        (["import", "--kind", "contacts"], 2, "Name a file and its --kind"),
        (["import", "x.csv"], 2, "Name a file and its --kind"),
        (
            ["import", "x.csv", "--kind", "contacts", "--map", "nonsense"],
            2,
            "--map wants their=ours",
        ),
        (["import", "--revert", "7"], 1, "There is no import #7 to revert."),
    ],
)
def test_what_cannot_be_done_is_said_on_standard_error(
    config: str, line: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*line, "--config", config]) == code
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""


def test_an_interrupted_import_leaves_nothing(
    config: str, file: str, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_rows: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_progress", lambda _clock: interrupt)
    assert main(["import", file, "--kind", "contacts", "--config", config]) == 130
    assert count(sqlite_store) == 0
    assert sorted(path.suffix for path in Path(file).parent.glob("people*")) == [".csv"]


def test_progress_is_told_every_two_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    moments = iter([0.0, 1.0, 2.0, 3.0, 4.5])
    tell = command._progress(lambda: next(moments))  # noqa: SLF001 - the clock is the test's
    for rows in (10_000, 20_000, 30_000, 45_000):
        tell(rows)
    assert capsys.readouterr().err.splitlines() == [
        "20,000 rows, 10,000 rows per second",
        "45,000 rows, 10,000 rows per second",
    ]
