"""Words, dates and money in the reader's language and time zone.

Every sentence a person reads goes through `_` or `plural` where it is written. The language is a property of the
running call: the router sets it with `speaking`. Translations stand in `handlers/locale/<language>.po`.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime, timedelta

    from crm_store.money import Money

LANGUAGES = {"en": "English", "zh": "中文"}  # each by its own name
_LOCALES = {"en": "en", "zh": "zh_Hans_CN"}
_language: ContextVar[str] = ContextVar("language", default="en")
_zone: ContextVar[str] = ContextVar("zone", default="UTC")


@contextmanager
def speaking(language: str, zone: str) -> Iterator[None]:
    """Speak `language` (`en` or `zh`) and show times in the IANA `zone` until the block ends."""
    tokens = _language.set(language), _zone.set(zone)
    try:
        yield
    finally:
        _language.reset(tokens[0])
        _zone.reset(tokens[1])


def spoken(tag: str) -> str:
    """Return which of our languages a platform means by `zh-hans` or `en-US`; empty for any other."""
    main = tag.casefold().replace("_", "-").partition("-")[0]
    return main if main in LANGUAGES else ""


def language() -> str:
    """Return the language of the running call."""
    return _language.get()


def zone() -> ZoneInfo:
    """Return the time zone of the running call."""
    return ZoneInfo(_zone.get())


def mark(text: str) -> str:
    """Mark a constant for translation; translate it with `_` where it is shown."""
    return text


def _(text: str, /, **values: object) -> str:
    """Translate `text` and put `values` into its `{names}`."""
    translated = _catalogue(_language.get()).get(text, text)
    return translated.format(**values) if values else translated


def plural(one: str, many: str, count: int, /, **values: object) -> str:
    """Translate `one` or `many` by `count`, also available as `{count}`; Chinese has one form, that of `many`."""
    text = one if count == 1 and _language.get() == "en" else many
    return _catalogue(_language.get()).get(text, text).format(count=number(count), **values)


def money(value: Money | None) -> str:
    """Write an amount with its currency, without empty cents; a missing amount says so."""
    if value is None:
        return _("no amount")
    from babel.numbers import format_currency

    whole = value.amount == value.amount.to_integral_value()
    return format_currency(
        value.amount,
        value.currency,
        locale=_locale(),
        format="¤#,##0" if whole else None,
        currency_digits=not whole,
    )


def number(value: float, places: int = 0) -> str:
    """Write a number with the separators of the language and exactly `places` decimals."""
    from babel.numbers import format_decimal

    return format_decimal(
        value, format="#,##0" + ("." + "0" * places if places else ""), locale=_locale()
    )


def percent(share: float) -> str:
    """Write a share of one as whole per cent."""
    from babel.numbers import format_percent

    return format_percent(share, locale=_locale())


def moment(value: datetime | None) -> str:
    """Write an instant in the reader's zone, such as `Tue, Dec 1, 2026, 15:00`."""
    if value is None:
        return "–"
    from babel.dates import format_datetime

    pattern = "yyyy年M月d日 EEE HH:mm" if language() == "zh" else "EEE, MMM d, yyyy, HH:mm"
    return format_datetime(value.astimezone(zone()), pattern, locale=_locale())


def stamp(value: datetime | None) -> str:
    """Write an instant short and sortable for a table, `2026-12-01 15:00` in the reader's zone."""
    return value.astimezone(zone()).strftime("%Y-%m-%d %H:%M") if value else "–"


def date_stamp(value: date | None) -> str:
    """Write a calendar day short and sortable for a table, `2026-12-01`."""
    return value.isoformat() if value else "–"


def day(value: date | None) -> str:
    """Write a calendar day, such as `Tue, Dec 1, 2026`."""
    if value is None:
        return "–"
    from babel.dates import format_date

    return format_date(
        value, "yyyy年M月d日 EEE" if language() == "zh" else "EEE, MMM d, yyyy", locale=_locale()
    )


def month_of_year(value: date) -> str:
    """Write the month of a day without its year, such as `December`."""
    from babel.dates import format_date

    return format_date(value, "LLLL", locale=_locale())


def weekday(value: date) -> str:
    """Write the day of the week, such as `Monday`."""
    from babel.dates import format_date

    return format_date(value, "cccc", locale=_locale())


def span(value: timedelta) -> str:
    """Write a length of time in the largest unit that it fills, rounded, such as `3 hours`."""
    from babel.dates import format_timedelta

    return format_timedelta(value, threshold=1, locale=_locale())


def _locale() -> str:
    return _LOCALES[_language.get()]


@cache
def _catalogue(language: str) -> dict[str, str]:
    path = Path(__file__).parent / "locale" / f"{language}.po"
    if not path.exists():
        return {}
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        catalogue = read_po(file)
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string}
