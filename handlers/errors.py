"""The one kind of failure that a person can mend, and how it is told.

A failed delivery is `bot.surface.DeliveryError`; everything else is a bug and its text is never shown.
"""

from __future__ import annotations

from handlers.reply import Action, Reply, Tone, Wrong


class UserError(Exception):
    """Something the person can put right; nothing was changed.

    Attributes:
        what: one sentence that says what is wrong, already translated.
        hint: one line that says what to type instead, already translated; may be empty.
        actions: buttons for the best guesses.
        field: the argument that could not be read; empty when it is not about one.
        usage: how the command is typed; of no use to who fills in a form.
    """

    field = usage = ""

    def __init__(self, what: str, hint: str = "", actions: tuple[Action, ...] = ()) -> None:
        """Keep the sentence, the hint and the buttons."""
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.actions = actions

    def reply(self) -> Reply:
        """Return the failure as a card."""
        wrong = Wrong(self.field, _lines(self.what, self.hint)) if self.field else None
        text = _lines(self.hint, self.usage)
        return Reply(
            self.what, text, actions=self.actions, tone=Tone.WARNING, replaces=False, wrong=wrong
        )


def _lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)
