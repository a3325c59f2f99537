"""People in the Slack fake, driven by the real SDKs: modals, files, answers, Socket Mode, HTTP.

Messages, limits and faults are in test_slack.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import aiohttp.web
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.fakes.clock import NOON, Hands
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_client import (
    actions,
    button,
    client_of,
    modal,
    post,
    refused,
    section,
    use,
)

OPTION = {"text": {"type": "plain_text", "text": "x"}, "value": "x"}


def test_a_trigger_opens_one_modal_within_three_seconds(slack: FakeSlack, clock: Hands) -> None:
    trigger = slack.trigger("U1")
    use(slack, lambda c: c.views_open(trigger_id=trigger, view=modal()))
    assert [view["title"]["text"] for view in slack.open_views("U1")] == ["Deal"]
    again = refused(slack, lambda c: c.views_open(trigger_id=trigger, view=modal()))
    late = slack.trigger("U1")
    clock.now += 3.1
    expired = refused(slack, lambda c: c.views_open(trigger_id=late, view=modal()))
    unknown = refused(slack, lambda c: c.views_open(trigger_id="1.2.x", view=modal()))
    assert (again, expired, unknown) == (
        "exchanged_trigger_id",
        "expired_trigger_id",
        "invalid_trigger_id",
    )


@pytest.mark.parametrize(
    "view",
    [
        modal(title={"type": "plain_text", "text": "x" * 25}),
        modal(submit={"type": "plain_text", "text": "x" * 25}),
        modal(private_metadata="x" * 3001),
        modal(callback_id="x" * 256),
        modal(blocks=[section("x")] * 101),
        {key: value for key, value in modal().items() if key != "submit"},
    ],
)
def test_a_modal_beyond_the_limits_is_refused(slack: FakeSlack, view: dict[str, Any]) -> None:
    error = refused(slack, lambda c: c.views_open(trigger_id=slack.trigger("U1"), view=view))
    assert error == "invalid_arguments"


def test_modals_stack_three_deep_and_updates_race_by_hash(slack: FakeSlack) -> None:
    async def stack(client: AsyncWebClient) -> str:
        opened = await client.views_open(trigger_id=slack.trigger("U1"), view=modal())
        view = opened["view"]
        new = modal(title={"type": "plain_text", "text": "New"})
        await client.views_update(view_id=view["id"], hash=view["hash"], view=new)
        for _ in range(2):
            await client.views_push(trigger_id=slack.trigger("U1"), view=modal())
        try:
            await client.views_update(view_id=view["id"], hash=view["hash"], view=new)
        except SlackApiError as error:
            return str(error.response["error"])
        return "updated"

    assert use(slack, stack) == "hash_conflict"
    assert [v["title"]["text"] for v in slack.open_views("U1")] == ["New", "Deal", "Deal"]
    fourth = refused(slack, lambda c: c.views_push(trigger_id=slack.trigger("U1"), view=modal()))
    assert fourth == "push_limit_reached"


def test_a_home_is_published_per_person(slack: FakeSlack) -> None:
    home = {"type": "home", "blocks": [section("Your day")]}
    use(slack, lambda c: c.views_publish(user_id="U1", view=home))
    assert slack.homes["U1"]["blocks"][0]["text"]["text"] == "Your day"
    assert slack.app_home_opened("U1")["event"]["view"]["type"] == "home"


def test_a_file_goes_up_in_three_steps_and_is_shared(slack: FakeSlack) -> None:
    done = use(
        slack,
        lambda c: c.files_upload_v2(
            channel="C1", content=b"\x89PNG", filename="chart.png", initial_comment="July"
        ),
    )
    (message,) = slack.messages("C1")
    assert (message.text, message.files[0]["name"]) == ("July", "chart.png")
    file_id = done["file"]["id"]
    assert slack.files[file_id]["content"] == b"\x89PNG"
    info = use(slack, lambda c: c.files_info(file=file_id))["file"]
    assert info["shares"]["public"]["C1"] == [{"ts": message.ts}]


def test_a_file_that_was_never_uploaded_cannot_be_completed(slack: FakeSlack) -> None:
    async def skip_a_step(client: AsyncWebClient) -> None:
        promised = await client.files_getUploadURLExternal(filename="a.png", length=4)
        await client.files_completeUploadExternal(files=[{"id": promised["file_id"]}])

    assert refused(slack, skip_a_step) == "file_not_found"


def test_a_response_url_works_five_times_within_half_an_hour(
    slack: FakeSlack, clock: Hands
) -> None:
    command = slack.slash_command("U1", "C1", "help")

    async def respond(times: int) -> list[int]:
        hook = AsyncWebhookClient(command["response_url"], retry_handlers=[])
        return [(await hook.send(text=f"{n}")).status_code for n in range(times)]

    assert asyncio.run(respond(6)) == [200] * 5 + [404]
    assert [m.for_user for m in slack.messages("C1")] == ["U1"] * 5
    command = slack.slash_command("U1", "C1", "help")
    clock.now += 30 * 60 + 1
    assert asyncio.run(respond(1)) == [404]


def test_a_response_url_of_a_button_replaces_or_deletes_its_message(slack: FakeSlack) -> None:
    post(slack, blocks=[actions(button("Won", "win"))])
    pressed = slack.button_press(slack.messages("C1")[0], "Won", "U1")
    hook = AsyncWebhookClient(pressed["response_url"], retry_handlers=[])
    asyncio.run(hook.send(text="done", replace_original=True))
    assert [(m.text, m.ephemeral) for m in slack.messages("C1")] == [("done", False)]
    asyncio.run(hook.send(delete_original=True))
    assert slack.messages("C1") == []


def test_reactions_and_previews_are_added_once_and_where_they_belong(slack: FakeSlack) -> None:
    shared = slack.link_shared("U1", "C1", "https://crm.test/deal/1")["event"]
    ts = shared["message_ts"]
    use(slack, lambda c: c.reactions_add(channel="C1", timestamp=ts, name="eyes"))
    twice = refused(slack, lambda c: c.reactions_add(channel="C1", timestamp=ts, name="eyes"))
    assert twice == "already_reacted"
    preview = {shared["links"][0]["url"]: {"blocks": [section("Deal 1")]}}
    use(slack, lambda c: c.chat_unfurl(channel="C1", ts=ts, unfurls=preview))
    other = refused(
        slack, lambda c: c.chat_unfurl(channel="C1", ts=ts, unfurls={"https://no.test": {}})
    )
    assert (len(slack.unfurls), other) == (1, "cannot_unfurl_url")


def test_a_thread_shows_what_the_assistant_is_doing(slack: FakeSlack) -> None:
    ts = slack.direct_message("U1", "how are we doing?")["event"]["ts"]
    channel = slack.dm("U1")

    async def status(client: AsyncWebClient) -> None:
        await client.assistant_threads_setStatus(channel_id=channel, thread_ts=ts, status="reading")
        prompts = [{"title": "Pipeline", "message": "report pipeline"}]
        await client.assistant_threads_setSuggestedPrompts(
            channel_id=channel, thread_ts=ts, prompts=prompts
        )

    use(slack, status)
    assert slack.assistant[channel, ts]["status"] == "reading"
    assert slack.assistant[channel, ts]["prompts"][0]["title"] == "Pipeline"


def test_a_signed_request_passes_the_real_verifier_and_a_forged_one_does_not(
    slack: FakeSlack,
) -> None:
    verifier = SignatureVerifier(slack.signing_secret, clock=_Frozen())
    headers, body = slack.signed_request(slack.slash_command("U1", "C1", "deal show 1"))
    assert verifier.is_valid_request(body, headers)
    assert b"text=deal+show+1" in body
    for forged in ({"secret": "other"}, {"at": NOON - 301}):
        headers, body = slack.signed_request({"type": "url_verification"}, **forged)
        assert not verifier.is_valid_request(body, headers)


class _Frozen(Clock):
    """Slack's own clock interface at noon."""

    def now(self) -> float:
        """Return the time in seconds."""
        return NOON


def test_people_type_as_slack_encodes_it(slack: FakeSlack) -> None:
    event = slack.app_mention("U1", "C1", "find <R&D> for <@U2>")["event"]
    assert event["text"] == "<@U0BOT> find &lt;R&amp;D&gt; for <@U2>"
    reply = slack.thread_reply(slack.messages("C1")[0], "U1", "and this")["event"]
    assert reply["thread_ts"] == event["ts"]
    assert reply["channel_type"] == "channel"


def test_a_person_cannot_do_what_the_screen_does_not_offer(slack: FakeSlack) -> None:
    with pytest.raises(AssertionError, match="no member"):
        slack.slash_command("U2", "C1", "help")
    post(slack, blocks=[actions(button("Won", "win"))])
    with pytest.raises(AssertionError, match="Lost"):
        slack.button_press(slack.messages("C1")[0], "Lost", "U1")
    use(slack, lambda c: c.views_open(trigger_id=slack.trigger("U1"), view=modal()))
    with pytest.raises(AssertionError, match="required"):
        slack.view_submission(slack.views[-1], {}, "U1")
    with pytest.raises(AssertionError, match="no field"):
        slack.view_submission(slack.views[-1], {"Price": "1"}, "U1")


def test_choices_are_reported_as_slack_does(slack: FakeSlack) -> None:
    menu = {"type": "static_select", "action_id": "stage", "options": [OPTION]}
    date = {"type": "datepicker", "action_id": "due"}
    post(slack, blocks=[actions(menu, date)])
    shown = slack.messages("C1")[0]
    chosen = slack.select_option(shown, "stage", "x", "U1")["actions"][0]
    assert chosen["selected_option"] == OPTION
    due = slack.select_option(shown, "due", "2026-12-01", "U1")["actions"][0]
    assert due["selected_date"] == "2026-12-01"


@asynccontextmanager
async def bolt(slack: FakeSlack, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    handler = AsyncSocketModeHandler(app, slack.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await asyncio.to_thread(slack.wait_for_socket)
    try:
        yield handler
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


def test_a_slash_command_goes_round_over_socket_mode(slack: FakeSlack) -> None:
    async def scene() -> None:
        async with client_of(slack) as client:
            app = AsyncApp(client=client)
            app.client.session = client.session

            @app.command("/crm")
            async def crm(ack: AsyncAck, command: dict[str, Any]) -> None:
                await ack(text=f"you said {command['text']}")

            async with bolt(slack, app):
                sent = await slack.socket_send_async(slack.slash_command("U1", "C1", "help"))
                assert sent.acked

    asyncio.run(scene())
    (message,) = slack.messages("C1")
    assert (message.text, message.for_user) == ("you said help", "U1")


def test_a_modal_is_opened_submitted_and_answered_over_socket_mode(slack: FakeSlack) -> None:
    async def scene() -> None:
        async with client_of(slack) as client:
            app = AsyncApp(client=client)

            @app.view("deal")
            async def submit(ack: AsyncAck, view: dict[str, Any]) -> None:
                given = view["state"]["values"]["b_amount"]["amount"]["value"]
                if given.isdigit():
                    await ack()
                else:
                    await ack(response_action="errors", errors={"b_amount": "a number, please"})

            trigger = slack.trigger("U1")
            await client.views_open(trigger_id=trigger, view=modal(callback_id="deal"))
            view = slack.views[-1]
            async with bolt(slack, app):
                await slack.socket_send_async(slack.view_submission(view, {"Amount": "?"}, "U1"))
                assert slack.views[-1]["errors"] == {"b_amount": "a number, please"}
                await slack.socket_send_async(slack.view_submission(view, {"Amount": "5"}, "U1"))
                assert slack.open_views("U1") == []

    asyncio.run(scene())


def test_unacked_envelopes_are_kept_duplicates_arrive_twice_and_a_refresh_reconnects(
    slack: FakeSlack,
) -> None:
    seen: list[str] = []

    async def scene() -> None:
        async with client_of(slack) as client:
            app = AsyncApp(client=client)

            @app.event("app_mention")
            async def mention(body: dict[str, Any]) -> None:
                seen.append(body["event_id"])

            async with bolt(slack, app):
                mention_sent = slack.app_mention("U1", "C1", "hi")
                await slack.socket_send_async(mention_sent, copies=2)
                other = slack.event({"type": "reaction_added", "user": "U1"})
                lost = await slack.socket_send_async(other, timeout=0.3)
                assert (lost.acked, slack.unacked) == (False, [lost])
                first = slack.sockets[0]
                await asyncio.to_thread(slack.disconnect)
                await asyncio.to_thread(
                    slack.wait_until, lambda: slack.sockets and slack.sockets[-1] is not first
                )
                again = await slack.socket_send_async(mention_sent, retry_attempt=1)
                assert again.acked

    asyncio.run(scene())
    assert len(seen) == 3
    assert len(set(seen)) == 1


def test_a_command_is_answered_over_http_by_the_body_of_the_answer(slack: FakeSlack) -> None:
    asked: list[bytes] = []

    async def app(request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        asked.append(await request.read())
        return aiohttp.web.json_response({"text": "sure", "response_type": "in_channel"})

    async def scene() -> tuple[int, str]:
        server = aiohttp.web.Server(app)
        runner = aiohttp.web.ServerRunner(server)
        await runner.setup()
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        command = slack.slash_command("U1", "C1", "help")
        answer = await asyncio.to_thread(slack.http_send, url, command)
        await runner.cleanup()
        return answer

    status, body = asyncio.run(scene())
    assert (status, json.loads(body)["text"]) == (200, "sure")
    assert [(m.text, m.ephemeral) for m in slack.messages("C1")] == [("sure", False)]
    assert b"command=%2Fcrm" in asked[0]


def test_a_downloaded_file_needs_our_token(slack: FakeSlack) -> None:
    event = slack.file_message("U1", "C1", "deals.csv", b"a,b\n")["event"]

    async def fetch(token: str) -> bytes:
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bearer {token}"}
            url = event["files"][0]["url_private_download"]
            async with session.get(url, headers=headers) as answer:
                return await answer.read()

    assert asyncio.run(fetch(slack.bot_token)) == b"a,b\n"
    assert b"sign in" in asyncio.run(fetch("wrong"))
