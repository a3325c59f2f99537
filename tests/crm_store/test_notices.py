"""A notice is owed once, claimed by one process, folded when there are many, and never forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from crm_store import halts, moves, notices
from crm_store.addresses import Address
from crm_store.models import Digest, Identity, Notice, NoticeState
from crm_store.notices import ALERT, DIGEST, REMINDER, REPLY, Due
from crm_store.store import Store
from tests.owed import ACTOR, CHANNEL, NOW, a_user, owe

LEASE = timedelta(seconds=60)


def due(store: Store, now: datetime = NOW, halted: tuple[str, ...] = ()) -> list[Due]:
    with store.reading() as session:
        return notices.due(session, now, 100, ["slack", "telegram"], halted)


def keys(found: list[Due]) -> list[str]:
    return [notice.key for notice in found]


def claim(store: Store, found: list[Due], owner: str = "a", now: datetime = NOW) -> list[Due]:
    with store.transaction(ACTOR) as session:
        return notices.claim(session, found, owner, now, LEASE)


def get(store: Store, key: str) -> Notice:
    with store.reading() as session:
        return session.query(Notice).filter_by(key=key).one()


def test_a_notice_is_owed_once_whoever_promises_it(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        owed = list(pool.map(lambda _: owe(store, "digest:7:2026-W30"), range(12)))
    assert owed.count(True) == 1


def test_a_notice_needs_exactly_one_reader(store: Store) -> None:
    with pytest.raises(ValueError, match="either a user or an address"):
        owe(store, "n", address=None)
    with pytest.raises(ValueError, match="address is platform"):
        owe(store, "n", address="nowhere")


def test_nothing_is_sent_before_its_time(store: Store) -> None:
    owe(store, "n", due_at=NOW + LEASE)
    assert due(store) == []
    assert keys(due(store, NOW + LEASE)) == ["n"]


def test_the_most_urgent_goes_first(store: Store) -> None:
    for key, priority in (("d", DIGEST), ("r", REMINDER), ("p", REPLY), ("a", ALERT)):
        owe(store, key, priority=priority)
    assert keys(due(store)) == ["p", "a", "r", "d"]


def test_two_processes_never_claim_the_same_notice(store: Store) -> None:
    for number in range(20):
        owe(store, f"n{number}", address=f"slack:C{number}")
    found = due(store)
    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda n: claim(store, found, f"p{n}"), range(4)))
    claimed = [key for batch in batches for key in keys(batch)]
    assert sorted(claimed) == sorted(f"n{number}" for number in range(20))


def test_a_notice_whose_sender_was_killed_is_in_doubt(store: Store) -> None:
    owe(store, "n")
    claim(store, due(store))
    assert due(store, NOW + timedelta(seconds=59)) == []
    (found,) = due(store, NOW + LEASE)
    assert (found.in_doubt, found.tried_at, found.attempts) == (True, CHANNEL, 1)
    assert keys(claim(store, [found], "b", NOW + LEASE)) == ["n"]


def test_a_notice_in_doubt_is_also_taken_over_by_one_process_only(store: Store) -> None:
    owe(store, "n")
    claim(store, due(store))
    found = due(store, NOW + LEASE)
    assert keys(claim(store, found, "b", NOW + LEASE)) == ["n"]
    assert claim(store, found, "c", NOW + LEASE) == []


def test_a_postponed_notice_comes_back_and_is_not_in_doubt(store: Store) -> None:
    owe(store, "n")
    (found,) = claim(store, due(store))
    with store.transaction(ACTOR) as session:
        notices.postpone(session, found.id, NOW + LEASE, "internal_error")
    assert due(store) == []
    (again,) = due(store, NOW + LEASE)
    assert (again.in_doubt, again.attempts) == (False, 1)


def test_what_is_sent_unknown_or_dead_is_not_sent_again(store: Store) -> None:
    for key in ("sent", "unknown", "dead"):
        owe(store, key)
    by_key = {notice.key: notice.id for notice in claim(store, due(store))}
    with store.transaction(ACTOR) as session:
        notices.sent(session, by_key["sent"], Address("slack", "C1"), "17.1", NOW)
        notices.unknown(session, by_key["unknown"], "in doubt")
        notices.dead(session, [by_key["dead"]], "is_archived")
    assert due(store, NOW + timedelta(days=1)) == []
    with store.reading() as session:
        failed = [(row.key, row.reason) for row in notices.list_failed(session)]
        assert failed == [("dead", "is_archived"), ("unknown", "in doubt")]
        assert notices.counts(session)[NoticeState.SENT] == 1
    with store.transaction(ACTOR) as session:
        assert notices.revive(session, by_key["dead"], NOW)
        assert not notices.revive(session, by_key["sent"], NOW)
    assert keys(due(store)) == ["dead"]


def test_a_user_is_reached_at_the_first_account_that_works(store: Store) -> None:
    user = a_user(store, "slack:D1", "telegram:77")
    owe(store, "n", user_id=user)
    assert due(store)[0].target == "slack:D1"
    with store.transaction(ACTOR) as session:
        assert notices.lose_touch(session, user, "slack:D1")
    assert due(store)[0].target == "telegram:77"
    with store.transaction(ACTOR) as session:
        assert not notices.lose_touch(session, user, "telegram:77")
    assert due(store)[0].target is None


def test_a_user_of_another_platform_is_left_to_the_process_that_serves_it(store: Store) -> None:
    owe(store, "n", user_id=a_user(store, "webchat:9"))
    assert due(store) == []


def test_a_halted_platform_gets_nothing_and_nobody_is_sent_elsewhere(store: Store) -> None:
    owe(store, "n", user_id=a_user(store, "slack:D1", "telegram:77"))
    owe(store, "m", address="telegram:-5")
    assert keys(due(store, halted=("slack",))) == ["m"]


def test_five_reminders_stay_as_they_are_and_six_become_one(store: Store) -> None:
    for number in range(5):
        owe(store, f"n{number}", due_at=NOW - timedelta(minutes=number))
    with store.transaction(ACTOR) as session:
        assert not notices.is_crowded(session, NOW)
        assert notices.fold(session, NOW) == 0
    owe(store, "n5")
    owe(store, "other", address="slack:C2")
    with store.transaction(ACTOR) as session:
        assert notices.is_crowded(session, NOW)
        assert notices.fold(session, NOW) == 1
        assert not notices.is_crowded(session, NOW)
    folded, other = sorted(due(store), key=lambda notice: notice.key)
    assert (folded.kind, other.key) == (notices.FOLDED, "other")
    members = get(store, folded.key).payload["notices"]
    assert [member["key"] for member in members] == ["n4", "n3", "n2", "n1", "n0", "n5"]
    assert members[0]["kind"] == "task_due"
    assert get(store, "n0").reason == f"folded into {folded.key}"


def test_what_was_folded_before_is_folded_flat_with_what_came_after(store: Store) -> None:
    for batch in range(3):
        for number in range(6):
            owe(store, f"n{batch}{number}")
        with store.transaction(ACTOR) as session:
            notices.fold(session, NOW)
    (folded,) = due(store)
    members = get(store, folded.key).payload["notices"]
    assert len({member["key"] for member in members}) == len(members) == 18


def test_digests_and_notices_in_doubt_are_not_folded(store: Store) -> None:
    for number in range(4):
        owe(store, f"r{number}")
    claim(store, due(store))
    for number in range(4):
        owe(store, f"s{number}")
    for number in range(9):
        owe(store, f"d{number}", priority=DIGEST)
    with store.transaction(ACTOR) as session:
        assert notices.fold(session, NOW + LEASE) == 0


def test_a_moved_chat_is_moved_everywhere_with_its_topics(store: Store) -> None:
    user = a_user(store, "telegram:-5")
    with store.transaction(ACTOR) as session:
        session.add(
            Digest(
                line="report pipeline",
                schedule="daily 09:00",
                time_zone="UTC",
                address="telegram:-5:7",
                owner_id=user,
                created_at=NOW,
            )
        )
    owe(store, "n", address="telegram:-5:7")
    owe(store, "m", address="telegram:-55")
    with store.transaction(ACTOR) as session:
        moves.move(session, Address("telegram", "-5"), Address("telegram", "-1005"))
    with store.reading() as session:
        assert session.query(Identity).one().address == "telegram:-1005"
        assert session.query(Digest).one().address == "telegram:-1005:7"
    assert get(store, "n").address == "telegram:-1005:7"
    assert get(store, "m").address == "telegram:-55"


def test_what_the_configuration_sends_to_a_moved_chat_follows_it(store: Store) -> None:
    for old, new in (("-5", "-1005"), ("-5", "-1005"), ("-1005", "-1009")):
        with store.transaction(ACTOR) as session:
            moves.move(session, Address("telegram", old), Address("telegram", new))
    owe(store, "n", address="telegram:-5:7")
    assert get(store, "n").address == "telegram:-1009:7"


def test_one_can_ask_what_waits_for_whom(store: Store) -> None:
    user = a_user(store, "slack:D1")
    owe(store, "n", user_id=user)
    owe(store, "m")
    with store.reading() as session:
        assert [row.key for row in notices.waiting_for(session, NOW, user_id=user)] == ["n"]
        assert [row.key for row in notices.waiting_for(session, NOW, address=CHANNEL)] == ["m"]
        assert notices.oldest_due_at(session, NOW) == NOW


def test_a_halt_lasts_until_its_latest_end(store: Store) -> None:
    with store.transaction(ACTOR) as session:
        halts.stop(session, "slack:C1", NOW + 2 * LEASE)
        halts.stop(session, "slack:C1", NOW + LEASE)
        assert halts.active(session, NOW) == {"slack:C1": NOW + 2 * LEASE}
        assert halts.active(session, NOW + 2 * LEASE) == {}


def test_the_delay_grows_from_five_seconds_to_ten_minutes() -> None:
    delays = [halts.backoff(attempts).total_seconds() for attempts in (0, 1, 2, 6, 7, 99)]
    assert delays == [5, 10, 20, 320, 600, 600]


def test_purging_empties_what_was_sent_long_ago(store: Store) -> None:
    owe(store, "n")
    owe(store, "m")
    (first, *_) = claim(store, due(store))
    with store.transaction(ACTOR) as session:
        notices.sent(session, first.id, Address("slack", "C1"), "17.1", NOW)
        assert notices.purge(session, NOW + LEASE) == 1
        assert notices.purge(session, NOW + LEASE) == 0
