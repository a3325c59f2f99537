"""Topics of forums: opened, renamed, closed and opened again, each safe to repeat but the first.

What a topic is called is decided in `handlers/rooms.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable

from telegram import Bot

from bot.surface import DeliveryError
from bot.telegram import sending
from bot.visible import line
from crm_store.addresses import Address
from handlers.reply import Room

NAME = 128  # https://core.telegram.org/bots/api#createforumtopic
_UNCHANGED = "topic_not_modified"


async def keep(bot: Bot, to: Address, room: Room) -> Address:
    """Make a topic what `room` says, or open one where `to` names none, and return its address.

    Raises:
        DeliveryError: it failed; an opened topic may be there all the same when that is in doubt.
    """
    name = line(room.name, NAME)
    if not to.thread:
        opened = await sending.call(bot.create_forum_topic(to.chat, name))
        return Address(to.platform, to.chat, str(opened.message_thread_id))
    topic = int(to.thread)
    await _whatever_it_was(bot.edit_forum_topic(to.chat, topic, name))
    turn = bot.close_forum_topic if room.closed else bot.reopen_forum_topic
    await _whatever_it_was(turn(to.chat, topic))
    return to


async def _whatever_it_was(change: Awaitable[bool]) -> None:
    try:
        await sending.call(change)
    except DeliveryError as error:
        if _UNCHANGED not in error.reason:
            raise
