"""Taking back what a call changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from crm_store import audit, imports
from crm_store.models import AuditRow, Role, User
from handlers.arguments import TextArgument
from handlers.command import command, commands
from handlers.errors import UserError
from handlers.imports import counted
from handlers.naming import KIND_NAMES
from handlers.reply import Reply, Tone
from handlers.request import Request
from handlers.wording import _, mark, plural

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
    "activities": mark("entry of the timeline"),
    "consents": mark("consent"),
    "contact_emails": mark("e-mail"),
    "contact_phones": mark("phone number"),
    "custom_fields": mark("field"),
    "digests": mark("digest"),
    "identities": mark("account"),
    "order_lines": mark("order line"),
    "stage_changes": mark("stage change"),
    "tags": mark("tag"),
    "users": mark("colleague"),
}
_DONE = {
    audit.CREATED: mark("{kind} #{id} is gone again"),
    audit.CHANGED: mark("{kind} #{id} is as it was before"),
    audit.DELETED: mark("{kind} #{id} is back"),
}


@command("undo [call]", role=Role.MEMBER, example="undo")
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
    return Reply(
        title=_("Undone: {command}", command=rows[0].command),
        text=_summary(taken_back),
        tone=Tone.GOOD,
    )


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


def _summary(rows: Sequence[AuditRow]) -> str:
    records = [row for row in rows if row.kind in _TABLE_KINDS]
    lines = [_(_DONE[row.action], kind=_kind(row.kind), id=row.record_id) for row in records[:5]]
    if len(records) > len(lines):
        rest = len(records) - len(lines)
        lines.append(plural("and {count} more record", "and {count} more records", rest))
    return "\n".join(lines)


def _kind(table: str) -> str:
    kind = _TABLE_KINDS.get(table)
    name = KIND_NAMES[kind] if kind else _PART_NAMES.get(table)
    return _(name).capitalize() if name else table
