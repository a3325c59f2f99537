"""Requests over HTTP that Slack never sent, or that are no event."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from crm_store.models import InboxRow, Ticket
from tests.bot.slack.workspace import AGNES, RITA, SALES, answer, settled, stored
from tests.fakes.slack import FakeSlack
from tests.surfaces import PATIENCE, SlackHttp


def post(stage: SlackHttp, body: bytes, headers: list[tuple[str, str]]) -> tuple[int, bytes]:
    """Post raw bytes, with headers that may stand twice."""
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=PATIENCE)
    connection.putrequest("POST", "/slack/events")
    for name, value in headers:
        connection.putheader(name, value.encode("latin-1", "replace"))
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def changed(headers: dict[str, str], name: str, value: str) -> list[tuple[str, str]]:
    return list((headers | {name: value}).items())


STAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"


def forged(slack: FakeSlack) -> Iterator[tuple[bytes, list[tuple[str, str]]]]:
    """Requests that nobody signed with our secret just now."""
    payload = slack.slash_command(RITA, SALES, "company add Evil")
    headers, body = slack.signed_request(payload)
    plain = list(headers.items())
    for place in range(0, len(body), 37):
        flipped = bytearray(body)
        flipped[place] ^= 1
        yield bytes(flipped), plain
    for place in range(len(headers[SIGNATURE])):
        signature = headers[SIGNATURE]
        wrong = signature[:place] + chr(ord(signature[place]) ^ 1) + signature[place + 1 :]
        yield body, changed(headers, SIGNATURE, wrong)
    for stamp in ("", "abc", "1e9", "9" * 5_000, "-1", " 1", "١٢٣", str(int(headers[STAMP]) + 1)):
        yield body, changed(headers, STAMP, stamp)
    for signature in ("", "v0=", "v1" + headers[SIGNATURE][2:], "é" * 64, headers[SIGNATURE][3:]):
        yield body, changed(headers, SIGNATURE, signature)
    for shift in (-301, 301, -86_400):
        old, same = slack.signed_request(payload, at=slack.clock() + shift)
        yield same, list(old.items())
    other, same = slack.signed_request(payload, secret="another secret")
    yield same, list(other.items())
    yield body, [pair for pair in plain if pair[0] != SIGNATURE]
    yield body, [pair for pair in plain if pair[0] != STAMP]
    yield body, []
    yield body, [(SIGNATURE, "v0=" + "0" * 64), *plain]
    yield body + b" ", plain
    yield b"", plain


def test_nobody_can_speak_as_somebody_else(
    posted: SlackHttp, caplog: pytest.LogCaptureFixture
) -> None:
    statuses = [post(posted, body, headers)[0] for body, headers in forged(posted.slack)]
    assert len(statuses) > 80
    assert set(statuses) == {401}
    assert stored(posted, InboxRow) == []
    assert "Traceback" not in caplog.text


JSON, FORM = "application/json", "application/x-www-form-urlencoded"
NO_EVENTS = (
    (JSON, b"{"),
    (JSON, b"[1]"),
    (JSON, b"null"),
    (JSON, b'{"type": []}'),
    (JSON, b'"text"'),
    (JSON, b"[" * 100_000),
    (JSON, b'{"a":' * 50_000),
    (JSON, b"\xff\xfe\x00"),
    (FORM, b"payload=%7B"),
    (FORM, b"payload=[1]"),
    (FORM, b"payload=1"),
    (FORM, b"\xff=\xfe"),
)


def test_what_is_signed_but_no_event_is_refused(
    posted: SlackHttp, caplog: pytest.LogCaptureFixture
) -> None:
    for kind, body in NO_EVENTS:
        headers, raw = posted.slack.signed_request(body)
        status, _ = post(posted, raw, changed(headers, "Content-Type", kind))
        assert status in {400, 401}, body[:20]
    assert stored(posted, InboxRow) == []
    assert "Traceback" not in caplog.text


MINE = {"trigger_id": "1", "user": {"id": AGNES}}
STRANGE: tuple[dict[str, Any], ...] = (
    {},
    {"type": "event_callback"},
    {"type": "event_callback", "event": None},
    {"type": "event_callback", "event": []},
    {"type": "event_callback", "event": "message"},
    {"type": "event_callback", "event": {"type": "message"}},
    {"type": "event_callback", "event": {"type": "reaction_added", "user": "U1"}},
    {"type": "event_callback", "event": {"type": "message", "channel": 5, "ts": None}},
    {
        "type": "event_callback",
        "event": {"type": "message", "channel": "D1", "ts": "1", "user": "U1", "text": None}
        | {"channel_type": "im"},
    },
    {"type": "block_actions"},
    {"type": "block_actions", **MINE, "actions": []},
    {"type": "block_actions", **MINE, "actions": [{"action_id": "x", "type": "button"}]},
    {"type": "view_submission", "view": {}},
    {"type": "view_submission", **MINE, "view": {"private_metadata": "{", "state": {}}},
    {"type": "view_submission", **MINE, "view": {"callback_id": "form", "private_metadata": "{}"}},
    {"type": "shortcut", **MINE},
)


def test_an_event_of_a_strange_form_stops_nothing(
    posted: SlackHttp, caplog: pytest.LogCaptureFixture
) -> None:
    for payload in STRANGE:
        text, kind = json.dumps(payload), JSON
        if payload.get("type") in {"block_actions", "view_submission", "shortcut"}:
            text, kind = urlencode({"payload": text}), FORM
        headers, raw = posted.slack.signed_request(text)
        status, _ = post(posted, raw, changed(headers, "Content-Type", kind))
        assert status in {200, 400, 404}, payload
    posted.says("agnes", "whoami", [re.compile("Agnes")])
    assert len(stored(posted, InboxRow)) == 1
    assert "Traceback" not in caplog.text


def test_a_replayed_request_has_no_second_effect(posted: SlackHttp) -> None:
    payload = posted.slack.slash_command(AGNES, SALES, "ticket new The printer")
    headers, body = posted.slack.signed_request(payload)
    for _ in range(20):
        assert post(posted, body, list(headers.items()))[0] == 200
    answer(posted, SALES, "Ticket #1 opened.")
    settled(posted, 1)
    assert len(stored(posted, Ticket)) == 1


def test_a_body_over_a_mebibyte_is_refused(posted: SlackHttp) -> None:
    headers, body = posted.slack.signed_request(b"text=" + b"x" * (1024 * 1024))
    assert post(posted, body, list(headers.items()))[0] == 413
    assert stored(posted, InboxRow) == []


def test_the_address_is_confirmed_to_slack(posted: SlackHttp) -> None:
    asked = {"type": "url_verification", "challenge": "3eZbrw1aB", "token": "legacy"}
    status, body = posted.slack.http_send(posted.url, asked)
    assert (status, "3eZbrw1aB" in body) == (200, True)
