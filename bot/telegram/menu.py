"""The command menu that Telegram shows: for each place and language what is of use there.

What the commands do stands in `handlers/`; typing one is read in `bot/telegram/events.py`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
)

from bot.surface import DeliveryError
from bot.telegram import sending
from bot.telegram.events import PLATFORM
from crm_store import users
from crm_store.store import Session
from handlers.command import commands
from handlers.wording import LANGUAGES, _, speaking

log = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z0-9_]{1,32}")
_DESCRIPTION = 256
_MOST = 100


@dataclass(frozen=True, slots=True)
class Menus:
    """Who needs a menu of their own.

    Attributes:
        customers: strangers in private are customers.
        tickets: the id of the group where tickets are talked about, empty if there is none.
        colleagues: account and language of everybody who has the whole menu in private.
    """

    customers: bool = False
    tickets: str = ""
    colleagues: Sequence[tuple[str, str]] = ()


def colleagues(session: Session) -> list[tuple[str, str]]:
    """Return account and language of the active colleagues who can be reached here."""
    return [
        (identity.external_id, identity.user.language)
        for identity in users.accounts_on(session, PLATFORM)
    ]


def entries() -> list[BotCommand]:
    """Return the whole menu in the language being spoken, in the order of the help."""
    subjects: dict[str, str] = {}
    for command in commands().values():
        if _NAME.fullmatch(command.subject):
            subjects.setdefault(command.subject, command.help)
    menu = [BotCommand(name, _(help_)[:_DESCRIPTION]) for name, help_ in subjects.items()]
    return [*menu, BotCommand("cancel", _("Leave the question in progress."))][:_MOST]


def for_customers() -> list[BotCommand]:
    """Return the menu of those who write as customers."""
    return [
        BotCommand("new", _("Ask for something else.")),
        BotCommand("close", _("Close your request.")),
    ]


def for_rooms() -> list[BotCommand]:
    """Return the menu where tickets are talked about."""
    words = [
        BotCommand("reply", _("Answer the customer of this ticket.")),
        BotCommand("note", _("Write what only colleagues see.")),
    ]
    return [*words, *entries()][:_MOST]


async def publish(bot: Bot, default: str, menus: Menus) -> None:
    """Show the menus in every language, and in the `default` one to whoever speaks another."""
    for code in ("", *LANGUAGES):
        with speaking(code or default, "UTC"):
            whole = entries()
            private = for_customers() if menus.customers else whole
            rooms = for_rooms()
        await _show(bot, whole, BotCommandScopeDefault(), code)
        await _show(bot, private, BotCommandScopeAllPrivateChats(), code)
        if menus.tickets:
            await _show(bot, rooms, BotCommandScopeChat(menus.tickets), code)
    if menus.customers:
        for account, language in menus.colleagues:
            with speaking(language, "UTC"):
                whole = entries()
            await _show(bot, whole, BotCommandScopeChat(account), "")


async def _show(bot: Bot, menu: list[BotCommand], scope: BotCommandScope, code: str) -> None:
    try:
        await sending.call(bot.set_my_commands(menu, scope=scope, language_code=code or None))
    except DeliveryError as error:
        log.warning("menu not set language=%s reason=%s", code, error.reason)
