"""How text is folded, cut into words and turned into the tokens that records are found by.

The same tokens serve both databases. The index itself stands in `crm_store/search.py`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable

__all__ = [
    "fold",
    "is_cjk",
    "key",
    "needed_tokens",
    "phone_digits",
    "readings",
    "split",
    "tokens",
]

# Scripts written without spaces or with very short words: cut into characters and pairs.
_CJK = (
    "\u3005\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(f"[{_CJK}]+|[^\\W_{_CJK}]+")
_IS_CJK = re.compile(f"[{_CJK}]")
_ACCENT = re.compile("[\u0300-\u036f]")
_PHONE = re.compile(r"(?<!\w)\+?\(?[0-9](?:[0-9\s()./-]*[0-9])?(?!\w)")
_PHONE_MIN_DIGITS = 5
# Latin letters that Unicode does not take apart into a base and an accent.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
_QUERY_LENGTH = 200
_QUERY_WORDS = 12
_WORD_LENGTH = 64


def key(text: str) -> str:
    """Fold a name for exact look-ups: compatibility forms, case and spacing do not matter."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def fold(text: str) -> str:
    """Fold text for search: as `key`, and Latin, Greek and Cyrillic accents do not matter."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    together = unicodedata.normalize("NFKC", _ACCENT.sub("", apart).translate(_LETTERS))
    return together.casefold()


def split(text: str) -> list[str]:
    """Return the folded words of a text: runs of letters and digits, Chinese apart from Latin."""
    return [word[:_WORD_LENGTH] for word in _WORD.findall(fold(text))]


def needed_tokens(word: str) -> list[str]:
    """Return the tokens that a record must have to contain `word`, as `split` gives it.

    They cover the word without overlap but the last: fewer tokens are found faster, and what
    holds them without the word is sorted out later. A Latin word of one or two letters is found
    at the start of words only.
    """
    size = _size(word)
    if len(word) < size:
        return [word] if is_cjk(word) else ["^" + word]
    every = _every(word, size)
    return list(dict.fromkeys([*every[::size], every[-1]]))


def tokens(words: Iterable[str]) -> set[str]:
    """Return every token under which a record with these words is found."""
    found: set[str] = set()
    for word in words:
        found.update(_tokens(word))
    return found


def is_cjk(word: str) -> bool:
    """Tell whether a word of `split` is Chinese, Japanese or Korean."""
    return not word.isascii() and _IS_CJK.match(word) is not None


def readings(text: str) -> list[list[str]]:
    """Return the ways to read what somebody typed into a search, each as its words; none if empty.

    Digits in groups may be a phone number, which is kept as one word and in international form:
    the second reading joins the groups and drops the leading zeros.
    """
    folded = fold(text[:_QUERY_LENGTH])
    plain = split(folded)[:_QUERY_WORDS]
    joined = split(_PHONE.sub(_join_digits, folded))[:_QUERY_WORDS]
    return [words for words in (plain, joined if joined != plain else []) if words]


def phone_digits(phone: str) -> str:
    """Return the digits of a phone number, with a space before an extension."""
    number, _, extension = phone.partition(";ext=")
    return f"{re.sub('[^0-9]', '', number)} {re.sub('[^0-9]', '', extension)}"


# Names, firms and mail domains come again and again while an index is built.
@functools.lru_cache(maxsize=4_096)
def _tokens(word: str) -> tuple[str, ...]:
    starts = word if is_cjk(word) else ("^" + word[:1], "^" + word[:2])
    return (*_every(word, _size(word)), *starts)


def _size(word: str) -> int:
    return 2 if is_cjk(word) else 3


def _every(word: str, size: int) -> list[str]:
    return [word[at : at + size] for at in range(len(word) - size + 1)]


def _join_digits(match: re.Match[str]) -> str:
    digits = re.sub(r"[^0-9]", "", match[0].replace("(0)", "")).lstrip("0")
    return digits if len(digits) >= _PHONE_MIN_DIGITS else match[0]
