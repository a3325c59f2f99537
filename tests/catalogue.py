"""Every text that a person may read, collected from the source and from the declarations.

`python -m tests.catalogue` adds what is missing to the Chinese catalogue, to be translated by hand, and drops what
nobody says any more.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from crm_store import audit, history, models
from handlers.command import commands
from handlers.differences import plain
from handlers.notices import notices
from handlers.subjects import load

ROOT = Path(__file__).parent.parent
PO = ROOT / "handlers" / "locale" / "zh.po"
# `plural(one, many, …)` says `many` in Chinese, so that is what is looked up.
_KEYWORDS = {"_": None, "mark": None, "plural": (2,)}
_ROOMS = ("handlers", "bot")
STAGES = ("Lead", "New", "Qualified", "Proposal", "Negotiation", "Won", "Lost")


def messages() -> set[str]:
    """Return every text that is marked or declared."""
    return set(_marked()) | set(_declared())


def catalogue() -> Catalog:
    """Return the Chinese catalogue as it stands."""
    if not PO.exists():
        return Catalog(locale="zh_Hans_CN", project="Rapport", fuzzy=False)
    with PO.open("rb") as file:
        return read_po(file, locale="zh_Hans_CN")


def _marked() -> Iterator[str]:
    for room in _ROOMS:
        found = extract_from_dir(ROOT / room, [("**.py", "python")], keywords=_KEYWORDS)
        for _file, _line, message, _comments, _context in found:
            yield message if isinstance(message, str) else message[0]


def _declared() -> Iterator[str]:
    load()
    for command in commands().values():
        yield command.help
        yield command.role.value
        yield from (parameter.label for parameter in command.parameters)
        for parameter in command.parameters:
            options = getattr(parameter.argument, "options", None)
            if isinstance(options, type) and issubclass(options, enum.StrEnum):
                yield from (option.value.replace("_", " ") for option in options)
    for kind in (
        models.TicketKind,
        models.TicketStatus,
        models.Priority,
        models.ActivityKind,
        models.Role,
    ):
        yield from (member.value for member in kind)
    yield from STAGES
    yield from _columns()
    yield from (kind.replace("_", " ") for kind in notices())


def _columns() -> Iterator[str]:
    """Yield the names of the fields that the history and undo tell of, and what their choices are called."""
    for kind in audit.kinds():
        if not audit.model(kind).audited:
            continue
        for field, column in history.fields_of(kind).items():
            yield plain(field)
            for member in getattr(column.type, "enum_class", None) or ():
                yield member.value.replace("_", " ")


def main() -> int:
    """Bring the catalogue up to date with the source."""
    old, wanted = catalogue(), messages()
    new = Catalog(
        locale="zh_Hans_CN", project="Rapport", fuzzy=False, header_comment="# Simplified Chinese"
    )
    for text in sorted(wanted):
        known = old.get(text)
        new.add(text, known.string if known else "")
    PO.parent.mkdir(exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, new, width=0, omit_header=True, no_location=True)
    missing = sum(not entry.string for entry in new if entry.id)
    sys.stdout.write(f"{len(wanted)} texts, {missing} without a translation\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
