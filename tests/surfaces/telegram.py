"""Talking in Telegram, polled or by webhook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from bot.config import Config
from tests.fakes.telegram import FakeTelegram, TelegramMessage
from tests.surfaces.people import NUMBERS
from tests.surfaces.program import PATIENCE, free_port, reconfigured
from tests.surfaces.stage import Chat, Heard, Pattern

WEBHOOK_SECRET = "s3cret"


class Telegram(Chat):
    """People of Telegram, each in their private chat with the bot."""

    platform = "telegram"
    carries = 4_096
    telegram: FakeTelegram

    def open(self, stack: ExitStack) -> None:
        """Start Telegram, then the program."""
        self.telegram = stack.enter_context(FakeTelegram())
        for short, number in NUMBERS.items():
            self.telegram.add_user(number, short)
        self.config = self._configured()
        self._run(stack)

    def _configured(self) -> Config:
        raise NotImplementedError

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for what a call to Telegram brings about."""
        self.telegram.wait_until(condition, PATIENCE)

    def says(self, who: str, line: str, expected: Sequence[Pattern] = ()) -> Heard:
        """Type a line."""
        self.telegram.message(NUMBERS[who], NUMBERS[who], line)
        return self.hears(who, expected)

    def presses(
        self, who: str, label: str, expected: Sequence[Pattern] = (), *, sure: bool = False
    ) -> Heard:
        """Press a button, and once more on the question that follows when the person is sure."""
        self.telegram.press(self.last[who].shown, label, NUMBERS[who])
        if not sure:
            return self.hears(who, expected)
        self.hears(who, [])
        return self.presses(who, label, expected)

    def shown(self, who: str) -> dict[str, Any]:
        """The bot's messages to a person, without pictures."""
        messages = self.telegram.messages(NUMBERS[who])
        ours = [m for m in messages if m.user == self.telegram.bot_id and m.kind == "text"]
        return {str(message.message_id): message for message in ours}

    def read(self, shown: TelegramMessage) -> Heard:
        """Read a message."""
        return Heard(shown.text, tuple(button["text"] for button in shown.buttons), shown)

    def refused(self) -> list[str]:
        """The calls that Telegram refused."""
        fine = {"", "ok"}
        return [
            f"{c.method}: {c.outcome}"
            for c in self.telegram.log
            if c.outcome not in fine and "not modified" not in c.outcome
        ]


class TelegramPolled(Telegram):
    """We ask Telegram for updates."""

    name = "telegram polled"

    def _configured(self) -> Config:
        return reconfigured(self.config, _telegram(self.telegram), 0, _secrets(self.telegram))


class TelegramPosted(Telegram):
    """Telegram posts updates to our webhook."""

    name = "telegram by webhook"

    def _configured(self) -> Config:
        port = free_port()
        config = reconfigured(self.config, _telegram(self.telegram), port, _secrets(self.telegram))
        # A file may only name https; the fake takes loopback besides.
        url = f"http://127.0.0.1:{port}/telegram/webhook"
        hook = replace(config.telegram, mode="webhook", webhook_url=url)
        return replace(config, telegram=hook)


def _telegram(telegram: FakeTelegram) -> str:
    return f'[telegram]\nenabled = true\napi_base_url = "{telegram.base_url}"\n'


def _secrets(telegram: FakeTelegram) -> dict[str, str]:
    return {"TELEGRAM_BOT_TOKEN": telegram.token, "TELEGRAM_WEBHOOK_SECRET": WEBHOOK_SECRET}
