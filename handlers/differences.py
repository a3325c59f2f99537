"""What a field held before and holds after a change, in words; for the history and for undo."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from crm_store import fields
from crm_store.history import Change, Difference
from crm_store.store import Session
from handlers import preferences
from handlers.reply import Sensitivity
from handlers.wording import _, day, mark, moment, number

_ANSWERED = {True: mark("{purpose}: yes"), False: mark("{purpose}: no")}
_INTERNAL = frozenset({"email", "phone", "address"})
_PERSONAL = frozenset({"slack", "telegram", "account", "external_id"})


def sensitivity(differences: Sequence[Difference]) -> Sensitivity:
    """Return who may read the differences: those of e-mails, phones and addresses are for the team."""
    secret = any(difference.field in _INTERNAL for difference in differences)
    return Sensitivity.INTERNAL if secret else Sensitivity.PUBLIC


def sensitivity_of(field: str) -> Sensitivity:
    """Return who may read a field or an argument by its name: accounts on other platforms are a person's own."""
    if field in _PERSONAL:
        return Sensitivity.PERSONAL
    return Sensitivity.INTERNAL if field in _INTERNAL else Sensitivity.PUBLIC


def labels(session: Session, kind: str) -> dict[str, str]:
    """Return what the fields of a kind of record are called where their column does not say it.

    A field that an admin added stands under `custom.<name>`.
    """
    added = {f"custom.{each.name}": each.label for each in fields.list_fields(session, kind)}
    return {**added, "title": _("Job title")} if kind == "contact" else added


def in_words(change: Change, known: Mapping[str, str]) -> list[str]:
    """Return a line for each field of a change, as before → after."""
    return [_("added")] if change.added else [told(each, known) for each in change.differences]


def told(difference: Difference, known: Mapping[str, str]) -> str:
    """Say a difference; `known` is what `labels` returns."""
    if difference.field == "deleted_at":
        return _("deleted") if difference.after else _("restored")
    part, _dot, name = difference.field.partition(".")
    if part == "locked":
        words = _("{setting}: locked") if difference.after else _("{setting}: not locked")
        return words.format(setting=preferences.label(name))
    saying = _SAYING.get(part, said)
    own = preferences.label(name) if part == "settings" else known.get(difference.field)
    label = own or _(plain(difference.field))
    return _(
        "{field}: {before} → {after}",
        field=label,
        before=saying(difference.before),
        after=saying(difference.after),
    )


def plain(field: str) -> str:
    """Return the English name of a field that has no other."""
    bare = field.removeprefix("custom.").removesuffix("_at").removesuffix("_on")
    return bare.replace("_", " ").capitalize()


def said(value: Any) -> str:  # noqa: ANN401 - any column value
    """Say what a field holds or held; a dash for nothing."""
    if value is None or value == "":
        return "–"
    if isinstance(value, tuple):
        purpose, granted = value
        return _(_ANSWERED[granted], purpose=purpose)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return _written(value)


def _written(value: Any) -> str:  # noqa: ANN401 - a value that is there
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, Decimal | int | float):
        return number(float(value), 0 if value == int(value) else 2)
    return _(value.value.replace("_", " ")) if isinstance(value, enum.Enum) else str(value)


_SAYING: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "settings": lambda stored: preferences.value_words(stored) if stored else "–",
        "stage": lambda name: _(name) if name else "–",
    }
)
