"""What Telegram is asked back: what is missing, and whether somebody is sure."""

from __future__ import annotations

import pytest

from bot.app import App
from crm_store.models import Contact, Ticket
from tests.bot.telegram.office import AGNES, GROUP, RITA, SAM, Office, toast
from tests.fakes.telegram import TelegramMessage


def test_a_question_survives_a_restart(polled: Office) -> None:
    async def asked(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "/ticket new")
        await polled.answer(AGNES, "Open a ticket.")

    async def answered(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "The invoice is wrong")
        await polled.answer(AGNES, "Ticket #1 opened.")

    polled.play(asked)
    polled.play(answered)


@pytest.mark.parametrize("by", ["typing", "pressing"])
def test_a_question_can_be_left(polled: Office, by: str) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "/ticket new")
        card = await polled.answer(AGNES, "Open a ticket.")
        if by == "typing":
            polled.telegram.message(AGNES, AGNES, "/cancel")
        else:
            polled.telegram.press(card, "Cancel", AGNES)
        await polled.answer(AGNES, "Cancelled")
        polled.telegram.message(AGNES, AGNES, "The invoice is wrong")
        await polled.answer(AGNES, "I cannot help with that")

    polled.play(scene)
    assert polled.stored(Ticket) == []


def test_a_button_answers_a_question(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(AGNES, AGNES, "ticket new The printer")
        await polled.answer(AGNES, "Ticket #1 opened.")
        polled.telegram.message(AGNES, AGNES, "ticket priority 1")
        question = await polled.answer(AGNES, "Usage: ticket priority")
        label = next(b["text"] for b in question.buttons if b["callback_data"] == "r:urgent")
        polled.telegram.press(question, label, AGNES)
        await polled.until(lambda: len(polled.answers(AGNES)) == 3)

    polled.play(scene)
    assert [ticket.priority.value for ticket in polled.stored(Ticket)] == ["urgent"]


def test_in_a_group_a_question_says_how_to_answer(polled: Office) -> None:
    async def scene(_: App) -> None:
        polled.telegram.message(GROUP, AGNES, "/ticket new")
        card = await polled.answer(GROUP, "replying to this message")
        polled.telegram.message(GROUP, AGNES, "The invoice is wrong", reply_to=card)
        await polled.answer(GROUP, "Ticket #1 opened.")

    polled.play(scene)


async def card_of_ann(office: Office) -> TelegramMessage:
    office.telegram.message(RITA, RITA, "contact add Ann Lee email=ann@example.com")
    await office.until(lambda: office.answers(RITA))
    office.telegram.message(RITA, RITA, "contact show 1")
    await office.until(lambda: len(office.answers(RITA)) == 2)
    return office.answers(RITA)[-1]


def test_what_cannot_be_taken_back_is_asked_first(polled: Office) -> None:
    async def scene(_: App) -> None:
        card = await card_of_ann(polled)
        polled.telegram.press(card, "Delete", RITA)
        question = await polled.answer(RITA, "Delete the contact Ann Lee?")
        assert polled.stored(Contact)[0].deleted_at is None
        polled.telegram.press(question, "Delete", RITA)
        await polled.until(
            lambda: not any("Delete the contact" in m.text for m in polled.answers(RITA))
        )

    polled.play(scene)
    assert polled.stored(Contact)[0].deleted_at is not None


def test_a_question_that_is_cancelled_loses_its_buttons(polled: Office) -> None:
    async def scene(_: App) -> None:
        card = await card_of_ann(polled)
        polled.telegram.press(card, "Delete", RITA)
        question = await polled.answer(RITA, "Delete the contact Ann Lee?")
        assert "Cancelled" in await toast(polled, polled.telegram.press(question, "Cancel", RITA))
        assert (await polled.answer(RITA, "Delete the contact")).keyboard == []

    polled.play(scene)
    assert polled.stored(Contact)[0].deleted_at is None


def test_a_forged_question_says_that_the_button_is_too_old(polled: Office) -> None:
    async def scene(app: App) -> None:
        card = await card_of_ann(polled)
        for data in ("c:nothing", f"c:{app.shorten('deal list')}"):
            assert "too old" in await toast(polled, polled.telegram.callback(card, data, SAM))

    polled.play(scene)
