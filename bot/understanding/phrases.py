"""Sentences that a phrase of a command fits as a whole, however politely they are put."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.understanding.intents import spelled
from bot.understanding.templates import (
    MOMENT,
    Template,
    is_chinese,
    is_spoken_chinese,
    templates,
    vocabulary,
)
from bot.understanding.values import spans, value_of
from handlers.command import commands
from handlers.reading.characters import plain
from handlers.request import Call, Request

_EXACT = 12  # what a name that is written as it is kept is worth, in characters
_POLITE = re.compile(
    r"^(?:(?:please|pls|plz|kindly|hey|hi|hello|ok|okay|so|just|now|then|also|and|well|rapport|bot|quickly|maybe"
    r"|can you|could you|would you|will you|can i|could i|may i|can we|could we|i want to|i want you to|i wanna"
    r"|i would like to|i'd like to|i would like you to|i need you to|i'd like you to|let's|let us|lets|go ahead and"
    r"|do me a favour and|would you mind|i'd like|would be great if you could|we need to|we should|let me know"
    r"|help me|do you know|i wonder|i was wondering|remember to)[\s,:]+(?=\S)"
    r"|(?:请问|请你|请|麻烦你|麻烦|帮我|帮忙|我想要|我想|我要|我需要|能不能|可不可以|能否|可以|能|给我|你好|您好|帮|需要"
    r"|告诉我|想|现在|好的|嗨|劳驾|快)[,，\s]*(?!<)(?=..))+",
    re.IGNORECASE,
)
_ENDING = re.compile(
    r"(?:[\s,，]*(?:(?<![a-z])(?:please|pls|thanks|thank you|thx|right now|now|asap|would you|could you|will you|ok|ta"
    r"|cheers)|谢谢你|谢谢|好吗|可以吗|行吗|吗|呢|吧|啊|呀|哦|了吗|多谢)|[\s?？!！.。~～,，;；]+)+$",
    re.IGNORECASE,
)
_SHORT = (
    (re.compile(r"^(what|who|how|where|when|that)[']s\b", re.IGNORECASE), r"\1 is"),
    (re.compile(r"^(what|who)[']re\b", re.IGNORECASE), r"\1 are"),
    (re.compile(r"^(whats)\b", re.IGNORECASE), "what is"),
    (re.compile(r"^(whos)\b", re.IGNORECASE), "who is"),
)
_HEDGE = re.compile(r"^(.{0,6}?)一下")
_NOUNS = re.compile(
    r"compan|customer|account|client|firm|contact|person|deal|opportunit|ticket|case|task|todo|reminder|note|remind"
    r"|follow|公司|客户|联系人|商机|单子|工单|任务|待办|提醒|跟进|备注|笔记|call|meeting|visit|mail|timeline|history|rename"
    r"|电话|邮件|邮箱|拜访|会议|时间线|历史|import|digest",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A call whose phrase fits a whole sentence.

    Attributes:
        known: every record that it names is there.
        free: how many characters stand in values that any words may stand for.
        score: how much of the sentence the phrase explains.
    """

    call: Call
    known: bool
    free: int
    score: float


def best_fits(sentence: str, request: Request, among: Iterable[str]) -> dict[str, Reading]:
    """Return for each command the best of its readings by whole phrases, if need be with its slips mended."""
    wanted, text = frozenset(among), normal(sentence)
    found = readings(text, request, wanted)
    if not found and not is_spoken_chinese(text):
        mended = " ".join(spelled(word, vocabulary()) for word in text.split(" "))
        found = readings(mended, request, wanted) if mended != text else []
    return {each.call.command: each for each in sorted(found, key=lambda r: (r.known, r.score))}


def fits(sentence: str, request: Request) -> Call | None:
    """Return the call of a sentence that a phrase fits as a whole, without respelling; for lines like `undo that`."""
    found = [
        reading for reading in readings(normal(sentence), request, commands()) if reading.known
    ]
    return max(found, key=lambda reading: reading.score).call if found else None


def normal(sentence: str) -> str:
    """Return a sentence without politeness, closing marks and contractions; its words stay as they were written."""
    text = plain(sentence.replace("'", "'")).strip()
    text = " ".join(text.split()) if "\n" not in text else text
    text = _ENDING.sub("", text)
    text = _POLITE.sub("", text)
    for pattern, full in _SHORT:
        text = pattern.sub(full, text)
    return _HEDGE.sub(r"\1", text).strip() if is_chinese(text) else text


def readings(text: str, request: Request, among: Iterable[str]) -> list[Reading]:
    """Return the calls whose phrases fit a whole text.

    Args:
        text: what `normal` returned.
        request: whose records there are.
        among: the commands whose phrases are tried.
    """
    cut = [(text[:start] + MOMENT + text[end:], text[start:end]) for start, end in spans(text)]
    found, chinese, wanted = [], is_spoken_chinese(text), frozenset(among)
    for template in templates():
        if template.chinese != chinese or template.command.name not in wanted:
            continue
        for variant, moment in cut if template.timed else [(text, "")]:
            match = template.pattern.fullmatch(variant)
            if match and (reading := _read(template, match, moment, request)):
                found.append(reading)
    return found


def _read(
    template: Template, match: re.Match[str], moment: str, request: Request
) -> Reading | None:
    values, known, free, guessed, exact = dict(template.fixed), True, 0, 0, 0
    for group, said in match.groupdict().items():
        if said is None:
            continue
        name = group.partition("__")[0]
        if said == MOMENT:
            values[name] = moment
            continue
        value = value_of(template.command.parameter(name), said, request)
        if value is None or MOMENT in said:
            return None
        values[name] = value.text
        known = known and value.known
        free += 0 if value.typed else len(said)
        guessed += 0 if value.typed or value.exact or _set_apart(match, group) else len(said)
        exact += _EXACT if value.exact else 0
    if not known and not _NOUNS.search(" ".join(template.words)):
        return None
    # The more of a sentence a phrase explains, the better; a search fits everything, so it comes last.
    score = (
        len(match.string)
        + len(moment)
        + exact
        - free
        - (5 if template.command.name == "find" else 0)
    )
    return Reading(Call(template.command.name, values), known, guessed, score)


def _set_apart(match: re.Match[str], group: str) -> bool:
    """Tell whether a value is the end of a sentence behind a colon."""
    before = match.string[: match.start(group)].rstrip()
    return match.end(group) == len(match.string) and before.endswith((":", "：", ",", "，"))
