"""FakeSlack: a local Slack Web API and Socket Mode server that tests run Rapport against.

    with FakeSlack() as slack:
        slack.add_user("U1", "Ann"); slack.add_channel("C1", "sales", members=("U1",))
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.base_url)

It keeps what the app sends (`messages`, `views`, `homes`, `files`, `unfurls`, `log`), refuses
what Slack refuses, and records in `violations` what must never be sent. The parts are in the
sibling slack_… modules; faults and the log are in server. Not here: OAuth, streaming,
scheduled messages, scopes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from .server import Clock, Json, Refused, decoded, read_params, refuse
from .slack_people import SlackPeople
from .slack_reading import SlackReading
from .slack_world import Message, as_response

__all__ = ["FakeSlack", "Message"]

_NESTED = ("blocks", "attachments", "metadata", "view", "files", "unfurls", "prompts")


class FakeSlack(SlackPeople, SlackReading):
    """A Slack workspace with our app installed, on a free port of 127.0.0.1."""

    def __init__(self, clock: Clock = time.time, **tokens: str) -> None:
        """`tokens` may replace bot_token, app_token and signing_secret."""
        super().__init__(clock, **tokens)
        self._methods: dict[str, tuple[Callable[[Json], Json], bool, bool]] = {}
        for name in dir(type(self)):
            marked = getattr(getattr(type(self), name), "api", None)
            if marked is not None:
                method, form_only, app_token = marked
                self._methods[method] = (getattr(self, name), form_only, app_token)

    def routes(self) -> list[web.RouteDef]:
        """Return the Web API, response_url, upload, download and socket routes."""
        return [
            web.route("*", "/api/{method}", self._serve_api),
            web.post("/commands/{key:.+}", self._serve_response_url),
            web.post("/upload/{file}", self._serve_upload),
            web.get("/files/{file}/{name}", self._serve_download),
            web.get("/socket", self.serve_socket),
        ]

    def refusal(self, refused: Refused) -> web.Response:
        """Return ok:false with status 200, or the status of an endpoint outside the Web API."""
        body: Json = {"ok": False, "error": refused.error}
        if refused.details:
            body["response_metadata"] = {"messages": list(refused.details)}
        return web.json_response(body, status=200 if refused.code == 400 else refused.code)

    def failure(self, status: int, retry_after: int) -> web.Response:
        """Return 429 with Retry-After, or a server error."""
        if status == 429:
            body = {"ok": False, "error": "ratelimited"}
            return web.json_response(body, status=429, headers={"Retry-After": str(retry_after)})
        return web.json_response({"ok": False, "error": "internal_error"}, status=status)

    async def _serve_api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        params = await read_params(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        token = token or str(params.get("token", ""))
        params.pop("token", None)
        as_json = request.content_type == "application/json"
        return await self.answer(
            request,
            method,
            params,
            lambda: as_response(self._call(method, params, token, as_json=as_json)),
        )

    def _call(self, name: str, params: Json, token: str, *, as_json: bool) -> Json:
        if name not in self._methods:
            refuse("unknown_method")
        method, form_only, app_token = self._methods[name]
        self._check_token(token, app_token=app_token)
        if form_only and as_json:
            refuse("invalid_arguments", "[ERROR] this method takes form arguments, no JSON")
        for field in _NESTED:
            if field in params:
                try:
                    params[field] = decoded(params[field])
                except ValueError:
                    refuse("invalid_arguments", f"[ERROR] {field} is no JSON")
        with self.changed:
            return method(params)

    def _check_token(self, token: str, *, app_token: bool) -> None:
        if not token:
            refuse("not_authed")
        if token not in {self.bot_token, self.app_token}:
            refuse("invalid_auth")
        if app_token != (token == self.app_token):
            refuse("not_allowed_token_type")

    async def _serve_response_url(self, request: web.Request) -> web.StreamResponse:
        params = await read_params(request)

        def respond() -> web.Response:
            with self.changed:
                return web.Response(text=self.respond(request.match_info["key"], params))

        return await self.answer(request, "response_url", params, respond)

    async def _serve_upload(self, request: web.Request) -> web.StreamResponse:
        name, content = request.match_info["file"], await self._upload_bytes(request)

        def receive() -> web.Response:
            with self.changed:
                return web.Response(text=self.receive_upload(name, content))

        return await self.answer(request, "upload", {"file": name, "size": len(content)}, receive)

    async def _upload_bytes(self, request: web.Request) -> bytes:
        if not request.content_type.startswith("multipart/"):
            return await request.read()
        sent: dict[str, Any] = (await read_params(request)).get("files_sent", {})
        return b"".join(content for _, content in sent.values())

    async def _serve_download(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["file"]

        def send() -> web.Response:
            if request.headers.get("Authorization") != f"Bearer {self.bot_token}":
                return web.Response(text="<html>sign in</html>", content_type="text/html")
            with self.changed:
                file = self.files.get(name)
            if file is None or "content" not in file:
                return web.Response(status=404)
            return web.Response(body=file["content"], content_type=file["mimetype"])

        return await self.answer(request, "download", {"file": name}, send)
