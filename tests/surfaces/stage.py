"""What the ways to talk to Rapport have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

from bot.app import App
from bot.clock import FixedClock
from bot.config import Config
from tests.surfaces.people import enrol, morning
from tests.surfaces.program import Running

Pattern: TypeAlias = "re.Pattern[str]"


@dataclass(frozen=True)
class Heard:
    """What a person was answered, as they see it; `shown` is the newest message or modal."""

    text: str
    buttons: tuple[str, ...]
    shown: Any


def flat(text: str) -> str:
    """The words of a text whatever the width of the screen."""
    return " ".join(text.split())


@dataclass
class Stage:
    """The parent of the five: a program, its people, and what each of them has read so far."""

    config: Config
    name: ClassVar[str] = ""
    platform: ClassVar[str] = ""
    carries: ClassVar[int] = 1_000_000  # characters of one typed message
    strangers: ClassVar[bool] = True  # whether people without an account can say anything
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    last: dict[str, Heard] = field(default_factory=dict)

    def open(self, stack: ExitStack) -> None:
        """Start; `stack` closes what was opened."""
        raise NotImplementedError

    def says(self, who: str, line: str, expected: Sequence[Pattern] = ()) -> Heard:
        """Type a line and wait for an answer that has what is expected."""
        raise NotImplementedError

    def presses(
        self, who: str, label: str, expected: Sequence[Pattern] = (), *, sure: bool = False
    ) -> Heard:
        """Press a button of what was heard last; `sure` says yes to the question that it asks."""
        raise NotImplementedError

    def fills(self, who: str, values: Mapping[str, str], expected: Sequence[Pattern] = ()) -> Heard:
        """Answer the questions that were asked: in a form, or one after the other."""
        *first, final = values.values()
        for value in first:
            self.says(who, value)
        return self.says(who, final, expected)

    def hears(self, who: str, expected: Sequence[Pattern]) -> Heard:
        """Wait for a message that nobody asked for."""
        raise NotImplementedError

    def refused(self) -> list[str]:
        """What the platform did not take."""
        return []


class Chat(Stage):
    """A stage on a platform: what is new to a person is what changed in their private chat."""

    running: Running

    def _run(self, stack: ExitStack) -> App:
        app = App(self.config, FixedClock(morning()))
        app.store.upgrade()
        app.transact(lambda session: enrol(session, self.platform))
        self.running = Running(app)
        self.running.start()
        stack.callback(self.running.stop)
        return app

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for what a call to the platform brings about."""
        raise NotImplementedError

    def shown(self, who: str) -> dict[str, Any]:
        """Everything that the program shows a person at the moment, by its number."""
        raise NotImplementedError

    def read(self, shown: Any) -> Heard:
        """What a person makes of a message or a modal."""
        raise NotImplementedError

    def hears(self, who: str, expected: Sequence[Pattern]) -> Heard:
        """Wait for what is new."""
        found: list[Heard] = []

        def heard() -> bool:
            old, now = self.seen.get(who, {}), self.shown(who)
            changed = [key for key, new in now.items() if old.get(key) != new]
            # A card that was drawn anew meanwhile is less the answer than a message of its own.
            found[:] = [self.read(now[key]) for key in sorted(changed, key=lambda k: k not in old)]
            text = flat("\n".join(each.text for each in found))
            return bool(found) and all(pattern.search(text) for pattern in expected)

        try:
            self.until(heard)
        except AssertionError:
            wanted = [each.pattern for each in expected]
            raise AssertionError(
                f"{self.name}: {who} did not read {wanted} but {found}, {self.refused()}"
            ) from None
        self.running.settle()
        self.seen[who] = self.shown(who)
        text = "\n".join(each.text for each in found)
        said = [one for one in found if any(each.search(flat(one.text)) for each in expected)]
        newest = (said or found)[-1]
        self.last[who] = Heard(text, newest.buttons, newest.shown)
        return self.last[who]
