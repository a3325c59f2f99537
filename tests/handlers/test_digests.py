"""Digests: what may be one, who may set one up, what it says and how it explains itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from crm_store import notices
from crm_store.addresses import Address
from crm_store.models import Digest, DigestDue, JobRequest, Notice, User
from crm_store.schedules import Schedule
from handlers.changes import compare
from handlers.digests import schedule_words
from handlers.reply import Reply, Row, Table
from jobs import digests as job
from tests.desk import Desk
from tests.jobs.shops import context, owed
from tests.statements import counted

LINE = 'digest add report pipeline every="monday 10:30" to='


def field(reply: Reply, label: str) -> str:
    return next(each.value for each in reply.fields if each.label == label)


def due(desk: Desk, now: datetime) -> list[Notice]:
    """Run the job at a moment and return every digest that was owed until then."""
    job.run(context(desk, now))
    return owed(desk, "digest")


def told(desk: Desk, notice: Notice, now: datetime) -> Reply | None:
    """What a notice says at a moment; it then counts as delivered, as in `bot/delivery.py`."""
    desk.clock.set(now)
    with desk.session() as session:
        kept = session.get_one(Notice, notice.id)
        kept.sent_to = kept.address or "test:somebody"
        said = desk.router.tell(session, kept)
        if said is None:
            notices.drop(session, [kept.id], "nothing left to say")
            return None
        table = said[1].to_dict()["table"]
        notices.sent(session, kept.id, Address("test", "x"), "m1", now, said=table)
        return said[1]


MONDAY = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
WEEK = timedelta(days=7)


def test_a_manager_sets_a_digest_up_and_sees_when_it_comes(desk: Desk) -> None:
    reply = desk.manager.says(LINE + "me")
    assert reply.title == "Digest #1 is set up."
    assert field(reply, "Line") == "report pipeline"
    assert field(reply, "When") == "every Monday at 10:30"
    assert field(reply, "Next time") == "Mon, Nov 16, 2026, 10:30"
    assert field(reply, "To") == "Mona Manager"


@pytest.mark.parametrize("line", [LINE + "me", "digest list", "digest why 1", "digest remove 1"])
def test_a_rep_is_refused(desk: Desk, line: str) -> None:
    desk.manager.says(LINE + "me")
    desk.rep.says(line)
    with desk.session() as session:
        assert [d.deleted_at for d in session.scalars(sa.select(Digest))] == [None]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("company add Acme", "changes something"),
        ("deal shout", "is not a command"),
        ("deal show", "is not complete"),
        ("deal show 99", ""),
        ("digest list", "cannot show digests"),
        ("report pipeline period=soon", "This is not a period."),
    ],
)
def test_a_line_that_cannot_work_is_refused_and_nothing_is_kept(
    desk: Desk, line: str, why: str
) -> None:
    reply = desk.manager.says(f"digest add {line} every=day to=me")
    assert why in reply.title
    with desk.session() as session:
        assert session.scalars(sa.select(Digest)).all() == []
        assert session.scalars(sa.select(DigestDue)).all() == []


@pytest.mark.parametrize("line", ["tree won", "regression amount by=source", "/tree won"])
def test_a_line_that_is_answered_later_is_refused_and_not_begun(desk: Desk, line: str) -> None:
    reply = desk.manager.says(f"digest add {line} every=day to=me")
    assert "its answer comes later, as a message of its own" in reply.title
    assert "report churn" in reply.text
    with desk.session() as session:
        assert session.scalars(sa.select(Digest)).all() == []
        assert session.scalars(sa.select(JobRequest)).all() == []


def test_a_line_that_its_reader_may_not_run_is_refused(desk: Desk) -> None:
    reply = desk.manager.says('digest add user list every=day to="Rita Rep"')
    assert reply.title == "Rita Rep may not read `user list`."
    assert desk.manager.says("digest add user list every=day to=me").title.endswith("is set up.")


@pytest.mark.parametrize(
    ("to", "address"),
    [
        ("here", "slack:C9"),
        ("slack:C7", "slack:C7"),
        ("telegram:-100123", "telegram:-100123"),
        ("web:rep@rapport.example", "web:rep@rapport.example"),
        ('"Rita Rep"', "user:{rep}"),
    ],
)
def test_a_digest_goes_where_it_is_told_to(desk: Desk, to: str, address: str) -> None:
    desk.manager.says(LINE + to, place="slack:C9")
    with desk.session() as session:
        digest = session.scalars(sa.select(Digest)).one()
        assert digest.address == address.format(rep=desk.rep.id)


@pytest.mark.parametrize("to", ["web:nobody@rapport.example", "web:C7", "pigeon:7"])
def test_a_digest_cannot_go_where_nobody_reads_it(desk: Desk, to: str) -> None:
    reply = desk.manager.says(LINE + to)
    assert reply.title == "This is not an address."
    assert "web:ann@example.com" in reply.text


@pytest.mark.parametrize("number", ["7", "#7", "x", "9" * 30, "²"])
def test_an_unknown_digest_is_said_to_be_unknown(desk: Desk, number: str) -> None:
    reply = desk.manager.says(f"digest why {number}")
    assert reply.title == "There is no such digest."
    assert "`digest list`" in reply.text


def test_a_removed_digest_does_not_come_until_the_removal_is_undone(desk: Desk) -> None:
    desk.manager.says(LINE + "me")
    removed = desk.manager.says("digest remove 1")
    assert due(desk, MONDAY) == []
    desk.manager.presses(removed, "Undo")
    assert due(desk, MONDAY + timedelta(days=1)) == []
    assert len(due(desk, MONDAY + WEEK)) == 1


def test_preview_shows_here_what_it_would_say_and_sends_nothing(desk: Desk) -> None:
    desk.manager.says(LINE + "slack:C7")
    reply = desk.manager.says("digest preview 1")
    assert reply.title == "Pipeline, as of Mon, Nov 16, 2026, 10:00"
    assert reply.footer == "Digest #1 by Mona Manager: every Monday at 10:30"
    assert owed(desk, "digest") == []


def test_a_digest_says_what_changed_since_it_was_delivered_last(desk: Desk) -> None:
    for name in ("Acme", "Bolt"):
        desk.rep.says(f"company add {name} city=Berlin")
    desk.manager.says('digest add company list every="monday 10:30" to=slack:C7')
    first = told(desk, due(desk, MONDAY)[-1], MONDAY)
    assert first
    assert "Since" not in first.text
    second = told(desk, due(desk, MONDAY + WEEK)[-1], MONDAY + WEEK)
    assert second
    assert second.text == "No change since Mon, Nov 16, 2026, 09:30."
    desk.rep.says("company add Cord")
    desk.rep.says("company delete Bolt")
    desk.rep.says("company edit Acme city=Hamburg")
    third = told(desk, due(desk, MONDAY + 2 * WEEK)[-1], MONDAY + 2 * WEEK)
    assert third
    assert third.text.splitlines() == [
        "Since Mon, Nov 23, 2026, 09:30:",
        "New (1): #3 Cord.",
        "Gone (1): #2 Bolt.",
        "#1 Acme: City Berlin → Hamburg.",
    ]


def test_an_old_delivery_that_still_waits_gives_way_to_a_newer_one(desk: Desk) -> None:
    desk.manager.says(LINE + "slack:C7")
    due(desk, MONDAY)
    old, new = due(desk, MONDAY + WEEK)
    assert told(desk, old, MONDAY + WEEK) is None
    assert told(desk, new, MONDAY + WEEK) is not None


def test_a_line_that_fails_says_so_and_names_the_owner(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    desk.manager.says('digest add company show 1 every="monday 10:30" to=slack:C7')
    desk.rep.says("company delete 1")
    reply = told(desk, due(desk, MONDAY)[0], MONDAY)
    assert reply
    assert reply.title == "Digest #1 could not be made."
    assert reply.text
    assert field(reply, "Owner") == "Mona Manager"


def test_a_digest_of_somebody_who_left_shows_nothing_of_the_store(desk: Desk) -> None:
    desk.manager.says(LINE + "slack:C7")
    with desk.session() as session:
        session.get_one(User, desk.manager.id).active = False
    reply = told(desk, due(desk, MONDAY)[0], MONDAY)
    assert reply
    assert (reply.text, reply.table) == ("Nobody owns this message any more.", None)


def test_a_line_that_would_write_is_refused_at_delivery_too(desk: Desk) -> None:
    desk.manager.says("digest add report pipeline every=day to=slack:C7")
    with desk.session() as session:
        digest = session.scalars(sa.select(Digest)).one()
        digest.line = "company delete 1"
    reply = told(desk, due(desk, MONDAY + WEEK)[0], MONDAY)
    assert reply
    assert "changes something" in reply.text


def test_why_tells_the_deliveries_with_their_reasons(desk: Desk) -> None:
    desk.manager.says(LINE + "slack:C7")
    assert desk.manager.says("digest why 1").text == "It has not come yet."
    told(desk, due(desk, MONDAY)[0], MONDAY)
    failed = due(desk, MONDAY + WEEK)[-1]
    with desk.session() as session:
        notices.dead(session, [failed.id], "not_in_channel")
    reply = desk.manager.says("digest why 1")
    assert reply.table
    assert [row.cells[1:] for row in reply.table.rows] == [
        ("did not arrive", "–", "not_in_channel"),
        ("arrived", "2026-11-16 10:30", ""),
    ]


def test_the_list_names_line_schedule_reader_next_time_and_owner(desk: Desk) -> None:
    assert "No digests yet" in desk.manager.says("digest list").text
    desk.manager.says(LINE + "me")
    reply = desk.admin.says("digest list")
    assert reply.table
    assert reply.table.rows[0].cells == (
        "#1",
        "report pipeline",
        "every Monday at 10:30",
        "Mona Manager",
        "2026-11-16 10:30",
        "Mona Manager",
    )


def test_a_longer_list_takes_no_more_statements(desk: Desk) -> None:
    def cost() -> int:
        with counted(desk.store) as statements:
            desk.manager.says("digest list")
        return len(statements)

    desk.manager.says(LINE + "me")
    few = cost()
    for to in ("me", "slack:C7", '"Rita Rep"', '"Agnes Agent"'):
        desk.manager.says(LINE + to)
    assert cost() == few


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ("daily 09:00,17:30", "every day at 09:00, 17:30"),
        ("weekdays 08:00", "Monday to Friday at 08:00"),
        ("weekly mon,thu 08:30", "every Monday, Thursday at 08:30"),
        ("monthly last 17:00", "on the last day of every month at 17:00"),
        ("monthly 3 17:00", "on day 3 of every month at 17:00"),
        ("yearly 12-01 09:00", "every year on 12-01 at 09:00"),
        ("every 30 minutes", "every 30 minutes"),
        ("every 1 hours", "every hour"),
        ("once 2026-12-01T15:00", "once, on Tue, Dec 1, 2026 at 15:00"),
    ],
)
def test_a_schedule_is_said_in_words(stored: str, words: str) -> None:
    assert schedule_words(Schedule.from_text(stored)) == words


def table(*rows: tuple[str, ...]) -> Table:
    return Table(("Stage", "Currency", "Deals"), tuple(Row(cells) for cells in rows))


def test_rows_that_share_their_first_cell_are_known_by_more_of_them() -> None:
    before = table(("Lead", "EUR", "12"), ("Lead", "USD", "3"))
    changes = compare(before, table(("Lead", "EUR", "15"), ("Lead", "USD", "3")))
    assert changes
    assert changes.lines() == ["Lead EUR: Deals 12 → 15."]


def test_tables_of_other_columns_are_not_compared() -> None:
    assert compare(Table(("A",), ()), Table(("B",), ())) is None
