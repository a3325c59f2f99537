"""Rapport is killed many times while a team works, and what that cost is printed as a table.

    python benchmarks/kill.py [--kills 200] [--seeds 16] [--store sqlite|postgresql|both]

SQLite writes with synchronous=FULL, PostgreSQL with fsync as in production. Half the kills are at
named points (`tests/faults/failpoints.py`), half at random moments of a process's first second.
Exit code 1 when a promise was broken. A kill is no power cut: the disk is not tested here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from crm_store.store import Store
from tests.databases import postgresql_server
from tests.faults.office import Count, besiege, opened
from tests.faults.processes import nursery

COLUMNS = (
    "store",
    "seed",
    "kills",
    "commands",
    "answered between kills",
    "effects lost/doubled",
    "answers lost",
    "Slack answers doubled",
    "Telegram answers doubled",
    "notices",
    "notices lost",
    "Slack notices doubled",
    "Telegram reminders repeated/unlabelled",
    "digests doubled/in doubt",
    "seconds",
)


def main() -> int:
    """Run what was asked for and return 1 when something was lost or doubled."""
    parser = argparse.ArgumentParser(description="Kill Rapport and count.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seeds", type=int, nargs="+", default=[16])
    parser.add_argument("--store", choices=("sqlite", "postgresql", "both"), default="both")
    asked = parser.parse_args()
    kinds = ("sqlite", "postgresql") if asked.store == "both" else (asked.store,)
    print("| " + " | ".join(COLUMNS) + " |")
    print("|---" * len(COLUMNS) + "|")
    broken = False
    for kind in kinds:
        for seed in asked.seeds:
            count = _run(kind, asked.kills, seed)
            print("| " + " | ".join([kind, str(seed), *_row(count)]) + " |", flush=True)
            print(f"  killed at: {dict(sorted(count.kills.items()))}", file=sys.stderr)
            broken = broken or bool(count.broken)
    return int(broken)


def _run(kind: str, kills: int, seed: int) -> Count:
    with (
        tempfile.TemporaryDirectory() as folder,
        _store(kind, Path(folder)) as store,
        nursery() as young,
        opened(store, Path(folder)) as office,
    ):
        return besiege(office, young, kills, seed)


@contextmanager
def _store(kind: str, folder: Path) -> Iterator[Store]:
    if kind == "sqlite":
        yield _made(f"sqlite:///{folder}/rapport.db")
        return
    with postgresql_server(durable=True) as server:
        store = _made(server.url("postgres"))
        yield store
        store.close()


def _made(url: str) -> Store:
    store = Store(url)
    store.upgrade()
    return store


def _row(count: Count) -> list[str]:
    return [
        str(sum(count.kills.values())),
        str(count.commands),
        str(count.answered_meanwhile),
        f"{count.effects_lost}/{count.effects_doubled}",
        str(count.answers_lost),
        str(count.slack_answers_doubled),
        str(count.telegram_answers_doubled),
        str(count.notices),
        str(count.notices_lost),
        str(count.slack_notices_doubled),
        f"{count.telegram_reminders_repeated}/{count.unlabelled}",
        f"{count.digests_doubled}/{count.digests_in_doubt}",
        f"{count.seconds:.0f}",
    ]


if __name__ == "__main__":
    sys.exit(main())
