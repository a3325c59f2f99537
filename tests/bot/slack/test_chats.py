"""People who speak to us in channels, threads and direct messages."""

from __future__ import annotations

import pytest

from crm_store.models import InboxRow, Ticket
from tests.bot.slack.workspace import AGNES, RITA, SALES, SAM, answer, answers, settled, stored
from tests.surfaces import Slack as Stage


def test_a_slash_command_is_answered_to_its_writer_alone(stage: Stage) -> None:
    stage.carry(stage.slack.slash_command(AGNES, SALES, "ticket new The printer"))
    card = answer(stage, SALES, "Ticket #1 opened.")
    assert card.for_user == AGNES


def test_a_mention_is_answered_in_its_thread(stage: Stage) -> None:
    stage.carry(stage.slack.app_mention(AGNES, SALES, "ticket new The printer"))
    card = answer(stage, SALES, "Ticket #1 opened.")
    asked = stage.slack.messages(SALES)[0]
    assert card.thread_ts == asked.ts


def test_a_direct_message_is_answered_beside_it(stage: Stage) -> None:
    stage.carry(stage.slack.direct_message(AGNES, "ticket new The printer"))
    card = answer(stage, stage.slack.dm(AGNES), "Ticket #1 opened.")
    assert card.thread_ts is None


def test_in_our_thread_nobody_has_to_mention_us(stage: Stage) -> None:
    stage.carry(stage.slack.app_mention(AGNES, SALES, "ticket new The printer"))
    card = answer(stage, SALES, "Ticket #1 opened.")
    reply = stage.slack.thread_reply(card, AGNES, "ticket new The phone")
    reply["event"]["parent_user_id"] = stage.slack.bot_user  # a thread below a card of ours
    stage.carry(reply)
    assert answer(stage, SALES, "Ticket #2 opened.").thread_ts == card.thread_ts


def test_what_is_said_to_others_is_not_kept(stage: Stage) -> None:
    said = stage.slack.say(AGNES, SALES, "ticket new Lunch?")
    stage.carry(stage.slack.message_event(said))
    reply = stage.slack.thread_reply(said, RITA, "ticket new Dinner")
    stage.carry(reply)
    stage.carry(stage.slack.app_home_opened(AGNES, "messages"))
    assert stored(stage, InboxRow) == []


def test_other_bots_and_our_own_words_are_not_kept(stage: Stage) -> None:
    said = stage.slack.say(AGNES, stage.slack.dm(AGNES), "ticket new By a robot")
    for change in (
        {"bot_id": "B0OTHER"},
        {"user": stage.slack.bot_user},
        {"user": None},
        {"subtype": "bot_message"},
        {"subtype": "message_changed", "hidden": True},
        {"subtype": "message_deleted"},
    ):
        event = stage.slack.message_event(said)
        event["event"] |= change
        stage.carry(event)
    assert stored(stage, InboxRow) == []


@pytest.mark.parametrize("copies", ["the same event", "a mention and its message"])
def test_an_event_that_comes_twice_has_one_effect(stage: Stage, copies: str) -> None:
    mention = stage.slack.app_mention(AGNES, SALES, "ticket new The printer")
    said = stage.slack.messages(SALES)[0]
    again = mention if copies == "the same event" else stage.slack.message_event(said)
    for payload in (mention, again, mention):
        stage.carry(payload)
    answer(stage, SALES, "Ticket #1 opened.")
    settled(stage, 1)
    assert len(stored(stage, Ticket)) == 1
    assert len(answers(stage, SALES)) == 1


def test_a_stranger_is_refused_and_changes_nothing(stage: Stage) -> None:
    stage.carry(stage.slack.slash_command(SAM, SALES, "ticket new Let me in"))
    assert answer(stage, SALES, "I do not know you yet").for_user == SAM
    assert stored(stage, Ticket) == []
