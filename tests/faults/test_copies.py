"""Several copies on one PostgreSQL change nothing that anybody sees, and any of them may die."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm_store import notices
from crm_store.models import Lease, Occurrence, Task

from .failpoints import BEAT
from .office import TELEGRAM_PEOPLE, Count, Office, free_port, until
from .processes import KILLED, Child, Nursery, nursery

READERS = 40
BEATS = 3


@pytest.fixture
def crowded(postgresql_office: Office) -> Office:
    """An office with forty colleagues on Telegram, so that no reminders are merged."""
    for number in range(READERS - len(TELEGRAM_PEOPLE)):
        postgresql_office.hire("telegram", str(500 + number))
    return postgresql_office


@pytest.fixture
def nurseries() -> Iterator[list[Nursery]]:
    """Two, as each starts one process at a time."""
    with ExitStack() as both:
        yield [both.enter_context(nursery()) for _ in range(2)]


class Copies:
    """Two running copies on the ports they listen on."""

    def __init__(self, office: Office, nurseries: list[Nursery], folder: Path) -> None:
        self.office = office
        self.nurseries = nurseries
        self.ports = [office.port, free_port()]
        other = office.configure(folder / "other.toml", self.ports[1])
        self.arguments = [office.arguments, ("run", "--config", str(other))]

    def start(self, which: int, *changes: str) -> Child:
        """Start one of the two."""
        office = self.office
        return self.nurseries[which].start(
            self.arguments[which], office.environment, office.log, changes=changes
        )

    def end(self, *processes: Child) -> Count:
        """Wait until nothing is left to do, stop cleanly, and count."""
        until(lambda: all(map(self.office.is_up, self.ports[-len(processes) :])), self.office)
        until(self.office.is_quiet, self.office)
        for process in processes:
            process.signal(signal.SIGTERM)
            assert process.wait(30) == 0, self.office.tail()
        return self.office.count([], 0, Counter(), 0)


@pytest.fixture
def copies(crowded: Office, nurseries: list[Nursery], tmp_path: Path) -> Copies:
    return Copies(crowded, nurseries, tmp_path)


@pytest.mark.parametrize("changes", [(), ("everybody leads",)])
def test_two_copies_send_each_reminder_once(copies: Copies, changes: tuple[str, ...]) -> None:
    for _ in range(READERS):
        copies.office.owe("telegram", notices.REMINDER)
    processes = [copies.start(which, *changes) for which in range(2)]
    count = copies.end(*processes)
    assert count.notices == READERS
    assert count.broken == {}, count
    assert count.repeats == 0, count


@pytest.mark.parametrize("changes", [(), ("everybody leads",)])
def test_two_copies_run_each_job_once_at_each_of_its_times(
    copies: Copies, changes: tuple[str, ...]
) -> None:
    processes = [copies.start(which, "a job beats", *changes) for which in range(2)]
    until(lambda: _beats(copies.office)[0] >= BEATS, copies.office)
    count = copies.end(*processes)
    tasks, occurrences = _beats(copies.office)
    assert tasks == occurrences
    assert count.broken == {}, count


def test_when_the_leader_is_killed_the_other_copy_goes_on(copies: Copies) -> None:
    office = copies.office
    leader = copies.start(0, "a job beats")
    until(lambda: {"telegram:poll", "scheduler", "delivery:telegram"} <= _leases(office), office)
    other = copies.start(1, "a job beats")
    until(lambda: office.is_up(copies.ports[1]), office)
    terms = _terms(office)
    for _ in range(READERS):
        office.owe("telegram", notices.REMINDER)
    until(lambda: sum(1 for _ in office.texts()) > READERS // 4, office)
    leader.signal(signal.SIGKILL)
    assert leader.wait(30) == KILLED
    person = TELEGRAM_PEOPLE[0]
    office.telegram.message(person, person, 'company add "C-00001"')
    office.let_claims_lapse()  # instead of the fifteen seconds that a lease lives
    until(lambda: office.answered() == {"C-00001"}, office)
    before = _beats(office)[0]
    until(lambda: _beats(office)[0] > before, office)
    count = copies.end(other)
    after = _terms(office)
    assert {name: after[name] - term for name, term in terms.items()} == dict.fromkeys(terms, 1)
    assert count.broken == {}, count
    assert office.effects() == {"C-00001": 1}


def _leases(office: Office) -> set[str]:
    return set(_terms(office))


def _terms(office: Office) -> dict[str, int]:
    with office.store.reading() as session:
        return {lease.name: lease.term for lease in session.scalars(sa.select(Lease))}


def _beats(office: Office) -> tuple[int, int]:
    """Return how often the job left its task, and how many of its runs ended well."""
    with office.store.reading() as session:
        tasks = session.scalars(sa.select(Task.id).where(Task.text == BEAT)).all()
        runs = sa.select(Occurrence.id).where(
            Occurrence.schedule == BEAT, Occurrence.finished_at.is_not(None), ~Occurrence.failed
        )
        return len(tasks), len(session.scalars(runs).all())
