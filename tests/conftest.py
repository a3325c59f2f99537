"""Fixtures every test may use: a fresh migrated store on each database, the desk, and a guard on the network."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from crm_store.store import Store
from tests.databases import fresh_database, postgresql_server
from tests.desk import Desk

settings.register_profile(
    "rapport",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("rapport")

LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Fail every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple):
            assert str(address[0]).startswith(LOOPBACK), f"a test tried to reach {address[0]}"
        connect(self, address)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    store = Store(f"sqlite:///{path}")
    store.upgrade()
    store.close()
    return path


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The URL of a database `template_rapport` on a real PostgreSQL server, migrated and empty."""
    with postgresql_server() as server:
        admin = sa.create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(sa.text("CREATE DATABASE template_rapport"))
        store = Store(server.url("template_rapport"))
        store.upgrade()
        store.close()
        yield server.url("template_rapport")
        admin.dispose()


@pytest.fixture
def sqlite_store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """A fresh store on SQLite."""
    path = tmp_path / "rapport.db"
    shutil.copy(sqlite_template, path)
    store = Store(f"sqlite:///{path}")
    yield store
    store.close()


@pytest.fixture
def postgresql_store(postgresql_url: str) -> Iterator[Store]:
    """A fresh store on PostgreSQL."""
    with fresh_database(postgresql_url, "test", "template_rapport") as store:
        yield store


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """A fresh, migrated, empty store; the test runs once on each database."""
    fresh: Store = request.getfixturevalue(f"{request.param}_store")
    return fresh


@pytest.fixture
def desk(store: Store) -> Desk:
    """The desk with its people on a fresh store."""
    return Desk(store)
