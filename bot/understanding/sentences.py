"""From a sentence to a call: the likeliest one when it is sure enough, a few to choose from, or nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.understanding.filling import Filled, Reader, Sentence
from bot.understanding.intents import NOTHING
from bot.understanding.mentions import mentions
from bot.understanding.phrases import Reading, best_fits
from bot.understanding.tokens import tokens
from bot.understanding.weights import Weights
from handlers.command import commands
from handlers.reading.characters import plain
from handlers.request import Call, Request

LONGEST = 1_000
_OFFERED = 3
_CANDIDATES = 4
_HOPELESS = 0.004
_SMALL = 0.001
_FAR = 30.0


@dataclass(frozen=True, slots=True)
class Understood:
    """What a sentence asks for: one call, or, when `call` is None, those that it may have meant.

    Attributes:
        known: every record that the call names is there; else the answer is that one is not.
    """

    call: Call | None
    choices: tuple[Call, ...] = ()
    known: bool = True


@dataclass(frozen=True, slots=True)
class Candidate:
    """One call that a sentence may ask for.

    Attributes:
        facts: what tells how sure it is, by name.
        command_share: how likely its command is the right one, 0 to 1.
        call_share: how likely the whole call is.
    """

    filled: Filled
    facts: Mapping[str, float]
    command_share: float = 0.0
    call_share: float = 0.0


def understand(sentence: str, request: Request) -> Understood:
    """Find the call that a sentence asks for; changes nothing.

    A sentence that may mean several calls gives the likeliest ones to choose from; one that has nothing to do with any
    of them gives none.
    """
    looked = look(sentence, request)
    if looked is None:
        return Understood(None)
    reader = Reader(looked, request)
    found = candidates(reader, reader.learnt)
    limits = reader.learnt.final["limits"]
    best = found[0] if found else None
    if best and not best.filled.missing and _is_sure(best, limits):
        return Understood(best.filled.call, known=best.filled.known)
    likely = [each.filled.call for each in found if each.command_share >= limits["offer"]]
    return Understood(None, _choices(likely))


def look(sentence: str, request: Request) -> Sentence | None:
    """Return a sentence in its parts, None when it is empty or too long to be one."""
    raw = " ".join(sentence.split()) if "\n" not in sentence else sentence.strip()
    text = plain(raw)
    raw = raw if len(raw) == len(text) else text
    if not text or len(text) > LONGEST:
        return None
    named = mentions(text, request)
    said = tokens(text, named)
    return Sentence(text, raw, named, said) if said else None


def candidates(reader: Reader, learnt: Weights) -> list[Candidate]:
    """Return the calls that a sentence may ask for, the likeliest first."""
    likely = reader.ranked()
    chances = dict(likely)
    among = [name for name, chance in likely[:_CANDIDATES] if chance > _HOPELESS]
    fitting = best_fits(reader.sentence.text, reader.request, among)
    found = []
    for name in among:
        if name != NOTHING:
            filled = reader.fill(name)
            filled.facts |= _fitting(filled, fitting.get(name))
            facts = dict(_facts(filled, name, chances, len(reader.sentence.said)))
            found.append(
                Candidate(
                    filled,
                    facts,
                    _share(facts, learnt.final["command"]),
                    _share(facts, learnt.final["call"]),
                )
            )
    return sorted(found, key=lambda each: -each.command_share)


def _fitting(filled: Filled, reading: Reading | None) -> dict[str, float]:
    """Return how a call compares with the reading of it that a whole phrase gives; the phrase's records are kept."""
    if reading is None:
        return {"no phrase": 1.0}
    same = _plainly(reading.call) == _plainly(filled.call)
    if reading.known and not reading.free and not same:
        filled.call, filled.missing = reading.call, []
    return {"phrase": 1.0, "same": same, "free": reading.free > 0}


def _plainly(call: Call) -> dict[str, str]:
    return {name: value.casefold().strip(" .,") for name, value in call.values.items()}


def _facts(
    filled: Filled, name: str, chances: Mapping[str, float], length: int
) -> Iterator[tuple[str, float]]:
    """Yield what is known of a candidate, apart for what reads and what writes."""
    sort = "w " if filled.facts["writes"] else "r "
    chance = chances[name]
    other = max(share for each, share in chances.items() if each != name)
    sure = filled.facts["places"]
    known = {
        **filled.facts,
        "one": 1.0,
        f"is {name}": 1.0,
        "chance": math.log(chance),
        "doubt": math.log(1 - chance + _SMALL),
        "lead": math.log(chance / (other + _SMALL)),
        "nothing": math.log(chances[NOTHING] + _SMALL),
        "cut": math.log(1 - math.exp(min(sure, 0.0)) + _SMALL),
        "length": min(length, 40) / 10,
    }
    for fact, value in known.items():
        if value and fact != "writes":
            yield sort + fact, float(value)


def _share(facts: Mapping[str, float], model: Mapping[str, float]) -> float:
    score = sum(model.get(fact, 0.0) * value for fact, value in facts.items())
    return 1 / (1 + math.exp(-max(-_FAR, min(_FAR, score))))


def _is_sure(best: Candidate, limits: Mapping[str, float]) -> bool:
    if commands()[best.filled.call.command].reads:
        return best.command_share >= limits["read"]
    plain = bool(best.facts.get("w same")) and not best.facts.get("w free")
    return best.call_share >= limits["plain" if plain else "write"]


def _choices(calls: list[Call]) -> tuple[Call, ...]:
    return tuple({call.command: call for call in reversed(calls)}.values())[::-1][:_OFFERED]
