"""Commands about colleagues and their accounts on the platforms."""

from __future__ import annotations

import enum
from typing import Annotated

from crm_store import users, webchat
from crm_store.models import Role, User
from handlers.arguments import Asked, ChoiceArgument, Email, Name, TextArgument
from handlers.command import command
from handlers.errors import UserError
from handlers.reply import Field, Reply, Row, Sensitivity, Table, Tone
from handlers.request import Request
from handlers.wording import LANGUAGES, _

_ACCOUNT_LENGTH = 40


class GivenRole(enum.StrEnum):
    """The roles a person can be given."""

    REP = "rep"
    AGENT = "agent"
    MANAGER = "manager"
    ADMIN = "admin"


class Switch(enum.StrEnum):
    """Yes or no."""

    YES = "yes"
    NO = "no"


class AccountArgument(TextArgument):
    """The id that a platform gives a person, such as `U012ABC` or `123456`."""

    def read(self, text: str, asked: Asked) -> str:
        """Return the id; a Slack mention is unwrapped."""
        account = text.strip().removeprefix("<@").removesuffix(">").split("|")[0].removeprefix("@")
        if not account.isalnum() or len(account) > _ACCOUNT_LENGTH:
            raise UserError(
                _("This is not an account id."),
                _("Slack ids look like U012ABC, Telegram ids are numbers."),
            )
        return account


Account = Annotated[str, AccountArgument()]
RoleChoice = Annotated[GivenRole, ChoiceArgument(GivenRole)]


@command(
    "user add <email> role= [name=] [slack=] [telegram=]",
    role=Role.ADMIN,
    example="user add jane@example.com role=rep name=Jane slack=U012ABC",
    phrases=(
        "(add|invite|create|register) [a] [new] (user|colleague) <email> as [a|an] <role>",
        "(添加|邀请|新增) (用户|同事) <email> [，|,] (作为|角色是|角色为|角色) <role>",
        (
            "~ <email> <role> [CREATE|invite|user|as|with|role|add|new|colleague|添加|新增|"
            "用户|角色|邀请|同事|为|加|作为|hire|give access|access|账号|成员]"
        ),
        (
            "~ <email> <role> (welcome|joins|starts|onboard|register|做|当|是|来了|入职|加入) [as|"
            "our|new|the|team|新增|用户|一个|新|同事|is|user|CREATE|a|us]"
        ),
    ),
)
def add_user(
    request: Request,
    email: Email,
    role: RoleChoice,
    name: Name | None = None,
    slack: Account | None = None,
    telegram: Account | None = None,
) -> Reply:
    """Add a colleague."""
    if users.by_email(request.session, email):
        raise UserError(
            _("{email} is a colleague already.", email=email), _("Change them with `user edit`.")
        )
    user = users.add(
        request.session,
        email,
        name or email.partition("@")[0],
        Role(role.value),
        language=request.language,
        time_zone=request.defaults.time_zone,
        now=request.now,
    )
    moved = _connect(request, user, slack, telegram)
    title = _("{name} can now use Rapport as {role}.", name=user.name, role=_(role.value))
    return user_card(user, title, moved)


@command(
    "user edit <user> [role=] [name=] [active=] [slack=] [telegram=]",
    role=Role.ADMIN,
    example="user edit jane role=manager",
    phrases=(
        "(make|promote) <user> [to|a|an] <role>",
        "CHANGE [the] role of [the] [user] <user> to <role>",
        "(deactivate|disable|lock out|suspend) [the] [user] <user> {active=no}",
        "(activate|reactivate|enable) [the] user <user> {active=yes}",
        "[把] <user> 的 (角色|权限) CHANGE <role>",
        "(停用|禁用) [用户] <user> {active=no}",
        "(启用) [用户] <user> {active=yes}",
        (
            "~ <user> <role> [make|is|now|promote|role|CHANGE|give|become|becomes|as|to|"
            "角色|当|让|设为|改|升为|成为|任命|是|为|rights|权限|be|turn|into]"
        ),
        (
            "~ <user> (deactivate|disable|lock|block|suspend|停用|禁用|锁定|离职) [user|account|"
            "the|账号|用户|left|了] {active=no}"
        ),
        (
            "~ <user> <role> (rights|should be|from now on|appoint|turn|switch|任命|升级|降为|"
            "调整为|给) [give|to|a|an|is|the|as|rights|access|权限|make|现在|的|CHANGE|be]"
        ),
        (
            "~ <user> (left us|left the company|no longer works here|quit|remove access|"
            "不在了|离职了|离开公司) [has|user|account|the|deactivate|停用|账号|了|已经] {active=no}"
        ),
    ),
)
def edit_user(
    request: Request,
    user: User,
    role: RoleChoice | None = None,
    name: Name | None = None,
    active: Switch | None = None,
    slack: Account | None = None,
    telegram: Account | None = None,
) -> Reply:
    """Change a colleague's role, name or accounts, or switch them off with `active=no`."""
    loses = (role is not None and role is not GivenRole.ADMIN) or active is Switch.NO
    if user.role is Role.ADMIN and loses and users.count_admins(request.session) <= 1:
        raise UserError(
            _("{name} is the last admin.", name=user.name), _("Make somebody else an admin first.")
        )
    if role is not None:
        user.role = Role(role.value)
    if name is not None:
        user.name = name
    if active is not None:
        user.active = active is Switch.YES
    if active is Switch.NO:
        webchat.sign_out_everywhere(request.session, user)
    moved = _connect(request, user, slack, telegram)
    return user_card(user, _("{name} changed.", name=user.name), moved)


@command(
    "user list",
    role=Role.MANAGER,
    reads=True,
    example="user list",
    phrases=(
        (
            "LIST [all] [of] [the] [our] (users|colleagues|team members|team|staff|"
            "employees|people in the team)"
        ),
        "SHOW [all] [the] [my|our] (users|colleagues|team|team members)",
        (
            "who (is in (the|our|my) team|works here|uses this|is on the team|are "
            "my colleagues|can use this)"
        ),
        "LIST [所有|全部|我们] [的] (用户|同事|团队成员|成员|员工)",
        "(团队|我们团队|团队里)(里)?(有谁|有哪些人|都有谁)",
        (
            "~ (team|colleagues|users|who else|users list|members|团队|同事|用户|成员) (who|LIST|"
            "which|all|uses|on|谁|哪些|所有|列表|有) [uses|this|who|LIST|all|team|我们|里|有|成员|is]"
        ),
    ),
)
def list_users(request: Request) -> Reply:
    """List the colleagues."""
    rows = tuple(
        Row((user.name, user.email, _(user.role.value), "" if user.active else _("switched off")))
        for user in users.everyone(request.session)
    )
    columns = (_("Name"), _("E-mail"), _("Role"), _("State"))
    return Reply(title=_("Colleagues"), table=Table(columns, rows, internal=(1,)))


def _connect(request: Request, user: User, slack: str | None, telegram: str | None) -> str:
    """Give a colleague these accounts, and say whose they were until now."""
    told = []
    for platform, name, account in (("slack", "Slack", slack), ("telegram", "Telegram", telegram)):
        if not account:
            continue
        known = users.account(request.session, platform, account)
        if known is not None and known.user.id != user.id:
            told.append(
                _(
                    "This {platform} account was that of {name} until now.",
                    platform=name,
                    name=known.user.name,
                )
            )
        users.add_identity(
            request.session, user, platform, account, f"{platform}:{account}", request.now
        )
    return "\n".join(told)


def user_card(user: User, title: str, warning: str = "") -> Reply:
    """Return the card of a colleague."""
    accounts = ", ".join(
        f"{identity.platform}:{identity.external_id}" for identity in user.identities
    )
    return Reply(
        title=title,
        text=warning,
        fields=(
            Field(_("E-mail"), user.email, Sensitivity.INTERNAL),
            Field(_("Role"), _(user.role.value)),
            Field(_("Language"), LANGUAGES[user.language]),
            Field(_("Time zone"), user.time_zone),
            Field(_("Accounts"), accounts or "–", Sensitivity.PERSONAL),
        ),
        tone=Tone.WARNING if warning else Tone.NEUTRAL,
    )
