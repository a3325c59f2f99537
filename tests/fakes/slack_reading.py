"""Reading through the Slack fake: auth.test, conversations.* and users.*.

Nothing here changes a message.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, TypeVar

from .server import Json, refuse
from .slack_world import Channel, Message, SlackWorld, answer_ok, api

T = TypeVar("T")


class SlackReading(SlackWorld):
    """The methods that look people, channels and messages up."""

    @api("auth.test")
    def auth_test(self, params: Json) -> Json:
        """Say who we are."""
        return answer_ok(
            url="https://team.slack.example/",
            team="Team",
            user="rapport",
            team_id=self.team_id,
            user_id=self.bot_user,
            bot_id=self.bot_id,
            is_enterprise_install=False,
        )

    @api("conversations.open")
    def open_conversation(self, params: Json) -> Json:
        """Open the direct message channel with one person."""
        if params.get("channel"):
            return answer_ok(channel={"id": self.open_channel(params["channel"]).id})
        users = [user for user in str(params.get("users") or "").split(",") if user]
        if len(users) != 1:
            refuse("users_list_not_supplied" if not users else "not_enough_users")
        person = self.person(users[0])
        if person["is_bot"]:
            refuse("cannot_dm_bot")
        return answer_ok(channel={"id": self.dm(users[0])})

    @api("conversations.history")
    def history(self, params: Json) -> Json:
        """Return messages newest first, without thread replies and ephemeral ones."""
        channel = self.open_channel(params.get("channel"))
        oldest, latest = params.get("oldest") or "0", params.get("latest")
        inclusive = _is_set(params.get("inclusive"))
        found = [
            message
            for message in reversed(channel.messages)
            if _in_history(message) and _between(message.ts, oldest, latest, inclusive=inclusive)
        ]
        return self._page(params, found)

    @api("conversations.replies", form_only=True)
    def replies(self, params: Json) -> Json:
        """Return a thread, its parent first."""
        channel = self.open_channel(params.get("channel"))
        ts = params.get("ts")
        found = [m for m in channel.messages if ts in {m.ts, m.thread_ts} and not m.ephemeral]
        if not found:
            refuse("thread_not_found")
        oldest, inclusive = params.get("oldest") or "0", _is_set(params.get("inclusive"))
        latest = params.get("latest")
        return self._page(
            params,
            [m for m in found if m.ts == ts or _between(m.ts, oldest, latest, inclusive=inclusive)],
        )

    @api("conversations.info", form_only=True)
    def info(self, params: Json) -> Json:
        """Describe a channel; public ones also when we are no member."""
        found = self.channels.get(str(params.get("channel")))
        if found is None or (found.kind == "group" and self.bot_user not in found.members):
            refuse("channel_not_found")
        return answer_ok(channel=self._describe(found))

    @api("conversations.members", form_only=True)
    def members(self, params: Json) -> Json:
        """List a channel's members in pages."""
        channel = self.open_channel(params.get("channel"))
        page, cursor = _cut(params, channel.members, 100)
        return answer_ok(members=page, response_metadata={"next_cursor": cursor})

    @api("users.info", form_only=True)
    def user_info(self, params: Json) -> Json:
        """Describe a person; the locale only when asked for."""
        person = copy.deepcopy(self.person(params.get("user")))
        if not _is_set(params.get("include_locale")):
            del person["locale"]
        return answer_ok(user=person)

    @api("users.list", form_only=True)
    def user_list(self, params: Json) -> Json:
        """List the people of the workspace in pages."""
        page, cursor = _cut(params, list(self.users.values()), 1_000)
        people = copy.deepcopy(list(page))
        return answer_ok(members=people, response_metadata={"next_cursor": cursor})

    @api("users.lookupByEmail", form_only=True)
    def look_up_by_email(self, params: Json) -> Json:
        """Find a person by e-mail."""
        wanted = str(params.get("email") or "").casefold()
        for person in self.users.values():
            if wanted and person["profile"]["email"].casefold() == wanted:
                return answer_ok(user=copy.deepcopy(person))
        return refuse("users_not_found")

    def _page(self, params: Json, found: Sequence[Message]) -> Json:
        page, cursor = _cut(params, found, 100)
        everything = _is_set(params.get("include_all_metadata"))
        return answer_ok(
            messages=[message.as_api(all_metadata=everything) for message in page],
            has_more=bool(cursor),
            response_metadata={"next_cursor": cursor},
        )

    def _describe(self, channel: Channel) -> Json:
        described: Json = {
            "id": channel.id,
            "is_channel": channel.kind == "channel",
            "is_group": channel.kind == "group",
            "is_im": channel.kind == "im",
            "is_private": channel.kind != "channel",
            "is_archived": channel.archived,
            "is_ext_shared": channel.shared,
            "is_member": self.bot_user in channel.members,
            "num_members": len(channel.members),
        }
        return described | {"user" if channel.kind == "im" else "name": channel.name}


def _is_set(value: Any) -> bool:
    return value in {True, "1", "true", "True"}


def _in_history(message: Message) -> bool:
    return not message.ephemeral and (message.broadcast or message.thread_ts in {None, message.ts})


def _between(ts: str, oldest: Any, latest: Any, *, inclusive: bool) -> bool:
    """Compare timestamps as whole microseconds: as floats, neighbours would be equal."""
    moment, first = _micros(ts), _micros(oldest)
    last = _micros(latest) if latest else moment + 1
    return first <= moment <= last if inclusive else first < moment < last


def _micros(ts: Any) -> int:
    seconds, _, fraction = str(ts).partition(".")
    return int(seconds) * 1_000_000 + int(fraction.ljust(6, "0")[:6] or 0)


def _cut(params: Json, items: Sequence[T], limit: int) -> tuple[list[T], str]:
    """Return one page and the cursor of the next, "" at the end."""
    start = int(params.get("cursor") or 0)
    end = start + min(int(params.get("limit") or limit), 999)
    return list(items[start:end]), str(end) if end < len(items) else ""
