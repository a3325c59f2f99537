"""What a sentence names, wherever it stands: records, colleagues, addresses, amounts, moments.

What was named is only found here; which command it is meant for is decided in `sentences`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from bot.understanding.templates import vocabulary
from bot.understanding.values import money_of, spans
from crm_store import names, records, search, users
from handlers import naming

if TYPE_CHECKING:
    from handlers.request import Request

_SEEN = 300  # characters in which records are looked for by name
_NAME_WORDS = 6
_NAME_CHARACTERS = 12
_LIKE = 0.5  # how alike a part of a name must be to the whole
_SLIP = 0.85  # how alike what was said must be to the beginning of a name: one slip in five letters
_NOUNS = {
    "deal": "deals?|opportunit(?:y|ies)|商机|单子|销售机会",
    "ticket": "tickets?|cases?|工单",
    "task": "tasks?|todos?|to-dos?|reminders?|任务|待办|提醒",
    "company": "compan(?:y|ies)|customers?|accounts?|clients?|公司|客户",
    "contact": "contacts?|联系人",
    "import": "imports?|导入",
    "digest": "digests?|摘要|简报|定期报告",
    "event": "events?|事件",
    "message": "messages?|消息",
}
_NUMBERED = tuple(
    (
        sort,
        re.compile(
            rf"(?<![A-Za-z])(?:{nouns})\s*(?:number|no\.?|nr\.?|第)?\s*[#:]?(?P<after>[0-9]{{1,9}})(?:号)?(?![\w.])"
            rf"|[#第]?(?P<before>[0-9]{{1,9}})\s*号(?:的)?\s*(?:{nouns})"
            rf"|\bnumber #?(?P<among>[0-9]{{1,9}}) (?:in|of|on|from) (?:my|the|our) (?:{nouns})\b",
            re.IGNORECASE | re.ASCII,
        ),
    )
    for sort, nouns in _NOUNS.items()
)
_ALTERNATIVE = re.compile(r"\|(?![^(]*\))")
NOUNS = {
    sort: re.compile(
        "|".join(
            rf"\b(?:{noun})(?:'s)?\b" if noun.isascii() else noun
            for noun in _ALTERNATIVE.split(nouns)
        ),
        re.IGNORECASE | re.ASCII,
    )
    for sort, nouns in _NOUNS.items()
}
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_PHONE = re.compile(r"(?:\+|\b0|\b1[3-9](?=\d{9}\b))[\d][\d ()./-]{5,}\d\b", re.ASCII)
_MONEY = re.compile(
    r"[$€£¥]\s?\d[\d.,]*\s?(?:k|m|万|千|亿)?"
    r"|\d[\d.,]*\s?(?:k|m|mio|万|千|百万|亿)?\s?(?:eur|usd|gbp|cny|chf|euros?|dollars?|pounds?|yuan|bucks|欧元|美元|元|块)"
    r"(?![a-z])|\d[\d.,]*\s?(?:k|m|万|千|百万|亿)(?![a-z])|\b\d{1,3}(?:[.,]\d{3})+\b|\b\d{4,9}\b",
    re.IGNORECASE | re.ASCII,
)
_NUMBER = re.compile(r"#(?P<number>[0-9]{1,9})\b|(?<![\w.,:])(?P<bare>[0-9]{1,6})号")
_IT = re.compile(
    r"\b(?:the )?(?P<place>first|second|third|fourth|fifth|1st|2nd|3rd|4th|5th)(?: one| in the list)?\b"
    r"|\b(?:it|that one|this one|(?:that|this) (?:deal|ticket|task|company|contact|customer))\b"
    r"|第[一二三四五六七八九十]个|它|[这那]个(?:(?=$|[,，已推改转标设])|商机|单子|工单|任务|客户|公司|联系人)",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"[A-Z][\w&.-]*(?: [A-Z][\w&.-]*)*")
_SMALL = re.compile(r"(?<![\w'.@-])[a-z]{3,}(?![\w@.-]*\w)", re.ASCII)
_MOST_SMALL = 12  # words that are looked up
_HAN = re.compile(r"[\u3400-\u9fffA-Za-z0-9]+")
_SAT = re.compile(r"sat (?:down|with|together)\b", re.IGNORECASE)  # no saturday
_WORD = re.compile(r"[\w&.'-]*\w", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mention:
    """One thing that is named between two places of a sentence.

    Attributes:
        sorts: what it can be: kinds of records, `person`, `email`, `phone`, `money`, `moment`, `it`, `number`.
        text: how it is written in a command line.
    """

    start: int
    end: int
    sorts: frozenset[str]
    text: str


def mentions(text: str, request: Request) -> list[Mention]:
    """Return what a sentence names, in the order it stands there; nothing overlaps."""
    taken: list[Mention] = []
    for found in (_numbered, _patterns, _names, _moments, _amounts, _people, _similar, _begun):
        for mention in found(text, request):
            if not any(mention.start < other.end and other.start < mention.end for other in taken):
                taken.append(mention)
    if not any(mention.sorts & {*search.KINDS, "task"} for mention in taken):
        taken.extend(_pronouns(text, taken, request))
    return sorted(taken, key=lambda mention: mention.start)


def _numbered(text: str, _request: Request) -> Iterator[Mention]:
    for sort, pattern in _NUMBERED:
        for match in pattern.finditer(text):
            number = match["after"] or match["before"] or match["among"]
            yield Mention(*match.span(), frozenset({sort}), number)
    for match in _NUMBER.finditer(text):
        yield Mention(*match.span(), frozenset({"number"}), match["number"] or match["bare"])


def _patterns(text: str, _request: Request) -> Iterator[Mention]:
    for sort, pattern in (("email", _EMAIL), ("phone", _PHONE)):
        for match in pattern.finditer(text):
            yield Mention(*match.span(), frozenset({sort}), match[0])


def _names(text: str, request: Request) -> Iterator[Mention]:
    places: dict[str, list[tuple[int, int]]] = {}
    for start, end in _grams(text[:_SEEN]):
        places.setdefault(text[start:end], []).append((start, end))
    known = names.exactly(request.session, places)
    for name in sorted(known, key=len, reverse=True):
        for start, end in places[name]:
            yield Mention(start, end, frozenset(known[name]), name)


def _grams(text: str) -> Iterator[tuple[int, int]]:
    words = [match.span() for match in _WORD.finditer(text)]
    for place, (start, _end) in enumerate(words):
        for _start, end in words[place : place + _NAME_WORDS]:
            yield start, end - 2 if text[start:end].endswith("'s") else end
    for run in _HAN.finditer(text):
        if not run[0].isascii():
            for start in range(*run.span()):
                for end in range(start + 2, min(start + _NAME_CHARACTERS, run.end()) + 1):
                    if not (_cuts_word(text, start) or _cuts_word(text, end)):
                        yield start, end


def _cuts_word(text: str, place: int) -> bool:
    """Tell whether a place is inside of a word in Latin letters; Chinese is written without spaces."""
    before, after = text[max(0, place - 1) : place], text[place : place + 1]
    return bool(before and after) and (before + after).isascii() and not before.isspace()


def _moments(text: str, _request: Request) -> Iterator[Mention]:
    for start, end in spans(text):
        said = text[start:end].strip(" ,，、")
        if _SAT.match(text, start):
            continue
        yield Mention(start, start + len(said), frozenset({"moment"}), said)


def _amounts(text: str, request: Request) -> Iterator[Mention]:
    for match in _MONEY.finditer(text):
        written = money_of(match[0].rstrip(".,"), request)
        if written:
            yield Mention(
                match.start(),
                match.start() + len(match[0].rstrip(".,")),
                frozenset({"money"}),
                written,
            )


def _people(text: str, request: Request) -> Iterator[Mention]:
    lower = text.casefold()
    for user in users.everyone(request.session):
        for name in dict.fromkeys((user.name.casefold(), user.name.casefold().split()[0])):
            pattern = (
                rf"(?<![a-z]){re.escape(name)}(?![a-z])" if name.isascii() else re.escape(name)
            )
            for match in re.finditer(pattern, lower):
                yield Mention(
                    *match.span(), frozenset({"person"}), text[match.start() : match.end()]
                )


def _similar(text: str, request: Request) -> Iterator[Mention]:
    """Yield parts of names, such as a first name; only what is written with capitals, as names are."""
    for match in _CAPITALS.finditer(text):
        if match[0].casefold() in vocabulary() or (match.start() == 0 and match[0] == "I"):
            continue
        best = {
            kind: hits[0].score
            for kind in search.KINDS
            if (hits := search.suggest(request.session, kind, match[0], 1))
            and (hits[0].score >= _LIKE or _is_slip(match[0], hits[0], request))
        }
        if best:
            top = max(best.values())
            kinds = frozenset(kind for kind, score in best.items() if score == top)
            yield Mention(*match.span(), kinds, match[0])


def _is_slip(said: str, hit: search.Hit, request: Request) -> bool:
    """Tell whether a name begins with nearly what was said."""
    record = records.find(request.session, hit.kind, hit.record_id)
    words = said.casefold().split()
    name = records.name_of(record).casefold().split() if record else []
    begins = " ".join(name[: len(words)])
    return SequenceMatcher(None, " ".join(words), begins).ratio() >= _SLIP


def _begun(text: str, request: Request) -> Iterator[Mention]:
    """Yield first names in small letters, as people type them on a phone."""
    places = {
        match[0]: match.span()
        for match in _SMALL.finditer(text[:_SEEN])
        if match[0] not in vocabulary()
    }
    for word, kinds in names.begun(request.session, list(places)[:_MOST_SMALL]).items():
        yield Mention(*places[word], frozenset(kinds), word)


def _pronouns(text: str, taken: list[Mention], request: Request) -> Iterator[Mention]:
    for match in _IT.finditer(text):
        if not any(match.start() < other.end and other.start < match.end() for other in taken):
            said = match["place"] or match[0]
            word = said if match["place"] or said.startswith("第") else "it"
            meant = naming.remembered(word, request)
            yield Mention(*match.span(), frozenset({"it", *([meant.kind] if meant else [])}), word)
            return
