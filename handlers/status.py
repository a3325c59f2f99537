"""How Rapport itself is: what waits, what failed, and how to try it again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

from crm_store import health, inbox, notices
from crm_store.health import Health
from crm_store.models import InboxState, JobRequest, NoticeState, Occurrence, Role
from handlers.arguments import NumberArgument
from handlers.command import command
from handlers.errors import UserError
from handlers.notices import why
from handlers.reply import Action, Field, Reply, Row, Table, Tone
from handlers.request import Request
from handlers.wording import _, number, stamp

_BUTTONS = 4
_ROWS = 10

RowNumber = Annotated[int, NumberArgument(1, 2**62)]


@command(
    "status",
    role=Role.ADMIN,
    reads=True,
    example="status",
    phrases=(
        "(how is|is) the (bot|system|server) (running|doing|ok|up|working|healthy)",
        "SHOW [the] (system status|bot status|state of the system|health|system health)",
        "(系统|机器人|服务)(状态|运行状态)[怎么样|如何]",
        "SHOW (系统状态|运行状态|机器人状态)",
        "(系统|机器人) (运行|工作) (正常|怎么样|得怎么样)",
        (
            "~ (running|healthy|health|status|working|up|alive|正常|状态|运行) (bot|system|"
            "everything|rapport|all|机器人|系统|程序|you) [is|ok|okay|吗|are|fine|how|SHOW|运行|"
            "still|状态|check|the]"
        ),
    ),
)
def status(request: Request) -> Reply:
    """Show how Rapport itself is: what waits, what failed, the last runs."""
    found = health.read(request.session, request.now)
    failed = len(found.dead) + len(found.failed)
    sick = failed or found.halts or any(run.failed for run in found.runs)
    return Reply(
        title=_("Rapport needs a look.") if sick else _("Rapport is well."),
        fields=tuple(Field(label, value) for label, value in _facts(found) if value),
        table=_failures(found) if failed else None,
        actions=_retries(found),
        tone=Tone.WARNING if sick else Tone.GOOD,
    )


@command(
    "status retry <event>",
    role=Role.ADMIN,
    example="status retry 12",
    phrases=(
        "~ <event> (try|retry|again|run|redo|重试|再试|重新处理|重跑) [again|once|more|the|run]",
    ),
)
def retry(request: Request, event: RowNumber) -> Reply:
    """Try a command again that was given up; what was carried out is not done twice."""
    if not inbox.revive(request.session, event):
        raise UserError(
            _("There is no given-up command #{id}.", id=event), _("Type `status` to see them.")
        )
    return Reply(title=_("Command #{id} is tried again.", id=event), actions=(_back(),))


@command(
    "status resend <message>",
    role=Role.ADMIN,
    example="status resend 12",
    phrases=(
        (
            "~ <message> (send|resend|again|re-send|deliver|重发|再发|重新发送) [again|once|more|"
            "the]"
        ),
    ),
)
def resend(request: Request, message: RowNumber) -> Reply:
    """Send a message again that was given up or may not have arrived."""
    if not notices.revive(request.session, message, request.now):
        raise UserError(
            _("There is no failed message #{id}.", id=message), _("Type `status` to see them.")
        )
    return Reply(title=_("Message #{id} is sent again.", id=message), actions=(_back(),))


def _facts(found: Health) -> Iterable[tuple[str, str]]:
    waiting = found.notices[NoticeState.WAITING] + found.notices[NoticeState.SENDING]
    opened = found.events[InboxState.NEW] + found.events[InboxState.DONE]
    yield _("Commands waiting"), _since(opened, found.oldest_event_at)
    yield _("Messages waiting"), _since(waiting, found.oldest_notice_at)
    for run in found.runs:
        yield run.schedule, _run(run)
    for request in found.requests:
        yield _named(request), _request(request)
    for digest in found.digests:
        yield (
            _("Digest"),
            _(
                "sent {moment} to {place}",
                moment=stamp(digest.sent_at),
                place=digest.sent_to or "–",
            ),
        )
    for bucket, until in found.halts.items():
        yield bucket, _("asked us to wait until {moment}", moment=stamp(until))


def _since(count: int, oldest_at: datetime | None) -> str:
    if oldest_at is None:
        return number(count)
    return _("{count}, the oldest since {moment}", count=number(count), moment=stamp(oldest_at))


def _run(run: Occurrence) -> str:
    if run.failed:
        return _(
            "failed {moment}: {summary}",
            moment=stamp(run.started_at),
            summary=run.summary or "–",
        )
    if run.finished_at is None:
        return _begun(run.started_at, run.progress)
    return _("{moment}: {summary}", moment=stamp(run.finished_at), summary=run.summary or "–")


def _begun(moment: datetime, progress: str) -> str:
    if progress:
        return _("began {moment}: {progress}", moment=stamp(moment), progress=progress)
    return _("began {moment}", moment=stamp(moment))


def _named(request: JobRequest) -> str:
    name = request.arguments.get("name", request.job)
    return _("{job} for {name}", job=name, name=request.user.name)


def _request(request: JobRequest) -> str:
    if request.started_at is None:
        return _("waits since {moment}", moment=stamp(request.asked_at))
    if request.finished_at is None:
        return _begun(request.started_at, request.progress)
    if request.failed:
        return _("failed {moment}", moment=stamp(request.finished_at))
    return _("answered {moment}", moment=stamp(request.finished_at))


def _failures(found: Health) -> Table:
    columns = (_("What"), "#", _("Kind"), _("When"), _("Why"))
    events = [
        Row((_("Command"), f"#{r.id}", r.platform, stamp(r.received_at), _("tried too often")))
        for r in found.dead[:_ROWS]
    ]
    messages = [
        Row((_("Message"), f"#{n.id}", n.kind, stamp(n.due_at), why(n.reason) or "–"))
        for n in found.failed[:_ROWS]
    ]
    return Table(columns, (*events, *messages))


def _retries(found: Health) -> tuple[Action, ...]:
    events = [
        Action(_("Retry command #{id}", id=r.id), f"status retry {r.id}")
        for r in found.dead[:_BUTTONS]
    ]
    messages: Sequence[Action] = [
        Action(_("Resend message #{id}", id=n.id), f"status resend {n.id}")
        for n in found.failed[:_BUTTONS]
    ]
    return (*events, *messages)


def _back() -> Action:
    return Action(_("Status"), "status")
