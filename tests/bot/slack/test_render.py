"""Replies and forms as Slack blocks: within every limit, and people's text letter by letter."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from slack_sdk.models.blocks import Block, ButtonElement
from slack_sdk.models.views import View

from bot.slack.forms import read_form, render_form
from bot.slack.render import read_press, render, weight
from bot.visible import units, visible
from handlers.reply import (
    Action,
    Chart,
    ChartKind,
    Choice,
    Field,
    FieldKind,
    Form,
    FormField,
    Reply,
    Row,
    Style,
    Table,
    Tone,
)
from tests.bot import replies

if TYPE_CHECKING:
    from collections.abc import Iterator


def shorten(text: str) -> str:
    return f"key-{len(text)}"


def nodes(part: object) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from nodes(value)
    elif isinstance(part, list):
        for item in part:
            yield from nodes(item)


def accept(blocks: list[dict[str, Any]]) -> None:
    """Refuse what Slack refuses."""
    assert len(blocks) <= 50
    assert weight(blocks) <= 10_000
    assert sum(block["type"] == "table" for block in blocks) <= 1
    for block in blocks:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
    for node in nodes(blocks):
        assert node.get("type") != "mrkdwn"
        check_node(node)
    ids = [node["action_id"] for node in nodes(blocks) if "action_id" in node]
    assert len(ids) == len(set(ids))


def check_node(node: dict[str, Any]) -> None:
    match node:
        case {"type": "header", "text": {"text": text}}:
            assert 1 <= units(text) <= 150
        case {"type": "context" | "actions" as kind, "elements": elements}:
            assert 1 <= len(elements) <= (10 if kind == "context" else 25)
        case {"type": "table", "rows": rows, "column_settings": settings_}:
            assert 1 <= len(rows) <= 100
            assert {len(row) for row in rows} == {len(settings_)}
            assert len(settings_) <= 20
        case {"type": "button", "text": {"text": text}}:
            assert 1 <= units(text) <= 75
            assert units(node.get("value", "")) <= 2000
            ButtonElement(**node).validate_json()
        case {"type": "static_select", "options": options}:
            assert 1 <= len(options) <= 100
            assert all(units(o["text"]["text"]) <= 75 for o in options)
            assert all(1 <= units(o["value"]) <= 150 for o in options)
        case {"title": {"text": title}, "confirm": {"text": yes}, "deny": {"text": no}}:
            assert units(title) <= 100
            assert units(node["text"]["text"]) <= 300
            assert max(units(yes), units(no)) <= 30
        case {"type": "text" | "plain_text" | "raw_text", "text": text}:
            assert 1 <= units(text) <= 3100
            assert text.strip()


def texts(blocks: list[dict[str, Any]]) -> str:
    return "\n".join(n["text"] for n in nodes(blocks) if isinstance(n.get("text"), str))


@given(replies.replies)
@settings(max_examples=60, deadline=None)
def test_any_reply_is_within_the_limits(reply: Reply) -> None:
    message = render(reply, shorten)
    accept(message.blocks)
    assert 1 <= units(message.text) <= 3000
    assert not re.search(r"[<>]|&(?!(amp|lt|gt);)", message.text)
    assert message == render(reply, shorten)


def test_an_enormous_reply_is_within_the_limits_and_says_what_it_leaves_out() -> None:
    message = render(replies.enormous(), shorten)
    accept(message.blocks)
    assert units(message.text) <= 3000
    said = texts(message.blocks)
    for part in ("more fields", "more rows", "and 10 more columns", "more buttons"):
        assert part in said


@pytest.mark.parametrize("text", replies.HOSTILE)
def test_text_of_people_comes_out_letter_by_letter(text: str) -> None:
    message = render(replies.everywhere(text), shorten)
    accept(message.blocks)
    shown = visible(text)
    assert texts(message.blocks).count(shown) >= 11
    assert not re.search(r"[<>]", message.text)
    unescaped = message.text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert unescaped.count(shown) >= 6


def test_a_card_reads_as_it_should() -> None:
    message = render(
        Reply(
            title="Deal 42 moved to Won",
            fields=(Field("Amount", "€12,000"), Field("Owner", "")),
            table=Table(("#", "Deal"), (Row(("42", "Acme & Co"), "deal show 42"),), (0,)),
            actions=(
                Action("Undo", "undo", replaces=True),
                Action("Delete", "deal delete 42", Style.DANGER, confirm="Really?"),
            ),
            footer="just now",
            tone=Tone.GOOD,
        ),
        shorten,
    )
    header, facts, table, opening, buttons, footer = message.blocks
    assert header["text"]["text"] == "✓ Deal 42 moved to Won"
    runs = facts["elements"][0]["elements"]
    assert [run["text"] for run in runs] == ["Amount: ", "€12,000\n", "Owner: ", "–"]
    assert [bool(run.get("style")) for run in runs] == [True, False, True, False]
    assert table["column_settings"][0]["align"] == "right"
    assert table["rows"][1][1] == {"type": "raw_text", "text": "Acme & Co"}
    assert opening["elements"][0]["options"][0]["value"] == "deal show 42"
    assert opening["elements"][0]["options"][0]["text"]["text"] == "42 · Acme & Co"
    assert [b["action_id"] for b in buttons["elements"]] == ["swap:0", "run:1"]
    assert [b.get("style") for b in buttons["elements"]] == [None, "danger"]
    assert buttons["elements"][1]["confirm"]["text"]["text"] == "Really?"
    assert footer["elements"][0]["text"] == "just now"
    assert message.text.startswith("✓ Deal 42 moved to Won\nAmount: €12,000\nOwner: ")
    assert "42 · Acme &amp; Co" in message.text


def test_a_press_says_what_to_run() -> None:
    long = "note add 42 " + "x" * 3000
    actions = (
        Action("A", "undo", replaces=True),
        Action("B", long),
        Action("C", long, replaces=True),
    )
    blocks = render(Reply(actions=actions), shorten).blocks
    presses = [read_press(element) for element in blocks[0]["elements"]]
    assert [(p.kind, p.value, p.replaces) for p in presses] == [
        ("line", "undo", True),
        ("key", "key-3012", False),
        ("key", "key-3012", True),
    ]
    chosen = {"action_id": "run:open", "selected_option": {"value": "deal show 42"}}
    assert read_press(chosen).value == "deal show 42"


def test_a_row_whose_line_is_too_long_cannot_be_opened() -> None:
    table = Table(("A",), (Row(("a",), "x" * 151), Row(("b",), "deal show 2")))
    options = [
        n["options"] for n in nodes(render(Reply(table=table), shorten).blocks) if "options" in n
    ]
    assert [option["value"] for option in options[0]] == ["deal show 2"]


def test_a_long_title_is_bold_text_instead_of_a_header() -> None:
    block = render(Reply(title="word " * 60), shorten).blocks[0]
    assert block["type"] == "rich_text"


def test_an_empty_reply_still_says_something() -> None:
    assert render(Reply(), shorten).text == "Done."


def test_the_chart_is_carried_along() -> None:
    chart = Chart(ChartKind.BARS, "T", ("a",), ())
    assert render(Reply(chart=chart), shorten).chart is chart


STAGE = FormField(
    "stage", "Stage", FieldKind.CHOICE, choices=(Choice("Won", "won"), Choice("Lost", "lost"))
)


def test_an_open_question_offers_its_choices_where_no_modal_opens() -> None:
    reply = Reply(form=Form("deal move", "Move deal", (STAGE,)))
    blocks = render(reply, shorten).blocks
    assert [(e["text"]["text"], e["value"]) for e in blocks[1]["elements"]] == [
        ("Won", "won"),
        ("Lost", "lost"),
    ]
    assert len(render(reply, shorten, inline_choices=False).blocks) == 1


def test_a_modal_asks_each_kind_in_its_own_way() -> None:
    form = Form(
        "deal add",
        "Add a deal",
        (
            FormField(
                "name", "Name", value="<Acme>", hint="As on the offer", error="Already there"
            ),
            FormField("about", "About", FieldKind.LONG_TEXT, required=False),
            FormField(**{**_as_dict(STAGE), "value": "lost"}),
            FormField("count", "Count", FieldKind.NUMBER, value="12"),
            FormField("many", "Many", FieldKind.NUMBER, value="a few"),
            FormField("amount", "Amount", FieldKind.MONEY, value="12k EUR"),
            FormField("close", "Close", FieldKind.DATE, value="2026-12-01"),
            FormField("start", "Start", FieldKind.DATE, value="friday"),
            FormField("at", "At", FieldKind.MOMENT),
            FormField(
                "due", "Due", FieldKind.MOMENT, value="fri 9:00", picked="2026-11-20 08:00 UTC"
            ),
            FormField("when", "When", FieldKind.MOMENT, value="some day"),
            FormField("deal", "Deal", FieldKind.RECORD, value="deal:7", picked="Spring order"),
            FormField("company", "Company", FieldKind.RECORD, value="<A>"),
            FormField("ticket", "Ticket", FieldKind.RECORD),
            FormField("owner", "Owner", FieldKind.PERSON, value="me", picked="U7"),
            FormField("other", "Other", FieldKind.PERSON, value="me", picked="me@example.com"),
        ),
    )
    view = render_form(form, "deal add <Acme>")
    View(**view).to_dict()
    assert (view["callback_id"], view["private_metadata"]) == ("form", "deal add <Acme>")
    elements = [block["element"] for block in view["blocks"]]
    assert [element["type"] for element in elements] == [
        "plain_text_input",
        "plain_text_input",
        "static_select",
        "number_input",
        "plain_text_input",
        "plain_text_input",
        "datepicker",
        "plain_text_input",
        "datetimepicker",
        "datetimepicker",
        "plain_text_input",
        "external_select",
        "external_select",
        "external_select",
        "users_select",
        "plain_text_input",
    ]
    assert elements[9]["initial_date_time"] == 1_795_161_600
    chosen = elements[11]["initial_option"]
    assert (chosen["text"]["text"], chosen["value"]) == ("Spring order", "deal:7")
    assert elements[12]["initial_option"]["text"]["text"] == "<A>"
    assert elements[14]["initial_user"] == "U7"
    assert elements[0]["initial_value"] == "<Acme>"
    assert elements[1]["multiline"] is True
    assert elements[2]["initial_option"]["value"] == "lost"
    assert elements[6]["initial_date"] == "2026-12-01"
    assert view["blocks"][0]["hint"]["text"] == "✗ Already there\nAs on the offer"
    assert [block["optional"] for block in view["blocks"]][:2] == [False, True]


def test_a_submitted_form_gives_a_text_per_field() -> None:
    state = {
        "values": {
            "name": {"value": {"type": "plain_text_input", "value": "Acme"}},
            "about": {"value": {"type": "plain_text_input", "value": None}},
            "stage": {"value": {"type": "static_select", "selected_option": {"value": "won"}}},
            "source": {"value": {"type": "static_select", "selected_option": None}},
            "close": {"value": {"type": "datepicker", "selected_date": "2026-12-01"}},
            "owner": {"value": {"type": "users_select", "selected_user": "U7"}},
            "due": {"value": {"type": "datetimepicker", "selected_date_time": 1_795_161_600}},
            "at": {"value": {"type": "datetimepicker", "selected_date_time": None}},
        }
    }
    assert read_form(state) == {
        "name": "Acme",
        "about": "",
        "stage": "won",
        "source": "",
        "close": "2026-12-01",
        "owner": "<@U7>",
        "due": "2026-11-20 08:00 UTC",
        "at": "",
    }


@given(replies.forms, replies.LINES)
@settings(max_examples=60, deadline=None)
def test_any_form_is_within_the_limits_of_a_modal(form: Form, line: str) -> None:
    view = render_form(form, line)
    View(**view).to_dict()
    assert len(view["blocks"]) <= 100
    assert len(json.dumps(view)) <= 250_000
    assert units(view["title"]["text"]) <= 24
    assert units(view["private_metadata"]) <= 3000
    for block in view["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
        for node in nodes(block):
            check_node(node)
            assert units(node.get("initial_value", "")) <= 3000


def test_a_form_with_too_much_in_it_leaves_questions_out() -> None:
    field = FormField("a", "A", FieldKind.LONG_TEXT, value="张" * 2900)
    view = render_form(Form("x", "T", (field,) * 200), "x")
    assert len(json.dumps(view)) <= 250_000
    long = render_form(Form("x", "T", (FormField("a", "A", value="x" * 3001), STAGE)), "x" * 3001)
    assert [block["block_id"] for block in long["blocks"]] == ["stage"]
    assert long["private_metadata"] == "x"


def test_a_choice_of_more_than_a_hundred_is_asked_as_text() -> None:
    many = tuple(Choice(str(n), str(n)) for n in range(101))
    view = render_form(Form("x", "T", (FormField("a", "A", FieldKind.CHOICE, choices=many),)), "x")
    assert view["blocks"][0]["element"]["type"] == "plain_text_input"


def _as_dict(field: FormField) -> dict[str, Any]:
    return {name: getattr(field, name) for name in FormField.__dataclass_fields__}


def test_who_is_mentioned_is_pointed_to_it_and_nobody_else() -> None:
    named = Reply(title="Agnes: ticket #1", mentions=("telegram:102", "slack:U0AGNES"))
    blocks = render(named, shorten).blocks
    user = {"type": "user", "user_id": "U0AGNES"}
    assert blocks[0]["elements"][0]["elements"] == [user]
    accept(blocks)
    elsewhere = Reply(title="<@U0AGNES>", mentions=("telegram:102",))
    assert "user" not in str(render(elsewhere, shorten).blocks)
