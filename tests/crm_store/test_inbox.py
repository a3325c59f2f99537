"""Events are kept once, claimed by one process, in the order of their sender."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from crm_store import inbox
from crm_store.inbox import AlreadyDone
from crm_store.models import InboxRow, InboxState
from crm_store.store import Actor, Store

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)
ACTOR = Actor(None, "test", "", "")


def receive(store: Store, key: str, sender: str = "U1") -> int | None:
    with store.transaction(ACTOR) as session:
        return inbox.receive(session, "slack", key, sender, {"text": key}, NOW)


def admit(store: Store, key: str, owner: str, sender: str = "U1") -> inbox.Admitted | None:
    with store.transaction(ACTOR) as session:
        return inbox.admit(
            session, "slack", key, sender, {"text": key}, NOW, owner=owner, lease=LEASE
        )


def claim(store: Store, owner: str, now: datetime = NOW, limit: int = 10) -> list[inbox.Claimed]:
    with store.transaction(ACTOR) as session:
        return inbox.claim(session, owner, now, limit, LEASE)


def keys(claimed: list[inbox.Claimed]) -> list[str]:
    return [row.key for row in claimed]


def state(store: Store, row_id: int) -> InboxState:
    with store.reading() as session:
        return session.get_one(InboxRow, row_id).state


def finish(store: Store, row_id: int, *, reply: bool = True) -> None:
    with store.transaction(ACTOR) as session:
        inbox.done(session, row_id, {"text": "ok"} if reply else None)


def test_an_event_delivered_by_four_threads_at_once_is_kept_once(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda _: receive(store, "E1"), range(20)))
    assert len([row_id for row_id in ids if row_id is not None]) == 1


def test_a_duplicate_is_also_seen_when_it_is_claimed_at_once(store: Store) -> None:
    assert admit(store, "E1", "a") is not None
    assert admit(store, "E1", "b") is None
    assert receive(store, "E1") is None


def test_the_same_key_of_another_platform_is_another_event(store: Store) -> None:
    receive(store, "1")
    with store.transaction(ACTOR) as session:
        assert inbox.receive(session, "telegram", "1", "U1", {}, NOW) is not None


def test_two_processes_never_claim_the_same_event(store: Store) -> None:
    for number in range(20):
        receive(store, f"E{number}", sender=f"U{number}")
    with ThreadPoolExecutor(4) as pool:
        batches = pool.map(lambda n: claim(store, f"p{n}", limit=8), range(4))
    claimed = [key for batch in batches for key in keys(batch)]
    assert len(claimed) == len(set(claimed))
    rest = keys(claim(store, "last", limit=99))
    assert sorted([*claimed, *rest]) == sorted(f"E{number}" for number in range(20))


def test_events_of_one_sender_are_claimed_one_after_the_other(store: Store) -> None:
    for key in ("E1", "E2", "E3"):
        receive(store, key)
    receive(store, "F1", sender="U2")
    first = claim(store, "a")
    assert keys(first) == ["E1", "F1"]
    assert claim(store, "b") == []
    finish(store, first[0].id)
    assert claim(store, "b") == []  # the first is being answered still
    with store.transaction(ACTOR) as session:
        inbox.answered(session, first[0].id)
    assert keys(claim(store, "b")) == ["E2"]


def test_a_process_keeps_the_sequence_of_a_sender_that_only_it_serves(store: Store) -> None:
    first, second = admit(store, "E1", "a"), admit(store, "E2", "a")
    assert (first, second) == (inbox.Admitted(1, claimed=True), inbox.Admitted(2, claimed=True))


def test_an_event_waits_while_another_process_has_an_earlier_one_of_its_sender(
    store: Store,
) -> None:
    admit(store, "E1", "a")
    later, other = admit(store, "E2", "b"), admit(store, "F1", "b", sender="U2")
    assert (later, other) == (inbox.Admitted(2, claimed=False), inbox.Admitted(3, claimed=True))
    assert claim(store, "b") == []


def test_what_a_killed_process_had_not_done_is_run_again_by_another(store: Store) -> None:
    admit(store, "E1", "dead")
    assert claim(store, "b", NOW + timedelta(seconds=59)) == []
    (row,) = claim(store, "b", NOW + timedelta(seconds=60))
    assert (row.key, row.state, row.attempts, row.again) == ("E1", InboxState.NEW, 1, False)


def test_what_a_killed_process_had_done_is_only_answered_again(store: Store) -> None:
    admitted = admit(store, "E1", "dead")
    assert admitted
    finish(store, admitted.id)
    (row,) = claim(store, "b", NOW + LEASE)
    assert (row.state, row.reply, row.again) == (InboxState.DONE, {"text": "ok"}, True)


def test_a_claim_that_is_renewed_does_not_lapse(store: Store) -> None:
    admitted = admit(store, "E1", "a")
    assert admitted
    with store.transaction(ACTOR) as session:
        inbox.renew(session, "a", [admitted.id], NOW + 2 * LEASE)
    assert claim(store, "b", NOW + LEASE) == []


def test_an_event_cannot_be_done_twice(store: Store) -> None:
    row_id = receive(store, "E1")
    assert row_id
    finish(store, row_id)
    with pytest.raises(AlreadyDone):
        finish(store, row_id)


def test_two_processes_that_run_the_same_event_leave_one_effect(store: Store) -> None:
    row_id = receive(store, "E1")
    assert row_id

    def run(number: int) -> bool:
        try:
            with store.transaction(ACTOR) as session:
                effect = f"effect-{number}"
                inbox.receive(session, "effects", effect, "", {}, NOW)
                inbox.done(session, row_id, None)
        except AlreadyDone:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(run, range(4))) == [False, False, False, True]
    with store.reading() as session:
        assert session.query(InboxRow).filter_by(platform="effects").count() == 1


def test_an_event_with_nothing_to_answer_is_closed(store: Store) -> None:
    row_id = receive(store, "E1")
    assert row_id
    finish(store, row_id, reply=False)
    assert state(store, row_id) is InboxState.ANSWERED


def test_an_event_that_fails_five_times_is_dead_and_can_be_revived(store: Store) -> None:
    row_id = receive(store, "E1")
    assert row_id
    now = NOW
    for delay in (5, 10, 20, 40):
        with store.transaction(ACTOR) as session:
            assert inbox.failed(session, row_id, now)
        assert claim(store, "a", now + timedelta(seconds=delay - 1)) == []
        now += timedelta(seconds=delay)
        assert len(claim(store, "a", now)) == 1
    with store.transaction(ACTOR) as session:
        assert not inbox.failed(session, row_id, now)
    assert state(store, row_id) is InboxState.DEAD
    assert claim(store, "a", now + timedelta(days=1)) == []
    with store.transaction(ACTOR) as session:
        assert inbox.revive(session, row_id)
        assert not inbox.revive(session, row_id)
    assert keys(claim(store, "a", now)) == ["E1"]


def test_an_event_that_kills_every_process_is_dead_in_the_end(store: Store) -> None:
    row_id = receive(store, "E1")
    assert row_id
    now = NOW
    for _ in range(inbox.MAX_CRASHES):
        (row,) = claim(store, "a", now)
        if row.suspect:
            with store.transaction(ACTOR) as session:
                inbox.begin(session, row.id)
        now += LEASE
    assert claim(store, "a", now) == []
    assert state(store, row_id) is InboxState.DEAD


def test_an_event_that_only_waited_in_processes_that_died_is_not_given_up(store: Store) -> None:
    row_id = receive(store, "E1")
    assert row_id
    now = NOW
    for _ in range(3 * inbox.MAX_CRASHES):
        assert len(claim(store, "a", now)) == 1
        now += LEASE
    assert state(store, row_id) is InboxState.NEW


def test_a_revived_event_that_was_done_is_answered_and_not_run(store: Store) -> None:
    row_id = receive(store, "E1")
    assert row_id
    finish(store, row_id)
    with store.transaction(ACTOR) as session:
        inbox.give_up(session, row_id)
        inbox.revive(session, row_id)
    assert state(store, row_id) is InboxState.DONE


def test_an_answer_that_waits_for_its_next_try_holds_up_nobody(store: Store) -> None:
    first = receive(store, "E1")
    receive(store, "E2")
    assert first
    claim(store, "a")
    finish(store, first)
    with store.transaction(ACTOR) as session:
        inbox.postpone_answer(session, first, NOW + LEASE, in_doubt=False)
    assert keys(claim(store, "a")) == ["E2"]
    (row,) = claim(store, "a", NOW + LEASE, limit=1)
    assert (row.key, row.again) == ("E1", False)


def test_an_answer_in_doubt_is_known_as_such_later(store: Store) -> None:
    first = receive(store, "E1")
    assert first
    claim(store, "a")
    finish(store, first)
    with store.transaction(ACTOR) as session:
        inbox.postpone_answer(session, first, NOW + LEASE, in_doubt=True)
    (row,) = claim(store, "a", NOW + LEASE)
    assert row.again


def test_released_events_are_free_at_once(store: Store) -> None:
    admitted = admit(store, "E1", "a")
    assert admitted
    with store.transaction(ACTOR) as session:
        inbox.release(session, "a", [admitted.id])
    (row,) = claim(store, "b")
    assert row.attempts == 0


def test_only_events_of_the_asked_platforms_are_claimed(store: Store) -> None:
    receive(store, "E1")
    with store.transaction(ACTOR) as session:
        assert inbox.claim(session, "a", NOW, 9, LEASE, ["telegram"]) == []
        assert keys(inbox.claim(session, "a", NOW, 9, LEASE, ["slack"])) == ["E1"]


def test_purging_empties_answered_events_but_still_knows_their_keys(store: Store) -> None:
    row_id, other = receive(store, "E1"), receive(store, "E2")
    assert row_id
    assert other
    finish(store, row_id, reply=False)
    with store.transaction(ACTOR) as session:
        assert inbox.purge(session, NOW + LEASE) == 1
        assert inbox.purge(session, NOW + LEASE) == 0
        assert session.get_one(InboxRow, row_id).body == {}
        assert session.get_one(InboxRow, other).body == {"text": "E2"}
    assert receive(store, "E1") is None


def test_the_counts_tell_how_far_events_came(store: Store) -> None:
    first = receive(store, "E1")
    receive(store, "E2")
    assert first
    finish(store, first)
    with store.reading() as session:
        found = inbox.counts(session)
        assert (found[InboxState.NEW], found[InboxState.DONE], found[InboxState.DEAD]) == (1, 1, 0)
        assert inbox.oldest_open_at(session) == NOW


def test_no_statement_of_the_hot_path_walks_the_history(sqlite_store: Store) -> None:
    plans: list[str] = []

    def explain(connection: sa.Connection, _c: object, text: str, values: Any, *_: object) -> None:
        if "inbox" in text and not text.startswith("EXPLAIN"):
            found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)
            plans.extend(row.detail for row in found)

    sa.event.listen(sqlite_store.engine, "before_cursor_execute", explain)
    admit(sqlite_store, "E1", "a")
    with sqlite_store.transaction(ACTOR) as session:
        inbox.claim(session, "b", NOW + LEASE, 9, LEASE, ["slack"])
    assert not [plan for plan in plans if "SCAN" in plan or "autoindex" in plan]
    assert any("ix_inbox_open" in plan for plan in plans)
    assert any("ix_inbox_sender_state_id" in plan for plan in plans)
