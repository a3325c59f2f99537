"""Writing through the Slack fake: chat.*, reactions.add, assistant.threads.*, response_url.

Reading is in slack_reading, modals and files in slack_views and slack_files.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from .server import Json, refuse
from .slack_limits import UPDATE_TEXT_MOST, check_message, check_message_blocks
from .slack_world import (
    RESPONSE_URL_SECONDS,
    RESPONSE_URL_USES,
    Channel,
    Message,
    ResponseUrl,
    SlackWorld,
    answer_ok,
    api,
)

_EMOJI = re.compile(r"[a-z0-9_+'-]+")


class SlackChat(SlackWorld):
    """The methods that post, change and remove messages."""

    @api("chat.postMessage")
    def post_message(self, params: Json) -> Json:
        """Post for everybody in the channel."""
        channel = self.open_channel(params.get("channel"), posting=True)
        check_message(params)
        self._check_metadata(params)
        self.watch("chat.postMessage", params)
        thread_ts = self._thread_of(channel, params.get("thread_ts"))
        message = self.post(
            channel,
            params,
            thread_ts=thread_ts,
            metadata=copy.deepcopy(params.get("metadata")),
            broadcast=bool(thread_ts and params.get("reply_broadcast")),
        )
        shown = message.as_api(all_metadata=True)
        return answer_ok(channel=channel.id, ts=message.ts, message=shown)

    @api("chat.postEphemeral")
    def post_ephemeral(self, params: Json) -> Json:
        """Post for one person, who must be in the channel."""
        channel = self.open_channel(params.get("channel"), posting=True)
        check_message(params)
        user = params.get("user")
        if user not in channel.members:
            refuse("user_not_in_channel")
        self.watch("chat.postEphemeral", params)
        thread_ts = self._thread_of(channel, params.get("thread_ts"))
        message = self.post(channel, params, thread_ts=thread_ts, ephemeral=True, for_user=user)
        return answer_ok(message_ts=message.ts)

    @api("chat.update")
    def update_message(self, params: Json) -> Json:
        """Change a message of ours; text without blocks removes the blocks, as Slack does."""
        channel = self.open_channel(params.get("channel"))
        message = self._own_message(channel, params.get("ts"), "cant_update_message")
        check_message(params, text_most=UPDATE_TEXT_MOST)
        self._check_metadata(params)
        self.watch("chat.update", params)
        self._replace(message, params)
        if params.get("metadata") is not None:
            message.metadata = copy.deepcopy(params["metadata"])
        return answer_ok(
            channel=channel.id, ts=message.ts, text=message.text, message=message.as_api()
        )

    @api("chat.delete")
    def delete_message(self, params: Json) -> Json:
        """Remove a message of ours."""
        channel = self.open_channel(params.get("channel"))
        message = self._own_message(channel, params.get("ts"), "cant_delete_message")
        channel.messages.remove(message)
        return answer_ok(channel=channel.id, ts=message.ts)

    @api("reactions.add")
    def add_reaction(self, params: Json) -> Json:
        """Add our reaction to a message."""
        channel = self.open_channel(params.get("channel"))
        name = params.get("name")
        if not isinstance(name, str) or not _EMOJI.fullmatch(name):
            refuse("invalid_name")
        message = self.find_message(channel, params.get("timestamp"))
        if (name, self.bot_user) in message.reactions:
            refuse("already_reacted")
        message.reactions.append((name, self.bot_user))
        return answer_ok()

    @api("chat.unfurl")
    def unfurl(self, params: Json) -> Json:
        """Attach previews to links that a link_shared event told us of."""
        if not (params.get("unfurl_id") and params.get("source")):
            channel = self.open_channel(params.get("channel"))
            text = self.find_message(channel, params.get("ts")).text
        else:
            text = "\n".join(m.text for c in self.channels.values() for m in c.messages)
        unfurls = params.get("unfurls")
        if not isinstance(unfurls, dict) or not unfurls:
            refuse("missing_unfurls")
        for url, preview in unfurls.items():
            if url.replace("&", "&amp;") not in text:
                refuse("cannot_unfurl_url")
            check_message_blocks(preview.get("blocks") or [])
            if any(
                block["type"] in {"table", "data_table"} for block in preview.get("blocks") or []
            ):
                refuse("cannot_unfurl_message", "[ERROR] tables are for messages alone")
            self.watch("chat.unfurl", preview)
        self.unfurls.append(copy.deepcopy(params))
        return answer_ok()

    @api("assistant.threads.setStatus")
    def set_status(self, params: Json) -> Json:
        """Show what we are doing in a thread; "" clears it."""
        return self._assist(params, "status", params.get("status", ""))

    @api("assistant.threads.setTitle")
    def set_title(self, params: Json) -> Json:
        """Name a thread."""
        return self._assist(params, "title", params.get("title"))

    @api("assistant.threads.setSuggestedPrompts")
    def set_suggested_prompts(self, params: Json) -> Json:
        """Offer up to four prompts."""
        prompts = params.get("prompts")
        if not isinstance(prompts, list) or not 0 < len(prompts) <= 4:
            refuse("invalid_arguments", "[ERROR] prompts must have 1 to 4 items")
        if not all(prompt.get("title") and prompt.get("message") for prompt in prompts):
            refuse("invalid_arguments", "[ERROR] a prompt needs a title and a message")
        return self._assist(params, "prompts", prompts)

    def respond(self, key: str, params: Json) -> str:
        """Take a post to a response_url: five times within 30 minutes, then refused."""
        bound = self.response_urls.get(key)
        if bound is None or self.clock() - bound.made_at > RESPONSE_URL_SECONDS:
            refuse("expired_url", code=404)
        if bound.uses >= RESPONSE_URL_USES:
            refuse("used_url", code=404)
        channel = self.channels[bound.channel]
        target = next((m for m in channel.messages if m.ts == bound.message_ts), None)
        if params.get("delete_original"):
            if target is not None:
                channel.messages.remove(target)
        else:
            self._respond_with_text(channel, bound, target, params)
        bound.uses += 1
        return "ok"

    def _respond_with_text(
        self, channel: Channel, bound: ResponseUrl, target: Message | None, params: Json
    ) -> None:
        check_message(params)
        self.watch("response_url", params)
        if params.get("replace_original") and target is not None:
            self._replace(target, params)
        else:
            self.reply_to_command(channel, bound.user, params)

    def reply_to_command(self, channel: Channel, user: str, params: Json) -> Message:
        """Post an answer to a person's command: for the person alone unless in_channel."""
        alone = params.get("response_type", "ephemeral") != "in_channel"
        facts = {"ephemeral": True, "for_user": user} if alone else {}
        return self.post(channel, params, thread_ts=params.get("thread_ts"), **facts)

    def _replace(self, message: Message, params: Json) -> None:
        if params.get("text") is not None or params.get("markdown_text") is not None:
            message.text = params.get("text") or params.get("markdown_text") or ""
            message.blocks = []
            message.edited = {"user": self.bot_user, "ts": self.stamp()}
        if params.get("blocks") is not None:
            message.blocks = self.with_ids(params["blocks"])
        if params.get("attachments") is not None:
            message.attachments = copy.deepcopy(params["attachments"])

    def _own_message(self, channel: Channel, ts: Any, error: str) -> Message:
        message = self.find_message(channel, ts)
        if message.by != self.app_id:
            refuse(error)
        return message

    def _thread_of(self, channel: Channel, thread_ts: Any) -> str | None:
        if not thread_ts:
            return None
        if not any(m.ts == thread_ts for m in channel.messages if not m.ephemeral):
            refuse("thread_not_found")
        return str(thread_ts)

    def _check_metadata(self, params: Json) -> None:
        metadata = params.get("metadata")
        if metadata is None:
            return
        if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
            refuse("invalid_metadata_format")
        if not isinstance(metadata.get("event_payload"), dict):
            refuse("invalid_metadata_format")

    def _assist(self, params: Json, name: str, value: Any) -> Json:
        channel = self.open_channel(params.get("channel_id"))
        key = (channel.id, params.get("thread_ts") or "")
        self.assistant.setdefault(key, {})[name] = copy.deepcopy(value)
        return answer_ok()
