"""Messages with files: sent by the id that Telegram knows each file by, together where it shows albums.

Texts are sent in `bot/telegram/sending.py`; files that people send are read in `contents.py`.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import groupby

from telegram import Bot, InputMediaAudio, InputMediaDocument, InputMediaPhoto, InputMediaVideo
from telegram.constants import ParseMode

from bot.surface import DeliveryError
from bot.telegram import sending
from bot.telegram.render import TelegramMessage
from bot.visible import units
from crm_store.addresses import Address
from crm_store.files import File

CAPTION = 1_024  # UTF-16 units after the markup is read
_ALBUM = 10
# What may stand in one album: https://core.telegram.org/bots/api#sendmediagroup
_SHELVES = {"photo": "seen", "video": "seen", "document": "document", "audio": "audio"}
_MEDIA = {
    "photo": InputMediaPhoto,
    "video": InputMediaVideo,
    "document": InputMediaDocument,
    "audio": InputMediaAudio,
}


async def post(bot: Bot, to: Address, message: TelegramMessage, reply_to: int | None = None) -> int:
    """Send the files of a message, with its words below the first, and return the first message's id.

    Words that are too long for a caption, or have buttons, are sent before the files.

    Raises:
        DeliveryError: it was not taken, or may not have been; in doubt where a part of it was.
    """
    sent: list[int] = []
    try:
        await _send(bot, to, message, reply_to, sent)
    except DeliveryError as error:
        error.in_doubt = error.in_doubt or bool(sent)
        raise
    return sent[0]


async def _send(
    bot: Bot, to: Address, message: TelegramMessage, reply_to: int | None, sent: list[int]
) -> None:
    """Send one part after the other and add the first message's id of each to `sent`."""
    caption = message.html
    long = units(sending.plain(caption)) > CAPTION
    if caption and (long or message.keyboard):
        sent.append(await sending.post(bot, to, message, reply_to))
        caption = ""
    for album in _albums(message.files):
        send = _one if len(album) == 1 else _several
        sent.append(await send(bot, to, album, caption))
        caption = ""


async def _one(bot: Bot, to: Address, album: Sequence[File], caption: str) -> int:
    file = album[0]
    senders = {
        "photo": functools.partial(bot.send_photo, photo=file.id),
        "document": functools.partial(bot.send_document, document=file.id),
        "voice": functools.partial(bot.send_voice, voice=file.id),
        "audio": functools.partial(bot.send_audio, audio=file.id),
        "video": functools.partial(bot.send_video, video=file.id),
        "animation": functools.partial(bot.send_animation, animation=file.id),
    }
    sent = await sending.call(
        senders[file.kind](
            chat_id=to.chat,
            message_thread_id=sending.topic(to),
            caption=caption or None,
            parse_mode=ParseMode.HTML,
        )
    )
    return sent.message_id


async def _several(bot: Bot, to: Address, album: Sequence[File], caption: str) -> int:
    media = [_MEDIA[file.kind](file.id) for file in album]
    sent = await sending.call(
        bot.send_media_group(
            chat_id=to.chat,
            media=media,
            message_thread_id=sending.topic(to),
            caption=caption or None,
            parse_mode=ParseMode.HTML,
        )
    )
    return sent[0].message_id


def _albums(files: Sequence[File]) -> list[list[File]]:
    """Put neighbours that Telegram shows together into one album of at most ten."""
    albums: list[list[File]] = []
    for shelf, found in groupby(files, lambda file: _SHELVES.get(file.kind, "")):
        most = _ALBUM if shelf else 1
        together = list(found)
        albums.extend(together[i : i + most] for i in range(0, len(together), most))
    return albums
