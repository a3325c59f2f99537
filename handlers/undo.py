"""Taking back what a call changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated

from crm_store import audit, history, imports
from crm_store.models import AuditRow, Role, User
from handlers import mutes, received
from handlers.arguments import TextArgument
from handlers.command import command, commands
from handlers.differences import labels, said, sensitivity, told
from handlers.errors import UserError
from handlers.imports import counted
from handlers.naming import KIND_NAMES
from handlers.reply import Field, Reply, Tone
from handlers.request import Request
from handlers.wording import _, day, mark, plural

CallKey = Annotated[str, TextArgument(limit=32)]
_TABLE_KINDS = {
    "companies": "company",
    "contacts": "contact",
    "deals": "deal",
    "tickets": "ticket",
    "tasks": "task",
    "orders": "order",
    "products": "product",
}
_PART_NAMES = {
    "acknowledgements": mark("“Got it”"),
    "activities": mark("entry of the timeline"),
    "channel_modes": mark("setting of a channel"),
    "consents": mark("consent"),
    "contact_emails": mark("e-mail"),
    "contact_phones": mark("phone number"),
    "custom_fields": mark("field"),
    "digests": mark("digest"),
    "holidays": mark("holiday"),
    "identities": mark("account"),
    "leaves": mark("leave"),
    "mutes": mark("mute"),
    "order_lines": mark("order line"),
    "role_settings": mark("settings of a role"),
    "stage_changes": mark("stage change"),
    "tags": mark("tag"),
    "users": mark("colleague"),
}
# A change of these is known by its value, not by its number; changes of others go along with their record's.
_POINTS = frozenset({"contact_emails", "contact_phones", "consents", "tags"})
_ALONG = frozenset({"stage_changes", "order_lines"})
_CALLED = ("name", "title", "subject", "label", "line", "text", "platform", "channel")
_SHOWN = 5
_DONE = {
    audit.CREATED: mark("{kind} #{id} is gone again"),
    audit.CHANGED: mark("{kind} #{id} is as it was before"),
    audit.DELETED: mark("{kind} #{id} is back"),
}


@command(
    "undo [call]",
    role=Role.MEMBER,
    example="undo",
    phrases=(
        (
            "undo (that|it|this|the last change|the last one|my last change|the "
            "last thing|last change|what i did|what i just did|the change|my change)"
        ),
        "(take|take that|take it|put it|take this) back [again]",
        "(revert|reverse|roll back) (that|it|this|the last change|my last change)",
        "that was (wrong|a mistake|an error|not right|not what i meant)",
        "(never mind|oops) [,] (undo|take it back|undo that|take that back)",
        (
            "(撤销|撤回|取消|还原) [刚才|刚刚|上一步|上次|最后|那个|刚才那个|刚才的] "
            "[的] [操作|修改|改动|更改|一步]"
        ),
        "(刚才|刚刚) (弄错|搞错|改错|错|做错|点错) 了",
        "(回到|返回|退回) 上一步",
        "撤销",
        (
            "~ (undo|revert|take back|take that back|roll back|reverse|撤销|撤回|回退|取消刚才) "
            "[oops|that|was|wrong|it|last|change|my|mistake|弄错了|刚才|操作|上一步|the|no|sorry|"
            "错了|what|did|i|一步|改动|刚刚|步|previous|one]"
        ),
        (
            "~ (mistake|oops|wrong|not what i meant|didn't mean that|搞错|错了|不对|弄错) [undo|"
            "it|that|was|a|please|revert|back|take|撤销|刚才|的|了|我|撤回|i|made|go]"
        ),
        "~ (撤回|撤销|undo) (弄错|搞错|错了|mistake|wrong) [我|帮|了|please|it|a|i|made|that|was|请]",
    ),
)
def undo(request: Request, call: CallKey = "") -> Reply:
    """Take back your last change, or the one whose Undo button you pressed."""
    key = call or audit.last_call(request.session, request.colleague.id)
    rows = audit.rows_of_call(request.session, key) if key else []
    if not key or not rows:
        raise UserError(
            _("There is nothing to undo."), _("`undo` takes back your own last change.")
        )
    if rows[0].actor_id != request.colleague.id and not request.role.may(Role.MANAGER):
        raise UserError(_("Only a manager may undo what somebody else did."))
    _permit(request, rows[0].command)
    try:
        if rows[0].action in {imports.IMPORTED, imports.REVERTED}:
            return _undo_import(request, rows[0])
        taken_back = audit.undo(request.session, key, request.now)
        received.redraw(request, _matters(taken_back), besides=None)
    except audit.ChangedSince as error:
        raise UserError(
            _changed_since(request, error.row), _("Change it by hand if you still want to.")
        ) from error
    except audit.InUse as error:
        raise UserError(
            _in_use(error),
            _("Undo what was built on it first, or switch a colleague off with `user edit`."),
        ) from error
    except LookupError as error:
        raise UserError(_("This was undone already.")) from error
    shown = tuple(_taken_back(request, taken_back))
    rest = len(shown) - _SHOWN
    return Reply(
        title=_("Undone: {command}", command=rows[0].command),
        fields=shown[:_SHOWN],
        text=plural("and {count} more change", "and {count} more changes", rest)
        if rest > 0
        else "",
        tone=Tone.GOOD,
    )


def _matters(rows: Sequence[AuditRow]) -> set[str]:
    return {row.after["matter"] for row in rows if row.kind == "acknowledgements"}


def _undo_import(request: Request, row: AuditRow) -> Reply:
    run = imports.find(request.session, row.record_id)
    if row.action == imports.IMPORTED or run is None:
        raise UserError(_("An import is taken back with `import revert {id}`.", id=row.record_id))
    audit.begin_undo(request.session, row.call)
    again = imports.earlier(request.session, run.file_hash, run.kind)
    if again is not None:
        raise UserError(
            _("This file was imported again since, as import #{id}.", id=again.id),
            _("Take that one back first: `import revert {id}`.", id=again.id),
        )
    brought = counted(imports.restore(request.session, run))
    return Reply(
        title=_("Undone: {command}", command=row.command),
        text=_("Back again: {counts}.", counts=brought or _("nothing")),
        tone=Tone.GOOD,
    )


def _permit(request: Request, name: str) -> None:
    """Refuse to undo what this person may not do: roles change, and a manager is no admin."""
    made = commands().get(name)
    if made and not request.role.may(made.role):
        raise UserError(
            _("To undo `{name}` you need the role {role}.", name=name, role=_(made.role.value)),
            _("Ask a colleague who has it; `user list` shows the roles."),
        )


def _changed_since(request: Request, row: AuditRow) -> str:
    who = request.session.get(User, row.actor_id) if row.actor_id else None
    kind = _kind(row.kind)
    if who is None:
        return _(
            "{kind} #{id} was changed since, so nothing was undone.", kind=kind, id=row.record_id
        )
    return _(
        "{name} changed {kind} #{id} since, so nothing was undone.",
        name=who.name,
        kind=kind,
        id=row.record_id,
    )


def _in_use(error: audit.InUse) -> str:
    kind, number = _kind(error.kind), error.record_id
    if error.by is None:
        return _("{kind} #{id} is in use by now, so nothing was undone.", kind=kind, id=number)
    return _(
        "{kind} #{id} is in use by now: {other} #{other_id} belongs to it. Nothing was undone.",
        kind=kind,
        id=number,
        other=_kind(error.by[0]),
        other_id=error.by[1],
    )


def _taken_back(request: Request, rows: Sequence[AuditRow]) -> Iterator[Field]:
    """Say of each change what the record holds again."""
    kinds = {_TABLE_KINDS[row.kind] for row in rows if row.kind in _TABLE_KINDS}
    names = {kind: labels(request.session, kind) for kind in kinds}
    for row, change in zip(rows, history.changes(request.session, rows), strict=True):
        back = [replace(d, before=d.after, after=d.before) for d in change.differences]
        if row.kind == "identities":  # an id is its owner's own business
            back = [each for each in back if each.field == "user"]
        if row.kind in _POINTS:
            value = _("{before} → {after}", before=said(back[0].before), after=said(back[0].after))
            yield Field(_kind(row.kind), value, sensitivity(back))
        elif row.action == audit.CHANGED and back:
            known = names.get(_TABLE_KINDS.get(row.kind, ""), {})
            lines = "\n".join(told(each, known) for each in back)
            yield Field(_done(row), lines, sensitivity(back))
        elif row.action != audit.CHANGED and row.kind not in _ALONG:
            yield Field(_done(row), _called(request, row))


def _done(row: AuditRow) -> str:
    return _(_DONE[row.action], kind=_kind(row.kind), id=row.record_id)


def _called(request: Request, row: AuditRow) -> str:
    held = {**row.before, **row.after}
    if row.kind == "leaves":
        first, last = (date.fromisoformat(held[name]) for name in ("from_on", "until_on"))
        return _("{first} – {last}", first=day(first), last=day(last))
    if row.kind == "mutes":
        return mutes.subject(request, held["subject"])
    if row.kind == "role_settings":
        return _(held["role"])
    if row.kind == "acknowledgements":
        return request.session.get_one(User, held["user_id"]).name
    return next((held[name] for name in _CALLED if held.get(name)), "–")


def _kind(table: str) -> str:
    kind = _TABLE_KINDS.get(table)
    name = KIND_NAMES[kind] if kind else _PART_NAMES.get(table)
    words = _(name) if name else table
    return words[:1].upper() + words[1:]
