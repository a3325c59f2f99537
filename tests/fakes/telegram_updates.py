"""How updates leave the Telegram fake: getUpdates with its offset, or posts to a webhook.

What the updates hold is in telegram_people.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from .server import Fault, Json, refuse
from .telegram_world import TelegramWorld, Webhook, bot_api, flag, nested, whole

POLL_SECONDS_MOST = 1.0
RETRY_SECONDS = 0.1
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})


class TelegramUpdates(TelegramWorld):
    """Polling, the webhook, and updates that come twice or out of order.

    `fail_next("getUpdates", how)` and `fail_next("webhook", how)` take "duplicate" (each update
    comes twice) and "reorder" (the newest first).
    """

    _polls = 0
    _session: aiohttp.ClientSession | None = None
    _posting: asyncio.Task[None] | None = None

    @bot_api("setWebhook")
    async def set_webhook(self, params: Json) -> bool:
        """Post updates to a URL from now on; an empty one removes the webhook."""
        url, secret = str(params.get("url") or ""), str(params.get("secret_token") or "")
        if not url:
            return await self.delete_webhook(params)
        address = urlsplit(url)
        if address.scheme != "https" and address.hostname not in _LOOPBACK:
            refuse("Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not _SECRET.fullmatch(secret):
            refuse("Bad Request: secret token contains unallowed characters")
        with self.changed:
            self._set_allowed(params)
            self.webhook = Webhook(url, secret, whole(params, "max_connections", 40))
            if flag(params, "drop_pending_updates"):
                self.updates.clear()
        self.arrived.set()
        if self._posting is None:
            self._posting = asyncio.ensure_future(self._post_all())
        return True

    @bot_api("deleteWebhook")
    async def delete_webhook(self, params: Json) -> bool:
        """Stop posting; what waits is kept unless drop_pending_updates."""
        with self.changed:
            self.webhook = None
            if flag(params, "drop_pending_updates"):
                self.updates.clear()
        return True

    @bot_api("getWebhookInfo")
    async def get_webhook_info(self, params: Json) -> Json:
        """Describe the webhook and its last error."""
        with self.changed:
            hook = self.webhook or Webhook("")
            info: Json = {"url": hook.url, "has_custom_certificate": False}
            info["pending_update_count"] = len(self.updates)
            if hook.url:
                info["max_connections"] = hook.max_connections
            if hook.last_error_at is not None:
                info |= {"last_error_date": hook.last_error_at}
                info |= {"last_error_message": hook.last_error}
            if self.allowed_updates is not None:
                info["allowed_updates"] = sorted(self.allowed_updates)
            return info

    @bot_api("getUpdates")
    async def get_updates(self, params: Json) -> list[Json]:
        """Return waiting updates, confirming those below `offset`; waits up to a second.

        A poll that begins while another waits ends that other with 409, as Telegram does.
        """
        with self.changed:
            if self.webhook is not None:
                refuse(
                    "Conflict: can't use getUpdates method while webhook is active; "
                    "use deleteWebhook to delete the webhook first",
                    code=409,
                )
            self._polls += 1
            mine = self._polls
            self._set_allowed(params)
            self._confirm(whole(params, "offset"))
        self.arrived.set()
        limit = min(max(whole(params, "limit", 100), 1), 100)
        end = self._loop.time() + min(whole(params, "timeout"), POLL_SECONDS_MOST)
        while True:
            self.arrived.clear()
            with self.changed:
                if mine != self._polls:
                    refuse(
                        "Conflict: terminated by other getUpdates request; "
                        "make sure that only one bot instance is running",
                        code=409,
                    )
                batch = [dict(update) for update in self.updates[:limit]]
            left = end - self._loop.time()
            if batch or left <= 0 or self._stopping.is_set():
                return batch
            await self._wait(left)

    def twist(self, method: str, fault: Fault, response: web.Response) -> web.Response:
        """Return a batch of updates with each one twice, or the newest first."""
        body = json.loads(response.text or "{}")
        batch = body.get("result")
        if method != "getUpdates" or not batch:
            self.put_fault_back(method, fault)
            return response
        twisted = [update for one in batch for update in (one, one)]
        body["result"] = twisted if fault.how == "duplicate" else batch[::-1]
        return web.json_response(body)

    async def closing(self) -> None:
        """Stop posting."""
        self.arrived.set()
        if self._posting is not None:
            self._posting.cancel()
        if self._session is not None:
            await self._session.close()

    def _set_allowed(self, params: Json) -> None:
        """Keep the former setting when none is given, as Telegram does."""
        wanted = nested(params, "allowed_updates")
        if wanted is not None:
            self.allowed_updates = frozenset(wanted) or None

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            del self.updates[:offset]
        elif offset:
            self.updates = [u for u in self.updates if u["update_id"] >= offset]
        self.changed.notify_all()

    async def _wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.arrived.wait(), seconds)
        except TimeoutError:
            return

    async def _post_all(self) -> None:
        """Post one update after another; an update that is not taken is posted again."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        while not self._stopping.is_set():
            self.arrived.clear()
            with self.changed:
                hook = self.webhook
                update = dict(self.updates[0]) if self.updates else None
            if hook is None or update is None:
                await self._wait(RETRY_SECONDS)
            elif not await self._post_one(hook, self._ordered(update)):
                await self.pause(RETRY_SECONDS)

    def _ordered(self, update: Json) -> list[Json]:
        """Return what to post now: the update, or what a fault makes of it."""
        fault = self.take_fault("webhook")
        if fault is None:
            return [update]
        if fault.how == "duplicate":
            return [update, update]
        with self.changed:
            if fault.how == "reorder" and len(self.updates) > 1:
                return [dict(self.updates[1]), update]
        self.put_fault_back("webhook", fault)
        return [update]

    async def _post_one(self, hook: Webhook, updates: list[Json]) -> bool:
        taken, problem = set(), ""
        for update in updates:
            problem = problem or await self._try_post(hook, update)
            if not problem:
                taken.add(update["update_id"])
        with self.changed:
            self.updates = [u for u in self.updates if u["update_id"] not in taken]
            if problem:
                hook.last_error_at, hook.last_error = self.now(), problem
            self.changed.notify_all()
        return not problem

    async def _try_post(self, hook: Webhook, update: Json) -> str:
        """Post an update; return what went wrong, or ""."""
        headers: dict[str, Any] = {}
        if hook.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = hook.secret_token
        if self._session is None:
            return "not started"
        try:
            async with self._session.post(hook.url, json=update, headers=headers) as answer:
                if answer.ok:
                    return ""
                return f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except (aiohttp.ClientError, TimeoutError):
            return "Connection failed"
