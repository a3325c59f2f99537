"""Files of other programs: what is taken, what is rejected and why, and taking a whole file back."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from crm_store.models import (
    Activity,
    AuditRow,
    Base,
    Company,
    Contact,
    Deal,
    Order,
    OrderLine,
    Product,
    StageChange,
    StageKind,
    Ticket,
)
from crm_store.store import Actor
from handlers.errors import UserError
from handlers.importing import files
from handlers.importing.columns import Kind
from handlers.importing.running import Order as Wanted
from handlers.importing.running import Result, guarded, run
from tests.desk import Desk
from tests.handlers.importing_cases import CASES, Case

ACTOR = Actor(None, "command line", "import", "import")


def load(
    desk: Desk, path: Path, kind: str, mapping: Mapping[str, str] = MappingProxyType({})
) -> Result:
    """Import a file as the command line does."""
    wanted = Wanted(path, Kind(kind), mapping)
    with desk.store.transaction(ACTOR) as session:
        return run(session, wanted, desk.defaults, desk.clock.now(), lambda _rows: None)


def written(tmp_path: Path, text: str, name: str = "file.csv") -> Path:
    """A file with this text."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def count(desk: Desk, *models: type[Base]) -> tuple[int, ...]:
    """How many rows each table has."""
    with desk.session() as session:
        return tuple(session.query(model).count() for model in models)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number} {case.name}")
def test_a_bad_file_gets_a_clear_answer(
    desk: Desk, tmp_path: Path, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(case.body)
    if case.number == 37:
        monkeypatch.setattr(files, "MAX_ROWS", 50)
        path.write_text("name\n" + "".join(f"A{n}\n" for n in range(51)), encoding="utf-8")
    if case.refused:
        with pytest.raises(UserError) as refusal:
            load(desk, path, case.kind)
        assert refusal.value.what.startswith(case.refused)
        assert count(desk, Contact, Company, Deal) == (0, 0, 0)
        assert [each.name for each in tmp_path.iterdir() if "rejected" in each.name] == []
        return
    tally = load(desk, path, case.kind).tally
    assert (tally.taken, tally.repeated, tally.rejected) == (
        case.taken,
        case.repeated,
        len(case.rejected),
    )
    assert tally.rows == tally.taken + tally.known + tally.repeated + tally.rejected
    for problem, reason in zip(tally.problems, case.rejected, strict=True):
        assert reason in problem.reason
    assert sum(count(desk, Contact, Deal)) == case.taken
    again = load(desk, path, case.kind).tally
    assert (again.taken, again.known) == (0, case.taken + case.repeated)


def test_the_row_of_a_rejection_is_the_one_a_spreadsheet_shows(desk: Desk, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.number == 40)
    path = tmp_path / "bad.csv"
    path.write_bytes(case.body)
    assert load(desk, path, "contacts").tally.problems[0].row == 502


def test_rejected_rows_stand_beside_the_file_without_formulas_and_can_be_mended(
    desk: Desk, tmp_path: Path
) -> None:
    path = written(tmp_path, "name,email,title\n=1+1,nowhere,@x\nBob,bob@example.com,\n")
    result = load(desk, path, "contacts")
    assert result.rejected_file == tmp_path / "file.csv.rejected.csv"
    text = result.rejected_file.read_text(encoding="utf-8-sig")
    assert next(csv.reader([text.splitlines()[1]])) == [
        "'=1+1", "nowhere", "'@x", "2", "“nowhere” is not an e-mail address.",
    ]  # fmt: skip
    mended = written(tmp_path, text.replace("nowhere", "ann@example.com"), "mended.csv")
    assert load(desk, mended, "contacts").tally.taken == 1
    with desk.session() as session:
        assert session.query(Contact).order_by(Contact.id.desc()).first().name == "=1+1"  # type: ignore[union-attr]


def test_a_clean_import_removes_the_rejections_of_an_earlier_one(
    desk: Desk, tmp_path: Path
) -> None:
    path = written(tmp_path, "name,email\nAnn,nowhere\n")
    old = load(desk, path, "contacts").rejected_file
    written(tmp_path, "name,email\nAnn,ann@example.com\n")
    assert load(desk, path, "contacts").rejected_file is None
    assert old is not None
    assert not old.exists()


@given(st.text())
def test_no_spreadsheet_runs_what_is_written(text: str) -> None:
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))


def test_nothing_from_a_file_says_who_somebody_is(desk: Desk, tmp_path: Path) -> None:
    path = written(
        tmp_path, "name,id,owner_id,role,created_at,Lead Score\nAnn,77,1,admin,2001-01-01,9\n"
    )
    result = load(desk, path, "contacts")
    assert result.ignored == ("id", "owner_id", "role", "created_at")
    assert result.kept == ("Lead Score",)
    with desk.session() as session:
        contact = session.query(Contact).one()
        assert contact.id != 77
        assert (contact.owner_id, contact.created_at) == (None, desk.clock.now())
        assert contact.custom == {"lead_score": "9"}


def test_an_owner_is_a_colleague_or_a_note(desk: Desk, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "name,owner\nAnn,rita rep\nBob,mate@rapport.example\nCy,Somebody Else\n",
    )
    load(desk, path, "contacts")
    with desk.session() as session:
        ann, bob, cy = session.query(Contact).order_by(Contact.id)
        assert (ann.owner_id, bob.owner_id, cy.owner_id) == (desk.rep.id, desk.mate.id, None)
        assert cy.custom == {"owner_name": "Somebody Else"}


def test_several_addresses_stand_in_one_cell_or_in_several_columns(
    desk: Desk, tmp_path: Path
) -> None:
    path = written(
        tmp_path,
        "name,E-mail 1 - Value,E-mail 2 - Value,Phone 1 - Value,Company\n"
        "Ann,a@example.com ::: B@example.com,c@example.com,+46 8 465 004 10 ::: 004670 174 06 05,Acme\n",
    )
    load(desk, path, "contacts")
    with desk.session() as session:
        ann = session.query(Contact).one()
        assert [each.email for each in ann.emails] == [
            "a@example.com",
            "b@example.com",
            "c@example.com",
        ]
        assert [each.phone for each in ann.phones] == ["+46846500410", "+46701740605"]
        assert ann.company
        assert ann.company.name == "Acme"
    assert "Ann" in str(desk.rep.says("find b@example.com"))


def test_a_map_wins_over_what_is_known(desk: Desk, tmp_path: Path) -> None:
    path = written(tmp_path, "Wer,name,email\nAnn,Acme,ann@example.com\n")
    load(desk, path, "contacts", {"Wer": "name", "name": "company"})
    with desk.session() as session:
        ann = session.query(Contact).one()
        assert ann.name == "Ann"
        assert ann.company
        assert ann.company.name == "Acme"


@pytest.mark.parametrize(
    ("mapping", "what"),
    [
        ({"Who": "name"}, "The file has no column “Who”."),
        ({"name": "password"}, "“password” is not a field of contacts."),
    ],
)
def test_a_map_that_fits_nothing_is_refused(
    desk: Desk, tmp_path: Path, mapping: dict[str, str], what: str
) -> None:
    with pytest.raises(UserError) as refusal:
        load(desk, written(tmp_path, "name\nAnn\n"), "contacts", mapping)
    assert refusal.value.what == what


def test_deals_take_the_stages_of_other_programs(desk: Desk, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "Record ID,product,account,deal_stage,engage_date,close_date,close_value\n"
        "1,GTX,Acme,Closed Won,2016-10-20,2017-03-01,1054\n"
        "2,GTX,Acme,Engaging,2016-10-25,,\n"
        "3,GTX,,Prospecting,,,\n"
        "4,GTX,,Dreaming,,,\n",
    )
    tally = load(desk, path, "deals").tally
    assert [(each.row, each.reason) for each in tally.problems] == [
        (5, "“Dreaming” is not a stage.")
    ]
    with desk.session() as session:
        won, engaged, new = session.query(Deal).order_by(Deal.id)
        assert (won.title, won.amount, won.stage.kind) == (
            "GTX – Acme",
            Decimal(1054),
            StageKind.WON,
        )
        assert won.closed_at
        assert won.closed_at.date().isoformat() == "2017-03-01"
        assert won.last_activity_at == won.closed_at
        assert (engaged.stage.name, engaged.amount, engaged.opened_on.isoformat()) == (
            "Qualified",
            None,
            "2016-10-25",
        )
        assert (new.title, new.stage.name) == ("GTX", "Lead")
    assert count(desk, Company, StageChange) == (1, 3)
    assert "GTX – Acme" in str(desk.rep.says("deal list"))


def test_tickets_bring_their_customers_along(desk: Desk, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "Ticket ID,Customer Name,Customer Email,Product Purchased,Ticket Type,Ticket Subject,Ticket Description,"
        "Ticket Status,Ticket Priority,Ticket Channel,First Response Time,Time to Resolution,"
        "Customer Satisfaction Rating\n"
        "7,Ann,ANN@example.com,Radio,Refund request,Broken,My {product_purchased} is broken,Closed,Critical,Email,"
        "2023-06-01 12:00:00,2023-06-01 10:00:00,3.0\n"
        "8,Ann,ann@example.com,Radio,Riddle,Broken,Again,Pending Customer Response,Medium,Chat,,,\n"
        "9,Ann,ann@example.com,Radio,Riddle,Broken,Again,Open,Medium,Chat,,,9\n",
    )
    tally = load(desk, path, "tickets").tally
    assert tally.problems[0].reason == "The satisfaction must be from 1 to 5, not 9."
    assert count(desk, Contact, Ticket) == (1, 2)
    with desk.session() as session:
        closed, waiting = session.query(Ticket).order_by(Ticket.id)
        assert closed.text == "My Radio is broken"
        assert (closed.kind, closed.status, closed.priority) == ("claim", "closed", "urgent")
        assert closed.created_at == closed.closed_at
        assert closed.satisfaction == 3
        assert (waiting.kind, waiting.status, waiting.closed_at) == ("question", "pending", None)
        assert waiting.custom["ticket_type"] == "Riddle"


ORDERS = (
    "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
    "1,A,Apple,3,2009-12-01 07:45:00,0.335,13085.0,France\n"
    "1,B,Bear,2,2009-12-01 07:45:00,10,13085.0,France\n"
    "C2,A,Apple,-1,2009-12-02 07:45:00,0.335,13085.0,France\n"
    "3,A,Apple,1,2009-12-02 07:45:00,1,,France\n"
)


def test_the_lines_of_an_invoice_are_one_order(desk: Desk, tmp_path: Path) -> None:
    tally = load(desk, written(tmp_path, ORDERS), "orders").tally
    assert (tally.rows, tally.taken, tally.rejected) == (4, 3, 1)
    assert tally.problems[0].reason == "There is no customer."
    with desk.session() as session:
        company = session.query(Company).one()
        assert (company.name, company.external_id, company.country) == (
            "Customer 13085",
            "13085",
            "France",
        )
        bought, returned = session.query(Order).order_by(Order.id)
        assert (bought.total, returned.total) == (Decimal("21.01"), Decimal("-0.34"))
        assert [line.amount for line in bought.lines] == [Decimal("1.01"), Decimal(20)]
    assert count(desk, Product, OrderLine) == (2, 3)


def test_lines_of_one_invoice_that_stand_apart_come_together(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.importing.running.CHUNK", 1)
    load(desk, written(tmp_path, ORDERS), "orders")
    with desk.session() as session:
        assert [order.total for order in session.query(Order).order_by(Order.id)] == [
            Decimal("21.01"),
            Decimal("-0.34"),
        ]


def test_activities_stand_on_the_customers_that_are_there(desk: Desk, tmp_path: Path) -> None:
    desk.rep.says("company add Acme")
    desk.rep.says("contact add Ann email=ann@example.com company=Acme")
    path = written(
        tmp_path,
        "type,note,date,email\nCall,Wants samples,2026-11-02 10:00,ann@example.com\n"
        "Call,Who?,2026-11-02,no@example.com\n",
    )
    tally = load(desk, path, "activities").tally
    assert (tally.taken, tally.problems[0].reason) == (1, "No customer of this row is there.")
    assert "Wants samples" in str(desk.rep.says("timeline contact:1"))
    assert load(desk, path, "activities").tally.known == 1
    assert count(desk, Activity) == (1,)


def test_an_import_leaves_one_line_in_the_audit_and_a_revert_another(
    desk: Desk, tmp_path: Path
) -> None:
    result = load(desk, written(tmp_path, "name\nAnn\nBob\n"), "contacts")
    desk.manager.says(f"import revert {result.run_id}")
    with desk.session() as session:
        rows = (
            session.query(AuditRow).filter(AuditRow.kind == "imports").order_by(AuditRow.id).all()
        )
        assert [(row.action, row.record_id, row.actor_id) for row in rows] == [
            ("imported", result.run_id, None),
            ("reverted", result.run_id, desk.manager.id),
        ]
        assert rows[0].after == {
            "file": "file.csv", "kind": "contacts", "rows": 2, "created": 2, "unchanged": 0, "rejected": 0,
        }  # fmt: skip


def test_a_revert_keeps_what_was_changed_since_and_what_others_refer_to(
    desk: Desk, tmp_path: Path
) -> None:
    path = written(
        tmp_path, "name,company,email\nAnn,Acme,\nBob,Binder,bob@example.com\nCy,Coil,\n"
    )
    result = load(desk, path, "contacts")
    desk.rep.says("contact edit Ann title=Buyer")
    desk.rep.says("note add @Coil Asked for samples")
    reverted = desk.manager.says(f"import revert {result.run_id}")
    assert reverted.text.splitlines() == [
        "Deleted: 2 contacts, 1 company.",
        "Kept, because somebody changed them since: 1 contact.",
        "Kept, because other records refer to them: 2 companies.",
    ]
    assert "Bob" not in str(desk.rep.says("find bob"))
    assert (
        desk.manager.says(f"import revert {result.run_id}").title
        == f"Import #{result.run_id} was reverted already."
    )
    assert load(desk, path, "contacts").tally.taken == 2


def test_products_of_a_reverted_import_come_back_with_the_next(desk: Desk, tmp_path: Path) -> None:
    path = written(tmp_path, ORDERS)
    first = load(desk, path, "orders")
    desk.manager.says(f"import revert {first.run_id}")
    again = load(desk, path, "orders")
    assert (again.earlier, again.tally.taken) == (None, 3)
    with desk.session() as session:
        alive = sa.select(sa.func.count()).select_from(Product).where(Product.deleted_at.is_(None))
        assert session.scalar(alive) == 2


def test_the_same_file_is_recognised(desk: Desk, tmp_path: Path) -> None:
    path = written(tmp_path, "name\nAnn\n")
    first = load(desk, path, "contacts")
    assert load(desk, path, "contacts").earlier == first.run_id


def test_a_manager_sees_what_was_imported(desk: Desk, tmp_path: Path) -> None:
    result = load(desk, written(tmp_path, "name,company\nAnn,Acme\n"), "contacts")
    listed = desk.manager.says("import list")
    assert listed.table
    assert listed.table.rows[0].cells[1:3] == ("file.csv", "contacts")
    shown = desk.manager.says(listed.table.rows[0].opens)
    assert [field.value for field in shown.fields if field.label == "Brought and still there"] == [
        "1 contact, 1 company"
    ]
    assert (
        desk.manager.presses(shown, "Revert").title
        == f"Import #{result.run_id} of file.csv is reverted."
    )
    assert desk.manager.says("import show 99").title == "There is no import with the number 99."
    assert (
        "may" in desk.rep.says("import revert 1").title
        or desk.rep.says("import list").table is None
    )


def test_a_revert_is_undone_but_not_beside_the_same_file_again(desk: Desk, tmp_path: Path) -> None:
    path = written(tmp_path, "name\nAnn\nBob\n")
    result = load(desk, path, "contacts")
    desk.manager.says("contact delete Bob")
    desk.clock.advance(timedelta(minutes=1))
    reverted = desk.manager.says(f"import revert {result.run_id}")
    assert "Ann" not in str(desk.rep.says("find ann").table)

    back = desk.manager.presses(reverted, "Undo")

    assert back.text == "Back again: 1 contact."
    assert "Ann" in str(desk.rep.says("find ann").table)
    assert "Bob" not in str(desk.rep.says("contact list").table)
    assert desk.manager.presses(reverted, "Undo").title == "This was undone already."
    again = desk.manager.says(f"import revert {result.run_id}")
    second = load(desk, path, "contacts").run_id
    assert f"import revert {second}" in desk.manager.presses(again, "Undo").text
