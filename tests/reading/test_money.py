"""Amounts as people type them become exact money, or a sentence that says why not."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from crm_store.money import LIMIT, Money
from handlers.errors import UserError
from handlers.reading.money import CURRENCIES, read_money


@pytest.mark.parametrize(
    ("typed", "amount", "currency"),
    [
        ("12k", "12000", "EUR"),
        ("12 K", "12000", "EUR"),
        ("12,000 EUR", "12000", "EUR"),
        ("€12.000", "12000", "EUR"),
        ("EUR 12 000", "12000", "EUR"),
        ("eur12000", "12000", "EUR"),
        ("1.2万", "12000", "EUR"),
        ("1.2万元", "12000", "CNY"),
        ("¥3亿", "300000000", "CNY"),
        ("12.5m", "12500000", "EUR"),
        ("2 mio. €", "2000000", "EUR"),
        ("1.5bn USD", "1500000000", "USD"),
        ("$1,234.56", "1234.56", "USD"),
        ("1.234,56 €", "1234.56", "EUR"),
        ("1 234 567,5", "1234567.5", "EUR"),
        ("1'234.50 CHF", "1234.50", "CHF"),
        ("1.234", "1234", "EUR"),
        ("1,234", "1234", "EUR"),
        ("1.234.567", "1234567", "EUR"),
        ("1.23", "1.23", "EUR"),
        ("1,5", "1.5", "EUR"),
        ("0,500", "0.50", "EUR"),
        ("1.234m", "1234000", "EUR"),
        ("1,250万", "12500000", "EUR"),
        (".5m", "500000", "EUR"),
        ("100元", "100", "CNY"),
        ("100块", "100", "CNY"),
        ("100円", "100", "JPY"),
        ("５００美元", "500", "USD"),
        ("￥１，０００", "1000", "CNY"),
        ("US$ 5", "5", "USD"),
        ("$1,000 CAD", "1000", "CAD"),
        ("¥100 JPY", "100", "JPY"),
        ("5 dollars", "5", "USD"),
        ("+5", "5", "EUR"),
        ("0", "0", "EUR"),
        ("999999999999999.99", "999999999999999.99", "EUR"),
    ],
)
def test_an_amount_is_read(typed: str, amount: str, currency: str) -> None:
    assert read_money(typed, "EUR") == Money(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("typed", "default", "currency"),
    [
        ("$5", "AUD", "AUD"),
        ("$5", "MXN", "MXN"),
        ("$5", "CNY", "USD"),
        ("¥5", "JPY", "JPY"),
        ("¥5", "CNY", "CNY"),
        ("¥5", "USD", "CNY"),
        ("5元", "TWD", "TWD"),
        ("5元", "JPY", "CNY"),
    ],
)
def test_a_shared_sign_is_the_default_currency_where_that_is_called_so(
    typed: str, default: str, currency: str
) -> None:
    assert read_money(typed, default).currency == currency


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "missing"),
        ("NaN", "must be a number"),
        ("sNaN", "must be a number"),
        ("-Infinity", "must be a number"),
        ("1e999", "exponent"),
        ("1E+999999999999", "exponent"),
        ("-100", "negative"),
        ("-0", "negative"),
        ("EUR -5", "negative"),
        ("0.001", "two decimal places"),
        ("1.2345", "two decimal places"),
        ("12345.678", "two decimal places"),
        ("0.0000000001m", "two decimal places"),
        ("(100)", "brackets"),
        ("٥٠٠", "0 to 9"),
        ("1½", "not a currency"),
        ("100 XXX", "not a currency"),
        ("12kEUR", "not a currency"),
        ("5%", "not a currency"),
        ("€100 USD", "two currencies"),
        ("99999999999999999999.99", "too large"),
        ("1000000000000000", "too large"),
        ("9999999999 bn", "too large"),
        ("1.2.3", "not an amount"),
        ("12,34,567", "not an amount"),
        ("1 2", "not an amount"),
        ("1,234.567.890", "not an amount"),
        ("--5", "not an amount"),
        ("twelve", "not an amount"),
        ("9" * 100, "not an amount"),
    ],
)
def test_anything_else_is_refused_with_the_reason_and_an_example(typed: str, reason: str) -> None:
    with pytest.raises(UserError) as refused:
        read_money(typed, "EUR")
    assert reason in refused.value.what
    assert "EUR" in refused.value.hint


def test_a_negative_amount_is_read_where_it_is_allowed() -> None:
    assert read_money("-12,50 €", "USD", allow_negative=True) == Money(Decimal("-12.50"), "EUR")
    assert str(read_money("-0", "USD", allow_negative=True).amount) == "0.00"


def test_every_currency_is_one_that_can_be_written() -> None:
    assert set(Locale("en").currencies) >= CURRENCIES


amounts = st.decimals(Decimal(0), LIMIT - 1, places=2, allow_nan=False, allow_infinity=False)


@given(amounts, st.sampled_from(sorted(CURRENCIES)), st.sampled_from(["{:.2f}", "{:,.2f}"]))
def test_a_written_amount_is_read_back(amount: Decimal, currency: str, form: str) -> None:
    money = Money(amount, currency)
    assert read_money(f"{form.format(amount)} {currency}", "USD") == money
    assert read_money(f"{currency} {form.format(amount)}", "USD") == money


@given(amounts)
def test_points_and_commas_may_change_places(amount: Decimal) -> None:
    swapped = f"{amount:,.2f}".translate({ord(","): ".", ord("."): ","})
    assert read_money(swapped, "EUR").amount == amount
