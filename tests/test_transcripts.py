"""The conversations of the documentation, played on every surface: the same answers and the same effects.

A transcript begins with what it shows, in lines with `#`. Then come, one a line:

    rita> deal list               Rita types a line
    rita> [Undo]                  presses a button of the last answer
    rita> [Delete!]               presses it and says yes when she is asked
    rita> {text: It is broken}    fills in what she was asked for
    agnes hears                   Agnes is told something that she did not ask for
    < Ticket #1                   the answer has these words; `$code` stands for one word, kept
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.demo import sample
from crm_store.models import Identity
from crm_store.store import Actor, Store
from handlers.subjects import load
from jobs.schedule import SCHEDULE
from tests import stored
from tests.surfaces import STAGES, Console, Heard, Stage, jobs_context, morning, opened
from tests.surfaces.people import STRANGERS

FOLDER = Path(__file__).with_name("conversations")
FILES = sorted(FOLDER.glob("*.txt"))
SEEDING = Actor(None, "test", "seed", "seed")
SAMPLE = "# The store holds the sample of the demo."
# What two surfaces may differ in: when, on which platform, what is drawn by lot, and what the
# scheduler, which ticks by the real clock on all but the console, had reminded of by then.
APART = {"at", "surface", "call", "undoes", "mac", "channel", "platform", "external_id", "address"}
APART |= {"reminded_for"}
_STEP = re.compile(r"(?P<who>\w+)(?:> (?P<line>.*)|(?P<hears> hears))")
_NAME = re.compile(r"\\\$([a-z]+)")


@dataclass
class Step:
    """Something that somebody does, and the words that follow."""

    number: int
    who: str
    line: str
    hears: bool
    expected: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Transcript:
    """One file."""

    steps: tuple[Step, ...]
    on_sample: bool


@cache
def read(path: Path) -> Transcript:
    """Read a transcript; a line that is none of the known kinds is an error."""
    text = path.read_text()
    steps: list[Step] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("< "):
            steps[-1].expected.append(line[2:])
        elif line.strip() and not line.startswith("#"):
            found = _STEP.fullmatch(line)
            assert found, f"{path.name}:{number}: {line!r} is no step"
            steps.append(Step(number, found["who"], found["line"] or "", bool(found["hears"])))
    return Transcript(tuple(steps), SAMPLE in text)


class Player:
    """Plays steps on a stage and keeps the words that answers were asked to give."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.kept: dict[str, str] = {}

    def play(self, step: Step) -> Heard:
        """Do one step, wait for its answer, and keep what it gives."""
        expected = [self._pattern(words) for words in step.expected]
        line = re.sub(r"\$([a-z]+)", lambda name: self.kept[name[1]], step.line)
        heard = self._do(step, line, expected)
        for pattern in expected:
            found = pattern.search(" ".join(heard.text.split()))
            self.kept.update(found.groupdict() if found else {})
        return heard

    def _do(self, step: Step, line: str, expected: list[re.Pattern[str]]) -> Heard:
        if step.hears:
            return self.stage.hears(step.who, expected)
        if line.startswith("[") and line.endswith("]"):
            label = line[1:-1].removesuffix("!")
            return self.stage.presses(step.who, label, expected, sure=line.endswith("!]"))
        if line.startswith("{") and line.endswith("}"):
            values = dict(part.split(": ", 1) for part in line[1:-1].split(", "))
            return self.stage.fills(step.who, values, expected)
        return self.stage.says(step.who, line, expected)

    def _pattern(self, words: str) -> re.Pattern[str]:
        escaped = re.escape(" ".join(words.split()))
        return re.compile(_NAME.sub(r"(?P<\1>\\w+)", escaped))


def effects(stage: Stage) -> stored.Contents:
    """What the conversation left in the store."""
    store = Store(stage.config.store.url)
    with store.reading() as session:
        found = stored.contents(session, APART)
    store.close()
    return {table: [_same(row) for row in rows] for table, rows in found.items()}


def _same(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what differs between surfaces inside of its audited values."""
    return {
        name: {k: v for k, v in value.items() if k not in APART}
        if isinstance(value, dict)
        else value
        for name, value in row.items()
    }


@pytest.fixture(scope="session")
def with_sample(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the sample of the demo, its customers scored this morning and people told."""
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    path.write_bytes(sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}")
    load()
    with store.transaction(SEEDING) as session:
        sample.fill(session, morning())
        for account in session.scalars(sa.select(Identity)):
            session.delete(account)  # the demo's people sit at terminals, ours where the stage is
    for job in SCHEDULE:
        job.run(jobs_context(store, morning()))
    store.close()
    return path


@pytest.fixture(scope="session")
def played(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Any:
    """Play a transcript on a stage and return what it left; each pair is played once."""

    @cache
    def play(path: Path, kind: type[Stage]) -> stored.Contents:
        transcript = read(path)
        template = (
            request.getfixturevalue("with_sample") if transcript.on_sample else sqlite_template
        )
        folder = tmp_path_factory.mktemp(kind.__name__)
        with opened(kind, template, folder) as stage:
            player = Player(stage)
            for step in transcript.steps:
                try:
                    player.play(step)
                except AssertionError as error:
                    raise AssertionError(f"{path.name}:{step.number}: {error}") from None
            assert stage.refused() == []
        return effects(stage)

    return play


def playable(path: Path, kind: type[Stage]) -> bool:
    """Whether everybody who speaks in a transcript can say something on a stage."""
    return kind.strangers or not any(step.who in STRANGERS for step in read(path).steps)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        pytest.param(path, kind, id=f"{kind.__name__}-{path.stem}")
        for kind in STAGES
        for path in FILES
        if playable(path, kind)
    ],
)
def test_a_conversation_has_the_same_answers_and_effects_everywhere(
    path: Path, kind: type[Stage], played: Any
) -> None:
    assert played(path, kind) == played(path, Console)
