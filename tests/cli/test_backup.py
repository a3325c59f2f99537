"""A backup brings everything back, on either database, and a damaged one changes nothing."""

from __future__ import annotations

import hashlib
import random
import shutil
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm_store import audit, search
from crm_store.models import Base, Company, Notice, Tag
from crm_store.store import Store
from tests.cli.program import KEY, Program, add_firms
from tests.desk import SEED, START, Desk

PLACES = 50


def filled(store: Store) -> Store:
    """The store of a desk on which some work was done, keyed as the program keys it."""
    keyed = Store(store.url, audit_key=KEY.encode())
    desk = Desk(keyed)
    desk.rep.says('company add "Harbour Oy" city=Turku')
    desk.rep.says('contact add "Änne 王" company="Harbour Oy" email=anne@harbour.example')
    desk.rep.says('deal add "Boats" company="Harbour Oy" amount="12000.50 EUR" close=friday')
    desk.rep.says("note add company:1 Called; 'they' said =1+1")
    desk.rep.says('tag add company:1 "gone"')
    with desk.session() as session:
        session.add(Tag(kind="company", record_id=1, name="soon gone"))
        session.flush()
        session.execute(sa.delete(Tag))
    return keyed


def content(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, as the models read it."""
    with store.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(sa.select(table).order_by("id"))]
            for table in Base.metadata.sorted_tables
        }


def fingerprint(folder: Path) -> str:
    """A hash over the files of a SQLite store."""
    files = sorted(folder.glob("rapport.db*"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def test_what_was_backed_up_comes_back_whole(on: Program, store: Store) -> None:
    keyed = filled(store)
    before = content(keyed)
    made = on("backup", "a.backup")
    assert (made.code, made.err) == (0, "")
    with keyed.transaction(SEED) as session:
        session.add(Company(name="Late", name_key="late", created_at=START, custom={}))
    keyed.close()
    store.close()
    assert on("restore", "a.backup").code == 1
    put = on("restore", "a.backup", "--replace")
    assert (put.code, put.err) == (0, "")
    assert content(keyed) == before
    with keyed.reading() as session:
        assert audit.verify(session, KEY.encode()) is None
        assert [hit.kind for hit in search.find(session, "harbour")][:1] == ["company"]
    keyed.close()


@pytest.mark.parametrize("there", ["sqlite", "postgresql"])
def test_a_backup_of_one_database_goes_into_the_other(
    there: str, rapport: Program, sqlite_store: Store, postgresql_store: Store
) -> None:
    source, target = (
        (postgresql_store, sqlite_store) if there == "sqlite" else (sqlite_store, postgresql_store)
    )
    keyed = filled(source)
    before = content(keyed)
    keyed.close()
    rapport.url = source.url.render_as_string(hide_password=False)
    rapport.configure()
    assert rapport("backup", "a.backup").code == 0
    target.close()
    rapport.url = target.url.render_as_string(hide_password=False)
    rapport.configure()
    put = rapport("restore", "a.backup")
    assert (put.code, put.err) == (0, "")
    assert content(target) == before
    # No number of a deleted row is given again.
    with target.transaction(SEED) as session:
        tag = Tag(kind="company", record_id=1, name="next")
        session.add(tag)
        session.flush()
        assert tag.id > 1
    target.close()


def test_one_flipped_byte_anywhere_is_refused_and_the_store_is_untouched(
    rapport: Program, sqlite_store: Store, tmp_path: Path
) -> None:
    filled(sqlite_store).close()
    sqlite_store.close()
    assert rapport("backup", "a.backup").code == 0
    whole = (tmp_path / "a.backup").read_bytes()
    before = fingerprint(tmp_path)
    places = [0, len(whole) - 1, *random.Random(7).sample(range(len(whole)), PLACES)]
    for place in places:
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << (place % 8)
        (tmp_path / "b.backup").write_bytes(spoilt)
        refused = rapport("restore", "b.backup", "--replace")
        assert refused.code == 1, place
        assert "not touched" in refused.err
    for length in (0, 10, 31, 32, len(whole) // 2, len(whole) - 1):
        (tmp_path / "b.backup").write_bytes(whole[:length])
        assert rapport("restore", "b.backup", "--replace").code == 1, length
    (tmp_path / "b.backup").write_bytes(whole + b"x")
    assert rapport("restore", "b.backup", "--replace").code == 1
    assert fingerprint(tmp_path) == before


def test_another_key_opens_nothing(rapport: Program) -> None:
    assert rapport("migrate").code == 0
    assert rapport("backup", "a.backup").code == 0
    rapport.env["RAPPORT_KEY"] = "another-key-of-some-length"
    refused = rapport("restore", "a.backup", "--replace")
    assert refused.code == 1
    assert "another key" in refused.err


def test_without_a_key_there_is_no_backup(rapport: Program, tmp_path: Path) -> None:
    del rapport.env["RAPPORT_KEY"]
    refused = rapport("backup", "a.backup")
    assert (refused.code, refused.out) == (1, "")
    assert "RAPPORT_KEY is not set" in refused.err
    assert not (tmp_path / "a.backup").exists()


def test_a_store_that_was_never_made_is_not_made_by_a_backup(
    rapport: Program, tmp_path: Path
) -> None:
    assert rapport("backup", "a.backup").code == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["config.toml"]


def test_a_backup_is_not_overwritten_and_not_for_others_to_read(
    rapport: Program, tmp_path: Path
) -> None:
    assert rapport("migrate").code == 0
    assert rapport("backup", "a.backup").code == 0
    assert (tmp_path / "a.backup").stat().st_mode & 0o077 == 0
    assert rapport("backup", "a.backup").code == 1


def test_personal_data_is_not_readable_in_a_backup(
    on: Program, store: Store, tmp_path: Path
) -> None:
    filled(store).close()
    assert on("backup", "a.backup").code == 0
    assert b"harbour" not in (tmp_path / "a.backup").read_bytes().lower()
    assert not list(tmp_path.glob(".*.part"))


def test_a_store_in_use_is_not_replaced(rapport: Program, tmp_path: Path) -> None:
    assert rapport("migrate").code == 0
    assert rapport("backup", "a.backup").code == 0
    other = Store(f"sqlite:///{tmp_path / 'rapport.db'}")
    with other.reading() as session:
        session.execute(sa.select(Company.id))
    refused = rapport("restore", "a.backup", "--replace")
    assert refused.code == 1
    assert "stop it first" in refused.err
    other.close()
    assert rapport("restore", "a.backup", "--replace").code == 0


def test_a_broken_store_is_not_backed_up_but_can_be_replaced(
    rapport: Program, tmp_path: Path
) -> None:
    assert rapport("migrate").code == 0
    assert rapport("backup", "a.backup").code == 0
    file = tmp_path / "rapport.db"
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * 8192 + whole[12288:])
    (tmp_path / "rapport.db-wal").write_bytes(b"stale")
    refused = rapport("backup", "b.backup")
    assert refused.code == 1
    assert "damaged" in refused.err
    assert rapport("restore", "a.backup").code == 1
    assert rapport("restore", "a.backup", "--replace").code == 0
    assert not (tmp_path / "rapport.db-wal").exists()
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_tampered_log_of_changes_is_told_but_the_backup_is_kept(
    rapport: Program, sqlite_store: Store, tmp_path: Path
) -> None:
    keyed = filled(sqlite_store)
    with keyed.transaction(SEED) as session:
        session.execute(sa.text("UPDATE audit SET command = 'x' WHERE id = 3"))
    keyed.close()
    sqlite_store.close()
    told = rapport("backup", "a.backup")
    assert told.code == 1
    assert "row 3" in told.err
    assert (tmp_path / "a.backup").exists()


def test_restoring_says_how_many_messages_wait(
    rapport: Program, sqlite_store: Store, tmp_path: Path
) -> None:
    with sqlite_store.transaction(SEED) as session:
        values = {"kind": "k", "payload": {}, "priority": 1, "due_at": START, "created_at": START}
        session.execute(
            sa.insert(Notice), [{**values, "key": key, "address": "slack:C1"} for key in "abc"]
        )
    sqlite_store.close()
    assert rapport("backup", "a.backup").code == 0
    put = rapport("restore", "a.backup", "--replace")
    assert "3 messages will be sent" in put.out


def test_a_large_store_is_backed_up_and_restored_by_real_processes(
    rapport: Program, sqlite_store: Store, tmp_path: Path
) -> None:
    add_firms(sqlite_store, 3_000)
    before = content(sqlite_store)
    sqlite_store.close()
    assert rapport.process("backup", "a.backup").code == 0
    shutil.copy(tmp_path / "a.backup", tmp_path / "b.backup")
    (tmp_path / "rapport.db").unlink()
    done = rapport.process("restore", "b.backup")
    assert (done.code, done.err) == (0, "")
    assert content(sqlite_store) == before
