"""Records as people name them."""

from __future__ import annotations

from tests.desk import Desk


def test_a_company_is_named_without_its_legal_form_also_where_something_changes(desk: Desk) -> None:
    desk.rep.says('company add "Acme Ltd"')
    assert desk.rep.says("note add @Acme likes tea").title == "Note added to Acme Ltd."
    assert desk.rep.says("company edit @acme city=Bonn").title == "Company Acme Ltd changed."


def test_two_companies_that_differ_by_their_form_only_are_asked_about(desk: Desk) -> None:
    desk.rep.says('company add "Acme Ltd"')
    desk.rep.says('company add "Acme GmbH"')
    asked = desk.rep.says("note add @Acme likes tea")
    assert asked.title == "Several records are called that; which one?"
    assert [action.label for action in asked.actions] == [
        "company #1 Acme Ltd",
        "company #2 Acme GmbH",
    ]
    assert desk.rep.says('note add "Acme Limited" likes tea').title == "Note added to Acme Ltd."


def test_another_legal_form_is_another_company(desk: Desk) -> None:
    desk.rep.says('company add "Acme Ltd"')
    refused = desk.rep.says('note add "Acme GmbH" likes tea')
    assert refused.title == "There is no company, contact, deal or ticket called “Acme GmbH”."


def test_a_new_company_is_warned_about_one_with_a_legal_form(desk: Desk) -> None:
    desk.rep.says("company add 华为技术有限公司")
    warned = desk.rep.says("company add 华为技术")
    assert warned.text == "There is already a company of this name: #1 华为技术有限公司."


def test_a_deleted_company_is_not_meant_by_its_name_without_the_form(desk: Desk) -> None:
    desk.rep.says('company add "Acme Ltd"')
    desk.rep.says("company delete 1")
    assert desk.rep.says("company edit Acme city=Bonn").title.startswith("There is no company")
