"""Every minute: what queue, kind and priority the new tickets should have, and the mood of feedback.

The models are learned by `jobs/texts.py` and answer without numerical libraries. Where one is not sure
enough it keeps silent, which is remembered, so that a ticket is read once by each model.
"""

from __future__ import annotations

from crm_store import labels, models_kept, postings
from crm_store.conversations import Reference
from crm_store.scores import Scored
from crm_store.store import Session
from jobs.schedule import JobContext

AT_ONCE = 200  # tickets of a run; the rest comes a minute later
_PLACES = 4


def run(context: JobContext) -> str:
    """Suggest what waits for it."""
    told = {kind: _suggest(context, kind) for kind in labels.KINDS}
    return ", ".join(f"{kind} {count}" for kind, count in told.items() if count) or "nothing new"


def _suggest(context: JobContext, kind: str) -> int:
    """Suggest the labels of one kind, and draw the cards anew on which one shows."""
    with context.reading() as session:
        made = labels.receipt(session, kind)
        if made is None or not made.data["usable"]:
            return 0
        waiting = labels.waiting(session, kind, context.now, AT_ONCE)
        model = models_kept.used(session, kind) if waiting else None
        number, body = made.id, model.body if model else None
    if body is None:
        return 0
    found = _answers(body, waiting)
    with context.transaction() as session:
        return _keep(session, context, kind, number, found)


def _answers(body: bytes, waiting: list[tuple[int, str]]) -> list[Scored]:
    from jobs.analytics.answering import unpacked
    from jobs.analytics.terms import impersonal

    answerer = unpacked(body)
    found = []
    for ticket, text in waiting:
        told = answerer.suggest(impersonal(text))
        reference = Reference("ticket", ticket)
        if told is None:
            found.append(Scored(reference, 0.0, "", []))
            continue
        reasons = [{"word": word} for word in told.because]
        found.append(Scored(reference, round(told.confidence, _PLACES), told.label, reasons))
    return found


def _keep(
    session: Session, context: JobContext, kind: str, number: int, found: list[Scored]
) -> int:
    """Keep the answers unless another model has come in the meantime."""
    made = labels.receipt(session, kind)
    if made is None or made.id != number:
        return 0
    labels.suggest(session, made, found)
    told = [str(each.customer) for each in found if each.label]
    postings.refresh(session, told, context.now)
    return len(told)
