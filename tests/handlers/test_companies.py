"""Companies, as reps keep them."""

from __future__ import annotations

from crm_store.models import Company
from tests.desk import Desk


def test_a_rep_adds_a_company_and_sees_it_in_the_list(desk: Desk) -> None:
    added = desk.rep.says('company add "Acme Ltd" industry=software city=Berlin')
    assert added.title == "Company Acme Ltd added."
    listed = desk.rep.says("company list")
    assert listed.table
    assert listed.table.rows[0].cells[1:] == ("Acme Ltd", "software", "Berlin", "Rita Rep")


def test_a_second_company_of_the_same_name_is_added_with_a_warning(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    assert (
        desk.mate.says("company add  ACME ").text
        == "There is already a company of this name: #1 Acme."
    )


def test_an_edit_is_undone_by_its_button(desk: Desk) -> None:
    desk.rep.says("company add Acme city=Berlin")
    edited = desk.rep.says("company edit Acme city=Hamburg")
    assert ("City", "Hamburg") in [(field.label, field.value) for field in edited.fields]
    desk.rep.presses(edited, "Undo")
    with desk.session() as session:
        assert session.get_one(Company, 1).city == "Berlin"


def test_an_empty_value_empties_the_field(desk: Desk) -> None:
    desk.rep.says("company add Acme city=Berlin")
    desk.rep.says("company edit it city=")
    with desk.session() as session:
        assert session.get_one(Company, 1).city is None


def test_a_deleted_company_is_gone_until_it_is_restored(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    deleted = desk.rep.says("company delete 1")
    assert desk.rep.says("company show 1").title == "There is no company with the number 1."
    assert desk.rep.presses(deleted, "Restore").title == "Company Acme is back."


def test_an_ambiguous_name_is_offered_as_buttons(desk: Desk) -> None:
    desk.rep.says("company add Acme city=Berlin")
    desk.rep.says("company add Acme city=Paris")
    asked = desk.rep.says("company show Acme")
    assert asked.title == "Several records are called that; which one?"
    shown = desk.rep.presses(asked, "company #2 Acme")
    assert ("City", "Paris") in [(field.label, field.value) for field in shown.fields]


def test_a_stranger_is_refused_and_nothing_is_added(desk: Desk) -> None:
    assert (
        desk.stranger.says("company add Evil").title
        == "I do not know you yet, so I cannot do this for you."
    )
    with desk.session() as session:
        assert session.query(Company).count() == 0


def test_a_missing_name_is_asked_for_and_the_answer_completes_the_command(desk: Desk) -> None:
    asked = desk.rep.says("company add city=Berlin")
    assert asked.form
    assert desk.rep.says("Acme").title == "Company Acme added."
    with desk.session() as session:
        assert session.get_one(Company, 1).city == "Berlin"
