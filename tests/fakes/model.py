"""A local OpenAI-compatible endpoint: it answers what a test tells it to, however bad that is."""

from __future__ import annotations

import json

from aiohttp import web

from tests.fakes.server import FakeServer, Json, Refused


class FakeModel(FakeServer):
    """Answers `POST /v1/chat/completions`; `says` is the body of the next answers."""

    KEY = "sk-local-1234"

    def __init__(self) -> None:
        """Answer without calling a function until told otherwise."""
        super().__init__()
        self.says: str = self.body([])

    @property
    def base_url(self) -> str:
        """What stands in `[llm] base_url`."""
        return f"{self.origin}/v1"

    def calls_tool(self, name: str, **arguments: object) -> None:
        """Let the next answers call one function."""
        self.says = self.body([(name, json.dumps(arguments))])

    @staticmethod
    def body(functions: list[tuple[str, str]]) -> str:
        """Return an answer that calls functions, each given by its name and its arguments as JSON."""
        called = [
            {"id": f"c{i}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for i, (name, arguments) in enumerate(functions)
        ]
        message = {"role": "assistant", "content": None, "tool_calls": called}
        return json.dumps({"choices": [{"index": 0, "message": message}]})

    def asked(self) -> Json:
        """Return the body of the last question."""
        return self.calls("ask")[-1].params

    def routes(self) -> list[web.RouteDef]:
        """Return the one route."""
        return [web.post("/v1/chat/completions", self._complete)]

    def refusal(self, refused: Refused) -> web.Response:
        """Word a refusal as such an endpoint does."""
        return web.json_response({"error": {"message": refused.error}}, status=refused.code)

    def failure(self, status: int, retry_after: int) -> web.Response:
        """Word an error of the server."""
        return web.json_response({"error": {"retry_after": retry_after}}, status=status)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        params = await request.json()

        def perform() -> web.Response:
            if request.headers.get("Authorization") != f"Bearer {self.KEY}":
                refused = "wrong key"
                raise Refused(refused, code=401)
            return web.Response(text=self.says, content_type="application/json")

        return await self.answer(request, "ask", params, perform)
