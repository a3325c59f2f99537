"""What customers talk about, what a ticket is suggested, and how right that was, as people read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crm_store.models import Company, Receipt, Ticket, TicketKind
from crm_store.scores import QUEUE
from handlers.reply import Reply, Sensitivity
from jobs import routing, texts
from tests.desk import START, Desk
from tests.jobs.letters import SIGNS, labelled, rated, ticket
from tests.jobs.shops import context


def arrives(desk: Desk, text: str, **fields: Any) -> int:
    with desk.session() as session:
        session.execute(sa.insert(Ticket), [ticket(text, **fields)])
        number = session.scalars(sa.select(sa.func.max(Ticket.id))).one()
    routing.run(context(desk, START))
    return number


def shown(reply: Reply) -> dict[str, str]:
    return {field.label: field.value for field in reply.fields}


@pytest.fixture
def learned(desk: Desk) -> Desk:
    """A desk that learned from 240 tickets which queue is whose."""
    with desk.session() as session:
        labelled(session, 240)
    texts.run(context(desk, START))
    return desk


def test_the_card_suggests_a_queue_with_its_reasons_and_a_button_takes_it(learned: Desk) -> None:
    number = arrives(learned, "hello, I was charged twice, please refund")
    card = learned.agent.says(f"ticket show {number}")
    line = shown(card)["Suggested queue"]
    assert line.startswith("billing (99% sure, because of ")
    assert "“charged”" in line
    assert "“refund”" in line
    field = next(field for field in card.fields if field.label == "Suggested queue")
    assert field.sensitivity is Sensitivity.INTERNAL
    taken = learned.agent.presses(card, "Take: billing")
    assert taken.title == f"Ticket #{number} is in the queue billing now."
    assert shown(taken)["Queue"] == "billing"
    assert "Suggested queue" not in shown(taken)
    with learned.session() as session:
        assert session.get_one(Ticket, number).queue == "billing"


def test_a_queue_whose_name_has_quotes_is_taken_as_it_is(desk: Desk) -> None:
    with desk.session() as session:
        labelled(session, 240)
        session.execute(sa.update(Ticket).where(Ticket.queue == "billing").values(queue='"Bills"'))
    texts.run(context(desk, START))
    number = arrives(desk, "hello, I was charged twice, please refund")
    desk.agent.presses(desk.agent.says(f"ticket show {number}"), 'Take: "Bills"')
    with desk.session() as session:
        assert session.get_one(Ticket, number).queue == '"Bills"'


def test_why_tells_how_the_suggestion_was_learned(learned: Desk) -> None:
    number = arrives(learned, "please refund the invoice")
    why = learned.agent.says(f"why ticket:{number}").text
    assert "• The word “refund” speaks for it." in why
    assert "from 240 tickets that people labelled, by support vector machine (the widest" in why
    assert "Tested on 48 that it had not seen: sure enough of" in why


def test_a_suggestion_may_be_called_wrong_where_it_is_explained(learned: Desk) -> None:
    number = arrives(learned, "please refund the invoice")
    why = learned.agent.says(f"why ticket:{number}")
    learned.agent.presses(why, "Wrong: Suggested queue")
    row = learned.manager.says("report precision").table
    assert row
    assert row.rows[0].cells[:3] == ("Queue", "0", "1")


def test_the_suggestion_is_said_in_chinese(learned: Desk) -> None:
    number = arrives(learned, "我的包裹还没有派送")
    learned.agent.says("settings language=zh")
    fields = shown(learned.agent.says(f"ticket show {number}"))
    assert fields["建议的队列"] == "物流（99% 把握，因为“派送”, “包裹”）"


@pytest.mark.parametrize("person", ["rep", "stranger"])
def test_who_may_not_change_tickets_cannot_take_a_suggestion(learned: Desk, person: str) -> None:
    number = arrives(learned, "please refund the invoice")
    getattr(learned, person).says(f"ticket queue {number} billing")
    with learned.session() as session:
        assert session.get_one(Ticket, number).queue is None


def test_a_queue_can_be_undone_and_keeps_its_spelling(desk: Desk) -> None:
    for number in (1, 2):
        desk.agent.says(f"ticket new matter {number}")
    desk.agent.says("ticket queue 1 Billing Desk")
    said = desk.agent.says("ticket queue 2 billing desk")
    assert shown(said)["Queue"] == "Billing Desk"
    desk.agent.presses(said, "Undo")
    with desk.session() as session:
        assert session.get_one(Ticket, 2).queue is None


def test_the_report_tells_how_often_suggestions_were_right(learned: Desk) -> None:
    for queue in ("billing", "Billing", "sales"):
        learned.agent.says(f"ticket queue {arrives(learned, 'please refund the invoice')} {queue}")
    report = learned.manager.says("report routing")
    assert report.table
    assert [row.cells for row in report.table.rows] == [("Queue", "billing", "3", "2", "67%")]
    queue, kind, priority, mood = report.text.splitlines()
    assert queue.startswith("Queue: Learned on Mon, Nov 16, 2026 from 240 tickets")
    assert "after 20 corrections (so far 1) or from 288 labelled tickets on (now 243)" in queue
    assert kind == "Kind of ticket: silent. It needs two labels with 10 tickets each."
    assert priority.startswith("Priority: silent.")
    assert mood == "Mood: silent. It needs 100 tickets that people labelled; there are 0."


def test_labels_dealt_at_random_are_told_to_be_no_signal(desk: Desk) -> None:
    with desk.session() as session:
        labelled(session, 300, shuffled=True)
    texts.run(context(desk, START))
    assert "there is no usable signal in the texts" in desk.rep.says("report routing").text


def test_before_the_first_night_both_reports_say_what_makes_them(desk: Desk) -> None:
    assert "the job `texts` does so at night" in desk.rep.says("report routing").text
    reply = desk.rep.says("report themes")
    assert reply.title == "No themes have been found yet."
    assert "`rapport job texts`" in reply.text


def test_the_report_of_themes_has_numbers_an_example_and_what_rises(desk: Desk) -> None:
    with desk.session() as session:
        labelled(session, 400, queues=["billing", "物流"])
        who = list(session.scalars(sa.select(Company.id)))
        text = "Good morning. My login and password are locked! Bye"
        rows = [ticket(text, at=START - timedelta(days=1), company_id=each) for each in who * 3]
        session.execute(sa.insert(Ticket), rows)
    texts.run(context(desk, START))
    report = desk.rep.says("report themes")
    assert report.title == "What customers talk about"
    assert report.text.startswith("260 texts since Mon, Oct 19, 2026, ")
    assert "login" in shown(report)["Rising"] or "password" in shown(report)["Rising"]
    assert report.table
    assert report.chart
    assert report.chart.labels == tuple(row.cells[0].split(", ")[0] for row in report.table.rows)
    assert report.table.internal == (4,)
    access = next(row for row in report.table.rows if "login" in row.cells[0])
    assert access.cells[3:] == ("rising", "My login and password are locked!")
    assert desk.rep.says(access.opens).title == text[:60]
    tickets = desk.rep.presses(report, "Tickets")
    assert tickets.title == "What tickets are about"
    notes = desk.rep.says("report themes of=notes")
    assert notes.title == "Nothing to tell about themes yet."
    company = desk.rep.says("company show Firm 3")
    assert set(shown(company)["Talks about"].split(", ")) < {*SIGNS["billing"], *SIGNS["物流"]}


@pytest.mark.parametrize(
    "personal",
    ["Write to anna@firm.example", "Call 030 1234567", "Ask Wilhelmina Berger", "Dear Mr. Wolf"],
)
def test_an_example_has_no_name_address_or_number_of_anybody(desk: Desk, personal: str) -> None:
    desk.rep.says('contact add "Wilhelmina Berger"')
    with desk.session() as session:
        labelled(session, 400, queues=["billing", "物流"])
        who = list(session.scalars(sa.select(Company.id)))
        texts_ = [f"{personal}, my login and password are locked", "No login without password"]
        rows = [
            ticket(texts_[place == 3], at=START - timedelta(days=1), company_id=each)
            for place, each in enumerate(who * 3)
        ]
        session.execute(sa.insert(Ticket), rows)
    texts.run(context(desk, START))
    table = desk.rep.says("report themes").table
    assert table
    access = next(row for row in table.rows if "login" in row.cells[0])
    assert access.cells[4] in {"", "No login without password"}


@pytest.mark.parametrize("gone", [Ticket, Company])
def test_an_example_whose_text_or_customer_was_deleted_is_told_no_more(
    desk: Desk, gone: type[Ticket | Company]
) -> None:
    with desk.session() as session:
        labelled(session, 120)
    texts.run(context(desk, START))
    with desk.session() as session:
        session.execute(sa.update(gone).values(deleted_at=START))
    report = desk.rep.says("report themes")
    assert report.table
    assert {row.cells[4] for row in report.table.rows} == {""}
    assert {row.opens for row in report.table.rows} == {""}


def test_few_texts_are_counted_and_it_says_so(desk: Desk) -> None:
    with desk.session() as session:
        labelled(session, 15, queues=["billing"])
    texts.run(context(desk, START))
    report = desk.rep.says("report themes")
    assert report.table is None
    assert shown(report)["How"] == "Words are only counted: themes need 30 texts."


def test_a_week_without_themes_offers_the_newest(learned: Desk) -> None:
    reply = learned.rep.says("report themes period=2025-W01")
    assert reply.title == "There are no themes of 2025-W01."
    assert learned.rep.presses(reply, "Newest").title == "What customers talk about"


def test_the_mood_of_a_complaint_is_told_until_it_is_rated(desk: Desk) -> None:
    with desk.session() as session:
        rated(session, 240)
    texts.run(context(desk, START))
    number = arrives(desk, "your support was awful and slow", kind=TicketKind.COMPLAINT)
    assert shown(desk.agent.says(f"ticket show {number}"))["Mood"].startswith("unhappy (99%")
    with desk.session() as session:
        session.get_one(Ticket, number).satisfaction = 5
    assert "Mood" not in shown(desk.agent.says(f"ticket show {number}"))


@pytest.mark.parametrize(
    "text",
    ["<!channel> refund <b>invoice</b>", "=cmd() refund invoice", "@everyone *refund* `invoice`"],
)
def test_hostile_words_come_back_as_words(learned: Desk, text: str) -> None:
    number = arrives(learned, text)
    line = shown(learned.agent.says(f"ticket show {number}")).get("Suggested queue", "")
    assert not set("<>=@*`") & set(line)


def test_a_suggestion_made_by_a_model_that_is_no_longer_used_is_not_shown(learned: Desk) -> None:
    number = arrives(learned, "please refund the invoice")
    with learned.session() as session:
        made = session.scalars(sa.select(Receipt).where(Receipt.kind == QUEUE)).one()
        session.add(
            Receipt(
                kind=QUEUE, made_at=START + timedelta(days=1), data={**made.data, "usable": False}
            )
        )
    assert "Suggested queue" not in shown(learned.agent.says(f"ticket show {number}"))
