"""What a line means: a command, the answer to a question, a proposal that is confirmed, or a sentence.

Sentences are read in `bot/understanding`; they come last, where a line would not be understood otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot import proposing
from bot.suggestions import unclear, unknown
from bot.threads import words_of
from bot.understanding.phrases import fits
from bot.understanding.sentences import understand
from crm_store.conversations import lengthen
from handlers.command import Command, commands, match
from handlers.errors import UserError
from handlers.forms import filled
from handlers.reading.line import clean, strip_prefix
from handlers.request import Call, Request
from handlers.wording import _

if TYPE_CHECKING:
    from bot.surface import Incoming
    from crm_store.proposals import Proposal
    from crm_store.store import Session


class Unclear(UserError):
    """A sentence that was not understood offline; `question` is what a model is asked about it."""

    def __init__(self, error: UserError, question: tuple[str, Sequence[Command], datetime]) -> None:
        """Keep the answer for the case that no model helps."""
        super().__init__(error.what, error.hint, error.actions)
        self.question = question


@dataclass(frozen=True, slots=True)
class Meant:
    """The call that a line means.

    Attributes:
        rehearsed: a change is only to be proposed.
        proposal: what was shown, of a change that is confirmed.
    """

    command: Command
    call: Call
    rehearsed: bool = False
    proposal: Proposal | None = None


def text_of(session: Session, incoming: Incoming) -> str:
    """Return what was typed or stands behind a button.

    Raises:
        UserError: the button is too old.
    """
    if not incoming.line:
        return strip_prefix(clean(incoming.text)) or ""
    stored = incoming.line.startswith("\x01")
    line = lengthen(session, incoming.line[1:]) if stored else incoming.line
    if line is None:
        raise UserError(
            _("This button is too old."), _("Type the command again to get a fresh one.")
        )
    return clean(line)


def meant(text: str, incoming: Incoming, request: Request) -> Meant:
    """Return what a line means; `request` has no call yet.

    Raises:
        UserError: it means nothing, or a proposal that cannot be confirmed.
    """
    rehearsed = bool(incoming.line) and text.startswith(proposing.PROPOSE)
    if rehearsed:
        text = text.removeprefix(proposing.PROPOSE)
    elif incoming.line and text.startswith(proposing.CONFIRM):
        proposal = proposing.confirmed(request, text.removeprefix(proposing.CONFIRM))
        agreed = Call(proposal.command, proposal.values)
        return Meant(commands()[agreed.command], agreed, proposal=proposal)
    found = match(text)
    dialog = request.memory.dialog
    # A button may carry a choice that answers the question; a modal carries its command.
    if found is None and dialog and text and (incoming.pressed or not incoming.line):
        return _answered(dialog, text)
    if not incoming.line and text and (found is None or (found[1] and found[0].is_word)):
        call = _sentence(text, request, exact=found is not None)
        if call:
            # A code for a new account concerns nobody else, and one that is only rehearsed does not work.
            rehearsed = call.command != "link" or bool(call.values)
            return Meant(commands()[call.command], call, rehearsed)
    if found is None:
        raise unknown(text)
    command, rest = found
    return Meant(command, filled(command, rest, words_of(incoming), incoming.shown), rehearsed)


def _sentence(text: str, request: Request, *, exact: bool) -> Call | None:
    """Return the call that a sentence asks for; with `exact`, only one that a phrase fits as a whole."""
    if request.user is None:
        return None
    if exact:
        return fits(text, request)
    understood = understand(text, request)
    if understood.call is None:
        error = unclear(text, understood.choices, request)
        able = [command for command in commands().values() if request.role.may(command.role)]
        raise Unclear(error, (text, able, request.local_now))
    return understood.call


def _answered(dialog: Mapping[str, Any], text: str) -> Meant:
    command = commands()[dialog["command"]]
    call = Call(command.name, {**dialog["values"], dialog["asking"]: text})
    return Meant(command, call, dialog.get("rehearsed", False))
