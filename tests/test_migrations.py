"""The migrations make what the models say, on both databases, up and down, alone and at once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from crm_store import migrations
from crm_store.migrations import downgrade, upgrade
from crm_store.models import Base, Pipeline, StageKind
from crm_store.store import Store
from tests.databases import fresh_database

HERE = Path(migrations.__file__).parent
NEWEST = max(path.name[:4] for path in (HERE / "versions").glob("[0-9]*.py"))
NEXT = f"{int(NEWEST) + 1:04}"
HEAD = f"""
from alembic import op

revision, down_revision, branch_labels, depends_on = "{NEXT}", "{NEWEST}", None, None
"""
BROKEN = f"""{HEAD}


def upgrade():
    op.execute("CREATE TABLE half_made (id INTEGER)")
    op.execute("INSERT INTO no_such_table VALUES (1)")
"""
ORPHANING = f"""{HEAD}


def upgrade():
    op.execute("DELETE FROM pipelines")
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store on a database without tables."""
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path / 'empty.db'}")
        yield store
        store.close()
        return
    with fresh_database(request.getfixturevalue("postgresql_url"), "empty") as store:
        yield store


@pytest.fixture
def next_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the migrations in which a test may put the file of the next version."""
    copy = tmp_path / "migrations"
    shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrations, "_HERE", copy)
    return copy / "versions"


def test_the_migrations_make_what_the_models_say(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": _is_not_of_search, "compare_type": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_partial_indexes_and_constraints_carry_the_names_of_the_models(store: Store) -> None:
    there = sa.inspect(store.engine)
    for table in Base.metadata.sorted_tables:
        on_sqlite = store.is_sqlite and table.dialect_options["sqlite"]["autoincrement"]
        name = None if on_sqlite else table.primary_key.name  # with AUTOINCREMENT it takes no name
        assert there.get_pk_constraint(table.name)["name"] == name
        for index in there.get_indexes(table.name):
            of_model = {str(one.name): one for one in table.indexes}.get(str(index["name"]))
            if of_model is not None:
                wanted = of_model.dialect_options["sqlite"]["where"] is not None
                assert wanted == bool(_condition(index)), index


def test_a_new_store_has_the_default_pipeline(store: Store) -> None:
    with store.reading() as session:
        pipeline = session.scalars(sa.select(Pipeline).where(Pipeline.is_default)).one()
        stages = [(stage.name, stage.probability, stage.kind) for stage in pipeline.stages]
        required = [stage.required for stage in pipeline.stages]
    assert pipeline.name == "Sales"
    assert required == [[]] * 6
    assert stages == [
        ("Lead", 10, StageKind.OPEN),
        ("Qualified", 25, StageKind.OPEN),
        ("Proposal", 50, StageKind.OPEN),
        ("Negotiation", 75, StageKind.OPEN),
        ("Won", 100, StageKind.WON),
        ("Lost", 0, StageKind.LOST),
    ]


def test_going_down_leaves_nothing_and_up_again_brings_all_back(empty_store: Store) -> None:
    empty_store.upgrade()
    tables = _tables(empty_store)
    downgrade(empty_store.engine, "base")
    assert _tables(empty_store) == {"alembic_version"}
    empty_store.upgrade()
    assert _tables(empty_store) == tables


def test_every_step_goes_down_and_up(empty_store: Store) -> None:
    for revision in _revisions():
        empty_store.upgrade()
        tables = _tables(empty_store)
        downgrade(empty_store.engine, revision)
        empty_store.upgrade()
        assert _tables(empty_store) == tables


def test_a_second_upgrade_changes_nothing_and_asks_one_question(store: Store) -> None:
    asked: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    store.upgrade()
    assert [line for line in asked if line != "BEGIN"] == [
        "SELECT version_num FROM alembic_version"
    ]


def test_an_upgraded_store_starts_without_alembic(empty_store: Store) -> None:
    empty_store.upgrade()
    assert _program(empty_store, "print('alembic' in sys.modules)") == "False\n"


def test_three_processes_that_start_at_once_all_succeed(empty_store: Store) -> None:
    started = [_start(empty_store) for _ in range(3)]
    failures = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], failures
    with empty_store.reading() as session:
        assert session.scalars(sa.select(Pipeline.name)).all() == ["Sales"]


def test_a_failed_migration_leaves_the_old_version_working(
    store: Store, next_version: Path
) -> None:
    before = _tables(store)
    (next_version / f"{NEXT}_broken.py").write_text(BROKEN)
    with pytest.raises(sa.exc.DBAPIError):
        upgrade(store.engine)
    assert _tables(store) == before
    assert _version(store) == NEWEST
    (next_version / f"{NEXT}_broken.py").unlink()
    store.upgrade()
    with store.reading() as session:
        assert session.scalars(sa.select(Pipeline.name)).all() == ["Sales"]


def test_a_migration_that_breaks_references_is_rolled_back(
    store: Store, next_version: Path
) -> None:
    (next_version / f"{NEXT}_orphaning.py").write_text(ORPHANING)
    with pytest.raises((migrations.BrokenReference, sa.exc.IntegrityError)):
        upgrade(store.engine)
    assert _version(store) == NEWEST
    with store.reading() as session:
        assert session.scalars(sa.select(Pipeline.name)).all() == ["Sales"]


def test_references_are_enforced_again_after_a_migration(sqlite_store: Store) -> None:
    downgrade(sqlite_store.engine, "0001")
    upgrade(sqlite_store.engine)
    with sqlite_store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_store_of_a_newer_program_is_left_alone(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    store.upgrade()
    assert _version(store) == "9999"


def test_a_draft_of_the_next_version_is_empty_while_models_and_migrations_agree(
    next_version: Path,
) -> None:
    migrations.draft("nothing new")
    text = (next_version / f"{int(_revisions()[-1]) + 1:04}_nothing_new.py").read_text()
    assert "op." not in text
    assert 'down_revision = "' not in text.replace(f'"{_revisions()[-1]}"', "")


def test_the_newest_file_is_the_head() -> None:
    script = ScriptDirectory(str(HERE))
    assert script.get_heads() == [_revisions()[-1]]


def _is_not_of_search(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not (name or "").startswith("search_")


def _condition(index: object) -> object:
    options = index.get("dialect_options", {}) if isinstance(index, dict) else {}
    return options.get("sqlite_where") is not None or options.get("postgresql_where")


def _revisions() -> list[str]:
    return sorted(path.name[:4] for path in (HERE / "versions").glob("[0-9]*.py"))


def _tables(store: Store) -> set[str]:
    return set(sa.inspect(store.engine).get_table_names())


def _version(store: Store) -> str | None:
    with store.engine.connect() as connection:
        return _recorded(connection)


def _recorded(connection: Connection) -> str | None:
    found: str | None = connection.execute(
        sa.text("SELECT version_num FROM alembic_version")
    ).scalar()
    return found


def _start(store: Store, then: str = "") -> subprocess.Popen[str]:
    url = store.url.render_as_string(hide_password=False)
    code = f"import sys; from crm_store.store import Store; Store({url!r}).upgrade(); {then}"
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stderr=pipe, text=True)


def _program(store: Store, then: str) -> str:
    return _start(store, then).communicate(timeout=60)[0]
