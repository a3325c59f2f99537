"""The Slack fake, driven by the real SDK: it does what Slack does and refuses what Slack refuses.

What Rapport does with it is tested elsewhere.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import aiohttp.web
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.clock import NOON, Hands
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_client import (
    actions,
    button,
    post,
    refused,
    section,
    use,
)


def test_a_posted_message_is_kept_and_comes_back_from_history_with_its_metadata(
    slack: FakeSlack,
) -> None:
    metadata = {"event_type": "notice", "event_payload": {"id": 7}}
    ts = post(slack, metadata=metadata)
    found = use(slack, lambda c: c.conversations_history(channel="C1", include_all_metadata=True))
    assert [m["ts"] for m in found["messages"]] == [ts]
    assert found["messages"][0]["metadata"] == metadata
    assert slack.messages("C1")[0].text == "hello"


def test_history_without_include_all_metadata_hides_the_payload(slack: FakeSlack) -> None:
    post(slack, metadata={"event_type": "notice", "event_payload": {"id": 7}})
    found = use(slack, lambda c: c.conversations_history(channel="C1"))
    assert found["messages"][0]["metadata"] == {"event_type": "notice"}


def test_history_is_newest_first_in_pages_between_two_moments(slack: FakeSlack) -> None:
    stamps = [post(slack, f"m{n}") for n in range(4)]

    async def pages(client: AsyncWebClient) -> list[str]:
        first = await client.conversations_history(channel="C1", oldest=stamps[0], limit=2)
        cursor = first["response_metadata"]["next_cursor"]
        rest = await client.conversations_history(
            channel="C1", oldest=stamps[0], limit=2, cursor=cursor
        )
        return [m["text"] for m in [*first["messages"], *rest["messages"]]]

    assert use(slack, pages) == ["m3", "m2", "m1"]


def test_a_thread_is_read_by_replies_and_not_by_history(slack: FakeSlack) -> None:
    parent = post(slack)
    post(slack, "reply", thread_ts=parent)
    replies = use(slack, lambda c: c.conversations_replies(channel="C1", ts=parent))
    assert [m["text"] for m in replies["messages"]] == ["hello", "reply"]
    history = use(slack, lambda c: c.conversations_history(channel="C1"))
    assert [m["text"] for m in history["messages"]] == ["hello"]


def test_an_ephemeral_message_is_for_one_member_only(slack: FakeSlack) -> None:
    use(slack, lambda c: c.chat_postEphemeral(channel="C1", user="U1", text="psst"))
    (message,) = slack.messages("C1")
    assert (message.ephemeral, message.for_user) == (True, "U1")
    to_bob = refused(slack, lambda c: c.chat_postEphemeral(channel="C1", user="U2", text="psst"))
    assert to_bob == "user_not_in_channel"


def test_update_with_text_alone_removes_the_blocks_and_marks_it_edited(slack: FakeSlack) -> None:
    ts = post(slack, blocks=[section("old")])
    use(slack, lambda c: c.chat_update(channel="C1", ts=ts, text="new"))
    (message,) = slack.messages("C1")
    assert (message.shown, message.blocks, bool(message.edited)) == ("new", [], True)


def test_only_our_own_messages_can_be_changed_or_deleted(slack: FakeSlack) -> None:
    theirs = slack.say("U1", "C1", "mine").ts
    update = refused(slack, lambda c: c.chat_update(channel="C1", ts=theirs, text="x"))
    delete = refused(slack, lambda c: c.chat_delete(channel="C1", ts=theirs))
    assert (update, delete) == ("cant_update_message", "cant_delete_message")
    ours = post(slack)
    use(slack, lambda c: c.chat_delete(channel="C1", ts=ours))
    again = refused(slack, lambda c: c.chat_delete(channel="C1", ts=ours))
    assert again == "message_not_found"


def test_a_person_is_found_by_id_and_by_email_with_zone_and_locale(slack: FakeSlack) -> None:
    info = use(slack, lambda c: c.users_info(user="U1", include_locale=True))["user"]
    assert (info["tz"], info["locale"]) == ("Europe/Berlin", "de-DE")
    assert "locale" not in use(slack, lambda c: c.users_info(user="U1"))["user"]
    found = use(slack, lambda c: c.users_lookupByEmail(email="ANN@acme.test"))
    assert found["user"]["id"] == "U1"
    nobody = refused(slack, lambda c: c.users_lookupByEmail(email="no@acme.test"))
    assert nobody == "users_not_found"


def test_channels_say_who_they_are_and_who_is_in_them(slack: FakeSlack) -> None:
    info = use(slack, lambda c: c.conversations_info(channel="C1"))["channel"]
    assert (info["name"], info["is_member"]) == ("sales", True)
    members = use(slack, lambda c: c.conversations_members(channel="C1"))["members"]
    assert members == ["U1", "U0BOT"]


def test_a_direct_message_channel_is_opened_and_posted_to(slack: FakeSlack) -> None:
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
) -> None:
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
def test_a_block_beyond_the_limits_is_invalid(slack: FakeSlack, block: dict[str, Any]) -> None:
    error = refused(slack, lambda c: c.chat_postMessage(channel="C1", text="x", blocks=[block]))
    assert error == "invalid_blocks"


def test_the_refusal_of_a_block_says_where(slack: FakeSlack) -> None:
    blocks = [section("fine"), actions(button("x" * 76, "a"))]
    with pytest.raises(SlackApiError) as caught:
        use(slack, lambda c: c.chat_postMessage(channel="C1", text="x", blocks=blocks))
    (problem,) = caught.value.response["response_metadata"]["messages"]
    assert problem == (
        "[ERROR] must be less than 76 characters [json-pointer:/blocks/1/elements/0/text/text]"
    )


def test_an_update_takes_no_more_than_4000_characters(slack: FakeSlack) -> None:
    ts = post(slack, "x" * 5000)
    error = refused(slack, lambda c: c.chat_update(channel="C1", ts=ts, text="x" * 4001))
    assert error == "msg_too_long"


def test_tokens_are_checked(slack: FakeSlack) -> None:
    assert refused(slack, lambda c: c.auth_test(), "xoxb-wrong") == "invalid_auth"
    assert refused(slack, lambda c: c.auth_test(), slack.app_token) == "not_allowed_token_type"
    opening = refused(slack, lambda c: c.api_call("apps.connections.open"))
    assert opening == "not_allowed_token_type"
    assert refused(slack, lambda c: c.api_call("chat.shout")) == "unknown_method"


def test_a_form_only_method_refuses_json(slack: FakeSlack) -> None:
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
def test_a_live_mention_or_link_fails_the_test(clock: Hands, hostile: str, place: str) -> None:
    places: dict[str, dict[str, Any]] = {
        "text": {"text": hostile},
        "blocks": {"text": "x", "blocks": [section(hostile)]},
        "attachments": {"text": "x", "attachments": [{"text": hostile}]},
    }
    slack = FakeSlack(clock).start()
    slack.add_channel("C1")
    use(slack, lambda c: c.chat_postMessage(channel="C1", **places[place]))
    with pytest.raises(AssertionError, match="live markup"):
        slack.__exit__(None, None, None)


def test_escaped_text_dates_channels_and_allowed_links_are_no_violation(slack: FakeSlack) -> None:
    slack.allowed = ["https://crm.test/", "@U1"]
    post(slack, "&lt;!channel&gt; <#C1> <!date^1790000000^{date}|soon> <@U1>")
    post(slack, "<https://crm.test/deal/1|Deal 1>")
    plain = {"type": "header", "text": {"type": "plain_text", "text": "<!channel>"}}
    post(slack, blocks=[plain])
    assert slack.violations == []


def test_a_429_carries_retry_after_and_early_calls_are_found(
    slack: FakeSlack, clock: Hands
) -> None:
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


def test_a_500_and_a_named_refusal_can_be_ordered_for_the_next_calls(slack: FakeSlack) -> None:
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
) -> None:
    slack.fail_next("chat.postMessage", how)
    with pytest.raises(aiohttp.ClientError):
        post(slack)
    assert len(slack.messages("C1")) == kept
    assert slack.calls("chat.postMessage")[0].outcome == how


def test_a_stall_keeps_the_caller_waiting_after_accepting(slack: FakeSlack) -> None:
    slack.fail_next("chat.postMessage", "stall")

    async def impatient(client: AsyncWebClient) -> None:
        task = asyncio.ensure_future(client.chat_postMessage(channel="C1", text="x"))
        await asyncio.to_thread(slack.wait_until, lambda: slack.messages("C1"))
        task.cancel()

    use(slack, impatient)
    assert len(slack.messages("C1")) == 1


def test_while_down_connections_are_refused_and_nothing_is_lost(slack: FakeSlack) -> None:
    post(slack)
    slack.down()
    with pytest.raises(aiohttp.ClientConnectorError):
        post(slack)
    slack.up()
    post(slack)
    assert len(slack.messages("C1")) == 2


def test_the_rate_is_counted_per_channel_and_second(slack: FakeSlack, clock: Hands) -> None:
    for _ in range(3):
        post(slack)
    clock.now += 1
    post(slack)
    assert slack.max_per_second("C1") == 3
    assert slack.busiest("C1", 60) == 4
