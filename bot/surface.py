"""What a chat platform must offer to the rest: read an event, answer it, send, edit, look up.

The platforms themselves stand in `bot/console`, `bot/slack`, `bot/telegram` and `bot/webchat`; who
calls them and when is decided in `bot/worker.py` and `bot/delivery.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute

    from crm_store.addresses import Address
    from handlers.reply import Reply
    from handlers.request import Said


class DeliveryError(Exception):
    """A platform did not take a message.

    Attributes:
        reason: the platform's own word for it, such as `channel_not_found`; never personal data.
        permanent: trying again is useless.
        in_doubt: the message may have arrived all the same: time-out, reset, server error.
        retry_after: seconds the platform asked us to wait; None when it did not.
        moved_to: where the chat is now: a Telegram group that became a supergroup.
        refused: for a permanent error, the message is at fault and the place is well.
    """

    def __init__(  # noqa: PLR0913 - all but the reason are seldom given
        self,
        reason: str,
        *,
        permanent: bool = False,
        in_doubt: bool = False,
        retry_after: float | None = None,
        moved_to: Address | None = None,
        refused: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.in_doubt = in_doubt
        self.retry_after = retry_after
        self.moved_to = moved_to
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as the platform names it, and where it stands."""

    message_id: str
    address: Address


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a person did, free of its platform.

    Attributes:
        platform: the name of the surface.
        key: what the platform names the event by; a second delivery of it has the same.
        sender: the platform's id of the person.
        name: what the person is called there, for strangers.
        place: where the answer goes.
        private: nobody else reads along in `place`.
        text: what was typed; empty for buttons and forms.
        line: the command line behind a pressed button or a submitted form; empty when typed.
        values: what a submitted form holds, by the name of its field.
        shown: what those fields held before, where the surface knows.
        language: the language the platform guesses, such as `zh-hans`; empty when it does not say.
        pressed: it came from a button.
        message_id: the message that the button stands on.
        time_zone: the IANA zone that the platform knows of the person; empty when it does not say.
        email: the address that the platform knows of the person, a hint and no proof.
        said: the message as it was written, where it may be more than a command.
        replaces: the answer takes the place of that message.
        outside: people who are no colleagues read along in `place`.
        unaddressed: it was said in a thread, to nobody by name; `overheard` when the thread is not ours either.
        asks: the form is wanted although nothing is missing.
        binds: the thread belongs to the record from now on.
    """

    platform: str
    key: str
    sender: str
    name: str
    place: Address
    private: bool
    text: str = ""
    line: str = ""
    values: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    language: str = ""
    pressed: bool = False
    message_id: str = ""
    time_zone: str = ""
    email: str = ""
    said: Said | None = None
    replaces: bool = False
    outside: bool = False
    unaddressed: bool = False
    overheard: bool = False
    asks: bool = False
    binds: bool = False

    @property
    def audience(self) -> str:
        """Who reads the answer: `self`, the `team`, or people `outside` as well."""
        return "self" if self.private else "outside" if self.outside else "team"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a platform knows of a person; empty where it does not say."""

    language: str = ""
    time_zone: str = ""
    email: str = ""


@runtime_checkable
class Introducing(Protocol):
    """A platform whose events do not say who a person is, but that can be asked."""

    async def profile(self, sender: str) -> Profile:
        """Return what the platform knows of a person, soon and from memory where it can; it never fails."""


class Surface(Protocol):
    """One platform; every method but `read` may raise `DeliveryError`.

    `routes` are what the platform posts to; empty where it is asked instead.
    `again` says that an earlier attempt may have arrived: a surface that can look up does so, one
    that cannot marks the message as a possible repeat.
    """

    name: str
    can_look_up: bool
    routes: Sequence[BaseRoute]

    async def start(self) -> None:
        """Connect and begin to receive."""

    async def stop(self) -> None:
        """Receive no more; messages can be sent until the process ends."""

    def read(self, body: dict[str, Any]) -> Incoming | None:
        """Return what a raw event means, None when there is nothing to do; reaches no network."""

    async def answer(
        self, body: dict[str, Any], reply: Reply, *, language: str, zone: str, again: bool
    ) -> Sent | None:
        """Answer the event whose raw body is given."""

    async def send(  # noqa: PLR0913 - what it is, where to, and how it is said there
        self, address: Address, reply: Reply, *, key: str, language: str, zone: str, again: bool
    ) -> Sent:
        """Send one message, once; `key` goes with it where the platform has a place for it."""

    async def find(self, address: Address, key: str) -> Sent | None:
        """Return the message that was sent with `key`, None when the chat does not hold it."""

    async def edit(self, sent: Sent, reply: Reply, *, language: str, zone: str) -> Sent:
        """Put `reply` in the place of a message, never beside it; safe to repeat."""
