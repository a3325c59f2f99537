"""Customers, the group where agents answer them, and what comes to be there. No test stands here."""

from __future__ import annotations

from collections.abc import Callable

from crm_store.models import (
    InboxRow,
    InboxState,
    Notice,
    NoticeState,
    TicketRoom,
)
from tests.bot.telegram.office import Office
from tests.fakes.telegram import TelegramMessage

CLARA, WANG, STREAM, DESK = 21, 22, -70, -1009
PNG = b"\x89PNG\r\n\x1a\n picture"
Opener = Callable[..., Office]


async def topic(office: Office, name: str) -> int:
    """Wait for a topic of this name that we know to be there, and return its number."""

    def found() -> list[int]:
        topics = office.telegram.chats[DESK].topics
        known = {room.address for room in office.stored(TicketRoom)}
        named = [number for number, one in topics.items() if one["name"] == name]
        return [number for number in named if f"telegram:{DESK}:{number}" in known]

    await office.until(found)
    return found()[-1]


async def shown(office: Office, words: str, chat: int = DESK) -> TelegramMessage:
    """Wait for what we wrote for the colleagues."""
    return await office.answer(chat, words)


async def quiet(office: Office) -> None:
    """Wait until every update was carried out and nothing waits to be sent now."""

    def done() -> bool:
        open_events = [r for r in office.stored(InboxRow) if r.state is not InboxState.ANSWERED]
        states = (NoticeState.WAITING, NoticeState.SENDING)
        owed = [n for n in office.stored(Notice) if n.state in states]
        return not (office.telegram.pending or open_events or owed)

    await office.until(done)
