"""What a customer is likely to bring, in plain words. Only wording: the figures come from `jobs/values.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from crm_store.scores import Scored
from handlers import reasons
from handlers.reasons import rounded
from handlers.wording import _, day, mark, number, percent, plural

HISTORICAL = "historical_value"
HISTORY_BETTER = "history_was_better"
SURE = 0.995  # a probability that is told as certain is not told

_METHODS = {
    "history_and_bg_nbd_gamma_gamma": mark(
        "From what each brought in the last 12 months, together with how often and for how much "
        "customers like them go on buying; learnt from {count} customers."
    ),
    "bg_nbd_gamma_gamma": mark(
        "From how often and for how much customers like them go on buying; learnt from {count} customers."
    ),
}


def headline(scored: Scored, data: Mapping[str, Any]) -> str:
    """Say the value, and when the next purchase is likely."""
    worth = rounded(scored.value, data["currency"])
    if not scored.label:
        return _("about {sum}", sum=worth)
    on = date.fromisoformat(scored.label)
    return _("about {sum}; next purchase likely around {day}", sum=worth, day=day(on))


def sentences(scored: Scored, before: Scored | None, data: Mapping[str, Any]) -> list[str]:
    """Say what the value rests on, and how it changed since last week."""
    told, currency = scored.reasons[0], data["currency"]
    found = [
        _("Brought {sum} in as long a time before.", sum=rounded(told["history"], currency)),
        *([_expected(told, currency), _alive(told)] if data["usable"] else []),
        _ranked(told),
    ]
    if told["total"] is not None:
        found.append(_("Brought {sum} in all so far.", sum=rounded(told["total"], currency)))
    if before is not None:
        found.append(_changed(scored, before, currency))
    return [sentence for sentence in found if sentence]


def suggestion(scored: Scored, data: Mapping[str, Any]) -> str:
    """Say what to do next."""
    if scored.label:
        on = day(date.fromisoformat(scored.label))
        return _("Next: get in touch a few days before {day}.", day=on)
    if data["usable"] and scored.value > 0:
        return _("Next: ask whether they still need us; no date can be named for a next purchase.")
    return ""


def made_how(data: Mapping[str, Any]) -> str:
    """Say how values were worked out, why by the plain rule, and how good that was before."""
    parts = [_method(data), _quality(data), _worked(data), reasons.left_out(data)]
    return " ".join(part for part in parts if part)


def signed(change: float, currency: str) -> str:
    """Write a change with its sign."""
    sign = "+" if round(change) > 0 else ""
    return sign + rounded(change, currency)


def _expected(told: Mapping[str, Any], currency: str) -> str:
    if told["amount"] is None:
        return ""
    return _(
        "Expected: {count} days with a purchase, of about {sum} each.",
        count=number(told["purchases"], 1),
        sum=rounded(told["amount"], currency),
    )


def _alive(told: Mapping[str, Any]) -> str:
    if told["alive"] is None or told["alive"] >= SURE:
        return ""
    return _("Still a customer with a probability of {share}.", share=percent(told["alive"]))


def _ranked(told: Mapping[str, Any]) -> str:
    if told["rfm"] is None:
        return ""
    recent, often, much = (number(each) for each in told["rfm"])
    return _(
        "Among all customers, 5 being the best fifth: {recent} for how recently, {often} for how "
        "often and {much} for how much they bought.",
        recent=recent,
        often=often,
        much=much,
    )


def _changed(scored: Scored, before: Scored, currency: str) -> str:
    change = round(scored.value - before.value)
    if change == 0:
        return _("As a week ago.")
    old = rounded(before.value, currency)
    if change > 0:
        return _("Up from {sum} a week ago.", sum=old)
    return _("Down from {sum} a week ago.", sum=old)


def _method(data: Mapping[str, Any]) -> str:
    if data["model"] != HISTORICAL:
        return _(_METHODS[data["model"]], count=number(data["rows_trained"]))
    if data["why"] == HISTORY_BETTER:
        rule = _("By a plain rule, not by a model: the next 12 months as the last 12.")
    else:
        rule = _(
            "By a plain rule, not by a model: the next 12 months as the last 12, and the less the "
            "longer somebody has been silent beyond their own rhythm."
        )
    return f"{rule} {_why(data)}"


def _why(data: Mapping[str, Any]) -> str:
    least = data["least"]
    match data["why"]:
        case "too_few_customers":
            return _(
                "A model needs {least} customers; there are {count}.",
                least=number(least["customers"]),
                count=number(data["customers_scored"]),
            )
        case "too_few_repeat_customers":
            return _(
                "A model needs {least} customers who bought again; there are {count}.",
                least=number(least["repeaters"]),
                count=number(data["repeaters"]),
            )
        case "too_little_history":
            return _(
                "A model needs {least} days of orders; there are {count}.",
                least=number(least["days"]),
                count=number(data["history_days"]),
            )
    return _("A model was tried on a time it had not seen, and the rule came nearer.")


def _quality(data: Mapping[str, Any]) -> str:
    quality = data["quality"]
    if not quality:
        return ""
    used = quality[_FIGURES[data["model"]]]
    tested = plural(
        "Tested on the last {count} day, which it had not seen, with {customers} customers: of the "
        "tenth that brought most the model named {share}, last year's revenue alone {plain}; on average "
        "the model was {error} off, last year's revenue {other}.",
        "Tested on the last {count} days, which it had not seen, with {customers} customers: of the "
        "tenth that brought most the model named {share}, last year's revenue alone {plain}; on average "
        "the model was {error} off, last year's revenue {other}.",
        quality["horizon_days"],
        customers=number(quality["customers"]),
        share=percent(used["top_tenth"]),
        plain=percent(quality["history"]["top_tenth"]),
        error=rounded(used["mean_error"], data["currency"]),
        other=rounded(quality["history"]["mean_error"], data["currency"]),
    )
    if quality["bought_by_date"] is None:
        return tested
    dated = _(
        "Of {count} customers with a date for the next purchase {share} had bought by then; half is "
        "what a date promises.",
        count=number(quality["dated"]),
        share=percent(quality["bought_by_date"]),
    )
    return f"{tested} {dated}"


_FIGURES = {
    "history_and_bg_nbd_gamma_gamma": "blend",
    "bg_nbd_gamma_gamma": "model",
    HISTORICAL: "blend",
}


def _worked(data: Mapping[str, Any]) -> str:
    return _("Worked out on {day}.", day=day(date.fromisoformat(data["on"])))
