"""What a handler is given: who asks, where, when, and the transaction that its effects belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from crm_store.addresses import Address
from crm_store.conversations import Memory, Reference
from crm_store.files import File
from crm_store.models import Role, User
from crm_store.store import Session
from handlers.reply import Reply

TOPIC_NAME = "{sign} #{number} {customer}: {subject}"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the configuration says for people who have not said otherwise, and about tickets.

    Attributes:
        customers: strangers who write in private are customers; else they are refused.
        tickets_chat: the address where colleagues talk about tickets, empty for nowhere.
        tickets_topics: each ticket has a topic of its own there.
        jobs: what of the timetable may be asked for, and whether it is an analysis.
        topic_name: its name, with `{sign}`, `{status}`, `{number}`, `{customer}` and `{subject}`.
    """

    language: str = "en"
    time_zone: str = "UTC"
    currency: str = "USD"
    working_hours: str = "09:00-18:00"
    routes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    customers: bool = False
    tickets_chat: str = ""
    tickets_topics: bool = True
    topic_name: str = TOPIC_NAME
    jobs: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """A message that may be talk with a customer or about a ticket, and no command.

    Attributes:
        message_id: what the platform calls it.
        text: the words as they were written.
        album: what the platform calls several messages that are shown as one.
        edited: it was said before and is another text now.
        reply_to: the message of ours that it replies to, empty if none.
        called: it is a command or names us.
        name: what the person is called there.
    """

    message_id: str
    text: str
    files: tuple[File, ...] = ()
    album: str = ""
    edited: bool = False
    reply_to: str = ""
    called: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A command by its name, with its arguments as they were typed."""

    command: str
    values: Mapping[str, str]


@dataclass(slots=True)
class Request:
    """One call in its transaction.

    Attributes:
        session: the open transaction; a handler never commits.
        person: the platform's id of who asks; `user` is the colleague behind it, None for a stranger.
        private: whether only this person reads the answer.
        now: the moment of the call, aware UTC.
        reads: whether the command declared that it changes nothing.
        run: runs a read-only line as this person and returns its reply, for digests.
        email: what the platform says is the person's address: a hint, never a proof of who it is.
        said: the message as it was written, where it may be more than a command.
    """

    session: Session
    platform: str
    person: str
    user: User | None
    place: Address
    private: bool
    now: datetime
    defaults: Defaults
    memory: Memory
    call: Call
    reads: bool
    run: Callable[[str], Reply]
    email: str = ""
    said: Said | None = None

    @property
    def role(self) -> Role:
        """The role of who asks; a stranger has `ANYONE`."""
        return self.user.role if self.user else Role.ANYONE

    @property
    def colleague(self) -> User:
        """Who asks, in commands that only colleagues reach."""
        if self.user is None:
            message = "a command open to strangers asked for a colleague"
            raise LookupError(message)
        return self.user

    @property
    def language(self) -> str:
        """`en` or `zh`."""
        return self.user.language if self.user else self.defaults.language

    @property
    def zone(self) -> ZoneInfo:
        """The zone that times are read and shown in."""
        return ZoneInfo(self.user.time_zone if self.user else self.defaults.time_zone)

    @property
    def local_now(self) -> datetime:
        """The moment of the call on the person's wall clock."""
        return self.now.astimezone(self.zone)

    @property
    def cleared(self) -> frozenset[str]:
        """The arguments that were written with an empty value, `city=`, to empty the field."""
        return frozenset(
            name for name, value in self.call.values.items() if name and not value.strip()
        )

    def about(self, kind: str, record_id: int) -> None:
        """Remember the record that `it` means from now on."""
        self.memory.about(Reference(kind, record_id))

    def listed(self, kind: str, record_ids: list[int]) -> None:
        """Remember the records that `second` counts in."""
        self.memory.listed([Reference(kind, record_id) for record_id in record_ids])
