"""What it costs to judge what is due: as many statements for many as for few."""

from __future__ import annotations

import pytest

from crm_store import attention, notices
from crm_store.store import Store
from tests.mailroom import Mailroom
from tests.statements import counted

PEOPLE = ("rep", "mate", "agent", "manager", "admin")


@pytest.fixture
def room(store: Store) -> Mailroom:
    """A company with deals and tickets, and tasks about them, so that all ways to a customer are gone."""
    made = Mailroom(store)
    made.rep.says("company add Acme")
    made.rep.says('contact add "Jane Doe" company=Acme')
    for number in range(1, 7):
        made.rep.says(f'deal add "Deal {number}" company=Acme amount=10')
        made.rep.says(f'ticket new "Ticket {number}" contact="Jane Doe"')
        made.rep.says(f"task add call them about=ticket:{number}")
    return made


def statements(room: Mailroom) -> tuple[int, int]:
    """How many statements it takes to judge what is due, and how many verdicts come of it."""
    with room.store.reading() as session:
        due = notices.due(session, room.clock.now(), 500, ["test"])
    with counted(room.store) as found, room.store.reading() as session:
        verdicts = attention.judge(session, room.clock.now(), due)
    return len(found), len(verdicts)


def owe(room: Mailroom, name: str, numbers: range) -> None:
    for number in numbers:
        room.owe(f"{name} {number}", payload={f"{name}_id": number}, priority=notices.ALERT)


def test_a_mute_costs_the_same_for_many_as_for_few(room: Mailroom) -> None:
    room.rep.says("mute company:1 until=friday reason=moving")
    for name in ("deal", "ticket", "task"):
        owe(room, name, range(1, 2))
    few = statements(room)
    for name in ("deal", "ticket", "task"):
        owe(room, name, range(2, 7))
    many = statements(room)
    assert (few[1], many[1]) == (3, 18)
    assert many[0] == few[0]


def test_budgets_cost_the_same_for_many_people_as_for_one(room: Mailroom) -> None:
    for who in PEOPLE:
        getattr(room, who).says("preference set budget 1")
        getattr(room, who).says("preference set through nothing")
    room.agent.says("settings zone=Asia/Shanghai")
    for key in ("first", "second"):
        room.owe(f"rep {key}", "rep", payload={"ticket_id": 1})
    one = statements(room)
    for who in PEOPLE[1:]:
        for key in ("first", "second"):
            room.owe(f"{who} {key}", who, payload={"ticket_id": 1})
    assert (one[1], statements(room)[1]) == (1, len(PEOPLE))
    assert statements(room)[0] == one[0]
