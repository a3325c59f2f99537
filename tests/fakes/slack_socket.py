"""Socket Mode of the Slack fake: connections, envelopes, acks, disconnects.

What the payloads hold is in slack_people.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from .server import Clock, Json, Refused, refuse
from .slack_chat import SlackChat
from .slack_limits import Problems, check_message, check_options
from .slack_views import SlackViews
from .slack_world import answer_ok, api

ACK_SECONDS = 3.0


@dataclass
class Envelope:
    """One payload on its way to the app; `answer` is the payload of the ack, if it had one."""

    id: str
    kind: str
    payload: Json
    retry_attempt: int = 0
    acked: bool = False
    late: bool = False
    answer: Json | None = None

    def as_text(self) -> str:
        """Return it as it goes over the wire."""
        wired: Json = {"type": self.kind, "envelope_id": self.id, "payload": self.payload}
        wired["accepts_response_payload"] = self.kind != "events_api"
        if self.kind == "events_api":
            reason = "timeout" if self.retry_attempt else ""
            wired |= {"retry_attempt": self.retry_attempt, "retry_reason": reason}
        return json.dumps(wired)


def kind_of(payload: Json) -> str:
    """Return the envelope type that carries a payload."""
    if "command" in payload:
        return "slash_commands"
    return "events_api" if payload.get("type") == "event_callback" else "interactive"


class SlackSocket(SlackChat, SlackViews):
    """Socket Mode connections, and what Slack does with the answer in an ack."""

    def __init__(self, clock: Clock, **tokens: str) -> None:
        """Start without connections."""
        super().__init__(clock, **tokens)
        self.sockets: list[web.WebSocketResponse] = []
        self._transports: dict[web.WebSocketResponse, asyncio.Transport] = {}
        self.envelopes: dict[str, Envelope] = {}
        self.unacked: list[Envelope] = []

    @api("apps.connections.open", app_token=True)
    def open_socket(self, params: Json) -> Json:
        """Return where to connect; takes the app-level token."""
        ticket = uuid.uuid4().hex
        return answer_ok(url=f"ws://127.0.0.1:{self.port}/socket?ticket={ticket}")

    async def serve_socket(self, request: web.Request) -> web.WebSocketResponse:
        """Hold one connection: hello, then read acks until it closes."""
        connection = web.WebSocketResponse()
        await connection.prepare(request)
        with self.changed:
            self.sockets.append(connection)
            if request.transport is not None:
                self._transports[connection] = request.transport
            count = len(self.sockets)
        await connection.send_json(
            {
                "type": "hello",
                "num_connections": count,
                "connection_info": {"app_id": self.app_id},
                "debug_info": {"host": "fake", "approximate_connection_time": 18060},
            }
        )
        with self.changed:
            self.changed.notify_all()
        try:
            async for message in connection:
                if message.type is WSMsgType.TEXT:
                    self._take_ack(json.loads(message.data))
        finally:
            with self.changed:
                self.sockets.remove(connection)
                self._transports.pop(connection, None)
                self.changed.notify_all()
        return connection

    def socket_send(
        self,
        payload: Json,
        kind: str | None = None,
        *,
        timeout: float = ACK_SECONDS,
        copies: int = 1,
        retry_attempt: int = 0,
    ) -> Envelope:
        """Send a payload over one of the connections and wait for its ack.

        Waits up to `timeout` real seconds; an envelope without an ack by then also goes into
        `unacked` and its late answer is ignored. `copies` sends the same envelope again;
        `retry_attempt` marks the redelivery of an event. Raises AssertionError when the app has
        no connection. Blocks: from async code use `socket_send_async`.
        """
        envelope = Envelope(str(uuid.uuid4()), kind or kind_of(payload), payload, retry_attempt)
        with self.changed:
            self.envelopes[envelope.id] = envelope
        self.wait_for_socket(timeout)
        self._in_loop(self._send_text(envelope.as_text(), copies))
        with self.changed:
            self.changed.wait_for(lambda: envelope.acked, timeout)
            if not envelope.acked:
                self.unacked.append(envelope)
        return envelope

    async def socket_send_async(self, payload: Json, **options: Any) -> Envelope:
        """Do as `socket_send` does, without blocking the caller's loop."""
        return await asyncio.to_thread(lambda: self.socket_send(payload, **options))

    def wait_for_socket(self, timeout: float = 5.0) -> None:
        """Block until the app holds a Socket Mode connection."""
        self.wait_until(lambda: self.sockets, timeout)

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell every connection to go: "warning", "refresh_requested" or "link_disabled"."""
        said = {"type": "disconnect", "reason": reason, "debug_info": {"host": "fake"}}
        self._in_loop(self._send_to_all(json.dumps(said)))

    def drop_sockets(self) -> None:
        """Cut every Socket Mode connection without a word."""
        self._in_loop(self._cut_all())

    async def _send_text(self, text: str, copies: int) -> None:
        connection = self.sockets[self.number() % len(self.sockets)]
        for _ in range(copies):
            await connection.send_str(text)

    async def _send_to_all(self, text: str) -> None:
        for connection in list(self.sockets):
            await connection.send_str(text)

    async def _cut_all(self) -> None:
        for transport in list(self._transports.values()):
            transport.abort()

    def _take_ack(self, ack: Json) -> None:
        with self.changed:
            envelope = self.envelopes.get(str(ack.get("envelope_id")))
            if envelope is None or envelope.acked:
                return
            envelope.acked, envelope.answer = True, ack.get("payload")
            envelope.late = envelope in self.unacked
            if not envelope.late:
                self.acknowledge(envelope.payload, envelope.answer)
            self.changed.notify_all()

    def acknowledge(self, payload: Json, answer: Json | str | None) -> None:
        """Do what Slack does with the answer to a payload, over a socket or as an HTTP body.

        A text or message answers a slash command; `response_action` answers a submission.
        What Slack would refuse becomes a violation, as nobody tells the app.
        """
        body: Json = {"text": answer} if isinstance(answer, str) and answer else {}
        if isinstance(answer, dict):
            body = answer
        with self.changed:
            try:
                self._acknowledge(payload, body)
            except Refused as refused:
                self.violate(f"answer refused: {refused.error} {' '.join(refused.details)}".strip())
            self.changed.notify_all()

    def _acknowledge(self, payload: Json, answer: Json) -> None:
        if payload.get("type") == "view_submission":
            self.answer_submission(payload["view"]["id"], answer)
        elif payload.get("type") == "block_suggestion":
            _check_suggestions(answer)
        elif "command" in payload and answer:
            check_message(answer)
            self.watch("ack", answer)
            channel = self.channels[payload["channel_id"]]
            self.reply_to_command(channel, payload["user_id"], answer)


def _check_suggestions(answer: Json) -> None:
    problems = Problems()
    if answer.get("options"):
        check_options(answer["options"], problems, "/options", 100)
    for group in answer.get("option_groups") or []:
        check_options(group.get("options"), problems, "/option_groups", 100)
    if not {"options", "option_groups"} & set(answer):
        problems.add("missing required field: options", "/options")
    if problems.messages:
        refuse("invalid_options", *problems.messages)
