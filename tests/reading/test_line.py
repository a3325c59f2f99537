"""A typed line becomes clean text, and clean text becomes words, quoted values and named values."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from handlers.errors import UserError
from handlers.reading.characters import numeral, plain, shown
from handlers.reading.line import LIMIT, Line, clean, split, strip_prefix
from tests.reading.hostile import anything

NAMES = frozenset({"email", "company", "amount"})


def words(line: Line) -> list[str]:
    """Return the values of a line as they were written."""
    return [token.raw for token in line.tokens]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  deal list \n", "deal list"),
        ("\ufeffdeal\u200b", "deal"),
        ("\u3000\u00a0deal", "deal"),
        ("e\u0301milie", "émilie"),
        ("one\r\ntwo\u2028three", "one\ntwo\nthree"),
        ("１２ Müller—“x”", "１２ Müller—“x”"),
        ("\r\n\r\n", ""),
        ("a\tb", "a\tb"),
        ("👨\u200d👩", "👨\u200d👩"),
    ],
)
def test_clean_keeps_the_text_and_drops_what_cannot_be_seen_at_its_ends(
    typed: str, kept: str
) -> None:
    assert clean(typed) == kept


@pytest.mark.parametrize(
    ("typed", "mark"),
    [
        ("a\x00b", "␀"),
        ("\x1b[2J", "␛"),
        ("a\rb", "␍"),
        ("\x7f", "\ufffd"),
        ("a\ud800", "\ufffd"),
        ("\ufffe", "\ufffd"),
    ],
)
def test_clean_refuses_what_no_chat_keeps_and_shows_a_mark_for_it(typed: str, mark: str) -> None:
    with pytest.raises(UserError) as refused:
        clean(typed)
    assert mark in refused.value.what
    assert refused.value.hint


@pytest.mark.parametrize("typed", ["x" * (LIMIT + 1), "x" * 100_000, "\ufb2c" * 2_000])
def test_clean_refuses_more_than_four_thousand_characters(typed: str) -> None:
    with pytest.raises(UserError, match="too long"):
        clean(typed)


@given(anything)
def test_clean_leaves_clean_text_alone(text: str) -> None:
    try:
        cleaned = clean(text)
    except UserError:
        return
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("/crm", ""),
        ("/crm ", ""),
        ("/crm deal list", "deal list"),
        ("/CRM\tdeal list", "deal list"),
        ("！crm deal list", "deal list"),
        ("／crm@MyBot deal list", "deal list"),
        ("/deal@mybot move 42", "deal move 42"),
        ("//deal list", "deal list"),
        ("/", ""),
        ("/crm@", ""),
        ("crm deal list", "deal list"),
        ("deal list", "deal list"),
        ("ann@example.com called", "ann@example.com called"),
        ("/deal\nline two", "deal\nline two"),
        ("", ""),
        ("你好", "你好"),
    ],
)
def test_the_marks_of_a_chat_command_are_dropped(typed: str, left: str) -> None:
    assert strip_prefix(typed, bot="mybot") == left


def test_a_line_for_another_bot_is_not_ours() -> None:
    assert strip_prefix("/crm@otherbot contact list", bot="mybot") is None
    assert strip_prefix("/crm@otherbot contact list") == "contact list"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("deal move 42 won", ["deal", "move", "42", "won"]),
        ("deal\u00a0move\u300042\n\twon", ["deal", "move", "42", "won"]),
        ("O'Brien it's 'Ann' ’tis", ["O'Brien", "it's", "'Ann'", "’tis"]),
        ('add "Ann Lee" now', ["add", "Ann Lee", "now"]),
        ('“Ann Lee” „Bo Li“ «Cy X» ＂D E＂ “F G"', ["Ann Lee", "Bo Li", "Cy X", "D E", "F G"]),
        ('"He said “hi” there" x', ["He said “hi” there", "x"]),
        ('“He said "hi" there” x', ['He said "hi" there', "x"]),
        ('"say \\"hi\\" now" x', ['say "hi" now', "x"]),
        ('"C:\\dir\\"', ["C:\\dir\\"]),
        ("a\\b \\ c", ["a\\b", "\\", "c"]),
        ('"Ann', ['"Ann']),
        ('"Ann Lee', ['"Ann', "Lee"]),
        ('5" pipe 6" pipe', ['5"', "pipe", '6"', "pipe"]),
        ('"Ann"Lee"', ['Ann"Lee']),
        ('"a b"@example.com', ['"a', 'b"@example.com']),
        ('""', [""]),
        ('"\\""', ['"']),
        ("stage=won", ["stage=won"]),
        ("\u200bAnn\u200d \u200b Lee", ["Ann", "Lee"]),
        ("", []),
    ],
)
def test_a_line_is_cut_into_words_and_quoted_values(typed: str, expected: list[str]) -> None:
    assert words(split(typed)) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("email=a@b.de", "a@b.de"),
        ("Email=a@b.de", "a@b.de"),
        ("ｅｍａｉｌ＝ａ＠ｂ．ｄｅ", "a@b.de"),
        ('email="a b"', "a b"),
        ("email=“a b”", "a b"),
        ("email=", ""),
        ('email=""', ""),
        ("email==a@b.de", "=a@b.de"),
        ('email="a', '"a'),
        ("email=a–b", "a-b"),
    ],
)
def test_a_known_name_takes_its_value(typed: str, expected: str) -> None:
    (token,) = split(typed, NAMES).tokens
    assert (token.name, token.text) == ("email", expected)


@pytest.mark.parametrize(
    "typed", ["__class__=x", "=x", "e mail=x", "emails=x", "formula=a=b", "a.email=x", "1email=x"]
)
def test_any_other_name_is_plain_text(typed: str) -> None:
    assert [token.name for token in split(typed, NAMES).tokens] == [""] * len(typed.split())


def test_a_name_given_twice_is_reported() -> None:
    with pytest.raises(UserError) as refused:
        split("contact add Ann email=a@example.com email=b@example.com", NAMES)
    assert "email=" in refused.value.what


def test_a_token_has_both_the_written_and_the_plain_form() -> None:
    (token,) = split("“Ｍüller—Ｃｏ”").tokens
    assert (token.raw, token.text, token.quoted) == ("Ｍüller—Ｃｏ", "Müller-Co", True)


def test_the_rest_of_a_line_is_kept_as_it_was_written() -> None:
    line = split('note add 42  He said  "yes"\n\n- twice — ok')
    assert line.rest(line.tokens[3:]) == 'He said  "yes"\n\n- twice — ok'
    assert line.rest(line.tokens[3:5]) == "He said"
    assert line.rest([]) == ""


def test_the_rest_leaves_out_named_values_but_no_others() -> None:
    line = split('ticket new Printer is amount=3 broken company="A B"', NAMES)
    plain_words = [token for token in line.tokens[2:] if not token.name]
    assert line.rest(plain_words) == "Printer is broken"
    assert line.rest(line.tokens[2:]) == 'Printer is amount=3 broken company="A B"'


def test_a_single_quoted_rest_loses_its_quotes() -> None:
    line = split('ticket new "<!channel> down"')
    assert line.rest(line.tokens[2:]) == "<!channel> down"


def test_split_refuses_what_clean_would_have_refused() -> None:
    with pytest.raises(UserError, match="too long"):
        split('"' * 100_000)


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20), max_size=6))
def test_quoted_values_come_back_as_they_were(values: list[str]) -> None:
    assume(not any(value.endswith("\\") or '\\"' in value for value in values))
    typed = " ".join('"' + value.replace('"', '\\"') + '"' for value in values)
    assume(len(typed) <= LIMIT)
    assert words(split(typed)) == values


@given(anything)
def test_tokens_and_the_gaps_between_them_make_the_line(text: str) -> None:
    line = split(text)
    gaps, end = [], 0
    for token in line.tokens:
        assert end <= token.start <= token.end
        gaps.append(text[end : token.start])
        end = token.end
    gaps.append(text[end:])
    assert not "".join(gaps).strip(
        "\u00ad\u200b\u200c\u200d\u2060\ufeff" + "".join({c for c in text if c.isspace()})
    )


@given(anything)
def test_the_plain_form_has_the_same_places(text: str) -> None:
    assert len(plain(text)) == len(text)
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("7", 7),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("二十三", 23),
        ("一百零五", 105),
        ("两", 2),
        ("二〇二七", 2027),
    ],
)
def test_chinese_numerals_are_numbers(written: str, number: int) -> None:
    assert numeral(written) == number


@given(anything)
def test_what_is_shown_back_is_one_short_line(text: str) -> None:
    echo = shown(text * 3)
    assert len(echo) <= 40
    assert "\n" not in echo
    assert "\x1b" not in echo


def test_what_is_cut_ends_with_an_ellipsis() -> None:
    assert shown("x" * 40) == "x" * 40
    assert shown("x" * 41) == "x" * 39 + "…"


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("call due=1 me", "call me"),
        ("one\ndue=1\ntwo", "one\ntwo"),
        ("one due=1\n\ntwo", "one\n\ntwo"),
        ("one\ndue=1 two", "one\ntwo"),
        ("one  two due=1 three", "one  two three"),
    ],
)
def test_no_gap_is_left_where_a_value_was_cut_out(text: str, rest: str) -> None:
    line = split(text, frozenset({"due"}))
    assert line.rest([token for token in line.tokens if not token.name]) == rest
