"""`rapport job NAME`: one scheduled job, once, for now or for the moment given."""

from __future__ import annotations

import argparse

from bot import bounds, logs
from bot.app import App
from bot.cli.common import Refused, moment, show
from bot.config import Config
from crm_store.store import StoreUnavailable
from jobs.schedule import SCHEDULE


def run(arguments: argparse.Namespace, config: Config) -> int:
    """Run the job and print what it did."""
    logs.setup()
    names = [job.name for job in SCHEDULE]
    if arguments.name not in names:
        raise Refused(f"There is no job {arguments.name!r}; there are: {', '.join(names)}", 2)
    now = moment(arguments.now)
    app = App(config)
    try:
        app.store.upgrade()
        with bounds.memory(config.jobs.memory_mb):
            outcome = app.scheduler.run_once(arguments.name, now)
    except StoreUnavailable as error:
        raise Refused(
            "The store cannot be reached; is [store] url right and the server up?"
        ) from error
    finally:
        app.store.close()
    if outcome.failed:
        raise Refused(f"The job failed: {outcome.summary}. The log says more.")
    show({"job": arguments.name, "summary": outcome.summary}, as_json=arguments.json)
    return 0
