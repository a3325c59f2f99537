"""A SQLite store that is away for a while: no new connection to it can be opened."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import event

from crm_store.store import Store

_away: set[int] = set()


def take_away(store: Store) -> None:
    """Drop the connections and refuse new ones, so that nothing can be kept or read."""
    if not event.contains(store.engine, "do_connect", _connect):
        event.listen(store.engine, "do_connect", _connect)
    store.engine.dialect.__dict__["rapport_store"] = id(store)
    _away.add(id(store))
    store.close()


def bring_back(store: Store) -> None:
    """Let connections be opened again."""
    _away.discard(id(store))


def _connect(dialect: Any, _record: Any, _arguments: Any, _options: Any) -> None:
    if dialect.__dict__.get("rapport_store") in _away:
        sqlite3.connect("/nowhere/rapport.db")  # the real error, with its code
