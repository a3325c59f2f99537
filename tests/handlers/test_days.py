"""A person's day, and the cards that are owed an edit when it changes; on both databases."""

from __future__ import annotations

import sqlalchemy as sa

from bot.surface import Incoming
from crm_store import postings
from crm_store.addresses import Address
from crm_store.models import Notice, NoticeState, Task
from handlers.reply import Reply
from tests.desk import START, Desk, Person


def names(reply: Reply) -> list[str]:
    return [row.cells[1] for row in reply.table.rows] if reply.table else []


def test_the_day_holds_what_is_due_and_nothing_of_others(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    desk.rep.says("deal add Spring company=1 amount=5 close=2026-11-02")
    desk.rep.says("deal add Autumn company=1 amount=5 close=2026-12-02")
    desk.rep.says("task add send the offer due=18:00")
    desk.rep.says("task add later due=tomorrow")
    desk.rep.says("followup Acme 17:00 ask again")
    desk.mate.says("task add not mine due=18:00")
    desk.rep.says("ticket new Broken")
    desk.agent.says("ticket assign 1 rep@rapport.example")
    assert names(desk.rep.says("day")) == ["send the offer", "ask again", "Spring", "Broken"]
    assert names(desk.manager.says("day for=rep@rapport.example")) == names(desk.rep.says("day"))
    assert names(desk.agent.says("day")) == []
    refused = desk.mate.says("day for=rep@rapport.example")
    assert refused.title == "Only a manager may look at the day of a colleague."


def shown(desk: Desk, person: Person, record: str, number: str) -> None:
    """Note that a message shows a record to a person."""
    with desk.session() as session:
        assert person.id is not None
        postings.begin(session)
        seen = session.info["seen"]
        card = postings.Card(record, person.id, "self", face="", shown_at=START, seen=seen)
        postings.note(session, Address("test", person.account), number, card)


def owed(desk: Desk) -> list[str]:
    """The messages that are owed an edit."""
    with desk.session() as session:
        query = sa.select(Notice).where(
            Notice.kind == postings.KIND, Notice.state == NoticeState.WAITING
        )
        return sorted(notice.payload["message_id"] for notice in session.scalars(query))


def test_a_change_owes_one_edit_to_each_card_that_it_may_touch(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    desk.rep.says("company add Beta")
    desk.rep.says("deal add Spring company=1 amount=5")
    for person, record, number in (
        (desk.rep, "company:1", "1"),
        (desk.mate, "company:1", "2"),
        (desk.mate, "company:2", "3"),
        (desk.manager, "deal:1", "4"),
        (desk.rep, f"day:{desk.rep.id}", "5"),
    ):
        shown(desk, person, record, number)
    desk.rep.says("contact list")
    assert owed(desk) == []
    for amount in (6, 7):
        desk.rep.says(f"deal edit 1 amount={amount}")
    assert owed(desk) == ["1", "2", "4", "5"]
    desk.rep.says("deal edit 1 company=2")
    assert owed(desk) == ["1", "2", "3", "4", "5"]


def test_the_card_that_the_answer_takes_the_place_of_is_owed_nothing(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    for number in ("1", "2"):
        shown(desk, desk.rep, "company:1", number)
    pressed = Incoming(
        platform="test",
        key="press",
        sender="rep",
        name="Rita",
        place=Address("test", "rep"),
        private=True,
        line="company delete 1",
        pressed=True,
        message_id="1",
        replaces=True,
    )
    assert desk.router.handle(pressed).reply.title == "Company Acme deleted."
    assert owed(desk) == ["2"]


def test_what_was_refused_owes_nothing(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    shown(desk, desk.rep, "company:1", "1")
    desk.agent.says("deal add Spring company=1 amount=5")
    desk.rep.says("company edit 1 owner=nobody")
    assert owed(desk) == []


def test_a_task_is_edited_and_emptied(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    desk.rep.says("task add call them due=18:00 about=Acme")
    desk.rep.says('task edit 1 text="write to them" for=milo due= about=')
    with desk.session() as session:
        task = session.get_one(Task, 1)
        assert (task.text, task.due_at, task.company_id) == ("write to them", None, None)
        assert task.owner.name == "Milo Mate"
    form = desk.mate.says("task edit 1").form
    assert form
    assert {f.name: f.value for f in form.fields}["text"] == "write to them"


def test_a_long_day_says_how_much_it_is_and_leads_to_the_rest(desk: Desk) -> None:
    for number in range(1, 16):
        desk.agent.says(f"ticket new printer {number} burns")
        desk.agent.says(f"ticket assign {number} me")
    day = desk.agent.says("day")
    assert len(names(day)) == 10
    assert day.footer == "10 of 15 things"
    assert desk.agent.presses(day, "All tickets").footer == "15 in all, page 1 of 2"
    for number in range(1, 11):
        desk.agent.says(f"ticket close {number}")
    assert desk.agent.says("day").footer == "5 things"
