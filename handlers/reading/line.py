"""The one entry for typed text, and the cutting of a line into words, quoted values and `name=value`.

What a word means is read elsewhere: values in the other modules here, records in `handlers/naming.py`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from handlers.errors import UserError
from handlers.reading.characters import EDGES, INVISIBLE, plain, shown
from handlers.wording import _

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT = 4_000
_NO_NAMES: frozenset[str] = frozenset()
_REFUSED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_ENDS = re.compile(r"\r\n|[\u2028\u2029]")
_WORD = re.compile(r"\S+")
_PREFIX = re.compile(
    r"\s*(?P<sign>[/!][/!\s]*)?(?:(?P<word>[a-z][\w-]*)(?:@(?P<bot>\w*))?(?!\S))?", re.IGNORECASE
)


def _closing(quotes: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\\)[{quotes}](?!\S)|[{quotes}]\Z")


# What closes a quote, best first: a phone may mix curly and straight ones, but curly ones inside straight ones stay.
_ANY_CLOSING = _closing('"＂“”')
_CLOSINGS = {
    '"': (_closing('"＂'), _ANY_CLOSING),
    "＂": (_closing('"＂'), _ANY_CLOSING),
    "“": (_closing("”"), _ANY_CLOSING),
    "”": (_closing("”"), _ANY_CLOSING),
    "„": (_closing("“”"), _ANY_CLOSING),
    "«": (_closing("»"),),
    "»": (_closing("«"),),
}


class Token(NamedTuple):
    """A word, a quoted value or a `name=value` of a line.

    Attributes:
        text: the value with full-width characters, curly quotes and long dashes in their ASCII form, for whatever
            has a syntax; without its quotes and its name.
        raw: the same as it was written, for what a person wrote for people.
        start: where the token begins in `Line.text`, with its name and quotes.
        end: where it ends.
        quoted: whether the value stood in quotes.
        name: the name of a `name=value`, else empty.
    """

    text: str
    raw: str
    start: int
    end: int
    quoted: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A cleaned line and its tokens."""

    text: str
    tokens: tuple[Token, ...]

    def rest(self, tokens: Sequence[Token]) -> str:
        """Return the text from the first to the last of some consecutive tokens as it was written.

        Line feeds, spaces and inner quotes stay; a `name=value` between them is left out with one of the gaps at
        its sides. A single quoted token is
        returned without its quotes.
        """
        if len(tokens) == 1:
            return tokens[0].raw
        if not tokens:
            return ""
        rest, start, end = "", tokens[0].start, tokens[-1].end
        for named in self.tokens:
            if named.name and start <= named.start < end and named not in tokens:
                rest = _joined(rest, self.text[start : named.start])
                start = named.end
        return _joined(rest, self.text[start:end]).strip()


def _joined(before: str, after: str) -> str:
    """Put two pieces together with one of the gaps between them, the one that begins a new line if any does."""
    if "\n" in after[: len(after) - len(after.lstrip())]:
        return before.rstrip() + after
    return before + (after.lstrip() if before[-1:].isspace() else after)


def clean(text: str) -> str:
    r"""Return what was typed in the form that everything else expects; every surface calls this first.

    The result is in Unicode's NFC, at most 4,000 characters long, has no control characters but `\n` and `\t`, no
    lone surrogates, and neither spaces nor invisible characters at its ends.

    Raises:
        UserError: it is too long, or has a character that no store or chat keeps.
    """
    _refuse_long(text)
    if "\r" in text or not text.isascii():
        text = unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", text))
        _refuse_long(text)  # a few characters become three
    refused = _REFUSED.search(text)
    if refused:
        raise UserError(
            _("The text has a character that cannot be kept: {mark}.", mark=shown(refused.group())),
            _(
                "Delete it and send the line again, for example: {example}",
                example="note add 42 Called Ann",
            ),
        )
    return text.strip(EDGES)


def strip_prefix(
    text: str, *, bot: str = "", commands: frozenset[str] = frozenset({"crm"})
) -> str | None:
    """Return a line without the marks of a chat command: `/crm deal list` and `/deal@mybot list` are `deal list`.

    Args:
        text: a cleaned line.
        bot: our user name; with it, a line that names another bot gives None.
        commands: command words that mean the whole program and are dropped.
    """
    found = _PREFIX.match(plain(text))
    if not found or not (found["sign"] or (found["word"] and not found["bot"])):
        return text
    if bot and found["bot"] and found["bot"].casefold() != bot.casefold():
        return None
    word = found["word"] or ""
    kept = "" if word.casefold() in commands else word
    return (kept + text[found.end() :]).strip(EDGES)


def split(text: str, names: frozenset[str] = _NO_NAMES) -> Line:
    r"""Cut a cleaned line into tokens; takes time in proportion to its length.

    Words are parted by any white space. A value in double quotes of any kind may have spaces, and `\"` in it is a
    quote. A quote opens only at the beginning of a word or behind `name=`, and closes only at the end of a word; one
    that nothing closes is a character like any other, as is an apostrophe. `name=value` is one only for `names`.

    Raises:
        UserError: the line is too long, or a name is given twice.
    """
    _refuse_long(text)
    syntax = plain(text)
    tokens: list[Token] = []
    seen: set[str] = set()
    unclosed = ""  # opening quotes that are known to have no closing one in the rest of the line
    done = 0
    for found in _WORD.finditer(syntax):
        start, end = found.span()
        if start < done:
            continue
        name, value = _name_at(found.group(), start, names) if names else ("", start)
        if name:
            if name in seen:
                raise _given_twice(name)
            seen.add(name)
        quote = text[value : value + 1]
        if quote in _CLOSINGS and quote not in unclosed:
            close = _find_closing(text, value)
            if close >= 0:
                done = close + 1
                tokens.append(_quoted(text, name, (start, value + 1, close)))
                continue
            unclosed += quote
        raw = text[value:end]
        if syntax is text:
            tokens.append(Token(raw, raw, start, end, name=name))
        elif (raw := raw.strip(INVISIBLE)) or name:
            tokens.append(Token(plain(raw), raw, start, end, name=name))
    return Line(text, tuple(tokens))


def _name_at(word: str, start: int, names: frozenset[str]) -> tuple[str, int]:
    """Return the name that a word begins with, or nothing, and where its value begins in the line."""
    if "=" in word:
        name = word[: word.index("=")]
        for written in (name, name.lower()):
            if written in names:
                return written, start + len(name) + 1
    return "", start


def _find_closing(text: str, opening: int) -> int:
    for pattern in _CLOSINGS[text[opening]]:
        found = pattern.search(text, opening + 1)
        if found:
            return found.start()
    return -1


def _quoted(text: str, name: str, places: tuple[int, int, int]) -> Token:
    start, value, close = places
    raw = text[value:close].replace('\\"', '"')
    return Token(plain(raw), raw, start, close + 1, quoted=True, name=name)


def _refuse_long(text: str) -> None:
    if len(text) > LIMIT:
        raise UserError(
            _("The text is too long: at most {limit} characters fit.", limit=LIMIT),
            _("Shorten it, or send it in parts."),
        )


def _given_twice(name: str) -> UserError:
    return UserError(
        _("“{name}=” is given twice.", name=shown(name)),
        _(
            "Write it once, and put a value with spaces in quotes: {example}",
            example=f'{shown(name)}="…"',
        ),
    )
