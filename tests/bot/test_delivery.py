"""What is owed arrives: paced, in order, once, and after every kind of failure."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from bot.clock import FixedClock
from bot.delivery import Delivery
from bot.surface import DeliveryError
from crm_store import halts, notices
from crm_store.addresses import Address
from crm_store.models import Identity, Notice, NoticeState
from crm_store.notices import ALERT, DIGEST, REMINDER, REPLY
from crm_store.store import Session, Store
from handlers.reply import Reply
from tests import owed
from tests.bot.surfaces import MemorySurface, always, failing
from tests.outage import bring_back, take_away
from tests.owed import ACTOR, NOW

SECOND = timedelta(seconds=1)


def render(session: Session, notice: Notice) -> tuple[Address, Reply, str, str] | None:
    if notice.kind == "moot":
        return None
    if notice.kind == "faulty":
        raise ZeroDivisionError
    assert notice.sent_to
    return Address.parse(notice.sent_to), Reply(text=notice.key), "en", "UTC"


class Post:
    """A store, a clock that stands still, two platforms and what delivers to them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = FixedClock(NOW)
        self.slack = MemorySurface("slack", self.clock, can_look_up=True)
        self.telegram = MemorySurface("telegram", self.clock)

    def owe(self, key: str, address: str = "slack:C1", **values: Any) -> None:
        """Owe a reminder to a channel that is due now, unless told otherwise."""
        where = {} if "user_id" in values else {"address": address}
        assert owed.owe(self.store, key, **(where | values))

    def user(self, *addresses: str) -> int:
        """Add a user who is reached at these addresses."""
        return owed.a_user(self.store, *addresses)

    def pass_by(self, seconds: int, every: float = 1.0) -> None:
        """Let a running delivery see so many seconds go by, without waiting for them."""

        async def run() -> None:
            delivery = self.delivery()
            passed = 0.0
            while passed < seconds:
                while await delivery.step():
                    await delivery.settle()
                passed += every
                self.clock.advance(timedelta(seconds=every))
            await delivery.stop()

        asyncio.run(run())

    def delivery(self) -> Delivery:
        """Return what one more process delivers with."""
        surfaces = {surface.name: surface for surface in (self.slack, self.telegram)}
        return Delivery(
            self.store,
            surfaces,
            render,
            lambda _: self.clock.now(),
            lambda: self.clock.now().timestamp(),
        )

    def get(self, key: str) -> Notice:
        """Return the notice with this key."""
        with self.store.reading() as session:
            return session.query(Notice).filter_by(key=key).one()

    def state(self, key: str) -> NoticeState:
        """Return how far a notice came."""
        return self.get(key).state


@pytest.fixture
def post(store: Store) -> Post:
    return Post(store)


def test_a_due_notice_is_sent_once_and_its_message_is_remembered(post: Post) -> None:
    post.owe("n")
    post.pass_by(3)
    assert [(p.key, p.again) for p in post.slack.posts] == [("n", False)]
    notice = post.get("n")
    assert (notice.state, notice.sent_to, notice.message_id) == (NoticeState.SENT, "slack:C1", "0")
    assert notice.sent_at == NOW


def test_a_channel_gets_one_message_a_second_the_most_urgent_first(post: Post) -> None:
    for key, priority in (("d", DIGEST), ("r", REMINDER), ("p", REPLY), ("a", ALERT)):
        post.owe(key, priority=priority)
    post.pass_by(5, every=0.25)
    assert [(p.key, (p.at - NOW).total_seconds()) for p in post.slack.posts] == [
        ("p", 0), ("a", 1), ("r", 2), ("d", 3),
    ]  # fmt: skip


def test_a_telegram_group_gets_twenty_messages_in_any_minute(post: Post) -> None:
    for number in range(30):
        post.owe(f"n{number}", "telegram:-5", priority=DIGEST)
    post.pass_by(100)
    times = [(p.at - NOW).total_seconds() for p in post.telegram.posts]
    assert len(times) == 30
    assert all(later - earlier >= 60 for earlier, later in zip(times, times[20:], strict=False))


def test_all_chats_of_telegram_together_stay_below_its_limit(post: Post) -> None:
    for number in range(60):
        post.owe(f"n{number}", f"telegram:{number}")
    post.pass_by(4)
    assert max(Counter(p.at for p in post.telegram.posts).values()) <= 30
    assert len(post.telegram.posts) == 60


def test_a_reminder_that_nobody_waits_for_any_more_is_settled(post: Post) -> None:
    post.owe("n", kind="moot")
    post.pass_by(2)
    assert post.slack.posts == []
    assert post.state("n") is NoticeState.SENT


def test_an_hour_without_slack_loses_nothing_and_does_not_flood_on_return(post: Post) -> None:
    for number in range(500):
        post.owe(
            f"n{number}",
            f"slack:C{number % 50}",
            priority=DIGEST,
            due_at=NOW + timedelta(seconds=number),
        )
    post.slack.trouble = always(DeliveryError("connection refused"))
    post.pass_by(3600, every=1200)
    assert post.slack.posts == []
    post.slack.trouble = lambda _: None
    post.pass_by(640, every=10)
    per_channel = defaultdict(list)
    for message in post.slack.posts:
        per_channel[message.address].append(message.at)
    assert Counter(p.key for p in post.slack.posts) == {f"n{number}": 1 for number in range(500)}
    for times in per_channel.values():
        assert all(b - a >= SECOND for a, b in pairwise(times))


def test_after_an_outage_a_reader_gets_one_message_for_all_that_waited(post: Post) -> None:
    for number in range(40):
        post.owe(f"n{number}", due_at=NOW + timedelta(minutes=number))
    post.slack.trouble = always(DeliveryError("connection refused"))
    post.pass_by(3600, every=60)
    post.slack.trouble = lambda _: None
    post.pass_by(660, every=10)
    folded = [p.key for p in post.slack.posts if p.key.startswith(notices.FOLDED)]
    assert len(folded) == 1
    held = [member["key"] for member in post.get(folded[0]).payload["notices"]]
    live = [p.key for p in post.slack.posts if not p.key.startswith(notices.FOLDED)]
    assert sorted([*held, *live]) == sorted(f"n{number}" for number in range(40))


def test_a_chat_that_asked_to_wait_is_left_alone_by_every_process(post: Post) -> None:
    post.owe("n")
    post.slack.trouble = failing(DeliveryError("ratelimited", retry_after=30))
    post.pass_by(1)
    with post.store.reading() as session:
        assert halts.active(session, NOW) == {"slack:C1": NOW + 30 * SECOND}
    post.owe("m", priority=REPLY)
    post.owe("elsewhere", "slack:C2")
    post.pass_by(40)  # another process, which only knows what the store holds
    assert [p.key for p in post.slack.posts] == ["elsewhere", "m", "n"]
    assert post.slack.posts[1].at >= NOW + 30 * SECOND


def test_two_chats_that_ask_to_wait_stop_their_platform_and_no_other(post: Post) -> None:
    post.owe("a", "slack:C1")
    post.owe("b", "slack:C2")
    post.slack.trouble = always(DeliveryError("ratelimited", retry_after=30))
    post.pass_by(1)
    post.slack.trouble = lambda _: None
    post.owe("c", "slack:C3")
    post.owe("d", "telegram:7")
    post.pass_by(20)
    assert post.slack.posts == []
    assert [p.key for p in post.telegram.posts] == ["d"]
    post.pass_by(20)
    assert len(post.slack.posts) == 3


def test_a_message_in_doubt_that_arrived_is_found_and_not_repeated(post: Post) -> None:
    post.owe("n", priority=DIGEST)
    post.slack.echo = failing(DeliveryError("timeout", in_doubt=True))
    post.pass_by(20)
    assert [p.key for p in post.slack.posts] == ["n"]
    assert post.state("n") is NoticeState.SENT


def test_a_message_in_doubt_that_did_not_arrive_is_sent_as_if_new(post: Post) -> None:
    post.owe("n")
    post.slack.trouble = failing(DeliveryError("timeout", in_doubt=True))
    post.pass_by(20)
    assert [(p.key, p.again) for p in post.slack.posts] == [("n", False)]


def test_a_look_up_that_fails_leaves_the_message_in_doubt(post: Post) -> None:
    post.owe("n")
    post.slack.echo = failing(DeliveryError("timeout", in_doubt=True))
    post.pass_by(2)
    post.slack.trouble = failing(DeliveryError("internal_error"))
    post.pass_by(60)
    assert [p.key for p in post.slack.posts] == ["n"]
    assert post.state("n") is NoticeState.SENT


@pytest.mark.parametrize("priority", [ALERT, REMINDER])
def test_where_nothing_can_be_looked_up_a_reminder_is_repeated_and_labelled(
    post: Post, priority: int
) -> None:
    post.owe("n", "telegram:7", priority=priority)
    post.telegram.echo = failing(DeliveryError("timeout", in_doubt=True))
    post.pass_by(20)
    assert [(p.key, p.again) for p in post.telegram.posts] == [("n", False), ("n", True)]


def test_where_nothing_can_be_looked_up_a_digest_is_listed_and_not_repeated(post: Post) -> None:
    post.owe("n", "telegram:7", priority=DIGEST)
    post.telegram.echo = failing(DeliveryError("timeout", in_doubt=True))
    post.pass_by(20)
    assert len(post.telegram.posts) == 1
    assert post.state("n") is NoticeState.UNKNOWN


def test_a_repeat_that_is_refused_for_now_is_still_labelled_later(post: Post) -> None:
    post.owe("n", "telegram:7")
    post.telegram.echo = failing(DeliveryError("timeout", in_doubt=True))
    post.pass_by(2)
    post.telegram.trouble = failing(DeliveryError("too many requests", retry_after=10))
    post.pass_by(60)
    assert [p.again for p in post.telegram.posts] == [False, True]


def test_a_process_killed_while_sending_leaves_the_message_in_doubt(post: Post) -> None:
    post.owe("n", "telegram:7")
    with post.store.transaction(ACTOR) as session:
        found = notices.due(session, NOW, 9, ["telegram"])
        notices.claim(session, found, "killed", NOW, timedelta(seconds=60))
    post.pass_by(59)
    assert post.telegram.posts == []
    post.pass_by(5)
    assert [p.again for p in post.telegram.posts] == [True]


def test_what_a_platform_refuses_for_good_is_given_up_with_its_reason(post: Post) -> None:
    post.owe("n")
    post.slack.trouble = always(DeliveryError("is_archived", permanent=True))
    post.pass_by(20)
    notice = post.get("n")
    assert (notice.state, notice.reason, notice.attempts) == (NoticeState.DEAD, "is_archived", 1)


def test_a_person_who_is_gone_from_one_platform_is_told_on_the_other(post: Post) -> None:
    user = post.user("slack:D1", "telegram:7")
    post.owe("n", user_id=user)
    post.slack.trouble = always(DeliveryError("account_inactive", permanent=True))
    post.pass_by(5)
    assert [p.key for p in post.telegram.posts] == ["n"]
    post.telegram.trouble = always(DeliveryError("bot was blocked", permanent=True))
    post.owe("m", user_id=user)
    post.owe("o", user_id=user)
    post.pass_by(5)
    assert {post.get("m").reason, post.get("o").reason} == {
        "bot was blocked",
        "no reachable account",
    }


def test_a_message_refused_for_its_content_costs_nobody_their_account(post: Post) -> None:
    user = post.user("slack:D1")
    post.owe("n", user_id=user)
    post.slack.trouble = always(DeliveryError("invalid_blocks", permanent=True, refused=True))
    post.pass_by(5)
    assert post.state("n") is NoticeState.DEAD
    with post.store.reading() as session:
        assert session.query(Identity).one().reachable


def test_a_group_that_moved_gets_its_messages_at_the_new_address(post: Post) -> None:
    post.owe("n", "telegram:-5")
    moved = DeliveryError("migrated", permanent=True, moved_to=Address("telegram", "-1005"))
    post.telegram.trouble = failing(moved)
    post.pass_by(5)
    assert [str(p.address) for p in post.telegram.posts] == ["telegram:-1005"]
    assert post.get("n").address == "telegram:-1005"


def test_a_reminder_a_day_late_is_listed_and_not_sent(post: Post) -> None:
    post.owe("old", due_at=NOW - timedelta(hours=25))
    post.owe("alert", priority=ALERT, due_at=NOW - timedelta(hours=25))
    post.pass_by(5)
    assert [p.key for p in post.slack.posts] == ["alert"]
    assert post.get("old").reason == "expired"


def test_a_notice_that_cannot_be_said_stops_nobody_and_is_given_up(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.owe("bad", kind="faulty", priority=ALERT)
    post.owe("good")
    post.pass_by(300)
    assert [p.key for p in post.slack.posts] == ["good"]
    notice = post.get("bad")
    assert notice.state is NoticeState.DEAD
    assert notice.reason
    assert notice.reason.removeprefix("reference ") in caplog.text


def test_a_surface_that_breaks_after_it_sent_leaves_the_message_in_doubt(post: Post) -> None:
    post.owe("n", "telegram:7")
    post.telegram.echo = failing(KeyError("message_id"))
    post.pass_by(20)
    assert [p.again for p in post.telegram.posts] == [False, True]


def test_of_two_processes_one_delivers_and_the_other_takes_over(post: Post) -> None:
    async def run() -> None:
        first, second = post.delivery(), post.delivery()
        post.owe("n1")
        assert await first.step() == 1
        await first.settle()
        post.owe("n2")
        post.clock.advance(SECOND)
        assert await second.step() == 0
        post.clock.advance(15 * SECOND)  # the first was killed
        assert await second.step() == 1
        await second.settle()
        await second.stop()
        await first.stop()

    asyncio.run(run())
    assert [p.key for p in post.slack.posts] == ["n1", "n2"]


def test_what_was_sent_as_the_store_went_away_is_noted_when_it_is_back(
    sqlite_store: Store,
) -> None:
    post = Post(sqlite_store)
    post.owe("n", "telegram:7")
    post.telegram.echo = lambda _: take_away(post.store)

    async def run() -> None:
        delivery = post.delivery()
        await delivery.step()
        await delivery.settle()
        bring_back(post.store)
        await delivery.step()
        await delivery.stop()

    asyncio.run(run())
    assert post.get("n").state is NoticeState.SENT
    post.pass_by(300, every=30)
    assert [p.key for p in post.telegram.posts] == ["n"]
