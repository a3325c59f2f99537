"""A SQLite store that is away for a while: a folder stands in the place of its file."""

from __future__ import annotations

from pathlib import Path

from crm_store.store import Store


def take_away(store: Store) -> None:
    """Put a folder in the place of the store, so that nothing can be kept or read."""
    path = Path(str(store.url.database))
    store.close()
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    store.close()


def bring_back(store: Store) -> None:
    """Put the store back as it was."""
    path = Path(str(store.url.database))
    path.rmdir()
    path.with_suffix(".away").rename(path)
