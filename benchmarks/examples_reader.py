"""Examples to learn from: the labelled sentences, and sentences put together from the phrases and the example sheets.

A sheet holds, below `[command]`, ways of asking for it, written as phrases are (`bot/understanding/templates.py`).
What an argument stands for is drawn from `examples/values.txt`.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.understanding.templates import LOOSE, fixed_values, is_chinese, synonyms
from handlers.arguments import (
    DayArgument,
    MomentArgument,
    MoneyArgument,
    PersonArgument,
    PhoneArgument,
    RecordArgument,
    TextArgument,
)
from handlers.command import Command, Parameter, commands, match
from handlers.notes import PastMomentArgument
from handlers.request import Call

SHEETS = Path(__file__).parent / "examples"
SENTENCES = Path(__file__).parent.parent / "tests" / "sentences"
_SEED = 7
_PIECE = re.compile(r"<[a-z_]+\??>|[()\[\]|]|[^<>()\[\]|]+")
_HEAD = re.compile(r"\[[a-z -]+\]")
_SET = re.compile(r"\b(?:SHOW|LIST|CREATE|CHANGE|DELETE|RESTORE|MOVE|LOG)\b")
_OF_STRICT, _OF_LOOSE, _OF_SHEET = 3, 1, 2
_WEIGHT_STRICT, _WEIGHT_LOOSE, _WEIGHT_SHEET = 0.4, 0.2, 0.7


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence, the call it means (None: none), how much it counts, and what must be left out together."""

    sentence: str
    call: Call | None
    weight: float
    group: str


def examples(language: str) -> list[Example]:
    """Return every example of a language, always the same."""
    chance = random.Random(_SEED)
    return [
        *labelled(language),
        *_phrased(language, chance),
        *_sheet(language, chance),
    ]


def labelled(language: str, parts: frozenset[str] = frozenset({"tuning"})) -> Iterator[Example]:
    """Yield the labelled sentences of some parts."""
    with (SENTENCES / f"{language}.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found = match(row["line"])
            call = Call(found[0].name, found[0].parse(found[1])) if found else None
            if row["part"] in parts:
                yield Example(row["sentence"], call, 1.0, row["sentence"])


def _phrased(language: str, chance: random.Random) -> Iterator[Example]:
    for command in commands().values():
        for phrase in command.phrases:
            loose = phrase.startswith(LOOSE)
            fixed, body = fixed_values(phrase.removeprefix(LOOSE).strip())
            if not loose and is_chinese(body) != (language == "zh"):
                continue
            for _turn in range(_OF_LOOSE if loose else _OF_STRICT):
                said = _loosely(body, language, chance) if loose else body
                if said is None:
                    continue
                weight = _WEIGHT_LOOSE if loose else _WEIGHT_STRICT
                made = _made(command, said, dict(fixed), language, chance)
                if made:
                    yield Example(*made, weight, phrase)


def _sheet(language: str, chance: random.Random) -> Iterator[Example]:
    command: Command | None = None
    for line in (SHEETS / f"{language}.txt").read_text("utf-8").splitlines():
        if _HEAD.fullmatch(line):
            command = None if line == "[-]" else commands()[line.strip("[]")]
        elif line and command is None:
            yield Example(line, None, 0.9, line)
        elif line and command:
            fixed, body = fixed_values(line)
            for _turn in range(_OF_SHEET):
                made = _made(command, body, dict(fixed), language, chance)
                if made:
                    yield Example(*made, _WEIGHT_SHEET, line)


def _loosely(body: str, language: str, chance: random.Random) -> str | None:
    """Return the parts of a loose phrase in a likely order, in one language; None when it has no words of it."""
    parts = re.findall(r"<[a-z_]+\??>|\([^)]*\)|\[[^\]]*\]", body)
    said = []
    for part in parts:
        if part.startswith("<"):
            said.append(part.replace("?", "") if chance.random() < 0.6 or "?" not in part else "")
            continue
        words = [each for word in part[1:-1].split("|") for each in synonyms(word.strip())]
        fitting = [word for word in words if is_chinese(word) == (language == "zh")]
        if not fitting and part.startswith("("):
            return None
        said.append(chance.choice(fitting) if fitting else "")
    body_parts, last = said, ""
    if body_parts and body_parts[-1].startswith("<"):
        last = body_parts[-1]
        body_parts = body_parts[:-1]
    chance.shuffle(body_parts)
    glue = "" if language == "zh" else " "
    return glue.join(part for part in [*body_parts, last] if part)


def _made(
    command: Command, body: str, values: dict[str, str], language: str, chance: random.Random
) -> tuple[str, Call] | None:
    """Return a sentence that a phrase may stand for, and its call."""
    pieces = _PIECE.findall(body)
    said, rest = _chosen(pieces, chance)
    sentence = ""
    for piece in said:
        if piece.startswith("<"):
            name = piece.strip("<>?")
            value = _value(command.parameter(name), command, language, chance)
            if value is None:
                return None
            values[name] = value
            sentence += value
        else:
            sentence += _SET.sub(lambda found: _synonym(found[0], language, chance), piece)
    if language == "zh":
        sentence = re.sub(
            r"\s*(?=[\u3400-\u9fff，：、])|(?<=[\u3400-\u9fff，：、])\s*", "", sentence
        )
    return (" ".join(sentence.split()), Call(command.name, values)) if not rest else None


def _chosen(pieces: list[str], chance: random.Random) -> tuple[list[str], list[str]]:
    """Choose one way through nested choices; returns it, and the pieces behind the closing mark."""
    ways: list[list[str]] = [[]]
    while pieces:
        piece, pieces = pieces[0], pieces[1:]
        if piece in "([":
            inner, pieces = _chosen(pieces, chance)
            if piece == "(" or chance.random() < 0.4:
                ways[-1].extend(inner)
        elif piece in ")]":
            break
        elif piece == "|":
            ways.append([])
        else:
            ways[-1].append(piece)
    return chance.choice(ways), pieces


def _synonym(word: str, language: str, chance: random.Random) -> str:
    fitting = [each for each in synonyms(word) if is_chinese(each) == (language == "zh")]
    return chance.choice(fitting)


def _value(
    parameter: Parameter, command: Command, language: str, chance: random.Random
) -> str | None:
    sort = _sort(parameter, command)
    if sort == "record":
        sort = chance.choice(("company", "contact"))
    values = _values()
    text = "text" if isinstance(parameter.argument, TextArgument) else ""
    known = (values.get((language, each)) for each in (sort, parameter.name, text))
    words = next((words for words in known if words), None)
    return chance.choice(words) if words else None


@cache
def _values() -> dict[tuple[str, str], list[str]]:
    """Return what an argument may stand for, by language and sort: `values.txt` holds `en/city/Berlin|Munich`."""
    lines = (SHEETS / "values.txt").read_text("utf-8").splitlines()
    parts = (line.split("/", 2) for line in lines)
    return {(language, sort): listed.split("|") for language, sort, listed in parts}


def _sort(parameter: Parameter, command: Command) -> str:
    argument = parameter.argument
    if isinstance(argument, RecordArgument):
        return argument.kinds[0] if len(argument.kinds) == 1 else "record"
    if parameter.name == "name" and command.name in {"company add", "contact add"}:
        return f"{command.subject} name"
    sorts = (
        (PastMomentArgument, "past"),
        (PersonArgument, "person"),
        (MoneyArgument, "money"),
        (PhoneArgument, "phone"),
        (MomentArgument | DayArgument, "moment"),
    )
    numbered = {"digest", "id", "event", "message"}
    by_name = "number" if parameter.name in numbered else parameter.name
    if parameter.name == "company" and command.name == "contact add":
        return "company"
    return next((sort for kind, sort in sorts if isinstance(argument, kind)), by_name)
