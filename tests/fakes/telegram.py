"""FakeTelegram: a local Bot API server that tests run Rapport against.

    with FakeTelegram() as telegram:
        telegram.add_user(7, "Ann")
        bot = Bot(telegram.token, base_url=f"{telegram.base_url}/bot",
                  base_file_url=f"{telegram.base_url}/file/bot")

It keeps what the app sends (`messages`, `commands`, `callbacks`, `files`, `actions`, `log`),
refuses what Telegram refuses, and records in `violations` what must never be sent. The parts are
in the sibling telegram_… modules; faults and the log are in server. Not here: Markdown (write
HTML), payments, stickers, inline messages, flood limits of their own accord.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from .server import Clock, Json, Refused, read_params, refuse
from .telegram_people import TelegramPeople
from .telegram_world import TelegramMessage

__all__ = ["FakeTelegram", "TelegramMessage"]


class FakeTelegram(TelegramPeople):
    """A Bot API server with our bot, on a free port of 127.0.0.1."""

    def __init__(
        self,
        clock: Clock = time.time,
        *,
        token: str = "4242:TEST",
        username: str = "rapport_bot",
        privacy: bool = True,
    ) -> None:
        """`privacy` is the group privacy mode, on unless switched off with BotFather."""
        super().__init__(clock, token=token, username=username, privacy=privacy)
        self._methods: dict[str, tuple[str, Callable[[Json], Any]]] = {}
        for name in dir(type(self)):
            marked = getattr(getattr(type(self), name), "bot_api", None)
            if marked is not None:
                self._methods[marked.lower()] = (marked, getattr(self, name))

    def routes(self) -> list[web.RouteDef]:
        """Return the method and download routes."""
        return [
            web.route("*", "/bot{token}/{method}", self._serve_method),
            web.get("/file/bot{token}/{path:.+}", self._serve_file),
        ]

    def refusal(self, refused: Refused) -> web.Response:
        """Return ok:false with its error code as the status."""
        body = {"ok": False, "error_code": refused.code, "description": refused.error}
        return web.json_response({**body, **refused.extra}, status=refused.code)

    def failure(self, status: int, retry_after: int) -> web.Response:
        """Return 429 with retry_after, or a server error."""
        body: Json = {"ok": False, "error_code": status, "description": "Internal Server Error"}
        if status == 429:
            body["description"] = f"Too Many Requests: retry after {retry_after}"
            body["parameters"] = {"retry_after": retry_after}
        return web.json_response(body, status=status)

    async def _serve_method(self, request: web.Request) -> web.StreamResponse:
        params = await read_params(request)
        asked = request.match_info["method"]
        method, perform = self._methods.get(asked.lower(), (asked, None))

        async def performed() -> web.Response:
            if request.match_info["token"] != self.token:
                refuse("Unauthorized", code=401)
            if perform is None:
                refuse("Not Found", code=404)
            if inspect.iscoroutinefunction(perform):
                return _as_response(await perform(params))
            with self.changed:
                return _as_response(perform(params))

        return await self.answer_slowly(request, method, params, performed)

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]

        def send() -> web.Response:
            if request.match_info["token"] != self.token:
                refuse("Unauthorized", code=401)
            with self.changed:
                for file in self.files.values():
                    if file["file_path"] == path:
                        return web.Response(body=file["content"])
            return refuse("Not Found", code=404)

        return await self.answer(request, "download", {"path": path}, send)


def _as_response(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})
