"""Every night: the chance that each open deal is won, a lead becomes a customer, a contract is ended.

Each is learned from what is decided already. Where it tells no more than the average, there is a
receipt that says so and no score; with too little to learn from, a plain rule where there is one.
Done twice for one moment it leaves the same scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from crm_store import chance_rows, models_kept, table_rows
from crm_store.conversations import Reference
from crm_store.models import ModelState
from crm_store.scores import CONTRACT, LEAD, WIN, Scored
from crm_store.table_rows import Rows
from crm_store.tables import Table
from jobs import tables
from jobs.customers import local_day
from jobs.keeping import keep, prune
from jobs.schedule import JobContext

if TYPE_CHECKING:
    from jobs.analytics.candidates import Before
    from jobs.analytics.looks import Looks
    from jobs.analytics.outcomes import Calibrated, Outcome, Receipt

# How old a deal is when it is looked at, and how long ago a lead was entered: one of these each.
DEAL_AGES = tuple(timedelta(days=days) for days in (1, 7, 30, 90))
LEAD_AGES = tuple(timedelta(days=days) for days in (1, 14, 60))
LEAD_WITHIN = timedelta(days=90)

STAGE_RULE, TALK_RULE = "stage_rule", "talk_rule"
LATELY, LONG_AGO = timedelta(days=14), timedelta(days=60)  # since a lead was heard of or entered
MOST = 50_000  # records that are learned from: the newest, or of contracts some of all
LEVELS = {"high": 0.6, "medium": 0.3, "low": 0.0}  # a level begins at its chance
_TOO_LITTLE = frozenset({"too_few_rows", "too_few_of_a_class"})
_PLACES = 4
KEPT_FOR = timedelta(weeks=1)  # then a model of the same method is noted anew


def run(context: JobContext) -> str:
    """Work all of them out for today."""
    day = local_day(context)
    done = [_win(context, day), _lead(context, day), _contract(context, day)]
    for kind in (WIN, LEAD, CONTRACT):
        prune(context, kind, day)
    return "; ".join(each for each in done if each)


def _win(context: JobContext, day: date) -> str:
    from jobs.analytics.looks import looks, once

    with context.reading() as session:
        settled = table_rows.ended_before(session, context.now)
    past = [
        _past(context, table_rows.won(context.now, table_rows.after(age)).until(settled + age))
        for age in DEAL_AGES
    ]
    found, data = _learned(context, WIN, past, once(past), day)
    if found.receipt.why in _TOO_LITTLE:
        return _keep(context, WIN, day, {**data, "model": STAGE_RULE}, _by_stage(context))
    if found.model is None:
        return _keep(context, WIN, day, data, ())
    asked = tables.parts(context, table_rows.open_deals(context.now))
    return _keep(context, WIN, day, data, _rows(found.model, (looks([part]) for part in asked)))


def _lead(context: JobContext, day: date) -> str:
    from jobs.analytics.looks import looks, once

    most = MOST // len(chance_rows.LEADS)
    past = [
        _past(context, chance_rows.became_customer(of, context.now, age, LEAD_WITHIN), most)
        for of in chance_rows.LEADS
        for age in LEAD_AGES
    ]
    found, data = _learned(context, LEAD, past, once(past, several=True), day)
    data |= {"horizon_days": LEAD_WITHIN.days}
    if found.receipt.why in _TOO_LITTLE:
        rule = {"lately": LATELY.days, "long_ago": LONG_AGO.days}
        data |= {"model": TALK_RULE, "rule": rule}
        return _keep(context, LEAD, day, data, _by_talk(context))
    if found.model is None:
        return _keep(context, LEAD, day, data, ())
    asked = (
        looks([part], several=True)
        for of in chance_rows.LEADS
        for part in tables.parts(context, chance_rows.leads(of, context.now))
    )
    return _keep(context, LEAD, day, data, _rows(found.model, asked))


def _contract(context: JobContext, day: date) -> str:
    from jobs.analytics.looks import looks

    if not context.contract_field:
        return ""
    with context.reading() as session:
        rows = chance_rows.under_contract(session, context.contract_field, context.now)
    if rows is None:
        return f"no added field of yes or no is called {context.contract_field}"
    with context.reading() as session:
        some = chance_rows.some(session, rows, MOST)
    table = tables.read(context, some)
    known = looks([table])
    found, data = _learned(context, CONTRACT, [table], known, day, ordered=False)
    if found.model is None:
        return _keep(context, CONTRACT, day, data, ())
    chances = found.model.unseen(known.frame, known.outcomes).tolist()
    unseen = dict(zip(known.ids, chances, strict=True))
    asked = (looks([part]).undecided() for part in tables.parts(context, rows))
    return _keep(context, CONTRACT, day, data, _rows(found.model, asked, unseen))


def _by_stage(context: JobContext) -> Iterator[Scored]:
    """Give each open deal the chance that an admin gave its stage."""
    with context.reading() as session:
        chances = chance_rows.stage_chances(session)
    for number, percent in chances:
        yield _scored(Reference("deal", number), percent / 100, [])


def _by_talk(context: JobContext) -> Iterator[Scored]:
    """Rank leads by the days since they were last heard of, or entered; there is no chance in it."""
    for of in chance_rows.LEADS:
        with context.reading() as session:
            found = chance_rows.last_heard(session, of, context.now)
        for number, entered, heard in found:
            days = (context.now - (heard or entered)) / timedelta(days=1)
            reason = {
                "field": "days_since_activity",
                "value": None if heard is None else round(days, 1),
            }
            value = round(1 / (1 + days), _PLACES)
            yield Scored(Reference(of.value, number), value, _warmth(days), [reason])


def _warmth(days: float) -> str:
    if days >= LONG_AGO.days:
        return "low"
    return "high" if days < LATELY.days else "medium"


def _before(context: JobContext, kind: str) -> Before:
    """Return the method in use, and those that may not come again."""
    from jobs.analytics.candidates import Before

    with context.reading() as session:
        used = models_kept.used(session, kind)
        barred = models_kept.barred(session, kind, context.now)
    return Before(used.method if used else "", barred)


def _remember(context: JobContext, kind: str, receipt: Receipt) -> None:
    """Keep which method is in use, and which was refused, each once a week or when it changes."""
    if not receipt.usable or receipt.quality is None:
        return
    with context.transaction() as session:
        kept = models_kept.list_models(session, kind)
        lately = {
            (each.method, each.state) for each in kept if context.now - each.made_at < KEPT_FOR
        }
        if receipt.refused is not None and (receipt.refused[0], ModelState.REFUSED) not in lately:
            method, auc = receipt.refused
            models_kept.keep(
                session, kind, context.now, method=method, quality=auc, data={}, worse=True
            )
        if (receipt.model, ModelState.USED) not in lately:
            quality = receipt.quality.auc
            models_kept.keep(
                session, kind, context.now, method=receipt.model, quality=quality, data={}
            )


def _learned(  # noqa: PLR0913 - one after the other, from its three callers
    context: JobContext,
    kind: str,
    past: Sequence[Table],
    known: Looks,
    day: date,
    *,
    ordered: bool = True,
) -> tuple[Outcome, dict[str, Any]]:
    """Learn, and write down how; `ordered` rows have moments that differ."""
    from jobs.analytics import outcomes

    context.progress(f"learning from {len(known.ids)} rows")
    at = known.at if ordered else None
    found = outcomes.learn(known.frame, known.outcomes, at, before=_before(context, kind))
    receipt = found.receipt
    _remember(context, kind, receipt)
    return found, {
        **asdict(receipt),
        "features": list(receipt.features),
        "excluded": sorted({name for table in past for name in table.excluded}),
        "unfit": dict(receipt.excluded),
        "quality": _rounded(asdict(receipt.quality)) if receipt.quality else None,
        "candidates": [[name, round(auc, _PLACES)] for name, auc in receipt.candidates],
        "labels": {each.name: each.label for part in past for each in part.columns if each.label},
        "late": sum(table.late for table in past),
        "currency": context.currency,
        "least": {"rows": outcomes.MIN_ROWS, "of_a_class": outcomes.MIN_CLASS},
        "next_on": (day + timedelta(days=1)).isoformat(),
    }


def _past(context: JobContext, rows: Rows, most: int = MOST) -> Table:
    with context.reading() as session:
        newest = chance_rows.newest(session, rows, most)
    return tables.read(context, newest)


def _rows(
    model: Calibrated, asked: Iterable[Looks], unseen: Mapping[int, float] | None = None
) -> Iterator[Scored]:
    """Give every record its chance: the one in `unseen` if the model has learned from it."""
    known = unseen or {}
    for part in asked:
        if not part.ids:
            continue
        chances = model.probabilities(part.frame, part.at).tolist()
        told = model.explain(part.frame, part.at)
        for kind, number, chance, reasons in zip(part.kinds, part.ids, chances, told, strict=True):
            said = [_rounded(asdict(each)) for each in reasons]
            yield _scored(Reference(kind, number), known.get(number, chance), said)


def _scored(record: Reference, chance: float, reasons: list[dict[str, Any]]) -> Scored:
    level = next(name for name, least in LEVELS.items() if chance >= least)
    return Scored(record, round(chance, _PLACES), level, reasons)


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, _PLACES) if isinstance(value, float) else value
        for name, value in values.items()
    }


def _keep(
    context: JobContext, kind: str, day: date, data: Mapping[str, Any], rows: Iterable[Scored]
) -> str:
    keep(context, kind, day.isoformat(), data, rows)
    return f"{kind}: by {data['model']}" + (f" ({data['why']})" if data["why"] else "")
