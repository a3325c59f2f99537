"""Every Monday: the segments, who moved between them in a week, and the revenue that moved along.

The segments are made by `jobs/scores.py`; the words stand in `handlers/segments.py`.
"""

from __future__ import annotations

from crm_store import notices, scores
from crm_store.scores import SEGMENT
from jobs import customers, readers
from jobs import scores as scoring
from jobs.schedule import JobContext


def run(context: JobContext) -> str:
    """Owe this week's summary to whoever is routed, or to the managers."""
    scoring.ensure(context)
    day = customers.local_day(context)
    week = scores.week_of(day)
    with context.transaction() as session:
        receipt = scores.receipt(session, SEGMENT, week)
        if receipt is None:
            return "no orders yet, nobody told"
        found = readers.of_topic(session, context, "segments")
        message = readers.Message("segment_summary", week, {"week": week}, notices.DIGEST)
        told = readers.tell(session, context, found, message)
        return f"{len(receipt.data['moves'])} moves, {told} messages"
