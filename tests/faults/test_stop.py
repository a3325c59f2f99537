"""Being told to stop is no accident: it takes seconds, and nothing is even repeated."""

from __future__ import annotations

import signal
import time
from collections import Counter

import sqlalchemy as sa

from crm_store import notices
from crm_store.models import InboxRow, InboxState, Lease

from .office import Office, Team, until

SECONDS = 10.0
OPEN = (InboxState.NEW, InboxState.DONE)


def test_a_stop_in_the_middle_of_the_work_loses_and_repeats_nothing(office: Office) -> None:
    begun = time.monotonic()
    team = Team(office, 10_000)
    team.start()
    for turn in range(3):
        process = office.start_alone()
        # Not before it is up: a signal while Python still imports ends any program at once.
        until(lambda: office.is_up() and len(office.answered()) > 20 * turn + 20, office)  # noqa: B023 - called here
        for platform in ("telegram", "slack"):
            office.owe(platform, notices.REMINDER)
        process.signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0, office.tail()
        assert_nothing_is_held(office)
    meanwhile = len(office.answered())
    process = office.start_alone()
    team.end()
    until(lambda: office.is_up() and office.is_quiet(), office)
    process.signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0, office.tail()
    count = office.count(team.given, meanwhile, Counter(), time.monotonic() - begun)
    assert count.broken == {}, count
    assert count.repeats == 0, count


def assert_nothing_is_held(office: Office) -> None:
    """See that the next process need not wait for a claim or a lease to lapse."""
    with office.store.reading() as session:
        now = office.store.now(session)
        held = sa.select(InboxRow.id).where(
            InboxRow.state.in_(OPEN), InboxRow.claimed_by.is_not(None)
        )
        assert session.scalars(held).all() == []
        assert session.scalars(sa.select(Lease.name).where(Lease.expires_at > now)).all() == []
