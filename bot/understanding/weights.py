"""The learnt weights of one language, as `benchmarks/learn.py` has written them; `xzcat` shows the file.

It is text: a section begins with `[name]`, a line holds a feature and its weights, a weight of 1.0 is written as 50.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SCALE = 50
FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear model: how rare each feature is, and its weight for some of the labels."""

    labels: tuple[str, ...]
    bias: tuple[int, ...]
    weights: Mapping[str, tuple[float, tuple[tuple[int, int], ...]]]


@dataclass(frozen=True, slots=True)
class Weights:
    """The models of one language.

    Attributes:
        intents: which command a sentence asks for.
        choices: which option an argument of a closed list has, by `places.group_of`.
        places: where the values of arguments stand: the weights of features by key of a mark; read from
            the text when they are first asked for, since one sentence needs few of them.
        final: how likely a call is right, by what is known about it.
        words: the English words that the models know.
        around: the words by which people ask for each command, outside of its values.
    """

    intents: Linear
    choices: Mapping[str, Linear]
    places: Mapping[str, Mapping[str, int]]
    final: Mapping[str, Mapping[str, float]]
    words: frozenset[str]
    around: Mapping[str, frozenset[str]]


@cache
def weights(language: str) -> Weights:
    """Return the models of `en` or `zh`."""
    with lzma.open(FOLDER / f"weights_{language}.txt.xz", "rt", encoding="utf-8") as file:
        return parsed(file.read())


def parsed(text: str) -> Weights:
    """Read the models from the text of their file."""
    sections = dict(_sections(text))
    around = (line.split("\t") for line in sections["around"].split("\n"))
    return Weights(
        _linear(sections["intents"]),
        {n.removeprefix("choice "): _linear(s) for n, s in sections.items() if n[:7] == "choice "},
        _Unread({n.removeprefix("place "): s for n, s in sections.items() if n[:6] == "place "}),
        {
            name: {feature: weight / 1000 for feature, weight in _plain(sections[name]).items()}
            for name in ("command", "call", "limits")
        },
        frozenset(sections["words"].split("\n")),
        {name: frozenset(rest) for name, *rest in around},
    )


class _Unread(Mapping[str, Mapping[str, int]]):
    """Sections that are read when they are first asked for."""

    def __init__(self, sections: Mapping[str, str]) -> None:
        self._sections = sections
        self._read: dict[str, dict[str, int]] = {}

    def __getitem__(self, name: str) -> Mapping[str, int]:
        if name not in self._read:
            self._read[name] = _plain(self._sections[name])
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._sections

    def __iter__(self) -> Iterator[str]:
        return iter(self._sections)

    def __len__(self) -> int:
        return len(self._sections)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split("\n\n"):
        head, _end, lines = part.strip("\n").partition("\n")
        yield head.strip("[]"), lines


def _halves(line: str) -> tuple[str, str]:
    feature, _tab, rest = line.partition("\t")
    return feature, rest


def _plain(lines: str) -> dict[str, int]:
    return {feature: int(weight) for feature, weight in map(_halves, lines.split("\n")) if feature}


def _linear(lines: str) -> Linear:
    labels, bias, *rest = lines.split("\n")
    found = dict[str, tuple[float, tuple[tuple[int, int], ...]]]()
    for feature, listed in map(_halves, rest):
        rarity, *pairs = listed.split(" ")
        numbers = [int(number) for number in pairs]
        found[feature] = float(rarity), tuple(zip(numbers[::2], numbers[1::2], strict=True))
    return Linear(tuple(labels.split("\t")), tuple(map(int, bias.split("\t"))), found)
