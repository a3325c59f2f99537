"""The whole timetable on one page: which job runs when, and how late it may still run.

What a job finds and does stands in the module of the same name; who runs it and what happens after
a crash, in `bot/scheduler.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from crm_store.exclusions import EXCLUDED, folded
from crm_store.schedules import Rule, Schedule
from crm_store.scores import CHANCES_AT, MADE_AT
from crm_store.series import MADE_AT as TRENDS_AT
from crm_store.store import Session


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job may use: the store in short transactions, the moment, and plain settings.

    Attributes:
        transaction: opens one transaction; a job opens one per step, so that a kill costs one step.
        reading: opens one that only reads and keeps no writer waiting, for long queries.
        now: the moment the job works for.
        routes: addresses by topic (`churn`, `segments`), as the configuration gives them.
        time_zone, currency, working_hours: what holds where nothing else was said, as in `[defaults]`.
        progress: told now and then how far a long job is.
        excluded: the fields that no analysis looks at, folded.
        dask: the address of a cluster that shares the work; empty for none.
        contract_field: the added field that tells whether a customer ended a contract; empty for none.
    """

    transaction: Callable[[], AbstractContextManager[Session]]
    reading: Callable[[], AbstractContextManager[Session]]
    now: datetime
    routes: Mapping[str, tuple[str, ...]]
    time_zone: str
    currency: str
    working_hours: str
    progress: Callable[[str], None]
    excluded: frozenset[str] = folded(EXCLUDED)
    dask: str = ""
    contract_field: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work that comes by itself; running it twice for one moment must change nothing.

    Attributes:
        name: what `rapport job NAME` calls it.
        when: a rule on the wall clock of the default zone, or the time between two runs.
        run: does it and returns one line of what it did, for the log.
        catch_up: how long after its time a missed run is still made up for, once.
        heavy: it loads numerical libraries, so it runs in a process of its own, one at a time.
    """

    name: str
    when: Schedule | timedelta
    run: Callable[[JobContext], str]
    catch_up: timedelta
    heavy: bool = False


# A job is imported when it runs: its module needs `JobContext` from here.


def _reminders(context: JobContext) -> str:
    from jobs import reminders

    return reminders.run(context)


def _digests(context: JobContext) -> str:
    from jobs import digests

    return digests.run(context)


def _housekeeping(context: JobContext) -> str:
    from jobs import housekeeping

    return housekeeping.run(context)


def _scores(context: JobContext) -> str:
    from jobs import scores

    return scores.run(context)


def _chances(context: JobContext) -> str:
    from jobs import chances

    return chances.run(context)


def _baskets(context: JobContext) -> str:
    from jobs import baskets

    return baskets.run(context)


def _churn_alerts(context: JobContext) -> str:
    from jobs import churn_alerts

    return churn_alerts.run(context)


def _segment_summary(context: JobContext) -> str:
    from jobs import segment_summary

    return segment_summary.run(context)


def _texts(context: JobContext) -> str:
    from jobs import texts

    return texts.run(context)


def _routing(context: JobContext) -> str:
    from jobs import routing

    return routing.run(context)


def _model_watch(context: JobContext) -> str:
    from jobs import model_watch

    return model_watch.run(context)


def _precision_report(context: JobContext) -> str:
    from jobs import precision_report

    return precision_report.run(context)


def _trends(context: JobContext) -> str:
    from jobs import trends

    return trends.run(context)


SCHEDULE: tuple[Job, ...] = (
    Job("reminders", timedelta(minutes=1), _reminders, timedelta(hours=1)),
    Job("digests", timedelta(minutes=1), _digests, timedelta(hours=1)),
    Job("routing", timedelta(minutes=1), _routing, timedelta(hours=1)),
    Job("housekeeping", Schedule(Rule.DAILY, (time(3, 10),)), _housekeeping, timedelta(hours=12)),
    Job("scores", Schedule(Rule.DAILY, (MADE_AT,)), _scores, timedelta(hours=4), heavy=True),
    Job("baskets", Schedule(Rule.DAILY, (time(4, 10),)), _baskets, timedelta(hours=4), heavy=True),
    Job(
        "trends",
        Schedule(Rule.DAILY, (TRENDS_AT,)),
        _trends,
        timedelta(hours=12),
        heavy=True,
    ),
    Job(
        "chances",
        Schedule(Rule.DAILY, (CHANCES_AT,)),
        _chances,
        timedelta(hours=4),
        heavy=True,
    ),
    Job("texts", Schedule(Rule.DAILY, (time(4, 50),)), _texts, timedelta(hours=4), heavy=True),
    Job(
        "churn_alerts",
        Schedule(Rule.DAILY, (time(7, 30),)),
        _churn_alerts,
        timedelta(hours=12),
        heavy=True,
    ),
    Job(
        "segment_summary",
        Schedule(Rule.WEEKLY, (time(7, 45),), weekdays=(0,)),
        _segment_summary,
        timedelta(days=2),
        heavy=True,
    ),
    Job(
        "model_watch",
        Schedule(Rule.WEEKLY, (time(8, 0),), weekdays=(0,)),
        _model_watch,
        timedelta(days=2),
        heavy=True,
    ),
    Job(
        "precision_report",
        Schedule(Rule.MONTHLY, (time(8, 10),), day=1),
        _precision_report,
        timedelta(days=2),
    ),
)
