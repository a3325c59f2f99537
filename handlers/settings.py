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
    phrases=(
        (
            "(speak|talk|answer|reply|use|switch to|change to) [in|to] (chinese|"
            "mandarin) {language=zh}"
        ),
        "(speak|talk|answer|reply|use|switch to|change to) [in|to] english {language=en}",
        "CHANGE [my|the] language to (chinese|mandarin) {language=zh}",
        "CHANGE [my|the] language to english {language=en}",
        "CHANGE [my|the] (time zone|timezone|zone) to <zone>",
        "i am [now] in [the] (time zone|timezone) <zone>",
        "(说|用|讲|切换到|切换成|改用|换成) (中文|汉语) [回复|吧|交流] {language=zh}",
        "(说|用|讲|切换到|切换成|改用|换成) (英文|英语) [回复|吧|交流] {language=en}",
        "[把] [我] [的] 语言 (CHANGE|切换到|切换成) (中文|汉语) {language=zh}",
        "[把] [我] [的] 语言 (CHANGE|切换到|切换成) (英文|英语) {language=en}",
        "[把] [我] [的] 时区 (CHANGE|切换到|设置成) <zone>",
        (
            "~ <language> (speak|answer|talk|reply|language|switch|use|in|change|说|语言|用|"
            "回复|回答|切换|改成|换成|讲) [to|please|me|from now on|以后|请|in|CHANGE|your|my|成|到|跟我|"
            "display|interface|界面|为]"
        ),
        (
            "~ <zone> (time zone|timezone|zone|live|am in|i'm in|moved|时区|住在|在) [CHANGE|"
            "my|to|is|now|改成|设为|为|the|改|moved|set]"
        ),
    ),
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
