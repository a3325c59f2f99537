"""A sentence as the parts that are weighed: English words, Chinese characters, and what is named as one part each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.understanding.mentions import Mention

_SORTS = (
    "deal",
    "ticket",
    "task",
    "contact",
    "company",
    "person",
    "email",
    "phone",
    "money",
    "moment",
    "digest",
    "import",
    "event",
    "message",
    "number",
    "it",
)
_PART = re.compile(
    r"[a-z]+(?=n['’]t\b)|n['’]t\b|['’](?:s|m|re|ll|ve|d)\b|[a-z]+(?:[-.@/_][a-z0-9]+)*|\d[\d.,]*|[^\w\s]|[\u3400-\u9fff]|\w+",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    r"\b(?:this|last|past|next|previous) (?:week|month|quarter|year)\b"
    r"|[这上本下][个一]?(?:周|月|季度|星期|礼拜)|[今去明]年",
    re.IGNORECASE,
)
_FULL = {
    "n't": "not",
    "'s": "'s",
    "'m": "am",
    "'re": "are",
    "'ll": "will",
    "'ve": "have",
    "'d": "would",
    "ca": "can",
    "wo": "will",
    "pls": "please",
    "plz": "please",
    "u": "you",
    "thx": "thanks",
    "whats": "what",
    "dont": "not",
    "e-mail": "email",
    "，": ",",
    "：": ":",
    "？": "?",
    "！": "!",
    "。": ".",
    "；": ";",
    "、": ",",
}
_ENDINGS = (
    ("ies", "y"),
    ("sses", "ss"),
    ("ing", ""),
    ("ed", ""),
    ("es", "e"),
    ("s", ""),
)
_SHORTEST_STEM = 3


@dataclass(frozen=True, slots=True)
class Token:
    """One part of a sentence between two places; `said` is what it is weighed by, `@company` for what is named."""

    start: int
    end: int
    said: str
    named: bool = False
    capital: bool = False


def tokens(text: str, named: Sequence[Mention]) -> list[Token]:
    """Return the parts of a sentence in which `named` is mentioned."""
    return list(_tokens(text, sorted(named, key=lambda mention: mention.start)))


def stem(word: str) -> str:
    """Return an English word without its commonest endings; what is left need not be a word."""
    if not word.isascii() or word.startswith("@"):
        return word
    for ending, other in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            bare = word[: -len(ending)] + other
            return bare[:-1] if len(bare) > _SHORTEST_STEM and bare[-1] in ("e", bare[-2]) else bare
    return word[:-1] if len(word) > _SHORTEST_STEM + 1 and word.endswith("e") else word


def _tokens(text: str, named: Sequence[Mention]) -> Iterator[Token]:
    place = 0
    for mention in named:
        yield from _plain(text, place, mention.start)
        period = _PERIOD.search(text[mention.start : mention.end])
        sort = next((sort for sort in _SORTS if sort in mention.sorts), "it")
        yield Token(mention.start, mention.end, "@period" if period else f"@{sort}", named=True)
        place = mention.end
    yield from _plain(text, place, len(text))


def _plain(text: str, start: int, end: int) -> Iterator[Token]:
    while start < end:
        period = _PERIOD.search(text, start, end)
        stop = period.start() if period else end
        for match in _PART.finditer(text, start, stop):
            said = match[0].casefold().replace("’", "'")
            capital = match[0][0].isupper() and match.start() > 0
            yield Token(*match.span(), _FULL.get(said, said), capital=capital)
        if period:
            yield Token(*period.span(), "@period")
        start = period.end() if period else end
