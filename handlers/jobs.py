"""Asking for a job instead of waiting for its time, and the words for how it ended.

What a job does stands in `jobs/`; who picks up what was asked for, in `bot/asked.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from crm_store import asked
from crm_store.models import JobRequest, Role
from handlers.arguments import Argument, Asked
from handlers.command import command
from handlers.errors import UserError
from handlers.notices import Telling, notice
from handlers.reply import Action, Choice, FieldKind, Reply, Tone
from handlers.request import Request
from handlers.wording import _, mark, stamp

# The job of `jobs/asked.py` that runs one of the timetable.
RUN = "run"
# Where people read what a job worked out.
_SHOWN = {
    "scores": (
        (mark("At risk of leaving"), "report churn"),
        (mark("Segment"), "report segments"),
        (mark("Value in the next 12 months"), "report value"),
    ),
    "chances": (
        (mark("Chance of winning"), "report chances"),
        (mark("Lead score"), "report leads"),
    ),
    "baskets": ((mark("Bought together so far"), "report baskets"),),
    "trends": (
        (mark("Trend and forecast"), "report trend revenue"),
        (mark("Market by industry"), "report market"),
    ),
    "texts": (
        (mark("What customers talk about"), "report themes"),
        (mark("Suggestions for tickets"), "report routing"),
    ),
}
_FAILURES = {
    "bug": mark(
        "Something went wrong that nobody foresaw. An admin finds it in the log under reference {reference}."
    ),
    "out of memory": mark(
        "It needs more memory than it may have. An admin can raise `memory_mb` under `[jobs]` in the configuration."
    ),
    "broken off": mark("It was broken off twice. An admin finds the reason in the log."),
}


class JobArgument(Argument[str]):
    """A job of the timetable, by its name; the beginning of one is enough when only one begins so."""

    kind = FieldKind.CHOICE

    def read(self, text: str, asked: Asked) -> str:
        """Return the name."""
        wanted = text.strip().casefold().replace(" ", "_")
        known = asked.request.defaults.jobs
        found = [name for name in known if name == wanted]
        found = found or [name for name in known if wanted and name.startswith(wanted)]
        if len(found) == 1:
            return found[0]
        raise UserError(
            _("Choose one of: {options}.", options=", ".join(known)),
            actions=tuple(
                asked.button(each.label, each.value) for each in self.choices(asked.request)
            ),
        )

    def choices(self, request: Request) -> tuple[Choice, ...]:
        """Return those that the person may ask for."""
        return tuple(Choice(name, name) for name in request.defaults.jobs if _may(request, name))


JobName = Annotated[str, JobArgument()]


@command(
    "job run <name>",
    role=Role.MANAGER,
    example="job run scores",
    phrases=(
        (
            "(run|rerun|re-run|refresh|recalculate|recompute|redo|update) [the|all] [customer] "
            "(scores|scoring|risk scores) [now|again|job|please] {name=scores}"
        ),
        "(score|rescore) [all] [the|our] (customers|clients) [now|again] {name=scores}",
        (
            "[现在|马上|立即|重新] (运行|计算|重新计算|重算|更新|刷新|跑一下) [一下|所有] [客户] [的] "
            "(评分|打分|分数) {name=scores}"
        ),
        "[重新] 给 [所有] 客户 [重新] (评分|打分) {name=scores}",
        (
            "~ (run|rerun|recalculate|recompute|refresh|redo|运行|重新计算|重算|刷新) (scores|scoring|评分|打分|分数) "
            "[the|customer|customers|all|now|again|please|job|现在|马上|一下|客户|所有] {name=scores}"
        ),
    ),
)
def run_job(request: Request, name: JobName) -> Reply:
    """Run a job of the timetable now; what it did comes as a message when it is done."""
    if not _may(request, name):
        raise UserError(_("Only an admin can ask for the job “{job}”.", job=name))
    wanted = asked.ask(
        request.session,
        job=RUN,
        arguments={"name": name},
        user_id=request.colleague.id,
        now=request.now,
    )
    return Reply(title=_headline(wanted, name, request), text=_outlook(wanted))


@notice(asked.DONE)
def tell_done(_telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Tell what a job did."""
    name = payload["job"]
    shown = tuple(Action(_(label), line) for label, line in _SHOWN.get(name, ()))
    return Reply(
        title=_("The job “{job}” is done.", job=name),
        text=""
        if shown
        else payload["summary"],  # which is a line of the log, with codes of methods
        actions=shown,
        tone=Tone.GOOD,
    )


@notice(asked.FAILED)
def tell_failed(_telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Tell why there is no answer."""
    name = payload["arguments"].get("name", payload["job"])
    words = _FAILURES[payload["why"]]
    again = Action(_("Try again"), f"job run {name}") if payload["job"] == RUN else None
    return Reply(
        title=_("The job “{job}” could not be done.", job=name),
        text=_(words, reference=payload["reference"]),
        actions=(again,) if again else (),
        tone=Tone.WARNING,
    )


def _may(request: Request, name: str) -> bool:
    """Tell whether who asks may ask for it: analyses are for managers, the housework for admins."""
    return request.defaults.jobs[name] or request.role.may(Role.ADMIN)


def _headline(wanted: JobRequest, name: str, request: Request) -> str:
    if wanted.started_at is not None:
        return _("The job “{job}” is running.", job=name)
    if wanted.asked_at < request.now:
        return _(
            "You asked for the job “{job}” {moment}; it waits for its turn.",
            job=name,
            moment=stamp(wanted.asked_at),
        )
    return _("The job “{job}” begins in a moment.", job=name)


def _outlook(wanted: JobRequest) -> str:
    if wanted.progress:
        return _("So far: {progress}. You get a message when it is done.", progress=wanted.progress)
    return _("You get a message when it is done.")
