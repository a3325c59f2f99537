"""What every command keeps to; a new one is covered as soon as it is declared."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.visible import units
from crm_store.models import Role
from crm_store.store import Store
from handlers.arguments import PersonArgument, RecordArgument, TextArgument
from handlers.command import Command, Parameter, commands, match
from handlers.reading.line import clean
from handlers.reply import Reply, Tone
from handlers.subjects import load
from tests import stored
from tests.bot.accepted import within_limits
from tests.desk import PEOPLE, Desk, Person
from tests.furnished import CANARY, furnished

HOSTILE = (
    "<!channel> is down",
    "<b>bold</b> &amp; <a href='x'>co",
    "=cmd() | 1",
    "*_~x~_* `x`",
    "<@U1> @everyone {0} %s",
)
NOBODY = ("999999", "#999999", "9" * 20, "Zzyzx Nobody", "-1", "0x10", "²", "*", "'; --")
BUG = "Something went wrong"

load()
COMMANDS = tuple(commands().values())
ALL = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)


@pytest.fixture(scope="module")
def untouched(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Desk, str]]:
    """A furnished desk that no test may change, and the fingerprint of its store."""
    path = tmp_path_factory.mktemp("untouched") / "rapport.db"
    shutil.copy(sqlite_template, path)
    store = Store(f"sqlite:///{path}")
    yield furnished(store), stored.fingerprint(store)
    store.close()


@pytest.fixture
def desk(sqlite_store: Store) -> Desk:
    """A furnished desk of its own."""
    return furnished(sqlite_store)


def asked(person: Person, line: str) -> Reply:
    """What a person is answered: within the limits, and no bug."""
    reply = person.says(line)
    assert BUG not in reply.title, f"{line!r}: {reply}"
    within_limits(reply)
    return reply


def was_done(reply: Reply) -> bool:
    """Whether something was changed that can be taken back."""
    return any(action.label == "Undo" for action in reply.actions)


def required(command: Command) -> list[Parameter]:
    return [parameter for parameter in command.parameters if parameter.required]


def with_value(command: Command, name: str, value: str) -> str:
    """The example of a command with another value for one argument."""
    found = match(clean(command.example))
    assert found
    return command.line({**command.parse(found[1]), name: value})


@ALL
def test_it_has_a_line_of_help_and_an_example_that_parses(command: Command) -> None:
    assert command.help.endswith((".", "?"))
    assert units(command.help) <= 150
    assert command.example == clean(command.example)
    assert command.example.startswith(command.name)
    found = match(command.example)
    assert found
    assert found[0] is command
    values = command.parse(found[1])
    assert "" not in values
    assert {parameter.name for parameter in required(command)} <= set(values)


@ALL
def test_its_help_is_shown(command: Command, untouched: tuple[Desk, str]) -> None:
    reply = asked(untouched[0].admin, f"help {command.name}")
    assert command.usage in str(reply)


@ALL
def test_its_example_runs(command: Command, desk: Desk) -> None:
    before = stored.fingerprint(desk.store)
    reply = asked(desk.admin, command.example)
    assert "Usage:" not in reply.text or reply.title.startswith("There is no")
    if command.reads or (reply.tone is Tone.WARNING and not was_done(reply)):
        assert stored.fingerprint(desk.store) == before


@ALL
def test_without_its_arguments_it_asks_for_them(
    command: Command, untouched: tuple[Desk, str]
) -> None:
    desk, before = untouched
    if not required(command):
        return
    reply = asked(desk.admin, command.name)
    assert command.usage in reply.text
    assert reply.form
    assert reply.form.command == command.name
    assert [f.name for f in reply.form.fields if f.required] == [p.name for p in required(command)]
    assert stored.fingerprint(desk.store) == before


@ALL
def test_words_that_it_does_not_know_are_told(
    command: Command, untouched: tuple[Desk, str]
) -> None:
    desk, before = untouched
    if any(p.rest or p.argument.spreads for p in command.parameters):
        return
    reply = asked(desk.admin, f"{command.example} and so on and on")
    assert reply.tone is Tone.WARNING
    assert command.usage in reply.text
    assert stored.fingerprint(desk.store) == before


@ALL
def test_a_record_that_there_is_not_is_named(command: Command, untouched: tuple[Desk, str]) -> None:
    desk, before = untouched
    records = [
        parameter.name
        for parameter in command.parameters
        if isinstance(parameter.argument, RecordArgument | PersonArgument)
    ]
    for name in records:
        for nobody in NOBODY:
            line = with_value(command, name, nobody)
            reply = asked(desk.admin, line)
            assert reply.tone is Tone.WARNING, line
            assert reply.title, line
            assert reply.text, line
    assert stored.fingerprint(desk.store) == before


@pytest.mark.parametrize("who", ["stranger", "rep", "agent", "manager"])
@ALL
def test_the_wrong_role_is_refused_and_learns_nothing(
    command: Command, who: str, untouched: tuple[Desk, str]
) -> None:
    desk, before = untouched
    person = getattr(desk, who)
    role = PEOPLE[who][1] if who in PEOPLE else Role.ANYONE
    if role.may(command.role):
        return
    for line in (command.example, command.name, f"{command.name} 999999", f"{command.name} 7"):
        reply = asked(person, line)
        assert "not open to your role" in reply.title or "I do not know you yet" in reply.title
        assert not reply.form
        assert CANARY not in str(reply.to_dict())
        assert "Jane Doe" not in str(reply.to_dict())
    assert stored.fingerprint(desk.store) == before


@ALL
def test_hostile_words_are_kept_as_typed_and_come_out_harmless(
    command: Command, sqlite_store: Store
) -> None:
    texts = [p.name for p in command.parameters if isinstance(p.argument, TextArgument)]
    if not texts:
        return
    desk = furnished(sqlite_store)
    for name in texts:
        for hostile in HOSTILE:
            line = with_value(command, name, hostile)
            reply = asked(desk.admin, line)
            if was_done(reply):
                kept = [text.casefold() for text in stored.texts(desk.store)]
                assert hostile.casefold() in kept, line
