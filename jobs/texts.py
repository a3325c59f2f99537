"""Every night: what customers write about, and what the labels of tickets can be told by.

Labels are learned when there is enough to learn from: more labelled tickets, or corrections by people.
New tickets are read by `jobs/routing.py`. Done twice for one moment it leaves the same.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from crm_store import labels, models_kept, scores, writings
from crm_store.purchases import customer
from crm_store.scores import THEMES, TOPICS, Scored
from crm_store.writings import FEEDBACK, NOTES, TICKETS, Writing
from jobs import customers
from jobs.schedule import JobContext

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from crm_store.models import Receipt
    from crm_store.store import Session
    from jobs.analytics.routing import Before, Learnt
    from jobs.analytics.themes import Change, Theme, Themes

WEEKS = 4  # compared with as many before
SOURCES = {
    "all": (TICKETS, FEEDBACK, NOTES),
    TICKETS: (TICKETS, FEEDBACK),
    NOTES: (NOTES,),
    FEEDBACK: (FEEDBACK,),
}
_EXAMPLES = 3  # of a theme, of which the first that is still there is told
_SHOWN = 10  # words and changes that a receipt keeps


def run(context: JobContext) -> str:
    """Find the themes and learn the labels."""
    done = [_themes(context)]
    for kind in labels.KINDS:
        context.progress(f"{done[-1]}; labels of {kind}")
        done.append(_learn(context, kind))
    return "; ".join(done)


def _themes(context: JobContext) -> str:
    """Tell what the texts of the last weeks are about, against the weeks before, and who writes about what."""
    half = context.now - timedelta(weeks=WEEKS)
    since = half - timedelta(weeks=WEEKS)
    names = _names(context)
    with context.reading() as session:
        found = writings.read(session, since, context.now)
    context.progress(f"{len(found)} texts read")
    day = customers.local_day(context)
    made = {name: _of_source(context, found, half, names, parts) for name, parts in SOURCES.items()}
    data = {
        **_themes_data(context, made["all"]),
        "sources": made,
        "since": since.isoformat(),
        "half": half.isoformat(),
        "weeks": WEEKS,
    }
    talk = _talk(found, made["all"], names)
    week = scores.week_of(day)
    with context.transaction() as session:
        scores.replace(session, THEMES, week, context.now, data, [])
        about = {**data, "sources": {}}
        scores.replace(session, TOPICS, week, context.now, about, talk)
        scores.drop_before(session, TOPICS, week)
    return f"themes of {len(found)} texts, topics of {len(talk)} customers"


def _names(context: JobContext) -> frozenset[str]:
    """Read the words of people's names, which are told as no theme."""
    found: set[str] = set()
    after: int | None = 0
    while after is not None:
        with context.reading() as session:
            after = writings.read_names(session, into=found, after=after)
    return frozenset(found)


def _themes_data(context: JobContext, every: dict[str, Any]) -> dict[str, Any]:
    from jobs.analytics import themes

    return {
        "model": "themes" if every["themes"] else "counted_words",
        "why": every["why"],
        "usable": bool(every["keywords"]),
        "features": ["words"],
        "excluded": [],
        "rows_trained": every["texts_before"] + every["texts_after"],
        "trained_from": (context.now - timedelta(weeks=2 * WEEKS)).date().isoformat(),
        "trained_to": context.now.date().isoformat(),
        "quality": None,
        "next_on": (customers.local_day(context) + timedelta(days=1)).isoformat(),
        "least": {"texts": themes.MIN_TEXTS, "of_a_period": themes.MIN_PERIOD},
    }


def _of_source(
    context: JobContext,
    found: Sequence[Writing],
    half: datetime,
    names: Collection[str],
    parts: Collection[str],
) -> dict[str, Any]:
    from jobs.analytics.themes import find_themes

    rows = [each for each in found if each.source in parts]
    before = [each.text for each in rows if each.at < half]
    after = [each.text for each in rows if each.at >= half]
    told = find_themes(before, after, names, _whose(rows))
    with context.reading() as session:
        return _told(session, told, rows, names)


def _whose(rows: Sequence[Writing]) -> list[int]:
    """Give the customer of each text; one that is nobody's counts as a customer of its own."""
    return [
        -1 - place if each.customer is None else each.customer for place, each in enumerate(rows)
    ]


def _told(
    session: Session, told: Themes, rows: Sequence[Writing], names: Collection[str]
) -> dict[str, Any]:
    return {
        "texts_before": told.texts_before,
        "texts_after": told.texts_after,
        "why": told.why,
        "keywords": _changes(told.keywords),
        "themes": [_theme(session, each, rows, names) for each in told.themes],
        "rising": _changes(told.rising),
        "falling": _changes(told.falling),
    }


def _changes(found: Sequence[Change]) -> list[dict[str, Any]]:
    return [asdict(each) for each in found[:_SHOWN]]


def _theme(
    session: Session, theme: Theme, rows: Sequence[Writing], names: Collection[str]
) -> dict[str, Any]:
    """Describe a theme, with texts whose telling sentence has no name, address or number."""
    from jobs.analytics.themes import is_private

    records = (rows[place].record for place in theme.examples)
    said = {record: writings.sentence(session, record, theme.words) for record in records}
    return {
        "words": list(theme.words),
        "before": theme.before,
        "after": theme.after,
        "trend": theme.trend,
        "examples": [
            record for record, words in said.items() if words and not is_private(words, names)
        ][:_EXAMPLES],
    }


def _talk(found: Sequence[Writing], every: dict[str, Any], names: Collection[str]) -> list[Scored]:
    from jobs.analytics.themes import topics

    told = {each["term"] for part in ("keywords", "rising") for each in every[part]}
    told |= {word for each in every["themes"] for word in each["words"]}
    known = [(each.customer, each.text) for each in found if each.customer is not None]
    about = topics([text for _who, text in known], [who for who, _text in known], told, names)
    return [
        Scored(
            customer(who),
            float(sum(count for _word, count in words)),
            words[0][0],
            [{"word": word, "count": count} for word, count in words],
        )
        for who, words in about.items()
    ]


def _learn(context: JobContext, kind: str) -> str:
    """Learn the labels of one kind if it is time to."""
    from jobs.analytics.routing import retraining_due

    with context.reading() as session:
        last = labels.receipt(session, kind)
        count = labels.count_decided(session, kind, context.now)
        wrong = labels.corrections(session, kind)
        seen = dict(last.data) if last else {}
    if seen and not retraining_due(seen["texts"], count, wrong - seen["corrected"]):
        return f"{kind} unchanged"
    learnt = _learnt(context, kind)
    state = {"texts": count, "corrected": wrong}
    return _keep(context, kind, learnt, state)


def _learnt(context: JobContext, kind: str) -> Learnt:
    from jobs.analytics.answering import unpacked
    from jobs.analytics.routing import FIT_ROWS, Before, examples_frame, learn, router_of

    found: list[labels.Example] = []
    before: Before | None = None
    with context.reading() as session:
        after: int | None = labels.first_of(session, kind, context.now, FIT_ROWS)
        used = models_kept.used(session, kind)
        if used is not None and used.body is not None:
            before = Before(router_of(unpacked(used.body)), used.made_at)
    while after is not None:
        with context.reading() as session:
            page, after = labels.read_examples(session, kind, context.now, after)
        found += page
    rows = ((each.text, each.label, each.at, _looked_at(each)) for each in found)
    return learn(examples_frame(rows), context.now, before)


def _looked_at(example: labels.Example) -> bool:
    """Tell whether a person confirmed or corrected what was suggested."""
    return bool(example.suggested) and example.chosen


def _keep(context: JobContext, kind: str, learnt: Learnt, state: dict[str, int]) -> str:
    """Keep what was learned, unless what is in use is better."""
    day = customers.local_day(context)
    data = {**_learn_data(context, learnt), **state}
    with context.transaction() as session:
        last = labels.receipt(session, kind)
        if learnt.router is not None and learnt.receipt.quality is not None:
            models_kept.keep(
                session,
                kind,
                context.now,
                method=learnt.receipt.model,
                quality=learnt.receipt.quality.accuracy,
                data=data,
                body=learnt.router.answerer().packed(),
                worse=learnt.worse,
            )
        if learnt.worse and last is not None:
            _remember(last, state)
            return f"{kind} kept as it was, which is better"
        labels.begin(session, kind, day.isoformat(), context.now, data)
    return f"{kind} by {learnt.receipt.model}"


def _remember(last: Receipt, state: dict[str, int]) -> None:
    """Note what was looked at, so that the same is not tried again every night."""
    last.data = {**last.data, **state}


def _learn_data(context: JobContext, learnt: Learnt) -> dict[str, Any]:
    from jobs.analytics import routing

    receipt = learnt.receipt
    held_back = receipt.held_back_from
    return {
        "model": receipt.model,
        "why": receipt.why,
        "usable": receipt.usable,
        "features": ["words"],
        "excluded": [],
        "rows_trained": receipt.rows_trained,
        "trained_from": None,
        "trained_to": context.now.date().isoformat(),
        "held_back_from": held_back.date().isoformat() if held_back else None,
        "quality": asdict(receipt.quality) if receipt.quality else None,
        "labels": [list(each) for each in receipt.labels],
        "left_out": [list(each) for each in receipt.left_out],
        "looked_at": receipt.corrections,
        "next_on": None,
        "least": {
            "texts": routing.MIN_TEXTS,
            "of_a_label": routing.MIN_PER_LABEL,
            "corrections": routing.RETRAIN_CORRECTIONS,
            "growth": routing.RETRAIN_GROWTH,
        },
    }
