"""Words for who moved between the segments, and whom of them to call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm_store import records, scores
from crm_store.conversations import Reference
from crm_store.models import Receipt
from crm_store.scores import CHURN, SEGMENT
from crm_store.store import Session
from handlers import reasons
from handlers.reply import Action
from handlers.wording import _, day, mark, plural

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
CALLS = 5  # each with a reason and two buttons
GOOD = 5  # the first of NAMES; who leaves them for a later one is worth a call


@dataclass(frozen=True, slots=True)
class Call:
    """A customer to call: where they went from and to, what they bought, and what is known of why."""

    customer: Reference
    name: str
    move: Mapping[str, Any]
    revenue: float
    why: tuple[str, ...]


def calls(session: Session, data: Mapping[str, Any]) -> list[Call]:
    """Find those who left the good segments, with the most revenue first."""
    order = list(NAMES)
    moved = {
        Reference.parse(customer): move
        for move in data["moves"]
        if move["origin"] in order
        and move["target"] in order[GOOD:]
        and order.index(move["target"]) > order.index(move["origin"])
        for customer in move["customers"]
    }
    revenue = scores.of_some(session, SEGMENT, data["period"], moved.keys())
    loaded = records.load(session, list(moved))
    known = [each for each in moved if each in loaded and each in revenue]
    spent = {each: revenue[each].value for each in known if revenue[each].value > 0}
    found = sorted(spent, key=lambda each: (-spent[each], str(each)))[:CALLS]
    why = _reasons(session, data["on"], found)
    return [
        Call(each, records.name_of(loaded[each]), moved[each], spent[each], why.get(each, ()))
        for each in found
    ]


def _reasons(
    session: Session, on: str, customers: Sequence[Reference]
) -> Mapping[Reference, tuple[str, ...]]:
    """Say of each customer what speaks most for a call, and what to do about it."""
    receipt = scores.receipt(session, CHURN, on)
    if receipt is None:
        return {}
    found = scores.of_customers(session, date.fromisoformat(on), customers)
    return {each.scored.customer: _reason(each.scored.reasons, receipt) for each in found}


def _reason(found: Sequence[Mapping[str, Any]], receipt: Receipt) -> tuple[str, ...]:
    raising = [each for each in found if reasons.calls(each)][:1]
    said = reasons.sentences(raising, receipt.data["model"], receipt.data["currency"])
    return (*(f"• {sentence}" for sentence in said), reasons.suggestion(raising))


def called(found: Sequence[Call], data: Mapping[str, Any]) -> list[str]:
    """Say whom to call and why; nothing when nobody slipped."""
    if not found:
        return []
    lines = [_("To call: customers who slipped, those with the most revenue first.")]
    for place, call in enumerate(found, 1):
        origin, target = (NAMES[call.move[end]] for end in ("origin", "target"))
        lines.append(
            _(
                "{place}. {name}: from “{origin}” to “{target}”, {sum} in the last 12 months",
                place=place,
                name=call.name,
                origin=_(origin),
                target=_(target),
                sum=reasons.revenue(call.revenue, data["currency"]),
            )
        )
        lines += call.why
    return [*lines, ""]


def buttons(call: Call) -> tuple[Action, Action]:
    """Offer to set a date for a call, and to look at the customer."""
    return (
        Action(_("Follow up {name}", name=call.name), f"followup {call.customer} tomorrow 9:00"),
        Action(_("Open {name}", name=call.name), f"{call.customer.kind} show {call.customer.id}"),
    )


def moves(session: Session, data: Mapping[str, Any]) -> list[str]:
    """Say who moved since a week before, and the revenue that moved along."""
    found = data["moves"]
    since = day(date.fromisoformat(data["before_on"]))
    if not found:
        return [_("Nobody moved since {day}.", day=since)]
    named = [
        [Reference.parse(each) for each in move["customers"][:NAMED]] for move in found[:MOVES]
    ]
    loaded = records.load(session, [reference for group in named for reference in group])
    lines = [_("Since {day}:", day=since)]
    for move, group in zip(found, named, strict=False):
        known = [records.name_of(loaded[each]) for each in group if each in loaded]
        lines.append(_move(move, known, data["currency"]))
    if len(found) > MOVES:
        rest = len(found) - MOVES
        lines.append(plural("And {count} smaller move.", "And {count} smaller moves.", rest))
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
