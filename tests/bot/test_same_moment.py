"""Two people at the same moment: both are answered, and nobody hears of a bug."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event

import pytest
import sqlalchemy as sa

from crm_store import acknowledgements, channels, notices, preferences, rest, users
from crm_store.addresses import Address
from crm_store.models import Acknowledgement, Mode, Role, User
from crm_store.store import Session, Store
from handlers.reply import Reply
from tests.desk import SEED
from tests.handlers.test_accounts import heard
from tests.mailroom import Mailroom

CHANNEL = "slack:C1"
Act = Callable[[Session], object]
Saying = Callable[[], Reply]


@pytest.fixture
def room(postgresql_store: Store) -> Mailroom:
    """SQLite lets one write at a time, so only PostgreSQL can do this."""
    return Mailroom(postgresql_store)


def meanwhile(room: Mailroom, first: Act, saying: Saying) -> Reply:
    """Let somebody begin, let another say something, and end the first only when the second waits for it."""
    with ThreadPoolExecutor(1) as other:
        with room.store.transaction(SEED) as session:
            first(session)
            session.flush()
            said = other.submit(saying)
            _wait_for_a_lock(room.store)
        return said.result(timeout=30)


def _wait_for_a_lock(store: Store) -> None:
    query = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _look in range(1_000):
        with store.engine.connect() as connection:
            if connection.execute(query).scalar_one():
                return
        Event().wait(0.01)
    pytest.fail("nobody waits")


def test_two_see_to_one_message(room: Mailroom) -> None:
    room.plain = True
    number = room.owe("fire", address=CHANNEL, payload={"task_id": 1}, priority=notices.ALERT)

    def mate(session: Session) -> None:
        user = session.get_one(User, room.mate.id)
        acknowledgements.add(session, {"fire"}, user, room.clock.now())

    said = meanwhile(
        room, mate, lambda: room.rep.says(f"notice ack {number}", private=False, place=CHANNEL)
    )
    assert "went wrong" not in said.title
    with room.session() as session:
        assert session.query(Acknowledgement).one().user.name == "Milo Mate"


@pytest.mark.parametrize(
    ("first", "line", "answer"),
    [
        (
            lambda s: channels.set_mode(s, Address.parse(CHANNEL), Mode.SEPARATE),
            f"channel mode edit address={CHANNEL}",
            "Channel slack:C1",
        ),
        (
            lambda s: preferences.set_for_role(s, Role.REP, "quiet", "20:00-08:00", locked=False),
            "preference role rep budget 9",
            "For the role rep: Messages a day: 9",
        ),
        (
            lambda s: rest.add_holiday(s, "office", date(2026, 12, 25), "Christmas"),
            "holiday add 2026-12-25 Yule",
            "Yule, Fri, Dec 25, 2026, is a holiday of office.",
        ),
    ],
)
def test_two_set_the_same_for_the_first_time(
    room: Mailroom, first: Act, line: str, answer: str
) -> None:
    assert meanwhile(room, first, lambda: room.admin.says(line)).title == answer


def test_a_profile_is_read_twice_at_the_first_contact(room: Mailroom) -> None:
    def first(session: Session) -> None:
        users.introduce(session, session.get_one(User, room.rep.id), "en", "Europe/Paris")

    said = meanwhile(room, first, lambda: heard(room, "rep", time_zone="Europe/Paris"))
    assert said.title == "Rita Rep"


def test_two_add_the_same_colleague(room: Mailroom) -> None:
    def first(session: Session) -> None:
        users.add(
            session,
            "jo@rapport.example",
            "Jo",
            Role.REP,
            language="en",
            time_zone="UTC",
            now=room.clock.now(),
        )

    said = meanwhile(room, first, lambda: room.admin.says("user add jo@rapport.example role=rep"))
    assert said.title == "jo@rapport.example is a colleague already."
