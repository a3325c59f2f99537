"""Commands about tasks and follow-up dates, and the words of their reminders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from crm_store import deals, records, tasks
from crm_store.conversations import Reference
from crm_store.models import Role, Task, TaskKind, TaskStatus, User
from crm_store.money import Money
from handlers import cards, task_phrases
from handlers.arguments import AnyRecord, PageNumber, RecordArgument, Text
from handlers.command import command
from handlers.errors import UserError
from handlers.forms import editing
from handlers.naming import KIND_NAMES
from handlers.notices import Telling, audible, notice
from handlers.reply import Action, Field, Reply, Row, Style, Table, Tone
from handlers.request import Call, Request
from handlers.wording import _, moment, money, plural, span, stamp

_LATE = timedelta(minutes=5)
DeletedTask = Annotated[Task, RecordArgument(("task",), deleted=True)]


@command(
    "task add <text...> [due=] [for=] [about=]",
    role=Role.MEMBER,
    example='task add send the offer due="friday 15:00" for=me about="Acme Ltd"',
    phrases=task_phrases.ADD,
)
def add_task(
    request: Request,
    text: Text,
    due: datetime | None = None,
    for_: User | None = None,
    about: AnyRecord | None = None,
) -> Reply:
    """Write down something to do."""
    owner = for_ or request.colleague
    task = tasks.add(request.session, text, owner, request.colleague, request.now, about)
    tasks.set_due(task, due, request.zone)
    request.about("task", task.id)
    return _card(task, _("Task added."))


@command(
    "task list [for=] [page=]",
    role=Role.MEMBER,
    reads=True,
    example="task list",
    phrases=task_phrases.LIST,
)
def list_tasks(request: Request, for_: User | None = None, page: PageNumber = 1) -> Reply:
    """List open tasks by their due time, yours or a colleague's."""
    owner = for_ or request.colleague
    offset = (page - 1) * cards.PAGE_SIZE
    found, total = tasks.list_page(request.session, owner, TaskStatus.OPEN, offset, cards.PAGE_SIZE)
    request.listed("task", [task.id for task in found])
    rows = [
        Row((f"#{task.id}", task.text, stamp(task.due_at), _about(task)), f"task show {task.id}")
        for task in found
    ]
    columns = ("#", _("Task"), _("Due"), _("About"))
    reply = cards.listing(_("Tasks of {name}", name=owner.name), columns, rows, _("Nothing to do."))
    return cards.page(reply, cards.again(request), page, total)


@command(
    "task show <task>",
    role=Role.MEMBER,
    reads=True,
    example="task show 5",
    phrases=task_phrases.SHOW,
)
def show_task(request: Request, task: Task) -> Reply:
    """Show a task."""
    request.about("task", task.id)
    return _card(task, task.text)


@command(
    "task done <task>",
    role=Role.MEMBER,
    example="task done 5",
    phrases=task_phrases.DONE,
)
def complete_task(request: Request, task: Task) -> Reply:
    """Mark a task done."""
    return _complete(request, task, None)


@command(
    "task log <task> <outcome...>",
    role=Role.MEMBER,
    example="task log 5 she will order in March",
    phrases=task_phrases.LOG,
)
def log_outcome(request: Request, task: Task, outcome: Text) -> Reply:
    """Mark a task done and keep how it went."""
    return _complete(request, task, outcome)


@command(
    "task snooze <task> <when>",
    role=Role.MEMBER,
    example="task snooze 5 tomorrow 9:00",
    phrases=task_phrases.SNOOZE,
)
def snooze_task(request: Request, task: Task, when: datetime) -> Reply:
    """Put a task off until another time."""
    if task.status is TaskStatus.DONE:
        raise UserError(
            _("This task is done already."), _("Open it again with `undo`, or add a new one.")
        )
    tasks.set_due(task, when, request.zone)
    request.about("task", task.id)
    return _card(task, _("Put off until {when}.", when=moment(when)))


@command(
    "task edit <task> [text=] [due=] [for=] [about=]",
    role=Role.MEMBER,
    example='task edit 5 text="Send the new offer"',
    phrases=task_phrases.EDIT,
)
def edit_task(
    request: Request,
    task: Task,
    text: Text | None = None,
    due: datetime | None = None,
    for_: User | None = None,
    about: AnyRecord | None = None,
) -> Reply:
    """Change fields of a task; `due=` empties one, and no field at all opens the form."""
    request.about("task", task.id)
    emptied = request.cleared & {"due", "about"}
    if text is None and due is None and for_ is None and about is None and not emptied:
        return _edit_form(task, request)
    if text is not None:
        task.text = text
    if due is not None or "due" in emptied:
        tasks.set_due(task, due, request.zone)
    if for_ is not None:
        task.owner = for_
    if about is not None or "about" in emptied:
        tasks.set_about(task, about)
    return _card(task, _("Task changed."))


@command(
    "task delete <task>",
    role=Role.MEMBER,
    example="task delete 5",
    phrases=task_phrases.DELETE,
)
def delete_task(request: Request, task: Task) -> Reply:
    """Delete a task; it can be restored."""
    task.deleted_at = request.now
    return Reply(
        title=_("Task deleted."),
        actions=(Action(_("Restore"), f"task restore {task.id}", replaces=True),),
    )


@command(
    "task restore <task>",
    role=Role.MEMBER,
    example="task restore 5",
    phrases=task_phrases.RESTORE,
)
def restore_task(request: Request, task: DeletedTask) -> Reply:
    """Bring a deleted task back."""
    task.deleted_at = None
    request.about("task", task.id)
    return _card(task, _("The task is back."))


@command(
    "followup <record> <when> [text...]",
    role=Role.MEMBER,
    example='followup "Acme Ltd" tue 10:00 ask about the offer',
    phrases=task_phrases.FOLLOWUP,
)
def follow_up(request: Request, record: AnyRecord, when: datetime, text: Text = "") -> Reply:
    """Set the follow-up date of a record; I remind you then."""
    task = tasks.follow_up_of(request.session, record, request.colleague)
    words = text or _("Follow up: {name}", name=records.name_of(record))
    if task is None:
        task = tasks.add(
            request.session, words, request.colleague, request.colleague, request.now, record
        )
        task.kind = TaskKind.FOLLOW_UP
    elif text:
        task.text = words
    tasks.set_due(task, when, request.zone)
    request.about(records.kind_of(record), record.id)
    return _card(task, _("I will remind you on {when}.", when=moment(when)))


@notice("task_due")
def tell_task_due(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Remind of a task, unless it was done, deleted or put off in the meantime."""
    task = tasks.with_surroundings(telling.session, payload["task_id"])
    if task is None or task.deleted_at or task.status is TaskStatus.DONE or task.due_at is None:
        return None
    if task.due_at.isoformat() != payload["due_at"]:
        return None
    late = telling.now - task.due_at
    text = _("Late by {time}.", time=span(late)) if late >= _LATE else ""
    reminder = _("Follow up") if task.kind is TaskKind.FOLLOW_UP else _("Task due")
    card = _card(task, f"{reminder}: {task.text}")
    return Reply(
        title=card.title,
        text=text,
        fields=card.fields,
        actions=card.actions,
        footer=card.footer,
        tone=Tone.WARNING,
        record=card.record,
    )


@notice("deals_idle")
def tell_deals_idle(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Name the deals that went quiet, unless something happened on them in the meantime."""
    before = deals.idle_before(telling.now, payload["days"])
    heard = audible(telling, [f"deal:{number}" for number in payload["deal_ids"]])
    ids = [Reference.parse(each).id for each in heard]
    found = deals.still_idle(telling.session, ids, before)
    if not found:
        return None
    rows = tuple(
        Row(
            (
                f"#{deal.id}",
                deal.title,
                money(Money(deal.amount, deal.currency) if deal.amount is not None else None),
                stamp(deal.last_activity_at),
            ),
            f"deal show {deal.id}",
        )
        for deal in found
    )
    buttons = []
    for deal in found[:3]:
        buttons.append(Action(_("Log call on #{id}", id=deal.id), f"call log deal:{deal.id}"))
        buttons.append(
            Action(
                _("Follow up #{id} tomorrow", id=deal.id), f"followup deal:{deal.id} tomorrow 9:00"
            )
        )
    return Reply(
        title=plural("{count} deal has gone quiet", "{count} deals have gone quiet", len(found)),
        text=_("Nothing has happened on them for {days} days.", days=payload["days"]),
        table=Table(("#", _("Deal"), _("Amount"), _("Last activity")), rows, (2,)),
        actions=tuple(buttons),
        tone=Tone.WARNING,
    )


def _complete(request: Request, task: Task, outcome: str | None) -> Reply:
    if task.status is TaskStatus.DONE:
        raise UserError(_("This task is done already."))
    tasks.complete(task, outcome, request.now)
    request.about("task", task.id)
    return _card(task, _("Done: {text}", text=task.text))


def _edit_form(task: Task, request: Request) -> Reply:
    record = tasks.about(task)
    holds = {
        "text": task.text,
        "due": task.due_at.strftime("%Y-%m-%d %H:%M UTC") if task.due_at else "",
        "for": task.owner.email,
        "about": str(records.reference(record)) if record else "",
    }
    if task.due_at and task.due_at <= request.now:
        del holds["due"]  # a time that has passed is moved by `task snooze`
    call = Call("task edit", {"task": f"task:{task.id}"})
    return editing(request, call, _("Edit {name}", name=task.text), holds)


def _about(task: Task) -> str:
    record = tasks.about(task)
    return (
        f"{_(KIND_NAMES[records.kind_of(record)])} #{record.id} {records.name_of(record)}"
        if record
        else ""
    )


def _card(task: Task, title: str) -> Reply:
    shown = {
        _("Task"): task.text if task.text not in title else None,
        _("Due"): moment(task.due_at) if task.due_at else None,
        _("For"): task.owner.name,
        _("About"): _about(task),
        _("Outcome"): task.outcome,
    }
    return Reply(
        title=title,
        fields=tuple(Field(label, value) for label, value in shown.items() if value),
        actions=_buttons(task) if task.status is TaskStatus.OPEN else (),
        record=str(records.reference(task)),
        footer=_("Task #{id}", id=task.id),
        tone=Tone.GOOD if task.status is TaskStatus.DONE else Tone.NEUTRAL,
    )


def _buttons(task: Task) -> tuple[Action, ...]:
    return (
        Action(_("Done"), f"task done {task.id}", Style.PRIMARY, replaces=True),
        Action(_("In 1 hour"), f"task snooze {task.id} in 1 hour", replaces=True),
        Action(_("Tomorrow"), f"task snooze {task.id} tomorrow 9:00", replaces=True),
        Action(_("Next week"), f"task snooze {task.id} next monday 9:00", replaces=True),
        Action(_("Pick a time"), f"task snooze {task.id}"),
        Action(_("Log the outcome"), f"task log {task.id}"),
        Action(_("Edit"), f"task edit {task.id}"),
    )
