"""In what a customer is unlike all others, in plain words. Only wording: the numbers come from `jobs/values.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from handlers import reasons
from handlers.reasons import Fact, counted, paid, trend
from handlers.wording import _, day, mark, number, plural

GROUPS = 3

# What a group differs in: above and below what is typical.
_KINDS = {
    "recency_days": (mark("a very long silence"), mark("a very recent order")),
    "frequency": (mark("very many orders"), mark("very few orders")),
    "value": (mark("very much bought in all"), mark("next to nothing bought in all")),
    "mean_value": (mark("very large orders"), mark("very small orders")),
    "gap_days": (mark("very long gaps between orders"), mark("very short gaps between orders")),
    "tickets_90": (mark("very many tickets"), mark("very few tickets")),
    "complaints_90": (mark("very many complaints"), mark("very few complaints")),
    "trend": (mark("far more bought than before"), mark("far less bought than before")),
}


def kind(feature: str, *, above: bool) -> str:
    """Say in what a customer or a group differs, in two or three words."""
    return _(_KINDS[feature][0 if above else 1])


def title(total: int) -> str:
    """Say how many are unlike all others."""
    if not total:
        return _("No customer is unlike all others")
    return plural(
        "{count} customer unlike all others", "{count} customers unlike all others", total
    )


def group(data: Mapping[str, Any]) -> str:
    """Say in what most of them differ; empty without any."""
    parts = [
        _(
            "{what} ({count})",
            what=kind(each["feature"], above=each["above"]),
            count=number(each["count"]),
        )
        for each in data["common"][:GROUPS]
    ]
    return _("Mostly because of: {reasons}.", reasons=", ".join(parts)) if parts else ""


def sentences(found: Sequence[Mapping[str, Any]], currency: str) -> list[str]:
    """Say each number in which a customer differs, beside the typical one."""
    return [_FACTS[each["feature"]](each["value"], each["typical"], currency) for each in found]


def made_how(data: Mapping[str, Any]) -> str:
    """Say how they were found."""
    if data["model"] == "dbscan":
        made = _(
            "Every one of {count} customers was compared with the others in how recently, how often "
            "and for how much they order, their rhythm, the trend of the last 90 days, tickets and "
            "complaints. Named is who has fewer than {least} others near, and is near nobody who has so many.",
            count=number(data["customers_scored"]),
            least=number(data["least"]["neighbours"]),
        )
    else:
        made = _(
            "By a plain rule, because fewer than {least} customers are too few to compare: named is "
            "who is extremely far from the middle of all {count} in one number.",
            least=number(data["least"]["customers"]),
            count=number(data["customers_scored"]),
        )
    worked = _("Worked out on {day}.", day=day(date.fromisoformat(data["on"])))
    return " ".join(part for part in (made, worked, reasons.left_out(data)) if part)


_FACTS: Mapping[str, Fact] = {
    "recency_days": counted(
        "Last ordered {count} day ago; typical is {typical}.",
        mark("Last ordered {count} days ago; typical is {typical}."),
    ),
    "frequency": counted(
        "Ordered on {count} day so far; typical is {typical}.",
        mark("Ordered on {count} days so far; typical is {typical}."),
    ),
    "value": paid(mark("Brought {sum} in all so far; typical is {typical}.")),
    "mean_value": paid(mark("Spends {sum} an order; typical is {typical}.")),
    "gap_days": counted(
        "Orders about every {count} day; typical is {typical}.",
        mark("Orders about every {count} days; typical is {typical}."),
    ),
    "tickets_90": counted(
        "{count} ticket in the last 90 days; typical is {typical}.",
        mark("{count} tickets in the last 90 days; typical is {typical}."),
    ),
    "complaints_90": counted(
        "{count} complaint in the last 90 days; typical is {typical}.",
        mark("{count} complaints in the last 90 days; typical is {typical}."),
    ),
    "trend": trend,
}
