"""Commands about segments of customers, and the words of their weekly summary.

The segments are found in `jobs/scores.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from crm_store import records, scores
from crm_store.conversations import Reference
from crm_store.models import Receipt, Role
from crm_store.scores import SEGMENT
from crm_store.store import Session
from handlers import reasons
from handlers.arguments import Argument, Asked
from handlers.command import command
from handlers.errors import UserError
from handlers.notices import Telling, notice
from handlers.reply import Action, Chart, ChartKind, Field, Reply, Row, Series, Table
from handlers.request import Request
from handlers.risks import unavailable
from handlers.wording import _, day, mark, number, percent, plural

NAMES = {
    "champions": mark("Champions"),
    "loyal": mark("Loyal"),
    "big_spenders": mark("Big spenders"),
    "promising": mark("Promising"),
    "new": mark("New customers"),
    "needs_attention": mark("Needs attention"),
    "at_risk": mark("At risk"),
    "hibernating": mark("Hibernating"),
    "lost": mark("Lost customers"),
}
OUTSIDE = "outside"
MOVES = 6
NAMED = 4
_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})", re.ASCII | re.IGNORECASE)


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


def _card(session: Session, receipt: Receipt) -> Reply:
    data = receipt.data
    return Reply(
        title=_("Customer segments, week {week}", week=data["period"]),
        text="\n".join(_moves(session, data)),
        fields=(Field(_("How"), _how(data)),),
        table=_table(data),
        chart=_chart(data),
        actions=(Action(_("At risk of leaving"), "report churn"),),
    )


def _table(data: Mapping[str, Any]) -> Table:
    currency = data["currency"]
    rows = tuple(
        Row(
            (
                _(NAMES[each["name"]]),
                number(each["size"]),
                reasons.revenue(each["revenue_90"], currency),
                reasons.revenue(each["revenue_365"], currency),
            )
        )
        for each in data["segments"]
    )
    columns = (_("Segment"), _("Customers"), _("Last 90 days"), _("Last 12 months"))
    return Table(columns, rows, (1, 2, 3))


def _chart(data: Mapping[str, Any]) -> Chart:
    return Chart(
        ChartKind.BARS,
        _("Revenue of the last 12 months by segment"),
        tuple(_(NAMES[each["name"]]) for each in data["segments"]),
        (
            Series(
                _("Last 12 months"), tuple(float(each["revenue_365"]) for each in data["segments"])
            ),
        ),
        data["currency"],
    )


def _moves(session: Session, data: Mapping[str, Any]) -> list[str]:
    moves = data["moves"]
    since = day(date.fromisoformat(data["before_on"]))
    if not moves:
        return [_("Nobody moved since {day}.", day=since)]
    named = [
        [Reference.parse(each) for each in move["customers"][:NAMED]] for move in moves[:MOVES]
    ]
    loaded = records.load(session, [reference for group in named for reference in group])
    lines = [_("Since {day}:", day=since)]
    for move, group in zip(moves, named, strict=False):
        known = [records.name_of(loaded[each]) for each in group if each in loaded]
        lines.append(_move(move, known, data["currency"]))
    if len(moves) > MOVES:
        rest = len(moves) - MOVES
        lines.append(plural("{count} smaller move more.", "{count} smaller moves more.", rest))
    return lines


def _move(move: Mapping[str, Any], known: Sequence[str], currency: str) -> str:
    parts = {
        "sum": reasons.revenue(move["revenue_365"], currency),
        "names": _names(known, move["size"] - len(known)),
        "origin": _(NAMES.get(move["origin"], "")),
        "target": _(NAMES.get(move["target"], "")),
    }
    if move["origin"] == OUTSIDE:
        return plural(
            "{count} first-time customer came to “{target}”, with {sum} in the last 12 months: {names}.",
            "{count} first-time customers came to “{target}”, with {sum} in the last 12 months: {names}.",
            move["size"],
            **parts,
        )
    if move["target"] == OUTSIDE:
        return plural(
            "{count} customer of “{origin}” has no purchases any more: {names}.",
            "{count} customers of “{origin}” have no purchases any more: {names}.",
            move["size"],
            **parts,
        )
    return plural(
        "{count} customer moved from “{origin}” to “{target}”, with {sum} in the last 12 months: {names}.",
        "{count} customers moved from “{origin}” to “{target}”, with {sum} in the last 12 months: {names}.",
        move["size"],
        **parts,
    )


def _names(known: Sequence[str], others: int) -> str:
    names = ", ".join(known)
    if others <= 0:
        return names
    return plural("{names} and {count} more", "{names} and {count} more", others, names=names)


def _how(data: Mapping[str, Any]) -> str:
    model = data["model"]
    if model["method"] == "kmeans":
        made = _(
            "Groups found by K-means in how recently, how often and for how much {count} customers "
            "ordered; repeated on samples, the grouping agrees with itself to {share}.",
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
    drawn = _(
        "Worked out on {day}; the borders are those of {drawn}.",
        day=day(date.fromisoformat(data["on"])),
        drawn=day(date.fromisoformat(data["model_on"])),
    )
    return " ".join(part for part in (made, drawn, reasons.left_out(data)) if part)
