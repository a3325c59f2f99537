"""Days on which people are left in peace: their leave, and the holidays of a calendar.

Quiet hours and weekends are settings, in `handlers/preferences.py`.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from crm_store import rest
from crm_store.models import Leave, Role, User
from handlers import cards, quiet_phrases
from handlers.arguments import Argument, Asked, Name, NumberArgument, PageNumber
from handlers.command import command
from handlers.errors import UserError
from handlers.reply import Action, FieldKind, Reply, Row
from handlers.request import Request
from handlers.wording import _, date_stamp, day, plural

_LONGEST = 365
DEFAULT_CALENDAR = "office"


class LeaveArgument(Argument[Leave]):
    """The number of a leave, your own or, for a manager, anybody's."""

    kind = FieldKind.NUMBER

    def read(self, text: str, asked: Asked) -> Leave:
        """Return the leave."""
        number = NumberArgument(1, 10**15).read(text.removeprefix("#"), asked)
        leave = rest.find_leave(asked.request.session, number)
        mine = leave is not None and leave.user_id == asked.request.colleague.id
        if leave is None or not (mine or asked.request.role.may(Role.MANAGER)):
            raise UserError(
                _("There is no leave with the number {number}.", number=number),
                _("Type `leave list` to see yours."),
            )
        return leave


@command(
    "leave add <from> <until> [for=]",
    role=Role.MEMBER,
    example="leave add 2026-12-21 2027-01-03",
    phrases=quiet_phrases.LEAVE_ADD,
)
def add_leave(request: Request, from_: date, until: date, for_: User | None = None) -> Reply:
    """Be left in peace from one day to another, both included; what waits comes afterwards."""
    person = for_ or request.colleague
    if person.id != request.colleague.id and not request.role.may(Role.MANAGER):
        raise UserError(_("Only a manager enters leave for others."))
    if until < from_ or until < request.local_now.date():
        raise UserError(
            _("This leave would be over before it begins."),
            _("Write the first and the last day, such as `leave add 2026-12-21 2027-01-03`."),
        )
    if (until - from_).days >= _LONGEST:
        raise UserError(_("A leave has at most {days} days.", days=_LONGEST))
    leave = rest.add_leave(request.session, person, from_, until)
    days = (until - from_).days + 1
    return Reply(
        title=_(
            "{name} is away from {first} until {last}.",
            name=person.name,
            first=day(from_),
            last=day(until),
        ),
        text=plural("That is {count} day.", "That is {count} days.", days),
        actions=(Action(_("Cancel the leave"), f"leave cancel {leave.id}", replaces=True),),
    )


@command(
    "leave list [for=] [page=]",
    role=Role.MEMBER,
    reads=True,
    example="leave list",
    phrases=quiet_phrases.LEAVE_LIST,
)
def list_leave(request: Request, for_: User | None = None, page: PageNumber = 1) -> Reply:
    """List the leave to come, yours or a colleague's."""
    person, today = for_ or request.colleague, request.local_now.date()
    offset = (page - 1) * cards.PAGE_SIZE
    found, total = rest.leaves_page(request.session, person, today, offset, cards.PAGE_SIZE)
    rows = [
        Row((f"#{each.id}", date_stamp(each.from_on), date_stamp(each.until_on))) for each in found
    ]
    columns = ("#", _("From"), _("Until"))
    title = _("Leave of {name}", name=person.name)
    reply = cards.listing(title, columns, rows, _("No leave is entered."))
    return cards.page(reply, cards.again(request), page, total)


@command(
    "leave cancel <leave>",
    role=Role.MEMBER,
    example="leave cancel 3",
    phrases=quiet_phrases.LEAVE_CANCEL,
)
def cancel_leave(request: Request, leave: Annotated[Leave, LeaveArgument()]) -> Reply:
    """Take a leave back."""
    title = _(
        "The leave from {first} until {last} is cancelled.",
        first=day(leave.from_on),
        last=day(leave.until_on),
    )
    request.session.delete(leave)
    return Reply(title=title)


@command(
    "holiday add <on> <name> [calendar=]",
    role=Role.ADMIN,
    example="holiday add 2026-12-25 Christmas calendar=berlin",
    phrases=quiet_phrases.HOLIDAY_ADD,
)
def add_holiday(request: Request, on: date, name: Name, calendar: Name = DEFAULT_CALENDAR) -> Reply:
    """Enter a holiday; whoever follows its calendar is left in peace that day."""
    holiday = rest.add_holiday(request.session, calendar.casefold(), on, name)
    return Reply(
        title=_(
            "{name}, {day}, is a holiday of {calendar}.",
            name=name,
            day=day(on),
            calendar=holiday.calendar,
        ),
        text=_(
            "`preference set holidays {calendar}` follows this calendar.", calendar=holiday.calendar
        ),
    )


@command(
    "holiday list [calendar=] [page=]",
    role=Role.MEMBER,
    reads=True,
    example="holiday list",
    phrases=quiet_phrases.HOLIDAY_LIST,
)
def list_holidays(request: Request, calendar: Name | None = None, page: PageNumber = 1) -> Reply:
    """List the holidays to come."""
    today = request.local_now.date()
    wanted = calendar.casefold() if calendar else None
    offset = (page - 1) * cards.PAGE_SIZE
    found, total = rest.holidays_page(request.session, today, wanted, offset, cards.PAGE_SIZE)
    rows = [Row((date_stamp(each.on), each.name, each.calendar)) for each in found]
    columns = (_("Day"), _("Name"), _("Calendar"))
    reply = cards.listing(_("Holidays"), columns, rows, _("No holidays are entered."))
    return cards.page(reply, cards.again(request), page, total)


@command(
    "holiday remove <on> [calendar=]",
    role=Role.ADMIN,
    example="holiday remove 2026-12-25 calendar=berlin",
    phrases=quiet_phrases.HOLIDAY_REMOVE,
)
def remove_holiday(request: Request, on: date, calendar: Name = DEFAULT_CALENDAR) -> Reply:
    """Take a holiday out of its calendar."""
    holiday = rest.find_holiday(request.session, calendar.casefold(), on)
    if holiday is None:
        raise UserError(
            _("There is no holiday on {day} in {calendar}.", day=day(on), calendar=calendar),
            _("Type `holiday list` to see them."),
        )
    request.session.delete(holiday)
    return Reply(title=_("{day} is a working day again.", day=day(on)))
