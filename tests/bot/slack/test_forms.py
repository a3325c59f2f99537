"""Buttons, menus and modals."""

from __future__ import annotations

import re

from crm_store.models import Company, Contact, Ticket
from tests.bot.slack.workspace import AGNES, RITA, SALES, answer, answers, settled, stored
from tests.surfaces import Slack as Stage


def test_a_button_changes_the_card_it_stands_on(stage: Stage) -> None:
    card = stage.says("agnes", "ticket new The printer", [re.compile("opened")])
    stage.presses("agnes", "Close", [re.compile("Reopen")])
    shown = answers(stage, stage.slack.dm(AGNES))
    assert [m.ts for m in shown] == [card.shown.ts]


def test_a_row_is_opened_from_the_menu_of_a_list(stage: Stage) -> None:
    stage.says("agnes", "ticket new The printer", [re.compile("opened")])
    listed = stage.says("agnes", "ticket list", [re.compile("Tickets")])
    (menu,) = [e["action_id"] for _, e in listed.shown.elements if e["type"] == "static_select"]
    stage.carry(stage.slack.select_option(listed.shown, menu, "ticket show 1", AGNES))
    opened_card = stage.hears("agnes", [re.compile("Ticket #1")])
    assert "The printer" in opened_card.text


def test_what_is_missing_is_asked_for_in_a_modal(stage: Stage) -> None:
    stage.carry(stage.slack.slash_command(AGNES, SALES, "ticket new"))
    stage.until(lambda: stage.slack.open_views(AGNES))
    (view,) = stage.slack.open_views(AGNES)
    values = {"text": "The printer", "priority": "urgent"}
    stage.carry(stage.slack.view_submission(view, values, AGNES))
    card = answer(stage, SALES, "Ticket #1 opened.")
    assert card.for_user == AGNES
    assert stage.slack.open_views(AGNES) == []
    assert stored(stage, Ticket)[0].priority == "urgent"


def test_a_trigger_that_expired_leaves_a_card_with_a_button(stage: Stage) -> None:
    stage.slack.fail_next("views.open", "error:expired_trigger_id")
    stage.carry(stage.slack.slash_command(AGNES, SALES, "ticket new"))
    card = answer(stage, SALES, "Open a ticket.")
    assert "Fill in" in card.buttons
    stage.carry(stage.slack.button_press(card, "Fill in", AGNES))
    stage.until(lambda: stage.slack.open_views(AGNES))
    (view,) = stage.slack.open_views(AGNES)
    stage.carry(stage.slack.view_submission(view, {"text": "The printer"}, AGNES))
    assert answer(stage, SALES, "Ticket #1 opened.").for_user == AGNES


def test_a_field_that_is_emptied_in_a_modal_is_emptied_in_the_record(stage: Stage) -> None:
    stage.says("rita", "company add Acme city=Berlin industry=steel", [re.compile("added")])
    stage.slack.fail_next("views.open", "error:expired_trigger_id")
    stage.carry(stage.slack.slash_command(RITA, SALES, "company edit Acme"))
    card = answer(stage, SALES, "Edit Acme")
    stage.carry(stage.slack.button_press(card, "Fill in", RITA))
    stage.until(lambda: stage.slack.open_views(RITA))
    (view,) = stage.slack.open_views(RITA)
    stage.carry(stage.slack.view_submission(view, {"city": "", "website": "acme.example"}, RITA))
    answer(stage, SALES, "Company Acme changed.")
    (company,) = stored(stage, Company)
    assert (company.city, company.industry) == (None, "steel")


def test_a_response_url_that_is_used_up_is_followed_by_a_private_message(stage: Stage) -> None:
    typed = stage.slack.slash_command(AGNES, SALES, "ticket new The printer")
    for bound in stage.slack.response_urls.values():
        bound.uses = 5
    stage.carry(typed)
    assert answer(stage, stage.slack.dm(AGNES), "Ticket #1 opened.").for_user is None
    assert answers(stage, SALES) == []
    settled(stage, 1)


def test_what_cannot_be_taken_back_is_asked_by_slack_itself(stage: Stage) -> None:
    stage.says("rita", "contact add Ann Lee", [re.compile("Ann Lee")])
    card = stage.says("rita", "contact show 1", [re.compile("Ann Lee")])
    (delete,) = [e for _, e in card.shown.elements if e["text"]["text"] == "Delete"]
    assert "Ann Lee" in delete["confirm"]["text"]["text"]
    stage.presses("rita", "Delete", [re.compile("deleted")])
    assert stored(stage, Contact)[0].deleted_at
