"""Undo of every command that writes: what the store holds afterwards is what it held before."""

from __future__ import annotations

import pytest

from crm_store.models import AuditRow
from crm_store.store import Store
from handlers.command import commands
from handlers.reply import Tone
from handlers.subjects import load
from tests.desk import Desk
from tests.furnished import furnished
from tests.stored import Contents, contents

load()
NOT_UNDONE = {
    "undo",
    "link",  # a code, or an account that its owner gave
    "import revert",  # tests/handlers/test_imports.py
    "status retry",
    "status resend",
}
FIRST = {
    "contact email": ["contact unemail 7 jane@home.example"],
    "contact phone": ["contact unphone 7 +4930901820"],
    "field add": ["field remove contact tier"],
    "field clear": ['field set "Jane Doe" tier gold'],
    "contact restore": ["contact delete 7"],
    "company restore": ["company delete 8"],
    "deal move": ["deal move 42 qualified"],
    "deal restore": ["deal delete 42"],
    "ticket reopen": ["ticket close 42"],
    "ticket restore": ["ticket delete 42"],
    "task snooze": ["task snooze 5 friday 15:00"],
    "task restore": ["task delete 5"],
    "followup": ['followup "Acme Ltd" friday 15:00'],
}
LINES = {
    "contact restore": "contact restore 7",
    "company restore": "company restore 8",
    "company delete": "company delete 8",
}


@pytest.mark.parametrize(
    "name", sorted(c.name for c in commands().values() if not c.reads and c.name not in NOT_UNDONE)
)
def test_what_is_undone_was_never_there(store: Store, name: str) -> None:
    desk = furnished(store)
    for line in FIRST.get(name, []):
        assert desk.admin.says(line).tone is not Tone.WARNING, line
    before = standing(desk)

    made = desk.admin.says(LINES.get(name, commands()[name].example))

    assert standing(desk) != before, made
    assert desk.admin.presses(made, "Undo").tone is Tone.GOOD
    assert standing(desk) == before


def standing(desk: Desk) -> Contents:
    """What is not deleted, without the count of the changes."""
    with desk.session() as session:
        found = contents(session, without={"version"})
    found.pop(AuditRow.__tablename__)
    return {
        kind: [row for row in rows if row.get("deleted_at") is None] for kind, rows in found.items()
    }
