"""Who may do what: the verdict for every command and person, and what a place with readers may show."""

from __future__ import annotations

import pytest

from crm_store import users
from crm_store.models import Role
from crm_store.store import Store
from handlers.command import commands
from handlers.reply import Reply
from handlers.subjects import load
from tests import stored
from tests.desk import PEOPLE, Desk
from tests.furnished import CANARY, furnished

REFUSALS = ("not open to your role", "I do not know you yet")
WHO = ("stranger", *PEOPLE)
# Who may run what asks for a role; a role that is not in this table is a decision nobody made.
MAY = {
    Role.ANYONE: set(WHO),
    Role.MEMBER: {"rep", "mate", "agent", "manager", "admin"},
    Role.REP: {"rep", "mate", "manager", "admin"},
    Role.AGENT: {"agent", "manager", "admin"},
    Role.MANAGER: {"manager", "admin"},
    Role.ADMIN: {"admin"},
}

load()


@pytest.fixture
def desk(sqlite_store: Store) -> Desk:
    """A furnished desk."""
    return furnished(sqlite_store)


def refused(reply: Reply) -> bool:
    return any(words in reply.title for words in REFUSALS)


def test_every_person_gets_the_verdict_of_the_table(desk: Desk) -> None:
    for command in commands().values():
        for who in WHO:
            if who not in MAY[command.role]:
                for private in (True, False):
                    reply = getattr(desk, who).says(command.example, private=private)
                    assert refused(reply), (command.name, who, private)
                    assert CANARY not in str(reply.to_dict())


def test_a_permitted_person_is_not_refused(desk: Desk) -> None:
    for command in commands().values():
        for who in MAY[command.role] - {"stranger"}:
            assert not refused(getattr(desk, who).says(f"help {command.name}"))
            assert not refused(getattr(desk, who).says(command.name)), (command.name, who)


def test_a_role_that_was_taken_away_no_longer_presses_buttons(desk: Desk) -> None:
    card = desk.agent.says("ticket show 42")
    desk.admin.says("user edit agent@rapport.example role=rep")
    before = stored.fingerprint(desk.store)
    assert refused(desk.agent.presses(card, "Close"))
    assert stored.fingerprint(desk.store) == before


def test_somebody_switched_off_is_a_stranger(desk: Desk) -> None:
    desk.admin.says("user edit rep@rapport.example active=no")
    assert refused(desk.rep.says("company show 7"))


def test_a_channel_does_not_show_what_is_personal(desk: Desk) -> None:
    assert "test:rep" in str(desk.rep.says("whoami"))
    assert "test:rep" not in str(desk.rep.says("whoami", private=False))


def test_the_last_admin_stays_one(desk: Desk) -> None:
    for line in ("role=rep", "active=no"):
        assert "last admin" in desk.admin.says(f"user edit admin@rapport.example {line}").title
    with desk.session() as session:
        assert users.count_admins(session) == 1


def test_only_a_manager_undoes_what_somebody_else_did(desk: Desk) -> None:
    added = desk.rep.says("company add Third")
    (line,) = (action.line for action in added.actions if action.label == "Undo")
    assert "Only a manager" in desk.mate.says(line).title
    assert "Undone" in desk.manager.says(line).title
