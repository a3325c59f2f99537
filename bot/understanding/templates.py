"""Phrases of the commands as patterns: how one is written, and how it is compiled.

In a phrase `<deal>` is an argument, `(a|b)` a choice, `[a]` may be missing, a word in capitals stands for its synonyms
below, and `{owner=me}` at the end gives values that are not spoken. Choosing among matches is done in `sentences`; the
phrases that begin with `~` only name words and arguments in any order, for `benchmarks/learn.py` to learn from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from handlers.command import Command, commands

LOOSE = "~"
MOMENT = "\ue000"  # stands for the moment or day that was found in a sentence
_ENGLISH = {
    "SHOW": "show me|show|give me|open up|open|pull up|display|bring up|see"
    "|get me|get|view|look at|look up|check|let me see",
    "LIST": "show me|show|list|give me|display|what are|which are|see|get me"
    "|get|view|pull up|let me see|what",
    "CREATE": "add|create|make|new|register|enter|open|set up|start|put in",
    "CHANGE": "change|set|update|edit|modify|correct|switch|adjust",
    "DELETE": "delete|remove|drop|erase|get rid of|bin|trash|throw away|scrap",
    "RESTORE": "restore|bring back|undelete|recover|get back|revive",
    "MOVE": "move|push|advance|put|shift|bring|progress|mark|set|take|drag|change|update|switch",
    "LOG": "log|record|note|note down|register|write down|put down|save",
}
_CHINESE = {
    "SHOW": "查看|看看|看|显示|打开|展示|调出|查询|查|列出",
    "LIST": "查看|看看|看|显示|列出|展示|查询|查|列|有哪些|给出",
    "CREATE": "新建|新增|添加|创建|增加|加|建|录入|登记|开",
    "CHANGE": "改成|改为|改到|调整为|调整到|调到|设为|设成|设置为|更新为|换成|变更为|定为|修改为|是",
    "DELETE": "删除|删掉|删了|移除|去掉|删",
    "RESTORE": "恢复|还原|找回",
    "MOVE": "推进到|推进至|推到|移到|移动到|移至|改到|改成|改为|转到|放到|进到|标记为|"
    "标为|标成|设为|调到|变成|更新为|更新到|挪到",
    "LOG": "记录|记下|登记|记|记一下",
}
_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"(?<![\w@.:])[A-Za-z']+(?![\w@:])")
_HAN_PER_WORD = 0.7  # how many Chinese characters say as much as an English word, at least
_PART = re.compile(
    r"<(?P<slot>[a-z_]+)>|(?P<set>[A-Z]{2,})|(?P<mark>[()\[\]|])|(?P<space>\s+)|"
    r"(?P<word>[^<>()\[\]|\sA-Z]+|[A-Z])"
)
_FIXED = re.compile(r"\s*\{(?P<values>[^}]*)\}\s*$")
_SLOTS = {
    "MomentArgument": MOMENT,
    "DayArgument": MOMENT,
    "PastMomentArgument": MOMENT,
    "MoneyArgument": r"\S*\d.{0,30}?",
    "PhoneArgument": r"\+?[\d(][\d ()./-]{4,}\d",
    "NumberArgument": r"\d{1,9}",
    "LeaveArgument": r"#?\d{1,9}",
    "MuteArgument": r"#?\d{1,9}",
    "NoticeArgument": r"#?\d{1,9}",
    "LinkedArgument": r"[a-z]+:\S+",
}


@dataclass(frozen=True, slots=True)
class Template:
    """One compiled phrase of one command; `words` are its own words, `timed` says that it needs a moment."""

    command: Command
    source: str
    chinese: bool
    fixed: tuple[tuple[str, str], ...]
    words: frozenset[str]
    timed: bool

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern, compiled when a sentence of its language comes for the first time."""
        return _pattern(self.source)


@cache
def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source, re.IGNORECASE)


@cache
def templates() -> tuple[Template, ...]:
    """Return every phrase of every declared command."""
    return tuple(
        _compiled(command, phrase)
        for command in commands().values()
        for phrase in command.phrases
        if not phrase.startswith(LOOSE)
    )


@cache
def vocabulary() -> frozenset[str]:
    """Return the English words of all phrases."""
    spoken = {word for each in templates() for word in each.words if word.isascii()}
    return frozenset(spoken.union(*(grams(synonyms) for synonyms in _ENGLISH.values())))


def is_chinese(text: str) -> bool:
    """Tell whether a text has a Chinese character."""
    return bool(_HAN.search(text))


def is_spoken_chinese(text: str) -> bool:
    """Tell whether the words of a text are rather Chinese than English; names of either may stand in both."""
    return len(_HAN.findall(text)) > _HAN_PER_WORD * len(_LATIN.findall(text))


def grams(text: str) -> frozenset[str]:
    """Return what two texts are compared by: English words, and pairs of Chinese characters."""
    words = set(re.findall(r"[a-z']+", text.casefold()))
    for run in re.findall(r"[\u3400-\u9fff]+", text):
        words |= {run[place : place + 2] for place in range(len(run) - 1)}
    return frozenset(words)


def fixed_values(phrase: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """Cut a phrase into the values that are not spoken, and the rest."""
    fixed = _FIXED.search(phrase)
    if fixed is None:
        return (), phrase
    pairs = (pair.partition("=") for pair in fixed["values"].split(","))
    return tuple((name, value) for name, _sign, value in pairs), phrase[: fixed.start()]


def synonyms(word: str) -> list[str]:
    """Return the words of both languages that a word in capitals stands for; another word stands for itself."""
    if word not in _ENGLISH:
        return [word]
    return [*_ENGLISH[word].split("|"), *_CHINESE[word].split("|")]


def _compiled(command: Command, phrase: str) -> Template:
    values, body = fixed_values(phrase)
    chinese = is_chinese(body)
    pieces = [_piece(command, part, chinese=chinese) for part in _PART.finditer(body)]
    # An argument may stand in several choices of a phrase; a pattern wants each group to have a name of its own.
    pieces = [
        piece.replace(">", f"__{place}>", 1) if "(?P<" in piece else piece
        for place, piece in enumerate(pieces)
    ]
    return Template(
        command,
        _joined(pieces, chinese=chinese),
        chinese,
        values,
        grams(re.sub(r"<\w+>|[A-Z]{2,}", " ", body)),
        f"(?:{MOMENT})" in "".join(pieces) or MOMENT in "".join(pieces),
    )


def _piece(command: Command, part: re.Match[str], *, chinese: bool) -> str:
    if part["slot"]:
        kind = type(command.parameter(part["slot"]).argument).__name__
        return f"(?P<{part['slot']}>{_SLOTS.get(kind, '.+?')})"
    if part["set"]:
        return f"(?:{(_CHINESE if chinese else _ENGLISH)[part['set']]})"
    if part["mark"]:
        return {"(": "(?:", ")": ")", "[": "(?:", "]": ")?", "|": "|"}[part["mark"]]
    return " " if part["space"] else re.escape(part["word"])


def _joined(pieces: list[str], *, chinese: bool) -> str:
    """Join the pieces; a space belongs to the optional piece beside it, so that both are missing together."""
    joined = "".join(pieces)
    if chinese:
        return joined.replace(" ", r"\s*")
    # Any run of spaces and edges between words: parts that may be missing leave no double space behind.
    return joined.replace(" ", r"(?:\s+|\b|(?=\W)|(?<=\W))")
