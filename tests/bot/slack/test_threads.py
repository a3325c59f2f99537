"""What becomes of messages in Slack: tickets, notes and tasks, and threads that belong to a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.config import Config
from crm_store.models import Activity, Task, Ticket
from tests.bot.slack.workspace import (
    AGNES,
    MONA,
    RITA,
    SALES,
    SAM,
    answer,
    answers,
    carried_out,
    stored,
    words,
)
from tests.fakes.slack import Message
from tests.surfaces import SlackHttp, opened

PARTNERS, FAIR = "C0PARTNERS", "C0FAIR"
GUEST = "U0GUEST"


class Furnished(SlackHttp):
    """Slack with the emoji switched on."""

    def _configured(self) -> Config:
        config = super()._configured()
        reactions = (("ticket", "ticket"), ("memo", "note"), ("hourglass", "task"))
        return replace(config, slack=replace(config.slack, reactions=reactions))


class Sharing(Furnished):
    """The same, where shared channels are allowed."""

    def _configured(self) -> Config:
        config = super()._configured()
        return replace(config, slack=replace(config.slack, shared_channels=True))


class Guarded(Furnished):
    """The same, with a guest in the workspace."""

    def _configured(self) -> Config:
        self.slack.add_user(GUEST, "gus")
        self.slack.make_guest(GUEST)
        self.slack.add_channel(FAIR, members=(RITA, MONA, GUEST))
        return super()._configured()


class Unsure(Guarded):
    """The same, where the list of people cannot be read."""

    def _configured(self) -> Config:
        self.slack.fail_next("users.list", "500")
        return super()._configured()


def started(kind: type[SlackHttp], template: Path, folder: Path) -> Iterator[SlackHttp]:
    with opened(kind, template, folder) as stage:
        assert isinstance(stage, SlackHttp)
        stage.slack.add_channel(SALES, "sales", members=(AGNES, RITA, MONA, SAM))
        stage.slack.add_channel(PARTNERS, "partners", members=(RITA, MONA, SAM), shared=True)
        yield stage


@pytest.fixture
def stage(sqlite_template: Path, tmp_path: Path) -> Iterator[SlackHttp]:
    yield from started(Furnished, sqlite_template, tmp_path)


@pytest.fixture
def sharing(sqlite_template: Path, tmp_path: Path) -> Iterator[SlackHttp]:
    yield from started(Sharing, sqlite_template, tmp_path)


@pytest.fixture
def guarded(sqlite_template: Path, tmp_path: Path) -> Iterator[SlackHttp]:
    yield from started(Guarded, sqlite_template, tmp_path)


@pytest.fixture
def unsure(sqlite_template: Path, tmp_path: Path) -> Iterator[SlackHttp]:
    yield from started(Unsure, sqlite_template, tmp_path)


def modal(stage: SlackHttp, who: str) -> dict[str, Any]:
    stage.until(lambda: stage.slack.open_views(who))
    return stage.slack.open_views(who)[-1]


def said(stage: SlackHttp, text: str, who: str = SAM) -> Message:
    return stage.slack.say(who, SALES, text)


def test_a_shortcut_makes_a_ticket_of_a_message(stage: SlackHttp) -> None:
    message = said(stage, "The printer & the phone are <broken>")
    stage.carry(stage.slack.message_shortcut(message, AGNES, "ticket"))
    view = modal(stage, AGNES)
    stage.carry(stage.slack.view_submission(view, {"priority": "urgent"}, AGNES))
    card = answer(stage, SALES, "Ticket #1 opened.")
    assert card.thread_ts == message.ts
    (ticket,) = stored(stage, Ticket)
    assert ticket.text == "The printer & the phone are <broken>"


def test_a_shortcut_makes_a_task_or_a_note_on_a_record(stage: SlackHttp) -> None:
    stage.says("mona", "company add Acme", words("added"))
    acme = {"text": {"type": "plain_text", "text": "Acme"}, "value": "company:1"}
    for made, field, title in (("task", "about", "Task added"), ("note", "record", "Note added")):
        message = said(stage, f"They want a new offer, as a {made}")
        stage.carry(stage.slack.message_shortcut(message, AGNES, made))
        view = modal(stage, AGNES)
        stage.carry(stage.slack.view_submission(view, {field: acme}, AGNES))
        assert answer(stage, SALES, title).thread_ts == message.ts
    assert [task.company_id for task in stored(stage, Task)] == [1]
    assert [activity.company_id for activity in stored(stage, Activity)] == [1]


def test_an_emoji_makes_one_ticket_whoever_puts_it(stage: SlackHttp) -> None:
    message = said(stage, "The printer is broken")
    for who in (AGNES, MONA):
        stage.carry(stage.slack.react(who, message, "ticket"))
    card = answer(stage, SALES, "Ticket #1 opened.")
    assert card.thread_ts == message.ts
    stage.carry(stage.slack.react(AGNES, message, "tada"))
    stage.says("agnes", "ticket list", words("1 in all"))
    assert len(stored(stage, Ticket)) == 1


def test_an_emoji_for_a_note_asks_for_the_record(stage: SlackHttp) -> None:
    message = said(stage, "They like tea")
    stage.carry(stage.slack.react(AGNES, message, "memo"))
    card = answer(stage, SALES, "Write a note")
    assert "Fill in" in card.buttons


def test_a_stranger_makes_nothing_by_an_emoji_or_a_shortcut(stage: SlackHttp) -> None:
    message = said(stage, "The printer is broken")
    stage.carry(stage.slack.react(SAM, message, "ticket"))
    answer(stage, SALES, "I do not know you yet")
    stage.carry(stage.slack.message_shortcut(message, SAM, "task"))
    stage.until(lambda: len(answers(stage, SALES)) == 2)
    assert stored(stage, Ticket) == []


def test_what_is_said_in_the_thread_reaches_the_timeline(stage: SlackHttp) -> None:
    message = said(stage, "The printer is broken")
    stage.carry(stage.slack.react(AGNES, message, "ticket"))
    answer(stage, SALES, "Ticket #1 opened.")
    count = len(answers(stage, SALES))
    stage.carry(stage.slack.thread_reply(message, RITA, "find out what it costs"))
    stage.carry(stage.slack.thread_reply(message, SAM, "let me in"))
    shown = stage.says("agnes", "timeline ticket:1", words("find out what it costs"))
    assert "Rita" in shown.text
    assert "let me in" not in shown.text
    assert len(answers(stage, SALES)) == count


def test_elsewhere_nothing_is_overheard(stage: SlackHttp) -> None:
    message = said(stage, "Lunch?")
    stage.carry(stage.slack.thread_reply(message, RITA, "find a place"))
    stage.says("rita", "whoami", words("Rita"))
    assert stored(stage, Activity) == []
    assert answers(stage, SALES) == []


def test_in_our_own_thread_a_command_needs_no_mention_and_talk_is_kept(stage: SlackHttp) -> None:
    stage.says("mona", "company add Acme", words("added"))
    stage.carry(stage.slack.app_mention(RITA, SALES, "company show 1"))
    asked = stage.slack.messages(SALES)[0]
    answer(stage, SALES, "Acme")
    stage.carry(stage.slack.app_mention(RITA, SALES, "note add company:1 hello", asked.ts))
    answer(stage, SALES, "Note added to Acme.")
    message = said(stage, "The printer is broken")
    stage.carry(stage.slack.react(MONA, message, "ticket"))
    answer(stage, SALES, "Ticket #1 opened.")
    stage.carry(stage.slack.app_mention(MONA, SALES, "ticket close 1", message.ts))
    assert answer(stage, SALES, "closed now").thread_ts == message.ts


def test_a_thread_is_of_one_ticket(stage: SlackHttp) -> None:
    message = said(stage, "The printer is broken")
    stage.carry(stage.slack.react(AGNES, message, "ticket"))
    answer(stage, SALES, "Ticket #1 opened.")
    stage.carry(stage.slack.message_shortcut(message, AGNES, "ticket"))
    answer(stage, SALES, "belongs to ticket #1 already")
    assert len(stored(stage, Ticket)) == 1


@pytest.mark.parametrize("made", ["shortcut", "emoji"])
def test_a_message_that_is_too_long_is_cut_and_says_so(stage: SlackHttp, made: str) -> None:
    message = said(stage, "The printer is broken. " * 250)
    if made == "emoji":
        stage.carry(stage.slack.react(AGNES, message, "ticket"))
    else:
        stage.carry(stage.slack.message_shortcut(message, AGNES, "ticket"))
        stage.carry(stage.slack.view_submission(modal(stage, AGNES), {}, AGNES))
    answer(stage, SALES, "Ticket #1 opened.")
    (ticket,) = stored(stage, Ticket)
    assert ticket.text.startswith("The printer is broken. The printer")
    assert ticket.text.endswith("… [cut: the message is longer]")
    assert len(ticket.text) > 2_900


def test_an_emoji_that_was_refused_counts_when_somebody_else_puts_it(stage: SlackHttp) -> None:
    message = said(stage, "The printer is broken")
    stage.carry(stage.slack.react(SAM, message, "ticket"))
    answer(stage, SALES, "I do not know you yet")
    stage.carry(stage.slack.react(AGNES, message, "ticket"))
    answer(stage, SALES, "Ticket #1 opened.")


def test_a_task_made_of_a_reply_leaves_the_thread_to_its_ticket(stage: SlackHttp) -> None:
    message = said(stage, "The printer is broken")
    stage.carry(stage.slack.react(AGNES, message, "ticket"))
    answer(stage, SALES, "Ticket #1 opened.")
    stage.carry(stage.slack.thread_reply(message, RITA, "please order a new toner"))
    reply = stage.slack.messages(SALES)[-1]
    stage.carry(stage.slack.react(AGNES, reply, "hourglass"))
    answer(stage, SALES, "Task added")
    stage.carry(stage.slack.react(AGNES, reply, "ticket"))
    answer(stage, SALES, "belongs to ticket #1 already")
    stage.carry(stage.slack.thread_reply(message, RITA, "it costs 40 euros"))
    stage.says("agnes", "timeline ticket:1", words("it costs 40 euros"))


def test_talk_below_what_belongs_to_no_record_is_left_alone(stage: SlackHttp) -> None:
    stage.carry(stage.slack.app_mention(RITA, SALES, "whoami"))
    card = answer(stage, SALES, "Rita")
    for who, text in ((RITA, "I will call them"), (SAM, "me too"), (RITA, "task add call them")):
        reply = stage.slack.thread_reply(card, who, text)
        reply["event"]["parent_user_id"] = stage.slack.bot_user  # a thread below a message of ours
        stage.carry(reply)
    answer(stage, SALES, "Task added")
    carried_out(stage)
    assert len(answers(stage, SALES)) == 2


# ------------------------------------------------------------------- with others in the room


def test_in_a_shared_channel_we_are_silent_unless_told_otherwise(stage: SlackHttp) -> None:
    stage.carry(stage.slack.app_mention(RITA, PARTNERS, "whoami"))
    stage.carry(stage.slack.react(RITA, stage.slack.say(RITA, PARTNERS, "x y"), "ticket"))
    stage.says("rita", "whoami", words("Rita"))
    assert answers(stage, PARTNERS) == []
    assert stored(stage, Ticket) == []
    assert stage.slack.calls("conversations.replies") == []


def test_in_a_shared_channel_phones_and_addresses_are_hidden(sharing: SlackHttp) -> None:
    stage = sharing
    stage.says("rita", 'contact add "Jane Doe" email=jane@acme.example', words("added"))
    stage.carry(stage.slack.app_mention(RITA, PARTNERS, "contact show 1"))
    card = answer(stage, PARTNERS, "Jane Doe")
    assert "jane@acme.example" not in card.shown
    stage.says("rita", "contact edit 1 title=Buyer", words("Buyer"))
    assert "jane@acme.example" not in answer(stage, PARTNERS, "Buyer").shown


def test_where_a_guest_reads_along_phones_and_addresses_are_hidden(guarded: SlackHttp) -> None:
    stage = guarded
    stage.says("rita", 'contact add "Jane Doe" email=jane@acme.example', words("added"))
    for channel in (SALES, FAIR):
        stage.carry(stage.slack.app_mention(RITA, channel, "contact show 1"))
    assert "jane@acme.example" in answer(stage, SALES, "Jane Doe").shown
    assert "jane@acme.example" not in answer(stage, FAIR, "Jane Doe").shown


def test_a_guest_is_a_stranger_until_they_are_added(guarded: SlackHttp) -> None:
    stage = guarded
    stage.says("rita", "company add Acme", words("added"))
    stage.carry(stage.slack.app_mention(GUEST, FAIR, "company show Acme"))
    assert "Acme" not in answer(stage, FAIR, "link").shown
    assert len(stage.slack.calls("users.list")) == 1


def test_while_nobody_knows_who_is_a_guest_all_channels_are_hidden_from_them(
    unsure: SlackHttp,
) -> None:
    stage = unsure
    stage.says("rita", 'contact add "Jane Doe" email=jane@acme.example', words("added"))
    stage.carry(stage.slack.app_mention(RITA, SALES, "contact show 1"))
    assert "jane@acme.example" not in answer(stage, SALES, "Jane Doe").shown
