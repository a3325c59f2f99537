"""Commands about segments of customers, and the words of their weekly summary.

The segments are found in `jobs/scores.py`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from crm_store import records, scores
from crm_store.models import Receipt, Role
from crm_store.scores import SEGMENT
from crm_store.store import Session
from handlers import cards, reasons, segment_moves
from handlers.arguments import Argument, Asked, ChoiceArgument, PageNumber
from handlers.command import command
from handlers.errors import UserError
from handlers.insights import Insight, Told, insight
from handlers.notices import Telling, notice
from handlers.reply import (
    Action,
    Chart,
    ChartKind,
    Choice,
    Field,
    Reply,
    Row,
    Sensitivity,
    Series,
    Table,
)
from handlers.request import Request
from handlers.risks import unavailable
from handlers.segment_moves import NAMES
from handlers.wording import _, day, mark, number, percent, plural

ADVICE = {
    "champions": mark("Next: ask what they would like to see next, and offer it to them first."),
    "loyal": mark("Next: offer what customers like them also buy."),
    "big_spenders": mark("Next: agree on a date for the next order; a lost one costs much."),
    "promising": mark("Next: make the second or third order easy."),
    "new": mark("Next: ask how the first order went."),
    "needs_attention": mark("Next: remind them with an offer of what they used to order."),
    "at_risk": mark("Next: call, and ask what has changed."),
    "hibernating": mark("Next: one offer to wake them; more is not worth the time."),
    "lost": mark("Next: leave them be, or ask once why they went."),
}
WEEKS = 12  # of the picture
_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})", re.ASCII | re.IGNORECASE)


class Group(enum.StrEnum):
    """A segment, as commands name it."""

    CHAMPIONS = "champions"
    LOYAL = "loyal"
    BIG_SPENDERS = "big_spenders"
    PROMISING = "promising"
    NEW = "new"
    NEEDS_ATTENTION = "needs_attention"
    AT_RISK = "at_risk"
    HIBERNATING = "hibernating"
    LOST = "lost"


class GroupArgument(ChoiceArgument):
    """A segment, by its code or by the name that people read."""

    def read(self, text: str, asked: Asked) -> enum.StrEnum:
        """Return the segment."""
        wanted = text.strip().casefold()
        named = (each for each in Group if _(NAMES[each.value]).casefold() == wanted)
        return next(named, None) or super().read(text, asked)

    def choices(self, request: Request) -> tuple[Choice, ...]:
        """Return all of them."""
        return tuple(Choice(_(NAMES[each.value]), each.value) for each in Group)


class WeekArgument(Argument[str]):
    """A week of the ISO calendar, such as `2026-W46`."""

    def read(self, text: str, asked: Asked) -> str:
        """Return the week as it is kept."""
        found = _WEEK.fullmatch(text.strip())
        try:
            first = date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
        except ValueError:
            first = None
        if first is None:
            this = scores.week_of(asked.request.local_now.date())
            raise UserError(
                _("This is not a week."),
                _("Write the year and the week, such as {week}.", week=this),
                (asked.button(_("This week"), this),),
            )
        return scores.week_of(first)


Week = Annotated[str, WeekArgument()]
SegmentName = Annotated[Group, GroupArgument(Group)]


@command(
    "report segments [period=]",
    role=Role.MEMBER,
    reads=True,
    example="report segments",
    phrases=(
        "SHOW [the|our] [customer] (segments|segmentation|customer groups|rfm|segment report)",
        "(what|which) [customer] (segments|groups) (do we have|are there)",
        "how are our customers (segmented|grouped|distributed)",
        "who are our (best|most valuable|top) (customers|clients|companies|buyers)",
        "SHOW [客户] (分群|细分|分层|分类|客群)",
        "(我们的|哪些|谁是|哪些是)[我们的|我们](最好的|最有价值的|最重要的) 客户 [是谁|有哪些]",
        "[我们的] 客户 [是] (怎么分群|如何分群|怎么分层|分布如何|分成哪几类) [的]",
        (
            "~ (segments|segment|groups|group|segmentation|clusters|分群|分组|群体|分个群|细分) "
            "[customers|customer|our|SHOW|what|which|how|are|客户|看看|有哪些|分|哪些|的|clients|"
            "report|divide|grouped]"
        ),
        (
            "~ (types|kinds|sorts|clusters|类型|种类|类) (customers|clients|客户) [what|which|"
            "of|do|we|have|are|there|有|哪些|哪几|我们|分|几|可以]"
        ),
    ),
)
def report_segments(request: Request, period: Week | None = None) -> Reply:
    """Show the segments of the customers, who moved between them, and the revenue that moved along."""
    receipt = scores.receipt(request.session, SEGMENT, period)
    if receipt is not None:
        return _card(request.session, receipt)
    if period is None:
        zone = request.defaults.time_zone
        return Reply(title=_("No segments have been made yet."), text=unavailable(zone))
    return Reply(
        title=_("There are no segments of {week}.", week=period),
        actions=(Action(_("Newest"), "report segments", replaces=True),),
    )


@notice("segment_summary")
def tell_segment_summary(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Tell the segments of a week."""
    receipt = scores.receipt(telling.session, SEGMENT, payload["week"])
    return _card(telling.session, receipt) if receipt else None


@command(
    "segment <segment> [page=]",
    role=Role.MEMBER,
    reads=True,
    example="segment at_risk",
    phrases=(
        "(who|which customers|which companies) (are|is) [in] [the|our] <segment> (segment|group)",
        "(SHOW|LIST) [me] [the|our] (members|customers) (of|in) [the] [segment] <segment> [segment|group]",
        "(SHOW|LIST) [me] [the|our] <segment> (segment|customers)",
        "<segment> (分群|细分|客群|这一群|这个分群) [里|中] [的] [有] (哪些|什么) (客户|公司)",
        "SHOW <segment> (分群|客群|这一群) [的] [客户|成员]",
    ),
)
def show_segment(request: Request, segment: SegmentName, page: PageNumber = 1) -> Reply:
    """Show the customers of one segment, those with the most revenue first."""
    receipt = scores.receipt(request.session, SEGMENT)
    title = _("Segment: {name}", name=_(NAMES[segment.value]))
    if receipt is None:
        return Reply(title=title, text=unavailable(request.defaults.time_zone))
    found = scores.ranking(
        request.session,
        SEGMENT,
        receipt.data["period"],
        (page - 1) * cards.PAGE_SIZE,
        cards.PAGE_SIZE,
        segment.value,
    )
    request.memory.listed([each.customer for each in found])
    loaded = records.load(request.session, [each.customer for each in found])
    rows = [
        Row(
            (
                records.name_of(loaded[each.customer]),
                reasons.revenue(each.value, receipt.data["currency"]),
            ),
            opens=f"{each.customer.kind} show {each.customer.id}",
        )
        for each in found
        if each.customer in loaded
    ]
    columns = (_("Customer"), _("Last 12 months"))
    empty = _("No customer is in it in week {week}.", week=receipt.data["period"])
    reply = cards.listing(title, columns, rows, empty, numeric=(1,))
    sizes = {each["name"]: each["size"] for each in receipt.data["segments"]}
    elsewhere = (
        Action(_("Customer segments"), "report segments"),
        Action(_("At risk of leaving"), "report churn"),
    )
    reply = replace(
        reply,
        text=reply.text or _(ADVICE[segment.value]),
        actions=() if rows else elsewhere,
        sensitivity=Sensitivity.INTERNAL,
    )
    return cards.page(reply, cards.again(request), page, sizes.get(segment.value, 0))


@insight(SEGMENT, of=("company", "contact"))
def tell_segment(told: Told) -> Insight:
    """Say in which segment a customer is, and what that means."""
    data, name = told.receipt, told.scored.label
    own = next(each for each in data["segments"] if each["name"] == name)
    alike = plural(
        "{count} customer is in it; on average the last order is {days} days ago, with {orders} "
        "days of ordering and {sum} so far.",
        "{count} customers are in it; on average their last order is {days} days ago, with {orders} "
        "days of ordering and {sum} so far.",
        own["size"],
        days=number(own["mean_recency_days"]),
        orders=number(own["mean_frequency"]),
        sum=reasons.revenue(round(own["mean_value"]), data["currency"]),
    )
    bought = _(
        "Bought for {sum} in the last 12 months.",
        sum=reasons.revenue(told.scored.value, data["currency"]),
    )
    return Insight(
        label=_("Segment"),
        text=_(NAMES[name]),
        reasons=(bought, alike),
        next=_(ADVICE[name]),
        how=_how(data),
    )


def _card(session: Session, receipt: Receipt) -> Reply:
    data = receipt.data
    calls = segment_moves.calls(session, data)
    weeks = _weeks(session, data)
    return Reply(
        title=_("Customer segments, week {week}", week=data["period"]),
        text="\n".join([*segment_moves.called(calls, data), *segment_moves.moves(session, data)]),
        fields=(Field(_("How"), _how(data)),),
        table=_table(data, weeks),
        chart=_chart(data, weeks),
        actions=(
            *(action for call in calls for action in segment_moves.buttons(call)),
            Action(_("At risk of leaving"), "report churn"),
        ),
        sensitivity=Sensitivity.INTERNAL,
    )


def _weeks(session: Session, data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Take the weeks up to this one whose borders were the same, oldest first."""
    found = scores.periods(session, SEGMENT, data["period"], WEEKS)
    return [each.data for each in found if each.data["model_on"] == data["model_on"]]


def _revenue(data: Mapping[str, Any], name: str) -> Decimal:
    """Return the revenue of a segment's customers in the last 12 months, 0 where nobody was in it."""
    return next(
        (Decimal(each["revenue_365"]) for each in data["segments"] if each["name"] == name),
        Decimal(0),
    )


def _table(data: Mapping[str, Any], weeks: Sequence[Mapping[str, Any]]) -> Table:
    currency, first = data["currency"], weeks[0]
    rows = tuple(
        Row(
            (
                _(NAMES[each["name"]]),
                number(each["size"]),
                reasons.revenue(each["revenue_90"], currency),
                reasons.revenue(each["revenue_365"], currency),
                *(
                    [_moved(_revenue(data, each["name"]) - _revenue(first, each["name"]), currency)]
                    if len(weeks) > 1
                    else []
                ),
            ),
            opens=f"segment {each['name']}",
        )
        for each in data["segments"]
    )
    columns = [_("Segment"), _("Customers"), _("Last 90 days"), _("Last 12 months")]
    if len(weeks) > 1:
        since = len(weeks) - 1
        columns.append(plural("Change in {count} week", "Change in {count} weeks", since))
    return Table(tuple(columns), rows, tuple(range(1, len(columns))))


def _moved(change: Decimal, currency: str) -> str:
    sign = "+" if change > 0 else ""
    return sign + reasons.revenue(round(change), currency)


def _chart(data: Mapping[str, Any], weeks: Sequence[Mapping[str, Any]]) -> Chart:
    """Draw the revenue by segment, over the weeks once there are two."""
    names = [each["name"] for each in data["segments"]]
    title = _("Revenue of the last 12 months by segment")
    if len(weeks) > 1:
        lines = (
            Series(_(NAMES[name]), tuple(float(_revenue(week, name)) for week in weeks))
            for name in names
        )
        labels = tuple(each["period"] for each in weeks)
        return Chart(ChartKind.LINES, title, labels, tuple(lines), data["currency"])
    values = tuple(float(each["revenue_365"]) for each in data["segments"])
    labels = tuple(_(NAMES[name]) for name in names)
    bars = (Series(_("Last 12 months"), values),)
    return Chart(ChartKind.BARS, title, labels, bars, data["currency"])


def _how(data: Mapping[str, Any]) -> str:
    model = data["model"]
    if model["method"] == "kmeans":
        made = _(
            "Groups found by K-means, which puts customers together that are alike, here in how "
            "recently, how often and for how much {count} of them ordered. Found again in random "
            "draws of the customers, the groups agree to {share}: 100% would be the same groups "
            "each time, 0% mere chance.",
            count=number(data["customers_scored"]),
            share=percent(model["stability"]),
        )
    else:
        made = _(
            "Thirds of {count} customers by how recently and how often they ordered; fewer than "
            "{least} different customers are too few to find groups in.",
            count=number(data["customers_scored"]),
            least=number(data["least"]["customers"]),
        )
    return " ".join(part for part in (made, _worked_out(data), reasons.left_out(data)) if part)


def _worked_out(data: Mapping[str, Any]) -> str:
    on, drawn = (day(date.fromisoformat(data[which])) for which in ("on", "model_on"))
    if on == drawn:
        return _(
            "Worked out on {day}, with the borders between the groups drawn anew on that day.",
            day=on,
        )
    return _(
        "Worked out on {day}, with the borders between the groups as they were drawn on {drawn}.",
        day=on,
        drawn=drawn,
    )
