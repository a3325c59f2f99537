"""Every Monday: which models see other records than they learned from, or have become worse.

How that is measured stands in `jobs/analytics/watch.py`; the words, in `handlers/models_kept.py`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from crm_store import models_kept, notices, scores
from crm_store.models import ModelState
from crm_store.store import Session
from jobs import customers, readers
from jobs.schedule import JobContext

_IN_USE = frozenset({ModelState.USED, ModelState.REPLACED})


def run(context: JobContext) -> str:
    """Owe a message about each model in trouble, once a month for each."""
    month = customers.local_day(context).strftime("%Y-%m")
    with context.transaction() as session:
        troubles = _troubles(session)
        found = readers.of_topic(session, context, "models")
        told = 0
        for kind, trouble in troubles.items():
            payload = {"kind": kind, **trouble}
            message = readers.Message("model_trouble", f"{kind}:{month}", payload, notices.ALERT)
            told += readers.tell(session, context, found, message)
    return f"{len(troubles)} models in trouble, {told} messages"


def _troubles(session: Session) -> dict[str, dict[str, Any]]:
    from jobs.analytics.watch import fell, moved

    qualities = defaultdict(list)
    for each in reversed(models_kept.list_models(session)):
        if each.state in _IN_USE and each.quality is not None:
            qualities[each.kind].append(each.quality)
    drifts = {each.kind: each.data.get("drift", {}) for each in scores.newest(session)}
    found = {}
    for kind in sorted(qualities):
        inputs = moved(drifts.get(kind, {}))
        below = fell(qualities[kind])
        if inputs or below is not None:
            found[kind] = {"moved": inputs, "fell": below}
    return found
