"""An admin sees in chat how Rapport is, and tries again what failed."""

from __future__ import annotations

from crm_store import inbox, notices
from crm_store.models import InboxRow, InboxState, Notice, NoticeState
from handlers.reply import Tone
from tests.desk import START, Desk


def failed(desk: Desk) -> None:
    """Give up one command and one message."""
    with desk.session() as session:
        inbox.receive(session, "slack", "a", "U1", {}, START)
        inbox.give_up(session, 1)
        notices.owe(
            session, kind="task_due", key="n", payload={"text": "secret"}, due_at=START,
            now=START, priority=notices.REMINDER, address="slack:C1",
        )  # fmt: skip
        notices.dead(session, [1], "is_archived")


def test_all_is_well(desk: Desk) -> None:
    reply = desk.admin.says("status")
    assert (reply.title, reply.tone) == ("Rapport is well.", Tone.GOOD)
    assert not reply.actions


def test_what_failed_is_listed_with_its_reason_and_not_its_content(desk: Desk) -> None:
    failed(desk)
    reply = desk.admin.says("status")
    assert reply.tone is Tone.WARNING
    assert reply.table
    assert ("task_due", "is_archived") in {(row.cells[2], row.cells[4]) for row in reply.table.rows}
    assert "secret" not in str(reply.to_dict())


def test_a_command_that_was_given_up_is_tried_again(desk: Desk) -> None:
    failed(desk)
    desk.admin.presses(desk.admin.says("status"), "Retry command #1")
    with desk.session() as session:
        assert session.get_one(InboxRow, 1).state is InboxState.NEW
    assert desk.admin.says("status retry 1").title == "There is no given-up command #1."


def test_a_message_that_was_given_up_is_sent_again(desk: Desk) -> None:
    failed(desk)
    desk.admin.presses(desk.admin.says("status"), "Resend message #1")
    with desk.session() as session:
        assert session.get_one(Notice, 1).state is NoticeState.WAITING
    assert desk.admin.says("status resend 1").title == "There is no failed message #1."


def test_nobody_but_an_admin_sees_it(desk: Desk) -> None:
    failed(desk)
    for line in ("status", "status retry 1", "status resend 1"):
        assert "task_due" not in str(desk.manager.says(line).to_dict())
    with desk.session() as session:
        assert session.get_one(Notice, 1).state is NoticeState.DEAD
