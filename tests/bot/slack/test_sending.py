"""What is sent to Slack."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest

from crm_store.addresses import Address
from handlers.reply import Chart, ChartKind, Reply, Series
from tests.bot.slack.workspace import AGNES, SALES, answer, answers
from tests.surfaces import PATIENCE, SlackHttp
from tests.surfaces import Slack as Stage


def test_a_colleague_is_told_in_private(stage: Stage) -> None:
    stage.says("mona", "ticket new The printer", [re.compile("opened")])
    stage.says("mona", "ticket assign 1 agnes", [re.compile("Agnes")])
    stage.hears("agnes", [re.compile("gave you ticket #1")])
    posts = [c for c in stage.slack.calls("chat.postMessage") if c.channel == stage.slack.dm(AGNES)]
    assert len(posts) == 1
    assert "link_names" not in posts[0].params or posts[0].params["link_names"] in {False, "0"}


def test_hostile_text_comes_out_as_it_went_in(stage: Stage) -> None:
    name = "<!channel> & <https://evil.example|bank> @here *b*"
    card = stage.says("rita", f'company add "{name}"', [re.compile("added")])
    # A call to a channel and a link arrive as marks of Slack's own, and are kept as their words.
    assert "@channel & " in card.text
    assert "evil.example" in card.text
    assert "@here *b*" in card.text
    assert stage.slack.violations == []


def test_a_long_button_line_is_kept_and_found_again(stage: Stage) -> None:
    words = "word " * 300
    stage.says("rita", f'contact add Ann company="{words[:180]}"', [re.compile("no company")])
    pressed = stage.presses("rita", "Add without a company", [re.compile("Ann")])
    assert "Ann" in pressed.text


def test_a_chart_is_uploaded_beside_its_message(posted: SlackHttp) -> None:
    chart = Chart(ChartKind.BARS, "Tickets", ("Mon", "Tue"), (Series("open", (1.0, 2.0)),))
    reply = Reply(title="Tickets", chart=chart)
    surface = posted.running.app.surfaces["slack"]
    sending = surface.send(
        Address("slack", SALES), reply, key="k", language="en", zone="UTC", again=False
    )
    asyncio.run_coroutine_threadsafe(sending, posted.running.loop).result(PATIENCE)
    shown = answers(posted, SALES)
    assert [bool(m.files) for m in shown] == [False, True]
    assert shown[1].files[0]["title"] == "Tickets"


def test_the_tokens_never_stand_in_the_log(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        stage.slack.fail_next("chat.postMessage", "500")
        stage.carry(stage.slack.direct_message(AGNES, "whoami"))
        answer(stage, stage.slack.dm(AGNES), "Agnes")
    for secret in (stage.slack.bot_token, stage.slack.app_token, stage.slack.signing_secret):
        assert secret not in caplog.text
