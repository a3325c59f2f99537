"""Why a customer is at risk, what to do about it and how that was worked out, in plain words.

Only wording: the codes and numbers come from the analyses, through `crm_store/scores.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from crm_store.money import Money
from handlers.wording import _, day, mark, money, number, percent, plural

Fact: TypeAlias = Callable[[float, float, str], str]

RULE = "silence_rule"
RAISES = "raises"

LEVELS = {
    "high": mark("at risk"),
    "medium": mark("later than usual"),
    "low": mark("in the usual rhythm"),
}
SILENT = frozenset({"recency_days", "silence_days", "silence_ratio", "gap_days"})
LESS = frozenset({"trend", "value", "mean_value"})
SERVICE = frozenset({"tickets_90", "complaints_90"})


def risk(value: float, level: str, model: str) -> str:
    """Write a risk: a probability in per cent, or the level of the rule, which knows no probability."""
    return _(LEVELS[level]) if model == RULE else percent(value)


def sentences(reasons: Sequence[Mapping[str, Any]], model: str, currency: str) -> list[str]:
    """Say each reason, the strongest first."""
    if model == RULE:
        return [_by_rule(reason) for reason in reasons]
    return [_by_model(reason, currency) for reason in reasons if not _is_idle(reason)]


def suggestion(reasons: Sequence[Mapping[str, Any]]) -> str:
    """Say what to do next, by the strongest reason that raises the risk."""
    raising = [each for each in reasons if each["direction"] == RAISES]
    strongest = raising[0]["feature"] if raising else ""
    if strongest in SERVICE:
        return _("Next: call about the open trouble first, before anything is offered.")
    if strongest in LESS and calls(raising[0]):
        return _("Next: ask what they buy elsewhere now, and offer what they used to order.")
    if strongest in SILENT:
        return _("Next: call, ask what has changed, and agree on a date for the next order.")
    return _("Next: get in touch and ask how the last order went.")


def calls(reason: Mapping[str, Any]) -> bool:
    """Tell whether a reason is one to call: a silence, less bought or trouble, not how long they are known."""
    more = reason["feature"] == "trend" and reason["value"] >= 0
    return (
        reason["direction"] == RAISES and reason["feature"] in SILENT | LESS | SERVICE and not more
    )


def made_how(data: Mapping[str, Any]) -> str:
    """Say how the risks of a receipt were worked out, how good that is, and why a rule where it is one."""
    parts = [_model(data), _rule(data), _why(data), _quality(data), _alerts(data), left_out(data)]
    return " ".join(part for part in parts if part)


def left_out(data: Mapping[str, Any]) -> str:
    """Say how many orders in other currencies were not looked at; empty without any."""
    others = data["left_out"]
    if not others:
        return ""
    return plural(
        "{count} order in another currency than {currency} is left out ({others}).",
        "{count} orders in other currencies than {currency} are left out ({others}).",
        sum(others.values()),
        currency=data["currency"],
        others=", ".join(sorted(others)),
    )


def revenue(text: str | float, currency: str) -> str:
    """Write a sum that a receipt or a score keeps."""
    return money(Money(Decimal(str(text)).quantize(Decimal("0.01")), currency))


def _by_rule(reason: Mapping[str, Any]) -> str:
    return plural(
        "No order for {count} day; for this customer the rule allows {limit}.",
        "No order for {count} days; for this customer the rule allows {limit}.",
        _whole(reason["value"]),
        limit=number(_whole(reason["typical"])),
    )


def _by_model(reason: Mapping[str, Any], currency: str) -> str:
    fact = _FACTS[reason["feature"]](reason["value"], reason["typical"], currency)
    if reason["direction"] == RAISES:
        return fact
    return _("In their favour: {fact}", fact=fact)


def _is_idle(reason: Mapping[str, Any]) -> bool:
    """Tell whether a reason would say that all is as before: with two empty seasons it is, and warns of nothing."""
    return (
        reason["feature"] == "trend"
        and reason["direction"] == RAISES
        and _whole_share(reason["value"]) == 0
    )


def _whole_share(trend: float) -> float:
    """Return a change from its logarithm, in whole per cent towards none."""
    return math.trunc(100 * math.expm1(trend)) / 100


def _whole(value: float) -> int:
    return round(value)


def counted(one: str, many: str) -> Fact:
    """Return how a fact of whole numbers is said; only `many` is looked up in another language."""

    def say(value: float, typical: float, _currency: str) -> str:
        return plural(one, many, _whole(value), typical=number(_whole(typical)))

    return say


def paid(text: str) -> Fact:
    """Return how a fact about sums of money is said."""

    def say(value: float, typical: float, currency: str) -> str:
        return _(text, sum=rounded(value, currency), typical=rounded(typical, currency))

    return say


def rounded(amount: str | float, currency: str) -> str:
    """Write a sum without its cents: a guess has none."""
    return revenue(round(Decimal(str(amount))), currency)


def _silence_ratio(value: float, typical: float, _currency: str) -> str:
    return _(
        "Silent for {ratio} times the usual time between their orders; half of the customers who "
        "stay for at most {typical} times.",
        ratio=number(value, 1),
        typical=number(typical, 1),
    )


def trend(value: float, _typical: float, _currency: str) -> str:
    """Say how much more or less was bought lately, from the logarithm of the ratio.

    To both sums an ordinary order was added, which draws their ratio towards one: the change is at least this.
    """
    change = _whole_share(value)
    if change < 0:
        return _(
            "Bought at least {share} less in the last 90 days than in the 90 before.",
            share=percent(-change),
        )
    if change > 0:
        return _(
            "Bought at least {share} more in the last 90 days than in the 90 before.",
            share=percent(change),
        )
    return _("Bought about as much in the last 90 days as in the 90 before.")


_FACTS: Mapping[str, Fact] = {
    "recency_days": counted(
        "No order for {count} day; half of the customers who stay ordered in the last {typical}.",
        mark(
            "No order for {count} days; half of the customers who stay ordered in the last {typical}."
        ),
    ),
    "frequency": counted(
        "Ordered on {count} day so far; half of the customers who stay did on {typical} or more.",
        mark(
            "Ordered on {count} days so far; half of the customers who stay did on {typical} or more."
        ),
    ),
    "value": paid(
        mark(
            "Bought for {sum} so far; half of the customers who stay bought for {typical} or more."
        )
    ),
    "mean_value": paid(
        mark("Spends {sum} an order; half of the customers who stay spend {typical} or more.")
    ),
    "tenure_days": counted(
        "First ordered {count} day ago; half of the customers who stay did {typical} days ago or earlier.",
        mark(
            "First ordered {count} days ago; half of the customers who stay did {typical} days ago or earlier."
        ),
    ),
    "gap_days": counted(
        "Orders about every {count} day; half of the customers who stay do every {typical} or more often.",
        mark(
            "Orders about every {count} days; half of the customers who stay do every {typical} or more often."
        ),
    ),
    "trend": trend,
    "tickets_90": counted(
        "{count} ticket in the last 90 days; half of the customers who stay had {typical} or fewer.",
        mark(
            "{count} tickets in the last 90 days; half of the customers who stay had {typical} or fewer."
        ),
    ),
    "complaints_90": counted(
        "{count} complaint in the last 90 days; half of the customers who stay had {typical} or fewer.",
        mark(
            "{count} complaints in the last 90 days; half of the customers who stay had {typical} or fewer."
        ),
    ),
    "silence_days": counted(
        "Nothing heard for {count} day; half of the customers who stay were in touch in the last {typical}.",
        mark(
            "Nothing heard for {count} days; half of the customers who stay were in touch in the last {typical}."
        ),
    ),
    "silence_ratio": _silence_ratio,
}

_MODELS = {
    "logistic_regression": mark(
        "By logistic regression, which weighs each sign by how well it told past leavers from "
        "those who stayed, learnt from {rows} customers at past moments; at risk means no order in "
        "the next {days} days."
    ),
    "entropy_tree": mark(
        "By a decision tree, a chain of yes-or-no questions, learnt from {rows} customers at past "
        "moments; at risk means no order in the next {days} days."
    ),
    "support_vectors": mark(
        "By support vectors, which draw the widest border between past leavers and those who "
        "stayed, learnt from {rows} customers at past moments; at risk means no order in the next "
        "{days} days."
    ),
    "neural_network": mark(
        "By a small neural network, which adds the signs up with weights, layer by layer, learnt "
        "from {rows} customers at past moments; at risk means no order in the next {days} days."
    ),
    "gradient_boosting": mark(
        "By gradient boosting, many short chains of yes-or-no questions that mend each other's "
        "mistakes, learnt from {rows} customers at past moments; at risk means no order in the next "
        "{days} days."
    ),
    "mean_of_boosting_and_regression": mark(
        "By the mean of two methods, one that weighs each sign and one that asks many short chains "
        "of yes-or-no questions, learnt from {rows} customers at past moments; at risk means no "
        "order in the next {days} days."
    ),
}


def _model(data: Mapping[str, Any]) -> str:
    if data["model"] == RULE:
        return ""
    return _(
        _MODELS[data["model"]],
        rows=number(data["rows_trained"]),
        days=number(data["horizon_days"]),
    )


def _rule(data: Mapping[str, Any]) -> str:
    if data["model"] != RULE:
        return ""
    rule = data["rule"]
    return _(
        "By a plain rule, not by a model: at risk after {gaps} times the customer's own usual time "
        "between orders, or after {days} days with fewer than {orders} days of ordering.",
        gaps=number(rule["gaps"]),
        days=number(rule["days"]),
        orders=number(rule["orders"]),
    )


def _why(data: Mapping[str, Any]) -> str:
    least = data["least"]
    customers = number(least["customers"])
    match data["why"]:
        case "too_few_customers":
            return _(
                "A rule because a model needs {least} customers, now and at every past moment that "
                "it learns from; there are {count}.",
                least=customers,
                count=number(data["customers_scored"]),
            )
        case "too_little_history":
            return _(
                "A rule because the orders do not reach back far enough for a model: it needs {days} days.",
                days=number(3 * data["horizon_days"]),
            )
        case "too_few_of_a_class":
            return _(
                "A rule because in a past season too few customers left, or too few stayed: a "
                "model needs {least} of each.",
                least=number(least["of_a_class"]),
            )
        case "not_better_than_base_rate":
            return _(
                "A rule because a model was tried and told no more about customers it had not seen "
                "than the average does."
            )
    return ""


def _quality(data: Mapping[str, Any]) -> str:
    quality = data["quality"]
    if not quality or not data["usable"]:
        return ""
    return _(
        "Tested on {rows} customers at a moment it had not learnt from ({day}): of the tenth it "
        "marked as most at risk, {lift} times as many left as on average.",
        rows=number(quality["rows"]),
        day=day(date.fromisoformat(data["held_back_on"])),
        lift=number(quality["lift_top_tenth"], 1),
    )


def _alerts(data: Mapping[str, Any]) -> str:
    alerts = data.get("alerts")
    if not alerts:
        return ""
    if not alerts["marked"]:
        return _(
            "Looked back on {day}: it would have marked nobody as at risk.",
            day=day(date.fromisoformat(alerts["on"])),
        )
    return _(
        "Looked back on {day}: of {customers} customers it would have marked {marked} as at risk, of "
        "whom {left} ({share}) placed no order in the {days} days after; of all customers {all_share}.",
        day=day(date.fromisoformat(alerts["on"])),
        customers=number(alerts["customers"]),
        marked=number(alerts["marked"]),
        left=number(alerts["left"]),
        share=percent(alerts["left"] / alerts["marked"]),
        all_share=percent(alerts["all_left"] / alerts["customers"]),
        days=number(data["horizon_days"]),
    )
