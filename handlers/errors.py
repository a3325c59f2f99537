"""The one kind of failure that a person can mend, and how it is told.

A failed delivery is `bot.surface.DeliveryError`; everything else is a bug and its text is never shown.
"""

from __future__ import annotations

from handlers.reply import Action, Reply, Tone


class UserError(Exception):
    """Something the person can put right; nothing was changed.

    Attributes:
        what: one sentence that says what is wrong, already translated.
        hint: one line that says what to type instead, already translated; may be empty.
        actions: buttons for the best guesses.
    """

    def __init__(self, what: str, hint: str = "", actions: tuple[Action, ...] = ()) -> None:
        """Keep the sentence, the hint and the buttons."""
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.actions = actions

    def reply(self) -> Reply:
        """Return the failure as a card."""
        return Reply(
            title=self.what, text=self.hint, actions=self.actions, tone=Tone.WARNING, replaces=False
        )
