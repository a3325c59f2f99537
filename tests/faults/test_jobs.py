"""What somebody asked for is answered once, whenever a process dies; a heavy job dies with its process."""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm_store import asked
from crm_store.models import JobRequest, Occurrence, User

from .failpoints import JOB_POINTS
from .office import ACTOR, PATIENCE, TELEGRAM_PEOPLE, Office, until
from .processes import KILLED, Nursery

SECONDS = 10.0
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def ask(office: Office) -> None:
    """Let the first colleague on Telegram ask for the scores."""
    with office.store.transaction(ACTOR) as session:
        user_id = office.people[f"telegram:{TELEGRAM_PEOPLE[0]}"]
        assert session.get_one(User, user_id).active
        asked.ask(
            session, job="run", arguments={"name": "scores"}, user_id=user_id, now=datetime.now(UTC)
        )


def dies(office: Office, nursery: Nursery, point: str) -> None:
    """Start a process and see it die at a point."""
    process = nursery.start(office.arguments, office.environment, office.log, {point: 1})
    assert process.wait(PATIENCE) == KILLED, office.tail()
    office.let_claims_lapse()


def ends(office: Office, nursery: Nursery) -> JobRequest:
    """Start a process that lives, let it end what is left, and return the request."""
    process = nursery.start(office.arguments, office.environment, office.log)
    until(lambda: not is_open(office) and office.is_quiet(), office)
    process.signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0, office.tail()
    with office.store.reading() as session:
        return session.scalars(sa.select(JobRequest)).one()


def is_open(office: Office) -> bool:
    with office.store.reading() as session:
        return asked.is_any_open(session)


def told(office: Office, words: str) -> int:
    return sum(words in text for _platform, text in office.texts())


@pytest.mark.parametrize("point", JOB_POINTS)
def test_a_request_whose_process_is_killed_is_answered_once(
    sqlite_office: Office, nursery: Nursery, point: str
) -> None:
    is_answered_once(sqlite_office, nursery, point)


def test_it_is_so_on_the_other_database(postgresql_office: Office, nursery: Nursery) -> None:
    is_answered_once(postgresql_office, nursery, "owing")


def is_answered_once(office: Office, nursery: Nursery, point: str) -> None:
    """Let a process die at a point over a request, and another one end it."""
    ask(office)
    dies(office, nursery, point)
    request = ends(office, nursery)
    assert (request.failed, request.resumed) == (False, point != "owed")
    assert told(office, "The job “scores” is done.") == 1
    assert told(office, "could not be done") == 0


def test_a_request_that_two_processes_died_over_is_given_up_and_said_so_once(
    sqlite_office: Office, nursery: Nursery
) -> None:
    ask(sqlite_office)
    dies(sqlite_office, nursery, "begun")
    dies(sqlite_office, nursery, "begun")
    assert ends(sqlite_office, nursery).failed
    assert told(sqlite_office, "The job “scores” could not be done.") == 1
    assert told(sqlite_office, "is done.") == 0


@ON_LINUX
def test_the_bot_loads_no_numerical_library_and_stops_with_a_heavy_job_in_seconds(
    sqlite_office: Office, nursery: Nursery
) -> None:
    office = sqlite_office
    process = nursery.start(
        office.arguments, office.environment, office.log, changes=("a heavy job lasts",)
    )
    until(lambda: progress(office), office)
    child = int(progress(office))
    parent = int(Path(f"/proc/{child}/stat").read_text("ascii").rpartition(")")[2].split()[1])
    assert "numpy" in libraries(child)
    assert not libraries(parent)
    process.signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0, office.tail()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert not progress(office)


def progress(office: Office) -> str:
    """Return what the planted job says, empty while there is no run of it."""
    with office.store.reading() as session:
        said = sa.select(Occurrence.progress).where(Occurrence.schedule == "lasts")
        return session.scalars(said).first() or ""


def libraries(number: int) -> set[str]:
    """Return the numerical libraries of which compiled code is in a process."""
    mapped = Path(f"/proc/{number}/maps").read_text("utf-8")
    return {name for name in ("numpy", "pandas", "scipy", "sklearn") if f"/{name}/" in mapped}
