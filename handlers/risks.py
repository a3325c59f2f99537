"""Commands about customers at risk of leaving, and the words of their alerts.

Who is at risk is worked out in `jobs/scores.py`; reasons are worded in `handlers/reasons.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from crm_store import records, scores
from crm_store.conversations import Reference
from crm_store.models import Receipt, Role
from crm_store.scores import CHURN, MADE_AT, AtRisk, Scored
from crm_store.store import Session
from handlers import cards, reasons
from handlers.arguments import PageNumber
from handlers.command import command
from handlers.insights import Insight, Told, insight
from handlers.notices import Telling, audible, notice
from handlers.reply import Action, Field, Reply, Sensitivity, Tone
from handlers.request import Request
from handlers.wording import _, day, plural

SHOWN = 5  # with three reasons each this fills a message


@dataclass(frozen=True, slots=True)
class _Week:
    """The risks of about a week ago, by the same model: when, and of whom."""

    on: date | None
    risks: Mapping[Reference, Scored]


@dataclass(frozen=True, slots=True)
class _Named:
    """A customer at risk with the name people know."""

    name: str
    risk: AtRisk


@command(
    "report churn [period=] [page=]",
    role=Role.MEMBER,
    reads=True,
    example="report churn",
    phrases=(
        "who is (about to|going to|likely to) (leave|churn|go|quit|cancel|leave us) [us]",
        (
            "(which|what) (customers|companies|clients|accounts|contacts) (are|is) "
            "(at risk|about to leave|about to churn|likely to churn|likely to leave|"
            "going to leave|in danger|slipping away)"
        ),
        "(who|which customers) (might|may|could|will) (leave|churn|leave us|quit|cancel|we lose)",
        "who are we (losing|about to lose)",
        "who is at risk",
        (
            "LIST [the] (churn risks|churn report|churn|customers at risk|risky "
            "customers|at-risk customers|at risk customers|churn risk report)"
        ),
        (
            "(谁|哪些客户|哪个客户|哪些公司|什么客户) (快要|快|要|可能|可能会|即将|"
            "会|有可能|最可能) (流失|离开|走|跑) [了]"
        ),
        "(哪些|什么) 客户 有 流失 (风险|危险|可能)",
        "SHOW [客户] 流失 (风险|报告|报表|预警|客户|情况)",
        (
            "~ (churn|leave|leaving|at risk|lose|losing|about to leave|流失|离开|跑掉) [which|"
            "who|customers|clients|might|may|risk|report|us|SHOW|about|could|哪些|客户|风险|预警|"
            "快|可能|会|likely|most|are|有|报告|看看|谁|we]"
        ),
        (
            "~ (customers|clients|accounts|客户) (unhappy|in danger|danger|risky|going "
            "away|inactive|stopped buying|jump ship|危险|不满|不活跃|要走|跑) [which|who|are|is|"
            "our|might|likely|to|的|哪些|有|会|谁|可能]"
        ),
        (
            "~ (lose|losing|失去|丢掉) (who|which|谁|哪些) [could|might|may|we|may|客户|我们|可能|"
            "customers|会|clients]"
        ),
    ),
)
def report_churn(request: Request, period: date | None = None, page: PageNumber = 1) -> Reply:
    """Show the customers at risk of leaving, why, and what to do."""
    session = request.session
    receipt = scores.receipt(session, CHURN, period.isoformat() if period else None)
    if receipt is None:
        return _none(period, request.defaults.time_zone)
    on = date.fromisoformat(receipt.data["period"])
    found, total = scores.list_at_risk(
        session, on, receipt.data["threshold"], (page - 1) * SHOWN, SHOWN
    )
    request.memory.listed([each.scored.customer for each in found])
    if total:
        title = plural(
            "{count} customer at risk of leaving", "{count} customers at risk of leaving", total
        )
    else:
        title = _("No customer is at risk of leaving")
    reply = _card(session, receipt, title, "", _named(session, found), (page - 1) * SHOWN)
    return cards.page(reply, cards.again(request), page, total, SHOWN)


@insight(CHURN, of=("company", "contact"))
def tell_risk(told: Told) -> Insight:
    """Say how likely a customer is to leave."""
    data, scored = told.receipt, told.scored
    return Insight(
        label=_("Risk of leaving"),
        text=reasons.risk(scored.value, scored.label, data["model"]),
        reasons=tuple(reasons.sentences(scored.reasons, data["model"], data["currency"])),
        next=reasons.suggestion(scored.reasons) if scored.value >= data["threshold"] else "",
        how=reasons.made_how(data),
    )


@notice("churn_alert")
def tell_churn_alert(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Name those who came to be at risk, unless none of them is any more."""
    receipt = scores.receipt(telling.session, CHURN, payload["period"])
    if receipt is None:
        return None
    on = date.fromisoformat(payload["period"])
    heard = audible(telling, payload["customers"])
    named = [Reference.parse(each) for each in heard]
    risky = [
        each
        for each in scores.of_customers(telling.session, on, named)
        if each.scored.value >= receipt.data["threshold"]
    ]
    found = _named(telling.session, risky)
    if not found:
        return None
    muted = len(payload["customers"]) - len(heard)
    title, text = _headline({**payload, "customers": heard, "total": payload["total"] - muted})
    reply = _card(telling.session, receipt, title, text, found, 0)
    everyone = Action(_("All at risk"), "report churn")
    return Reply(
        title=reply.title,
        text=reply.text,
        fields=reply.fields,
        actions=(*reply.actions, everyone),
        tone=Tone.WARNING,
        sensitivity=reply.sensitivity,
    )


def _headline(payload: Mapping[str, Any]) -> tuple[str, str]:
    total = payload["total"]
    if payload["look"] == "crossed":
        title = plural(
            "{count} more customer is at risk of leaving",
            "{count} more customers are at risk of leaving",
            total,
        )
        return title, _most_valuable(payload)
    title = plural(
        "A first look: {count} customer is at risk of leaving",
        "A first look: {count} customers are at risk of leaving",
        total,
    )
    why = (
        _(
            "The method is not that of last time, so these risks cannot be compared with those before."
        )
        if payload["look"] == "new_method"
        else _("From now on you are told only of those who newly come to be at risk.")
    )
    return title, " ".join(part for part in (why, _most_valuable(payload)) if part)


def _most_valuable(payload: Mapping[str, Any]) -> str:
    count = len(payload["customers"])
    if count >= payload["total"]:
        return ""
    return plural(
        "Here is the one who bought most in the last 12 months.",
        "Here are the {count} who bought most in the last 12 months.",
        count,
    )


def _none(period: date | None, zone: str) -> Reply:
    if period is not None:
        return Reply(
            title=_("There are no risks of {day}.", day=day(period)),
            text=_(
                "The newest two are kept and, for {days} days, the first of each week. `report churn` "
                "shows the newest.",
                days=scores.KEEP.days,
            ),
            actions=(Action(_("Newest"), "report churn", replaces=True),),
        )
    return Reply(title=_("No customer has been scored yet."), text=unavailable(zone))


def unavailable(zone: str, made_at: time = MADE_AT) -> str:
    """Say which job makes scores, when, and what it needs."""
    return _(
        "The job `scores` works on the orders every night at {time} ({zone}); an admin runs it at "
        "once with `rapport job scores`. Without any orders there is nothing to score.",
        time=f"{made_at:%H:%M}",
        zone=zone,
    )


def _named(session: Session, found: Sequence[AtRisk]) -> list[_Named]:
    """Give the customers their names; those deleted since are left out."""
    loaded = records.load(session, [each.scored.customer for each in found])
    return [
        _Named(records.name_of(loaded[each.scored.customer]), each)
        for each in found
        if each.scored.customer in loaded
    ]


def _card(
    session: Session, receipt: Receipt, title: str, text: str, found: Sequence[_Named], offset: int
) -> Reply:
    week = _week_before(session, receipt, found)
    paragraphs = [text]
    for place, each in enumerate(found, 1):
        lines = [_headed(place + offset, each, receipt.data, week)]
        if place <= SHOWN:
            lines += _explained(each.risk, receipt.data)
        paragraphs.append("\n".join(lines))
    return Reply(
        title=title,
        text="\n\n".join(paragraph for paragraph in paragraphs if paragraph),
        fields=tuple(_receipt_fields(receipt, week)),
        actions=tuple(action for each in found[:SHOWN] for action in _buttons(each)),
        tone=Tone.WARNING if found else Tone.NEUTRAL,
        sensitivity=Sensitivity.INTERNAL,
    )


def _headed(place: int, named: _Named, data: Mapping[str, Any], week: _Week) -> str:
    name, one = named.name, named.risk
    risk = _change(one.scored, week.risks.get(one.scored.customer), data["model"])
    if one.revenue is None:
        return _("{place}. {name}: {risk}", place=place, name=name, risk=risk)
    return _(
        "{place}. {name}: {risk}; {sum} in the last 12 months",
        place=place,
        name=name,
        risk=risk,
        sum=reasons.revenue(one.revenue, data["currency"]),
    )


def _explained(one: AtRisk, data: Mapping[str, Any]) -> list[str]:
    found = one.scored.reasons
    said = reasons.sentences(found, data["model"], data["currency"])
    return [*(f"• {sentence}" for sentence in said), reasons.suggestion(found)]


def _change(now: Scored, before: Scored | None, model: str) -> str:
    risk = reasons.risk(now.value, now.label, model)
    if before is None:
        return risk
    old = reasons.risk(before.value, before.label, model)
    if old == risk:
        return _("{risk}, as a week ago", risk=risk)
    if model == reasons.RULE:
        return _("{risk}, a week ago {old}", risk=risk, old=old)
    if now.value > before.value:
        return _("{risk}, up from {old}", risk=risk, old=old)
    return _("{risk}, down from {old}", risk=risk, old=old)


def _week_before(session: Session, receipt: Receipt, found: Sequence[_Named]) -> _Week:
    on = date.fromisoformat(receipt.data["period"])
    before = scores.week_before(session, on, receipt.data["model"])
    if before is None:
        return _Week(None, {})
    then = date.fromisoformat(before.data["period"])
    customers = [each.risk.scored.customer for each in found]
    old = scores.of_customers(session, then, customers)
    return _Week(then, {each.scored.customer: each.scored for each in old})


def _receipt_fields(receipt: Receipt, week: _Week) -> list[Field]:
    data = receipt.data
    scored = plural(
        "{day}, from what {count} customer had ordered until then",
        "{day}, from what {count} customers had ordered until then",
        data["customers_scored"],
        day=day(date.fromisoformat(data["period"])),
    )
    compared = (
        _("Risks of {day}", day=day(week.on))
        if week.on
        else _("Nothing: there are no risks of about a week before by the same method.")
    )
    return [
        Field(_("Worked out on"), scored),
        Field(_("Compared with"), compared),
        Field(_("How"), reasons.made_how(data)),
    ]


def _buttons(named: _Named) -> tuple[Action, Action]:
    name, customer = named.name, named.risk.scored.customer
    return (
        Action(_("Follow up {name}", name=name), f"followup {customer} tomorrow 9:00"),
        Action(_("Open {name}", name=name), f"{customer.kind} show {customer.id}"),
    )
