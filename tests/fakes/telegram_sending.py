"""Writing through the Telegram fake: send…, edit…, deleteMessage, answers, reactions, commands.

Receiving updates is in telegram_updates, chats and topics are in telegram_chats.
"""

from __future__ import annotations

import copy
import json
import mimetypes
import re
from typing import Any

from .server import Json, refuse
from .telegram_markup import CAPTION_MOST, TEXT_MOST, check_keyboard, read_text, units
from .telegram_world import Chat, TelegramMessage, TelegramWorld, bot_api, flag, nested, whole

CALLBACK_SECONDS = 15
ALBUM_LEAST, ALBUM_MOST = 2, 10
DELETE_SECONDS = 48 * 3600
PHOTO_BYTES_MOST = 10 * 2**20
UPLOAD_BYTES_MOST = 50 * 2**20
_TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"
_NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are "
    "exactly the same as a current content and reply markup of the message"
)
_COMMAND_NAME = re.compile(r"[a-z0-9_]{1,32}")
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")
_REACTIONS = frozenset(
    [
        "👍",
        "👎",
        "❤",
        "🔥",
        "🥰",
        "👏",
        "😁",
        "🤔",
        "🤯",
        "😱",
        "🤬",
        "😢",
        "🎉",
        "🤩",
        "🤮",
        "💩",
        "🙏",
        "👌",
        "🕊",
        "🤡",
        "🥱",
        "🥴",
        "😍",
        "🐳",
        "❤\u200d🔥",
        "🌚",
        "🌭",
        "💯",
        "🤣",
        "⚡",
        "🍌",
        "🏆",
        "💔",
        "🤨",
        "😐",
        "🍓",
        "🍾",
        "💋",
        "🖕",
        "😈",
        "😴",
        "😭",
        "🤓",
        "👻",
        "👨\u200d💻",
        "👀",
        "🎃",
        "🙈",
        "😇",
        "😨",
        "🤝",
        "✍",
        "🤗",
        "🫡",
        "🎅",
        "🎄",
        "☃",
        "💅",
        "🤪",
        "🗿",
        "🆒",
        "💘",
        "🙉",
        "🦄",
        "😘",
        "💊",
        "🙊",
        "😎",
        "👾",
        "🤷",
        "😡",
    ]
)
_ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ]
)


class TelegramSending(TelegramWorld):
    """The methods that post, change and remove what people see."""

    @bot_api("sendMessage")
    def send_message(self, params: Json) -> Json:
        """Post a text."""
        chat = self.reach(params.get("chat_id"))
        place = self._place(chat, params)
        words = self._words("sendMessage", params, "text", TEXT_MOST)
        return self.message_dict(self.keep(chat, **place, **words))

    @bot_api("sendPhoto")
    def send_photo(self, params: Json) -> Json:
        """Post a picture, with a caption perhaps."""
        return self._send_file(params, "photo")

    @bot_api("sendDocument")
    def send_document(self, params: Json) -> Json:
        """Post a file, with a caption perhaps."""
        return self._send_file(params, "document")

    @bot_api("sendVoice")
    def send_voice(self, params: Json) -> Json:
        """Post a voice message."""
        return self._send_file(params, "voice")

    @bot_api("sendAudio")
    def send_audio(self, params: Json) -> Json:
        """Post a piece of music."""
        return self._send_file(params, "audio")

    @bot_api("sendVideo")
    def send_video(self, params: Json) -> Json:
        """Post a film."""
        return self._send_file(params, "video")

    @bot_api("sendAnimation")
    def send_animation(self, params: Json) -> Json:
        """Post a film without sound."""
        return self._send_file(params, "animation")

    @bot_api("sendMediaGroup")
    def send_media_group(self, params: Json) -> list[Json]:
        """Post 2 to 10 known files as one album, the caption below the first."""
        chat = self.reach(params.get("chat_id"))
        place = self._place(chat, params)
        media = nested(params, "media") or []
        if not ALBUM_LEAST <= len(media) <= ALBUM_MOST:
            refuse("Bad Request: wrong number of media in the group")
        kinds = {item["type"] for item in media}
        if len(kinds) > 1 and not kinds <= {"photo", "video"}:
            refuse("Bad Request: wrong type of the media in the group")
        if any(self._kind_of(item["media"]) != item["type"] for item in media):
            refuse("Bad Request: wrong file identifier/HTTP URL specified")
        album, sent = str(self.number()), []
        for item in media:
            words = self._words("sendMediaGroup", item, "caption", CAPTION_MOST)
            facts = {**words, "kind": item["type"], "file": item["media"], "album": album}
            sent.append(self.keep(chat, **place, **facts))
        return [self.message_dict(message) for message in sent]

    @bot_api("editMessageCaption")
    def edit_caption(self, params: Json) -> Json:
        """Change the words below a file of ours."""
        message = self._own(params, "edit")
        if message.kind == "text":
            refuse("Bad Request: there is no caption in the message to edit")
        return self._reword(message, "editMessageCaption", params, "caption", CAPTION_MOST)

    @bot_api("sendChatAction")
    def send_chat_action(self, params: Json) -> bool:
        """Show that we are typing."""
        chat = self.reach(params.get("chat_id"))
        if params.get("action") not in _ACTIONS:
            refuse("Bad Request: wrong parameter action in request")
        self.actions.append({"chat_id": chat.id, "action": params["action"]})
        return True

    @bot_api("editMessageText")
    def edit_text(self, params: Json) -> Json:
        """Change the text of a message of ours; a keyboard that is not given is removed."""
        message = self._own(params, "edit")
        if message.kind != "text":
            refuse("Bad Request: there is no text in the message to edit")
        return self._reword(message, "editMessageText", params, "text", TEXT_MOST)

    def _reword(
        self, message: TelegramMessage, method: str, params: Json, name: str, most: int
    ) -> Json:
        words = self._words(method, params, name, most)
        old = (message.text, message.entities, message.markup)
        if old == (words["text"], words["entities"], words["markup"]):
            refuse(_NOT_MODIFIED)
        for part, value in words.items():
            setattr(message, part, value)
        message.edited_at = self.now()
        return self.message_dict(message)

    @bot_api("editMessageReplyMarkup")
    def edit_keyboard(self, params: Json) -> Json:
        """Change or remove the keyboard of a message of ours."""
        message = self._own(params, "edit")
        markup = _markup(params)
        if markup == message.markup:
            refuse(_NOT_MODIFIED)
        message.markup, message.edited_at = markup, self.now()
        return self.message_dict(message)

    @bot_api("deleteMessage")
    def delete_message(self, params: Json) -> bool:
        """Remove a message less than 48 hours old: ours, or anybody's where we are admin."""
        chat = self.reach(params.get("chat_id"))
        message = self.find_message(chat, params.get("message_id"), "delete")
        theirs = message.user != self.bot_id and chat.members[self.bot_id] != "administrator"
        old = self.clock() - message.date > DELETE_SECONDS
        if old or (theirs and chat.kind != "private"):
            refuse("Bad Request: message can't be deleted")
        chat.messages.remove(message)
        return True

    @bot_api("setMessageReaction")
    def set_reaction(self, params: Json) -> bool:
        """Set our reaction on a message, or remove it."""
        chat = self.reach(params.get("chat_id"))
        message = self.find_message(chat, params.get("message_id"), "react")
        wanted = nested(params, "reaction") or []
        if len(wanted) > 1:
            refuse("Bad Request: REACTIONS_TOO_MANY")
        if any(reaction.get("emoji") not in _REACTIONS for reaction in wanted):
            refuse("Bad Request: REACTION_INVALID")
        message.reactions = list(wanted)
        return True

    @bot_api("answerCallbackQuery")
    def answer_callback(self, params: Json) -> bool:
        """Answer the press of a button, once and soon after it."""
        asked = self.callbacks.get(str(params.get("callback_query_id")))
        if asked is None or "answer" in asked or self._is_late(asked):
            refuse(_TOO_OLD)
        text = str(params.get("text") or "")
        if units(text) > 200:
            refuse("Bad Request: MESSAGE_TOO_LONG")
        asked["answer"] = {"text": text, "show_alert": flag(params, "show_alert")}
        return True

    @bot_api("answerInlineQuery")
    def answer_inline(self, params: Json) -> bool:
        """Answer an inline query with up to 50 results."""
        asked = self.inline_queries.get(str(params.get("inline_query_id")))
        if asked is None or self._is_late(asked):
            refuse(_TOO_OLD)
        results = nested(params, "results") or []
        if len(results) > 50:
            refuse("Bad Request: RESULTS_TOO_MUCH")
        names = [str(result.get("id", "")) for result in results]
        if len(names) != len(set(names)):
            refuse("Bad Request: RESULT_ID_DUPLICATE")
        if not all(1 <= len(name.encode()) <= 64 for name in names):
            refuse("Bad Request: RESULT_ID_INVALID")
        if len(str(params.get("next_offset") or "").encode()) > 64:
            refuse("Bad Request: NEXT_OFFSET_INVALID")
        asked["answer"] = {
            "results": results,
            "is_personal": flag(params, "is_personal"),
            "cache_time": whole(params, "cache_time", 300),
            "next_offset": str(params.get("next_offset") or ""),
        }
        return True

    @bot_api("setMyCommands")
    def set_commands(self, params: Json) -> bool:
        """Set the command menu of a scope and language."""
        wanted = nested(params, "commands") or []
        if len(wanted) > 100:
            refuse("Bad Request: BOT_COMMANDS_TOO_MUCH")
        for command in wanted:
            if not _COMMAND_NAME.fullmatch(str(command.get("command", ""))):
                refuse("Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= units(str(command.get("description", ""))) <= 256:
                refuse("Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        scope = nested(params, "scope") or {"type": "default"}
        key = (json.dumps(scope, sort_keys=True), str(params.get("language_code") or ""))
        self.commands[key] = copy.deepcopy(wanted)
        return True

    def _is_late(self, asked: Json) -> bool:
        return bool(self.clock() - asked["at"] > CALLBACK_SECONDS)

    def _own(self, params: Json, doing: str) -> TelegramMessage:
        chat = self.reach(params.get("chat_id"))
        message = self.find_message(chat, params.get("message_id"), doing)
        if message.user != self.bot_id:
            refuse(f"Bad Request: message can't be {doing}ed")
        return message

    def _words(self, method: str, params: Json, name: str, most: int) -> Json:
        given = {key: nested(params, key) for key in ("entities", "caption_entities")}
        text, entities = read_text({**params, **given}, name, most)
        self.watch(method, text, entities)
        html = str(params.get(name) or "") if params.get("parse_mode") else ""
        return {"text": text, "entities": entities, "html": html, "markup": _markup(params)}

    def _place(self, chat: Chat, params: Json) -> Json:
        """Return the topic and the message replied to, or refuse them."""
        topic = whole(params, "message_thread_id") or None
        if topic is not None and topic not in chat.topics:
            refuse("Bad Request: message thread not found")
        admin = chat.members.get(self.bot_id) == "administrator"
        if topic is not None and chat.topics[topic]["closed"] and not admin:
            refuse("Bad Request: TOPIC_CLOSED")
        reply = nested(params, "reply_parameters") or {}
        number = reply.get("message_id") or whole(params, "reply_to_message_id") or None
        if number and not any(m.message_id == number for m in chat.messages):
            if not reply.get("allow_sending_without_reply"):
                refuse("Bad Request: message to be replied not found")
            number = None
        return {"topic": topic, "reply_to": number}

    def _send_file(self, params: Json, kind: str) -> Json:
        chat = self.reach(params.get("chat_id"))
        place = self._place(chat, params)
        method = f"send{kind.title()}"
        words = self._words(method, params, "caption", CAPTION_MOST)
        file = self._given_file(params, kind)
        return self.message_dict(self.keep(chat, **place, **words, kind=kind, file=file))

    def _given_file(self, params: Json, kind: str) -> str:
        sent, named = params.get("files_sent") or {}, str(params.get(kind) or "")
        part = sent.get(kind) or sent.get(named.removeprefix("attach://"))
        if part is None:
            if named in self.files:
                if self._kind_of(named) not in {kind, ""}:
                    refuse(f"Bad Request: can't use file of type {self._kind_of(named)} as {kind}")
                return named
            refuse(f"Bad Request: there is no {kind} in the request")
        name, content = part
        if not content:
            refuse("Bad Request: file must be non-empty")
        most = PHOTO_BYTES_MOST if kind == "photo" else UPLOAD_BYTES_MOST
        if len(content) > most:
            refuse("Request Entity Too Large", code=413)
        if kind == "photo" and not content.startswith(_PICTURES):
            refuse("Bad Request: IMAGE_PROCESS_FAILED")
        return self.keep_file(name or kind, content, kind)

    def _kind_of(self, file_id: str) -> str:
        return str(self.files.get(file_id, {}).get("kind", ""))

    def keep_file(self, name: str, content: bytes, kind: str = "") -> str:
        """Keep a file and return its file_id, by which it is sent again as the same kind."""
        number = self.number()
        file_id = f"file-{number}"
        self.files[file_id] = {
            "file_id": file_id,
            "file_unique_id": f"unique-{number}",
            "file_size": len(content),
            "file_name": name,
            "mime_type": mimetypes.guess_type(name)[0] or "application/octet-stream",
            "file_path": f"documents/{number}_{name}",
            "content": content,
            "kind": kind,
        }
        return file_id


def _markup(params: Json) -> Any:
    markup = nested(params, "reply_markup")
    check_keyboard(markup)
    return markup if markup != {"inline_keyboard": []} else None
