"""A store, an answer or a connection that fails: nothing is lost or done twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_store.models import Ticket
from tests.bot.slack.workspace import AGNES, RITA, SALES, answer, answers, settled, stored
from tests.fakes.slack import FakeSlack
from tests.outage import bring_back, take_away
from tests.surfaces import PATIENCE, SlackHttp, SlackSocket, opened
from tests.surfaces import Slack as Stage


def test_while_the_store_is_away_nothing_is_acknowledged_but_a_slash_command_says_so(
    posted: SlackHttp,
) -> None:
    mention = posted.slack.app_mention(AGNES, SALES, "ticket new One")
    take_away(posted.running.app.store)
    assert posted.slack.http_send(posted.url, mention)[0] == 503
    typed = posted.slack.slash_command(AGNES, SALES, "ticket new Two")
    status, body = posted.slack.http_send(posted.url, typed)
    assert status == 200
    assert "nothing was done" in body
    bring_back(posted.running.app.store)
    assert posted.slack.http_send(posted.url, mention, retry=1)[0] == 200
    answer(posted, SALES, "Ticket #1 opened.")
    assert [ticket.subject for ticket in stored(posted, Ticket)] == ["One"]


def test_an_acknowledgement_does_not_wait_for_a_slow_answer(stage: Stage) -> None:
    stage.slack.fail_next("response_url", "stall_before", seconds=1.0)
    stage.carry(stage.slack.slash_command(AGNES, SALES, "whoami"))
    stage.until(lambda: stage.slack.calls("response_url"))
    stage.carry(stage.slack.slash_command(RITA, SALES, "whoami"))
    answer(stage, SALES, "Rita")
    assert not any("Agnes" in m.shown for m in answers(stage, SALES))


@pytest.mark.parametrize("how", ["429", "500", "drop_before", "drop_after"])
def test_an_answer_that_fails_is_given_later_and_the_effect_is_there_once(
    posted: SlackHttp, how: str
) -> None:
    stage = posted
    stage.slack.fail_next("chat.postMessage", how, retry_after=1)
    stage.carry(stage.slack.direct_message(AGNES, "ticket new The printer"))
    answer(stage, stage.slack.dm(AGNES), "Ticket #1 opened.")
    settled(stage, 1)
    assert len(answers(stage, stage.slack.dm(AGNES))) == 1
    assert len(stored(stage, Ticket)) == 1
    assert stage.slack.early_calls() == []


def test_a_slack_that_is_away_at_the_start_is_tried_again(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.adapter._RECONNECT", 0.05)
    monkeypatch.setattr(FakeSlack, "start", _stumbling(FakeSlack.start))
    with opened(SlackSocket, sqlite_template, tmp_path) as stage:
        stage.says("agnes", "whoami", [re.compile("Agnes")])
        assert isinstance(stage, SlackSocket)
        assert len(stage.slack.calls("auth.test")) == 3


def _stumbling(start: Callable[[FakeSlack], FakeSlack]) -> Callable[[FakeSlack], FakeSlack]:
    """A Slack that answers badly at first."""

    def started(slack: FakeSlack) -> FakeSlack:
        slack.fail_next("auth.test", "500")
        slack.fail_next("auth.test", "drop_before")
        slack.fail_next("apps.connections.open", "error:internal_error")
        return start(slack)

    return started


def test_a_socket_that_breaks_is_opened_again(sqlite_template: Path, tmp_path: Path) -> None:
    with opened(SlackSocket, sqlite_template, tmp_path) as stage:
        assert isinstance(stage, SlackSocket)
        stage.slack.drop_sockets()
        stage.until(lambda: len(stage.slack.calls("apps.connections.open")) == 2)
        stage.slack.wait_for_socket(PATIENCE)
        stage.says("agnes", "whoami", [re.compile("Agnes")])
