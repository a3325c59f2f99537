"""Questions that a line without its arguments begins: answered, left, or grown old."""

from __future__ import annotations

from datetime import timedelta

from tests.desk import Desk


def test_an_answer_that_cannot_be_read_leaves_a_way_out(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    desk.rep.says("followup Acme")

    wrong = desk.rep.says("dael list")

    assert "cannot" in wrong.title or "not a day" in wrong.title
    assert desk.rep.presses(wrong, "Cancel").text == "Cancelled; nothing was changed."
    assert desk.rep.says("deal list").title == "Deals"


def test_what_is_said_a_day_later_is_no_answer(desk: Desk) -> None:
    desk.rep.says("company add Acme")
    desk.rep.says("note add Acme")
    desk.clock.advance(timedelta(hours=23))
    assert desk.rep.says("they like tea").title == "Note added to Acme."

    desk.rep.says("note add Acme")
    desk.clock.advance(timedelta(hours=25))
    assert desk.rep.says("thanks, see you").title.startswith("I cannot help with that")
