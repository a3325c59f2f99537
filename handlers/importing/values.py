"""What stands in the cells: names, addresses, amounts and days, by the same rules as in chat.

Each reader raises UserError with the reason. Dates are absolute: what is relative or can be read in
two ways is refused.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from crm_store.money import LIMIT, PLACES, Money
from handlers.errors import UserError
from handlers.reading import contact_points, moments
from handlers.reading.calendar_days import FIRST_YEAR, LAST_YEAR, too_far
from handlers.reading.characters import plain, shown
from handlers.reading.money import CURRENCIES, read_money
from handlers.wording import _, number

NAME_LIMIT, TEXT_LIMIT = 200, 20_000
_CACHED = 50_000
_MAILS, _PHONES = re.compile(r"[;,]|:::"), re.compile(r";(?!ext=)|:::")
_AMOUNT = re.compile(r"\d{1,12}(?:\.\d{1,2})?", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,12}(?:\.\d{1,12})?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,9}(?:\.0+)?", re.ASCII)
_IDENTIFIER = re.compile(r"(\d+)\.0+", re.ASCII)
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
_MOMENT = re.compile(
    r"(?P<day>.+?)(?:(?:T|\s+)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?\s*(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?", re.ASCII)
_HIDDEN = re.compile("[\xad\u200b-\u200f\u2060-\u2064\ufeff]")
_QUOTED = "'\"‘’“” "


def name(text: str) -> str:
    """Return a name on one line, with its spaces made single."""
    one_line = " ".join(text.split())
    if len(one_line) > NAME_LIMIT:
        raise UserError(
            _("“{text}” is longer than {limit} characters.", text=shown(text), limit=NAME_LIMIT)
        )
    if not any(map(str.isalnum, one_line)):
        raise UserError(_("“{text}” has no letter and no digit.", text=shown(text)))
    return one_line


def long_text(text: str) -> str:
    """Return a text that may have several lines."""
    if len(text) > TEXT_LIMIT:
        raise UserError(
            _(
                "“{text}” is longer than {limit} characters.",
                text=shown(text),
                limit=number(TEXT_LIMIT),
            )
        )
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def emails(text: str) -> list[str]:
    """Return the addresses of a cell, each once and in lower case."""
    if not text.isascii():
        text = _HIDDEN.sub("", unicodedata.normalize("NFKC", text))
    parts = _MAILS.split(text) if _MAILS.search(text) else [text]
    return list(
        dict.fromkeys(
            contact_points.read_email(part).lower()
            for each in parts
            if (part := each.strip(_QUOTED))
        )
    )


def phones(text: str, region: str) -> list[str]:
    """Return the phone numbers of a cell, each once."""
    parts = _PHONES.split(text) if ";" in text or ":::" in text else [text]
    return list(
        dict.fromkeys(_phone(part, region) for each in parts if (part := each.strip(_QUOTED)))
    )


def website(text: str) -> str:
    """Return the address of a website."""
    return contact_points.read_website(text)


def identifier(text: str) -> str:
    """Return the number that another program gave; `13085.0` is how some write 13085."""
    found = _IDENTIFIER.fullmatch(text)
    return name(found[1] if found else text)


def amount(text: str, currency: str) -> Money:
    """Return an amount with its currency, `currency` where none is written."""
    if _AMOUNT.fullmatch(text):
        return Money(Decimal(text).quantize(PLACES), currency)
    return read_money(text, currency)


def price(text: str, currency: str) -> Decimal:
    """Return a unit price as exactly as it is written: a point is the decimal sign, however many places follow."""
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    return read_money(text, currency, allow_negative=True).amount


def cents(value: Decimal) -> Decimal:
    """Round half up to two places."""
    rounded = value.quantize(PLACES, rounding=ROUND_HALF_UP)
    if abs(rounded) >= LIMIT:
        raise UserError(_("The amount is too large: it must be below 10¹⁵."))
    return rounded


def whole(text: str) -> int:
    """Return a whole number."""
    if not _WHOLE.fullmatch(text):
        raise UserError(_("“{text}” is not a whole number.", text=shown(text)))
    return int(text.partition(".")[0])


def currency(text: str) -> str:
    """Return an ISO 4217 code."""
    code = text.strip().upper()
    if code not in CURRENCIES:
        raise UserError(_("“{text}” is not a currency code.", text=shown(text)))
    return code


@functools.lru_cache(_CACHED)
def day(text: str) -> date:
    """Return a calendar day; a time behind it is left out."""
    return _date(_parts(text)["day"])


@functools.lru_cache(_CACHED)
def moment(text: str, zone: ZoneInfo) -> datetime:
    """Return an instant in UTC; without a zone of its own it is one of `zone`, without a time midnight there."""
    found = _parts(text)
    on = _date(found["day"])
    if found["hour"] is None:
        return datetime(on.year, on.month, on.day, tzinfo=zone).astimezone(UTC)
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "p" else 0)
    written = found["zone"]
    try:
        local = datetime(
            on.year,
            on.month,
            on.day,
            hour,
            int(found["minute"]),
            int(found["second"] or 0),
            tzinfo=UTC,
        )
    except ValueError:
        raise _not_a_date(text) from None
    if written and written.upper() not in {"Z", "UTC"}:
        return datetime.fromisoformat(f"{local:%Y-%m-%dT%H:%M:%S}{written}").astimezone(UTC)
    return local if written else local.replace(tzinfo=zone).astimezone(UTC)


def _phone(text: str, region: str) -> str:
    # The whole form as we keep it, unless a zero behind the country code asks for a closer look.
    if _E164.fullmatch(text):
        codes = _country_codes()
        length = next((n for n in (1, 2, 3) if text[1 : n + 1] in codes), 0)
        if length and text[length + 1] != "0":
            return text
    # `00` before the country code is what most countries dial instead of the plus.
    return contact_points.read_phone(f"+{text[2:]}" if text.startswith("00") else text, region)


@functools.cache
def _country_codes() -> frozenset[str]:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return frozenset(map(str, COUNTRY_CODE_TO_REGION_CODE))


def _parts(text: str) -> re.Match[str]:
    found = _MOMENT.fullmatch(plain(text).strip())
    if found is None:
        raise _not_a_date(text)
    return found


def _date(text: str) -> date:
    found = _DAY.fullmatch(text)
    if found:
        year, month, day_ = map(int, found.groups())
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise too_far()
        try:
            return date(year, month, day_)
        except ValueError:
            raise _not_a_date(text) from None
    if _SERIAL.fullmatch(text):
        raise UserError(
            _("“{text}” is a spreadsheet's number for a day.", text=shown(text)),
            _("Format the column as a date, year-month-day."),
        )
    if not re.search(r"\d{4}", text):
        raise _not_a_date(text)
    return moments.read_day(text, date(FIRST_YEAR, 1, 1))


def _not_a_date(text: str) -> UserError:
    return UserError(
        _("“{text}” is not a date.", text=shown(text)),
        _("Write year-month-day, for example: 2026-12-01"),
    )
