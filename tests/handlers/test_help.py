"""The help: of everything, of a subject asked either way round, and of one command."""

from __future__ import annotations

import pytest

from handlers.command import commands
from handlers.subjects import load
from tests.desk import Desk

load()


@pytest.mark.parametrize("subject", sorted({each.subject for each in commands().values()}))
def test_each_subject_has_help_either_way_round(desk: Desk, subject: str) -> None:
    asked = desk.admin.says(f"{subject} help")

    shown = [asked.title, *(row.cells[0] for row in (asked.table.rows if asked.table else ()))]
    assert any(text.startswith(subject) for text in shown), shown
    assert asked == desk.admin.says(f"help {subject}")


def test_help_is_a_word_like_any_other_elsewhere(desk: Desk) -> None:
    assert desk.rep.says("ticket new help with the printer").title == "Ticket #1 opened."
    assert desk.rep.says('find "help"').title == "Found for “help”"


@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("whoami", "anyone, also people I do not know"),
        ("company list", "every colleague"),
        ("deal add", "rep, manager, admin"),
        ("ticket close", "agent, manager, admin"),
        ("user list", "manager, admin"),
        ("user add", "admin"),
    ],
)
def test_the_help_on_a_command_names_everybody_who_may_run_it(
    desk: Desk, name: str, people: str
) -> None:
    shown = {field.label: field.value for field in desk.rep.says(f"help {name}").fields}
    assert shown["Open to"] == people
