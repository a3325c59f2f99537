"""E-mail addresses, phone numbers and websites come out in one form, and forged or broken ones not at all."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.errors import UserError
from handlers.reading.contact_points import read_email, read_phone, read_website


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ann@example.com", "ann@example.com"),
        (" Ann.Lee+crm@Example.COM\u200b", "Ann.Lee+crm@example.com"),
        ("ann＠example．com", "ann@example.com"),
        ("mailto:ann@example.com", "ann@example.com"),
        ("<mailto:ann@example.com|ann@example.com>", "ann@example.com"),
        ("<ann@example.com>", "ann@example.com"),
        ("o'brien@example.ie", "o'brien@example.ie"),
        ("a@EXÄMPLE.com", "a@exämple.com"),
        ("ann@例子.中国", "ann@例子.中国"),
        ("ann@xn--fsqu00a.xn--fiqs8s", "ann@xn--fsqu00a.xn--fiqs8s"),
        ("ann@president.рф", "ann@president.рф"),
    ],
)
def test_an_email_is_read(typed: str, kept: str) -> None:
    assert read_email(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            "@",
            "a@",
            "@b",
            "a@b",
            "a@b@c.de",
            "a b@example.com",
            '"a b"@example.com',
            "a@[127.0.0.1]",
            "a@127.0.0.1",
        ),
        *(
            "a@example.com\nbcc:x@example.com",
            "a..b@example.com",
            ".a@example.com",
            "a@-b.com",
            "a@b_c.com",
            "a@b..com",
        ),
        *(
            "a@printer.local",
            "x" * 65 + "@example.com",
            "a@" + "b." * 130 + "com",
            "a@example.com,b@example.com",
        ),
        "=HYPERLINK(1)@example.com",
    ],
)
def test_what_is_not_one_email_is_refused(typed: str) -> None:
    with pytest.raises(UserError, match="not an e-mail address"):
        read_email(typed)


@pytest.mark.parametrize("typed", ["a\u0430@example.com", "ann@ex\u0430mple.com", "ann@goοgle.com"])
def test_an_address_that_mixes_alphabets_is_refused(typed: str) -> None:
    with pytest.raises(UserError, match="alphabets"):
        read_email(typed)


@pytest.mark.parametrize(
    ("typed", "region", "kept"),
    [
        ("+4930901820", "US", "+4930901820"),
        ("+49 30 901820", "US", "+4930901820"),
        ("+49-30.901820", "US", "+4930901820"),
        ("＋４９ ３０ ９０１８２０", "US", "+4930901820"),
        ("<tel:+15550100|+1 555 0100>", "US", "+15550100"),
        ("tel:+1-555-010-0199", "DE", "+15550100199"),
        ("030 901820", "DE", "+4930901820"),
        ("0049 30 901820", "DE", "+4930901820"),
        ("+44 (0)20 7946 0018", "US", "+442079460018"),
        ("+49 0171 1234567", "US", "+491711234567"),
        ("+39 06 698 1234", "US", "+39066981234"),
        ("138 0013 8000", "CN", "+8613800138000"),
        ("(555) 010-0199", "US", "+15550100199"),
        ("+1 (555) 010-0199 ext 4", "DE", "+15550100199;ext=4"),
        ("+1-555-010-0199 x4", "DE", "+15550100199;ext=4"),
        ("+86 138 0013 8000 转 12", "US", "+8613800138000;ext=12"),
        ("+86 138 0013 8000分机12", "US", "+8613800138000;ext=12"),
    ],
)
def test_a_phone_number_is_read(typed: str, region: str, kept: str) -> None:
    assert read_phone(typed, region) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "+",
        "++1555",
        "12",
        "abc",
        "٠١٢٣",
        "+0123456789",
        "9" * 100,
        "call me",
        "555 010",
    ],
)
def test_what_is_no_phone_number_is_refused(typed: str) -> None:
    with pytest.raises(UserError) as refused:
        read_phone(typed, "US")
    assert "not a phone number" in refused.value.what
    assert "+49" in refused.value.hint


@pytest.mark.parametrize("typed", ["1.555E+10", "1,555e+10", "15550100199.0", "+4930901820.0"])
def test_a_number_that_a_spreadsheet_has_damaged_is_refused_by_name(typed: str) -> None:
    with pytest.raises(UserError, match="spreadsheet"):
        read_phone(typed, "US")


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
def test_the_example_number_of_every_country_is_read_in_each_form(region: str) -> None:
    number = phonenumbers.example_number(region)
    assert number
    expected = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    for form in (
        phonenumbers.PhoneNumberFormat.E164,
        phonenumbers.PhoneNumberFormat.INTERNATIONAL,
        phonenumbers.PhoneNumberFormat.NATIONAL,
    ):
        assert read_phone(phonenumbers.format_number(number, form), region) == expected


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("acme.com", "https://acme.com"),
        ("www.Acme.com/", "https://www.acme.com"),
        ("HTTP://ACME.COM:8080/A?b=C#d", "http://acme.com:8080/A?b=C#d"),
        ("acme.com:8080", "https://acme.com:8080"),
        ("<http://acme.com|acme.com>", "http://acme.com"),
        ("<https://acme.com/about>", "https://acme.com/about"),
        ("<https://acme.com|our site>", "https://acme.com"),
        ("例子.中国", "https://例子.中国"),
        ("http://8.8.8.8/x", "http://8.8.8.8/x"),
        ("http://[2001:4860:4860::8888]/", "http://[2001:4860:4860::8888]"),
    ],
)
def test_a_website_is_read(typed: str, kept: str) -> None:
    assert read_website(typed) == kept
    assert read_website(kept) == kept


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            "acme",
            "https://",
            "//acme.com",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "ftp://acme.com",
            "data:x.y",
        ),
        *(
            "http://127.0.0.1:8080/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[::1]/",
            "http://10.0.0.1",
        ),
        *(
            "http://[::ffff:127.0.0.1]/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://127.1/",
            "http://0177.0.0.1/",
        ),
        *(
            "localhost",
            "http://localhost:8080",
            "printer.local",
            "db.internal",
            "http://224.0.0.1/",
        ),
        *(
            "http://user:pass@host.com/",
            "a@b.de",
            "mailto:a@b.de",
            "http://a\\@b.com",
            "acme.com:99999",
            "acme.com:0",
        ),
        *(
            "http://ac me.com",
            "https://[acme.com",
            "x" * 600 + ".com",
            'https://a.com/"onclick',
            "http://a_b.com",
        ),
    ],
)
def test_what_is_no_public_website_is_refused(typed: str) -> None:
    with pytest.raises(UserError, match="not the address of a public website"):
        read_website(typed)


def test_a_link_that_shows_another_address_is_refused() -> None:
    with pytest.raises(UserError, match="another address"):
        read_website("<http://evil.example|https://bank.example>")


def test_a_website_that_mixes_alphabets_is_refused() -> None:
    with pytest.raises(UserError, match="alphabets"):
        read_website("http://ex\u0430mple.com")
