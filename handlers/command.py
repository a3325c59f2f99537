"""A command, declared once: its grammar, its role, its help; everything else is derived from the declaration.

Running one is the work of `bot/router.py`; the types of arguments stand in `handlers/arguments.py`.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from types import MappingProxyType, NoneType, UnionType
from typing import Any, TypeAlias

from crm_store.models import Role
from handlers.arguments import Argument, argument_for
from handlers.errors import UserError
from handlers.reading.characters import plain
from handlers.reading.line import Line, Token, split
from handlers.request import Call

Handler: TypeAlias = Callable[..., Any]

_PATTERN = re.compile(
    r"(?P<optional>\[)?(?:<(?P<required>[a-z_]+)(?P<rest1>\.\.\.)?>|(?P<named>[a-z_]+)=|(?P<name>[a-z_]+)(?P<rest2>\.\.\.)?)\]?"
)
_HELP = "help"
_registry: dict[str, Command] = {}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a command; `rest` takes the remaining words, `named` is written `name=value`."""

    name: str
    argument: Argument[Any]
    required: bool
    named: bool
    rest: bool

    @property
    def keyword(self) -> str:
        """The name of the handler's parameter: `for` is a word of the language, so `for_`."""
        return f"{self.name}_" if self.name in {"for", "from", "class"} else self.name

    def written(self, token: Token) -> str:
        """Return a token as the argument wants it: words for people as they were typed, the rest in ASCII signs."""
        return token.raw if self.argument.literal else token.text

    @property
    def label(self) -> str:
        """The name as a form shows it, to be translated."""
        return self.argument.label or self.name.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Command:
    """A declared command.

    Attributes:
        name: the words it begins with, such as `deal move`.
        role: who may run it.
        reads: it changes nothing, so it may stand in a digest and is answered to a sentence at once.
        example: a complete line that parses.
        help: the first line of the handler's docstring, to be translated.
        phrases: how people ask for it in a sentence; `bot/understanding/templates.py` says how they are written.
    """

    name: str
    parameters: tuple[Parameter, ...]
    role: Role
    reads: bool
    example: str
    help: str
    handler: Handler
    phrases: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """The grammar as help shows it."""
        return " ".join((self.name, *(_shape(parameter) for parameter in self.parameters)))

    @property
    def subject(self) -> str:
        """The first word."""
        return self.name.split()[0]

    @property
    def is_word(self) -> bool:
        """Whether its name is a single word, with which a sentence may begin as well."""
        return " " not in self.name

    def parameter(self, name: str) -> Parameter:
        """Return the parameter called `name`.

        Raises:
            KeyError: there is none.
        """
        return next(p for p in self.parameters if p.name == name)

    def parse(self, text: str) -> Mapping[str, str]:
        """Cut what follows the command's name into raw arguments; required ones may be absent.

        A `name=value` without quotes takes the words behind it that belong to its kind of value,
        once the positional arguments have theirs: `amount=12,000 EUR`, `title=Head of sales`. Before
        that it takes what only it can be, and leaves the words that must be there.

        Raises:
            UserError: a name is given twice, or words are left over.
        """
        line = self._joined(split(text, frozenset(p.name for p in self.parameters)))
        values = {
            token.name: self.parameter(token.name).written(token)
            for token in line.tokens
            if token.name
        }
        open_parameters = [p for p in self.parameters if not p.named and p.name not in values]
        words = [token for token in line.tokens if not token.name]
        for place, parameter in enumerate(open_parameters):
            if not words:
                break
            count = _width(parameter, words, last=place == len(open_parameters) - 1)
            values[parameter.name] = (
                line.rest(words[:count]) if count > 1 else parameter.written(words[0])
            )
            words = words[count:]
        return MappingProxyType(values | ({"": line.rest(words)} if words else {}))

    def _joined(self, line: Line) -> Line:
        named = {token.name for token in line.tokens}
        wanted = [p for p in self.parameters if not p.named and p.name not in named]
        tokens: list[Token] = []
        left = list(line.tokens)
        while left:
            token = left.pop(0)
            if token.name and not token.quoted:
                count = self._reach(token, left, wanted)
                token = _join([token, *left[: count - 1]])
                del left[: count - 1]
            elif not token.name:
                del wanted[:1]
            tokens.append(token)
        return Line(line.text, tuple(tokens))

    def _reach(self, token: Token, left: Sequence[Token], wanted: Sequence[Parameter]) -> int:
        argument = self.parameter(token.name).argument
        words = [word.text for word in (token, *takewhile(_is_word, left))]
        if not wanted:
            return argument.reach(words)
        spare = sum(not each.name for each in left) - sum(p.required for p in wanted)
        return max(1, min(argument.width(words), 1 + spare))

    def line(self, values: Mapping[str, str]) -> str:
        """Write the command with `values`, the inverse of `parse`; every value is named but the rest."""
        named = [
            f"{p.name}={quote(values[p.name])}"
            for p in self.parameters
            if not p.rest and p.name in values
        ]
        rest = [values[p.name] for p in self.parameters if p.rest and p.name in values]
        line = " ".join([*named, *rest])
        if rest and not _is_read_as(self, line, values):
            line = " ".join([*named, *(quote(text) for text in rest)])
        return f"{self.name} {line}".rstrip()


def command(
    pattern: str, *, role: Role, example: str, reads: bool = False, phrases: tuple[str, ...] = ()
) -> Callable[[Handler], Handler]:
    """Declare the function below as the command that `pattern` describes.

    `<x>` is required, `[x]` optional, `x...` takes the rest of the line, `x=` is named. The function's parameters
    carry the same names and their types say how each is read. `phrases` are sentences that ask for the same.

    Raises:
        ValueError: the pattern and the function do not agree, or the name is taken.
    """

    def declare(handler: Handler) -> Handler:
        made = replace(_declare(pattern, role, example, handler, reads=reads), phrases=phrases)
        if made.name in _registry:
            message = f"command {made.name!r} is declared twice"
            raise ValueError(message)
        _registry[made.name] = made
        return handler

    return declare


def commands() -> Mapping[str, Command]:
    """Return every declared command by name; `handlers.subjects.load` declares them."""
    return MappingProxyType(_registry)


def arrange(modules: Sequence[str]) -> None:
    """Put the commands into the order of their modules, in whatever order these were imported."""
    place = {module: i for i, module in enumerate(modules)}
    ordered = sorted(
        _registry.items(), key=lambda item: place.get(item[1].handler.__module__, len(place))
    )
    _registry.clear()
    _registry.update(ordered)


def match(text: str) -> tuple[Command, str] | None:
    """Find the command that `text` begins with and what follows it; None when there is none.

    `<subject> help` is `help <subject>`, of every subject.
    """
    words = plain(text).split(maxsplit=2)
    if [word.casefold() for word in words[1:]] == [_HELP] and _is_subject(words[0]):
        return _registry[_HELP], words[0]
    for size in (2, 1):
        name = " ".join(words[:size]).casefold()
        if len(words) >= size and name in _registry:
            return _registry[name], "".join(text.split(maxsplit=size)[size:])
    return None


def line_of(call: Call) -> str:
    """Write a call as the line that runs it."""
    return _registry[call.command].line(call.values)


def _is_read_as(command: Command, line: str, values: Mapping[str, str]) -> bool:
    try:
        return dict(command.parse(line)) == dict(values)
    except UserError:
        return False


def quote(value: str) -> str:
    """Put a value into quotes where the grammar needs them."""
    if value and not re.search(r'[\s"=“”„«»]', value):
        return value
    # A backslash before the closing quote would escape it; values are read without the space around them.
    space = " " if value.endswith("\\") else ""
    return '"' + value.replace('"', '\\"') + space + '"'


def _declare(pattern: str, role: Role, example: str, handler: Handler, *, reads: bool) -> Command:
    words = pattern.split()
    size = next((i for i, word in enumerate(words) if not word.isalpha()), len(words))
    hints = typing.get_type_hints(handler, include_extras=True)
    parameters = tuple(_parameter(word, hints, handler) for word in words[size:])
    expected = [p.keyword for p in parameters]
    given = list(inspect.signature(handler).parameters)[1:]
    if sorted(expected) != sorted(given):
        message = f"{pattern!r} names {expected}, the function has {given}"
        raise ValueError(message)
    help_line = inspect.getdoc(handler) or ""
    return Command(
        " ".join(words[:size]), parameters, role, reads, example, help_line.splitlines()[0], handler
    )


def _parameter(word: str, hints: dict[str, Any], handler: Handler) -> Parameter:
    match_ = _PATTERN.fullmatch(word)
    if match_ is None:
        message = f"{word!r} in the pattern of {handler.__name__} is not an argument"
        raise ValueError(message)
    name = match_["required"] or match_["named"] or match_["name"]
    keyword = f"{name}_" if name in {"for", "from", "class"} else name
    argument = argument_for(_without_none(hints[keyword]))
    rest = bool(match_["rest1"] or match_["rest2"])
    return Parameter(name, argument, not match_["optional"], bool(match_["named"]), rest)


def _without_none(hint: Any) -> Any:  # noqa: ANN401 - a type hint
    if typing.get_origin(hint) in {typing.Union, UnionType}:
        kinds = [kind for kind in typing.get_args(hint) if kind is not NoneType]
        return kinds[0] if len(kinds) == 1 else hint
    return hint


def _is_subject(word: str) -> bool:
    return any(each.subject == word.casefold() for each in _registry.values())


def _is_word(token: Token) -> bool:
    return not token.name and not token.quoted


def _join(tokens: Sequence[Token]) -> Token:
    """Return some consecutive tokens as one, with the name of the first."""
    text, raw = (" ".join(each) for each in zip(*((t.text, t.raw) for t in tokens), strict=True))
    return tokens[0]._replace(text=text, raw=raw, end=tokens[-1].end)


def _width(parameter: Parameter, words: list[Token], *, last: bool) -> int:
    if parameter.rest or (last and parameter.argument.spreads):
        return len(words)
    return max(1, parameter.argument.width([word.text for word in words]))


def _shape(parameter: Parameter) -> str:
    inner = (
        f"{parameter.name}..."
        if parameter.rest
        else f"{parameter.name}="
        if parameter.named
        else parameter.name
    )
    if parameter.named:
        return inner if parameter.required else f"[{inner}]"
    return f"<{inner}>" if parameter.required else f"[{inner}]"
