"""What people do in the Telegram fake: write, press, edit, send files, block, move chats.

Each method changes the chat and queues the update that Telegram would send. A person who could
not do it raises AssertionError.
"""

from __future__ import annotations

import copy
from typing import Any

from .server import Json, cannot
from .telegram_chats import TelegramChats
from .telegram_markup import typed_entities
from .telegram_sending import TelegramSending
from .telegram_updates import TelegramUpdates
from .telegram_world import Chat, TelegramMessage


class TelegramPeople(TelegramSending, TelegramChats, TelegramUpdates):
    """The people in the chats."""

    def message(
        self,
        chat: int,
        user: int,
        text: str,
        *,
        topic: int | None = None,
        reply_to: TelegramMessage | None = None,
    ) -> TelegramMessage:
        """Write a text; in groups our bot learns of it as far as privacy mode lets it."""
        return self._write(
            chat, user, text=text, entities=typed_entities(text), topic=topic, reply_to=reply_to
        )

    def photo(
        self, chat: int, user: int, content: bytes, caption: str = "", **where: Any
    ) -> TelegramMessage:
        """Send a picture; `where` is as in `message`."""
        return self._send(chat, user, "photo", "photo.jpg", content, caption, **where)

    def document(
        self, chat: int, user: int, name: str, content: bytes, caption: str = "", **where: Any
    ) -> TelegramMessage:
        """Send a file."""
        return self._send(chat, user, "document", name, content, caption, **where)

    def voice(self, chat: int, user: int, content: bytes, **where: Any) -> TelegramMessage:
        """Speak."""
        return self._send(chat, user, "voice", "voice.ogg", content, "", **where)

    def album(
        self, chat: int, user: int, contents: list[bytes], caption: str = "", **where: Any
    ) -> list[TelegramMessage]:
        """Send pictures at once: they come one by one, the caption with the first."""
        name = str(self.number())
        return [
            self.photo(chat, user, content, "" if index else caption, album=name, **where)
            for index, content in enumerate(contents)
        ]

    def edited_message(self, message: TelegramMessage, text: str) -> TelegramMessage:
        """Change the text of a person's own message."""
        with self.changed:
            found = self._live(message)
            found.text, found.entities = text, typed_entities(text)
            found.edited_at = self.now()
            if self._bot_sees(self.chats[found.chat], found):
                self.queue("edited_message", self.message_dict(found))
            return copy.deepcopy(found)

    def press(self, message: TelegramMessage, button: str, user: int) -> str:
        """Press a button of a message as it stands now, named by label or data.

        Returns the id of the callback query; the answer to it comes into `callbacks[id]`.
        """
        with self.changed:
            buttons = self._live(message).buttons
            for found in buttons:
                if "callback_data" in found and button in {found["text"], found["callback_data"]}:
                    return self.callback(message, found["callback_data"], user)
        return cannot(f"no {button!r} among {[found['text'] for found in buttons]}")

    def callback(self, message: TelegramMessage, data: str, user: int) -> str:
        """Send a callback query with any data, as from a stale or forged button."""
        with self.changed:
            chat = self.chats[message.chat]
            shown: Json = {"chat": self.chat_dict(chat), "message_id": message.message_id}
            alive = [m for m in chat.messages if m.message_id == message.message_id]
            shown = self.message_dict(alive[0]) if alive else {**shown, "date": 0}
            query = self._ask(user, "callback_query", message=shown, data=data)
            query["chat_instance"] = str(message.chat)
            self.callbacks[query["id"]] = {"data": data, "user": user, "at": self.clock()}
            self.queue("callback_query", query)
            return str(query["id"])

    def inline_query(self, user: int, text: str, offset: str = "") -> str:
        """Type after @bot in any chat; the answer comes into `inline_queries[id]`."""
        with self.changed:
            query = self._ask(user, "inline_query", query=text, offset=offset)
            self.inline_queries[query["id"]] = {"query": text, "user": user, "at": self.clock()}
            self.queue("inline_query", query)
            return str(query["id"])

    def block(self, user: int) -> None:
        """Block our bot; it learns of it, and its messages are refused with 403."""
        self._become(user, user, "kicked", "blocked")

    def unblock(self, user: int) -> None:
        """Let our bot write again."""
        self._become(user, user, "member", "")

    def kick(self, chat: int, user: int) -> None:
        """Remove our bot from a group."""
        self._become(chat, user, "kicked", "kicked")

    def deactivate(self, user: int) -> None:
        """Delete a person's account; our bot is not told."""
        with self.changed:
            self.chats[user].state = "deactivated"

    def my_chat_member(self, chat: int, user: int, status: str) -> None:
        """Give our bot another status in a chat: member, administrator, left, kicked."""
        self._become(chat, user, status, "kicked" if status in {"left", "kicked"} else "")

    def migrate(self, chat: int, user: int) -> int:
        """Turn a group into a supergroup and return its new id; the old id is refused."""
        with self.changed:
            old = self.chats[chat]
            new = int(f"-100{abs(chat)}")
            self.chats[new] = Chat(new, "supergroup", old.title, members=dict(old.members))
            self._service(old, user, migrate_to_chat_id=new)
            self._service(self.chats[new], user, migrate_from_chat_id=chat)
            old.migrated_to = new
            return new

    def _send(
        self,
        chat: int,
        user: int,
        kind: str,
        name: str,
        content: bytes,
        caption: str,
        **where: Any,
    ) -> TelegramMessage:
        with self.changed:
            file = self.keep_file(name, content, kind)
        words: Json = {"text": caption, "entities": typed_entities(caption)}
        return self._write(chat, user, kind=kind, file=file, **words, **where)

    def _write(
        self, chat: int, user: int, reply_to: TelegramMessage | None = None, **facts: Any
    ) -> TelegramMessage:
        with self.changed:
            place = self._place_of(chat, user, facts.get("topic"))
            if place.state == "not_started":
                place.state = ""
            number = reply_to.message_id if reply_to else None
            message = self.keep(place, user=user, reply_to=number, **facts)
            if self._bot_sees(place, message):
                self.queue("message", self.message_dict(message))
            return copy.deepcopy(message)

    def _place_of(self, chat: int, user: int, topic: int | None) -> Chat:
        if user not in self.users or chat not in self.chats:
            cannot(f"add_user({user}) and add_chat({chat}) first")
        place = self.chats[chat]
        if user not in place.members:
            cannot(f"{user} is no member of {chat}")
        if topic is not None and topic not in place.topics:
            cannot(f"{chat} has no topic {topic}")
        return place

    def _bot_sees(self, chat: Chat, message: TelegramMessage) -> bool:
        """Apply group privacy: commands, mentions of the bot and replies to it are seen."""
        if chat.members.get(self.bot_id) == "administrator" or not self.privacy:
            return not chat.state
        if chat.state or chat.kind == "private":
            return not chat.state
        text, name = message.text, f"@{self.username}"
        replied = [m for m in chat.messages if m.message_id == message.reply_to]
        to_bot = bool(replied) and replied[0].user == self.bot_id
        command = text.split()[0] if text.startswith("/") else ""
        ours = bool(command) and (("@" not in command) or command.endswith(name))
        return to_bot or ours or name in text

    def _live(self, message: TelegramMessage) -> TelegramMessage:
        for found in self.chats[message.chat].messages:
            if found.message_id == message.message_id:
                return found
        return cannot("the message is no longer there")

    def _ask(self, user: int, kind: str, **facts: Any) -> Json:
        return {"id": f"{kind}-{self.number()}", "from": self.users[user], **facts}

    def _become(self, chat: int, user: int, status: str, state: str) -> None:
        with self.changed:
            place = self.chats[chat]
            old = self.member(place, self.bot_id)
            place.members[self.bot_id], place.state = status, state
            new = self.member(place, self.bot_id)
            change = {"chat": self.chat_dict(place), "from": self.users[user], "date": self.now()}
            change |= {"old_chat_member": old, "new_chat_member": new}
            self.queue("my_chat_member", change)

    def _service(self, chat: Chat, user: int, **facts: Any) -> None:
        message = self.keep(chat, user=user)
        self.queue("message", {**self.message_dict(message), **facts})
