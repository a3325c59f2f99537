"""The market in the store: what each industry, country, product or segment brings, and where it is heading.

Worked out every night in `jobs/markets.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from crm_store import scores
from crm_store.markets import Part
from crm_store.models import Role
from crm_store.money import Money
from crm_store.series import MARKET
from handlers import cards, trend_words
from handlers.arguments import PageNumber
from handlers.cards import PAGE_SIZE
from handlers.command import command
from handlers.reply import Action, Chart, ChartKind, Field, Reply, Row, Series, Table
from handlers.request import Request
from handlers.segment_moves import NAMES
from handlers.trends import unavailable
from handlers.wording import _, day, mark, money, number, percent

TITLES = {
    Part.INDUSTRY: mark("Market by industry"),
    Part.COUNTRY: mark("Market by country"),
    Part.PRODUCT: mark("Market by product"),
    Part.SEGMENT: mark("Market by segment"),
}
LABELS = {
    Part.INDUSTRY: mark("Industry"),
    Part.COUNTRY: mark("Country"),
    Part.PRODUCT: mark("Product"),
    Part.SEGMENT: mark("Segment"),
}
MOVED = 0.1  # a change on the year before from which it is named
NAMED = 3
_Share = Mapping[str, Any]


@command(
    "report market [by=] [page=]",
    role=Role.MEMBER,
    reads=True,
    example="report market by=country",
    phrases=(
        "SHOW [the|our] market [analysis|report|shares]",
        "[SHOW] [the|our] (market|sales|revenue|market share) (by|per) (industry|sector|branch) {by=industry}",
        "[SHOW] [the|our] (market|sales|revenue|market share) (by|per) (country|region) {by=country}",
        "[SHOW] [the|our] (market|sales|revenue|market share) (by|per) product {by=product}",
        "[SHOW] [the|our] (market|sales|revenue|market share) (by|per) segment {by=segment}",
        "(what|which) (industries|industry|sectors) (buy|buys|sell|grow|grows) [the] [most|best|fastest] {by=industry}",
        "(what|which) (countries|country|regions) (buy|buys|grow|grows) [the] [most|best|fastest] {by=country}",
        "(what|which) products (sell|are selling|grow) [the] [most|best|fastest] {by=product}",
        "(what are|SHOW) [the|our] (best sellers|best selling products|top products) {by=product}",
        "SHOW [我们的] 市场 (分析|份额|报告|报表)",
        "[按|各] 行业 [的] (市场|销售|收入|市场份额|市场分析|销售额) [分析|份额|分布] {by=industry}",
        "[按|各] (国家|地区) [的] (市场|销售|收入|市场份额|市场分析|销售额) [分析|份额|分布] {by=country}",
        "[按|各] 产品 [的] (市场|销售|收入|市场份额|市场分析|销售额) [分析|份额|分布] {by=product}",
        "(哪个|哪些) 行业 (买得最多|增长最快|卖得最好) {by=industry}",
        "(哪个|哪些) (国家|地区) (买得最多|增长最快|卖得最好) {by=country}",
        "(哪个|哪些|什么) 产品 (卖得最好|最畅销|增长最快) {by=product}",
    ),
)
def report_market(request: Request, by: Part = Part.INDUSTRY, page: PageNumber = 1) -> Reply:
    """Show what each industry, country, product or segment brings: size, share, demand and trend."""
    receipt = scores.receipt(request.session, f"{MARKET}{by}")
    if receipt is None:
        return Reply(
            title=_("Nothing is known of the market yet."),
            text=unavailable(request.defaults.time_zone),
        )
    data = receipt.data
    if not data["shares"]:
        return Reply(
            title=_(TITLES[by]),
            text=_("Nothing was ordered in the last 12 full months, or no order names products."),
        )
    shares = data["shares"]
    shown = shares[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    reply = Reply(
        title=_(TITLES[by]),
        text="\n".join(_summary(by, data)),
        fields=tuple(_fields(by, data)),
        table=_table(by, shown, data["currency"]),
        chart=_chart(by, shown, data["currency"]),
        actions=tuple(
            Action(_(LABELS[part]), f"report market by={part}", replaces=True)
            for part in Part
            if part is not by
        ),
    )
    return cards.page(reply, cards.again(request), page, len(shares))


def _summary(by: Part, data: Mapping[str, Any]) -> list[str]:
    shares = data["shares"]
    first = shares[0]
    lines = [
        _("Last 12 months: {amount}.", amount=_amount(data["total"], data["currency"])),
        _(
            "The largest part: {name}, {share}.",
            name=_name(by, first),
            share=_percent(first["share"]),
        ),
    ]
    moved = sorted(
        (each for each in shares if each["change"] is not None), key=lambda each: each["change"]
    )
    up = [each for each in reversed(moved) if each["change"] >= MOVED][:NAMED]
    down = [each for each in moved if each["change"] <= -MOVED][:NAMED]
    if up:
        lines.append(_("Growing: {names}.", names=_changes(by, up)))
    if down:
        lines.append(_("Shrinking: {names}.", names=_changes(by, down)))
    return lines


def _changes(by: Part, shares: Sequence[_Share]) -> str:
    return ", ".join(f"{_name(by, each)} ({_change(each['change'])})" for each in shares)


def _fields(by: Part, data: Mapping[str, Any]) -> list[Field]:
    told = {
        _("Worked out on"): day(date.fromisoformat(data["period"])),
        _("How"): _how(by),
        _("Left out"): trend_words.left_out(data["left_out"], data["currency"]),
    }
    hidden = data["parts"] - len(data["shares"])
    if hidden > 0:
        told[_("Not shown")] = _("{count} smaller parts", count=number(hidden))
    return [Field(label, value) for label, value in told.items() if value]


def _how(by: Part) -> str:
    if by is Part.SEGMENT:
        return _(
            "Orders of full months, by the segment that each customer is in today. As customers are"
            " in it for what they bought lately, no change and no trend is told."
        )
    return _(
        "Orders of full months; the change is against the 12 months before. A trend is told only"
        " where it stands out from the ups and downs; the next 3 months are foretold as in"
        " `report trend`."
    )


def _table(by: Part, shares: Sequence[_Share], currency: str) -> Table:
    columns = (
        _(LABELS[by]),
        _("Last 12 months"),
        _("Share"),
        _("Change in a year"),
        _("Pieces") if by is Part.PRODUCT else _("Orders"),
        _("Customers"),
        _("Trend a month"),
        _("Next 3 months"),
    )
    rows = tuple(
        Row(
            (
                _name(by, each),
                _amount(each["sum"], currency),
                _percent(each["share"]),
                _change(each["change"]),
                number(each["units"]),
                number(each["customers"]),
                _change(each["monthly"]),
                "–" if each["next"] is None else _amount(each["next"], currency),
            )
        )
        for each in shares
    )
    return Table(columns, rows, tuple(range(1, len(columns))))


def _chart(by: Part, shares: Sequence[_Share], currency: str) -> Chart:
    return Chart(
        ChartKind.BARS,
        _(TITLES[by]),
        tuple(_name(by, each) for each in shares),
        (Series(_("Last 12 months"), tuple(each["sum"] for each in shares)),),
        currency,
    )


def _name(by: Part, each: _Share) -> str:
    name = each["name"]
    if not name:
        return _("in no segment") if by is Part.SEGMENT else _("not filled in")
    return _(NAMES[name]) if by is Part.SEGMENT and name in NAMES else name


def _amount(value: float, currency: str) -> str:
    return money(Money(Decimal(str(value)).quantize(Decimal(1)), currency))


def _percent(share: float | None) -> str:
    return "–" if share is None else percent(share)


def _change(share: float | None) -> str:
    if share is None:
        return "–"
    return f"+{percent(share)}" if share > 0 else percent(share)
