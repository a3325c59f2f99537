"""How a person names a record: `42`, `#42`, `deal:42`, `@Acme`, `"Acme Ltd"`, `it`, `last`, `second`.

Only an exact and single match is taken, for companies also one without its legal form, and when nothing is
changed by it a single similar one; everything else is offered as buttons, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from crm_store import companies, records, search, tasks
from crm_store.conversations import Reference
from crm_store.records import Model
from handlers.errors import UserError
from handlers.reading.characters import shown
from handlers.reply import Action, Choice
from handlers.request import Request
from handlers.wording import _, mark

KIND_NAMES = {
    "company": mark("company"),
    "contact": mark("contact"),
    "deal": mark("deal"),
    "ticket": mark("ticket"),
    "task": mark("task"),
    "order": mark("order"),
    "product": mark("product"),
}
SUGGESTED = 20  # more than a person reads while typing
_IT = frozenset({"it", "this", "that", "last", "它", "这个", "那个", "上一个"})
_ORDINALS = {
    word: place
    for place, words in enumerate(
        (
            ("first", "1st", "第一个"),
            ("second", "2nd", "第二个"),
            ("third", "3rd", "第三个"),
            ("fourth", "4th", "第四个"),
            ("fifth", "5th", "第五个"),
            ("sixth", "6th", "第六个"),
            ("seventh", "7th", "第七个"),
            ("eighth", "8th", "第八个"),
            ("ninth", "9th", "第九个"),
            ("tenth", "10th", "第十个"),
        )
    )
    for word in words
}
_NUMBER = re.compile(r"#?([0-9]{1,18})")
_TYPED = re.compile(r"([a-z]+)[:#]([0-9]{1,18})")

Button: TypeAlias = Callable[[str, str], Action]


def is_name(text: str) -> bool:
    """Tell whether `text` names a record by its name, not by its number, as `it` or by its place."""
    word = text.strip().casefold()
    bare = word.removeprefix("the ").removesuffix(" one")
    return not (
        bare in _IT or bare in _ORDINALS or _TYPED.fullmatch(word) or _NUMBER.fullmatch(word)
    )


def resolve(
    text: str, kinds: Sequence[str], request: Request, button: Button, *, deleted: bool = False
) -> Model:
    """Return the one record that `text` names.

    Raises:
        UserError: none or several are meant; the candidates stand on its buttons.
    """
    wanted = text.strip()
    word = wanted.casefold().removeprefix("the ").removesuffix(" one")
    if word in _IT or word in _ORDINALS:
        return _recalled(remembered(word, request), kinds, request)
    typed = _TYPED.fullmatch(wanted.casefold())
    if typed and typed[1] in kinds:
        return _numbered(int(typed[2]), [typed[1]], request, button, deleted=deleted)
    if number := _NUMBER.fullmatch(wanted):
        return _numbered(int(number[1]), kinds, request, button, deleted=deleted)
    return _named(wanted.removeprefix("@").strip().strip('"'), kinds, request, button)


def suggest(text: str, kinds: Sequence[str], request: Request) -> tuple[Choice, ...]:
    """Return the records that the beginning of a name or a number may mean, the likeliest first."""
    wanted = text.strip()
    number = _NUMBER.fullmatch(wanted)
    references = [Reference(kind, int(number[1])) for kind in kinds] if number else []
    hits = [
        hit
        for kind in kinds
        if kind in search.KINDS
        for hit in search.suggest(request.session, kind, wanted, SUGGESTED)
    ]
    hits.sort(key=lambda hit: -hit.score)
    references += [Reference(hit.kind, hit.record_id) for hit in hits]
    if "task" in kinds:
        references += tasks.similar(request.session, request.colleague, wanted, SUGGESTED)
    found = records.load(request.session, references)
    ordered = [found[one] for one in dict.fromkeys(references) if one in found]
    return tuple(_choice(record) for record in ordered[:SUGGESTED])


def _choice(record: Model) -> Choice:
    label = _(
        "{name} · {kind} #{id}",
        name=shown(records.name_of(record)),
        kind=_(KIND_NAMES[records.kind_of(record)]),
        id=record.id,
    )
    return Choice(label, str(records.reference(record)))


def remembered(word: str, request: Request) -> Reference | None:
    """Return what `it` or `second` means in this conversation, None when nothing was talked about lately."""
    if word in _IT:
        return request.memory.subject
    place = _ORDINALS.get(word, -1)
    listing = request.memory.listing
    return listing[place] if 0 <= place < len(listing) else None


def _recalled(reference: Reference | None, kinds: Sequence[str], request: Request) -> Model:
    record = records.find(request.session, reference.kind, reference.id) if reference else None
    if record is None or (reference and reference.kind not in kinds):
        raise UserError(
            _("I do not know which {kind} you mean.", kind=_kinds(kinds)),
            _("Give its number or its name, such as #42."),
        )
    return record


def _numbered(
    number: int, kinds: Sequence[str], request: Request, button: Button, *, deleted: bool
) -> Model:
    found = [
        record
        for kind in kinds
        if number < 2**63
        and (record := records.find(request.session, kind, number, deleted=deleted))
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(
            _("Several records have the number {number}; which one?", number=number),
            actions=_buttons(found, button),
        )
    raise UserError(
        _("There is no {kind} with the number {number}.", kind=_kinds(kinds), number=number),
        _("Look it up with `find` and a part of its name."),
    )


def _named(name: str, kinds: Sequence[str], request: Request, button: Button) -> Model:
    exact = (
        [record for kind in kinds for record in records.by_name(request.session, kind, name)]
        if name
        else []
    )
    if name and not exact and "company" in kinds:
        exact = list(companies.same_but_form(request.session, name))
    if len(exact) == 1:
        return exact[0]
    candidates = exact or _similar(name, kinds, request)
    if len(candidates) == 1 and request.reads:
        return candidates[0]
    if not candidates:
        raise UserError(
            _("There is no {kind} called “{name}”.", kind=_kinds(kinds), name=shown(name)),
            _("Look it up with `find` and a part of its name."),
        )
    what = (
        _("Several records are called that; which one?")
        if exact
        else _("Which {kind} do you mean?", kind=_kinds(kinds))
    )
    raise UserError(what, actions=_buttons(candidates, button))


def _similar(name: str, kinds: Sequence[str], request: Request) -> list[Model]:
    sought = [kind for kind in kinds if kind in search.KINDS]
    hits = [hit for kind in sought for hit in search.suggest(request.session, kind, name, 5)]
    if not hits and {"deal", "ticket"} & set(sought):
        # People name a deal or a ticket by its customer: “the Acme deal”.
        hits = search.find(request.session, name, sought, 5)
    hits.sort(key=lambda hit: -hit.score)
    references = [Reference(hit.kind, hit.record_id) for hit in hits[:5]]
    found = records.load(request.session, references)
    return [found[reference] for reference in references if reference in found]


def _buttons(found: Sequence[Model], button: Button) -> tuple[Action, ...]:
    return tuple(
        button(
            f"{_(KIND_NAMES[records.kind_of(record)])} #{record.id} {shown(records.name_of(record))}",
            str(records.reference(record)),
        )
        for record in found
    )


def _kinds(kinds: Sequence[str]) -> str:
    *first, last = (_(KIND_NAMES[kind]) for kind in kinds)
    return _("{kinds} or {last}", kinds=_(", ").join(first), last=last) if first else last
