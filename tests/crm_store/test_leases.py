"""A lease is held by one process at a time, in terms that a late holder cannot renew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from crm_store import leases
from crm_store.store import Actor, Store

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
TTL = timedelta(seconds=15)
ACTOR = Actor(None, "test", "", "")


def acquire(store: Store, owner: str, now: datetime = NOW) -> int | None:
    with store.transaction(ACTOR) as session:
        return leases.acquire(session, "scheduler", owner, now, TTL)


def renew(store: Store, owner: str, term: int, now: datetime) -> bool:
    with store.transaction(ACTOR) as session:
        return leases.renew(session, "scheduler", owner, term, now, TTL)


def test_of_many_processes_that_ask_at_once_one_gets_the_lease(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        terms = list(pool.map(lambda number: acquire(store, f"p{number}"), range(8)))
    assert sorted(terms, key=str) == [1, *[None] * 7]


def test_a_lease_that_lapsed_goes_to_another_in_a_new_term(store: Store) -> None:
    assert acquire(store, "a") == 1
    assert acquire(store, "b", NOW + timedelta(seconds=14)) is None
    assert acquire(store, "b", NOW + TTL) == 2


def test_a_renewed_lease_does_not_lapse(store: Store) -> None:
    acquire(store, "a")
    assert renew(store, "a", 1, NOW + timedelta(seconds=10))
    assert acquire(store, "b", NOW + TTL) is None


def test_a_stale_term_cannot_be_renewed_even_by_the_same_owner(store: Store) -> None:
    acquire(store, "a")
    acquire(store, "a", NOW + TTL)
    assert not renew(store, "a", 1, NOW + TTL)
    assert renew(store, "a", 2, NOW + TTL)


def test_a_former_holder_cannot_release_the_lease_of_another(store: Store) -> None:
    acquire(store, "a")
    acquire(store, "b", NOW + TTL)
    with store.transaction(ACTOR) as session:
        assert not leases.release(session, "scheduler", "a", 1, NOW + TTL)
    assert acquire(store, "c", NOW + TTL) is None


def test_a_released_lease_is_free_at_once(store: Store) -> None:
    acquire(store, "a")
    with store.transaction(ACTOR) as session:
        assert leases.release(session, "scheduler", "a", 1, NOW)
    assert acquire(store, "b") == 2
