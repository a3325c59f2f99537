"""What the documents say is what the program does: commands, options, keys, links and the reading list.

`python -m tests.test_docs` writes the parts that are made from the code: the table of commands in
`README.md`, that of the jobs, and the counts of lines in `CONTRIBUTING.md`.
"""

from __future__ import annotations

import ast
import calendar
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest

from bot.__main__ import parser
from bot.config import SECTIONS, load
from crm_store.schedules import Schedule
from handlers import subjects
from handlers.command import commands, match
from jobs.schedule import SCHEDULE

ROOT = Path(__file__).parent.parent
README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"
JOBS = ROOT / "docs" / "reference" / "jobs.md"
WRITE = "write it with: python -m tests.test_docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
READ_FIRST = 1_000  # lines a newcomer reads before the first change
WHO = {
    "anyone": "anyone",
    "member": "every colleague",
    "rep": "reps",
    "agent": "agents",
    "manager": "managers",
    "admin": "admins",
}
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-made-up",
    "SLACK_APP_TOKEN": "xapp-made-up",
    "SLACK_SIGNING_SECRET": "0123456789abcdef0123456789abcdef",
    "TELEGRAM_BOT_TOKEN": "123456:abcdefghijklmnopqrstuvwxyz0123456789",
    "TELEGRAM_WEBHOOK_SECRET": "made-up-secret",
}
_BLOCK = re.compile(r"^ *```(?P<kind>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)|(?:src|href)=\"(?P<source>[^\"]+)\"")
_PROGRAM = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?rapport (?P<rest>.+)$")
_PART = re.compile(r"^\| `(?P<path>[^`]+)` \| (?P<part>[^|]+) \| (?P<lines>\d+) \|", re.MULTILINE)
_MACHINE = re.compile(
    r"/(?:home|root|Users|tmp|srv|opt|mnt)/|\b(?:10|192\.168|172\.16)\.\d+\.\d+\b"
)
_SECTION = re.compile(r"`\[(?P<section>\w+)\] (?P<key>\w+)")


def between(text: str, mark: str) -> str:
    """Return what stands between the two comments called `mark`."""
    found = re.search(rf"<!-- {mark} -->\n(.*?)<!-- /{mark} -->", text, re.DOTALL)
    assert found, f"the markers `{mark}` are gone"
    return found[1]


def command_table() -> str:
    """Return the table of every command as README.md holds it."""
    subjects.load()
    rows = [
        f"| `{command.usage}` | {WHO[command.role]} | {command.help} |"
        for command in commands().values()
    ]
    return "\n".join(["| command | who | what it does |", "|---|---|---|", *rows]) + "\n"


def job_table() -> str:
    """Return the table of the timetable as the reference holds it."""
    rows = [
        f"| `{job.name}` | {_when(job.when)} | {_first_line(job.name)} | {_span(job.catch_up)} |"
        for job in SCHEDULE
    ]
    head = ["| job | at | what | made up for within |", "|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def reading_list() -> list[tuple[str, str, int]]:
    """Return path, part and stated number of lines of each row of the list in CONTRIBUTING.md."""
    text = between(CONTRIBUTING.read_text("utf-8"), "read first")
    return [(row["path"], row["part"].strip(), int(row["lines"])) for row in _PART.finditer(text)]


def lines_of(path: str, part: str) -> int:
    """Count the lines of a file, or of the definitions in it that `part` names."""
    source = (ROOT / path).read_text("utf-8")
    names = re.findall(r"`([\w.]+)`", part)
    return sum(_size(source, name) for name in names) if names else len(source.splitlines())


def program_lines(text: str) -> Iterator[str]:
    """Return the arguments of every call of `rapport` in a document."""
    shell = [block["text"] for block in _BLOCK.finditer(text) if block["kind"] in {"sh", "console"}]
    prose = _BLOCK.sub("", text)
    for line in [
        *(line for block in shell for line in block.splitlines()),
        *_INLINE.findall(prose),
    ]:
        found = _PROGRAM.match(line.partition(" #")[0].strip())
        if found:
            yield found["rest"]


def test_readme_lists_every_command_as_it_is() -> None:
    table = between(README.read_text("utf-8"), "commands")
    assert table == command_table(), WRITE


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_call_of_the_program_in_a_document_is_one_it_takes(document: Path) -> None:
    for line in program_lines(document.read_text("utf-8")):
        given = parser().parse_args(shlex.split(line))
        assert find_spec(f"bot.cli.{given.module}"), f"{document.name}: rapport {line}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_line_to_type_in_a_document_is_a_command(document: Path) -> None:
    subjects.load()
    text = document.read_text("utf-8")
    for block in _BLOCK.finditer(text):
        if block["kind"] != "text":
            continue
        for line in filter(None, block["text"].splitlines()):
            found = match(line.removeprefix("/crm ").removeprefix("/"))
            assert found, f"{document.name}: {line}"
            left = found[0].parse(found[1])
            required = {p.name for p in found[0].parameters if p.required}
            assert required <= set(left), f"{document.name}: {line}"
            assert not left.get(""), f"{document.name}: {line}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_configuration_in_a_document_is_read(document: Path, tmp_path: Path) -> None:
    sections = _keys()
    text = document.read_text("utf-8")
    for number, block in enumerate(_BLOCK.finditer(text)):
        if block["kind"] == "toml":
            file = tmp_path / f"{number}.toml"
            file.write_text(block["text"], "utf-8")
            load(file, SECRETS)
    for found in _SECTION.finditer(text):
        assert (found["section"], found["key"]) in sections, f"{document.name}: {found[0]}"


def test_the_reference_holds_every_key_of_the_configuration() -> None:
    text = (ROOT / "docs" / "reference" / "configuration.md").read_text("utf-8")
    assert {(found["section"], found["key"]) for found in _SECTION.finditer(text)} == _keys()


def test_the_reference_holds_every_job() -> None:
    assert between(JOBS.read_text("utf-8"), "jobs") == job_table(), WRITE


def test_a_newcomer_reads_no_more_than_a_thousand_lines() -> None:
    listed = reading_list()
    assert listed
    assert sum(lines_of(path, part) for path, part, _lines in listed) <= READ_FIRST
    wrong = [row for row in listed if abs(row[2] - lines_of(*row[:2])) > row[2] // 10]
    assert not wrong, WRITE


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for found in _LINK.finditer(_BLOCK.sub("", document.read_text("utf-8"))):
        target, _hash, anchor = (found["target"] or found["source"]).partition("#")
        if "://" in target:
            continue
        file = document.parent / target if target else document
        assert file.exists(), f"{document.name}: {target}"
        assert not anchor or anchor in _anchors(file), f"{document.name}: {target}#{anchor}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_names_a_machine(document: Path) -> None:
    assert not _MACHINE.findall(document.read_text("utf-8"))


def _keys() -> set[tuple[str, str]]:
    return {(name, key.name) for name, section in SECTIONS.items() for key in fields(section)}


def _anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", file.read_text("utf-8")), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def _size(source: str, name: str) -> int:
    body: list[ast.stmt] = ast.parse(source).body
    for word in name.split("."):
        node = next(node for node in body if getattr(node, "name", None) == word)
        body = getattr(node, "body", [])
    assert node.end_lineno
    return node.end_lineno - node.lineno + 1


def _when(when: Schedule | timedelta) -> str:
    if isinstance(when, timedelta):
        return f"every {_span(when).removeprefix('1 ')}"
    days = ", ".join(calendar.day_name[day] for day in when.weekdays)
    times = ", ".join(f"{moment:%H:%M}" for moment in when.times)
    return f"{days or when.rule.value} {times}"


def _span(length: timedelta) -> str:
    for name, unit in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, rest = divmod(int(length.total_seconds()), unit)
        if count and not rest:
            return f"{count} {name}{'s' * (count > 1)}"
    return str(length)


def _first_line(job: str) -> str:
    source = (ROOT / "jobs" / f"{job}.py").read_text("utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]


def _write() -> None:
    for file, mark, made in ((README, "commands", command_table()), (JOBS, "jobs", job_table())):
        text = file.read_text("utf-8")
        block = f"<!-- {mark} -->\n{{}}<!-- /{mark} -->"
        file.write_text(
            text.replace(block.format(between(text, mark)), block.format(made)), "utf-8"
        )
    text = CONTRIBUTING.read_text("utf-8")
    for path, part, lines in reading_list():
        old = f"| `{path}` | {part} | {lines} |"
        text = text.replace(old, f"| `{path}` | {part} | {lines_of(path, part)} |")
    CONTRIBUTING.write_text(text, "utf-8")
    total = sum(lines_of(path, part) for path, part, _lines in reading_list())
    sys.stdout.write(f"{len(commands())} commands; {total} of {READ_FIRST} lines to read first\n")


if __name__ == "__main__":
    _write()
