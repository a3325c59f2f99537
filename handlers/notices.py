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
from crm_store import notices as notices_
from crm_store.addresses import Address
from crm_store.models import User
from crm_store.store import Session
from handlers.reply import Reply
from handlers.request import Defaults
from handlers.wording import _, mark


@dataclass(frozen=True, slots=True)
class Telling:
    """The surroundings of a notice: `reader` is None for a channel; `run` runs a read-only line as the reader.

    `address` is where it goes.
    """

    session: Session
    reader: User | None
    now: datetime
    defaults: Defaults
    run: Callable[[str], Reply]
    address: Address


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a notice ended: it stands at `address` as `message_id`, or, without `reply`, it was given up.

    `gone` says that the place is gone or closed to us, and the message not at fault.
    """

    payload: Mapping[str, Any]
    address: Address
    now: datetime
    defaults: Defaults
    reply: Reply | None = None
    message_id: str = ""
    gone: bool = False


Teller: TypeAlias = Callable[[Telling, Mapping[str, Any]], Reply | None]

Ending: TypeAlias = Callable[[Session, Outcome], None]

_registry: dict[str, Teller] = {}
_endings: dict[str, Ending] = {}

_WHY = {
    notices_.FOLDED: mark("in one message with others"),
    notices_.MENTIONED: mark("mentioned in {what}"),
    notices_.MUTED: mark("muted by #{what}"),
    notices_.ACKNOWLEDGED: mark("{what} saw to it"),
    notices_.QUIET: mark("left in peace until then"),
    notices_.BUDGET: mark("above the number of messages a day"),
    notices_.UNWANTED: mark("not wanted"),
    notices_.UNREACHABLE: mark("no reachable account"),
    notices_.EXPIRED: mark("too late to be of use"),
    notices_.IN_DOUBT: mark("may have arrived or not"),
    notices_.NOTHING_LEFT: mark("nothing was left to say"),
}


def notice(kind: str, ended: Ending | None = None) -> Callable[[Teller], Teller]:
    """Declare the function below as the words of a notice; it returns None when there is nothing left to say.

    `ended` notes how it ended, in the same transaction as the notice itself.

    Raises:
        ValueError: the kind is taken.
    """

    def declare(teller: Teller) -> Teller:
        if kind in _registry:
            message = f"notice {kind!r} is declared twice"
            raise ValueError(message)
        _registry[kind] = teller
        if ended:
            _endings[kind] = ended
        return teller

    return declare


def notices() -> Mapping[str, Teller]:
    """Return every declared kind."""
    return MappingProxyType(_registry)


def audible(telling: Telling, abouts: Iterable[str]) -> list[str]:
    """Return those of the records that a message lists (`deal:42`) that its reader has not muted."""
    reader = telling.reader.id if telling.reader else None
    return mutes.audible(telling.session, telling.now, abouts, reader)


def why(reason: str | None) -> str:
    """Say why a notice was not sent as it was owed; what a platform answered is left as it is."""
    for start, words in _WHY.items():
        if reason and reason.startswith(start):
            return _(words, what=reason.removeprefix(start))
    return reason or ""


def end(session: Session, kind: str, outcome: Outcome) -> None:
    """Note how a notice ended, where its kind wants to know."""
    if kind in _endings:
        _endings[kind](session, outcome)
