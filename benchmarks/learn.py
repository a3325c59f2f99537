"""Find the weights by which sentences are understood, from the labelled ones, the phrases and the example sheets.

    python -m benchmarks.learn [en | zh] [--check]

Writes `bot/understanding/weights_en.txt.xz` and `weights_zh.txt.xz`; `--check` only tells how well sentences are
understood that were left out of learning, part by part. Run it after a change to phrases, sheets or labelled sentences;
it needs scikit-learn and takes some minutes.
"""

from __future__ import annotations

import hashlib
import lzma
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks import examples_reader, sentences
from benchmarks.examples_reader import Example
from benchmarks.learn_linear import learnt_linear
from benchmarks.learn_places import Marked, learnt_places
from bot.understanding.filling import Reader, Sentence, around, choice_features, is_text
from bot.understanding.intents import NOTHING, features
from bot.understanding.places import PERSON, group_of, place_features
from bot.understanding.sentences import Candidate, candidates, look
from bot.understanding.tokens import Token
from bot.understanding.values import hits, options_in
from bot.understanding.weights import FOLDER, Linear, Weights, parsed
from crm_store.store import Store
from handlers import subjects
from handlers.command import Command, Parameter, commands
from handlers.reading.line import clean
from handlers.request import Call, Request
from tests.desk import Desk

_PARTS = 3
_ROUNDS = 8
_OFTEN = 0.9  # how much must speak for a word around the values of a command: one sentence, or three made up
_COMMON = 8  # commands in which a word is used, for it to say nothing of any
_WRONG = 0.01  # the share of wrong ones among the changes that are proposed, over the parts that were left out
_SEED, _HIDDEN, _OF_MASKED = 3, 0.6, 0.5
_WORDS = frozenset({"tags", "tag", "name", "field", "options", "label"})
_RARE, _RARE_COUNT = 0x3400, 6500  # characters that hardly anybody writes
_READ, _OFFER = 0.4, 0.04
_PLAIN = 0.4  # how sure a change must be that a phrase without free texts fits as a whole


@dataclass(frozen=True, slots=True)
class Lesson:
    """One example as it is read; `spans` is where the values of its call stand, None when one is not found."""

    example: Example
    sentence: Sentence
    spans: tuple[tuple[str, int, int], ...] | None

    @property
    def command(self) -> str:
        """The command that is asked for, or nothing."""
        return self.example.call.command if self.example.call else NOTHING


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate for a sentence that was left out of learning, and whether it is right."""

    lesson: Lesson
    found: Candidate
    command_right: bool
    call_right: bool


def main() -> None:
    """Learn both languages and write their files, or tell how well sentences are understood that were left out."""
    subjects.load()
    for language in [w for w in sys.argv[1:] if w[0] != "-"] or sentences.LANGUAGES:
        with tempfile.TemporaryDirectory() as folder:
            request = furnished_request(folder)
            taught = lessons(examples_reader.examples(language), request)
            final = checked(taught, request, language)
            if "--check" not in sys.argv:
                text = "\n\n".join([*_models(taught, request), final]) + "\n"
                path = FOLDER / f"weights_{language}.txt.xz"
                path.write_bytes(lzma.compress(text.encode(), preset=9))


def furnished_request(folder: str) -> Request:
    """Return a request in a store that holds what the sentences name; the store ends with the program."""
    store = Store(f"sqlite:///{folder}/rapport.db")
    store.upgrade()
    desk = Desk(store)
    with desk.session() as session:
        sentences.furnish(session, desk.rep.id)
    return sentences.a_request(desk.session().__enter__(), desk)


def lessons(examples: Iterable[Example], request: Request) -> list[Lesson]:
    """Return the examples as they are read."""
    made = []
    for example in {each.sentence: each for each in reversed(list(examples))}.values():
        sentence = look(clean(example.sentence), request)
        if sentence:
            made.append(Lesson(example, sentence, spans_of(example.call, sentence, request)))
    return made


def checked(taught: Sequence[Lesson], request: Request, language: str) -> str:
    """Return the section that says how sure is sure enough, found by leaving out parts in turn; tells the figures."""
    judged: list[Judged] = []
    for part in range(_PARTS):
        others = [each for each in taught if _part(each) != part]
        asked = [each for each in taught if _part(each) == part and each.example.weight == 1.0]
        model = parsed("\n\n".join([*_models(others, request), _bare_final()]))
        for lesson in asked:
            judged += _judged(lesson, model, request)
    final, found = _final(judged)
    _report(language, found)
    return final


def _part(lesson: Lesson) -> int:
    return int(hashlib.sha256(f"part {lesson.example.group}".encode()).hexdigest(), 16) % _PARTS


# Where values stand


def spans_of(
    call: Call | None, sentence: Sentence, request: Request
) -> tuple[tuple[str, int, int], ...] | None:
    """Return where the values of a call stand in its sentence, in parts; None when one does not stand there.

    An option of a closed list need not stand there; another model tells it then.
    """
    if call is None:
        return ()
    command = commands()[call.command]
    taken: set[int] = set()
    found = []
    groups = {p.name: group_of(command, p) for p in command.parameters}
    open_ = [(n, v) for n, v in call.values.items() if not _is_told(groups[n], v)]
    for name, value in sorted(open_, key=lambda each: -len(each[1])):
        place = _place(value, sentence, taken)
        if place is None:
            return None
        taken.update(range(*place))
        found.append((name, *place))
    for name, value in call.values.items():
        if groups[name] not in {None, PERSON}:
            place = _place_of_option(command.parameter(name), value, sentence, taken, request)
            if place:
                taken.update(range(*place))
                found.append((name, *place))
    return tuple(found)


def _is_told(group: str | None, value: str) -> bool:
    return group is not None and (group != PERSON or value == "me")


def _place_of_option(
    parameter: Parameter, value: str, sentence: Sentence, taken: set[int], request: Request
) -> tuple[int, int] | None:
    for start, end, option in hits(parameter, sentence.text, request):
        inside = [i for i, t in enumerate(sentence.said) if t.start < end and start < t.end]
        if option.casefold() == value.casefold() and inside and not taken & set(inside):
            return inside[0], inside[-1] + 1
    return None


def _place(value: str, sentence: Sentence, taken: set[int]) -> tuple[int, int] | None:
    """Return the parts that hold a value: a thing that is named so, else its words, the last ones of several."""
    wanted = " ".join(value.split()).casefold()
    said = sentence.said
    named = {(m.start, m.end): m.text.casefold() for m in sentence.named}
    for place, token in enumerate(said):
        texts = {
            named.get((token.start, token.end), ""),
            sentence.text[token.start : token.end].casefold(),
        }
        if token.named and place not in taken and wanted in texts:
            return place, place + 1
    for text in (sentence.text.casefold(), sentence.raw.casefold()):
        start = text.rfind(wanted)
        while start >= 0:
            end = start + len(wanted)
            inside = [i for i, t in enumerate(said) if t.start < end and start < t.end]
            if inside and not taken & set(inside):
                return inside[0], inside[-1] + 1
            start = text.rfind(wanted, 0, end - 1) if end > 1 else -1
    return None


# The models of one language


def _models(taught: Sequence[Lesson], request: Request) -> Iterator[str]:
    """Yield the sections that are learnt from the sentences themselves."""
    words = _words(taught)
    taught = [*taught, *_masked(taught)]
    rows = [list(features(each.sentence.said, words)) for each in taught]
    yield "\n".join(["[words]", *sorted(words)])
    yield "\n".join(["[around]", *_around_lines(taught)])
    weights = [each.example.weight for each in taught]
    intents = learnt_linear(rows, [each.command for each in taught], weights, (_subject, _verb))
    yield "\n".join(["[intents]", *_linear_lines(intents)])
    for name, model in _choices(taught, rows, request):
        yield "\n".join([f"[choice {name}]", *_linear_lines(model)])
    marked = [
        Marked(
            commands()[each.command],
            place_features(each.sentence.said, options_in(each.sentence.text, request)),
            each.spans,
            each.example.weight,
        )
        for each in taught
        if each.example.call and each.spans is not None
    ]
    for key, held in learnt_places(marked, _ROUNDS).items():
        if held:
            lines = (f"{feature}\t{weight}" for feature, weight in held.items())
            yield "\n".join([f"[place {key}]", *lines])


def _masked(taught: Sequence[Lesson]) -> Iterator[Lesson]:
    """Yield the lessons again with unknown words in their free values, so that what stands around them is learnt."""
    chance = random.Random(_SEED)
    for number, lesson in enumerate(taught):
        free = _free_places(lesson)
        if free:
            said = [
                replace(t, said=_unheard(number, place, t))
                if place in free and chance.random() < _HIDDEN
                else t
                for place, t in enumerate(lesson.sentence.said)
            ]
            example = replace(lesson.example, weight=lesson.example.weight * _OF_MASKED)
            yield replace(lesson, example=example, sentence=replace(lesson.sentence, said=said))


def _free_places(lesson: Lesson) -> set[int]:
    """Return the parts of a lesson that stand in values which may be any words."""
    if not lesson.example.call or not lesson.spans:
        return set()
    command = commands()[lesson.command]
    return {
        place
        for slot, first, after in lesson.spans
        if is_text(command.parameter(slot)) or slot in _WORDS
        for place in range(first, after)
        if lesson.sentence.said[place].said[0].isalpha()
    }


def _unheard(number: int, place: int, token: Token) -> str:
    if token.said.isascii():
        return f"q{number}z{place}"
    return chr(_RARE + (number * 31 + place) % _RARE_COUNT)


def _words(taught: Sequence[Lesson]) -> frozenset[str]:
    """Return the English words that are used often enough to be no mistakes."""
    seen = Counter(
        token.said
        for lesson in taught
        for token in {t.said: t for t in lesson.sentence.said}.values()
        if token.said.isascii() and token.said.isalpha() and not token.capital
    )
    return frozenset(word for word, count in seen.items() if count >= 3)


def _choices(
    taught: Sequence[Lesson], rows: Sequence[Sequence[str]], request: Request
) -> Iterator[tuple[str, Linear]]:
    """Yield a model for each closed list."""
    held: dict[str, tuple[list[list[str]], list[str], list[float]]] = {}
    for lesson, row in zip(taught, rows, strict=True):
        call = lesson.example.call
        for parameter in commands()[call.command].parameters if call else ():
            command = commands()[lesson.command]
            group = group_of(command, parameter)
            value = call.values.get(parameter.name, "") if call else ""
            if group is None:
                continue
            placed = {slot for slot, _first, _after in lesson.spans or ()}
            option = "" if parameter.name in placed else _option(command, parameter.name, value)
            of, options, weights = held.setdefault(group, ([], [], []))
            of.append(list(choice_features(command, parameter, lesson.sentence, row, request)))
            options.append(option)
            weights.append(lesson.example.weight)
    for name, (of, options, weights) in sorted(held.items()):
        if len(set(options)) > 1:
            yield name, learnt_linear(of, options, weights)


def _option(command: Command, name: str, value: str) -> str:
    if group_of(command, command.parameter(name)) == PERSON:
        return "me" if value == "me" else ""
    return value


def _around_lines(taught: Sequence[Lesson]) -> Iterator[str]:
    """Yield for each command the words that were used around its values, with those that are used in most."""
    of_command: dict[str, Counter[str]] = {}
    for lesson in taught:
        counts = of_command.setdefault(lesson.command, Counter())
        inside = {i for _slot, first, after in lesson.spans or () for i in range(first, after)}
        outside = [t for i, t in enumerate(lesson.sentence.said) if i not in inside]
        for word in set(around(outside)):
            counts[word] += lesson.example.weight  # type: ignore[assignment]
    spread = Counter(word for counts in of_command.values() for word in counts)
    common = {word for word, commands_with in spread.items() if commands_with >= _COMMON}
    for command, counts in sorted(of_command.items()):
        words = common | {word for word, count in counts.items() if count >= _OFTEN}
        yield "\t".join([command, *sorted(words)])


def _subject(command: str) -> str:
    return command.split(maxsplit=1)[0]


def _verb(command: str) -> str:
    return command.rsplit(maxsplit=1)[-1]


def _linear_lines(model: Linear) -> Iterator[str]:
    yield "\t".join(model.labels)
    yield "\t".join(map(str, model.bias))
    for feature, (rarity, pairs) in model.weights.items():
        yield f"{feature}\t{' '.join([f'{rarity:g}', *(f'{o} {w}' for o, w in pairs)])}"


# How sure is sure enough


def _bare_final() -> str:
    """Return the weights by which candidates are ordered before it is learnt how sure they are."""
    lines = [f"{sort} {fact}\t{weight}" for sort in "rw" for fact, weight in _FIRST.items()]
    return "\n".join(["[command]", *lines, "", "[call]", *lines, "", "[limits]", "read\t500"])


_FIRST = {"chance": 1000, "missing": -5000, "unread": -1500, "unused": -500, "places": 200}


def _judged(lesson: Lesson, model: Weights, request: Request) -> list[Judged]:
    found = candidates(Reader(lesson.sentence, request, model), model)
    wanted = lesson.example.call
    return [
        Judged(
            lesson,
            each,
            bool(wanted and each.filled.call.command == wanted.command),
            sentences.is_same(each.filled.call, wanted, request),
        )
        for each in found
    ]


def _final(judged: Sequence[Judged]) -> tuple[str, list[Judged]]:
    """Return the section of how sure a call is, and the best candidate of each sentence by it."""
    command = _logistic(judged, [each.command_right for each in judged])
    best = _best(judged, command)
    call = _logistic(best, [each.call_right for each in best])
    scored = [
        replace(
            each,
            found=replace(
                each.found,
                command_share=_chance(each.found.facts, command),
                call_share=_chance(each.found.facts, call),
            ),
        )
        for each in best
    ]
    limits = {"read": _READ, "write": _limit(scored), "offer": _OFFER, "plain": _PLAIN}
    parts = []
    for name, held in (("command", command), ("call", call), ("limits", limits)):
        parts.append(
            "\n".join([f"[{name}]", *(f"{f}\t{round(w * 1000)}" for f, w in held.items())])
        )
    return "\n\n".join(parts), scored


def _logistic(judged: Sequence[Judged], right: Sequence[bool]) -> dict[str, float]:
    names = sorted({fact for each in judged for fact in each.found.facts})
    matrix = np.array([[each.found.facts.get(name, 0.0) for name in names] for each in judged])
    model = LogisticRegression(C=1.0, max_iter=2000, fit_intercept=False)
    model.fit(matrix, right)
    return dict(zip(names, map(float, model.coef_[0]), strict=True))


def _chance(facts: Mapping[str, float], model: Mapping[str, float]) -> float:
    score = sum(model.get(fact, 0.0) * value for fact, value in facts.items())
    return float(1 / (1 + np.exp(-np.clip(score, -30, 30))))


def _best(judged: Sequence[Judged], command: Mapping[str, float]) -> list[Judged]:
    found: dict[str, tuple[float, Judged]] = {}
    for each in judged:
        share = _chance(each.found.facts, command)
        sentence = each.lesson.example.sentence
        if sentence not in found or found[sentence][0] < share:
            found[sentence] = (share, each)
    return [each for _share, each in found.values()]


def _writes(judged: Sequence[Judged]) -> list[Judged]:
    """Return the best candidates that change something and lack nothing."""
    return [
        each
        for each in judged
        if not commands()[each.found.filled.call.command].reads and not each.found.filled.missing
    ]


def _limit(scored: Sequence[Judged]) -> float:
    """Return how sure a change must be for few enough of those that are proposed to be wrong."""
    ordered = sorted(_writes(scored), key=lambda each: -each.found.call_share)
    limit, wrong = 0.999, 0
    for count, each in enumerate(ordered, start=1):
        wrong += not each.call_right
        if wrong / count <= _WRONG:
            limit = each.found.call_share
    return limit


def _report(language: str, found: Sequence[Judged]) -> None:
    """Tell how the sentences that were left out in turn are understood at several limits."""
    asked = [each for each in found if each.lesson.example.call]
    lines = [f"{language}: {len(found)} sentences, {len(asked)} of them ask for something"]
    lines.append(f"  best candidate: command {np.mean([e.command_right for e in asked]):.1%}")
    lines.append(f"  best candidate: call {np.mean([e.call_right for e in asked]):.1%}")
    for limit in (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97):
        proposed = [e for e in _writes(found) if e.found.call_share >= limit]
        wrong = np.mean([not e.call_right for e in proposed]) if proposed else 0.0
        lines.append(f"  writes proposed from {limit}: {len(proposed)}, {wrong:.1%} of them wrong")
    plain = [
        e for e in _writes(found) if e.found.facts.get("w same") and "w free" not in e.found.facts
    ]
    lines.append(
        f"  writes of plain phrases: {len(plain)}, {sum(not e.call_right for e in plain)} of them wrong"
    )
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
