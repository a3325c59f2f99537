"""The command that finds records of every kind by words.

How words are matched is `crm_store/search.py`; naming one record in a command is `handlers/naming.py`.
"""

from __future__ import annotations

from crm_store import finding, records, search
from crm_store.conversations import Reference
from crm_store.fields import RecordKind
from crm_store.models import Company, Contact, Deal, Role, Ticket
from crm_store.money import Money
from crm_store.records import Model
from handlers import cards
from handlers.arguments import PageNumber, Text
from handlers.command import command, line_of
from handlers.naming import KIND_NAMES
from handlers.reading.characters import shown
from handlers.reply import Action, Reply, Row
from handlers.request import Call, Request
from handlers.wording import _, money

_GUESSES = 4
_WORDS = 4


@command(
    "find <words...> [kind=] [page=]",
    role=Role.MEMBER,
    reads=True,
    example="find acme spring",
    phrases=(
        "SHOW <words>",
        (
            "(search|look|search for|find|look for|look up|find me|where is|do we "
            "have|do we know|have we got) [anything] [for|about|on] <words>"
        ),
        (
            "(tell me [more] about|what do we know about|what do you know about|"
            "what do we have on|info on|information on|anything on|who or what is) "
            "<words>"
        ),
        "SHOW <words> [的情况|的资料|的信息|的详情]",
        "(tell me|what) about <words>",
        "SHOW everything (on|about|for) <words>",
        "about <words>",
        "(查查|查一查|搜搜) <words>",
        "(搜索|搜|查找|找|找找|搜一搜|查一查) <words>",
        "(有没有|有无) [关于] <words> [的] (记录|资料|信息)",
        "(介绍|说说|讲讲) <words>",
        "关于 <words> [的] [我们] (知道什么|有什么资料|有什么信息)",
        (
            "~ (find|search|look for|look up|where|anything about|do we know|know|who "
            "knows|搜|找|查|有没有|搜索|查找|search for|info on|information on) [can|i|for|about|"
            "the|信息|帮我|一下|关于|everything|we|know] <words> <kind?>"
        ),
        (
            "~ (got anything on|what do we have on|pull everything on|show me anything|"
            "is there|搜搜|查查|找找|有关|相关) [about|everything|called|named|的|我们|所有|资料] <words>"
        ),
        (
            "~ (find|search|show) (everything|anything|something|all) [about|on|for|"
            "regarding] <words>"
        ),
    ),
)
def find_records(
    request: Request, words: Text, kind: RecordKind | None = None, page: PageNumber = 1
) -> Reply:
    """Find companies, contacts, deals and tickets by words, names, e-mails or phone numbers."""
    kinds = (kind.value,) if kind else search.KINDS
    offset = (page - 1) * cards.PAGE_SIZE
    hits = search.find(request.session, words, kinds, cards.PAGE_SIZE + 1, offset)
    more = len(hits) > cards.PAGE_SIZE
    references = [Reference(hit.kind, hit.record_id) for hit in hits[: cards.PAGE_SIZE]]
    found = finding.load(request.session, references)
    shown_references = [reference for reference in references if reference in found]
    if not shown_references:
        return _nothing(request, words, kinds)
    request.memory.listed(shown_references)
    rows = [_row(reference, found[reference]) for reference in shown_references]
    columns = (_("Kind"), "#", _("Name"), _("More"))
    title = _("Found for “{words}”", words=shown(words))
    reply = cards.listing(title, columns, rows, "")
    values = {"words": words} | ({"kind": kind.value} if kind else {})
    return Reply(title=reply.title, table=reply.table, actions=_pages(values, page, more=more))


def _pages(values: dict[str, str], page: int, *, more: bool) -> tuple[Action, ...]:
    """Return the buttons to the other pages; how many there are is not counted in a search."""
    buttons = []
    for label, number, wanted in (
        (_("Previous"), page - 1, page > 1),
        (_("Next"), page + 1, more),
    ):
        if wanted:
            line = line_of(Call("find", {**values, "page": str(number)}))
            buttons.append(Action(label, line, replaces=True))
    return tuple(buttons)


def _nothing(request: Request, words: str, kinds: tuple[str, ...]) -> Reply:
    references = _nearest(request, words, kinds)
    found = finding.load(request.session, references)
    guesses = tuple(
        _guess(reference, found[reference]) for reference in references if reference in found
    )
    text = _("Did you mean one of these?") if guesses else _("Try fewer or shorter words.")
    title = _("Nothing found for “{words}”.", words=shown(words))
    return Reply(title=title, text=text, actions=guesses)


def _nearest(request: Request, words: str, kinds: tuple[str, ...]) -> list[Reference]:
    """Return what is called nearly so, else what has some of the words."""
    hits = [hit for kind in kinds for hit in search.suggest(request.session, kind, words, _GUESSES)]
    if not hits:
        for word in words.split()[:_WORDS]:
            hits.extend(search.find(request.session, word, kinds, _GUESSES))
    hits.sort(key=lambda hit: -hit.score)
    return list(dict.fromkeys(Reference(hit.kind, hit.record_id) for hit in hits))[:_GUESSES]


def _guess(reference: Reference, record: Model) -> Action:
    label = _(
        "{kind} #{id} {name}",
        kind=_(KIND_NAMES[reference.kind]),
        id=reference.id,
        name=shown(records.name_of(record)),
    )
    return Action(label, f"{reference.kind} show {reference.id}", replaces=True)


def _row(reference: Reference, record: Model) -> Row:
    kind = _(KIND_NAMES[reference.kind])
    cells = kind, f"#{reference.id}", records.name_of(record), _hint(record)
    return Row(cells, f"{reference.kind} show {reference.id}")


def _hint(record: Model) -> str:
    """Return what tells two records of one name apart."""
    parts: tuple[str | None, ...] = ()
    match record:
        case Company():
            parts = (record.industry, record.city)
        case Contact():
            parts = (record.title, record.company.name if record.company else None)
        case Deal():
            amount = (
                money(Money(record.amount, record.currency)) if record.amount is not None else None
            )
            company = record.company.name if record.company else None
            parts = (_(record.stage.name), amount, company)
        case Ticket():
            status = _(record.status.value)
            parts = (status, record.company.name if record.company else None)
    return " · ".join(part for part in parts if part)
