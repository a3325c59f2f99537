"""The help, made from the declarations of the commands; it shows a person what this person may do."""

from __future__ import annotations

from collections.abc import Sequence

from crm_store.models import Role
from handlers.arguments import Text
from handlers.command import Command, command, commands
from handlers.errors import UserError
from handlers.reply import Action, Field, Reply, Row, Table
from handlers.request import Request
from handlers.wording import _, mark

_OPEN_TO = {
    Role.ANYONE: mark("anyone, also people I do not know"),
    Role.MEMBER: mark("every colleague"),
}


@command("help [words...]", role=Role.ANYONE, reads=True, example="help deal move")
def help_(request: Request, words: Text = "") -> Reply:
    """Show what you can do, or how one command works."""
    wanted = words.casefold().split()
    open_to_me = [each for each in commands().values() if request.role.may(each.role)]
    if not wanted:
        return _overview(request, open_to_me)
    exact = commands().get(" ".join(wanted[:2])) or commands().get(wanted[0])
    of_subject = [each for each in open_to_me if each.subject == wanted[0]]
    if exact and (len(wanted) > 1 or len(of_subject) <= 1):
        return _one(exact)
    if of_subject:
        return _subject(wanted[0], of_subject)
    raise UserError(
        _("There is no help on “{words}”.", words=words[:40]), _("Type `help` to see the commands.")
    )


def _overview(request: Request, open_to_me: Sequence[Command]) -> Reply:
    subjects: dict[str, list[str]] = {}
    for each in open_to_me:
        subjects.setdefault(each.subject, []).append(each.name.removeprefix(f"{each.subject} "))
    rows = tuple(
        Row((subject, ", ".join(verb for verb in verbs if verb != subject)), f"help {subject}")
        for subject, verbs in subjects.items()
    )
    text = _(
        "Type a command, for example `{example}`. `help deal` tells more about one subject.",
        example="deal list",
    )
    if request.user is None:
        text = _(
            "I do not know you yet: ask an admin to add you, or type `link` and the code from your other account."
        )
    return Reply(
        title=_("What you can do here"), text=text, table=Table((_("Subject"), _("Commands")), rows)
    )


def _subject(subject: str, of_subject: Sequence[Command]) -> Reply:
    rows = tuple(Row((each.usage, _(each.help)), f"help {each.name}") for each in of_subject)
    return Reply(
        title=_("Commands about “{subject}”", subject=subject),
        table=Table((_("Command"), _("What it does")), rows),
    )


def _open_to(required: Role) -> str:
    if required in {Role.ANYONE, Role.MEMBER}:
        return _(_OPEN_TO[required])
    return _(", ").join(_(role.value) for role in Role if role.may(required))


def _one(found: Command) -> Reply:
    fields = (
        Field(_("Usage"), found.usage),
        Field(_("Example"), found.example),
        Field(_("Open to"), _open_to(found.role)),
    )
    return Reply(
        title=found.name,
        text=_(found.help),
        fields=fields,
        actions=(Action(_("Try it"), found.name),),
    )
