"""Rapport is killed with no warning, again and again, and keeps what it promised.

The long version, with its table, is `benchmarks/kill.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_store.store import Store

from .failpoints import BUGS, POINTS
from .office import RANDOMLY, Office, besiege, opened
from .processes import Nursery

SEED = 16
KILLS = 24


def test_no_kill_loses_or_doubles_anything(office: Office, nursery: Nursery) -> None:
    count = besiege(office, nursery, KILLS, SEED)
    assert count.broken == {}, count
    assert sum(count.kills.values()) == KILLS
    assert len(count.kills.keys() - {RANDOMLY}) >= len(POINTS) - 2, count.kills
    assert count.answered_meanwhile > KILLS, count


def test_socket_mode_keeps_the_same_promises(
    sqlite_store: Store, tmp_path: Path, nursery: Nursery
) -> None:
    points = ("kept", "committed", "answered", RANDOMLY)
    with opened(sqlite_store, tmp_path, "socket") as office:
        count = besiege(office, nursery, 8, SEED, points=points)
    assert count.broken == {}, count
    assert count.answered_meanwhile > 8, count


@pytest.mark.parametrize(
    ("bug", "point", "broken"),
    [
        ("acknowledged before it is kept", "offset", "effects_lost"),
        ("marked before it is sent", "committed", "answers_lost"),
        ("effect and mark in two transactions", "handling", "effects_doubled"),
    ],
)
def test_a_planted_bug_is_found(
    bug: str, point: str, broken: str, sqlite_office: Office, nursery: Nursery
) -> None:
    assert bug in BUGS
    count = besiege(sqlite_office, nursery, 8, SEED, points=(point,), bugs=(bug,))
    assert broken in count.broken, count
