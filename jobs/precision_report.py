"""On the first of a month: how right the scores of the month before were, by what people said of them.

The figures are counted in `crm_store/feedback.py`; the words stand in `handlers/feedback.py`.
"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from crm_store import notices
from jobs import readers
from jobs.schedule import JobContext


def run(context: JobContext) -> str:
    """Owe the report on last month to whoever is routed, or to the managers."""
    today = context.now.astimezone(ZoneInfo(context.time_zone)).date()
    last = today.replace(day=1) - timedelta(days=1)
    month = last.strftime("%Y-%m")
    with context.transaction() as session:
        found = readers.of_topic(session, context, "precision")
        message = readers.Message("precision_report", month, {"month": month}, notices.DIGEST)
        told = readers.tell(session, context, found, message)
    return f"{month}, {told} messages"
