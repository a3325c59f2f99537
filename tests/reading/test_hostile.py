"""No text makes a reader fail in any way but a UserError that repeats little of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from difflib import SequenceMatcher
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from handlers.errors import UserError
from handlers.reading import contact_points, line, moments, money, schedules
from tests.reading.hostile import anything, bad_lines

NOW = datetime(2026, 11, 18, 10, 20, tzinfo=ZoneInfo("Europe/Berlin"))
NAMES = frozenset({"email", "phone", "amount", "site", "currency"})
ECHO = 40


def read_line(text: str) -> line.Line:
    """Do what a surface and the router do with typed text."""
    return line.split(line.strip_prefix(line.clean(text)) or "", NAMES)


READERS: dict[str, Callable[[str], object]] = {
    "line": read_line,
    "uncleaned line": lambda text: line.split(text, NAMES),
    "money": lambda text: money.read_money(text, "EUR"),
    "negative money": lambda text: money.read_money(text, "JPY", allow_negative=True),
    "moment": lambda text: moments.read_moment(text, NOW),
    "moment to come": lambda text: moments.read_moment(text, NOW, future=True),
    "day": lambda text: moments.read_day(text, date(2026, 11, 18)),
    "leading moment": lambda text: moments.take_moment(text.split(" "), NOW),
    "leading characters": moments.leading_characters,
    "email": contact_points.read_email,
    "phone": lambda text: contact_points.read_phone(text, "DE"),
    "website": contact_points.read_website,
    "schedule": schedules.read_schedule,
}


def told(reader: Callable[[str], object], text: str) -> str:
    """Return what a person is told when `text` cannot be read, and nothing when it can."""
    try:
        reader(text)
    except UserError as error:
        return f"{error.what}\n{error.hint}"
    return ""


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=150)
@given(anything)
def test_any_text_is_read_or_refused_with_a_hint(name: str, text: str) -> None:
    answer = told(READERS[name], text)
    assert not answer or all(answer.split("\n"))
    repeated = SequenceMatcher(None, answer, text, autojunk=False).find_longest_match()
    assert repeated.size <= ECHO


@pytest.mark.parametrize("name", READERS)
def test_the_collected_bad_lines_are_read_or_refused(name: str) -> None:
    for text in bad_lines():
        told(READERS[name], text)
        for word in text[: line.LIMIT].split(" "):
            told(READERS[name], word.partition("=")[2] or word)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "unit", ['"a ', "“", "1 ", "9", "in 3 days ", "a@", "mon,", "(", "[::", " ", "一", "=", "\\"]
)
def test_a_very_long_text_is_refused_or_read_without_delay(name: str, unit: str) -> None:
    told(READERS[name], unit * 100_000)
    told(READERS[name], (unit * line.LIMIT)[: line.LIMIT])


@pytest.mark.parametrize("name", ["money", "moment", "email", "phone", "website", "schedule"])
def test_a_refusal_shows_what_cannot_be_seen_and_at_most_forty_characters(name: str) -> None:
    answer = told(READERS[name], "\x1b[2J\u202e?" + "x?" * 100)
    assert "\x1b" not in answer
    assert "\u202e" not in answer
    assert "x?" * 21 not in answer


def test_every_bad_line_leaves_a_cleaned_line_or_an_answer() -> None:
    refused = [text for text in bad_lines() if told(line.clean, text)]
    assert "/crm help\x00" in refused
    assert "/crm contact add \ud800" in refused
    assert max(len(text) for text in bad_lines() if text not in refused) <= line.LIMIT
    assert len(refused) > 15


@given(anything)
def test_a_moment_is_aware_and_in_utc(text: str) -> None:
    try:
        moment, words = moments.take_moment(text.split(" "), NOW)
    except UserError:
        return
    assert (moment is None) == (words == 0)
    if moment:
        assert moment.tzinfo is UTC
        assert moment == moments.read_moment(" ".join(text.split(" ")[:words]), NOW)
