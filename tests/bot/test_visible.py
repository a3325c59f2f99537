"""What people see of a text, and where it may be cut."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.visible import clusters, fit, line, open_question, paragraph, units, visible, width
from handlers.reply import Form, FormField
from tests.bot.replies import HOSTILE


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("A\u202egnp.exe", "A⟨U+202E⟩gnp.exe"),
        ("pay\u200bpal", "pay⟨U+200B⟩pal"),
        ("\x1b[2J", "⟨U+001B⟩[2J"),
        ("a\u2028b", "a⟨U+2028⟩b"),
        ("\ud800", "⟨U+D800⟩"),
        ("a\U000e0041", "a⟨U+E0041⟩"),
        ("one\r\ntwo\tthree", "one\ntwo three"),
    ],
)
def test_a_hidden_character_is_shown_as_a_mark(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown


@pytest.mark.parametrize(
    "text", ["👨‍👩‍👧‍👦", "❤️ 👍🏽 🇩🇪", "می‌خواهم", "क्‍ष", "Zoë Ünal", "张伟", "e\u0301"]
)
def test_people_who_write_with_joiners_and_marks_are_left_alone(text: str) -> None:
    assert visible(text) == text


def test_only_six_combining_marks_in_a_row_stay_marks() -> None:
    assert visible("e" + "\u0301" * 8) == "e" + "\u0301" * 6 + "⟨U+0301⟩" * 2


@given(st.text())
def test_nothing_that_directs_or_hides_is_left(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert not [
        c for c in shown if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} and c != "\n"
    ]
    assert not set(shown) & set(
        "\u200b\u200e\u200f\u202a\u202b\u202d\u202e\u2066\u2067\u2069\ufeff"
    )


@given(st.text() | st.sampled_from(HOSTILE), st.integers(1, 40))
def test_a_cut_text_keeps_its_limit_and_its_beginning(text: str, limit: int) -> None:
    for measure in (units, width):
        cut = fit(text, limit, measure)
        assert measure(cut) <= limit
        assert cut == text or text.startswith(cut.removesuffix("…"))


@given(st.text())
def test_clusters_are_the_text_again(text: str) -> None:
    assert "".join(clusters(text)) == text


def test_a_family_is_never_cut_into_persons() -> None:
    assert fit("ab 👨‍👩‍👧‍👦", 13, units) == "ab…"
    assert fit("🇩🇪🇫🇷", 6, units) == "🇩🇪…"


def test_a_blank_line_is_a_dash_and_a_line_has_no_breaks() -> None:
    assert line("  ", 10) == "–"
    assert line("a\nb", 10) == "a b"
    assert paragraph("a\nb", 10) == "a\nb"


@given(
    st.text(
        st.characters(min_codepoint=0xA0, max_codepoint=0xFFFF, exclude_categories=["Cs", "Cf"])
    )
)
def test_a_quick_look_at_plain_text_counts_like_a_close_one(text: str) -> None:
    assert width(text) + 2 == width(text + "❤️")


def test_wide_characters_take_two_columns() -> None:
    assert [width(text) for text in ("abc", "张伟", "e\u0301", "❤️", "🇩🇪")] == [3, 4, 1, 2, 2]


def test_a_form_asks_first_for_what_was_wrong_then_for_what_is_missing() -> None:
    given_, missing = FormField("a", "A", value="1"), FormField("b", "B")
    optional, wrong = FormField("c", "C", required=False), FormField("d", "D", value="x", error="?")
    assert open_question(Form("x", "", (given_, optional, missing, wrong))) is wrong
    assert open_question(Form("x", "", (given_, optional, missing))) is missing
    assert open_question(Form("x", "", (given_, optional))) is optional
    assert open_question(Form("x", "", (given_,))) is None
