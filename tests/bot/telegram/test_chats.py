"""People in private chats, groups and topics, polled and by webhook."""

from __future__ import annotations

from bot.app import App
from crm_store import users
from crm_store.models import Identity, InboxRow, InboxState, Ticket
from crm_store.store import Session
from tests.bot.telegram.office import AGNES, FORUM, GROUP, RITA, SAM, TOPIC, Office, toast


def test_an_agent_opens_a_ticket_from_a_private_chat(office: Office) -> None:
    async def scene(_: App) -> None:
        office.telegram.message(AGNES, AGNES, "/ticket new The invoice is wrong")
        card = await office.answer(AGNES, "Ticket #1 opened.")
        assert "The invoice is wrong" in card.text
        assert card.reply_to is None
        await office.until(lambda: not office.telegram.pending)

    office.play(scene)
    assert [ticket.subject for ticket in office.stored(Ticket)] == ["The invoice is wrong"]


def test_plain_words_and_crm_are_commands_in_a_private_chat(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "ticket new One")
        await polled.answer(AGNES, "Ticket #1 opened.")
        polled.telegram.message(AGNES, AGNES, "/crm ticket new Two")
        await polled.answer(AGNES, "Ticket #2 opened.")

    polled.play(scene)


def test_in_a_group_only_what_is_meant_for_us_is_kept(polled: Office) -> None:
    async def scene(_: App) -> None:
        telegram = polled.telegram
        for talk in ("just talk", "ticket new Lunch?", "/ticket@other_bot new Lunch", "@rapport"):
            telegram.message(GROUP, AGNES, talk)
        asked = telegram.message(GROUP, AGNES, "@Rapport_Bot ticket new The printer")
        card = await polled.answer(GROUP, "Ticket #1 opened.")
        assert card.reply_to == asked.message_id
        telegram.message(GROUP, AGNES, "/ticket@rapport_bot show 1")
        await polled.until(lambda: len(polled.answers(GROUP)) == 2)
        telegram.message(GROUP, AGNES, "ticket new Another", reply_to=card)
        await polled.answer(GROUP, "Ticket #2 opened.")

    polled.play(scene)
    assert len(polled.stored(InboxRow)) == 3


def test_an_answer_stays_in_its_topic(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(FORUM, AGNES, "/ticket new The printer", topic=TOPIC)
        card = await polled.answer(FORUM, "Ticket #1 opened.")
        assert card.topic == TOPIC
        polled.telegram.press(card, "Close", AGNES)
        await polled.until(lambda: polled.answers(FORUM)[0].edited_at)

    polled.play(scene)


def test_a_button_changes_the_card_it_stands_on(office: Office) -> None:
    async def scene(_: App) -> None:
        office.telegram.message(AGNES, AGNES, "ticket new The printer")
        card = await office.answer(AGNES, "opened.")
        assert await toast(office, office.telegram.press(card, "Close", AGNES)) == ""
        await office.until(lambda: "Reopen" in str(office.answers(AGNES)[0].keyboard))
        assert len(office.answers(AGNES)) == 1

    office.play(scene)


def test_a_card_that_stands_no_more_is_sent_anew(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "ticket new The printer")
        card = await polled.answer(AGNES, "opened.")
        with polled.telegram.changed:
            polled.telegram.chats[AGNES].messages.clear()
        polled.telegram.callback(card, "s:ticket close 1", AGNES)
        assert (await polled.answer(AGNES, "Ticket #1")).message_id > card.message_id

    polled.play(scene)


def test_a_button_pressed_for_nothing_new_is_no_failure(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "whoami")
        card = await polled.answer(AGNES, "Agnes")
        polled.telegram.callback(card, "s:whoami", AGNES)
        await polled.until(lambda: len(polled.telegram.calls("editMessageText")) == 1)
        await polled.until(lambda: not polled.telegram.pending)
        assert len(polled.answers(AGNES)) == 1

    polled.play(scene)
    assert {row.state for row in polled.stored(InboxRow)} == {InboxState.ANSWERED}


def test_a_stranger_is_refused_in_his_language_and_changes_nothing(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(SAM, SAM, "/ticket new Let me in")
        await polled.until(lambda: polled.answers(SAM))

    polled.play(scene)
    assert polled.stored(Ticket) == []


def test_a_deep_link_links_an_account_and_start_alone_is_help(polled: Office) -> None:
    async def scene(app: App) -> None:
        def issue(session: Session) -> str:
            rita = users.by_account(session, "telegram", str(RITA))
            assert rita
            return users.issue_code(session, rita, app.clock.now())

        code = app.transact(issue)
        polled.telegram.message(SAM, SAM, "/start")
        await polled.until(lambda: polled.answers(SAM))
        polled.telegram.message(SAM, SAM, f"/start {code}")
        await polled.answer(SAM, "Rita")

    polled.play(scene)
    assert str(SAM) in {identity.external_id for identity in polled.stored(Identity)}


def test_an_edited_message_runs_nothing_again(polled: Office) -> None:
    async def scene(_: App) -> None:
        asked = polled.telegram.message(AGNES, AGNES, "ticket new One")
        await polled.answer(AGNES, "Ticket #1 opened.")
        polled.telegram.edited_message(asked, "ticket new Won")
        polled.telegram.message(AGNES, AGNES, "whoami")
        await polled.answer(AGNES, "Agnes")

    polled.play(scene)
    assert len(polled.stored(Ticket)) == 1


def test_the_menu_is_shown_in_both_languages(polled: Office) -> None:
    async def scene(_: App) -> None:
        await polled.until(lambda: len(polled.telegram.commands) == 6)

    polled.telegram.fail_next("setMyCommands", "500")
    polled.telegram.fail_next("setMyCommands", "429")

    async def spoilt(_: App) -> None:
        await polled.until(lambda: len(polled.telegram.calls("setMyCommands")) == 6)

    polled.play(spoilt)
    polled.play(scene)
    for (scope, language), menu in polled.telegram.commands.items():
        assert scope in {'{"type": "default"}', '{"type": "all_private_chats"}'}
        assert language in {"", "en", "zh"}
        assert {"ticket", "deal", "help", "cancel"} <= {entry["command"] for entry in menu}
