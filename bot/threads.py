"""What is said in a thread that belongs to a record, and what a command in it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.visible import fit, units
from handlers.arguments import TEXT_LIMIT
from handlers.command import match
from handlers.errors import UserError
from handlers.reading.line import clean, strip_prefix
from handlers.reply import Action
from handlers.request import Call
from handlers.wording import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.surface import Incoming
    from crm_store.conversations import Memory, Reference
    from handlers.command import Command


def is_talk(incoming: Incoming, memory: Memory) -> bool:
    """Tell whether a line in a thread is said to its people, not to us: it is no command and answers no question."""
    is_command = match(strip_prefix(clean(incoming.text)) or "") is not None
    return incoming.overheard or (not is_command and memory.dialog is None)


def refuse_second_ticket(command: Command, about: Reference | None) -> None:
    """Refuse a ticket in the thread of another.

    Raises:
        UserError: the thread belongs to a ticket and the command opens one.
    """
    if about and about.kind == "ticket" and command.name == "ticket new":
        show = Action(_("Show"), f"ticket show {about.id}")
        raise UserError(
            _("This thread belongs to ticket #{id} already.", id=about.id), actions=(show,)
        )


def words_of(incoming: Incoming) -> Mapping[str, str]:
    """Return what a form holds, or a message: its words cut to what a command takes, with a sign that they were."""
    if not incoming.binds:
        return incoming.values
    measure = units if incoming.asks else len  # the form that asks takes as many units
    sign = _("[cut: the message is longer]")
    room = TEXT_LIMIT - len(sign) - 1
    return {
        name: value if measure(value) <= TEXT_LIMIT else f"{fit(value, room, measure)} {sign}"
        for name, value in incoming.values.items()
    }


def about_thread(command: Command, call: Call, about: Reference | None) -> Call:
    """Fill the record of the thread in where the command wants one."""
    names = [p.name for p in command.parameters if p.name in {"record", "about"}]
    if about is None or about.kind == "task" or not names:
        return call
    return Call(call.command, {names[0]: str(about), **call.values})
