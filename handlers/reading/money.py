"""Amounts of money as people type them: `12k`, `12,000 EUR`, `€12.000`, `1.2万`.

The value itself lives in `crm_store/money.py`; showing it lives in `handlers/wording.py`.

How an amount is read, where writers differ:

- One separator with exactly three digits behind it parts thousands: `1.234` and `1,234` are both 1234. With one or two
  digits behind it is the decimal sign. Where both stand, the last is the decimal sign.
- Before `k`, `m`, `万` and the like a point is the decimal sign, so `1.234m` is 1234000; a comma is read as above.
- `$` is the default currency where that is a dollar, else USD. `¥` and `元` are the default currency where it is one of
  those so called, else CNY.
"""

from __future__ import annotations

import re
from decimal import Decimal

from crm_store.money import LIMIT, PLACES, Money
from handlers.errors import UserError
from handlers.reading.characters import plain, shown
from handlers.wording import _

_LONGEST = 60
_FINEST = 9  # decimal places that a factor can still make whole

# ISO 4217 codes of the currencies in circulation.
CURRENCIES = frozenset(
    [
        "AED",
        "AFN",
        "ALL",
        "AMD",
        "AOA",
        "ARS",
        "AUD",
        "AWG",
        "AZN",
        "BAM",
        "BBD",
        "BDT",
        "BGN",
        "BHD",
        "BIF",
        "BMD",
        "BND",
        "BOB",
        "BRL",
        "BSD",
        "BTN",
        "BWP",
        "BYN",
        "BZD",
        "CAD",
        "CDF",
        "CHF",
        "CLP",
        "CNY",
        "COP",
        "CRC",
        "CUP",
        "CVE",
        "CZK",
        "DJF",
        "DKK",
        "DOP",
        "DZD",
        "EGP",
        "ERN",
        "ETB",
        "EUR",
        "FJD",
        "FKP",
        "GBP",
        "GEL",
        "GHS",
        "GIP",
        "GMD",
        "GNF",
        "GTQ",
        "GYD",
        "HKD",
        "HNL",
        "HTG",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "IQD",
        "IRR",
        "ISK",
        "JMD",
        "JOD",
        "JPY",
        "KES",
        "KGS",
        "KHR",
        "KMF",
        "KPW",
        "KRW",
        "KWD",
        "KYD",
        "KZT",
        "LAK",
        "LBP",
        "LKR",
        "LRD",
        "LSL",
        "LYD",
        "MAD",
        "MDL",
        "MGA",
        "MKD",
        "MMK",
        "MNT",
        "MOP",
        "MRU",
        "MUR",
        "MVR",
        "MWK",
        "MXN",
        "MYR",
        "MZN",
        "NAD",
        "NGN",
        "NIO",
        "NOK",
        "NPR",
        "NZD",
        "OMR",
        "PAB",
        "PEN",
        "PGK",
        "PHP",
        "PKR",
        "PLN",
        "PYG",
        "QAR",
        "RON",
        "RSD",
        "RUB",
        "RWF",
        "SAR",
        "SBD",
        "SCR",
        "SDG",
        "SEK",
        "SGD",
        "SHP",
        "SLE",
        "SOS",
        "SRD",
        "SSP",
        "STN",
        "SVC",
        "SYP",
        "SZL",
        "THB",
        "TJS",
        "TMT",
        "TND",
        "TOP",
        "TRY",
        "TTD",
        "TWD",
        "TZS",
        "UAH",
        "UGX",
        "USD",
        "UYU",
        "UZS",
        "VED",
        "VES",
        "VND",
        "VUV",
        "WST",
        "XAF",
        "XCD",
        "XCG",
        "XOF",
        "XPF",
        "YER",
        "ZAR",
        "ZMW",
        "ZWG",
    ]
)
_DOLLARS = frozenset(
    [
        "USD",
        "AUD",
        "BBD",
        "BMD",
        "BND",
        "BSD",
        "BZD",
        "CAD",
        "FJD",
        "GYD",
        "HKD",
        "JMD",
        "KYD",
        "LRD",
        "NAD",
        "NZD",
        "SBD",
        "SGD",
        "SRD",
        "TTD",
        "TWD",
        "XCD",
    ]
)
# What is called the same in several countries: the currencies it may be, and the one it is otherwise.
_SHARED = {
    "$": (_DOLLARS | {"ARS", "CLP", "COP", "CUP", "DOP", "MXN", "UYU"}, "USD"),
    "dollar": (_DOLLARS, "USD"),
    "dollars": (_DOLLARS, "USD"),
    "¥": (frozenset({"CNY", "JPY"}), "CNY"),
    "元": (frozenset({"CNY", "HKD", "MOP", "TWD"}), "CNY"),
    "块": (frozenset({"CNY", "HKD", "MOP", "TWD"}), "CNY"),
}
_NAMED = {
    "us$": "USD",
    "a$": "AUD",
    "au$": "AUD",
    "c$": "CAD",
    "ca$": "CAD",
    "hk$": "HKD",
    "nt$": "TWD",
    "nz$": "NZD",
    "s$": "SGD",
    "r$": "BRL",
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "₴": "UAH",
    "₫": "VND",
    "฿": "THB",
    "₪": "ILS",
    "₦": "NGN",
    "₱": "PHP",
    "₸": "KZT",
    "zł": "PLN",
    "kč": "CZK",
    "euro": "EUR",
    "euros": "EUR",
    "yuan": "CNY",
    "rmb": "CNY",
    "yen": "JPY",
    "rupees": "INR",
    "人民币": "CNY",
    "元人民币": "CNY",
    "円": "JPY",
    "日元": "JPY",
    "美元": "USD",
    "美金": "USD",
    "欧元": "EUR",
    "英镑": "GBP",
    "港币": "HKD",
    "港元": "HKD",
    "新台币": "TWD",
    "台币": "TWD",
    "韩元": "KRW",
    "加元": "CAD",
    "澳元": "AUD",
    "瑞士法郎": "CHF",
    "卢布": "RUB",
}
_THOUSAND, _MILLION, _BILLION = Decimal(10**3), Decimal(10**6), Decimal(10**9)
_FACTORS = {
    **dict.fromkeys(("k", "thousand", "千"), _THOUSAND),
    **dict.fromkeys(("m", "mn", "mln", "mio", "million", "millions", "百万"), _MILLION),
    **dict.fromkeys(("b", "bn", "billion", "billions", "十亿"), _BILLION),
    "万": Decimal(10**4),
    "萬": Decimal(10**4),
    "千万": Decimal(10**7),
    "亿": Decimal(10**8),
    "億": Decimal(10**8),
}
_FACTOR = "|".join(sorted(map(re.escape, _FACTORS), key=len, reverse=True))
# Letters are ASCII for the first try, so that `12k` is not read as a currency called `k`.
_AMOUNT = re.compile(
    r"(?P<sign1>[+-]?)\s*(?P<before>[^\d\s.,()+-]{0,8}?)\s*(?P<sign2>[+-]?)\s*"
    r"(?P<number>\d[\d.,' ]*\d|\d|[.,]\d+)\s*"
    rf"(?:(?P<factor>{_FACTOR})(?![a-z]))?\.?\s*(?P<after>[^\d\s.,()+-]{{0,8}})",
    re.ASCII | re.IGNORECASE,
)
_GROUPED = re.compile(r"\d{1,3}(?:[.,' ]\d{3})+", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?[\d.,]+e[+-]?\d+", re.ASCII | re.IGNORECASE)
_NOT_FINITE = re.compile(r"[+-]?(?:s?nan|inf(?:inity)?|∞)", re.IGNORECASE)


def read_money(text: str, default_currency: str, *, allow_negative: bool = False) -> Money:
    """Read an amount, in `default_currency` where none is written; the rules stand at the top of this module.

    Raises:
        UserError: it is not an amount, has more than two decimal places, is negative without leave or is 10**15 or
            more; its currency is unknown, or there are two.
    """
    written = plain(text).strip()
    found = _AMOUNT.fullmatch(written) if len(written) <= _LONGEST else None
    if not found or (found["sign1"] and found["sign2"]):
        raise _unreadable(written)
    currency = _one_currency(found["before"], found["after"], default_currency)
    amount = _number(found["number"], scaled=bool(found["factor"]), written=written)
    amount *= _FACTORS[(found["factor"] or "").lower()] if found["factor"] else 1
    if "-" in found["sign1"] + found["sign2"]:
        amount = _negated(amount, allowed=allow_negative)
    return _money(amount, currency)


def _number(digits: str, *, scaled: bool, written: str) -> Decimal:
    sign = _decimal_sign(digits, scaled=scaled)
    whole, fraction = (digits, "") if sign < 0 else (digits[:sign], digits[sign + 1 :])
    separators = set(whole) - set("0123456789")
    if (
        len(separators) > 1
        or (separators and not _GROUPED.fullmatch(whole))
        or not (fraction or "0").isdigit()
    ):
        raise _unreadable(written)
    if len(fraction) > _FINEST:
        raise _too_fine()
    return Decimal(f"{re.sub('[^0-9]', '', whole) or '0'}.{fraction or '0'}")


def _decimal_sign(digits: str, *, scaled: bool) -> int:
    """Return where the decimal sign stands; -1 when there is none."""
    point, comma = digits.rfind("."), digits.rfind(",")
    if point >= 0 and comma >= 0:
        return max(point, comma)
    if scaled and digits.count(".") == 1:
        return point
    if _GROUPED.fullmatch(digits) and not digits.startswith("0"):
        return -1
    return max(point, comma)


def _one_currency(before: str, after: str, default: str) -> str:
    if not before or not after:
        return _currency(before or after, default) if before or after else default
    one = _currency(before, _currency(after, default))
    other = _currency(after, _currency(before, default))
    if one != other:
        raise UserError(
            _("The amount names two currencies: {one} and {other}.", one=one, other=other),
            _("Write one of them, for example: 12,000 EUR"),
        )
    return one


def _currency(name: str, default: str) -> str:
    word = name.lower()
    if word in _SHARED:
        candidates, otherwise = _SHARED[word]
        return default if default in candidates else otherwise
    code = _NAMED.get(word, name.upper())
    if code not in CURRENCIES:
        raise UserError(
            _("“{name}” is not a currency that is known here.", name=shown(name)),
            _("Write a code of three letters, for example: 12,000 EUR"),
        )
    return code


def _negated(amount: Decimal, *, allowed: bool) -> Decimal:
    if not allowed:
        raise UserError(
            _("The amount cannot be negative."),
            _("Write it without the minus, for example: 12,000 EUR"),
        )
    return -amount if amount else amount


def _money(amount: Decimal, currency: str) -> Money:
    if abs(amount) >= LIMIT:
        raise UserError(
            _("The amount is too large: it must be below 10¹⁵."),
            _("Write it in full, for example: 12,000 EUR"),
        )
    if amount != amount.quantize(PLACES):
        raise _too_fine()
    return Money(amount.quantize(PLACES), currency)


def _too_fine() -> UserError:
    return UserError(
        _("The amount has more than two decimal places."),
        _("Round it to cents, for example: 12,000.50 EUR"),
    )


def _unreadable(written: str) -> UserError:
    """Say why `written` is not an amount, as exactly as can be told."""
    hint = _("Write it like 12,000 EUR, €12.50 or 12k.")
    if not written:
        return UserError(_("The amount is missing."), hint)
    if _NOT_FINITE.fullmatch(written):
        return UserError(_("The amount must be a number."), hint)
    if _SCIENTIFIC.fullmatch(written):
        return UserError(_("Write the amount out in full, without an exponent."), hint)
    if written.startswith("(") and written.endswith(")"):
        return UserError(_("An amount in brackets can mean a negative one; it is not read."), hint)
    if any(character.isnumeric() and not character.isascii() for character in written):
        return UserError(_("Write the digits of the amount as 0 to 9."), hint)
    return UserError(_("“{text}” is not an amount of money.", text=shown(written)), hint)
