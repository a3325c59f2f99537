"""Chats of the Telegram fake: getMe, getChat, getChatMember, getFile and forum topics.

Nothing here posts or changes a message.
"""

from __future__ import annotations

from typing import Any

from .server import Json, refuse
from .telegram_markup import units
from .telegram_world import Chat, TelegramWorld, bot_api, whole

DOWNLOAD_BYTES_MOST = 20 * 2**20
_RIGHTS = [
    "can_be_edited",
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_manage_topics",
    "can_pin_messages",
]


class TelegramChats(TelegramWorld):
    """The methods about chats, members, files and topics."""

    @bot_api("getMe")
    def get_me(self, params: Json) -> Json:
        """Say who we are."""
        return {
            **self.users[self.bot_id],
            "can_join_groups": True,
            "can_read_all_group_messages": not self.privacy,
            "supports_inline_queries": True,
        }

    @bot_api("getChat")
    def get_chat(self, params: Json) -> Json:
        """Describe a chat."""
        chat = self.reach(params.get("chat_id"))
        facts = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _NO_GIFTS}
        return {**self.chat_dict(chat), **facts}

    @bot_api("getChatMember")
    def get_chat_member(self, params: Json) -> Json:
        """Say what somebody is in a chat."""
        chat = self.reach(params.get("chat_id"))
        user = whole(params, "user_id")
        if user not in self.users:
            refuse("Bad Request: user not found")
        return self.member(chat, user)

    @bot_api("getFile")
    def get_file(self, params: Json) -> Json:
        """Say where a file is downloaded from; 20 MB at most."""
        file = self.files.get(str(params.get("file_id")))
        if file is None:
            refuse("Bad Request: invalid file_id")
        if file["file_size"] > DOWNLOAD_BYTES_MOST:
            refuse("Bad Request: file is too big")
        shown = ("file_id", "file_unique_id", "file_size", "file_path")
        return {name: file[name] for name in shown}

    @bot_api("createForumTopic")
    def create_topic(self, params: Json) -> Json:
        """Open a new topic in a forum that we administer."""
        chat = self._forum(params)
        name = _topic_name(params)
        number = self.number()
        chat.topics[number] = {"name": name, "closed": False}
        return {"message_thread_id": number, "name": name, "icon_color": 7322096}

    @bot_api("editForumTopic")
    def edit_topic(self, params: Json) -> bool:
        """Rename a topic."""
        topic = self._topic(params)
        name = _topic_name(params) if params.get("name") else topic["name"]
        if name == topic["name"]:
            refuse("Bad Request: TOPIC_NOT_MODIFIED")
        topic["name"] = name
        return True

    @bot_api("closeForumTopic")
    def close_topic(self, params: Json) -> bool:
        """Close an open topic."""
        return self._turn(params, closed=True)

    @bot_api("reopenForumTopic")
    def reopen_topic(self, params: Json) -> bool:
        """Open a closed topic again."""
        return self._turn(params, closed=False)

    def member(self, chat: Chat, user: int, status: str = "") -> Json:
        """Return a chat member as the Bot API sends it."""
        status = status or chat.members.get(user, "left")
        found: Json = {"user": self.users[user], "status": status}
        if status == "administrator":
            found |= dict.fromkeys(_RIGHTS, True)
        return {**found, "until_date": 0} if status == "kicked" else found

    def _forum(self, params: Json) -> Chat:
        chat = self.reach(params.get("chat_id"))
        if not chat.forum:
            refuse("Bad Request: the chat is not a forum")
        if chat.members[self.bot_id] != "administrator":
            refuse("Bad Request: not enough rights to create a topic")
        return chat

    def _topic(self, params: Json) -> Json:
        topic: Json | None = self._forum(params).topics.get(whole(params, "message_thread_id"))
        if topic is None:
            refuse("Bad Request: TOPIC_ID_INVALID")
        return topic

    def _turn(self, params: Json, *, closed: bool) -> bool:
        topic = self._topic(params)
        if topic["closed"] == closed:
            refuse("Bad Request: TOPIC_NOT_MODIFIED")
        topic["closed"] = closed
        return True


_NO_GIFTS: dict[str, Any] = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription"), False
) | {"gifts_from_channels": False}


def _topic_name(params: Json) -> str:
    name = str(params.get("name") or "").strip()
    if not 1 <= units(name) <= 128:
        refuse("Bad Request: topic name must be 1 to 128 characters")
    return name
