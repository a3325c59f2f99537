"""Values as people say them in a sentence: names without articles, choices by their synonyms, moments cut out.

Reading a value for good is done by the arguments of the command; here it is only seen whether it can be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from crm_store import deals, records, search, users
from handlers import naming
from handlers.arguments import (
    Argument,
    ChoiceArgument,
    MoneyArgument,
    PersonArgument,
    RecordArgument,
)
from handlers.command import Parameter
from handlers.errors import UserError
from handlers.periods import PeriodArgument, read_period
from handlers.reading.moments import prefix
from handlers.reading.money import read_money

if TYPE_CHECKING:
    from handlers.request import Request

_LONGEST_NAME = 60
_MOST_NAME_WORDS = 7
_MOST_SPANS = 4
_LEAD = re.compile(
    r"^(?:把|(?:the|our|my|a|an|this|that|customer|client|contact|company|account|deal|opportunity|ticket|task|case|todo"
    r"|number|no\.?|nr\.?)\s+|(?:这个|那个|客户|联系人|公司|商机|单子|工单|任务|待办|第(?=\d)|我们的|我的))+(?=\S)",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:'s|s'(?=\s|$)|\s+(?:deal|opportunity|ticket|company|account|order's)|的(?:商机|单子|工单|公司)?|商机|单子|号|公司)$",
    re.IGNORECASE,
)
_IT = frozenset(
    {
        *(
            "it",
            "that",
            "this",
            "one",
            "that one",
            "this one",
            "him",
            "her",
            "them",
            "he",
            "she",
            "they",
            "the",
        ),
        *("the deal", "that deal", "this deal", "the ticket", "the company", "the contact"),
        *("deal", "ticket", "company", "contact"),
        *("它", "他", "她", "这个", "那个", "这", "那", "该", "这家", "此", "这家公司"),
    }
)
_CHOICES = {
    "urgent": ("critical", "top", "紧急", "最高", "加急", "特急"),
    "high": ("important", "高", "重要"),
    "normal": ("medium", "regular", "普通", "中", "正常", "一般"),
    "low": ("minor", "低", "不急"),
    "open": ("opened", "处理中", "打开", "进行中", "未解决"),
    "pending": ("waiting", "on hold", "等待", "待定", "挂起", "等待中", "待处理"),
    "solved": ("resolved", "fixed", "已解决", "解决"),
    "closed": ("已关闭",),
    "new": ("新", "新建"),
    "rep": ("sales rep", "销售", "业务员"),
    "agent": ("support agent", "客服"),
    "manager": ("经理",),
    "admin": ("administrator", "管理员"),
    "member": ("成员",),
    "viewer": ("访客",),
    "champions": ("champion", "核心客户", "核心"),
    "loyal": ("忠诚客户", "忠诚"),
    "big_spenders": ("big spender", "高消费客户", "高消费"),
    "promising": ("潜力客户", "潜力"),
    "needs_attention": ("need attention", "需关注客户", "需关注"),
    "at_risk": ("at-risk", "流失风险客户", "流失风险"),
    "hibernating": ("sleeping", "沉睡客户", "沉睡"),
    "lost": ("流失客户", "已流失"),
}
_STAGES = {
    "won": ("won", "closed won", "赢单", "成交", "赢", "已成交", "已赢", "签约", "win"),
    "lost": ("lost", "closed lost", "输单", "丢单", "失败", "已丢", "已输", "lose"),
    "Negotiation": (
        "negotiation",
        "negotiations",
        "negotiating",
        "谈判",
        "谈判中",
        "商务谈判",
        "议价",
    ),
    "Proposal": ("proposal", "proposals", "quote", "报价", "方案", "提案", "报价中"),
    "Qualified": ("qualified", "qualification", "合格", "已确认", "已验证", "确认需求", "已甄别"),
    "Lead": ("lead", "线索", "初步接触"),
    "New": ("new", "新", "新建"),
}
_SIGNED = {
    "won": ("signed", "签了", "签下", "拿下", "赢了", "成交了", "签单"),
    "lost": ("丢了", "输了", "黄了", "没成"),
}
_KINDS = {
    "company": ("companies", "customers", "公司", "客户"),
    "contact": ("contacts", "people", "联系人"),
    "deal": ("deals", "opportunities", "商机", "单子"),
    "ticket": ("tickets", "cases", "工单"),
    "text": ("文本", "文字"),
    "number": ("numeric", "数字"),
    "date": ("日期",),
    "choice": ("select", "dropdown", "drop-down", "选项", "单选", "下拉"),
    "yes_no": ("yes/no", "checkbox", "是否"),
    "note": ("notes", "备注", "笔记"),
    "call": ("calls", "phone calls", "called", "phoned", "电话", "通话"),
    "meeting": ("meetings", "met", "会议", "会面", "开会", "见面"),
    "visit": ("visits", "visited", "拜访", "走访"),
    "email": ("emails", "e-mail", "e-mails", "mail", "mails", "邮件"),
    "order": ("orders", "ordered", "订单", "下单"),
    "stage": ("stages", "阶段"),
    "reply": ("replies", "回复"),
    "question": ("asks", "wants to know", "问题", "咨询", "询问"),
    "feedback": ("praise", "反馈", "表扬"),
    "suggestion": ("suggests", "suggest", "idea", "建议"),
    "complaint": ("complains", "complaining", "complained", "投诉", "抱怨"),
    "claim": ("rights claim", "claims", "维权", "索赔"),
    "thread": ("threads", "话题", "线程", "子话题"),
    "separate": ("separately", "own", "单独", "独立", "分开", "新消息"),
    "edit": ("replace", "replaces", "rewrite", "update the", "覆盖", "替换", "原消息", "编辑"),
    "everyone": ("everybody", "all of us", "whole team", "for all", "所有人", "大家", "全体"),
    "yes": ("active", "activate", "enable", "启用", "激活"),
    "no": ("inactive", "deactivate", "disable", "停用", "禁用"),
    "zh": ("chinese", "中文", "汉语"),
    "en": ("english", "英文", "英语"),
}
_ZONE = re.compile(r"\b[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+\b|\bUTC\b")
_SPOKEN_PERIOD = re.compile(
    r"\b(?:the )?(?:this|last|next|past)[ -](?:week|month|quarter|year)\b|\btoday\b|\byesterday\b"
    r"|(?:上|本|这|下)(?:个)?(?:周|月|季度|年)|今年|去年|明年|今天|昨天",
    re.IGNORECASE,
)
_ANSWERS = {
    "yes": (
        "yes",
        "agreed",
        "agrees",
        "granted",
        "gave",
        "opted in",
        "ok",
        "accepts",
        "同意",
        "允许",
        "愿意",
        "授权",
    ),
    "no": (
        *(
            "no",
            "not",
            "withdrew",
            "withdrawn",
            "declined",
            "refuses",
            "refused",
            "opted out",
            "unsubscribed",
            "objects",
        ),
        *("不", "撤回", "拒绝", "退订", "取消", "收回", "没"),
    ),
}
_SAID = {
    "opportunity": "deal",
    "case": "ticket",
    "todo": "task",
    "商机": "deal",
    "单子": "deal",
    "工单": "ticket",
    "任务": "task",
    "待办": "task",
    "联系人": "contact",
}
_ONE_NAME = frozenset({"name", "title", "city", "industry"})
_PARTED = re.compile(r"[:：，]|,(?! (?:Inc|Ltd|LLC|Corp|Co|GmbH|AG|SA)\b)", re.IGNORECASE)
_PREPOSITION = re.compile(r"(?:until|till|on|by|for|from|due)\s|在", re.IGNORECASE)
_KIND = re.compile(
    r"(?:the )?(?P<kind>company|contact|deal|ticket) #?(?P<number>\d{1,9})$", re.IGNORECASE
)
_SAID_KIND = re.compile(
    r"(?:the |this |that )?(?:deal|opportunity|ticket|case|task|todo|contact)\b|商机|单子|工单|任务|待办|联系人",
    re.IGNORECASE,
)
_ME = frozenset({"me", "myself", "i", "我", "我自己", "自己"})
_PERIODS = {
    "the last month": "last-month",
    "上月": "last-month",
    "上个月": "last-month",
    "本月": "month",
}
_SUFFIX = {
    "euros": "EUR",
    "euro": "EUR",
    "dollars": "USD",
    "bucks": "USD",
    "pounds": "GBP",
    "yuan": "CNY",
}


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a slot: how it is written in the line, and whether what it names is known to be there."""

    text: str
    known: bool = True
    typed: bool = True
    exact: bool = False


def value_of(  # noqa: C901, PLR0911 - one case for each type of argument
    parameter: Parameter, said: str, request: Request
) -> Value | None:
    """Return what `said` is as a value of the argument; None when it can be none."""
    # A subject that is imported before `handlers.subjects` would change the order of the commands.
    from handlers.deals import StageArgument

    text = said.strip(' \t\n,，:：;；"“”')
    argument = parameter.argument
    if record := naming_records(argument):
        return _record(text, record, request)
    match argument:
        case PersonArgument():
            return _person(text, request)
        case StageArgument():
            return _stage(text, request)
        case ChoiceArgument():
            return _choice(text, argument)
        case MoneyArgument():
            return _money(text, request)
        case PeriodArgument():
            return _period(text, request)
    if parameter.name == "email":
        return Value(text) if "@" in text and " " not in text else None
    if not text:
        return None
    if parameter.name == "words" and parameter.required:
        return _sought(text, request)
    if parameter.name in _ONE_NAME and (len(text) > _LONGEST_NAME or _PARTED.search(text)):
        return None
    return Value(text, typed=False)


def naming_records(argument: Argument[Any]) -> RecordArgument | None:
    """Return how an argument names records, None when it names none; what is muted may be a record, too."""
    if isinstance(argument, RecordArgument):
        return argument
    kinds = getattr(argument, "kinds", ())
    return RecordArgument(kinds) if kinds else None


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where moments or days stand in a sentence, the longest at each place."""
    found = place = 0
    while place < len(text) and found < _MOST_SPANS:
        length = _prefix(text, place)
        if length:
            yield place, place + length
            found += 1
        place += length or 1


def _prefix(text: str, place: int) -> int:
    before = text[place - 1 : place]
    if (
        text[place].isspace()
        or _PREPOSITION.match(text, place)
        or (before.isascii() and before.isalnum() and text[place].isascii())
    ):
        return 0
    try:
        length = prefix(text[place:])
    except UserError:
        return 0
    after = text[place + length : place + length + 1]
    cut = after.isascii() and after.isalnum() and text[place + length - 1].isascii()
    return 0 if cut else length


def _record(  # noqa: PLR0911 - one case for each way of naming a record
    text: str, argument: RecordArgument, request: Request
) -> Value | None:
    if text.casefold() in _IT:
        return Value("it")
    name = _TAIL.sub("", _LEAD.sub("", text)).strip() or text
    if name.casefold() in _IT:
        return Value("it")
    kind = _KIND.match(text)
    if kind and len(argument.kinds) > 1 and kind["kind"].casefold() in argument.kinds:
        return Value(f"{kind['kind'].casefold()}:{kind['number']}", typed=False)
    said = _SAID_KIND.match(text)
    if said and not _kinds_of(said[0]) & set(argument.kinds):
        return None
    if not naming.is_name(name):
        return Value(name)
    if len(name) > _LONGEST_NAME or len(name.split()) > _MOST_NAME_WORDS or name.isdigit():
        return None
    exact = _is_exact(name, argument, request)
    return Value(name, exact or _is_known(name, argument, request), typed=False, exact=exact)


def _kinds_of(noun: str) -> set[str]:
    word = noun.casefold().split()[-1]
    return {_SAID.get(word, word)}


def _is_exact(name: str, argument: RecordArgument, request: Request) -> bool:
    # A deal or a ticket is called by its customer as often as by its title.
    kinds = {*argument.kinds, *(("company",) if {"deal", "ticket"} & set(argument.kinds) else ())}
    return any(records.by_name(request.session, kind, name, 1) for kind in sorted(kinds))


def _is_known(name: str, argument: RecordArgument, request: Request) -> bool:
    if argument.deleted:
        return True
    session = request.session
    sought = [kind for kind in argument.kinds if kind in search.KINDS]
    if any(search.suggest(session, kind, name, 1) for kind in sought):
        return True
    return bool({"deal", "ticket"} & set(sought)) and bool(search.find(session, name, sought, 1))


def _sought(text: str, request: Request) -> Value | None:
    name = _TAIL.sub("", _LEAD.sub("", text)).strip() or text
    if len(name) > _LONGEST_NAME or len(name.split()) > _MOST_NAME_WORDS:
        return None
    return Value(name, known=bool(search.find(request.session, name, None, 1)), typed=False)


def _person(text: str, request: Request) -> Value | None:
    name = re.sub(r"^(?:colleague|同事)\s*|'s$", "", text).removeprefix("@")
    if name.casefold() in _ME:
        return Value("me")
    return Value(name) if name and users.named(request.session, name) else None


def _stage(text: str, request: Request) -> Value | None:
    wanted = re.sub(r"^(?:the)\s+|\s*(?:stage|phase|阶段|了)$", "", text.casefold()).strip()
    names = {stage.name.casefold(): stage.name for stage in deals.stages(request.session)}
    for stage, synonyms in _STAGES.items():
        if wanted in synonyms and (stage in {"won", "lost"} or stage.casefold() in names):
            return Value(stage)
    return Value(names[wanted]) if wanted in names else None


def _choice(text: str, argument: ChoiceArgument) -> Value | None:
    wanted = text.casefold().strip()
    for option in argument.options:
        if wanted in {option.value, option.value.replace("_", " ")} or wanted in _CHOICES.get(
            option.value, ()
        ):
            return Value(option.value)
    return None


def money_of(text: str, request: Request) -> str | None:
    """Return an amount as the argument reads it, None when it is none."""
    value = _money(text, request)
    return value.text if value else None


def hits(parameter: Parameter, text: str, request: Request) -> list[tuple[int, int, str]]:
    """Return where words for options of a closed list stand in a text, in their order, the longest at each place."""
    found = sorted(
        (match.start(), -match.end(), option)
        for pattern, option in _option_words(parameter, request)
        for match in pattern.finditer(text)
    )
    kept: list[tuple[int, int, str]] = []
    for start, end, option in found:
        if not kept or start >= kept[-1][1]:
            kept.append((start, -end, option))
    return kept


@cache
def _closed_lists() -> tuple[Parameter, ...]:
    """Return an argument of each closed list."""
    from handlers.command import commands

    found = {}
    for command in commands().values():
        for parameter in command.parameters:
            if isinstance(parameter.argument, ChoiceArgument):
                found[f"{parameter.name} {' '.join(parameter.argument.options)}"] = parameter
            elif type(parameter.argument).__name__ in {"StageArgument", "PreferenceArgument"}:
                found[parameter.name] = parameter
    return tuple(found.values())


def options_in(text: str, request: Request) -> Iterator[tuple[int, int, str]]:
    """Yield where the words for options of any closed list stand, with the name of its argument and the option."""
    for parameter in _closed_lists():
        for start, end, option in hits(parameter, text, request):
            yield start, end, f"{parameter.name} {option}"


def lexicon(parameter: Parameter, text: str, request: Request) -> list[str]:
    """Return the options of a closed list whose words stand in a text, in their order, without repeats."""
    return list(dict.fromkeys(option for _start, _end, option in hits(parameter, text, request)))


def _option_words(parameter: Parameter, request: Request) -> list[tuple[re.Pattern[str], str]]:
    from handlers.deals import StageArgument

    argument = parameter.argument
    if isinstance(argument, StageArgument):
        words = _stage_words(request)
    elif isinstance(argument, ChoiceArgument):
        words = {
            word: option.value
            for option in argument.options
            for word in (
                option.value,
                option.value.replace("_", " "),
                *_CHOICES.get(option.value, ()),
                *_KINDS.get(option.value, ()),
            )
        }
    elif parameter.name == "answer":
        words = {word: answer for answer, spoken in _ANSWERS.items() for word in spoken}
    else:
        words = {choice.value: choice.value for choice in argument.choices(request)}
    return [(_word_pattern(word), option) for word, option in words.items()]


@cache
def _word_pattern(word: str) -> re.Pattern[str]:
    bounded = rf"(?<![a-z]){re.escape(word)}(?![a-z])" if word.isascii() else re.escape(word)
    return re.compile(bounded, re.IGNORECASE)


def _stage_words(request: Request) -> dict[str, str]:
    names = {stage.name.casefold(): stage.name for stage in deals.stages(request.session)}
    words = dict(names)
    for stage, spoken in (*_STAGES.items(), *_SIGNED.items()):
        if stage in {"won", "lost"} or stage.casefold() in names:
            words |= dict.fromkeys(spoken, stage)
    # Words that are said of anything.
    return {
        word: stage for word, stage in words.items() if word not in {"new", "新", "lead", "新建"}
    }


def _money(text: str, request: Request) -> Value | None:
    words = text.split()
    written = " ".join([*words[:-1], _SUFFIX.get(words[-1].casefold(), words[-1])]) if words else ""
    try:
        read_money(written, request.defaults.currency)
    except UserError:
        return None
    return Value(written)


def _period(text: str, request: Request) -> Value | None:
    bare = re.sub(r"^(?:the|in|for)\s+", "", text.casefold())
    written = _PERIODS.get(bare, bare)
    return Value(written) if read_period(written, request.now, request.zone) else None
