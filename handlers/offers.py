"""Commands about what is bought together and what to offer next, and their words on the cards.

What is suggested is worked out in `jobs/baskets.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm_store import records, scores
from crm_store.conversations import Reference
from crm_store.models import Company, Contact, Deal, Receipt, Role
from crm_store.records import Model
from crm_store.scores import OFFER, RULES, Scored
from crm_store.store import Session
from handlers import cards
from handlers.arguments import AnyRecord, PageNumber
from handlers.command import command
from handlers.errors import UserError
from handlers.insights import Insight, Told, insight
from handlers.reply import Action, Field, Reply, Sensitivity
from handlers.request import Request
from handlers.wording import _, day, mark, number, percent, plural

SHOWN = 5
MADE_AT = "04:10"
PAIRS = "pairs"
_SOURCES = {
    "also": mark("{together} of {buyers} buyers of {other} also took it"),
    "similar": mark("like {other}, which they bought"),
    "title": mark("fits the title of the deal"),
    "selling": mark("{buyers} customers took it in the last {days} days"),
    "industry": mark("{buyers} of {customers} customers in {of} took it in the last {days} days"),
    "country": mark("{buyers} of {customers} customers in {of} took it in the last {days} days"),
    "everybody": mark("{buyers} of {customers} customers took it in the last {days} days"),
}


@dataclass(frozen=True, slots=True)
class _Suggestion:
    """A product by its name, why in a few words, and the code of why."""

    product: str
    why: str
    code: str


@insight(OFFER, of=("company", "contact", "deal"))
def tell_offer(told: Told) -> Insight | None:
    """Say what to offer a customer or in a deal next."""
    found = _suggestions(told.session, told.scored)
    if not found:
        return None
    first, rest = found[0], found[1:]
    text = _("{product} ({why})", product=first.product, why=first.why)
    if rest:
        names = " · ".join(each.product for each in rest)  # names have commas
        text = _("{first}; then {others}", first=text, others=names)
    return Insight(
        label=_("Offer next"),
        text=text,
        reasons=tuple(_("{product}: {why}.", product=e.product, why=e.why) for e in found),
        next=_next(first),
        how=_made_how(told.receipt),
    )


@command(
    "offers <record>",
    role=Role.MEMBER,
    reads=True,
    example='offers "Acme Ltd"',
    phrases=(
        "what (should|can|could) (i|we) (offer|sell|recommend|suggest) [to] <record> [next]",
        "what (to|else to) (offer|sell|recommend|suggest) [to] <record> [next]",
        "what (might|could|would|will) <record> (buy|order|want|need) [next]",
        "(recommend|suggest) (something|products|a product) (for|to) <record>",
        "LIST [the|my] (offers|suggestions|recommendations|cross-selling ideas) (for|of) <record>",
        "(给|向|为) <record> 推荐 [一下|些|一些] [什么|哪些] [产品|商品]",
        "[我|我们] (可以|应该|该|能) (给|向) <record> (推荐|卖|推销) (什么|哪些) [产品|商品]",
        "<record> (还会|接下来会|下次会|可能会) (买|订|要|需要) (什么|哪些) [产品|商品]",
    ),
)
def show_offers(request: Request, record: AnyRecord) -> Reply:
    """Show what to offer a customer or in a deal next, and why."""
    if not isinstance(record, Company | Contact | Deal):
        raise UserError(
            _("There are suggestions for companies, contacts and deals."),
            _("Type `offers` with the name of one of these."),
        )
    reference = records.reference(record)
    request.about(reference.kind, reference.id)
    name = records.name_of(record)
    made = scores.of_record(request.session, reference, (OFFER,))
    found = _suggestions(request.session, made[0][0]) if made else []
    if not found:
        return _nothing(request, record, name)
    lines = [
        _("{place}. {product}: {why}.", place=place, product=each.product, why=each.why)
        for place, each in enumerate(found, 1)
    ]
    return Reply(
        title=_("What to offer {name} next", name=name),
        text="\n".join([*lines, _next(found[0])]),
        fields=(Field(_("How"), _made_how(made[0][1].data)),),
        actions=(
            Action(_("Why?"), f"why {reference}"),
            Action(_("Follow up {name}", name=name), f"followup {reference} tomorrow 9:00"),
        ),
        sensitivity=Sensitivity.INTERNAL,
    )


@command(
    "report baskets [page=]",
    role=Role.MEMBER,
    reads=True,
    example="report baskets",
    phrases=(
        "(what|which products|which articles) (is|are) [often|usually] (bought|sold|ordered) together",
        "(what|which products|which articles) do customers [often|usually] (buy|order) together",
        "(what|which products) (sell|sells|go|goes) [well|best|often] together",
        "LIST [the] (baskets|basket report|basket analysis|association rules|bought together|market baskets)",
        "(哪些|什么) (产品|商品|东西) (经常|常常|通常|会|常)[被] 一起 (买|购买|卖|订购)",
        "SHOW [商品|产品] (购物篮|关联规则|搭配|关联) [分析|报告|报表]",
    ),
)
def report_baskets(request: Request, page: PageNumber = 1) -> Reply:
    """Show what is bought together, in words and counts."""
    receipt = scores.receipt(request.session, RULES)
    if receipt is None:
        zone = request.defaults.time_zone
        return Reply(title=_("Nothing has been worked out yet."), text=_unavailable(zone))
    lines = _rules(request.session, receipt.data)
    part = lines[(page - 1) * SHOWN : page * SHOWN]
    reply = Reply(
        title=_title(receipt.data, len(lines)),
        text="\n".join(f"• {line}" for line in part),
        fields=(Field(_("How"), _rules_how(receipt)),),
    )
    return cards.page(reply, cards.again(request), page, len(lines), SHOWN)


def _suggestions(session: Session, scored: Scored) -> list[_Suggestion]:
    """Word what is kept of a record; products deleted since are left out."""
    names = _product_names(session, _mentioned(scored.reasons))
    return [
        _Suggestion(names[each["product"]], _why(each, names), each["code"])
        for each in scored.reasons
        if each["product"] in names and each.get("item", each["product"]) in names
    ]


def _mentioned(reasons: Iterable[Mapping[str, Any]]) -> set[int]:
    return {each[key] for each in reasons for key in ("product", "item") if key in each}


def _product_names(session: Session, products: Iterable[int]) -> dict[int, str]:
    wanted = [Reference("product", each) for each in sorted(products)]
    loaded: Mapping[Reference, Model] = records.load(session, wanted)
    return {each.id: records.name_of(record) for each, record in loaded.items()}


def _why(reason: Mapping[str, Any], names: Mapping[int, str]) -> str:
    code = reason["code"]
    if code == "again":
        return _again(reason)
    values = {
        name: number(value)
        for name, value in reason.items()
        if name in {"together", "buyers", "customers", "days"}
    }
    other = names.get(reason.get("item", -1), "")
    text = _SOURCES[reason["by"] if code == "popular" else code]
    return _(text, **values, other=other, of=reason.get("of", ""))


def _again(reason: Mapping[str, Any]) -> str:
    every = plural("{count} day", "{count} days", reason["every"])
    since = plural("{count} day", "{count} days", reason["since"])
    if reason["days"] > 1:
        return _(
            "usually re-ordered every {every}, last bought {since} ago", every=every, since=since
        )
    return _(
        "bought {since} ago; those who buy it again do so after about {every}",
        every=every,
        since=since,
    )


def _next(first: _Suggestion) -> str:
    if first.code == "again":
        return _("Next: ask whether it is time for {product} again.", product=first.product)
    return _("Next: mention {product} when you speak next.", product=first.product)


def _nothing(request: Request, record: Company | Contact | Deal, name: str) -> Reply:
    title = _("There is nothing to suggest for {name} yet.", name=name)
    receipt = scores.receipt(request.session, OFFER)
    if receipt is None:
        return Reply(title=title, text=_unavailable(request.defaults.time_zone))
    if isinstance(record, Deal):
        text = _(
            "Suggestions are made every night for open deals, from what their customer bought."
        )
    else:
        text = _(
            "Suggestions are made every night from products in orders; what others bought becomes a "
            "reason once at least {least} customers did.",
            least=number(receipt.data["least"]["together"]),
        )
    return Reply(title=title, text=text)


def _unavailable(zone: str) -> str:
    return _(
        "The job `baskets` works on the products in orders every night at {time} ({zone}); an admin "
        "runs it at once with `rapport job baskets`.",
        time=MADE_AT,
        zone=zone,
    )


def _made_how(data: Mapping[str, Any]) -> str:
    """Say how suggestions were worked out, how good that was, and why a rule where it is one."""
    parts = [_method(data), _quality(data), _worked_out(data)]
    return " ".join(part for part in parts if part)


def _method(data: Mapping[str, Any]) -> str:
    if data["usable"]:
        return _(
            "From what {customers} customers bought: what buyers of the same products took, "
            "what is like it by name and price, how well it sells now, and what is due to be "
            "ordered again.",
            customers=number(data["customers"]),
        )
    rule = _(
        "By a plain rule, not by a model: what is due again, and what most of those like them bought."
    )
    if data["why"] == "too_few_customers":
        why = _(
            "A rule because a model needs {least} customers with three days of buying; there are {count}.",
            least=number(data["least"]["tested"]),
            count=number(data["tested"]),
        )
    else:
        why = _("A rule because a model was tried and was not surely better than what sells most.")
    return f"{rule} {why}"


def _quality(data: Mapping[str, Any]) -> str:
    quality = data["quality"]
    if not quality or not data["usable"]:
        return ""
    return _(
        "Tested on a day it had not seen, the last on which each of {customers} customers took "
        "something new to them: {hit} took one of ten suggestions; of the ten that sell most "
        "lately, {popular}.",
        customers=number(quality["customers"]),
        hit=percent(quality["new"]["hit"]),
        popular=percent(quality["popular"]["hit"]),
    )


def _worked_out(data: Mapping[str, Any]) -> str:
    on = _("Worked out on {day}.", day=day(date.fromisoformat(data["period"])))
    if not data["items_left_out"]:
        return on
    left_out = plural(
        "{count} product is left out, as fewer customers bought it than the others.",
        "{count} products are left out, as fewer customers bought them than the others.",
        data["items_left_out"],
    )
    return f"{on} {left_out}"


def _title(data: Mapping[str, Any], found: int) -> str:
    if data["model"] == PAIRS and found:
        return _("Bought together so far")
    if not found:
        return _("Nothing is bought together often enough to tell")
    return plural(
        "{count} rule of what is bought together", "{count} rules of what is bought together", found
    )


def _rules(session: Session, data: Mapping[str, Any]) -> list[str]:
    """Word every rule, or every pair where there are too few orders, whose products still exist."""
    told = data["rules"] or data["pairs"]
    items = {
        item for each in told for key in ("given", "then", "items") for item in each.get(key, ())
    }
    names = _product_names(session, items)
    return [
        _pair(each, names) if "items" in each else _rule(each, names)
        for each in told
        if names.keys() >= {*each.get("given", ()), *each.get("then", ()), *each.get("items", ())}
    ]


def _rule(rule: Mapping[str, Any], names: Mapping[int, str]) -> str:
    lift = rule["together"] * rule["baskets"] / (rule["with_given"] * rule["with_then"])
    return _(
        "Of {buyers} orders with {given}, {together} also had {then}: {lift} times as often as usual.",
        buyers=number(rule["with_given"]),
        given=_joined(rule["given"], names),
        together=number(rule["together"]),
        then=_joined(rule["then"], names),
        lift=number(lift, 1),
    )


def _pair(pair: Mapping[str, Any], names: Mapping[int, str]) -> str:
    return plural(
        "{names}: together in {count} order.",
        "{names}: together in {count} orders.",
        pair["together"],
        names=_joined(pair["items"], names),
    )


def _joined(items: Sequence[int], names: Mapping[int, str]) -> str:
    return " + ".join(names[item] for item in items)


def _rules_how(receipt: Receipt) -> str:
    data = receipt.data
    least = data["least"]
    if data["model"] == PAIRS:
        made = _(
            "Only counted, without rules: these need {least} orders with products, there are {count}.",
            least=number(least["baskets"]),
            count=number(data["rows_trained"]),
        )
    else:
        made = _(
            "From {count} orders: products that {together} orders or more hold together, where at "
            "least {share} of the orders with the one hold the other, and {lift} times as many as "
            "usual; first those that explain most orders beyond chance.",
            count=number(data["rows_trained"]),
            together=number(least["together"]),
            share=percent(least["share"]),
            lift=number(least["lift"], 1),
        )
    on = _("Worked out on {day}.", day=day(date.fromisoformat(data["period"])))
    return f"{made} {on}"
