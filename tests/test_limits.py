"""Every command that reads, over 10,000 generated records: within every platform's limits, in few statements."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from crm_store.store import Store
from handlers.arguments import ChoiceArgument, NumberArgument, RecordArgument
from handlers.command import Command, Parameter, commands
from handlers.subjects import load
from handlers.wording import speaking
from tests.bot.accepted import within_limits
from tests.crowded import COUNTS, FIRST, crowded
from tests.desk import Desk, Person
from tests.statements import counted

load()
READING = tuple(each for each in commands().values() if each.reads)
PAGES = ("1", "2", "3", "50", "100000")
RECORDS = (str(FIRST), "777")
MOST = 40  # statements of one line; one more for each of ten rows would be too many
# What is typed for arguments that neither name a record nor choose from a few values.
TYPED = {
    "calendar": ("",),
    "city": ("x",),
    "digest": ("1", "2", "60"),
    "for": ("me",),
    "help": ("", "deal", "deal move"),
    "id": ("1", "2"),
    "notice": ("1", "2", "3"),
    "owner": ("me", "Rita"),
    "period": ("2026-11-16", "2026-Q4", "2026-W47", "last-month"),
    "tag": ("everyone",),
    "words": ("A", "上海", "👩", "شركة", "deal", "<b>", "A张伟"),
}


@pytest.fixture(scope="module")
def crowd(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Desk, Person]]:
    """The desk of 10,000 records, and an admin who reads Chinese."""
    path = tmp_path_factory.mktemp("crowd") / "rapport.db"
    shutil.copy(sqlite_template, path)
    store = Store(f"sqlite:///{path}")
    yield crowded(store)
    store.close()


def values(parameter: Parameter) -> tuple[str, ...]:
    """What is tried for one argument."""
    argument = parameter.argument
    if isinstance(argument, RecordArgument):
        return tuple(f"{kind}:{number}" for kind in argument.kinds for number in RECORDS)
    if isinstance(argument, ChoiceArgument):
        return tuple(argument.options)
    if isinstance(argument, NumberArgument) and parameter.name == "page":
        return PAGES
    return TYPED.get(parameter.name, ("me",))


def lines(command: Command) -> Iterator[str]:
    """The command with each value of what it must have, and the first of those with each option and a second page."""
    required = {p.name: values(p) for p in command.parameters if p.required}
    bases = [{name: value} for name, tried in required.items() for value in tried] or [{}]
    yield from map(command.line, bases)
    paged = any(p.name == "page" for p in command.parameters)
    for parameter in command.parameters:
        for value in () if parameter.required else values(parameter):
            one = bases[0] | {parameter.name: value}
            yield command.line(one)
            if paged and parameter.name != "page":
                yield command.line(one | {"page": "2"})


def test_the_store_holds_ten_thousand_records(crowd: tuple[Desk, Person]) -> None:
    assert sum(COUNTS.values()) == 10_000
    with crowd[0].session() as session:
        for model, count in COUNTS.items():
            assert (session.scalar(sa.select(sa.func.count()).select_from(model)) or 0) >= count


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("command", READING, ids=lambda command: command.name)
def test_no_reply_is_over_a_limit_and_none_takes_many_statements(
    command: Command,
    language: str,
    crowd: tuple[Desk, Person],
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk, chinese = crowd
    person = chinese if language == "zh" else desk.admin
    asked = list(dict.fromkeys(lines(command)))
    assert asked
    for line in asked:
        with counted(desk.store) as statements:
            reply = person.says(line)
        assert "bug" not in caplog.text, line
        with speaking(language, "Asia/Shanghai"):
            within_limits(reply)
        assert len(statements) <= MOST, (line, len(statements))
