"""What Slack's events mean, read without any network."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import events

BOT = "U0BOT"


def message(**facts: Any) -> dict[str, Any]:
    event = {"type": "message", "channel": "D1", "channel_type": "im", "ts": "1.5", "user": "U1"}
    return {"type": "event_callback", "event": {**event, "text": "deal list", **facts}}


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("deal list", "deal list"),
        (f"<@{BOT}> deal list", "deal list"),
        ("a &lt;b&gt; &amp;amp;", "a <b> &amp;"),
        ("<mailto:ann@example.com|ann@example.com>", "ann@example.com"),
        ("<tel:+15550100|+1 555 0100>", "tel:+15550100"),
        ("<https://example.com|example.com>", "example.com"),
        ("<https://evil.example|https://bank.example>", "https://evil.example"),
        ("ticket assign 1 <@U7>", "ticket assign 1 <@U7>"),
        ("<!channel> <!here|here>", "@channel @here"),
        ("<#C1|general>", "#general"),
    ],
)
def test_what_was_typed_is_read_back(sent: str, typed: str) -> None:
    assert events.plain_text(sent, BOT) == typed


def test_a_mention_and_its_message_have_one_key() -> None:
    assert events.key_of(message()) == events.key_of(message(type="app_mention")) == "D1:1.5"


def test_the_first_slash_command_is_the_program_and_others_are_subjects() -> None:
    typed = {"command": "/crm", "text": "list", "trigger_id": "1", "user_id": "U1"}
    typed |= {"channel_id": "D1", "response_url": "https://hooks.example/1"}
    read = events.read(typed, BOT, ("crm", "deal"))
    assert read
    assert (read.text, read.private, read.key) == ("list", True, "1")
    other = events.read({**typed, "command": "/deal"}, BOT, ("crm", "deal"))
    assert other
    assert other.text == "deal list"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "event",
                        "actions",
                        "view",
                        "user",
                        "channel",
                        "container",
                        "state",
                        "command",
                        "trigger_id",
                    ]
                )
                | st.text(max_size=5),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_an_event_of_any_form_is_read_or_refused_in_a_known_way(event: Any) -> None:
    for kind in ("event_callback", "block_actions", "view_submission"):
        body = {"trigger_id": "1", "event": event, "actions": event, "view": event, "type": kind}
        try:
            events.read(body, BOT, ("crm",))
        except events.MALFORMED:
            continue
