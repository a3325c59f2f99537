"""Commands about imported files; a file itself comes in by `rapport import`, see `handlers/importing/`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from crm_store import imports
from crm_store.models import ImportRun, Role
from handlers import cards
from handlers.arguments import NumberArgument, PageNumber
from handlers.command import command
from handlers.errors import UserError
from handlers.reply import Action, Field, Reply, Row, Style, Tone
from handlers.request import Request
from handlers.wording import _, mark, moment, number, plural, stamp

_LARGEST = 10**15
RunNumber = Annotated[int, NumberArgument(1, _LARGEST)]
_KINDS = {
    "company": (mark("{count} company"), mark("{count} companies")),
    "contact": (mark("{count} contact"), mark("{count} contacts")),
    "deal": (mark("{count} deal"), mark("{count} deals")),
    "ticket": (mark("{count} ticket"), mark("{count} tickets")),
    "order": (mark("{count} order"), mark("{count} orders")),
    "order line": (mark("{count} order line"), mark("{count} order lines")),
    "product": (mark("{count} product"), mark("{count} products")),
    "activity": (mark("{count} activity"), mark("{count} activities")),
}


@command(
    "import list [page=]",
    role=Role.MANAGER,
    reads=True,
    example="import list",
    phrases=(
        "LIST [all] [the] [of] [our|past|last|recent] imports",
        "what (was|did we|has been) (imported|import) [lately|recently]",
        "LIST [所有|全部|最近的|历史] 导入 [记录|历史|列表]",
        "最近导入了什么",
        (
            "~ (imports|recent imports|past imports|import history|导入记录|导入历史|哪些导入) [SHOW|"
            "recent|last|past|LIST|the|which|what|were|有|哪些|最近|看|历史|list]"
        ),
    ),
)
def list_imports(request: Request, page: PageNumber = 1) -> Reply:
    """List the imported files, newest first."""
    found, total = imports.list_page(request.session, (page - 1) * cards.PAGE_SIZE, cards.PAGE_SIZE)
    rows = [
        Row(
            (
                f"#{run.id}",
                run.file_name,
                run.kind,
                stamp(run.finished_at),
                number(run.created),
                number(run.unchanged),
                number(run.rejected),
                stamp(run.reverted_at) if run.reverted_at else "",
            ),
            f"import show {run.id}",
        )
        for run in found
    ]
    columns = (
        "#", _("File"), _("Kind"), _("When"), _("Rows taken"), _("Unchanged"), _("Rejected"), _("Reverted"),
    )  # fmt: skip
    empty = _("Nothing was imported yet; `rapport import FILE --kind contacts` does it.")
    return cards.page(
        cards.listing(_("Imports"), columns, rows, empty, (4, 5, 6)), "import list", page, total
    )


@command(
    "import show <id>",
    role=Role.MANAGER,
    reads=True,
    example="import show 3",
    phrases=(
        "SHOW [the] import <id>",
        "SHOW (导入|第)<id>[次导入]",
        (
            "~ <id> (what|details|detail|bring|show|SHOW|did|result|看|情况|详情|结果|怎么样) "
            "[bring|what|did|the|of|how|went|go|in|result|SHOW|什么|带来|看看]"
        ),
    ),
)
def show_import(request: Request, id: RunNumber) -> Reply:  # noqa: A002 - the word of the grammar
    """Show what an imported file brought."""
    run = _found(request, id)
    brought = imports.brought(request.session, run)
    fields = (
        Field(_("Kind"), run.kind),
        Field(_("When"), moment(run.finished_at)),
        Field(_("Rows"), number(run.rows)),
        Field(_("Rows taken"), number(run.created)),
        Field(_("Unchanged"), number(run.unchanged)),
        Field(_("Rejected"), number(run.rejected)),
        Field(_("Brought and still there"), counted(brought) or _("nothing")),
    )
    question = _("Delete what this import brought?")
    revert = Action(
        _("Revert"), f"import revert {run.id}", Style.DANGER, replaces=True, confirm=question
    )
    return Reply(
        title=_("Import {name}", name=run.file_name),
        text=_("Reverted on {day}.", day=moment(run.reverted_at)) if run.reverted_at else "",
        fields=fields,
        actions=() if run.reverted_at else (revert,),
        footer=_("Import #{id}", id=run.id),
    )


@command(
    "import revert <id>",
    role=Role.MANAGER,
    example="import revert 3",
    phrases=(
        "(revert|undo|roll back|take back|reverse) [the] import <id>",
        "(撤销|撤回|回滚) 导入 <id>",
        (
            "~ <id> (revert|undo|take|roll back|rollback|撤回|撤销|回滚|还原|DELETE) [back|"
            "completely|the|吧]"
        ),
    ),
)
def revert_import(request: Request, id: RunNumber) -> Reply:  # noqa: A002 - the word of the grammar
    """Delete what an import brought, except what was changed since."""
    run = _found(request, id)
    if run.reverted_at:
        raise UserError(_("Import #{id} was reverted already.", id=run.id))
    return reverted(run, imports.revert(request.session, run, request.now))


def reverted(run: ImportRun, outcome: imports.Reverted) -> Reply:
    """Say what a revert removed, and what it kept and why."""
    lines = []
    if outcome.removed:
        lines.append(_("Deleted: {counts}.", counts=counted(outcome.removed)))
    if outcome.changed:
        lines.append(
            _(
                "Kept, because somebody changed them since: {counts}.",
                counts=counted(outcome.changed),
            )
        )
    if outcome.in_use:
        lines.append(
            _(
                "Kept, because other records refer to them: {counts}.",
                counts=counted(outcome.in_use),
            )
        )
    return Reply(
        title=_("Import #{id} of {name} is reverted.", id=run.id, name=run.file_name),
        text="\n".join(lines) or _("There was nothing left of it."),
        tone=Tone.GOOD if not (outcome.changed or outcome.in_use) else Tone.WARNING,
    )


def counted(counts: Mapping[str, int]) -> str:
    """Write how many records of each kind, such as `85 companies, 2 contacts`."""
    return ", ".join(plural(*_KINDS[kind], count) for kind, count in counts.items() if count)


def _found(request: Request, run_id: int) -> ImportRun:
    run = imports.find(request.session, run_id)
    if run is None:
        raise UserError(
            _("There is no import with the number {id}.", id=run_id), _("`import list` shows them.")
        )
    return run
