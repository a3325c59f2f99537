"""Commands about chances: deals to be won, leads that become customers, contracts that may end.

They are worked out in `jobs/chances.py` and worded in `handlers/chance_words.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from crm_store import chance_rows, records, scores
from crm_store.conversations import Reference
from crm_store.models import Deal, Receipt, Role, StageKind
from crm_store.money import Money
from crm_store.records import Model
from crm_store.scores import CHANCES_AT, CONTRACT, LEAD, WIN, Scored
from crm_store.store import Session
from handlers import cards
from handlers import chance_words as words
from handlers.arguments import PageNumber
from handlers.command import command
from handlers.insights import Insight, Told, Unscored, insight, unscored
from handlers.reply import Action, Field, Reply, Sensitivity
from handlers.request import Defaults, Request
from handlers.wording import _, day, money, plural

SHOWN = 5  # with three reasons each this fills a message


@command(
    "report chances [page=]",
    role=Role.MEMBER,
    reads=True,
    example="report chances",
    phrases=(
        "which deals (will|are we going to|are likely to|are most likely to) (close|win|be won|come in)",
        "SHOW [the|our|my] (win chances|winning chances|win probabilities|chances of winning)",
        "what are [the|our|my] chances (of|to) (winning|win) [the|our] [open] [deals]",
        "how likely are (we|our deals|the deals) to (win|be won|close)",
        "(哪些|什么|哪个) (商机|单子|交易) (最可能|最有可能|可能|更可能|有希望) (赢|赢单|成交|签下来|拿下)",
        "SHOW [商机|我们] 的 (赢单概率|赢单率|成交概率|胜算|赢面)",
        (
            "~ (win chance|win chances|chance of winning|win probability|win probabilities|odds|"
            "赢单概率|成交概率|胜算|赢面) [deals|SHOW|what|the|our|of|open|商机|单子|多大|的|看看]"
        ),
    ),
)
def report_chances(request: Request, page: PageNumber = 1) -> Reply:
    """Show the open deals that are most likely to be won, why, and what to do."""
    return _report(request, WIN, page)


@command(
    "report leads [page=]",
    role=Role.MEMBER,
    reads=True,
    example="report leads",
    phrases=(
        "(which|what) leads (should|shall) (I|we) call [first|today]",
        "(which|what) leads (are|look) [the] (best|hottest|warmest|most promising)",
        "SHOW [the|our|my] (best|hottest|warmest|most promising|top) leads",
        "SHOW [the|our|my] (lead scores|lead score|lead ranking|lead scoring)",
        "(哪些|什么) (线索|潜在客户) (最好|最有希望|最有潜力|最热|值得跟进|应该先联系|先联系)",
        "SHOW [我们的|我的] (线索评分|线索打分|线索排名|最好的线索|优质线索)",
        (
            "~ (lead score|lead scores|lead scoring|hot leads|best leads|promising leads|rank leads|"
            "线索评分|线索打分|线索排名|优质线索|潜在客户) [SHOW|our|the|which|what|call|first|leads|看看|"
            "哪些|的|先|联系|评分]"
        ),
    ),
)
def report_leads(request: Request, page: PageNumber = 1) -> Reply:
    """Show the leads that are most likely to become customers, why, and what to do."""
    return _report(request, LEAD, page)


@command(
    "report contracts [page=]",
    role=Role.MEMBER,
    reads=True,
    example="report contracts",
    phrases=(
        "(which|what) contracts (are|look) (at risk|in danger|likely to end)",
        "who (may|might|will|could) (end|terminate) (the|their|a) (contract|subscription)",
        "SHOW [the|our] (contract risks|contract churn|contracts at risk|subscription churn)",
        "(哪些|什么) (合同|订阅) (有风险|可能终止|可能会终止|可能到期不续|会终止)",
        "谁 (可能|会|可能会) (终止合同|取消订阅|不续约|不续费)",
        "SHOW [我们的] (合同风险|续约风险|订阅流失)",
        (
            "~ (contract risk|contract risks|contract churn|end their contract|subscription churn|"
            "合同风险|续约风险|终止合同|不续约) [SHOW|who|which|our|the|may|might|谁|哪些|看看|客户|会|可能]"
        ),
    ),
)
def report_contracts(request: Request, page: PageNumber = 1) -> Reply:
    """Show the customers who are most likely to end their contract, why, and what to do."""
    return _report(request, CONTRACT, page)


@insight(WIN, of=("deal",))
def tell_win(told: Told) -> Insight | None:
    """Say how likely an open deal is won."""
    return _insight(WIN, told) if _is_open(told.session, told.scored.customer) else None


@insight(LEAD, of=("company", "contact"))
def tell_lead(told: Told) -> Insight | None:
    """Say how likely a lead becomes a customer."""
    lead = chance_rows.is_lead(told.session, told.scored.customer)
    return _insight(LEAD, told) if lead else None


@insight(CONTRACT, of=("company", "contact"))
def tell_contract(told: Told) -> Insight:
    """Say how likely a customer ends the contract."""
    return _insight(CONTRACT, told)


@unscored(WIN, of=("deal",))
def tell_no_win(asked: Unscored) -> Insight | None:
    """Say why an open deal has no chance of winning on its card."""
    return _none(WIN, asked) if _is_open(asked.session, asked.record) else None


@unscored(LEAD, of=("company", "contact"))
def tell_no_lead(asked: Unscored) -> Insight | None:
    """Say why a lead has no score on its card."""
    return _none(LEAD, asked) if chance_rows.is_lead(asked.session, asked.record) else None


def _insight(kind: str, told: Told) -> Insight:
    data, scored = told.receipt, told.scored
    week = _week_before(told.session, kind, data, [scored])
    return Insight(
        label=_(words.WORDS[kind].label),
        text=words.figure(scored, week.get(scored.customer), data["model"]),
        reasons=words.sentences(scored, data),
        next=words.suggestion(kind, scored),
        how=words.how(kind, data),
    )


def _none(kind: str, asked: Unscored) -> Insight | None:
    why = words.why_none(asked.receipt)
    if not why:
        return None
    label = _(words.WORDS[kind].label)
    return Insight(label, words.none(asked.receipt), how=why)


def _is_open(session: Session, reference: Reference) -> bool:
    deal = session.get(Deal, reference.id)
    return deal is not None and deal.stage.kind is StageKind.OPEN


def _report(request: Request, kind: str, page: int) -> Reply:
    session = request.session
    receipt = scores.receipt(session, kind)
    if receipt is None:
        return _never(kind, request.defaults)
    why = words.why_none(receipt.data)
    if why:
        label, none = _(words.WORDS[kind].label), words.none(receipt.data)
        title = _("{label}: {text}", label=label, text=none)
        return Reply(title=title, text=why, fields=_fields(kind, receipt))
    total = scores.count(session, receipt)
    found = scores.ranking(session, receipt.kind, receipt.data["period"], (page - 1) * SHOWN, SHOWN)
    loaded = records.load(session, [each.customer for each in found])
    shown = [
        each
        for each in found
        if each.customer in loaded and _is_undecided(session, kind, each.customer)
    ]
    names = _names(session, {each.customer: loaded[each.customer] for each in shown})
    request.memory.listed([each.customer for each in shown])
    week = _week_before(session, kind, receipt.data, shown)
    blocks = []
    for place, each in enumerate(shown, (page - 1) * SHOWN + 1):
        name = names[each.customer]
        risk = words.figure(each, week.get(each.customer), receipt.data["model"])
        head = _("{place}. {name}: {risk}", place=place, name=name, risk=risk)
        reasons = [f"• {reason}" for reason in words.sentences(each, receipt.data)]
        lines = [head, *reasons, words.suggestion(kind, each)]
        blocks.append("\n".join(line for line in lines if line))
    reply = Reply(
        title=_title(kind, total),
        text="\n\n".join(blocks),
        fields=_fields(kind, receipt),
        actions=tuple(_open(names[each.customer], each.customer) for each in shown),
        sensitivity=Sensitivity.INTERNAL,
    )
    return cards.page(reply, cards.again(request), page, total, SHOWN)


def _title(kind: str, count: int) -> str:
    if kind == WIN:
        return plural(
            "{count} open deal, the likeliest to be won first",
            "{count} open deals, the likeliest to be won first",
            count,
        )
    if kind == LEAD:
        return plural(
            "{count} lead, the most promising first",
            "{count} leads, the most promising first",
            count,
        )
    return plural(
        "{count} customer under contract, the likeliest to end it first",
        "{count} customers under contract, the likeliest to end it first",
        count,
    )


def _is_undecided(session: Session, kind: str, record: Reference) -> bool:
    """Tell whether what was asked in the night is open still: no deal ended since, no lead bought."""
    if kind == WIN:
        return _is_open(session, record)
    return kind != LEAD or chance_rows.is_lead(session, record)


def _names(session: Session, shown: Mapping[Reference, Model]) -> dict[Reference, str]:
    """Name each record; a deal with its customer and amount as well, as many deals have one title."""
    deals = {each: record for each, record in shown.items() if isinstance(record, Deal)}
    buyers = {
        each: Reference("company", deal.company_id)
        if deal.company_id
        else Reference("contact", deal.contact_id or 0)
        for each, deal in deals.items()
    }
    known = records.load(session, list(buyers.values()))
    names = {each: records.name_of(record) for each, record in shown.items()}
    for each, deal in deals.items():
        buyer = records.name_of(known[buyers[each]]) if buyers[each] in known else ""
        amount = "" if deal.amount is None else money(Money(deal.amount, deal.currency))
        names[each] = " · ".join(part for part in (deal.title, buyer, amount) if part)
    return names


def _open(name: str, reference: Reference) -> Action:
    return Action(_("Open {name}", name=name), f"{reference.kind} show {reference.id}")


def _fields(kind: str, receipt: Receipt) -> tuple[Field, ...]:
    worked_out = day(date.fromisoformat(receipt.data["period"]))
    fields = [Field(_("Worked out on"), worked_out)]
    if not words.why_none(receipt.data):
        fields.append(Field(_("How"), words.how(kind, receipt.data)))
    return tuple(fields)


def _never(kind: str, defaults: Defaults) -> Reply:
    text = _(
        "The job `chances` works them out every night at {time} ({zone}); an admin runs it at once "
        "with `rapport job chances`.",
        time=f"{CHANCES_AT:%H:%M}",
        zone=defaults.time_zone,
    )
    if kind == CONTRACT:
        named = _(
            "It needs an added field of yes or no that tells who ended a contract, named by the key "
            "`contract_field` of the configuration."
        )
        text = f"{text} {named}"
    return Reply(title=_("No chances have been worked out yet."), text=text)


def _week_before(
    session: Session, kind: str, data: Mapping[str, Any], found: Sequence[Scored]
) -> Mapping[Reference, Scored]:
    """Return what was said of the same records about a week before, by the same model."""
    before = scores.week_before(session, date.fromisoformat(data["period"]), data["model"], kind)
    if before is None:
        return {}
    return scores.of_some(
        session, before.kind, before.data["period"], [each.customer for each in found]
    )
