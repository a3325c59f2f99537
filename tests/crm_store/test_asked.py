"""A job that somebody asks for is done by one process and answered exactly once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crm_store import asked
from crm_store.asked import Claim
from crm_store.models import JobRequest, Notice, Role, User
from crm_store.store import Actor, Store

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
ACTOR = Actor(None, "test", "", "")
TREE = {"outcome": "won", "depth": 3}


@pytest.fixture
def mona(store: Store) -> int:
    with store.transaction(ACTOR) as session:
        user = User(
            name="Mona", role=Role.MANAGER, email="mona@example.org", language="en",
            time_zone="UTC", created_at=NOW,
        )  # fmt: skip
        session.add(user)
        session.flush()
        return user.id


def ask(store: Store, user_id: int, arguments: dict[str, Any] = TREE) -> int:
    with store.transaction(ACTOR) as session:
        return asked.ask(session, job="tree", arguments=arguments, user_id=user_id, now=NOW).id


def claim(store: Store) -> Claim | None:
    with store.transaction(ACTOR) as session:
        return asked.claim(session, NOW)


def finish(store: Store, held: Claim | None) -> bool:
    assert held
    with store.transaction(ACTOR) as session:
        return asked.finish(session, held, LATER, kind="tree_done", payload={"leaves": 4})


def answers(store: Store) -> list[Notice]:
    with store.reading() as session:
        return list(session.scalars(sa.select(Notice)))


def test_what_is_still_open_is_asked_once(store: Store, mona: int) -> None:
    first = ask(store, mona)
    assert ask(store, mona) == first
    assert ask(store, mona, TREE | {"depth": 4}) != first
    assert finish(store, claim(store))
    assert ask(store, mona) != first


def test_two_presses_at_one_moment_ask_once(store: Store, mona: int) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: ask(store, mona), range(8)))) == 1


def test_of_many_that_claim_a_request_one_gets_it_and_the_oldest_is_first(
    store: Store, mona: int
) -> None:
    first = ask(store, mona)
    with ThreadPoolExecutor(4) as pool:
        found = [held for held in pool.map(lambda _: claim(store), range(4)) if held]
    assert [held.id for held in found] == [first]
    assert found[0].arguments == TREE


def test_the_answer_is_owed_once_to_whoever_asked(store: Store, mona: int) -> None:
    ask(store, mona)
    held = claim(store)
    assert finish(store, held)
    assert not finish(store, held)
    (answer,) = answers(store)
    assert (answer.kind, answer.user_id, answer.payload) == ("tree_done", mona, {"leaves": 4})


def test_what_a_process_left_is_resumed_once_and_a_late_comer_no_longer_answers(
    store: Store, mona: int
) -> None:
    ask(store, mona)
    old = claim(store)
    with store.transaction(ACTOR) as session:
        (left,) = asked.unfinished(session)
        taken = asked.resume(session, left, LATER)
        assert taken
        assert asked.resume(session, left, LATER) is None
        assert asked.resume(session, taken, LATER) is None
    assert not finish(store, old)
    assert answers(store) == []
    assert finish(store, taken)


def test_a_request_put_back_is_claimed_again_and_may_still_be_resumed(
    store: Store, mona: int
) -> None:
    ask(store, mona)
    held = claim(store)
    assert held
    with store.transaction(ACTOR) as session:
        asked.note_progress(session, held, "half of it")
        asked.put_back(session, held)
    with store.reading() as session:
        assert asked.latest(session, 5)[0].progress == ""
    again = claim(store)
    assert again
    with store.transaction(ACTOR) as session:
        assert asked.resume(session, again, LATER)


def test_ended_requests_are_forgotten_in_time_and_open_ones_kept(store: Store, mona: int) -> None:
    ask(store, mona)
    assert finish(store, claim(store))
    ask(store, mona)
    with store.transaction(ACTOR) as session:
        asked.purge(session, LATER + timedelta(seconds=1))
        (left,) = session.scalars(sa.select(JobRequest))
        assert left.finished_at is None
