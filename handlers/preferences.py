"""What a person wants to be told and when; what a role starts with and what an admin locked.

What the settings do is decided in `crm_store/attention.py`; leave and holidays stand in `handlers/absences.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated

from crm_store import attention, preferences, rest
from crm_store.models import Role, User
from crm_store.preferences import (
    ALERTS,
    BOTH,
    DEFAULTS,
    DM,
    KIND,
    MENTION,
    NOTHING,
    OFF,
    ON,
    URGENT,
)
from crm_store.schedules import WEEKDAYS
from handlers import quiet_phrases
from handlers.arguments import HERE, AddressArgument, Argument, Asked, Text
from handlers.command import command
from handlers.errors import UserError
from handlers.notices import notices
from handlers.reading.characters import shown
from handlers.reply import Action, Choice, FieldKind, Reply, Row, Table, Tone
from handlers.request import Request
from handlers.users import RoleChoice, Switch
from handlers.wording import _, mark

_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "quiet": mark("Quiet hours"),
        "weekend": mark("Weekend"),
        "holidays": mark("Holiday calendar"),
        "budget": mark("Messages a day"),
        "roundup": mark("The rest comes at"),
        "through": mark("Breaks through"),
        "alerts": mark("Alerts reach you by"),
        "reminders": mark("Reminders reach you by"),
        "mention_in": mark("Mentions are in"),
    }
)
_WORDS = {
    ON: mark("on"),
    OFF: mark("off"),
    URGENT: mark("urgent"),
    ALERTS: mark("alerts"),
    NOTHING: mark("nothing"),
    DM: mark("dm"),
    MENTION: mark("mention"),
    BOTH: mark("both"),
}
_ORIGINS = {
    "own": mark("you set it"),
    "role": mark("your role"),
    "locked": mark("locked by an admin"),
    "default": mark("the default"),
}
_HOURS = re.compile(r"(\d{1,2})(?::(\d\d))?\s*(?:-|–|to|到|至)\s*(\d{1,2})(?::(\d\d))?", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d\d)", re.ASCII)
_MOST_MESSAGES = 500
_BACK = frozenset({"default", "默认"})
_CHINESE_DAYS = dict(zip("一二三四五六日", WEEKDAYS, strict=True))


class PreferenceArgument(Argument[str]):
    """The name of a setting: `quiet`, `budget` …, or a kind of message such as `task_due`."""

    kind = FieldKind.CHOICE

    def read(self, text: str, asked: Asked) -> str:
        """Return the name as it is stored."""
        wanted = _folded(text.removeprefix(KIND))
        names = {_folded(label(name)): name for name in known()}
        names |= {_folded(english): name for name, english in _LABELS.items()}
        names |= {name.removeprefix(KIND): name for name in known()}
        if wanted not in names:
            raise UserError(
                _("There is no setting called “{name}”.", name=shown(text)),
                _("Type `preference list` to see them all."),
            )
        return names[wanted]

    def choices(self, request: Request) -> tuple[Choice, ...]:
        """Return every setting."""
        return tuple(Choice(label(name), name.removeprefix(KIND)) for name in known())


def _folded(name: str) -> str:
    return "_".join(name.casefold().split())


PreferenceName = Annotated[str, PreferenceArgument()]


@command(
    "preference list [for=]",
    role=Role.MEMBER,
    reads=True,
    example="preference list",
    phrases=quiet_phrases.PREFERENCE_LIST,
)
def list_preferences(request: Request, for_: User | None = None) -> Reply:
    """Show what you are told and when, and where each setting comes from."""
    person = for_ or request.colleague
    if person.id != request.colleague.id and not request.role.may(Role.ADMIN):
        raise UserError(_("Only an admin sees the settings of others."))
    return _card(request, person, _("What {name} is told", name=person.name))


@command(
    "preference set <name> <value...>",
    role=Role.MEMBER,
    example="preference set quiet 20:00-08:00",
    phrases=quiet_phrases.PREFERENCE_SET,
)
def set_preference(request: Request, name: PreferenceName, value: Text) -> Reply:
    """Choose what you are told and when; `preference list` shows the names."""
    _refuse_locked(request, name)
    stored = None if value.casefold() in _BACK else readvalue_words(request, name, value)
    preferences.set_own(request.colleague, name, stored)
    reply = _card(request, request.colleague, _said(name, stored))
    if stored in {MENTION, BOTH} and _wishes(request, request.colleague)["mention_in"] == OFF:
        text = _(
            "You are not mentioned before you say where: type `preference set mention_in here` in the channel."
        )
        return replace(reply, text=text, tone=Tone.WARNING)
    return reply


@command(
    "preference role <role> <name> <value> [locked=]",
    role=Role.ADMIN,
    example="preference role rep quiet 20:00-08:00 locked=yes",
    phrases=quiet_phrases.PREFERENCE_ROLE,
)
def set_for_role(
    request: Request,
    role: RoleChoice,
    name: PreferenceName,
    value: Text,
    locked: Switch = Switch.NO,
) -> Reply:
    """Set what a role starts with; with `locked=yes` nobody of it can choose otherwise."""
    stored = None if value.casefold() in _BACK else readvalue_words(request, name, value)
    locks = locked is Switch.YES
    preferences.set_for_role(request.session, Role(role.value), name, stored, locked=locks)
    title = _("For the role {role}: {setting}", role=_(role.value), setting=_said(name, stored))
    text = (
        _("It is locked: nobody of this role can choose otherwise.")
        if locks
        else _("Everybody of this role can choose otherwise for themselves.")
    )
    return Reply(title=title, text=text)


def known() -> list[str]:
    """Return the stored names of all settings that can be made."""
    return preferences.names(kind for kind in notices() if kind not in attention.ALWAYS)


def label(name: str) -> str:
    """Return what a setting is called."""
    if name.startswith(KIND):
        return _(name.removeprefix(KIND).replace("_", " ")).capitalize()
    return _(_LABELS[name]) if name in _LABELS else name


def readvalue_words(request: Request, name: str, text: str) -> str:
    """Return the stored form of a setting.

    Raises:
        UserError: it is no value of this setting.
    """
    wanted = _plain(text)
    if name.startswith(KIND):
        return _one_of(wanted, ON, OFF)
    if wanted == OFF and DEFAULTS[name] == OFF:
        return OFF
    if name == "holidays":
        return _calendar(request, wanted)
    if name == "mention_in":
        return _channel(request, text)
    return _READERS[name](wanted)


def _plain(text: str) -> str:
    wanted = text.strip().casefold()
    return next((word for word, said in _WORDS.items() if wanted == _(said).casefold()), wanted)


def _one_of(wanted: str, *options: str) -> str:
    if wanted not in options:
        raise UserError(_("Choose one of: {options}.", options=", ".join(options)))
    return wanted


def _hours(wanted: str) -> str:
    found = _HOURS.fullmatch(wanted)
    if found:
        start, end = _clock(found[1], found[2]), _clock(found[3], found[4])
        if start and end and start != end:
            return f"{start}-{end}"
    raise UserError(
        _("These are no quiet hours."), _("Write `preference set quiet 20:00-08:00`, or `off`.")
    )


def _time(wanted: str) -> str:
    found = _TIME.fullmatch(wanted)
    at = _clock(found[1], found[2]) if found else ""
    if not at:
        raise UserError(_("This is not a time of day."), _("Write for example 17:00."))
    return at


def _clock(hour: str, minute: str | None) -> str:
    hours, minutes = int(hour), int(minute or 0)
    return f"{hours:02}:{minutes:02}" if hours in range(24) and minutes in range(60) else ""


def _days(wanted: str) -> str:
    words = [
        word.removeprefix("周").removeprefix("星期") for word in re.split(r"[\s,，、]+", wanted)
    ]
    days = {_CHINESE_DAYS.get(word, word[:3]) for word in words if word}
    if not days or not days <= set(WEEKDAYS) or len(days) == len(WEEKDAYS):
        raise UserError(
            _("These are no days of a weekend."), _("Write `preference set weekend sat sun`.")
        )
    return ",".join(day for day in WEEKDAYS if day in days)


def _calendar(request: Request, wanted: str) -> str:
    there = rest.calendars(request.session)
    if wanted not in there:
        hint = _("There are: {calendars}.", calendars=", ".join(there) or "–")
        raise UserError(_("There is no such holiday calendar."), hint)
    return wanted


def _channel(request: Request, text: str) -> str:
    here = text.strip().casefold() in HERE
    if not here and not request.role.may(Role.MANAGER):
        raise UserError(
            _("Only a manager writes the address of a channel."),
            _("Type `preference set mention_in here` in the channel."),
        )
    place = AddressArgument().read(text, Asked(request, lambda _value: ""))
    if request.private if here else place.is_direct:
        raise UserError(
            _("Mentions are for a channel."),
            _("Type `preference set mention_in here` in the channel."),
        )
    return f"{place.platform}:{place.chat}"


def _count(wanted: str) -> str:
    if not (wanted.isascii() and wanted.isdigit()) or int(wanted[:9]) not in range(
        1, _MOST_MESSAGES + 1
    ):
        raise UserError(
            _("Write a whole number from {least} to {most}.", least=1, most=_MOST_MESSAGES),
            _("`off` stands for no limit."),
        )
    return str(int(wanted))


def _refuse_locked(request: Request, name: str) -> None:
    wishes = _wishes(request, request.colleague)
    if name in wishes.locked:
        raise UserError(
            _(
                "An admin has locked “{setting}” for your role: it stays {value}.",
                setting=label(name),
                value=value_words(wishes[name]),
            ),
            _("Ask an admin if you need it otherwise."),
        )


def _said(name: str, stored: str | None) -> str:
    value = _("back to what your role has") if stored is None else value_words(stored)
    return _("{setting}: {value}", setting=label(name), value=value)


def value_words(stored: str) -> str:
    """Say the stored form of a setting."""
    return _(_WORDS[stored]) if stored in _WORDS else stored.replace(",", ", ")


def _card(request: Request, person: User, title: str) -> Reply:
    wishes = _wishes(request, person)
    rows = tuple(
        Row(
            (
                label(name),
                name.removeprefix(KIND),
                value_words(wishes[name]),
                _(_ORIGINS[_origin(wishes, name)]),
            )
        )
        for name in known()
    )
    return Reply(
        title=title,
        table=Table((_("Setting"), _("Name"), _("Value"), _("Because")), rows),
        actions=(
            Action(_("Change one"), "preference set"),
            Action(_("Mutes"), "mutes"),
            Action(_("Leave"), "leave list"),
        ),
    )


def _wishes(request: Request, person: User) -> preferences.Wishes:
    return preferences.of(person, preferences.of_roles(request.session))


def _origin(wishes: preferences.Wishes, name: str) -> str:
    if name in wishes.locked:
        return "locked"
    if name in wishes.own:
        return "own"
    return "role" if name in wishes.given else "default"


_READERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "quiet": _hours,
        "weekend": _days,
        "budget": _count,
        "roundup": _time,
        "through": lambda wanted: _one_of(wanted, URGENT, ALERTS, NOTHING),
        "alerts": lambda wanted: _one_of(wanted, DM, MENTION, BOTH),
        "reminders": lambda wanted: _one_of(wanted, DM, MENTION, BOTH),
    }
)
