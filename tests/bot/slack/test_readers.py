"""Who reads along in a channel: asked of Slack once in a while, and minded by everything that is written there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.slack import known
from crm_store.models import Notice, NoticeState, Posting, Ticket
from jobs import digests
from tests.bot.slack.test_threads import FAIR, GUEST, PARTNERS, Guarded, modal, started
from tests.bot.slack.workspace import (
    AGNES,
    RITA,
    SALES,
    answer,
    answers,
    carried_out,
    stored,
    words,
)
from tests.surfaces import SlackHttp
from tests.surfaces.people import morning
from tests.surfaces.program import jobs_context

EMAIL = "jane@acme.example"


@pytest.fixture
def stage(sqlite_template: Path, tmp_path: Path) -> Iterator[SlackHttp]:
    yield from started(Guarded, sqlite_template, tmp_path)


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask about a channel every time, as if ten minutes had passed."""
    monkeypatch.setattr(known, "KEPT", 0)


def jane(stage: SlackHttp) -> None:
    stage.says("rita", f'contact add "Jane Doe" email={EMAIL}', words("added"))


def shows(stage: SlackHttp, channel: str, text: str = "Jane Doe") -> str:
    """Ask for Jane in a channel and return what is answered."""
    count = len(answers(stage, channel))
    stage.carry(stage.slack.app_mention(RITA, channel, "contact show 1"))
    stage.until(lambda: len(answers(stage, channel)) > count)
    return answer(stage, channel, text).shown


@pytest.mark.usefixtures("asking")
def test_a_form_counts_while_slack_does_not_say_who_reads_along(stage: SlackHttp) -> None:
    stage.carry(stage.slack.app_mention(AGNES, SALES, "ticket new"))
    card = answer(stage, SALES, "Open a ticket")
    stage.slack.fail_next("conversations.info", "429", times=9)
    stage.carry(stage.slack.button_press(card, "Fill in", AGNES))
    view = modal(stage, AGNES)
    stage.carry(stage.slack.view_submission(view, {"text": "The printer"}, AGNES))
    answer(stage, SALES, "Ticket #1 opened.")


def test_where_slack_never_said_who_reads_along_what_is_internal_is_hidden(
    stage: SlackHttp,
) -> None:
    jane(stage)
    stage.slack.add_channel("G0GROUP", members=(AGNES, RITA), private=True)
    stage.slack.fail_next("conversations.info", "error:missing_scope", times=9)
    asked = stage.slack.app_mention(RITA, "G0GROUP", "contact show 1")
    del asked["is_ext_shared_channel"]
    stage.carry(asked)
    assert EMAIL not in answer(stage, "G0GROUP", "Jane Doe").shown
    message = stage.slack.say(AGNES, "G0GROUP", "The printer")
    stage.carry(stage.slack.message_shortcut(message, AGNES, "ticket"))
    stage.carry(stage.slack.view_submission(modal(stage, AGNES), {}, AGNES))
    answer(stage, "G0GROUP", "Ticket #1 opened.")
    assert len(stored(stage, Ticket)) == 1
    assert len(stage.slack.calls("conversations.info")) == 1


@pytest.mark.usefixtures("asking")
def test_a_card_hides_what_is_internal_once_a_guest_has_come(stage: SlackHttp) -> None:
    jane(stage)
    assert EMAIL in shows(stage, SALES)
    with stage.slack.changed:
        stage.slack.channels[SALES].members.append(GUEST)
    stage.says("rita", "contact edit 1 title=Buyer email=jane@other.example", words("Buyer"))
    changed = answer(stage, SALES, "Buyer").shown
    assert "@" not in changed


@pytest.mark.usefixtures("asking")
def test_a_card_is_left_alone_once_the_channel_is_shared(stage: SlackHttp) -> None:
    jane(stage)
    shows(stage, SALES)
    with stage.slack.changed:
        stage.slack.channels[SALES].shared = True
    carried_out(stage)
    stage.says("rita", "contact edit 1 title=Buyer", words("Buyer"))
    stage.until(lambda: not [p for p in stored(stage, Posting) if p.chat == f"slack:{SALES}"])
    assert "Buyer" not in answer(stage, SALES, "Jane Doe").shown


def test_a_digest_hides_what_is_internal_from_guests_and_is_kept_from_other_companies(
    stage: SlackHttp,
) -> None:
    jane(stage)
    for channel in (SALES, FAIR, PARTNERS):
        line = f'digest add contact show 1 every="day 10:30" to=slack:{channel}'
        stage.says("mona", line, words("slack:"))
    digests.run(jobs_context(stage.running.app.store, morning() + timedelta(days=2)))
    assert EMAIL in answer(stage, SALES, "Jane Doe").shown
    assert EMAIL not in answer(stage, FAIR, "Jane Doe").shown
    stage.hears("mona", words("did not arrive"))
    assert answers(stage, PARTNERS) == []
    dead = {n.reason for n in stored(stage, Notice) if n.state is NoticeState.DEAD}
    assert dead == {"shared_channel"}


def test_what_people_say_to_each_other_costs_no_calls(stage: SlackHttp) -> None:
    for text in ("Lunch?", "No"):
        said = stage.slack.say(AGNES, SALES, text)
        stage.carry(stage.slack.message_event(said))
        stage.carry(stage.slack.thread_reply(said, RITA, "Later"))
        stage.carry(stage.slack.react(AGNES, said, "tada"))
    stage.says("rita", "whoami", words("Rita"))
    assert stage.slack.calls("conversations.members") == []
    assert stage.slack.calls("conversations.info") == []


def test_a_channel_with_many_people_is_known_the_next_time(
    stage: SlackHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    jane(stage)
    monkeypatch.setattr(known, "PATIENCE", 0)
    assert EMAIL not in shows(stage, SALES)
    stage.until(lambda: [c.outcome for c in stage.slack.calls("conversations.members")] == ["ok"])
    stage.says("rita", "whoami", words("Rita"))
    assert EMAIL in shows(stage, SALES)


def test_a_slack_that_does_not_say_who_is_in_a_channel_is_left_in_peace(stage: SlackHttp) -> None:
    jane(stage)
    stage.slack.fail_next("conversations.members", "500")
    for _each in range(2):
        assert EMAIL not in shows(stage, SALES)
    assert len(stage.slack.calls("conversations.members")) == 1
