"""A manager asks for an analysis instead of waiting for the night, and is told how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crm_store import asked
from crm_store.addresses import Address
from crm_store.models import JobRequest, User
from handlers.notices import Telling, notices
from handlers.reply import Reply, Tone
from tests.desk import START, Desk


def requests(desk: Desk) -> list[tuple[str, dict[str, Any], str]]:
    with desk.session() as session:
        query = sa.select(JobRequest).order_by(JobRequest.id)
        return [(each.job, each.arguments, each.user.name) for each in session.scalars(query)]


def tell(desk: Desk, kind: str, payload: Mapping[str, Any]) -> Reply:
    with desk.session() as session:
        telling = Telling(
            session, None, START, desk.defaults, lambda _line: Reply(), Address("test", "admin")
        )
        told = notices()[kind](telling, payload)
    assert told
    return told


def test_a_manager_asks_for_the_scores_and_is_told_that_they_come(desk: Desk) -> None:
    reply = desk.manager.says("job run scores")
    assert reply.title == "The job “scores” begins in a moment."
    assert reply.text == "You get a message when it is done."
    assert [(job, arguments) for job, arguments, _name in requests(desk)] == [
        ("run", {"name": "scores"})
    ]


def test_who_asks_again_hears_how_far_it_is(desk: Desk) -> None:
    desk.manager.says("job run scores")
    with desk.session() as session:
        held = asked.claim(session, START)
        assert held
        asked.note_progress(session, held, "400,000 of 1,000,000 customers")
    reply = desk.manager.says("job run scores")
    assert reply.title == "The job “scores” is running."
    assert "400,000 of 1,000,000 customers" in reply.text
    assert len(requests(desk)) == 1
    status = str(desk.admin.says("status").to_dict())
    assert "400,000 of 1,000,000 customers" in status
    assert "scores for " in status


def test_the_housework_is_for_admins_and_a_job_that_there_is_not_for_nobody(desk: Desk) -> None:
    reply = desk.manager.says("job run housekeeping")
    assert reply.title == "Only an admin can ask for the job “housekeeping”."
    assert desk.manager.says("job run laundry").title.startswith("Choose one of: ")
    assert desk.rep.says("job run scores").tone is Tone.WARNING
    assert requests(desk) == []
    assert desk.admin.says("job run house").title == "The job “housekeeping” begins in a moment."


def test_the_answer_and_a_failure_are_told(desk: Desk) -> None:
    done = tell(desk, asked.DONE, {"job": "scores", "summary": "risk of 7 customers"})
    assert (done.title, done.text) == ("The job “scores” is done.", "")
    assert desk.manager.presses(done, "At risk of leaving").title == (
        "No customer has been scored yet."
    )
    kept = tell(desk, asked.DONE, {"job": "housekeeping", "summary": "2 rows deleted"})
    assert (kept.text, kept.actions) == ("2 rows deleted", ())
    run = {"job": "run", "arguments": {"name": "scores"}, "reference": "ABC123"}
    failed = tell(desk, asked.FAILED, {**run, "why": "bug"})
    assert failed.title == "The job “scores” could not be done."
    assert "ABC123" in failed.text
    assert desk.manager.presses(failed, "Try again").title.startswith("The job “scores” begins")
    short = tell(desk, asked.FAILED, {**run, "why": "out of memory", "reference": ""})
    assert "memory_mb" in short.text
    tree = {"job": "tree", "arguments": {"of": "won"}, "reference": "", "why": "broken off"}
    assert tell(desk, asked.FAILED, tree).actions == ()


def test_a_request_that_failed_is_seen_in_the_status(desk: Desk) -> None:
    desk.manager.says("job run scores")
    with desk.session() as session:
        held = asked.claim(session, START)
        assert held
        user = session.get_one(User, held.user_id).name
        payload = {"job": "run", "arguments": {}, "why": "bug", "reference": "A"}
        asked.finish(session, held, START, kind=asked.FAILED, payload=payload, failed=True)
    fields = {field.label: field.value for field in desk.admin.says("status").fields}
    assert fields[f"scores for {user}"].startswith("failed ")
