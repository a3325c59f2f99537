"""Where in a sentence the values of a command's arguments stand: a chain of marks, one for each part of the sentence.

A part begins a value, continues one, or belongs to none. The weights of a linear chain (a conditional random field:
Lafferty, McCallum, Pereira 2001) are learnt by `benchmarks/learn.py`; here the best chain is found, and how likely it
is beside all others. What a value is worth is read in `filling`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from bot.understanding.tokens import Token, stem
from bot.understanding.values import naming_records
from bot.understanding.weights import SCALE
from handlers.arguments import ChoiceArgument, PersonArgument
from handlers.command import Command, Parameter

PERSON = "person"
OWN = frozenset("b0-+=*acdstuxyk")  # what is weighed for each command apart, by the first sign
_OUTSIDE = "O"
_ANSWERS = frozenset({"answer"})
_EDGE = "^"


@dataclass(frozen=True, slots=True)
class Span:
    """The value of one argument: the parts from `first` to before `after`."""

    slot: str
    first: int
    after: int


@cache
def group_of(command: Command, parameter: Parameter) -> str | None:
    """Return the model that tells an argument of a closed list where no word of it stands in the sentence."""
    argument = parameter.argument
    if isinstance(argument, PersonArgument):
        return PERSON
    if isinstance(argument, ChoiceArgument):
        return f"{parameter.name} of {'/'.join(argument.options)}"
    named = type(argument).__name__
    if named in {"StageArgument", "PreferenceArgument"} or parameter.name in _ANSWERS:
        return f"{parameter.name} of {command.subject}"
    return None


@cache
def slots_of(command: Command) -> tuple[str, ...]:
    """Return the arguments of a command whose values stand in a sentence."""
    return tuple(p.name for p in command.parameters)


@cache
def keys_of(command: Command) -> tuple[tuple[str, ...], ...]:
    """Return under which keys the weights of each mark stand: outside, then beginning and inside of each argument.

    The last key of each is the command's own; its weights are of the `OWN` features only. An empty key has none.
    """
    found: list[tuple[str, ...]] = [(_OUTSIDE, "", f"{_OUTSIDE}/{command.name}")]
    for slot in slots_of(command):
        argument = command.parameter(slot).argument
        records = naming_records(argument)
        sort = "-".join((type(argument).__name__, *(records.kinds if records else ())))
        found += [
            (f"{mark}:{sort}", f"{mark}.{slot}", f"{mark}/{command.name}/{slot}") for mark in "BI"
        ]
    return tuple(found)


def found_places(
    command: Command,
    said: Sequence[Token],
    seen: Sequence[Sequence[str]],
    places: Mapping[str, Mapping[str, int]],
) -> tuple[list[Span], float]:
    """Return where the values most likely stand, and the logarithm of how likely that is.

    Args:
        command: whose arguments are looked for.
        said: the parts of the sentence.
        seen: `place_features` of the sentence.
        places: the weights by key and feature.
    """
    own = [[feature for feature in each if feature[0] in OWN] for each in seen]
    scores = [
        [
            (_sum_of(places, keys[:-1], all_) + _sum_of(places, keys[-1:], few)) / SCALE
            for all_, few in zip(seen, own, strict=True)
        ]
        for keys in keys_of(command)
    ]
    marks, best = _best(scores, len(said))
    spans = _spans(marks, slots_of(command))
    return spans, best - _whole(scores, len(said))


def _sum_of(
    places: Mapping[str, Mapping[str, int]], keys: Sequence[str], seen: Sequence[str]
) -> int:
    held = [places[key] for key in keys if key in places]
    return sum(weights.get(feature, 0) for weights in held for feature in seen)


def _best(scores: Sequence[Sequence[float]], length: int) -> tuple[list[int], float]:
    """Return the best chain of marks and its score; a value continues only what has begun."""
    count = len(scores)
    row = [score[0] if mark % 2 or not mark else -math.inf for mark, score in enumerate(scores)]
    steps: list[list[int]] = []
    for place in range(1, length):
        top = max(range(count), key=row.__getitem__)
        step, fresh = [top] * count, [0.0] * count
        for mark in range(count):
            if mark and mark % 2 == 0:  # inside: after its own beginning or inside
                step[mark] = mark if row[mark] > row[mark - 1] else mark - 1
            fresh[mark] = row[step[mark]] + scores[mark][place]
        steps.append(step)
        row = fresh
    mark = max(range(count), key=row.__getitem__)
    best, chain = row[mark], [mark]
    for step in reversed(steps):
        mark = step[mark]
        chain.append(mark)
    return chain[::-1], best


def _whole(scores: Sequence[Sequence[float]], length: int) -> float:
    """Return the logarithm of the sum over all chains."""
    count = len(scores)
    row = [score[0] if mark % 2 or not mark else -math.inf for mark, score in enumerate(scores)]
    for place in range(1, length):
        every = _sum(row)
        row = [
            scores[mark][place]
            + (_sum((row[mark], row[mark - 1])) if mark and mark % 2 == 0 else every)
            for mark in range(count)
        ]
    return _sum(row)


def _sum(logarithms: Sequence[float]) -> float:
    top = max(logarithms)
    return top + math.log(sum(math.exp(each - top) for each in logarithms))


def _spans(marks: Sequence[int], slots: Sequence[str]) -> list[Span]:
    """Return the values that a chain marks; of two for one argument the longer one, or both if they touch."""
    found: dict[str, Span] = {}
    place = 0
    while place < len(marks):
        mark, first = marks[place], place
        place += 1
        if not mark:
            continue
        while place < len(marks) and marks[place] == mark + 1:
            place += 1
        slot = slots[(mark - 1) // 2]
        known = found.get(slot)
        if known and known.after == first:
            found[slot] = Span(slot, known.first, place)
        elif known is None or place - first > known.after - known.first:
            found[slot] = Span(slot, first, place)
    return list(found.values())


def place_features(
    said: Sequence[Token], options: Iterable[tuple[int, int, str]]
) -> list[list[str]]:
    """Return what tells for each part of a sentence whether a value begins or goes on there.

    Args:
        said: the parts of the sentence.
        options: where words for options of closed lists stand, and of which.
    """
    words = [_EDGE] * 3 + [_word(token) for token in said] + [_EDGE] * 3
    counts: dict[str, int] = {}
    found: list[list[str]] = []
    listed = list(options)
    open_quotes = last = 0
    mark = "^"
    for place, token in enumerate(said):
        w = words[place : place + 7]
        shape = _shape(token)
        before = _shape(said[place - 1]) if place else _EDGE
        after = _shape(said[place + 1]) if place + 1 < len(said) else _EDGE
        glued = bool(place) and said[place - 1].end == token.start
        found.append(
            [
                "b",
                f"0{w[3]}",
                f"-{w[2]}",
                f"+{w[4]}",
                f"={w[1]}",
                f"*{w[5]}",
                f"%{w[0]}",
                f"&{w[6]}",
                f"a{w[1]} {w[2]}",
                f"c{w[2]} {w[3]}",
                f"d{w[3]} {w[4]}",
                f"e{w[4]} {w[5]}",
                f"f{w[1]} {w[2]} {w[3]}",
                f"g{w[0]} {w[1]} {w[2]}",
                f"h{w[3]} {w[4]} {w[5]}",
                f"i{w[2]} {w[3]} {w[4]}",
                f"s{shape}",
                f"t{before}{shape}",
                f"u{shape}{after}",
                f"v{before}{shape}{after}",
                f"n{shape}{counts.get(shape, 0)}"
                if shape.startswith("@")
                else f"n{token.said[-3:]}",
                f"q{open_quotes % 2}",
                f"m{mark}",
                f"l{mark}{min(place - last, 4)}",
                f"k{glued}{shape}",
                f"r{min(len(said) - place, 3)}",
                f"o{words[3]}",
                f"p{min(place, 3)}",
            ]
        )
        for start, end, option in listed:
            if start < token.end and token.start < end:
                found[-1] += [f"x{option}", f"y{option.partition(' ')[0]}"]
        counts[shape] = counts.get(shape, 0) + 1
        if token.said in {'"', "「", "」"}:
            open_quotes += 1
        if not token.named and len(token.said) == 1 and not token.said.isalnum():
            mark, last = token.said, place + 1
    return found


def _word(token: Token) -> str:
    return "0" * min(len(token.said), 3) if token.said[0].isdigit() else stem(token.said)


def _shape(token: Token) -> str:
    if token.named or token.said.startswith("@"):
        return token.said
    if token.said[0].isdigit():
        return "0"
    if not token.said[0].isalpha():
        return token.said[0]
    return "A" if token.capital else "a" if token.said.isascii() else "x"
