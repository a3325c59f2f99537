"""Rapport among Slack's agents: what a conversation begins with, and what is said while an answer takes long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import Config
from bot.slack import agent
from crm_store.models import Role
from handlers import subjects
from handlers.command import match
from handlers.wording import speaking
from tests.bot.slack.workspace import AGNES, MONA, RITA, SAM, words
from tests.fakes.server import Json
from tests.surfaces import SlackHttp, opened


class AsAgent(SlackHttp):
    """Slack with the agent's side switched on."""

    def _configured(self) -> Config:
        config = super()._configured()
        return replace(config, slack=replace(config.slack, agent=True))


@pytest.fixture
def stage(sqlite_template: Path, tmp_path: Path) -> Iterator[SlackHttp]:
    with opened(AsAgent, sqlite_template, tmp_path) as stage:
        assert isinstance(stage, SlackHttp)
        yield stage


def offered(stage: SlackHttp, who: str) -> list[Json]:
    """Open the conversation and return the prompts."""
    place = (stage.slack.dm(who), "")
    stage.carry(stage.slack.app_home_opened(who, "messages"))
    stage.until(lambda: "prompts" in stage.slack.assistant.get(place, {}))
    return list(stage.slack.assistant[place].pop("prompts"))


def test_a_conversation_begins_with_what_a_role_needs(stage: SlackHttp) -> None:
    lines = {who: [p["message"] for p in offered(stage, who)] for who in (RITA, AGNES, MONA, SAM)}
    assert lines == {
        RITA: ["day", "deal list owner=me", "task list", "help"],
        AGNES: ["day", "ticket list assignee=me", "ticket list status=new", "help"],
        MONA: ["day", "report pipeline", "report churn", "help"],
        SAM: ["help"],
    }


def test_it_begins_in_the_language_of_the_person(stage: SlackHttp) -> None:
    stage.says("rita", "settings language=zh", words("中文"))
    assert offered(stage, RITA)[0]["title"] == "我的一天"


def test_every_prompt_is_a_command_of_its_role() -> None:
    subjects.load()
    for role in Role:
        with speaking("en", "UTC"):
            found = [match(prompt["message"]) for prompt in agent.prompts(role)]
        assert 0 < len(found) <= 4
        for each in found:
            assert each
            assert each[0].role is Role.ANYONE or role.may(each[0].role)


def test_a_prompt_is_answered(stage: SlackHttp) -> None:
    prompt = offered(stage, RITA)[-1]["message"]
    stage.carry(stage.slack.direct_message(RITA, prompt))
    stage.hears("rita", words("deal add"))


def test_an_answer_that_takes_long_is_announced_until_it_is_there(
    stage: SlackHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "HOLD", 0)
    asked = stage.slack.direct_message(RITA, "whoami")
    stage.carry(asked)
    stage.hears("rita", words("Rita"))
    place = (stage.slack.dm(RITA), asked["event"]["ts"])
    stage.until(lambda: stage.slack.assistant.get(place) == {"status": ""})
    said = [call.params["status"] for call in stage.slack.calls("assistant.threads.setStatus")]
    assert said == ["is looking it up…", ""]


def test_an_answer_that_is_there_at_once_needs_no_status(stage: SlackHttp) -> None:
    asked = stage.slack.direct_message(RITA, "whoami")
    stage.carry(asked)
    stage.hears("rita", words("Rita"))
    stage.carry(asked)  # Slack may bring an event twice
    stage.says("rita", "whoami", words("Rita"))
    assert stage.slack.calls("assistant.threads.setStatus") == []


def test_a_slack_that_refuses_the_status_is_answered_all_the_same(
    stage: SlackHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "HOLD", 0)
    stage.slack.fail_next("assistant.threads.setStatus", "500", times=2)
    stage.carry(stage.slack.direct_message(RITA, "whoami"))
    stage.hears("rita", words("Rita"))


def test_an_event_that_comes_twice_leaves_the_status_of_the_first_to_its_answer(
    stage: SlackHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "HOLD", 0)
    stage.slack.fail_next("users.info", "stall_before", seconds=0.5)
    asked = stage.slack.direct_message(RITA, "whoami")
    stage.carry(asked)
    stage.until(lambda: stage.slack.calls("assistant.threads.setStatus"))
    stage.carry(asked)
    stage.hears("rita", words("Rita"))
    place = (stage.slack.dm(RITA), asked["event"]["ts"])
    stage.until(lambda: stage.slack.assistant.get(place) == {"status": ""})


def test_what_is_never_answered_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "HOLD", 0)
    monkeypatch.setattr(agent, "STAYS", 0)

    async def call(_method: str, _arguments: Json) -> Json:
        return {}

    async def arrives() -> list[bool]:
        side = agent.Agent(call, "en")
        said = {"type": "message", "channel": "D1", "channel_type": "im", "ts": "1.5"}
        body = {"type": "event_callback", "event": said}
        loop, begun = asyncio.get_running_loop(), []
        for _each in range(2):
            begun.append(side.expect(body, loop.time()))
            begun.append(side.expect(body, loop.time()))
            for _step in range(5):
                await asyncio.sleep(0)
        return begun

    assert asyncio.run(arrives()) == [True, False, True, False]
