"""Commands about the models behind the scores: which is in use, how good each is, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Annotated, Any

from crm_store import models_kept
from crm_store.models import Learned, ModelState, Role
from crm_store.scores import CHURN, CONTRACT, LEAD, WIN
from handlers import cards
from handlers.analyses import feature_name, method_of, name_of
from handlers.arguments import Argument, Asked
from handlers.command import command
from handlers.errors import UserError
from handlers.notices import Telling, notice
from handlers.reply import Action, Choice, FieldKind, Reply, Row, Style, Tone
from handlers.request import Request
from handlers.wording import _, mark, moment, percent

# What makes the scores of a model that is used once a night; a ticket is read as it comes.
_JOBS = {CHURN: "scores", WIN: "chances", LEAD: "chances", CONTRACT: "chances"}
_STATES = {
    ModelState.USED: mark("in use"),
    ModelState.REPLACED: mark("replaced by a newer one"),
    ModelState.REFUSED: mark("not used: it was no better"),
    ModelState.WITHDRAWN: mark("taken back"),
}


class LearnedKind(Argument[str]):
    """A kind of model that is kept, such as `churn`."""

    kind: FieldKind = FieldKind.CHOICE

    def read(self, text: str, asked: Asked) -> str:
        """Return the kind as it is kept."""
        wanted = text.strip().casefold()
        kinds = _kinds(asked.request)
        for kind in kinds:
            if wanted in {kind, name_of(kind).casefold()}:
                return kind
        raise UserError(
            _("There is no model of this name."),
            _("Choose one of: {options}.", options=", ".join(kinds))
            if kinds
            else _("Models are learned at night; none has been learned yet."),
        )

    def choices(self, request: Request) -> tuple[Choice, ...]:
        """Return every kind of which there is a model."""
        return tuple(Choice(name_of(kind), kind) for kind in _kinds(request))


@command(
    "model list",
    role=Role.MANAGER,
    reads=True,
    example="model list",
    phrases=(
        "(which|what) models (are|do you|do we) (in use|used|use|have)",
        "SHOW [the|all|our] (models|prediction models|machine learning models)",
        "(哪些|什么) 模型 [在] (使用|用|在用)",
        "SHOW [所有|全部] [预测] 模型",
    ),
)
def list_models(request: Request) -> Reply:
    """List the models behind the scores, with how good each was on what it had not seen."""
    found = models_kept.list_models(request.session)
    columns = (_("Analysis"), _("Method"), _("Learned"), _("Quality"), _("State"))
    empty = _("Models are learned at night; none has been learned yet.")
    reply = cards.listing(_("Models"), columns, [_row(each) for each in found], empty, (3,))
    by_kind = (list(each) for _kind, each in groupby(found, key=lambda each: each.kind))
    kinds = [kept[0].kind for kept in by_kind if models_kept.way_back(kept) is not None]
    actions = tuple(
        Action(
            _("Back to the one before: {name}", name=name_of(kind)),
            f"model rollback {kind}",
            Style.DANGER,
            confirm=_("Use the model before this one again?"),
        )
        for kind in kinds
    )
    return Reply(
        title=reply.title,
        text=reply.text,
        table=reply.table,
        actions=actions,
        footer=_(
            "Quality: on records it had not seen, how often it put the right one of two higher, or the right label."
        ),
    )


@command(
    "model rollback <model>",
    role=Role.MANAGER,
    example="model rollback churn",
    phrases=(
        "(roll back|rollback|go back to) the (previous|last|old|earlier) <model> model",
        "(roll back|rollback|undo) the <model> model",
        "[把] <model> 模型 (回滚|退回)[到上一个|到之前的]",
        "(回滚|退回) <model> 模型",
    ),
)
def roll_back_model(request: Request, model: Annotated[str, LearnedKind()]) -> Reply:
    """Take a model back and use the one before it again, from the next night on."""
    found = models_kept.roll_back(request.session, model)
    if found is None:
        raise UserError(_("There is no model before this one to go back to."))
    withdrawn, used = found
    methods = {"method": method_of(used.method), "withdrawn": method_of(withdrawn.method)}
    return Reply(
        title=_(
            "{name}: back to the model of {moment}.",
            name=name_of(model),
            moment=moment(used.made_at),
        ),
        text=_(
            "{method}, in place of {withdrawn}. The next scores come from it; `job run {job}` makes them at once.",
            job=_JOBS[model],
            **methods,
        )
        if model in _JOBS
        else _("{method}, in place of {withdrawn}. The next scores come from it.", **methods),
    )


@notice("model_trouble")
def tell_model_trouble(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Tell that what a model sees has changed, or that it has become worse, while it is still in use."""
    kind = payload["kind"]
    if models_kept.used(telling.session, kind) is None:
        return None
    lines = [_moved(payload["moved"]), _fell(payload["fell"])]
    return Reply(
        title=_("{name}: look at the model", name=name_of(kind)),
        text="\n".join(line for line in lines if line),
        actions=(Action(_("Models"), "model list"), Action(_("How right"), "report precision")),
        tone=Tone.WARNING,
    )


def _moved(features: Sequence[str]) -> str:
    if not features:
        return ""
    return _(
        "The records look different from those that it learned from: {features}.",
        features=", ".join(feature_name(each) for each in features),
    )


def _fell(below: float | None) -> str:
    if below is None:
        return ""
    return _(
        "On records that it had not seen it is {share} less often right than the models before it.",
        share=percent(below),
    )


def _row(found: Learned) -> Row:
    quality = "–" if found.quality is None else percent(found.quality)
    return Row(
        (
            name_of(found.kind),
            method_of(found.method),
            moment(found.made_at),
            quality,
            _(_STATES[found.state]),
        )
    )


def _kinds(request: Request) -> list[str]:
    return sorted({each.kind for each in models_kept.list_models(request.session)})
