"""Commands about what customers are likely to bring, and about those unlike all others.

Both are worked out in `jobs/values.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from crm_store import records, scores
from crm_store.conversations import Reference
from crm_store.models import Receipt, Role
from crm_store.records import Model
from crm_store.scores import OUTLIER, VALUE, Scored
from crm_store.store import Session
from handlers import cards, outlier_words, value_words
from handlers.arguments import PageNumber
from handlers.command import command
from handlers.insights import Insight, Told, insight
from handlers.reasons import rounded
from handlers.reply import Action, Chart, ChartKind, Field, Reply, Row, Sensitivity, Series, Table
from handlers.request import Request
from handlers.risks import unavailable
from handlers.wording import _, plural

SHOWN = 5  # outliers with three reasons each fill a message
PICTURED = 5  # more pairs of bars than that have no room for their numbers


@command(
    "report value [page=]",
    role=Role.MEMBER,
    reads=True,
    example="report value",
    phrases=(
        (
            "SHOW [the|our] [customer] (lifetime value|customer value|clv|ltv|value report|"
            "value of our customers) [report]"
        ),
        (
            "(who|which customers|which companies) (will|should|is going to|are going to|is likely to|"
            "are likely to) (bring|bring in|spend|earn|be worth) [us] [the] most [money|revenue] "
            "[next year|in the next year|in the next 12 months]"
        ),
        "what are our customers worth [in the next year|next year|in the next 12 months]",
        "who (will|is likely to) (buy|order) [again] [next|soon]",
        "SHOW [我们的] 客户 (价值|终身价值|生命周期价值|未来价值) [报告|报表|排名|排行]",
        "(未来一年|明年|接下来一年|未来12个月) (哪些|谁|哪个) [客户] (最有价值|最值钱|贡献最大|花钱最多|买得最多)",
        "(哪些|谁) [客户] (未来一年|明年|接下来一年) (最有价值|最值钱|贡献最大|花钱最多|买得最多)",
        "[我们的] 客户 (未来一年|明年|接下来) (值多少钱|价值多少|能带来多少收入)",
    ),
)
def report_value(request: Request, page: PageNumber = 1) -> Reply:
    """Show who is likely to bring the most in the next 12 months, and what changed since last week."""
    session, receipt = request.session, scores.receipt(request.session, VALUE)
    if receipt is None:
        return _none(request, _("No values have been worked out yet."))
    data = receipt.data
    offset = (page - 1) * cards.PAGE_SIZE
    found = scores.ranking(session, VALUE, data["period"], offset, cards.PAGE_SIZE)
    request.memory.listed([each.customer for each in found])
    loaded = records.load(session, [each.customer for each in found])
    known = [each for each in found if each.customer in loaded]
    reply = Reply(
        title=_("Who will bring the most in the next 12 months"),
        text=_in_all(data),
        fields=(Field(_("How"), value_words.made_how(data)),),
        table=_table(known, loaded, data, _week_before(session, receipt, known)),
        chart=_chart(known[:PICTURED], loaded, data),
        sensitivity=Sensitivity.INTERNAL,
    )
    return cards.page(reply, cards.again(request), page, data["customers_scored"])


@insight(VALUE, of=("company", "contact"))
def tell_value(told: Told) -> Insight:
    """Say what a customer is likely to bring, and when they will buy next."""
    data, scored = told.receipt, told.scored
    before = _week_before_of(told.session, data, [scored])
    return Insight(
        label=_("Value in the next 12 months"),
        text=value_words.headline(scored, data),
        reasons=tuple(value_words.sentences(scored, before.get(scored.customer), data)),
        next=value_words.suggestion(scored, told.receipt),
        how=value_words.made_how(data),
    )


@command(
    "report outliers [page=]",
    role=Role.MEMBER,
    reads=True,
    example="report outliers",
    phrases=(
        "SHOW [the|our|me] (outliers|unusual customers|odd customers|strange customers|customer outliers)",
        (
            "(which|what) (customers|companies|clients) (are|look) (unusual|odd|strange|outliers|"
            "out of the ordinary|unlike the others|unlike all others|different from the others)"
        ),
        "(is|are) there [any] (unusual|odd|strange) customers",
        "SHOW [我们的] (异常客户|离群客户|特殊客户|与众不同的客户|反常的客户)",
        "(哪些|什么|哪个) 客户 (异常|反常|与众不同|很特别|不寻常|和别人不一样|跟其他客户不一样)",
        "[有没有|有] (异常|反常|不寻常|与众不同) 的 客户 [吗]",
    ),
)
def report_outliers(request: Request, page: PageNumber = 1) -> Reply:
    """Show the customers unlike all others, and in what they differ."""
    session, receipt = request.session, scores.receipt(request.session, OUTLIER)
    if receipt is None:
        return _none(request, _("Nobody has been compared with the others yet."))
    data = receipt.data
    found = scores.ranking(session, OUTLIER, data["period"], (page - 1) * SHOWN, SHOWN)
    request.memory.listed([each.customer for each in found])
    loaded = records.load(session, [each.customer for each in found])
    known = [each for each in found if each.customer in loaded]
    blocks = [outlier_words.group(data)]
    for place, each in enumerate(known, (page - 1) * SHOWN + 1):
        name = records.name_of(loaded[each.customer])
        said = outlier_words.sentences(each.reasons, data["currency"])
        lines = [_("{place}. {name}", place=place, name=name), *(f"• {line}" for line in said)]
        blocks.append("\n".join(lines))
    reply = Reply(
        title=outlier_words.title(data["total"]),
        text="\n\n".join(block for block in blocks if block),
        fields=(Field(_("How"), outlier_words.made_how(data)),),
        actions=tuple(_open(each, loaded) for each in known),
        sensitivity=Sensitivity.INTERNAL,
    )
    return cards.page(reply, cards.again(request), page, min(data["total"], data["kept"]), SHOWN)


@insight(OUTLIER, of=("company", "contact"))
def tell_outlier(told: Told) -> Insight:
    """Say in what a customer is unlike all others."""
    data, first = told.receipt, told.scored.reasons[0]
    said = outlier_words.sentences(told.scored.reasons, data["currency"])
    return Insight(
        label=_("Unlike all others"),
        text=outlier_words.kind(first["feature"], above=first["deviations"] > 0),
        reasons=tuple(said),
        next=_("Next: look whether this is a chance, a danger or a mistake in the records."),
        how=outlier_words.made_how(data),
    )


def _none(request: Request, title: str) -> Reply:
    return Reply(title=title, text=unavailable(request.defaults.time_zone))


def _open(each: Scored, loaded: Mapping[Reference, Model]) -> Action:
    name = records.name_of(loaded[each.customer])
    return Action(_("Open {name}", name=name), f"{each.customer.kind} show {each.customer.id}")


def _in_all(data: Mapping[str, Any]) -> str:
    return plural(
        "{count} customer is likely to bring {sum}; in as long a time before it was {before}.",
        "{count} customers are likely to bring {sum}; in as long a time before it was {before}.",
        data["customers_scored"],
        sum=rounded(data["sum"], data["currency"]),
        before=rounded(data["sum_before"], data["currency"]),
    )


def _week_before(
    session: Session, receipt: Receipt, found: Sequence[Scored]
) -> Mapping[Reference, Scored]:
    return _week_before_of(session, receipt.data, found)


def _week_before_of(
    session: Session, data: Mapping[str, Any], found: Sequence[Scored]
) -> Mapping[Reference, Scored]:
    """Return last week's values of these customers, where they were worked out in the same way."""
    week = scores.week_of(date.fromisoformat(data["on"]) - scores.WEEK)
    receipt = scores.receipt(session, VALUE, week)
    if receipt is None or receipt.data["model"] != data["model"]:
        return {}
    return scores.of_some(session, VALUE, week, [each.customer for each in found])


def _table(
    found: Sequence[Scored],
    loaded: Mapping[Reference, Model],
    data: Mapping[str, Any],
    before: Mapping[Reference, Scored],
) -> Table:
    currency = data["currency"]
    rows = []
    for each in found:
        old = before.get(each.customer)
        change = "–" if old is None else value_words.signed(each.value - old.value, currency)
        cells = (
            records.name_of(loaded[each.customer]),
            rounded(each.value, currency),
            rounded(each.reasons[0]["history"], currency),
            change,
            each.label or "–",
        )
        rows.append(Row(cells, opens=f"{each.customer.kind} show {each.customer.id}"))
    columns = (
        _("Customer"),
        _("Next 12 months"),
        _("Last 12 months"),
        _("Since last week"),
        _("Next purchase"),
    )
    return Table(columns, tuple(rows), (1, 2, 3))


def _chart(
    found: Sequence[Scored], loaded: Mapping[Reference, Model], data: Mapping[str, Any]
) -> Chart | None:
    if not found:
        return None
    return Chart(
        ChartKind.BARS,
        _("What customers brought and are likely to bring"),
        tuple(records.name_of(loaded[each.customer]) for each in found),
        (
            Series(_("Last 12 months"), tuple(each.reasons[0]["history"] for each in found)),
            Series(_("Next 12 months"), tuple(each.value for each in found)),
        ),
        data["currency"],
    )
