"""Tickets, as agents work on them."""

from __future__ import annotations

from tests.desk import Desk


def test_a_ticket_of_one_line_says_it_once(desk: Desk) -> None:
    desk.rep.says("ticket new The printer burns")
    shown = desk.rep.says("ticket show 1")
    assert (shown.title, shown.text) == ("The printer burns", "")


def test_a_longer_ticket_is_shown_in_full(desk: Desk) -> None:
    desk.rep.says("ticket new The printer burns\nsince Monday")
    shown = desk.rep.says("ticket show 1")
    assert (shown.title, shown.text) == ("The printer burns", "The printer burns\nsince Monday")


def test_a_ticket_that_is_mine_is_not_offered_to_take(desk: Desk) -> None:
    desk.rep.says("ticket new The printer burns")
    taken = desk.agent.presses(desk.agent.says("ticket show 1"), "Take it")
    assert taken.title == "Ticket #1 now belongs to Agnes Agent."
    assert "Take it" not in [action.label for action in taken.actions]
    seen = desk.manager.says("ticket show 1")
    assert "Take it" in [action.label for action in seen.actions]
