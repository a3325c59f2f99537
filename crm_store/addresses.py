"""Where a message goes: `platform:chat[:thread]`, the form used in the configuration and in the store.

Sending to an address is the work of the surfaces in `bot/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Address:
    """One place on one platform; `thread` is a Slack thread or a Telegram topic, empty for the chat itself."""

    platform: str
    chat: str
    thread: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `slack:C0123`, `telegram:-100123:7` or `console:local`.

        Raises:
            ValueError: there is no platform or no chat.
        """
        platform, _, rest = text.strip().partition(":")
        chat, _, thread = rest.partition(":")
        if not platform or not chat:
            message = f"an address is platform:chat[:thread], got {text!r}"
            raise ValueError(message)
        return cls(platform, chat, thread)

    @property
    def is_direct(self) -> bool:
        """Tell whether its id says that it is one person's chat.

        Slack's begin with D, or are the person's own; those of Telegram's groups begin with a minus.
        """
        if self.platform == "slack":
            return self.chat[0] in "DUW"
        if self.platform == "telegram":
            return self.chat[0] not in "-@"
        return True

    def __str__(self) -> str:
        """Return the form that `parse` reads."""
        return ":".join(part for part in (self.platform, self.chat, self.thread) if part)
