"""The places at which a process is killed, and the bugs that a kill must bring to light.

They are put around the parts of the program from outside, in the process that will die; the
program knows nothing of them. Who starts and kills the processes is `tests/faults/office.py`.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bot import app
from bot.asked import Requests
from bot.leadership import Leadership
from bot.router import Answer, Router
from bot.runner import Runner
from bot.slack.adapter import Slack
from bot.surface import Incoming, Surface
from bot.telegram.adapter import Telegram
from bot.worker import ACTOR, Worker
from crm_store import asked, inbox
from crm_store.inbox import Claimed
from crm_store.models import Task, User
from handlers.reply import Reply
from jobs.schedule import SCHEDULE, Job, JobContext
from tests import planted

Hook = Callable[[], None]

LATENESS = 0.2  # seconds by which the planted bug keeps an event too late
BEAT = "beat"
SURFACES = (Telegram, Slack)


def fuse(passes: int) -> Hook:
    """Return what kills this process, without a word, when it is called for the n-th time."""
    left = passes

    def burn() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return burn


def before(owner: Any, name: str, hook: Hook) -> None:
    """Call `hook` whenever `name` of a class or module is about to run."""
    _wrap(owner, name, hook, lambda: None)


def after(owner: Any, name: str, hook: Hook) -> None:
    """Call `hook` whenever `name` of a class or module has ended well."""
    _wrap(owner, name, lambda: None, hook)


def _wrap(owner: Any, name: str, first: Hook, then: Hook) -> None:
    whole = getattr(owner, name)
    if inspect.iscoroutinefunction(whole):

        @functools.wraps(whole)
        async def awaited(*given: Any, **named: Any) -> Any:
            first()
            found = await whole(*given, **named)
            then()
            return found

        _replace(owner, name, awaited)
        return

    @functools.wraps(whole)
    def called(*given: Any, **named: Any) -> Any:
        first()
        found = whole(*given, **named)
        then()
        return found

    _replace(owner, name, called)


def _replace(owner: Any, name: str, by: Any) -> None:
    setattr(owner, name, by)


def _kept(burn: Hook) -> None:
    """The event is committed to the inbox and not acknowledged."""
    after(Worker, "receive", burn)


def _offset(burn: Hook) -> None:
    """All that was fetched is kept, and the offset has not moved."""
    after(Telegram, "_poll", burn)


def _handling(burn: Hook) -> None:
    """The effects are written, the event is not marked done, nothing is committed."""
    before(inbox, "done", burn)


def _uncommitted(burn: Hook) -> None:
    """Effects and mark are written in one transaction that is not committed."""
    after(inbox, "done", burn)


def _committed(burn: Hook) -> None:
    """The event is carried out and not answered."""
    for surface in SURFACES:
        before(surface, "answer", burn)


def _answered(burn: Hook) -> None:
    """The platform has the answer, and we have not noted that."""
    for surface in SURFACES:
        after(surface, "answer", burn)


def _claimed(burn: Hook) -> None:
    """A notice is marked as being sent and has not been sent."""
    for surface in SURFACES:
        before(surface, "send", burn)


def _sent(burn: Hook) -> None:
    """The platform has the notice, and we have not noted that."""
    for surface in SURFACES:
        after(surface, "send", burn)


POINTS: dict[str, Callable[[Hook], None]] = {
    "kept": _kept,
    "offset": _offset,
    "handling": _handling,
    "uncommitted": _uncommitted,
    "committed": _committed,
    "answered": _answered,
    "claimed": _claimed,
    "sent": _sent,
}

# Where a process may die over what somebody asked for: it has claimed it, has the answer, is about to owe it, owes it.
JOB_POINTS: dict[str, Callable[[Hook], None]] = {
    "begun": lambda burn: before(Requests, "carry_out", burn),
    "worked": lambda burn: after(Runner, "answer", burn),
    "owing": lambda burn: after(asked, "finish", burn),
    "owed": lambda burn: after(Requests, "carry_out", burn),
}

NOTICE_POINTS = frozenset({"claimed", "sent"})


def _acknowledge_first() -> None:
    """Acknowledge an event and keep it a moment later, as a poller does that queues in memory."""
    receive = Worker.receive
    keeping: set[asyncio.Task[None]] = set()

    async def late(*given: Any) -> None:
        await asyncio.sleep(LATENESS)
        await receive(*given)

    async def hasty(*given: Any) -> bool:
        task = asyncio.create_task(late(*given))
        keeping.add(task)
        task.add_done_callback(keeping.discard)
        return True

    _replace(Worker, "receive", hasty)


def _mark_first() -> None:
    """Note an answer as sent, then send it."""

    async def hasty(self: Worker, surface: Surface, row: Claimed, answer: dict[str, Any]) -> None:
        await self._at(self._door, lambda s: inbox.answered(s, row.id))
        reply = Reply.from_dict(answer["reply"])
        language, zone = answer["language"], answer["zone"]
        await surface.answer(row.body, reply, language=language, zone=zone, again=row.again)

    _replace(Worker, "_answer", hasty)


def _mark_apart() -> None:
    """Commit the effects of an event, and its mark in a second transaction."""
    take = Router.take

    def torn(self: Router, incoming: Incoming, inbox_id: int | None = None) -> Answer | None:
        answer = take(self, incoming, None)
        if answer is not None and inbox_id is not None:
            reply = {
                "reply": answer.reply.to_dict(),
                "language": answer.language,
                "zone": answer.zone,
            }
            with self.store.transaction(ACTOR) as session:
                inbox.done(session, inbox_id, reply)
        return answer

    _replace(Router, "take", torn)


def _everybody_leads() -> None:
    """Believe to hold every lease, as after a long pause of the process or a jump of clocks."""
    _replace(Leadership, "ensure", lambda _self: True)
    _replace(Leadership, "held", property(lambda _self: True))


def _a_job_beats() -> None:
    """Have one more job in the timetable, every two seconds, that leaves a task each time."""

    def beat(context: JobContext) -> str:
        with context.transaction() as session:
            owner = session.query(User).first()
            session.add(Task(text=BEAT, owner=owner, created_at=context.now))
        return "a task"

    job = Job(BEAT, timedelta(seconds=2), beat, timedelta(0))
    _replace(app, "SCHEDULE", (*SCHEDULE, job))


BUGS: dict[str, Callable[[], None]] = {
    "acknowledged before it is kept": _acknowledge_first,
    "marked before it is sent": _mark_first,
    "effect and mark in two transactions": _mark_apart,
}


def _a_heavy_job_lasts() -> None:
    """Have one more job in the timetable, in a process of its own, that does not end."""
    job = Job("lasts", timedelta(seconds=2), planted.lasts, timedelta(0), heavy=True)
    _replace(app, "SCHEDULE", (*SCHEDULE, job))


CHANGES = BUGS | {
    "a heavy job lasts": _a_heavy_job_lasts,
    "everybody leads": _everybody_leads,
    "a job beats": _a_job_beats,
}
