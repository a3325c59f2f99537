"""Lines that nobody should type, typed by a rep on every surface: an answer with a next step, and nothing changed."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crm_store.store import Store
from handlers.reply import Reply
from tests import stored
from tests.bot.accepted import within_limits
from tests.furnished import furnished
from tests.reading.hostile import bad_lines
from tests.surfaces import STAGES, Console, Stage, opened

ECHO = 40  # characters of what was typed that a mistake may repeat
# The verbs of the collection, as the commands are called.
VERBS: tuple[tuple[str, str], ...] = (
    (r"/crm note 1 ", "/crm note add company:7 "),
    (r"/crm deal (?=[^a-z]|all|null|true|undefined|None)", "/crm deal show "),
    (r"/crm deal add Big ", "/crm deal add Big company=company:7 "),
    (r"/crm remind me ", "/crm followup company:7 "),
    (r"/crm contact (edit|delete) 1", r"/crm contact \1 7"),
    (r"/crm ticket show 1 ", "/crm ticket show 42 "),
)
# What these begin may change something: it is a fair wish, however strange its words are.
MAY_WRITE = (
    "note add company:7 ",
    "contact add ",
    "contact edit 7",
    "contact delete 7",
    "deal add big company=company:7 amount=",
    "followup company:7 ",
    "ticket new ",
)


def translated(line: str) -> str:
    """A line of the collection in today's commands."""
    for pattern, verb in VERBS:
        line = re.sub(f"^{pattern}", verb, line)
    return line


LINES = [translated(line) for line in bad_lines()]


def test_in_the_router_each_line_is_answered_and_only_fair_wishes_change_anything(
    sqlite_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    desk = furnished(sqlite_store)
    before = stored.fingerprint(sqlite_store)
    for line in LINES:
        reply = desk.rep.says(line)
        within_limits(reply)
        now = stored.fingerprint(sqlite_store)
        wish = " ".join(re.sub(r"^[/!／]*crm\s+", "", line).split()).casefold()
        if now == before:
            assert reply.text or reply.actions or reply.form or reply.table or reply.fields, line
            assert not _echoes(reply, line), line[:80]
        else:
            assert f"{wish} ".startswith(MAY_WRITE), line[:80]
            assert any(action.label == "Undo" for action in reply.actions), line[:80]
        before = now
    assert "Traceback" not in caplog.text


def _echoes(reply: Reply, line: str) -> bool:
    """Whether a mistake is told with more than 40 characters of what was typed."""
    typed = " ".join(line.split())
    said = " ".join(f"{reply.title} {reply.text}".split())
    return not reply.table and any(
        typed[at : at + ECHO + 1] in said for at in range(max(0, min(len(typed), 300) - ECHO))
    )


def sayable(line: str, stage: type[Stage]) -> bool:
    """Whether the platform's own program would send the line at all."""
    if stage.platform == "telegram" and line.startswith("/crm@"):
        return False  # meant for another bot, so rightly without an answer
    encodable = not re.search("[\ud800-\udfff\x00]", line)
    return stage is Console or (encodable and bool(line.strip()) and len(line) <= stage.carries)


@pytest.mark.parametrize("kind", STAGES, ids=lambda kind: kind.__name__)
def test_on_every_surface_each_line_is_answered(
    kind: type[Stage],
    sqlite_template: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines = [line for line in LINES if sayable(line, kind)]
    if kind.platform == "slack":
        lines = [re.sub(r"^/crm\s*", "", line) for line in lines]
        lines = [line for line in lines if line.strip()]
    with opened(kind, sqlite_template, tmp_path) as stage:
        stage.says("rita", "company add Acme", [re.compile("Acme")])
        people = ("rita", "milo", "agnes", "mona")

        def speak(place: int) -> None:
            for line in lines[place :: len(people)]:
                heard = stage.says(people[place], line)
                assert heard.text.strip(), line[:80]
                assert "Something went wrong" not in heard.text, line[:80]

        if kind is Console:
            for place in range(len(people)):
                speak(place)
        else:
            with ThreadPoolExecutor(len(people)) as crowd:
                list(crowd.map(speak, range(len(people))))
        assert stage.refused() == []
    assert "Traceback" not in caplog.text
