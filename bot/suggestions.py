"""What is said when a line is not a command, is not for this person, or could not be carried out."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from bot.proposing import PROPOSE, does
from bot.understanding.templates import is_chinese
from crm_store import users
from handlers.command import Command, commands
from handlers.errors import UserError
from handlers.reply import Action, Reply, Tone
from handlers.request import Call, Request
from handlers.wording import _, mark

_GUESSES = 3
_NAMED = 3
_LONGEST = 60  # characters of the values on a button
_SENTENCE = 3  # a sentence has at least so many words; less is a mistyped command
_EXAMPLES = (
    mark("“what is stuck in my pipeline?”"),
    mark("“remind me to call Jane tomorrow at 15:00”"),
    mark("“move the Acme deal to won”"),
)


def unknown(text: str) -> UserError:
    """Return the error for a line that begins with no command; the closest commands stand on its buttons."""
    words = text.split()
    if not words:
        return UserError(
            _("Type a command, such as `deal list`."),
            _("Type `help` to see the commands."),
            (Action(_("Help"), "help"),),
        )
    guesses = _close(words)
    buttons = tuple(
        Action(guess, " ".join((guess, *words[len(guess.split()) :])), replaces=True)
        for guess in guesses
    )
    shown = " ".join(words)[:40]
    return UserError(
        _("I do not know the command “{words}”.", words=shown),
        _("Type `help` to see the commands."),
        (*buttons, Action(_("Help"), "help")),
    )


def unclear(text: str, choices: Sequence[Call], request: Request) -> UserError:
    """Return the answer to a sentence that may mean several things, or nothing that can be done here."""
    able = [call for call in choices if request.role.may(commands()[call.command].role)]
    if choices and not able:
        return refusal(commands()[choices[0].command], request)
    words = text.split()
    short = len(words) < _SENTENCE and not is_chinese(text)
    if short or (not able and _close(words, 0.75)):
        return unknown(text)
    if able:
        buttons = tuple(_choice(call) for call in able)
        return UserError(
            _("I am not sure what you mean."),
            _("Choose one, or say it in other words."),
            (*buttons, Action(_("Help"), "help")),
        )
    return UserError(
        _("I cannot help with that."),
        "\n".join(
            [
                _("I keep customers, deals, tickets and tasks. Say for example:"),
                *map(_, _EXAMPLES),
            ]
        ),
        (Action(_("Help"), "help"),),
    )


def _choice(call: Call) -> Action:
    command = commands()[call.command]
    said = ", ".join(value for value in call.values.values() if value)
    help_ = does(command)
    label = _("{command} ({values})", command=help_, values=said[:_LONGEST]) if said else help_
    propose = call.values and not command.reads
    return Action(label, (PROPOSE if propose else "") + command.line(call.values))


def refusal(command: Command, request: Request) -> UserError:
    """Return the error for a command that is not for this person: it says who can."""
    if request.user is None:
        return UserError(
            _("I do not know you yet, so I cannot do this for you."),
            _("Ask an admin to add you, or type `link` and the code from your other account."),
        )
    able = [
        user.name
        for user in users.everyone(request.session)
        if user.active and user.role.may(command.role)
    ]
    names = ", ".join(able[:_NAMED]) or _("nobody yet")
    return UserError(
        _(
            "`{name}` is not open to your role ({role}).",
            name=command.name,
            role=_(request.user.role.value),
        ),
        _("These colleagues can do it: {names}.", names=names),
    )


def _close(words: list[str], likeness: float = 0.6) -> list[str]:
    names = list(commands())
    wanted = " ".join(words[:2]).casefold()
    first = words[0].casefold()
    of_subject = [name for name in names if name.split()[0] == first]
    found = difflib.get_close_matches(wanted, names, _GUESSES, likeness)
    found = found or of_subject[:_GUESSES]
    return found or difflib.get_close_matches(first, names, _GUESSES, likeness)


def busy() -> str:
    """Say that others were faster."""
    return _(
        "Somebody changed the same record at the same time; nothing was changed. Please try again."
    )


def bug(reference: str) -> Reply:
    """Say that a call failed, with what names the failure in the log."""
    return Reply(
        title=_("Something went wrong on our side; nothing was changed."),
        text=_("Give an admin this reference: {reference}", reference=reference),
        tone=Tone.BAD,
        replaces=False,
    )
