"""The forms that change a record, and the pages of lists."""

from __future__ import annotations

from crm_store.models import Company
from tests.desk import Desk


def test_a_page_behind_the_last_says_how_many_there_are(desk: Desk) -> None:
    for number in range(12):
        desk.rep.says(f"company add Acme{number:02} city=Bonn")
    behind = desk.rep.says("company list city=Bonn page=99")
    assert behind.text == "There are only 2 pages."
    last = desk.rep.presses(behind, "Last page")
    assert last.table
    assert [row.cells[1] for row in last.table.rows] == ["Acme10", "Acme11"]
    desk.rep.says("task add call")
    assert desk.rep.says("task list page=3").text == "There is only 1 page."
    assert desk.mate.says("task list page=3").text == "Nothing to do."


def test_the_edit_button_opens_a_form_in_which_fields_are_changed_and_emptied(desk: Desk) -> None:
    card = desk.rep.says("company add Acme city=Berlin industry=steel")
    asked = desk.rep.presses(card, "Edit")
    edited = desk.rep.submits(asked, city="", website="acme.example", name="Acme Ltd")
    assert edited.title == "Company Acme Ltd changed."
    with desk.session() as session:
        company = session.get_one(Company, 1)
        assert (company.city, company.industry) == (None, "steel")
        assert company.website


def test_blank_fields_of_a_form_that_asks_for_the_record_leave_it_as_it_is(desk: Desk) -> None:
    desk.rep.says("company add Acme city=Berlin")
    asked = desk.rep.says("company edit")
    desk.rep.submits(asked, company="Acme", city="", industry="steel")
    with desk.session() as session:
        company = session.get_one(Company, 1)
        assert (company.city, company.industry) == ("Berlin", "steel")


def test_a_list_is_filtered_by_what_a_company_has(desk: Desk) -> None:
    desk.rep.says("company add Acme industry=Software city=Berlin")
    desk.rep.says("company add Zeta industry=steel city=Berlin")
    desk.mate.says("company add Mira industry=software")
    desk.rep.says("company edit Mira country=Italy")
    for line, expected in (
        ("industry=software", ["Acme", "Mira"]),
        ("city=Berlin industry=STEEL", ["Zeta"]),
        ("owner=me", ["Acme", "Zeta"]),
        ("country=Italy", ["Mira"]),
        ("city=Rome", []),
    ):
        reply = desk.rep.says(f"company list {line}")
        assert (
            [row.cells[1] for row in reply.table.rows] == expected if reply.table else not expected
        )


def test_the_delete_button_asks_first(desk: Desk) -> None:
    card = desk.rep.says("company add Acme")
    assert card.actions[-2].confirm == "Delete the company Acme? It can be restored."
    assert desk.rep.presses(card, "Delete").title == "Company Acme deleted."
