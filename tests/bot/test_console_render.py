"""Replies in a terminal: never wider than it, and nothing in them can steer it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.console.render import render, wrap
from bot.visible import visible, width
from handlers.reply import (
    Action,
    Chart,
    ChartKind,
    Choice,
    Field,
    Form,
    FormField,
    Reply,
    Row,
    Series,
    Table,
    Tone,
)
from tests.bot import replies


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@given(replies.replies, st.integers(48, 120))
@settings(max_examples=60, deadline=None)
def test_any_reply_is_never_wider_than_the_terminal(reply: Reply, columns: int) -> None:
    screen = render(reply, width=columns)
    assert max(width(row) for row in screen.text.split("\n")) <= columns
    assert visible(screen.text) == screen.text
    assert plain(render(reply, width=columns, colour=True).text) == screen.text


def test_an_enormous_reply_is_drawn_with_its_rest_counted() -> None:
    screen = render(replies.enormous("Ünïcode & <b> 谈判 "))
    assert "and 9,800 more rows" in screen.text
    assert len(screen.lines) == 500


@pytest.mark.parametrize("text", replies.HOSTILE)
def test_text_of_people_comes_out_letter_by_letter_and_cannot_steer(text: str) -> None:
    screen = render(replies.everywhere(text), width=120)
    assert screen.text.count(visible(text)) >= 7
    assert "\x1b" not in screen.text


def test_a_card_reads_as_it_should() -> None:
    table = Table(
        ("#", "Deal", "Amount"), (Row(("42", "谈判", "€12,000"), "deal show 42"),), (0, 2)
    )
    reply = Reply(
        title="Two deals",
        fields=(Field("Owner", "Ann\nBo"), Field("Company", "Acme")),
        table=table,
        actions=(Action("Done", "task done 1"), Action("Snooze", "task snooze 1")),
        footer="just now",
        tone=Tone.WARNING,
    )
    screen = render(reply)
    assert screen.text.split("\n") == [
        "! Two deals",
        "",
        "Owner    Ann",
        "         Bo",
        "Company  Acme",
        "",
        " #  Deal   Amount",
        "──  ────  ───────",
        "42  谈判  €12,000",
        "Open a row, for example: deal show 42",
        "",
        "[1] Done  [2] Snooze",
        "",
        "just now",
    ]
    assert screen.lines == ("task done 1", "task snooze 1")


def test_a_table_that_cannot_fit_becomes_a_block_per_row() -> None:
    titles = tuple(f"Column {n}" for n in range(12))
    screen = render(
        Reply(table=Table(titles, (Row(tuple("a fairly long value" for _ in titles)),)))
    )
    assert screen.text.startswith("a fairly long value\n  Column 1: a fairly long value\n")


def test_bars_show_their_share_and_their_number() -> None:
    chart = Chart(
        ChartKind.BARS, "Pipeline", ("New", "Won", "Lost"), (Series("x", (10, 5, None)),), "EUR"
    )
    title, new, won, lost = render(Reply(chart=chart), width=48).text.split("\n")
    assert title == "Pipeline (EUR)"
    assert (new.count("█"), won.count("█")) == (29, 14)
    assert new.endswith(" 10")
    assert lost.endswith("–")


def test_stacked_bars_add_up_and_lines_are_sparks_with_gaps() -> None:
    both = (Series("Won", (4, 1)), Series("Lost", (1, 2)))
    stacked = render(Reply(chart=Chart(ChartKind.STACKED, "Reps", ("Ann", "Bo"), both))).text
    assert "█ Won  ▓ Lost" in stacked
    assert re.search(r"Ann │█+▓+ 5\n", stacked)
    lines = render(
        Reply(
            chart=Chart(ChartKind.LINES, "T", ("a", "b", "c", "d"), (Series("x", (1, None, 2, 8)),))
        )
    ).text
    assert lines == "T\nx ▁ ▂█ 1 → 8\na … d"


def test_a_form_asks_its_first_open_question() -> None:
    form = Form(
        "deal move", "Move", (FormField("s", "Where to?", choices=(Choice("Won", "won"),)),)
    )
    screen = render(Reply(form=form))
    assert screen.text == "Move\nWhere to?\n\n[1] Won"
    assert screen.lines == ("won",)


def test_colour_only_where_there_is_a_terminal() -> None:
    reply = Reply(title="No", tone=Tone.BAD)
    assert render(reply).text == "✗ No"
    assert render(reply, colour=True).text == "\x1b[1;31m✗ No\x1b[0m"


def test_an_empty_reply_still_says_something() -> None:
    assert render(Reply()).text == "Done."


def test_lines_break_at_spaces_and_wide_text_anywhere() -> None:
    assert wrap("one two three", 8) == ["one two", "three"]
    assert wrap("张伟李娜王芳", 5) == ["张伟", "李娜", "王芳"]
