"""The PostgreSQL that the tests run on: it starts, stops, dies and comes back."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests import databases
from tests.databases import GivenServer, OwnServer, PostgreSQLMissingError, postgresql_server


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    """A server of our own, which these tests may mistreat."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(databases.GIVEN, raising=False)
        with postgresql_server(durable=True) as running:
            assert isinstance(running, OwnServer)
            yield running


def ask(server: OwnServer, question: str) -> object:
    """The first value of the answer."""
    url = server.url("postgres").replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None


def test_it_keeps_text_in_utf8_ordered_by_code_point(server: OwnServer) -> None:
    assert ask(server, "SHOW server_encoding") == "UTF8"
    assert ask(server, "SELECT 'Z' < 'a' AND 'z' < '张'") is True


def test_it_listens_on_no_network(server: OwnServer) -> None:
    assert ask(server, "SHOW listen_addresses") == ""


def test_what_was_committed_survives_a_kill(server: OwnServer) -> None:
    with psycopg.connect(server.url("postgres").replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE kept (value integer)")
        connection.execute("INSERT INTO kept VALUES (7)")
    server.kill()
    server.start()
    assert ask(server, "SELECT value FROM kept") == 7


def test_stopped_it_refuses_and_started_it_answers(server: OwnServer) -> None:
    server.stop("immediate")
    with pytest.raises(psycopg.OperationalError):
        ask(server, "SELECT 1")
    server.start()
    assert ask(server, "SELECT 1") == 1


def test_the_wheel_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = databases._in_wheel()  # noqa: SLF001 - what a machine without PostgreSQL finds
    if wheel is None:
        pytest.skip("the wheel is not installed")
    monkeypatch.delenv(databases.GIVEN, raising=False)
    monkeypatch.setattr(databases, "find_binaries", lambda: wheel)
    with postgresql_server() as server:
        assert isinstance(server, OwnServer)
        assert ask(server, "SELECT 1") == 1


def test_a_given_server_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(databases.GIVEN, "postgresql://u:p@127.0.0.1:5433/other?sslmode=disable")
    with postgresql_server() as server:
        assert isinstance(server, GivenServer)
        url = "postgresql+psycopg://u:p@127.0.0.1:5433/x?sslmode=disable"
        assert server.url("x") == url
        with pytest.raises(pytest.skip.Exception):
            server.kill()


@pytest.mark.parametrize(
    ("required", "outcome"), [("1", PostgreSQLMissingError), ("", pytest.skip.Exception)]
)
def test_without_any_server_the_tests_fail_where_it_is_required(
    monkeypatch: pytest.MonkeyPatch, required: str, outcome: type[BaseException]
) -> None:
    monkeypatch.delenv(databases.GIVEN, raising=False)
    monkeypatch.setenv(databases.REQUIRED, required)
    monkeypatch.setattr(databases, "find_binaries", lambda: None)
    with pytest.raises(outcome), postgresql_server():
        pass
