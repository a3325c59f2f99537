"""Undo of every command that writes: what the store holds afterwards is what it held before."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crm_store.models import AuditRow
from crm_store.store import Store
from handlers.command import commands
from handlers.reply import Reply, Row, Tone
from handlers.subjects import load
from tests.desk import Desk
from tests.furnished import CANARY, furnished
from tests.stored import Contents, contents

load()
NOT_UNDONE = {
    "undo",
    "link",  # a code, or an account that its owner gave
    "account check",  # a message to each account
    "notice snooze",  # a message that was never sent
    "import revert",  # tests/handlers/test_imports.py
    "status retry",
    "status resend",
    "feedback",  # another word takes its place
    "job run",
    "model rollback",  # tests/handlers/test_models_kept.py
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
    "ticket send": ["ticket note 42 It is on its way"],
    "ticket unsend": ["ticket reply 42 It is on its way"],
    "task snooze": ["task snooze 5 friday 15:00"],
    "task restore": ["task delete 5"],
    "followup": ['followup "Acme Ltd" friday 15:00'],
    "account unlink": ["user edit admin@rapport.example telegram=123456"],
    "holiday remove": ["holiday add 2026-12-25 Christmas calendar=berlin"],
    "leave cancel": ["leave add 2026-12-21 2027-01-03"],
    "unmute": ['mute company:8 until="friday 18:00" reason="they are moving house"'],
}
LINES = {
    "contact restore": "contact restore 7",
    "company restore": "company restore 8",
    "company delete": "company delete 8",
    "leave cancel": "leave cancel 1",
    "unmute": "unmute 1",
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


def test_a_colleague_who_has_done_something_stays(desk: Desk) -> None:
    added = desk.admin.says("user add jane@rapport.example role=rep")
    desk.rep.says("company add Acme Ltd")
    desk.rep.says('task add call them for=jane@rapport.example about="Acme Ltd"')

    refused = desk.admin.presses(added, "Undo")

    assert refused.title.startswith("Colleague #")
    assert "is in use by now" in refused.title
    assert any("jane" in row.cells[0] for row in rows(desk.admin.says("user list")))


ADDED = "company add Initech"
BUILT_ON = [
    (ADDED, "contact add Ida company=Initech", "Company #2", "Contact #1"),
    (ADDED, "deal add Boats company=Initech amount=1k", "Company #2", "Deal #1"),
    (ADDED, "ticket new It leaks company=Initech", "Company #2", "Ticket #1"),
    (ADDED, "note add Initech they called", "Company #2", "Entry of the timeline #1"),
    ("contact add Ida", "task add call her about=Ida", "Contact #1", "Task #1"),
    ("contact add Ida", "contact email Ida ida@home.example", "Contact #1", "E-mail #1"),
    (
        "deal add Boats company=Globex amount=1k",
        "note add Boats they want red ones",
        "Deal #1",
        "Entry of the timeline #1",
    ),
]


@pytest.mark.parametrize(("adding", "using", "kind", "other"), BUILT_ON)
def test_what_a_colleague_built_on_stays_until_that_is_gone(
    desk: Desk, adding: str, using: str, kind: str, other: str
) -> None:
    desk.admin.says("company add Globex")
    added = desk.rep.says(adding)
    built = desk.admin.says(using)
    assert built.tone is not Tone.WARNING, built

    refused = desk.rep.presses(added, "Undo")

    assert refused.title.startswith(f"{kind} is in use by now: {other} belongs to it")
    assert desk.admin.presses(built, "Undo").tone is Tone.GOOD
    assert desk.rep.presses(added, "Undo").tone is Tone.GOOD


def test_a_manager_does_not_undo_what_only_an_admin_may_do(desk: Desk) -> None:
    changed = desk.admin.says("user edit mate@rapport.example role=agent")
    (line,) = (action.line for action in changed.actions if action.label == "Undo")

    assert "you need the role admin" in desk.manager.says(line).title
    assert "Undone" in desk.admin.says(line).title


def rows(reply: Reply) -> Sequence[Row]:
    """The rows of a reply's table."""
    return reply.table.rows if reply.table else ()


def standing(desk: Desk) -> Contents:
    """What is not deleted, without the count of the changes."""
    with desk.session() as session:
        found = contents(session, without={"version"})
    found.pop(AuditRow.__tablename__)
    return {
        kind: [row for row in rows if not (row.get("deleted_at") or row.get("ended_at"))]
        for kind, rows in found.items()
    }


@pytest.mark.parametrize(
    ("first", "line", "label", "value"),
    [
        (
            "",
            "company edit 8 city=Kiel",
            "Company #8 is as it was before",
            f"City: Kiel → {CANARY}",
        ),
        ("", "contact tag 7 vip", "Tag", "vip → –"),
        ("contact tag 7 vip", "contact untag 7 vip", "Tag", "– → vip"),
        ("", "contact email 7 j@b.example", "E-mail", "j@b.example → –"),
        (
            "user add jo@b.example role=rep",
            "user edit jo role=agent",
            "Colleague #7 is as it was before",
            "Role: agent → rep",
        ),
        ("", "user add jo@b.example role=rep", "Colleague #7 is gone again", "jo"),
        ("", "note add deal:42 likes tea", "Entry of the timeline #", "likes tea"),
        (
            "digest add report pipeline every=daily to=me",
            "digest remove 3",
            "Digest #3 is as it was before",
            "restored",
        ),
        (
            "",
            "leave add 2026-11-20 2026-11-22",
            "Leave #1 is gone again",
            "Fri, Nov 20, 2026 – Sun, Nov 22, 2026",
        ),
        ("", "holiday add 2026-12-25 Christmas", "Holiday #1 is gone again", "Christmas"),
        (
            "",
            "mute company:8 until=friday reason=moving",
            "Mute #1 is gone again",
            "company #8 Beta Ltd",
        ),
        (
            "",
            "channel mode edit address=slack:C1",
            "Setting of a channel #1 is gone again",
            "slack:C1",
        ),
        (
            "channel mode edit address=slack:C1",
            "channel mode separate address=slack:C1",
            "Setting of a channel #1 is as it was before",
            "Mode: separate → edit",
        ),
        (
            "",
            "preference role rep weekend sat sun locked=yes",
            "Settings of a role #1 is gone again",
            "rep",
        ),
        (
            "preference role rep budget 3",
            "preference role rep budget 3 locked=yes",
            "Settings of a role #1 is as it was before",
            "Messages a day: not locked",
        ),
        (
            "preference set quiet 22:00-08:00",
            "preference set quiet 20-8",
            "Colleague #5 is as it was before",
            "Quiet hours: 20:00-08:00 → 22:00-08:00",
        ),
        ("", "notice ack 3", "“Got it” #1 is gone again", "Ada Admin"),
        (
            "",
            "task snooze 5 friday 10:00",
            "Task #5 is as it was before",
            "Due: Fri, Nov 20, 2026, 10:00 → –",
        ),
    ],
)
def test_undo_says_what_is_there_again(
    store: Store, first: str, line: str, label: str, value: str
) -> None:
    desk = furnished(store)
    if first:
        desk.admin.says(first)
    undone = desk.admin.presses(desk.admin.says(line), "Undo")
    shown = {field.label: field.value for field in undone.fields}
    assert [shown[each] for each in shown if each.startswith(label)] == [value], undone


def test_undo_does_not_show_the_account_ids_of_a_colleague(desk: Desk) -> None:
    undone = desk.admin.presses(desk.admin.says("user edit milo slack=U0SECRET"), "Undo")
    assert "U0SECRET" not in str(undone)
    assert [field.value for field in undone.fields] == ["slack"]
