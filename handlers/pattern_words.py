"""The words for what trees and regressions speak of: fields, conditions, outcomes and amounts.

Only wording: codes and numbers come from `jobs/patterns.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crm_store import questions, table_periods
from crm_store.fields import FieldType, RecordKind
from crm_store.money import Money
from crm_store.questions import AMOUNT, DEMAND, REPLY, REVENUE, SALES
from crm_store.search import key
from crm_store.store import Session
from crm_store.table_columns import built_in
from crm_store.tables import ADDED
from handlers.wording import _, mark, money, number, plural

FIELDS = {
    "activities": mark("contacts with the customer"),
    "amount": mark("amount"),
    "assignee": mark("assignee"),
    "calls": mark("calls"),
    "channel": mark("channel"),
    "city": mark("city"),
    "company_source": mark("source of the company"),
    "complaints": mark("complaints"),
    "contacts": mark("contacts"),
    "country": mark("country"),
    "currency": mark("currency"),
    "days_in_stage": mark("days in the stage"),
    "days_known": mark("days known to us"),
    "days_open": mark("days since the opening"),
    "days_since_activity": mark("days since the last contact"),
    "days_since_order": mark("days since the last order"),
    "deals_lost": mark("deals lost before"),
    "deals_won": mark("deals won before"),
    "emails": mark("e-mails"),
    "first_reply_hours": mark("hours to the first reply"),
    "hours_open": mark("hours since it came"),
    "industry": mark("industry"),
    "kind": mark("kind"),
    "meetings": mark("meetings"),
    "messages": mark("messages"),
    "new_companies": mark("new companies"),
    "new_contacts": mark("new contacts"),
    "new_deals": mark("new deals"),
    "notes": mark("notes"),
    "orders": mark("orders before"),
    "owner": mark("owner"),
    "pipeline": mark("pipeline"),
    "priority": mark("priority"),
    "queue": mark("queue"),
    "replies": mark("replies"),
    "revenue": mark("revenue before"),
    "source": mark("source"),
    "stage": mark("stage"),
    "text_length": mark("length of the text"),
    "tickets": mark("tickets"),
    "time": mark("time passed"),
    "title": mark("job title"),
    "visits": mark("visits"),
}
# What one more of a counted field is called; other languages need a measure word here.
ONE = {
    "activities": mark("contact with the customer"),
    "calls": mark("call made"),
    "complaints": mark("complaint made"),
    "contacts": mark("contact person"),
    "deals_lost": mark("deal lost before"),
    "deals_won": mark("deal won before"),
    "emails": mark("e-mail written"),
    "meetings": mark("meeting held"),
    "messages": mark("message written"),
    "new_companies": mark("new company"),
    "new_contacts": mark("new contact"),
    "new_deals": mark("new deal"),
    "notes": mark("note written"),
    "orders": mark("order before"),
    "replies": mark("reply sent"),
    "tickets": mark("ticket opened"),
    "visits": mark("visit paid"),
}
# The same of time, by what is looked at.
TIME = {"week": mark("week that passes"), "month": mark("month that passes")}
_TRANSLATED = frozenset({"kind", "priority"})
_PAID = frozenset({"amount", "revenue"})
_YES_NO = {"yes": mark("yes"), "no": mark("no")}
_REST = {"…": mark("one of the rarer ones"), "": mark("not known")}


@dataclass(frozen=True, slots=True)
class Words:
    """How an outcome is spoken of.

    Attributes:
        name: what a person types or picks.
        rule: what holds of some of the rows, with {when}, {count}, {rows} and {share}.
        base: the same of all, with {count}, {rows} and {share}.
        seen: when each record is looked at, and what counts.
    """

    name: str
    rule: str
    base: str
    seen: str


OUTCOMES: Mapping[str, Words] = {
    questions.WON: Words(
        mark("won"),
        mark("{when}: {count} of {rows} were won ({share})."),
        mark("Of all {rows} deals {count} were won ({share})."),
        mark(
            "Each ended deal is seen as it was {days} days after its opening; those that had ended "
            "by then are left out, and those opened so lately that only the fast ones have ended."
        ),
    ),
    questions.LEFT: Words(
        mark("left us"),
        mark("{when}: {count} of {rows} left ({share})."),
        mark("Of all {rows} customers {count} left ({share})."),
        mark(
            "Everyone who had ordered in the year before {from_} is seen as they were on that day; "
            "left means no order in the {days} days after it."
        ),
    ),
    questions.CUSTOMER: Words(
        mark("became a customer"),
        mark("{when}: {count} of {rows} became customers ({share})."),
        mark("Of all {rows} who had not ordered, {count} became customers ({share})."),
        mark(
            "Everyone is seen as they were {wait} days after they were entered; a customer ordered "
            "within the {days} days after that."
        ),
    ),
    questions.SOLVED: Words(
        mark("solved in time"),
        mark("{when}: {count} of {rows} were closed in time ({share})."),
        mark("Of all {rows} tickets {count} were closed in time ({share})."),
        mark("Each ticket is seen as it came; in time means closed within {days} days."),
    ),
    questions.REOPENED: Words(
        mark("reopened"),
        mark("{when}: {count} of {rows} were opened again ({share})."),
        mark("Of all {rows} ended tickets {count} were opened again ({share})."),
        mark(
            "Each ticket is seen as it was when it was first solved or closed; opened again counts "
            "within the {days} days after that."
        ),
    ),
    questions.COMPLAINT: Words(
        mark("complaint"),
        mark("{when}: {count} of {rows} were complaints ({share})."),
        mark("Of all {rows} tickets {count} were complaints ({share})."),
        mark("Each ticket is seen as it came, without its queue and priority."),
    ),
}
_ADDED = Words(
    "",
    mark("{when}: “{name}” holds for {count} of {rows} ({share})."),
    mark("“{name}” holds for {count} of all {rows} ({share})."),
    mark(
        "Each record is seen as it is today, because nobody keeps since when the field has said so: "
        "what stands here may also have followed from it."
    ),
)
AMOUNTS = {
    AMOUNT: mark("amount"),
    REVENUE: mark("revenue"),
    REPLY: mark("first reply"),
    DEMAND: mark("demand"),
    SALES: mark("sales"),
}
# Other ways to write them, in both languages, as `key` folds them.
SPELLED: Mapping[str, str] = {
    questions.WON: "win|wins|winning|deals won|won deals|deal is won|赢单|赢|成交",
    questions.LEFT: "leave|leaving|churn|churned|customers left|customers leaving|leavers|流失|客户流失",
    questions.CUSTOMER: "customers|conversion|converted|becoming a customer|成为客户|转化",
    questions.SOLVED: "in time|on time|solving in time|按时解决|按时",
    questions.REOPENED: "reopening|opened again|重新打开|重开",
    questions.COMPLAINT: "complaints|投诉",
    AMOUNT: "amounts|deal size|deal amount|the amount|金额|商机金额",
    REVENUE: "turnover|the revenue|收入|客户收入",
    REPLY: "reply time|first reply time|time to reply|首次回复|回复时间",
    DEMAND: "orders|number of orders|the demand|需求|订单数",
    SALES: "sales revenue|销售额",
}
ABOUT = {
    AMOUNT: mark("Amount of won deals"),
    REVENUE: mark("Revenue of customers"),
    REPLY: mark("Hours to the first reply"),
    DEMAND: mark("Number of orders"),
    SALES: mark("Revenue of all orders"),
}


def outcome(code: str) -> Words:
    """Return how an outcome is spoken of."""
    return OUTCOMES.get(code, _ADDED)


def outcome_name(code: str, label: str) -> str:
    """Return what an outcome or amount is called; `label` is that of an added field."""
    if code in OUTCOMES:
        return _(OUTCOMES[code].name)
    return _(AMOUNTS[code]) if code in AMOUNTS else label


def field_name(code: str, labels: Mapping[str, str]) -> str:
    """Return what a field is called; `labels` are those of added fields, by code."""
    return _(FIELDS[code]) if code in FIELDS else labels.get(code, code.removeprefix(ADDED))


def of_kind(session: Session, of: str) -> dict[str, str]:
    """Return the fields that a kind of record, or a week or month, can be looked at by: label by code."""
    if of not in set(RecordKind):
        return {code: _(FIELDS[code]) for code in table_periods.FIELDS}
    found = {code: _(FIELDS[code]) for code in built_in(RecordKind(of))}
    added = questions.added(session, *FieldType)
    return found | {ADDED + each.name: each.label for kind, each in added if kind == of}


def named(text: str, fields: Mapping[str, str]) -> str | None:
    """Return the code of the field that is written so, by its code, its name or its label."""
    wanted = key(text).replace("_", " ")
    for code, label in fields.items():
        plain = code.removeprefix(ADDED).replace("_", " ")
        if wanted in {plain, key(label), key(FIELDS.get(code, label))}:
            return code
    return None


def condition(asked: Mapping[str, Any], labels: Mapping[str, str], currency: str) -> str:
    """Say what is asked of one field, such as `Contract: monthly` or `visits above 2`."""
    field = field_name(asked["feature"], labels)
    if asked["level"] is not None:
        return _("{field}: {word}", field=field, word=level(asked["feature"], asked["level"]))
    low, high = (_bound(asked["feature"], asked[end], currency) for end in ("low", "high"))
    if asked["low"] is None:
        if asked["feature"] in ONE and asked["high"] < 1:
            return _("no {field}", field=field)
        return _("{field} at most {high}", field=field, high=high)
    if asked["high"] is None:
        return _("{field} above {low}", field=field, low=low)
    return _("{field} above {low}, at most {high}", field=field, low=low, high=high)


def level(feature: str, word: str) -> str:
    """Say a word of a field; what people wrote stays as it is."""
    if word in _REST:
        return _(_REST[word])
    if word in _YES_NO:
        return _(_YES_NO[word])
    return _(word.replace("_", " ")) if feature in _TRANSLATED else word


def size(code: str, value: float, currency: str) -> str:
    """Write so much of an amount that is looked into."""
    if code in {AMOUNT, REVENUE, SALES}:
        return _money(value, currency)
    if code == REPLY:
        return plural("{number} hour", "{number} hours", round(value), number=_number(value))
    if code == DEMAND:
        return plural("{number} order", "{number} orders", round(value), number=_number(value))
    return _number(value)


def step(feature: str, value: float, currency: str) -> str:
    """Write one step of a number field."""
    return _money(value, currency) if feature in _PAID else _number(value)


def _bound(feature: str, value: float | None, currency: str) -> str:
    if value is None:
        return ""
    return _money(value, currency) if feature in _PAID else _number(value)


def _money(value: float, currency: str) -> str:
    places = "1" if abs(value) >= 10 else "0.01"  # noqa: PLR2004 - cents of small sums alone
    return money(Money(Decimal(str(value)).quantize(Decimal(places)), currency))


def _number(value: float) -> str:
    """Write three digits, without decimals that say nothing."""
    if value == int(value) or abs(value) >= 100:  # noqa: PLR2004
        return number(round(value))
    return number(value, 1 if abs(value) >= 10 else 2)  # noqa: PLR2004
