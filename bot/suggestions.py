"""What is said when a line is not a command, is not for this person, or could not be carried out."""

from __future__ import annotations

import difflib

from crm_store import users
from handlers.command import Command, commands
from handlers.errors import UserError
from handlers.reply import Action, Reply, Tone
from handlers.request import Request
from handlers.wording import _

_GUESSES = 3
_NAMED = 3


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


def _close(words: list[str]) -> list[str]:
    names = list(commands())
    wanted = " ".join(words[:2]).casefold()
    first = words[0].casefold()
    of_subject = [name for name in names if name.split()[0] == first]
    found = difflib.get_close_matches(wanted, names, _GUESSES, 0.6) or of_subject[:_GUESSES]
    return found or difflib.get_close_matches(first, names, _GUESSES, 0.6)


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
