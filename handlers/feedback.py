"""What people think of scores: useful, wrong or handled; and what that says of each analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from crm_store import feedback, records, scores
from crm_store.feedback import Precision
from crm_store.models import Role, Verdict
from crm_store.store import Session
from handlers.analyses import name_of
from handlers.arguments import AnyRecord, Argument, Asked, Name
from handlers.command import command
from handlers.errors import UserError
from handlers.insights import insights
from handlers.notices import Telling, notice
from handlers.periods import Period, TimeSpan, Unit, current, read_period
from handlers.reply import Action, Choice, FieldKind, Reply, Row, Table
from handlers.request import Request
from handlers.wording import _, mark, number, percent

_THANKS = {
    Verdict.USEFUL: mark("Noted as useful."),
    Verdict.WRONG: mark("Noted as wrong."),
    Verdict.HANDLED: mark("Noted as handled."),
}


class ScoreKind(Argument[str]):
    """A kind of score, such as `churn`."""

    kind: FieldKind = FieldKind.CHOICE

    def read(self, text: str, asked: Asked) -> str:
        """Return the kind as it is kept."""
        wanted = text.strip().casefold()
        for kind in insights():
            if wanted in {kind, name_of(kind).casefold()}:
                return kind
        raise UserError(
            _("There is no analysis of this name."),
            _("Choose one of: {options}.", options=", ".join(insights())),
        )

    def choices(self, request: Request) -> tuple[Choice, ...]:
        """Return every kind with its name."""
        return tuple(Choice(name_of(kind), kind) for kind in insights())


@command(
    "feedback <score> <record> <verdict> [on=]",
    role=Role.MEMBER,
    example='feedback churn "Acme Ltd" wrong',
    phrases=(
        "the <score> (score|prediction|risk) (of|for) <record> (is|was) <verdict>",
        "(mark|note|flag) the <score> (score|prediction|risk) (of|for|on) <record> as <verdict>",
        "<record> 的 <score> (评分|预测) 是 <verdict> 的",
        "把 <record> 的 <score> (评分|预测) 标记为 <verdict>",
    ),
)
def give_feedback(
    request: Request,
    score: Annotated[str, ScoreKind()],
    record: AnyRecord,
    verdict: Verdict,
    on: Name | None = None,
) -> Reply:
    """Say whether a score was useful, wrong or is handled; the reports count it."""
    reference = records.reference(record)
    period = on or scores.newest_period(request.session, score, reference)
    if not period or not feedback.is_scored(request.session, score, reference, period):
        raise UserError(
            _("{name} has no such score any more.", name=records.name_of(record)),
            _("Type `why {record}` to see those that it has.", record=reference),
        )
    feedback.give(
        request.session, score, reference, period, verdict, request.colleague.id, request.now
    )
    request.about(reference.kind, reference.id)
    month = current(Unit.MONTH, request.now, request.zone)
    found = feedback.precision(request.session, month.since, month.until)
    return Reply(
        title=_(_THANKS[verdict]),
        text=_judged(next(each for each in found if each.kind == score)),
        actions=(Action(_("Why?"), f"why {reference}"),),
    )


@command(
    "report precision [period=]",
    role=Role.MANAGER,
    reads=True,
    example="report precision period=last-month",
    phrases=(
        "how often (are|were) [the|our] (predictions|scores|alerts|warnings) (right|correct|wrong|useful)",
        "how (good|precise|accurate|reliable) (are|were) [the|our] (predictions|scores|alerts|warnings)",
        "SHOW [the] (precision|accuracy|hit rate) [report] [of the predictions|of the scores]",
        "(预测|评分|预警) (准不准|有多准|准确吗|准确率是多少|准确率)",
        "SHOW (准确率|预测准确率|命中率) [报告|报表]",
    ),
)
def report_precision(request: Request, period: TimeSpan | None = None) -> Reply:
    """Show how often people found the scores of a month right, by the feedback they gave."""
    span = period or current(Unit.MONTH, request.now, request.zone)
    return _card(request.session, span)


@notice("precision_report")
def tell_precision_report(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Tell how right the scores of a month were."""
    zone = ZoneInfo(telling.reader.time_zone if telling.reader else telling.defaults.time_zone)
    span = read_period(payload["month"], telling.now, zone)
    if span is None or not feedback.precision(telling.session, span.since, span.until):
        return None
    return _card(telling.session, span)


def _card(session: Session, span: Period) -> Reply:
    found = feedback.precision(session, span.since, span.until)
    title = _("How right the scores were, {period}", period=span.name)
    if not found:
        return Reply(
            title=title,
            text=_(
                "Nobody judged a score in that time. `why <record>` has the buttons Useful, Wrong and Handled."
            ),
        )
    before = span.before
    old = {each.kind: each for each in feedback.precision(session, before.since, span.before_until)}
    rows = [_row(each, old.get(each.kind)) for each in found]
    columns = (_("Analysis"), _("Right"), _("Wrong"), _("Share right"), span.before_name)
    return Reply(
        title=title,
        text=_summary(found),
        table=Table(columns, tuple(rows), numeric=(1, 2, 3, 4)),
        footer=_("Right is what people marked as useful or handled."),
    )


def _row(found: Precision, old: Precision | None) -> Row:
    return Row(
        (
            name_of(found.kind),
            number(found.right),
            number(found.wrong),
            percent(found.share),
            percent(old.share) if old else "–",
        )
    )


def _summary(found: Sequence[Precision]) -> str:
    return "\n".join(_judged(each) for each in found)


def _judged(found: Precision) -> str:
    return _(
        "{name}: {right} of {count} that people judged were right.",
        name=name_of(found.kind),
        right=number(found.right),
        count=number(found.right + found.wrong),
    )
