"""What a person may ask for that takes long: each job by its name, and how it is answered.

Who picks a request up stands in `bot/asked.py`; the words of an answer, in `handlers/`, as a notice
of the answer's kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crm_store.asked import DONE
from jobs.schedule import SCHEDULE, JobContext


@dataclass(frozen=True, slots=True)
class Answer:
    """The notice that is owed to whoever asked: its kind, and what it tells of, as values of JSON."""

    kind: str
    payload: Mapping[str, Any]


# What of the timetable may be asked for, and whether it is an analysis.
RUNNABLE: Mapping[str, bool] = {job.name: job.heavy for job in SCHEDULE}

# A job is imported when it runs, as in `jobs/schedule.py`.


def _run(context: JobContext, arguments: Mapping[str, Any]) -> Answer:
    (job,) = (each for each in SCHEDULE if each.name == arguments["name"])
    return Answer(DONE, {"job": job.name, "summary": job.run(context)})


def _tree(context: JobContext, arguments: Mapping[str, Any]) -> Answer:
    from jobs import patterns

    return patterns.grow_tree(context, arguments)


def _regression(context: JobContext, arguments: Mapping[str, Any]) -> Answer:
    from jobs import patterns

    return patterns.regress(context, arguments)


ASKED: Mapping[str, Callable[[JobContext, Mapping[str, Any]], Answer]] = {
    "run": _run,
    "tree": _tree,
    "regression": _regression,
}


def answer(name: str, arguments: Mapping[str, Any], context: JobContext) -> Answer:
    """Do what was asked for.

    Raises:
        KeyError: nobody can ask for that.
    """
    return ASKED[name](context, arguments)
