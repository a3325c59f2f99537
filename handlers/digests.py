"""Commands about digests, which are read-only lines that come by themselves, and what a digest says.

When one is due is decided in `jobs/digests.py`; comparing it with the last one is `changes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from crm_store import digests
from crm_store.addresses import Address
from crm_store.models import Digest, Notice, NoticeState, Role, User
from crm_store.schedules import LAST_DAY, Rule, Schedule
from crm_store.store import Session
from handlers import cards
from handlers.arguments import (
    AddressArgument,
    Argument,
    Asked,
    PageNumber,
    PersonArgument,
    TextArgument,
)
from handlers.changes import compare
from handlers.command import command, match
from handlers.errors import UserError
from handlers.forms import Missing
from handlers.notices import Telling, notice, why
from handlers.reading.line import strip_prefix
from handlers.reply import Action, Field, Reply, Row, Style, Table, Tone
from handlers.request import Request
from handlers.wording import _, day, mark, moment, plural, stamp

LINE_LIMIT = 500
DELIVERIES = 5
_SUBJECT = "digest"
_ANSWERED_LATER = frozenset({"tree", "regression"})  # by a message to who asked
_DIGITS = 18  # what a 64-bit integer always holds
_WEEKDAYS = (
    mark("Monday"),
    mark("Tuesday"),
    mark("Wednesday"),
    mark("Thursday"),
    mark("Friday"),
    mark("Saturday"),
    mark("Sunday"),
)
_RULES = {
    Rule.DAILY: mark("every day at {times}"),
    Rule.WEEKDAYS: mark("Monday to Friday at {times}"),
    Rule.WEEKLY: mark("every {days} at {times}"),
    Rule.MONTHLY: mark("on day {number} of every month at {times}"),
    Rule.YEARLY: mark("every year on {date} at {times}"),
    Rule.ONCE: mark("once, on {day} at {times}"),
}
_LAST_OF_MONTH = mark("on the last day of every month at {times}")
_STATES = {
    NoticeState.WAITING: mark("waits"),
    NoticeState.SENDING: mark("is being sent"),
    NoticeState.SENT: mark("arrived"),
    NoticeState.UNKNOWN: mark("may have arrived"),
    NoticeState.DEAD: mark("did not arrive"),
}


class DigestArgument(Argument[Digest]):
    """A digest, by its number."""

    def read(self, text: str, asked: Asked) -> Digest:
        """Return the digest."""
        number = text.strip().removeprefix("#")
        found = None
        if number.isascii() and number.isdigit() and len(number) <= _DIGITS:
            found = digests.find(asked.request.session, int(number))
        if found is None:
            raise UserError(
                _("There is no such digest."), _("Type `digest list` to see their numbers.")
            )
        return found


class DigestAddressArgument(Argument[Address]):
    """Where a digest goes: `here`, `me`, a colleague, or an address such as `slack:C0123`."""

    spreads = True

    def read(self, text: str, asked: Asked) -> Address:
        """Return the address; that of a colleague is `user:ID`."""
        wanted = text.strip().casefold()
        if ":" in wanted or wanted in {"here", "这里", "me", "我"}:
            return AddressArgument().read(text, asked)
        return Address("user", str(PersonArgument().read(text, asked).id))


KnownDigest = Annotated[Digest, DigestArgument()]
DigestAddress = Annotated[Address, DigestAddressArgument()]
DigestLine = Annotated[str, TextArgument(limit=LINE_LIMIT)]


@command(
    "digest add <line...> every= to=",
    role=Role.MANAGER,
    example='digest add report pipeline every="monday 9:00" to=me',
    phrases=(
        "send me [the] pipeline [report] every <every> {line=report pipeline,to=me}",
        "send me [the] ticket [report] every <every> {line=report tickets,to=me}",
        "send me [the] churn [report] every <every> {line=report churn,to=me}",
        "send me [the] forecast every <every> {line=report forecast,to=me}",
        (
            "(每<every>)(给我发|发给我|推送)(管道报表|销售报表|销售管道|销售漏斗) "
            "{line=report pipeline,to=me}"
        ),
        (
            "~ (send|pipeline|want|mail|发给我|推送) (pipeline|funnel|漏斗|管道) (every|each|每) "
            "[send|me|the|report|发|发给我|把|销售|周|我|i|want|get] <every> {line=report "
            "pipeline,to=me}"
        ),
    ),
)
def add_digest(request: Request, line: DigestLine, every: Schedule, to: DigestAddress) -> Reply:
    """Let a read-only command come by itself, on a schedule, to a person or a channel."""
    line = strip_prefix(line) or line
    _check(request, line, to)
    first = every.next_after(request.now, request.zone)
    if first is None:
        raise UserError(
            _("This schedule has no time to come."), _('Write for example `every="monday 9:00"`.')
        )
    digest = digests.add(
        request.session,
        line,
        every,
        str(request.zone),
        to,
        request.colleague,
        first,
        request.now,
    )
    return _card(request, digest, _("Digest #{id} is set up.", id=digest.id))


@command(
    "digest list [page=]",
    role=Role.MANAGER,
    reads=True,
    example="digest list",
    phrases=(
        "LIST [all] [of] [the] [my|our] (digests|scheduled reports|subscriptions)",
        "which (digests|reports) are scheduled",
        "LIST [所有|我的|我们的] (定期报告|定时报告|摘要|订阅|定时报表|定期报表)",
        (
            "~ (digests|scheduled reports|subscriptions|摘要|定期报告|定时报告|订阅|简报) (which|what|"
            "LIST|all|哪些|列表|看|有) [there|have|set|up|LIST|which|我们|所有]"
        ),
    ),
)
def list_digests(request: Request, page: PageNumber = 1) -> Reply:
    """List the digests with when each comes next."""
    found, total = digests.list_page(request.session, (page - 1) * cards.PAGE_SIZE, cards.PAGE_SIZE)
    people = _people(request.session, [digest for digest, _due_at in found])
    rows = [
        Row(
            (
                f"#{digest.id}",
                digest.line,
                schedule_words(Schedule.from_text(digest.schedule)),
                _where(digest, people),
                stamp(due_at),
                digest.owner.name,
            ),
            f"digest why {digest.id}",
        )
        for digest, due_at in found
    ]
    columns = ("#", _("Line"), _("When"), _("To"), _("Next time"), _("Owner"))
    empty = _(
        'No digests yet; add one with `digest add report pipeline every="monday 9:00" to=me`.'
    )
    return cards.page(cards.listing(_("Digests"), columns, rows, empty), "digest list", page, total)


@command(
    "digest remove <digest>",
    role=Role.MANAGER,
    example="digest remove 3",
    phrases=(
        (
            "(DELETE|stop|cancel|unsubscribe from) [the] (digest|scheduled report|"
            "subscription) <digest>"
        ),
        "(DELETE|停止|取消|停掉) (定期报告|定时报告|摘要|订阅|定时报表) <digest>",
        (
            "~ <digest> (DELETE|cancel|stop|no more|unsubscribe|end|不要|停|停止|取消|别) [再|发|"
            "more|from|sending|DELETE|receive|get|掉|了]"
        ),
    ),
)
def remove_digest(request: Request, digest: KnownDigest) -> Reply:
    """Stop a digest from coming."""
    digest.deleted_at = request.now
    return Reply(title=_("Digest #{id} will not come any more.", id=digest.id), text=digest.line)


@command(
    "digest preview <digest>",
    role=Role.MANAGER,
    reads=True,
    example="digest preview 3",
    phrases=(
        "(preview|SHOW) [the|me] [a preview of] (digest|scheduled report) <digest>",
        "(预览) (定期报告|定时报告|摘要|订阅|定时报表) <digest>",
        (
            "~ <digest> (preview|before|try|test|look like|looks like|看看|预览|试|会是什么样) "
            "[see|goes|look|how|will|a|SHOW|it|show|would|什么|样]"
        ),
    ),
)
def preview_digest(request: Request, digest: KnownDigest) -> Reply:
    """Show here what a digest would say now."""
    return _dressed(request.session, digest, request.run(digest.line), request.now)


@command(
    "digest why <digest>",
    role=Role.MANAGER,
    reads=True,
    example="digest why 3",
    phrases=(
        "why (do i get|did i get|am i getting|do we get) [the] digest <digest>",
        "为什么(会收到|收到|有) (摘要|定期报告|订阅|定时报告) <digest>",
        (
            "~ <digest> (why|reason|how come|为什么|为何|原因) [didn't|arrive|get|come|not|did|"
            "没|没来|没收到|我|收到|receive|i|发|会|no]"
        ),
    ),
)
def explain_digest(request: Request, digest: KnownDigest) -> Reply:
    """Explain when a digest comes, whose it is and how its last deliveries went."""
    reply = _card(request, digest, _("Digest #{id}", id=digest.id))
    found = digests.deliveries(request.session, digest.id, DELIVERIES)
    if not found:
        return replace(reply, text=_("It has not come yet."))
    rows = tuple(
        Row((stamp(each.due_at), _(_STATES[each.state]), stamp(each.sent_at), why(each.reason)))
        for each in found
    )
    columns = (_("Planned"), _("Outcome"), _("Arrived"), _("Reason"))
    return replace(reply, table=Table(columns, rows))


@notice(digests.NOTICE)
def tell_digest(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Run the line of a digest and say what changed since the last time."""
    digest = digests.find(telling.session, payload["digest_id"])
    if digest is None or digests.is_superseded(
        telling.session, digest.id, payload["planned_local"]
    ):
        return None
    try:
        reply = telling.run(digest.line)
    except (UserError, Missing) as error:
        return _failure(digest, error)
    return _dressed(telling.session, digest, reply, telling.now)


@notice("digest_failed")
def tell_digest_failed(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Tell the owner that a digest did not arrive the last time."""
    digest = digests.find(telling.session, payload["digest_id"])
    if digest is None:
        return None
    return Reply(
        title=_("Digest #{id} did not arrive the last time.", id=digest.id),
        text=digest.line,
        actions=(
            Action(_("Why"), f"digest why {digest.id}"),
            Action(_("Remove"), f"digest remove {digest.id}"),
        ),
        tone=Tone.WARNING,
    )


def schedule_words(schedule: Schedule) -> str:
    """Say a schedule in the reader's words, such as `every Monday at 09:00`."""
    if schedule.rule is Rule.MINUTES:
        return plural("every minute", "every {count} minutes", schedule.step)
    if schedule.rule is Rule.HOURS:
        return plural("every hour", "every {count} hours", schedule.step)
    last = schedule.rule is Rule.MONTHLY and schedule.day == LAST_DAY
    return _(
        _LAST_OF_MONTH if last else _RULES[schedule.rule],
        times=", ".join(f"{at:%H:%M}" for at in schedule.times),
        days=", ".join(_(_WEEKDAYS[each]) for each in schedule.weekdays),
        number=schedule.day,
        date=f"{schedule.month:02}-{schedule.day:02}",
        day=day(schedule.on),
    )


def _check(request: Request, line: str, to: Address) -> None:
    """Run the line once, so that one that cannot work is refused before it is set up.

    Raises:
        UserError: it is unknown, incomplete, changes something, or is not for who asks or reads.
    """
    found = match(line)
    if found and found[0].subject == _SUBJECT:
        raise UserError(
            _("A digest cannot show digests."), _("Write for example `digest add report pipeline`.")
        )
    if found and found[0].subject in _ANSWERED_LATER:
        raise UserError(
            _(
                "A digest cannot bring `{command}`: its answer comes later, as a message of its own.",
                command=found[0].name,
            ),
            _("Type it when you want to know, or choose a report, such as `report churn`."),
        )
    try:
        request.run(line)
    except Missing as missing:
        raise UserError(
            _("`{line}` is not complete.", line=line),
            _("Write the whole command, as you would type it."),
        ) from missing
    if found and to.platform == "user":
        reader = request.session.get_one(User, int(to.chat))
        if not reader.role.may(found[0].role):
            raise UserError(
                _("{name} may not read `{command}`.", name=reader.name, command=found[0].name)
            )


def _card(request: Request, digest: Digest, title: str) -> Reply:
    next_at = digests.next_at(request.session, digest)
    words = schedule_words(Schedule.from_text(digest.schedule))
    people = _people(request.session, [digest])
    if digest.time_zone != str(request.zone):
        words = _("{schedule}, {zone} time", schedule=words, zone=digest.time_zone)
    return Reply(
        title=title,
        fields=(
            Field(_("Line"), digest.line),
            Field(_("When"), words),
            Field(_("Next time"), moment(next_at) if next_at else _("it came for the last time")),
            Field(_("To"), _where(digest, people)),
            Field(_("Owner"), digest.owner.name),
        ),
        actions=(
            Action(_("Preview"), f"digest preview {digest.id}"),
            Action(_("Remove"), f"digest remove {digest.id}", Style.DANGER),
        ),
    )


def _people(session: Session, found: list[Digest]) -> dict[str, str]:
    """Return the names of the colleagues that digests go to, by address."""
    addresses = {digest.address for digest in found if digest.address.startswith("user:")}
    names = digests.names(session, [int(Address.parse(each).chat) for each in addresses])
    return {f"user:{user_id}": name for user_id, name in names.items()}


def _where(digest: Digest, people: Mapping[str, str]) -> str:
    return people.get(digest.address, digest.address)


def _dressed(session: Session, digest: Digest, reply: Reply, now: datetime) -> Reply:
    """Add to a reply what changed, as of when it is and whose it is; its buttons leave it standing."""
    title = _("{title}, as of {moment}", title=reply.title or digest.line, moment=moment(now))
    changed = _changed(digests.last_said(session, digest.id), reply)
    origin = _(
        "Digest #{id} by {owner}: {schedule}",
        id=digest.id,
        owner=digest.owner.name,
        schedule=schedule_words(Schedule.from_text(digest.schedule)),
    )
    return replace(
        reply,
        title=title,
        text="\n\n".join(part for part in ("\n".join(changed), reply.text) if part),
        actions=tuple(replace(action, replaces=False) for action in reply.actions),
        footer="\n".join(part for part in (reply.footer, origin) if part),
    )


def _changed(last: Notice | None, reply: Reply) -> list[str]:
    if last is None:
        return []
    said = last.payload[digests.SAID]
    rows = tuple(Row(tuple(row["cells"]), row["opens"]) for row in said["rows"])
    before = Table(tuple(said["columns"]), rows)
    changes = compare(before, reply.table or replace(before, rows=()))
    if changes is None:
        return []
    lines = changes.lines()
    since = moment(last.sent_at)
    return [_("Since {moment}:", moment=since), *lines] if lines else [_unchanged(since)]


def _unchanged(since: str) -> str:
    return _("No change since {moment}.", moment=since)


def _failure(digest: Digest, error: UserError | Missing) -> Reply:
    what = error.what if isinstance(error, UserError) else _("The line is not complete.")
    return Reply(
        title=_("Digest #{id} could not be made.", id=digest.id),
        text=what,
        fields=(Field(_("Line"), digest.line), Field(_("Owner"), digest.owner.name)),
        tone=Tone.WARNING,
    )
