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


@command(
    "help [words...]",
    role=Role.ANYONE,
    reads=True,
    example="help deal move",
    phrases=(
        (
            "(what can you do|what can i do|what do you do|how does this work|how "
            "do i use this|how do you work|what can i say|what can i ask|what can "
            "i ask you|what are you able to do) [here]"
        ),
        "(i need|give me|show me|some) [some] help",
        "(show me|list|what are) [all] [the] commands",
        "how do i use [this|you|the bot]",
        (
            "(你能做什么|你会什么|你会做什么|你能干什么|怎么用|怎么使用|有什么功能|"
            "有哪些命令|有哪些功能|使用帮助|我能做什么|你可以做什么)"
        ),
        "[看看|显示|打开]帮助",
        (
            "~ (able to do|can you do|can i do|can i ask|commands|what do you do|会做什么|"
            "会什么|能做什么|命令|功能|怎么用) [what|which|SHOW|all|the|list|there|我|你|哪些|有|i|you|are|"
            "do|things|all]"
        ),
        (
            "~ (explain|help|解释|怎么用|帮助|how to use) [me|with|work|"
            "works|the|command|命令|一下|说明] <words>"
        ),
        (
            "~ (stuck|lost|options|possibilities|features|manual|instructions|说明|怎么操作|"
            "如何使用|使用说明) [i|am|what|are|the|my|is|show|SHOW|我|你|看|there|i'm|do]"
        ),
    ),
)
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
