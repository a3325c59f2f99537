"""The types of arguments: each knows how to read itself from text, how it is asked for and what may be chosen.

A handler gets a loaded `Deal`, never an id. Records are read in `handlers/naming.py`, plain values in
`handlers/reading/`.
"""

from __future__ import annotations

import enum
import re
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile
from typing import Annotated, Any, Generic, TypeVar

from crm_store import records, users
from crm_store.addresses import Address
from crm_store.models import Company, Contact, Deal, Ticket, User
from crm_store.models import Task as TaskRecord
from crm_store.money import Money
from crm_store.records import Model
from crm_store.schedules import Schedule
from handlers import naming
from handlers.errors import UserError
from handlers.reading import contact_points, moments
from handlers.reading.characters import shown
from handlers.reading.money import read_money
from handlers.reading.schedules import read_schedule
from handlers.reply import Action, Choice, FieldKind
from handlers.request import Request
from handlers.wording import _

T = TypeVar("T")
TEXT_LIMIT = 3_000
NAME_LIMIT = 200
_MONEY_WORDS = 4  # 1 200 000 EUR
_DIGIT_GROUP = re.compile(r"[+\d()./-]+", re.ASCII)
_DIGITS = 18  # what a 64-bit integer always holds
_MENTION = re.compile(r"<@([A-Z0-9]+)>")  # as Slack writes a colleague


@dataclass(frozen=True, slots=True)
class Asked:
    """The surroundings of one argument: the request, and the line it would be with another value here."""

    request: Request
    instead: Callable[[str], str]

    def button(self, label: str, value: str) -> Action:
        """Return a button that runs the same line with `value` here."""
        return Action(label, self.instead(value), replaces=True)


class Argument(Generic[T]):
    """The parent of the argument types.

    Attributes:
        kind: how a form asks for it.
        spreads: as the last positional argument it takes all remaining words.
        literal: it is kept as it was typed, with its curly quotes and full-width signs.
        label: what a form calls it where its name in the command says too little.
    """

    kind: FieldKind = FieldKind.TEXT
    spreads: bool = False
    literal: bool = False
    label: str = ""

    def read(self, text: str, asked: Asked) -> T:
        """Turn what was typed into the value.

        Raises:
            UserError: it cannot be read; says what to type.
        """
        raise LookupError(text, asked)

    def width(self, words: Sequence[str]) -> int:
        """Return how many of the leading words belong to it when others follow."""
        return 1 if words else 0

    def reach(self, words: Sequence[str]) -> int:
        """Return how many of the leading words are the value where `name=` stands before them, without quotes."""
        return len(words) if self.spreads else 1

    def choices(self, request: Request) -> tuple[Choice, ...]:
        """Return what a form offers to choose from; empty when it is typed."""
        return ()

    def complete(self, text: str, request: Request) -> tuple[Choice, ...]:
        """Return what the beginning of a text may become, for pickers that ask while a person types."""
        return ()

    def picked(self, text: str, asked: Asked) -> str:
        """Return what a picker shows of a value, empty where it cannot.

        Raises:
            UserError: the value cannot be read.
        """
        return ""


@dataclass(frozen=True)
class TextArgument(Argument[str]):
    """Words as they were written, at least one character and at most `limit`."""

    limit: int = TEXT_LIMIT
    kind: FieldKind = FieldKind.LONG_TEXT
    spreads: bool = True
    literal: bool = True

    def read(self, text: str, asked: Asked) -> str:
        """Return the text without the space around it."""
        stripped = text.strip()
        if not any(character.isalnum() for character in stripped):
            raise UserError(
                _("This needs at least one letter or digit."), _("Write the text in words.")
            )
        if len(stripped) > self.limit:
            raise UserError(
                _(
                    "This text is too long: {length} characters, at most {limit} fit.",
                    length=len(stripped),
                    limit=self.limit,
                ),
                _("Shorten it, or split it into several notes."),
            )
        return stripped


class NameArgument(TextArgument):
    """A name or title: one line, at most 200 characters."""

    def __init__(self) -> None:
        """Set the limits of a name."""
        super().__init__(NAME_LIMIT, FieldKind.TEXT)

    def read(self, text: str, asked: Asked) -> str:
        """Return the name with its spaces made single."""
        return " ".join(super().read(text, asked).split())


@dataclass(frozen=True)
class ReaderArgument(Argument[T]):
    """A value that a plain function reads: `function(text)`."""

    function: Callable[[str], T]
    kind: FieldKind = FieldKind.TEXT
    spreads: bool = False

    def read(self, text: str, asked: Asked) -> T:
        """Hand the text to the function."""
        return self.function(text)


class PhoneArgument(Argument[str]):
    """A phone number; one without a country code is read as a number of the person's own country."""

    def read(self, text: str, asked: Asked) -> str:
        """Return E.164."""
        return contact_points.read_phone(text, "CN" if asked.request.language == "zh" else "US")

    def reach(self, words: Sequence[str]) -> int:
        """Take the groups of digits."""
        return max(1, sum(1 for _word in takewhile(_DIGIT_GROUP.fullmatch, words)))


class MoneyArgument(Argument[Money]):
    """An amount, in the default currency when none is written."""

    kind = FieldKind.MONEY

    def read(self, text: str, asked: Asked) -> Money:
        """Return the amount with its currency."""
        return read_money(text, asked.request.defaults.currency)

    def reach(self, words: Sequence[str]) -> int:
        """Take the currency, and the groups of a long number."""
        most = min(len(words), _MONEY_WORDS)
        return next((n for n in range(most, 1, -1) if _is_money(words[:n])), 1)


class MomentArgument(Argument[datetime]):
    """A moment to come, in the person's own zone."""

    kind = FieldKind.MOMENT
    spreads = True

    def read(self, text: str, asked: Asked) -> datetime:
        """Return the instant, aware UTC."""
        return moments.read_moment(text, asked.request.local_now, future=True)

    def width(self, words: Sequence[str]) -> int:
        """Return how many leading words make the moment."""
        return moments.leading(words)

    def reach(self, words: Sequence[str]) -> int:
        """Take the words that make the moment."""
        return max(1, self.width(words))

    def picked(self, text: str, asked: Asked) -> str:
        """Return the minute in UTC, in a form that is read back."""
        return self.read(text, asked).strftime("%Y-%m-%d %H:%M UTC")


class DayArgument(Argument[date]):
    """A calendar day."""

    kind = FieldKind.DATE
    spreads = True

    def read(self, text: str, asked: Asked) -> date:
        """Return the day on the person's calendar."""
        return moments.read_day(text, asked.request.local_now.date())

    def picked(self, text: str, asked: Asked) -> str:
        """Return the day as ISO 8601 writes it."""
        return self.read(text, asked).isoformat()

    def width(self, words: Sequence[str]) -> int:
        """Return how many leading words make the day."""
        return moments.leading(words)

    def reach(self, words: Sequence[str]) -> int:
        """Take the words that make the day."""
        return max(1, self.width(words))


@dataclass(frozen=True)
class ChoiceArgument(Argument[Any]):
    """One of the values of a `StrEnum`; the beginning of one is enough when only one begins so."""

    options: type[enum.StrEnum]
    kind: FieldKind = FieldKind.CHOICE

    def read(self, text: str, asked: Asked) -> enum.StrEnum:
        """Return the option."""
        wanted = text.strip().casefold().replace(" ", "_")
        found = [
            o for o in self.options if wanted in {o.value, _(o.value.replace("_", " ")).casefold()}
        ]
        found = found or [o for o in self.options if wanted and o.value.startswith(wanted)]
        if len(found) == 1:
            return found[0]
        raise UserError(
            _("Choose one of: {options}.", options=", ".join(self.options)),
            actions=tuple(
                asked.button(choice.label, choice.value) for choice in self.choices(asked.request)
            ),
        )

    def choices(self, request: Request) -> tuple[Choice, ...]:
        """Return the options."""
        return tuple(
            Choice(_(option.value.replace("_", " ")), option.value) for option in self.options
        )


@dataclass(frozen=True)
class NumberArgument(Argument[int]):
    """A whole number from `least` to `most`."""

    least: int
    most: int
    kind: FieldKind = FieldKind.NUMBER

    def read(self, text: str, asked: Asked) -> int:
        """Return the number."""
        digits = text.strip()
        if (
            digits.isascii()
            and digits.isdigit()
            and len(digits) <= _DIGITS
            and self.least <= int(digits) <= self.most
        ):
            return int(digits)
        raise UserError(
            _("Write a whole number from {least} to {most}.", least=self.least, most=self.most)
        )


@dataclass(frozen=True)
class RecordArgument(Argument[Any]):
    """A record of one of `kinds`, by number, by name, by `it`, or by its place in the last list."""

    kinds: tuple[str, ...]
    deleted: bool = False
    kind: FieldKind = FieldKind.RECORD
    spreads: bool = True

    def read(self, text: str, asked: Asked) -> Model:
        """Return the loaded record."""
        return naming.resolve(text, self.kinds, asked.request, asked.button, deleted=self.deleted)

    def complete(self, text: str, request: Request) -> tuple[Choice, ...]:
        """Return the records whose name or number begins so, or is like it."""
        return naming.suggest(text, self.kinds, request)

    def picked(self, text: str, asked: Asked) -> str:
        """Return the record's name."""
        return records.name_of(self.read(text, asked))


class PersonArgument(Argument[User]):
    """A colleague, by name, by e-mail or as `me`."""

    kind = FieldKind.PERSON
    spreads = True

    def read(self, text: str, asked: Asked) -> User:
        """Return the active user."""
        mention = _MENTION.fullmatch(text.strip())
        if mention:
            return _mentioned(mention[1], asked.request)
        words = text.strip().removeprefix("@")
        if words.casefold() in {"me", "我"}:
            return asked.request.colleague
        found = users.named(asked.request.session, words) if words else []
        if len(found) == 1:
            return found[0]
        if found:
            buttons = tuple(asked.button(f"{u.name} ({u.email})", u.email) for u in found)
            raise UserError(_("Several colleagues are called that; which one?"), actions=buttons)
        raise UserError(
            _("There is no colleague called “{name}”.", name=shown(words)),
            _("Type `user list` to see everybody."),
        )

    def picked(self, text: str, asked: Asked) -> str:
        """Return the colleague's account on the platform of the form."""
        user, platform = self.read(text, asked), asked.request.platform
        return next((i.external_id for i in user.identities if i.platform == platform), "")


def _is_money(words: Sequence[str]) -> bool:
    try:
        read_money(" ".join(words), "USD")
    except UserError:
        return False
    return True


def _mentioned(account: str, request: Request) -> User:
    user = users.by_account(request.session, request.platform, account)
    if user is None:
        raise UserError(
            _("This person does not use Rapport yet."),
            _("An admin adds them with `user add`, or choose somebody else."),
        )
    return user


HERE = frozenset({"here", "这里"})


class AddressArgument(Argument[Address]):
    """Where messages go: `platform:chat`, `here`, or `me`."""

    def read(self, text: str, asked: Asked) -> Address:
        """Return the address."""
        wanted = text.strip()
        if wanted.casefold() in HERE:
            return asked.request.place
        if wanted.casefold() in {"me", "我"}:
            return Address("user", str(asked.request.colleague.id))
        try:
            address = Address.parse(wanted)
        except ValueError:
            address = None
        if address is None or not _is_place(asked.request, address):
            raise UserError(
                _("This is not an address."),
                _(
                    "Write `here`, `me`, `slack:C0123`, `telegram:-100123` or `web:ann@example.com`."
                ),
            )
        return address


def _is_place(request: Request, address: Address) -> bool:
    """Tell whether messages can go there; the pages of the web chat are colleagues' by their e-mail."""
    if address.platform != "web":
        return address.platform in {"slack", "telegram", "console"}
    colleague = users.by_email(request.session, address.chat)
    return colleague is not None and colleague.active and colleague.email == address.chat


Text = Annotated[str, TextArgument()]
Name = Annotated[str, NameArgument()]
Email = Annotated[str, ReaderArgument(contact_points.read_email)]
Phone = Annotated[str, PhoneArgument()]
Website = Annotated[str, ReaderArgument(contact_points.read_website)]
AnyRecord = Annotated[Model, RecordArgument(("company", "contact", "deal", "ticket"))]
PageNumber = Annotated[int, NumberArgument(1, 100_000)]

_BY_TYPE: dict[Any, Argument[Any]] = {
    str: TextArgument(),
    Money: MoneyArgument(),
    datetime: MomentArgument(),
    date: DayArgument(),
    User: PersonArgument(),
    Address: AddressArgument(),
    Schedule: ReaderArgument(read_schedule, spreads=True),
    Company: RecordArgument(("company",)),
    Contact: RecordArgument(("contact",)),
    Deal: RecordArgument(("deal",)),
    Ticket: RecordArgument(("ticket",)),
    TaskRecord: RecordArgument(("task",)),
}


def argument_for(hint: Any) -> Argument[Any]:  # noqa: ANN401 - a type hint
    """Return the argument type for a handler's type hint.

    Raises:
        TypeError: there is none; add it to the table above.
    """
    if typing.get_origin(hint) is Annotated:
        found = next(
            (extra for extra in typing.get_args(hint)[1:] if isinstance(extra, Argument)), None
        )
        if found:
            return found
    if isinstance(hint, type) and issubclass(hint, enum.StrEnum):
        return ChoiceArgument(hint)
    try:
        return _BY_TYPE[hint]
    except (KeyError, TypeError):
        message = f"no argument type for {hint!r}"
        raise TypeError(message) from None
