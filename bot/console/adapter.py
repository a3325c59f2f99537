"""The terminal as a surface: a line in, a drawn reply out; a number presses a button of the last reply.

What a line does is decided by the router; `bot/cli/chat.py` and the demo talk through this.
"""

from __future__ import annotations

import itertools
import shutil
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from starlette.routing import BaseRoute

from bot.console.render import render
from bot.router import Answer, Router
from bot.surface import Incoming, Sent
from crm_store.addresses import Address
from handlers.reply import Action, Reply
from handlers.wording import speaking

PLATFORM = "console"
_keys = itertools.count(1)
_WIDEST = 100


class Terminal:
    """One person at one terminal."""

    def __init__(self, router: Router, account: str, out: TextIO | None = None) -> None:
        self.router = router
        self.account = account
        self.out = out or sys.stdout
        self._buttons: tuple[Action, ...] = ()

    def say(self, line: str) -> Answer:
        """Run a line, or press the button that its number names, and draw the answer."""
        pressed = self._pressed(line.strip())
        answer = self.router.handle(
            Incoming(
                platform=PLATFORM,
                key=f"console-{next(_keys)}",
                sender=self.account,
                name=self.account,
                place=Address(PLATFORM, self.account),
                private=True,
                text="" if pressed else line,
                line=pressed.line if pressed else "",
                pressed=pressed is not None,
            )
        )
        with speaking(answer.language, answer.zone):
            self.show(answer.reply)
        return answer

    def show(self, reply: Reply) -> None:
        """Draw a reply; its buttons can then be pressed by their numbers."""
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        screen = render(reply, width=width, colour=self.out.isatty())
        self._buttons = screen.actions
        self.out.write(f"{screen.text}\n\n")
        self.out.flush()

    def _pressed(self, line: str) -> Action | None:
        if not (line.isascii() and line.isdigit()) or not 1 <= int(line) <= len(self._buttons):
            return None
        return self._buttons[int(line) - 1]


class ConsoleSurface:
    """The terminal as a place that messages are sent to: they are drawn with the name of the reader."""

    name = PLATFORM
    can_look_up = False
    routes: Sequence[BaseRoute] = ()

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to disconnect from."""

    def read(self, body: dict[str, Any]) -> Incoming | None:
        """Nothing is received here: a terminal hands its lines to the router itself."""
        del body
        return None

    async def answer(
        self, body: dict[str, Any], reply: Reply, *, language: str, zone: str, again: bool
    ) -> Sent | None:
        """Nothing is answered here, for the same reason."""
        del body, reply, language, zone, again
        return None

    async def send(  # noqa: PLR0913 - the protocol of the surfaces
        self, address: Address, reply: Reply, *, key: str, language: str, zone: str, again: bool
    ) -> Sent:
        """Draw a message."""
        del again
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        with speaking(language, zone):
            text = render(reply, width=width, colour=self.out.isatty()).text
        self.out.write(f"→ {address.chat}\n{text}\n\n")
        self.out.flush()
        return Sent(key, address)

    async def find(self, address: Address, key: str) -> Sent | None:
        """Return nothing: a terminal keeps nothing that could be looked up."""
        del address, key
        return None

    async def edit(self, sent: Sent, reply: Reply, *, language: str, zone: str) -> Sent:
        """Draw the new form: what was drawn stays."""
        return await self.send(
            sent.address, reply, key=sent.message_id, language=language, zone=zone, again=False
        )
