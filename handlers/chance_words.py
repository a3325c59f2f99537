"""How chances are spoken of: the figure, the reasons, what to do, how it was worked out, why there is none.

Only wording: codes and numbers come from `jobs/chances.py`. Names of fields stand in
`handlers/pattern_words.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm_store.scores import CONTRACT, LEAD, WIN, Scored
from handlers import pattern_words
from handlers.wording import _, mark, number, percent, plural

STAGE_RULE, TALK_RULE = "stage_rule", "talk_rule"
SILENCE = "days_since_activity"
RECORD = "record"
RAISES = "raises"
STRONG, PLAIN = 1.0, 0.4  # log-odds: chances to 1 grow by a factor of 2.7, or of 1.5


@dataclass(frozen=True, slots=True)
class Words:
    """How one kind of chance is spoken of.

    Attributes:
        label: what it is called on a card.
        means: what the figure says.
        learned: what it was learned from.
        next: what to do, by level.
    """

    label: str
    means: str
    learned: str
    next: Mapping[str, str]


WORDS: Mapping[str, Words] = {
    WIN: Words(
        mark("Chance of winning"),
        mark("The figure is the chance that the deal is won."),
        mark("Learned from {rows} ended deals, each as it stood some days after its opening."),
        {
            "high": mark("Next: settle the last open point and agree on a date for the order."),
            "medium": mark("Next: agree on the next step with the customer, with a date."),
            "low": mark("Next: ask what is missing for a yes, or close it and save the time."),
        },
    ),
    LEAD: Words(
        mark("Lead score"),
        mark("The figure is the chance that they become a customer within {days} days."),
        mark("Learned from {rows} leads of the past, each as it stood before it had bought."),
        {
            "high": mark("Next: call today, ask what they need and offer a first order."),
            "medium": mark("Next: ask what they need, and stay in touch."),
            "low": mark("Next: nothing urgent; call the likelier ones first."),
        },
    ),
    CONTRACT: Words(
        mark("Risk of ending the contract"),
        mark("The figure is the chance that a customer like this has ended the contract."),
        mark("Learned from {rows} customers of whom it is known."),
        {
            "high": mark("Next: call before they decide, and ask what would keep them."),
            "medium": mark("Next: ask how satisfied they are, and what they miss."),
            "low": "",
        },
    ),
}

_METHODS = {
    "logistic_regression": mark(
        "By logistic regression, which weighs each sign by how well it told past cases apart; the "
        "reasons are exact parts of the figure."
    ),
    "entropy_tree": mark("By a decision tree, a chain of yes-or-no questions about the signs."),
    "support_vectors": mark(
        "By support vectors, which draw the widest border between the past cases of both kinds."
    ),
    "neural_network": mark(
        "By a small neural network, which adds the signs up with weights, layer by layer."
    ),
    "gradient_boosting": mark(
        "By gradient boosting, many short chains of yes-or-no questions that mend each other's mistakes."
    ),
    "mean_of_boosting_and_regression": mark(
        "By the mean of two methods: one weighs each sign, the other asks many short chains of "
        "yes-or-no questions."
    ),
}
_EXACT = "logistic_regression"
_SAYS = {
    ("raises", 2): mark("{fact}. This raises it a lot."),
    ("raises", 1): mark("{fact}. This raises it."),
    ("raises", 0): mark("{fact}. This raises it a little."),
    ("lowers", 2): mark("{fact}. This lowers it a lot."),
    ("lowers", 1): mark("{fact}. This lowers it."),
    ("lowers", 0): mark("{fact}. This lowers it a little."),
}
_WARMTH = {
    "high": mark("heard of lately"),
    "medium": mark("silent for some weeks"),
    "low": mark("silent for long"),
}
_NEW = mark("new, not spoken to yet")
_UNFIT = frozenset(
    {"decides_alone", "decides_both_ways", "filled_by_outcome", "filled_with_such_a_field"}
)


def figure(scored: Scored, before: Scored | None, model: str) -> str:
    """Write a chance with its change since last week, or how warm a lead is by the rule."""
    if model == TALK_RULE:
        new = scored.label == "high" and scored.reasons[0]["value"] is None
        return _(_NEW) if new else _(_WARMTH[scored.label])
    now = percent(scored.value)
    if before is None:
        return now
    old = percent(before.value)
    if old == now:
        return _("{risk}, as a week ago", risk=now)
    if scored.value > before.value:
        return _("{risk}, up from {old}", risk=now, old=old)
    return _("{risk}, down from {old}", risk=now, old=old)


def sentences(scored: Scored, data: Mapping[str, Any]) -> tuple[str, ...]:
    """Say each reason, the strongest first."""
    if data["model"] == TALK_RULE:
        return tuple(_heard(each["value"]) for each in scored.reasons)
    return tuple(_sentence(each, data) for each in scored.reasons)


def suggestion(kind: str, scored: Scored) -> str:
    """Say what to do next; of a deal that went silent, to get in touch."""
    if kind == WIN and any(map(_is_silence, scored.reasons)):
        return _("Next: get in touch, nothing has happened for a while.")
    wanted = WORDS[kind].next[scored.label]
    return _(wanted) if wanted else ""


def _is_silence(reason: Mapping[str, Any]) -> bool:
    """Tell whether a reason is that nothing was heard for longer than usual, or never, and that it lowers."""
    if reason["field"] != SILENCE or reason["direction"] == RAISES:
        return False
    return reason["value"] is None or reason["value"] > (reason["typical"] or 0)


def how(kind: str, data: Mapping[str, Any]) -> str:
    """Say how the figures were worked out, how good that was, and what was left out."""
    parts = [*_made(kind, data), *_left_out(data)]
    return " ".join(part for part in parts if part)


def none(data: Mapping[str, Any]) -> str:
    """Say in three words that there is no figure."""
    if data["why"] in {"too_few_rows", "too_few_of_a_class"}:
        return _("too little to learn from")
    return _("no usable signal")


def why_none(data: Mapping[str, Any]) -> str:
    """Say why no figure is shown; empty where one is."""
    if data["why"] == "no_usable_fields":
        return _("No field tells the cases apart, so no figure is shown.")
    if data["why"] == "not_better_than_base_rate":
        return _(
            "No usable signal: tried on {rows} cases that it had not learned from, the best method "
            "told no more about them than the average does. So no figure is shown, rather than one "
            "that is no better than a guess.",
            rows=number(data["quality"]["rows"]),
        )
    if data["why"] and data["model"] == "none":
        return _("No figure is shown. {why}", why=_too_little(data))
    return ""


def _made(kind: str, data: Mapping[str, Any]) -> list[str]:
    words = WORDS[kind]
    if data["model"] == STAGE_RULE:
        plain = _("By a plain rule, not by a model: the chance that is set for the deal's stage.")
        return [plain, _too_little(data)]
    if data["model"] == TALK_RULE:
        plain = _(
            "By a plain rule, not by a model: the more lately a lead was heard of (or entered, if never heard of), "
            "the higher it stands; lately means within {days} days, long {long} days or more.",
            days=number(data["rule"]["lately"]),
            long=number(data["rule"]["long_ago"]),
        )
        return [plain, _too_little(data)]
    if not data["usable"]:
        return [why_none(data)]
    return [
        _(words.means, days=number(data["horizon_days"])) if kind == LEAD else _(words.means),
        _(_METHODS[data["model"]]),
        _(words.learned, rows=number(data["rows_trained"])),
        ""
        if data["model"] == _EXACT
        else _("A reason says what changes when this field alone is put to its usual values."),
        _tested(data["quality"]),
    ]


def _tested(quality: Mapping[str, Any]) -> str:
    return _(
        "Tested on {rows} cases that it had not learned from: of the tenth that it put highest, "
        "{lift} times as many came true as on average.",
        rows=number(quality["rows"]),
        lift=number(quality["lift_top_tenth"], 1),
    )


def _too_little(data: Mapping[str, Any]) -> str:
    return _(
        "A model needs {rows} decided cases, and {least} that ended each way, in the time it learns "
        "from and in the time it is tested on; there are {count}, {yes} of them with a yes.",
        rows=number(data["least"]["rows"]),
        least=number(data["least"]["of_a_class"]),
        count=number(data["rows"]),
        yes=number(data["positives"]),
    )


def _left_out(data: Mapping[str, Any]) -> list[str]:
    told = [name for name, code in data["unfit"].items() if code in _UNFIT]
    after = ", ".join(pattern_words.field_name(name, data["labels"]) for name in told)
    private = ", ".join(data["excluded"])
    return [
        _(
            "Not used, because it seems to be filled in when the end is known: {fields}.",
            fields=after,
        )
        if after
        else "",
        _("Never looked at: {fields}.", fields=private) if private else "",
    ]


def _heard(days: float | None) -> str:
    if days is None:
        return _("Nothing was heard of them yet.")
    return plural("Last heard of {count} day ago.", "Last heard of {count} days ago.", int(days))


def _sentence(reason: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    size = abs(reason["contribution"])
    strength = 2 if size >= STRONG else 1 if size >= PLAIN else 0
    return _(_SAYS[reason["direction"], strength], fact=_fact(reason, data))


def _fact(reason: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    code, value, typical = reason["field"], reason["value"], reason["typical"]
    name = _name(code, data["labels"])
    if value is None or value == "":
        return _("{field}: not known", field=name)
    if isinstance(value, str):
        return _("{field}: {word}", field=name, word=pattern_words.level(code, value))
    shown, usual = (pattern_words.step(code, each, data["currency"]) for each in (value, typical))
    if shown == usual:
        return _("{field}: {word}", field=name, word=shown)
    return _("{field}: {value}, in the middle {typical}", field=name, value=shown, typical=usual)


def _name(code: str, labels: Mapping[str, str]) -> str:
    if code == RECORD:
        return _("company or contact")
    found = pattern_words.field_name(code, labels)
    return found[:1].upper() + found[1:]
