"""Talking in Slack, over HTTP or over a socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from bot.config import Config
from bot.demo import sample
from tests.fakes.slack import FakeSlack, Message
from tests.surfaces.people import EVERYBODY, slack_account
from tests.surfaces.program import PATIENCE, free_port, reconfigured
from tests.surfaces.stage import Chat, Heard, Pattern


class Slack(Chat):
    """People of a Slack workspace, each in the direct message with the bot."""

    platform = "slack"
    carries = 40_000
    slack: FakeSlack

    def open(self, stack: ExitStack) -> None:
        """Start Slack, then the program."""
        self.slack = stack.enter_context(FakeSlack())
        self.slack.trigger_seconds = PATIENCE  # a busy machine is no mistake of the program's
        for short in EVERYBODY:
            self.slack.add_user(slack_account(short), short, tz=sample.ZONE.key)
            self.slack.dm(slack_account(short))
        self.config = self._configured()
        self._run(stack)
        self.until(lambda: any(c.outcome == "ok" for c in self.slack.calls("auth.test")))
        self._connected()

    def _configured(self) -> Config:
        raise NotImplementedError

    def _connected(self) -> None:
        """Wait for what the mode needs besides."""

    def typed(self, who: str, line: str) -> dict[str, Any]:
        """The payload of a line."""
        raise NotImplementedError

    def carry(self, payload: dict[str, Any]) -> None:
        """Bring a payload to the program, which acknowledges it."""
        raise NotImplementedError

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for what a call to Slack brings about."""
        self.slack.wait_until(condition, PATIENCE)

    def says(self, who: str, line: str, expected: Sequence[Pattern] = ()) -> Heard:
        """Type a line."""
        self.carry(self.typed(who, line))
        return self.hears(who, expected)

    def presses(
        self, who: str, label: str, expected: Sequence[Pattern] = (), *, sure: bool = False
    ) -> Heard:
        """Press a button; Slack itself asks whether a person is sure."""
        shown = self.last[who].shown
        self.carry(self.slack.button_press(shown, label, slack_account(who)))
        return self.hears(who, expected)

    def fills(self, who: str, values: Mapping[str, str], expected: Sequence[Pattern] = ()) -> Heard:
        """Fill the modal in; where there is none yet, its button opens it."""
        if isinstance(self.last[who].shown, Message):
            self.presses(who, "Fill in" if "Fill in" in self.last[who].buttons else "填写")
        view = self.last[who].shown
        self.carry(self.slack.view_submission(view, values, slack_account(who)))
        return self.hears(who, expected)

    def shown(self, who: str) -> dict[str, Any]:
        """The bot's messages to a person, and the modals that are open."""
        account = slack_account(who)
        messages = self.slack.messages(self.slack.dm(account))
        ours = {m.ts: m for m in messages if m.user == self.slack.bot_user and not m.files}
        return ours | {view["id"]: view for view in self.slack.open_views(account)}

    def read(self, shown: Any) -> Heard:
        """Read a message, or the title and the labels of a modal."""
        if isinstance(shown, Message):
            return Heard(shown.shown, tuple(shown.buttons), shown)
        labels = [block.get("label", {}).get("text", "") for block in shown["blocks"]]
        return Heard("\n".join((shown["title"]["text"], *labels)), (), shown)

    def refused(self) -> list[str]:
        """The calls that Slack refused."""
        return [f"{c.method}: {c.outcome}" for c in self.slack.log if c.outcome not in {"", "ok"}]


class SlackHttp(Slack):
    """Slack posts to us; people use the slash command."""

    name = "slack over HTTP"
    port: int

    def _configured(self) -> Config:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/slack/events"
        return reconfigured(
            self.config, _slack(self.slack, "http"), self.port, _secrets(self.slack)
        )

    def typed(self, who: str, line: str) -> dict[str, Any]:
        """A slash command."""
        account = slack_account(who)
        return self.slack.slash_command(account, self.slack.dm(account), line)

    def carry(self, payload: dict[str, Any]) -> None:
        """Post it."""
        status, _body = self.slack.http_send(self.url, payload, timeout=PATIENCE)
        assert status == 200


class SlackSocket(Slack):
    """We hold a socket to Slack; people write direct messages."""

    name = "slack over a socket"

    def _configured(self) -> Config:
        return reconfigured(self.config, _slack(self.slack, "socket"), 0, _secrets(self.slack))

    def _connected(self) -> None:
        self.slack.wait_for_socket(PATIENCE)

    def typed(self, who: str, line: str) -> dict[str, Any]:
        """A direct message."""
        return self.slack.direct_message(slack_account(who), line)

    def carry(self, payload: dict[str, Any]) -> None:
        """Send it over the socket."""
        envelope = self.slack.socket_send(payload, timeout=PATIENCE)
        assert envelope.acked


def _slack(slack: FakeSlack, mode: str) -> str:
    return f'[slack]\nenabled = true\nmode = "{mode}"\napi_base_url = "{slack.base_url}"\n'


def _secrets(slack: FakeSlack) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
    }
