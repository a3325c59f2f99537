"""The Slack fake, driven by the real SDK: it does what Slack does and refuses what Slack refuses.

What Rapport does with it is tested elsewhere.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import aiohttp.web
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.fakes.slack import FakeSlack

NOON = 1_790_000_000.0


@dataclass
class Hands:
    """A clock that a test turns by hand."""

    now: float = NOON

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def slack(clock: Hands, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSlack]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "SLACK_BOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with FakeSlack(clock) as fake:
        fake.add_user("U1", "Ann", email="ann@acme.test", tz="Europe/Berlin", locale="de-DE")
        fake.add_user("U2", "Bob")
        fake.add_channel("C1", "sales", members=("U1",))
        yield fake


@asynccontextmanager
async def client_of(slack: FakeSlack, token: str = "") -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield AsyncWebClient(
            token=token or slack.bot_token,
            base_url=slack.base_url,
            session=session,
            retry_handlers=[],
        )


def use(slack: FakeSlack, work: Callable[[AsyncWebClient], Awaitable[Any]], token: str = "") -> Any:
    """Run `work` with a client and return what it returns."""

    async def run() -> Any:
        async with client_of(slack, token) as client:
            return await work(client)

    return asyncio.run(run())


def refused(
    slack: FakeSlack, work: Callable[[AsyncWebClient], Awaitable[Any]], token: str = ""
) -> str:
    """Return the error name with which Slack refuses `work`."""
    with pytest.raises(SlackApiError) as caught:
        use(slack, work, token)
    return str(caught.value.response["error"])


def post(slack: FakeSlack, text: str = "hello", **more: Any) -> str:
    """Post to C1 and return the ts."""
    done = use(slack, lambda client: client.chat_postMessage(channel="C1", text=text, **more))
    return str(done["ts"])


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(label: str, action_id: str, **more: Any) -> dict[str, Any]:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "text": text, "action_id": action_id, **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def modal(**more: Any) -> dict[str, Any]:
    field = {"type": "plain_text_input", "action_id": "amount"}
    label = {"type": "plain_text", "text": "Amount"}
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Deal"},
        "submit": {"type": "plain_text", "text": "Save"},
        "blocks": [{"type": "input", "block_id": "b_amount", "label": label, "element": field}],
    }
    return {**view, **more}


def test_a_posted_message_is_kept_and_comes_back_from_history_with_its_metadata(slack: FakeSlack):
    metadata = {"event_type": "notice", "event_payload": {"id": 7}}
    ts = post(slack, metadata=metadata)
    found = use(slack, lambda c: c.conversations_history(channel="C1", include_all_metadata=True))
    assert [m["ts"] for m in found["messages"]] == [ts]
    assert found["messages"][0]["metadata"] == metadata
    assert slack.messages("C1")[0].text == "hello"


def test_history_without_include_all_metadata_hides_the_payload(slack: FakeSlack):
    post(slack, metadata={"event_type": "notice", "event_payload": {"id": 7}})
    found = use(slack, lambda c: c.conversations_history(channel="C1"))
    assert found["messages"][0]["metadata"] == {"event_type": "notice"}


def test_history_is_newest_first_in_pages_between_two_moments(slack: FakeSlack):
    stamps = [post(slack, f"m{n}") for n in range(4)]

    async def pages(client: AsyncWebClient) -> list[str]:
        first = await client.conversations_history(channel="C1", oldest=stamps[0], limit=2)
        cursor = first["response_metadata"]["next_cursor"]
        rest = await client.conversations_history(
            channel="C1", oldest=stamps[0], limit=2, cursor=cursor
        )
        return [m["text"] for m in [*first["messages"], *rest["messages"]]]

    assert use(slack, pages) == ["m3", "m2", "m1"]


def test_a_thread_is_read_by_replies_and_not_by_history(slack: FakeSlack):
    parent = post(slack)
    post(slack, "reply", thread_ts=parent)
    replies = use(slack, lambda c: c.conversations_replies(channel="C1", ts=parent))
    assert [m["text"] for m in replies["messages"]] == ["hello", "reply"]
    history = use(slack, lambda c: c.conversations_history(channel="C1"))
    assert [m["text"] for m in history["messages"]] == ["hello"]


def test_an_ephemeral_message_is_for_one_member_only(slack: FakeSlack):
    use(slack, lambda c: c.chat_postEphemeral(channel="C1", user="U1", text="psst"))
    (message,) = slack.messages("C1")
    assert (message.ephemeral, message.for_user) == (True, "U1")
    to_bob = refused(slack, lambda c: c.chat_postEphemeral(channel="C1", user="U2", text="psst"))
    assert to_bob == "user_not_in_channel"


def test_update_with_text_alone_removes_the_blocks_and_marks_it_edited(slack: FakeSlack):
    ts = post(slack, blocks=[section("old")])
    use(slack, lambda c: c.chat_update(channel="C1", ts=ts, text="new"))
    (message,) = slack.messages("C1")
    assert (message.shown, message.blocks, bool(message.edited)) == ("new", [], True)


def test_only_our_own_messages_can_be_changed_or_deleted(slack: FakeSlack):
    theirs = slack.say("U1", "C1", "mine").ts
    update = refused(slack, lambda c: c.chat_update(channel="C1", ts=theirs, text="x"))
    delete = refused(slack, lambda c: c.chat_delete(channel="C1", ts=theirs))
    assert (update, delete) == ("cant_update_message", "cant_delete_message")
    ours = post(slack)
    use(slack, lambda c: c.chat_delete(channel="C1", ts=ours))
    again = refused(slack, lambda c: c.chat_delete(channel="C1", ts=ours))
    assert again == "message_not_found"


def test_a_person_is_found_by_id_and_by_email_with_zone_and_locale(slack: FakeSlack):
    info = use(slack, lambda c: c.users_info(user="U1", include_locale=True))["user"]
    assert (info["tz"], info["locale"]) == ("Europe/Berlin", "de-DE")
    assert "locale" not in use(slack, lambda c: c.users_info(user="U1"))["user"]
    found = use(slack, lambda c: c.users_lookupByEmail(email="ANN@acme.test"))
    assert found["user"]["id"] == "U1"
    nobody = refused(slack, lambda c: c.users_lookupByEmail(email="no@acme.test"))
    assert nobody == "users_not_found"


def test_channels_say_who_they_are_and_who_is_in_them(slack: FakeSlack):
    info = use(slack, lambda c: c.conversations_info(channel="C1"))["channel"]
    assert (info["name"], info["is_member"]) == ("sales", True)
    members = use(slack, lambda c: c.conversations_members(channel="C1"))["members"]
    assert members == ["U1", "U0BOT"]


def test_a_direct_message_channel_is_opened_and_posted_to(slack: FakeSlack):
    opened = use(slack, lambda c: c.conversations_open(users="U1"))["channel"]["id"]
    use(slack, lambda c: c.chat_postMessage(channel="U1", text="hi"))
    assert [m.text for m in slack.messages(opened)] == ["hi"]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"channel": "C404", "text": "x"}, "channel_not_found"),
        ({"channel": "C2", "text": "x"}, "not_in_channel"),
        ({"channel": "G1", "text": "x"}, "channel_not_found"),
        ({"channel": "C3", "text": "x"}, "is_archived"),
        ({"channel": "C1"}, "no_text"),
        ({"channel": "C1", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "C1", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": "C1", "blocks": [section("x")] * 51}, "msg_blocks_too_many"),
        ({"channel": "C1", "blocks": [section("x" * 2900)] * 5}, "msg_blocks_too_long"),
        ({"channel": "C1", "markdown_text": "x", "text": "x"}, "markdown_text_conflict"),
        ({"channel": "C1", "text": "x", "metadata": {"event_type": 1}}, "invalid_metadata_format"),
    ],
)
def test_a_message_that_slack_refuses_is_refused_by_name(
    slack: FakeSlack, message: dict[str, Any], error: str
):
    slack.add_channel("C2", bot=False)
    slack.add_channel("G1", bot=False, private=True)
    slack.add_channel("C3", archived=True)
    assert refused(slack, lambda c: c.api_call("chat.postMessage", json=message)) == error
    assert slack.messages("C1") == []


TEXT = {"type": "mrkdwn", "text": "x"}
OPTION = {"text": {"type": "plain_text", "text": "x"}, "value": "x"}
LONG_OPTION = {"text": {"type": "plain_text", "text": "x" * 76}, "value": "x"}


@pytest.mark.parametrize(
    "block",
    [
        section("x" * 3001),
        section(""),
        {"type": "section"},
        {"type": "section", "fields": [TEXT] * 11},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]},
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
        {"type": "header", "text": TEXT},
        {"type": "context", "elements": [TEXT] * 11},
        actions(*[button("x", f"a{n}") for n in range(26)]),
        actions(button("x" * 76, "a")),
        actions(button("x", "a", value="x" * 2001)),
        actions(button("x", "a", style="blue")),
        actions(button("x", "same"), button("y", "same")),
        actions({"type": "overflow", "action_id": "a", "options": [OPTION] * 6}),
        actions({"type": "static_select", "action_id": "a", "options": [LONG_OPTION]}),
        {"type": "image", "image_url": "https://x.test/a.png"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]},
        {"type": "marquee"},
    ],
)
def test_a_block_beyond_the_limits_is_invalid(slack: FakeSlack, block: dict[str, Any]):
    error = refused(slack, lambda c: c.chat_postMessage(channel="C1", text="x", blocks=[block]))
    assert error == "invalid_blocks"


def test_the_refusal_of_a_block_says_where(slack: FakeSlack):
    blocks = [section("fine"), actions(button("x" * 76, "a"))]
    with pytest.raises(SlackApiError) as caught:
        use(slack, lambda c: c.chat_postMessage(channel="C1", text="x", blocks=blocks))
    (problem,) = caught.value.response["response_metadata"]["messages"]
    assert problem == (
        "[ERROR] must be less than 76 characters [json-pointer:/blocks/1/elements/0/text/text]"
    )


def test_an_update_takes_no_more_than_4000_characters(slack: FakeSlack):
    ts = post(slack, "x" * 5000)
    error = refused(slack, lambda c: c.chat_update(channel="C1", ts=ts, text="x" * 4001))
    assert error == "msg_too_long"


def test_tokens_are_checked(slack: FakeSlack):
    assert refused(slack, lambda c: c.auth_test(), "xoxb-wrong") == "invalid_auth"
    assert refused(slack, lambda c: c.auth_test(), slack.app_token) == "not_allowed_token_type"
    opening = refused(slack, lambda c: c.api_call("apps.connections.open"))
    assert opening == "not_allowed_token_type"
    assert refused(slack, lambda c: c.api_call("chat.shout")) == "unknown_method"


def test_a_form_only_method_refuses_json(slack: FakeSlack):
    error = refused(slack, lambda c: c.api_call("users.info", json={"user": "U1"}))
    assert error == "invalid_arguments"


@pytest.mark.parametrize(
    "hostile",
    [
        "<!channel> look",
        "<!here|here>",
        "<!everyone>",
        "hi <@U2>",
        "<!subteam^S1|@all>",
        "<https://evil.test|your bank>",
        "<mailto:a@evil.test>",
    ],
)
@pytest.mark.parametrize("place", ["text", "blocks", "attachments"])
def test_a_live_mention_or_link_fails_the_test(clock: Hands, hostile: str, place: str):
    sent = {
        "text": {"text": hostile},
        "blocks": {"text": "x", "blocks": [section(hostile)]},
        "attachments": {"text": "x", "attachments": [{"text": hostile}]},
    }[place]
    with pytest.raises(AssertionError, match="live markup"), FakeSlack(clock) as slack:
        slack.add_channel("C1")
        use(slack, lambda c: c.chat_postMessage(channel="C1", **sent))


def test_escaped_text_dates_channels_and_allowed_links_are_no_violation(slack: FakeSlack):
    slack.allowed = ["https://crm.test/", "@U1"]
    post(slack, "&lt;!channel&gt; <#C1> <!date^1790000000^{date}|soon> <@U1>")
    post(slack, "<https://crm.test/deal/1|Deal 1>")
    plain = {"type": "header", "text": {"type": "plain_text", "text": "<!channel>"}}
    post(slack, blocks=[plain])
    assert slack.violations == []


def test_a_429_carries_retry_after_and_early_calls_are_found(slack: FakeSlack, clock: Hands):
    slack.fail_next("chat.postMessage", "429", retry_after=7)
    with pytest.raises(SlackApiError) as caught:
        post(slack)
    assert caught.value.response.headers["Retry-After"] == "7"
    assert caught.value.response["error"] == "ratelimited"
    clock.now += 6
    post(slack)
    clock.now += 1
    post(slack)
    assert [call.at - NOON for call in slack.early_calls()] == [6]


def test_a_500_and_a_named_refusal_can_be_ordered_for_the_next_calls(slack: FakeSlack):
    slack.fail_next("chat.postMessage", "500")
    slack.fail_next("*", "error:fatal_error", times=2)
    errors = [refused(slack, lambda c: c.auth_test()) for _ in range(2)]
    assert errors == ["fatal_error", "fatal_error"]
    with pytest.raises(SlackApiError) as caught:
        post(slack)
    assert caught.value.response.status_code == 500
    assert post(slack)


@pytest.mark.parametrize(
    ("how", "kept"), [("drop_before", 0), ("drop_after", 1), ("drop_mid_body", 1)]
)
def test_a_dropped_connection_is_in_doubt_for_the_caller_only(
    slack: FakeSlack, how: str, kept: int
):
    slack.fail_next("chat.postMessage", how)
    with pytest.raises(aiohttp.ClientError):
        post(slack)
    assert len(slack.messages("C1")) == kept
    assert slack.calls("chat.postMessage")[0].outcome == how


def test_a_stall_keeps_the_caller_waiting_after_accepting(slack: FakeSlack):
    slack.fail_next("chat.postMessage", "stall")

    async def impatient(client: AsyncWebClient) -> None:
        task = asyncio.ensure_future(client.chat_postMessage(channel="C1", text="x"))
        await asyncio.to_thread(slack.wait_until, lambda: slack.messages("C1"))
        task.cancel()

    use(slack, impatient)
    assert len(slack.messages("C1")) == 1


def test_while_down_connections_are_refused_and_nothing_is_lost(slack: FakeSlack):
    post(slack)
    slack.down()
    with pytest.raises(aiohttp.ClientConnectorError):
        post(slack)
    slack.up()
    post(slack)
    assert len(slack.messages("C1")) == 2


def test_the_rate_is_counted_per_channel_and_second(slack: FakeSlack, clock: Hands):
    for _ in range(3):
        post(slack)
    clock.now += 1
    post(slack)
    assert slack.max_per_second("C1") == 3
    assert slack.busiest("C1", 60) == 4


def test_a_trigger_opens_one_modal_within_three_seconds(slack: FakeSlack, clock: Hands):
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
def test_a_modal_beyond_the_limits_is_refused(slack: FakeSlack, view: dict[str, Any]):
    error = refused(slack, lambda c: c.views_open(trigger_id=slack.trigger("U1"), view=view))
    assert error == "invalid_arguments"


def test_modals_stack_three_deep_and_updates_race_by_hash(slack: FakeSlack):
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


def test_a_home_is_published_per_person(slack: FakeSlack):
    home = {"type": "home", "blocks": [section("Your day")]}
    use(slack, lambda c: c.views_publish(user_id="U1", view=home))
    assert slack.homes["U1"]["blocks"][0]["text"]["text"] == "Your day"
    assert slack.app_home_opened("U1")["event"]["view"]["type"] == "home"


def test_a_file_goes_up_in_three_steps_and_is_shared(slack: FakeSlack):
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


def test_a_file_that_was_never_uploaded_cannot_be_completed(slack: FakeSlack):
    async def skip_a_step(client: AsyncWebClient) -> None:
        promised = await client.files_getUploadURLExternal(filename="a.png", length=4)
        await client.files_completeUploadExternal(files=[{"id": promised["file_id"]}])

    assert refused(slack, skip_a_step) == "file_not_found"


def test_a_response_url_works_five_times_within_half_an_hour(slack: FakeSlack, clock: Hands):
    command = slack.slash_command("U1", "C1", "help")

    async def respond(times: int) -> list[int]:
        hook = AsyncWebhookClient(command["response_url"], retry_handlers=[])
        return [(await hook.send(text=f"{n}")).status_code for n in range(times)]

    assert asyncio.run(respond(6)) == [200] * 5 + [404]
    assert [m.for_user for m in slack.messages("C1")] == ["U1"] * 5
    command = slack.slash_command("U1", "C1", "help")
    clock.now += 30 * 60 + 1
    assert asyncio.run(respond(1)) == [404]


def test_a_response_url_of_a_button_replaces_or_deletes_its_message(slack: FakeSlack):
    post(slack, blocks=[actions(button("Won", "win"))])
    pressed = slack.button_press(slack.messages("C1")[0], "Won", "U1")
    hook = AsyncWebhookClient(pressed["response_url"], retry_handlers=[])
    asyncio.run(hook.send(text="done", replace_original=True))
    assert [(m.text, m.ephemeral) for m in slack.messages("C1")] == [("done", False)]
    asyncio.run(hook.send(delete_original=True))
    assert slack.messages("C1") == []


def test_reactions_and_previews_are_added_once_and_where_they_belong(slack: FakeSlack):
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


def test_a_thread_shows_what_the_assistant_is_doing(slack: FakeSlack):
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


def test_a_signed_request_passes_the_real_verifier_and_a_forged_one_does_not(slack: FakeSlack):
    verifier = SignatureVerifier(slack.signing_secret, clock=_Frozen())
    headers, body = slack.signed_request(slack.slash_command("U1", "C1", "deal show 1"))
    assert verifier.is_valid_request(body, headers)
    assert b"text=deal+show+1" in body
    for forged in ({"secret": "other"}, {"at": NOON - 301}):
        headers, body = slack.signed_request({"type": "url_verification"}, **forged)  # type: ignore[arg-type]
        assert not verifier.is_valid_request(body, headers)


class _Frozen:
    """Slack's own clock interface at noon."""

    def now(self) -> float:
        """Return the time in seconds."""
        return NOON


def test_people_type_as_slack_encodes_it(slack: FakeSlack):
    event = slack.app_mention("U1", "C1", "find <R&D> for <@U2>")["event"]
    assert event["text"] == "<@U0BOT> find &lt;R&amp;D&gt; for <@U2>"
    reply = slack.thread_reply(slack.messages("C1")[0], "U1", "and this")["event"]
    assert reply["thread_ts"] == event["ts"]
    assert reply["channel_type"] == "channel"


def test_a_person_cannot_do_what_the_screen_does_not_offer(slack: FakeSlack):
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


def test_choices_are_reported_as_slack_does(slack: FakeSlack):
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
    await handler.connect_async()
    await asyncio.to_thread(slack.wait_for_socket)
    try:
        yield handler
    finally:
        await handler.close_async()


def test_a_slash_command_goes_round_over_socket_mode(slack: FakeSlack):
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


def test_a_modal_is_opened_submitted_and_answered_over_socket_mode(slack: FakeSlack):
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
):
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


def test_a_command_is_answered_over_http_by_the_body_of_the_answer(slack: FakeSlack):
    asked: list[bytes] = []

    async def app(request: aiohttp.web.Request) -> aiohttp.web.Response:
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


def test_a_downloaded_file_needs_our_token(slack: FakeSlack):
    event = slack.file_message("U1", "C1", "deals.csv", b"a,b\n")["event"]

    async def fetch(token: str) -> bytes:
        async with aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bearer {token}"}
            url = event["files"][0]["url_private_download"]
            async with session.get(url, headers=headers) as answer:
                return await answer.read()

    assert asyncio.run(fetch(slack.bot_token)) == b"a,b\n"
    assert b"sign in" in asyncio.run(fetch("wrong"))
