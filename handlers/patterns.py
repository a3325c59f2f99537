"""What a manager asks to be looked into: which signs tell an outcome, and what an amount goes with.

Both take a while: the command asks for the job (`jobs/patterns.py`), and its answer is a notice,
worded here. The words for fields and outcomes stand in `handlers/pattern_words.py`.
"""

from __future__ import annotations

import difflib
import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from crm_store import asked as asking
from crm_store import questions
from crm_store.fields import FieldType
from crm_store.models import Role
from crm_store.questions import DEMAND, SALES
from crm_store.search import key
from crm_store.tables import ADDED
from handlers import pattern_answers, pattern_phrases
from handlers import pattern_words as words
from handlers.arguments import Argument, Asked
from handlers.command import command, line_of
from handlers.errors import UserError
from handlers.naming import KIND_NAMES
from handlers.notices import Telling, notice
from handlers.periods import TimeSpan
from handlers.reading.characters import shown
from handlers.reply import Action, Choice, FieldKind, Reply
from handlers.request import Call, Request
from handlers.wording import _

_MOST_FIELDS = 20
_GUESSES = 3
_COMMA = re.compile(r"[,，、;；\n]")


class Of(enum.StrEnum):
    """What is looked at one by one."""

    COMPANY = "company"
    CONTACT = "contact"
    DEAL = "deal"
    TICKET = "ticket"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Target:
    """An outcome or amount that there is: its code, of what it can be asked, and its name."""

    code: str
    of: tuple[str, ...]
    name: str


def outcomes(request: Request) -> list[Target]:
    """Return every outcome that can be asked about."""
    found = [
        Target(code, tuple(kinds), words.outcome_name(code, ""))
        for code, kinds in questions.OUTCOMES.items()
    ]
    return found + _added(request, FieldType.YES_NO)


def targets(request: Request) -> list[Target]:
    """Return every amount and outcome that can be asked about."""
    found = [
        Target(code, tuple(kinds), words.outcome_name(code, ""))
        for code, kinds in questions.AMOUNTS.items()
    ]
    demand = [
        Target(code, (Of.WEEK, Of.MONTH), words.outcome_name(code, "")) for code in (DEMAND, SALES)
    ]
    return [*found, *demand, *_added(request, FieldType.NUMBER), *outcomes(request)]


def _added(request: Request, type_: FieldType) -> list[Target]:
    found: dict[str, Target] = {}
    for kind, field in questions.added(request.session, type_):
        code = ADDED + field.name
        of = found[code].of if code in found else ()
        found[code] = Target(code, (*of, kind), field.label)
    return list(found.values())


class TargetArgument(Argument[Target]):
    """An outcome, or an amount where `amounts`: by its word or by the name of an added field."""

    kind = FieldKind.CHOICE
    spreads = True

    def __init__(self, *, amounts: bool) -> None:
        """Choose among outcomes alone or all that can be asked about."""
        self._known = targets if amounts else outcomes

    def read(self, text: str, asked: Asked) -> Target:
        """Return the outcome or amount."""
        known = self._known(asked.request)
        wanted = key(text).replace("_", " ")
        spellings = {each: _spellings(each) for each in known}
        for each, ways in spellings.items():
            if wanted in ways:
                return each
        guesses = difflib.get_close_matches(
            wanted, [way for ways in spellings.values() for way in ways], _GUESSES
        )
        close = [each for each, ways in spellings.items() if ways & set(guesses)]
        raise UserError(
            _("Nothing can be looked into under “{name}”.", name=shown(text)),
            _("Choose one of: {options}.", options=", ".join(each.name for each in known)),
            tuple(asked.button(each.name, _typed(each)) for each in (close or known)[:_GUESSES]),
        )

    def choices(self, request: Request) -> tuple[Choice, ...]:
        """Return all of them."""
        return tuple(Choice(each.name, _typed(each)) for each in self._known(request))

    def complete(self, text: str, request: Request) -> tuple[Choice, ...]:
        """Return those that begin so."""
        return tuple(
            choice
            for choice in self.choices(request)
            if any(name.startswith(key(text)) for name in (key(choice.label), choice.value))
        )


class FieldsArgument(Argument[tuple[str, ...]]):
    """Names of fields, separated by commas; which there are depends on the kind of record."""

    spreads = True
    literal = True

    def read(self, text: str, asked: Asked) -> tuple[str, ...]:
        """Return the names as they were typed, without doubles."""
        names = [" ".join(name.split()) for name in _COMMA.split(text)]
        found = tuple({key(name): name for name in names if name}.values())
        if not found or len(found) > _MOST_FIELDS:
            raise UserError(_("Give 1 to {limit} fields, separated by commas.", limit=_MOST_FIELDS))
        return found


Outcome = Annotated[Target, TargetArgument(amounts=False)]
Amount = Annotated[Target, TargetArgument(amounts=True)]
FieldNames = Annotated[tuple[str, ...], FieldsArgument()]


@command(
    "tree <outcome> [of=] [fields=] [period=]",
    role=Role.MANAGER,
    reads=True,
    example="tree won fields=source,industry,visits",
    phrases=pattern_phrases.TREE,
)
def grow_tree(
    request: Request,
    outcome: Outcome,
    of: Of | None = None,
    fields: FieldNames = (),
    period: TimeSpan | None = None,
) -> Reply:
    """Find the signs that tell an outcome, such as won or left, as rules and a picture."""
    return _ask(request, "tree", outcome, of, fields, period)


@command(
    "regression <target> [by=] [of=] [period=]",
    role=Role.MANAGER,
    reads=True,
    example="regression amount by=visits,source",
    phrases=pattern_phrases.REGRESSION,
)
def regress(
    request: Request,
    target: Amount,
    by: FieldNames = (),
    of: Of | None = None,
    period: TimeSpan | None = None,
) -> Reply:
    """Find how much an amount, the demand or a chance goes up or down with chosen fields."""
    return _ask(request, "regression", target, of, by, period)


@notice("tree")
def tell_tree(_telling: Telling, payload: Mapping[str, Any]) -> Reply:
    """Tell the rules of a tree."""
    return pattern_answers.tree(payload)


@notice("regression")
def tell_regression(_telling: Telling, payload: Mapping[str, Any]) -> Reply:
    """Tell what an amount or a chance goes with."""
    return pattern_answers.regression(payload)


def _ask(
    request: Request,
    job: str,
    target: Target,
    of: Of | None,
    names: Sequence[str],
    period: TimeSpan | None,
) -> Reply:
    chosen = _kind(job, target, of)
    arguments = {
        "code": target.code,
        "name": target.name,
        "of": chosen,
        "fields": _fields(request, job, target, chosen, names),
        "since": period.since.isoformat() if period else None,
        "until": period.until.isoformat() if period else None,
    }
    asking.ask(
        request.session,
        job=job,
        arguments=arguments,
        user_id=request.colleague.id,
        now=request.now,
    )
    return Reply(
        title=_("I am looking into it."),
        text=_("The answer comes as a message of its own, usually within a minute."),
    )


def _kind(job: str, target: Target, of: Of | None) -> str:
    if of in target.of:
        return str(of)
    several = len(target.of) > 1 and target.code.startswith(ADDED)
    if of is None and not several:
        return target.of[0]
    options = ", ".join(_(KIND_NAMES.get(each, each)) for each in target.of)
    raise UserError(
        _("“{name}” can be looked into for: {kinds}.", name=target.name, kinds=options),
        actions=tuple(
            Action(_(KIND_NAMES.get(each, each)), _again(job, target, of=each), replaces=True)
            for each in target.of
        ),
    )


def _fields(request: Request, job: str, target: Target, of: str, names: Sequence[str]) -> list[str]:
    known = words.of_kind(request.session, of)
    known.pop(target.code, None)
    found = []
    for name in names:
        code = words.named(name, known)
        if code is None:
            raise _no_field(job, target, of, name, names, known)
        found.append(code)
    return found


def _no_field(
    job: str,
    target: Target,
    of: str,
    name: str,
    names: Sequence[str],
    known: Mapping[str, str],
) -> UserError:
    labels = {key(label): label for label in known.values()}
    close = difflib.get_close_matches(key(name), list(labels), 1)
    actions: tuple[Action, ...] = ()
    if close:
        instead = ",".join(labels[close[0]] if each == name else each for each in names)
        line = _again(job, target, of=of, **{"by" if job == "regression" else "fields": instead})
        actions = (Action(labels[close[0]], line, replaces=True),)
    return UserError(
        _("There is no field “{name}” to look at.", name=shown(name)),
        _("Choose from: {options}.", options=", ".join(known.values())),
        actions,
    )


def _again(job: str, target: Target, **values: str) -> str:
    first = "target" if job == "regression" else "outcome"
    return line_of(Call(job, {first: _typed(target), **values}))


def _typed(target: Target) -> str:
    return target.code.removeprefix(ADDED)


def _spellings(target: Target) -> frozenset[str]:
    others = words.SPELLED.get(target.code, "").split("|")
    return frozenset({_typed(target).replace("_", " "), key(target.name), *filter(None, others)})
