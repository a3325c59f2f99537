"""Answers that Slack does not take where they belong: none is lost, none comes twice."""

from __future__ import annotations

import pytest

from crm_store.models import Posting, Ticket
from tests.bot.slack.test_threads import modal
from tests.bot.slack.workspace import (
    AGNES,
    MONA,
    SALES,
    answer,
    answers,
    carried_out,
    stored,
    words,
)
from tests.surfaces import SlackHttp


@pytest.mark.parametrize("private", [False, True])
def test_where_the_bot_is_no_member_the_answer_comes_in_private(
    posted: SlackHttp, *, private: bool
) -> None:
    posted.slack.add_channel("C0ELSE", members=(AGNES,), bot=False, private=private)
    message = posted.slack.say(AGNES, "C0ELSE", "The printer")
    posted.carry(posted.slack.message_shortcut(message, AGNES, "ticket"))
    posted.carry(posted.slack.view_submission(modal(posted, AGNES), {}, AGNES))
    posted.hears("agnes", words("Ticket #1 opened."))
    assert answers(posted, "C0ELSE") == []
    carried_out(posted)
    assert len(stored(posted, Ticket)) == 1


@pytest.mark.parametrize(
    "reason", ["edit_window_closed", "cant_update_message", "message_not_found"]
)
def test_an_answer_that_cannot_take_the_place_of_a_card_is_posted_below(
    posted: SlackHttp, reason: str
) -> None:
    posted.says("mona", "ticket new The printer", words("opened"))
    posted.carry(posted.slack.app_mention(AGNES, SALES, "ticket show 1"))
    card = answer(posted, SALES, "The printer")
    carried_out(posted)
    posted.slack.fail_next("chat.update", f"error:{reason}")
    posted.carry(posted.slack.button_press(card, "Close", AGNES))
    below = answer(posted, SALES, "closed")
    assert "Reopen" in below.buttons
    assert below.ts != card.ts
    carried_out(posted)
    shown = [each.message_id for each in stored(posted, Posting) if each.chat == f"slack:{SALES}"]
    assert shown == [below.ts]


@pytest.mark.parametrize(("method", "how"), [("upload", "500"), ("conversations.open", "500")])
def test_a_chart_that_fails_undoes_no_answer(posted: SlackHttp, method: str, how: str) -> None:
    posted.says("rita", "company add Acme", words("added"))
    posted.says("rita", "deal add Spring company=1 amount=5 close=2027-01-02", words("added"))
    carried_out(posted)
    posted.slack.fail_next(method, how)
    posted.carry(posted.slack.slash_command(MONA, SALES, "report pipeline"))
    answer(posted, SALES, "Pipeline")
    carried_out(posted)
    assert len(answers(posted, SALES)) == 1
