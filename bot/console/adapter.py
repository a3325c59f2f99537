"""The terminal as a surface: a line in, a drawn reply out; a number presses a button of the last reply.

What a line does is decided by the router; `bot/cli/chat.py` and the demo talk through this.
"""

from __future__ import annotations

import itertools
import shutil
import sys
from typing import TextIO

from bot.console.render import render
from bot.router import Answer, Router
from bot.surface import Incoming
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
