"""Talking at a terminal."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from contextlib import ExitStack

from bot.app import App
from bot.clock import FixedClock
from bot.console.adapter import ConsoleSurface, Terminal
from bot.console.render import render
from bot.delivery import Delivery
from handlers.wording import speaking
from tests.surfaces.people import EVERYBODY, enrol, morning
from tests.surfaces.stage import Heard, Pattern, Stage, flat


class Console(Stage):
    """Terminals in front of the router; messages to others are drawn as the demo does."""

    name = platform = "console"

    def open(self, stack: ExitStack) -> None:
        """Open the store and a terminal for everybody."""
        self.app = App(self.config, FixedClock(morning()))
        stack.callback(self.app.store.close)
        self.app.transact(lambda session: enrol(session, "console"))
        self.terminals = {
            short: Terminal(self.app.router, f"{short}@rapport.example", io.StringIO())
            for short in EVERYBODY
        }
        self.screen = io.StringIO()

    def says(self, who: str, line: str, expected: Sequence[Pattern] = ()) -> Heard:
        """Type a line."""
        terminal = self.terminals[who]
        out = terminal.out = io.StringIO()
        answer = terminal.say(line)
        with speaking(answer.language, answer.zone):
            drawn = render(answer.reply, width=80)
        buttons = tuple(action.label for action in drawn.actions)
        return self._heard(who, Heard(out.getvalue(), buttons, answer), expected)

    def presses(
        self, who: str, label: str, expected: Sequence[Pattern] = (), *, sure: bool = False
    ) -> Heard:
        """Type the number of a button; nothing is asked again."""
        buttons = self.last[who].buttons
        assert label in buttons, f"no {label!r} among {buttons}"
        return self.says(who, str(buttons.index(label) + 1), expected)

    def hears(self, who: str, expected: Sequence[Pattern]) -> Heard:
        """Deliver what is due, as the demo does, and read what was drawn for this person."""
        asyncio.run(self._deliver())
        account = f"→ {who}@rapport.example\n"
        drawn = [part for part in self.screen.getvalue().split("\n\n→ ") if part.strip()]
        mine = [part for part in drawn if f"→ {part}".replace("→ →", "→").startswith(account)]
        return self._heard(who, Heard("\n".join(mine), (), None), expected)

    async def _deliver(self) -> None:
        app, surface = self.app, ConsoleSurface(self.screen)
        delivery = Delivery(
            app.store, {"console": surface}, app.router.tell, lambda _session: morning()
        )
        while await delivery.step():
            await delivery.settle()
        await delivery.stop()

    def _heard(self, who: str, heard: Heard, expected: Sequence[Pattern]) -> Heard:
        missed = [each.pattern for each in expected if not each.search(flat(heard.text))]
        assert not missed, f"{self.name}: {who} did not read {missed} but {heard.text}"
        self.last[who] = heard
        return heard
