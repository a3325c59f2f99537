"""What happened with a customer: the log, the timeline and the history."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from crm_store.models import Activity, ActivityKind, Deal, Order
from handlers.reply import Reply, Sensitivity
from tests.desk import START, Desk
from tests.statements import counted


def texts(reply: Reply) -> list[str]:
    assert reply.table, reply
    return [row.cells[2] for row in reply.table.rows]


def happened(reply: Reply) -> list[tuple[str, ...]]:
    assert reply.table, reply
    return [row.cells[1:] for row in reply.table.rows]


def said(reply: Reply) -> list[str]:
    return [field.value for field in reply.fields]


def minutes_pass(desk: Desk, minutes: int = 1) -> None:
    desk.clock.advance(timedelta(minutes=minutes))


@pytest.fixture
def acme(desk: Desk) -> Desk:
    """A desk with a company, its contact, a deal and a ticket."""
    desk.rep.says("company add Acme")
    desk.rep.says("contact add Jane company=Acme")
    desk.rep.says('deal add Spring company=Acme contact=Jane amount="100 EUR"')
    minutes_pass(desk)
    desk.agent.says("ticket new The printer burns company=Acme contact=Jane")
    minutes_pass(desk)
    return desk


@pytest.mark.parametrize(
    ("line", "title", "kind"),
    [
        ("note add company:1 likes tea", "Note added to Acme.", ActivityKind.NOTE),
        ("call log contact:1 likes tea", "Call with Jane logged.", ActivityKind.CALL),
        ("meeting log deal:1 likes tea", "Meeting with Spring logged.", ActivityKind.MEETING),
        ("visit log company:1 likes tea", "Visit to Acme logged.", ActivityKind.VISIT),
        ("email log contact:1 likes tea", "E-mail with Jane logged.", ActivityKind.EMAIL),
    ],
)
def test_every_kind_is_logged_and_undone(
    acme: Desk, line: str, title: str, kind: ActivityKind
) -> None:
    logged = acme.rep.says(line)
    assert logged.title == title
    with acme.session() as session:
        activity = session.query(Activity).filter_by(text="likes tea").one()
        assert (activity.kind, activity.at) == (kind, acme.clock.now())
    acme.rep.presses(logged, "Undo")
    assert "likes tea" not in texts(acme.rep.says("timeline Acme"))


def test_a_note_on_a_deal_stands_on_its_customer_and_wakes_the_deal(acme: Desk) -> None:
    minutes_pass(acme, 60)
    acme.rep.says("note add deal:1 wants blue ones")
    with acme.session() as session:
        activity = session.query(Activity).filter_by(text="wants blue ones").one()
        assert (activity.deal_id, activity.company_id, activity.contact_id) == (1, 1, 1)
        assert session.get_one(Deal, 1).last_activity_at == acme.clock.now()


def test_a_call_of_last_week_does_not_make_a_deal_older(acme: Desk) -> None:
    with acme.session() as session:
        before = session.get_one(Deal, 1).last_activity_at
    acme.rep.says('call log deal:1 first contact at="2026-11-10 15:00"')
    with acme.session() as session:
        assert session.get_one(Deal, 1).last_activity_at == before
        activity = session.query(Activity).filter_by(text="first contact").one()
        assert activity.at.isoformat() == "2026-11-10T14:00:00+00:00"


def test_notes_of_two_people_on_one_deal_are_undone_in_any_order(acme: Desk) -> None:
    first = acme.rep.says("note add deal:1 one")
    minutes_pass(acme)
    acme.mate.says("note add deal:1 two")
    assert acme.rep.presses(first, "Undo").title == "Undone: note add"
    assert texts(acme.rep.says("timeline deal:1 kind=note")) == ["two"]


@pytest.mark.parametrize(
    ("said", "when"),
    [
        ("this morning", "2026-11-16T08:00:00+00:00"),
        ("9:30", "2026-11-16T08:30:00+00:00"),
        ("friday 15:00", "2026-11-13T14:00:00+00:00"),
        ("周五15:00", "2026-11-13T14:00:00+00:00"),
    ],
)
def test_a_day_or_an_hour_of_what_happened_is_the_last_one(
    acme: Desk, said: str, when: str
) -> None:
    acme.rep.says(f'call log contact:1 talked at="{said}"')
    with acme.session() as session:
        call = session.scalars(sa.select(Activity).filter_by(kind=ActivityKind.CALL)).one()
        assert call.at.isoformat() == when


@pytest.mark.parametrize("said", ["tomorrow", "next friday", "in 2 hours", "明天", "下周五"])
def test_what_is_said_to_come_is_not_taken_for_the_last_one(acme: Desk, said: str) -> None:
    assert "is still to come" in acme.rep.says(f'call log contact:1 talked at="{said}"').title


def test_a_call_to_come_is_refused(acme: Desk) -> None:
    refused = acme.rep.says("call log contact:1 hello at=2027-01-01")
    assert refused.title == "Fri, Jan 1, 2027, 09:00 is still to come."


def test_a_missing_text_is_asked_for(acme: Desk) -> None:
    card = acme.rep.says("contact show 1")
    assert acme.rep.presses(card, "Log call").form
    assert acme.rep.says("She will call back").title == "Call with Jane logged."


def test_a_company_has_everything_of_its_contacts_deals_and_tickets(acme: Desk) -> None:
    acme.rep.says("note add contact:1 of the contact")
    minutes_pass(acme)
    acme.rep.says("note add deal:1 of the deal")
    minutes_pass(acme)
    acme.agent.says("ticket note 1 of the ticket")
    minutes_pass(acme)
    acme.agent.says("ticket close 1")
    with acme.session() as session:
        order = Order(
            contact_id=1,
            ordered_at=START - timedelta(days=1),
            total=Decimal("12.50"),
            currency="EUR",
            created_at=START,
            external_id="A-7",
        )
        session.add(order)
        deleted = Activity(
            kind=ActivityKind.NOTE,
            text="deleted",
            at=START,
            company_id=1,
            created_at=START,
            deleted_at=START,
        )
        session.add(deleted)
    timeline = happened(acme.rep.says("timeline Acme"))
    assert timeline == [
        ("Ticket closed", "The printer burns", "", "The printer burns"),
        ("Note", "of the ticket", "Agnes Agent", "The printer burns"),
        ("Note", "of the deal", "Rita Rep", "Spring"),
        ("Note", "of the contact", "Rita Rep", "Jane"),
        ("Ticket opened", "The printer burns", "Agnes Agent", "The printer burns"),
        ("Stage", timeline[5][1], "Rita Rep", "Spring"),
        ("Order", "A-7 for €12.50", "", "Jane"),
    ]
    assert happened(acme.rep.says("timeline Jane")) == timeline


def test_a_deal_and_a_ticket_have_their_own_timelines(acme: Desk) -> None:
    acme.rep.says("note add contact:1 elsewhere")
    acme.rep.says("note add deal:1 here")
    minutes_pass(acme)
    acme.rep.says("deal move 1 won")
    kinds = [cells[0] for cells in happened(acme.rep.says("timeline deal:1"))]
    assert kinds == ["Stage", "Note", "Stage"]
    assert [cells[0] for cells in happened(acme.rep.says("timeline ticket:1"))] == ["Ticket opened"]


def test_a_task_that_was_done_stands_on_the_timeline_with_its_outcome(acme: Desk) -> None:
    acme.rep.says("task add send the offer about=deal:1")
    assert "Task done" not in [cells[0] for cells in happened(acme.rep.says("timeline deal:1"))]
    acme.rep.says("task log 1 she was happy")
    assert happened(acme.rep.says("timeline Acme"))[0][:2] == (
        "Task done",
        "send the offer: she was happy",
    )


def test_what_a_contact_did_stays_with_the_old_company_when_they_move(acme: Desk) -> None:
    acme.rep.says("company add Nova")
    acme.rep.says("note add contact:1 at Acme")
    acme.rep.says("contact edit Jane company=Nova")
    assert "at Acme" in texts(acme.rep.says("timeline Acme"))
    assert acme.rep.says("timeline Nova").text.startswith("Nothing yet")
    assert "at Acme" in texts(acme.rep.says("timeline Jane"))


def test_an_imported_activity_without_company_stands_where_its_contact_works(acme: Desk) -> None:
    with acme.session() as session:
        session.add(
            Activity(
                kind=ActivityKind.CALL, text="imported", at=START, contact_id=1, created_at=START
            )
        )
    assert "imported" in texts(acme.rep.says("timeline Acme"))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("call", ["Call"]), ("ticket", ["Ticket closed", "Ticket opened"]), ("stage", ["Stage"])],
)
def test_the_timeline_is_narrowed_by_kind(acme: Desk, kind: str, expected: list[str]) -> None:
    acme.rep.says("call log Acme hello")
    acme.rep.says("note add Acme hello")
    acme.agent.says("ticket close 1")
    narrowed = happened(acme.rep.says(f"timeline Acme kind={kind}"))
    assert [cells[0] for cells in narrowed] == expected


def test_the_timeline_is_paged_newest_first_and_keeps_its_kind(acme: Desk) -> None:
    for number in range(12):
        acme.rep.says(f"note add Acme note {number}")
        minutes_pass(acme)
    first = acme.rep.says("timeline Acme kind=note")
    assert texts(first) == [f"note {number}" for number in range(11, 1, -1)]
    assert first.footer == "12 in all, page 1 of 2"
    assert texts(acme.rep.presses(first, "Next")) == ["note 1", "note 0"]


def test_a_longer_timeline_takes_no_more_statements(acme: Desk) -> None:
    acme.rep.says("note add contact:1 one")
    with counted(acme.store) as short:
        acme.rep.says("timeline Acme")
    for number in range(9):
        acme.rep.says(f"contact add C{number} company=Acme")
        acme.mate.says(f"note add C{number} hello")
    with counted(acme.store) as long:
        assert len(texts(acme.rep.says("timeline Acme"))) == 10
    assert len(long) <= len(short)


def test_a_timeline_row_opens_what_it_stands_on(acme: Desk) -> None:
    acme.rep.says("note add deal:1 hello")
    table = acme.rep.says("timeline Acme kind=note").table
    assert table
    assert table.rows[0].opens == "deal show 1"


def test_hostile_text_is_kept_as_it_was_written(acme: Desk) -> None:
    hostile = "<!channel> =cmd()|a <b>bold</b> “curly”"
    acme.rep.says(f"note add Acme {hostile}")
    assert texts(acme.rep.says("timeline Acme kind=note")) == [hostile]


def test_an_unknown_record_and_a_stranger_are_refused(acme: Desk) -> None:
    for line in ("note add contact:99 hello", "timeline contact:99", "history contact:99"):
        assert acme.rep.says(line).title == "There is no contact with the number 99."
    for line in ("note add Acme hello", "timeline Acme", "history Acme", "call log Acme hello"):
        refused = acme.stranger.says(line)
        assert refused.title == "I do not know you yet, so I cannot do this for you."


def test_the_history_says_who_changed_what(desk: Desk) -> None:
    desk.rep.says("company add Acme city=Berlin")
    desk.mate.says("company edit Acme city=Hamburg owner=Milo")
    history = desk.agent.says("history Acme")
    assert said(history) == ["City: Berlin → Hamburg\nOwner: Rita Rep → Milo Mate", "added"]
    assert ["Milo Mate" in history.fields[0].label, "Rita Rep" in history.fields[1].label] == [
        True,
        True,
    ]


def test_the_history_of_a_contact_has_its_emails_tags_consents_and_fields(desk: Desk) -> None:
    desk.admin.says('field add contact tier text label="Tier"')
    desk.rep.says("contact add Jane email=j@a.example")
    for line in (
        "contact edit Jane email=k@a.example",
        "contact unemail Jane k@a.example",
        "contact tag Jane vip",
        "contact untag Jane vip",
        "contact consent Jane newsletter yes",
        "field set Jane tier gold",
        "contact delete Jane",
        "contact restore 1",
    ):
        desk.rep.says(line)
    history = desk.rep.says("history Jane")
    assert said(history) == [
        "restored",
        "deleted",
        "Tier: – → gold",
        "Consent: – → newsletter: yes",
        "Tag: vip → –",
        "Tag: – → vip",
        "Email: k@a.example → –",
        "Email: j@a.example → k@a.example",
        "Email: – → j@a.example",
        "added",
    ]
    internal = [f.value for f in history.fields if f.sensitivity is Sensitivity.INTERNAL]
    assert len(internal) == 3


def test_the_history_of_a_deal_is_in_words_not_numbers(acme: Desk) -> None:
    acme.rep.says('deal edit 1 amount="1200 EUR" close=2026-12-01')
    history = said(acme.rep.says("history deal:1"))
    assert set(history[0].split("\n")) == {
        "Amount: 100 → 1,200",
        "Close: – → Tue, Dec 1, 2026",
    }


def test_what_was_taken_back_stands_in_the_history(desk: Desk) -> None:
    desk.rep.says("company add Acme city=Berlin")
    desk.rep.presses(desk.rep.says("company edit Acme city=Rome"), "Undo")
    history = desk.rep.says("history Acme")
    assert said(history)[:2] == ["City: Rome → Berlin", "City: Berlin → Rome"]
    assert history.fields[0].label.endswith("taking back")


def test_the_history_of_one_record_has_nothing_of_another(desk: Desk) -> None:
    desk.rep.says("contact add Jane email=j@a.example tags=vip")
    desk.rep.says("company add Acme")
    desk.rep.says("contact add Joan")
    assert said(desk.rep.says("history contact:2")) == ["added"]
    assert said(desk.rep.says("history company:1")) == ["added"]


def test_a_longer_history_takes_no_more_statements(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    desk.rep.says("contact add Jane")
    desk.rep.says("contact edit Jane owner=Milo")
    with counted(desk.store) as short:
        desk.rep.says("history contact:1")
    for name in ("Rita", "Milo", "Agnes", "Mona", "Ada", "Rita", "Milo"):
        desk.rep.says(f"contact edit Jane owner={name}")
    with counted(desk.store) as long:
        assert len(said(desk.rep.says("history contact:1"))) == 9
    assert len(long) <= len(short)


def test_all_that_a_name_may_stand_for_is_listed_in_plain_words(desk: Desk) -> None:
    refused = desk.rep.says("timeline Nemo")
    assert refused.title == "There is no company, contact, deal or ticket called “Nemo”."


def test_the_history_of_a_ticket_has_times_and_words_of_the_reader(desk: Desk) -> None:
    desk.agent.says("ticket new printer burns")
    desk.agent.says("ticket close 1")
    closed = said(desk.agent.says("history ticket:1"))[0].split("\n")
    assert set(closed) >= {"Status: new → closed", "Closed: – → Mon, Nov 16, 2026, 10:00"}
    desk.agent.says("settings language=zh")
    closed = said(desk.agent.says("history ticket:1"))[0].split("\n")
    assert set(closed) >= {"状态：新建 → 已关闭", "关闭时间：– → 2026年11月16日 周一 10:00"}
