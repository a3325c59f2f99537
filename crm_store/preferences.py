"""What a person wants to hear: the settings they made, over those of their role, but for what an admin locked.

What the settings do to a notice is decided in `crm_store/attention.py`; their words stand in `handlers/preferences.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from crm_store.models import Role, RoleSettings, User
from crm_store.schedules import WEEKDAYS

ON, OFF = "on", "off"
URGENT, ALERTS, NOTHING = "urgent", "alerts", "nothing"  # what breaks through
DM, MENTION, BOTH = "dm", "mention", "both"  # how something reaches a person
KIND = "kind:"  # before the name of a kind of notice
# What holds where neither the person nor the role says anything: nothing is kept back.
DEFAULTS: Mapping[str, str] = MappingProxyType(
    {
        "quiet": OFF,
        "weekend": OFF,
        "holidays": OFF,
        "budget": OFF,
        "roundup": "17:00",
        "through": URGENT,
        "alerts": DM,
        "reminders": DM,
        "mention_in": OFF,
    }
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """The settings that hold for one person.

    Attributes:
        own: what the person set, by name.
        given: what the role starts with.
        locked: names that only the role decides.
    """

    own: Mapping[str, str]
    given: Mapping[str, str]
    locked: frozenset[str]

    def __getitem__(self, name: str) -> str:
        """Return the value of a setting, in its stored form; every kind of notice is on by default."""
        if name in self.own and name not in self.locked:
            return self.own[name]
        return self.given.get(name, DEFAULTS.get(name, ON))

    def wants(self, kind: str) -> bool:
        """Tell whether a kind of notice is to be sent."""
        return self[f"{KIND}{kind}"] == ON

    @property
    def quiet(self) -> tuple[time, time] | None:
        """The local hours of silence; the end may lie on the next day."""
        if self["quiet"] == OFF:
            return None
        start, end = map(time.fromisoformat, self["quiet"].split("-"))
        return start, end

    @property
    def weekend(self) -> frozenset[int]:
        """The weekdays of silence, 0 is Monday."""
        return frozenset(WEEKDAYS.index(day) for day in self["weekend"].split(",") if day != OFF)

    @property
    def budget(self) -> int | None:
        """How many messages a day come one by one."""
        return None if self["budget"] == OFF else int(self["budget"])

    @property
    def roundup(self) -> time:
        """The local time at which the rest of the day comes as one message."""
        return time.fromisoformat(self["roundup"])


def of_roles(session: Session) -> dict[Role, RoleSettings]:
    """Return what the roles start with."""
    return {row.role: row for row in session.scalars(sa.select(RoleSettings))}


def of(user: User, roles: Mapping[Role, RoleSettings]) -> Wishes:
    """Return what holds for a person."""
    row = roles.get(user.role)
    return Wishes(user.settings, row.settings if row else {}, frozenset(row.locked if row else ()))


def set_own(user: User, name: str, value: str | None) -> None:
    """Keep a setting of a person, or with None forget it."""
    user.settings = _with(user.settings, name, value)


def set_for_role(
    session: Session, role: Role, name: str, value: str | None, *, locked: bool
) -> RoleSettings:
    """Keep what a role starts with, or with None forget it, and whether people may set it otherwise."""
    row = session.scalars(sa.select(RoleSettings).where(RoleSettings.role == role)).one_or_none()
    if row is None:
        row = RoleSettings(role=role, settings={}, locked=[])
        session.add(row)
    row.settings = _with(row.settings, name, value)
    row.locked = sorted({*row.locked, name} if locked else set(row.locked) - {name})
    session.flush()
    return row


def names(kinds: Iterable[str]) -> list[str]:
    """Return the names of all settings where there are these kinds of notices."""
    return [*DEFAULTS, *(f"{KIND}{kind}" for kind in kinds)]


def _with(settings: Mapping[str, Any], name: str, value: str | None) -> dict[str, Any]:
    kept = {known: each for known, each in settings.items() if known != name}
    return kept if value is None else {**kept, name: value}
