"""From a command to a call: the values that stand in a sentence, read by their types, and how sure that is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import log
from typing import NamedTuple

from bot.understanding.guards import changes_meaning
from bot.understanding.intents import features, ranked, spelled
from bot.understanding.mentions import Mention
from bot.understanding.places import PERSON, Span, found_places, group_of, place_features
from bot.understanding.templates import is_spoken_chinese
from bot.understanding.tokens import Token, stem
from bot.understanding.values import hits, lexicon, naming_records, options_in, value_of
from bot.understanding.weights import Weights, weights
from handlers.arguments import Asked, TextArgument
from handlers.command import Command, Parameter, commands
from handlers.errors import UserError
from handlers.reply import FieldKind
from handlers.request import Call, Request

_EDGES = re.compile(r"^[\s,，:：;；.。、-]+|[\s,，:：;；.。、-]+$")
_QUOTED = re.compile(r"^[\"“「'‘](?P<inside>.*)[\"”」'’]$", re.DOTALL)
_JOINING = re.compile(r"^(?:that|because of|because|since|of)\s+(?=\S)", re.IGNORECASE)
_TODAY = re.compile(
    r"today|this morning|this afternoon|now|今天|今早|今天上午|刚才|现在", re.IGNORECASE
)
# Words that hold no value of any argument.
_MUTE = frozenset(
    re.findall(
        r"[a-z]+|[\u3400-\u9fff]",
        "he she his her their them they him we us our you your please just still oops again an another may be also go "
        "now so ok the a it that this is are was has have had and but"
        "他她它你我您请麻烦帮一下吧了的那这个也再先刚才就把给是在有呀啊哎都能吗里上",
    )
)
_WRITTEN = frozenset({"person", "money", "phone", "email", "number"})
_SORTS = {
    FieldKind.PERSON: "person",
    FieldKind.MONEY: "money",
    FieldKind.MOMENT: "moment",
    FieldKind.DATE: "moment",
}
_UNTOLD = frozenset({"owner", "assignee"})  # a colleague is named for many reasons
_TOLD_BY_WORD = frozenset(
    {
        ("deal list", "stage"),
        ("deal add", "stage"),
        ("deal move", "stage"),
        ("ticket new", "priority"),
        ("ticket new", "kind"),
        ("ticket edit", "priority"),
        ("ticket edit", "kind"),
        ("ticket priority", "priority"),
        ("ticket status", "status"),
        ("ticket list", "status"),
        ("timeline", "kind"),
        ("find", "kind"),
    }
)
_OF_ANYTHING = frozenset({"open", "new"})
# What cannot be told by words alone is left out when it cannot be read; else the person is told what is wrong with it.
_CLOSED = frozenset({FieldKind.NUMBER, FieldKind.MONEY, FieldKind.PERSON, FieldKind.RECORD})
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence while it is read.

    Attributes:
        text: as it is weighed, in plain characters.
        raw: as it was written, for what is kept; as long as `text`.
        named: what it names.
        said: its parts.
    """

    text: str
    raw: str
    named: Sequence[Mention]
    said: Sequence[Token]

    @property
    def language(self) -> str:
        """Whose weights it is read by: that of the words around the names, which may be of another language."""
        rest = self.text
        for mention in reversed(self.named):
            rest = f"{rest[: mention.start]} {rest[mention.end :]}"
        return "zh" if is_spoken_chinese(rest if rest.strip() else self.text) else "en"


@dataclass(slots=True)
class Filled:
    """A call as far as a sentence tells it.

    Attributes:
        known: every record that it names is there.
        missing: required arguments that were not said.
        facts: what tells how sure it is, by name.
    """

    call: Call
    known: bool = True
    missing: list[str] = field(default_factory=list)
    facts: dict[str, float] = field(default_factory=dict)


def choice_features(
    command: Command,
    parameter: Parameter,
    sentence: Sentence,
    seen: Sequence[str],
    request: Request,
) -> Iterator[str]:
    """Yield what tells an argument of a closed list: the sentence, the command, the words for its options.

    Args:
        command: whose argument it is.
        parameter: the argument.
        sentence: what was said.
        seen: `features` of the sentence.
        request: whose stages there are.
    """
    yield from (f for f in seen if f[0] != "~" and "|" not in f and f.count(" ") <= 1)
    yield f"={command.name}"
    hits = lexicon(parameter, sentence.text, request)
    for place, option in enumerate(hits):
        yield f"lex {option}"
        yield f"lex {place} {option}"
        yield f"lex {place - len(hits)} {option}"
    yield f"lex {len(hits)}"
    yield f"lex {command.name} {' '.join(hits)}"


class _Value(NamedTuple):
    """What stands at a place: `text` as a line has it, None when it can be no value of the argument.

    `known` says that the record it names is there, `is_read` that the argument takes it.
    """

    text: str | None
    known: bool = True
    is_read: bool = True


class Reader:
    """Fills the calls of one sentence; what is the same for all commands is found once."""

    def __init__(self, sentence: Sentence, request: Request, learnt: Weights | None = None) -> None:
        """Look at the sentence."""
        self.sentence = sentence
        self.request = request
        self.learnt = learnt or weights(sentence.language)
        self.seen = list(features(sentence.said, self.learnt.words))
        self._places = place_features(sentence.said, options_in(sentence.text, request))

    def ranked(self) -> list[tuple[str, float]]:
        """Return the commands with their probabilities, the likeliest first."""
        return ranked(self.learnt.intents, self.seen)

    def fill(self, name: str) -> Filled:
        """Return the call of a command with what the sentence says for its arguments."""
        command, said = commands()[name], self.sentence.said
        values = dict[str, str]()
        filled = Filled(Call(name, values))
        spans, sure = found_places(command, said, self._places, self.learnt.places)
        facts = dict.fromkeys(("unread", "strange", "choice"), 0.0)
        for span in spans:
            parameter = command.parameter(span.slot)
            value = self._value(command, parameter, span)
            facts["unread"] += not value.is_read
            if value.text is not None:
                values[span.slot] = value.text
                filled.known = filled.known and value.known
        for parameter in command.parameters:
            facts["choice"] += self._choose(command, parameter, values)
            if parameter.name not in values:
                self._take_word(command, parameter, spans, values)
        self._take_named(command, spans, values)
        filled.missing = [p.name for p in command.parameters if p.required and p.name not in values]
        filled.facts = facts | {
            "places": sure,
            "missing": len(filled.missing),
            "unknown": not filled.known,
            "writes": not command.reads,
            "unused": self._unused(spans, values),
            "unsaid": len(self.unexplained(command, spans)),
            "guarded": changes_meaning(self.sentence.text),
            "texts": sum(is_text(command.parameter(span.slot)) for span in spans),
            "empty": not values,
        }
        return filled

    def unexplained(self, command: Command, spans: Sequence[Span]) -> set[str]:
        """Return the words outside of the values by which nobody asked for a command."""
        inside = {i for span in spans for i in range(span.first, span.after)}
        known = self.learnt.around.get(command.name, frozenset())
        outside = [t for i, t in enumerate(self.sentence.said) if i not in inside]
        words = [replace(t, said=spelled(t.said, self.learnt.words)) for t in outside]
        return set(around(words)) - known

    def _unused(self, spans: Sequence[Span], values: dict[str, str]) -> int:
        """Return how many things are named outside of all values; a customer beside its deal is no matter."""
        inside = {i for span in spans for i in range(span.first, span.after)}
        about = {"deal", "ticket", "contact"} & values.keys()
        outside = [
            token
            for place, token in enumerate(self.sentence.said)
            if place not in inside and token.named
        ]
        texts = [self.sentence.text[token.start : token.end] for token in outside]
        return sum(
            not ((about and t.said in {"@company", "@contact"}) or _TODAY.fullmatch(text))
            for t, text in zip(outside, texts, strict=True)
        )

    def _choose(self, command: Command, parameter: Parameter, values: dict[str, str]) -> float:
        """Put in the option that the sentence tells; returns the logarithm of how sure it is."""
        group = group_of(command, parameter)
        model = self.learnt.choices.get(group) if group else None
        if model is None or parameter.name in values:
            return 0.0
        found = choice_features(command, parameter, self.sentence, self.seen, self.request)
        likely = ranked(model, found)
        option, share = likely[0]
        if parameter.required and not option:
            told = lexicon(parameter, self.sentence.text, self.request)
            option = told[-1] if told else next((each for each, _share in likely if each), "")
        if option and (option == "me" or self._is_readable(parameter, option)):
            values[parameter.name] = option
        return log(max(share, _LEAST))

    def _take_named(self, command: Command, spans: Sequence[Span], values: dict[str, str]) -> None:
        """Put in what is named outside of all values where only one argument can hold it, and it alone."""
        said = self.sentence.said
        places = [(said[s.first].start, said[s.after - 1].end) for s in spans]
        unused = [
            m
            for m in self.sentence.named
            if not any(m.start < last and first < m.end for first, last in places)
        ]
        empty = [p for p in command.parameters if p.name not in values]
        for mention in unused:
            could = [p for p in empty if _holds(p, mention)]
            rivals = [m for m in unused if m is not mention and could and _holds(could[0], m)]
            if len(could) == 1 and not rivals and could[0].name not in _UNTOLD:
                value = self._named(could[0], mention)
                if value:
                    values[could[0].name] = value

    def _named(self, parameter: Parameter, mention: Mention) -> str | None:
        if naming_records(parameter.argument):
            return self._record(parameter, mention.text, mention).text
        return mention.text if self._is_readable(parameter, mention.text) else None

    def _take_word(
        self, command: Command, parameter: Parameter, spans: Sequence[Span], values: dict[str, str]
    ) -> None:
        """Put in an option whose word stands outside of all values, where such a word means nothing else."""
        if (command.name, parameter.name) not in _TOLD_BY_WORD:
            return
        said = self.sentence.said
        places = [(said[s.first].start, said[s.after - 1].end) for s in spans]
        free = [
            option
            for start, end, option in hits(parameter, self.sentence.text, self.request)
            if not any(start < last and first < end for first, last in places)
            and option not in _OF_ANYTHING
        ]
        if free:
            values[parameter.name] = free[-1]

    def _value(self, command: Command, parameter: Parameter, span: Span) -> _Value:
        """Return the value that stands at a place."""
        tokens = self.sentence.said[span.first : span.after]
        start, end = tokens[0].start, tokens[-1].end
        mention = next((m for m in self.sentence.named if (m.start, m.end) == (start, end)), None)
        if is_text(parameter):
            text = _JOINING.sub("", _trimmed(self.sentence.raw[start:end]))
            return _Value(text or None, is_read=bool(text))
        said = _trimmed(self.sentence.text[start:end])
        if naming_records(parameter.argument):
            return self._record(parameter, said, mention)
        if group_of(command, parameter) not in {None, PERSON}:
            options = lexicon(parameter, said, self.request)
            return _Value(options[0] if options else None, is_read=bool(options))
        value = said
        if mention and (mention.sorts & _WRITTEN or mention.text.isdigit()):
            value = mention.text
        elif parameter.argument.kind is FieldKind.NUMBER:
            value = re.sub(r"\D", "", said)
        read = value_of(parameter, value, self.request) if value else None
        if read is None or not self._is_readable(parameter, read.text):
            keeps = parameter.argument.kind not in _CLOSED
            return _Value(said or None if keeps else None, is_read=False)
        return _Value(read.text, read.known)

    def _record(self, parameter: Parameter, said: str, mention: Mention | None) -> _Value:
        records = naming_records(parameter.argument)
        kinds = set(records.kinds if records else ())
        if mention and "it" in mention.sorts:
            return _Value(mention.text)
        if mention and mention.text.isdigit():
            fitting = mention.sorts & kinds
            if not fitting and "number" not in mention.sorts:
                return _Value(None, is_read=False)
            numbered = len(kinds) > 1 and fitting
            return _Value(f"{min(fitting)}:{mention.text}" if numbered else mention.text)
        read = value_of(parameter, mention.text if mention else said, self.request)
        return _Value(read.text, read.known) if read else _Value(None, is_read=False)

    def _is_readable(self, parameter: Parameter, value: str) -> bool:
        """Tell whether the argument reads a value; numbers of things are looked up only when the call is run."""
        if parameter.argument.kind in (FieldKind.NUMBER, FieldKind.RECORD):
            return bool(value)
        if type(parameter.argument).__name__ in _LOOKED_UP:
            return True
        try:
            parameter.argument.read(value, Asked(self.request, lambda line: line))
        except UserError:
            return False
        return True


# Arguments whose reading looks something up that need not be there while a sentence is understood.
_LOOKED_UP = frozenset(
    {
        "DigestArgument",
        "FieldName",
        "LinkedArgument",
        "NoticeArgument",
        "MuteArgument",
        "LeaveArgument",
    }
)


def _holds(parameter: Parameter, mention: Mention) -> bool:
    """Tell whether an argument is of the type of what is named."""
    records = naming_records(parameter.argument)
    if records:
        return len(records.kinds) == 1 and mention.sorts == set(records.kinds)
    sort = _SORTS.get(parameter.argument.kind) or (
        parameter.name if parameter.name in _WRITTEN else ""
    )
    return sort in mention.sorts


def around(said: Sequence[Token]) -> Iterator[str]:
    """Yield the words that stand outside of values: English stems, Chinese characters."""
    for token in said:
        plain = not token.named and token.said[0].isalpha()
        if plain and token.said not in _MUTE:
            yield stem(token.said)


def is_text(parameter: Parameter) -> bool:
    """Tell whether an argument is kept as it was written."""
    return isinstance(parameter.argument, TextArgument)


def _trimmed(text: str) -> str:
    bare = _EDGES.sub("", text)
    quoted = _QUOTED.match(bare)
    if quoted:
        return quoted["inside"].strip()
    return bare.strip('"') if bare.count('"') == 1 else bare
