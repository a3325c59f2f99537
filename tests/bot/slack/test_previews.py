"""Previews of links in Slack: for whom they appear, and for whom nothing does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import Config
from tests.bot.slack.workspace import AGNES, RITA, SALES, SAM
from tests.fakes.slack_limits import shown_texts
from tests.surfaces import SlackHttp, opened

OPEN, PARTNERS = "C0OPEN", "C0PARTNERS"
JANE = "https://crm.example.com/contact/1"


class Previewing(SlackHttp):
    """Slack with previews in two channels, one of which others share."""

    def _configured(self) -> Config:
        config = super()._configured()
        slack = replace(
            config.slack, link_domain="crm.example.com", preview_channels=(SALES, PARTNERS)
        )
        return replace(config, slack=slack)


@pytest.fixture
def stage(sqlite_template: Path, tmp_path: Path) -> Iterator[SlackHttp]:
    with opened(Previewing, sqlite_template, tmp_path) as stage:
        assert isinstance(stage, SlackHttp)
        for channel in (SALES, OPEN):
            stage.slack.add_channel(channel, members=(AGNES, RITA, SAM))
        stage.slack.add_channel(PARTNERS, members=(RITA,), shared=True)
        stage.says("rita", 'contact add "Jane Doe" email=jane@acme.example', [re.compile("added")])
        yield stage


def test_who_may_see_a_record_previews_it_where_it_may_be_seen(stage: SlackHttp) -> None:
    stage.carry(stage.slack.link_shared(RITA, SALES, JANE))
    stage.until(lambda: stage.slack.unfurls)
    (sent,) = stage.slack.unfurls
    blocks = sent["unfurls"][JANE]["blocks"]
    text = "\n".join(shown_texts("", blocks))
    assert "Jane Doe" in text
    assert "jane@acme.example" not in text
    assert not [block for block in blocks if block["type"] == "actions"]


@pytest.mark.parametrize(
    ("who", "channel", "link"),
    [
        (SAM, SALES, JANE),
        (RITA, OPEN, JANE),
        (RITA, PARTNERS, JANE),
        (RITA, SALES, "https://crm.example.com/contact/99"),
        (RITA, SALES, "https://crm.example.com/user/1"),
        (RITA, SALES, "https://crm.example.com/contact/1/edit"),
        (RITA, SALES, "https://evil.example/contact/1"),
    ],
)
def test_elsewhere_and_for_others_nothing_is_said(
    stage: SlackHttp, who: str, channel: str, link: str
) -> None:
    stage.carry(stage.slack.link_shared(who, channel, link))
    stage.carry(stage.slack.link_shared(RITA, SALES, JANE))
    stage.until(lambda: stage.slack.unfurls)
    stage.says("rita", "whoami", [re.compile("Rita")])
    assert [list(sent["unfurls"]) for sent in stage.slack.unfurls] == [[JANE]]


def test_without_the_configuration_nothing_is_previewed(
    sqlite_template: Path, tmp_path: Path
) -> None:
    with opened(SlackHttp, sqlite_template, tmp_path) as stage:
        assert isinstance(stage, SlackHttp)
        stage.slack.add_channel(SALES, members=(RITA,))
        stage.says("rita", "contact add Jane", [re.compile("added")])
        stage.carry(stage.slack.link_shared(RITA, SALES, JANE))
        stage.says("rita", "whoami", [re.compile("Rita")])
        assert stage.slack.calls("chat.unfurl") == []
