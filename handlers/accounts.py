"""Who somebody is on which platform: linking accounts by a one-time code, taking them away, trying them.

An e-mail address that a platform knows is a hint where to look, never a proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from crm_store import notices, users
from crm_store.models import AccountCode, Identity, Role, User
from handlers import cards
from handlers.arguments import Argument, Asked, TextArgument
from handlers.command import command
from handlers.errors import UserError
from handlers.notices import Telling, notice
from handlers.reply import Action, Field, Reply, Row, Style, Tone
from handlers.request import Request
from handlers.users import Switch, user_card
from handlers.wording import _, stamp

CHECK = notices.ACCOUNT_CHECK


class LinkedArgument(Argument[Identity]):
    """An account as `account list` shows it, such as `telegram:123456`; for an admin anybody's."""

    def read(self, text: str, asked: Asked) -> Identity:
        """Return the account."""
        platform, _colon, external_id = text.strip().partition(":")
        found = users.account(asked.request.session, platform.casefold(), external_id)
        mine = found is not None and found.user_id == asked.request.colleague.id
        if found is None or not (mine or asked.request.role.may(Role.ADMIN)):
            raise UserError(
                _("There is no such account of yours."),
                _("Type `account list` to see them."),
            )
        return found


Linked = Annotated[Identity, LinkedArgument()]


@command(
    "whoami",
    role=Role.ANYONE,
    reads=True,
    example="whoami",
    phrases=(
        "who am i",
        "what is my (role|account|user|name)",
        "(which|what) (rights|permissions|role) do i have",
        "what am i allowed to do",
        "我是谁",
        "我的 (角色|账号|权限) 是 什么",
        "我有什么权限",
        (
            "~ (am i|do i have|my rights|my role|my permissions|我是|我的角色|我的权限|我有什么) (who|"
            "which|what|user|role|rights|permissions|谁|角色|权限|什么|allowed) [user|role|am|"
            "logged|in|as|account|是|什么|do|what]"
        ),
    ),
)
def whoami(request: Request) -> Reply:
    """Show who I think you are."""
    if request.user is None:
        return Reply(
            title=_("I do not know you yet."),
            text="\n".join(filter(None, (_how_to_link(), _hint(request)))),
            fields=(Field(_("Your account"), f"{request.platform}:{request.person}"),),
        )
    return user_card(request.user, request.user.name)


@command(
    "link [code] [confirm=]",
    role=Role.ANYONE,
    example="link K7XQ2M9P",
    phrases=(
        (
            "~ (link|connect|pair|绑定|关联|连接) (account|accounts|telegram|slack|账号|帐号|账户) "
            "[my|other|second|two|my|to|telegram|slack|我的|两个|account|的|another|另一个]"
        ),
    ),
)
def link(
    request: Request,
    code: Annotated[str, TextArgument(limit=40)] = "",
    confirm: Switch = Switch.NO,
) -> Reply:
    """Get a one-time code here, or use one from your other account, from whichever side you begin."""
    if not code:
        return _issue(request)
    if not request.private:
        raise UserError(
            _("A code is only used in private."),
            _("Send me `link` and the code in a direct message."),
        )
    account = users.account_of_code(request.session, code, request.now)
    if account is not None and request.user is not None:
        return _take_in(request, account, code, sure=confirm is Switch.YES)
    owner = users.owner_of_code(request.session, code, request.now)
    if owner is not None and request.user not in {None, owner}:
        _refuse_last(request.colleague)
        if confirm is not Switch.YES:
            return _ask_to_move(request, owner, code)
    user = users.redeem_code(request.session, code, request.now)
    if user is None or not user.active:
        raise _bad_code()
    users.add_identity(
        request.session, user, request.platform, request.person, str(request.place), request.now
    )
    return Reply(
        title=_("Welcome, {name}: this account is linked.", name=user.name), tone=Tone.GOOD
    )


@command(
    "account list [for=]",
    role=Role.MEMBER,
    reads=True,
    example="account list",
    phrases=(
        "LIST [all] my [own|linked|connected] (accounts|logins)",
        "(which|what) accounts (are linked|are connected|do i have linked|have i linked) [to me]",
        "(which|what) accounts does <for> have",
        "LIST [我 的|我] [绑定 的|已 绑定 的|关联 的] (账号|帐号)",
        "我 (绑定|关联) 了 哪些 (账号|帐号)",
    ),
)
def list_accounts(request: Request, for_: User | None = None) -> Reply:
    """List your accounts on the platforms and whether messages arrive there."""
    _refuse_readers(request)
    person = for_ or request.colleague
    if person.id != request.colleague.id and not request.role.may(Role.ADMIN):
        raise UserError(_("Only an admin sees the accounts of others."))
    rows = [
        Row(
            (
                f"{each.platform}:{each.external_id}",
                _("reached") if each.reachable else _("not reached"),
                stamp(each.created_at),
            )
        )
        for each in person.identities
    ]
    columns = (_("Account"), _("State"), _("Since"))
    reply = cards.listing(
        _("Accounts of {name}", name=person.name), columns, rows, _("No account is linked.")
    )
    return Reply(
        title=reply.title,
        text=reply.text,
        table=reply.table,
        actions=(Action(_("Link another"), "link"), Action(_("Try them all"), "account check")),
    )


@command(
    "account unlink <account>",
    role=Role.MEMBER,
    example="account unlink telegram:123456",
    phrases=(
        "(unlink|disconnect) [my|the] [account] <account>",
        "(解绑|解除 绑定|取消 绑定) [我 的] [账号|帐号] <account>",
        "[把] (账号|帐号) <account> (解绑|解除 绑定)",
    ),
)
def unlink(request: Request, account: Linked) -> Reply:
    """Take an account away from its owner; it is a stranger from then on."""
    _refuse_readers(request)
    owner = account.user
    _refuse_last(owner)
    title = _(
        "{account} does not belong to {name} any more.",
        account=f"{account.platform}:{account.external_id}",
        name=owner.name,
    )
    request.session.delete(account)
    return Reply(title=title)


@command(
    "account check [account]",
    role=Role.MEMBER,
    example="account check",
    phrases=(
        "(check|try|test) [all] my [linked] (accounts|account)",
        "(check|test) (whether|if) (you can reach me|messages reach me|i get messages)",
        "(检查|测试|试试) [一下] 我 的 (账号|帐号) [能不能 收到 消息|能否 收到 消息]",
    ),
)
def check_accounts(request: Request, account: Linked | None = None) -> Reply:
    """Try your accounts again: each gets a message, and one that was given up is used again."""
    _refuse_readers(request)
    found = [account] if account else request.colleague.identities
    for each in found:
        each.reachable = True
        notices.owe(
            request.session,
            kind=CHECK,
            key=f"{CHECK}:{each.id}:{request.now.isoformat()}",
            payload={
                "account_id": each.id,
                "language": each.user.language,
                "zone": each.user.time_zone,
            },
            due_at=request.now,
            now=request.now,
            priority=notices.REPLY,
            address=each.address,
        )
    names = ", ".join(f"{each.platform}:{each.external_id}" for each in found)
    return Reply(
        title=_("I am writing to {accounts}.", accounts=names or "–"),
        text=_("What does not arrive soon does not work."),
    )


@notice(CHECK)
def tell_check(telling: Telling, payload: Mapping[str, Any]) -> Reply | None:
    """Say in an account whose it is."""
    found = telling.session.get(Identity, payload["account_id"])
    if found is None:
        return None
    return Reply(title=_("This account belongs to {name}.", name=found.user.name), tone=Tone.GOOD)


def _issue(request: Request) -> Reply:
    if not request.private:
        raise UserError(
            _("A code is only given in private."), _("Send me `link` in a direct message.")
        )
    if request.user is None:
        code = users.issue_account_code(
            request.session, request.platform, request.person, str(request.place), request.now
        )
        text = _(
            "Within 15 minutes, type `link {code}` in an account of yours that I know.", code=code
        )
        text = "\n".join(filter(None, (text, _hint(request))))
    else:
        code = users.issue_code(request.session, request.user, request.now)
        text = _("Within 15 minutes, type `link {code}` in your other account.", code=code)
    return Reply(title=_("Your one-time code: {code}", code=code), text=text)


def _take_in(request: Request, account: AccountCode, code: str, *, sure: bool) -> Reply:
    """Link a stranger's account to who asks, once they say that it is theirs: codes can be begged for."""
    name = f"{account.platform}:{account.external_id}"
    if not sure:
        yes = Action(_("Yes, it is mine"), f"link {code} confirm=yes", Style.PRIMARY, replaces=True)
        return Reply(
            title=_("Is {account} your own account?", account=name),
            text=_(
                "Whoever has it will act in your name. If somebody sent you the code, do nothing."
            ),
            actions=(yes,),
            tone=Tone.WARNING,
        )
    if not users.use_account_code(request.session, account, request.now):
        raise _bad_code()
    users.add_identity(
        request.session,
        request.colleague,
        account.platform,
        account.external_id,
        account.address,
        request.now,
    )
    return Reply(title=_("{account} is linked to you now.", account=name), tone=Tone.GOOD)


def _ask_to_move(request: Request, owner: User, code: str) -> Reply:
    """Ask before a colleague's account becomes another's: the code may have come from somebody else."""
    yes = Action(
        _("Yes, give it to {name}", name=owner.name),
        f"link {code} confirm=yes",
        Style.DANGER,
        replaces=True,
    )
    return Reply(
        title=_("Is this account to be {name}'s from now on?", name=owner.name),
        text=_(
            "It is {name}'s now. Whoever has the account will act in the name of {other}. "
            "If somebody sent you the code, do nothing.",
            name=request.colleague.name,
            other=owner.name,
        ),
        actions=(yes,),
        tone=Tone.WARNING,
    )


def _refuse_last(owner: User) -> None:
    if len(owner.identities) == 1:
        raise UserError(
            _("This is the only account of {name}.", name=owner.name),
            _("Link another one first, or ask an admin to switch the colleague off."),
        )


def _refuse_readers(request: Request) -> None:
    if not request.private:
        raise UserError(
            _("Accounts are only spoken of in private."), _("Send me this in a direct message.")
        )


def _bad_code() -> UserError:
    return UserError(
        _("This code is wrong or too old."),
        _("Type `link` in your other account to get a new one."),
    )


def _how_to_link() -> str:
    return _("Ask an admin to add you, or type `link` and the code from your other account.")


def _hint(request: Request) -> str:
    known = users.by_email(request.session, request.email) if request.email else None
    if known is None or not known.active:
        return ""
    return _("A colleague has your e-mail address: if that is you, the code settles it.")
