"""Records as columns: what counts, what is taken back to the moment, and that nothing comes from after it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from crm_store import bulk, deals, fields, table_rows, tables, tags
from crm_store.exclusions import folded
from crm_store.fields import FieldType, RecordKind
from crm_store.models import (
    Activity,
    ActivityKind,
    Company,
    Contact,
    Deal,
    Order,
    StageChange,
    StageKind,
    Ticket,
    TicketKind,
    TicketStatus,
)
from crm_store.search import key
from crm_store.store import Actor, Store
from crm_store.tables import Table
from tests.desk import START, Desk
from tests.statements import counted

DAY = timedelta(days=1)


def ago(days: float) -> datetime:
    return START - days * DAY


def company(desk: Desk, name: str = "Acme", days: float = 400, **values: Any) -> int:
    with desk.session() as session:
        made = Company(name=name, name_key=key(name), created_at=ago(days), **values)
        session.add(made)
        session.flush()
        return made.id


def deal(desk: Desk, *path: tuple[float, str], company_id: int | None = None, **values: Any) -> int:
    """A deal that entered stages so many days ago."""
    with desk.session() as session:
        stages = {stage.name.casefold(): stage for stage in deals.stages(session)}
        last, name = path[-1]
        stage = stages[name]
        made = Deal(
            title="A deal",
            company_id=company_id,
            stage=stage,
            opened_on=ago(path[0][0]).date(),
            created_at=ago(path[0][0]),
            last_activity_at=ago(last),
            closed_at=None if stage.kind is StageKind.OPEN else ago(last),
            **{"amount": Decimal(1000), "currency": "EUR", **values},
        )
        session.add(made)
        session.flush()
        for days, entered in path:
            session.add(StageChange(deal_id=made.id, stage_id=stages[entered].id, at=ago(days)))
        return made.id


def happened(desk: Desk, kind: ActivityKind, days: float, **link: int) -> None:
    with desk.session() as session:
        session.add(Activity(kind=kind, text="…", at=ago(days), created_at=START, **link))


def bought(desk: Desk, days: float, total: int = 100, currency: str = "EUR", **link: int) -> None:
    with desk.session() as session:
        session.add(
            Order(
                ordered_at=ago(days),
                total=Decimal(total),
                currency=currency,
                created_at=START,
                **link,
            )
        )


def changed(desk: Desk, model: Any, number: int, days: float, **values: Any) -> None:
    """Change a record so many days ago, as the audit keeps it."""
    actor = Actor(None, "test", "edit", f"edit-{number}-{days}-{'-'.join(values)}", at=ago(days))
    with desk.store.transaction(actor) as session:
        record = session.get_one(model, number)
        for name, value in values.items():
            setattr(record, name, value)


def read(desk: Desk, rows: table_rows.Rows, *excluded: str) -> Table:
    with desk.session() as session:
        draft = tables.open_table(session, rows, "EUR", folded(excluded))
        after: int | None = 0
        while after is not None:
            after = tables.read_page(session, draft, after)
    return draft.table()


def values(table: Table, name: str) -> list[Any]:
    return next(column.values for column in table.columns if column.name == name)


def row(table: Table, place: int = 0) -> dict[str, Any]:
    return {column.name: column.values[place] for column in table.columns}


def test_a_deal_is_seen_as_it_stood_a_month_after_its_opening(desk: Desk) -> None:
    acme = company(desk, industry="Retail", country="DE", source="fair")
    number = deal(
        desk,
        (100, "lead"), (90, "qualified"), (60, "proposal"), (10, "won"),
        company_id=acme, source="web",
    )  # fmt: skip
    happened(desk, ActivityKind.VISIT, 95, deal_id=number)
    happened(desk, ActivityKind.VISIT, 80, deal_id=number)
    happened(desk, ActivityKind.NOTE, 80, deal_id=number)
    happened(desk, ActivityKind.VISIT, 69, deal_id=number)  # after the moment
    bought(desk, 200, company_id=acme)
    bought(desk, 50, company_id=acme)  # after the moment
    table = read(desk, table_rows.won(START, table_rows.after(30 * DAY)))
    assert (table.ids, table.outcomes, table.moments) == ([number], [True], [ago(70)])
    told = row(table)
    assert told | {
        "stage": "Qualified", "days_open": 30, "days_in_stage": 20, "visits": 2, "notes": 1,
        "activities": 2, "days_since_activity": 10, "orders": 1, "revenue": 100,
        "days_since_order": 130, "amount": 1000, "industry": "Retail", "company_source": "fair",
        "source": "web", "deals_won": 0, "calls": 0,
    } == told  # fmt: skip


def test_what_was_changed_afterwards_is_taken_back(desk: Desk) -> None:
    with desk.session() as session:
        fields.define(session, "deal", "champion", "Champion", FieldType.YES_NO, [])
    acme = company(desk, industry="Retail")
    number = deal(desk, (100, "lead"), (10, "won"), company_id=acme, custom={"champion": False})
    changed(desk, Deal, number, 75, amount=Decimal(1500))
    changed(desk, Deal, number, 20, amount=Decimal(9000), owner_id=desk.rep.id)
    changed(desk, Deal, number, 15, amount=Decimal(9999), custom={"champion": True})
    changed(desk, Company, acme, 14, industry="Bankrupt")
    told = row(read(desk, table_rows.won(START, table_rows.after(30 * DAY))))
    assert told["amount"] == 1500
    assert told["owner"] is None
    assert told["custom.champion"] is False
    assert told["industry"] == "Retail"


def test_a_planted_leak_never_reaches_a_table(desk: Desk) -> None:
    """Whatever is written at or after the moment, the table of that moment stays the same."""
    acme = company(desk, industry="Retail")
    number = deal(desk, (100, "lead"), (10, "lost"), company_id=acme)
    rows = table_rows.won(START, table_rows.after(30 * DAY))
    before = read(desk, rows)
    for days in (70, 69, 5):
        happened(desk, ActivityKind.CALL, days, deal_id=number, company_id=acme)
        bought(desk, days, company_id=acme)
        changed(desk, Deal, number, days, source=f"leak {days}")
        changed(desk, Company, acme, days, city=f"leak {days}")
        deal(desk, (days + 1, "lead"), (days, "won"), company_id=acme)
        with desk.session() as session:
            session.add(
                Ticket(subject="s", text="t", company_id=acme, created_at=ago(days),
                       kind=TicketKind.COMPLAINT)
            )  # fmt: skip
    after = read(desk, rows)
    assert row(after) == row(before)


def test_a_deal_that_moved_to_another_company_does_not_tell_of_the_new_one(desk: Desk) -> None:
    acme, other = company(desk, industry="Retail"), company(desk, "Other", industry="Banking")
    number = deal(desk, (100, "lead"), (10, "lost"), company_id=acme)
    changed(desk, Deal, number, 20, company_id=other)
    bought(desk, 200, company_id=other)
    told = row(read(desk, table_rows.won(START, table_rows.after(30 * DAY))))
    assert told["industry"] is None
    assert told["orders"] is None


def test_a_deal_that_was_given_a_company_later_is_seen_as_one_without(desk: Desk) -> None:
    acme = company(desk, industry="Retail")
    with desk.session() as session:
        jane = Contact(name="Jane", name_key="jane", created_at=ago(400))
        session.add(jane)
        session.flush()
        person = jane.id
    linked, _never = (deal(desk, (100, "lead"), (10, "won"), contact_id=person) for _deal in "ab")
    changed(desk, Deal, linked, 20, company_id=acme)
    bought(desk, 200, company_id=acme)
    bought(desk, 150, contact_id=person)
    bought(desk, 140, contact_id=person)
    table = read(desk, table_rows.won(START, table_rows.after(30 * DAY)))
    assert row(table) == row(table, 1)
    assert row(table)["orders"] == 2
    assert row(table)["industry"] is None


def test_what_grows_is_hidden_where_the_moment_tells_the_end(desk: Desk) -> None:
    deal(desk, (100, "lead"), (10, "won"))
    names = {
        column.name for column in read(desk, table_rows.won(START, table_rows.middle())).columns
    }
    assert not names & {"days_open", "visits", "activities", "days_in_stage"}
    assert {"amount", "stage", "orders"} <= names
    assert read(desk, table_rows.won(START, table_rows.before_close(40 * DAY))).moments == [ago(50)]


def test_deals_that_had_ended_by_then_are_left_out(desk: Desk) -> None:
    deal(desk, (100, "lead"), (95, "won"))
    deal(desk, (100, "lead"))
    assert read(desk, table_rows.won(START, table_rows.after(30 * DAY))).ids == []


def test_amounts_of_another_currency_are_counted_and_not_mixed_in(desk: Desk) -> None:
    deal(desk, (100, "lead"), (10, "won"), currency="USD")
    deal(desk, (100, "lead"), (10, "won"), amount=None)
    table = read(desk, table_rows.won(START, table_rows.after(30 * DAY)))
    assert values(table, "amount") == [None, None]
    assert table.other_currency == 1


@pytest.mark.parametrize("excluded", ["Gender", "GENDER ", "birth date", "city"])
def test_excluded_fields_are_not_read_and_told(desk: Desk, excluded: str) -> None:
    with desk.session() as session:
        fields.define(session, "contact", "g", "Gender", FieldType.TEXT, [])
        fields.define(session, "contact", "birth_date", "Born", FieldType.DATE, [])
        session.add(Contact(name="Ann", name_key="ann", created_at=ago(9), custom={"g": "f"}))
    table = read(desk, table_rows.existing(RecordKind.CONTACT, START), excluded)
    gone = {"g": "custom.g", "b": "custom.birth_date", "c": "city"}[excluded.strip()[0].casefold()]
    assert gone not in {column.name for column in table.columns}
    assert len(table.excluded) == 1
    assert {column.name for column in table.columns} >= {
        "custom.g",
        "custom.birth_date",
        "city",
    } - {gone}


def test_a_value_of_another_type_is_not_known(desk: Desk) -> None:
    with desk.session() as session:
        fields.define(session, "company", "size", "Size", FieldType.NUMBER, [])
        fields.define(session, "company", "renews", "Renews", FieldType.DATE, [])
    company(desk, "A", custom={"size": "large", "renews": "2026-12-24"})
    company(desk, "B", custom={"size": True, "renews": 7})
    company(desk, "C", custom={"size": 12, "renews": "soon"})
    table = read(desk, table_rows.existing(RecordKind.COMPANY, START))
    assert values(table, "custom.size") == [None, None, 12.0]
    renews = values(table, "custom.renews")
    assert [moment and moment.isoformat() for moment in renews] == [
        "2026-12-24T00:00:00+00:00",
        None,
        None,
    ]


def test_a_customer_entered_later_with_an_older_history_counts_and_is_told(desk: Desk) -> None:
    late, new = company(desk, "Late", days=5), company(desk, "New", days=5)
    bought(desk, 300, company_id=late)
    bought(desk, 3, company_id=new)
    table = read(desk, table_rows.existing(RecordKind.COMPANY, ago(100)))
    assert (table.ids, table.late) == ([late], 1)
    assert row(table)["days_known"] == 200


def test_deleted_records_are_no_rows_and_are_not_counted(desk: Desk) -> None:
    acme, gone = company(desk), company(desk, "Gone")
    happened(desk, ActivityKind.CALL, 5, company_id=acme)
    with desk.session() as session:
        session.get_one(Company, gone).deleted_at = START
        session.get_one(Activity, 1).deleted_at = START
    table = read(desk, table_rows.existing(RecordKind.COMPANY, START))
    assert table.ids == [acme]
    assert row(table)["calls"] == 0


def test_a_lead_became_a_customer_when_it_ordered_within_the_time(desk: Desk) -> None:
    early, soon, never = (company(desk, name, days=200) for name in ("Early", "Soon", "Never"))
    company(desk, "Young", days=60)
    bought(desk, 199, company_id=early)
    bought(desk, 150, company_id=soon)
    rows = table_rows.became_customer(RecordKind.COMPANY, START, 7 * DAY, 90 * DAY)
    table = read(desk, rows)
    assert dict(zip(table.ids, table.outcomes, strict=True)) == {soon: True, never: False}
    assert "orders" not in {column.name for column in table.columns}


def test_a_customer_left_who_did_not_order_again_within_the_time(desk: Desk) -> None:
    stays, leaves, old = (company(desk, name, days=900) for name in ("Stays", "Leaves", "Old"))
    for number, days in ((stays, 120), (stays, 50), (leaves, 120), (old, 800)):
        bought(desk, days, company_id=number)
    bought(desk, 50, total=-20, company_id=leaves)  # a return is no order
    table = read(desk, table_rows.left(RecordKind.COMPANY, ago(90), 90 * DAY))
    assert dict(zip(table.ids, table.outcomes, strict=True)) == {stays: False, leaves: True}


def ticket(desk: Desk, days: float, **given: Any) -> int:
    with desk.session() as session:
        made = Ticket(subject="s", text="Help", created_at=ago(days), **given)
        session.add(made)
        session.flush()
        return made.id


def test_tickets_solved_in_time(desk: Desk) -> None:
    quick = ticket(desk, 20, closed_at=ago(19.5), status=TicketStatus.CLOSED)
    slow = ticket(desk, 20, closed_at=ago(10), status=TicketStatus.CLOSED, first_reply_at=ago(19))
    ticket(desk, 0.5)
    table = read(desk, table_rows.solved_in_time(START, DAY))
    assert dict(zip(table.ids, table.outcomes, strict=True)) == {quick: True, slow: False}
    assert values(table, "first_reply_hours") == [None, None]  # nobody had replied yet
    assert values(table, "text_length") == [4, 4]


def test_a_ticket_was_reopened_as_the_audit_tells(desk: Desk) -> None:
    again, once = ticket(desk, 20), ticket(desk, 20, first_reply_at=ago(18))
    late, new = ticket(desk, 40), ticket(desk, 8)
    changed(desk, Ticket, again, 15, status=TicketStatus.SOLVED, closed_at=ago(15))
    changed(desk, Ticket, again, 12, status=TicketStatus.OPEN, closed_at=None)
    changed(desk, Ticket, once, 14, status=TicketStatus.SOLVED, closed_at=ago(14))
    changed(desk, Ticket, late, 38, status=TicketStatus.SOLVED, closed_at=ago(38))
    changed(desk, Ticket, late, 20, status=TicketStatus.OPEN, closed_at=None)
    changed(desk, Ticket, new, 7, status=TicketStatus.SOLVED, closed_at=ago(7))
    table = read(desk, table_rows.reopened(START, 10 * DAY))
    found = {again: True, once: False, late: False}
    assert dict(zip(table.ids, table.outcomes, strict=True)) == found
    assert table.moments == [ago(15), ago(14), ago(38)]
    assert values(table, "first_reply_hours") == [None, 48, None]


def test_complaints_are_asked_about_without_what_says_so(desk: Desk) -> None:
    ticket(desk, 20, kind=TicketKind.CLAIM)
    ticket(desk, 10, kind=TicketKind.QUESTION)
    table = read(desk, table_rows.complaint(START))
    assert table.outcomes == [True, False]
    assert not {"kind", "priority", "queue"} & {column.name for column in table.columns}


def test_an_added_yes_or_no_is_an_outcome(desk: Desk) -> None:
    with desk.session() as session:
        fields.define(session, "company", "churn", "Churn", FieldType.YES_NO, [])
    company(desk, "A", custom={"churn": True})
    company(desk, "B", custom={"churn": False})
    company(desk, "C", custom={"churn": "maybe"})
    company(desk, "D")
    with desk.session() as session:
        field = fields.find(session, "company", "churn")
        assert field
    table = read(desk, table_rows.flagged(RecordKind.COMPANY, field, START))
    assert table.outcomes == [True, False]
    assert table.excluded == []
    assert "custom.churn" not in {column.name for column in table.columns}


def test_amounts_and_revenues_are_outcomes_too(desk: Desk) -> None:
    acme = company(desk)
    deal(desk, (100, "lead"), (10, "won"), company_id=acme, amount=Decimal("12.50"))
    deal(desk, (100, "lead"), (10, "lost"), company_id=acme)
    bought(desk, 50, company_id=acme)
    bought(desk, 50, company_id=acme, currency="USD")
    bought(desk, 150, company_id=acme)
    assert read(desk, table_rows.amounts(START, "EUR")).outcomes == [12.5]
    table = read(desk, table_rows.revenues(RecordKind.COMPANY, ago(90), 90 * DAY, "EUR"))
    assert table.outcomes == [100.0]
    assert row(table)["revenue"] == 100.0


def test_a_person_is_a_customer_too(desk: Desk) -> None:
    acme = company(desk, industry="Retail")
    with desk.session() as session:
        ann = Contact(name="Ann", name_key="ann", created_at=ago(300), company_id=acme, title="CEO")
        session.add(ann)
        session.flush()
        number = ann.id
    bought(desk, 120, contact_id=number)
    deal(desk, (80, "lead"), (60, "won"), contact_id=number)
    deal(desk, (50, "lead"), (10, "lost"), contact_id=number)
    told = row(read(desk, table_rows.existing(RecordKind.CONTACT, START)))
    assert told | {"title": "CEO", "industry": "Retail", "orders": 1, "deals_won": 1} == told
    last = read(desk, table_rows.won(START, table_rows.after(DAY)))
    assert values(last, "deals_won") == [0, 1]
    assert values(last, "orders") == [1, 1]


def test_tags_stay_out_because_nobody_knows_when_they_came(desk: Desk) -> None:
    number = company(desk)
    with desk.session() as session:
        tags.add(session, "company", number, ["vip"])
    table = read(desk, table_rows.existing(RecordKind.COMPANY, START))
    assert not [
        column.name for column in table.columns if "vip" in column.name or "tag" in column.name
    ]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "PAGE", 2)


def test_pages_join_without_gaps(desk: Desk, small_pages: None) -> None:
    numbers = [company(desk, f"C{place}") for place in range(5)]
    for number in numbers[:3]:
        happened(desk, ActivityKind.CALL, 3, company_id=number)
    table = read(desk, table_rows.existing(RecordKind.COMPANY, START))
    assert table.ids == numbers
    assert values(table, "calls") == [1, 1, 1, 0, 0]


@pytest.mark.parametrize("kind", list(RecordKind))
def test_more_rows_take_no_more_statements(desk: Desk, kind: RecordKind) -> None:
    def fill() -> None:
        for _ in range(4):
            number = company(desk)
            deal(desk, (100, "lead"), (10, "won"), company_id=number)
            bought(desk, 5, company_id=number)
            ticket(desk, 3, company_id=number)

    fill()
    with counted(desk.store) as few:
        read(desk, table_rows.existing(kind, START))
    fill()
    with counted(desk.store) as many:
        read(desk, table_rows.existing(kind, START))
    assert len(many) == len(few) <= 15


def test_contacts_are_looked_up_by_their_company_though_hardly_any_has_one(
    sqlite_store: Store,
) -> None:
    people: dict[str, Any] = {"name": "Jo", "name_key": "jo", "created_at": ago(9)}
    with sqlite_store.transaction(Actor(None, "test", "test", "fill")) as session:
        session.add(Company(name="Acme", name_key="acme", created_at=ago(9)))
        session.execute(sa.insert(Contact), [people for _ in range(2_000)])
        bulk.analyze(session)
    asked: list[tuple[str, Any]] = []
    sa.event.listen(
        sqlite_store.engine, "before_cursor_execute", lambda *call: asked.append(call[2:4])
    )
    with sqlite_store.reading() as session:
        rows = table_rows.existing(RecordKind.COMPANY, START)
        draft = tables.open_table(session, rows, "EUR", frozenset())
        tables.read_page(session, draft, 0)
        line, given = next(pair for pair in asked if "JOIN contacts" in pair[0])
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {line}", given)
        assert "USING INDEX ix_contacts_company_id" in "\n".join(str(row) for row in plan)
