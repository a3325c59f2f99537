"""A person's day on one page: what is due, who to get back to, which deals need care, which tickets wait."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from crm_store import deals, tasks, tickets
from crm_store.models import Deal, Role, Task, TaskKind, Ticket, User
from crm_store.tickets import Filter
from handlers.command import command
from handlers.errors import UserError
from handlers.reply import Action, Reply, Row, Style, Table
from handlers.request import Request
from handlers.wording import _, date_stamp, number, plural, stamp

MOST = 10  # rows of each kind: a page that is read at a glance
IDLE_DAYS = 14
_Part: TypeAlias = tuple[tuple[Row, ...], int]  # what is shown, and how much there is


@command(
    "day [for=]",
    role=Role.MEMBER,
    reads=True,
    example="day",
    phrases=(
        "what is on [my|the] [agenda|programme] today",
        "what is on my agenda",
        "what is on for <for> today",
        "(how does|what does) my day look [like]",
        "SHOW my (day|agenda) [today]",
        "SHOW the (day|agenda) of <for>",
        "SHOW 我 [今天] 的 (一天|日程)",
        "我 今天 (有 什么 安排|的 安排 是 什么|的 安排|的 日程)",
        "(今天|今日) [的|有 什么] (安排|日程)",
        "<for> 今天 (有 什么 安排|的 安排|的 日程)",
    ),
)
def show_day(request: Request, for_: User | None = None) -> Reply:
    """Show what today asks of you: tasks, follow-ups, deals at risk and tickets; a manager may look at others."""
    person = for_ or request.colleague
    if person.id != request.colleague.id and not request.role.may(Role.MANAGER):
        raise UserError(_("Only a manager may look at the day of a colleague."), _("Type `day`."))
    parts = (_tasks(request, person), _deals(request, person), _tickets(request, person))
    rows = tuple(row for found, _total in parts for row in found)
    total = sum(total for _found, total in parts)
    columns = (_("What"), "", _("When"))
    title = (
        _("Your day") if person.id == request.colleague.id else _("Day of {name}", name=person.name)
    )
    return Reply(
        title=title,
        text="" if rows else _("Nothing waits. Enjoy the day!"),
        table=Table(columns, rows) if rows else None,
        actions=(
            Action(_("Add task"), "task add"),
            Action(_("New ticket"), "ticket new"),
            Action(_("All tasks"), f"task list for={person.email}"),
            Action(_("All deals"), f"deal list owner={person.email}"),
            Action(_("All tickets"), f"ticket list assignee={person.email}"),
        ),
        footer=_count(len(rows), total),
        record=f"day:{person.id}",
    )


def _count(shown: int, total: int) -> str:
    if shown < total:
        return _("{shown} of {total} things", shown=shown, total=number(total))
    return plural("{count} thing", "{count} things", total) if total else ""


def _tasks(request: Request, person: User) -> _Part:
    zone = ZoneInfo(person.time_zone)
    tomorrow = request.now.astimezone(zone).date() + timedelta(days=1)
    until = datetime.combine(tomorrow, time(), zone)
    found, total = tasks.due_until(request.session, person, until, MOST)
    kinds = sorted(found, key=lambda task: task.kind, reverse=True)
    return tuple(_task(task) for task in kinds), total


def _task(task: Task) -> Row:
    what = _("Follow up") if task.kind is TaskKind.FOLLOW_UP else _("Task due")
    done = Action(_("Done"), f"task done {task.id}", Style.PRIMARY)
    later = Action(_("Tomorrow"), f"task snooze {task.id} tomorrow 9:00")
    cells = (what, task.text, stamp(task.due_at))
    return Row(cells, f"task show {task.id}", (done, later))


def _deals(request: Request, person: User) -> _Part:
    before = deals.idle_before(request.now, IDLE_DAYS)
    today = request.now.astimezone(ZoneInfo(person.time_zone)).date()
    found, total = deals.at_risk(request.session, person.id, before, today, MOST)
    return tuple(_deal(deal) for deal in found), total


def _deal(deal: Deal) -> Row:
    called = Action(_("Log call"), f"call log deal:{deal.id}")
    cells = (_("Deal at risk"), deal.title, date_stamp(deal.close_on))
    return Row(cells, f"deal show {deal.id}", (called,))


def _tickets(request: Request, person: User) -> _Part:
    found, total = tickets.list_page(request.session, Filter(assignee_id=person.id), 0, MOST)
    return tuple(_ticket(ticket) for ticket in found), total


def _ticket(ticket: Ticket) -> Row:
    answered = Action(_("Reply"), f"ticket reply {ticket.id}")
    cells = (_("Ticket"), ticket.subject, stamp(ticket.created_at))
    return Row(cells, f"ticket show {ticket.id}", (answered,))
