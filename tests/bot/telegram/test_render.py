"""Replies as Telegram HTML: within every limit, and people's text letter by letter."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from bot.telegram.render import (
    TelegramMessage,
    confirmation,
    read_press,
    render,
)
from bot.visible import units, visible, width
from handlers.reply import Action, Choice, Field, Form, FormField, Reply, Row, Style, Table, Tone
from tests.bot import replies


class Reader(HTMLParser):
    """Reads HTML as Telegram does: known tags without attributes, none inside another."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[tuple[str, str]] = []
        self.open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Refuse unknown tags, attributes and nesting."""
        assert tag in {"b", "i", "code", "pre"}
        assert not attrs
        assert not self.open
        self.open = tag

    def handle_endtag(self, tag: str) -> None:
        """Refuse a tag that is not the open one."""
        assert tag == self.open
        self.open = ""

    def handle_data(self, data: str) -> None:
        """Keep the text with the tag around it."""
        self.parts.append((self.open, data))


def read(markup: str) -> list[tuple[str, str]]:
    assert not re.search(r"&(?!(amp|lt|gt);)", markup)
    reader = Reader()
    reader.feed(markup)
    reader.close()
    assert not reader.open
    return reader.parts


def text_of(message: TelegramMessage) -> str:
    return "".join(text for _tag, text in read(message.html))


class Keys:
    """Keeps what is too long for a button."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """Return the key of a text."""
        return self.kept.setdefault(text, f"{len(self.kept):032}")

    def find(self, key: str) -> str:
        """Return the text of a key."""
        return next(text for text, kept in self.kept.items() if kept == key)


def accept(message: TelegramMessage) -> None:
    """Refuse what Telegram refuses, and a mention that would notify somebody."""
    assert 1 <= units(text_of(message).strip()) <= 4_096
    assert sum(len(row) for row in message.keyboard) <= 100
    for row in message.keyboard:
        assert 1 <= len(row) <= 3
        for button in row:
            assert 1 <= units(button["text"].strip()) <= 64
            assert 1 <= len(button["callback_data"].encode()) <= 64
    for tag, part in read(message.html):
        assert tag in {"code", "pre"} or not re.search(r"(?<![A-Za-z0-9_])@[A-Za-z0-9_]", part)


@given(replies.replies)
@settings(max_examples=60, deadline=None)
def test_any_reply_is_within_the_limits(reply: Reply) -> None:
    accept(render(reply, Keys()))
    assert render(reply, Keys()) == render(reply, Keys())


def test_an_enormous_reply_is_within_the_limits_and_says_what_it_leaves_out() -> None:
    message = render(replies.enormous(), Keys())
    accept(message)
    for part in ("more fields", "more rows", "more buttons"):
        assert part in text_of(message)


def test_a_table_of_ten_thousand_rows_shows_what_fits_and_counts_the_rest() -> None:
    table = Table(("N",), tuple(Row((str(n),)) for n in range(10_000)))
    message = render(Reply(title="All", table=table), Keys())
    accept(message)
    assert "and 9," in text_of(message)


@pytest.mark.parametrize("text", replies.HOSTILE)
def test_text_of_people_comes_out_letter_by_letter(text: str) -> None:
    message = render(replies.everywhere(text), Keys())
    accept(message)
    assert text_of(message).count(visible(text)) >= 8
    assert all(visible(text)[:12] in button["text"] for button in message.keyboard[0])


def test_a_mention_in_any_text_notifies_nobody() -> None:
    message = render(Reply(title="Ask @ann_smith", text="a@b.example, (@bob)"), Keys())
    assert read(message.html) == [
        ("b", "Ask "),
        ("code", "@ann_smith"),
        ("", "\na@b.example, ("),
        ("code", "@bob"),
        ("", ")"),
    ]


def test_a_card_reads_as_it_should() -> None:
    message = render(
        Reply(
            title="Deal 42 moved to Won",
            text="Well done & congratulations.",
            fields=(Field("Amount", "€12,000"), Field("Owner", "")),
            actions=(
                Action("Undo", "undo", replaces=True),
                Action("Show", "deal show 42", Style.PRIMARY),
            ),
            footer="just now",
            tone=Tone.GOOD,
        ),
        Keys(),
    )
    assert message.html == (
        "<b>✓ Deal 42 moved to Won</b>\n"
        "Well done &amp; congratulations.\n\n"
        "<b>Amount: </b>€12,000\n"
        "<b>Owner: </b>–\n\n"
        "<i>just now</i>"
    )
    assert message.keyboard == [
        [
            {"text": "Undo", "callback_data": "s:undo"},
            {"text": "Show", "callback_data": "r:deal show 42", "style": "primary"},
        ]
    ]


def test_a_narrow_table_is_aligned_and_a_wide_one_is_stacked() -> None:
    narrow = Table(("Stage", "Deals"), (Row(("New", "3")), Row(("谈判", "12"))), (1,))
    assert render(Reply(table=narrow), Keys()).html == (
        "<pre>Stage  Deals\n────────────\nNew        3\n谈判      12</pre>"
    )
    wide = Table(
        ("#", "Deal", "Company"), (Row(("42", "Renewal " * 4, "Acme <Ltd>"), "deal show 42"),)
    )
    message = render(Reply(table=wide), Keys())
    assert message.html == (
        "<b>42 · Renewal Renewal Renewal Renewal</b>\nCompany: Acme &lt;Ltd&gt;"
    )
    assert message.keyboard == [[{"text": "42", "callback_data": "r:deal show 42"}]]


@given(replies.tables)
@settings(max_examples=40, deadline=None)
def test_a_monospaced_table_is_never_wider_than_a_phone(table: Table) -> None:
    for tag, text in read(render(Reply(table=table), Keys()).html):
        assert tag != "pre" or max(width(row) for row in text.split("\n")) <= 34


def test_three_short_buttons_stand_side_by_side_and_long_ones_alone() -> None:
    labels = ("Done", "Snooze", "Log", "Reassign to somebody else", "Cancel")
    keyboard = render(Reply(actions=tuple(Action(a, "x") for a in labels)), Keys()).keyboard
    assert [[button["text"] for button in row] for row in keyboard] == [
        ["Done", "Snooze", "Log"],
        ["Reassign to somebody else"],
        ["Cancel"],
    ]


def test_a_line_of_more_than_64_bytes_is_kept_under_a_key() -> None:
    keys = Keys()
    line = "deal move 42 赢单 " + "谈" * 20
    actions = (Action("A", line), Action("B", line, replaces=True), Action("C", "x" * 62))
    buttons = [b for row in render(Reply(actions=actions), keys).keyboard for b in row]
    presses = [read_press(button["callback_data"]) for button in buttons]
    assert [(p.kind, p.replaces) for p in presses] == [
        ("key", False),
        ("key", True),
        ("line", False),
    ]
    assert keys.find(presses[0].value) == line
    assert presses[2].value == "x" * 62


def test_a_button_with_a_question_asks_it_on_a_second_card() -> None:
    keys = Keys()
    action = Action("Delete", "deal delete 42", Style.DANGER, replaces=True, confirm="Delete <42>?")
    button = render(Reply(actions=(action,)), keys).keyboard[0][0]
    press = read_press(button["callback_data"])
    assert press.kind == "confirm"
    card = confirmation(keys.find(press.value), keys)
    accept(card)
    assert card.html == "Delete &lt;42&gt;?"
    sure, cancel = card.keyboard[0]
    assert (sure["callback_data"], sure["style"]) == ("s:deal delete 42", "danger")
    assert read_press(cancel["callback_data"]).kind == "cancel"
    assert read_press("from an older version").kind == "cancel"


def test_a_form_asks_its_first_open_question() -> None:
    choices = (Choice("Won", "won"), Choice("Lost", "lost"))
    form = Form(
        "deal move",
        "Move a deal",
        (
            FormField("deal", "Which deal?", value="42"),
            FormField("stage", "Where to?", choices=choices),
        ),
    )
    message = render(Reply(form=form), Keys())
    assert message.html == "<b>Move a deal</b>\nWhere to?"
    assert message.keyboard == [
        [{"text": "Won", "callback_data": "r:won"}, {"text": "Lost", "callback_data": "r:lost"}]
    ]


def test_an_empty_reply_still_says_something() -> None:
    assert render(Reply(), Keys()).html == "Done."


def test_who_is_mentioned_is_pointed_to_it() -> None:
    named = Reply(title="Agnes <3: ticket #1", mentions=("telegram:102", "slack:U0AGNES"))
    message = render(named, Keys())
    assert message.html == '<a href="tg://user?id=102"><b>Agnes &lt;3: ticket #1</b></a>'
