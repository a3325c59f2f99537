"""Every night: what is bought together, and what to offer each customer and each open deal next, with reasons.

Done twice for one moment it leaves the same scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from crm_store import baskets, scores
from crm_store.baskets import Goods, Lines, OpenDeal
from crm_store.conversations import Reference
from crm_store.purchases import customer
from crm_store.scores import OFFER, RULES, Scored
from jobs.customers import local_day
from jobs.keeping import keep, prune
from jobs.schedule import JobContext

if TYPE_CHECKING:
    from jobs.analytics.held_back import Figures
    from jobs.analytics.recommendation import Asked, Offer, Quality, Recommendation
    from jobs.analytics.rules import Mined

MOST_COLD = 50_000  # companies without purchases that get an offer, the newest
MOST_RULES = 200  # that the receipt keeps: a reader stops long before
_PLACES = 4


@dataclass(slots=True)
class Shop:
    """Everything that is read: see `crm_store/baskets.py`."""

    goods: Goods
    fields: frozenset[str]
    excluded: list[str]
    lines: Lines = field(default_factory=Lines)
    groups: dict[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    deals: list[OpenDeal] = field(default_factory=list)


def run(context: JobContext) -> str:
    """Find the rules and the offers of today."""
    shop = _read(context)
    day = local_day(context)
    context.progress(f"{len(shop.lines.orders)} products of orders read")
    found = _keep_rules(context, day, shop)
    offers = _keep_offers(context, day, shop)
    for kind in (RULES, OFFER):
        prune(context, kind, day)
    return f"{found}; {offers}"


def _read(context: JobContext) -> Shop:
    from jobs.analytics.recommendation import HISTORY_DAYS

    with context.reading() as session:
        goods = baskets.open_goods(session, context.currency)
        shop = Shop(goods, *baskets.fields_read(session, context.excluded))
    since = context.now - timedelta(days=HISTORY_DAYS)
    read_lines = partial(baskets.read_lines, into=shop.lines, since=since, until=context.now)
    _pages(context, read_lines, None)
    _pages(context, partial(baskets.read_goods, into=goods, fields=shop.fields), 0)
    _pages(
        context,
        partial(baskets.read_companies, into=shop.groups, left_out=shop.excluded),
        0,
    )
    _pages(context, partial(baskets.read_deals, into=shop.deals), 0)
    return shop


def _pages(context: JobContext, read: Callable[..., Any], after: Any) -> None:  # noqa: ANN401 - where a page ends
    while True:
        with context.reading() as session:
            after = read(session, after=after)
        if after is None:
            return


def _keep_rules(context: JobContext, day: date, shop: Shop) -> str:
    from jobs.analytics import frames, rules

    found = rules.read_baskets(frames.baskets_frame(shop.lines))
    thresholds = rules.thresholds_for(len(found.rows))
    mined = rules.mine(found, thresholds)
    told = rules.told(mined.rules)
    first, last = frames.days_of(shop.lines)
    data = {
        "model": mined.method,
        "why": "too_few_baskets" if mined.method == rules.PAIRS else "",
        "usable": bool(told),
        "features": ["products of one order"],
        "excluded": shop.excluded,
        "rows_trained": mined.baskets,
        "trained_from": first,
        "trained_to": last,
        "quality": None,
        "next_on": (day + timedelta(days=1)).isoformat(),
        "least": {
            "baskets": rules.MIN_BASKETS,
            "together": mined.minimum,
            "share": float(thresholds.confidence),
            "lift": float(thresholds.lift),
        },
        "complete": shop.lines.complete,
        "found": len(told),
        "rules": [asdict(each) for each in told[:MOST_RULES]],
        "pairs": _pairs(mined) if mined.method == rules.PAIRS else [],
    }
    with context.transaction() as session:
        scores.replace(session, RULES, day.isoformat(), context.now, data, ())
    return f"{len(told)} rules from {mined.baskets} baskets by {mined.method}"


def _pairs(mined: Mined) -> list[dict[str, Any]]:
    return [{"items": list(each.items), "together": each.together} for each in mined.sets[:20]]


def _keep_offers(context: JobContext, day: date, shop: Shop) -> str:
    from jobs.analytics import frames
    from jobs.analytics.recommendation import recommend

    made = recommend(
        frames.lines_frame(shop.lines), frames.goods_frame(shop.goods), shop.groups, context.now
    )
    context.progress("suggestions learnt")
    asked, cold = _asked(made, shop)
    data = {**_offer_data(made, day, shop), "cold": cold, "deals": len(shop.deals)}
    rows = (_scored(each) for each in made.offers(asked))
    keep(context, OFFER, day.isoformat(), data, rows)
    return f"offers to {len(made.bought.customers)} customers by {made.receipt.model}"


def _asked(made: Recommendation, shop: Shop) -> tuple[Asked, int]:
    """Ask for every customer who bought, the newest companies that did not, and every open deal."""
    from jobs.analytics.recommendation import asked_for

    bought = made.bought.customers.tolist()
    known = set(bought)
    newest = (number for number in sorted(shop.groups, reverse=True) if number not in known)
    cold = list(islice(newest, MOST_COLD))
    asked = asked_for(
        [*bought, *cold, *(deal.customer for deal in shop.deals)],
        [deal.deal for deal in shop.deals],
        [deal.title for deal in shop.deals],
        shop.groups,
    )
    return asked, len(cold)


def _scored(offer: Offer) -> Scored:
    reasons = [
        {
            "product": each.item,
            "chance": None if each.chance is None else round(each.chance, _PLACES),
            **each.because,
        }
        for each in offer.suggestions
    ]
    subject = customer(offer.customer) if offer.deal is None else Reference("deal", offer.deal)
    return Scored(subject, reasons[0]["chance"] or 0.0, reasons[0]["code"], reasons)


def _offer_data(made: Recommendation, day: date, shop: Shop) -> dict[str, Any]:
    from jobs.analytics import recommendation
    from jobs.analytics.frames import days_of

    receipt = made.receipt
    first, last = days_of(shop.lines)
    return {
        "model": receipt.model,
        "why": receipt.why,
        "usable": receipt.usable,
        "features": ["products bought", "days of buying", "name", "price", *sorted(shop.fields)]
        + [name for name in baskets.GROUPS if name not in shop.excluded],
        "excluded": shop.excluded,
        "rows_trained": receipt.purchases,
        "trained_from": first,
        "trained_to": last,
        "quality": _quality(receipt.quality),
        "next_on": (day + timedelta(days=1)).isoformat(),
        "least": {
            "tested": recommendation.MIN_TESTED,
            "group": recommendation.MIN_GROUP,
            "together": recommendation.MIN_TOGETHER,
        },
        "weights": asdict(receipt.weights),
        "customers": receipt.customers,
        "tested": receipt.tested,
        "items": receipt.items,
        "items_left_out": receipt.left_out,
        "complete": shop.lines.complete,
    }


def _quality(found: Quality | None) -> Mapping[str, Any] | None:
    if found is None:
        return None
    return {
        "customers": found.new.customers,
        "new": _figures(found.new),
        "popular": _figures(found.popular),
        "again": _figures(found.again.ours),
        "counts": _figures(found.again.counts),
    }


def _figures(found: Figures) -> dict[str, Any]:
    values: Sequence[tuple[str, float]] = (
        ("precision", found.precision),
        ("ndcg", found.ndcg),
        ("hit", found.hit),
    )
    return {name: round(value, _PLACES) for name, value in values}
