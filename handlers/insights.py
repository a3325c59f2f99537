"""What the analyses say of one record: lines on its card, and `why` with the reasons and how it came about.

Each analysis words its own: `@insight` in its subject. What people think of it is `feedback.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from crm_store import records, scores
from crm_store.conversations import Reference
from crm_store.models import Receipt, Role
from crm_store.records import Model
from crm_store.scores import Scored
from crm_store.store import Session
from handlers.arguments import AnyRecord
from handlers.command import command
from handlers.reply import Action, Field, Reply, Sensitivity
from handlers.request import Defaults, Request
from handlers.wording import _


@dataclass(frozen=True, slots=True)
class Told:
    """One score with its receipt, and what its words may need besides."""

    session: Session
    scored: Scored
    receipt: Mapping[str, Any]
    defaults: Defaults


@dataclass(frozen=True, slots=True)
class Unscored:
    """A record of which the newest analysis, with this receipt, says nothing."""

    session: Session
    record: Reference
    receipt: Mapping[str, Any]
    defaults: Defaults


@dataclass(frozen=True, slots=True)
class Insight:
    """A score in words.

    Attributes:
        label, text: the line on the record's card; the team alone reads it.
        reasons: why, a sentence each, the strongest first.
        next: what to do about it, empty for nothing.
        how: how it was worked out, and how good that was on what the model had not seen.
        actions: what can be done about it at once.
    """

    label: str
    text: str
    reasons: tuple[str, ...] = ()
    next: str = ""
    how: str = ""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class OnCard:
    """What a record's card shows of its insights: nothing of both without any."""

    fields: tuple[Field, ...] = ()
    actions: tuple[Action, ...] = ()


Teller: TypeAlias = Callable[[Told], Insight | None]
Silence: TypeAlias = Callable[[Unscored], Insight | None]

_tellers: dict[str, tuple[frozenset[str], Teller]] = {}
_silences: dict[str, tuple[frozenset[str], Silence]] = {}


def insight(kind: str, of: Sequence[str]) -> Callable[[Teller], Teller]:
    """Declare the function below as the words of a kind of score on these kinds of record.

    It returns None where there is nothing to say.

    Raises:
        ValueError: the kind is taken.
    """

    def declare(teller: Teller) -> Teller:
        if kind in _tellers:
            message = f"insight {kind!r} is declared twice"
            raise ValueError(message)
        _tellers[kind] = (frozenset(of), teller)
        return teller

    return declare


def unscored(kind: str, of: Sequence[str]) -> Callable[[Silence], Silence]:
    """Declare the function below to say why there is no score of a kind on these kinds of record.

    It returns None where none is expected.
    """

    def declare(silence: Silence) -> Silence:
        _silences[kind] = (frozenset(of), silence)
        return silence

    return declare


def insights() -> Mapping[str, Teller]:
    """Return every declared kind, in the order in which cards show them."""
    return MappingProxyType({kind: teller for kind, (_of, teller) in _tellers.items()})


def on_card(request: Request, record: Model) -> OnCard:
    """Return the lines that a record's card shows, and the button that explains them."""
    reference = records.reference(record)
    found = [told for _receipt, told in _of(request, reference)]
    if not found:
        return OnCard()
    return OnCard(
        tuple(Field(each.label, each.text, Sensitivity.INTERNAL) for each in found),
        (
            *(action for each in found for action in each.actions),
            Action(_("Why?"), f"why {reference}"),
        ),
    )


@command(
    "why <record>",
    role=Role.MEMBER,
    reads=True,
    example='why "Acme Ltd"',
    phrases=(
        "why [is|does] <record> (at risk|likely to leave|score so high|score so low|worth that)",
        "(explain|explain to me) [the] (scores|score|prediction|risk|forecast) (of|for|on) <record>",
        "(为什么|为何) <record> (有流失风险|会流失|得分高|得分低)",
        "解释 [一下] <record> 的 (评分|预测|风险|得分)",
    ),
)
def explain(request: Request, record: AnyRecord) -> Reply:
    """Explain what the analyses say of a record: the reasons, how it was worked out, what to do."""
    reference = records.reference(record)
    request.about(reference.kind, reference.id)
    found = _of(request, reference)
    name = records.name_of(record)
    if not found:
        return Reply(
            title=_("Nothing has been worked out about {name}.", name=name),
            text=_("Scores are made at night, from what is known of records like it."),
        )
    blocks = [_block(told) for _receipt, told in found]
    return Reply(
        title=_("Why: {name}", name=name),
        text="\n\n".join(blocks),
        actions=tuple(
            action
            for receipt, told in found
            for action in (*told.actions, *_verdicts(reference, receipt, told))
        ),
        sensitivity=Sensitivity.INTERNAL,
    )


def _of(request: Request, record: Reference) -> list[tuple[Receipt | None, Insight]]:
    kinds = [kind for kind, (of, _teller) in _tellers.items() if record.kind in of]
    scored = {
        receipt.kind: (scored, receipt)
        for scored, receipt in scores.of_record(request.session, record, kinds)
    }
    found: list[tuple[Receipt | None, Insight]] = []
    for kind in kinds:
        if kind not in scored:
            found += _silent(request, record, kind)
            continue
        score, receipt = scored[kind]
        told = Told(request.session, score, receipt.data, request.defaults)
        words = _tellers[kind][1](told)
        if words is not None:
            found.append((receipt, words))
    return found


def _silent(request: Request, record: Reference, kind: str) -> list[tuple[Receipt | None, Insight]]:
    """Say why there is no score, where the analysis looked at records like it and told none."""
    of, silence = _silences.get(kind, (frozenset(), None))
    if silence is None or record.kind not in of:
        return []
    receipt = scores.receipt(request.session, kind)
    if receipt is None:
        return []
    words = silence(Unscored(request.session, record, receipt.data, request.defaults))
    return [] if words is None else [(None, words)]


def _block(told: Insight) -> str:
    lines = [
        _("{label}: {text}", label=told.label, text=told.text),
        *(f"• {reason}" for reason in told.reasons),
        told.next,
        told.how,
    ]
    return "\n".join(line for line in lines if line)


def _verdicts(record: Reference, receipt: Receipt | None, told: Insight) -> tuple[Action, ...]:
    if receipt is None:
        return ()
    line, on = f"feedback {receipt.kind} {record}", f"on={receipt.data['period']}"
    words = {
        "useful": _("Useful: {label}", label=told.label),
        "wrong": _("Wrong: {label}", label=told.label),
        "handled": _("Handled: {label}", label=told.label),
    }
    return tuple(Action(label, f"{line} {verdict} {on}") for verdict, label in words.items())
