"""What a Telegram message holds: its words and its files.

Who the message is for is decided in `bot/telegram/events.py`.
"""

from __future__ import annotations

from typing import Any

from crm_store.files import File

# An animation is a document too, so it comes first.
_KINDS = ("animation", "document", "voice", "audio", "video")


def words(message: dict[str, Any]) -> str:
    """Return the text, the caption, or what a sticker, a place or a business card says in words."""
    text = message.get("text") or message.get("caption") or ""
    if text:
        return str(text).replace("\x00", "")
    if "sticker" in message:
        return str(message["sticker"].get("emoji") or "")
    if "location" in message:
        place = message["location"]
        return f"{place['latitude']}, {place['longitude']}"
    card = message.get("contact") or {}
    return " ".join(filter(None, map(card.get, ("first_name", "last_name", "phone_number"))))


def files(message: dict[str, Any]) -> tuple[File, ...]:
    """Return the file that a message carries; Telegram puts at most one into each."""
    if message.get("photo"):
        largest = max(message["photo"], key=lambda size: size["width"] * size["height"])
        return (_file("photo", largest),)
    for kind in _KINDS:
        if kind in message:
            return (_file(kind, message[kind]),)
    return ()


def _file(kind: str, facts: dict[str, Any]) -> File:
    name = str(facts.get("file_name") or "").replace("\x00", "")
    return File("telegram", facts["file_id"], kind, name, int(facts.get("file_size") or 0))
