"""Reports on deals and tickets; a sum never mixes currencies.

Periods are read in `handlers/periods.py`; the reports on customers stand in `risks.py` and
`segments.py`, the forecast in `forecasts.py`; a report that comes by itself is `digests.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from crm_store import deals, tickets
from crm_store.deals import EndedSum, StageSum
from crm_store.models import Priority, Role, StageKind, TicketStatus, User
from crm_store.money import PLACES, Money
from crm_store.tickets import Count
from handlers.command import command
from handlers.periods import Period, TimeSpan, Unit, current
from handlers.reply import Action, Chart, ChartKind, Field, Reply, Row, Series, Table
from handlers.request import Request
from handlers.wording import _, money, number, percent, plural

LEADERS = 10


@command(
    "report pipeline [period=] [owner=]",
    role=Role.MEMBER,
    reads=True,
    example="report pipeline period=2026-Q4",
    phrases=(
        "what is (stuck|stalled|stale|not moving|blocked) [in (my|the|our) pipeline] {owner=me}",
        (
            "(which|what) deals are (stuck|stalled|stale|not moving|blocked|at a "
            "standstill) [in (my|the|our) pipeline]"
        ),
        "LIST [the] (stuck|stalled|stale) deals",
        "how does my (pipeline|funnel) look [like] {owner=me}",
        (
            "what is (stuck|stalled|stale|not moving|blocked) in my (pipeline|funnel|"
            "deals) {owner=me}"
        ),
        "SHOW my (pipeline|funnel) [report] {owner=me}",
        "how (is|does) my (pipeline|funnel) [look|looking|doing] [like] {owner=me}",
        (
            "SHOW [the|our|me the] (pipeline|funnel|sales pipeline|sales funnel) "
            "[report|overview|summary]"
        ),
        "how (is|does) (the|our) (pipeline|funnel|sales pipeline) [look|looking|doing] [like]",
        "(how are sales|how are we doing) [going|this <period>|in <period>]",
        "SHOW [the|our] (pipeline|funnel) [report] (for|of|in) <period>",
        "SHOW <owner>'s (pipeline|funnel) [report]",
        "(how does|how is) (my|our|the) (pipeline|funnel) (look|looking|doing)",
        "SHOW an overview of (the|our) (pipeline|funnel)",
        "how much is in (the|our) pipeline",
        "how much (did we sell|did we win|have we sold|have we won) [in|for] <period>",
        "(pipeline|sales) report [for <period>]",
        "SHOW (销售管道|销售漏斗|管道|漏斗|销售报表|商机报表) [报表|报告]",
        "SHOW 我的 (销售管道|销售漏斗|管道|漏斗) {owner=me}",
        (
            "我的 [销售](管道|漏斗) [里] [有] (什么|哪些) [商机|单子] (卡住|停滞|"
            "卡着|没动静) [了] {owner=me}"
        ),
        (
            "我的 (管道|漏斗|销售管道|销售漏斗) [里] [有] [什么|哪些] [商机|单子] "
            "[怎么样|什么情况] [卡住|停滞|卡着|没动静] [了] {owner=me}"
        ),
        "(哪些|什么) (商机|单子) (卡住|停滞|卡着|没动静|停滞不前|没有进展) [了]",
        "(销售)(怎么样|情况如何|情况怎么样|情况)",
        "SHOW <period> [的] (销售管道|销售漏斗|销售报表|销售情况|业绩)",
        "<period> [的] (销售|业绩) (怎么样|如何|情况)",
        (
            "~ (pipeline|funnel|sales pipeline|管道|漏斗|销售漏斗|销售管道) (my|mine|我|我的) [how|what|"
            "worth|look|looks|does|is|SHOW|stuck|value|情况|怎么样|看看|多少|状态|report|doing|"
            "going|金额] <period?> {owner=me}"
        ),
        (
            "~ (pipeline|funnel|漏斗|管道) <owner> [how|what|worth|look|looks|does|is|SHOW|"
            "stuck|value|情况|怎么样|看看|多少|销售|sales|report|doing|看]"
        ),
        (
            "~ (pipeline|funnel|漏斗|管道|sales numbers|sales figures|sales report|销售情况|"
            "销售怎么样|销售业绩|业绩|how are we doing|销售报表|sales) [how|what|worth|look|looks|does|"
            "is|SHOW|stuck|value|情况|怎么样|看看|多少|sales|销售|numbers|figures|report|doing|"
            "going|are|the|of|如何|如何了|看|整体|overall|total] <period?>"
        ),
        (
            "~ (turnover|selling|revenue so far|business|sales performance|成交额|卖得|销售额|"
            "业务) [how|is|are|we|going|doing|SHOW|what|was|the|much|did|sell|怎么样|多少|情况|如何|"
            "sales] <period?>"
        ),
        (
            "~ (pipeline|漏斗|管道) (how much|money|value|total|worth|多少|钱|金额) [is|in|the|"
            "there|里|有|of|total] <period?>"
        ),
    ),
)
def report_pipeline(
    request: Request, period: TimeSpan | None = None, owner: User | None = None
) -> Reply:
    """Show the open deals by stage, and what was won and lost in a period."""
    span = period or current(Unit.QUARTER, request.now, request.zone)
    session, owner_id = request.session, owner.id if owner else None
    stages = deals.by_stage(session, owner_id)
    now = deals.ended(session, span.since, span.until, owner_id)
    before = deals.ended(session, span.before.since, span.before_until, owner_id)
    leaders = deals.won_by_owner(session, span.since, span.until, owner_id)
    lines = [
        *_open_lines(stages),
        *_ended_lines(StageKind.WON, now, before, span),
        *_ended_lines(StageKind.LOST, now, before, span),
    ]
    named = {
        _("Win rate"): _win_rate(now, before, span),
        _("Leaders, {period}", period=span.name): _leaders(leaders),
    }
    return Reply(
        title=_("Pipeline of {name}", name=owner.name) if owner else _("Pipeline"),
        text="\n".join(lines),
        fields=tuple(Field(label, value) for label, value in named.items() if value),
        table=_stage_table(stages) if stages else None,
        chart=_stage_chart(stages),
        actions=(Action(_("Forecast"), "report forecast"), Action(_("Deals"), "deal list")),
        footer=_("Sums of each currency stand alone; none is converted.")
        if len({each.currency for each in stages}) > 1
        else "",
    )


@command(
    "report tickets [period=]",
    role=Role.MEMBER,
    reads=True,
    example="report tickets period=last-month",
    phrases=(
        (
            "SHOW [the] (ticket|support|service) (report|statistics|stats|figures|"
            "numbers|overview|summary) [for <period>]"
        ),
        "(ticket|support) (report|statistics|stats|figures|numbers)",
        "(工单|客服) (统计|报表|报告|数据)",
        "how (is|are) (support|the tickets|our support|the support team) [doing]",
        (
            "how many tickets (do we have|did we get|came in|were opened|are there|"
            "are open) [in|for] [<period>]"
        ),
        "SHOW (工单|客服|支持) (报表|报告|统计|情况|数据)",
        "SHOW <period> [的] (工单|客服) (报表|报告|统计|情况|数据)",
        "<period> [有|来了|收到] [多少] 工单 [统计]",
        "(工单|客服) (情况) (怎么样|如何)",
        (
            "~ (ticket|tickets|support|service|help desk|客服|工单|支持) (report|statistics|"
            "stats|figures|numbers|busy|do|doing|many|workload|performance|统计|报表|报告|忙|表现|"
            "多少|数量|情况) [how|SHOW|the|did|is|are|was|we|have|怎么样|不忙|看|不|load|get|got] "
            "<period?>"
        ),
        (
            "~ (complaints|tickets|cases|support|工单|客诉) (how many|number of|volume|came "
            "in|solved|average|多少|几个|数量|处理) [the|did|we|get|have|are|were|SHOW|了|收到|今天|"
            "in|came|time] <period?>"
        ),
    ),
)
def report_tickets(request: Request, period: TimeSpan | None = None) -> Reply:
    """Show the tickets opened and closed in a period, and those that wait now."""
    span = period or current(Unit.MONTH, request.now, request.zone)
    session, before = request.session, span.before
    opened, closed = tickets.opened_and_closed(session, span.since, span.until)
    opened_before, closed_before = tickets.opened_and_closed(
        session, before.since, span.before_until
    )
    waiting = [each for each in tickets.counts(session) if each.status in tickets.UNFINISHED]
    load = tickets.load_of_agents(session)
    total = sum(each.count for each in waiting)
    named = {
        _("Satisfaction"): _satisfaction(request, span),
        _("Unfinished by agent"): _load(load, total),
    }
    return Reply(
        title=_("Tickets in {period}", period=span.name),
        text="\n".join(
            (
                _compared(_("Opened: {count}", count=number(opened)), opened, opened_before, span),
                _compared(_("Closed: {count}", count=number(closed)), closed, closed_before, span),
                plural("{count} ticket is unfinished.", "{count} tickets are unfinished.", total),
            )
        ),
        fields=tuple(Field(label, value) for label, value in named.items() if value),
        table=_ticket_table(waiting) if waiting else None,
        chart=_ticket_chart(waiting) if waiting else None,
        actions=(Action(_("Tickets"), "ticket list"),),
    )


def _open_lines(stages: Sequence[StageSum]) -> list[str]:
    if not stages:
        return [_("There are no open deals.")]
    lines = []
    for currency, group in _by_currency(stages):
        lines.append(_open_line(currency, group))
        unpriced = sum(each.unpriced for each in group)
        if unpriced:
            lines.append(
                plural(
                    "{count} open deal in {currency} has no amount and is in no sum.",
                    "{count} open deals in {currency} have no amount and are in no sum.",
                    unpriced,
                    currency=currency,
                )
            )
    return lines


def _open_line(currency: str, group: Sequence[StageSum]) -> str:
    return plural(
        "Open in {currency}: {count} deal, {sum}; weighted {weighted}.",
        "Open in {currency}: {count} deals, {sum}; weighted {weighted}.",
        sum(each.count for each in group),
        currency=currency,
        sum=_sum(group, currency),
        weighted=money(Money(sum((_weighted(each) for each in group), Decimal(0)), currency)),
    )


def _sum(group: Iterable[StageSum], currency: str) -> str:
    return money(Money(sum((each.amount for each in group), Decimal(0)), currency))


def _weighted(each: StageSum) -> Decimal:
    return (each.amount * each.probability / 100).quantize(PLACES)


def _by_currency(stages: Sequence[StageSum]) -> list[tuple[str, list[StageSum]]]:
    """Return the sums of each currency, the one with the most deals first."""
    found: dict[str, list[StageSum]] = {}
    for each in stages:
        found.setdefault(each.currency, []).append(each)
    return sorted(found.items(), key=lambda item: (-sum(s.count for s in item[1]), item[0]))


def _ended_lines(
    kind: StageKind, now: Sequence[EndedSum], before: Sequence[EndedSum], span: Period
) -> list[str]:
    here = {each.currency: each for each in now if each.kind is kind}
    there = {each.currency: each for each in before if each.kind is kind}
    label = _("Won in {period}", period=span.name)
    if kind is StageKind.LOST:
        label = _("Lost in {period}", period=span.name)
    if not here and not there:
        return [_("{what}: none, as in {before}.", what=label, before=span.before_name)]
    return [
        _ended_line(label, kind, currency, here, there, span)
        for currency in sorted(here.keys() | there.keys())
    ]


def _ended_line(
    label: str,
    kind: StageKind,
    currency: str,
    here: dict[str, EndedSum],
    there: dict[str, EndedSum],
    span: Period,
) -> str:
    nothing = EndedSum(kind, currency, 0, 0, Decimal(0))
    now, before = here.get(currency, nothing), there.get(currency, nothing)
    priced = bool(now.amount or before.amount)
    return _(
        "{what}: {now}; {change}.",
        what=label,
        now=_deals(now),
        change=_change(now.amount, before.amount, _deals(before), span)
        if priced
        else _change(now.count, before.count, _deals(before), span),
    )


def _deals(each: EndedSum) -> str:
    if each.unpriced:
        return plural(
            "{count} deal, {sum}, {unpriced} without an amount",
            "{count} deals, {sum}, {unpriced} without an amount",
            each.count,
            sum=money(Money(each.amount, each.currency)),
            unpriced=number(each.unpriced),
        )
    return plural(
        "{count} deal, {sum}",
        "{count} deals, {sum}",
        each.count,
        sum=money(Money(each.amount, each.currency)),
    )


def _change(now: Decimal | int, before: Decimal | int, shown: str, span: Period) -> str:
    """Say how a number stands to the one before, which `shown` writes out."""
    period = span.before_name
    if now == before:
        return _("the same as in {period}", period=period)
    if not before:
        return _("up from nothing in {period}", period=period)
    share = percent(abs(float(now - before) / float(before)))
    if now > before:
        return _("up {share} on {period} ({before})", share=share, period=period, before=shown)
    return _("down {share} on {period} ({before})", share=share, period=period, before=shown)


def _compared(what: str, now: int, before: int, span: Period) -> str:
    return _("{what}; {change}.", what=what, change=_change(now, before, number(before), span))


def _win_rate(now: Sequence[EndedSum], before: Sequence[EndedSum], span: Period) -> str:
    rate = _won_of(now)
    if rate is None:
        return ""
    then = _won_of(before)
    won, ended = rate
    text = _(
        "{share}: {won} of {ended} closed deals",
        share=percent(won / ended),
        won=number(won),
        ended=number(ended),
    )
    if then is None:
        return text
    return _(
        "{rate}; {share} in {before}",
        rate=text,
        share=percent(then[0] / then[1]),
        before=span.before_name,
    )


def _won_of(ended: Sequence[EndedSum]) -> tuple[int, int] | None:
    total = sum(each.count for each in ended)
    won = sum(each.count for each in ended if each.kind is StageKind.WON)
    return (won, total) if total else None


def _leaders(leaders: Sequence[tuple[str, str, int, Decimal]]) -> str:
    places: dict[str, int] = {}
    lines = []
    for name, currency, count, amount in leaders:
        places[currency] = place = places.get(currency, 0) + 1
        if place <= LEADERS:
            lines.append(
                plural(
                    "{place}. {name}: {count} deal, {sum}",
                    "{place}. {name}: {count} deals, {sum}",
                    count,
                    place=place,
                    name=name or _("nobody"),
                    sum=money(Money(amount, currency)),
                )
            )
    return "\n".join(lines)


def _stage_table(stages: Sequence[StageSum]) -> Table:
    rows = tuple(
        Row(
            (
                _(each.stage),
                each.currency,
                number(each.count),
                number(each.unpriced),
                money(Money(each.amount, each.currency)),
                money(Money(_weighted(each), each.currency)),
            )
        )
        for each in stages
    )
    columns = (
        _("Stage"),
        _("Currency"),
        _("Deals"),
        _("Without amount"),
        _("Sum"),
        _("Weighted"),
    )
    return Table(columns, rows, (2, 3, 4, 5))


def _stage_chart(stages: Sequence[StageSum]) -> Chart | None:
    if not stages:
        return None
    currency, group = _by_currency(stages)[0]
    return Chart(
        ChartKind.BARS,
        _("Open deals by stage, {currency}", currency=currency),
        tuple(_(each.stage) for each in group),
        (
            Series(_("Sum"), tuple(float(each.amount) for each in group)),
            Series(_("Weighted"), tuple(float(_weighted(each)) for each in group)),
        ),
        currency,
    )


def _satisfaction(request: Request, span: Period) -> str:
    rated, mean = tickets.satisfaction(request.session, span.since, span.until)
    if mean is None:
        return _("nobody has rated a ticket closed in this period")
    text = plural(
        "{mean} of 5 from {count} rating", "{mean} of 5 from {count} ratings", rated,
        mean=number(mean, 1),
    )  # fmt: skip
    before, mean_before = tickets.satisfaction(
        request.session, span.before.since, span.before_until
    )
    if mean_before is None:
        return text
    return _(
        "{rating}; {mean} from {count} in {before}",
        rating=text,
        mean=number(mean_before, 1),
        count=number(before),
        before=span.before_name,
    )


def _load(load: Sequence[tuple[str, int]], total: int) -> str:
    lines = [_("{name}: {count}", name=name, count=number(count)) for name, count in load[:LEADERS]]
    if len(load) > LEADERS:
        rest = sum(count for _name, count in load[LEADERS:])
        lines.append(_("Others: {count}", count=number(rest)))
    nobody = total - sum(count for _name, count in load)
    if nobody:
        lines.append(_("Nobody: {count}", count=number(nobody)))
    return "\n".join(lines)


def _ticket_table(waiting: Sequence[Count]) -> Table:
    counts = _grid(waiting)
    rows = tuple(
        Row(
            (
                _(status.replace("_", " ")),
                *(number(counts.get((status, priority), 0)) for priority in Priority),
                number(sum(counts.get((status, priority), 0) for priority in Priority)),
            )
        )
        for status in tickets.UNFINISHED
    )
    columns = (_("Status"), *(_(priority.value) for priority in Priority), _("All"))
    return Table(columns, rows, tuple(range(1, len(columns))))


def _ticket_chart(waiting: Sequence[Count]) -> Chart:
    counts = _grid(waiting)
    return Chart(
        ChartKind.STACKED,
        _("Unfinished tickets"),
        tuple(_(status.replace("_", " ")) for status in tickets.UNFINISHED),
        tuple(
            Series(
                _(priority.value),
                tuple(float(counts.get((status, priority), 0)) for status in tickets.UNFINISHED),
            )
            for priority in Priority
        ),
        _("tickets"),
    )


def _grid(waiting: Sequence[Count]) -> dict[tuple[TicketStatus, Priority], int]:
    return {(each.status, each.priority): each.count for each in waiting}
