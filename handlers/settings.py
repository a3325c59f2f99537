"""A person's own preferences."""

from __future__ import annotations

import enum
from typing import Annotated
from zoneinfo import available_timezones

from crm_store import users
from crm_store.models import Role
from handlers.arguments import Asked, TextArgument
from handlers.command import command
from handlers.errors import UserError
from handlers.reply import Action, Field, Reply
from handlers.request import Request
from handlers.wording import LANGUAGES, _, speaking


class Language(enum.StrEnum):
    """The languages Rapport speaks."""

    EN = "en"
    ZH = "zh"


class ZoneArgument(TextArgument):
    """The IANA name of a time zone."""

    def read(self, text: str, asked: Asked) -> str:
        """Return the name; it is looked up in a list, so it never reaches the file system."""
        name = text.strip()
        known = {zone.casefold(): zone for zone in available_timezones()}
        found = known.get(name.casefold()) or next(
            (z for z in sorted(known.values()) if z.endswith(f"/{name.title()}")), None
        )
        if found is None:
            raise UserError(
                _("I do not know this time zone."), _("Write it as Europe/Berlin or Asia/Shanghai.")
            )
        return found


Zone = Annotated[str, ZoneArgument(limit=60)]


@command(
    "settings [language=] [zone=]",
    role=Role.MEMBER,
    example="settings language=zh zone=Asia/Shanghai",
)
def settings(request: Request, language: Language | None = None, zone: Zone | None = None) -> Reply:
    """Show your preferences, or change them."""
    user = request.colleague
    if language is not None or zone is not None:
        users.choose(
            request.session,
            user,
            language=language.value if language else None,
            time_zone=zone,
        )
    with speaking(user.language, user.time_zone):
        return Reply(
            title=_("Your settings"),
            fields=(
                Field(_("Language"), LANGUAGES[user.language]),
                Field(_("Time zone"), user.time_zone),
            ),
            actions=tuple(
                Action(name, f"settings language={code}", replaces=True)
                for code, name in LANGUAGES.items()
            ),
        )
