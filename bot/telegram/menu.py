"""The command menu that Telegram shows: one entry for each subject of the command language.

What the commands do stands in `handlers/`; typing one is read in `bot/telegram/events.py`.
"""

from __future__ import annotations

import logging
import re

from telegram import Bot, BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeDefault

from bot.surface import DeliveryError
from bot.telegram import sending
from handlers.command import commands
from handlers.wording import LANGUAGES, _, speaking

log = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z0-9_]{1,32}")
_DESCRIPTION = 256
_MOST = 100
_SCOPES = (BotCommandScopeDefault(), BotCommandScopeAllPrivateChats())


def entries() -> list[BotCommand]:
    """Return the menu in the language being spoken, in the order of the help."""
    subjects: dict[str, str] = {}
    for command in commands().values():
        if _NAME.fullmatch(command.subject):
            subjects.setdefault(command.subject, command.help)
    menu = [BotCommand(name, _(help_)[:_DESCRIPTION]) for name, help_ in subjects.items()]
    return [*menu, BotCommand("cancel", _("Leave the question in progress."))][:_MOST]


async def publish(bot: Bot, default: str) -> None:
    """Show the menu in every language, and in the `default` one to whoever speaks another."""
    for code in ("", *LANGUAGES):
        with speaking(code or default, "UTC"):
            menu = entries()
        for scope in _SCOPES:
            try:
                await sending.call(
                    bot.set_my_commands(menu, scope=scope, language_code=code or None)
                )
            except DeliveryError as error:
                log.warning("menu not set language=%s reason=%s", code, error.reason)
