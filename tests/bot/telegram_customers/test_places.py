"""Streams, topics, groups that move, lists, menus and inline results."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

from bot.app import App
from bot.leadership import Leadership
from bot.telegram import adapter
from crm_store import notices, users
from crm_store.models import (
    Activity,
    ActivityKind,
    ContactAccount,
    Identity,
    InboxRow,
    Ticket,
    TicketRoom,
)
from crm_store.store import Session
from tests.bot.telegram.office import AGNES, NOW, PATIENCE, RITA, Office
from tests.bot.telegram_customers.desk import (
    CLARA,
    DESK,
    PNG,
    STREAM,
    WANG,
    Opener,
    quiet,
    shown,
    topic,
)
from tests.outage import bring_back, take_away


def test_without_topics_everything_comes_in_one_stream_and_replies_say_about_what(
    stream: Office,
) -> None:
    async def scene(_: App) -> None:
        telegram = stream.telegram  # with privacy mode on
        telegram.message(CLARA, CLARA, "Help me")
        first = await shown(stream, "#1 · Clara", STREAM)
        telegram.message(WANG, WANG, "Help me too")
        await shown(stream, "#2 · 王芳", STREAM)
        telegram.message(STREAM, AGNES, "just talk")
        telegram.message(STREAM, AGNES, "Known problem", reply_to=first)
        await shown(stream, "Internal note.", STREAM)
        telegram.message(STREAM, AGNES, "reply Try again now", reply_to=first)
        await stream.answer(CLARA, "Try again now")
        await quiet(stream)
        assert len(stream.answers(WANG)) == 1

    stream.play(scene)
    assert "createForumTopic" not in {call.method for call in stream.telegram.log}
    said = [(entry.ticket_id, entry.kind) for entry in stream.stored(Activity)]
    assert said == [
        (1, ActivityKind.MESSAGE),
        (2, ActivityKind.MESSAGE),
        (1, ActivityKind.NOTE),
        (1, ActivityKind.REPLY),
    ]


def test_a_stream_that_becomes_a_supergroup_keeps_its_tickets(stream: Office) -> None:
    async def scene(_: App) -> None:
        telegram = stream.telegram
        telegram.message(CLARA, CLARA, "Help me")
        await shown(stream, "#1 · Clara", STREAM)
        await quiet(stream)
        new = telegram.migrate(STREAM, AGNES)
        await stream.until(lambda: stream.stored(TicketRoom)[0].address == f"telegram:{new}")
        telegram.message(CLARA, CLARA, "Still there?")
        later = await shown(stream, "Still there?", new)
        telegram.message(new, AGNES, "reply Yes", reply_to=later)
        await stream.answer(CLARA, "Yes")
        telegram.message(WANG, WANG, "A new one")
        await shown(stream, "#2 · 王芳", new)

    stream.play(scene)


def test_a_group_that_moved_unseen_is_found_by_its_refusal(stream: Office) -> None:
    async def scene(_: App) -> None:
        telegram = stream.telegram
        new = telegram.migrate(STREAM, AGNES)
        with telegram.changed:
            telegram.updates.clear()
        telegram.message(CLARA, CLARA, "Help me")
        await shown(stream, "#1 · Clara", new)

    stream.play(scene)


def test_a_customer_who_blocks_the_bot_is_noticed_and_told_of(forum: Office) -> None:
    async def scene(_: App) -> None:
        telegram = forum.telegram
        telegram.message(CLARA, CLARA, "Help")
        number = await topic(forum, "🟢 #1 Clara: Help")
        await shown(forum, "#1 · Clara")
        telegram.block(CLARA)
        await shown(forum, "Clara gets no messages from us any more")
        telegram.message(DESK, AGNES, "reply Hello?", topic=number)
        await shown(forum, "cannot be written to")
        telegram.unblock(CLARA)
        await shown(forum, "Clara can be written to again.")

    forum.play(scene)


def test_a_reply_that_is_refused_is_told_of(forum: Office) -> None:
    async def scene(_: App) -> None:
        telegram = forum.telegram
        telegram.message(CLARA, CLARA, "Help")
        number = await topic(forum, "🟢 #1 Clara: Help")
        await shown(forum, "#1 · Clara")
        telegram.deactivate(CLARA)
        telegram.message(DESK, AGNES, "reply Hello?", topic=number)
        await shown(forum, "Clara gets no messages from us any more")

    forum.play(scene)
    assert not forum.stored(ContactAccount)[0].reachable


def test_what_comes_once_more_because_a_later_part_failed_says_so(forum: Office) -> None:
    # With who says it too long for a caption, so it goes before the photo.
    words = "It looks so. " * 78 + "Or not."

    async def scene(_: App) -> None:
        telegram = forum.telegram
        telegram.message(CLARA, CLARA, "Help")
        await topic(forum, "🟢 #1 Clara: Help")
        await quiet(forum)
        telegram.fail_next("sendPhoto", "429", retry_after=1)
        telegram.photo(CLARA, CLARA, PNG, words)
        await quiet(forum)

    forum.play(scene)
    texts = [m.text for m in forum.answers(DESK) if "It looks so." in m.text]
    assert [text.startswith("(may be a repeat)") for text in texts] == [False, True]


class Watched(Leadership):
    """A lease that tells when it was found lost."""

    lost = threading.Event()

    def ensure(self) -> bool:
        """Take or renew it."""
        leads = super().ensure()
        if not leads:
            self.lost.set()
        return leads


def test_who_polls_gives_it_up_while_the_store_is_away(
    forum: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "_RELOOK", 1)
    app = App(forum.config)
    lease = Watched(app.store, adapter.LEASE, app.store.now, ttl=2.0)
    app.surfaces["telegram"] = adapter.Telegram(
        app.config, app.worker.receive, app.shorten, app.transact, lease, look=app.lookups.find
    )

    async def scene(_: App) -> None:
        forum.telegram.message(CLARA, CLARA, "Help")
        await shown(forum, "#1 · Clara")
        await asyncio.to_thread(take_away, app.store)
        assert await asyncio.to_thread(lease.lost.wait, PATIENCE)
        await asyncio.to_thread(bring_back, app.store)
        forum.telegram.message(CLARA, CLARA, "Anybody?")
        await shown(forum, "Anybody?")

    forum.play(scene, app)


def test_a_ticket_opened_by_a_colleague_has_its_topic_too(forum: Office) -> None:
    async def scene(_: App) -> None:
        forum.telegram.message(AGNES, AGNES, "ticket new The lift is stuck")
        await forum.answer(AGNES, "Ticket #1 opened.")
        await topic(forum, "🟢 #1 –: The lift is stuck")
        assert "The lift is stuck" in (await shown(forum, "#1 The lift is stuck")).text
        forum.telegram.message(AGNES, AGNES, "ticket note 1 Called the firm")
        await shown(forum, "#1 · Agnes, internal\nCalled the firm")
        forum.telegram.message(AGNES, AGNES, "undo")
        await quiet(forum)

    forum.play(scene)


def test_a_topic_that_somebody_deleted_is_opened_again_with_all_that_was_said(
    forum: Office,
) -> None:
    async def scene(_: App) -> None:
        telegram = forum.telegram
        telegram.message(CLARA, CLARA, "Help")
        number = await topic(forum, "🟢 #1 Clara: Help")
        await shown(forum, "#1 · Clara\nHelp")
        await quiet(forum)
        with telegram.changed:
            del telegram.chats[DESK].topics[number]
        telegram.message(CLARA, CLARA, "Anybody?")
        last = await shown(forum, "Anybody?")
        assert last.topic != number
        texts = [m.text for m in telegram.messages(DESK, topic=last.topic)]
        assert texts[1:] == ["#1 · Clara\nHelp", "#1 · Clara\nAnybody?"]

    forum.play(scene)


def test_a_long_subject_is_cut_for_the_topic(forum: Office) -> None:
    async def scene(_: App) -> None:
        forum.telegram.message(CLARA, CLARA, "word " * 200)
        await forum.until(lambda: forum.telegram.chats[DESK].topics)

    forum.telegram.users[CLARA]["first_name"] = "C" * 90
    forum.play(scene)


def test_a_flood_limit_only_delays_a_topic(forum: Office) -> None:
    forum.telegram.fail_next("createForumTopic", "429", retry_after=1)

    async def scene(_: App) -> None:
        forum.telegram.message(CLARA, CLARA, "Help")
        await shown(forum, "#1 · Clara")

    forum.play(scene)
    assert len(forum.telegram.chats[DESK].topics) == 1


def test_a_service_message_and_other_topics_are_left_alone(forum: Office) -> None:
    async def scene(_: App) -> None:
        telegram = forum.telegram
        telegram.message(CLARA, CLARA, "Help")
        number = await topic(forum, "🟢 #1 Clara: Help")
        await shown(forum, "#1 · Clara")
        telegram.chats[DESK].topics[5] = {"name": "Coffee", "closed": False}
        telegram.message(DESK, AGNES, "Who wants some?", topic=5)
        telegram.message(DESK, AGNES, "A note", topic=number)
        await shown(forum, "Internal note.")

    forum.play(scene)
    assert [entry.text for entry in forum.stored(Activity)] == ["Help", "A note"]


def test_unless_customers_are_wanted_strangers_are_refused(opens: Opener) -> None:
    office = opens(f"tickets_chat = {DESK}")

    async def scene(_: App) -> None:
        office.telegram.message(CLARA, CLARA, "ticket new Let me in")
        await office.answer(CLARA, "I do not know you yet")
        office.telegram.photo(CLARA, CLARA, PNG)
        await office.until(lambda: not office.telegram.pending)

    office.play(scene)
    assert office.stored(Ticket) == []
    assert len(office.stored(InboxRow)) == 1


def test_a_colleague_who_blocks_the_bot_is_told_over_another_account(forum: Office) -> None:
    def link(session: Session) -> int:
        user = users.by_account(session, "telegram", str(RITA))
        assert user
        users.add_identity(session, user, "slack", "U7", "slack:D7", NOW)
        return user.id

    async def scene(app: App) -> None:
        rita = await asyncio.to_thread(app.transact, link)
        forum.telegram.block(RITA)
        await forum.until(
            lambda: not all(identity.reachable for identity in forum.stored(Identity))
        )

        def target(session: Session) -> list[str | None]:
            notices.owe(
                session,
                kind="task_due",
                key="n",
                payload={},
                priority=notices.ALERT,
                due_at=NOW,
                now=NOW,
                user_id=rita,
            )
            return [d.target for d in notices.due(session, NOW, 9, ["telegram", "slack"])]

        assert await asyncio.to_thread(app.transact, target) == ["slack:D7"]

    forum.play(scene)


def test_a_list_is_paged_in_its_place(opens: Opener) -> None:
    forum = opens("customers = true")

    async def scene(_: App) -> None:
        for number in range(12):
            forum.telegram.message(AGNES, AGNES, f"ticket new Case {number:02}")
        forum.telegram.message(AGNES, AGNES, "ticket list")
        card = await forum.answer(AGNES, "page 1 of 2")
        assert "Case 11" not in card.text
        forum.telegram.press(card, "Next", AGNES)
        second = await forum.answer(AGNES, "page 2 of 2")
        assert second.message_id == card.message_id
        assert "Case 11" in second.text

    forum.play(scene)


def test_inline_results_are_personal_paged_and_only_for_colleagues(opens: Opener) -> None:
    forum = opens("customers = true")

    async def asked(account: int, words: str, offset: str = "") -> dict[str, object]:
        number = forum.telegram.inline_query(account, words, offset)
        await forum.until(lambda: "answer" in forum.telegram.inline_queries[number])
        found: dict[str, object] = forum.telegram.inline_queries[number]["answer"]
        return found

    async def scene(_: App) -> None:
        for index in range(12):
            forum.telegram.message(AGNES, AGNES, f"ticket new Acme {index}")
        await forum.until(lambda: len(forum.answers(AGNES)) == 12)
        first = await asked(AGNES, "acme")
        assert (first["is_personal"], first["cache_time"]) == (True, 0)
        assert len(first["results"]) == 10  # type: ignore[arg-type]
        rest = await asked(AGNES, "acme", str(first["next_offset"]))
        assert (len(rest["results"]), rest["next_offset"]) == (2, "")  # type: ignore[arg-type]
        assert (await asked(CLARA, "acme"))["results"] == []
        assert (await asked(AGNES, ""))["results"] == []

    forum.play(scene)


def test_each_place_has_the_menu_that_is_of_use_there(forum: Office) -> None:
    def menus() -> dict[str, list[str]]:
        found = {}
        for (scope, code), menu in forum.telegram.commands.items():
            where = json.loads(scope)
            if code == "":
                name = str(where.get("chat_id", where["type"]))
                found[name] = [command["command"] for command in menu]
        return found

    async def scene(_: App) -> None:
        await forum.until(lambda: len(menus()) == 6)

    forum.play(scene)
    assert menus()["all_private_chats"] == ["new", "close"]
    assert menus()[str(DESK)][:2] == ["reply", "note"]
    assert "ticket" in menus()[str(AGNES)]


def test_with_privacy_on_commands_mentions_and_replies_are_answered_and_talk_is_not(
    opens: Opener,
) -> None:
    office = opens()

    async def scene(_: App) -> None:
        telegram = office.telegram
        assert telegram.privacy
        telegram.message(STREAM, AGNES, "whoami")
        telegram.message(STREAM, AGNES, "/whoami")
        card = await office.answer(STREAM, "Agnes")
        telegram.message(STREAM, AGNES, "@rapport_bot ticket new One")
        await office.answer(STREAM, "Ticket #1 opened.")
        telegram.message(STREAM, AGNES, "ticket new Two", reply_to=card)
        await office.answer(STREAM, "Ticket #2 opened.")

    office.play(scene)
    assert len(office.stored(InboxRow)) == 3


def test_a_kill_between_two_updates_loses_and_doubles_no_message(forum: Office) -> None:
    async def first(_: App) -> None:
        forum.telegram.message(CLARA, CLARA, "One")
        await forum.until(lambda: forum.stored(Ticket))

    async def second(_: App) -> None:
        forum.telegram.fail_next("getUpdates", "duplicate")
        forum.telegram.message(CLARA, CLARA, "Two")
        await shown(forum, "#1 · Clara\nTwo")
        await quiet(forum)

    forum.play(first)
    forum.play(second)
    texts = [message.text for message in forum.answers(DESK)]
    assert [texts.count(f"#1 · Clara\n{words}") for words in ("One", "Two")] == [1, 1]
