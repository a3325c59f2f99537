"""People in a Slack workspace, served by a whole running Rapport, over HTTP and over a socket."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from crm_store.addresses import Address
from crm_store.models import Base, Company, Contact, InboxRow, InboxState, Ticket
from crm_store.store import Store
from handlers.reply import Chart, ChartKind, Reply, Series
from tests.fakes.slack import FakeSlack, Message
from tests.outage import bring_back, take_away
from tests.surfaces import PATIENCE, SlackHttp, SlackSocket, opened, slack_account
from tests.surfaces import Slack as Stage

AGNES, RITA, MONA, SAM = (slack_account(short) for short in ("agnes", "rita", "mona", "sam"))
SALES = "C0SALES"
OTHER_BOT = "U0OTHER"


@pytest.fixture(params=[SlackHttp, SlackSocket], ids=["http", "socket"])
def stage(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Iterator[Stage]:
    """A running program and its workspace, with one channel that everybody is in."""
    with opened(request.param, sqlite_template, tmp_path) as opened_stage:
        furnish(opened_stage)
        assert isinstance(opened_stage, Stage)
        yield opened_stage


@pytest.fixture
def posted(sqlite_template: Path, tmp_path: Path) -> Iterator[SlackHttp]:
    """The same over HTTP alone."""
    with opened(SlackHttp, sqlite_template, tmp_path) as opened_stage:
        furnish(opened_stage)
        assert isinstance(opened_stage, SlackHttp)
        yield opened_stage


def furnish(stage: Any) -> None:
    members = (AGNES, RITA, MONA, SAM)
    stage.slack.add_channel(SALES, "sales", members=members)


def stored(stage: Stage, model: type[Base]) -> list[Any]:
    """All rows of a table."""
    store = Store(stage.config.store.url)
    with store.reading() as session:
        rows = list(session.scalars(sa.select(model)))
    store.close()
    return rows


def answers(stage: Stage, channel: str) -> list[Message]:
    """What we wrote in a channel."""
    return [m for m in stage.slack.messages(channel) if m.user == stage.slack.bot_user]


def answer(stage: Stage, channel: str, words: str) -> Message:
    """Wait until a message of ours in the channel has these words."""

    def found() -> list[Message]:
        return [m for m in answers(stage, channel) if words in m.shown]

    stage.until(found)
    return found()[-1]


def settled(stage: Stage, count: int) -> None:
    """Wait until so many events are carried out and answered."""

    def done() -> bool:
        rows = stored(stage, InboxRow)
        return len(rows) == count and {row.state for row in rows} == {InboxState.ANSWERED}

    waiting = threading.Event()
    for _ in range(400):
        if done():
            return
        waiting.wait(0.05)
    raise AssertionError([(row.key, row.state) for row in stored(stage, InboxRow)])


# -------------------------------------------------------------------------- being spoken to


def test_a_slash_command_is_answered_to_its_writer_alone(stage: Stage) -> None:
    stage.carry(stage.slack.slash_command(AGNES, SALES, "ticket new The printer"))
    card = answer(stage, SALES, "Ticket #1 opened.")
    assert card.for_user == AGNES


def test_a_mention_is_answered_in_its_thread(stage: Stage) -> None:
    stage.carry(stage.slack.app_mention(AGNES, SALES, "ticket new The printer"))
    card = answer(stage, SALES, "Ticket #1 opened.")
    asked = stage.slack.messages(SALES)[0]
    assert card.thread_ts == asked.ts


def test_a_direct_message_is_answered_beside_it(stage: Stage) -> None:
    stage.carry(stage.slack.direct_message(AGNES, "ticket new The printer"))
    card = answer(stage, stage.slack.dm(AGNES), "Ticket #1 opened.")
    assert card.thread_ts is None


def test_in_our_thread_nobody_has_to_mention_us(stage: Stage) -> None:
    stage.carry(stage.slack.app_mention(AGNES, SALES, "ticket new The printer"))
    card = answer(stage, SALES, "Ticket #1 opened.")
    reply = stage.slack.thread_reply(card, AGNES, "ticket new The phone")
    reply["event"]["parent_user_id"] = stage.slack.bot_user  # a thread below a card of ours
    stage.carry(reply)
    assert answer(stage, SALES, "Ticket #2 opened.").thread_ts == card.thread_ts


def test_what_is_said_to_others_is_not_kept(stage: Stage) -> None:
    said = stage.slack.say(AGNES, SALES, "ticket new Lunch?")
    stage.carry(stage.slack.message_event(said))
    reply = stage.slack.thread_reply(said, RITA, "ticket new Dinner")
    stage.carry(reply)
    stage.carry(stage.slack.app_home_opened(AGNES))
    assert stored(stage, InboxRow) == []


def test_other_bots_and_our_own_words_are_not_kept(stage: Stage) -> None:
    said = stage.slack.say(AGNES, stage.slack.dm(AGNES), "ticket new By a robot")
    for change in (
        {"bot_id": "B0OTHER"},
        {"user": stage.slack.bot_user},
        {"user": None},
        {"subtype": "bot_message"},
        {"subtype": "message_changed", "hidden": True},
        {"subtype": "message_deleted"},
    ):
        event = stage.slack.message_event(said)
        event["event"] |= change
        stage.carry(event)
    assert stored(stage, InboxRow) == []


@pytest.mark.parametrize("copies", ["the same event", "a mention and its message"])
def test_an_event_that_comes_twice_has_one_effect(stage: Stage, copies: str) -> None:
    mention = stage.slack.app_mention(AGNES, SALES, "ticket new The printer")
    said = stage.slack.messages(SALES)[0]
    again = mention if copies == "the same event" else stage.slack.message_event(said)
    for payload in (mention, again, mention):
        stage.carry(payload)
    answer(stage, SALES, "Ticket #1 opened.")
    settled(stage, 1)
    assert len(stored(stage, Ticket)) == 1
    assert len(answers(stage, SALES)) == 1


def test_a_stranger_is_refused_and_changes_nothing(stage: Stage) -> None:
    stage.carry(stage.slack.slash_command(SAM, SALES, "ticket new Let me in"))
    assert answer(stage, SALES, "I do not know you yet").for_user == SAM
    assert stored(stage, Ticket) == []


# -------------------------------------------------------------------------- buttons and forms


def test_a_button_changes_the_card_it_stands_on(stage: Stage) -> None:
    card = stage.says("agnes", "ticket new The printer", [re.compile("opened")])
    stage.presses("agnes", "Close", [re.compile("Reopen")])
    shown = answers(stage, stage.slack.dm(AGNES))
    assert [m.ts for m in shown] == [card.shown.ts]


def test_a_row_is_opened_from_the_menu_of_a_list(stage: Stage) -> None:
    stage.says("agnes", "ticket new The printer", [re.compile("opened")])
    listed = stage.says("agnes", "ticket list", [re.compile("Tickets")])
    (menu,) = [e["action_id"] for _, e in listed.shown.elements if e["type"] == "static_select"]
    stage.carry(stage.slack.select_option(listed.shown, menu, "ticket show 1", AGNES))
    opened_card = stage.hears("agnes", [re.compile("Ticket #1")])
    assert "The printer" in opened_card.text


def test_what_is_missing_is_asked_for_in_a_modal(stage: Stage) -> None:
    stage.carry(stage.slack.slash_command(AGNES, SALES, "ticket new"))
    stage.until(lambda: stage.slack.open_views(AGNES))
    (view,) = stage.slack.open_views(AGNES)
    values = {"text": "The printer", "priority": "urgent"}
    stage.carry(stage.slack.view_submission(view, values, AGNES))
    card = answer(stage, SALES, "Ticket #1 opened.")
    assert card.for_user == AGNES
    assert stage.slack.open_views(AGNES) == []
    assert stored(stage, Ticket)[0].priority == "urgent"


def test_a_trigger_that_expired_leaves_a_card_with_a_button(stage: Stage) -> None:
    stage.slack.fail_next("views.open", "error:expired_trigger_id")
    stage.carry(stage.slack.slash_command(AGNES, SALES, "ticket new"))
    card = answer(stage, SALES, "Open a ticket.")
    assert "Fill in" in card.buttons
    stage.carry(stage.slack.button_press(card, "Fill in", AGNES))
    stage.until(lambda: stage.slack.open_views(AGNES))
    (view,) = stage.slack.open_views(AGNES)
    stage.carry(stage.slack.view_submission(view, {"text": "The printer"}, AGNES))
    assert answer(stage, SALES, "Ticket #1 opened.").for_user == AGNES


def test_a_field_that_is_emptied_in_a_modal_is_emptied_in_the_record(stage: Stage) -> None:
    stage.says("rita", "company add Acme city=Berlin industry=steel", [re.compile("added")])
    stage.slack.fail_next("views.open", "error:expired_trigger_id")
    stage.carry(stage.slack.slash_command(RITA, SALES, "company edit Acme"))
    card = answer(stage, SALES, "Edit Acme")
    stage.carry(stage.slack.button_press(card, "Fill in", RITA))
    stage.until(lambda: stage.slack.open_views(RITA))
    (view,) = stage.slack.open_views(RITA)
    stage.carry(stage.slack.view_submission(view, {"city": "", "website": "acme.example"}, RITA))
    answer(stage, SALES, "Company Acme changed.")
    (company,) = stored(stage, Company)
    assert (company.city, company.industry) == (None, "steel")


def test_a_mistake_in_a_form_is_told_and_nothing_is_lost(stage: Stage) -> None:
    stage.carry(stage.slack.slash_command(RITA, SALES, "deal add Spring"))
    stage.until(lambda: stage.slack.open_views(RITA))
    (view,) = stage.slack.open_views(RITA)
    values = {"company": "Nobody GmbH", "amount": "12k"}
    stage.carry(stage.slack.view_submission(view, values, RITA))
    assert "Nobody GmbH" in answer(stage, SALES, "There is no company").shown


def test_a_response_url_that_is_used_up_is_followed_by_a_private_message(stage: Stage) -> None:
    typed = stage.slack.slash_command(AGNES, SALES, "ticket new The printer")
    for bound in stage.slack.response_urls.values():
        bound.uses = 5
    stage.carry(typed)
    assert answer(stage, stage.slack.dm(AGNES), "Ticket #1 opened.").for_user is None
    assert answers(stage, SALES) == []
    settled(stage, 1)


def test_what_cannot_be_taken_back_is_asked_by_slack_itself(stage: Stage) -> None:
    stage.says("rita", "contact add Ann Lee", [re.compile("Ann Lee")])
    card = stage.says("rita", "contact show 1", [re.compile("Ann Lee")])
    (delete,) = [e for _, e in card.shown.elements if e["text"]["text"] == "Delete"]
    assert "Ann Lee" in delete["confirm"]["text"]["text"]
    stage.presses("rita", "Delete", [re.compile("deleted")])
    assert stored(stage, Contact)[0].deleted_at


# -------------------------------------------------------------------------- hostile requests


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


# -------------------------------------------------------------------------- nothing is lost


def test_while_the_store_is_away_nothing_is_acknowledged_but_a_slash_command_says_so(
    posted: SlackHttp,
) -> None:
    mention = posted.slack.app_mention(AGNES, SALES, "ticket new One")
    take_away(posted.running.app.store)
    assert posted.slack.http_send(posted.url, mention)[0] == 503
    typed = posted.slack.slash_command(AGNES, SALES, "ticket new Two")
    status, body = posted.slack.http_send(posted.url, typed)
    assert status == 200
    assert "nothing was done" in body
    bring_back(posted.running.app.store)
    assert posted.slack.http_send(posted.url, mention, retry=1)[0] == 200
    answer(posted, SALES, "Ticket #1 opened.")
    assert [ticket.subject for ticket in stored(posted, Ticket)] == ["One"]


def test_an_acknowledgement_does_not_wait_for_a_slow_answer(stage: Stage) -> None:
    stage.slack.fail_next("response_url", "stall_before", seconds=1.0)
    stage.carry(stage.slack.slash_command(AGNES, SALES, "whoami"))
    stage.until(lambda: stage.slack.calls("response_url"))
    stage.carry(stage.slack.slash_command(RITA, SALES, "whoami"))
    answer(stage, SALES, "Rita")
    assert not any("Agnes" in m.shown for m in answers(stage, SALES))


@pytest.mark.parametrize("how", ["429", "500", "drop_before", "drop_after"])
def test_an_answer_that_fails_is_given_later_and_the_effect_is_there_once(
    posted: SlackHttp, how: str
) -> None:
    stage = posted
    stage.slack.fail_next("chat.postMessage", how, retry_after=1)
    stage.carry(stage.slack.direct_message(AGNES, "ticket new The printer"))
    answer(stage, stage.slack.dm(AGNES), "Ticket #1 opened.")
    settled(stage, 1)
    assert len(answers(stage, stage.slack.dm(AGNES))) == 1
    assert len(stored(stage, Ticket)) == 1
    assert stage.slack.early_calls() == []


def test_a_slack_that_is_away_at_the_start_is_tried_again(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.adapter._RECONNECT", 0.05)
    monkeypatch.setattr(FakeSlack, "start", _stumbling(FakeSlack.start))
    with opened(SlackSocket, sqlite_template, tmp_path) as stage:
        stage.says("agnes", "whoami", [re.compile("Agnes")])
        assert isinstance(stage, SlackSocket)
        assert len(stage.slack.calls("auth.test")) == 3


def _stumbling(start: Callable[[FakeSlack], FakeSlack]) -> Callable[[FakeSlack], FakeSlack]:
    """A Slack that answers badly at first."""

    def started(slack: FakeSlack) -> FakeSlack:
        slack.fail_next("auth.test", "500")
        slack.fail_next("auth.test", "drop_before")
        slack.fail_next("apps.connections.open", "error:internal_error")
        return start(slack)

    return started


def test_a_socket_that_breaks_is_opened_again(sqlite_template: Path, tmp_path: Path) -> None:
    with opened(SlackSocket, sqlite_template, tmp_path) as stage:
        assert isinstance(stage, SlackSocket)
        stage.slack.drop_sockets()
        stage.until(lambda: len(stage.slack.calls("apps.connections.open")) == 2)
        stage.slack.wait_for_socket(PATIENCE)
        stage.says("agnes", "whoami", [re.compile("Agnes")])


# -------------------------------------------------------------------------- what we send


def test_a_colleague_is_told_in_private(stage: Stage) -> None:
    stage.says("mona", "ticket new The printer", [re.compile("opened")])
    stage.says("mona", "ticket assign 1 agnes", [re.compile("Agnes")])
    stage.hears("agnes", [re.compile("gave you ticket #1")])
    posts = [c for c in stage.slack.calls("chat.postMessage") if c.channel == stage.slack.dm(AGNES)]
    assert len(posts) == 1
    assert "link_names" not in posts[0].params or posts[0].params["link_names"] in {False, "0"}


def test_hostile_text_comes_out_as_it_went_in(stage: Stage) -> None:
    name = "<!channel> & <https://evil.example|bank> @here *b*"
    card = stage.says("rita", f'company add "{name}"', [re.compile("added")])
    # A call to a channel and a link arrive as marks of Slack's own, and are kept as their words.
    assert "@channel & " in card.text
    assert "evil.example" in card.text
    assert "@here *b*" in card.text
    assert stage.slack.violations == []


def test_a_long_button_line_is_kept_and_found_again(stage: Stage) -> None:
    words = "word " * 300
    stage.says("rita", f'contact add Ann company="{words[:180]}"', [re.compile("no company")])
    pressed = stage.presses("rita", "Add without a company", [re.compile("Ann")])
    assert "Ann" in pressed.text


def test_a_chart_is_uploaded_beside_its_message(posted: SlackHttp) -> None:
    chart = Chart(ChartKind.BARS, "Tickets", ("Mon", "Tue"), (Series("open", (1.0, 2.0)),))
    reply = Reply(title="Tickets", chart=chart)
    surface = posted.running.app.surfaces["slack"]
    sending = surface.send(
        Address("slack", SALES), reply, key="k", language="en", zone="UTC", again=False
    )
    asyncio.run_coroutine_threadsafe(sending, posted.running.loop).result(PATIENCE)
    shown = answers(posted, SALES)
    assert [bool(m.files) for m in shown] == [False, True]
    assert shown[1].files[0]["title"] == "Tickets"


def test_the_tokens_never_stand_in_the_log(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        stage.slack.fail_next("chat.postMessage", "500")
        stage.carry(stage.slack.direct_message(AGNES, "whoami"))
        answer(stage, stage.slack.dm(AGNES), "Agnes")
    for secret in (stage.slack.bot_token, stage.slack.app_token, stage.slack.signing_secret):
        assert secret not in caplog.text
