"""Exports open in a spreadsheet, and nothing that people typed is computed there."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_store.models import Company, CustomField, Order, Tag
from crm_store.spreadsheets import guarded
from crm_store.store import Store
from tests.cli.program import Program, add_firms
from tests.desk import START, Desk

ACTIVE = tuple("=+-@\t\r\n＝＋－＠")


@given(st.text(st.sampled_from("=+-@\t\r\n＝＋－＠'\", ;a1 \u3000"), max_size=12) | st.text())
def test_no_cell_begins_a_formula_and_a_csv_parser_reads_it_back(text: str) -> None:
    cell = guarded(text)
    assert not cell.lstrip(" \u00a0\u3000").startswith(ACTIVE)
    assert cell in {text, f"'{text}"}
    written = io.StringIO(newline="")
    csv.writer(written).writerow(["before", cell, "after"])
    assert next(csv.reader(io.StringIO(written.getvalue(), newline=""))) == [
        "before",
        cell,
        "after",
    ]


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-x", "@SUM(A1)", "\t=1", "＝1", "  =1"])
def test_what_a_spreadsheet_would_compute_gets_an_apostrophe(text: str) -> None:
    assert guarded(text) == f"'{text}"


def read(file: Path) -> list[dict[str, str]]:
    """The rows of an exported file."""
    with file.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def test_the_records_of_every_kind_stand_in_their_file(
    on: Program, desk: Desk, tmp_path: Path
) -> None:
    desk.rep.says('company add "Harbour, Oy" city=Turku')
    desk.rep.says('company add "=cmd()"')
    desk.rep.says("company add gone")
    desk.rep.says("company delete 3")
    desk.rep.says('contact add "Änne 王" company=1 email=anne@harbour.example phone=+4930123456')
    desk.rep.says('deal add Boats company=1 amount="12000.50 EUR"')
    with desk.session() as session:
        session.add(CustomField(kind="company", name="size", label="Size", type="number"))
        session.add(Tag(kind="company", record_id=1, name="vip"))
        session.get_one(Company, 1).custom = {"size": -5}
        money = {"total": Decimal("-9.90"), "currency": "EUR", "ordered_at": START}
        session.add(Order(company_id=1, created_at=START, custom={}, **money))
    done = on("export", "out")
    assert (done.code, done.err) == (0, "")
    assert "2 companies in" in done.out
    assert "1 contact in" in done.out
    assert "0 tickets in" in done.out
    companies = read(tmp_path / "out" / "companies.csv")
    assert [row["name"] for row in companies] == ["Harbour, Oy", "'=cmd()"]
    assert (companies[0]["size"], companies[0]["tags"]) == ("-5", "vip")
    contact = read(tmp_path / "out" / "contacts.csv")[0]
    assert (contact["name"], contact["phone"]) == ("Änne 王", "'+4930123456")
    assert contact["company"] == "Harbour, Oy"
    assert read(tmp_path / "out" / "deals.csv")[0]["amount"] == "12000.5"
    assert read(tmp_path / "out" / "orders.csv")[0]["total"] == "-9.9"
    assert (tmp_path / "out" / "companies.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_page_after_the_other_is_exported(
    rapport: Program, sqlite_store: Store, tmp_path: Path
) -> None:
    add_firms(sqlite_store, 1_001)
    sqlite_store.close()
    assert rapport("export", "out", "--kind", "companies").code == 0
    assert len(read(tmp_path / "out" / "companies.csv")) == 1_001
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["companies.csv"]


def test_an_earlier_export_is_not_overwritten(rapport: Program, tmp_path: Path) -> None:
    assert rapport("migrate").code == 0
    assert rapport("export", "out", "--kind", "deals").code == 0
    refused = rapport("export", "out")
    assert refused.code == 1
    assert "exists already" in refused.err
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["deals.csv"]
