"""The forecast: what the open deals may bring by month, and how far off the same forecast was before.

The other reports on deals stand in `reports.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated

from crm_store import deals, forecasts
from crm_store.forecasts import Hindsight
from crm_store.models import Deal, Role
from crm_store.money import PLACES, Money
from crm_store.schedules import instant_of
from handlers import cards
from handlers.arguments import NumberArgument
from handlers.command import command
from handlers.periods import Period, TimeSpan, Unit, current, month_name, months_after
from handlers.reply import Action, Chart, ChartKind, Field, Reply, Row, Series, Table
from handlers.request import Request
from handlers.wording import _, money, number, percent, plural

MONTHS_AHEAD = 12
MONTHS_BACK = 6
APART = 3  # of the largest deals that the button leaves out
MOST_APART = 20
LEAST_MONTHS = 3  # fewer say nothing about how far off the forecast is

Largest = Annotated[int, NumberArgument(1, MOST_APART)]


@dataclass(frozen=True, slots=True)
class _MonthSum:
    """The open deals that close in a month in one currency."""

    month: date
    currency: str
    count: int
    amount: Decimal
    weighted: Decimal


@command(
    "report forecast [period=] [without=]",
    role=Role.MEMBER,
    reads=True,
    example="report forecast period=2026-Q4",
    phrases=(
        (
            "(SHOW|what is) [the|our] [sales|revenue] forecast without the <without> "
            "(largest|biggest) [deals]"
        ),
        "SHOW [销售] 预测 [不含|去掉|除去] 最大的 <without> (个|笔) (商机|单子)",
        "SHOW [the|our] [sales|revenue] (forecast|prediction|projection) [for <period>]",
        "(what is the|how is the) [sales|revenue] forecast [for <period>]",
        (
            "how much (will we|are we going to|do we expect to) (sell|win|close|"
            "make|earn) [in|for] [<period>]"
        ),
        "(forecast|predict) [the|our] (sales|revenue) [for <period>]",
        "SHOW [销售] (预测|销售预测|收入预测)",
        "SHOW <period> [的] [销售|收入] 预测",
        "(预测) <period> [的] (销售|收入|销售额)",
        "<period> [我们] (能卖多少|能成交多少|预计能卖多少|预计销售额是多少|能签多少)",
        (
            "~ (forecast|expect|predict|prediction|will sell|going to sell|revenue|预测|"
            "能卖多少|卖多少|预计收入|预期) [how|much|sales|revenue|we|will|sell|next|month|quarter|"
            "SHOW|what|do|the|销售|收入|下个月|下季度|下月|能|多少|看看|看|earn|is|下|quarterly|year|"
            "turnover]"
        ),
        (
            "~ (预估|估计|预计|展望|outlook|projection|projected|estimate|estimated) [revenue|"
            "sales|what|SHOW|is|the|our|for|income|销售|收入|业绩|看看|下个月|下季度|we] <period?>"
        ),
        (
            "~ (earn|make|turn over|bring in|赚|收入|收多少) (will|going to|能|会|可能|预计) [what|"
            "how|much|we|多少|money|are|next|in] <period?>"
        ),
    ),
)
def report_forecast(
    request: Request, period: TimeSpan | None = None, without: Largest | None = None
) -> Reply:
    """Show what the open deals may bring by month, weighted by the chance of their stage."""
    this_month = current(Unit.MONTH, request.now, request.zone)
    first, end = (
        (period.first, period.end)
        if period
        else (this_month.first, months_after(this_month.first, MONTHS_AHEAD))
    )
    apart = deals.largest(request.session, first, end, without) if without else []
    months = [
        _MonthSum(
            date.fromisoformat(f"{month}-01"), currency, count, amount, weighted.quantize(PLACES)
        )
        for month, currency, count, amount, weighted in deals.forecast(
            request.session, first, end, [deal.id for deal in apart]
        )
    ]
    past = forecasts.hindsight(request.session, _past_months(this_month))
    unpriced, unplanned = deals.unplanned(request.session, first, end)
    lines = [*_forecast_lines(months), *_apart(apart), *_left_out(unpriced, unplanned)]
    return Reply(
        title=_("Forecast for {period}", period=period.name)
        if period
        else _("Forecast for the next {count} months", count=MONTHS_AHEAD),
        text="\n".join(lines),
        fields=(Field(_("How far off it was"), _past_error(past)),),
        table=_forecast_table(months) if months else None,
        chart=_forecast_chart(months),
        actions=(
            *(() if without or not months else (_without(request),)),
            Action(_("Pipeline"), "report pipeline"),
        ),
        footer=_(
            "Each deal counts with the probability of its stage, in the month of its close day."
        ),
    )


def _without(request: Request) -> Action:
    label = _("Without the {count} largest", count=APART)
    return Action(label, f"{cards.again(request)} without={APART}", replaces=True)


def _apart(found: Sequence[Deal]) -> list[str]:
    if not found:
        return []
    named = [
        _(
            "{name} ({sum})",
            name=deal.title,
            sum=money(Money(deal.amount or Decimal(0), deal.currency)),
        )
        for deal in found
    ]
    return [_("Without the largest: {names}.", names=", ".join(named))]


def _past_months(this_month: Period) -> list[forecasts.Month]:
    firsts = [months_after(this_month.first, -back) for back in range(MONTHS_BACK, -1, -1)]
    starts = [instant_of(datetime.combine(first, time()), this_month.zone) for first in firsts]
    return list(map(forecasts.Month, firsts, firsts[1:], starts, starts[1:]))


def _forecast_lines(months: Sequence[_MonthSum]) -> list[str]:
    if not months:
        return [_("No open deal has an amount and a close day in this time.")]
    lines = []
    for currency in _currencies(months):
        group = [each for each in months if each.currency == currency]
        lines.append(
            plural(
                "{currency}: {count} deal, {sum}; weighted {weighted}.",
                "{currency}: {count} deals, {sum}; weighted {weighted}.",
                sum(each.count for each in group),
                currency=currency,
                sum=money(Money(sum((e.amount for e in group), Decimal(0)), currency)),
                weighted=money(Money(sum((e.weighted for e in group), Decimal(0)), currency)),
            )
        )
    return lines


def _currencies(months: Sequence[_MonthSum]) -> list[str]:
    """Return the currencies, the one with the most deals first."""
    counts: dict[str, int] = {}
    for each in months:
        counts[each.currency] = counts.get(each.currency, 0) + each.count
    return sorted(counts, key=lambda currency: (-counts[currency], currency))


def _left_out(unpriced: int, unplanned: int) -> list[str]:
    lines = []
    if unpriced:
        lines.append(
            plural(
                "Left out: {count} open deal has no amount.",
                "Left out: {count} open deals have no amount.",
                unpriced,
            )
        )
    if unplanned:
        lines.append(
            plural(
                "Left out: {count} open deal has no close day in this time.",
                "Left out: {count} open deals have no close day in this time.",
                unplanned,
            )
        )
    return lines


def _forecast_table(months: Sequence[_MonthSum]) -> Table:
    rows = tuple(
        Row(
            (
                f"{each.month:%Y-%m}",
                each.currency,
                number(each.count),
                money(Money(each.amount, each.currency)),
                money(Money(each.weighted, each.currency)),
            )
        )
        for each in months
    )
    columns = (_("Month"), _("Currency"), _("Deals"), _("Sum"), _("Weighted"))
    return Table(columns, rows, (2, 3, 4))


def _forecast_chart(months: Sequence[_MonthSum]) -> Chart | None:
    if not months:
        return None
    currency = _currencies(months)[0]
    group = [each for each in months if each.currency == currency]
    return Chart(
        ChartKind.BARS,
        _("Open deals by close month, {currency}", currency=currency),
        tuple(month_name(each.month) for each in group),
        (
            Series(_("Sum"), tuple(float(each.amount) for each in group)),
            Series(_("Weighted"), tuple(float(each.weighted) for each in group)),
        ),
        currency,
    )


def _past_error(past: Sequence[Hindsight]) -> str:
    """Say the weighted mean absolute error of each currency: the misses of all months over what was won in them."""
    lines = []
    for currency in sorted({each.currency for each in past}):
        months = [each for each in past if each.currency == currency and each.forecast]
        won = sum((each.won for each in months), Decimal(0))
        if len(months) >= LEAST_MONTHS and won:
            missed = sum((abs(each.forecast - each.won) for each in months), Decimal(0))
            lines.append(_error_line(currency, len(months), missed / won, months[-1]))
    if not lines:
        return _(
            "It cannot be said yet: that needs {count} past months with a forecast and deals won.",
            count=LEAST_MONTHS,
        )
    return "\n".join(lines)


def _error_line(currency: str, months: int, error: Decimal, last: Hindsight) -> str:
    return _(
        "{currency}: in the last {count} months the forecast of the first day was off by {share}"
        " of what was won; {month}: forecast {forecast}, won {won}.",
        currency=currency,
        count=months,
        share=percent(float(error)),
        month=month_name(last.month),
        forecast=money(Money(last.forecast.quantize(PLACES), currency)),
        won=money(Money(last.won, currency)),
    )
