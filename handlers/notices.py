"""The kinds of messages that nobody asked for at that moment: how each is said, for the person who reads it.

What to tell and when is decided in `jobs/`; how it is sent, in `bot/delivery.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias

from crm_store import mutes
from crm_store.models import User
from crm_store.store import Session
from handlers.reply import Reply
from handlers.request import Defaults


@dataclass(frozen=True, slots=True)
class Telling:
    """The surroundings of a notice: `reader` is None for a channel; `run` runs a read-only line as the reader."""

    session: Session
    reader: User | None
    now: datetime
    defaults: Defaults
    run: Callable[[str], Reply]


Teller: TypeAlias = Callable[[Telling, Mapping[str, Any]], Reply | None]

_registry: dict[str, Teller] = {}


def notice(kind: str) -> Callable[[Teller], Teller]:
    """Declare the function below as the words of a notice; it returns None when there is nothing left to say.

    Raises:
        ValueError: the kind is taken.
    """

    def declare(teller: Teller) -> Teller:
        if kind in _registry:
            message = f"notice {kind!r} is declared twice"
            raise ValueError(message)
        _registry[kind] = teller
        return teller

    return declare


def notices() -> Mapping[str, Teller]:
    """Return every declared kind."""
    return MappingProxyType(_registry)


def audible(telling: Telling, abouts: Iterable[str]) -> list[str]:
    """Return those of the records that a message lists (`deal:42`) that its reader has not muted."""
    reader = telling.reader.id if telling.reader else None
    return mutes.audible(telling.session, telling.now, abouts, reader)
