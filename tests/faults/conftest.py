"""A nursery for all the tests of faults, and an office on each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_store.store import Store

from .office import Office, opened
from .processes import Nursery
from .processes import nursery as started


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Starts processes that die where they are told to."""
    with started() as young:
        yield young


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Iterator[Office]:
    """A team on Telegram and Slack; the test runs once on each database."""
    with opened(store, tmp_path) as here:
        yield here


@pytest.fixture
def sqlite_office(sqlite_store: Store, tmp_path: Path) -> Iterator[Office]:
    """The same on SQLite alone."""
    with opened(sqlite_store, tmp_path) as here:
        yield here


@pytest.fixture
def postgresql_office(postgresql_store: Store, tmp_path: Path) -> Iterator[Office]:
    """The same on PostgreSQL alone."""
    with opened(postgresql_store, tmp_path) as here:
        yield here
