"""`rapport backup` and `rapport restore`: a sealed file that was opened and loaded before it is called good.

What is in the file is `crm_store/backups.py`, how it is sealed `crm_store/sealed.py`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from bot.app import open_store
from bot.cli.common import Refused, say
from bot.config import Config
from crm_store import audit, backups, health, inbox, notices
from crm_store.backups import Contents
from crm_store.models import InboxState, NoticeState
from crm_store.store import Actor, Conflict, Store, StoreUnavailable

_ACTOR = Actor(None, "command line", "restore", "restore")
_DAMAGED = (
    "{file} cannot be opened with this RAPPORT_KEY: it is no backup of Rapport, another key sealed"
    " it, or it was changed since. The store was not touched."
)
_RUNNING = "Rapport is running on this store; stop it first, and every `rapport chat`."
UNREACHABLE = "The store cannot be reached; is [store] url right and the server up?"
_TAMPERED = (
    "The log of changes in it does not hold from row {row} on ({reason}): it was tampered with,"
    " or written with another RAPPORT_KEY.\n"
)


def backup(arguments: argparse.Namespace, config: Config) -> int:
    """Write the file, load it into a temporary store, compare, and only then give it its name."""
    key, file = _key(config), arguments.file
    if file.exists():
        raise Refused(f"{file} exists already; give another name, such as one with the date.")
    part = file.with_name(f".{file.name}.part")
    store = existing_store(config)
    try:
        written = _write(store, part, key)
        with tempfile.TemporaryDirectory(prefix="rapport-") as folder:
            copy = Store(f"sqlite:///{Path(folder) / 'check.db'}", audit_key=key)
            try:
                broken = _load(copy, part, key)
            finally:
                copy.close()
        if _read(part, key) != written:
            raise Refused("The backup does not hold what the store holds; nothing was kept.")
        part.replace(file)
        _settle_folder(file.parent)
    finally:
        store.close()
        part.unlink(missing_ok=True)
    rows, tables = sum(written.rows.values()), len(written.rows)
    say(f"Backup {file} is written and was read back: {rows:,} rows in {tables} tables.")
    return _told(broken)


def restore(arguments: argparse.Namespace, config: Config) -> int:
    """Check the whole file, then put what it holds in the place of the store, at once or not at all."""
    key, file = _key(config), arguments.file
    contents = _read(file, key)
    store = open_store(config)
    try:
        _refuse_in_use(store, replace=arguments.replace)
        put = _put_sqlite if store.is_sqlite else _put_postgresql
        broken = put(store, file, key)
    finally:
        store.close()
    made_at = contents.made_at.strftime("%Y-%m-%d %H:%M UTC")
    say(f"The store is as it was at {made_at}: {sum(contents.rows.values()):,} rows.")
    _tell_waiting(config)
    return _told(broken)


def existing_store(config: Config) -> Store:
    """Return a store that has tables, as it is, not upgraded.

    Raises:
        Refused: there is none; opening a SQLite file that is not there would make it.
    """
    store = open_store(config)
    if store.is_sqlite and not _file(store).exists():
        raise Refused(f"There is no store at {_file(store)} yet; `rapport migrate` makes one.")
    try:
        if backups.form(store):
            return store
        why = "The store has no tables yet; run `rapport migrate`."
    except StoreUnavailable:
        why = UNREACHABLE
    except backups.Damaged:
        why = "The store's file is damaged; `rapport restore FILE --replace` brings a backup back."
    store.close()
    raise Refused(why)


def _key(config: Config) -> bytes:
    if config.secrets.rapport_key is None:
        raise Refused(
            "RAPPORT_KEY is not set: a backup is sealed with it. Set it (or RAPPORT_KEY_FILE) to at"
            " least 16 characters and keep a copy elsewhere: without it no backup can be read."
        )
    return config.secrets.rapport_key.reveal().encode()


def _write(store: Store, part: Path, key: bytes) -> Contents:
    damage = backups.damage(_file(store)) if store.is_sqlite else ""
    if damage:
        raise Refused(f"The store's file is damaged ({damage}); restore an earlier backup.")
    try:
        with _private(part) as target, store.reading() as session:
            written = backups.dump(session, target, key)
            target.flush()
            os.fsync(target.fileno())
    except StoreUnavailable as error:
        raise Refused(UNREACHABLE) from error
    except OSError as error:
        raise Refused(f"{part.parent} cannot be written: {error.strerror}.") from error
    return written


def _read(file: Path, key: bytes) -> Contents:
    try:
        with file.open("rb") as source:
            return backups.read(source, key)
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from error
    except backups.Damaged as error:
        raise Refused(_DAMAGED.format(file=file)) from error
    except backups.Newer as error:
        raise Refused(f"{file} was made by a newer version of Rapport; install that.") from error


def _load(store: Store, file: Path, key: bytes, *, replace: bool = False) -> audit.Break | None:
    """Load a file into a store in one transaction and check the log of changes in it."""
    with file.open("rb") as source, store.transaction(_ACTOR) as session:
        if replace:
            backups.wipe(session)
        backups.load(session, source, key)
        if not store.is_sqlite:
            backups.settle(session)
            return audit.verify(session, key)
    # On SQLite tables are rebuilt with references off, which no open transaction allows.
    store.upgrade()
    with store.transaction(_ACTOR) as session:
        backups.settle(session)
        return audit.verify(session, key)


def _refuse_in_use(store: Store, *, replace: bool) -> None:
    if store.is_sqlite and not _file(store).exists():
        return
    if store.is_sqlite and backups.damage(_file(store)):
        empty, running = False, False
    else:
        empty, running = _looked_at(store)
    if not empty and not replace:
        raise Refused("The store is not empty; write `--replace` to lose what it holds now.")
    if running:
        raise Refused(_RUNNING)


def _looked_at(store: Store) -> tuple[bool, bool]:
    """Return whether the store is empty and whether a process works on it."""
    try:
        with store.reading() as session:
            empty = backups.is_empty(session)
            leased = not empty and bool(health.held_leases(session, store.now(session)))
    except StoreUnavailable as error:
        raise Refused(UNREACHABLE) from error
    store.close()
    return empty, backups.is_in_use(_file(store)) if store.is_sqlite else leased


def _put_sqlite(store: Store, file: Path, key: bytes) -> audit.Break | None:
    live = _file(store)
    beside = live.with_name(f".{live.name}.restoring")
    _remove(beside)
    with _private(beside):
        pass
    fresh = Store(store.url.set(database=str(beside)), audit_key=key)
    try:
        broken = _load(fresh, file, key)
    finally:
        fresh.close()
    if live.exists() and backups.is_in_use(live):
        _remove(beside)
        raise Refused(_RUNNING)
    for stale in ("-wal", "-shm"):
        live.with_name(live.name + stale).unlink(missing_ok=True)
    beside.replace(live)
    _settle_folder(live.parent)
    return broken


def _put_postgresql(store: Store, file: Path, key: bytes) -> audit.Break | None:
    try:
        return _load(store, file, key, replace=True)
    except (Conflict, StoreUnavailable) as error:
        raise Refused(
            "The store could not be replaced, and is as it was: it is away or in use. Stop Rapport"
            " everywhere and try again."
        ) from error


def _tell_waiting(config: Config) -> None:
    store = open_store(config)
    try:
        with store.reading() as session:
            events = inbox.counts(session)
            messages = notices.counts(session)
    finally:
        store.close()
    open_events = events[InboxState.NEW] + events[InboxState.DONE]
    open_messages = messages[NoticeState.WAITING] + messages[NoticeState.SENDING]
    say(
        f"At the next start {open_messages} messages will be sent and {open_events} commands"
        " carried out or answered; reminders older than a day are left out."
    )


def _file(store: Store) -> Path:
    return Path(store.url.database or "")


@contextmanager
def _private(file: Path) -> Iterator[BinaryIO]:
    """Open a new file that only its owner may read."""
    with open(file, "wb", opener=partial(os.open, mode=0o600)) as opened:
        yield opened


def _remove(file: Path) -> None:
    for end in ("", "-wal", "-shm"):
        file.with_name(file.name + end).unlink(missing_ok=True)


def _settle_folder(folder: Path) -> None:
    """Make a rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _told(broken: audit.Break | None) -> int:
    if broken is None:
        return 0
    if broken.unsealed:
        say(
            f"Rows 1 to {broken.unsealed:,} of the log of changes were written without RAPPORT_KEY."
        )
        return 0
    sys.stderr.write(_TAMPERED.format(row=broken.row_id, reason=broken.reason))
    return 1
