"""Characters as phones and input methods write them: their plain form, numerals, and how they are shown back.

Cutting a line into words lives in `line`; what the words mean lives in the other readers.
"""

from __future__ import annotations

import re

ECHO_LIMIT = 40  # characters of an input that an answer repeats at most
INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"  # they take no room and join or part nothing at the end of a word
_DOUBLE_QUOTES = "“”„‟«»″"
_SINGLE_QUOTES = "‘’‚‛′"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_SPACES = (
    "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
EDGES = INVISIBLE + " \t\n" + _SPACES  # what is cut off at the ends of a text
_PLAIN = (
    {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # the full-width forms of ASCII
    | dict.fromkeys(map(ord, _DOUBLE_QUOTES), '"')
    | dict.fromkeys(map(ord, _SINGLE_QUOTES), "'")
    | dict.fromkeys(map(ord, _DASHES), "-")
    | dict.fromkeys(map(ord, _SPACES), " ")
    | {0xFFE1: "£", 0xFFE5: "¥"}
)
_HIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)
_CONTROL_PICTURES = 0x2400
_SPACE_RUN = re.compile(r"[ \n\t]+")

NUMERAL = r"(?:\d{1,4}|[零〇一二两三四五六七八九十百]{1,5})"  # what `numeral` reads
_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
}
_PLACES = {"十": 10, "百": 100}


def plain(text: str) -> str:
    """Return the ASCII form of full-width characters, curly quotes, long dashes and wide spaces, place by place.

    The result is as long as `text`, so an offset in one is an offset in the other.
    """
    return text if text.isascii() else text.translate(_PLAIN)


def shown(text: str) -> str:
    """Return at most 40 characters of what was typed, on one line, with a mark for each that cannot be seen."""
    line = _SPACE_RUN.sub(" ", text[: 4 * ECHO_LIMIT]).strip(" ")
    whole = len(line) <= ECHO_LIMIT and len(text) <= 4 * ECHO_LIMIT
    return _HIDDEN.sub(_mark, line if whole else line[: ECHO_LIMIT - 1] + "…")


def numeral(text: str) -> int:
    """Read a number below 1000 in Chinese characters, such as `二十三` or `二〇`, or one in ASCII digits."""
    if text.isascii():
        return int(text)
    total = digit = 0
    for character in text:
        place = _PLACES.get(character)
        if place:
            total, digit = total + (digit or 1) * place, 0
        else:
            digit = digit * 10 + _DIGITS[character]
    return total + digit


def _mark(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code in range(0x20):
        return chr(_CONTROL_PICTURES + code)
    return "\ufffd"
